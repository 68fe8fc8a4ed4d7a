//! Bytes of halo2 keys and proofs: lengths, ranges, and what is not a point.

use crate::{evaluations, points, MAGIC, SETUP};
use ark_bn254::{Fq, Fq2, Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, BigInteger256, PrimeField, UniformRand};
use meed_statement::words::{word_to_bytes, Domain};
use meed_toys::halo2::Keys;
use meed_verifier::halo2::{verify_bytes, Proof, VerifyingKey, PROOF_BYTES, VERIFYING_KEY_BYTES};
use meed_verifier::{inputs_to_bytes, Element, System, VerifyError};
use proptest::prelude::*;
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use std::{fmt::Write, fs, path::Path};

/// Adds a modulus to a word; it stays below `2^256`.
fn plus(word: &mut [u8], modulus: BigInteger256) {
    let mut carry = 0;
    for (byte, add) in word.iter_mut().zip(modulus.to_bytes_be()).rev() {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
}

#[test]
fn sizes_are_the_documented_ones() {
    assert_eq!((PROOF_BYTES, VERIFYING_KEY_BYTES), (4_072, 1_512));
    let setup = &*SETUP;
    assert_eq!(Proof::from_bytes(&setup.proof.to_bytes()).as_ref(), Ok(&setup.proof));
    assert_eq!(VerifyingKey::from_bytes(&setup.key.to_bytes()).as_ref(), Ok(&setup.key));
    assert_eq!(&setup.proof.to_bytes()[..MAGIC], b"\xffmeedh2p");
    assert_eq!(&setup.key.to_bytes()[..MAGIC], b"\xffmeedh2k");
}

#[test]
fn other_lengths_and_beginnings_are_refused() {
    let (proof, key) = (SETUP.proof.to_bytes(), SETUP.key.to_bytes());
    for got in (0..PROOF_BYTES).step_by(37).chain([PROOF_BYTES - 1, PROOF_BYTES + 1]) {
        let mut bytes = proof.to_vec();
        bytes.resize(got, 0);
        let error = VerifyError::Length { expected: PROOF_BYTES, got };
        assert_eq!(Proof::from_bytes(&bytes), Err(error));
    }
    for got in (0..VERIFYING_KEY_BYTES).step_by(37).chain([VERIFYING_KEY_BYTES + 1]) {
        let mut bytes = key.to_vec();
        bytes.resize(got, 0);
        let error = VerifyError::Length { expected: VERIFYING_KEY_BYTES, got };
        assert_eq!(VerifyingKey::from_bytes(&bytes), Err(error));
    }
    let (mut wrong_proof, mut wrong_key) = (proof, key);
    (wrong_proof[7], wrong_key[7]) = (b'k', b'p');
    assert_eq!(Proof::from_bytes(&wrong_proof), Err(VerifyError::Magic));
    assert_eq!(VerifyingKey::from_bytes(&wrong_key), Err(VerifyError::Magic));
    let other = VerifyError::System { expected: System::Halo2, got: System::Groth16 };
    assert_eq!(Proof::from_bytes(&[1; 256]), Err(other));
    assert_eq!(VerifyingKey::from_bytes(&[1; 704]), Err(other));
}

#[test]
fn the_head_of_a_key_is_checked() {
    let key = SETUP.key.to_bytes();
    let with = |at: usize, word: [u8; 32]| {
        let mut bytes = key;
        bytes[at..at + 32].copy_from_slice(&word);
        VerifyingKey::from_bytes(&bytes).map(|key| key.log_rows())
    };
    let number = |n: u32| {
        let mut word = [0; 32];
        word[28..].copy_from_slice(&n.to_be_bytes());
        word
    };
    let mut large = number(1);
    large[0] = 1;
    for (word, got) in [(number(0), 0), (number(2), 2), (large, u32::MAX)] {
        assert_eq!(with(MAGIC, word), Err(VerifyError::Version { expected: 1, got }));
    }
    let mut rows = large;
    rows[31] = 15;
    for (word, got) in [(number(0), 0), (number(3), 3), (number(27), 27), (rows, u32::MAX)] {
        assert_eq!(with(MAGIC + 32, word), Err(VerifyError::Rows { got }));
    }
    for log_rows in [4, 15, 26] {
        assert_eq!(with(MAGIC + 32, number(log_rows)), Ok(log_rows));
    }
    let mut digest = [0; 32];
    plus(&mut digest, Fr::MODULUS);
    assert_eq!(with(MAGIC + 64, digest), Err(VerifyError::Digest));
}

#[test]
fn there_is_one_encoding_of_each_value() {
    let bytes = SETUP.proof.to_bytes();
    for (index, range) in evaluations().enumerate() {
        let mut changed = bytes;
        plus(&mut changed[range], Fr::MODULUS);
        assert_eq!(Proof::from_bytes(&changed), Err(VerifyError::Evaluation { index }));
    }
    for range in points() {
        for coordinate in [range.start..range.start + 32, range.start + 32..range.end] {
            let mut changed = bytes;
            plus(&mut changed[coordinate], Fq::MODULUS);
            let error = Proof::from_bytes(&changed).unwrap_err();
            assert!(matches!(error, VerifyError::NonCanonical { .. }), "{error}");
        }
    }
}

#[test]
fn the_identity_and_what_is_no_point_are_refused_in_every_slot() {
    let bytes = SETUP.proof.to_bytes();
    let names = (0..12).map(Element::Advice).chain((0..2).map(Element::Permuted));
    let names = names.chain((0..2).map(Element::Product));
    let names = names.chain([Element::LookupProduct, Element::Random]);
    let names = names.chain((0..4).map(Element::Quotient)).chain((0..2).map(Element::Opening));
    let refused = |range: std::ops::Range<usize>, with: [u8; 64]| {
        let mut changed = bytes;
        changed[range].copy_from_slice(&with);
        Proof::from_bytes(&changed).unwrap_err()
    };
    let mut off = crate::generator();
    off[63] = 3;
    for (range, element) in points().zip(names) {
        assert_eq!(refused(range.clone(), [0; 64]), VerifyError::Identity { element });
        assert_eq!(refused(range, off), VerifyError::NotOnCurve { element });
    }

    let bytes = SETUP.key.to_bytes();
    let names = (0..14).map(Element::Fixed).chain((0..6).map(Element::Sigma));
    for (i, element) in names.enumerate() {
        for (with, error) in [
            ([0; 64], VerifyError::Identity { element }),
            (off, VerifyError::NotOnCurve { element }),
        ] {
            let mut changed = bytes;
            changed[MAGIC + 96 + i * 64..][..64].copy_from_slice(&with);
            assert_eq!(VerifyingKey::from_bytes(&changed), Err(error));
        }
    }
}

#[test]
fn powers_of_tau_without_a_secret_or_out_of_the_group_are_refused() {
    let key = &SETUP.key;
    let with = |tau: G2Affine| {
        let (fixed, sigma) = (*key.fixed(), *key.sigma());
        VerifyingKey::from_parts(key.log_rows(), *key.digest(), fixed, sigma, tau).map(|_| ())
    };
    let (g2, element) = (G2Affine::generator(), Element::Tau);
    assert_eq!(with(g2), Err(VerifyError::NoSecret { element }));
    assert_eq!(with(-g2), Err(VerifyError::NoSecret { element }));
    assert_eq!(with(G2Affine::zero()), Err(VerifyError::Identity { element }));
    assert_eq!(with(*key.tau()), Ok(()));
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let outside = std::iter::repeat_with(|| Fq2::rand(&mut rng))
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x, true))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap();
    assert_eq!(with(outside), Err(VerifyError::NotInSubgroup { element }));
    let mut off = g2;
    off.y += Fq2::from(1u64);
    assert_eq!(with(off), Err(VerifyError::NotOnCurve { element }));
    let mut bytes = key.to_bytes();
    bytes[VERIFYING_KEY_BYTES - 128..].fill(0);
    assert_eq!(VerifyingKey::from_bytes(&bytes), Err(VerifyError::Identity { element }));
}

