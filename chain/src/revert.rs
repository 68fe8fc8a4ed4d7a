//! Why a contract refused, in plain words.

use alloy::primitives::U256;
use alloy::sol_types::{Panic, Revert, SolError, SolInterface};

use crate::abi::MeedHalo2Verifier::MeedHalo2VerifierErrors as H;
use crate::abi::MeedSettlement::MeedSettlementErrors as S;
use crate::abi::MeedVerifier::MeedVerifierErrors as V;
use crate::abi::Token::TokenErrors as T;

/// Reads a refusal's data.
#[must_use]
pub fn reason(data: &[u8]) -> String {
    if data.is_empty() {
        return "it gives no reason".to_owned();
    }
    if let Ok(error) = S::abi_decode(data) {
        return settlement(&error);
    }
    if let Ok(error) = V::abi_decode(data) {
        return verifier(&error);
    }
    if let Ok(error) = H::abi_decode(data) {
        return halo2(&error);
    }
    if let Ok(error) = T::abi_decode(data) {
        return token(&error);
    }
    if let Ok(error) = Revert::abi_decode(data) {
        return error.reason;
    }
    if let Ok(error) = Panic::abi_decode(data) {
        return format!("a fault in the contract: {error}");
    }
    format!("an error that this tool does not know: 0x{}", hex::encode(data))
}

/// A time of the chain, as people read it.
fn time(seconds: U256) -> String {
    u64::try_from(seconds).map_or_else(|_| seconds.to_string(), utc)
}

/// Seconds since 1970 as `2026-01-31 12:00:00 UTC`. Proleptic Gregorian calendar.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    if days > 3_000_000 {
        return format!("second {seconds}");
    }
    // Days are counted from 1 March of year 0, so that a leap day ends a year of 400.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// What a public word is.
fn word(index: U256) -> String {
    const NAMES: [&str; 11] = [
        "version",
        "epoch",
        "policy hash, registry root or scores root",
        "registry root",
        "scores root",
        "state root before",
        "state root after",
        "fees",
        "released total",
        "accrued total after",
        "number of payouts",
    ];
    let name = usize::try_from(index).ok().and_then(|i| NAMES.get(i));
    name.map_or_else(|| format!("word {index}"), |name| (*name).to_owned())
}

fn settlement(error: &S) -> String {
    match error {
        S::AlreadyClaimed(e) => {
            format!("payout {} of epoch {} was claimed before", e.index, e.epoch)
        }
        S::AlreadyCommitted(e) => format!(
            "epoch {} is committed already; the commitment can be replaced from {} on",
            e.epoch,
            time(e.replaceableFrom)
        ),
        S::CircuitInactive(e) => format!(
            "circuit {} does not count: it is unknown, still waiting for the timelock, or retired",
            e.circuit
        ),
        S::CircuitTaken(e) => format!("circuit {} has a verifier already", e.circuit),
        S::ClaimInvalid(e) => format!("claim {} is not in the tree of epoch {}", e.index, e.epoch),
        S::CommittedInThisBlock(_) => {
            "the commitment was made in this very block; wait for the next one".to_owned()
        }
        S::DelayTooLong(e) => format!("the claim delay is longer than {} seconds", e.most),
        S::EpochUnknown(e) => format!("epoch {} is not settled, or it paid nobody", e.epoch),
        S::NotCommitted(e) => format!("epoch {} is not committed", e.epoch),
        S::NotConserved(e) => format!(
            "what would be paid and wait ({}) is not what came in and waited ({})",
            e.outgoing, e.incoming
        ),
        S::NotMatured(e) => {
            format!(
                "epoch {} can be claimed from {} on; later after a pause",
                e.epoch,
                time(e.from)
            )
        }
        S::NothingArrived(_) => "no money arrived".to_owned(),
        S::OnlyGuardian(_) => "only the guardian may do that".to_owned(),
        S::OnlyOperator(_) => "only the operator may do that".to_owned(),
        S::OwnableUnauthorizedAccount(e) => {
            format!("only the owner may do that, not {}", e.account)
        }
        S::Paused(e) => format!("the contract is paused until {} at the latest", time(e.until)),
        S::PotTooSmall(e) => format!(
            "the epoch's fees are {}, and only {} are deposited: run `meed chain deposit` first",
            e.needed, e.got
        ),
        S::ReentrancyGuardReentrantCall(_) => "a call within a call".to_owned(),
        S::RootNotCanonical(_) => "a root or total is out of range".to_owned(),
        S::SafeERC20FailedOperation(e) => format!("the token {} refuses the transfer", e.token),
        S::Swept(e) => {
            format!("what was not claimed of epoch {} went to the treasury", e.epoch)
        }
        S::SweepDelayTooShort(e) => {
            format!("the time for claims is shorter than {} seconds", e.least)
        }
        S::SweepTooSoon(e) => format!("epoch {} can be swept from {} on", e.epoch, time(e.from)),
        S::TimelockTooShort(e) => format!("the timelock is shorter than {} seconds", e.least),
        S::TransferFailed(e) => format!("{} refuses the chain's coin", e.account),
        S::Underfunded(e) => format!("the contract has {} and would owe {}", e.got, e.needed),
        S::VerifierRefused(e) => format!(
            "the verifier {} has no code, or an insecure key outside of a development chain",
            e.verifier
        ),
        S::WrongCount(e) => format!("{} payouts are announced, {} are there", e.announced, e.got),
        S::WrongEpoch(e) => format!("the next epoch is {}, not {}", e.expected, e.got),
        S::WrongTotal(e) => {
            format!("the payouts add up to {}, {} are announced", e.got, e.announced)
        }
        S::WrongValue(e) => format!("expected {} of the chain's coin, got {}", e.expected, e.got),
        S::WrongWord(e) => format!(
            "the {} is not what the contract knows: expected {}, got {}",
            word(e.index),
            number(e.expected),
            number(e.got)
        ),
        // Errors of parts that this tool does not call, and those that come later: their names speak.
        other => format!("{other:?}"),
    }
}

