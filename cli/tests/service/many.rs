//! Many jobs over four workers, while things go wrong.

use std::time::{Duration, Instant};

use meed_service::job::Event;

use super::figures::{hardware, overhead, ROUNDS};
use super::lab::{lab, EPOCHS};
use super::postgres::{skipped, Postgres};
use super::processes::{in_order, wait, wait_every, Client, Deployment};

/// Says another number of jobs.
pub(crate) const JOBS_VARIABLE: &str = "MEED_SERVICE_JOBS";
/// Jobs, unless it does.
const JOBS: usize = 24;

fn jobs() -> usize {
    match std::env::var(JOBS_VARIABLE) {
        Ok(text) => text.parse().expect("MEED_SERVICE_JOBS: expected a number"),
        Err(_) => JOBS,
    }
}

#[test]
fn each_job_is_done_once_whatever_happens() {
    let (lab, _alone) = lab();
    if skipped() {
        return;
    }
    let postgres = Postgres::start();
    let d = Deployment::new(lab, Some(postgres.url()));
    let token = d.token("acme", "submit,read,operate");
    let (api, address) = d.api();
    let c = Client { address, token };
    // A lease that one restart of the database does not end.
    let lease = [("WORKER__LEASE_MS", "6000"), ("WORKER__MOST_FAILURES", "10")];
    let mut workers: Vec<_> = (0..4).map(|_| d.worker(&lease)).collect();

    let count = jobs();
    let start = Instant::now();
    let submitted: Vec<(String, u64, Duration)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|t| {
                let (c, lab) = (&c, &lab);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    for i in (t..count).step_by(4) {
                        // The epochs of a network in any order.
                        let (network, epoch) = (i / EPOCHS, EPOCHS - i % EPOCHS);
                        let last = (count - network * EPOCHS).min(EPOCHS);
                        let epoch = epoch - (EPOCHS - last);
                        let body = lab.body(&format!("n{network}"), epoch);
                        let asked = Instant::now();
                        let id = c.queue(&format!("k{i}"), &body);
                        done.push((id, epoch as u64, asked.elapsed()));
                    }
                    done
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect()
    });
    let ids: Vec<String> = submitted.iter().map(|(id, ..)| id.clone()).collect();
    let count_of = |state: &str| {
        let text = String::from_utf8(c.get("/metrics").body).unwrap_or_default();
        let line =
            text.lines().find_map(|l| l.strip_prefix(&format!("meed_jobs{{state=\"{state}\"}} ")));
        line.and_then(|n| n.parse::<usize>().ok())
    };
    let patience = 600 + 5 * count as u64;
    let done_at_least = |n: usize| {
        let period = Duration::from_millis(500);
        wait_every(period, "jobs", patience, || count_of("done").filter(|done| *done >= n));
    };

    // A worker dies, one stalls beyond its lease, the database is cut off, and all of them come back.
    done_at_least(count / 8);
    let fault = Instant::now();
    workers.remove(0).kill();
    workers[0].signal("STOP");
    done_at_least(count / 4);
    postgres.down();
    postgres.up();
    workers.push(d.worker(&lease));
    std::thread::sleep(Duration::from_millis(6_500));
    workers[0].signal("CONT");
    let held = wait("no job of a lost worker to be left", 120, || {
        let running: usize = count_of("running")?;
        (running <= 4).then_some(running)
    });
    done_at_least(count);
    let total = start.elapsed();

    let all = c.jobs();
    let lost = ids.iter().filter(|id| !all.iter().any(|job| job["id"] == id.as_str())).count();
    let events = d.events(&ids);
    let ends = |list: &Vec<Event>| list.iter().filter(|e| e.kind == "done").count();
    let done = events.iter().filter(|list| ends(list) > 0).count();
    let twice: usize = events.iter().map(|list| ends(list).saturating_sub(1)).sum();
    assert_eq!((all.len(), lost, done, twice), (count, 0, count, 0), "jobs, lost, done, twice");
    for state in ["queued", "running", "failed", "dead", "cancelled"] {
        assert_eq!(count_of(state), Some(0), "{state}");
    }
    in_order(&all);
    for (id, epoch, _) in &submitted {
        lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, *epoch);
    }
    let published = d.stored().len() - d.witnesses();
    drop(workers);

    // The cost of one job, when nothing else is to be done.
    let worker = d.worker(&lease);
    let (service, alone) = overhead(lab, &c, &[&api, &worker], &d.path("alone"));

    let mut times: Vec<Duration> = submitted.iter().map(|(.., time)| *time).collect();
    times.sort_unstable();
    let percentile = |p: usize| times[(times.len() * p).div_ceil(100) - 1].as_secs_f64() * 1_000.0;
    let recovered: Vec<i64> = events.iter().filter_map(|list| recovery(list)).collect();
    let longest = recovered.iter().max().copied().unwrap_or(0);
    let seconds = total.as_secs_f64();
    eprintln!("figures: shape XS, PostgreSQL, 4 workers, {}", hardware());
    for (name, figure) in [
        ("jobs submitted", count.to_string()),
        ("jobs done", done.to_string()),
        ("jobs lost", lost.to_string()),
        ("duplicated effects", twice.to_string()),
        ("proofs published in vain", (published - count).to_string()),
        ("jobs of lost workers", recovered.len().to_string()),
        ("longest recovery", format!("{:.1} s", longest as f64 / 1_000.0)),
        ("submit p50", format!("{:.0} ms", percentile(50))),
        ("submit p99", format!("{:.0} ms", percentile(99))),
        (
            "in all",
            format!("{seconds:.0} s, the faults from {:.0} s on", (fault - start).as_secs_f64()),
        ),
        ("jobs an hour", format!("{:.0}", count as f64 / seconds * 3_600.0)),
        ("a job, request to done", service.to_string()),
        ("`meed prove`", alone.to_string()),
        ("overhead of the service", service.over(&alone)),
    ] {
        eprintln!("  {name:26} {figure}");
    }
    eprintln!(
        "  {held} jobs held after the faults; medians of {ROUNDS} rounds, one after the other"
    );
}

/// From the moment that a job was taken away from a lost worker to its end, milliseconds.
fn recovery(events: &[Event]) -> Option<i64> {
    let lost = events.iter().find(|e| e.kind == "expired")?;
    let done = events.iter().find(|e| e.kind == "done")?;
    Some(done.at - lost.at)
}
