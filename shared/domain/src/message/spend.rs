//! A cap on what a day may cost. Carriers bill what they took and tell its price afterwards, if at all, so the cap is held
//! against the rate card, before a carrier is called. Its source is this project's own decision; the error code is a published one
//! (30010: the price of a message exceeds the highest price allowed).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Delivery, RateCards};
use crate::address::ChannelType;
use crate::carriage::Price;
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// The code of a copy that was not handed over because of a cap.
pub const OVER_CAP: u32 = 30010;
/// Meta's category of what is no template: an answer to a customer.
const ANSWER: &str = "service";
/// How long a day's sum is kept.
const KEPT: Millis = Millis::seconds(35 * 24 * 3600);

/// What one day (UTC) may cost at most, by currency, as JSON: `{"USD":"25.00"}`. Empty: nothing is capped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpendCaps(BTreeMap<String, i64>);

/// Why caps cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSpendCaps(String);

/// What was handed to carriers on one day in one currency, by the rate card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// UTC, `2026-11-29`.
    pub day: String,
    /// As in ISO 4217.
    pub currency: String,
    /// Billionths of the currency.
    pub nanos: i64,
    /// How many copies that is.
    pub copies: u64,
    /// Until when it is kept.
    pub until: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What a cap has to say of a copy that is about to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expense {
    /// Nothing: there are no caps, or an earlier attempt at the same copy was counted.
    Uncounted,
    /// It costs that, which is to be counted.
    Priced(Price),
    /// No rate card says what it costs, so no cap could be kept.
    Unpriced,
}

/// Why a copy is not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverCap {
    /// With it the day would cost more than allowed.
    #[error("the day's cap of {cap} {currency} is reached: {spent} {currency} are spent")]
    Reached {
        /// The cap, in decimals.
        cap: String,
        /// What was spent before, likewise.
        spent: String,
        /// The currency.
        currency: String,
    },
    /// There is no cap in the currency of its price.
    #[error("there is no cap in {0}, in which the message is priced")]
    OtherCurrency(String),
    /// Nobody knows what it would cost.
    #[error("a cap is set, and no rate card says what the message costs")]
    Unpriced,
}

impl SpendCaps {
    /// Reads them.
    ///
    /// # Errors
    /// If the text is not what it should be: says where.
    pub fn parse(text: &str) -> Result<Self, NoSpendCaps> {
        let written: BTreeMap<String, String> =
            serde_json::from_str(text).map_err(|error| NoSpendCaps(error.to_string()))?;
        let cap = |(unit, amount): (String, String)| {
            let price = Price::parse(&amount, &unit).filter(|_| !amount.trim().starts_with('-'));
            let price =
                price.ok_or_else(|| NoSpendCaps(format!("{amount} {unit} is no amount")))?;
            Ok((price.unit, price.nanos))
        };
        written.into_iter().map(cap).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is capped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is to be counted of copies before they are handed over together at `now`: mostly of one, for a group of each. They are
    /// counted once, however often they are tried, and stay counted if their carrier refuses them: who knows what a carrier bills.
    pub fn expense<'a>(
        &self,
        copies: impl IntoIterator<Item = &'a Delivery>,
        cards: &RateCards,
        now: Timestamp,
    ) -> Expense {
        let mut sum: Option<Price> = None;
        for copy in copies {
            if self.is_empty() || copy.attempts > 0 {
                return Expense::Uncounted;
            }
            let customer = &copy.pair.address;
            let category = (customer.channel() == ChannelType::Whatsapp).then_some(ANSWER);
            let Some(price) = cards.price(now, customer, category) else {
                return Expense::Unpriced;
            };
            let nanos = price.nanos.saturating_add(sum.map_or(0, |sum| sum.nanos));
            sum = Some(Price { nanos, ..price });
        }
        sum.map_or(Expense::Uncounted, Expense::Priced)
    }

