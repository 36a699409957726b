//! Statistics of a workspace (rule D.10): what is there now, what happened in a span of time, and how evenly
//! the work was shared.
//!
//! ```text
//!  tasks, workers, queues ── real_time ──▶ how many there are, and which waits the longest
//!  occurrences of a span ─── cumulative ─▶ what happened how often, and how long it took
//!                    └────── fairness ───▶ Jain's index over what each worker accepted
//! ```
//!
//! Nothing is counted beside the records: whatever is told here follows from the tables and the events. Times are
//! kept to the millisecond and told in whole seconds.

pub mod cumulative;
pub mod fairness;
pub mod real_time;
pub mod waiting;

#[cfg(test)]
mod tests;
