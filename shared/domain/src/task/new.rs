//! How a task is made.

use super::{Fields, Task, TaskStatus};
use crate::sid::{InteractionSid, TaskQueueSid, TaskSid, WorkerSid};
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::{TaskChannel, Workflow};

/// What a new task is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask<'a> {
    /// Its identifier.
    pub sid: TaskSid,
    /// The workflow that routes it.
    pub workflow: &'a Workflow,
    /// The capacity it takes.
    pub channel: &'a TaskChannel,
    /// JSON text, an object; kept as it is written.
    pub attributes: String,
    /// Its priority; a target's wins.
    pub priority: i64,
    /// How long it may wait, in seconds.
    pub timeout_seconds: i64,
    /// Its virtual start: the order among tasks of the same priority.
    pub start: Timestamp,
    /// The interaction whose invite it is.
    pub interaction: Option<InteractionSid>,
    /// Where it goes.
    pub destination: Destination,
    /// Now.
    pub now: Timestamp,
}

/// Where a new task goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Through its workflow, from when a router first sees it.
    Workflow,
    /// To this worker alone, who is asked once.
    Worker {
        /// Who.
        worker: WorkerSid,
        /// The queue it is counted in.
        queue: TaskQueueSid,
        /// Whether they are asked whatever they do and have to do.
        ignores_capacity: bool,
    },
    /// To this queue, for good.
    Queue(TaskQueueSid),
}

impl Destination {
    /// To a worker, if one is named together with the queue it is counted in; else through the workflow.
    pub fn named(worker: Option<(WorkerSid, TaskQueueSid)>) -> Self {
        worker.map_or(Self::Workflow, |(worker, queue)| Self::Worker {
            worker,
            queue,
            ignores_capacity: false,
        })
    }

    const fn queue(self) -> Option<TaskQueueSid> {
        match self {
            Self::Workflow => None,
            Self::Worker { queue, .. } | Self::Queue(queue) => Some(queue),
        }
    }
}

impl Task {
    /// A new task.
    pub fn create(new: NewTask<'_>) -> Self {
        let queue = new.destination.queue();
        let (worker, ignores_capacity) = match new.destination {
            Destination::Worker { worker, ignores_capacity, .. } => {
                (Some(worker), ignores_capacity)
            }
            Destination::Workflow | Destination::Queue(_) => (None, false),
        };
        let fields = Fields {
            sid: new.sid,
            workspace: new.workflow.workspace,
            workflow: new.workflow.sid,
            channel: new.channel.sid,
            attributes: new.attributes,
            priority: new.priority,
            status: TaskStatus::Pending,
            ended: None,
            given_reason: None,
            timeout_seconds: new.timeout_seconds,
            start: new.start,
            position: None,
            queue,
            queue_entered: queue.map(|_| new.now),
            evaluation: 0,
            target_until: None,
            worker,
            ignores_capacity,
            bound_to_queue: matches!(new.destination, Destination::Queue(_)),
            handed_on_by: None,
            assignments: 0,
            rejections: 0,
            reservations: Vec::new(),
            next_number: 1,
            trail: Vec::new(),
            interaction: new.interaction,
            created: new.now,
            updated: new.now,
        };
        Self { fields, version: Version::NEW }
    }
}
