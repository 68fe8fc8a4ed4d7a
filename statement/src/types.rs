//! The objects of an epoch.

use crate::units::{BPS, EDGES};
use ark_bn254::Fr;
use core::fmt;
use ruint::aliases::U256;

/// An account: a 20-byte address, not zero. Ordered as a big-endian number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account([u8; 20]);

impl Account {
    /// An account from its 20 bytes; `None` for the zero address, which nobody can claim from.
    #[must_use]
    pub fn new(bytes: [u8; 20]) -> Option<Self> {
        (bytes != [0; 20]).then_some(Self(bytes))
    }

    /// The 20 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The account as a field element, below 2^160.
    #[must_use]
    pub fn to_field(&self) -> Fr {
        use ark_ff::PrimeField;
        Fr::from_be_bytes_mod_order(&self.0)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for Account {
    type Err = AccountError;

    /// Reads `0x` and 40 hex digits, of either case.
    fn from_str(s: &str) -> Result<Self, AccountError> {
        let digits = s.strip_prefix("0x").filter(|d| d.len() == 40).ok_or(AccountError::Form)?;
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(AccountError::Form);
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Self::new(bytes).ok_or(AccountError::Zero)
    }
}

/// Why a text is no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// Not `0x` and 40 hex digits.
    Form,
    /// The zero address.
    Zero,
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "expected 0x and 40 hex digits",
            Self::Zero => "the zero address cannot own anything",
        })
    }
}

impl core::error::Error for AccountError {}

/// A share in basis points, 0 to 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bps(u16);

impl Bps {
    /// The whole.
    pub const WHOLE: Self = Self(BPS as u16);

    /// A share; `None` above 10,000.
    #[must_use]
    pub fn new(bps: u32) -> Option<Self> {
        (bps <= BPS).then_some(Self(bps as u16))
    }

    /// The share as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0 as u32
    }
}

/// SHA-256 of an asset's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The first 16 bytes, by which contents are told apart (clause S1).
    #[must_use]
    pub fn key(&self) -> u128 {
        u128::from_be_bytes(self.0[..16].try_into().expect("16 of 32 bytes"))
    }

    /// The last 16 bytes.
    #[must_use]
    pub fn low(&self) -> u128 {
        u128::from_be_bytes(self.0[16..].try_into().expect("16 of 32 bytes"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What an asset is. The settlement treats all kinds alike; people and tools read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Training or reference data.
    Dataset = 0,
    /// A model.
    Model = 1,
    /// An adapter on top of a model.
    Adapter = 2,
    /// A service that serves outputs.
    Service = 3,
}

impl Kind {
    /// All kinds with their names.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Dataset, "dataset"),
        (Self::Model, "model"),
        (Self::Adapter, "adapter"),
        (Self::Service, "service"),
    ];

    /// The name, as in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

/// What an asset owes another: a share of everything that flows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the asset that is owed, smaller than that of the one that owes.
    pub parent: u32,
    /// The share, above zero.
    pub bps: Bps,
}

/// A registered dataset, model, adapter or service. Its index is its position in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// SHA-256 of the content.
    pub content_hash: ContentHash,
    /// Who is paid for it.
    pub owner: Account,
    /// What it is.
    pub kind: Kind,
    /// Up to four shares owed to earlier assets.
    pub edges: Vec<Edge>,
    /// Share owed to the remainder account; 10,000 is a suspension.
    pub penalty: Bps,
}

impl Asset {
    /// The edges in four slots; unused ones are `(0, 0)`.
    #[must_use]
    pub fn edge_slots(&self) -> [(u32, u32); EDGES] {
        core::array::from_fn(|i| self.edges.get(i).map_or((0, 0), |e| (e.parent, e.bps.get())))
    }
}

/// One paid output of the AI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Identifier, 16 bytes (a UUID, or the start of a hash).
    pub id: [u8; 16],
    /// What was paid for it, base units, below 2^80.
    pub fee: u128,
    /// Index of the asset that served it.
    pub service: u32,
    /// Index of the model that made it.
    pub model: u32,
}

/// How much one asset contributed to one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Index of the event.
    pub event: u32,
    /// Index of the asset.
    pub asset: u32,
    /// Fixed-point score with the policy's fraction bits, magnitude below 2^47.
    pub score: i64,
}

/// The rules of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Share of each fee for the platform account.
    pub platform_bps: Bps,
    /// Share for the stakers' account.
    pub stakers_bps: Bps,
    /// Share for the service that served the event.
    pub service_bps: Bps,
    /// Share for the model that made it.
    pub model_bps: Bps,
    /// Share for the data, split by score. The five shares add up to 10,000.
    pub data_bps: Bps,
    /// Account of the platform.
    pub platform: Account,
    /// Account of the stakers.
    pub stakers: Account,
    /// Account that takes what rounding, penalties and the cap leave.
    pub remainder: Account,
    /// A record counts from this score on; fixed point, 0 to 2^47 - 1.
    pub threshold: u64,
    /// Most of an epoch's fees that an account may earn, policy accounts excepted.
    pub cap_bps: Bps,
    /// Smallest payout, base units, below 2^80. Zero is the same as one.
    pub min_payout: u128,
    /// Fraction bits of all scores.
    pub fraction_bits: u8,
}

impl Policy {
    /// The five role shares, in the order platform, stakers, service, model, data.
    #[must_use]
    pub fn shares(&self) -> [Bps; 5] {
        [self.platform_bps, self.stakers_bps, self.service_bps, self.model_bps, self.data_bps]
    }

    /// The three policy accounts, in the order platform, stakers, remainder.
    #[must_use]
    pub fn accounts(&self) -> [Account; 3] {
        [self.platform, self.stakers, self.remainder]
    }
}

/// What waits in an account from one epoch to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateEntry {
    /// Whose it is.
    pub account: Account,
    /// Credits, above zero and below 2^134.
    pub accrued: U256,
}

/// What an account is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Who is paid.
    pub account: Account,
    /// Base units, above zero and below 2^93.
    pub amount: u128,
}

/// Everything that an epoch is computed from.
#[derive(Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// The rules.
    pub policy: Policy,
    /// The registry, in order.
    pub registry: Vec<Asset>,
    /// Blinds the scores' root. A secret.
    pub salt: Fr,
    /// The paid outputs, in order.
    pub events: Vec<Event>,
    /// The scores, strictly increasing by (event, asset).
    pub records: Vec<Record>,
    /// What earlier epochs left, strictly increasing by account.
    pub state: Vec<StateEntry>,
}

impl fmt::Debug for Inputs {
    /// Sizes only: the salt and the scores are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("epoch", &self.epoch)
            .field("assets", &self.registry.len())
            .field("events", &self.events.len())
            .field("records", &self.records.len())
            .field("state", &self.state.len())
            .finish_non_exhaustive()
    }
}
