//! The making of a task (rule D.6).

use std::collections::BTreeMap;

use switchboard_domain::decision::Decision;
use switchboard_domain::flow::TASK_TIMEOUT_SECONDS_MAX;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid};
use switchboard_domain::task::{Destination, NewTask, Task};
use switchboard_domain::workspace::{TaskQueue, Worker, Workflow};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Kept as _, Key, key, take};

use crate::fields::invalid;
use crate::task_list::PRIORITY_MAX;
use crate::task_view::{References, render};
use crate::tasks::{channel, virtual_start};
use crate::{contents, fields, task_queues};

/// How long a task waits unless it says otherwise, in seconds (rule D.6).
const TIMEOUT_SECONDS: i64 = 86_400;
/// The task channel of a task that does not say which (rule D.6).
const CHANNEL: &str = "default";

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let form = &call.form;
    let mut known = known(call, workspace).await?;
    let attributes = fields::attributes(form)?.unwrap_or_else(|| "{}".to_owned());
    let priority = form.integer("Priority", 0, PRIORITY_MAX)?.unwrap_or(0);
    let timeout_seconds =
        form.integer("Timeout", 1, TASK_TIMEOUT_SECONDS_MAX)?.unwrap_or(TIMEOUT_SECONDS);
    let start = virtual_start(form, call.now)?.unwrap_or(call.now);
    let target = Target::read(form)?;
    let workflow = match target.bound {
        Some(queue) => workflow_to(call, workspace, target.workflow, queue, &mut known).await?,
        None => workflow(call, workspace, target.workflow, &mut known).await?,
    };
    let destination = match (target.worker, target.bound) {
        (Some(worker), _) => Destination::Worker {
            worker,
            queue: queue_of(call, workspace, worker, target.queue).await?,
            ignores_capacity: target.ignores_capacity,
        },
        (None, Some(queue)) => Destination::Queue(queue),
        (None, None) => Destination::Workflow,
    };
    let named = form.given("TaskChannel").unwrap_or(CHANNEL);
    let channel = channel(call, workspace, named).await?;
    let new = Task::create(NewTask {
        sid: call.on.mint(),
        workflow: &workflow,
        channel: &channel,
        attributes,
        priority,
        timeout_seconds,
        start,
        interaction: None,
        destination,
        now: call.now,
    });
    let rule = || async {
        let decision = Decision::put(new.clone()).asking(new.announcement());
        Ok::<_, ApiError>((new.clone().versioned(1), decision))
    };
    let task = call.decide(rule).await?;
    let names = References::of_new(call, &task, workflow, channel).await?;
    Ok(Reply::created(render(call, &task, &names)).tagged(task.version))
}

/// The workflow that is asked for, if it is there, read together with the workspace; 404 without that.
async fn known(
    call: &Call<'_>,
    workspace: WorkspaceSid,
) -> Result<BTreeMap<Key, Record>, ApiError> {
    let asked = ["WorkflowSid", "RoutingTarget"].into_iter().find_map(|name| call.form.given(name));
    let asked: Option<WorkflowSid> = asked.and_then(|text| text.parse().ok());
    let own = key::workspace(workspace);
    let keys = asked.map(|sid| key::workflow(workspace, sid)).into_iter().chain([own.clone()]);
    let mut found = call.on.store.get_all(&keys.collect::<Vec<Key>>()).await?;
    found.remove(&own).ok_or_else(|| call.not_found())?;
    Ok(found)
}

/// Where a new task is to go.
struct Target {
    workflow: Option<WorkflowSid>,
    worker: Option<WorkerSid>,
    /// The queue in which a task for a worker is counted.
    queue: Option<TaskQueueSid>,
    /// The queue that a task is made for.
    bound: Option<TaskQueueSid>,
    ignores_capacity: bool,
}

