//! Why a task ended. What a caller writes as the reason of an end is the caller's own text, and decides nothing.

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::TaskStatus;

/// How a task came to its end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The work is done: a worker or a caller said so.
    Completed,
    /// A caller canceled it.
    Canceled,
    /// It waited for longer than its timeout.
    TimedOut,
    /// It left the last target of its workflow, or matched none.
    FellOut,
    /// It was offered [`ASSIGNMENTS_MAX`](super::ASSIGNMENTS_MAX) times.
    OfferedTooOften,
    /// It was rejected [`REJECTIONS_MAX`](super::REJECTIONS_MAX) times.
    RejectedTooOften,
    /// It was meant for one worker, who did not take it.
    NotTaken,
    /// What it is routed by was deleted.
    Unroutable,
    /// It was assigned for [`ASSIGNED_MAX`](super::ASSIGNED_MAX), and is removed.
    Overdue,
    /// A caller deleted it.
    Deleted,
}

/// Why a router gives up a task that no worker has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// It waited for longer than its timeout.
    TimedOut,
    /// It left the last target of its workflow, or matched none.
    FellOut,
    /// It was offered too often.
    OfferedTooOften,
    /// It was rejected too often.
    RejectedTooOften,
    /// It was meant for one worker, who did not take it.
    NotTaken,
    /// Its workflow or task channel was deleted, or the worker or the queue that it was made for.
    Unroutable,
}

impl From<GivenUp> for Ending {
    fn from(why: GivenUp) -> Self {
        match why {
            GivenUp::TimedOut => Self::TimedOut,
            GivenUp::FellOut => Self::FellOut,
            GivenUp::OfferedTooOften => Self::OfferedTooOften,
            GivenUp::RejectedTooOften => Self::RejectedTooOften,
            GivenUp::NotTaken => Self::NotTaken,
            GivenUp::Unroutable => Self::Unroutable,
        }
    }
}

impl Ending {
    /// The reason that is shown for it; none where the caller gives one.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Completed | Self::Canceled => None,
            Self::TimedOut => Some("Task TTL Exceeded"),
            Self::FellOut => Some("Task fell out of its workflow"),
            Self::OfferedTooOften => Some("Task exceeded its maximum assignment count"),
            Self::RejectedTooOften => Some("Task exceeded its maximum rejection count"),
            Self::NotTaken => Some("Task was not taken by its worker"),
            Self::Unroutable => Some("Task lost what it is routed by"),
            Self::Overdue => Some("Task was assigned for 24 hours"),
            Self::Deleted => Some("Task deleted"),
        }
    }

    /// Whether the task is shown no more from that moment on.
    pub const fn removes(self) -> bool {
        match self {
            Self::Overdue | Self::Deleted => true,
            Self::Completed
            | Self::Canceled
            | Self::TimedOut
            | Self::FellOut
            | Self::OfferedTooOften
            | Self::RejectedTooOften
            | Self::NotTaken
            | Self::Unroutable => false,
        }
    }

    /// How a task ended that was stored before endings were: its reason was the only trace of it.
    pub(super) fn of_old(status: TaskStatus, reason: Option<&str>) -> Option<Self> {
        let plain = match status {
            TaskStatus::Completed => Self::Completed,
            TaskStatus::Canceled => Self::Canceled,
            TaskStatus::Pending
            | TaskStatus::Reserved
            | TaskStatus::Assigned
            | TaskStatus::Wrapping => return None,
        };
        let told = |one: &Self| reason.is_some() && one.reason() == reason;
        let found = Self::VARIANTS.iter().copied().find(told).filter(|_| plain == Self::Canceled);
        Some(found.unwrap_or(plain))
    }
}
