//! A messaging service.

use switchboard_domain::configuration::MessagingService;
use switchboard_domain::sid::MessagingServiceSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const MESSAGING: &str = "MESSAGING";

/// A messaging service.
pub fn messaging_service(sid: MessagingServiceSid) -> Key {
    key(Table::Configuration, sid, "MG")
}

impl Placed for MessagingService {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "MessagingService", "pk": "MG2f27ccfcf6d1d95418450fa9fcc8a14c", "sk": "MG", "v": 2,
            "lpk": "MESSAGING", "lsk": "1795898976057#MG2f27ccfcf6d1d95418450fa9fcc8a14c",
            "created": 1795898976057, "friendly_name": "Demo", "numbers": [{
            "sid": "PNff46b0b4048d83e636b782e79ebe726e", "created": 1795898976116,
            "number": "+15550100001"}], "sid": "MG2f27ccfcf6d1d95418450fa9fcc8a14c",
            "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(messaging_service(self.sid)).listed(MESSAGING, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let numbers = self.numbers.iter().map(|one| super::phone_number(one.sid));
        let numbers = numbers.map(|at| (Reference::MessagingServiceNumber, at));
        let codes = self.short_codes.iter().map(|one| super::short_code(one.sid));
        let codes = codes.map(|at| (Reference::MessagingServiceShortCode, at));
        let senders = self.channel_senders.iter().map(|one| super::channel_sender(one.sid));
        let senders = senders.map(|at| (Reference::MessagingServiceChannelSender, at));
        numbers.chain(codes).chain(senders).collect()
    }
}

impl Listing {
    /// Messaging services, in order of creation.
    pub fn messaging_services() -> Self {
        Self::list(Table::Configuration, MESSAGING)
    }
}
