//! A worker's name.

use switchboard_domain::workspace::WorkerName;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// A worker's name. It lies beside the workspace, not in it: no picture is built of names.
pub fn worker_name(name: &WorkerName) -> Key {
    key(Table::Routing, format!("N#{}#{}", name.workspace, name.name), "N")
}

impl Placed for WorkerName {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "WorkerName", "pk": "N#WS53dfcf12650854b6e969aff84ab9cdf4#alice", "sk": "N", "v": 1,
            "name": "alice", "worker": "WK95e20ab2b8db1b38a2fbfc1234252f5d",
            "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(worker_name(self))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::NameWorker, super::worker(self.workspace, self.worker))]
    }
}
