//! The events of a workspace (rule D.9), and what is told of them.
//!
//! ```text
//!  change ── derive ──▶ occurrence: one item per change, with its events in order
//!                            │
//!                            └─ fields ─▶ what a list shows, and what a callback is told
//! ```
//!
//! The change is the event: nothing is written when something happens but the record that changes. What two
//! images do not tell, a task notes in its trail. Where the product's documents are silent:
//! - A task is announced (`task.created`) with what its router first makes of it, between the queue it enters and
//!   the target it matches, which is the order that was observed. One that is meant for a worker by name is
//!   announced at once.
//! - A queue is entered, left by a time-out or for another queue; a target that is skipped is told by where
//!   the task goes next. `workflow.timeout` and `workflow.skipped` say how a task left its last target.
//! - New names of queues and workers, and the activities of a queue, are no events: the table has none for them.
//! - A deleted task is `task.deleted` alone; what time drops from the table is nothing.

mod fields;
mod place;
mod stored;
mod subject;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sid::{
    ActivitySid, ReservationSid, Sid as _, TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid,
    WorkspaceSid,
};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;
use crate::workspace::Capacity;

pub use fields::snake_case;
pub use place::EventPlace;
pub use subject::Subject;

/// How long events are kept (rule D.9).
pub const KEPT: Millis = Millis::seconds(30 * 24 * 3600);

macro_rules! types {
    ($($resource:ident($of:ident) { $($name:ident = $text:literal;)* })*) => {
        $(
            /// What happens to one kind of resource.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
            #[expect(missing_docs, reason = "each is called what it says")]
            pub enum $of {
                $($name,)*
            }

            impl From<$of> for EventType {
                fn from(what: $of) -> Self {
                    Self::$resource(what)
                }
            }
        )*

        /// The types of events, by the resource that they are named after.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        #[expect(missing_docs, reason = "each is called what it says")]
        pub enum EventType {
            $($resource($of),)*
        }

        impl EventType {
            /// All that can occur here.
            pub const ALL: &'static [Self] = &[$($(Self::$resource($of::$name),)*)*];

            /// The published name.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$resource($of::$name) => $text,)*)*
                }
            }

            /// The kind of resource that it is named after, as people write it: `TaskQueue`.
            pub const fn resource(self) -> &'static str {
                match self {
                    $(Self::$resource(_) => stringify!($resource),)*
                }
            }
        }
    };
}

types! {
    Activity(ActivityEvent) {
        Created = "activity.created";
        Updated = "activity.updated";
        Deleted = "activity.deleted";
    }
    Reservation(ReservationEvent) {
        Created = "reservation.created";
        Accepted = "reservation.accepted";
        Rejected = "reservation.rejected";
        Timeout = "reservation.timeout";
        Canceled = "reservation.canceled";
        Rescinded = "reservation.rescinded";
        Completed = "reservation.completed";
        Failed = "reservation.failed";
        Wrapup = "reservation.wrapup";
    }
    Task(TaskEvent) {
        Created = "task.created";
        Updated = "task.updated";
        Canceled = "task.canceled";
        Wrapup = "task.wrapup";
        Completed = "task.completed";
        Deleted = "task.deleted";
        SystemDeleted = "task.system-deleted";
        TransferInitiated = "task.transfer-initiated";
        TransferAttemptFailed = "task.transfer-attempt-failed";
        TransferFailed = "task.transfer-failed";
        TransferCanceled = "task.transfer-canceled";
        TransferCompleted = "task.transfer-completed";
    }
    TaskChannel(TaskChannelEvent) {
        Created = "task-channel.created";
        Updated = "task-channel.updated";
        Deleted = "task-channel.deleted";
    }
    TaskQueue(TaskQueueEvent) {
        Created = "task-queue.created";
        Deleted = "task-queue.deleted";
        Entered = "task-queue.entered";
        Timeout = "task-queue.timeout";
        Moved = "task-queue.moved";
        ExpressionUpdated = "task-queue.expression.updated";
    }
    Worker(WorkerEvent) {
        Created = "worker.created";
        ActivityUpdate = "worker.activity.update";
        AttributesUpdate = "worker.attributes.update";
        CapacityUpdate = "worker.capacity.update";
        ChannelAvailabilityUpdate = "worker.channel.availability.update";
        Deleted = "worker.deleted";
    }
    Workflow(WorkflowEvent) {
        Created = "workflow.created";
        Updated = "workflow.updated";
        Deleted = "workflow.deleted";
        TargetMatched = "workflow.target-matched";
        Entered = "workflow.entered";
        Timeout = "workflow.timeout";
        Skipped = "workflow.skipped";
    }
    Workspace(WorkspaceEvent) {
        Created = "workspace.created";
        Updated = "workspace.updated";
        Deleted = "workspace.deleted";
    }
}

