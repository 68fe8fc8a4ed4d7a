//! `policy.toml`: the rules of a network, as people write them.
//!
//! Numbers are read from their digits in the file, never by way of a float, so the same text gives
//! the same policy hash everywhere.

use std::ops::Range;
use std::path::Path;

use meed_statement::types::{Account, Bps, Policy};
use meed_statement::units::{BPS, MAX_FRACTION_BITS, MIN_PAYOUT_BITS};
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::decimal::{fixed_to_decimal, Exact};
use crate::error::{Fault, LedgerError, Result};
use crate::table::{integer, read_text};

/// Name of the file in a project.
pub const FILE: &str = "policy.toml";
/// Longest file, in bytes.
const LONGEST: u64 = 1 << 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    shares: Shares,
    accounts: Accounts,
    scores: Scores,
    payouts: Payouts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shares {
    platform: Spanned<Value>,
    stakers: Spanned<Value>,
    service: Spanned<Value>,
    model: Spanned<Value>,
    data: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accounts {
    platform: Spanned<Value>,
    stakers: Spanned<Value>,
    remainder: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scores {
    fraction_bits: Spanned<Value>,
    threshold: Spanned<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payouts {
    cap_bps: Spanned<Value>,
    min_payout: Spanned<Value>,
}

/// Reads a policy.
///
/// # Errors
/// [`LedgerError::Input`] with the line and what was expected; [`LedgerError::Io`].
pub fn load(path: &Path) -> Result<Policy> {
    parse(path, &read_text(path, LONGEST)?)
}

/// Reads a policy from text; `path` is for errors.
///
/// # Errors
/// [`LedgerError::Input`].
pub fn parse(path: &Path, text: &str) -> Result<Policy> {
    let source = Source { path, text };
    let file: File = toml::from_str(text).map_err(|error| {
        let place = error.span().unwrap_or_default();
        source.fault(&place, Fault::Syntax(error.message().replace('\n', " ")))
    })?;
    let Shares { platform, stakers, service, model, data } = &file.shares;
    let shares = [
        source.bps("shares.platform", platform)?,
        source.bps("shares.stakers", stakers)?,
        source.bps("shares.service", service)?,
        source.bps("shares.model", model)?,
        source.bps("shares.data", data)?,
    ];
    let sum: u32 = shares.iter().map(|s| s.get()).sum();
    if sum != BPS {
        let fault = Fault::value("sum of the five shares", format!("{BPS} bps"), sum);
        return Err(source.fault(&platform.span(), fault));
    }
    let [platform_bps, stakers_bps, service_bps, model_bps, data_bps] = shares;
    let fraction_bits = source.number(
        "scores.fraction_bits",
        &file.scores.fraction_bits,
        u128::from(MAX_FRACTION_BITS),
    )? as u8;
    Ok(Policy {
        platform_bps,
        stakers_bps,
        service_bps,
        model_bps,
        data_bps,
        platform: source.account("accounts.platform", &file.accounts.platform)?,
        stakers: source.account("accounts.stakers", &file.accounts.stakers)?,
        remainder: source.account("accounts.remainder", &file.accounts.remainder)?,
        threshold: source.threshold(&file.scores.threshold, fraction_bits)?,
        cap_bps: source.bps("payouts.cap_bps", &file.payouts.cap_bps)?,
        min_payout: source.number(
            "payouts.min_payout",
            &file.payouts.min_payout,
            (1 << MIN_PAYOUT_BITS) - 1,
        )?,
        fraction_bits,
    })
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn fault(&self, place: &Range<usize>, fault: Fault) -> LedgerError {
        let before = self.text.as_bytes().get(..place.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|b| **b == b'\n').count() as u64;
        LedgerError::at_line(self.path, line, fault)
    }

    /// The characters of a number or string, as they stand in the file.
    fn text(&self, value: &Spanned<Value>) -> String {
        match value.get_ref() {
            Value::String(text) => text.clone(),
            _ => self.text.get(value.span()).unwrap_or_default().replace('_', ""),
        }
    }

    fn number(&self, what: &'static str, value: &Spanned<Value>, most: u128) -> Result<u128> {
        let text = self.text(value);
        integer(&text).filter(|v| *v <= most).ok_or_else(|| {
            let fault = Fault::value(what, format!("a whole number up to {most}"), text);
            self.fault(&value.span(), fault)
        })
    }

    fn bps(&self, what: &'static str, value: &Spanned<Value>) -> Result<Bps> {
        let bps = self.number(what, value, u128::from(BPS))?;
        Ok(Bps::new(bps as u32).expect("bounded just now"))
    }

    fn account(&self, what: &'static str, value: &Spanned<Value>) -> Result<Account> {
        let text = self.text(value);
        text.parse().map_err(|error| {
            self.fault(&value.span(), Fault::value(what, format!("an account ({error})"), text))
        })
    }

    fn threshold(&self, value: &Spanned<Value>, fraction_bits: u8) -> Result<u64> {
        let text = self.text(value);
        let fixed = text.parse::<Exact>().and_then(|exact| exact.to_fixed(fraction_bits));
        let expected = match fixed {
            Ok(fixed) => match u64::try_from(fixed.value) {
                Ok(threshold) if fixed.value > 0 || !text.starts_with('-') => return Ok(threshold),
                _ => "zero or more".to_owned(),
            },
            Err(error) => format!("a score, from zero up ({error})"),
        };
        Err(self.fault(&value.span(), Fault::value("scores.threshold", expected, text)))
    }
}

/// Writes a policy with comments; [`parse`] reads the same policy back.
#[must_use]
pub fn to_toml(policy: &Policy) -> String {
    let [platform, stakers, service, model, data] = policy.shares().map(Bps::get);
    let [platform_account, stakers_account, remainder_account] = policy.accounts();
    let threshold = fixed_to_decimal(policy.threshold as i64, policy.fraction_bits);
    format!(
        r#"# The rules by which fees are split. Their hash is public with every proof.

# Shares of each fee in basis points (100 = 1 %). The five add up to 10000.
[shares]
platform = {platform}
stakers = {stakers}
# For the service that served the output, and the model that made it.
service = {service}
model = {model}
# For the data, split by score.
data = {data}

# Who is paid the shares without an asset. The remainder account takes what rounding, penalties
# and the cap leave.
[accounts]
platform = "{platform_account}"
stakers = "{stakers_account}"
remainder = "{remainder_account}"

[scores]
# Scores are kept as multiples of 2^-{bits}; their magnitude stays below 2^{room}.
fraction_bits = {bits}
# A score counts from here on; below, it counts nothing. Zero or more.
threshold = "{threshold}"

[payouts]
# The most that one account may earn of an epoch's fees, in basis points; 10000 is no cap.
# The three accounts above are exempt.
cap_bps = {cap}
# The smallest payout, in base units of the token. Less than this waits for later epochs.
min_payout = "{min_payout}"
"#,
        bits = policy.fraction_bits,
        room = 47 - i32::from(policy.fraction_bits),
        cap = policy.cap_bps.get(),
        min_payout = policy.min_payout,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use meed_statement::synthetic::{policy, Source as Seed};

    fn read(text: &str) -> std::result::Result<Policy, String> {
        parse(Path::new(FILE), text).map_err(|e| e.to_string())
    }

    #[test]
    fn a_policy_survives_its_file() {
        let mut policy = policy(&mut Seed::new(1));
        for (threshold, bits) in [(0, 0), (1, 46), ((1 << 47) - 1, 46), (12_345, 32)] {
            policy.threshold = threshold;
            policy.fraction_bits = bits;
            policy.min_payout = (1 << 80) - 1;
            assert_eq!(read(&to_toml(&policy)).unwrap(), policy);
        }
    }

    #[test]
    fn numbers_are_read_by_their_digits() {
        let mut expected = policy(&mut Seed::new(1));
        expected.fraction_bits = 46;
        expected.threshold = 0;
        let text = to_toml(&expected);
        // As a float this would be 0.1000000000000000055: the last bits would differ.
        for written in ["0.1", "\"0.1\"", "1e-1", "0.1_00", "+0.1"] {
            let text = text.replace("threshold = \"0\"", &format!("threshold = {written}"));
            assert_eq!(read(&text).unwrap().threshold, 7_036_874_417_766, "{written}");
        }
        let text = text.replace("min_payout = \"1000\"", "min_payout = 1_000 # base units");
        assert_eq!(read(&text).unwrap().min_payout, 1_000);
    }

    #[test]
    fn errors_name_the_line_and_the_field() {
        let text = to_toml(&policy(&mut Seed::new(1)));
        let change = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            read(&text.replacen(from, to, 1)).unwrap_err()
        };
        let cases = [
            (
                "data = 6000",
                "data = 6001",
                "line 5: sum of the five shares: expected 10000 bps, got \"10001\"",
            ),
            (
                "data = 6000",
                "data = 10001",
                "line 11: shares.data: expected a whole number up to 10000, got \"10001\"",
            ),
            ("data = 6000", "data = -1", "line 11: shares.data: expected a whole number"),
            ("data = 6000", "date = 6000", "line 11: unknown field `date`"),
            ("data = 6000", "", "missing field `data`"),
            ("data = 6000", "data = ", "line 11:"),
            (
                "platform = \"0x",
                "platform = \"1x",
                "line 16: accounts.platform: expected an account",
            ),
            ("fraction_bits = 32", "fraction_bits = 47", "expected a whole number up to 46"),
            ("threshold = \"", "threshold = \"-", "scores.threshold: expected zero or more"),
            ("threshold = \"0", "threshold = \"nan0", "scores.threshold: expected a score"),
            ("threshold = \"0", "threshold = \"99999", "scores.threshold: expected a score"),
            (
                "min_payout = \"1000\"",
                "min_payout = \"1208925819614629174706176\"",
                "payouts.min_payout: expected a whole number up to 1208925819614629174706175",
            ),
        ];
        for (from, to, expected) in cases {
            let error = change(from, to);
            assert!(error.starts_with("policy.toml") && error.contains(expected), "{error}");
        }
    }
}
