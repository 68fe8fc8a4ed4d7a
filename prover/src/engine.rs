//! The heavy arithmetic of a proof, behind traits: multi-scalar multiplications and FFTs.
//!
//! A proof spends nearly all of its time here, so an engine for a GPU replaces these few functions and
//! nothing else. Nothing in the traits is a buffer of this process: a key is handed over once
//! ([`Engine::load`]) and then named by a handle of the engine's own, as are the scalars of its sums;
//! work is started and waited for ([`Pending`]). An engine never decides what is proved: whatever it
//! returns, the proof is verified before it is handed out.

use ark_bn254::{Fr, G1Projective, G2Projective};
use ark_ff::FftField;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use crate::key::ProvingKey;
use crate::qap::Rows;

mod cpu;
mod pending;

pub use cpu::{CpuEngine, CpuKey};
pub use meed_engine::{EngineError, Level};
pub use pending::Pending;

/// The multiplicative subgroup over which polynomials are evaluated.
pub type Domain = Radix2EvaluationDomain<Fr>;

/// Multi-scalar multiplications and FFTs over BN254.
pub trait Engine: Send + Sync {
    /// A key that this engine has taken over.
    type Key: EngineKey;

    /// A short name for logs and benches.
    fn name(&self) -> &str;

    /// Takes a key over, with what its proofs have in common: tables of roots of unity, and its points
    /// where the engine wants them. The handle does not borrow from `key`.
    ///
    /// A key's points may lie in a mapped file. They are points of the curve as long as nobody changes
    /// the file; after that they may be any bytes, even others at each look. An engine may then fail or
    /// return a wrong sum, but must end.
    ///
    /// # Errors
    /// [`EngineError`], [`EngineError::Domain`] when the key has as many H points as no domain has.
    fn load(&self, key: &ProvingKey) -> Result<Self::Key, EngineError>;
}

/// The sums of a proof in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// `A` of every column.
    A,
    /// `B` of every column.
    B,
    /// `L` of every column of the witness, which are the last ones.
    L,
    /// `H` of every element of the domain.
    H,
}

/// A key in an engine: starts the stages of proofs, of several at the same time if need be.
///
/// A stage may begin at once or when others are over; whoever starts it decides with [`Pending::wait`]
/// how many are under way, and so how much memory they take. A stage that nobody waits for any more
/// need not be finished.
pub trait EngineKey: Send + Sync {
    /// Scalars in the engine's memory, wiped when they are dropped and no stage needs them any more.
    type Scalars: Send + Sync + 'static;

    /// Hands over an assignment, all columns. On return nothing in the engine refers to the slice.
    ///
    /// # Errors
    /// [`EngineError`].
    fn witness(&self, assignment: &[Fr]) -> Result<Self::Scalars, EngineError>;

    /// Starts `A * B - C` on the odd `2m`-th roots of unity, for the values of three polynomials of
    /// degree below `m` on the `m`-th roots. Scalar `i` is at `w^(2i+1)`. They stay with the engine.
    fn quotient(&self, rows: Rows) -> Pending<Self::Scalars>;

    /// Starts a sum in G1: of the quotient for [`Query::H`], otherwise of an assignment. It fails with
    /// [`EngineError::Length`] when there are not as many scalars as the key has columns or points, and
    /// with [`EngineError::Base`] when a point that is looked at is none.
    fn sum_g1(&self, query: Query, scalars: &Self::Scalars) -> Pending<G1Projective>;

    /// Starts the sum of `B` of every column in G2, as [`EngineKey::sum_g1`].
    fn sum_g2(&self, scalars: &Self::Scalars) -> Pending<G2Projective>;
}

/// The subgroup of `size` elements.
///
/// # Errors
/// [`EngineError::Domain`] when `size` is not a power of two or its double exceeds the field's
/// two-adicity (the prover needs the odd `2 * size`-th roots).
pub fn domain(size: usize) -> Result<Domain, EngineError> {
    let max_log = Fr::TWO_ADICITY - 1;
    let fits = size.is_power_of_two() && size.trailing_zeros() <= max_log;
    fits.then(|| Domain::new(size)).flatten().ok_or(EngineError::Domain { size, max_log })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_leave_room_for_odd_roots() {
        assert_eq!(domain(8).unwrap().size(), 8);
        assert!(domain(7).is_err());
        assert!(domain(1 << 28).is_err());
    }
}
