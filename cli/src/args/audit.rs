//! The arguments of `meed audit`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::chain::ContractArgs;
use super::PageArgs;

/// Check a history of epochs: proofs, accruals, totals; name each difference with its account.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  meed audit bundles/1 bundles/2 --key meed-groth16-S.vk.json
  meed -p net audit --keys keys
  meed audit bundles/* --keys keys --html pages
  meed -p net audit --keys keys --serve
  meed audit bundles/* --keys keys --rpc http://127.0.0.1:8545 --contract 0x...

Bundles are given in any order. What could not be checked is listed with what it would need; with
--strict that is a failure, too. Take keys from where you trust them, not from who gave you the
bundles. The contract is looked at when there is a node (--rpc or the variable MEED_RPC) and a
contract (--contract, or the project's chain.toml).

Exit codes here: 0 nothing wrong was found, 1 something is wrong.")]
pub(crate) struct Audit {
    /// The bundles [default: those in the project's epochs].
    pub(crate) bundles: Vec<PathBuf>,
    /// A verifying key; may be repeated.
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// A folder of keys: every .vk.json in it.
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// A raw file of scores, or a folder of them, to compare with what the project's imports read; may be
    /// repeated.
    #[arg(long, value_name = "RAW")]
    pub(crate) scores: Vec<PathBuf>,
    /// The node, and the contract whose log and books to compare with.
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    /// Read the contract's log from this block on [default: the one it came with].
    #[arg(long, value_name = "N")]
    pub(crate) from_block: Option<u64>,
    /// Look at the contract as of this block [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) block: Option<u64>,
    /// Fail when anything could not be checked.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) pages: PageArgs,
}
