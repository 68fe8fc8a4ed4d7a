//! The library's prover and verifier, for any circuit with the columns and gates of ours. The transcript
//! is written here once more, from its description alone.
#![allow(dead_code, missing_docs, unreachable_pub)]

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::{BigInteger, PrimeField};
use halo2_proofs::halo2curves::bn256::{self, Bn256};
use halo2_proofs::halo2curves::ff::PrimeField as _;
use halo2_proofs::halo2curves::CurveAffine;
use halo2_proofs::plonk::{create_proof, keygen_pk, keygen_vk, verify_proof, Circuit, ProvingKey};
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite};
use meed_halo2::field::{to_ark, to_halo2};
use meed_verifier::halo2::{insecure_tau, Proof, VerifyingKey, PROOF_MAGIC};
use meed_verifier::VerifyError;
use rand_chacha::rand_core::{self, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha3::{Digest, Keccak256};
use std::io;

type Scheme = KZGCommitmentScheme<Bn256>;

/// Parameters and keys of a circuit.
pub struct Keys {
    params: ParamsKZG<Bn256>,
    pk: ProvingKey<bn256::G1Affine>,
    pub key: VerifyingKey,
}

/// Draws one value for whoever asks for a field element.
struct Exactly(Vec<u64>);

impl RngCore for Exactly {
    fn next_u64(&mut self) -> u64 {
        self.0.pop().unwrap_or_default()
    }

    fn next_u32(&mut self) -> u32 {
        unreachable!("a field element takes words of 64 bits")
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        unreachable!("a field element takes words of 64 bits")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), rand_core::Error> {
        unreachable!("a field element takes words of 64 bits")
    }
}

impl Keys {
    /// Keys of a circuit of `2^log_rows` rows; the secret of the parameters is drawn from `seed`, or
    /// the published one.
    pub fn new(log_rows: u32, circuit: &impl Circuit<bn256::Fr>, seed: Option<u64>) -> Self {
        let params = match seed {
            Some(seed) => ParamsKZG::setup(log_rows, ChaCha20Rng::seed_from_u64(seed)),
            None => {
                let words = insecure_tau().into_bigint().0;
                ParamsKZG::setup(log_rows, Exactly(words.into_iter().rev().collect()))
            }
        };
        let vk = keygen_vk(&params, circuit).expect("a key");
        let pk = keygen_pk(&params, vk, circuit).expect("a key");
        let key = key_of(&params, &pk);
        Self { params, pk, key }
    }

    /// Proves whatever is assigned, true or not.
    pub fn prove(&self, circuit: impl Circuit<bn256::Fr>, inputs: &[Fr; 3], seed: u64) -> Proof {
        let publics: &[&[_]] = &[&inputs.map(|x| to_halo2(&x))];
        let mut transcript = Keccak::new(&self.key, &[]);
        create_proof::<Scheme, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            &self.params,
            &self.pk,
            &[circuit],
            &[publics],
            ChaCha20Rng::seed_from_u64(seed),
            &mut transcript,
        )
        .expect("the library proves what it is given");
        let bytes = [&PROOF_MAGIC[..], &transcript.written].concat();
        Proof::from_bytes(&bytes).expect("well formed")
    }

    /// Our verdict, after comparing it with the library's.
    pub fn verdict(&self, inputs: &[Fr; 3], proof: &Proof) -> Result<(), VerifyError> {
        let ours = meed_verifier::halo2::verify(&self.key, inputs, proof);
        let publics = inputs.map(|x| to_halo2(&x));
        let bytes = proof.to_bytes();
        let mut transcript = Keccak::new(&self.key, &bytes[PROOF_MAGIC.len()..]);
        let verifier = self.params.verifier_params();
        let theirs = verify_proof::<Scheme, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            verifier,
            self.pk.get_vk(),
            SingleStrategy::new(verifier),
            &[&[&publics]],
            &mut transcript,
        );
        assert_eq!(ours.is_ok(), theirs.is_ok(), "verdicts differ: {ours:?}, {theirs:?}");
        assert_eq!(transcript.proof.len(), 0, "the library reads all of a proof");
        ours
    }
}

