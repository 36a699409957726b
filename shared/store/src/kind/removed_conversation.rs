//! What is left of a conversation that was removed.

use switchboard_domain::conversation::RemovedConversation;
use switchboard_domain::sid::ConversationSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What is left of a conversation.
pub fn removed_conversation(conversation: ConversationSid) -> Key {
    key(Table::Conversations, conversation, "R")
}

impl Placed for RemovedConversation {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "RemovedConversation", "pk": "CHd369e33584fc961c1392c39b2105a344", "sk": "R",
            "v": 1, "ttl": 1797108582, "at": 1795898982119, "last": {
            "sid": "CHd369e33584fc961c1392c39b2105a344", "service": "ISf4873ffdb0cf6fc632c2b103c624ca50", "state": "closed",
            "friendly_name": "order 7", "next_index": 0, "next_number": 2, "created": 1795898976202, "updated": 1795898976734,
            "webhooks": [{ "created": 1795898976202, "updated": 1795898976202, "number": 1,
            "target": { "type": "studio", "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f"}}]}}"#;

    fn place(&self) -> Place {
        Place::at(removed_conversation(self.last.sid)).until(Some(self.until()))
    }

    // A conversation that was removed is only remembered.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
