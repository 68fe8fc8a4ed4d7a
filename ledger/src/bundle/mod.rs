//! The bundle of an epoch: a directory that stands alone.
//!
//! Six files, no more and no fewer, whose every byte follows from the public words, the new state,
//! the proof, the circuit's name and the key; see `docs/bundle.md` for each format.
//!
//! | file | content |
//! |---|---|
//! | `manifest.json` | format, epoch, circuit, key, domain, and name, size and SHA-256 of the others |
//! | `payouts.csv`, `payouts.json` | who is paid, base units, by position in the public words |
//! | `proof.bin` | the proof, [`AnyProof::to_vec`]: 256 bytes of Groth16, 4,072 of halo2 |
//! | `public.json` | the public words, `h`, `alpha`, `y` and the domain |
//! | `state.csv` | what waits in each account for later epochs, credits |
//!
//! [`verify_bundle`] trusts no file name, count or digest in it: it parses the words, the state, the
//! proof and the domain, checks them against each other and under the key, then writes all six files again in
//! memory and demands equality. So there is exactly one bundle for one epoch, proof, circuit and key, and a
//! change of any byte of it is found. A bundle holds no score and no salt.

mod check;
mod error;
mod files;
mod parse;
mod read;
mod text;
mod write;

use ark_bn254::Fr;
use core::fmt;
use core::ops::Deref;
use meed_statement::shape::Shape;
use meed_statement::types::{Payout, StateEntry};
use meed_statement::words::{Binding, Domain, Header};
use meed_verifier::{AnyProof, AnyVerifyingKey};
use ruint::aliases::U256;

pub use check::{
    read_bundle, read_files, verify_all, verify_bundle, verify_bundle_with, verify_files,
};
pub use error::BundleError;
pub(crate) use text::parse_decimal;
pub use text::{domain_text, hex_0x};
pub use write::{render_bundle, write_bundle, Outcome};

/// Name of the format, in the manifest.
pub const FORMAT: &str = "meed-bundle";
/// Version of the format, in the manifest.
pub const FORMAT_VERSION: u32 = 1;
/// The file that describes the others.
pub const MANIFEST: &str = "manifest.json";
/// Payouts as a table.
pub const PAYOUTS_CSV: &str = "payouts.csv";
/// Payouts as JSON.
pub const PAYOUTS_JSON: &str = "payouts.json";
/// The proof.
pub const PROOF: &str = "proof.bin";
/// The public words and their binding.
pub const PUBLIC: &str = "public.json";
/// The new state.
pub const STATE: &str = "state.csv";
/// The files that the manifest lists, in its order.
pub const LISTED: [&str; 5] = [PAYOUTS_CSV, PAYOUTS_JSON, PROOF, PUBLIC, STATE];

/// Stands in every output about a bundle whose key everybody can forge proofs under.
pub const INSECURE_WARNING: &str =
    "INSECURE KEY: the key comes from the local development set-up, \
whose secrets are public. Anybody can forge a proof under it. Do not pay anyone by this bundle.";

/// Most characters of a circuit's name.
pub const MOST_CIRCUIT_NAME: usize = 64;

/// Which circuit a proof is for.
///
/// A verifying key does not contain this, so in a bundle it is what its maker says; the key's id is what
/// settles it. Compare with what the key's own file says by [`Expected::circuit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// For example `meed-groth16-XS` or `meed-halo2-S`: 1 to 64 of `a-z A-Z 0-9 - _ .`. A name that begins
    /// as one of the two does must be that of the proof's system.
    pub name: String,
    /// The shape.
    pub shape: Shape,
    /// SHA-256 of the constraint system.
    pub digest: [u8; 32],
}

/// What a bundle is made from.
#[derive(Clone, Copy, Debug)]
pub struct BundleInput<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// The key that the proof verifies under.
    pub key: &'a AnyVerifyingKey,
    /// Where the proof may be used.
    pub domain: Domain,
    /// All public words, header first.
    pub words: &'a [Fr],
    /// The proof of these words for this domain.
    pub proof: &'a AnyProof,
    /// What the epoch leaves, strictly increasing by account.
    pub state: &'a [StateEntry],
}

/// What the caller demands of a bundle beyond being valid under a key.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The domain.
    pub domain: Option<Domain>,
    /// The circuit, from the key's own file.
    pub circuit: Option<Circuit>,
    /// The epoch's number.
    pub epoch: Option<u64>,
}

/// What is known of a key without having it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyLabel {
    vk_id: [u8; 32],
    insecure: bool,
}

impl KeyLabel {
    fn of(key: &AnyVerifyingKey) -> Self {
        Self { vk_id: key.id(), insecure: key.is_insecure() }
    }
}

/// What a bundle says. All of its files agree with it; the proof is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Whether anybody can forge proofs under the key ([`AnyVerifyingKey::is_insecure`]). Unless the bundle is
    /// [`Verified`], it is only what the bundle says.
    pub insecure_key: bool,
    /// [`AnyVerifyingKey::id`].
    pub vk_id: [u8; 32],
    /// The circuit, as the bundle says; see [`Circuit`].
    pub circuit: Circuit,
    /// Where the proof may be used.
    pub domain: Domain,
    /// The public words but for the payouts.
    pub header: Header,
    /// All public words.
    pub words: Vec<Fr>,
    /// `h`, `alpha` and `y`.
    pub binding: Binding,
    /// Who is paid.
    pub payouts: Vec<Payout>,
    /// What waits for later epochs.
    pub state: Vec<StateEntry>,
    /// The proof.
    pub proof: AnyProof,
    /// SHA-256 of the manifest, which fixes every byte of the bundle.
    pub manifest_sha256: [u8; 32],
}

/// A bundle that is valid under a key.
///
/// Its [`Display`](fmt::Display) is a short text for people, with the warning first when the key is
/// insecure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    contents: Contents,
}

impl Verified {
    /// What it says.
    #[must_use]
    pub fn into_contents(self) -> Contents {
        self.contents
    }
}

impl Deref for Verified {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

impl Contents {
    /// [`INSECURE_WARNING`] when the key is insecure.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        self.insecure_key.then_some(INSECURE_WARNING)
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(warning) = self.warning() {
            writeln!(f, "!!! {warning}\n")?;
        }
        let Contents { header, circuit, state, .. } = &self.contents;
        let waiting = state.iter().fold(U256::ZERO, |sum, e| sum + e.accrued);
        writeln!(f, "epoch {}: the proof is valid and every file agrees with it", header.epoch)?;
        writeln!(f, "  fees      {} base units", header.fees_total)?;
        writeln!(
            f,
            "  paid      {} base units to {} accounts",
            header.released_total, header.payouts
        )?;
        writeln!(f, "  waiting   {waiting} credits in {} accounts", state.len())?;
        writeln!(f, "  circuit   {}, shape {}", circuit.name, circuit.shape.name)?;
        writeln!(f, "  key       {} ({})", hex_0x(&self.vk_id), text::origin(self.insecure_key))?;
        writeln!(f, "  domain    {}", domain_text(&self.domain))?;
        write!(f, "  manifest  sha256 {}", hex::encode(self.manifest_sha256))
    }
}
