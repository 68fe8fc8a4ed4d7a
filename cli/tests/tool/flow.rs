//! From an empty folder to a verified bundle and its exports, on the smallest shape.

use std::fs;

use meed_prover::Level;

use super::world::{owner, World};

#[test]
fn from_scores_to_a_verified_bundle() {
    let w = World::new();
    w.scores("0,a,1.5\n0,b,0.5\n1,b,2\n");
    w.import().expect(0, &["kept      3 records"]);
    let roots = w.net(&["commit", "--json"]).expect(0, &[]).json();
    w.net(&["settle"]).expect(0, &["fits shape XS", "all eleven clauses hold"]);
    w.run(&["setup", "XS", "--insecure-local"]).expect(0, &["INSECURE KEY"]);
    w.run(&["setup", "XS", "--insecure-local"]).expect(0, &["INSECURE KEY"]);
    w.run(&["keys"]).expect(0, &["insecure-local", "ready"]);
    w.net(&["prove"]).expect(0, &["Proved epoch 1 in shape XS"]);
    let before = w.snapshot();
    w.net(&["prove"]).expect(0, &["Epoch 1 was proved before"]);
    assert!(before == w.snapshot());

    let key = ["--key", "keys/meed-groth16-XS.vk.json"];
    let bundle = "net/epochs/1/bundle";
    let verify =
        |bundle: &str, more: &[&str]| w.run(&[&["verify", bundle], &key[..], more].concat());
    verify(bundle, &[]).expect(0, &["INSECURE KEY", "the proof is valid"]);
    let json = verify(bundle, &["--json", "--epoch", "1"]).expect(0, &[]).json();
    assert_eq!(json["scores_root"], roots["scores_root"]);
    assert_eq!(json["insecure_key"], true);
    verify(bundle, &["--epoch", "2"]).expect(1, &["NOT VALID", "epoch: expected 2, got 1"]);
    let chain = ["--chain-id", "1", "--contract", &owner(8)];
    verify(bundle, &chain).expect(1, &["NOT VALID", "another domain"]);
    verify("nosuch", &[]).expect(4, &["nosuch"]);
    verify("data/a.txt", &[]).expect(3, &["expected a directory"]);
    w.run(&["verify", bundle, "--key", "assets.csv"]).expect(3, &["expected a verifying key"]);

    // One byte, one file less, one file cut.
    for (name, change) in [("proof.bin", 0), ("payouts.json", 1), ("state.csv", 2)] {
        let bad = w.path("bad");
        fs::create_dir(&bad).unwrap();
        for entry in fs::read_dir(w.path(bundle)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), bad.join(entry.file_name())).unwrap();
        }
        let mut bytes = fs::read(bad.join(name)).unwrap();
        match change {
            0 => bytes[40] ^= 1,
            1 => bytes.truncate(bytes.len() - 1),
            _ => fs::remove_file(bad.join(name)).unwrap(),
        }
        if change < 2 {
            fs::write(bad.join(name), bytes).unwrap();
        }
        verify("bad", &[]).expect(1, &["NOT VALID", name]);
        let json = verify("bad", &["--json"]).expect(1, &[]).json();
        assert_eq!(json["valid"], false);
        fs::remove_dir_all(bad).unwrap();
    }

    // What people read.
    let mut paid = 0u128;
    for i in [0, 1, 2, 3, 99] {
        let account = owner(i);
        let receipt = ["receipt", "--account", &account];
        w.net(&receipt).expect(0, &[&format!("Receipt for {account}, epoch 1"), "Paid now"]);
        let json = w.net(&[&["--json"], &receipt[..]].concat()).expect(0, &[]).json();
        paid += json["totals"]["paid"].as_str().unwrap().parse::<u128>().unwrap();
    }
    let json = verify(bundle, &["--json"]).json();
    assert_eq!(json["released_total"], paid.to_string());
    w.net(&["receipt", "--account", &owner(50)]).expect(2, &["expected an owner of an asset"]);
    w.net(&["report"]).expect(0, &["# Epoch 1", "Not proved"]);
    let report = ["report", "--bundle", bundle, "--decimals", "3", "--symbol", "EUR"];
    w.net(&[&report[..], &key].concat()).expect(0, &["# Epoch 1", "INSECURE KEY", "150 EUR"]);
    w.net(&[&report[..], &key, &["--out", "r.md"]].concat()).expect(0, &["Wrote the report"]);

    // Exports; every one of them refuses to replace.
    let export = |what: &str, out: &str| {
        w.run(&[&["export", what, bundle], &key[..], &["--out", out]].concat())
    };
    for (what, out) in
        [("snarkjs", "sj"), ("arkworks", "ark"), ("calldata", "cd"), ("claims", "ct.json")]
    {
        export(what, out).expect(0, &["Wrote"]);
        export(what, out).expect(2, &["is there already"]);
    }
    let text = |name: &str| fs::read_to_string(w.path(name)).unwrap();
    assert!(text("cd").starts_with("0x11479fea"));
    assert!(text("ct.json").contains("standard-v1"));
    assert_eq!(fs::read(w.path("ark/proof.ark")).unwrap().len(), 128);
    w.run(&["verify", bundle, "--key", "sj/verification_key.json"]).expect(0, &["is valid"]);
    w.run(&["export", "key", key[1], "--out", "vk"]).expect(0, &[]);
    w.run(&["verify", bundle, "--key", "vk/verifying_key.bin"]).expect(0, &["is valid"]);
    let verifier = ["export", "verifier", key[1], "--out", "V.sol"];
    w.run(&verifier).expect(0, &["Wrote contract Verifier", "INSECURE KEY"]);
    w.run(&verifier).expect(2, &["is there already"]);
    for part in ["INSECURE KEY", "// circuit: meed-groth16-XS, shape XS", "contract Verifier is"] {
        assert!(text("V.sol").contains(part), "{part}");
    }
    w.run(&["export", "r1cs", "XS", "--out", "XS.r1cs"]).expect(0, &["constraints"]);
    w.net(&["export", "wtns", "--out", "e.wtns"]).expect(0, &["delete it"]);
    assert_eq!(&fs::read(w.path("XS.r1cs")).unwrap()[..4], b"r1cs");
    assert_eq!(&fs::read(w.path("e.wtns")).unwrap()[..4], b"wtns");

    // Another chain is another proof, beside the first.
    let more = [&["prove", "--out", "on-chain"], &chain[..]].concat();
    w.net(&more).expect(0, &["Proved epoch 1"]);
    verify("on-chain", &chain).expect(0, &["chain 1"]);
    w.net(&["prove", "--out", "on-chain"]).expect(2, &["is there already"]);

    // Every level of the engine that this machine has, by name.
    let json = w.net(&["prove", "--json", "--out", "by-auto"]).expect(0, &["proving on"]).json();
    let best = Level::best().name();
    assert_eq!(
        (json["engine"].as_str(), json["proved_before"].as_bool()),
        (Some(best), Some(false))
    );
    for level in Level::ALL {
        let (name, out) = (level.name(), format!("by-{level}"));
        let said = w.net(&["prove", "--json", "--out", &out, "--engine", name]);
        if level.is_available() {
            said.expect(0, &[&format!("proving on {name} .. done")]);
            assert_eq!(said.json()["engine"], name);
            verify(&out, &[]).expect(0, &["the proof is valid"]);
        } else {
            said.expect(
                2,
                &[&format!("--engine {name}: this processor has no instructions"), best],
            );
            assert!(!w.path(&out).exists());
        }
    }
    w.net(&["prove", "--engine", "fast"]).expect(2, &["auto", "portable"]);

    // A key that does not belong, and one that is damaged.
    let zkey = w.path("keys/meed-groth16-XS.zkey");
    let mut bytes = fs::read(&zkey).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&zkey, &bytes).unwrap();
    w.net(&["prove", "--out", "other"]).expect(3, &["meed-groth16-XS.zkey"]);
    fs::write(&zkey, &bytes[..middle]).unwrap();
    w.net(&["prove", "--out", "other"]).expect(3, &["bytes of the file"]);
    assert!(!w.path("other").exists());
}

