//! What was handed to carriers on a day.

use switchboard_domain::message::Spend;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What was handed to carriers on a day (`2026-11-29`) in a currency.
pub fn spend(day: &str, currency: &str) -> Key {
    key(Table::Conversations, format!("SPEND#{day}"), format!("C#{currency}"))
}

impl Placed for Spend {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Spend", "pk": "SPEND#2026-11-29", "sk": "C#USD", "v": 2, "ttl": 1799020800,
            "copies": 2, "currency": "USD", "day": "2026-11-29", "nanos": 15800000, "until": 1799020800000 }"#;

    fn place(&self) -> Place {
        Place::at(spend(&self.day, &self.currency)).until(Some(self.until))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
