//! Bytes that reach a verifier.

use std::sync::OnceLock;

use ark_bn254::Fr;
use meed_statement::words::{
    check_words, pack_payout, unpack_payout, word_from_bytes, word_to_bytes,
};
use meed_statement::words::{Domain, HEADER_WORDS};
use meed_verifier::{
    halo2, inputs_from_bytes, inputs_to_bytes, verify_any_bytes, verify_batch, verify_bytes,
    verify_words, AnyPreparedKey, AnyProof, AnyVerifyingKey, PreparedVerifyingKey, Proof,
    VerifyingKey, INPUTS_BYTES,
};

use crate::sample;

/// A verifying key: one encoding of each.
pub fn verifying_key(data: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(data) else { return false };
    assert_eq!(key.to_bytes(), data);
    let prepared = PreparedVerifyingKey::new(&key);
    assert_eq!(*prepared.id(), key.id());
    true
}

/// A proof: one encoding of each.
pub fn proof(data: &[u8]) -> bool {
    let Ok(proof) = Proof::from_bytes(data) else { return false };
    assert_eq!(proof.to_bytes(), data);
    assert_eq!(Proof::from_points(*proof.a(), *proof.b(), *proof.c()), Ok(proof));
    true
}

/// A halo2 verifying key: one encoding of each.
pub fn halo2_vk(data: &[u8]) -> bool {
    let Ok(key) = halo2::VerifyingKey::from_bytes(data) else { return false };
    assert_eq!(key.to_bytes(), data);
    assert_eq!(AnyVerifyingKey::from_bytes(data), Ok(AnyVerifyingKey::Halo2(key)));
    true
}

/// A halo2 proof: one encoding of each.
pub fn halo2_proof(data: &[u8]) -> bool {
    let Ok(proof) = halo2::Proof::from_bytes(data) else { return false };
    assert_eq!(proof.to_bytes(), data);
    assert_eq!(AnyProof::from_bytes(data), Ok(AnyProof::Halo2(proof)));
    true
}

/// Public inputs and a proof of either system, under a key of each. Accepted inputs other than the honest
/// ones are a forgery.
pub fn verify_any(data: &[u8]) -> bool {
    static KEY: OnceLock<AnyPreparedKey> = OnceLock::new();
    let halo2 = KEY.get_or_init(|| {
        let key = AnyVerifyingKey::from_bytes(&golden("key")).expect("a golden key");
        AnyPreparedKey::new(&key)
    });
    let (inputs, proof) = data.split_at(INPUTS_BYTES.min(data.len()));
    if verify_any_bytes(halo2, inputs, proof).is_ok() {
        assert_eq!(inputs, golden("inputs"), "a forgery");
        assert_eq!(proof, golden("proof"), "a proof that nobody made");
        return true;
    }
    let groth16 = AnyPreparedKey::Groth16(sample::get().vk.clone());
    let accepted = verify_any_bytes(&groth16, inputs, proof).is_ok();
    assert_eq!(accepted, verify_bytes(&sample::get().vk, inputs, proof).is_ok());
    accepted
}

/// The honest inputs and proofs, one of each system.
pub fn verify_any_seeds() -> Vec<Vec<u8>> {
    vec![[golden("inputs"), golden("proof")].concat(), verify_seed()]
}

/// A field of the halo2 verifier's golden file.
pub fn golden(name: &str) -> Vec<u8> {
    let text = include_str!("../../verifier/tests/golden/halo2.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let digits = line.expect("the golden file names it").as_bytes();
    let digit = |c: u8| char::from(c).to_digit(16).expect("hexadecimal") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Public inputs and a proof. Accepted inputs other than the honest ones are a forgery.
pub fn verify(data: &[u8]) -> bool {
    let sample = sample::get();
    let (inputs, proof) = data.split_at(INPUTS_BYTES.min(data.len()));
    let single = verify_bytes(&sample.vk, inputs, proof);
    if let (Ok(inputs), Ok(proof)) = (inputs_from_bytes(inputs), Proof::from_bytes(proof)) {
        let items = [(sample.binding.to_inputs(), sample.proof), (inputs, proof)];
        assert_eq!(verify_batch(&sample.vk, &items), single, "the batch disagrees");
        assert_eq!(inputs_to_bytes(&inputs)[..], data[..INPUTS_BYTES]);
    }
    if single.is_ok() {
        assert_eq!(inputs, inputs_to_bytes(&sample.binding.to_inputs()), "a forgery");
    }
    single.is_ok()
}

/// The honest inputs and proof.
pub fn verify_seed() -> Vec<u8> {
    let sample = sample::get();
    [&inputs_to_bytes(&sample.binding.to_inputs())[..], &sample.proof.to_bytes()].concat()
}

/// `h` and public words, 32 bytes each. Accepted words other than the honest ones are a forgery.
pub fn words(data: &[u8]) -> bool {
    let (chunks, _) = data.as_chunks::<32>();
    let words: Result<Vec<Fr>, _> =
        chunks.iter().enumerate().map(|(i, chunk)| word_from_bytes(chunk, i)).collect();
    let Ok(words) = words else { return false };
    assert!(words.iter().zip(chunks).all(|(word, chunk)| word_to_bytes(word) == *chunk));
    let Some((h, words)) = words.split_first() else { return false };
    if let Ok(header) = check_words(words) {
        let payouts = words[HEADER_WORDS..].iter().map(|word| {
            let (account, amount) = unpack_payout(word).expect("checked");
            pack_payout(&account, amount).expect("checked")
        });
        assert!(header.to_words().into_iter().chain(payouts).eq(words.iter().copied()));
    }
    let sample = sample::get();
    let result = verify_words(&sample.vk, &Domain::OFF_CHAIN, words, *h, &sample.proof);
    if result.is_ok() {
        assert_eq!((*h, words), (sample.trace.h, &sample.trace.words()[..]), "a forgery");
    }
    result.is_ok()
}

/// The honest `h` and words.
pub fn words_seed() -> Vec<u8> {
    let trace = &sample::get().trace;
    std::iter::once(trace.h).chain(trace.words()).flat_map(|word| word_to_bytes(&word)).collect()
}
