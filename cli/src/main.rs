//! `meed`: from attribution scores to a proved payout list, one command a task.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

mod args;
mod commands;
mod failure;
mod keys;
mod ui;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let ui = ui::Ui::new();
    match commands::run(args.command, &args.project, &ui) {
        Ok(report) => report.print(args.json),
        Err(error) => failure::print(&error, args.json),
    }
}
