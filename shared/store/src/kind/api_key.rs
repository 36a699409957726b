//! An API key.

use switchboard_domain::access::ApiKey;
use switchboard_domain::sid::KeySid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const KEYS: &str = "KEYS";

/// An API key.
pub fn api_key(sid: KeySid) -> Key {
    key(Table::Configuration, sid, "SK")
}

impl Placed for ApiKey {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ApiKey", "pk": "SK8ebe59a952429529a8ac26a55d77b7c0", "sk": "SK", "v": 1,
            "lpk": "KEYS", "lsk": "1795898980481#SK8ebe59a952429529a8ac26a55d77b7c0",
            "created": 1795898980481, "friendly_name": "mine", "secret": "8f937219ef840997d3316ebfaca50d83",
            "sid": "SK8ebe59a952429529a8ac26a55d77b7c0", "updated": 1795898980481}"#;

    fn place(&self) -> Place {
        Place::at(api_key(self.sid)).listed(KEYS, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// API keys, in order of creation.
    pub fn api_keys() -> Self {
        Self::list(Table::Configuration, KEYS)
    }
}
