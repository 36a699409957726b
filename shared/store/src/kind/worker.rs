//! A worker.

use switchboard_domain::sid::{WorkerSid, WorkspaceSid};
use switchboard_domain::workspace::Worker;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "WK#";

/// A worker.
pub fn worker(workspace: WorkspaceSid, sid: WorkerSid) -> Key {
    key(Table::Routing, workspace, format!("{PREFIX}{sid}"))
}

impl Placed for Worker {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Worker", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "sk": "WK#WK95e20ab2b8db1b38a2fbfc1234252f5d", "v": 2,
            "activity": "WA16b509ddd93fbcaee6d5c13cb36117f8", "activity_since": 1795898973765,
            "attributes": "{\"languages\":[\"en\",\"de\"],\"skills\":[\"returns\"]}", "channels": {
            "TCf55fc80e9712de3a0e64dcdd348e168b": { "capacity": 2, "available": true}},
            "created": 1795898973765, "friendly_name": "alice", "sid": "WK95e20ab2b8db1b38a2fbfc1234252f5d",
            "updated": 1795898974277, "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(worker(self.workspace, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let activities = [Some(self.activity), self.occupation.map(|held| held.before)];
        let activities = activities.into_iter().flatten();
        let activities =
            activities.map(|sid| (Reference::WorkerActivity, super::activity(self.workspace, sid)));
        let channels = self.channels.keys();
        let channels = channels
            .map(|sid| (Reference::WorkerChannel, super::task_channel(self.workspace, *sid)));
        activities.chain(channels).collect()
    }
}

impl Listing {
    /// Workers of a workspace, in order of their identifiers.
    pub fn workers(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
