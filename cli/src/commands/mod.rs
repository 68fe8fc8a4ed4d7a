//! One module a command.

mod audit;
mod chain;
mod circuit;
mod commit;
mod demo;
mod export;
mod init;
mod keys;
mod pages;
mod prove;
mod quality;
mod receipt;
mod registry;
mod report;
mod scores;
mod service;
mod settle;
mod setup;
mod similar;
mod verify;
mod what_if;

use std::path::Path;

use anyhow::Result;
use meed_ledger::project::{Epoch, Project};
use meed_statement::settle::Trace;

use crate::args::Command;
use crate::ui::{Report, Ui};

/// Runs a command on the project at `root`.
pub(crate) fn run(command: Command, root: &Path, ui: &Ui) -> Result<Report> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::Registry(args) => registry::run(args, root, ui),
        Command::Scores(args) => scores::run(args, root, ui),
        Command::Commit(args) => commit::run(&args, root, ui),
        Command::Settle(args) => settle::run(&args, root, ui),
        Command::Setup(args) => setup::run(&args, ui),
        Command::Prove(args) => prove::run(&args, root, ui),
        Command::Verify(args) => verify::run(&args),
        Command::Audit(args) => audit::run(&args, root, ui),
        Command::Receipt(args) => receipt::run(&args, root, ui),
        Command::Report(args) => report::run(&args, root, ui),
        Command::Chain(args) => chain::run(args, root, ui),
        Command::Export(args) => export::run(args, root, ui),
        Command::Circuit(args) => circuit::run(&args, ui),
        Command::Keys(args) => keys::run(&args),
        Command::Serve(args) => service::serve(&args),
        Command::Worker(args) => service::worker(&args),
        Command::Service(args) => service::run(args, root, ui),
        Command::Demo(args) => demo::run(&args, ui),
    }
}

/// Settles an epoch, the last unless one is given, and gives the project back. Ctrl-C stops it.
fn settled(project: Project, number: Option<u64>, ui: &Ui) -> Result<(Project, Epoch, Trace)> {
    let number = match number {
        Some(number) => number,
        None => project.last_epoch()?,
    };
    let (project, done) = ui.wait("settling and checking", move || {
        let done = project.settle(number);
        (project, done)
    })?;
    let (epoch, trace) = done?;
    Ok((project, epoch, trace))
}
