//! What a job costs, beside the same proof by `meed prove`.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::lab::{meed, Lab};
use super::processes::{children_processor, wait_every, Client, Process};

/// Each way is measured so often, in turn.
pub(crate) const ROUNDS: usize = 7;

/// Medians, seconds.
pub(crate) struct Cost {
    time: f64,
    processor: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s, {:.2} processor seconds", self.time, self.processor)
    }
}

impl Cost {
    fn of(rounds: &[(f64, f64)]) -> Self {
        let median = |mut list: Vec<f64>| {
            list.sort_by(f64::total_cmp);
            list[list.len() / 2]
        };
        Self {
            time: median(rounds.iter().map(|round| round.0).collect()),
            processor: median(rounds.iter().map(|round| round.1).collect()),
        }
    }

    /// How much more this is.
    pub(crate) fn over(&self, other: &Self) -> String {
        let more = |a: f64, b: f64| (a / b - 1.0) * 100.0;
        let (time, processor) =
            (more(self.time, other.time), more(self.processor, other.processor));
        format!("{time:+.0} % time, {processor:+.0} % processor time")
    }
}

/// A job of an idle service and a proof by `meed prove`, of one epoch, with the same threads, in turn.
/// The service's processor time is that of all its processes.
pub(crate) fn overhead(
    lab: &Lab,
    c: &Client,
    processes: &[&Process],
    folder: &Path,
) -> (Cost, Cost) {
    let (mut service, mut alone) = (Vec::new(), Vec::new());
    let (project, keys) = (lab.project().display().to_string(), lab.keys.display().to_string());
    // The first round only warms up.
    for round in 0..=ROUNDS {
        let used = || processes.iter().map(|process| process.processor()).sum::<f64>();
        let (start, before) = (Instant::now(), used());
        let network = format!("cost-{round}");
        let id = c.queue(&network, &lab.body(&network, 1));
        wait_every(Duration::from_millis(10), "a job alone", 120, || {
            (c.job(&id)["state"] == "done").then_some(())
        });
        service.push((start.elapsed().as_secs_f64(), used() - before));

        let out = format!("{}-{round}", folder.display());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_meed"));
        command.args(["-p", &project, "prove", "--epoch", "1", "--keys", &keys, "--out", &out]);
        let (start, before) = (Instant::now(), children_processor());
        meed(&mut command);
        alone.push((start.elapsed().as_secs_f64(), children_processor() - before));
    }
    (Cost::of(&service[1..]), Cost::of(&alone[1..]))
}

/// The machine, in words.
pub(crate) fn hardware() -> String {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("{count} processors, {}", model.map_or("of an unknown model", |(_, model)| model))
}
