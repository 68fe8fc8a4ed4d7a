//! Honest histories pass; each lie fails the check that it is about, with account and amounts where it
//! is about an account's money.

use meed_audit::view::{Source, View};
use meed_audit::{Audit, Finding, Outcome, ProofState, Status, Unit};
use meed_ledger::bundle::{read_bundle, Circuit};
use meed_ledger::receipt::Show;
use meed_ledger::{records, registry as registries};
use meed_statement::settle::settle;
use meed_statement::types::{Account, Bps, Payout};
use meed_statement::units::credits;
use meed_statement::words::Domain;
use ruint::aliases::U256;

use super::network::{errors, failed, registry, remade, Network, DOMAIN};
use meed_toys::bundles::Setup;

const ALL: [&str; 3] = ["1", "2", "3"];

#[test]
fn an_honest_history_is_good() {
    let network = Network::new(1, 3);
    // In whatever order.
    for order in [["1", "2", "3"], ["3", "1", "2"], ["2", "3", "1"]] {
        let audit = network.audit(&order, true);
        assert_eq!(audit.result, Outcome::Good, "{audit}");
        assert_eq!((audit.failed, audit.not_checked, audit.warnings), (0, 0, 0), "{audit}");
        let numbers: Vec<u64> = audit.epochs.iter().map(|epoch| epoch.epoch).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert!(audit.epochs.iter().all(|epoch| epoch.proof == ProofState::Valid));
        // Something waits from one epoch to the next: there is something to carry.
        assert!(network.traces.iter().all(|trace| !trace.state_after.is_empty()));
        assert!(audit.to_string().ends_with(&format!("GOOD: all {} checks passed.", audit.passed)));
    }
}

#[test]
fn a_history_may_be_proved_in_either_system() {
    let mut network = Network::proved(Setup::halo2(7, false), 1, 3);
    let audit = network.audit(&ALL, true);
    assert_eq!(audit.result, Outcome::Good, "{audit}");
    assert!(audit.epochs.iter().all(|epoch| epoch.proof == ProofState::Valid));

    // From epoch 2 on in the other system: each bundle is checked under its own key.
    let halo2 = network.key();
    network.setup = Setup::new(7, false);
    for epoch in [2, 3] {
        network.bundle(ALL[epoch - 1], network.traces[epoch - 1].clone(), DOMAIN());
    }
    let keys = [halo2, network.key()];
    let audit = network.audit_with(&ALL, true, &keys);
    assert_eq!(audit.result, Outcome::Good, "{audit}");
    let audit = network.audit_with(&ALL, true, &keys[..1]);
    let states: Vec<_> = audit.epochs.iter().map(|epoch| epoch.proof).collect();
    assert_eq!(states, [ProofState::Valid, ProofState::NotChecked, ProofState::NotChecked]);

    // A proof of something else.
    let mut network = Network::proved(Setup::halo2(7, false), 1, 2);
    let content =
        meed_toys::bundles::Content::new(&mut network.setup, network.traces[0].clone(), DOMAIN());
    let mut files = meed_toys::bundles::Files::load(&network.path("2"));
    *files.get("proof.bin") = content.proof.to_vec();
    files.reseal();
    files.store(&network.path("2"));
    assert_eq!(failed(&network.audit(&["1", "2"], true)), [("proof", Some(2))]);
}

/// What the page is given: the system, and the bytes that its module checks.
#[test]
fn a_page_has_the_key_and_the_proof_of_its_system() {
    for (setup, system, lengths) in [
        (Setup::new(7, false), "groth16", [704, 256]),
        (Setup::halo2(7, false), "halo2", [1_512, 4_072]),
    ] {
        let network = Network::proved(setup, 1, 1);
        let contents = read_bundle(&network.path("1")).unwrap();
        let key = network.key().vk;
        let source = Source { contents: &contents, key: Some(&key), proved: true };
        let proof = View::public(source, &Show::default()).unwrap().proof.unwrap();
        assert_eq!(proof.system, system);
        let bytes = [proof.key.unwrap(), proof.proof].map(|text| text.len() / 4 * 3);
        for (got, expected) in bytes.into_iter().zip(lengths) {
            assert!((expected..expected + 3).contains(&got), "{system}: {got}");
        }
    }
}

