//! A local set-up whose secrets are public: for development, tests and demonstrations.
//!
//! Anybody can forge proofs under such a key. Everything here is named `insecure_`, the key's origin
//! says so, and its verifying key tells by itself: `alpha` is [`meed_verifier::insecure_alpha`].

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_poly::EvaluationDomain;
use meed_circuits::r1cs::matrix::{Matrices, Sparse};
use sha3::{Digest, Keccak256};

use crate::error::KeyError;
use crate::fixed_base::{TableG1, TableG2};
use crate::key::{CircuitId, KeyInfo, KeyPoints, Origin, ProvingKey, METADATA_FORMAT};
use crate::qap;

/// The secrets. Groth16 (2016, section 3.2) calls tau `x`; gamma is 1, as in snarkjs's keys.
struct Secrets {
    alpha: Fr,
    beta: Fr,
    delta: Fr,
    tau: Fr,
}

impl Secrets {
    /// All but alpha depend on the circuit, so that keys of two circuits differ throughout.
    fn derive(digest: &[u8; 32]) -> Self {
        let secret = |tag: &[u8]| {
            let hash = Keccak256::new().chain_update(tag).chain_update(digest).finalize();
            Fr::from_be_bytes_mod_order(&hash)
        };
        Self {
            alpha: meed_verifier::insecure_alpha(),
            beta: secret(b"meed.insecure.beta.v1"),
            delta: secret(b"meed.insecure.delta.v1"),
            tau: secret(b"meed.insecure.tau.v1"),
        }
    }
}

/// Makes a key with publicly known secrets, the same one at every call.
///
/// At its peak it holds about 500 bytes a constraint, 384 of them the key.
///
/// # Errors
/// [`KeyError::Circuit`] when `circuit` does not describe `matrices` or there are not three public
/// inputs, [`KeyError::Engine`] when there are more than `2^27` rows.
///
/// # Panics
/// Never in practice: only if a hash of the circuit's digest were a root of unity or zero.
pub fn insecure_setup(circuit: &CircuitId, matrices: &Matrices) -> Result<ProvingKey, KeyError> {
    circuit.check(matrices).map_err(KeyError::Circuit)?;
    let domain = qap::system_domain(matrices)?;
    let Secrets { alpha, beta, delta, tau } = Secrets::derive(circuit.digest.as_bytes());
    let delta_inverse = delta.inverse().expect("delta is a hash");

    // Columns of A, B, C as polynomials at tau.
    let lagrange = domain.evaluate_all_lagrange_coefficients(tau);
    let (mut a, (b, c)) = rayon::join(
        || columns(matrices, &matrices.a, &lagrange),
        || {
            rayon::join(
                || columns(matrices, &matrices.b, &lagrange),
                || columns(matrices, &matrices.c, &lagrange),
            )
        },
    );
    let n = matrices.constraints();
    for (a, u) in a.iter_mut().zip(&lagrange[n..n + matrices.instance]) {
        *a += u;
    }
    drop(lagrange);
    let mut l = c;
    for ((i, l), (a, b)) in l.iter_mut().enumerate().zip(a.iter().zip(&b)) {
        *l += beta * a + alpha * b;
        if i >= matrices.instance {
            *l *= delta_inverse;
        }
    }

    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let table = TableG2::new(g2, b.len())?;
    let b_g2_query = table.multiply(&b);
    let table = TableG1::new(g1, a.len() + b.len() + l.len() + domain.size())?;
    let a_query = table.multiply(&a);
    drop(a);
    let b_g1_query = table.multiply(&b);
    drop(b);
    let gamma_abc_g1 = l[..matrices.instance].iter().map(|l| (g1 * l).into_affine()).collect();
    let l_query = table.multiply(&l[matrices.instance..]);
    drop(l);
    let h = qap::odd_lagrange(domain.size(), tau, delta_inverse)
        .expect("tau is a hash, and the domain leaves room for odd roots");
    let h_query = table.multiply(&h);

    let vk = ark_groth16::VerifyingKey {
        alpha_g1: (g1 * alpha).into_affine(),
        beta_g2: (g2 * beta).into_affine(),
        gamma_g2: g2,
        delta_g2: (g2 * delta).into_affine(),
        gamma_abc_g1,
    };
    let points = KeyPoints {
        beta_g1: (g1 * beta).into_affine(),
        delta_g1: (g1 * delta).into_affine(),
        a_query: a_query.into(),
        b_g1_query: b_g1_query.into(),
        b_g2_query: b_g2_query.into(),
        h_query: h_query.into(),
        l_query: l_query.into(),
    };
    let info = KeyInfo {
        format: METADATA_FORMAT,
        circuit: circuit.clone(),
        origin: Origin::InsecureLocal,
        source_sha256: None,
    };
    ProvingKey::new(info, &vk, points).map_err(KeyError::Circuit)
}

/// `sum_i lagrange[i] * matrix[i][column]` for every column.
fn columns(matrices: &Matrices, matrix: &Sparse, lagrange: &[Fr]) -> Vec<Fr> {
    let mut columns = vec![Fr::ZERO; matrices.columns()];
    for (i, u) in lagrange.iter().enumerate().take(matrix.rows()) {
        for (coeff, column) in matrices.row(matrix, i) {
            columns[column] += coeff * u;
        }
    }
    columns
}
