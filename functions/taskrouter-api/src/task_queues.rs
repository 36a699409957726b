//! Task queues: which workers may take a task, and in which order tasks wait (rule D.3).

use serde_json::{Value, json};
use switchboard_domain::flow::TASK_TIMEOUT_SECONDS_MAX;
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::routing::expression::{Expression, WorkerAttributes};
use switchboard_domain::routing::workflow;
use switchboard_domain::sid::{ActivitySid, TaskQueueSid, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{Activity, QueueOrder, TaskQueue, Worker, Workflow};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::Listing;

use crate::contents::{self, Activities, PAGE_SIZE_MAX};
use crate::fields::invalid;
use crate::{fields, task_list};

/// Workers of a queue that does not say which (rule D.3).
const EVERYBODY: &str = "1==1";
/// One task is offered to at most this many workers at the same time (rule D.3).
const RESERVED_MAX: i64 = 50;
/// A workspace has at most this many queues (rule D.3).
const QUEUES_MAX: u32 = 5_000;

/// The parameters that create and update share.
struct Given {
    target_workers: Option<String>,
    max_reserved_workers: Option<u32>,
    order: Option<QueueOrder>,
    /// Given and empty takes it away.
    reservation_activity: Option<Option<ActivitySid>>,
    assignment_activity: Option<Option<ActivitySid>>,
    ageing_bound_seconds: Option<Option<u32>>,
}

impl Given {
    fn read(form: &Params) -> Result<Self, ApiError> {
        let max = form.integer("MaxReservedWorkers", 1, RESERVED_MAX)?;
        let activity = |name: &str| match form.has(name) {
            true => form.sid(name).map(Some),
            false => Ok(None),
        };
        let bound = form.integer("AgeingBound", 1, TASK_TIMEOUT_SECONDS_MAX)?;
        Ok(Self {
            target_workers: target_workers(form)?,
            max_reserved_workers: max.and_then(|max| u32::try_from(max).ok()),
            order: fields::queue_order(form, "TaskOrder")?,
            reservation_activity: activity("ReservationActivitySid")?,
            assignment_activity: activity("AssignmentActivitySid")?,
            ageing_bound_seconds: form
                .has("AgeingBound")
                .then(|| bound.and_then(|bound| u32::try_from(bound).ok())),
        })
    }

    /// Refuses activities that are not there.
    async fn check(&self, call: &Call<'_>, workspace: WorkspaceSid) -> Result<(), ApiError> {
        let reservation =
            self.reservation_activity.flatten().map(|it| ("ReservationActivitySid", it));
        let assignment = self.assignment_activity.flatten().map(|it| ("AssignmentActivitySid", it));
        if reservation.is_none() && assignment.is_none() {
            return Ok(());
        }
        let activities = Activities::load(call, workspace).await?;
        for (parameter, activity) in reservation.into_iter().chain(assignment) {
            activities.check(parameter, activity)?;
        }
        Ok(())
    }

    fn apply(&self, queue: &mut TaskQueue) {
        if let Some(expression) = &self.target_workers {
            queue.target_workers.clone_from(expression);
        }
        queue.max_reserved_workers =
            self.max_reserved_workers.unwrap_or(queue.max_reserved_workers);
        queue.order = self.order.unwrap_or(queue.order);
        queue.reservation_activity =
            self.reservation_activity.unwrap_or(queue.reservation_activity);
        queue.assignment_activity = self.assignment_activity.unwrap_or(queue.assignment_activity);
        queue.ageing_bound_seconds =
            self.ageing_bound_seconds.unwrap_or(queue.ageing_bound_seconds);
    }
}

/// An expression that can be read. The empty one is matched by no worker: tasks wait in that queue.
fn target_workers(form: &Params) -> Result<Option<String>, ApiError> {
    const NAME: &str = "TargetWorkers";
    let Some(text) = form.get(NAME) else {
        return Ok(None);
    };
    if !text.trim().is_empty() {
        Expression::parse(text).map_err(|error| invalid(NAME, &error.to_string()))?;
    }
    Ok(Some(text.trim().to_owned()))
}

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let given = Given::read(&call.form)?;
    let mut queue = TaskQueue {
        workspace,
        sid: call.on.mint(),
        friendly_name: fields::required_name(&call.form, "FriendlyName")?,
        target_workers: EVERYBODY.to_owned(),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    given.apply(&mut queue);
    let rule = || async {
        let mut head = contents::head(call, workspace).await?;
        let count = count(call, &head).await?;
        if count >= QUEUES_MAX {
            let message = format!("The workspace has {QUEUES_MAX} task queues, which is the most");
            return Err(ApiError::bad(message));
        }
        given.check(call, workspace).await?;
        head.queues = Some(count + 1);
        let decision = contents::fenced(head, PartSid::TaskQueue(queue.sid)).and(queue.clone());
        Ok((contents::written(queue.clone()), decision))
    };
    let queue = call.decide(rule).await?;
    warn_if_empty(call, &queue).await?;
    let activities = Activities::load(call, workspace).await?;
    Ok(Reply::created(render(call, &queue, &activities)))
}

/// How many queues there are. The head counts them; one from before it did has them counted once.
async fn count(call: &Call<'_>, head: &Head) -> Result<u32, ApiError> {
    if let Some(count) = head.queues {
        return Ok(count);
    }
    let all: Vec<TaskQueue> = contents::all(call, head.workspace).await?;
    Ok(u32::try_from(all.len()).unwrap_or(u32::MAX))
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let name = call.query.get("FriendlyName");
    let mut worker = call.query.json("EvaluateWorkerAttributes")?;
    if let Some(sid) = call.query.sid("WorkerSid")? {
        let found: Worker = contents::check(call, workspace, "WorkerSid", sid).await?;
        worker = serde_json::from_str(&found.attributes).ok();
    }
    let page = call
        .list(&Listing::task_queues(workspace), &request, |queue: &TaskQueue| {
            name.is_none_or(|name| name == queue.friendly_name)
                && worker.as_ref().is_none_or(|attributes| takes(queue, attributes))
        })
        .await?;
    let activities = Activities::load(call, workspace).await?;
    Ok(call.paged("task_queues", &request, &page, |queue| render(call, queue, &activities)))
}

/// Whether a worker with these attributes is one of the queue's.
pub(crate) fn takes(queue: &TaskQueue, attributes: &Value) -> bool {
    Expression::parse(&queue.target_workers)
        .is_ok_and(|expression| expression.matches(&WorkerAttributes(attributes)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let queue = contents::find(call, workspace, call.sid(sid)?).await?;
    let activities = Activities::load(call, workspace).await?;
    Ok(Reply::ok(render(call, &queue, &activities)))
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: TaskQueueSid = call.sid(sid)?;
    let given = Given::read(&call.form)?;
    let name = fields::name(&call.form, "FriendlyName")?;
    let check = || given.check(call, workspace);
    let apply = |queue: &mut TaskQueue| {
        given.apply(queue);
        if let Some(name) = &name {
            queue.friendly_name.clone_from(name);
        }
    };
    let queue = contents::change(call, workspace, sid, check, apply).await?;
    if given.target_workers.is_some() {
        warn_if_empty(call, &queue).await?;
    }
    let activities = Activities::load(call, workspace).await?;
    Ok(Reply::ok(render(call, &queue, &activities)))
}

/// A queue that no worker can serve is allowed, but hardly meant.
async fn warn_if_empty(call: &Call<'_>, queue: &TaskQueue) -> Result<(), ApiError> {
    let workers: Vec<Worker> = contents::all(call, queue.workspace).await?;
    let belongs = |worker: &Worker| {
        serde_json::from_str(&worker.attributes).is_ok_and(|attributes| takes(queue, &attributes))
    };
    if !workers.iter().any(belongs) {
        tracing::warn!(task_queue.sid = %queue.sid, "no worker matches the queue's expression");
    }
    Ok(())
}

/// The bound on waiting. It is a resource of its own, as published queues have no member for it.
pub(crate) async fn ageing(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let queue: TaskQueue = contents::find(call, workspace, call.sid(sid)?).await?;
    let url = contents::url::<TaskQueue>(call, workspace, queue.sid);
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": queue.workspace,
        "task_queue_sid": queue.sid,
        "ageing_bound": queue.ageing_bound_seconds,
        "date_updated": queue.updated.iso(),
        "url": format!("{url}/Ageing"),
    })))
}