impl Target {
    /// A worker as target is asked once: at once, or when they are available and have capacity, if these are not
    /// to be ignored. A queue as target is the task's for good, whichever of the two parameters names it.
    fn read(form: &Params) -> Result<Self, ApiError> {
        const TARGET: &str = "RoutingTarget";
        let mut target = Self {
            workflow: form.sid("WorkflowSid")?,
            worker: None,
            queue: form.sid("TaskQueueSid")?,
            bound: None,
            ignores_capacity: false,
        };
        let mut names_workflow = false;
        if let Some(text) = form.given(TARGET) {
            if let Ok(workflow) = text.parse::<WorkflowSid>() {
                if target.workflow.is_some_and(|other| other != workflow) {
                    return Err(invalid(TARGET, "and WorkflowSid name different workflows"));
                }
                target.workflow = Some(workflow);
                names_workflow = true;
            } else if let Ok(queue) = text.parse::<TaskQueueSid>() {
                if target.queue.is_some_and(|other| other != queue) {
                    return Err(invalid(TARGET, "and TaskQueueSid name different queues"));
                }
                target.queue = Some(queue);
            } else {
                target.worker = form.sid(TARGET)?;
            }
        }
        if target.worker.is_none() {
            if target.queue.is_some() && names_workflow {
                let why = "can not be given when RoutingTarget is a workflow, which decides";
                return Err(invalid("TaskQueueSid", why));
            }
            target.bound = target.queue.take();
        }
        let ignore = form.affirmed("IgnoreCapacity")?;
        if ignore.is_some() && target.worker.is_none() {
            let why = "can only be given when RoutingTarget is a worker";
            return Err(invalid("IgnoreCapacity", why));
        }
        target.ignores_capacity = target.worker.is_some() && ignore.unwrap_or(true);
        Ok(target)
    }
}

/// The workflow asked for, or the only one.
async fn workflow(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: Option<WorkflowSid>,
    known: &mut BTreeMap<Key, Record>,
) -> Result<Workflow, ApiError> {
    if let Some(sid) = sid {
        if let Some(workflow) = take(known, &key::workflow(workspace, sid)) {
            return Ok(workflow);
        }
        return contents::check(call, workspace, "WorkflowSid", sid).await;
    }
    let mut all: Vec<Workflow> = contents::all(call, workspace).await?;
    match (all.pop(), all.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(invalid("WorkflowSid", "is missing, and the workspace has no workflow")),
        (Some(_), others) => {
            let why = format!("is missing, and the workspace has {} workflows", others + 1);
            Err(invalid("WorkflowSid", &why))
        }
    }
}

/// The workflow that a task for one queue counts in and has its reservation timeout from: the one asked for,
/// or the oldest that leads to the queue, or the only one.
async fn workflow_to(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: Option<WorkflowSid>,
    queue: TaskQueueSid,
    known: &mut BTreeMap<Key, Record>,
) -> Result<Workflow, ApiError> {
    contents::check::<TaskQueue>(call, workspace, "RoutingTarget", queue).await?;
    if sid.is_none() {
        let mut all: Vec<Workflow> = contents::all(call, workspace).await?;
        all.retain(|one| task_queues::is_led_to_by(queue, one));
        if let Some(oldest) = all.into_iter().min_by_key(|one| (one.created, one.sid)) {
            return Ok(oldest);
        }
    }
    workflow(call, workspace, sid, known).await
}

/// The queue in which a task for one worker is counted: the one asked for, or the oldest that they are in.
async fn queue_of(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    worker: WorkerSid,
    asked: Option<TaskQueueSid>,
) -> Result<TaskQueueSid, ApiError> {
    let worker: Worker = contents::check(call, workspace, "RoutingTarget", worker).await?;
    if let Some(sid) = asked {
        let queue: TaskQueue = contents::check(call, workspace, "TaskQueueSid", sid).await?;
        return Ok(queue.sid);
    }
    let attributes = serde_json::from_str(&worker.attributes).unwrap_or_default();
    let all: Vec<TaskQueue> = contents::all(call, workspace).await?;
    let of_worker = all.iter().filter(|queue| task_queues::takes(queue, &attributes));
    of_worker.min_by_key(|queue| (queue.created, queue.sid)).map(|queue| queue.sid).ok_or_else(
        || invalid("RoutingTarget", "is a worker who is in no queue; give TaskQueueSid"),
    )
}
