//! A workflow.

use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};
use switchboard_domain::workspace::Workflow;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};

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
}

impl Listing {
    /// Workflows of a workspace, in order of their identifiers.
    pub fn workflows(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, PREFIX)
    }
}
