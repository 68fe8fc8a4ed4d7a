//! The messages. Numbers are big-endian; lists are checked before anything is computed from them.
//!
//! # Errors
//! Each function's error is one of the numbers in [`crate::code`].

use meed_statement::roots::{policy_hash, registry_root, state_root};
use meed_statement::types::{Account, Asset, Bps, ContentHash, Edge, Kind, Policy, StateEntry};
use meed_statement::units::{ACCRUED_BITS, EDGES, MAX_FRACTION_BITS, MIN_PAYOUT_BITS, SCORE_BITS};
use meed_statement::words::{word_from_bytes, word_to_bytes, Domain, WordsError};
use meed_verifier::{
    halo2, verify_any_words, AnyPreparedKey, AnyProof, AnyVerifyingKey, Fr, VerifyError,
    PROOF_BYTES, VERIFYING_KEY_BYTES,
};
use ruint::aliases::U256;

use crate::code;

/// Bytes of what a function writes.
const RESULT: usize = 32;
/// Most entries of a list: a tree holds 8^8 elements.
const MOST: usize = 1 << 22;
/// Bytes of an asset.
const ASSET: usize = 32 + 20 + 4 + EDGES * 8;
/// Bytes of a policy.
const POLICY: usize = 3 * 20 + 8 * 4 + 8 + 16;

type Done = Result<(), u32>;

/// `key (704 or 1,512) | proof (256 or 4,072) | chain id (32) | contract (32) | h (32) | words (32 each)`:
/// whether the proof proves the words for that domain. The magics of halo2's key and proof tell the lengths.
/// Accepts development keys: the page says what they are.
pub fn proof(message: &mut [u8]) -> Done {
    let key_bytes = match message.starts_with(&halo2::KEY_MAGIC) {
        true => halo2::VERIFYING_KEY_BYTES,
        false => VERIFYING_KEY_BYTES,
    };
    let (key, rest) = message.split_at_checked(key_bytes).ok_or(code::LENGTH)?;
    let proof_bytes = match rest.starts_with(&halo2::PROOF_MAGIC) {
        true => halo2::PROOF_BYTES,
        false => PROOF_BYTES,
    };
    let (proof, rest) = rest.split_at_checked(proof_bytes).ok_or(code::LENGTH)?;
    let (words, []) = rest.as_chunks::<32>() else { return Err(code::LENGTH) };
    let [chain_id, contract, h, bytes @ ..] = words else { return Err(code::LENGTH) };
    let word = |(index, word): (usize, &[u8; 32])| {
        word_from_bytes(word, index).map_err(|_| code::WORD_RANGE)
    };
    let h = word((0, h))?;
    let words = bytes.iter().enumerate().map(word).collect::<Result<Vec<Fr>, u32>>()?;
    let proof = AnyProof::from_bytes(proof).map_err(|_| code::PROOF_POINT)?;
    let key = AnyPreparedKey::new(&read_key(key)?);
    let domain = Domain::raw(*chain_id, *contract);
    verify_any_words(&key, &domain, &words, h, &proof).map(|_| ()).map_err(code_of)
}

/// `key (704 or 1,512)`: writes the key's id. [`code::KEY_DEVELOPMENT`] for a key of the local set-up, whose id
/// is written, too.
pub fn key(message: &mut [u8]) -> Done {
    let key = read_key(message)?;
    write(message, key.id())?;
    if key.is_insecure() {
        return Err(code::KEY_DEVELOPMENT);
    }
    Ok(())
}

/// `room (32) | account (20) accrued (32), each`: writes the state's root.
pub fn state(message: &mut [u8]) -> Done {
    let rows = list::<52>(message)?;
    let mut entries: Vec<StateEntry> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = Reader(row);
        let account = row.account()?;
        let accrued = U256::from_be_bytes::<32>(row.take()?);
        if entries.last().is_some_and(|last| last.account >= account) {
            return Err(code::WORDS_ORDER);
        }
        if accrued.is_zero() || accrued.bit_len() > ACCRUED_BITS as usize {
            return Err(code::WORDS_PAYOUT);
        }
        entries.push(StateEntry { account, accrued });
    }
    write(message, word_to_bytes(&state_root(&entries)))
}

