//! Whatever is wrong with a file: the exit code, the file and the row in the message, and nothing
//! changed on disk.

use super::world::{id, owner, World};

const IMPORT: [&str; 5] = ["scores", "import", "scores.csv", "--events", "events.csv"];

/// An NPY matrix of f32.
fn npy(rows: usize, columns: usize, numbers: &[f32]) -> Vec<u8> {
    let dict =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((dict.len() as u16).to_le_bytes());
    file.extend(dict.as_bytes());
    file.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    file
}

#[test]
fn scores_that_are_none() {
    let w = World::new();
    let cases = [
        ("0,a,1\n0,b,NaN\n", "scores.csv, line 3: score: expected a number, got NaN"),
        ("0,a,inf\n", "scores.csv, line 2: score: expected a finite number"),
        ("0,a,-Infinity\n", "scores.csv, line 2: score: expected a finite number"),
        ("0,a,40000\n", "scores.csv, line 2: score: out of range: with 32 fraction bits"),
        ("0,a,1\n0,b,-32768\n", "scores.csv, line 3: score: out of range"),
        ("0,a,one\n", "scores.csv, line 2: score: expected a decimal number"),
    ];
    for (rows, message) in cases {
        w.scores(rows);
        w.fails(&IMPORT, 3, &[message]);
    }
    for (bad, message) in [
        (f32::NAN, "scores.npy, row 1, column 2 (from 0): score: expected a number, got NaN"),
        (f32::INFINITY, "scores.npy, row 1, column 2 (from 0): score: expected a finite number"),
        (1e20, "scores.npy, sum of event 1 and asset 2 (from 0): score: out of range"),
    ] {
        let mut numbers = [1.0f32; 8];
        numbers[6] = bad;
        w.file("scores.npy", npy(2, 4, &numbers));
        w.file("columns.csv", "column,asset\n0,a\n1,b\n2,svc\n3,mod\n");
        let import = "scores import scores.npy --events events.csv --events-in-order \
                      --columns columns.csv";
        w.fails(&import.split_whitespace().collect::<Vec<_>>(), 3, &[message]);
    }
}

#[test]
fn scores_of_nothing_known_or_twice() {
    let w = World::new();
    let cases = [
        ("0,a,1\n0,zebra,1\n".to_owned(), "scores.csv, line 3: asset \"zebra\" is unknown"),
        ("7,a,1\n".to_owned(), "scores.csv, line 2: event \"7\" is unknown"),
        (
            format!("{},a,1\n", id(9)),
            "scores.csv, line 2: event \"00000000000000000000000000000009\" is unknown",
        ),
        (
            format!("0,a,1\n1,a,1\n{},a,2\n", id(1)),
            "scores.csv, line 4: pair (event 0, asset 0) is there twice: first on line 2",
        ),
    ];
    for (rows, message) in cases {
        w.scores(&rows);
        w.fails(&IMPORT, 3, &[message]);
    }
}

#[test]
fn unsorted_scores_are_sorted_and_that_is_said() {
    let w = World::new();
    w.scores("1,a,1\n0,b,0.5\n0,a,0.25\n");
    w.import().expect(0, &["sorted", "kept      3 records"]);
    let records = std::fs::read_to_string(w.path("net/epochs/1/records.csv")).unwrap();
    assert_eq!(records, "event,asset,score\n0,0,1073741824\n0,1,2147483648\n1,0,4294967296\n");
}

