//! A task channel.

use switchboard_domain::sid::{TaskChannelSid, WorkspaceSid};
use switchboard_domain::workspace::TaskChannel;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "TC#";

/// A task channel.
pub fn task_channel(workspace: WorkspaceSid, sid: TaskChannelSid) -> Key {
    key(Table::Routing, workspace, format!("{PREFIX}{sid}"))
}

impl Placed for TaskChannel {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "TaskChannel", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "sk": "TC#TCb672081644db9b75b1a6bc003c4b9ded", "v": 1, "channel_optimized_routing": false,
            "created": 1795898972957, "friendly_name": "Default",
            "sid": "TCb672081644db9b75b1a6bc003c4b9ded", "unique_name": "default", "updated": 1795898972957,
            "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(task_channel(self.workspace, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::PartWorkspace, super::workspace(self.workspace))]
    }
}

impl Listing {
    /// Task channels of a workspace, in order of their identifiers.
    pub fn task_channels(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
