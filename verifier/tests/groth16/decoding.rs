//! Bytes: the layout, golden values, and that nothing panics.

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use meed_statement::words::{word_to_bytes, Binding, Domain};
use meed_toys::groth16::{prove_words, words, Setup};
use meed_verifier::{
    inputs_from_bytes, inputs_to_bytes, insecure_alpha, verify_bytes, verify_words, Element,
    PreparedVerifyingKey, Proof, VerifyError, VerifyingKey, INPUTS_BYTES, PROOF_BYTES,
    VERIFYING_KEY_BYTES,
};
use proptest::prelude::*;
use std::{fmt::Write, fs, path::Path, sync::LazyLock};

/// Coordinates of the generators and of twice the first, as EIP-196 and EIP-197 give them.
const G1: &str = "0000000000000000000000000000000000000000000000000000000000000001\
                  0000000000000000000000000000000000000000000000000000000000000002";
const TWO_G1: &str = "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3\
                      15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4";
const G2: &str = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                  1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
                  090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
                  12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

#[test]
fn the_layout_is_eip_197s() {
    let g1 = G1Affine::generator();
    let two = (g1 + g1).into_affine();
    let proof = Proof::from_points(g1, G2Affine::generator(), two).unwrap();
    assert_eq!(hex::encode(proof.to_bytes()), format!("{G1}{G2}{TWO_G1}"));
    assert_eq!(Proof::from_bytes(&proof.to_bytes()), Ok(proof));

    let three_g2 = (G2Affine::generator() * Fr::from(3)).into_affine();
    let four_g2 = (G2Affine::generator() * Fr::from(4)).into_affine();
    let key = VerifyingKey::from_points(
        two,
        four_g2,
        G2Affine::generator(),
        three_g2,
        [g1, two, two, g1],
    )
    .unwrap();
    let text = hex::encode(key.to_bytes());
    assert_eq!(&text[..128], TWO_G1);
    assert_eq!(&text[384..640], G2);
    assert_eq!(&text[896..], format!("{G1}{TWO_G1}{TWO_G1}{G1}"));

    let inputs = [Fr::from(1), Fr::from(0x0203), -Fr::from(1)];
    assert_eq!(
        hex::encode(inputs_to_bytes(&inputs)),
        "0000000000000000000000000000000000000000000000000000000000000001\
         0000000000000000000000000000000000000000000000000000000000000203\
         30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000"
    );
}

/// Computed with another Keccak (pycryptodome) and integers.
#[test]
fn the_insecure_alpha_is_the_published_one() {
    let mut bytes = [0; INPUTS_BYTES];
    bytes[..32].copy_from_slice(
        &hex::decode("14eb9019cf6f201200aeff17766114e0c0ca0877c78d4d504ce46839cf1b6517").unwrap(),
    );
    assert_eq!(inputs_from_bytes(&bytes).unwrap()[0], insecure_alpha());
}

/// A key, public words and a proof of them as bytes, for this crate and for readers in other
/// languages: `h` is the first input, `domain` is the chain id and the contract, 32 bytes each.
#[test]
fn the_golden_proof_verifies() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/proof.txt");
    let mut setup = Setup::insecure();
    let (domain, words) = (Domain::evm(31337, [0x5e; 20]), words());
    let (h, proof) = prove_words(&mut setup, &domain, &words);
    let inputs = Binding::derive(&domain, h, &words).to_inputs();
    let mut made = String::new();
    for (name, bytes) in [
        ("key", &setup.key.to_bytes()[..]),
        ("id", &setup.key.id()),
        ("inputs", &inputs_to_bytes(&inputs)),
        ("proof", &proof.to_bytes()),
        ("domain", &[*domain.chain_id(), *domain.contract()].concat()),
        ("words", &words.iter().flat_map(word_to_bytes).collect::<Vec<_>>()),
    ] {
        writeln!(made, "{name} {}", hex::encode(bytes)).unwrap();
    }
    if std::env::var_os("MEED_WRITE_GOLDEN").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let command = "MEED_WRITE_GOLDEN=1 cargo test --release -p meed-verifier --test groth16";
    let golden = fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("tests/golden/proof.txt is missing; to write it: {command}"));
    assert_eq!(golden, made, "to accept the change: {command}");

    let field = |name: &str| {
        let line = golden.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        hex::decode(line.trim()).unwrap()
    };
    let key = VerifyingKey::from_bytes(&field("key ")).unwrap();
    assert_eq!(key.id().as_slice(), field("id "));
    let pvk = PreparedVerifyingKey::new(&key);
    verify_bytes(&pvk, &field("inputs "), &field("proof ")).unwrap();
    verify_words(&pvk, &domain, &words, h, &Proof::from_bytes(&field("proof ")).unwrap()).unwrap();
}

