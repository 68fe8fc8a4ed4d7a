//! The check of a bundle, and of what is about to become one.

use std::path::Path;

use meed_statement::roots::{state_root, to_field, words_hash};
use meed_statement::types::StateEntry;
use meed_statement::units::ACCRUED_BITS;
use meed_statement::words::{check_words, Binding, Domain, Header, HEADER_WORDS};
use meed_verifier::{
    verify_any, verify_batch, AnyPreparedKey, AnyProof, AnyVerifyingKey, PreparedVerifyingKey,
};
use ruint::aliases::U256;
use sha2::{Digest, Sha256};

use super::files::{self, sha256, Files, Said};
use super::parse::{self, check_circuit_name};
use super::read::{limit, Folder, Memory, Source, MOST_MANIFEST};
use super::text::{domain_text, hex_0x, origin, word_text};
use super::{
    BundleError, BundleInput, Circuit, Contents, Expected, KeyLabel, Verified, LISTED, MANIFEST,
    PROOF, PUBLIC, STATE,
};

/// Checks a bundle under a key: the proof, and that every byte of every file agrees with it.
///
/// With `expected_domain`, also that the proof is for that chain and contract. Look at
/// [`Contents::insecure_key`](super::Contents::insecure_key) before paying anyone.
///
/// # Errors
/// The first [`BundleError`].
pub fn verify_bundle(
    path: &Path,
    key: &AnyVerifyingKey,
    expected_domain: Option<Domain>,
) -> Result<Verified, BundleError> {
    verify_bundle_with(path, key, &Expected { domain: expected_domain, ..Expected::default() })
}

/// [`verify_bundle`] with further demands.
///
/// # Errors
/// The first [`BundleError`].
pub fn verify_bundle_with(
    path: &Path,
    key: &AnyVerifyingKey,
    expected: &Expected,
) -> Result<Verified, BundleError> {
    check(&Folder::open(path)?, Some(key), expected)?.verify(key)
}

/// Reads a bundle and checks everything but the proof: that every byte of every file agrees with its
/// words, its state and what it says of its key.
///
/// For those who do not have the key, or choose it by what the bundle says of it.
///
/// # Errors
/// The first [`BundleError`].
pub fn read_bundle(path: &Path) -> Result<Contents, BundleError> {
    check(&Folder::open(path)?, None, &Expected::default())
}

/// [`verify_bundle_with`] for files in memory, as (name, bytes) in any order.
///
/// # Errors
/// The first [`BundleError`].
pub fn verify_files(
    files: &[(&str, &[u8])],
    key: &AnyVerifyingKey,
    expected: &Expected,
) -> Result<Verified, BundleError> {
    check(&Memory::new(files)?, Some(key), expected)?.verify(key)
}

/// [`read_bundle`] for files in memory, as (name, bytes) in any order.
///
/// # Errors
/// The first [`BundleError`].
pub fn read_files(files: &[(&str, &[u8])]) -> Result<Contents, BundleError> {
    check(&Memory::new(files)?, None, &Expected::default())
}

/// Checks the proofs of bundles of one key: those of Groth16 all in one go, others one by one.
///
/// # Errors
/// The place in the list of the first bundle that is not valid, and its [`BundleError`].
pub fn verify_all(
    bundles: Vec<Contents>,
    key: &AnyVerifyingKey,
) -> Result<Vec<Verified>, (usize, BundleError)> {
    for (i, bundle) in bundles.iter().enumerate() {
        bundle.check_key(key).map_err(|error| (i, error))?;
    }
    if let Ok(groth16) = key.groth16() {
        let item = |bundle: &Contents| {
            bundle.proof.groth16().map(|proof| (bundle.binding.to_inputs(), *proof))
        };
        let items: Result<Vec<_>, _> = bundles.iter().map(item).collect();
        let prepared = PreparedVerifyingKey::new(groth16);
        if items.is_ok_and(|items| verify_batch(&prepared, &items).is_ok()) {
            return Ok(bundles.into_iter().map(|contents| Verified { contents }).collect());
        }
        // One by one they say which it is, and why.
    }
    let verify = |(i, bundle): (usize, Contents)| bundle.verify(key).map_err(|error| (i, error));
    bundles.into_iter().enumerate().map(verify).collect()
}

