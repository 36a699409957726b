//! That a customer had other names before.

use switchboard_domain::address::Address;
use switchboard_domain::conversation::{Renaming, Who};

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The names that a customer had before this one, beside an address of the business.
pub fn renaming(name: &Address, business: &Address) -> Key {
    key(Table::Conversations, Who::Address(name.clone()), format!("B#{business}"))
}

impl Placed for Renaming {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Renaming", "pk": "A#whatsapp:+15550199999", "sk": "B#whatsapp:+15550100001",
            "v": 1, "ttl": 1796503782, "before": ["whatsapp:US.13491208655302741918"], "business": "whatsapp:+15550100001",
            "name": "whatsapp:+15550199999", "until": 1796503782119}"#;

    fn place(&self) -> Place {
        Place::at(renaming(&self.name, &self.business)).until(Some(self.until))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
