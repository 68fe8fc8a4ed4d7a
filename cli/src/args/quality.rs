//! `meed scores check`.

use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
pub(crate) struct ScoresCheck {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// Warn of an account with more than this share of what scores pay, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) most_share: u32,
    /// End with code 1 if there is a warning.
    #[arg(long)]
    pub(crate) strict: bool,
}
