//! The account's settings of the conversations product.

use switchboard_domain::configuration::ConversationConfiguration;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

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

    fn refers(&self) -> Vec<(Reference, Key)> {
        let service =
            self.default_service.map(|sid| (Reference::SettingsService, super::service(sid)));
        let messaging = self.default_messaging_service.map(super::messaging_service);
        let messaging = messaging.map(|at| (Reference::SettingsMessagingService, at));
        let told = self.service_webhooks.keys();
        let told = told.map(|sid| (Reference::SettingsService, super::service(*sid)));
        service.into_iter().chain(messaging).chain(told).collect()
    }
}
