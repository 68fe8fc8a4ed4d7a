//! Time and memory of this process, as Linux counts them.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Wall time and processor time of a piece of work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Time {
    /// Seconds that passed.
    pub wall: f64,
    /// Seconds of processor time, of all threads; `None` where the system does not tell.
    pub cpu: Option<f64>,
}

impl std::iter::Sum for Time {
    fn sum<I: Iterator<Item = Self>>(times: I) -> Self {
        times.fold(Self { wall: 0.0, cpu: Some(0.0) }, |sum, time| Self {
            wall: sum.wall + time.wall,
            cpu: sum.cpu.zip(time.cpu).map(|(a, b)| a + b),
        })
    }
}

/// Does `work` and measures it.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Time) {
    let cpu = cpu_seconds();
    let start = Instant::now();
    let result = work();
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    (result, Time { wall, cpu })
}

/// Clock ticks in a second. The kernel's interface has had 100 on every architecture that Rust's
/// standard library runs on; `sysconf` would need `unsafe`.
const TICKS: f64 = 100.0;

/// Processor time of all threads so far, in seconds, to a hundredth: `utime + stime`.
#[must_use]
pub fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

/// Sets the peak of resident memory to what is resident now. `false` where that is not allowed.
#[must_use]
pub fn reset_peak() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The peak of resident memory, in bytes.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// Resident memory, in bytes.
#[must_use]
pub fn resident_memory() -> Option<u64> {
    status("VmRSS:")
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The middle value; the mean of the two in the middle of an even number of values.
///
/// # Panics
/// Without values.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if !sorted.len().is_multiple_of(2) {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

/// Medians of some ways to do the same, which take turns, so that whatever else the machine does meets
/// all of them.
pub fn turns<const N: usize>(repeat: usize, mut ways: [&mut dyn FnMut(); N]) -> [Time; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..repeat.max(1) {
        for (way, times) in ways.iter_mut().zip(&mut times) {
            times.push(timed(way).1);
        }
    }
    times.map(|times| middle(&times))
}

/// Medians of wall and of processor time.
///
/// # Panics
/// Without times.
#[must_use]
pub fn middle(times: &[Time]) -> Time {
    let wall: Vec<_> = times.iter().map(|t| t.wall).collect();
    let cpu: Option<Vec<_>> = times.iter().map(|t| t.cpu).collect();
    Time { wall: median(&wall), cpu: cpu.map(|cpu| median(&cpu)) }
}

/// Seconds that one call of each function takes: the median of `samples` samples.
///
/// The functions take turns, sample by sample, so that whatever else the machine does meets all of
/// them. A sample has as many calls as take a hundredth of a second.
pub fn compare<const N: usize>(samples: usize, functions: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut functions = functions.map(|function| {
        let start = Instant::now();
        function();
        let once = start.elapsed().max(Duration::from_nanos(20));
        let calls = (Duration::from_millis(10).as_nanos() / once.as_nanos()).clamp(1, 1 << 20);
        (function, calls, Vec::with_capacity(samples))
    });
    for _ in 0..samples.max(1) {
        for (function, calls, seconds) in &mut functions {
            let start = Instant::now();
            for _ in 0..*calls {
                black_box(&mut *function)();
            }
            seconds.push(start.elapsed().as_secs_f64() / *calls as f64);
        }
    }
    functions.map(|(_, _, seconds)| median(&seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_time_and_memory() {
        let (sum, time) = timed(|| {
            let start = Instant::now();
            let mut sum = 0u64;
            while start.elapsed() < Duration::from_millis(60) {
                sum = black_box(sum.wrapping_add(1));
            }
            sum
        });
        assert!(sum > 0 && time.wall >= 0.06);
        assert!(time.cpu.is_some_and(|cpu| cpu > 0.0), "{time:?}");
        assert!(peak_memory().unwrap() >= 1 << 20);
        assert!(resident_memory().unwrap() <= peak_memory().unwrap());
    }
}
