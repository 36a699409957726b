//! How evenly the work was shared among the workers who could have had it.

use std::collections::BTreeMap;

use super::cumulative::accepted;
use crate::event::Occurrence;
use crate::sid::{TaskChannelSid, TaskQueueSid, WorkerSid};

/// What each of some workers accepted, and Jain's index over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fairness {
    /// How many reservations each worker accepted; who accepted none is there with 0.
    pub accepted: BTreeMap<WorkerSid, u32>,
}

impl Fairness {
    /// Counts what the eligible workers accepted, in one queue or in all, on one channel or on all.
    pub fn of(
        occurrences: &[Occurrence],
        eligible: impl IntoIterator<Item = WorkerSid>,
        queue: Option<TaskQueueSid>,
        channel: Option<TaskChannelSid>,
    ) -> Self {
        let mut all: BTreeMap<WorkerSid, u32> =
            eligible.into_iter().map(|worker| (worker, 0)).collect();
        for (of, event) in accepted(occurrences) {
            let is_meant = queue.is_none_or(|queue| of.queue(event) == Some(queue))
                && channel.is_none_or(|channel| of.channel(event) == Some(channel));
            let worker = of.worker_of(event).filter(|_| is_meant);
            if let Some(count) = worker.and_then(|worker| all.get_mut(&worker)) {
                *count += 1;
            }
        }
        Self { accepted: all }
    }

    /// How many they accepted together.
    pub fn total(&self) -> u64 {
        self.accepted.values().copied().map(u64::from).sum()
    }

    /// Jain's index: with `x` the number of reservations that each of `n` workers accepted,
    ///
    /// ```text
    ///  J = (Σ x)² / (n · Σ x²)
    /// ```
    ///
    /// It is 1 if all accepted as many, and 1/n if one accepted all; `k` of `n` workers who share evenly and leave
    /// the others nothing make k/n. None if there are no workers, or if none accepted anything.
    pub fn index(&self) -> Option<f64> {
        let each = || self.accepted.values().copied().map(f64::from);
        let (sum, squares): (f64, f64) = (each().sum(), each().map(|x| x * x).sum());
        let count: f64 = each().map(|_| 1.0).sum();
        (squares > 0.0).then(|| sum * sum / (count * squares))
    }
}
