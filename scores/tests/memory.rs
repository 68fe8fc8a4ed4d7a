//! Importing takes the memory of its windows and sums, not that of the matrix. Each case runs in a process of
//! its own, whose peak the kernel counts.
#![cfg(target_os = "linux")]

mod world;

use std::fs::File;
use std::io::Write;
use std::process::Command;

use meed_scores::Orientation;
use world::{dict, npy, options, world};

/// Bytes of the matrix, which has holes for its zeros.
const BYTES: u64 = 512 << 20;
/// The process may have this much resident, of whatever kind.
const MOST: u64 = 192 << 20;
const ASSETS: usize = 100;
const CASE: &str = "MEED_MEMORY_CASE";

/// What the child runs; without the variable it is nothing.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    let fields: Vec<&str> = case.split(' ').collect();
    let [descr, size, events, orientation] = fields[..] else { panic!("four fields") };
    let (size, events): (u64, usize) = (size.parse().unwrap(), events.parse().unwrap());
    let items = BYTES / size / events as u64;
    let (shape, orientation) = match orientation {
        "test_x_train" => (format!("{events}, {items}"), Orientation::TestXTrain),
        _ => (format!("{items}, {events}"), Orientation::TrainXTest),
    };
    let w = world(ASSETS, events);
    let header = npy(&dict(descr, false, &shape), 1, &[]);
    let mut file = File::create(w.path("scores.npy")).unwrap();
    file.write_all(&header).unwrap();
    file.set_len(header.len() as u64 + items * size * events as u64).unwrap();
    let mut columns = std::io::BufWriter::new(File::create(w.path("columns.csv")).unwrap());
    writeln!(columns, "column,asset").unwrap();
    (0..items).for_each(|i| writeln!(columns, "{i},a{}", i % ASSETS as u64).unwrap());
    columns.flush().unwrap();
    let got = w.import_with("scores.npy", &options(2), |request, paths| {
        request.naming.columns = paths.columns();
        request.naming.events_in_order = true;
        request.orientation = Some(orientation);
    });
    assert_eq!(got.unwrap().summary.cells, items * events as u64);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = line.trim().trim_end_matches(" kB");
    writeln!(std::io::stdout(), "peak {peak}").unwrap();
}

#[test]
fn memory_does_not_grow_with_the_matrix() {
    // The last one needs several passes: its sums alone would take 430 MB.
    for case in [
        "<f4 4 512 test_x_train",
        "<f4 4 512 train_x_test",
        "<f2 2 128 test_x_train",
        "<f8 8 8192 train_x_test",
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CASE, case)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{case}: {text}");
        let peak = text.lines().find_map(|line| line.strip_prefix("peak ")).unwrap();
        let peak = peak.parse::<u64>().unwrap() << 10;
        assert!(peak <= MOST, "{case}: {} MiB", peak >> 20);
    }
}
