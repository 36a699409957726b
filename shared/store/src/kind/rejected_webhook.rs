//! The latest request to a connection's webhook that was not believed.

use switchboard_domain::connection::RejectedWebhook;
use switchboard_domain::sid::ConnectionSid;
use switchboard_domain::timestamp::Millis;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// How long it is remembered.
const KEPT: Millis = Millis::seconds(30 * 24 * 3600);

/// The latest request to a connection's webhook that was not believed.
pub fn rejected_webhook(connection: ConnectionSid) -> Key {
    key(Table::Configuration, connection, "R")
}

impl Placed for RejectedWebhook {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "RejectedWebhook", "pk": "CN2f27ccfcf6d1d95418450fa9fcc8a14c", "sk": "R", "v": 2,
            "ttl": 1798490976, "at": 1795898976057, "connection": "CN2f27ccfcf6d1d95418450fa9fcc8a14c",
            "reason": "wrong_signature", "text": "the signature is wrong"}"#;

    fn place(&self) -> Place {
        Place::at(rejected_webhook(self.connection)).until(Some(self.at + KEPT))
    }

    // That a webhook was not believed is only remembered.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
