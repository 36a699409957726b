//! How often something was done that no other record counts.

use switchboard_domain::pace::ActionCount;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// How often something was done.
pub fn action_count(what: &str) -> Key {
    key(Table::Conversations, format!("RATE#{what}"), "R")
}

impl Placed for ActionCount {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ActionCount", "pk": "RATE#IS00000000000000000000000000000001#Users", "sk": "R", "v": 2, "ttl": 1795345200,
            "pace": 1795341600033333, "until": 1795345200000, "what": "IS00000000000000000000000000000001#Users" }"#;

    fn place(&self) -> Place {
        Place::at(action_count(&self.what)).until(Some(self.until))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}