/// A development key, public words and a proof of them as bytes, for readers elsewhere: as `proof.txt`,
/// for the toy of 64 rows.
#[test]
fn the_golden_proof_verifies() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/halo2.txt");
    let command = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-verifier --test halo2";
    let (words, inputs) = (&SETUP.words, SETUP.inputs());
    let keys = Keys::new(None);
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        let proof = keys.prove(&inputs, 0, &inputs, 1);
        let domain = [*Domain::OFF_CHAIN.chain_id(), *Domain::OFF_CHAIN.contract()].concat();
        let mut made = String::new();
        for (name, bytes) in [
            ("key", &keys.key.to_bytes()[..]),
            ("id", &keys.key.id()),
            ("inputs", &inputs_to_bytes(&inputs)),
            ("proof", &proof.to_bytes()),
            ("domain", &domain),
            ("words", &words.iter().flat_map(word_to_bytes).collect::<Vec<_>>()),
        ] {
            writeln!(made, "{name} {}", hex::encode(bytes)).unwrap();
        }
        fs::write(&path, made).unwrap();
    }
    let golden = fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("tests/golden/halo2.txt is missing; to write it: {command}"));
    let field = |name: &str| {
        let line = golden.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        hex::decode(line.trim()).unwrap()
    };
    let key = VerifyingKey::from_bytes(&field("key ")).unwrap();
    assert!(key == keys.key, "the gates changed; to accept that: {command}");
    assert!(key.is_insecure());
    assert_eq!(key.id().as_slice(), field("id "));
    verify_bytes(&key, &field("inputs "), &field("proof ")).unwrap();
}

