//! Why a worker does not get a task.

use serde_json::Value;

/// Why one worker does not get the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The queue's expression does not take them; the part that does not, unless their attributes or the queue's
    /// expression cannot be read.
    NotInQueue(Option<String>),
    /// What they do is no time for tasks; its name.
    Activity(String),
    /// They take no tasks of this channel, or have as many as they can.
    Capacity {
        /// Their open reservations on the channel.
        open: u32,
        /// Their capacity there.
        capacity: u32,
        /// Whether they take any there.
        available: bool,
    },
    /// They have a task already, where tasks are done one by one.
    Occupied,
    /// The target asks for another worker; how it does.
    NotTheKnownWorker(String),
    /// They fail the target's expression.
    Expression {
        /// The part of it that they fail.
        clause: String,
        /// What it sees of their channels.
        seen: Vec<(String, Value)>,
    },
    /// They handed on what it is about.
    HandedItOn,
    /// They rejected it or let it time out, and would be asked again after all others.
    RejectedBefore,
    /// Nothing: they will be asked.
    Eligible,
}