#[test]
fn the_next_epoch_starts_where_the_last_one_ended() {
    let w = World::new();
    w.scores("0,a,1\n0,b,6\n1,b,3\n");
    for epoch in ["1", "2"] {
        w.import().expect(0, &[&format!("Imported epoch {epoch}")]);
        w.net(&["commit"]).expect(0, &[]);
        w.net(&["settle"]).expect(0, &["Payouts and new state are in"]);
    }
    let state = |path: &str| fs::read_to_string(w.path("net/epochs").join(path)).unwrap();
    assert_eq!(state("1/settlement/state.csv"), state("2/state.csv"));
    assert_ne!(state("1/state.csv"), state("2/state.csv"));
}

#[test]
fn the_demo_up_to_the_proof() {
    let w = World::empty();
    w.run(&["demo", "--no-proof"]).expect(0, &["fits shape S", "Where to look next"]);
    let before = w.snapshot();
    w.run(&["demo", "--no-proof"]).expect(0, &["Where to look next"]);
    assert!(before == w.snapshot());
    let report = fs::read_to_string(w.path("out/report.md")).unwrap();
    for part in ["Not proved", "alder", "mislabelled", "digits-softmax"] {
        assert!(report.contains(part), "{part}");
    }
    // What the copy earns goes to the original, all of it.
    let json = w.run(&["-p", "out/project", "settle", "--json"]).expect(0, &[]).json();
    let assets = json["assets"].as_array().unwrap();
    let copycat = assets.iter().find(|a| a["name"] == "copycat").unwrap();
    assert_ne!(copycat["inflow"], "0");
    assert_eq!(copycat["kept"], "0");
}

#[test]
fn the_program_explains_itself() {
    let w = World::empty();
    w.run(&["--help"]).expect(0, &["meed demo", "Exit codes"]);
    let commands = [
        "init",
        "registry add",
        "registry list",
        "registry check",
        "scores import",
        "commit",
        "settle",
        "setup",
        "prove",
        "verify",
        "audit",
        "receipt",
        "export calldata",
        "export snarkjs",
        "export arkworks",
        "export claims",
        "export key",
        "export verifier",
        "export r1cs",
        "export wtns",
        "audit",
        "chain events",
        "circuit",
        "keys",
        "serve",
        "worker",
        "service config",
        "service openapi",
        "service tenant",
        "service token add",
        "service pack",
        "demo",
    ];
    for command in commands {
        let args: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        w.run(&args).expect(0, &["Usage: meed"]);
    }
    w.run(&["circuit", "XS", "--json"]).expect(0, &["\"S11\"", "\"digest\""]);
}
