//! `meed registry similar`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use meed_ledger::similar::PERMUTATIONS;

#[derive(Debug, ClapArgs)]
pub(crate) struct RegistrySimilar {
    /// Files and folders to compare, earlier ones first.
    #[arg(required_unless_present = "from")]
    pub(crate) paths: Vec<PathBuf>,
    /// Compare the assets of this list, and PATHS with them as later ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Report pairs with this share of rows in common, of all or of one's own.
    #[arg(long, default_value = "0.8", value_name = "SHARE", value_parser = share)]
    pub(crate) threshold: f64,
    /// Report pairs with this share of phrases in common, of all.
    #[arg(long, default_value = "0.35", value_name = "SHARE", value_parser = share)]
    pub(crate) phrases: f64,
    /// Permutations of a signature: more cost time and tell phrases more exactly.
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = permutations)]
    pub(crate) permutations: usize,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "expected a share above 0, at most 1".to_owned())
}

fn permutations(text: &str) -> Result<usize, String> {
    let (least, most) = (PERMUTATIONS.start(), PERMUTATIONS.end());
    let number = text.parse().ok().filter(|number| PERMUTATIONS.contains(number));
    number.ok_or_else(|| format!("expected {least} to {most}"))
}
