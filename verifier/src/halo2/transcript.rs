//! Challenges from what the prover said so far, by Keccak-256.
//!
//! The convention is the one in use among verifiers on Ethereum: a buffer of bytes, hashed as a
//! whole for a challenge, after which it holds the digest alone. A challenge right after a challenge
//! hashes one byte more. The buffer begins with the key's id, so challenges depend on all of the key.

use crate::coding::{Writer, G1_BYTES};
use ark_bn254::{Fr, G1Affine};
use ark_ff::PrimeField;
use meed_statement::words::word_to_bytes;
use sha3::{Digest, Keccak256};

/// What is hashed after a digest that nothing follows.
const AGAIN: [u8; 1] = [1];

pub(crate) struct Transcript {
    buffer: Keccak256,
    /// Whether the buffer holds 32 bytes and no more.
    bare: bool,
}

impl Transcript {
    pub(crate) fn new(key_id: &[u8; 32]) -> Self {
        Self { buffer: Keccak256::new_with_prefix(key_id), bare: true }
    }

    fn absorb(&mut self, bytes: &[u8]) {
        self.buffer.update(bytes);
        self.bare = false;
    }

    pub(crate) fn scalar(&mut self, scalar: &Fr) {
        self.absorb(&word_to_bytes(scalar));
    }

    pub(crate) fn point(&mut self, point: &G1Affine) {
        let mut bytes = [0; G1_BYTES];
        Writer::new(&mut bytes).g1(point);
        self.absorb(&bytes);
    }

    pub(crate) fn points<'a>(&mut self, points: impl IntoIterator<Item = &'a G1Affine>) {
        for point in points {
            self.point(point);
        }
    }

    pub(crate) fn challenge(&mut self) -> Fr {
        if self.bare {
            self.buffer.update(AGAIN);
        }
        let digest = self.buffer.finalize_reset();
        self.buffer.update(digest);
        self.bare = true;
        Fr::from_be_bytes_mod_order(&digest)
    }
}
