//! The configuration of the contact centre's desktop.

use switchboard_domain::configuration::FlexConfiguration;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The configuration of the contact centre's desktop.
pub fn flex_configuration() -> Key {
    key(Table::Configuration, "FLEX", "-")
}

impl Placed for FlexConfiguration {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "FlexConfiguration", "pk": "FLEX", "sk": "-", "v": 2, "created": 1795898976093,
            "updated": 1795898976116, "values": "{\"ui_language\":\"en\"}" }"#;

    fn place(&self) -> Place {
        Place::at(flex_configuration())
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
