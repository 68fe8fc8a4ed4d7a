//! `meed init`.

use std::path::Path;

use anyhow::{Context, Result};
use meed_ledger::policy;
use meed_ledger::project::{root_text, Project};
use meed_statement::roots::policy_hash;
use meed_statement::types::{Account, Bps, Policy};
use serde_json::json;

use crate::args::Init;
use crate::failure::usage;
use crate::ui::Report;

pub(crate) fn run(args: &Init) -> Result<Report> {
    let rules = match &args.policy {
        Some(path) => policy::load(path)?,
        None => rules(args)?,
    };
    let project = Project::create(&args.folder, &rules)?;
    let root = project.root().display();
    let hash = root_text(&policy_hash(&rules));
    let text = format!(
        "Made the project {root}\n\
         \x20 policy.toml    the rules; read them through (policy hash {hash})\n\
         \x20 registry.csv   no assets yet\n\
         Next: meed -p {root} registry add --from assets.csv"
    );
    Ok(Report::new(text, json!({ "project": args.folder, "policy_hash": hash })))
}

/// The rules that the options say, by way of the file format, so that there is one check.
fn rules(args: &Init) -> Result<Policy> {
    let platform = args.platform.context("clap demands it")?;
    let shares: Vec<Bps> = args
        .shares
        .split(',')
        .map(|s| s.trim().parse().ok().and_then(Bps::new))
        .collect::<Option<_>>()
        .unwrap_or_default();
    let [platform_bps, stakers_bps, service_bps, model_bps, data_bps] = shares[..] else {
        return Err(usage(format!(
            "--shares: expected five numbers up to 10000 that add up to 10000, got {:?}",
            args.shares
        )));
    };
    let account = |given: Option<Account>| given.unwrap_or(platform);
    let cap_bps =
        Bps::new(args.cap_bps).ok_or_else(|| usage("--cap-bps: expected at most 10000"))?;
    let fraction_bits = args.fraction_bits;
    if fraction_bits > meed_statement::units::MAX_FRACTION_BITS {
        return Err(usage("--fraction-bits: expected at most 46"));
    }
    let rules = Policy {
        platform_bps,
        stakers_bps,
        service_bps,
        model_bps,
        data_bps,
        platform,
        stakers: account(args.stakers),
        remainder: account(args.remainder),
        threshold: 0,
        cap_bps,
        min_payout: 0,
        fraction_bits,
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace(['"', '\\', '\n'], "?"));
    let toml = policy::to_toml(&rules)
        .replace("threshold = \"0\"", &format!("threshold = {}", quoted(&args.threshold)))
        .replace("min_payout = \"0\"", &format!("min_payout = {}", quoted(&args.min_payout)));
    policy::parse(Path::new("the options"), &toml).map_err(|e| usage(e.to_string()))
}
