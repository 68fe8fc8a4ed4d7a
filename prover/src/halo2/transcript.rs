//! The transcript of a proof: Keccak-256, as `snark-verifier`'s `EvmTranscript` has it, so that a contract
//! computes it with one opcode; ours starts from the id of the verifying key.
//!
//! What has been said since the last challenge is a string of bytes, the id (32 bytes) at first. A scalar adds
//! its 32 bytes, a point `x` and `y`, 64 bytes, all big-endian. A challenge is `d = keccak256(string)` modulo
//! `r`, read big-endian; where nothing was said since the last one, a byte 1 follows the string. `d` is the new
//! string.

use std::io;

use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use halo2_proofs::halo2curves::ff::FromUniformBytes;
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite};
use sha3::{Digest, Keccak256};

use super::words::{point_bytes, scalar_bytes, Words, WORD};

/// A challenge: an element of the field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn(Fr);

impl EncodedChallenge<G1Affine> for Drawn {
    type Input = [u8; WORD];

    fn new(hash: &[u8; WORD]) -> Self {
        // The library reads 64 bytes, little-endian, modulo r.
        let mut wide = [0; 64];
        for (to, from) in wide.iter_mut().zip(hash.iter().rev()) {
            *to = *from;
        }
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// What was said, and what follows from it.
#[derive(Clone)]
struct State {
    said: Vec<u8>,
}

impl State {
    fn new(id: &[u8; 32]) -> Self {
        Self { said: id.to_vec() }
    }

    fn challenge(&mut self) -> Drawn {
        let mut hash = Keccak256::new_with_prefix(&self.said);
        if self.said.len() == WORD {
            hash.update([1]);
        }
        let hash: [u8; WORD] = hash.finalize().into();
        self.said.clear();
        self.said.extend(hash);
        Drawn::new(&hash)
    }
}

/// Where the prover is, as the transcript sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A point or a scalar was written.
    Wrote,
    /// A challenge was drawn.
    Drew,
}

/// Carried by an unwinding that [`Writer`] began because it was told to stop.
pub(crate) struct Stopped;

/// The prover's side.
pub(crate) struct Writer<'a> {
    state: State,
    proof: Vec<u8>,
    watch: &'a mut dyn FnMut(Event) -> bool,
}

impl<'a> Writer<'a> {
    /// Starts after `head`, with the key of this id. `watch` says after each step whether to go on.
    ///
    /// The library has no way to stop a proof, and takes no error from most of its calls here: a stop unwinds
    /// with [`Stopped`], which the caller catches.
    pub(crate) fn new(id: &[u8; 32], head: &[u8], watch: &'a mut dyn FnMut(Event) -> bool) -> Self {
        Self { state: State::new(id), proof: head.to_vec(), watch }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.proof
    }

    fn tell(&mut self, event: Event) {
        if !(self.watch)(event) {
            std::panic::resume_unwind(Box::new(Stopped));
        }
    }
}

impl Transcript<G1Affine, Drawn> for Writer<'_> {
    fn squeeze_challenge(&mut self) -> Drawn {
        self.tell(Event::Drew);
        self.state.challenge()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.state.said.extend(point_bytes(&point)?);
        Ok(())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.said.extend(scalar_bytes(&scalar));
        Ok(())
    }
}

impl TranscriptWrite<G1Affine, Drawn> for Writer<'_> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let bytes = point_bytes(&point)?;
        self.state.said.extend(bytes);
        self.proof.extend(bytes);
        self.tell(Event::Wrote);
        Ok(())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let bytes = scalar_bytes(&scalar);
        self.state.said.extend(bytes);
        self.proof.extend(bytes);
        self.tell(Event::Wrote);
        Ok(())
    }
}

/// The verifier's side.
pub(crate) struct Reader<'a> {
    state: State,
    words: Words<'a>,
    fault: Option<String>,
}

impl<'a> Reader<'a> {
    /// Reads `proof` from `at` on.
    pub(crate) fn new(id: &[u8; 32], proof: &'a [u8], at: usize) -> Self {
        Self { state: State::new(id), words: Words::new(proof, at), fault: None }
    }

    /// Bytes that were not read.
    pub(crate) const fn left(&self) -> usize {
        self.words.left()
    }

