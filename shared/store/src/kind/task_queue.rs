//! A queue.

use switchboard_domain::sid::{TaskQueueSid, WorkspaceSid};
use switchboard_domain::workspace::TaskQueue;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "WQ#";

/// A queue.
pub fn task_queue(workspace: WorkspaceSid, sid: TaskQueueSid) -> Key {
    key(Table::Routing, workspace, format!("{PREFIX}{sid}"))
}

impl Placed for TaskQueue {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "TaskQueue", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "sk": "WQ#WQ206418070492185732f931c60f213dad", "v": 1, "created": 1795898975434,
            "friendly_name": "English", "max_reserved_workers": 1, "order": "FIFO",
            "sid": "WQ206418070492185732f931c60f213dad", "target_workers": "languages HAS \"en\"",
            "updated": 1795898975434, "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(task_queue(self.workspace, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let activities =
            [self.reservation_activity, self.assignment_activity].into_iter().flatten();
        activities
            .map(|sid| (Reference::QueueActivity, super::activity(self.workspace, sid)))
            .collect()
    }
}

impl Listing {
    /// Task queues of a workspace, in order of their identifiers.
    pub fn task_queues(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
