//! Counters of this process, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::db::WorkerInfo;
use crate::job::State;

/// Upper ends of the buckets for seconds.
const BUCKETS: [f64; 10] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0];

#[derive(Debug, Default)]
struct Seconds {
    buckets: [u64; BUCKETS.len()],
    sum: f64,
    count: u64,
}

impl Seconds {
    fn add(&mut self, seconds: f64) {
        for (bucket, most) in self.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= most);
        }
        self.sum += seconds;
        self.count += 1;
    }

    fn write(&self, name: &str, label: &str, out: &mut String) {
        for (bucket, most) in self.buckets.iter().zip(BUCKETS) {
            let _ = writeln!(out, "{name}_bucket{{{label},le=\"{most}\"}} {bucket}");
        }
        let _ = writeln!(out, "{name}_bucket{{{label},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(out, "{name}_sum{{{label}}} {}", self.sum);
        let _ = writeln!(out, "{name}_count{{{label}}} {}", self.count);
    }
}

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, u16), u64>,
    request_seconds: BTreeMap<String, Seconds>,
    attempts: BTreeMap<&'static str, Seconds>,
    lost: u64,
}

/// Counters of this process.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered.
    pub fn request(&self, route: &str, status: u16, seconds: f64) {
        let mut counts = self.lock();
        *counts.requests.entry((route.to_owned(), status)).or_default() += 1;
        counts.request_seconds.entry(route.to_owned()).or_default().add(seconds);
    }

    /// An attempt of this process's worker is over.
    pub fn attempt(&self, kind: &'static str, seconds: f64) {
        self.lock().attempts.entry(kind).or_default().add(seconds);
    }

    /// A job was taken away from this process's worker.
    pub fn lost(&self) {
        self.lock().lost += 1;
    }

    /// Everything, with what the database says of jobs and workers.
    #[must_use]
    pub fn render(&self, jobs: &[(State, i64)], workers: &[WorkerInfo]) -> String {
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        head(&mut out, "meed_jobs", "gauge", "Jobs by state, in the database.");
        for state in State::ALL {
            let count = jobs.iter().find(|(s, _)| *s == state).map_or(0, |(_, count)| *count);
            let _ = writeln!(out, "meed_jobs{{state=\"{}\"}} {count}", state.name());
        }
        head(&mut out, "meed_workers", "gauge", "Workers by state, in the database.");
        let mut states: BTreeMap<&str, u64> = BTreeMap::new();
        workers.iter().for_each(|w| *states.entry(&w.state).or_default() += 1);
        for (state, count) in states {
            let _ = writeln!(out, "meed_workers{{state=\"{state}\"}} {count}");
        }
        let counts = self.lock();
        let name = "meed_http_requests_total";
        head(&mut out, name, "counter", "Requests that this process answered.");
        for ((route, status), count) in &counts.requests {
            let _ = writeln!(out, "{name}{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let name = "meed_http_request_seconds";
        head(&mut out, name, "histogram", "Time to answer them.");
        for (route, seconds) in &counts.request_seconds {
            seconds.write(name, &format!("route=\"{route}\""), &mut out);
        }
        let name = "meed_attempt_seconds";
        head(&mut out, name, "histogram", "Attempts of this process's worker, by how they ended.");
        for (kind, seconds) in &counts.attempts {
            seconds.write(name, &format!("outcome=\"{kind}\""), &mut out);
        }
        let name = "meed_attempts_lost_total";
        head(&mut out, name, "counter", "Attempts whose job was no longer this worker's.");
        let _ = writeln!(out, "{name} {}", counts.lost);
        out
    }
}