impl From<EventType> for &'static str {
    fn from(kind: EventType) -> Self {
        kind.name()
    }
}

impl TryFrom<String> for EventType {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let known = Self::ALL.iter().find(|kind| kind.name() == name);
        known.copied().ok_or_else(|| format!("no type of events: {name}"))
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The number of the reservation it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<u32>,
    /// Whose reservation that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerSid>,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_name: Option<String>,
    /// The queue, if it is another than the task's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<TaskQueueSid>,
    /// The published code of what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// The activity before, and how long it was that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<(ActivitySid, Millis)>,
    /// The worker's capacity on a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelChange>,
}

/// How a worker's capacity on a task channel was changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChannelChange {
    /// The channel.
    pub sid: TaskChannelSid,
    /// Before.
    pub before: Capacity,
    /// Since.
    pub after: Capacity,
    /// The open reservations there; found out when the change is logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<u32>,
}

impl Event {
    /// An event about which there is nothing more to say than its type.
    pub(crate) fn of(kind: impl Into<EventType>) -> Self {
        Self {
            kind: kind.into(),
            reservation: None,
            worker: None,
            worker_name: None,
            queue: None,
            code: None,
            from: None,
            channel: None,
        }
    }
}

/// What one change amounts to. A change that several workers have a part in is several occurrences, one for each,
/// so that an index can find each worker's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "stored::Stored", into = "stored::Stored")]
pub struct Occurrence {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// When.
    pub time: Timestamp,
    /// Follows from the item that changed and its version, so that the same change is the same occurrence.
    pub origin: u64,
    /// Which one of the same change.
    pub part: u8,
    /// Whose.
    pub worker: Option<WorkerSid>,
    /// What changed, as it was afterwards.
    pub subject: Subject,
    /// How what is mentioned was called, by its identifier.
    pub names: BTreeMap<String, String>,
    /// The events, in order.
    pub events: Vec<Event>,
    /// How often it was written: once.
    pub version: Version,
}

/// Something whose name belongs to an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is called what it mentions")]
pub enum Mention {
    Workspace(WorkspaceSid),
    Activity(WorkspaceSid, ActivitySid),
    TaskChannel(WorkspaceSid, TaskChannelSid),
    TaskQueue(WorkspaceSid, TaskQueueSid),
    Workflow(WorkspaceSid, WorkflowSid),
}

impl Occurrence {
    /// The identifier that it is listed under.
    pub fn resource(&self) -> String {
        self.subject.listed(self.workspace)
    }

    /// Where one of its events stands.
    pub fn place(&self, number: usize) -> EventPlace {
        EventPlace {
            time: self.time,
            origin: self.origin,
            part: self.part,
            number: u8::try_from(number).unwrap_or(u8::MAX),
        }
    }

    /// When the store may drop it.
    pub fn expires(&self) -> Timestamp {
        self.time + KEPT
    }

    /// Where the callback of a workspace that was deleted is told of just that, if it wants to hear of it.
    pub fn last_callback(&self) -> Option<&str> {
        match &self.subject {
            Subject::Workspace { callback, .. } => callback.as_deref(),
            Subject::Task(_)
            | Subject::Worker { .. }
            | Subject::Activity { .. }
            | Subject::TaskChannel { .. }
            | Subject::TaskQueue { .. }
            | Subject::Workflow { .. } => None,
        }
    }