    /// The day's sum with that price of so many copies in it.
    ///
    /// # Errors
    /// If it would be more than the cap.
    pub fn count(
        &self,
        (price, copies): (&Price, usize),
        spent: Option<Spend>,
        now: Timestamp,
    ) -> Result<Spend, OverCap> {
        let cap = self.0.get(&price.unit).copied();
        let cap = cap.ok_or_else(|| OverCap::OtherCurrency(price.unit.clone()))?;
        let mut spend = spent.unwrap_or_else(|| Spend {
            day: now.day(),
            currency: price.unit.clone(),
            nanos: 0,
            copies: 0,
            until: now + KEPT,
            version: Version::NEW,
        });
        let sum = spend.nanos.saturating_add(price.nanos);
        if sum > cap {
            let (cap, spent) = (Price::decimal(cap), Price::decimal(spend.nanos));
            return Err(OverCap::Reached { cap, spent, currency: price.unit.clone() });
        }
        spend.nanos = sum;
        spend.copies += u64::try_from(copies).unwrap_or(u64::MAX);
        Ok(spend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Pair;

    const NOON: Timestamp = Timestamp(1_796_040_000_000);

    fn caps(text: &str) -> SpendCaps {
        SpendCaps::parse(text).unwrap()
    }

    fn cards() -> RateCards {
        let rates = r#"[{ "channel": "sms", "prefix": "+1", "price": "0.01" },
            { "channel": "whatsapp", "category": "service", "price": "0.002" },
            { "channel": "whatsapp", "category": "marketing", "price": "0.06" }]"#;
        let text = format!(r#"[{{ "since": "2026-01-01", "currency": "USD", "rates": {rates} }}]"#);
        RateCards::parse(&text).unwrap()
    }

    fn copy(to: &str, from: &str) -> Delivery {
        let pair = Pair::new(to.parse().unwrap(), from.parse().unwrap()).unwrap();
        Delivery::new(0, None, pair, NOON)
    }

    fn usd(nanos: i64) -> Price {
        Price { nanos, unit: "USD".to_owned() }
    }

    #[test]
    fn a_copy_is_priced_by_the_rate_card_and_counted_once() {
        let sms = copy("+15550199999", "+15550100001");
        let whatsapp = copy("whatsapp:+4915123456789", "whatsapp:+15550100001");
        let abroad = copy("+4915123456789", "+15550100001");
        let caps = caps(r#"{"USD":"1"}"#);
        assert_eq!(caps.expense([&sms], &cards(), NOON), Expense::Priced(usd(10_000_000)));
        assert_eq!(caps.expense([&whatsapp], &cards(), NOON), Expense::Priced(usd(2_000_000)));
        assert_eq!(caps.expense([&abroad], &cards(), NOON), Expense::Unpriced);
        let again = Delivery { attempts: 1, ..sms.clone() };
        assert_eq!(caps.expense([&again], &cards(), NOON), Expense::Uncounted);
        assert_eq!(SpendCaps::default().expense([&abroad], &cards(), NOON), Expense::Uncounted);
        assert_eq!(SpendCaps::default().expense([&sms], &cards(), NOON), Expense::Uncounted);
    }

    #[test]
    fn a_day_costs_its_cap_and_not_a_billionth_more() {
        let caps = caps(r#"{"USD":"0.02"}"#);
        let first = caps.count((&usd(10_000_000), 1), None, NOON).unwrap();
        assert_eq!((first.day.as_str(), first.nanos, first.copies), ("2026-11-30", 10_000_000, 1));
        let refused = caps.count((&usd(10_000_001), 1), Some(first.clone()), NOON).unwrap_err();
        assert_eq!(refused.to_string(), "the day's cap of 0.02 USD is reached: 0.01 USD are spent");
        let second = caps.count((&usd(10_000_000), 1), Some(first), NOON).unwrap();
        assert_eq!((second.nanos, second.copies), (20_000_000, 2));
        assert!(caps.count((&usd(0), 1), Some(second.clone()), NOON).is_ok());
        assert!(caps.count((&usd(1), 1), Some(second), NOON).is_err());
    }

    #[test]
    fn a_price_in_another_currency_is_under_no_cap_and_so_not_spent() {
        let euro = Price { nanos: 1, unit: "EUR".to_owned() };
        let refused = caps(r#"{"USD":"1"}"#).count((&euro, 1), None, NOON);
        assert_eq!(refused, Err(OverCap::OtherCurrency("EUR".to_owned())));
        assert!(caps(r#"{"USD":"1","eur":"0.5"}"#).count((&euro, 1), None, NOON).is_ok());
    }

    #[test]
    fn caps_that_make_no_sense_are_refused_with_the_reason() {
        for (text, why) in [
            ("25", "invalid type"),
            (r#"{"USD":25}"#, "invalid type"),
            (r#"{"USD":"-1"}"#, "-1 USD is no amount"),
            (r#"{"dollars":"1"}"#, "1 dollars is no amount"),
        ] {
            let refused = SpendCaps::parse(text).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
        assert!(SpendCaps::parse("{}").unwrap().is_empty());
    }
}