#[test]
fn events_that_are_none() {
    let w = World::new();
    w.scores("0,a,1\n");
    let first = format!("{},1,svc,mod\n", id(1));
    let most = (1u128 << 80) - 1;
    let cases = [
        (format!("{first}{first}"), "events.csv, line 3: event 00000000000000000000000000000001 is there twice: first on line 2"),
        (format!("{},{},svc,mod\n", id(1), 1u128 << 80), "events.csv, line 2: fee: expected a whole number up to"),
        (format!("{},99999999999999999999999999999999999999999,svc,mod\n", id(1)), "events.csv, line 2: fee: expected"),
        (format!("{},1,nosuch,mod\n", id(1)), "events.csv, line 2: service \"nosuch\" is unknown"),
        (format!("{},1,a,mod\n", id(1)), "events.csv, line 2: service: expected an asset of kind service"),
        (format!("{},1,svc,a\n", id(1)), "events.csv, line 2: model: expected an asset of kind model or adapter"),
        ("1234,1,svc,mod\n".to_owned(), "events.csv, line 2: id: expected 32 hexadecimal digits"),
        (
            (0..4_097).map(|i| format!("{},{most},svc,mod\n", id(i))).collect(),
            "events.csv, line 4098: sum of the fees: expected less than 2^92",
        ),
    ];
    for (rows, message) in cases {
        w.events(&rows);
        w.fails(&IMPORT, 3, &[message]);
    }
}

#[test]
fn assets_that_are_none() {
    let w = World::new();
    w.file("data/c.txt", "c");
    w.file("data/d.txt", "d");
    let row = |name: &str, path: &str, penalty: u32, edges: &str| {
        format!("{name},dataset,{},data/{path}.txt,{penalty},{edges}\n", owner(5))
    };
    let cases = [
        // A cycle needs an edge forward, or to itself.
        (row("c", "c", 0, "d:100") + &row("d", "d", 0, "c:100"), "assets.csv, line 2: parent \"d\" is unknown: an edge leads to an asset on an earlier line"),
        (row("c", "c", 0, "c:100"), "assets.csv, line 2: edges: expected edges to other assets"),
        (row("c", "c", 0, "a:9000;b:1001"), "assets.csv, line 2: sum of edges and penalty: expected at most 10000 bps, got \"10001\""),
        (row("c", "c", 5_000, "a:5001"), "assets.csv, line 2: sum of edges and penalty: expected at most 10000 bps"),
        (row("c", "c", 10_001, ""), "assets.csv, line 2: penalty_bps: expected a whole number up to 10000"),
        (row("c", "c", 0, "") + &row("d", "a", 0, ""), "assets.csv, line 3: content hash"),
        (row("a", "c", 0, ""), "assets.csv, line 2: asset \"a\" is there twice: first on line 2 of registry.csv"),
        (row("c", "c", 0, "a:1;b:1;svc:1;mod:1;a:1"), "assets.csv, line 2: edges: expected one edge to a parent"),
        (format!("c,dataset,0x{:040},data/c.txt,0,\n", 0), "assets.csv, line 2: owner: expected an account (the zero address"),
    ];
    for (rows, message) in cases {
        w.assets(&rows);
        w.fails(&["registry", "add", "--from", "assets.csv"], 3, &[message]);
    }
    w.assets(&row("c", "nosuch", 0, ""));
    w.fails(&["registry", "add", "--from", "assets.csv"], 4, &["cannot read data/nosuch.txt"]);
    let add = ["registry", "add", "c", "--kind", "dataset", "--path", "data/a.txt", "--owner"];
    w.fails(&[&add[..], &[&owner(5)]].concat(), 3, &["content hash", "(of \"a\")"]);
}

#[test]
fn a_registry_that_was_broken_by_hand() {
    let w = World::new();
    let path = w.path("net/registry.csv");
    let good = std::fs::read_to_string(&path).unwrap();
    for (from, to, message) in [
        ("b:500", "mod:500", "registry.csv, line 5: edges: expected edges to other assets"),
        ("a:3000", "svc:3000", "registry.csv, line 3: parent \"svc\" is unknown"),
        ("0,a:3000", "8000,a:3000", "registry.csv, line 3: sum of edges and penalty"),
        (",edges", "", "registry.csv, line 1: header: expected name,kind,owner"),
    ] {
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        w.fails(&["registry", "check"], 3, &[message]);
        w.fails(&["registry", "list"], 3, &[message]);
    }
}

