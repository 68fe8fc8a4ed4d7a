//! `meed audit`, on real proofs of the smallest shape.

use std::fs;

use super::world::{id, World};

/// Two proved epochs of `net`; the second starts from what waits after the first.
fn two_epochs() -> World {
    let w = World::new();
    w.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    w.events(&format!("{},1000,svc,mod\n{},500,svc,mod\n", id(1), id(2)));
    // In the first epoch `b` gets less than the minimum.
    for (epoch, scores) in [("1", "0,a,10\n0,b,0.125\n1,a,2\n"), ("2", "0,b,4\n1,a,2\n")] {
        w.scores(scores);
        w.import().expect(0, &[&format!("Imported epoch {epoch}")]);
        w.net(&["commit"]).expect(0, &[]);
        w.net(&["settle"]).expect(0, &[]);
        w.net(&["prove"]).expect(0, &[&format!("Proved epoch {epoch}")]);
    }
    w
}

const KEY: [&str; 2] = ["--key", "keys/meed-groth16-XS.vk.json"];

#[test]
fn a_history_of_epochs_is_audited() {
    let w = two_epochs();
    let (one, two) = ("net/epochs/1/bundle", "net/epochs/2/bundle");
    let audit = |args: &[&str]| w.run(&[&["audit"], args].concat());
    // In any order; with the key by its file or its folder; from the project.
    for args in [
        &[two, one, KEY[0], KEY[1]][..],
        &[one, two, "--keys", "keys"],
        &["-p", "net", "--keys", "keys"],
    ] {
        let said = audit(args);
        said.expect(0, &["INSECURE KEY", "ok     proof", "epochs 1 to 2 follow one another"]);
    }
    let json = audit(&[one, two, KEY[0], KEY[1], "--json"]).expect(0, &[]).json();
    assert_eq!((&json["format"], &json["version"]), (&"meed-audit".into(), &1.into()));
    assert_eq!(json["epochs"][0]["waiting_after"], json["epochs"][1]["waiting_before"]);
    assert_ne!(json["epochs"][0]["waiting_after"], "0");

    // What is not looked at is not called good.
    let said = audit(&[one]);
    said.expect(0, &["proof", "not checked: its key is not given", "could not be made"]);
    audit(&[one, "--strict"]).expect(1, &["not checked: its key is not given"]);
    audit(&["nosuch"]).expect(4, &["nosuch"]);
    audit(&["data/a.txt"]).expect(3, &["expected a directory"]);
    audit(&[]).expect(2, &["expected bundles to audit"]);
    audit(&[one, "--keys", "data"]).expect(2, &["data: expected a key"]);
    audit(&["-p", "nosuch"]).expect(2, &["expected a project"]);

    // Raw scores: the file of the last import is there; that of the first was written over.
    let net = |args: &[&str]| audit(&[&["-p", "net", "--keys", "keys"], args].concat());
    let said = net(&["--scores", "scores.csv"]);
    said.expect(0, &["epoch 1: the raw scores", "needs --scores with scores.csv"]);
    w.scores("0,a,10\n0,b,0.125\n1,a,2\n");
    fs::create_dir(w.path("raw")).unwrap();
    fs::copy(w.path("scores.csv"), w.path("raw/1.csv")).unwrap();
    w.scores("0,b,4\n1,a,2\n");
    let both = ["--scores", "raw", "--scores", "scores.csv", "--strict"];
    let again = "records are what the raw scores give";
    net(&both).expect(0, &["is what was imported", again, "GOOD"]);
    // A manifest that names another file than the one whose scores were committed.
    let manifest = w.path("net/epochs/2/import.json");
    let honest = fs::read_to_string(&manifest).unwrap();
    let sha256 = |epoch: u8| {
        let text = fs::read_to_string(w.path(&format!("net/epochs/{epoch}/import.json"))).unwrap();
        let import: serde_json::Value = serde_json::from_str(&text).unwrap();
        import["about"]["scores"][0]["sha256"].as_str().unwrap().to_owned()
    };
    fs::write(&manifest, honest.replace(&sha256(2), &sha256(1))).unwrap();
    let said = net(&["--scores", "raw"]);
    said.expect(1, &["WRONG  raw-records", "records are not what the raw scores give"]);
    // And one that says that they were read in another way.
    let other = honest.replace("\"scale\": \"1\"", "\"scale\": \"2\"");
    assert_ne!(other, honest);
    fs::write(&manifest, other).unwrap();
    net(&both).expect(1, &["WRONG  raw-records", "event 0 (from 0)"]);
    fs::write(&manifest, &honest).unwrap();
    net(&[]).expect(0, &["needs --scores with scores.csv"]);
    w.scores("0,b,4\n1,a,3\n");
    let said = net(&["--scores", "scores.csv"]);
    said.expect(1, &["WRONG  raw-scores", "scores.csv has SHA-256"]);
    w.file("stray.csv", "event,asset,score\n");
    net(&["--scores", "stray.csv"]).expect(1, &["stray.csv: no epoch imported a file"]);
    audit(&[one, "--scores", "scores.csv"]).expect(2, &["--scores: expected the project"]);
    net(&["--scores", "nosuch.csv"]).expect(4, &["nosuch.csv"]);

    // A changed amount, and a file that does not belong.
    let bad = w.path("bad");
    fs::create_dir(&bad).unwrap();
    for entry in fs::read_dir(w.path(one)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), bad.join(entry.file_name())).unwrap();
    }
    fs::copy(w.path(two).join("state.csv"), bad.join("state.csv")).unwrap();
    audit(&["bad", two, KEY[0], KEY[1]]).expect(1, &["WRONG  bundle", "state.csv: expected"]);
}
