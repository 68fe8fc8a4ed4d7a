//! The arguments of `meed export`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use meed_statement::shape::Shape;

use super::prove::shape;
use super::DomainArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Calldata of verifyProof for a Solidity verifier of Groth16, in hexadecimal.
    #[command(after_help = "Example:
  meed export calldata net/epochs/1/bundle --key keys/meed-groth16-S.vk.json")]
    Calldata(ExportBundle),
    /// proof.json, public.json and verification_key.json of snarkjs.
    #[command(after_help = "Example:
  meed export snarkjs net/epochs/1/bundle --key keys/meed-groth16-S.vk.json --out snarkjs
  npx snarkjs groth16 verify snarkjs/verification_key.json snarkjs/public.json snarkjs/proof.json")]
    Snarkjs(ExportBundle),
    /// Proof and verifying key in arkworks' compressed bytes.
    Arkworks(ExportBundle),
    /// The claim tree, as @openzeppelin/merkle-tree dumps it; in groups above 1,024 payouts.
    Claims(ExportBundle),
    /// The verifying key: its bytes; of Groth16 also snarkjs's JSON and arkworks' bytes.
    Key(ExportKey),
    /// A Solidity contract that verifies Groth16 proofs under a key, in one file.
    #[command(after_help = "\
For a halo2 key there is no such file: meed chain deploy deploys the verifier and its key.

The file needs no other: it holds the interface, the verifier and the key. The contract takes no
constructor arguments; its keyId() is the key's id, and insecure() tells development keys.

Example:
  meed export verifier keys/meed-groth16-S.vk.json --out MeedVerifierS.sol --name MeedVerifierS")]
    Verifier(ExportVerifier),
    /// The constraints of a shape, for a ceremony with snarkjs.
    R1cs(ExportR1cs),
    /// The assignment of a committed epoch. It holds the epoch's secrets: do not share it.
    Wtns(ExportWtns),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportBundle {
    /// The bundle; it is verified first.
    pub(crate) bundle: PathBuf,
    /// The verifying key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// A file, or a folder where there are several files [default: print it].
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportKey {
    /// The verifying key.
    pub(crate) key: PathBuf,
    /// The folder to write to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportVerifier {
    /// The verifying key.
    pub(crate) key: PathBuf,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The contract's name: a capital letter, then letters, digits and underscores.
    #[arg(long, value_name = "NAME", default_value = "Verifier")]
    pub(crate) name: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportR1cs {
    /// XS, S or M.
    #[arg(value_parser = shape)]
    pub(crate) shape: Shape,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportWtns {
    /// The epoch [default: the last].
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u64>,
    /// The shape [default: the smallest that holds the epoch].
    #[arg(long, value_parser = shape)]
    pub(crate) shape: Option<Shape>,
    #[command(flatten)]
    pub(crate) domain: DomainArgs,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}