/// Whether a workflow leads tasks into a queue.
pub(crate) fn is_led_to_by(queue: TaskQueueSid, workflow: &Workflow) -> bool {
    workflow::Workflow::parse(&workflow.configuration)
        .is_ok_and(|configuration| configuration.queues().contains(&queue))
}

/// A queue that a workflow leads to, or that a task is in, stays (rule D.3).
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: TaskQueueSid = call.sid(sid)?;
    let rule = || async {
        let mut head = contents::head(call, workspace).await?;
        let queue: TaskQueue = contents::find(call, workspace, sid).await?;
        let workflows: Vec<Workflow> = contents::all(call, workspace).await?;
        if let Some(workflow) = workflows.iter().find(|one| is_led_to_by(sid, one)) {
            let message = format!("The task queue is used by workflow {}", workflow.sid);
            return Err(ApiError::bad(message));
        }
        let in_it = |task: &Task| task.queue == Some(sid);
        let used = task_list::first_open(call, workspace, &head.recent, in_it).await?;
        if let Some(task) = used {
            return Err(ApiError::bad(format!("The task queue is in use by task {}", task.sid)));
        }
        head.queues = head.queues.map(|count| count.saturating_sub(1));
        Ok(((), contents::fenced(head, PartSid::TaskQueue(sid)).without(queue)))
    };
    call.decide(rule).await?;
    Ok(Reply::gone())
}

