//! The open conversation of an address pair.

use switchboard_domain::address::Address;
use switchboard_domain::conversation::{AddressBinding, Pair, Who};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "P#";

/// The open conversation of an address pair.
pub fn binding(pair: &Pair) -> Key {
    let who = Who::Address(pair.address.clone());
    key(Table::Conversations, who, format!("{PREFIX}{}", pair.proxy))
}

impl Placed for AddressBinding {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "AddressBinding", "pk": "A#+15550199999", "sk": "P#+15550100001", "v": 1,
            "conversation": "CHd369e33584fc961c1392c39b2105a344", "number": 1, "pair": {
            "proxy": "+15550100001", "address": "+15550199999"}}"#;

    fn place(&self) -> Place {
        Place::at(binding(&self.pair))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::BindingConversation, super::conversation(self.conversation))]
    }
}

impl Listing {
    /// Open conversations of a customer's address, by the business' addresses.
    pub fn bindings_of(address: &Address) -> Self {
        Self::partition(Table::Conversations, Who::Address(address.clone()), PREFIX)
    }
}
