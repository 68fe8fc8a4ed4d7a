//! A key whose secrets the tests know, and proofs under it that no circuit made: with the secrets, C can be
//! solved from any statement. So a key that is not the local set-up's is tried, and lists of any length.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use meed_statement::words::{Binding, Domain};
use meed_verifier::{Proof, VerifyingKey};

/// The discrete logarithms of a key's points.
pub(crate) struct Secrets {
    pub(crate) alpha: Fr,
    pub(crate) beta: Fr,
    pub(crate) gamma: Fr,
    pub(crate) delta: Fr,
    pub(crate) ic: [Fr; 4],
}

pub(crate) fn g1(scalar: Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

pub(crate) fn g2(scalar: Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}

impl Secrets {
    pub(crate) fn new() -> Self {
        let secret = |n: u64| Fr::from(n).pow([65_537]);
        Self {
            alpha: secret(2),
            beta: secret(3),
            gamma: secret(5),
            delta: secret(7),
            ic: [11, 13, 17, 19].map(secret),
        }
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        VerifyingKey::from_points(
            g1(self.alpha),
            g2(self.beta),
            g2(self.gamma),
            g2(self.delta),
            self.ic.map(g1),
        )
        .expect("the secrets have nothing special")
    }

    /// A proof of any public inputs: `a b = alpha beta + (ic_0 + sum x_j ic_j) gamma + c delta`.
    fn prove_inputs(&self, inputs: &[Fr; 3]) -> Proof {
        let (a, b) = (Fr::from(1_009u64), Fr::from(2_003u64));
        let [ic0, ic1, ic2, ic3] = self.ic;
        let [h, alpha, y] = inputs;
        let statement = ic0 + ic1 * h + ic2 * alpha + ic3 * y;
        let rest = a * b - self.alpha * self.beta - statement * self.gamma;
        let c = rest * self.delta.inverse().expect("a secret is not zero");
        Proof::from_points(g1(a), g2(b), g1(c)).expect("the scalars have nothing special")
    }

    /// A proof of `words` for `domain`.
    pub(crate) fn prove(&self, domain: &Domain, h: Fr, words: &[Fr]) -> Proof {
        self.prove_inputs(&Binding::derive(domain, h, words).to_inputs())
    }
}

/// A point of the twist outside the subgroup of order r.
pub(crate) fn outside_subgroup() -> G2Affine {
    let mut x = ark_bn254::Fq2::ONE;
    loop {
        x += ark_bn254::Fq2::ONE;
        let Some(point) = G2Affine::get_point_from_x_unchecked(x, true) else { continue };
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return point;
        }
    }
}