impl Contents {
    /// Checks the proof under a key.
    ///
    /// # Errors
    /// [`BundleError::ForeignKey`]; [`BundleError::Field`] when the bundle says of the key what is not
    /// so; [`BundleError::Proof`].
    pub fn verify(self, key: &AnyVerifyingKey) -> Result<Verified, BundleError> {
        self.check_key(key)?;
        check_proof(key, &self.proof, &self.binding)?;
        Ok(Verified { contents: self })
    }

    /// Fails unless the bundle is one of this key, and says of it what is so.
    fn check_key(&self, key: &AnyVerifyingKey) -> Result<(), BundleError> {
        let label = KeyLabel::of(key);
        if label.vk_id != self.vk_id {
            let (expected, got) = (hex_0x(&label.vk_id), hex_0x(&self.vk_id));
            return Err(BundleError::ForeignKey { file: MANIFEST, expected, got });
        }
        if label.insecure != self.insecure_key {
            let (expected, got) = (origin(label.insecure), origin(self.insecure_key));
            return Err(BundleError::field(MANIFEST, "key origin", expected, got));
        }
        Ok(())
    }
}

/// Everything but the proof. With a key, the bundle must be one of that key.
fn check(
    source: &impl Source,
    key: Option<&AnyVerifyingKey>,
    expected: &Expected,
) -> Result<Contents, BundleError> {
    let manifest = source.read(MANIFEST, MOST_MANIFEST, None)?;
    let (circuit, label, listed) = parse::manifest(&manifest, key.map(KeyLabel::of))?;
    check_circuit(&circuit, expected.circuit.as_ref())?;

    let mut read = Vec::with_capacity(LISTED.len());
    for entry in listed {
        let file = entry.name;
        let most = limit(file, circuit.shape.accounts);
        let bytes = source.read(file, most, Some(entry.bytes))?;
        let got = sha256(&bytes);
        if got != entry.sha256 {
            return Err(BundleError::Digest { file, expected: entry.sha256, got });
        }
        read.push((file, bytes));
    }
    let bytes_of = |name: &'static str| {
        let found = read.iter().find(|(file, _)| *file == name);
        found.map(|(_, bytes)| bytes.as_slice()).ok_or(BundleError::Missing { file: name })
    };

    let (words, claimed, domain) = parse::public(bytes_of(PUBLIC)?)?;
    if let Some(demanded) = expected.domain.filter(|demanded| *demanded != domain) {
        let (expected, got) = (domain_text(&demanded), domain_text(&domain));
        return Err(BundleError::ForeignDomain { file: PUBLIC, expected, got });
    }
    let proof = AnyProof::from_bytes(bytes_of(PROOF)?)
        .map_err(|source| BundleError::Proof { file: PROOF, source })?;
    parse::check_circuit_system(&circuit.name, proof.system())?;
    let state = parse::state(bytes_of(STATE)?)?;
    let input =
        Said { circuit: &circuit, label, domain, words: &words, proof: &proof, state: &state };
    let (header, binding) = check_content(&input, Some(claimed))?;
    if let Some(epoch) = expected.epoch.filter(|epoch| *epoch != header.epoch) {
        return Err(BundleError::field(PUBLIC, "epoch", epoch, header.epoch));
    }

    let rebuilt = files::render(&input, header.epoch, header.released_total, &binding);
    for (file, expected) in &rebuilt {
        let got = if *file == MANIFEST { &manifest } else { bytes_of(file)? };
        same_bytes(file, expected, got)?;
    }
    Ok(Contents {
        insecure_key: label.insecure,
        vk_id: label.vk_id,
        payouts: files::payouts(&input),
        manifest_sha256: Sha256::digest(&manifest).into(),
        domain,
        header,
        binding,
        proof,
        circuit,
        words,
        state,
    })
}

/// Checks what a bundle is to say, and writes its files in memory.
pub(super) fn render(input: &BundleInput<'_>) -> Result<Files, BundleError> {
    check_circuit_name(&input.circuit.name)?;
    parse::check_circuit_system(&input.circuit.name, input.proof.system())?;
    let said = Said::of(input);
    let (header, binding) = check_content(&said, None)?;
    check_proof(input.key, input.proof, &binding)?;
    Ok(files::render(&said, header.epoch, header.released_total, &binding))
}

