//! Keys, proofs and their verification, with KZG commitments and SHPLONK openings.

use crate::check::Failure;
use crate::field::{to_halo2, Fr};
use crate::shape::{Assignment, Circuit};
use halo2_proofs::halo2curves::bn256::{Bn256, G1Affine};
use halo2_proofs::plonk::{create_proof, keygen_pk, keygen_vk, verify_proof, Error, ProvingKey};
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, TranscriptReadBuffer, TranscriptWriterBuffer,
};
use meed_statement::words::Binding;
use rand_chacha::rand_core::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

type Scheme = KZGCommitmentScheme<Bn256>;

/// Why there is no proof, or why one is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The universal parameters are for another number of rows.
    #[error("the parameters are for 2^{got} rows, the circuit has 2^{expected}")]
    Rows {
        /// Of the circuit.
        expected: u32,
        /// Of the parameters.
        got: u32,
    },
    /// The assignment violates the circuit.
    #[error("the epoch violates {} in row {} ({:?})", .0.clause, .0.row, .0.part)]
    Violated(Failure),
    /// The library refused.
    #[error("halo2: {0}")]
    Halo2(#[from] Error),
    /// Bytes follow the proof.
    #[error("the proof has {0} bytes too many")]
    Trailing(usize),
}

/// Parameters whose secret is public: for tests and measurements, never for money.
#[must_use]
pub fn insecure_params(k: u32) -> ParamsKZG<Bn256> {
    ParamsKZG::setup(k, ChaCha20Rng::seed_from_u64(0x6d65_6564))
}

/// The keys of a circuit, and the universal parameters that they were made from.
pub struct Keys {
    params: ParamsKZG<Bn256>,
    pk: ProvingKey<G1Affine>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("k", &self.params.k()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Makes the keys of a circuit. The parameters serve every circuit of `2^k` rows.
    ///
    /// # Errors
    /// [`ProveError::Rows`] if the parameters are of another size.
    pub fn new(params: ParamsKZG<Bn256>, circuit: &Circuit) -> Result<Self, ProveError> {
        if params.k() != circuit.k() {
            return Err(ProveError::Rows { expected: circuit.k(), got: params.k() });
        }
        let empty = circuit.laid(None);
        let vk = keygen_vk(&params, &empty)?;
        let pk = keygen_pk(&params, vk, &empty)?;
        Ok(Self { params, pk })
    }

    /// What a verifying key is, in a canonical text: for digests.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{:?}", self.pk.get_vk().pinned())
    }

    /// Proves. The constraints are checked before, and the proof is verified after: what is
    /// returned is good.
    ///
    /// # Errors
    /// [`ProveError::Violated`] for a false assignment.
    pub fn prove(
        &self,
        circuit: &Circuit,
        assignment: &Assignment,
        rng: impl RngCore + CryptoRng,
    ) -> Result<Vec<u8>, ProveError> {
        if let Some(failure) = circuit.violated(assignment).into_iter().next() {
            return Err(ProveError::Violated(failure));
        }
        let proof = self.prove_unchecked(circuit, assignment, rng)?;
        self.check(assignment.publics(), &proof)?;
        Ok(proof)
    }

    /// [`Self::prove`] without the checks: a false assignment gives a proof that does not verify.
    ///
    /// # Errors
    /// [`ProveError::Halo2`].
    pub fn prove_unchecked(
        &self,
        circuit: &Circuit,
        assignment: &Assignment,
        rng: impl RngCore + CryptoRng,
    ) -> Result<Vec<u8>, ProveError> {
        let mut transcript = Blake2bWrite::<_, _, Challenge255<_>>::init(vec![]);
        let laid = circuit.laid(Some(assignment));
        let publics: &[&[Fr]] = &[assignment.publics()];
        create_proof::<Scheme, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            &self.params,
            &self.pk,
            &[laid],
            &[publics],
            rng,
            &mut transcript,
        )?;
        Ok(transcript.finalize())
    }

    /// Verifies a proof of these public inputs.
    ///
    /// # Errors
    /// [`ProveError::Halo2`] if the proof is not accepted, [`ProveError::Trailing`] if it is too
    /// long.
    pub fn verify(&self, binding: &Binding, proof: &[u8]) -> Result<(), ProveError> {
        self.check(&binding.to_inputs().map(|x| to_halo2(&x)), proof)
    }

    fn check(&self, publics: &[Fr; 3], proof: &[u8]) -> Result<(), ProveError> {
        let mut rest = proof;
        let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(&mut rest);
        let verifier = self.params.verifier_params();
        verify_proof::<Scheme, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            verifier,
            self.pk.get_vk(),
            SingleStrategy::new(verifier),
            &[&[publics]],
            &mut transcript,
        )?;
        match rest.len() {
            0 => Ok(()),
            more => Err(ProveError::Trailing(more)),
        }
    }
}
