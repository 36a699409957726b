//! The sender that a recipient is used to.

use switchboard_domain::address::Address;
use switchboard_domain::sender::StickySender;
use switchboard_domain::sid::{MessagingServiceSid, StickySenderSid};

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The sender that a recipient is used to.
fn sticky_sender(sid: StickySenderSid) -> Key {
    key(Table::Configuration, sid, "SR")
}

/// The sender of a messaging service that the recipient with this address is used to.
pub fn sticky_sender_of(service: MessagingServiceSid, to: &Address) -> Key {
    sticky_sender(StickySender::sid_of(service, to))
}

impl Placed for StickySender {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "StickySender", "pk": "SRf08b7ccddc427c54ee4ae0d933ec3b32", "sk": "SR", "v": 1,
            "sid": "SRf08b7ccddc427c54ee4ae0d933ec3b32", "service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c",
            "sender": "+15550100001", "joined": 1795898976116, "created": 1795898976200}"#;

    fn place(&self) -> Place {
        Place::at(sticky_sender(self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::StickyMessagingService, super::messaging_service(self.service))]
    }
}
