//! A webhook that hears of the interactions that name it.

use switchboard_domain::interaction::InteractionWebhook;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const WEBHOOKS: &str = "INTERACTION_WEBHOOKS";

/// A webhook that hears of the interactions that name it.
pub fn interaction_webhook(ttid: &str) -> Key {
    key(Table::Configuration, ttid, "TTID")
}

impl Placed for InteractionWebhook {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "InteractionWebhook", "pk": "flex_interactionwebhook_01jke8z8vte4ette30t5w9h081",
            "sk": "TTID", "v": 1, "lpk": "INTERACTION_WEBHOOKS",
            "lsk": "1795898976093#flex_interactionwebhook_01jke8z8vte4ette30t5w9h081", "created": 1795898976093,
            "events": ["onParticipantJoined"], "friendly_name": "Survey", "kind_of": "interaction", "method": "POST",
            "ttid": "flex_interactionwebhook_01jke8z8vte4ette30t5w9h081", "updated": 1795898976093,
            "url": "https://example.com/interactions"}"#;

    fn place(&self) -> Place {
        let at = interaction_webhook(&self.ttid);
        Place::at(at).listed(WEBHOOKS, dated(self.created, &self.ttid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// Webhooks that hear of interactions that name them, in order of creation.
    pub fn interaction_webhooks() -> Self {
        Self::list(Table::Configuration, WEBHOOKS)
    }
}
