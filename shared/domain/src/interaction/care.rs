//! An interaction that nobody is responsible for, and what is done about it (rules C.15 to C.18).
//!
//! ```text
//!             the last agent parks, or the channel is made dormant
//!  attended ──────────────────────────────────────────────────────▶ parked ──┐ the customer writes, and the
//!     ▲  │                                                                    │ address asks for it
//!     │  │ the last invite ends untaken          there is a fallback          ▼
//!     │  └───────────────────────────────────┬────────────────────────▶ one more invite
//!     │                                      │ none, or it ended too          │
//!     │                                      ▼                                │
//!     └──────── whoever is invited ◀──── waiting ◀── it ends untaken ─────────┘
//! ```
//!
//! Attended is an interaction with an agent in a seat, or with a task that is to find one. What is open and not attended
//! says here why: so no conversation can be open with nobody responsible and nobody knowing.

use serde::{Deserialize, Serialize};

use super::{ChannelStatus, Interaction, ParticipantKind};
use crate::sid::{TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid};
use crate::task::{Ending, Task};
use crate::timestamp::{Millis, Timestamp};
use crate::workspace::Route;

/// The longest time for which messages in a row are collected, in seconds (rule C.19).
pub const COLLECTED_WITHIN_MAX: u8 = 10;

/// What is done for conversations that nobody is responsible for, and for messages in a row: settings of an address, or of one
/// interaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// Where the conversation goes whose last invite ended untaken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Route>,
    /// That the customer's next message brings a parked conversation back, and to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// How long the conversation may be quiet with nobody responsible before it is closed; for ever without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_after: Option<Millis>,
    /// Within how many seconds the next message counts as the same one to the address' webhook; none: each for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collects: Option<u8>,
}

impl Care {
    /// Whether it asks for nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// To whom a parked conversation goes when its customer writes.
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
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Resume {
    /// Through the same workflow, which may know the agent who parked it by `originalRouting.workerSid`.
    Workflow,
    /// To the agent who parked it alone.
    Worker,
}

impl Resume {
    /// As it is spelled.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Whether it is meant that nobody is responsible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Rest {
    /// It is: an agent put the conversation aside.
    Parked,
    /// It is not: somebody has to look after it.
    Waiting,
}

impl Rest {
    /// As it is spelled.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Why nobody is responsible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Cause {
    /// The last agent left and let the conversation go on.
    AgentLeft,
    /// The channel was made dormant.
    ChannelInactive,
    /// The agent who was asked by name did not take the task.
    Declined,
    /// The task waited for too long.
    TimedOut,
    /// The task came to the end of its workflow, or was offered or rejected too often.
    NotTaken,
    /// Somebody canceled the task.
    TaskCanceled,
    /// Somebody deleted the task, or what it was routed by.
    TaskDeleted,
    /// The task was in work for a day, and is removed.
    TaskOverdue,
    /// The task ended, and how is not known any more.
    TaskEnded,
    /// The customer wrote, and what the conversation was parked with is gone.
    CannotResume,
}

impl Cause {
    /// As it is spelled.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether an agent meant it.
    pub const fn rest(self) -> Rest {
        match self {
            Self::AgentLeft | Self::ChannelInactive => Rest::Parked,
            Self::Declined
            | Self::TimedOut
            | Self::NotTaken
            | Self::TaskCanceled
            | Self::TaskDeleted
            | Self::TaskOverdue
            | Self::TaskEnded
            | Self::CannotResume => Rest::Waiting,
        }
    }

