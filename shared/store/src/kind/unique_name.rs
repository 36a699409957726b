//! A conversation's unique name.

use switchboard_domain::conversation::UniqueName;
use switchboard_domain::sid::ServiceSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// A conversation's unique name.
pub fn unique_name(service: ServiceSid, name: &str) -> Key {
    key(Table::Conversations, format!("N#{service}#{name}"), "N")
}

impl Placed for UniqueName {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "UniqueName", "pk": "N#ISf4873ffdb0cf6fc632c2b103c624ca50#name", "sk": "N", "v": 1,
            "conversation": "CH478aaa42d266331cc937dc79529d5688", "name": "name",
            "service": "ISf4873ffdb0cf6fc632c2b103c624ca50"}"#;

    fn place(&self) -> Place {
        Place::at(unique_name(self.service, &self.name))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::NameConversation, super::conversation(self.conversation))]
    }
}
