//! The second proof system, from the set-up to a verified bundle, on the smallest shape.

use std::fs;

use super::world::World;

const HALO2: [&str; 2] = ["--system", "halo2"];
const KEY: &str = "keys/meed-halo2-XS.key";
const VK: &str = "keys/meed-halo2-XS.vk.json";

fn committed() -> World {
    let w = World::new();
    w.scores("0,a,1.5\n0,b,0.5\n1,b,2\n");
    w.import().expect(0, &["kept      3 records"]);
    w.net(&["commit"]).expect(0, &[]);
    w
}

#[test]
fn from_universal_parameters_to_a_verified_bundle() {
    let w = committed();
    w.net(&[&["prove"], &HALO2[..]].concat())
        .expect(2, &["expected a key of shape XS", "meed setup XS --system halo2"]);
    let setup = [&["setup", "XS", "--insecure-local"], &HALO2[..]].concat();
    w.run(&setup).expect(0, &["INSECURE KEY", "2^15 rows"]);
    let before = w.snapshot();
    w.run(&setup).expect(0, &["INSECURE KEY"]);
    assert!(before == w.snapshot());
    w.run(&["keys"]).expect(0, &["meed-halo2-XS", "insecure-local", "2^15 rows", "ready"]);

    let prove = [&["prove"], &HALO2[..]].concat();
    w.net(&[&prove[..], &["--engine", "ark"]].concat()).expect(2, &["--engine is for Groth16"]);
    let said = w.net(&[&["--json"], &prove[..]].concat()).expect(0, &[]).json();
    assert!(said["engine"].is_null());
    assert_eq!((said["system"].as_str(), said["shape"].as_str()), (Some("halo2"), Some("XS")));
    let before = w.snapshot();
    w.net(&prove).expect(0, &["Epoch 1 was proved before"]);
    assert!(before == w.snapshot());

    let bundle = "net/epochs/1/bundle";
    let verify = |bundle: &str, key: &str| w.run(&["verify", bundle, "--key", key]);
    verify(bundle, VK).expect(0, &["INSECURE KEY", "the proof is valid", "halo2"]);
    let proof = fs::read(w.path(bundle).join("proof.bin")).unwrap();
    assert_eq!((proof.len(), &proof[..8]), (4_072, &b"\xffmeedh2p"[..]));
    let audit = ["audit", "--key", VK];
    w.net(&audit).expect(0, &["INSECURE"]);
    w.net(&["report", "--bundle", bundle, "--key", VK]).expect(0, &["# Epoch 1", "INSECURE KEY"]);

    // The other system's key; and this bundle with the other system's proof, and one byte more.
    w.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    verify(bundle, "keys/meed-groth16-XS.vk.json").expect(1, &["NOT VALID", "another key"]);
    w.net(&["prove", "--out", "groth16"]).expect(0, &["with Groth16"]);
    verify("groth16", VK).expect(1, &["NOT VALID", "another key"]);
    let other = fs::read(w.path("groth16/proof.bin")).unwrap();
    for bytes in [other, [&proof[..], &[0]].concat(), proof[..4_071].to_vec()] {
        fs::write(w.path(bundle).join("proof.bin"), bytes).unwrap();
        verify(bundle, VK).expect(1, &["NOT VALID", "proof.bin"]);
    }

    // A damaged key, a cut one, and one of another shape.
    let key = fs::read(w.path(KEY)).unwrap();
    let mut bad = key.clone();
    bad[key.len() / 2] ^= 1;
    let again = [&prove[..], &["--out", "again"]].concat();
    for bytes in [&bad[..], &key[..key.len() / 2]] {
        fs::write(w.path(KEY), bytes).unwrap();
        w.net(&again).expect(3, &["meed-halo2-XS.key"]);
        assert!(!w.path("again").exists());
    }
}

#[test]
fn a_set_up_says_what_it_cannot_use() {
    let w = World::empty();
    w.file("no.ptau", b"ptau, but not really");
    let fails = |args: &[&str], code: i32, parts: &[&str]| {
        let before = w.snapshot();
        w.run(args).expect(code, parts);
        assert!(before == w.snapshot(), "{args:?} wrote files");
    };
    fails(&["setup", "XS", "--ptau", "no.ptau"], 2, &["--system halo2"]);
    fails(&["setup", "XS", "--import-zkey", "x.zkey", "--system", "halo2"], 2, &["--ptau"]);
    fails(&["setup", "XS", "--system", "halo2"], 2, &["--ptau"]);
    let from = |file: &'static str| ["setup", "XS", "--system", "halo2", "--ptau", file];
    fails(&from("nosuch.ptau"), 4, &["nosuch.ptau"]);
    fails(&from("no.ptau"), 3, &["no.ptau"]);
    // A real file of a ceremony, but with 2^4 powers.
    let small = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/powers-of-tau/tau_4.ptau");
    fails(&from(small), 3, &["tau_4.ptau", "15"]);
}
