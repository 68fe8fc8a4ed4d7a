//! `meed scores check`, and what an import warns of.

use super::world::World;

#[test]
fn an_import_warns_and_a_check_can_fail() {
    let w = World::new();
    w.scores("0,a,-9\n0,b,-8\n1,a,-7\n1,b,0.5\n");
    let said = w.import();
    said.expect(0, &["warning: 97.96 % of all magnitude is below zero (3 of 4 records)"]);
    let json = w.net(&["--json", "scores", "import", "scores.csv", "--events", "events.csv"]);
    let json = json.json();
    let kinds: Vec<&str> =
        json["warnings"].as_array().unwrap().iter().map(|w| w["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["mostly_negative", "events_below_threshold", "concentrated", "idle_datasets"]
    );

    let check = |more: &[&str]| w.net(&[&["scores", "check"], more].concat());
    check(&[]).expect(0, &["Epoch 1: 2 events, 4 records, 4 warnings", "is --sign right?"]);
    check(&["--strict"]).expect(1, &["4 warnings"]);
    check(&["--most-share", "100"]).expect(0, &["3 warnings"]);
    check(&["--most-share", "101"]).expect(2, &["101"]);
    check(&["--epoch", "2"]).expect(2, &["expected epoch 2"]);
    let json = w.net(&["--json", "scores", "check", "--strict"]);
    assert_eq!((json.code, json.json()["warnings"][0]["records"].as_u64()), (1, Some(3)));
}

#[test]
fn ordinary_scores_are_quiet() {
    let w = World::new();
    w.scores("0,a,1\n0,b,1.5\n0,mod,1\n1,a,2\n1,b,1\n1,mod,1.5\n");
    let said = w.import();
    assert!(!said.err.contains("warning"), "{said:?}");
    let said = w.net(&["scores", "check", "--strict"]);
    said.expect(0, &["Epoch 1: 2 events, 6 records, nothing looks wrong"]);
}
