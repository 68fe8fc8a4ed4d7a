//! The pages of `meed audit`.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use meed_audit::page::{render, Site};
use meed_audit::serve::serve;
use meed_audit::view::{Source, View};
use meed_audit::{Audit, Bundle, Check, Key, ProofState, Status};
use meed_ledger::atomic::{write_bytes, Access};
use meed_ledger::project::Project;
use meed_ledger::receipt::Show;

use crate::args::PageArgs;
use crate::failure::usage;
use crate::ui::{Report, Ui};

/// Checks of what everybody can see. A public page tells of no others: their findings may quote the
/// operator's data.
const PUBLIC: [&str; 9] = [
    "balance",
    "books",
    "bundle",
    "claims",
    "conservation",
    "domain",
    "epochs",
    "proof",
    "settled",
];

/// What pages are made from.
pub(crate) struct Pages<'a> {
    pub(crate) bundles: &'a [Bundle],
    pub(crate) keys: &'a [Key],
    pub(crate) audit: &'a Audit,
    /// The operator's data, where there is some.
    pub(crate) project: Option<Project>,
}

/// Writes and serves what the arguments ask for. `report` is what the audit says; it is printed before
/// the server starts.
pub(crate) fn run(
    args: &PageArgs,
    pages: Pages<'_>,
    mut report: Report,
    ui: &Ui,
) -> Result<Report> {
    let show = args.show.get()?;
    // Refuses the address before the work, not after it.
    let listener = args.serve.map(|address| {
        TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))
    });
    let listener = listener.transpose()?;
    let site = site(pages, args.public, &show, ui)?;
    if let Some(path) = &args.html {
        write(&site, path)?;
        report.text =
            format!("{}\n\nWrote the pages to {}", report.text.trim_end(), path.display());
        report.json["html"] = serde_json::json!(path);
    }
    if let Some(listener) = listener {
        let address = listener.local_addr().context("cannot tell the address")?;
        ui.note(&format!("{}\n\nPages at http://{address}/ until Ctrl-C", report.text.trim_end()));
        let stop = ui.stop();
        serve(listener, site, move || stop.load(Ordering::SeqCst)).context("cannot serve")?;
        report.text = "Stopped serving.".to_owned();
    }
    Ok(report)
}

fn write(site: &Site, path: &Path) -> Result<()> {
    if path.extension().is_none_or(|extension| extension != "html") {
        return Ok(site.write(path)?);
    }
    let mut views = site.views();
    let (Some(view), None) = (views.next(), views.next()) else {
        let got = site.epochs().count();
        let path = path.display();
        return Err(usage(format!(
            "--html {path}: expected one epoch for one file, got {got}; name a folder instead"
        )));
    };
    Ok(write_bytes(path, Access::Public, render(view)?.as_bytes())?)
}

fn site(pages: Pages<'_>, public: bool, show: &Show, ui: &Ui) -> Result<Site> {
    let Pages { bundles, keys, audit, mut project } = pages;
    if public {
        project = None;
    }
    let mut views = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        ui.go_on()?;
        let epoch = bundle.epoch();
        let key = keys.iter().find(|key| key.vk.id() == bundle.contents.vk_id);
        let source = Source {
            contents: &bundle.contents,
            key: key.map(|key| &key.vk),
            proved: bundle.proof == ProofState::Valid,
        };
        let view;
        (view, project) = view_of(source, project, show, ui)?;
        views.push((epoch, view.with_audit(checks_of(audit, epoch, public))));
    }
    Ok(Site::new(views, show))
}

/// What the audit says about an epoch, and about all.
fn checks_of(audit: &Audit, epoch: u64, public: bool) -> Vec<Check> {
    let about = audit.checks.iter().filter(|check| check.epoch.is_none_or(|of| of == epoch));
    let (shown, left_out): (Vec<&Check>, Vec<&Check>) =
        about.partition(|check| !public || PUBLIC.contains(&check.name));
    let mut checks: Vec<Check> = shown.into_iter().cloned().collect();
    if !left_out.is_empty() {
        checks.push(Check {
            name: "operator",
            about: "the operator's data".to_owned(),
            epoch: Some(epoch),
            status: Status::NotChecked {
                why: format!("a public page leaves {} checks of it out", left_out.len()),
            },
        });
    }
    checks
}

/// The operator's view where the project computes these very words, else the bundle's. The audit says
/// when a project computes others.
fn view_of(
    source: Source<'_>,
    project: Option<Project>,
    show: &Show,
    ui: &Ui,
) -> Result<(View, Option<Project>)> {
    let number = source.contents.header.epoch;
    let project = match project {
        Some(project) if project.is_committed(number) => project,
        project => return Ok((View::public(source, show)?, project)),
    };
    let (project, epoch, trace) = super::settled(project, Some(number), ui)?;
    let view = match trace.words() == source.contents.words {
        true => {
            let names = epoch.registry.names();
            View::operator(&epoch.inputs, &trace, names, Some(source), show)?
        }
        false => View::public(source, show)?,
    };
    Ok((view, Some(project)))
}
