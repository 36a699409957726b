//! Twelve messages of a conversation.

use switchboard_domain::conversation::MessagePage;
use switchboard_domain::sid::ConversationSid;

use super::Placed;
use crate::place::{Key, Place, Table, indexed, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "P#";

/// A page of a conversation's messages.
pub fn message_page(conversation: ConversationSid, number: u32) -> Key {
    key(Table::Conversations, conversation, format!("{PREFIX}{}", indexed(number)))
}

impl Placed for MessagePage {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "MessagePage", "pk": "CHd369e33584fc961c1392c39b2105a344", "sk": "P#0000000002",
            "v": 1, "conversation": "CHd369e33584fc961c1392c39b2105a344", "number": 2,
            "names": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"}"#;

    fn place(&self) -> Place {
        Place::at(message_page(self.conversation, self.number))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::PageConversation, super::conversation(self.conversation))]
    }
}
