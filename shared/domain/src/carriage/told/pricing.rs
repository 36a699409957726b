//! What a carrier says that a message costs: amounts are exact.

use serde::{Deserialize, Serialize};

/// What a carrier says a message costs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pricing {
    /// Whether it is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billable: Option<bool>,
    /// What it is charged as: `service`, `utility`, `marketing`, `authentication`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The carrier's word for why: `regular`, `free_customer_service`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The carrier's word for how it counts: `CBP`, `PMP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The price itself, where the carrier tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// An amount of money, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Billionths of the unit.
    pub nanos: i64,
    /// The currency, as in ISO 4217, in capitals.
    pub unit: String,
}

impl Price {
    /// Reads a decimal amount, whose sign is dropped: some carriers write what they take with a minus. None for what
    /// is no amount or has more than nine decimals that count.
    pub fn parse(amount: &str, unit: &str) -> Option<Self> {
        let amount = amount.trim();
        let amount = amount.strip_prefix(['-', '+']).unwrap_or(amount);
        let (whole, decimals) = amount.split_once('.').unwrap_or((amount, ""));
        let decimals = decimals.trim_end_matches('0');
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_amount = !amount.is_empty() && is_number(whole) && is_number(decimals);
        let is_unit = unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !is_amount || !is_unit || decimals.len() > 9 || (whole.is_empty() && decimals.is_empty())
        {
            return None;
        }
        let number = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<i64>() };
        let whole = number(whole).ok()?.checked_mul(1_000_000_000)?;
        let nanos = whole.checked_add(number(&format!("{decimals:0<9}")).ok()?)?;
        Some(Self { nanos, unit: unit.to_ascii_uppercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_exactly_or_not_at_all() {
        for (amount, nanos) in [
            ("0.0034", 3_400_000),
            ("-0.00750", 7_500_000),
            ("1", 1_000_000_000),
            (".5", 500_000_000),
            ("12.000000001", 12_000_000_001),
            ("0.1000000000", 100_000_000),
        ] {
            let price = Price::parse(amount, "usd");
            assert_eq!(price, Some(Price { nanos, unit: "USD".to_owned() }), "{amount}");
        }
        for amount in ["", ".", "-", "1,5", "1e3", "0.0000000001", "99999999999999", "--1", "½"] {
            assert_eq!(Price::parse(amount, "USD"), None, "{amount}");
        }
        assert_eq!(Price::parse("1", "dollars"), None);
    }
}
