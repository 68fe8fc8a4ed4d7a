//! `meed verify`.

use anyhow::Result;
use meed_ledger::bundle::{domain_text, hex_0x, verify_bundle_with, Expected, Verified};
use meed_ledger::project::root_text;
use serde_json::{json, Value};

use crate::args::Verify;
use crate::failure::{code, Code};
use crate::keys::load_verifying_key;
use crate::ui::Report;

pub(crate) fn run(args: &Verify) -> Result<Report> {
    let key = load_verifying_key(&args.key)?;
    let expected = Expected { domain: args.domain.get(), circuit: key.circuit, epoch: args.epoch };
    match verify_bundle_with(&args.bundle, &key.vk, &expected) {
        Ok(verified) => Ok(Report::new(verified.to_string(), to_json(&verified))),
        Err(error) => {
            let error = anyhow::Error::from(error);
            if code(&error) != Code::Rejected {
                return Err(error);
            }
            let text = format!("{}: NOT VALID: {error}", args.bundle.display());
            let json = json!({ "valid": false, "error": error.to_string(), "code": 1 });
            Ok(Report { text, json, good: false })
        }
    }
}

fn to_json(verified: &Verified) -> Value {
    let header = &verified.header;
    json!({
        "valid": true,
        "insecure_key": verified.insecure_key,
        "warning": verified.warning(),
        "epoch": header.epoch,
        "fees_total": header.fees_total.to_string(),
        "released_total": header.released_total.to_string(),
        "payouts": header.payouts,
        "policy_hash": root_text(&header.policy_hash),
        "registry_root": root_text(&header.registry_root),
        "scores_root": root_text(&header.scores_root),
        "state_root_before": root_text(&header.state_root_before),
        "state_root_after": root_text(&header.state_root_after),
        "system": verified.proof.system().name(),
        "circuit": verified.circuit.name,
        "shape": verified.circuit.shape.name,
        "vk_id": hex_0x(&verified.vk_id),
        "domain": domain_text(&verified.domain),
        "manifest_sha256": hex::encode(verified.manifest_sha256),
    })
}