    /// How a task ended, as far as it is kept.
    pub fn of(task: Option<&Task>) -> Self {
        match task.and_then(|task| task.ended) {
            Some(Ending::NotTaken) => Self::Declined,
            Some(Ending::TimedOut) => Self::TimedOut,
            Some(Ending::FellOut | Ending::OfferedTooOften | Ending::RejectedTooOften) => {
                Self::NotTaken
            }
            Some(Ending::Canceled) => Self::TaskCanceled,
            Some(Ending::Deleted | Ending::Unroutable) => Self::TaskDeleted,
            Some(Ending::Overdue) => Self::TaskOverdue,
            Some(Ending::Completed) | None => Self::TaskEnded,
        }
    }
}

/// How the last task was routed: what the next one is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRouting {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The workflow.
    pub workflow: WorkflowSid,
    /// The task channel.
    pub channel: TaskChannelSid,
    /// The queue that it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<TaskQueueSid>,
    /// Who had it, or was asked for it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerSid>,
    /// The attributes, JSON text.
    pub attributes: String,
    /// The priority.
    pub priority: i64,
    /// How long it might wait, in seconds.
    pub timeout_seconds: i64,
}

impl LastRouting {
    /// Of a task.
    pub fn of(task: &Task) -> Self {
        Self {
            workspace: task.workspace,
            workflow: task.workflow,
            channel: task.channel,
            queue: task.queue,
            worker: task.holder().or(task.worker),
            attributes: task.attributes.clone(),
            priority: task.priority,
            timeout_seconds: task.timeout_seconds,
        }
    }
}

/// Timers that a conversation had before the care of its address set others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimersBefore {
    /// Until it is inactive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<Millis>,
    /// Until it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Millis>,
}

/// That nobody is responsible for an open interaction, since when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unattended {
    /// Which kin of the interaction it is: a request that is about an earlier time is known by it.
    pub number: u32,
    /// Since when.
    pub since: Timestamp,
    /// Whether that is meant.
    pub rest: Rest,
    /// Why.
    pub cause: Cause,
    /// Whether the customer's next message changes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rings: bool,
    /// How the last task was routed, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastRouting>,
    /// The timers of the conversation before, if they were set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers: Option<TimersBefore>,
}

/// Who is responsible for an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Responsible {
    /// An agent in a seat.
    Agent,
    /// Whoever takes the task of an open invite.
    Invited,
    /// Nobody, and that is meant.
    Parked,
    /// Nobody, and somebody has to look after it.
    Waiting,
    /// Nobody any more: it is over.
    Closed,
}

impl Responsible {
    /// As it is spelled.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Interaction {
    /// Whether an agent is in a seat, or a task is to find one.
    pub fn is_attended(&self) -> bool {
        self.agents() > 0 || self.open_tasks().next().is_some()
    }

    /// Who is responsible; none if nobody is and nobody knows, which never is but for interactions from before this was known.
    pub fn responsible(&self) -> Option<Responsible> {
        if self.status == ChannelStatus::Closed {
            return Some(Responsible::Closed);
        }
        if self.agents() > 0 {
            return Some(Responsible::Agent);
        }
        if self.open_tasks().next().is_some() {
            return Some(Responsible::Invited);
        }
        match (self.unattended.as_ref().map(|it| it.rest), self.status) {
            (Some(Rest::Parked), _) | (None, ChannelStatus::Inactive) => Some(Responsible::Parked),
            (Some(Rest::Waiting), _) => Some(Responsible::Waiting),
            (None, ChannelStatus::Active | ChannelStatus::Closed) => None,
        }
    }

    /// Since when somebody has to look after it.
    pub fn waits_since(&self) -> Option<Timestamp> {
        let unattended = self.unattended.as_ref().filter(|it| it.rest == Rest::Waiting)?;
        (self.status != ChannelStatus::Closed).then_some(unattended.since)
    }

    /// Whether this task was the last thing that anybody was responsible by: its end leaves nobody.
    pub fn is_left_alone_by(&self, task: crate::sid::TaskSid) -> bool {
        let holds = |routing: &super::SeatRouting| routing.task == task;
        let others = self.participants.iter().any(|one| {
            one.kind == ParticipantKind::Agent
                && !one.left
                && !one.routing.as_ref().is_some_and(holds)
        });
        let open = |one: &&super::Invite| !one.over;
        let this = self.invites.iter().filter(open).any(|one| one.task == task);
        let another = self.invites.iter().filter(open).any(|one| one.task != task);
        self.status == ChannelStatus::Active && this && !another && !others
    }
}
