//! What a bench prints, as text while it runs or as JSON at its end.

use std::io::{self, Write};

use serde_json::{json, Value};

use crate::clock::Time;
use crate::machine::Machine;
use crate::options::Options;

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// A number of things.
    Count(u64),
    /// A number of things that is not whole.
    Number(f64),
    /// Bytes.
    Bytes(u64),
    /// Seconds of wall time.
    Seconds(f64),
    /// Wall and processor time.
    Time(Time),
    /// Things a second.
    Rate(f64),
    /// One time over another.
    Ratio(f64),
    /// A part of a whole.
    Share(f64),
    /// Words.
    Text(String),
}

impl Figure {
    fn text(&self) -> String {
        match self {
            Self::Count(n) => grouped(*n),
            Self::Number(x) => format!("{x:.1}"),
            Self::Bytes(n) => format!("{} bytes ({:.1} MiB)", grouped(*n), *n as f64 / 1_048_576.0),
            Self::Seconds(s) => seconds(*s),
            Self::Time(Time { wall, cpu: Some(cpu) }) => {
                format!("{} wall, {} CPU", seconds(*wall), seconds(*cpu))
            }
            Self::Time(Time { wall, cpu: None }) => format!("{} wall", seconds(*wall)),
            Self::Rate(r) => format!("{} a second", grouped(*r as u64)),
            Self::Ratio(r) => format!("{r:.2}"),
            Self::Share(s) => format!("{:.1}%", s * 100.0),
            Self::Text(text) => text.clone(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Count(n) => json!(n),
            Self::Number(x) => json!(x),
            Self::Bytes(n) => json!({ "bytes": n }),
            Self::Seconds(s) => json!({ "wall_seconds": s }),
            Self::Time(time) => json!({ "wall_seconds": time.wall, "cpu_seconds": time.cpu }),
            Self::Rate(r) => json!({ "per_second": r }),
            Self::Ratio(r) => json!({ "ratio": r }),
            Self::Share(s) => json!({ "share": s }),
            Self::Text(text) => json!(text),
        }
    }
}

/// `1234567` as `1,234,567`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits that matter, in the unit that suits.
fn seconds(s: f64) -> String {
    let (value, unit) = match s {
        _ if s >= 1.0 || s == 0.0 => (s, "s"),
        _ if s >= 1e-3 => (s * 1e3, "ms"),
        _ if s >= 1e-6 => (s * 1e6, "us"),
        _ => (s * 1e9, "ns"),
    };
    let decimals = match value {
        _ if value >= 100.0 => 0,
        _ if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// Collects figures in groups, and prints them.
pub struct Report<W> {
    out: W,
    json: Option<Value>,
}

impl<W: Write> Report<W> {
    /// Starts the report of `bench` with the machine.
    ///
    /// # Errors
    /// Those of writing.
    pub fn new(bench: &str, options: &Options, out: W) -> io::Result<Self> {
        let Machine { cpu, cores, memory, rustc, revision, load } = Machine::read();
        let mut report =
            Self { out, json: options.json.then(|| json!({ "bench": bench, "groups": [] })) };
        if !options.json {
            writeln!(report.out, "meed-benches: {bench}")?;
        }
        report.group("machine")?;
        report.add("processor", Figure::Text(cpu))?;
        report.add("threads", Figure::Count(cores as u64))?;
        let memory = memory.map_or_else(|| Figure::Text("unknown".to_owned()), Figure::Bytes);
        report.add("memory", memory)?;
        report.add("load before", Figure::Text(load))?;
        report.add("compiler", Figure::Text(rustc))?;
        report.add("revision", Figure::Text(revision))?;
        Ok(report)
    }

    /// Starts a group of figures.
    ///
    /// # Errors
    /// Those of writing.
    pub fn group(&mut self, name: &str) -> io::Result<()> {
        match &mut self.json {
            Some(json) => {
                let groups = json["groups"].as_array_mut().expect("made as an array");
                groups.push(json!({ "name": name, "figures": {} }));
                Ok(())
            }
            None => writeln!(self.out, "\n{name}"),
        }
    }

    /// Adds our time and `theirs`, the one of a public crate in the same run, and how many times ours
    /// fits into it.
    ///
    /// # Errors
    /// Those of writing.
    pub fn beside(&mut self, name: &str, ours: Time, public: &str, theirs: Time) -> io::Result<()> {
        self.add(name, Figure::Time(ours))?;
        self.add(&format!("{public}, beside {name}"), Figure::Time(theirs))?;
        self.add(&format!("{public} over {name}"), Figure::Ratio(theirs.wall / ours.wall))?;
        if let (Some(theirs), Some(ours)) = (theirs.cpu, ours.cpu.filter(|cpu| *cpu > 0.0)) {
            self.add(&format!("{public} over {name}, CPU"), Figure::Ratio(theirs / ours))?;
        }
        Ok(())
    }

    /// Adds a figure to the last group.
    ///
    /// # Errors
    /// Those of writing.
    pub fn add(&mut self, name: &str, figure: Figure) -> io::Result<()> {
        match &mut self.json {
            Some(json) => {
                let groups = json["groups"].as_array_mut().expect("made as an array");
                let last = groups.last_mut().expect("the machine is the first group");
                last["figures"][name] = figure.json();
                Ok(())
            }
            None => {
                writeln!(self.out, "  {name:<34} {}", figure.text())?;
                self.out.flush()
            }
        }
    }

    /// Prints what was collected as JSON.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(json) = &self.json {
            writeln!(self.out, "{json:#}")?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(seconds(123.4), "123 s");
        assert_eq!(seconds(0.001_234), "1.23 ms");
        assert_eq!(seconds(0.000_000_5), "500 ns");
    }

    #[test]
    fn json_keeps_groups_in_order() {
        let options = Options { json: true, ..Options::default() };
        let mut out = Vec::new();
        let mut report = Report::new("test", &options, &mut out).unwrap();
        report.group("first").unwrap();
        report.add("n", Figure::Count(3)).unwrap();
        report.finish().unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["groups"][0]["name"], "machine");
        assert_eq!(value["groups"][1]["figures"]["n"], 3);
    }
}
