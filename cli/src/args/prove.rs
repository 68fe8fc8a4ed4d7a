//! Keys, proofs and their verification.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, ValueEnum};
use meed_prover::Level;
use meed_statement::shape::Shape;
use meed_statement::types::Account;
use meed_statement::words::Domain;

/// Make a proving key for a shape.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed setup XS --insecure-local --keys keys
  meed export r1cs S --out S.r1cs       # then, with snarkjs: groth16 setup, zkey contribute,
                                        # zkey beacon, zkey verify S.r1cs FINAL.ptau S.zkey
  meed setup S --import-zkey S.zkey --keys keys
  meed setup S --system halo2 --ptau powersOfTau28_hez_final_16.ptau --keys keys

Groth16 needs a ceremony for each circuit; halo2 takes the parameters of any public one, and a new
circuit needs no new one. Parameters that were cut from a .ptau are kept in the folder of keys, as
meed-tau-*.params, which --ptau takes as well.

A local key is for development: its secrets are public, and everything that is verified under it
says so.")]
#[command(group = ArgGroup::new("source").required(true))]
pub(crate) struct Setup {
    /// XS, S or M.
    #[arg(value_parser = shape)]
    pub(crate) shape: Shape,
    /// The proof system of the key.
    #[arg(long, default_value = "groth16", value_name = "SYSTEM")]
    pub(crate) system: ProofSystem,
    /// Make a key whose secrets everybody knows.
    #[arg(long, group = "source")]
    pub(crate) insecure_local: bool,
    /// Take the Groth16 key that a snarkjs ceremony made for this circuit.
    #[arg(long, group = "source", value_name = "FILE")]
    pub(crate) import_zkey: Option<PathBuf>,
    /// Make a halo2 key with a ceremony's universal parameters: powers of tau, prepared for phase 2.
    #[arg(long, group = "source", value_name = "FILE")]
    pub(crate) ptau: Option<PathBuf>,
    /// Folder of the keys.
    #[arg(long, default_value = "keys", value_name = "DIR")]
    pub(crate) keys: PathBuf,
}

/// A proof system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProofSystem {
    /// 256 bytes a proof, the cheapest check; a ceremony for each circuit.
    Groth16,
    /// 4 kB a proof; universal parameters.
    Halo2,
}

/// Where a proof may be used.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct DomainArgs {
    /// EVM chain on which the proof may be used [default: none, for `meed verify` alone].
    #[arg(long, requires = "contract", value_name = "ID")]
    pub(crate) chain_id: Option<u64>,
    /// Settlement contract there.
    #[arg(long, requires = "chain_id", value_name = "ACCOUNT")]
    pub(crate) contract: Option<Account>,
}

impl DomainArgs {
    /// The domain, if one is given.
    pub(crate) fn get(&self) -> Option<Domain> {
        let (chain_id, contract) = (self.chain_id?, self.contract?);
        Some(Domain::evm(chain_id, *contract.bytes()))
    }
}

/// Prove a committed epoch and write its bundle.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed -p net prove --keys keys
  meed -p net prove --keys keys --system halo2
  meed -p net prove --keys keys --chain-id 1 --contract 0x... --out bundles/1

The bundle stands alone: public words, proof, payouts, new state. It holds no score and no salt.")]
pub(crate) struct Prove {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// Folder of the keys.
    #[arg(long, default_value = "keys", value_name = "DIR")]
    pub(crate) keys: PathBuf,
    /// The proof system.
    #[arg(long, default_value = "groth16", value_name = "SYSTEM")]
    pub(crate) system: ProofSystem,
    /// The shape [default: the smallest that holds the epoch].
    #[arg(long, value_parser = shape)]
    pub(crate) shape: Option<Shape>,
    /// The instructions to compute a Groth16 proof with. All give proofs of the same kind; `auto` takes
    /// the fastest that this machine has.
    #[arg(long, default_value = "auto", value_name = "LEVEL")]
    pub(crate) engine: EngineLevel,
    /// The new bundle [default: epochs/N/bundle in the project].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) domain: DomainArgs,
}

/// A level of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineLevel {
    /// The fastest that this machine has.
    Auto,
    /// arkworks, for comparison.
    Ark,
    /// Any machine.
    Portable,
    /// AVX2 and FMA.
    Fma,
    /// AVX-512 IFMA.
    Ifma,
}

impl EngineLevel {
    /// The level asked for, if one is.
    pub(crate) const fn level(self) -> Option<Level> {
        match self {
            Self::Auto => None,
            Self::Ark => Some(Level::Ark),
            Self::Portable => Some(Level::Portable),
            Self::Fma => Some(Level::Fma),
            Self::Ifma => Some(Level::Ifma),
        }
    }
}

/// Check a bundle: its proof, and that every file in it says the same.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed verify net/epochs/1/bundle --key keys/meed-groth16-S.vk.json
  meed verify bundle --key verification_key.json --chain-id 1 --contract 0x...

A key is Meed's .vk.json, snarkjs's verification_key.json, or the key's bytes (704 for Groth16, 1,512
for halo2). Take it from where you trust it, not from who gave you the bundle. Which proof system it
is, key and proof say themselves.")]
pub(crate) struct Verify {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// The verifying key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Demand this epoch.
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    #[command(flatten)]
    pub(crate) domain: DomainArgs,
}

/// Show what each clause costs: constraints for Groth16, rows for halo2.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  meed circuit          all shapes
  meed circuit S        one, with the digest that keys are bound to
  meed circuit --system halo2")]
pub(crate) struct Circuit {
    /// XS, S or M [default: all].
    #[arg(value_parser = shape)]
    pub(crate) shape: Option<Shape>,
    /// The proof system.
    #[arg(long, default_value = "groth16", value_name = "SYSTEM")]
    pub(crate) system: ProofSystem,
}

/// Show the keys of a folder.
#[derive(Debug, ClapArgs)]
pub(crate) struct Keys {
    /// Folder of the keys.
    #[arg(long, default_value = "keys", value_name = "DIR")]
    pub(crate) keys: PathBuf,
}

pub(super) fn shape(name: &str) -> Result<Shape, String> {
    Shape::by_name(name).ok_or_else(|| "expected XS, S or M".to_owned())
}