#[test]
fn errors_say_what_and_where() {
    let text = |error: VerifyError| error.to_string();
    assert_eq!(text(VerifyError::Length { expected: 256, got: 3 }), "expected 256 bytes, got 3");
    assert_eq!(
        text(VerifyError::NotInSubgroup { element: Element::B }),
        "proof point B: on the curve, but not in the subgroup of order r"
    );
}

static GOOD: LazyLock<(PreparedVerifyingKey, [Fr; 3], Proof)> = LazyLock::new(|| {
    let mut setup = Setup::insecure();
    let (inputs, proof) = setup.random_proof();
    (setup.pvk, inputs, proof)
});

/// Bytes that are anything, and bytes that are almost right.
fn arb_bytes(good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let len = good.len();
    let edit = (0..len, any::<u8>());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..len + 40),
        prop::collection::vec(any::<u8>(), len),
        prop::collection::vec(edit, 0..4).prop_map(move |edits| {
            let mut bytes = good.clone();
            for (at, value) in edits {
                bytes[at] = value;
            }
            bytes
        }),
        (0..=len).prop_map(move |n| vec![0; n]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_panics_and_what_decodes_is_canonical(
        key in arb_bytes(GOOD.0.key().to_bytes().to_vec()),
        inputs in arb_bytes(inputs_to_bytes(&GOOD.1).to_vec()),
        proof in arb_bytes(GOOD.2.to_bytes().to_vec()),
    ) {
        let pvk = VerifyingKey::from_bytes(&key).map(|read| {
            assert_eq!(read.to_bytes().as_slice(), key);
            let _ = read.is_insecure();
            PreparedVerifyingKey::new(&read)
        });
        if let Ok(read) = Proof::from_bytes(&proof) {
            prop_assert_eq!(read.to_bytes().to_vec(), proof.clone());
        }
        if let Ok(read) = inputs_from_bytes(&inputs) {
            prop_assert_eq!(inputs_to_bytes(&read).to_vec(), inputs.clone());
        }
        if let Ok(pvk) = pvk {
            let _ = verify_bytes(&pvk, &inputs, &proof);
        }
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(any::<u64>().prop_map(Fr::from), 0..20)) {
        let (pvk, inputs, proof) = &*GOOD;
        prop_assert!(verify_words(pvk, &Domain::OFF_CHAIN, &words, inputs[0], proof).is_err());
    }

    #[test]
    fn any_field_elements_may_be_inputs(bytes in prop::collection::vec(any::<u8>(), INPUTS_BYTES)) {
        let got = inputs_from_bytes(&bytes);
        let expected = bytes.chunks(32).position(|chunk| chunk >= be_modulus().as_slice());
        match expected {
            Some(index) => prop_assert_eq!(got, Err(VerifyError::Input { index })),
            None => prop_assert!(got.is_ok()),
        }
    }
}

fn be_modulus() -> Vec<u8> {
    hex::decode("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001").unwrap()
}

#[test]
fn sizes_are_the_documented_ones() {
    assert_eq!((PROOF_BYTES, VERIFYING_KEY_BYTES, INPUTS_BYTES), (256, 704, 96));
}
