//! The chain of epochs: each starts where the one before it ended, and nothing is lost between them.

use meed_ledger::bundle::domain_text;
use meed_ledger::project::root_text;
use meed_statement::roots::state_root;
use meed_statement::types::StateEntry;
use meed_statement::units::credits;
use ruint::aliases::U256;

use crate::bundle::{Bundle, ProofState};
use crate::compare;
use crate::finding::{Check, Finding};

/// What is known of the state that the first epoch starts from.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// What waits.
    pub(crate) state: Vec<StateEntry>,
    /// The file.
    pub(crate) source: String,
}

/// The bundle of each epoch, in order; of an epoch that was given twice, one whose proof is valid if
/// there is one.
pub(crate) fn in_order(bundles: &[Bundle]) -> Vec<&Bundle> {
    let mut order: Vec<&Bundle> = bundles.iter().collect();
    order.sort_by_key(|bundle| (bundle.epoch(), bundle.proof != ProofState::Valid));
    order.dedup_by_key(|bundle| bundle.epoch());
    order
}

/// Checks the bundles against each other.
pub(crate) fn follow(bundles: &[Bundle], opening: Option<&Opening>) -> Vec<Check> {
    let epochs = in_order(bundles);
    let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return Vec::new() };
    let mut findings = twice(bundles, &epochs);
    findings.extend(opened(first, opening));
    for pair in epochs.windows(2) {
        findings.extend(next(pair[0], pair[1]));
    }
    let about = match first.epoch() == last.epoch() {
        true => format!("epoch {} starts from a known state", first.epoch()),
        false => format!("epochs {} to {} follow one another", first.epoch(), last.epoch()),
    };
    vec![
        Check::made("epochs", None, about, findings),
        domains(bundles),
        conservation(&epochs, opening),
    ]
}

/// Bundles of one epoch must say the same; only their proofs may differ.
fn twice(bundles: &[Bundle], epochs: &[&Bundle]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for chosen in epochs {
        let others = bundles.iter().filter(|bundle| bundle.epoch() == chosen.epoch());
        for other in others.filter(|other| !std::ptr::eq(*other, *chosen)) {
            let (a, b) = (&chosen.contents, &other.contents);
            let epoch = chosen.epoch();
            let place = format!("in {}", other.source);
            let other_place = format!(", as in {}", chosen.source);
            if a.words == b.words {
                let text = format!("epoch {epoch} is given twice, and both bundles pay the same");
                findings
                    .push(Finding::note(format!("{text}: {} and {}", chosen.source, other.source)));
                continue;
            }
            findings.push(Finding::error(format!(
                "epoch {epoch} has two bundles that say different things: {} and {}",
                chosen.source, other.source
            )));
            findings.extend(compare::payouts(&a.payouts, &b.payouts, &place, &other_place));
            findings.extend(compare::states(&a.state, &b.state, &place, &other_place));
        }
    }
    findings
}

/// Whether the first epoch starts from what is known.
fn opened(first: &Bundle, opening: Option<&Opening>) -> Vec<Finding> {
    let epoch = first.epoch();
    let root = first.contents.header.state_root_before;
    if let Some(opening) = opening {
        let known = state_root(&opening.state);
        if known == root {
            return Vec::new();
        }
        return vec![Finding::error(format!(
            "epoch {epoch} starts from state {}, and {} has state {}",
            root_text(&root),
            opening.source,
            root_text(&known)
        ))];
    }
    if root == state_root(&[]) {
        return Vec::new();
    }
    let before = match epoch {
        0 | 1 => "the state of the network before its first epoch".to_owned(),
        _ => format!("the bundle of epoch {}", epoch - 1),
    };
    vec![Finding::warning(format!(
        "epoch {epoch} starts from state {}, which none of the bundles leaves: {before} would show whose \
         it is",
        root_text(&root)
    ))]
}

