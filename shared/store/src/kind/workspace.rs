//! A workspace.

use switchboard_domain::sid::WorkspaceSid;
use switchboard_domain::workspace::Workspace;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const WORKSPACES: &str = "WORKSPACES";

/// A workspace.
pub fn workspace(sid: WorkspaceSid) -> Key {
    key(Table::Routing, sid, "WS")
}

impl Placed for Workspace {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Workspace", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4", "sk": "WS", "v": 1,
            "lpk": "WORKSPACES", "lsk": "1795898972957#WS53dfcf12650854b6e969aff84ab9cdf4",
            "created": 1795898972957, "default_activity": "WA8b17c62b45699bf873bf7df05a81cd26",
            "friendly_name": "Demo", "multi_task_enabled": true, "prioritize_queue_order": "FIFO",
            "sid": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "timeout_activity": "WA8b17c62b45699bf873bf7df05a81cd26", "updated": 1795898972957}"#;

    fn place(&self) -> Place {
        Place::at(workspace(self.sid)).listed(WORKSPACES, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let activities = [self.default_activity, self.timeout_activity];
        activities.map(|sid| (Reference::WorkspaceActivity, super::activity(self.sid, sid))).into()
    }
}

impl Listing {
    /// Workspaces, in order of creation.
    pub fn workspaces() -> Self {
        Self::list(Table::Routing, WORKSPACES)
    }
}