pub(crate) fn render(call: &Call<'_>, queue: &TaskQueue, activities: &Activities) -> Value {
    let all = format!("{}/TaskQueues", contents::workspace_url(call, queue.workspace));
    let url = format!("{all}/{}", queue.sid);
    let activity_url = |sid: Option<ActivitySid>| {
        sid.map(|sid| contents::url::<Activity>(call, queue.workspace, sid))
    };
    let activity_name = |sid: Option<ActivitySid>| sid.and_then(|sid| activities.name(sid));
    let target_workers = Some(&queue.target_workers).filter(|text| !text.is_empty());
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": queue.workspace,
        "sid": queue.sid,
        "friendly_name": queue.friendly_name,
        "target_workers": target_workers,
        "max_reserved_workers": queue.max_reserved_workers,
        "task_order": queue.order.name(),
        "reservation_activity_sid": queue.reservation_activity,
        "reservation_activity_name": activity_name(queue.reservation_activity),
        "assignment_activity_sid": queue.assignment_activity,
        "assignment_activity_name": activity_name(queue.assignment_activity),
        "date_created": queue.created.iso(),
        "date_updated": queue.updated.iso(),
        "links": {
            "workspace": contents::workspace_url(call, queue.workspace),
            "reservation_activity": activity_url(queue.reservation_activity),
            "assignment_activity": activity_url(queue.assignment_activity),
            "statistics": format!("{url}/Statistics"),
            "real_time_statistics": format!("{url}/RealTimeStatistics"),
            "cumulative_statistics": format!("{url}/CumulativeStatistics"),
            "list_statistics": format!("{all}/Statistics"),
            "bulk_real_time_statistics": format!("{all}/RealTimeStatistics"),
        },
        "url": url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<String>, ApiError> {
        target_workers(&Params::parse(text.as_bytes()))
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_refused_with_its_place() {
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("TargetWorkers=").unwrap().unwrap(), "");
        assert_eq!(read("TargetWorkers=a%20HAS%20'b'").unwrap().unwrap(), "a HAS 'b'");
        let error = read("TargetWorkers=a%20%3D%3D").unwrap_err();
        assert_eq!((error.status, error.code), (400, 20001));
        assert!(error.message.contains("at character 4"), "{}", error.message);
    }
}