#[test]
fn a_policy_that_was_broken_by_hand() {
    let w = World::new();
    let path = w.path("net/policy.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    w.scores("0,a,1\n");
    for (from, to, message) in [
        (
            "data = 6000",
            "data = 6001",
            "policy.toml, line 5: sum of the five shares: expected 10000 bps, got \"10001\"",
        ),
        (
            "cap_bps = 10000",
            "cap_bps = 10001",
            "payouts.cap_bps: expected a whole number up to 10000",
        ),
        ("cap_bps", "cap", "unknown field `cap`"),
    ] {
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        w.fails(&IMPORT, 3, &[message]);
    }
}

/// Valid: everything waits.
#[test]
fn an_empty_epoch() {
    let w = World::new();
    w.scores("");
    w.events("");
    w.import().expect(0, &["kept      0 records"]);
    w.net(&["commit"]).expect(0, &["0 events, 0 records"]);
    w.net(&["settle"]).expect(0, &["Paid now: 0 units to 0 accounts"]);
}

/// Valid: the data share goes to the remainder account.
#[test]
fn an_event_without_counted_score() {
    let w = World::new();
    w.scores("0,a,-1\n1,a,1\n");
    w.import().expect(0, &[]);
    w.net(&["commit"]).expect(0, &[]);
    let said = w.net(&["settle", "--json"]);
    said.expect(0, &[]);
    let json = said.json();
    assert_eq!((&json["events_without_points"], &json["counted"]), (&1.into(), &1.into()));
    // The platform is the remainder account here: 10 % of all fees, 60 % of the first.
    let accounts = json["accounts"].as_array().unwrap();
    let platform = accounts.iter().find(|a| a["account"] == owner(99)).unwrap();
    assert_eq!(platform["amount"], "75000");
    w.net(&["settle"]).expect(0, &["1 events have no counted score"]);
}

#[test]
fn an_epoch_too_large_for_any_shape() {
    let w = World::new();
    let events: String = (0..300).map(|i| format!("{},1000,svc,mod\n", id(i))).collect();
    w.events(&events);
    w.scores("0,a,1\n299,b,1\n");
    w.import().expect(0, &["298 events have no record"]);
    w.net(&["commit"]).expect(0, &[]);
    w.net(&["settle"]).expect(0, &["too large for the largest shape"]);
    w.fails(
        &["prove"],
        3,
        &[
            "the largest shape, M, holds 1024 assets, 256 events",
            "the epoch has 4 assets, 300 events",
        ],
    );
    w.fails(&["prove", "--shape", "XS"], 3, &["shape XS holds 8 assets, 4 events"]);
}

#[test]
fn commands_out_of_order() {
    let w = World::new();
    w.fails(&["commit"], 2, &["expected an epoch: import events and scores"]);
    w.fails(&["settle", "--epoch", "3"], 2, &["expected epoch 3: import its scores first"]);
    w.scores("0,a,1\n");
    w.import().expect(0, &[]);
    w.fails(&["prove"], 2, &["run `meed commit` first"]);
    w.net(&["commit"]).expect(0, &[]);
    w.fails(&["prove"], 2, &["expected a key of shape XS", "meed setup"]);
    w.import().expect(0, &["Imported epoch 2"]);
    w.fails(&["commit"], 2, &["expected epoch 1 to be settled"]);
    w.run(&["-p", "nosuch", "commit"]).expect(2, &["expected a project", "meed init"]);
    w.run(&["init", "net", "--platform", &owner(1)]).expect(2, &["new or empty folder"]);
    w.run(&["init", "net2", "--platform", "0x0"]).expect(2, &["--platform"]);
    let shares = "--shares=1,2,3,4,5";
    w.run(&["init", "net2", "--platform", &owner(1), shares])
        .expect(2, &["sum of the five shares"]);
    w.run(&["nosuch"]).expect(2, &[]);
    assert!(!w.path("net2").exists());
}

#[test]
fn a_committed_epoch_that_was_changed() {
    let w = World::new();
    w.scores("0,a,1\n0,b,2\n");
    w.import().expect(0, &[]);
    w.net(&["commit"]).expect(0, &["Committed to epoch 1"]);
    w.net(&["commit"]).expect(0, &["nothing changed since"]);
    let path = w.path("net/epochs/1/records.csv");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace("4294967296", "4294967297")).unwrap();
    for command in ["commit", "settle", "prove"] {
        w.fails(&[command], 3, &["commit.json: scores_root: expected", "as committed"]);
    }
    std::fs::write(&path, good.replace("0,0,", "0,9,")).unwrap();
    w.fails(&["settle"], 3, &["records.csv, line 2: asset: expected an index below 4"]);
}

