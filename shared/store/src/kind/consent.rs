//! Who wants to hear from whom.

use switchboard_domain::address::Address;
use switchboard_domain::consent::Consent;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const CONSENTS: &str = "CONSENTS";

/// What somebody said to our senders, by their address as [`Address::person`] has it.
pub fn consent(person: &Address) -> Key {
    key(Table::Conversations, format!("O#{person}"), "O")
}

impl Placed for Consent {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Consent", "pk": "O#+14155550123", "sk": "O", "v": 2,
            "lpk": "CONSENTS", "lsk": "1795898976057#+14155550123", "created": 1795898976057, "person": "+14155550123",
            "stances": [{ "sender": "+15550100001", "pool": "MG2f27ccfcf6d1d95418450fa9fcc8a14c", "status": "opt-out",
            "source": "opt-out-message", "since": 1795898976057 }, { "pool": "MG2f27ccfcf6d1d95418450fa9fcc8a14d",
            "status": "opt-in", "source": "website", "since": 1795898976116, "said": 1795898970000 }],
            "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(consent(&self.person)).listed(CONSENTS, dated(self.created, &self.person))
    }

    // What was said holds whether the number or the pool is still there or not.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// Who wants to hear from whom, in the order in which they first said so.
    pub fn consents() -> Self {
        Self::list(Table::Conversations, CONSENTS)
    }
}
