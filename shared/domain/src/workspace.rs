//! What routing is configured with: workspaces, activities, task channels, queues, workflows, workers.
//!
//! Every change of these moves the workspace's head, so that a router that decided on an older picture cannot
//! commit what it decided.

mod routing_test;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sid::{
    ActivitySid, ReservationSid, Sid as _, TaskChannelSid, TaskQueueSid, WorkerChannelSid,
    WorkerSid, WorkflowSid, WorkspaceSid,
};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

pub use self::routing_test::{BYTES_MAX, Expected, RoutingTest, TASKS_MAX, TESTS_MAX, TestedTask};

/// The event of a call about where a task waits (rule D.9); ours.
pub const POSITION_EVENT: &str = "task.position.updated";

/// A workspace (rule D.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its identifier.
    pub sid: WorkspaceSid,
    /// A name for people.
    pub friendly_name: String,
    /// Who is told of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_callback_url: Option<String>,
    /// Of which events, as a comma list; empty means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_filter: Option<String>,
    /// Whether workers handle several tasks at once.
    pub multi_task_enabled: bool,
    /// The order between first-in-first-out and last-in-first-out queues that share workers.
    pub prioritize_queue_order: QueueOrder,
    /// The activity of new workers.
    pub default_activity: ActivitySid,
    /// The activity of a worker who let a reservation time out.
    pub timeout_activity: ActivitySid,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The order of a queue.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum QueueOrder {
    /// The oldest first, by priority.
    Fifo,
    /// The newest first.
    Lifo,
}

impl QueueOrder {
    /// Both of them.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The canonical spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a worker can be doing (rule D.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// Its identifier.
    pub sid: ActivitySid,
    /// A name for people.
    pub friendly_name: String,
    /// Whether workers in it get tasks; never changes.
    pub available: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// A kind of work that workers have separate capacity for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskChannel {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// Its identifier.
    pub sid: TaskChannelSid,
    /// A name for programs.
    pub unique_name: String,
    /// A name for people.
    pub friendly_name: String,
    /// Whether idleness is counted for this channel alone.
    pub channel_optimized_routing: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// A queue: which workers may take its tasks, and in which order (rule D.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskQueue {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// Its identifier.
    pub sid: TaskQueueSid,
    /// A name for people.
    pub friendly_name: String,
    /// The expression that its workers' attributes match.
    pub target_workers: String,
    /// How many workers are offered one task at the same time.
    pub max_reserved_workers: u32,
    /// The order.
    pub order: QueueOrder,
    /// The activity while reserved, in single-tasking workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation_activity: Option<ActivitySid>,
    /// The activity while assigned, in single-tasking workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment_activity: Option<ActivitySid>,
    /// A task that has waited in it for this many seconds goes before all that have not; none is strict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ageing_bound_seconds: Option<u32>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl TaskQueue {
    /// Whether workers change their activity with their reservations, where they do one task at a time.
    pub const fn moves_workers(&self) -> bool {
        self.reservation_activity.is_some() || self.assignment_activity.is_some()
    }
}

/// A workflow: which task goes to which queue, and when it moves on (rule D.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// Its identifier.
    pub sid: WorkflowSid,
    /// A name for people.
    pub friendly_name: String,
    /// The configuration, as JSON text.
    pub configuration: String,
    /// Who is told of reservations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment_callback_url: Option<String>,
    /// Who is told if that one does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_assignment_callback_url: Option<String>,
    /// How long a worker may think about a reservation, in seconds.
    pub task_reservation_timeout_seconds: i64,
    /// How often it was asked for its waiting tasks to enter it anew: those that entered before do, when their router
    /// comes to them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evaluation: u32,
    /// What it is held against before it is changed, if that is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<RoutingTest>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Workflow {
    /// How long a worker may think about a reservation.
    pub const fn reservation_timeout(&self) -> Millis {
        Millis::seconds(self.task_reservation_timeout_seconds)
    }
}

/// A worker's capacity on one task channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// How many tasks at once.
    pub capacity: u32,
    /// Whether new ones are taken.
    pub available: bool,
}