fn key_of(params: &ParamsKZG<Bn256>, pk: &ProvingKey<bn256::G1Affine>) -> VerifyingKey {
    let vk = pk.get_vk();
    let points = |points: &[bn256::G1Affine]| points.iter().map(g1).collect::<Vec<_>>();
    let fixed = points(vk.fixed_commitments()).try_into().expect("14 fixed columns");
    let sigma = points(vk.permutation().commitments()).try_into().expect("6 copied columns");
    let tau = params.s_g2();
    let fq2 = |x: &bn256::Fq2| Fq2::new(fq(&x.c0), fq(&x.c1));
    let tau = G2Affine::new(fq2(&tau.x), fq2(&tau.y));
    let digest = to_ark(&vk.transcript_repr());
    VerifyingKey::from_parts(params.k(), digest, fixed, sigma, tau).expect("an honest key")
}

fn fq(x: &bn256::Fq) -> Fq {
    Fq::from_le_bytes_mod_order(x.to_repr().as_ref())
}

fn g1(point: &bn256::G1Affine) -> G1Affine {
    G1Affine::new(fq(&point.x), fq(&point.y))
}

/// Both sides of the transcript.
struct Keccak<'a> {
    buffer: Vec<u8>,
    proof: &'a [u8],
    written: Vec<u8>,
}

struct Challenge(bn256::Fr);

impl EncodedChallenge<bn256::G1Affine> for Challenge {
    type Input = [u8; 32];

    fn new(digest: &[u8; 32]) -> Self {
        Self(to_halo2(&Fr::from_be_bytes_mod_order(digest)))
    }

    fn get_scalar(&self) -> bn256::Fr {
        self.0
    }
}

impl<'a> Keccak<'a> {
    fn new(key: &VerifyingKey, proof: &'a [u8]) -> Self {
        Self { buffer: key.id().to_vec(), proof, written: Vec::new() }
    }

    fn take(&mut self) -> io::Result<[u8; 32]> {
        let (head, rest) = self.proof.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.proof = rest;
        self.buffer.extend(head);
        let mut little = *head;
        little.reverse();
        Ok(little)
    }
}

fn big(x: &bn256::Fr) -> Vec<u8> {
    to_ark(x).into_bigint().to_bytes_be()
}

fn big_point(point: &bn256::G1Affine) -> Vec<u8> {
    [fq(&point.x), fq(&point.y)].iter().flat_map(|x| x.into_bigint().to_bytes_be()).collect()
}

impl Transcript<bn256::G1Affine, Challenge> for Keccak<'_> {
    fn squeeze_challenge(&mut self) -> Challenge {
        if self.buffer.len() == 32 {
            self.buffer.push(1);
        }
        let digest: [u8; 32] = Keccak256::digest(&self.buffer).into();
        self.buffer = digest.to_vec();
        Challenge::new(&digest)
    }

    fn common_point(&mut self, point: bn256::G1Affine) -> io::Result<()> {
        self.buffer.extend(big_point(&point));
        Ok(())
    }

    fn common_scalar(&mut self, scalar: bn256::Fr) -> io::Result<()> {
        self.buffer.extend(big(&scalar));
        Ok(())
    }
}

impl TranscriptRead<bn256::G1Affine, Challenge> for Keccak<'_> {
    fn read_point(&mut self) -> io::Result<bn256::G1Affine> {
        let coordinate = |bytes| Option::from(bn256::Fq::from_repr(bytes));
        let (x, y) = (self.take()?, self.take()?);
        let x = coordinate(x).ok_or(io::ErrorKind::InvalidData)?;
        let y = coordinate(y).ok_or(io::ErrorKind::InvalidData)?;

        Option::from(bn256::G1Affine::from_xy(x, y)).ok_or(io::ErrorKind::InvalidData.into())
    }

    fn read_scalar(&mut self) -> io::Result<bn256::Fr> {
        let scalar = Option::from(bn256::Fr::from_repr(self.take()?));
        scalar.ok_or(io::ErrorKind::InvalidData.into())
    }
}

impl TranscriptWrite<bn256::G1Affine, Challenge> for Keccak<'_> {
    fn write_point(&mut self, point: bn256::G1Affine) -> io::Result<()> {
        self.written.extend(big_point(&point));
        self.common_point(point)
    }

    fn write_scalar(&mut self, scalar: bn256::Fr) -> io::Result<()> {
        self.written.extend(big(&scalar));
        self.common_scalar(scalar)
    }
}