/// Small numbers in decimal, roots in hexadecimal.
fn number(value: U256) -> String {
    if value.bit_len() <= 128 {
        value.to_string()
    } else {
        format!("0x{value:064x}")
    }
}

fn verifier(error: &V) -> String {
    match error {
        V::InputNotCanonical(_) => "a public input is out of range".to_owned(),
        V::ProofInvalid(_) => {
            "the proof is not valid for these words, this chain and this contract".to_owned()
        }
        V::KeyPointInvalid(e) => format!("point {} of the verifying key is not valid", e.position),
        V::KeyDegenerate(_) => "anybody can forge proofs under this verifying key".to_owned(),
    }
}

/// What [`verifier`] has no words for: errors that both have are alike.
fn halo2(error: &H) -> String {
    match error {
        H::NotProved(_) => "no proof of this epoch was shown to the verifier: show it first, with \
            `MeedHalo2Verifier.prove`"
            .to_owned(),
        H::ProofWordNotZero(e) => format!(
            "word {} of the proof is not zero: the proof of this circuit is shown to its verifier, and the \
             settlement has zeros in its place",
            e.position
        ),
        H::ProofLength(e) => format!("the proof has {} bytes, expected {}", e.got, e.expected),
        H::KeyVersion(e) => {
            format!("the verifying key is of version {}, expected {}", e.got, e.expected)
        }
        H::KeySize(e) => format!(
            "the verifying key is for 2^{} rows, expected an exponent from {} to {}",
            e.got, e.least, e.most
        ),
        H::KeyNotCanonical(_) => "the circuit's digest in the verifying key is out of range".to_owned(),
        other => format!("{other:?}"),
    }
}

fn token(error: &T) -> String {
    match error {
        T::ERC20InsufficientBalance(e) => {
            format!("{} has {} of the token and needs {}", e.sender, e.balance, e.needed)
        }
        T::ERC20InsufficientAllowance(e) => {
            format!("{} may take {} of the token and needs {}", e.spender, e.allowance, e.needed)
        }
        T::ERC20InvalidReceiver(e) => format!("the token refuses the receiver {}", e.receiver),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{MeedHalo2Verifier, MeedSettlement, MeedVerifier, Token};

    #[test]
    fn refusals_are_told_in_plain_words() {
        let pot = MeedSettlement::PotTooSmall { needed: U256::from(7), got: U256::from(3) };
        assert!(reason(&pot.abi_encode()).contains("fees are 7, and only 3 are deposited"));
        let proof = MeedVerifier::ProofInvalid {};
        assert!(reason(&proof.abi_encode()).contains("the proof is not valid"));
        let fact = MeedHalo2Verifier::NotProved {};
        assert!(reason(&fact.abi_encode()).contains("was shown to the verifier"));
        let length =
            MeedHalo2Verifier::ProofLength { expected: U256::from(4_064), got: U256::from(4_072) };
        assert!(reason(&length.abi_encode()).contains("has 4072 bytes, expected 4064"));
        // The same error in both verifiers.
        let proof = MeedHalo2Verifier::ProofInvalid {};
        assert!(reason(&proof.abi_encode()).contains("the proof is not valid"));
        let funds = Token::ERC20InsufficientBalance {
            sender: Default::default(),
            balance: U256::from(1),
            needed: U256::from(2),
        };
        assert!(reason(&funds.abi_encode()).contains("has 1 of the token and needs 2"));
        let plain = Revert::from("because");
        assert_eq!(reason(&plain.abi_encode()), "because");
        assert!(reason(&[1, 2, 3, 4]).contains("0x01020304"));
        assert_eq!(reason(&[]), "it gives no reason");
    }

    #[test]
    fn errors_without_words_of_their_own_are_named() {
        let error = MeedSettlement::WrongUndo {};
        assert!(reason(&error.abi_encode()).contains("WrongUndo"));
    }

    #[test]
    fn times_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (4_102_444_800, "2100-01-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(seconds), text);
        }
        assert_eq!(utc(u64::MAX), format!("second {}", u64::MAX));
    }
}
