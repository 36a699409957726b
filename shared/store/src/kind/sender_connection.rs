//! By which connection a sender goes.

use switchboard_domain::address::Address;
use switchboard_domain::connection::SenderConnection;
use switchboard_domain::sid::SenderSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// By which connection a sender goes.
pub fn sender_connection(sid: SenderSid) -> Key {
    key(Table::Configuration, sid, "CS")
}

/// By which connection the sender with this address goes.
pub fn sender_connection_of(address: &Address) -> Key {
    sender_connection(SenderConnection::sid_of(address))
}

impl Placed for SenderConnection {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "SenderConnection", "pk": "CSf08b7ccddc427c54ee4ae0d933ec3b32", "sk": "CS", "v": 1,
            "sid": "CSf08b7ccddc427c54ee4ae0d933ec3b32", "address": "+15550100001", "connection": "CN2f27ccfcf6d1d95418450fa9fcc8a14c"}"#;

    fn place(&self) -> Place {
        Place::at(sender_connection(self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::SenderOfConnection, super::carrier_connection(self.connection))]
    }
}
