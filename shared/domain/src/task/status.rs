//! The states of tasks and of reservations.

use serde::{Deserialize, Serialize};

/// The state of a task (rule D.6).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
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
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Reads the published spelling, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether nothing more happens to it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

/// The state of a reservation (rule D.7).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
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
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Reads the published spelling, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether it takes one unit of the worker's capacity.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Accepted | Self::Wrapping)
    }
}