/// Whether an epoch starts where the one before it ended.
fn next(before: &Bundle, after: &Bundle) -> Vec<Finding> {
    let (was, is) = (before.epoch(), after.epoch());
    let missing = match is - was {
        1 => None,
        2 => Some(format!("expected consecutive epochs, epoch {} is missing", was + 1)),
        _ => Some(format!("expected consecutive epochs, {} to {} are missing", was + 1, is - 1)),
    };
    let (old, new) = (&before.contents.header, &after.contents.header);
    if let Some(missing) = missing {
        return vec![Finding::error(missing)];
    }
    let mut findings = Vec::new();
    if old.state_root_after != new.state_root_before {
        findings.push(Finding::error(format!(
            "epoch {is} starts from state {}, and epoch {was} leaves state {}",
            root_text(&new.state_root_before),
            root_text(&old.state_root_after)
        )));
    }
    let carried = before.waiting_after();
    if let Some(got) = after.waiting_before().filter(|got| *got != carried) {
        let message = format!(
            "epoch {is} starts with {got} credits waiting, and epoch {was} leaves {carried} waiting"
        );
        findings.push(Finding::error(message).credits(carried, got));
    }
    for (what, old, new) in [
        ("policy", old.policy_hash, new.policy_hash),
        ("registry", old.registry_root, new.registry_root),
    ] {
        if old != new {
            findings
                .push(Finding::note(format!("the {what} changed between epochs {was} and {is}")));
        }
    }
    if before.contents.vk_id != after.contents.vk_id {
        let message = format!("epochs {was} and {is} are proved under different keys");
        findings.push(Finding::note(message));
    }
    findings
}

/// All bundles must be proved for one chain and contract.
fn domains(bundles: &[Bundle]) -> Check {
    let about = "all bundles are proved for one chain and contract";
    let mut findings = Vec::new();
    if let Some((first, rest)) = bundles.split_first() {
        let expected = &first.contents.domain;
        for other in rest.iter().filter(|bundle| bundle.contents.domain != *expected) {
            findings.push(Finding::error(format!(
                "epoch {} ({}) is proved for {}, and epoch {} ({}) for {}",
                other.epoch(),
                other.source,
                domain_text(&other.contents.domain),
                first.epoch(),
                first.source,
                domain_text(expected)
            )));
        }
        if findings.is_empty() {
            findings.push(Finding::note(format!("it is {}", domain_text(expected))));
        }
    }
    Check::made("domain", None, about, findings)
}

/// Fees are what was paid and what waits at the end, less what waited at the start; in credits.
fn conservation(epochs: &[&Bundle], opening: Option<&Opening>) -> Check {
    let about = "fees = payouts + what waits at the end - what waited at the start, in credits";
    let mut findings = Vec::new();
    for bundle in epochs.iter().filter(|bundle| bundle.waiting_before().is_none()) {
        let header = &bundle.contents.header;
        let out = bundle.waiting_after() + credits(header.released_total);
        let message = format!(
            "epoch {} pays out and leaves {out} credits, more than waited before it and came in",
            bundle.epoch()
        );
        findings.push(Finding::error(message).credits(credits(header.fees_total), out));
    }
    let consecutive = epochs.windows(2).all(|pair| pair[1].epoch() - pair[0].epoch() == 1);
    let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else {
        return Check::made("conservation", None, about, findings);
    };
    if !consecutive {
        findings.push(Finding::error("epochs are missing: their fees and payouts are not known"));
        return Check::made("conservation", None, about, findings);
    }
    let sum = |of: fn(&Bundle) -> u128| {
        epochs.iter().fold(U256::ZERO, |sum, bundle| sum + credits(of(bundle)))
    };
    let fees = sum(|bundle| bundle.contents.header.fees_total);
    let released = sum(|bundle| bundle.contents.header.released_total);
    let known = match opening {
        Some(opening) => Some(opening.state.iter().fold(U256::ZERO, |sum, e| sum + e.accrued)),
        None => (first.contents.header.state_root_before == state_root(&[])).then_some(U256::ZERO),
    };
    let Some(start) = known.or_else(|| first.waiting_before()) else {
        return Check::made("conservation", None, about, findings);
    };
    let (expected, got) = (start + fees, released + last.waiting_after());
    if expected != got {
        let message = format!(
            "{start} credits waited and {fees} came in, together {expected}; {got} were paid or wait"
        );
        findings.push(Finding::error(message).credits(expected, got));
    } else if known.is_none() {
        findings.push(Finding::note(format!(
            "what waited before epoch {} is taken from its own bundle: {start} credits",
            first.epoch()
        )));
    }
    Check::made("conservation", None, about, findings)
}