fn check_circuit(circuit: &Circuit, expected: Option<&Circuit>) -> Result<(), BundleError> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let rows = [
        ("circuit name", expected.name.clone(), circuit.name.clone()),
        ("circuit shape", expected.shape.name.to_owned(), circuit.shape.name.to_owned()),
        ("circuit digest", hex::encode(expected.digest), hex::encode(circuit.digest)),
    ];
    rows.into_iter().try_for_each(|(field, expected, got)| {
        let agrees = expected == got;
        agrees.then_some(()).ok_or_else(|| BundleError::field(MANIFEST, field, expected, got))
    })
}

/// Words, binding and state, against each other. `claimed` are the
/// `h, alpha, y` that the bundle says.
fn check_content(
    input: &Said<'_>,
    claimed: Option<[ark_bn254::Fr; 3]>,
) -> Result<(Header, Binding), BundleError> {
    let words_error = |source| BundleError::Words { file: PUBLIC, source };
    let header = check_words(input.words).map_err(words_error)?;
    let accounts = input.circuit.shape.accounts;
    let payouts = input.words.get(HEADER_WORDS..).unwrap_or_default();
    for (file, what, got) in
        [(PUBLIC, "payouts", payouts.len()), (STATE, "entries", input.state.len())]
    {
        if got > accounts {
            let expected = format!("at most {accounts} in shape {}", input.circuit.shape.name);
            return Err(BundleError::field(file, what, expected, got));
        }
    }
    let h = words_hash(&header, payouts);
    let binding = Binding::derive(&input.domain, h, input.words);
    if let Some(claimed) = claimed {
        let rows = ["h", "alpha", "y"].into_iter().zip(binding.to_inputs()).zip(claimed);
        for ((field, expected), got) in rows {
            if expected != got {
                let (expected, got) = (word_text(&expected), word_text(&got));
                return Err(BundleError::field(PUBLIC, field, expected, got));
            }
        }
    }
    check_state(input.state, &header)?;
    Ok((header, binding))
}

fn check_proof(
    key: &AnyVerifyingKey,
    proof: &AnyProof,
    binding: &Binding,
) -> Result<(), BundleError> {
    verify_any(&AnyPreparedKey::new(key), &binding.to_inputs(), proof)
        .map_err(|source| BundleError::Proof { file: PROOF, source })
}

fn check_state(state: &[StateEntry], header: &Header) -> Result<(), BundleError> {
    let mut last = None;
    let mut sum = U256::ZERO;
    for (index, entry) in state.iter().enumerate() {
        let row = || format!("entry {index}");
        if last.is_some_and(|last| entry.account <= last) {
            let expected = "accounts strictly increasing";
            return Err(BundleError::field(STATE, row(), expected, entry.account));
        }
        if entry.accrued.is_zero() || entry.accrued.bit_len() as u32 > ACCRUED_BITS {
            let expected = "more than 0 and less than 2^134 credits";
            return Err(BundleError::field(STATE, row(), expected, entry.accrued));
        }
        last = Some(entry.account);
        // Below 2^134 each, and the shape bounds their number: no overflow.
        sum += entry.accrued;
    }
    let total = to_field(&sum);
    if total != header.accrued_total_after {
        let (expected, got) = (header.accrued_total_after.to_string(), sum.to_string());
        return Err(BundleError::StateTotal { file: STATE, expected, got });
    }
    let root = state_root(state);
    if root != header.state_root_after {
        let (expected, got) = (word_text(&header.state_root_after), word_text(&root));
        return Err(BundleError::StateRoot { file: STATE, expected, got });
    }
    Ok(())
}

/// Fails with the first difference.
pub(super) fn same_bytes(
    file: &'static str,
    expected: &[u8],
    got: &[u8],
) -> Result<(), BundleError> {
    if expected == got {
        return Ok(());
    }
    let common = expected.iter().zip(got).take_while(|(e, g)| e == g).count();
    let excerpt = |bytes: &[u8]| match bytes.get(common..) {
        None | Some([]) => "the end of the file".to_owned(),
        Some(rest) => format!("\"{}\"", rest.get(..24).unwrap_or(rest).escape_ascii()),
    };
    let line = 1 + got.iter().take(common).filter(|byte| **byte == b'\n').count();
    let (expected, got) = (excerpt(expected), excerpt(got));
    Err(BundleError::Bytes { file, offset: common, line, expected, got })
}
