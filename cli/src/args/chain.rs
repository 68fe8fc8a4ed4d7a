//! The arguments of `meed chain`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use meed_chain::deployment::Money;
use meed_chain::{Address, B256};
use meed_statement::types::Account;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Operator, each epoch:
  meed -p net commit && meed -p net settle
  meed -p net chain deposit AMOUNT            fees into the contract's pot
  meed -p net chain events --requests R --out E   fees as they were deposited
  meed -p net chain commit                    fixes the roots, takes the fees out of the pot
  meed -p net prove --keys keys --chain-id ID --contract ADDRESS
  meed -p net chain settle net/epochs/1/bundle
Contributor:
  meed chain claim bundle --contract ADDRESS --account 0x...

The node's URL is --rpc or the variable MEED_RPC. A command that sends needs a key: --keystore
FILE with --password-file FILE or the variable MEED_KEYSTORE_PASSWORD, or the variable
MEED_PRIVATE_KEY. It tries first, shows what it will cost, and asks before it sends. What is done
already is found done.

Exit codes here: 1 a bundle that is not for this contract, or payouts that are not the contract's;
2 also what the contract refuses; 4 also a node that cannot be reached, and a transaction that
failed or is in no block in time.")]
pub(crate) enum Chain {
    Deploy(Deploy),
    Deposit(Deposit),
    Events(EventsArgs),
    Commit(ChainCommit),
    Settle(ChainSettle),
    Claim(Claim),
    Push(Push),
    Page(PageArgs),
    Status(Status),
}

/// The node.
#[derive(Debug, ClapArgs)]
pub(crate) struct NodeArgs {
    /// The node's URL [default: the variable MEED_RPC].
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<String>,
}

/// The node and the contract.
#[derive(Debug, ClapArgs)]
pub(crate) struct ContractArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// The settlement contract [default: that of the project's chain.toml].
    #[arg(long, value_parser = address, value_name = "ADDRESS")]
    pub(crate) contract: Option<Address>,
}

/// How to send.
#[derive(Debug, ClapArgs)]
pub(crate) struct SendArgs {
    /// Keystore of the account that sends [default: the key in the variable MEED_PRIVATE_KEY].
    #[arg(long, value_name = "FILE")]
    pub(crate) keystore: Option<PathBuf>,
    /// The keystore's password [default: the variable MEED_KEYSTORE_PASSWORD].
    #[arg(long, requires = "keystore", value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Try, show what it would cost, and send nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Send without asking.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Blocks that a transaction must have, its own included.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000),
        value_name = "N")]
    pub(crate) confirmations: u64,
    /// Give up waiting for a transaction after so many seconds.
    #[arg(long, default_value_t = 600, value_name = "SECS")]
    pub(crate) wait: u64,
}

/// Create a verifier for each key and the settlement contract; write chain.toml.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  meed -p net chain deploy --key keys/meed-groth16-S.vk.json --token 0x... --owner 0x... \\
      --operator 0x... --guardian 0x... --treasury 0x... --keystore operator.json

Circuits have numbers: 1 for shape XS, 2 for S, 3 for M. Another key, or one in a file that does
not say its shape, needs a number of its own: --circuit 100=verification_key.json. Owner, operator
and guardian are best three accounts, the owner a multi-signature wallet. Interrupted, it goes on
where it was.")]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// A verifying key; may be repeated.
    #[arg(long = "key", required_unless_present = "circuits", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// A verifying key with its circuit's number, as N=FILE; may be repeated.
    #[arg(long = "circuit", value_parser = numbered, value_name = "N=FILE")]
    pub(crate) circuits: Vec<(u64, PathBuf)>,
    /// The token's address, or `native` for the chain's own coin.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) token: Money,
    /// Names operator and guardian, proposes verifiers.
    #[arg(long, value_parser = address)]
    pub(crate) owner: Address,
    /// Commits to epochs.
    #[arg(long, value_parser = address)]
    pub(crate) operator: Address,
    /// Pauses, retires verifiers.
    #[arg(long, value_parser = address)]
    pub(crate) guardian: Address,
    /// Gets what nobody claimed.
    #[arg(long, value_parser = address)]
    pub(crate) treasury: Address,
    /// Seconds from a settlement to its claims, at most 30 days: the guardian's time to look.
    #[arg(long, default_value_t = 3 * 86_400, value_name = "SECS")]
    pub(crate) claim_delay: u64,
    /// Seconds in which money can be claimed, at least 365 days.
    #[arg(long, default_value_t = 730 * 86_400, value_name = "SECS")]
    pub(crate) sweep_delay: u64,
    /// Seconds before a new circuit counts, at least 2 days.
    #[arg(long, default_value_t = 7 * 86_400, value_name = "SECS")]
    pub(crate) timelock: u64,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Make events of requests, with the fees that were deposited for them.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  meed -p net chain events --requests requests.csv --out events.csv
  meed -p net scores import scores.npy --events events.csv

Requests have the header id,service,model. A deposit pays for an event when its memo is the event's
id, 16 bytes, followed by zeros: meed chain deposit AMOUNT --memo ID. The fee of an event is the sum
of its deposits. Deposits that are for no request are listed; they stay in the pot.")]
pub(crate) struct EventsArgs {
    /// The requests.
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: PathBuf,
    /// The new events.csv.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What to do about requests that nobody has paid for.
    #[arg(long, value_enum, default_value = "error")]
    pub(crate) unfunded: Unfunded,
    /// Read deposits from this block on [default: the one that the contract came with].
    #[arg(long, value_name = "N")]
    pub(crate) from_block: Option<u64>,
    /// Read deposits up to this block [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) to_block: Option<u64>,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unfunded {
    /// Write nothing.
    Error,
    /// Leave them out.
    Skip,
}

