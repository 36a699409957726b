//! The open conversation of a group of telephones and numbers of ours.

use std::collections::BTreeSet;

use switchboard_domain::address::Address;
use switchboard_domain::conversation::GroupBinding;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The open conversation of these addresses, in folded form. Ten numbers are less than two hundred bytes, and a key has room for two
/// thousand.
pub fn group_binding(addresses: &BTreeSet<Address>) -> Key {
    let all: Vec<&str> = addresses.iter().map(Address::as_str).collect();
    key(Table::Conversations, format!("G#{}", all.join(",")), "G")
}

impl Placed for GroupBinding {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "GroupBinding", "pk": "G#+14155550123,+14155550124,+15550100001", "sk": "G", "v": 1,
            "addresses": ["+14155550123", "+14155550124", "+15550100001"],
            "conversation": "CHd369e33584fc961c1392c39b2105a344"}"#;

    fn place(&self) -> Place {
        Place::at(group_binding(&self.addresses))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::GroupConversation, super::conversation(self.conversation))]
    }
}
