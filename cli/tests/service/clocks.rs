//! Machines whose clock is an hour off, by libfaketime (Debian's package `faketime`).

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use meed_service::job::Event;
use serde_json::Value;

use super::lab::lab;
use super::postgres::{skipped, Postgres};
use super::processes::{each_done_once, in_order, ready, Client, Deployment, Process};

/// Milliseconds before a second attempt.
const BACKOFF_MS: i64 = 1_500;
/// Milliseconds that a job is kept without a sign of life.
const LEASE_MS: i64 = 5_000;
const HOUR_MS: i64 = 3_600_000;

/// The library that changes what a process sees of the clock.
fn library() -> Option<PathBuf> {
    let places = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
    let folders = places.iter().flat_map(|place| {
        let below = std::fs::read_dir(place).into_iter().flatten().flatten().map(|e| e.path());
        std::iter::once(PathBuf::from(place)).chain(below)
    });
    let file = |folder: PathBuf| folder.join("faketime/libfaketimeMT.so.1");
    let found = folders.map(file).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: needs libfaketime: install the package `faketime`");
    }
    found
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("a time")
}

/// Milliseconds by which a process's clock is ahead, as the first line of its log says.
fn ahead(process: &Process) -> i64 {
    let log = process.log();
    let line: Value = serde_json::from_str(log.lines().next().expect("a line")).expect("JSON");
    let text = line["timestamp"].as_str().expect("a time");
    // 2026-01-31T12:34:56.789Z
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
    let (year, month) = (number(0, 4), number(5, 7));
    // Days since 1970, by the years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + number(8, 10) - 1 - 719_468;
    let seconds = days * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
    seconds * 1_000 - now_ms()
}

/// When something of this kind happened for the nth time, from 0, by the database's clock.
fn at(events: &[Event], kind: &str, nth: usize) -> i64 {
    let found = events.iter().filter(|e| e.kind == kind).nth(nth);
    found.unwrap_or_else(|| panic!("{kind}: {events:#?}")).at
}

/// Starts processes whose clock is off.
struct Off<'a> {
    d: &'a Deployment,
    library: PathBuf,
}

impl Off<'_> {
    fn start(&self, name: &str, by: &str, settings: &[(&str, &str)]) -> (Process, String) {
        let mut command = self.d.command(&[name]);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME", by);
        // A wrong clock is the wall's: how much time passes, every machine knows.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
        for (name, value) in settings {
            command.env(format!("MEED_SERVICE_{name}"), value);
        }
        let mut process = self.d.begin(name, command);
        let address = process.address();
        let (expected, got) = (if by == "+1h" { HOUR_MS } else { -HOUR_MS }, ahead(&process));
        assert!((got - expected).abs() < HOUR_MS / 20, "{name} {by}: {got} ms ahead");
        (process, address)
    }

    fn api(&self, by: &str, token: &str) -> (Process, Client) {
        let (process, address) = self.start("serve", by, &[("WORKER__ENABLED", "false")]);
        (process, Client { address, token: token.to_owned() })
    }

    fn worker(&self, by: &str) -> Process {
        let (process, address) = self.start("worker", by, &[]);
        ready(&address);
        process
    }
}

#[test]
fn clocks_that_are_an_hour_off_change_nothing() {
    let Some(library) = library() else { return };
    let (lab, _alone) = lab();
    if skipped() {
        return;
    }
    let postgres = Postgres::start();
    let d = Deployment::new(lab, Some(postgres.url()))
        .with("WORKER__LEASE_MS", &LEASE_MS.to_string())
        .with("WORKER__BACKOFF_MS", &BACKOFF_MS.to_string());
    let token = d.token("acme", "submit,read,operate");
    let off = Off { d: &d, library };
    let ((_early, early), (_late, late)) = (off.api("+1h", &token), off.api("-1h", &token));
    let (fast, mut slow) = (off.worker("+1h"), off.worker("-1h"));

    // Submitted to one or the other, in any order: leases hold for whole proofs, and the order holds.
    let mut ids = Vec::new();
    for (c, epoch) in [(&early, 3), (&late, 1), (&early, 2), (&late, 4)] {
        for network in ["one", "two"] {
            ids.push((c.queue(&format!("{network}-{epoch}"), &lab.body(network, epoch)), epoch));
        }
    }
    let mut jobs = Vec::new();
    for (id, epoch) in &ids {
        let job = late.until(id, "done", 120);
        assert_eq!((&job["attempt"], &job["failures"]), (&1.into(), &0.into()), "{job:#}");
        assert_eq!(job, early.job(id));
        lab.verify(&early.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, *epoch as u64);
        for field in ["created_at", "started_at", "finished_at"] {
            let error = job[field].as_i64().expect("a time") - now_ms();
            assert!(error.abs() < HOUR_MS / 4, "{field} is {error} ms off: {job:#}");
        }
        jobs.push(job);
    }
    in_order(&jobs);
    each_done_once(&d, &ids.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    // Both are known to be alive, whoever asks.
    for c in [&early, &late] {
        assert_eq!(c.get("/v1/workers").expect(200).json().as_array().map(Vec::len), Some(2));
    }

    // A killed worker's job comes back when its lease has ended, neither at once nor an hour later, and
    // waits before its next attempt: whichever clock the worker had, and whichever the next one has.
    slow.signal("TERM");
    assert!(slow.ended(60).success());
    let mut worker = fast;
    for (c, next, network) in [(&late, "-1h", "three"), (&early, "+1h", "four")] {
        let id = c.queue(network, &lab.body(network, 1));
        c.until_proving(&id);
        worker.kill();
        worker = off.worker(next);
        let job = c.until(&id, "done", 60);
        assert_eq!((&job["attempt"], &job["failures"]), (&2.into(), &1.into()), "{job:#}");
        let events = d.events(std::slice::from_ref(&id)).remove(0);
        let (begun, lost) = (at(&events, "claimed", 0), at(&events, "expired", 0));
        assert!((LEASE_MS..HOUR_MS / 4).contains(&(lost - begun)), "{events:#?}");
        let waited = at(&events, "claimed", 1) - lost;
        assert!((BACKOFF_MS..HOUR_MS / 4).contains(&waited), "{events:#?}");
        each_done_once(&d, &[id]);
    }
}
