//! Files of an operator's project, and bundles from anyone.

use std::path::Path;

use meed_ledger::bundle::{read_files, verify_files, Expected, MANIFEST};
use meed_ledger::claims::{check_claim, ClaimTree};
use meed_ledger::decimal::{fixed_to_decimal, Exact, Scale};
use meed_ledger::events::Events;
use meed_ledger::registry::Registry;
use meed_ledger::requests::Requests;
use meed_ledger::{policy as policies, records as record_files, state as states};
use meed_statement::check::check_inputs;
use meed_statement::types::{Account, Inputs, Payout};
use sha2::{Digest, Sha256};

use crate::sample;

/// For errors only: nothing is at this path.
const NOWHERE: &str = "fuzzed";

/// A registry of each kind, with edges and a penalty.
pub const REGISTRY: &str = "\
name,kind,owner,content_hash,penalty_bps,edges
d,dataset,0x1000000000000000000000000000000000000001,0000000000000000000000000000000100000000000000000000000000000001,0,
e,dataset,0x2000000000000000000000000000000000000002,0000000000000000000000000000000200000000000000000000000000000002,250,d:1500
m,model,0x3000000000000000000000000000000000000003,0000000000000000000000000000000300000000000000000000000000000003,0,d:500;e:2000
s,service,0x1000000000000000000000000000000000000001,0000000000000000000000000000000400000000000000000000000000000004,9000,m:1000
";

/// Events of that registry.
pub const EVENTS: &str = "\
id,fee,service,model
cd605d843cb00bf5b09522fb268de7f6,4448541625090911,s,m
878e4a6e-159a-8b4d-36e1-957ab2b9c525,0,s,m
00000000000000000000000000000001,1208925819614629174706175,s,m
";

/// Requests of that registry.
pub const REQUESTS: &str = "\
id,service,model
cd605d843cb00bf5b09522fb268de7f6,s,m
878e4a6e-159a-8b4d-36e1-957ab2b9c525,s,m
";

pub(crate) fn registry_of_seed() -> Registry {
    Registry::parse(Path::new(NOWHERE), REGISTRY.as_bytes()).expect("the seed is well-formed")
}

pub(crate) fn events_of_seed(registry: &Registry) -> Events {
    Events::parse(Path::new(NOWHERE), EVENTS.as_bytes(), registry).expect("the seed is well-formed")
}

/// Writes with `write` into memory.
fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("a vector takes every byte");
    bytes
}

/// `policy.toml`.
pub fn policy(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(policy) = policies::parse(Path::new(NOWHERE), text) else { return false };
    let again = policies::parse(Path::new(NOWHERE), &policies::to_toml(&policy));
    assert_eq!(again.expect("written just now"), policy);
    // What is read passes the native check, whatever else the epoch holds.
    let inputs = Inputs {
        epoch: 1,
        policy,
        registry: vec![],
        salt: Default::default(),
        events: vec![],
        records: vec![],
        state: vec![],
    };
    check_inputs(&inputs).expect("a policy that was read is well-formed");
    true
}

/// The sample's policy.
pub fn policy_seed() -> Vec<u8> {
    policies::to_toml(&sample::get().inputs.policy).into_bytes()
}

/// `registry.csv`.
pub fn registry(data: &[u8]) -> bool {
    let Ok(registry) = Registry::parse(Path::new(NOWHERE), data) else { return false };
    let bytes = written(|out| registry.write(out));
    let again = Registry::parse(Path::new(NOWHERE), &bytes).expect("written just now");
    assert_eq!(again, registry);
    let inputs = Inputs {
        registry: registry.assets().to_vec(),
        events: vec![],
        records: vec![],
        state: vec![],
        ..sample::get().inputs.clone()
    };
    check_inputs(&inputs).expect("a registry that was read is well-formed");
    true
}

/// `events.csv`.
pub fn events(data: &[u8]) -> bool {
    let registry = registry_of_seed();
    let Ok(events) = Events::parse(Path::new(NOWHERE), data, &registry) else { return false };
    let bytes = written(|out| events.write(registry.names(), out));
    let again = Events::parse(Path::new(NOWHERE), &bytes, &registry);
    assert_eq!(again.expect("written just now"), events);
    true
}

/// `requests.csv`.
pub fn requests(data: &[u8]) -> bool {
    let registry = registry_of_seed();
    let Ok(requests) = Requests::parse(Path::new(NOWHERE), data, &registry) else { return false };
    // With fees they are events, and nothing else about them can be wrong.
    let events = requests.funded(&registry, |request| Some(request.line.into()));
    let events = events.expect("fees that are small");
    assert_eq!(events.len(), requests.as_slice().len());
    let bytes = written(|out| events.write(registry.names(), out));
    let again = Events::parse(Path::new(NOWHERE), &bytes, &registry);
    assert_eq!(again.expect("written just now"), events);
    true
}

/// Decimal numbers and scales.
pub fn decimal(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let scale: Option<Scale> = text.parse().ok();
    let Ok(exact) = text.parse::<Exact>() else { return scale.is_some() };
    for bits in [0, 32, 46] {
        let Ok(fixed) = exact.to_fixed(bits) else { continue };
        assert!(fixed.value.abs() < 1 << 47);
        let again: Exact = fixed_to_decimal(fixed.value, bits).parse().expect("a decimal");
        let again = again.to_fixed(bits).expect("in range as it was");
        assert_eq!(again.value, fixed.value, "a fixed-point number survives its decimal");
    }
    if let Some(scale) = &scale {
        let _ = exact.scaled(scale).to_fixed(32);
    }
    true
}

