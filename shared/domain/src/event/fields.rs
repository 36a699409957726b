//! What is told of an event (rule D.9): named as callbacks name it; a list writes the same names in snake case.

use super::{
    ChannelChange, Event, EventType, Occurrence, Subject, TaskQueueEvent, WorkerEvent,
    WorkflowEvent,
};
use crate::task::{Task, TaskStatus};
use crate::timestamp::Millis;
use crate::workspace::Worker;

/// Names and values, in a fixed order.
type Fields = Vec<(&'static str, String)>;

impl Occurrence {
    /// What the event is most about: the kind of resource, and its identifier.
    pub fn about(&self, event: &Event) -> (&'static str, String) {
        match self.reservation(event) {
            Some(reservation) => ("reservation", reservation.to_string()),
            None => (self.subject.kind(), self.resource()),
        }
    }

    /// How something is called, as far as it was known.
    fn name(&self, sid: impl ToString) -> Option<String> {
        self.names.get(&sid.to_string()).cloned()
    }

    /// Everything that is told of one of its events beside what all events have.
    pub fn fields(&self, event: &Event) -> Fields {
        let mut all = vec![("WorkspaceSid", self.workspace.to_string())];
        let workspace = match &self.subject {
            Subject::Workspace { name, .. } => Some(name.clone()),
            Subject::Task(_)
            | Subject::Worker { .. }
            | Subject::Activity { .. }
            | Subject::TaskChannel { .. }
            | Subject::TaskQueue { .. }
            | Subject::Workflow { .. } => self.name(self.workspace),
        };
        all.extend(workspace.map(|name| ("WorkspaceName", name)));
        match &self.subject {
            Subject::Task(task) => self.task_fields(&mut all, task, event),
            Subject::Worker { worker, version } => {
                self.worker_fields(&mut all, worker, *version, event);
            }
            Subject::Activity { sid, name, available } => all.extend([
                ("ActivitySid", sid.to_string()),
                ("ActivityName", name.clone()),
                ("ActivityAvailable", available.to_string()),
            ]),
            Subject::TaskChannel { sid, name, unique_name, optimized } => all.extend([
                ("TaskChannelSid", sid.to_string()),
                ("TaskChannelName", name.clone()),
                ("TaskChannelUniqueName", unique_name.clone()),
                ("TaskChannelOptimizedRouting", optimized.to_string()),
            ]),
            Subject::TaskQueue { sid, name, expression } => all.extend([
                ("TaskQueueSid", sid.to_string()),
                ("TaskQueueName", name.clone()),
                ("TaskQueueTargetExpression", expression.clone()),
            ]),
            Subject::Workflow { sid, name } => {
                all.extend([("WorkflowSid", sid.to_string()), ("WorkflowName", name.clone())]);
            }
            Subject::Workspace { .. } => {}
        }
        all
    }

    fn task_fields(&self, all: &mut Fields, task: &Task, event: &Event) {
        all.extend([
            ("TaskSid", task.sid.to_string()),
            ("TaskAttributes", task.attributes.clone()),
            ("TaskAge", task.age_seconds(self.time).to_string()),
            ("TaskPriority", task.priority.to_string()),
            ("TaskAssignmentStatus", task.status.name().to_owned()),
        ]);
        let reason = match task.status {
            TaskStatus::Canceled => Some("TaskCanceledReason"),
            TaskStatus::Completed => Some("TaskCompletedReason"),
            TaskStatus::Pending
            | TaskStatus::Reserved
            | TaskStatus::Assigned
            | TaskStatus::Wrapping => None,
        };
        all.extend(reason.zip(task.reason().map(str::to_owned)));
        all.push(("TaskChannelSid", task.channel.to_string()));
        all.extend(self.name(task.channel).map(|name| ("TaskChannelUniqueName", name)));
        if let Some(queue) = self.queue(event) {
            all.push(("TaskQueueSid", queue.to_string()));
            all.extend(self.name(queue).map(|name| ("TaskQueueName", name)));
        }
        all.push(("WorkflowSid", task.workflow.to_string()));
        all.extend(self.name(task.workflow).map(|name| ("WorkflowName", name)));
        all.extend(self.reservation(event).map(|sid| ("ReservationSid", sid.to_string())));
        all.extend(event.worker.map(|sid| ("WorkerSid", sid.to_string())));
        all.extend(event.worker_name.clone().map(|name| ("WorkerName", name)));
        all.extend(event.code.map(|code| ("ReasonCode", code.to_string())));
    }

    fn worker_fields(&self, all: &mut Fields, worker: &Worker, version: u64, event: &Event) {
        all.extend([
            ("WorkerSid", worker.sid.to_string()),
            ("WorkerName", worker.friendly_name.clone()),
            ("WorkerAttributes", worker.attributes.clone()),
            ("WorkerActivitySid", worker.activity.to_string()),
        ]);
        all.extend(self.name(worker.activity).map(|name| ("WorkerActivityName", name)));
        all.push(("WorkerVersion", version.to_string()));
        if let Some((activity, Millis(span))) = event.from {
            all.extend([
                ("WorkerTimeInPreviousActivity", (span / 1000).to_string()),
                ("WorkerTimeInPreviousActivityMs", span.to_string()),
                ("WorkerPreviousActivitySid", activity.to_string()),
            ]);
        }
        if let Some(change) = event.channel {
            all.extend([
                ("WorkerChannelAvailable", change.after.available.to_string()),
                ("WorkerChannelAvailableCapacity", available_percentage(change).to_string()),
                ("WorkerChannelPreviousCapacity", change.before.capacity.to_string()),
                ("WorkerChannelTaskCount", change.open.unwrap_or(0).to_string()),
                ("TaskChannelSid", change.sid.to_string()),
            ]);
            all.extend(self.name(change.sid).map(|name| ("TaskChannelUniqueName", name)));
        }
    }

    /// One sentence for people.
    pub fn description(&self, event: &Event) -> String {
        let (_, sid) = self.about(event);
        let queue = || self.queue(event).map_or_else(String::new, |queue| self.called(queue));
        let workflow = || self.workflow().map_or_else(String::new, |it| self.called(it));
        match event.kind {
            EventType::Workflow(WorkflowEvent::Entered) => {
                format!("Task {sid} entered workflow {}", workflow())
            }
            EventType::Workflow(WorkflowEvent::TargetMatched) => {
                format!("Task {sid} matched a target of workflow {}", workflow())
            }
            EventType::Workflow(WorkflowEvent::Timeout) => {
                format!("Task {sid} timed out of workflow {}", workflow())
            }
            EventType::Workflow(WorkflowEvent::Skipped) => {
                format!("Task {sid} skipped out of workflow {}", workflow())
            }
            EventType::TaskQueue(TaskQueueEvent::Entered) => {
                format!("Task {sid} entered TaskQueue {}", queue())
            }
            EventType::TaskQueue(TaskQueueEvent::Timeout) => {
                format!("Task {sid} timed out of TaskQueue {}", queue())
            }
            EventType::TaskQueue(TaskQueueEvent::Moved) => {
                format!("Task {sid} moved out of TaskQueue {}", queue())
            }
            EventType::Worker(WorkerEvent::ActivityUpdate) => {
                let Subject::Worker { worker, .. } = &self.subject else {
                    return format!("Worker {sid} updated");
                };
                let activity = self.called(worker.activity);
                format!("Worker {} updated to {activity} Activity", worker.friendly_name)
            }
            EventType::Workflow(
                WorkflowEvent::Created | WorkflowEvent::Updated | WorkflowEvent::Deleted,
            )
            | EventType::TaskQueue(
                TaskQueueEvent::Created
                | TaskQueueEvent::Deleted
                | TaskQueueEvent::ExpressionUpdated,
            )
            | EventType::Worker(
                WorkerEvent::Created
                | WorkerEvent::AttributesUpdate
                | WorkerEvent::CapacityUpdate
                | WorkerEvent::ChannelAvailabilityUpdate
                | WorkerEvent::Deleted,
            )
            | EventType::Activity(_)
            | EventType::Reservation(_)
            | EventType::Task(_)
            | EventType::TaskChannel(_)
            | EventType::Workspace(_) => {
                let done = event.kind.name().rsplit('.').next().unwrap_or_default();
                let done = if done == "update" { "updated" } else { done };
                format!("{} {sid} {done}", event.kind.resource())
            }
        }
    }

    fn called(&self, sid: impl ToString) -> String {
        let sid = sid.to_string();
        self.names.get(&sid).cloned().unwrap_or(sid)
    }
}

/// How much of a worker's capacity on a channel is free, of a hundred.
fn available_percentage(change: ChannelChange) -> u32 {
    let (capacity, open) = (change.after.capacity, change.open.unwrap_or(0));
    capacity.saturating_sub(open).saturating_mul(100).checked_div(capacity).unwrap_or(0)
}

/// A name as lists write it: `WorkerActivitySid` → `worker_activity_sid`.
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
