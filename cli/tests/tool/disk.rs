//! A full disk, an interrupted run, a second process.
#![cfg(unix)]

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::world::{id, Said, World};

const PROGRAM: &str = env!("CARGO_BIN_EXE_meed");

/// No file may grow past so many kB: writing fails in the middle, as on a full disk.
fn limited(w: &World, kilobytes: u32, args: &str) -> Said {
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {PROGRAM} {args}");
    Said::of(w.command("bash", &["-c", &script]).output().expect("bash runs"))
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    let w = World::new();
    let events: String = (0..300).map(|i| format!("{},1000,svc,mod\n", id(i))).collect();
    w.events(&events);
    let scores: String = (0..300).map(|i| format!("{i},a,1\n")).collect();
    w.scores(&scores);
    let import = "-p net scores import scores.csv --events events.csv";
    let before = w.snapshot();
    limited(&w, 4, import).expect(4, &["cannot write", "File too large"]);
    assert!(before == w.snapshot());
    w.import().expect(0, &[]);
    let before = w.snapshot();
    limited(&w, 4, import).expect(4, &["cannot write"]);
    assert!(before == w.snapshot(), "the earlier import is still there, whole");
    limited(&w, 0, "-p net commit").expect(4, &["cannot write"]);
    assert!(before == w.snapshot());
    w.net(&["commit"]).expect(0, &[]);
    let before = w.snapshot();
    limited(&w, 0, "-p net settle").expect(4, &["cannot write"]);
    assert!(before == w.snapshot());
    limited(&w, 1_000, "setup XS --insecure-local").expect(4, &["File too large"]);
    let keys: Vec<_> = std::fs::read_dir(w.path("keys")).unwrap().collect();
    assert!(keys.is_empty(), "{keys:?}");
}

/// Starts the program, sends it Ctrl-C once it is at work, and waits for its end.
fn interrupt(w: &World, args: &[&str], after: Duration) -> Said {
    let child = w
        .command(PROGRAM, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(after);
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    Said::of(child.wait_with_output().expect("the program ends"))
}

#[test]
fn ctrl_c_while_hashing_leaves_the_registry() {
    let w = World::new();
    // Hashing this takes minutes; on disk it takes nothing.
    File::create(w.path("data/huge.bin")).unwrap().set_len(1 << 40).unwrap();
    let owner = super::world::owner(7);
    let args = ["-p", "net", "registry", "add", "huge", "--kind", "dataset", "--owner", &owner];
    let args = [&args[..], &["--path", "data/huge.bin"]].concat();
    let before = std::fs::read(w.path("net/registry.csv")).unwrap();
    let start = Instant::now();
    let said = interrupt(&w, &args, Duration::from_millis(500));
    said.expect(130, &["interrupted"]);
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(std::fs::read(w.path("net/registry.csv")).unwrap(), before);
    w.net(&["registry", "check"]).expect(0, &["4 assets"]);
}

#[test]
fn ctrl_c_during_a_set_up_leaves_no_key() {
    let w = World::empty();
    // A set-up of this shape takes much longer than this.
    let said = interrupt(&w, &["setup", "M", "--insecure-local"], Duration::from_millis(700));
    said.expect(130, &["interrupted; what was not finished left no files"]);
    assert!(!w.path("keys").exists());
}

#[test]
fn two_processes_do_not_write_at_once() {
    let w = World::new();
    File::create(w.path("data/huge.bin")).unwrap().set_len(1 << 40).unwrap();
    let owner = super::world::owner(7);
    let args = ["-p", "net", "registry", "add", "huge", "--kind", "dataset", "--owner", &owner];
    let args = [&args[..], &["--path", "data/huge.bin"]].concat();
    let mut first =
        w.command(PROGRAM, &args).stderr(Stdio::null()).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_millis(500));
    let second = w.net(&["registry", "add", "--from", "assets.csv"]);
    first.kill().expect("it still runs");
    first.wait().expect("it ends");
    second.expect(4, &["another meed process is at work"]);
    // A killed process leaves no lock behind.
    w.net(&["registry", "check"]).expect(0, &[]);
    w.net(&["registry", "add", "--from", "assets.csv"]).expect(3, &["is there twice"]);
}