#[test]
fn what_is_not_given_is_not_called_good() {
    let network = Network::new(1, 2);
    let audit = network.audit(&["1", "2"], false);
    assert_eq!((audit.result, audit.not_checked), (Outcome::Incomplete, 2), "{audit}");
    let audit = network.audit_with(&["1", "2"], true, &[]);
    assert_eq!((audit.result, audit.not_checked), (Outcome::Incomplete, 2), "{audit}");
    assert!(audit.epochs.iter().all(|epoch| epoch.proof == ProofState::NotChecked));
    let other = meed_audit::Key { vk: Setup::new(8, false).key, ..network.key() };
    let audit = network.audit_with(&["1"], true, &[other]);
    assert_eq!(audit.epochs[0].proof, ProofState::NotChecked, "{audit}");

    // Each file that an operator keeps to himself.
    for (file, name) in [
        ("salt.hex", "scores"),
        ("records.csv", "scores"),
        ("events.csv", "scores"),
        ("records.csv", "settlement"),
        ("policy.toml", "policy"),
        ("registry.csv", "registry"),
        ("state.csv", "state"),
        ("commit.json", "commitment"),
    ] {
        let path = network.file(2, file);
        let kept = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let audit = network.audit(&["1", "2"], true);
        assert_eq!(audit.result, Outcome::Incomplete, "{file}: {audit}");
        let check = audit.checks.iter().find(|c| c.name == name && c.epoch == Some(2)).unwrap();
        let Status::NotChecked { why } = &check.status else { panic!("{file}: {audit}") };
        assert!(why.contains(file), "{why}");
        std::fs::write(path, kept).unwrap();
    }
    assert_eq!(network.audit(&["1", "2"], true).result, Outcome::Good);
}

#[test]
fn the_json_has_a_fixed_form() {
    let network = Network::new(1, 1);
    let json = serde_json::to_value(network.audit(&["1"], true)).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let top =
        ["checks", "epochs", "failed", "format", "not_checked", "passed", "result", "version"];
    assert!(top.iter().all(|key| keys(&json).iter().any(|k| k == key)), "{json}");
    assert_eq!((&json["format"], &json["version"]), (&"meed-audit".into(), &1.into()));
    assert_eq!(json["result"], "good");
    let check = &json["checks"][0];
    assert_eq!(
        (&check["name"], &check["status"], &check["epoch"]),
        (&"bundle".into(), &"passed".into(), &1.into())
    );
    assert!(json["epochs"][0]["released_total"].is_string());
}

/// A lie, and what must be found.
struct Lie {
    name: &'static str,
    tell: fn(&mut Network),
    bundles: &'static [&'static str],
    /// The checks that fail, and no others.
    fails: &'static [(&'static str, Option<u64>)],
}

/// Moves one base unit from the first payout of an epoch to the second.
fn move_payout(network: &mut Network, epoch: usize) {
    let trace = &network.traces[epoch - 1];
    let mut payouts = trace.payouts.clone();
    payouts[0].amount -= 1;
    payouts[1].amount += 1;
    let trace = remade(trace, payouts, trace.state_after.clone());
    network.bundle(&epoch.to_string(), trace, DOMAIN());
}

/// Epoch 2 as if `more` credits had waited for the first account.
fn more_waits(network: &mut Network, more: u128) {
    let mut inputs = network.inputs[1].clone();
    inputs.state[0].accrued += U256::from(more);
    let trace = settle(&inputs).unwrap();
    network.bundle("2", trace, DOMAIN());
}

