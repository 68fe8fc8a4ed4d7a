//! What the tool tells while it works, and whether it should stop.
//!
//! Results go to standard output. Everything else goes to standard error: a bar where that is a
//! terminal, a line when a step is done where it is not.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::failure::{interrupted, Code};

/// Raised by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// What a command has to say at its end.
#[derive(Debug)]
pub(crate) struct Report {
    /// For people.
    pub(crate) text: String,
    /// For programs: one object.
    pub(crate) json: Value,
    /// Whether the thing that was checked is good.
    pub(crate) good: bool,
}

impl Report {
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, good: true }
    }

    /// Prints to standard output. A reader that went away is no error.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let mut out = io::stdout().lock();
        let done = match json {
            true => writeln!(out, "{:#}", self.json),
            false => writeln!(out, "{}", self.text.trim_end()),
        };
        match done.and_then(|()| out.flush()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                eprintln!("meed: error: cannot write to standard output: {e}");
                ExitCode::from(Code::Io as u8)
            }
            _ if self.good => ExitCode::SUCCESS,
            _ => ExitCode::from(Code::Rejected as u8),
        }
    }
}

/// How the tool talks while it works.
#[derive(Debug)]
pub(crate) struct Ui {
    terminal: bool,
}

impl Ui {
    /// Sets the process up: from here on Ctrl-C asks for a stop, and a second one ends it at once.
    pub(crate) fn new() -> Self {
        let handler = || {
            if STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Code::Interrupted as u8));
            }
            eprintln!("\nmeed: stopping; press Ctrl-C again to stop at once");
        };
        if ctrlc::set_handler(handler).is_err() {
            eprintln!("meed: Ctrl-C will stop at once: no handler could be set");
        }
        Self { terminal: io::stderr().is_terminal() }
    }

    /// The flag that Ctrl-C raises.
    pub(crate) fn stop(&self) -> &'static AtomicBool {
        &STOP
    }

    /// Fails once Ctrl-C was pressed.
    pub(crate) fn go_on(&self) -> Result<()> {
        if STOP.load(Ordering::SeqCst) {
            return Err(interrupted());
        }
        Ok(())
    }

    /// A line about what happens.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    /// Starts a step whose progress is known, from 0 to 1,000.
    pub(crate) fn step(&self, what: &str) -> Step {
        let style = ProgressStyle::with_template("{msg:32} [{bar:32}] {percent:>3} % {elapsed}");
        self.bar(what, 1_000, style)
    }

    /// Does work whose progress is not known. Ctrl-C leaves it behind: it must not write files.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        self.go_on()?;
        let style = ProgressStyle::with_template("{msg:32} {spinner} {elapsed}");
        let step = self.bar(what, 0, style);
        let (send, receive) = mpsc::channel();
        thread::Builder::new().stack_size(16 << 20).spawn(move || send.send(work()))?;
        loop {
            match receive.recv_timeout(Duration::from_millis(100)) {
                Ok(done) => {
                    step.done();
                    return Ok(done);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.go_on()?;
                    if let Some(bar) = &step.bar {
                        bar.tick();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("{what}: the work broke off"),
            }
        }
    }

    fn bar(
        &self,
        what: &str,
        length: u64,
        style: std::result::Result<ProgressStyle, indicatif::style::TemplateError>,
    ) -> Step {
        let bar = self.terminal.then(|| {
            let bar = ProgressBar::new(length);
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar
        });
        Step { what: what.to_owned(), bar, start: Instant::now() }
    }
}

/// A step of a command. Dropped before it is done, its bar disappears.
#[derive(Debug)]
pub(crate) struct Step {
    what: String,
    bar: Option<ProgressBar>,
    start: Instant,
}

impl Step {
    /// A part of the whole, 0 to 1.
    pub(crate) fn part(&self, part: f64) {
        if let Some(bar) = &self.bar {
            bar.set_position((part.clamp(0.0, 1.0) * 1_000.0) as u64);
        }
    }

    /// What the step is at.
    pub(crate) fn at(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {text}", self.what));
        }
    }

    /// For the ledger's callbacks: shows the part that is done, and breaks off after Ctrl-C.
    pub(crate) fn progress(&self) -> impl FnMut(u64, u64) -> ControlFlow<()> + '_ {
        |done, total| {
            self.part(done as f64 / total.max(1) as f64);
            match STOP.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }

    /// The step is over.
    pub(crate) fn done(self) {
        let seconds = self.start.elapsed().as_secs_f64();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{} .. done ({seconds:.1} s)", self.what);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Columns of text, the first ones left-aligned, those in `right` right-aligned.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (i, cell) in cells.enumerate() {
            let width = widths.get(i).copied().unwrap_or(0);
            match right.contains(&i) {
                true => text.push_str(&format!("{cell:>width$}  ")),
                false => text.push_str(&format!("{cell:<width$}  ")),
            }
        }
        format!("  {}\n", text.trim_end())
    };
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// A whole number with commas between groups of three digits.
pub(crate) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in
            [(0u128, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["a".to_owned(), "10".to_owned()], vec!["bcd".to_owned(), "5".to_owned()]];
        assert_eq!(table(&["x", "n"], &rows, &[1]), "  x     n\n  a    10\n  bcd   5\n");
    }
}
