//! A sender on a channel.

use switchboard_domain::address::Address;
use switchboard_domain::sender::ChannelSender;
use switchboard_domain::sid::ChannelSenderSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const CHANNEL_SENDERS: &str = "CHANNEL_SENDERS";

/// The sender with this address.
pub fn channel_sender_of(sender: &Address) -> Key {
    channel_sender(ChannelSender::sid_of(sender))
}

/// A sender on a channel.
pub fn channel_sender(sid: ChannelSenderSid) -> Key {
    key(Table::Configuration, sid, "XE")
}

impl Placed for ChannelSender {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ChannelSender", "pk": "XEff46b0b4048d83e636b782e79ebe726e", "sk": "XE", "v": 2,
            "lpk": "CHANNEL_SENDERS", "lsk": "1795898976093#XEff46b0b4048d83e636b782e79ebe726e",
            "created": 1795898976093, "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c",
            "sender": "whatsapp:+15550100001", "settings": "{\"profile\":{\"name\":\"ACME\"}}",
            "sid": "XEff46b0b4048d83e636b782e79ebe726e", "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(channel_sender(self.sid)).listed(CHANNEL_SENDERS, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let pool = self.messaging_service.map(super::messaging_service);
        pool.map(|at| (Reference::ChannelSenderMessagingService, at)).into_iter().collect()
    }
}

impl Listing {
    /// Senders on channels, in order of creation.
    pub fn channel_senders() -> Self {
        Self::list(Table::Configuration, CHANNEL_SENDERS)
    }
}