impl Default for Capacity {
    /// One task at a time, as new worker channels have it.
    fn default() -> Self {
        Self { capacity: 1, available: true }
    }
}

/// The reservation that a worker is moved through activities by, where tasks are done one by one. Whatever
/// else moves them ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupation {
    /// The reservation.
    pub reservation: ReservationSid,
    /// What they did before.
    pub before: ActivitySid,
}

/// A worker: an agent who does tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// Its identifier.
    pub sid: WorkerSid,
    /// A name, unique in the workspace.
    pub friendly_name: String,
    /// JSON text.
    pub attributes: String,
    /// What they are doing.
    pub activity: ActivitySid,
    /// Since when.
    pub activity_since: Timestamp,
    /// What holds them in it, if it is a reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation: Option<Occupation>,
    /// Capacities that differ from the default, by task channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<TaskChannelSid, Capacity>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// That a name is taken by a worker of a workspace, in any case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerName {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The name in lower case.
    pub name: String,
    /// Who has it.
    pub worker: WorkerSid,
    /// How often it was written: once.
    #[serde(skip)]
    pub version: Version,
}

impl Workspace {
    /// Whether its callback is told where tasks wait: only if its filter says so by name, as one that says nothing asks for
    /// what the product has.
    pub fn tells_positions(&self) -> bool {
        let filter = self.events_filter.as_deref().unwrap_or_default();
        let mut names = filter.split(',').map(str::trim);
        self.event_callback_url.is_some()
            && names.any(|name| name.eq_ignore_ascii_case(POSITION_EVENT))
    }
}

impl Worker {
    /// The item that keeps their name for them; it is written once.
    pub fn name(&self) -> WorkerName {
        let (workspace, worker) = (self.workspace, self.sid);
        let name = self.friendly_name.to_lowercase();
        WorkerName { workspace, name, worker, version: Version::NEW }
    }

    /// The capacity on a task channel.
    pub fn capacity(&self, channel: TaskChannelSid) -> Capacity {
        self.channels.get(&channel).copied().unwrap_or_default()
    }

    /// The identifier of the worker's capacity on a task channel.
    pub fn channel_sid(&self, channel: TaskChannelSid) -> WorkerChannelSid {
        WorkerChannelSid::derived(&[&self.sid.to_string(), &channel.to_string()])
    }

    /// Lets them do something else from now on.
    pub fn change_activity(&mut self, activity: ActivitySid, now: Timestamp) {
        if self.activity != activity {
            self.activity = activity;
            self.activity_since = now;
            self.occupation = None;
            self.updated = now;
        }
    }

    /// How the worker is called in conversations: the name in `contact_uri` (`client:<name>`), else their own.
    pub fn identity(&self) -> String {
        let attributes: Option<serde_json::Value> = serde_json::from_str(&self.attributes).ok();
        let contact = attributes.as_ref().and_then(|all| all.get("contact_uri")?.as_str());
        contact
            .and_then(|uri| uri.strip_prefix("client:"))
            .map_or_else(|| self.friendly_name.clone(), str::to_owned)
    }
}

/// The identifiers of workspace, workflow and task channel that a flow or a caller named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The workflow.
    pub workflow: WorkflowSid,
    /// The task channel.
    pub channel: TaskChannelSid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_s_identity_is_the_contact_uri_or_the_name() {
        let mut worker = Worker {
            workspace: WorkspaceSid::derived(&["w"]),
            sid: WorkerSid::derived(&["k"]),
            friendly_name: "alice".to_owned(),
            attributes: r#"{"contact_uri":"client:al"}"#.to_owned(),
            activity: ActivitySid::derived(&["a"]),
            activity_since: Timestamp(0),
            occupation: None,
            channels: BTreeMap::new(),
            created: Timestamp(0),
            updated: Timestamp(0),
            version: 1.into(),
        };
        assert_eq!(worker.identity(), "al");
        for other in ["{}", "not json", r#"{"contact_uri":"+15550100"}"#] {
            worker.attributes = other.to_owned();
            assert_eq!(worker.identity(), "alice");
        }
    }
}