    /// What was wrong with the bytes, if anything: the library does not always pass it on.
    pub(crate) fn fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    fn note<T>(&mut self, read: io::Result<T>) -> io::Result<T> {
        read.inspect_err(|error| self.fault = Some(error.to_string()))
    }
}

impl Transcript<G1Affine, Drawn> for Reader<'_> {
    fn squeeze_challenge(&mut self) -> Drawn {
        self.state.challenge()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.state.said.extend(point_bytes(&point)?);
        Ok(())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.state.said.extend(scalar_bytes(&scalar));
        Ok(())
    }
}

impl TranscriptRead<G1Affine, Drawn> for Reader<'_> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let point = self.words.point();
        let point = self.note(point)?;
        self.common_point(point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let scalar = self.words.scalar();
        let scalar = self.note(scalar)?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, PrimeField as _};
    use halo2_proofs::halo2curves::ff::PrimeField as _;
    use halo2_proofs::halo2curves::group::Curve;
    use meed_halo2::field::to_ark;

    fn keccak(bytes: &[u8]) -> [u8; 32] {
        Keccak256::digest(bytes).into()
    }

    /// The challenge of a hash, by arkworks.
    fn modulo(hash: &[u8; 32]) -> ark_bn254::Fr {
        ark_bn254::Fr::from_be_bytes_mod_order(hash)
    }

    #[test]
    fn challenges_are_those_of_the_definition() {
        let id = [7; 32];
        let mut go_on = |_| true;
        let mut writer = Writer::new(&id, b"", &mut go_on);
        let point = (G1Affine::generator() * Fr::from(5)).to_affine();
        // Nothing said yet: the id is 32 bytes long.
        let mut said = [&id[..], &[1]].concat();
        let mut expected = keccak(&said);
        assert_eq!(to_ark(&writer.squeeze_challenge().get_scalar()), modulo(&expected));
        writer.common_scalar(Fr::from(3)).unwrap();
        writer.write_point(point).unwrap();
        writer.write_scalar(-Fr::from(1)).unwrap();
        said = expected.to_vec();
        said.extend([0; 31]);
        said.push(3);
        for coordinate in [point.x, point.y] {
            let mut bytes: [u8; 32] = coordinate.to_repr();
            bytes.reverse();
            said.extend(bytes);
        }
        said.extend((-ark_bn254::Fr::from(1u8)).into_bigint().to_bytes_be());
        expected = keccak(&said);
        assert_eq!(to_ark(&writer.squeeze_challenge().get_scalar()), modulo(&expected));
        expected = keccak(&[&expected[..], &[1]].concat());
        let last = writer.squeeze_challenge().get_scalar();
        assert_eq!(to_ark(&last), modulo(&expected));

        // The reader says the same of what was written.
        let proof = writer.finish();
        assert_eq!(proof.len(), 96);
        let mut reader = Reader::new(&id, &proof, 0);
        reader.squeeze_challenge();
        reader.common_scalar(Fr::from(3)).unwrap();
        assert_eq!(reader.read_point().unwrap(), point);
        assert_eq!(reader.read_scalar().unwrap(), -Fr::from(1));
        reader.squeeze_challenge();
        assert_eq!(reader.squeeze_challenge().get_scalar(), last);
        assert_eq!(reader.left(), 0);
        assert!(reader.read_scalar().unwrap_err().to_string().contains("got 0"));
    }

    #[test]
    fn every_hash_is_reduced_as_arkworks_does() {
        let hashes = [[0; 32], [0xff; 32], keccak(b"a"), keccak(b"b"), {
            let mut r: [u8; 32] =
                ark_bn254::Fr::MODULUS.to_bytes_be().try_into().expect("32 bytes");
            r[31] += 1;
            r
        }];
        for hash in hashes {
            assert_eq!(to_ark(&Drawn::new(&hash).get_scalar()), modulo(&hash));
        }
    }

    #[test]
    fn a_stop_unwinds() {
        let mut stop = |_| false;
        let mut writer = Writer::new(&[0; 32], b"", &mut stop);
        let run = std::panic::AssertUnwindSafe(|| writer.write_scalar(Fr::from(1)));
        let payload = std::panic::catch_unwind(run).unwrap_err();
        assert!(payload.is::<Stopped>());
    }
}
