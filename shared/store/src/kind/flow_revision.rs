//! A revision of a flow.

use switchboard_domain::configuration::FlowRevision;
use switchboard_domain::sid::FlowSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, indexed, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "R#";

/// A revision of a flow.
pub fn flow_revision(flow: FlowSid, revision: u32) -> Key {
    key(Table::Configuration, flow, format!("{PREFIX}{}", indexed(revision)))
}

impl Placed for FlowRevision {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "FlowRevision", "pk": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "sk": "R#0000000001", "v": 1,
            "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "revision": 1, "friendly_name": "Demo", "definition": "{}",
            "published": true, "created": 1795898976134, "updated": 1795898976134}"#;

    fn place(&self) -> Place {
        Place::at(flow_revision(self.flow, self.revision))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// The revisions of a flow, in order.
    pub fn revisions_of(flow: FlowSid) -> Self {
        Self::partition(Table::Configuration, flow, PREFIX)
    }
}
