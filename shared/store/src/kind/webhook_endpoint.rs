//! An endpoint of webhooks.

use switchboard_domain::sid::EndpointSid;
use switchboard_domain::webhook::WebhookEndpoint;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const ENDPOINTS: &str = "ENDPOINTS";

/// An endpoint; its key follows from its URL, as its identifier does.
pub fn webhook_endpoint(sid: EndpointSid) -> Key {
    key(Table::Configuration, partition(&sid.to_string()[2..]), "W")
}

fn partition(digest: &str) -> String {
    format!("E#{digest}")
}

impl Placed for WebhookEndpoint {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "WebhookEndpoint", "pk": "E#3d82c1d7d23c8457e9655e85c8925072", "sk": "W", "v": 2,
            "lpk": "ENDPOINTS", "lsk": "1795898976154#3d82c1d7d23c8457e9655e85c8925072", "url": "https://example.com/hook",
            "friendly_name": "Desk", "is_set_up": true, "algorithm": "sha256", "format": "json", "is_standard": true,
            "secrets": [{ "key": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY", "created": 1795898976154 },
            { "key": "GBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIB", "created": 1795898970000, "until": 1795985376154 }],
            "shared_keys": [{ "id": "webhooks_sharedkey_1", "secret": "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY",
            "created": 1795898976154, "from": 1795898976154 }],
            "failing": { "since": 1795898976154, "noted": 1795898976154 }, "off": { "at": 1795898976154, "by_failing": true },
            "created": 1795898976154, "updated": 1795898976154}"#;

    fn place(&self) -> Place {
        let row = dated(self.created, self.digest());
        Place::at(webhook_endpoint(self.sid())).listed(ENDPOINTS, row)
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// The endpoints, in order of creation.
    pub fn webhook_endpoints() -> Self {
        Self::list(Table::Configuration, ENDPOINTS)
    }

    /// All that is known of an endpoint, by the digest of its URL: how it is set up, and that it does not answer in time.
    pub fn of_endpoint(digest: &str) -> Self {
        Self::partition(Table::Configuration, partition(digest), "")
    }
}
