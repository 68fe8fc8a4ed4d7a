//! Hexadecimal, decimal and names, as bundles write them.

use ark_bn254::Fr;
use meed_statement::words::{word_to_bytes, Domain};
use ruint::aliases::U256;

/// `0x` and lower-case hexadecimal digits.
#[must_use]
pub fn hex_0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A field element as `0x` and 64 digits, big-endian.
pub(super) fn word_text(word: &Fr) -> String {
    hex_0x(&word_to_bytes(word))
}

/// 32 bytes from `0x` and 64 lower-case digits.
pub(super) fn parse_0x32(text: &str) -> Option<[u8; 32]> {
    parse_hex32(text.strip_prefix("0x")?)
}

/// 32 bytes from 64 lower-case digits.
pub(super) fn parse_hex32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let lower = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

/// A whole number below 2^256 in decimal digits, without sign or leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<U256> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| U256::from_str_radix(text, 10).ok()).flatten()
}

/// What kind of set-up a key comes from, in the words of key files.
pub(super) fn origin(insecure: bool) -> &'static str {
    if insecure {
        "insecure-local"
    } else {
        "ceremony"
    }
}

/// A domain for people: `off-chain`, `chain 1, contract 0x..`, or both values in full.
#[must_use]
pub fn domain_text(domain: &Domain) -> String {
    if *domain == Domain::OFF_CHAIN {
        return "off-chain".to_owned();
    }
    let (chain, contract) = (domain.chain_id(), domain.contract());
    let (high, low) = chain.split_at(24);
    let (padding, address) = contract.split_at(12);
    match low.try_into() {
        Ok(low) if high == [0; 24] && padding == [0; 12] => {
            format!("chain {}, contract {}", u64::from_be_bytes(low), hex_0x(address))
        }
        _ => format!("network {}, program {}", hex_0x(chain), hex_0x(contract)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(parse_decimal("0"), Some(U256::ZERO));
        assert_eq!(parse_decimal(&U256::MAX.to_string()), Some(U256::MAX));
        let too_large =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "1e3", "٣", too_large] {
            assert_eq!(parse_decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn hexadecimal_has_one_form() {
        let text = format!("0x{}", "0a".repeat(32));
        assert_eq!(parse_0x32(&text), Some([10; 32]));
        let upper = text.to_uppercase();
        for bad in [&text[2..], &text[..65], &upper, &text.replace('a', "A"), "0x", ""] {
            assert_eq!(parse_0x32(bad), None, "{bad}");
        }
    }

    #[test]
    fn domains_are_readable() {
        assert_eq!(domain_text(&Domain::OFF_CHAIN), "off-chain");
        let evm = Domain::evm(8453, [0xab; 20]);
        assert_eq!(domain_text(&evm), format!("chain 8453, contract 0x{}", "ab".repeat(20)));
        assert!(domain_text(&Domain::raw([1; 32], [2; 32])).starts_with("network 0x0101"));
    }
}