/// Decimals in their forms.
pub fn decimal_seeds() -> Vec<Vec<u8>> {
    ["0", "-12.5", "1e-3", "140737488355327.5", "2^-10", ".5", "1.7976931348623157e308"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

/// `records.csv`.
pub fn records(data: &[u8]) -> bool {
    let Ok(records) = record_files::parse(Path::new(NOWHERE), data, 3, 5) else { return false };
    let bytes = written(|out| record_files::write(&records, out));
    let again = record_files::parse(Path::new(NOWHERE), &bytes, 3, 5);
    assert_eq!(again.expect("written just now"), records);
    true
}

/// The sample's records.
pub fn records_seed() -> Vec<u8> {
    written(|out| record_files::write(&sample::get().inputs.records, out))
}

/// `state.csv`.
pub fn state(data: &[u8]) -> bool {
    let Ok(state) = states::parse(Path::new(NOWHERE), data) else { return false };
    let bytes = written(|out| states::write(&state, out));
    let again = states::parse(Path::new(NOWHERE), &bytes);
    assert_eq!(again.expect("written just now"), state);
    true
}

/// The sample's state.
pub fn state_seed() -> Vec<u8> {
    written(|out| states::write(&sample::get().trace.state_after, out))
}

/// One file of the sample's bundle replaced: a byte that names the file (and, from 128, says to mend the
/// manifest's digests, so that the content is looked at), then the file. Any change is found.
pub fn bundle(data: &[u8]) -> bool {
    let s = sample::get();
    let Some((choice, content)) = data.split_first() else { return false };
    let mut files = s.bundle.clone();
    let count = files.len();
    let (name, bytes) = &mut files[usize::from(choice % 128) % count];
    let old = std::mem::replace(bytes, content.to_vec());
    let name = name.clone();
    if *choice >= 128 {
        mend(&mut files, &name, &old, content);
    }
    // Mending may undo the change.
    let same = files == s.bundle;
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    // What a verifying key cannot tell, a caller takes from the key's own file.
    let expected = Expected { circuit: Some(sample::circuit()), ..Expected::default() };
    let key = (*s.key.verifying_key()).into();
    let verified = verify_files(&files, &key, &expected);
    // What is good with a key is good before it is known.
    let read = read_files(&files).and_then(|read| read.verify(&key));
    assert!(verified.is_err() || read.is_ok(), "read another way, the bundle is refused");
    match verified {
        Ok(verified) => {
            assert!(same, "a changed {name} is accepted");
            assert_eq!(verified.words, s.trace.words());
            true
        }
        Err(error) => {
            assert!(!same, "the honest bundle is refused: {error}");
            false
        }
    }
}

/// Writes length and digest of `name`'s new content into the manifest, and the manifest's own digest.
fn mend(files: &mut [(String, Vec<u8>)], name: &str, old: &[u8], new: &[u8]) {
    let hex = |bytes: &[u8]| -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let Some((_, manifest)) = files.iter_mut().find(|(name, _)| name == MANIFEST) else { return };
    let Ok(mut text) = String::from_utf8(manifest.clone()) else { return };
    if name != MANIFEST {
        let entry = |bytes: &[u8]| {
            format!("\"bytes\": {},\n      \"sha256\": \"{}\"", bytes.len(), hex(bytes))
        };
        assert!(text.contains(&entry(old)), "the manifest lists the honest file");
        text = text.replace(&entry(old), &entry(new));
    }
    let field = "\n  \"digest\": \"";
    if let Some(at) = text.find(field).map(|at| at + field.len()) {
        if text.is_char_boundary(at + 64) && text.len() > at + 64 {
            text.replace_range(at..at + 64, &"0".repeat(64));
            let digest = hex(text.as_bytes());
            text.replace_range(at..at + 64, &digest);
        }
    }
    *manifest = text.into_bytes();
}

/// Each file, with and without mended digests.
pub fn bundle_seeds() -> Vec<Vec<u8>> {
    let files = sample::get().bundle.iter().zip(0u8..);
    files
        .flat_map(|((_, bytes), i)| {
            [i, i + 128].map(|choice| [&[choice][..], bytes.as_slice()].concat())
        })
        .collect()
}

/// A claim tree over payouts of 36 bytes each, account and amount. Every payout has a claim.
pub fn claims(data: &[u8]) -> bool {
    let (chunks, _) = data.as_chunks::<36>();
    let payouts: Option<Vec<Payout>> = chunks
        .iter()
        .map(|chunk| {
            let (account, amount) = chunk.split_at(20);
            Some(Payout {
                account: Account::new(account.try_into().expect("20 bytes"))?,
                amount: u128::from_be_bytes(amount.try_into().expect("16 bytes")),
            })
        })
        .collect();
    let Some(payouts) = payouts else { return false };
    let Ok(tree) = ClaimTree::new(&payouts) else { return false };
    for (index, payout) in payouts.iter().enumerate() {
        let proof = tree.proof(index).expect("an index in the tree");
        check_claim(&tree.root(), index, payout, &proof).expect("an honest claim");
        let more = Payout { amount: payout.amount ^ 1, ..*payout };
        assert!(check_claim(&tree.root(), index, &more, &proof).is_err(), "a false claim");
    }
    let json: serde_json::Value = serde_json::from_str(&tree.to_json()).expect("JSON");
    assert!(json.is_object());
    true
}

/// The sample's payouts.
pub fn claims_seed() -> Vec<u8> {
    let payouts = &sample::get().trace.payouts;
    payouts
        .iter()
        .flat_map(|p| p.account.bytes().iter().copied().chain(p.amount.to_be_bytes()))
        .collect()
}