/// `room (32) | platform (20) | stakers (20) | remainder (20) | shares of platform, stakers, service, model
/// and data (4 each) | cap (4) | fraction bits (4) | zero (4) | threshold (8) | smallest payout (16)`: writes the
/// policy's hash.
pub fn policy(message: &mut [u8]) -> Done {
    let rows = list::<POLICY>(message)?;
    let [row] = rows else { return Err(code::LENGTH) };
    let mut row = Reader(row);
    let [platform, stakers, remainder] = [row.account()?, row.account()?, row.account()?];
    let mut shares = [Bps::default(); 6];
    for share in &mut shares {
        *share = row.bps()?;
    }
    let [platform_bps, stakers_bps, service_bps, model_bps, data_bps, cap_bps] = shares;
    let fraction_bits = u8::try_from(row.number()?).map_err(|_| code::OTHER)?;
    let zero = row.number()?;
    let threshold = u64::from_be_bytes(row.take()?);
    let min_payout = u128::from_be_bytes(row.take()?);
    let bounded = fraction_bits <= MAX_FRACTION_BITS
        && zero == 0
        && threshold >> SCORE_BITS == 0
        && min_payout >> MIN_PAYOUT_BITS == 0;
    if !bounded {
        return Err(code::OTHER);
    }
    let policy = Policy {
        platform_bps,
        stakers_bps,
        service_bps,
        model_bps,
        data_bps,
        platform,
        stakers,
        remainder,
        threshold,
        cap_bps,
        min_payout,
        fraction_bits,
    };
    write(message, word_to_bytes(&policy_hash(&policy)))
}

/// `room (32) | content hash (32) owner (20) kind (2) penalty (2) four times parent (4) share (4), each`:
/// writes the registry's root. Unused edges are zero.
pub fn registry(message: &mut [u8]) -> Done {
    let rows = list::<ASSET>(message)?;
    let mut assets = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut row = Reader(row);
        let content_hash = ContentHash(row.take()?);
        let owner = row.account()?;
        let kind = usize::from(u16::from_be_bytes(row.take()?));
        let (kind, _) = *Kind::NAMES.get(kind).ok_or(code::OTHER)?;
        let penalty = Bps::new(u16::from_be_bytes(row.take()?).into()).ok_or(code::OTHER)?;
        let mut edges = Vec::with_capacity(EDGES);
        let mut ended = false;
        for _ in 0..EDGES {
            let (parent, bps) = (row.number()?, row.bps()?);
            if bps.get() == 0 {
                ended = true;
            }
            let used = bps.get() > 0 && !ended && (parent as usize) < index;
            if used {
                edges.push(Edge { parent, bps });
            } else if parent != 0 || bps.get() != 0 {
                return Err(code::OTHER);
            }
        }
        assets.push(Asset { content_hash, owner, kind, edges, penalty });
    }
    write(message, word_to_bytes(&registry_root(&assets)))
}

/// The entries behind the room for the result.
fn list<const N: usize>(message: &[u8]) -> Result<&[[u8; N]], u32> {
    let rows = message.get(RESULT..).ok_or(code::LENGTH)?;
    let (rows, []) = rows.as_chunks::<N>() else { return Err(code::LENGTH) };
    if rows.len() > MOST {
        return Err(code::MEMORY);
    }
    Ok(rows)
}

fn write(message: &mut [u8], result: [u8; RESULT]) -> Done {
    *message.first_chunk_mut().ok_or(code::LENGTH)? = result;
    Ok(())
}

fn read_key(bytes: &[u8]) -> Result<AnyVerifyingKey, u32> {
    AnyVerifyingKey::from_bytes(bytes).map_err(|error| match error {
        VerifyError::Length { .. } => code::LENGTH,
        VerifyError::Version { .. } | VerifyError::Rows { .. } | VerifyError::Digest => {
            code::KEY_HEAD
        }
        VerifyError::NoSecret { .. } | VerifyError::GammaDelta => code::KEY_DEGENERATE,
        _ => code::KEY_POINT,
    })
}

fn code_of(error: VerifyError) -> u32 {
    match error {
        VerifyError::Rejected => code::REJECTED,
        VerifyError::System { .. } => code::SYSTEM,
        VerifyError::Words(error) => match error {
            WordsError::NonCanonical { .. } => code::WORD_RANGE,
            WordsError::TooFew { .. } | WordsError::Version | WordsError::Range { .. } => {
                code::WORDS_HEADER
            }
            WordsError::Count => code::WORDS_COUNT,
            WordsError::Payout { .. } => code::WORDS_PAYOUT,
            WordsError::Order { .. } => code::WORDS_ORDER,
            WordsError::Released => code::WORDS_RELEASED,
            _ => code::OTHER,
        },
        _ => code::OTHER,
    }
}

/// Takes an entry apart from its front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], u32> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or(code::LENGTH)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<u32, u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn bps(&mut self) -> Result<Bps, u32> {
        Bps::new(self.number()?).ok_or(code::OTHER)
    }

    fn account(&mut self) -> Result<Account, u32> {
        Account::new(self.take()?).ok_or(code::WORDS_PAYOUT)
    }
}
