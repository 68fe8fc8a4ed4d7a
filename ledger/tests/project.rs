//! A project through two epochs, and what happens when its files change on the way.

use std::fs;
use std::path::Path;

use meed_ledger::decimal::Exact;
use meed_ledger::events::Events;
use meed_ledger::project::Project;
use meed_ledger::registry::Registry;
use meed_ledger::LedgerError;
use meed_statement::synthetic::{policy, Source};
use meed_statement::types::Record;
use serde_json::json;

const ID: &str = "00112233445566778899aabbccddeeff";

fn registry() -> Registry {
    let mut text = "name,kind,owner,content_hash,penalty_bps,edges\n".to_owned();
    for (i, kind) in ["dataset", "dataset", "service", "model"].iter().enumerate() {
        text += &format!("a{i},{kind},0x{:040x},{i:032x}{:032x},0,\n", i + 1, 0);
    }
    Registry::parse(Path::new("registry.csv"), text.as_bytes()).unwrap()
}

fn fill(project: &Project, events: &str, rows: &str) -> Result<u64, LedgerError> {
    let registry = project.registry()?;
    let text = format!("id,fee,service,model\n{events}");
    let events = Events::parse(Path::new("events.csv"), text.as_bytes(), &registry)?;
    let bits = project.policy()?.fraction_bits;
    let record = |row: &str| {
        let mut fields = row.split(',');
        let mut field = || fields.next().unwrap();
        let event = events.index(field()).unwrap();
        let asset = registry.index(field()).unwrap();
        let score = field().parse::<Exact>().unwrap().to_fixed(bits).unwrap().value;
        Record { event, asset, score }
    };
    let records: Vec<Record> = rows.lines().map(record).collect();
    project.save_import(&events, &records, &registry, bits, json!({}))
}

fn project() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let mut rules = policy(&mut Source::new(3));
    rules.min_payout = 2_000;
    let project = Project::create(&folder.path().join("net"), &rules).unwrap();
    assert_eq!(project.policy().unwrap(), rules);
    project.save_registry(&registry()).unwrap();
    (folder, project)
}

