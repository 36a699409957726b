//! A routing test case: tasks with the queue and the worker that they are to get, stored with their workflow.

use serde::{Deserialize, Serialize};

use crate::sid::{TaskQueueSid, WorkerSid};

/// Most test cases of a workflow.
pub const TESTS_MAX: usize = 20;
/// Most tasks of one.
pub const TASKS_MAX: usize = 20;
/// The most that all of a workflow may take, in bytes of JSON: they share the item of the workflow, which has room for that
/// beside the largest configuration.
pub const BYTES_MAX: usize = 15_000;
/// What a tested task is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected<S> {
    /// This one.
    This(S),
    /// None.
    Nothing,
}

/// A task, and what it is to get; what is not said is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedTask {
    /// JSON text, an object.
    pub attributes: String,
    /// The unique name of its task channel.
    pub channel: String,
    /// Its priority.
    pub priority: i64,
    /// The queue in which it waits or was offered; none if it falls out of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Expected<TaskQueueSid>>,
    /// The worker to whom it is offered; none if it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<Expected<WorkerSid>>,
}

/// A named set of tasks that come one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingTest {
    /// Its name, unique in the workflow.
    pub name: String,
    /// Its tasks.
    pub tasks: Vec<TestedTask>,
}
