//! An activity.

use switchboard_domain::sid::{ActivitySid, WorkspaceSid};
use switchboard_domain::workspace::Activity;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "WA#";

/// An activity.
pub fn activity(workspace: WorkspaceSid, sid: ActivitySid) -> Key {
    key(Table::Routing, workspace, format!("{PREFIX}{sid}"))
}

impl Placed for Activity {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Activity", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "sk": "WA#WAf46d137782dbec715288f95427c22a3b", "v": 1, "available": false,
            "created": 1795898972957, "friendly_name": "Unavailable",
            "sid": "WAf46d137782dbec715288f95427c22a3b", "updated": 1795898972957,
            "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(activity(self.workspace, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::PartWorkspace, super::workspace(self.workspace))]
    }
}

impl Listing {
    /// Activities of a workspace, in order of their identifiers.
    pub fn activities(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