#[test]
fn matrices_that_do_not_fit() {
    let w = World::new();
    let import = |more: &'static str| {
        let line = "scores import scores.npy --events events.csv";
        line.split(' ').chain(more.split_whitespace()).collect::<Vec<_>>()
    };
    let in_order = "--events-in-order --columns columns.csv";
    w.file("columns.csv", "column,asset\n0,a\n1,a\n");
    w.file("scores.npy", npy(3, 4, &[1.0; 12]));
    w.fails(&import(in_order), 3, &["shape: expected events: 2, one for each event", "3 x 4"]);
    w.file("scores.npy", npy(2, 3, &[1.0; 6]));
    w.fails(&import(""), 3, &["nothing says which events the scores are of", "--event-ids FILE"]);
    let unbound = ["nothing says whose the scores are", "--columns FILE", "--items FILE"];
    w.fails(&import("--events-in-order"), 3, &unbound);
    w.fails(&import(in_order), 3, &["columns.csv: columns: expected all 3", "column 2 is missing"]);
    w.file("columns.csv", "column,asset\n0,a\n1,zebra\n2,b\n");
    w.fails(&import(in_order), 3, &["columns.csv, line 3: asset \"zebra\" is unknown"]);
    w.file("scores.npy", &npy(2, 3, &[1.0; 6])[..70]);
    w.fails(&import(in_order), 3, &["scores.npy: length: expected"]);
    w.file("scores.npy", "not numpy at all");
    w.fails(&import(in_order), 3, &["scores.npy: magic: expected an NPY file"]);
    w.file("scores.npy", b"\x80\x04\x95 a pickle");
    w.fails(&import(in_order), 3, &["a pickle can run any program", "tools/meed-export"]);
}

/// By ids, with an item that is nobody's, scores divided, and what was dropped weighed: twice the same.
#[test]
fn a_matrix_bound_by_ids() {
    let w = World::new();
    w.file("scores.npy", npy(2, 3, &[1.0, 2.0, 5.0, 3.0, 1.0, -1.0]));
    w.file("ids.txt", "x\ny\nz\n");
    w.file("events.txt", format!("{}\n{}\n", id(2), id(1)));
    w.file("items.csv", "item,asset\nx,a\ny,b\nz,-\n");
    let import = "scores import scores.npy --events events.csv --event-ids events.txt \
                  --item-ids ids.txt --items items.csv --normalise sum --top 1";
    let import: Vec<&str> = import.split_whitespace().collect();
    let said = w.net(&import);
    said.expect(
        0,
        &["read      6 numbers (npy), 4 pairs", "ignored   2 scores", "kept      2 records"],
    );
    said.expect(0, &["dropped   2 not among the --top of their event: mass 0.58333"]);
    let read =
        |name: &str| std::fs::read_to_string(w.path(&format!("net/epochs/1/{name}"))).unwrap();
    let (records, about) = (read("records.csv"), read("import.json"));
    // 3/4 and 2/3 of 2^32.
    assert_eq!(records, "event,asset,score\n0,0,3221225472\n1,1,2863311531\n");
    assert!(
        about.contains("\"items_by\": \"item ids\"") && !about.contains("/items.csv"),
        "{about}"
    );
    w.net(&import).expect(0, &["Imported epoch 1"]);
    assert_eq!(about, read("import.json"));
}
