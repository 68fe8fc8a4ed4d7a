//! Many jobs over four workers, while things go wrong.

use std::time::{Duration, Instant};

use super::lab::{lab, EPOCHS};
use super::postgres::{skipped, Postgres};
use super::processes::{each_done_once, wait, Client, Deployment};

/// Jobs, unless `MEED_SERVICE_JOBS` says another number.
const JOBS: usize = 24;

fn jobs() -> usize {
    match std::env::var("MEED_SERVICE_JOBS") {
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
    let done_at_least = |n: usize| {
        wait("jobs", 3_600, || count_of("done").filter(|done| *done >= n));
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
    assert_eq!(all.len(), count, "lost or invented jobs");
    for state in ["queued", "running", "failed", "dead", "cancelled"] {
        assert_eq!(count_of(state), Some(0), "{state}");
    }
    let once = each_done_once(&d, &ids);
    // Its network's epochs were begun in order, each after the one before was done.
    let mut by_network = std::collections::BTreeMap::<String, Vec<(i64, i64, i64)>>::new();
    for job in &all {
        let number = |field: &str| job[field].as_i64().expect("a number");
        let network = job["network"].as_str().expect("a name").to_owned();
        let times = (number("epoch"), number("started_at"), number("finished_at"));
        by_network.entry(network).or_default().push(times);
    }
    for (network, mut epochs) in by_network {
        epochs.sort_unstable();
        for pair in epochs.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + 1, "{network}");
            assert!(pair[0].2 <= pair[1].1, "{network}: {pair:?}");
        }
    }
    for (id, epoch, _) in &submitted {
        lab.verify(&c.get(&format!("/v1/jobs/{id}/bundle")).expect(200).body, *epoch);
    }
    let mut times: Vec<Duration> = submitted.iter().map(|(.., time)| *time).collect();
    times.sort_unstable();
    let p99 = times[(times.len() * 99).div_ceil(100) - 1];
    let events = d.events(&ids);
    let longest = events.iter().filter_map(|list| recovery(list)).max().unwrap_or(0);
    eprintln!(
        "submitted {count}, done {once}, lost 0, done twice 0; {held} held after the faults at \
         {:.1} s; longest recovery {:.1} s; submit p99 {:.0} ms; {:.1} s in all, {:.2} jobs a second",
        (fault - start).as_secs_f64(),
        longest as f64 / 1_000.0,
        p99.as_secs_f64() * 1_000.0,
        total.as_secs_f64(),
        count as f64 / total.as_secs_f64(),
    );
    drop(api);
}

/// From the moment that a job was taken away from a lost worker to its end, milliseconds.
fn recovery(events: &[meed_service::job::Event]) -> Option<i64> {
    let lost = events.iter().find(|e| e.kind == "expired")?;
    let done = events.iter().find(|e| e.kind == "done")?;
    Some(done.at - lost.at)
}
