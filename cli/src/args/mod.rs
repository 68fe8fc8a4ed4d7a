//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use meed_ledger::receipt::{Show, MOST_DECIMALS};
use meed_statement::types::Account;

use crate::failure::usage;

mod audit;
pub(crate) mod chain;
mod export;
mod pages;
mod prove;
mod quality;
mod registry;
mod scores;
mod service;

pub(crate) use audit::Audit;
pub(crate) use export::{Export, ExportBundle, ExportKey, ExportR1cs, ExportVerifier, ExportWtns};
pub(crate) use pages::PageArgs;
pub(crate) use prove::{Circuit, DomainArgs, Keys, ProofSystem, Prove, Setup, Verify};
pub(crate) use quality::ScoresCheck;
pub(crate) use registry::RegistrySimilar;
pub(crate) use scores::{
    Format, Import, Normalise, Orientation, Scores, Sign, SpanWeight, Unwritten,
};
pub(crate) use service::{
    Fetch, Pack, Serve, Service, ServiceSettle, SettingsArgs, Tenant, Token, Worker,
};

const AFTER: &str = "\
Start here:
  meed demo                     everything, on real data that is built in; writes ./out

Your own data:
  meed init net --platform 0x...                        a project folder
  meed -p net registry add --from assets.csv            datasets, models, services and their owners
  meed -p net scores import scores.csv --events events.csv    (or NPY, safetensors, Parquet, ..)
  meed -p net commit                                    roots to publish
  meed -p net settle                                    who gets what, and why
  meed setup S --insecure-local                         a development key (or --import-zkey, --ptau)
  meed -p net prove --keys keys                         the bundle: proof, payouts, new state
  meed verify net/epochs/1/bundle --key keys/meed-groth16-S.vk.json
  meed -p net audit --keys keys                         check everything again, all epochs
  meed -p net receipt --account 0x...                   one contributor's share, step by step
  meed chain --help                                     paying it out on an EVM chain
  meed serve --help                                     a service that proves epochs as jobs

Exit codes:
  0    done, or what was checked is good
  1    what was checked is not good: a proof, a bundle, a content
  2    the command cannot be used so, or not yet
  3    a file says something that is not accepted; the message names file and row
  4    the operating system refused: no such file, disk full, another process is at work
  5    a fault of this program, a key or the machine
  130  interrupted by Ctrl-C
After 1 to 130, what was there before is unchanged.";

/// Turns attribution scores into payments that anyone can check.
#[derive(Debug, Parser)]
#[command(name = "meed", version, after_help = AFTER, arg_required_else_help = true)]
pub(crate) struct Args {
    /// The project's folder.
    #[arg(short, long, global = true, default_value = ".", value_name = "DIR")]
    pub(crate) project: PathBuf,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Init),
    /// Datasets, models, adapters and services.
    #[command(subcommand)]
    Registry(Registry),
    /// Scores of an attribution tool.
    #[command(subcommand)]
    Scores(Scores),
    Commit(Commit),
    Settle(Settle),
    Setup(Setup),
    Prove(Prove),
    Verify(Verify),
    Audit(Audit),
    Receipt(Receipt),
    Report(EpochReport),
    /// Settlement on an EVM chain: deploy, deposit, commit, settle, claim.
    #[command(subcommand)]
    Chain(chain::Chain),
    /// Proofs, keys, circuits and claims in the formats of other tools.
    #[command(subcommand)]
    Export(Export),
    Circuit(Circuit),
    Keys(Keys),
    Serve(Serve),
    Worker(Worker),
    /// The proving service's settings, tenants and tokens, and submissions to it.
    #[command(subcommand)]
    Service(Service),
    Demo(Demo),
}

/// Make a project folder: the rules in policy.toml, an empty registry.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed init net --platform 0x52908400098527886e0f7030069857d2e4169ee7
  meed init net --policy other/policy.toml")]
