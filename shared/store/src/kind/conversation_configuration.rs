//! The account's settings of the conversations product.

use switchboard_domain::configuration::ConversationConfiguration;

use super::Placed;
use crate::place::{Key, Place, Table, key};

/// The account's settings of the conversations product.
pub fn conversation_configuration() -> Key {
    key(Table::Configuration, "CONVERSATIONS", "-")
}

impl Placed for ConversationConfiguration {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ConversationConfiguration", "pk": "CONVERSATIONS", "sk": "-", "v": 1,
            "default_service": "ISf4873ffdb0cf6fc632c2b103c624ca50"}"#;

    fn place(&self) -> Place {
        Place::at(conversation_configuration())
    }
}
