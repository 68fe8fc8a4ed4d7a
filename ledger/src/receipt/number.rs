//! Amounts as text: exact in files, readable for people.

use core::fmt;
use meed_statement::units::{credits, unit};
use ruint::aliases::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number below 2^256, in JSON a string of decimal digits without leading zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub U256);

impl From<U256> for Number {
    fn from(value: U256) -> Self {
        Self(value)
    }
}

impl From<u128> for Number {
    fn from(value: u128) -> Self {
        Self(U256::from(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(U256::from(value))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = crate::bundle::parse_decimal(&text).map(Self);
        parsed.ok_or_else(|| serde::de::Error::custom("expected decimal digits below 2^256"))
    }
}

/// Most decimals of a token that [`Show`] takes.
pub const MOST_DECIMALS: u8 = 24;
/// Digits after the point for parts of a base unit.
const FRACTION: u8 = 6;

/// How amounts are shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    decimals: u8,
    symbol: String,
}

impl Default for Show {
    /// In base units.
    fn default() -> Self {
        Self { decimals: 0, symbol: "units".to_owned() }
    }
}

impl Show {
    /// In tokens of `10^decimals` base units, named `symbol`. `None` above [`MOST_DECIMALS`].
    #[must_use]
    pub fn token(decimals: u8, symbol: &str) -> Option<Self> {
        (decimals <= MOST_DECIMALS).then(|| Self { decimals, symbol: plain(symbol) })
    }

    /// A shown unit is `10^decimals` base units.
    #[must_use]
    pub fn decimals(&self) -> u8 {
        self.decimals
    }

    /// The name of what amounts are shown in.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Credits in the shown unit, as `1,234.5 units`; `…` where digits are cut off.
    #[must_use]
    pub fn credits(&self, amount: U256) -> String {
        let ten = |power: u8| U256::from(10u8).pow(U256::from(power));
        // At most 2^54 * 10^24 < 2^134; the rest times 10^24 is below 2^214.
        let divisor = unit() * ten(self.decimals);
        let digits = self.decimals.max(FRACTION);
        let (whole, rest) = amount.div_rem(divisor);
        let (fraction, cut) = (rest * ten(digits)).div_rem(divisor);
        let fraction = format!("{fraction:0>width$}", width = usize::from(digits));
        let mut text = grouped(whole);
        if !cut.is_zero() {
            text += &format!(".{fraction}…");
        } else if !rest.is_zero() {
            text += &format!(".{}", fraction.trim_end_matches('0'));
        }
        format!("{text} {}", self.symbol)
    }

    /// Base units in the shown unit.
    #[must_use]
    pub fn units(&self, amount: u128) -> String {
        self.credits(credits(amount))
    }

    /// [`Show::credits`] with the exact credits in brackets.
    #[must_use]
    pub fn exact(&self, amount: U256) -> String {
        format!("{} ({} credits)", self.credits(amount), grouped(amount))
    }

    /// What one shown unit is.
    #[must_use]
    pub fn legend(&self) -> String {
        let one = if self.decimals == 0 {
            format!("Amounts are in base units (\"{}\")", self.symbol)
        } else {
            format!("Amounts are in {}, of 10^{} base units each", self.symbol, self.decimals)
        };
        let unit = grouped(unit());
        format!(
            "{one}; a base unit is {unit} credits. \"…\" marks digits cut off; credits are exact."
        )
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: impl fmt::Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as `2,500 bps (25%)`.
pub(crate) fn share(bps: u32) -> String {
    let percent = format!("{}.{:02}", bps / 100, bps % 100);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    format!("{} bps ({percent}%)", grouped(bps))
}

/// `part / whole` in percent with two digits, rounded down; `-` for a whole of zero.
pub(crate) fn percent(part: U256, whole: U256) -> String {
    let hundredths = part.checked_mul(U256::from(10_000u32)).and_then(|p| p.checked_div(whole));
    hundredths.map_or_else(
        || "-".to_owned(),
        |h| format!("{}.{:0>2}%", grouped(h / U256::from(100u8)), h % U256::from(100u8)),
    )
}

/// A fixed-point score with six significant digits. Both the score and the power of two are exact as
/// floating-point numbers.
pub(crate) fn score_text(score: i64, fraction_bits: u8) -> String {
    let value = score as f64 / 2f64.powi(i32::from(fraction_bits));
    if score == 0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let digits = (5 - magnitude).clamp(0, 30) as usize;
    format!("{value:.digits$}")
}

/// Text from a file without control characters, which could rewrite a terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use meed_statement::units::UNIT;

    #[test]
    fn amounts_are_cut_and_say_so() {
        let show = Show::default();
        let half = U256::from(UNIT / 2);
        assert_eq!(show.credits(U256::ZERO), "0 units");
        assert_eq!(show.credits(half), "0.5 units");
        assert_eq!(show.credits(U256::from(1)), "0.000000… units");
        assert_eq!(show.units(1_234_567), "1,234,567 units");
        assert_eq!(show.credits(credits(1_000) + half), "1,000.5 units");
        assert_eq!(show.credits(credits(3) - U256::from(1)), "2.999999… units");
        assert_eq!(show.exact(U256::from(1_000)), "0.000000… units (1,000 credits)");
        let usdc = Show::token(6, "USDC").unwrap();
        assert_eq!(usdc.units(1_234_567), "1.234567 USDC");
        assert_eq!(usdc.units(12_000_000), "12 USDC");
        assert_eq!(usdc.credits(half), "0.000000… USDC");
        let ether = Show::token(18, "ETH").unwrap();
        assert_eq!(ether.units(1), "0.000000000000000001 ETH");
        assert_eq!(Show::token(2, "X").unwrap().credits(half), "0.005 X");
        assert_eq!(Show::token(25, "X"), None);
        // The largest number there is does not overflow.
        assert!(Show::token(24, "X").unwrap().credits(U256::MAX).ends_with("… X"));
    }

    #[test]
    fn shares_scores_and_names() {
        assert_eq!(share(2_500), "2,500 bps (25%)");
        assert_eq!(share(10_000), "10,000 bps (100%)");
        assert_eq!(share(5), "5 bps (0.05%)");
        assert_eq!(share(1_050), "1,050 bps (10.5%)");
        assert_eq!(percent(U256::from(1), U256::from(3)), "33.33%");
        assert_eq!(percent(U256::from(5), U256::ZERO), "-");
        assert_eq!(score_text(-3 << 31, 32), "-1.50000");
        assert_eq!(score_text(1, 46), "0.0000000000000142109");
        assert_eq!(score_text((1 << 47) - 1, 0), "140737488355327");
        assert_eq!(plain("a\u{1b}[2J\u{202e}b"), "a\u{fffd}[2J\u{fffd}b");
    }
}
