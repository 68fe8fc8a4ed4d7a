//! `meed settle --policy`: other rules, compared and not saved.

use std::fs;

use super::world::{id, owner, World};

/// The sum of a field of signed numbers.
fn sum(rows: &[serde_json::Value], field: &str) -> i128 {
    let number = |row: &serde_json::Value| row[field].as_str().unwrap().parse::<i128>().unwrap();
    rows.iter().map(number).sum()
}

#[test]
fn other_rules_are_compared_and_nothing_is_saved() {
    let w = World::new();
    w.events(&format!("{},1000,svc,mod\n{},500,svc,mod\n", id(1), id(2)));
    w.scores("0,a,10\n0,b,0.125\n1,a,2\n");
    w.import().expect(0, &[]);
    let policy = fs::read_to_string(w.path("net/policy.toml")).unwrap();
    assert!(policy.contains("min_payout = \"100\""), "{policy}");
    w.file("low.toml", policy.replace("min_payout = \"100\"", "min_payout = \"1\""));
    let capped = policy.replace("cap_bps = 10000", "cap_bps = 1000");
    assert_ne!(capped, policy);
    w.file("capped.toml", &capped);
    w.file("bits.toml", policy.replace("fraction_bits = 32", "fraction_bits = 31"));
    let registry = fs::read_to_string(w.path("net/registry.csv")).unwrap();
    w.file("owners.csv", registry.replace(&owner(0), &owner(7)));
    w.file("shorter.csv", registry.lines().take(3).collect::<Vec<_>>().join("\n") + "\n");

    let before = w.snapshot();
    let said = w.net(&["settle", "--policy", "low.toml"]);
    said.expect(0, &["would be paid, not wait", &owner(1), "Nothing was saved"]);
    w.net(&["settle", "--policy", "net/policy.toml"])
        .expect(0, &["Nobody would get anything else"]);

    // The cap moves what it takes to the platform, which is the remainder account here, too.
    let said = w.net(&["settle", "--policy", "capped.toml", "--all"]);
    said.expect(0, &["capped", "taken by the cap"]);
    let json = w.net(&["settle", "--policy", "capped.toml", "--json"]).expect(0, &[]).json();
    let rows = json["accounts"].as_array().unwrap();
    assert_eq!(sum(rows, "difference"), 0);
    let row = |account: &str| rows.iter().find(|row| row["account"] == account).unwrap();
    let taken: i128 = json["capped_after"].as_str().unwrap().parse().unwrap();
    assert!(taken > 0);
    assert_eq!(row(&owner(99))["difference"], taken.to_string());
    assert!(row(&owner(0))["difference"].as_str().unwrap().starts_with('-'));
    assert_eq!(row(&owner(0))["share_after"], 100_000);

    // Another owner gets all that the old one got.
    let args = ["settle", "--registry", "owners.csv", "--json"];
    let json = w.net(&args).expect(0, &[]).json();
    let rows = json["accounts"].as_array().unwrap();
    let row = |account: &str| rows.iter().find(|row| row["account"] == account).unwrap();
    assert_eq!(row(&owner(7))["after"], row(&owner(0))["before"]);
    assert_eq!(row(&owner(0))["crosses"], "waits");
    assert!(before == w.snapshot());

    w.fails(&["settle", "--policy", "bits.toml"], 3, &["bits.toml: fraction_bits: expected 32"]);
    w.fails(&["settle", "--registry", "shorter.csv"], 3, &["shorter.csv, asset 2", "got none"]);
    w.fails(&["settle", "--policy", "nosuch.toml"], 4, &["nosuch.toml"]);
    w.fails(&["settle", "--policy", "scores.csv"], 3, &["scores.csv"]);
}