#[test]
fn errors_say_what_and_where() {
    let text = |error: VerifyError| error.to_string();
    let element = Element::Quotient(3);
    assert_eq!(
        text(VerifyError::Identity { element }),
        "proof's quotient piece 3: got the identity"
    );
    assert_eq!(
        text(VerifyError::System { expected: System::Groth16, got: System::Halo2 }),
        "expected Groth16, got halo2"
    );
    assert_eq!(
        text(VerifyError::Rows { got: 40 }),
        "expected a halo2 key for 2^4 to 2^26 rows, got 2^40"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_panics_and_what_decodes_is_canonical(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        (in_proof, in_key, in_inputs) in any::<(bool, bool, bool)>(),
        shorter in 0usize..3,
    ) {
        let edited = |bytes: &[u8], edit: bool| {
            let mut bytes = bytes.to_vec();
            if edit {
                for (at, value) in &edits {
                    let at = at.index(bytes.len());
                    bytes[at] = *value;
                }
                bytes.truncate(bytes.len() - shorter / 2);
            }
            bytes
        };
        let proof = edited(&SETUP.proof.to_bytes(), in_proof);
        let key = edited(&SETUP.key.to_bytes(), in_key);
        let inputs = edited(&inputs_to_bytes(&SETUP.inputs()), in_inputs);
        if let Ok(read) = Proof::from_bytes(&proof) {
            prop_assert_eq!(&read.to_bytes()[..], &proof[..]);
        }
        if let Ok(read) = VerifyingKey::from_bytes(&key) {
            prop_assert_eq!(&read.to_bytes()[..], &key[..]);
            let same = proof == SETUP.proof.to_bytes()
                && key == SETUP.key.to_bytes()
                && inputs == inputs_to_bytes(&SETUP.inputs());
            prop_assert_eq!(verify_bytes(&read, &inputs, &proof).is_ok(), same);
        }
    }
}
