//! Where a waiting task stands.

use super::Router;
use crate::sid::{TaskQueueSid, TaskSid};
use crate::timestamp::Timestamp;

/// Where a task stands among those that wait for the same workers and the same capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The queue; none for a task that asks for a worker by name.
    pub queue: Option<TaskQueueSid>,
    /// From 1: this many tasks are offered before the one behind it.
    pub position: usize,
}

impl Router {
    /// The place of a waiting task: how many of its queue and its channel are offered before it, in the order in which
    /// they are offered (priority, age, the queue's order, its ageing bound), and one. None if it is in no line: it does
    /// not wait, or was not routed yet.
    pub fn place(&mut self, task: TaskSid, now: Timestamp) -> Option<Place> {
        self.picture.age(now);
        let position = self.picture.ahead(task)?.saturating_add(1);
        Some(Place { queue: self.task(task)?.queue, position })
    }
}
