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

impl Pricing {
    /// What is known after a report: what it leaves out stays as it was told before.
    pub fn later(before: Option<&Self>, now: Option<&Self>) -> Option<Self> {
        let (Some(before), Some(now)) = (before, now) else { return now.or(before).cloned() };
        let now = now.clone();
        Some(Self {
            billable: now.billable.or(before.billable),
            category: now.category.or_else(|| before.category.clone()),
            reason: now.reason.or_else(|| before.reason.clone()),
            model: now.model.or_else(|| before.model.clone()),
            price: now.price.or_else(|| before.price.clone()),
        })
    }
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

    /// The amount in decimals, with no more of them than it needs: `0.0034`.
    pub fn decimal(nanos: i64) -> String {
        let sign = if nanos < 0 { "-" } else { "" };
        let (whole, rest) =
            (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
        let decimals = format!("{rest:09}");
        match decimals.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            decimals => format!("{sign}{whole}.{decimals}"),
        }
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
        for (nanos, shown) in [
            (0, "0"),
            (3_400_000, "0.0034"),
            (1_500_000_000, "1.5"),
            (1, "0.000000001"),
            (-7, "-0.000000007"),
        ] {
            assert_eq!(Price::decimal(nanos), shown);
        }
        assert_eq!(Price::decimal(i64::MIN), "-9223372036.854775808");
    }

    #[test]
    fn what_a_later_report_leaves_out_stays_as_it_was() {
        let told = |billable, category: Option<&str>| Pricing {
            billable,
            category: category.map(str::to_owned),
            ..Pricing::default()
        };
        let (first, second) = (told(Some(true), Some("utility")), told(Some(false), None));
        let after = Pricing::later(Some(&first), Some(&second));
        assert_eq!(after, Some(told(Some(false), Some("utility"))));
        assert_eq!(Pricing::later(Some(&first), None), Some(first.clone()));
        assert_eq!(Pricing::later(None, Some(&first)), Some(first));
        assert_eq!(Pricing::later(None, None), None);
    }
}
