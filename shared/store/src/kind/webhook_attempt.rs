//! That a webhook was called for a request.

use switchboard_domain::configuration::WebhookAttempt;
use switchboard_domain::timestamp::Millis;

use super::Placed;
use crate::place::{Key, Place, Table, key};

/// How long it is remembered that a webhook was called.
const KEPT: Millis = Millis::seconds(24 * 3600);

/// That a webhook was called for a request.
pub fn webhook_attempt(id: &str) -> Key {
    key(Table::Configuration, format!("H#{id}"), "H")
}

impl Placed for WebhookAttempt {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "WebhookAttempt", "pk": "H#CH478aaa42d266331cc937dc79529d5688-3-0", "sk": "H", "v": 1,
            "ttl": 1795985382, "about": "CH478aaa42d266331cc937dc79529d5688", "attempts": 1, "done": true,
            "event": "onMessageAdded", "id": "CH478aaa42d266331cc937dc79529d5688-3-0",
            "message": "IM6baa23270c658670d221ae37af625755", "updated": 1795898982119}"#;

    fn place(&self) -> Place {
        Place::at(webhook_attempt(&self.id)).until(Some(self.updated + KEPT))
    }
}