const LIES: &[Lie] = &[
    Lie {
        name: "an epoch is missing",
        tell: |_| {},
        bundles: &["1", "3"],
        fails: &[("epochs", None), ("conservation", None)],
    },
    Lie {
        name: "a bundle of another network",
        tell: |network| {
            let other = Network::new(2, 2).traces.remove(1);
            network.bundle("2", other, DOMAIN());
        },
        bundles: &ALL,
        fails: &[
            ("epochs", None),
            ("conservation", None),
            ("commitment", Some(2)),
            ("policy", Some(2)),
            ("registry", Some(2)),
            ("state", Some(2)),
            ("scores", Some(2)),
            ("settlement", Some(2)),
            ("state", Some(3)),
        ],
    },
    Lie {
        name: "an epoch twice, with different payouts",
        tell: |network| {
            let mut inputs = network.inputs[1].clone();
            inputs.policy.cap_bps = Bps::new(1).unwrap();
            let trace = settle(&inputs).unwrap();
            network.bundle("2b", trace, DOMAIN());
        },
        bundles: &["1", "2", "2b", "3"],
        fails: &[("epochs", None)],
    },
    Lie {
        name: "another domain",
        tell: |network| {
            let trace = network.traces[1].clone();
            network.bundle("2", trace, Domain::evm(1, [0x5e; 20]));
        },
        bundles: &ALL,
        fails: &[("domain", None)],
    },
    Lie {
        name: "more waited than the epoch before left",
        tell: |network| more_waits(network, 1 << 60),
        bundles: &["1", "2"],
        fails: &[
            ("epochs", None),
            ("conservation", None),
            ("commitment", Some(2)),
            ("state", Some(2)),
            ("settlement", Some(2)),
        ],
    },
    Lie {
        name: "a payout moved",
        tell: |network| move_payout(network, 2),
        bundles: &ALL,
        fails: &[("settlement", Some(2))],
    },
    Lie {
        name: "a proof of something else",
        tell: |network| {
            let honest = network.path("2");
            let content = meed_toys::bundles::Content::new(
                &mut network.setup,
                network.traces[0].clone(),
                DOMAIN(),
            );
            let mut files = meed_toys::bundles::Files::load(&honest);
            *files.get("proof.bin") = content.proof.to_vec();
            files.reseal();
            files.store(&honest);
        },
        bundles: &ALL,
        fails: &[("proof", Some(2))],
    },
    Lie {
        name: "a byte of a bundle",
        tell: |network| {
            let path = network.path("3/payouts.csv");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, text.replacen("0,0x", "0,0X", 1)).unwrap();
        },
        bundles: &ALL,
        fails: &[("bundle", None)],
    },
    Lie {
        name: "a record changed",
        tell: |network| {
            let mut inputs = network.inputs[1].clone();
            inputs.records[0].score = 1 << 46;
            network.edit(2, records::FILE, |_| {
                let mut out = Vec::new();
                records::write(&inputs.records, &mut out).unwrap();
                String::from_utf8(out).unwrap()
            });
        },
        bundles: &ALL,
        fails: &[("scores", Some(2)), ("settlement", Some(2))],
    },
    Lie {
        name: "the policy changed",
        tell: |network| {
            let mut rules = network.inputs[1].policy.clone();
            rules.cap_bps = Bps::new(1).unwrap();
            network.write_policy(2, &rules);
        },
        bundles: &ALL,
        fails: &[("policy", Some(2)), ("settlement", Some(2))],
    },
    Lie {
        name: "an owner changed",
        tell: |network| {
            let mut inputs = network.inputs[1].clone();
            for asset in &mut inputs.registry {
                asset.owner = Account::new([9; 20]).unwrap();
            }
            network.edit(2, registries::FILE, |_| {
                let mut out = Vec::new();
                registry(&inputs).write(&mut out).unwrap();
                String::from_utf8(out).unwrap()
            });
        },
        bundles: &ALL,
        fails: &[("registry", Some(2)), ("settlement", Some(2))],
    },
    Lie {
        name: "a fee changed",
        tell: |network| {
            let fee = network.inputs[1].events[0].fee;
            network.edit(2, "events.csv", |text| {
                text.replacen(&fee.to_string(), &(fee + 10_000).to_string(), 1)
            });
        },
        bundles: &ALL,
        fails: &[("scores", Some(2)), ("settlement", Some(2))],
    },
    Lie {
        name: "another salt",
        tell: |network| network.edit(2, "salt.hex", |_| format!("{}\n", "07".repeat(31))),
        bundles: &ALL,
        fails: &[("scores", Some(2))],
    },
    Lie {
        name: "another commitment",
        tell: |network| {
            network.edit(2, "commit.json", |text| {
                let (before, after) = text.split_once("\"scores_root\": \"0x").unwrap();
                format!("{before}\"scores_root\": \"0x{}{}", "0".repeat(64), &after[64..])
            })
        },
        bundles: &ALL,
        fails: &[("commitment", Some(2))],
    },
    Lie {
        name: "a state that the epoch did not start from",
        tell: |network| {
            network
                .edit(2, "state.csv", |text| text.replacen(",", ",1", 2).replacen(",1a", ",a", 1));
        },
        bundles: &ALL,
        fails: &[("state", Some(2)), ("settlement", Some(2))],
    },
    Lie {
        name: "a file that cannot be read",
        tell: |network| network.edit(2, "records.csv", |text| format!("{text}x,y,z\n")),
        bundles: &ALL,
        fails: &[("scores", Some(2))],
    },
];

