//! A connection to a carrier.

use switchboard_domain::connection::CarrierConnection;
use switchboard_domain::sid::ConnectionSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const CONNECTIONS: &str = "CONNECTIONS";

/// A connection to a carrier.
pub fn carrier_connection(sid: ConnectionSid) -> Key {
    key(Table::Configuration, sid, "CN")
}

impl Placed for CarrierConnection {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "CarrierConnection", "pk": "CN2f27ccfcf6d1d95418450fa9fcc8a14c", "sk": "CN", "v": 3,
            "lpk": "CONNECTIONS", "lsk": "1795898976057#CN2f27ccfcf6d1d95418450fa9fcc8a14c",
            "carrier": "meta", "created": 1795898976057, "friendly_name": "Shop", "given": 2,
            "secrets": [{ "number": 1, "name": "APP_SECRET", "sealed": "AQID", "last_four": "cdef",
            "fingerprint": "9f9f5111f7b27a78", "created": 1795898976057, "until": 1795899976057 },
            { "number": 2, "name": "VERIFY_TOKEN", "sealed": "AQIE", "created": 1795898976057 }],
            "senders": [{ "address": "whatsapp:+15550100001", "carrier_id": "106540352242922",
            "created": 1795898976116 }, { "address": "messenger:12", "created": 1795898976117 }],
            "settings": { "ACCOUNT_SID": "AC2f27ccfcf6d1d95418450fa9fcc8a14c" }, "sid": "CN2f27ccfcf6d1d95418450fa9fcc8a14c", "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(carrier_connection(self.sid)).listed(CONNECTIONS, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let senders = self.senders.iter().map(|one| super::sender_connection(one.sid()));
        senders.map(|at| (Reference::ConnectionOfSender, at)).collect()
    }
}

impl Listing {
    /// Connections to carriers, in order of creation.
    pub fn carrier_connections() -> Self {
        Self::list(Table::Configuration, CONNECTIONS)
    }
}
