//! Somebody who works with the contact centre's desktop.

use switchboard_domain::configuration::FlexUser;
use switchboard_domain::sid::FlexUserSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// Somebody who works with the contact centre's desktop.
pub fn flex_user(sid: FlexUserSid) -> Key {
    key(Table::Configuration, sid, "FU")
}

impl Placed for FlexUser {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "FlexUser", "pk": "FU95e20ab2b8db1b38a2fbfc1234252f5d", "sk": "FU", "v": 1,
            "email": "ann@example.com", "locale": "en-US", "sid": "FU95e20ab2b8db1b38a2fbfc1234252f5d",
            "updated": 1795898976116, "user": "USd369e33584fc961c1392c39b2105a344" }"#;

    fn place(&self) -> Place {
        Place::at(flex_user(self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
