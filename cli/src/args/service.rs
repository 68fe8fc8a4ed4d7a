//! The proving service.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::chain::{numbered, ContractArgs, SendArgs};
use super::{DomainArgs, ProofSystem};

const SETTINGS: &str = "Settings come from the file and from variables MEED_SERVICE_<SECTION>__<KEY>, which go over it:
docs/service.md explains them all. SIGTERM or Ctrl-C stops: the job at hand is finished within
worker.grace_seconds or given back, and nothing is lost.";

/// Where the settings are.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct SettingsArgs {
    /// A TOML file with the settings [default: the settings' defaults].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Run the proving service: its HTTP API and, unless worker.enabled is false, a worker.
#[derive(Debug, ClapArgs)]
#[command(after_help = SETTINGS)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// Run a worker of the proving service: any number, on any number of machines.
#[derive(Debug, ClapArgs)]
#[command(after_help = SETTINGS)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Check the settings and print them, without secrets.
    Config(SettingsArgs),
    /// Print the API's description, OpenAPI 3.1.
    Openapi,
    Tenant(Tenant),
    /// Tokens: who may call, and what for.
    #[command(subcommand)]
    Token(Token),
    Pack(Pack),
    Fetch(Fetch),
    Settle(ServiceSettle),
}

/// Make a tenant, or change how many open jobs it may have.
#[derive(Debug, ClapArgs)]
pub(crate) struct Tenant {
    /// Its name.
    pub(crate) name: String,
    /// As many jobs, queued or running.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub(crate) most_open: u32,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token. It is printed once; the database has a hash of it.
    Add {
        /// Whose.
        #[arg(long)]
        tenant: String,
        /// What it allows: submit, read, operate.
        #[arg(long, value_delimiter = ',', default_value = "submit,read")]
        scopes: Vec<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Revoke a token, from the next request on.
    Revoke {
        /// Its id: the 16 digits after `meed_`.
        id: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// List tokens, without their secrets.
    List {
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// Write a committed epoch as the body of a submission to the service.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  meed -p net service pack --network net --out epoch-1.json
  curl --fail -H \"Authorization: Bearer $TOKEN\" -H 'Idempotency-Key: net-1' \\
       --data-binary @epoch-1.json http://127.0.0.1:8411/v1/jobs

The file holds scores and salt: it is readable by you alone. Delete it after the submission.")]
pub(crate) struct Pack {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// The network's name in the service.
    #[arg(long, value_name = "NAME")]
    pub(crate) network: String,
    /// The proof system.
    #[arg(long, default_value = "groth16", value_name = "SYSTEM")]
    pub(crate) system: ProofSystem,
    /// Jobs of a higher priority go first.
    #[arg(long, default_value_t = 0, allow_hyphen_values = true, value_name = "-100..100")]
    pub(crate) priority: i64,
    /// The epochs before this one were proved elsewhere.
    #[arg(long)]
    pub(crate) first: bool,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) domain: DomainArgs,
}

/// Fetch a network's finished bundles and verify them, all together.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  meed service fetch --config service.toml --tenant acme --network net --out bundles \\
       --key keys/meed-groth16-S.vk.json --chain-id 1 --contract 0x...

It can be interrupted and run again: a bundle that is there is compared. Groth16 proofs are verified as
one batch. This reads database and store, not the API. `meed service settle` does the same and settles.")]
pub(crate) struct Fetch {
    /// Whose.
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: String,
    /// The network.
    #[arg(long, value_name = "NAME")]
    pub(crate) network: String,
    /// A verifying key; may be repeated. Bundles under other keys are left out; of several bundles of an
    /// epoch the one under the first key counts.
    #[arg(long = "key", required = true, value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// The folder for the bundles, one folder an epoch.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) domain: DomainArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// Fetch a network's finished bundles, verify them all, and settle their epochs on the contract in order.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  meed -p net service settle --config service.toml --tenant acme --network net --out bundles --yes

Where there is no chain.toml, --contract 0x... and --circuit N=FILE name contract and keys. Node and
key of the account are given as for `meed chain`.

It can be killed at any time and run again. What is left to do is the contract's to say: an epoch that
is settled is compared with its bundle; a transaction that is still on its way is waited for, for as
long as --wait says. It verifies everything before it sends anything.

Exit codes here: 1 a bundle that is not valid or not what was put into the store, an epoch that is
settled with another bundle; 2 also an epoch that is missing or not committed, no bundle for this
contract under these keys, and what the contract refuses; 4 also database, store or node that cannot
be reached, and a transaction that failed or is in no block in time. Epochs settled before stay settled.")]
pub(crate) struct ServiceSettle {
    /// Whose.
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: String,
    /// The network.
    #[arg(long, value_name = "NAME")]
    pub(crate) network: String,
    /// The folder for the bundles, one folder an epoch.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Circuit and verifying key, as N=FILE; may be repeated [default: those of chain.toml].
    #[arg(long = "circuit", value_parser = numbered, value_name = "N=FILE")]
    pub(crate) circuits: Vec<(u64, PathBuf)>,
    /// Commit to each epoch first, where nobody has. The account must be the operator's.
    #[arg(long)]
    pub(crate) commit: bool,
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
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}
