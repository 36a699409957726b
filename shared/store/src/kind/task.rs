//! A task.

use switchboard_domain::sid::{TaskSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{Task, TaskStatus};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// A task.
pub fn task(sid: TaskSid) -> Key {
    key(Table::Routing, sid, "WT")
}

impl Placed for Task {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Task", "pk": "WT58215fa27b803fb9e52f292f2ddfb9e4", "sk": "WT", "v": 3,
            "lpk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "lsk": "1795898976238#WT58215fa27b803fb9e52f292f2ddfb9e4",
            "wpk": "WK95e20ab2b8db1b38a2fbfc1234252f5d",
            "wsk": "1795898976238#WT58215fa27b803fb9e52f292f2ddfb9e4", "assignments": 1,
            "attributes": "{\"customerAddress\":\"+15550199999\",\"customerName\":\"+15550199999\",\"from\":\"+15550199999\",\"name\":\"+15550199999\"}",
            "channel": "TCa4d01b373bf77f1d768ea47db6ca1996", "created": 1795898976238,
            "entered": 1795898976285, "interaction": "KDd369e33584fc961c1392c39b2105a344", "invite": {
            "by": "customer", "channel": "sms", "contact": "+15550100001", "invite": 2}, "next": 2,
            "place": {}, "queue": "WQ206418070492185732f931c60f213dad", "reservations": [{ "number": 1,
            "worker": "WK95e20ab2b8db1b38a2fbfc1234252f5d", "status": "accepted", "name": "alice",
            "created": 1795898976285, "updated": 1795898976389, "receipt": { "filter": "default",
            "target": 0, "passed": [ "oZaKsrlEcr6wyJVry"]}, "expires": 1795899096285}],
            "status": "assigned", "timeout": 3600, "updated": 1795898976389,
            "workflow": "WWfd6967f34139db27d3987807c25ea61b"}"#;

    fn place(&self) -> Place {
        let sort = dated(self.created, self.sid);
        let place = Place::at(task(self.sid)).listed(self.workspace, sort.clone());
        place.held_by(self.holder(), sort).until(self.expires())
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        if self.status.is_over() {
            return Vec::new();
        }
        let workspace = self.workspace;
        let mut all = vec![
            (Reference::TaskWorkspace, super::workspace(workspace)),
            (Reference::TaskWorkflow, super::workflow(workspace, self.workflow)),
            (Reference::TaskChannel, super::task_channel(workspace, self.channel)),
        ];
        // One for a worker is only counted in its queue.
        let queue = self.queue.filter(|_| self.worker.is_none());
        all.extend(queue.map(|sid| (Reference::TaskQueue, super::task_queue(workspace, sid))));
        let worker = self.worker.filter(|_| self.status == TaskStatus::Pending);
        all.extend(worker.map(|sid| (Reference::TaskWorker, super::worker(workspace, sid))));
        let asked = self.open_reservations().map(|one| super::worker(workspace, one.worker));
        all.extend(asked.map(|at| (Reference::ReservationWorker, at)));
        all.extend(
            self.interaction.map(|sid| (Reference::TaskInteraction, super::interaction(sid))),
        );
        all
    }
}

impl Listing {
    /// Tasks of a workspace, in order of creation.
    pub fn tasks_of(workspace: WorkspaceSid) -> Self {
        Self::list(Table::Routing, workspace)
    }

    /// Tasks that a worker holds or held last, in order of creation.
    pub fn tasks_of_worker(worker: WorkerSid) -> Self {
        Self::by_worker(Table::Routing, worker)
    }
}