pub(crate) struct Init {
    /// The new folder.
    pub(crate) folder: PathBuf,
    /// Account of the platform.
    #[arg(long, required_unless_present = "policy", value_name = "ACCOUNT")]
    pub(crate) platform: Option<Account>,
    /// Account of the stakers [default: the platform's].
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) stakers: Option<Account>,
    /// Account that takes what rounding, penalties and the cap leave [default: the platform's].
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) remainder: Option<Account>,
    /// Shares of platform, stakers, service, model and data in basis points; they add up to 10000.
    #[arg(long, default_value = "500,500,1000,2000,6000", value_name = "A,B,C,D,E")]
    pub(crate) shares: String,
    /// Fraction bits of scores.
    #[arg(long, default_value_t = 32, value_name = "BITS")]
    pub(crate) fraction_bits: u8,
    /// A score counts from here on.
    #[arg(long, default_value = "0", value_name = "SCORE")]
    pub(crate) threshold: String,
    /// Most that an account may earn of an epoch's fees, in basis points.
    #[arg(long, default_value_t = 10_000, value_name = "BPS")]
    pub(crate) cap_bps: u32,
    /// Smallest payout, in base units.
    #[arg(long, default_value = "1", value_name = "UNITS")]
    pub(crate) min_payout: String,
    /// Take the rules from this file instead.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["platform", "stakers", "remainder", "shares", "fraction_bits",
            "threshold", "cap_bps", "min_payout"]
    )]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Registry {
    /// Append an asset, or all of a list.
    #[command(after_help = "Examples:
  meed registry add birds --kind dataset --owner 0x... --path data/birds/
  meed registry add birds-v2 --kind dataset --owner 0x... --path data/birds2/ --edge birds:3000
  meed registry add --from assets.csv

A list has the header name,kind,owner,path,penalty_bps,edges; paths are relative to the list, edges
are parent:bps joined by ';'. The content hash of a file is its sha256sum. Inside a folder,
  find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
gives that of the folder.")]
    Add(RegistryAdd),
    /// Show the assets.
    List,
    /// Check the registry against clause S1, or one content against its asset.
    #[command(after_help = "Examples:
  meed registry check
  meed registry check --name birds --path data/birds/")]
    Check(RegistryCheck),
    /// Find datasets that are near-copies of each other, however they are named, ordered or spaced.
    #[command(after_help = "Examples:
  meed registry similar birds.csv upload/birds-final/
  meed registry similar --from assets.csv
  meed registry similar --from assets.csv upload.csv --threshold 0.5 --json

Compares lines as sequences of words: names of files, order of lines, case, spaces and punctuation do
not matter. The first line of a .csv or .tsv is taken for a header. Pairs are reported from --threshold
on by rows, from --phrases on where rows were edited. The edge is a proposal for `registry add`.")]
    Similar(RegistrySimilar),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RegistryAdd {
    /// Name of the asset.
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub(crate) name: Option<String>,
    /// What it is.
    #[arg(long, requires = "name", required_unless_present = "from")]
    pub(crate) kind: Option<Kind>,
    /// Who is paid for it.
    #[arg(long, requires = "name", required_unless_present = "from", value_name = "ACCOUNT")]
    pub(crate) owner: Option<Account>,
    /// The file or folder to hash.
    #[arg(long, requires = "name", required_unless_present = "from", value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// A share owed to an earlier asset, as parent:bps; up to four.
    #[arg(long = "edge", requires = "name", value_name = "PARENT:BPS")]
    pub(crate) edges: Vec<String>,
    /// Share owed to the remainder account; 10000 is a suspension.
    #[arg(long, requires = "name", value_name = "BPS")]
    pub(crate) penalty: Option<u32>,
    /// Append all assets of this list.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Dataset,
    Model,
    Adapter,
    Service,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RegistryCheck {
    /// The asset whose content to check.
    #[arg(long, requires = "path")]
    pub(crate) name: Option<String>,
    /// Its file or folder.
    #[arg(long, requires = "name")]
    pub(crate) path: Option<PathBuf>,
}

/// Commit to an epoch: draw its salt, fix its inputs, print and save the roots.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Publish the roots before you settle. From then on the epoch cannot change: running this again
checks that nothing did. A commitment that nobody has seen can be taken back by deleting epochs/N."
)]
pub(crate) struct Commit {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
}

/// Compute who gets what, check every clause, and explain it. No proof.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Of a committed epoch, payouts and new state are saved in epochs/N/settlement, from which the next
epoch starts.

With --policy or --registry, nothing is saved: it shows what each account would get under other rules,
and how that differs."
)]
pub(crate) struct Settle {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// Show all accounts and assets, not only the largest.
    #[arg(long)]
    pub(crate) all: bool,
    /// What if these rules were the epoch's? Saves nothing.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// What if this were the registry? Its assets start with the epoch's, in the same order.
    #[arg(long, value_name = "FILE")]
    pub(crate) registry: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// How amounts are shown to people.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// Show amounts in tokens of so many decimals [default: in base units].
    #[arg(long, value_name = "N")]
    pub(crate) decimals: Option<u8>,
    /// The token's name.
    #[arg(long, requires = "decimals", default_value = "tokens", value_name = "NAME")]
    pub(crate) symbol: String,
}

impl ShowArgs {
    pub(crate) fn get(&self) -> anyhow::Result<Show> {
        let Some(decimals) = self.decimals else { return Ok(Show::default()) };
        let most = format!("--decimals: expected at most {MOST_DECIMALS}");
        Show::token(decimals, &self.symbol).ok_or_else(|| usage(most))
    }
}

/// Explain what one account gets: fee, role, asset, edge, account, payout, to the unit.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed -p net receipt --account 0x0ffa304b6347cb521465a37a40053ebf258b49d1
  meed -p net receipt --account 0x... --decimals 18 --symbol USD
  meed -p net --json receipt --account 0x... > receipt.json

A receipt holds the scores of the account's own assets: hand it to their owner only.")]
pub(crate) struct Receipt {
    /// Whose.
    #[arg(long)]
    pub(crate) account: Account,
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// Write the report of an epoch: Markdown that says in plain words who got what, and why.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed -p net report
  meed -p net report --bundle net/epochs/1/bundle --key keys/meed-groth16-S.vk.json --out report.md
  meed -p net report --bundle net/epochs/1/bundle --key KEY --html epoch-1.html
  meed report --public --bundle bundle --key KEY --html epoch-1.html

A report holds sums, names and accounts, no score and no salt. A page is one HTML file that shows the
same and checks it in the browser; with --public it holds what the bundle says, and nothing else.")]
pub(crate) struct EpochReport {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// Verify this bundle and say in the report that it proves the numbers.
    #[arg(long, requires = "key", value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,
    /// The verifying key.
    #[arg(long, requires = "bundle", value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The file to write [default: print it].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write a page for browsers to this file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub(crate) html: Option<PathBuf>,
    /// Put only what the bundle says into the page. Needs no project.
    #[arg(long, requires_all = ["html", "bundle"], conflicts_with = "epoch")]
    pub(crate) public: bool,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// Do everything on real data that is built in: influence scores of handwritten digits.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Running it again goes on where it was interrupted and proves nothing twice; to start over, delete
the folder. The key is a local one: its secrets are public."
)]
pub(crate) struct Demo {
    /// The folder to write to.
    #[arg(long, default_value = "out", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Stop before the key and the proof, which take minutes.
    #[arg(long)]
    pub(crate) no_proof: bool,
}