/// Pay into the contract's pot, from which the next epochs' fees come.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "A deposit is made each time the command runs. With a token, the contract is first \
allowed to take the amount."
)]
pub(crate) struct Deposit {
    /// Base units.
    pub(crate) amount: u128,
    /// The payer's reference, up to 32 bytes, with zeros after it: the id of the event that it pays for.
    #[arg(long, value_parser = memo, value_name = "HEX")]
    pub(crate) memo: Option<B256>,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Commit to the next epoch's roots and fees, as `meed commit` fixed them.
#[derive(Debug, ClapArgs)]
pub(crate) struct ChainCommit {
    /// The epoch [default: the one that the contract expects].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Settle the next epoch with a bundle.
#[derive(Debug, ClapArgs)]
#[command(after_help = "The bundle must be proved for this contract:
  meed prove --chain-id ID --contract ADDRESS
It is verified here first. Anybody who has it may settle. A list that is too long for one
transaction goes in parts; interrupted, the same account's next run goes on where it was.")]
pub(crate) struct ChainSettle {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// Circuit and verifying key, as N=FILE [default: those of chain.toml].
    #[arg(long, value_parser = numbered, value_name = "N=FILE")]
    pub(crate) circuit: Option<(u64, PathBuf)>,
    /// Send the payouts in fewer bytes: indexes into the contract's pages, amounts as long as needed.
    #[arg(long)]
    pub(crate) dense: bool,
    /// Send the payouts in parts, even if one transaction would do.
    #[arg(long)]
    pub(crate) parts: bool,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Claim what settled epochs owe. Money goes to the payout's account, whoever sends.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed -p net chain claim --all
  meed chain claim bundle1 bundle2 --contract 0x... --account 0x...")]
pub(crate) struct Claim {
    /// Bundles with the payouts [default: those in the project's epochs].
    pub(crate) bundles: Vec<PathBuf>,
    /// Whose payouts.
    #[arg(long, required_unless_present = "all", conflicts_with = "all")]
    pub(crate) account: Option<Account>,
    /// Everybody's.
    #[arg(long)]
    pub(crate) all: bool,
    /// Of this epoch only.
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Pay everybody of a small epoch in one transaction.
#[derive(Debug, ClapArgs)]
pub(crate) struct Push {
    /// The bundle with the payouts [default: that of the epoch in the project].
    pub(crate) bundle: Option<PathBuf>,
    /// The epoch [default: the last settled].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Write the project's accounts into the contract's pages, so that `settle --dense` can name them.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "A page costs some 4,000 gas an account, once, and saves some 300 gas each time that the account
is paid. Pages are not trusted: a proof is about the accounts themselves."
)]
pub(crate) struct PageArgs {
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Show what the contract says: epochs, money, commitment, circuits, roles.
#[derive(Debug, ClapArgs)]
pub(crate) struct Status {
    /// Show so many of the last epochs.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) epochs: u64,
    #[command(flatten)]
    pub(crate) contract: ContractArgs,
}

fn address(text: &str) -> Result<Address, String> {
    let rule = "expected an address: 0x and 40 hexadecimal digits";
    let address = match text.starts_with("0x") {
        true => text.parse::<Address>().map_err(|_| rule.to_owned())?,
        false => return Err(rule.to_owned()),
    };
    // Mixed case is a checksum (EIP-55): a typing error shows.
    let digits = &text[2..];
    let mixed = digits.bytes().any(|b| b.is_ascii_lowercase())
        && digits.bytes().any(|b| b.is_ascii_uppercase());
    if mixed && Address::parse_checksummed(text, None).is_err() {
        return Err("the address's checksum is wrong: one of its characters is".to_owned());
    }
    match address.is_zero() {
        true => Err("expected an address other than zero".to_owned()),
        false => Ok(address),
    }
}

fn memo(text: &str) -> Result<B256, String> {
    let rule = || "expected up to 64 hexadecimal digits".to_owned();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).map_err(|_| rule())?;
    if bytes.len() > 32 {
        return Err(rule());
    }
    Ok(B256::right_padding_from(&bytes))
}

pub(super) fn numbered(text: &str) -> Result<(u64, PathBuf), String> {
    let (number, path) = text.split_once('=').ok_or("expected N=FILE")?;
    let number = number.parse().map_err(|_| "expected N=FILE with a number N".to_owned())?;
    Ok((number, PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let good = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert!(address(good).is_ok());
        assert!(address(&good.to_lowercase()).is_ok());
        let typo = good.replace("9Fd", "9fd");
        for bad in [&typo, &good[2..], &good[..41], &format!("0x{:040}", 0), "", "0x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn memos_are_padded_on_the_right() {
        let mut expected = B256::ZERO;
        expected[0] = 0xab;
        assert_eq!(memo("0xab"), Ok(expected));
        assert_eq!(memo(""), Ok(B256::ZERO));
        let id = [7; 16];
        assert_eq!(memo(&hex::encode(id)), Ok(meed_chain::deposits::event_memo(&id)));
        assert!(memo(&"00".repeat(33)).is_err());
        assert!(memo("xyz").is_err());
    }

    #[test]
    fn circuits_have_numbers() {
        assert_eq!(numbered("7=a=b"), Ok((7, PathBuf::from("a=b"))));
        assert!(numbered("a.json").is_err());
        assert!(numbered("x=a.json").is_err());
    }
}
