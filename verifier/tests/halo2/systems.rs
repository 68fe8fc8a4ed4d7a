//! Both systems behind one set of types.

use crate::SETUP;
use meed_statement::words::Domain;
use meed_verifier::{
    inputs_to_bytes, verify_any, verify_any_bytes, verify_any_words, AnyPreparedKey, AnyProof,
    AnyVerifyingKey, System, VerifyError,
};

/// The golden key and proof of Groth16, and its inputs.
fn groth16() -> (AnyVerifyingKey, Vec<u8>, AnyProof) {
    let golden = include_str!("../golden/proof.txt");
    let field = |name: &str| {
        let line = golden.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        hex::decode(line.trim()).unwrap()
    };
    let key = AnyVerifyingKey::from_bytes(&field("key ")).unwrap();
    (key, field("inputs "), AnyProof::from_bytes(&field("proof ")).unwrap())
}

#[test]
fn bytes_tell_the_system() {
    let (key, inputs, proof) = groth16();
    assert_eq!((key.system(), proof.system()), (System::Groth16, System::Groth16));
    let prepared = AnyPreparedKey::new(&key);
    assert_eq!(verify_any_bytes(&prepared, &inputs, &proof.to_vec()), Ok(()));

    let setup = &*SETUP;
    let halo2_key = AnyVerifyingKey::from_bytes(&setup.key.to_bytes()).unwrap();
    let halo2_proof = AnyProof::from_bytes(&setup.proof.to_bytes()).unwrap();
    assert_eq!((halo2_key.system(), halo2_proof.system()), (System::Halo2, System::Halo2));
    let halo2_prepared = AnyPreparedKey::new(&halo2_key);
    let halo2_inputs = inputs_to_bytes(&setup.inputs());
    let verdict = verify_any_bytes(&halo2_prepared, &halo2_inputs, &halo2_proof.to_vec());
    assert_eq!(verdict, Ok(()));
    assert_eq!(verify_any(&halo2_prepared, &setup.inputs(), &halo2_proof), Ok(()));

    for (key, prepared) in [(&key, &prepared), (&halo2_key, &halo2_prepared)] {
        assert_eq!(AnyVerifyingKey::from_bytes(&key.to_vec()).as_ref(), Ok(key));
        assert_eq!((key.id(), key.system()), (*prepared.id(), prepared.system()));
        assert_eq!(key.is_insecure(), prepared.is_insecure());
    }

    // The other system's key or proof is named for what it is.
    let error = |expected, got| Err(VerifyError::System { expected, got });
    let (a, b) = (System::Groth16, System::Halo2);
    assert_eq!(verify_any_bytes(&prepared, &inputs, &halo2_proof.to_vec()), error(a, b));
    assert_eq!(verify_any_bytes(&halo2_prepared, &inputs, &proof.to_vec()), error(b, a));
    assert_eq!(meed_verifier::Proof::from_bytes(&halo2_proof.to_vec()).map(|_| ()), error(a, b));
    let read = meed_verifier::VerifyingKey::from_bytes(&halo2_key.to_vec());
    assert_eq!(read.map(|_| ()), error(a, b));

    // A key is no proof, a proof no key.
    for bytes in [key.to_vec(), halo2_key.to_vec()] {
        assert!(AnyProof::from_bytes(&bytes).is_err());
    }
    for bytes in [proof.to_vec(), halo2_proof.to_vec()] {
        assert!(AnyVerifyingKey::from_bytes(&bytes).is_err());
    }
}

#[test]
fn words_are_bound_in_both_systems() {
    let setup = &*SETUP;
    let key = AnyPreparedKey::new(&setup.key.clone().into());
    let proof = AnyProof::from(setup.proof.clone());
    let h = setup.binding.h;
    let header = verify_any_words(&key, &Domain::OFF_CHAIN, &setup.words, h, &proof).unwrap();
    assert_eq!(header.to_words(), setup.words[..header.to_words().len()]);
    let elsewhere = Domain::evm(1, [7; 20]);
    let verdict = verify_any_words(&key, &elsewhere, &setup.words, h, &proof);
    assert_eq!(verdict, Err(VerifyError::Rejected));
    let mut words = setup.words.clone();
    words.pop();
    assert!(matches!(
        verify_any_words(&key, &Domain::OFF_CHAIN, &words, h, &proof),
        Err(VerifyError::Words(_))
    ));
}