#[test]
fn every_lie_fails_the_checks_that_it_is_about() {
    let mut wrong = Vec::new();
    for lie in LIES {
        let mut network = Network::new(1, 3);
        (lie.tell)(&mut network);
        let audit = network.audit(lie.bundles, true);
        if failed(&audit) != lie.fails {
            wrong.push(format!(
                "{}: expected {:?}, got {:?}\n{audit}",
                lie.name,
                lie.fails,
                failed(&audit)
            ));
        }
        assert_eq!(audit.result, Outcome::Bad, "{}", lie.name);
        // Neither the salt nor a score is in what it says.
        let text = format!("{audit} {}", serde_json::to_string(&audit).unwrap());
        for inputs in &network.inputs {
            for record in &inputs.records {
                let score = record.score.unsigned_abs().to_string();
                assert!(score.len() < 8 || !text.contains(&score), "{}", lie.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is said of an account: unit, expected, got.
fn of(findings: &[&Finding], account: Account) -> Vec<(Unit, U256, U256)> {
    let of = findings.iter().filter(|finding| finding.account == Some(account));
    of.map(|f| f.difference.expect("amounts")).map(|d| (d.unit, d.expected, d.got)).collect()
}

#[test]
fn a_moved_payout_names_both_accounts_with_both_amounts() {
    let mut network = Network::new(1, 2);
    let payouts: Vec<Payout> = network.traces[1].payouts.clone();
    move_payout(&mut network, 2);
    let audit = network.audit(&["1", "2"], true);
    let found = errors(&audit, "settlement", Some(2));
    assert_eq!(found.len(), 2, "{audit}");
    for (payout, got) in payouts.iter().zip([payouts[0].amount - 1, payouts[1].amount + 1]) {
        let (expected, got) = (U256::from(payout.amount), U256::from(got));
        assert_eq!(of(&found, payout.account), [(Unit::BaseUnits, expected, got)]);
        assert!(audit.to_string().contains(&payout.account.to_string()));
    }
}

#[test]
fn what_waits_is_named_with_its_account() {
    // By the totals alone, and by account with the project.
    let mut network = Network::new(1, 2);
    let entry = network.inputs[1].state[0];
    more_waits(&mut network, 1 << 60);
    let carried = network.traces[0].state_after.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
    let more = U256::from(1u128 << 60);
    let audit: Audit = network.audit(&["1", "2"], false);
    let found = errors(&audit, "epochs", None);
    let difference = found.iter().find_map(|finding| finding.difference).unwrap();
    assert_eq!((difference.expected, difference.got), (carried, carried + more), "{audit}");
    let difference = errors(&audit, "conservation", None)[0].difference.unwrap();
    assert_eq!((difference.unit, difference.got - difference.expected), (Unit::Credits, more));
    let audit = network.audit(&["1", "2"], true);
    let found = errors(&audit, "settlement", Some(2));
    let said = of(&found, entry.account);
    assert!(!said.is_empty(), "{audit}");

    // The project's file against what the bundle before leaves.
    let network = Network::new(1, 2);
    let entry = network.traces[0].state_after[0];
    let from = format!("{},{}\n", entry.account, entry.accrued);
    let to = format!("{},{}\n", entry.account, entry.accrued + U256::from(5));
    network.edit(2, "state.csv", |text| text.replacen(&from, &to, 1));
    let audit = network.audit(&["1", "2"], true);
    let found = errors(&audit, "state", Some(2));
    let expected = (Unit::Credits, entry.accrued, entry.accrued + U256::from(5));
    assert_eq!(of(&found, entry.account), [expected], "{audit}");
}

#[test]
fn a_fee_is_named_with_its_amount() {
    let network = Network::new(1, 1);
    let (fee, total) = (network.inputs[0].events[1].fee, network.traces[0].header.fees_total);
    network.edit(1, "events.csv", |t| t.replacen(&fee.to_string(), &(fee - 7).to_string(), 1));
    let audit = network.audit(&["1"], true);
    let difference = errors(&audit, "scores", Some(1))[0].difference.unwrap();
    let expected = (Unit::BaseUnits, U256::from(total), U256::from(total - 7));
    assert_eq!((difference.unit, difference.expected, difference.got), expected);
    // What it changes is named account by account, and adds up to it.
    let found = errors(&audit, "settlement", Some(1));
    let sum = found.iter().filter_map(|f| f.difference).fold((U256::ZERO, U256::ZERO), |sum, d| {
        let credits = |amount: U256| match d.unit {
            Unit::BaseUnits => amount * credits(1),
            Unit::Credits => amount,
        };
        (sum.0 + credits(d.expected), sum.1 + credits(d.got))
    });
    assert_eq!(sum.1 - sum.0, credits(7), "{audit}");
}

#[test]
fn a_key_file_of_another_circuit_is_told() {
    let network = Network::new(1, 1);
    let mut key = network.key();
    key.circuit = key.circuit.map(|circuit| Circuit { digest: [0; 32], ..circuit });
    let audit = network.audit_with(&["1"], true, &[key]);
    assert_eq!(failed(&audit), [("proof", Some(1))]);
    let insecure = Setup::new(7, true);
    let mut network = Network::new(1, 1);
    network.setup = insecure;
    let trace = network.traces[0].clone();
    network.bundle("1", trace, DOMAIN());
    let audit = network.audit(&["1"], true);
    assert_eq!((audit.result, audit.warnings), (Outcome::Good, 1), "{audit}");
    assert!(audit.to_string().starts_with("!!! INSECURE KEY"), "{audit}");
}
