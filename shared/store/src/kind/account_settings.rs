//! The account, as far as it can be changed.

use switchboard_domain::configuration::AccountSettings;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The account, as far as it can be changed.
pub fn account_settings() -> Key {
    key(Table::Configuration, "ACCOUNT", "-")
}

impl Placed for AccountSettings {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "AccountSettings", "pk": "ACCOUNT", "sk": "-", "v": 2,
            "friendly_name": "ACME support", "created": 1795898976093, "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(account_settings())
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
