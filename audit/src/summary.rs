//! What an audit says in the end.

use std::fmt;

use meed_ledger::bundle::{domain_text, hex_0x};
use serde::Serialize;

use crate::bundle::{Bundle, ProofState};
use crate::chain::ChainSummary;
use crate::finding::{Check, Severity, Status};

/// Name of the JSON format.
pub const FORMAT: &str = "meed-audit";
/// Version of the JSON format.
pub const VERSION: u32 = 1;
/// Findings of one check that the text shows.
const SHOWN: usize = 20;

/// How an audit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every check was made, and all passed.
    Good,
    /// All checks that could be made passed; the others say what they need.
    Incomplete,
    /// At least one check failed.
    Bad,
}

/// One epoch, as its bundle says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpochSummary {
    /// Its number.
    pub epoch: u64,
    /// Where the bundle was found.
    pub source: String,
    /// What is known of the proof.
    pub proof: ProofState,
    /// The key's id, `0x` and 64 digits.
    pub vk_id: String,
    /// Whether anybody can forge proofs under the key.
    pub insecure_key: bool,
    /// For which chain and contract.
    pub domain: String,
    /// Base units, in digits, as all amounts here.
    pub fees_total: String,
    /// Base units.
    pub released_total: String,
    /// Number of payouts.
    pub payouts: u32,
    /// Credits; `null` when the bundle contradicts itself.
    pub waiting_before: Option<String>,
    /// Credits.
    pub waiting_after: String,
    /// SHA-256 of the manifest, 64 digits.
    pub manifest_sha256: String,
}

impl EpochSummary {
    fn of(bundle: &Bundle) -> Self {
        let Bundle { source, contents, proof } = bundle;
        let header = &contents.header;
        Self {
            epoch: header.epoch,
            source: source.clone(),
            proof: *proof,
            vk_id: hex_0x(&contents.vk_id),
            insecure_key: contents.insecure_key,
            domain: domain_text(&contents.domain),
            fees_total: header.fees_total.to_string(),
            released_total: header.released_total.to_string(),
            payouts: header.payouts,
            waiting_before: bundle.waiting_before().map(|credits| credits.to_string()),
            waiting_after: bundle.waiting_after().to_string(),
            manifest_sha256: hex::encode(contents.manifest_sha256),
        }
    }
}

/// The whole of an audit. Its [`Display`](fmt::Display) is for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// How it ended.
    pub result: Outcome,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that failed.
    pub failed: usize,
    /// Checks that could not be made.
    pub not_checked: usize,
    /// Findings that are worth a look.
    pub warnings: usize,
    /// The epochs, in order of their numbers.
    pub epochs: Vec<EpochSummary>,
    /// The contract, if one was looked at.
    pub chain: Option<ChainSummary>,
    /// Every check, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl Audit {
    /// Counts the checks.
    #[must_use]
    pub fn new(bundles: &[Bundle], chain: Option<ChainSummary>, checks: Vec<Check>) -> Self {
        let passed = checks.iter().filter(|check| check.passed()).count();
        let failed = checks.iter().filter(|check| check.failed()).count();
        let not_checked = checks.len() - passed - failed;
        let findings = checks.iter().flat_map(Check::findings);
        let warnings = findings.filter(|finding| finding.severity == Severity::Warning).count();
        let result = match (failed, not_checked) {
            (0, 0) => Outcome::Good,
            (0, _) => Outcome::Incomplete,
            _ => Outcome::Bad,
        };
        let mut epochs: Vec<EpochSummary> = bundles.iter().map(EpochSummary::of).collect();
        epochs.sort_by_key(|epoch| epoch.epoch);
        let (format, version) = (FORMAT, VERSION);
        Self {
            format,
            version,
            result,
            passed,
            failed,
            not_checked,
            warnings,
            epochs,
            chain,
            checks,
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epochs.iter().any(|epoch| epoch.insecure_key) {
            writeln!(f, "!!! {}\n", meed_ledger::bundle::INSECURE_WARNING)?;
        }
        for check in &self.checks {
            let word = match &check.status {
                Status::Passed { .. } => "ok",
                Status::Failed { .. } => "WRONG",
                Status::NotChecked { .. } => "-",
            };
            let epoch = check.epoch.map(|epoch| format!("epoch {epoch}: ")).unwrap_or_default();
            writeln!(f, "{word:<6} {:<14} {epoch}{}", check.name, check.about)?;
            if let Status::NotChecked { why } = &check.status {
                writeln!(f, "         not checked: {why}")?;
            }
            for finding in check.findings().iter().take(SHOWN) {
                let word = match finding.severity {
                    Severity::Note => "",
                    Severity::Warning => "warning: ",
                    Severity::Error => "WRONG: ",
                };
                writeln!(f, "         {word}{}", finding.message)?;
            }
            let hidden = check.findings().len().saturating_sub(SHOWN);
            if hidden > 0 {
                writeln!(f, "         .. and {hidden} more (--json has them all)")?;
            }
        }
        let Self { passed, failed, not_checked, .. } = self;
        writeln!(f)?;
        match self.result {
            Outcome::Good => write!(f, "GOOD: all {passed} checks passed."),
            Outcome::Incomplete => write!(
                f,
                "NOTHING WRONG FOUND: {passed} checks passed; {not_checked} could not be made, each says \
                 what it needs."
            ),
            Outcome::Bad => write!(
                f,
                "WRONG: {failed} checks failed, {passed} passed, {not_checked} could not be made."
            ),
        }
    }
}
