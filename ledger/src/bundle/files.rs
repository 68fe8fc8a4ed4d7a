//! The six files, written from what a bundle says. This is the definition of their bytes.
//!
//! JSON is what `JSON.stringify(value, null, 2)` gives, plus a newline; keys in the order of the
//! structs here. Tables have a header line and a newline after each row.

use ark_bn254::Fr;
use meed_statement::types::{Account, Payout, StateEntry};
use meed_statement::words::{unpack_payout, Binding, Domain, HEADER_WORDS};
use meed_verifier::AnyProof;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::text::{hex_0x, origin, word_text};
use super::{
    BundleInput, Circuit, KeyLabel, FORMAT, FORMAT_VERSION, INSECURE_WARNING, LISTED, MANIFEST,
    PAYOUTS_CSV, PAYOUTS_JSON, PROOF, PUBLIC, STATE,
};

/// First line of `payouts.csv`.
pub(super) const PAYOUTS_HEADER: &str = "index,account,amount\n";
/// First line of `state.csv`.
pub(super) const STATE_HEADER: &str = "account,accrued\n";

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<String>,
    pub(super) epoch: String,
    pub(super) circuit: CircuitFields,
    pub(super) key: KeyFields,
    pub(super) domain: DomainFields,
    pub(super) files: Vec<FileFields>,
    /// SHA-256 of this file with 64 zeros here. It guards against accidents, not against a liar.
    pub(super) digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CircuitFields {
    pub(super) name: String,
    pub(super) shape: String,
    pub(super) digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFields {
    pub(super) vk_id: String,
    pub(super) origin: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainFields {
    pub(super) chain_id: String,
    pub(super) contract: String,
}

impl From<&Domain> for DomainFields {
    fn from(domain: &Domain) -> Self {
        Self { chain_id: hex_0x(domain.chain_id()), contract: hex_0x(domain.contract()) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileFields {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// `public.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Public {
    pub(super) words: Vec<String>,
    pub(super) h: String,
    pub(super) alpha: String,
    pub(super) y: String,
    pub(super) domain: DomainFields,
}

/// `payouts.json`.
#[derive(Serialize)]
struct Payouts {
    epoch: String,
    released_total: String,
    payouts: Vec<PayoutFields>,
}

#[derive(Serialize)]
struct PayoutFields {
    index: usize,
    account: String,
    amount: String,
}

/// What a bundle says: all that its bytes follow from.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) circuit: &'a Circuit,
    pub(super) label: KeyLabel,
    pub(super) domain: Domain,
    pub(super) words: &'a [Fr],
    pub(super) proof: &'a AnyProof,
    pub(super) state: &'a [StateEntry],
}

impl<'a> Said<'a> {
    pub(super) fn of(input: &BundleInput<'a>) -> Self {
        let BundleInput { circuit, key, domain, words, proof, state } = *input;
        Self { circuit, label: KeyLabel::of(key), domain, words, proof, state }
    }
}

/// A bundle in memory: the files by name, the manifest last.
pub(super) type Files = [(&'static str, Vec<u8>); 6];

/// The payouts of words that passed `check_words`.
pub(super) fn payouts(input: &Said<'_>) -> Vec<Payout> {
    let words = input.words.get(HEADER_WORDS..).unwrap_or_default();
    let payout = |(account, amount)| Some(Payout { account: Account::new(account)?, amount });
    words.iter().filter_map(|word| unpack_payout(word).and_then(payout)).collect()
}

/// Writes all files. `epoch` and `released` are those of the words, `binding` is derived from them.
pub(super) fn render(input: &Said<'_>, epoch: u64, released: u128, binding: &Binding) -> Files {
    let payouts = payouts(input);
    let content = [
        payouts_csv(&payouts),
        payouts_json(&payouts, epoch, released),
        input.proof.to_vec(),
        public_json(input, binding),
        state_csv(input.state),
    ];
    let mut names = LISTED.iter();
    let listed = content.map(|bytes| (*names.next().expect("a name for each content"), bytes));
    let manifest = manifest_json(&manifest(input, epoch, &listed));
    let [a, b, c, d, e] = listed;
    debug_assert_eq!([a.0, b.0, c.0, d.0, e.0], [PAYOUTS_CSV, PAYOUTS_JSON, PROOF, PUBLIC, STATE]);
    [a, b, c, d, e, (MANIFEST, manifest)]
}

fn manifest(input: &Said<'_>, epoch: u64, listed: &[(&str, Vec<u8>)]) -> Manifest {
    let KeyLabel { vk_id, insecure } = input.label;
    Manifest {
        format: FORMAT.to_owned(),
        version: FORMAT_VERSION,
        warning: insecure.then(|| INSECURE_WARNING.to_owned()),
        epoch: epoch.to_string(),
        circuit: CircuitFields {
            name: input.circuit.name.clone(),
            shape: input.circuit.shape.name.to_owned(),
            digest: hex::encode(input.circuit.digest),
        },
        key: KeyFields { vk_id: hex_0x(&vk_id), origin: origin(insecure).to_owned() },
        domain: (&input.domain).into(),
        files: listed
            .iter()
            .map(|(name, bytes)| FileFields {
                name: (*name).to_owned(),
                bytes: bytes.len() as u64,
                sha256: sha256(bytes),
            })
            .collect(),
        digest: String::new(),
    }
}

/// The bytes of a manifest, with its digest computed anew.
pub(super) fn manifest_json(manifest: &Manifest) -> Vec<u8> {
    let mut manifest = Manifest { digest: "0".repeat(64), ..manifest.clone() };
    manifest.digest = sha256(&json(&manifest));
    json(&manifest)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("strings and numbers are JSON");
    bytes.push(b'\n');
    bytes
}

/// 64 hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn payouts_csv(payouts: &[Payout]) -> Vec<u8> {
    let rows = payouts.iter().enumerate().map(|(i, p)| format!("{i},{},{}\n", p.account, p.amount));
    std::iter::once(PAYOUTS_HEADER.to_owned()).chain(rows).collect::<String>().into_bytes()
}

fn payouts_json(payouts: &[Payout], epoch: u64, released: u128) -> Vec<u8> {
    let fields = |(index, p): (usize, &Payout)| PayoutFields {
        index,
        account: p.account.to_string(),
        amount: p.amount.to_string(),
    };
    json(&Payouts {
        epoch: epoch.to_string(),
        released_total: released.to_string(),
        payouts: payouts.iter().enumerate().map(fields).collect(),
    })
}

fn public_json(input: &Said<'_>, binding: &Binding) -> Vec<u8> {
    json(&Public {
        words: input.words.iter().map(word_text).collect(),
        h: word_text(&binding.h),
        alpha: word_text(&binding.alpha),
        y: word_text(&binding.y),
        domain: (&input.domain).into(),
    })
}

fn state_csv(state: &[StateEntry]) -> Vec<u8> {
    let rows = state.iter().map(|e| format!("{},{}\n", e.account, e.accrued));
    std::iter::once(STATE_HEADER.to_owned()).chain(rows).collect::<String>().into_bytes()
}
