//! The states of tasks and of reservations.

use serde::{Deserialize, Serialize};

/// The state of a task (rule D.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Waiting.
    Pending,
    /// Offered.
    Reserved,
    /// Taken.
    Assigned,
    /// Being wrapped up.
    Wrapping,
    /// Done.
    Completed,
    /// Given up.
    Canceled,
}

impl TaskStatus {
    /// The canonical spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Reserved => "reserved",
            Self::Assigned => "assigned",
            Self::Wrapping => "wrapping",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::Reserved,
            Self::Assigned,
            Self::Wrapping,
            Self::Completed,
            Self::Canceled,
        ];
        all.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// Whether nothing more happens to it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

/// The state of a reservation (rule D.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReservationStatus {
    /// Waiting for the worker's answer.
    Pending,
    /// Taken.
    Accepted,
    /// Not taken.
    Rejected,
    /// Not answered.
    Timeout,
    /// The task was canceled.
    Canceled,
    /// Another worker was faster.
    Rescinded,
    /// Being wrapped up.
    Wrapping,
    /// Done.
    Completed,
}

impl ReservationStatus {
    /// The canonical spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::Rescinded => "rescinded",
            Self::Wrapping => "wrapping",
            Self::Completed => "completed",
        }
    }

    /// Reads the canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::Accepted,
            Self::Rejected,
            Self::Timeout,
            Self::Canceled,
            Self::Rescinded,
            Self::Wrapping,
            Self::Completed,
        ];
        all.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// Whether it takes one unit of the worker's capacity.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Accepted | Self::Wrapping)
    }
}