fn error<T: std::fmt::Debug>(result: Result<T, LedgerError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn two_epochs() {
    let (_folder, project) = project();
    assert!(error(project.last_epoch()).contains("expected an epoch"));
    let event = format!("{ID},10000,a2,a3\n");
    assert_eq!(fill(&project, &event, "0,a0,1\n0,a1,0.5\n").unwrap(), 1);
    // Importing again replaces the open epoch.
    assert_eq!(fill(&project, &event, "0,a0,2\n0,a1,1\n").unwrap(), 1);
    let (draft, _) = project.settle(1).unwrap();
    assert!(!draft.committed);
    assert!(error(project.save_settlement(1, &project.settle(1).unwrap().1)).contains("committed"));
    let first = project.commit(1).unwrap();
    assert_eq!(project.commit(1).unwrap(), first);
    let (epoch, trace) = project.settle(1).unwrap();
    assert!(epoch.committed);
    assert_eq!(trace.header.fees_total, 10_000);
    // Nothing but what waits: 2,000 is the minimum.
    assert!(!trace.state_after.is_empty());

    // A committed epoch is closed; the next one needs its settlement.
    assert_eq!(fill(&project, "", "").unwrap(), 2);
    assert!(error(project.commit(2)).contains("expected epoch 1 to be settled"));
    project.save_settlement(1, &trace).unwrap();
    project.save_settlement(1, &trace).unwrap();
    // No event: everything waits.
    project.commit(2).unwrap();
    let (epoch, second) = project.settle(2).unwrap();
    assert_eq!(epoch.inputs.state, trace.state_after);
    assert_eq!(second.state_after, trace.state_after);
    assert!(second.payouts.is_empty());
}

#[test]
fn what_is_committed_does_not_change() {
    let (_folder, project) = project();
    fill(&project, &format!("{ID},10000,a2,a3\n"), "0,a0,1\n").unwrap();
    project.commit(1).unwrap();
    // Later rules and assets are for later epochs.
    let mut later = project.policy().unwrap();
    later.min_payout = 7;
    let text = meed_ledger::policy::to_toml(&later);
    fs::write(project.root().join("policy.toml"), text).unwrap();
    project.save_registry(&Registry::default()).unwrap();
    project.settle(1).unwrap();
    for name in ["records.csv", "events.csv", "policy.toml", "registry.csv", "salt.hex"] {
        let path = project.epoch_dir(1).join(name);
        let before = fs::read_to_string(&path).unwrap();
        let changed = match name {
            "records.csv" => "event,asset,score\n0,0,5\n".to_owned(),
            "salt.hex" => "00".repeat(31),
            "policy.toml" => before.replace("min_payout = \"2000\"", "min_payout = \"2001\""),
            "registry.csv" => before.replace("a0,dataset", "a0,adapter"),
            _ => before.replace("10000", "10001"),
        };
        assert_ne!(before, changed);
        fs::write(&path, &changed).unwrap();
        let text = error(project.load(1));
        assert!(text.contains("commit.json: ") && text.contains("as committed"), "{name}: {text}");
        assert!(error(project.commit(1)).contains("as committed"));
        fs::write(&path, before).unwrap();
        project.load(1).unwrap();
    }
}

#[test]
fn records_stay_with_the_assets_and_bits_they_were_imported_with() {
    let (_folder, project) = project();
    fill(&project, &format!("{ID},10000,a2,a3\n"), "0,a0,1\n").unwrap();
    let policy_path = project.root().join("policy.toml");
    let before = fs::read_to_string(&policy_path).unwrap();
    let fewer = before.replace("fraction_bits = 32", "fraction_bits = 31");
    fs::write(&policy_path, fewer).unwrap();
    assert!(error(project.commit(1)).contains("fraction_bits: expected 31"));
    fs::write(&policy_path, before).unwrap();
    let path = project.root().join("registry.csv");
    let rows = fs::read_to_string(&path).unwrap();
    fs::write(&path, rows.replace("a0,", "z0,")).unwrap();
    assert!(error(project.commit(1)).contains("expected the assets that registry.csv starts with"));
    // Appending is allowed.
    let more = format!("z,dataset,0x{:040x},{:032x}{:032x},0,\n", 9, 9, 9);
    fs::write(&path, format!("{rows}{more}")).unwrap();
    assert_eq!(project.commit(1).unwrap().assets, 5);
}

#[test]
fn one_process_at_a_time() {
    let (_folder, project) = project();
    let other = Project::open(project.root());
    assert!(matches!(other, Err(LedgerError::Busy { .. })), "{other:?}");
    Project::open_to_read(project.root()).unwrap();
    let root = project.root().to_owned();
    drop(project);
    Project::open(&root).unwrap();
}

#[test]
fn projects_do_not_grow_over_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "").unwrap();
    let rules = policy(&mut Source::new(3));
    assert!(error(Project::create(folder.path(), &rules)).contains("new or empty folder"));
    assert!(error(Project::open(folder.path())).contains("meed init"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let empty = folder.path().join("a/b");
    fs::create_dir_all(&empty).unwrap();
    Project::create(&empty, &rules).unwrap();
}

#[cfg(unix)]
#[test]
fn secrets_are_for_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, project) = project();
    fill(&project, &format!("{ID},10000,a2,a3\n"), "0,a0,1\n").unwrap();
    project.commit(1).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let epoch = project.epoch_dir(1);
    assert_eq!(mode(&epoch), 0o700);
    assert_eq!(mode(&epoch.join("salt.hex")), 0o600);
    assert_eq!(mode(&epoch.join("records.csv")), 0o600);
    let loaded = project.load(1).unwrap();
    let salt = fs::read_to_string(epoch.join("salt.hex")).unwrap();
    assert!(!format!("{loaded:?}").contains(salt.trim()));
}
