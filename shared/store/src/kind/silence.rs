//! That an endpoint does not answer in time.

use switchboard_domain::endpoint::Silence;
use switchboard_domain::timestamp::Millis;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// How long it is remembered after the endpoint may be called again.
const KEPT: Millis = Millis::seconds(3600);

/// That an endpoint does not answer in time.
pub fn silence(endpoint: &str) -> Key {
    key(Table::Configuration, format!("E#{endpoint}"), "E")
}

impl Placed for Silence {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Silence", "pk": "E#478aaa42d266331cc937dc79529d5688", "sk": "E", "v": 2,
            "ttl": 1795902582, "calls": 2, "endpoint": "478aaa42d266331cc937dc79529d5688",
            "until": 1795898982119}"#;

    fn place(&self) -> Place {
        Place::at(silence(&self.endpoint)).until(Some(self.until + KEPT))
    }

    // That an endpoint was called is only remembered.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
