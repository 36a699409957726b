//! A workflow.

use switchboard_domain::routing::workflow::Workflow as Rules;
use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};
use switchboard_domain::workspace::Workflow;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "WW#";

/// A workflow.
pub fn workflow(workspace: WorkspaceSid, sid: WorkflowSid) -> Key {
    key(Table::Routing, workspace, format!("{PREFIX}{sid}"))
}

impl Placed for Workflow {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Workflow", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "sk": "WW#WWfd6967f34139db27d3987807c25ea61b", "v": 1,
            "configuration": "{\"task_routing\":{\"default_filter\":{\"queue\":\"WQ206418070492185732f931c60f213dad\"}}}",
            "created": 1795898975977, "friendly_name": "Support",
            "sid": "WWfd6967f34139db27d3987807c25ea61b", "task_reservation_timeout_seconds": 120,
            "updated": 1795898975977, "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        Place::at(workflow(self.workspace, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let workspace = self.workspace;
        // One that cannot be read leads nowhere.
        let Ok(rules) = Rules::parse(&self.configuration) else { return Vec::new() };
        let queues = rules.queues().into_iter().map(|sid| super::task_queue(workspace, sid));
        let activities = rules.activities().into_iter().map(|sid| super::activity(workspace, sid));
        let workers = rules.workers().into_iter().map(|sid| super::worker(workspace, sid));
        let queues = queues.map(|at| (Reference::WorkflowQueue, at));
        let activities = activities.map(|at| (Reference::WorkflowActivity, at));
        queues.chain(activities).chain(workers.map(|at| (Reference::WorkflowWorker, at))).collect()
    }
}

impl Listing {
    /// Workflows of a workspace, in order of their identifiers.
    pub fn workflows(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
