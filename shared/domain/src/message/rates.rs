//! Rate cards: what carriers charge from a day on. They are data that comes from outside, since they change each quarter.

use serde::Deserialize;

use crate::address::{Address, ChannelType};
use crate::carriage::Price;
use crate::timestamp::Timestamp;

/// All rate cards, as JSON: `[{"since":"2026-10-01","currency":"USD","rates":[{"channel":"whatsapp","category":"utility",
/// "prefix":"+55","price":"0.0034"}]}]`. A rate without category or prefix is for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateCards {
    cards: Vec<Card>,
}

/// Why rate cards cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoRateCards(String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Card {
    since: Timestamp,
    rates: Vec<Rate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rate {
    channel: ChannelType,
    category: Option<String>,
    prefix: String,
    price: Price,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCard {
    since: String,
    currency: String,
    rates: Vec<WrittenRate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    channel: String,
    category: Option<String>,
    #[serde(default)]
    prefix: String,
    price: String,
}

impl RateCards {
    /// Reads them.
    ///
    /// # Errors
    /// If the text is not what it should be: says where.
    pub fn parse(text: &str) -> Result<Self, NoRateCards> {
        let written: Vec<WrittenCard> =
            serde_json::from_str(text).map_err(|error| NoRateCards(error.to_string()))?;
        let mut cards = written.into_iter().map(card).collect::<Result<Vec<_>, _>>()?;
        cards.sort_by_key(|card| card.since);
        Ok(Self { cards })
    }

    /// What a copy to that customer costs that was handed over at `at`: by the latest card of that time, the rate of its
    /// category before that of all, the longest prefix first.
    pub fn price(
        &self,
        at: Timestamp,
        customer: &Address,
        category: Option<&str>,
    ) -> Option<Price> {
        let card = self.cards.iter().rev().find(|card| card.since <= at)?;
        let fits = |rate: &&Rate| {
            rate.channel == customer.channel()
                && customer.bare().starts_with(&rate.prefix)
                && (rate.category.is_none() || rate.category.as_deref() == category)
        };
        let fitting = card.rates.iter().filter(fits);
        let best = fitting.max_by_key(|rate| (rate.category.is_some(), rate.prefix.len()))?;
        Some(best.price.clone())
    }
}

fn card(written: WrittenCard) -> Result<Card, NoRateCards> {
    let since = Timestamp::parse_iso(&format!("{}T00:00:00Z", written.since));
    let since =
        since.ok_or_else(|| NoRateCards(format!("since must be a day, not {}", written.since)))?;
    let rate = |rate: WrittenRate| {
        let price =
            Price::parse(&rate.price, &written.currency).filter(|_| !rate.price.starts_with('-'));
        let channel = ChannelType::parse(&rate.channel);
        match (channel, price) {
            (Some(channel), Some(price)) => {
                Ok(Rate { channel, category: rate.category, prefix: rate.prefix, price })
            }
            (None, _) => Err(NoRateCards(format!("{} is no channel", rate.channel))),
            (_, None) => {
                Err(NoRateCards(format!("{} {} is no price", rate.price, written.currency)))
            }
        }
    };
    let rates = written.rates.into_iter().map(rate).collect::<Result<_, _>>()?;
    Ok(Card { since, rates })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: &str = r#"[
        { "since": "2027-01-01", "currency": "USD", "rates": [
            { "channel": "whatsapp", "price": "0.01" } ] },
        { "since": "2026-10-01", "currency": "USD", "rates": [
            { "channel": "whatsapp", "category": "utility", "prefix": "+55", "price": "0.0034" },
            { "channel": "whatsapp", "category": "utility", "price": "0.004" },
            { "channel": "whatsapp", "prefix": "+55", "price": "0.05" },
            { "channel": "sms", "prefix": "+1", "price": "0.0079" } ] }
    ]"#;

    fn nanos(day: &str, to: &str, category: Option<&str>) -> Option<i64> {
        let at = Timestamp::parse_iso(&format!("{day}T12:00:00Z")).unwrap();
        let price = RateCards::parse(CARDS).unwrap().price(at, &to.parse().unwrap(), category);
        price.map(|price| price.nanos)
    }

    #[test]
    fn the_card_of_the_day_counts_and_in_it_the_nearest_rate() {
        let (brazil, elsewhere) = ("whatsapp:+5511987654321", "whatsapp:+4915123456789");
        assert_eq!(nanos("2026-11-29", brazil, Some("utility")), Some(3_400_000));
        assert_eq!(nanos("2026-11-29", elsewhere, Some("utility")), Some(4_000_000));
        assert_eq!(nanos("2026-11-29", brazil, Some("marketing")), Some(50_000_000));
        assert_eq!(nanos("2026-11-29", elsewhere, Some("marketing")), None);
        assert_eq!(nanos("2026-11-29", elsewhere, None), None);
        assert_eq!(nanos("2026-11-29", "+14155550123", None), Some(7_900_000));
        assert_eq!(nanos("2026-09-30", brazil, Some("utility")), None);
        assert_eq!(nanos("2027-01-01", brazil, Some("utility")), Some(10_000_000));
    }

    #[test]
    fn cards_that_make_no_sense_are_refused_with_the_reason() {
        for (text, why) in [
            ("{}", "expected a sequence"),
            (r#"[{"since":"October","currency":"USD","rates":[]}]"#, "October"),
            (r#"[{"since":"2026-10-01","currency":"USD","rates":[],"x":1}]"#, "unknown field"),
            (
                r#"[{"since":"2026-10-01","currency":"USD","rates":[{"channel":"fax","price":"1"}]}]"#,
                "fax is no channel",
            ),
            (
                r#"[{"since":"2026-10-01","currency":"USD","rates":[{"channel":"sms","price":"-1"}]}]"#,
                "-1 USD is no price",
            ),
            (
                r#"[{"since":"2026-10-01","currency":"dollars","rates":[{"channel":"sms","price":"1"}]}]"#,
                "1 dollars is no price",
            ),
        ] {
            let refused = RateCards::parse(text).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
        assert_eq!(RateCards::parse("[]"), Ok(RateCards::default()));
    }
}
