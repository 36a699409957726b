//! Which tasks a list shows, and in which order (rule D.6).

use std::collections::BTreeSet;

use serde_json::Value;
use switchboard_domain::routing::expression::{Expression, TaskAttributes};
use switchboard_domain::sid::{TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid};
use switchboard_domain::task::{Task, TaskStatus};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::{TaskQueue, Workflow};
use switchboard_rest::{ApiError, Call, Order, Params};
use switchboard_store::key::dated;

use crate::contents;
use crate::fields::invalid;
use crate::task_list::PRIORITY_MAX;

/// What a list of tasks is narrowed to.
#[derive(Default)]
pub(crate) struct Filter {
    statuses: BTreeSet<TaskStatus>,
    priority: Option<i64>,
    workflows: Option<BTreeSet<WorkflowSid>>,
    queues: Option<BTreeSet<TaskQueueSid>>,
    worker: Option<WorkerSid>,
    expression: Option<Expression>,
    nothing: bool,
}

impl Filter {
    pub(crate) async fn read(call: &Call<'_>, workspace: WorkspaceSid) -> Result<Self, ApiError> {
        let mut filter = Self::plain(&call.query)?;
        let given = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
        if let Some(name) = given("WorkflowName") {
            let all: Vec<Workflow> = contents::all(call, workspace).await?;
            let named = all.iter().filter(|one| one.friendly_name == name).map(|one| one.sid);
            filter.workflows = both(filter.workflows, named.collect());
        }
        if let Some(name) = given("TaskQueueName") {
            let all: Vec<TaskQueue> = contents::all(call, workspace).await?;
            let named = all.iter().filter(|one| one.friendly_name == name).map(|one| one.sid);
            filter.queues = both(filter.queues, named.collect());
        }
        Ok(filter)
    }

    /// What can be read without looking anything up.
    fn plain(query: &Params) -> Result<Self, ApiError> {
        const EXPRESSION: &str = "EvaluateTaskAttributes";
        let one = |sid: Option<WorkflowSid>| sid.map(|sid| BTreeSet::from([sid]));
        let mut filter = Self {
            statuses: statuses(query)?,
            priority: query.integer("Priority", 0, PRIORITY_MAX)?,
            workflows: one(query.sid("WorkflowSid")?),
            queues: query.sid("TaskQueueSid")?.map(|sid| BTreeSet::from([sid])),
            // No task has add-ons.
            nothing: query.flag("HasAddons")?.unwrap_or(false),
            ..Self::default()
        };
        if let Some(text) = query.given(EXPRESSION) {
            let expression = Expression::parse(text);
            filter.expression =
                Some(expression.map_err(|error| invalid(EXPRESSION, &error.to_string()))?);
        }
        if let Some(target) = query.given("RoutingTarget") {
            if let Ok(workflow) = target.parse() {
                filter.workflows = both(filter.workflows, BTreeSet::from([workflow]));
            } else if let Ok(queue) = target.parse() {
                filter.queues = both(filter.queues, BTreeSet::from([queue]));
            } else {
                filter.worker = query.sid("RoutingTarget")?;
            }
        }
        Ok(filter)
    }

    /// Whether the list shows a task.
    pub(crate) fn keeps(&self, task: &Task) -> bool {
        !self.nothing
            && (self.statuses.is_empty() || self.statuses.contains(&task.status))
            && self.priority.is_none_or(|priority| priority == task.priority)
            && self.workflows.as_ref().is_none_or(|some| some.contains(&task.workflow))
            && self
                .queues
                .as_ref()
                .is_none_or(|some| task.queue.is_some_and(|it| some.contains(&it)))
            && self.worker.is_none_or(|worker| task.worker == Some(worker))
            && self.expression.as_ref().is_none_or(|expression| {
                let attributes: Value = serde_json::from_str(&task.attributes).unwrap_or_default();
                expression.matches(&TaskAttributes(&attributes))
            })
    }
}

/// What is in both.
fn both<T: Ord + Copy>(one: Option<BTreeSet<T>>, other: BTreeSet<T>) -> Option<BTreeSet<T>> {
    Some(match one {
        Some(one) => one.intersection(&other).copied().collect(),
        None => other,
    })
}

/// The parameter can be repeated, and each can be a comma list.
fn statuses(query: &Params) -> Result<BTreeSet<TaskStatus>, ApiError> {
    const NAME: &str = "AssignmentStatus";
    let given = query.all(NAME);
    let each = given.iter().flat_map(|list| list.split(',')).map(str::trim);
    each.filter(|text| !text.is_empty())
        .map(|text| {
            TaskStatus::parse(text).ok_or_else(|| invalid(NAME, &format!("has no status {text}")))
        })
        .collect()
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ordering {
    by: By,
    pub(crate) order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Created,
    Priority,
    Start,
}

impl Ordering {
    pub(crate) fn read(query: &Params) -> Result<Self, ApiError> {
        let known = ["DateCreated", "Priority", "VirtualStartTime"];
        Ok(match query.ordering("Ordering", &known)? {
            Some(("Priority", order)) => Self { by: By::Priority, order },
            Some(("VirtualStartTime", order)) => Self { by: By::Start, order },
            Some((_, order)) => Self { by: By::Created, order },
            None => Self { by: By::Created, order: Order::Ascending },
        })
    }

    /// Whether the table has tasks in this order.
    pub(crate) fn is_kept(self) -> bool {
        self.by == By::Created
    }

    /// What a task is ordered by, as text.
    pub(crate) fn key(self, task: &Task) -> String {
        let created = dated(task.created, task.sid);
        match self.by {
            By::Created => created,
            By::Priority => format!("{:010}#{created}", task.priority),
            // Starts go back to 1900, which is before the time that numbers are counted from.
            By::Start => {
                let since_1900 = Timestamp(task.start.0.saturating_sub(EARLIEST_START.0));
                format!("{}#{created}", dated(since_1900, ""))
            }
        }
    }
}

/// The earliest virtual start time (rule D.6): the beginning of 1900.
pub(crate) const EARLIEST_START: Timestamp = Timestamp::from_seconds(-2_208_988_800);

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Params {
        Params::parse(text.as_bytes())
    }

    #[test]
    fn statuses_are_repeated_or_listed_in_any_case() {
        let read = |text: &str| statuses(&query(text));
        let both = BTreeSet::from([TaskStatus::Pending, TaskStatus::Assigned]);
        assert_eq!(read("AssignmentStatus=pending&AssignmentStatus=ASSIGNED").unwrap(), both);
        assert_eq!(read("AssignmentStatus=pending,assigned").unwrap(), both);
        assert!(read("").unwrap().is_empty());
        assert!(read("AssignmentStatus=lost").is_err());
    }

    #[test]
    fn a_routing_target_narrows_by_what_it_names() {
        let digits = "0".repeat(32);
        let read = |text: &str| Filter::plain(&query(text));
        assert!(read(&format!("RoutingTarget=WW{digits}")).unwrap().workflows.is_some());
        assert!(read(&format!("RoutingTarget=WQ{digits}")).unwrap().queues.is_some());
        assert!(read(&format!("RoutingTarget=WK{digits}")).unwrap().worker.is_some());
        assert!(read(&format!("RoutingTarget=WS{digits}")).is_err());
        let other = format!("WorkflowSid=WW{}&RoutingTarget=WW{digits}", "1".repeat(32));
        assert_eq!(read(&other).unwrap().workflows, Some(BTreeSet::new()));
    }

    #[test]
    fn the_earliest_start_is_the_beginning_of_1900() {
        assert_eq!(EARLIEST_START.iso(), "1900-01-01T00:00:00Z");
    }
}
