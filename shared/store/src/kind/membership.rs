//! The membership of an identity or address in a conversation.

use switchboard_domain::conversation::{Membership, Who};
use switchboard_domain::sid::ConversationSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "C#";

/// The membership of an identity or address in a conversation.
pub fn membership(who: &Who, conversation: ConversationSid) -> Key {
    key(Table::Conversations, who, format!("{PREFIX}{conversation}"))
}

impl Placed for Membership {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Membership", "pk": "I#alice", "sk": "C#CHd369e33584fc961c1392c39b2105a344", "v": 1,
            "conversation": "CHd369e33584fc961c1392c39b2105a344", "number": 3, "who": "I#alice"}"#;

    fn place(&self) -> Place {
        Place::at(membership(&self.who, self.conversation))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::MembershipConversation, super::conversation(self.conversation))]
    }
}

impl Listing {
    /// Memberships of one identity, or of an address in closed conversations.
    pub fn memberships_of(who: &Who) -> Self {
        Self::partition(Table::Conversations, who, PREFIX)
    }
}
