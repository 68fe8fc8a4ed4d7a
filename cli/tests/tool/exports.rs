//! Exports of a key alone.

use std::fs;
use std::path::Path;

use meed_calldata::source::verifier_source;
use meed_verifier::VerifyingKey;

use super::world::World;

/// A key that is not the local set-up's, as 704 bytes. The compiler's word on the file is in
/// `calldata/tests/source.rs`.
#[test]
fn a_verifier_is_written_as_the_library_makes_it() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/tests/golden/proof.txt");
    let golden = fs::read_to_string(golden).unwrap();
    let key = golden.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
    let mut key = hex::decode(key).unwrap();
    // Another point of the key for alpha, by which keys of the local set-up are told.
    key.copy_within(512..576, 0);
    let vk = VerifyingKey::from_bytes(&key).unwrap();
    let w = World::empty();
    w.file("key.bin", &key);

    let args = ["export", "verifier", "key.bin", "--out", "V.sol", "--name", "OurVerifier"];
    let said = w.run(&[&args[..], &["--json"]].concat());
    let json = said.expect(0, &[]).json();
    assert_eq!(json["vk_id"], format!("0x{}", hex::encode(vk.id())));
    assert_eq!((&json["contract"], &json["insecure_key"]), (&"OurVerifier".into(), &false.into()));
    let file = fs::read_to_string(w.path("V.sol")).unwrap();
    assert_eq!(file, verifier_source(&vk, "OurVerifier", None).unwrap());
    assert!(!file.contains("INSECURE"));

    // A file that is there stays, a name that is none and a key that is none write nothing.
    w.run(&args).expect(2, &["is there already"]);
    let export = |key: &str, name: &str| {
        w.run(&["export", "verifier", key, "--out", "W.sol", "--name", name])
    };
    export("key.bin", "contract").expect(2, &["--name", "capital letter", "contract"]);
    export("key.bin", "V {} contract W").expect(2, &["--name"]);
    let mut bad = key;
    bad[100] ^= 1;
    w.file("bad.bin", &bad);
    export("bad.bin", "V").expect(3, &["bad.bin", "key point beta"]);
    export("V.sol", "V").expect(3, &["V.sol", "expected a verifying key"]);
    export("nosuch.bin", "V").expect(4, &["nosuch.bin"]);
    assert!(!w.path("W.sol").exists());
}
