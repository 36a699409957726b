//! Why a worker does not get a task.

/// Why one worker does not get the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The queue's expression does not take him; the part that does not, unless his attributes or the queue's
    /// expression can not be read.
    NotInQueue(Option<String>),
    /// What he does is no time for tasks; its name.
    Activity(String),
    /// He takes no tasks of this channel, or has as many as he can.
    Capacity {
        /// His open reservations on the channel.
        open: u32,
        /// His capacity there.
        capacity: u32,
        /// Whether he takes any there.
        available: bool,
    },
    /// He has a task already, where tasks are done one by one.
    Occupied,
    /// The target asks for somebody else; how it does.
    NotTheKnownWorker(String),
    /// The part of the target's expression that he fails.
    Expression(String),
    /// He rejected it or let it time out, and would be asked again after all others.
    RejectedBefore,
    /// Nothing: he will be asked.
    Eligible,
}
