//! What an occurrence is about, as it stood after the change: as little as lists, callbacks and statistics need.

use serde::{Deserialize, Serialize};

use crate::sid::{ActivitySid, TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid};
use crate::task::{Fields, Task};
use crate::version::Version;
use crate::workspace::Worker;

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A task, without its reservations: an event names the one that it is about.
    Task(Box<Task>),
    /// A worker.
    Worker {
        /// As they were.
        worker: Box<Worker>,
        /// How often the record was written.
        version: u64,
    },
    /// An activity.
    Activity {
        /// Its identifier.
        sid: ActivitySid,
        /// Its name.
        name: String,
        /// Whether workers in it get tasks.
        available: bool,
    },
    /// A task channel.
    TaskChannel {
        /// Its identifier.
        sid: TaskChannelSid,
        /// Its name for people.
        name: String,
        /// Its name for programs.
        unique_name: String,
        /// Whether idleness is counted for it alone.
        optimized: bool,
    },
    /// A queue.
    TaskQueue {
        /// Its identifier.
        sid: TaskQueueSid,
        /// Its name.
        name: String,
        /// Which workers serve it.
        expression: String,
    },
    /// A workflow.
    Workflow {
        /// Its identifier.
        sid: WorkflowSid,
        /// Its name.
        name: String,
    },
    /// The workspace.
    Workspace {
        /// Its name.
        name: String,
        /// Of one that was deleted: where its callback is told, if it wants to hear of that. No record tells it any
        /// more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        callback: Option<String>,
    },
}

impl Subject {
    pub(crate) fn task(task: &Task) -> Self {
        let fields = Fields { reservations: Vec::new(), trail: Vec::new(), ..task.fields.clone() };
        // How often it was written is not kept, so it does not count.
        Self::Task(Box::new(Task { fields, version: Version::NEW }))
    }

    pub(crate) fn worker_of(worker: &Worker) -> Self {
        let version = worker.version.number();
        Self::Worker {
            worker: Box::new(Worker { version: Version::NEW, ..worker.clone() }),
            version,
        }
    }

    /// The worker whom it is about.
    pub(crate) fn worker(&self) -> Option<WorkerSid> {
        match self {
            Self::Worker { worker, .. } => Some(worker.sid),
            Self::Task(_)
            | Self::Activity { .. }
            | Self::TaskChannel { .. }
            | Self::TaskQueue { .. }
            | Self::Workflow { .. }
            | Self::Workspace { .. } => None,
        }
    }

    /// The identifier that its occurrences are listed under.
    pub(crate) fn listed(&self, workspace: WorkspaceSid) -> String {
        match self {
            Self::Task(task) => task.sid.to_string(),
            Self::Worker { worker, .. } => worker.sid.to_string(),
            Self::Activity { sid, .. } => sid.to_string(),
            Self::TaskChannel { sid, .. } => sid.to_string(),
            Self::TaskQueue { sid, .. } => sid.to_string(),
            Self::Workflow { sid, .. } => sid.to_string(),
            Self::Workspace { .. } => workspace.to_string(),
        }
    }

    /// What kind of resource it is, as events say.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "task",
            Self::Worker { .. } => "worker",
            Self::Activity { .. } => "activity",
            Self::TaskChannel { .. } => "task-channel",
            Self::TaskQueue { .. } => "task-queue",
            Self::Workflow { .. } => "workflow",
            Self::Workspace { .. } => "workspace",
        }
    }
}
