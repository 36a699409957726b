//! A conversation.

use switchboard_domain::conversation::{Conversation, Target};
use switchboard_domain::sid::{ConversationSid, ServiceSid};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// A conversation.
pub fn conversation(sid: ConversationSid) -> Key {
    key(Table::Conversations, sid, "CH")
}

impl Placed for Conversation {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Conversation", "pk": "CHd369e33584fc961c1392c39b2105a344", "sk": "CH", "v": 3,
            "lpk": "ISf4873ffdb0cf6fc632c2b103c624ca50",
            "lsk": "1795898976202#CHd369e33584fc961c1392c39b2105a344", "dpk": "DUE", "dsk": "1795899036202",
            "timers": { "inactive": 60000, "closed": 600000, "since": 1795898976734, "look": 1795899036202}, "created": 1795898976202,
            "interaction": "KDd369e33584fc961c1392c39b2105a344",
            "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c", "next_index": 2, "latest": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "next_number": 4,
            "participants": [{ "updated": 1795898976202, "pair": { "address": "+15550199999",
            "proxy": "+15550100001"}, "carrier": "twilio", "number": 1, "created": 1795898976202}, {
            "identity": "alice", "updated": 1795898976408, "role": "agent", "created": 1795898976408,
            "number": 3}], "service": "ISf4873ffdb0cf6fc632c2b103c624ca50", "state": "active",
            "updated": 1795898976734, "webhooks": [{ "created": 1795898976202, "updated": 1795898976202,
            "target": { "type": "studio", "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f"}, "number": 2}]}"#;

    fn place(&self) -> Place {
        let place = Place::at(conversation(self.sid));
        let place = place.listed(self.service, dated(self.created, self.sid));
        place.looked_at(self.timers.and_then(|timers| timers.look))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let service = [(Reference::ConversationService, super::service(self.service))];
        let messaging = self.messaging_service.map(super::messaging_service);
        let messaging = messaging.map(|at| (Reference::ConversationMessagingService, at));
        let flows = self.webhooks.iter().filter_map(|one| match one.target {
            Target::Studio { flow, .. } => Some((Reference::ConversationFlow, super::flow(flow))),
            Target::Webhook { .. } | Target::Trigger { .. } => None,
        });
        let interaction = self.interaction.map(super::interaction);
        let interaction = interaction.map(|at| (Reference::ConversationInteraction, at));
        service.into_iter().chain(messaging).chain(flows).chain(interaction).collect()
    }
}

impl Listing {
    /// Conversations of a service, in order of creation.
    pub fn conversations_of(service: ServiceSid) -> Self {
        Self::list(Table::Conversations, service)
    }
}