    /// Everything whose name belongs to it.
    pub fn mentions(&self) -> Vec<Mention> {
        let workspace = self.workspace;
        let mut all = vec![Mention::Workspace(workspace)];
        match &self.subject {
            Subject::Task(task) => {
                all.push(Mention::Workflow(workspace, task.workflow));
                all.push(Mention::TaskChannel(workspace, task.channel));
                all.extend(task.queue.map(|queue| Mention::TaskQueue(workspace, queue)));
            }
            Subject::Worker { worker, .. } => {
                all.push(Mention::Activity(workspace, worker.activity));
            }
            Subject::Activity { .. }
            | Subject::TaskChannel { .. }
            | Subject::TaskQueue { .. }
            | Subject::Workflow { .. }
            | Subject::Workspace { .. } => {}
        }
        for event in &self.events {
            all.extend(event.queue.map(|queue| Mention::TaskQueue(workspace, queue)));
            all.extend(event.from.map(|(activity, _)| Mention::Activity(workspace, activity)));
            all.extend(event.channel.map(|it| Mention::TaskChannel(workspace, it.sid)));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The reservation that an event is about.
    pub fn reservation(&self, event: &Event) -> Option<ReservationSid> {
        let Subject::Task(task) = &self.subject else { return None };
        event.reservation.map(|number| task.sid.kin(number))
    }

    /// The queue that an event is about.
    pub fn queue(&self, event: &Event) -> Option<TaskQueueSid> {
        match &self.subject {
            Subject::Task(task) => event.queue.or(task.queue),
            Subject::TaskQueue { sid, .. } => Some(*sid),
            Subject::Worker { .. }
            | Subject::Activity { .. }
            | Subject::TaskChannel { .. }
            | Subject::Workflow { .. }
            | Subject::Workspace { .. } => None,
        }
    }

    /// The worker whom an event is about.
    pub fn worker_of(&self, event: &Event) -> Option<WorkerSid> {
        event.worker.or_else(|| self.subject.worker())
    }

    /// The workflow that it is about.
    pub fn workflow(&self) -> Option<WorkflowSid> {
        match &self.subject {
            Subject::Task(task) => Some(task.workflow),
            Subject::Workflow { sid, .. } => Some(*sid),
            Subject::Worker { .. }
            | Subject::Activity { .. }
            | Subject::TaskChannel { .. }
            | Subject::TaskQueue { .. }
            | Subject::Workspace { .. } => None,
        }
    }

    /// The task channel that an event is about.
    pub fn channel(&self, event: &Event) -> Option<TaskChannelSid> {
        match &self.subject {
            Subject::Task(task) => Some(task.channel),
            Subject::TaskChannel { sid, .. } => Some(*sid),
            Subject::Worker { .. }
            | Subject::Activity { .. }
            | Subject::TaskQueue { .. }
            | Subject::Workflow { .. }
            | Subject::Workspace { .. } => event.channel.map(|it| it.sid),
        }
    }

    /// How long the task had existed; none if it is not about a task.
    pub fn waited(&self) -> Option<Millis> {
        let Subject::Task(task) = &self.subject else { return None };
        Some(Millis((self.time - task.created).0.max(0)))
    }

    /// How long the task had been in its queue; none if it is not about a task, or in none.
    pub fn waited_in_queue(&self) -> Option<Millis> {
        let Subject::Task(task) = &self.subject else { return None };
        task.queue_entered.map(|since| Millis((self.time - since).0.max(0)))
    }
}

/// Whether a workspace wants to hear of an event: its filter is a comma list, and an empty one lets all pass.
pub fn is_wanted(filter: Option<&str>, kind: EventType) -> bool {
    let mut names = filter.unwrap_or_default().split(',').map(str::trim).peekable();
    let none = filter.is_none_or(|filter| filter.trim().is_empty());
    none || names.any(|name| name.eq_ignore_ascii_case(kind.name()))
}
