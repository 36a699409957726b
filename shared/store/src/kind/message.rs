//! A message.

use switchboard_domain::message::Message;
use switchboard_domain::sid::{ConversationSid, MessageSid};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, indexed, key};
use crate::reference::Reference;

/// The partition of the index `list` of messages outside of conversations.
const SINGLE: &str = "MESSAGES";

/// A message.
pub fn message(sid: MessageSid) -> Key {
    key(Table::Conversations, sid, "IM")
}

impl Placed for Message {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Message", "pk": "IM60cb37866e00985512442cc2f1b380e0", "sk": "IM", "v": 4,
            "listed": false, "author": "alice",
            "body": "Good morning! It left this morning and arrives tomorrow.",
            "conversation": "CHd369e33584fc961c1392c39b2105a344", "created": 1795898976734, "deliveries": [{
            "carrier": "twilio", "participant": 1, "status": "delivered",
            "carrier_message_id": "SMae6e04c600aef57a51fdfc301a243920", "updated": 1795898976964,
            "number": 1, "attempts": 1, "pair": { "proxy": "+15550100001", "address": "+15550199999"},
            "created": 1795898976734}], "direction": "outbound-api", "index": 1,
            "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c", "participant": 3}"#;

    fn place(&self) -> Place {
        let place = match (self.conversation, self.removed) {
            (_, true) => Place::at(message(self.sid)),
            // The conversation names it; a row would be a unit more for every message ever written.
            (Some(_), false) if !self.listed => Place::at(message(self.sid)),
            (Some(of), false) => Place::at(message(self.sid)).listed(of, indexed(self.index)),
            (None, false) => {
                Place::at(message(self.sid)).listed(SINGLE, dated(self.created, self.sid))
            }
        };
        place.scheduled(self.looked_at())
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let messaging = self.messaging_service.map(super::messaging_service);
        let messaging = messaging.map(|at| (Reference::MessageMessagingService, at));
        let home = self.conversation.map(super::conversation);
        let home = home.map(|at| (Reference::MessageConversation, at));
        let answered = self.origin.as_ref().and_then(|origin| origin.answers).map(message);
        let answered = answered.map(|at| (Reference::MessageMessage, at));
        let uploads = self.files().map(|(sid, _)| sid).filter(|sid| sid.message().is_none());
        let uploads = uploads.map(|sid| (Reference::MessageUpload, super::upload(sid)));
        messaging.into_iter().chain(home).chain(answered).chain(uploads).collect()
    }
}

impl Listing {
    /// Messages of a conversation from before it named them, by index.
    pub(crate) fn messages_of(conversation: ConversationSid) -> Self {
        Self::list(Table::Conversations, conversation)
    }

    /// Messages outside of conversations, in order of creation.
    pub fn single_messages() -> Self {
        Self::list(Table::Conversations, SINGLE)
    }
}
