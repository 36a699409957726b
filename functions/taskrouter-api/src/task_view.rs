//! A task as it is shown, with the names of what it refers to.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::{TaskChannel, TaskQueue, Workflow};
use switchboard_rest::{ApiError, Call};
use switchboard_store::{Key, key};

use crate::contents;

/// What tasks refer to, by its key; it gives them the names that they show.
#[derive(Debug, Default)]
pub(crate) struct References(BTreeMap<Key, Record>);

impl References {
    /// Reads those of some tasks, all in one request.
    pub(crate) async fn load(call: &Call<'_>, tasks: &[Task]) -> Result<Self, ApiError> {
        let mut keys = Vec::with_capacity(tasks.len() * 3);
        for task in tasks {
            keys.push(key::workflow(task.workspace, task.workflow));
            keys.push(key::task_channel(task.workspace, task.channel));
            keys.extend(task.queue.map(|queue| key::task_queue(task.workspace, queue)));
        }
        Ok(Self(call.on.store.get_all(&keys).await?))
    }

    /// Those of a new task, of which most were read to make it.
    pub(crate) async fn of_new(
        call: &Call<'_>,
        task: &Task,
        workflow: Workflow,
        channel: TaskChannel,
    ) -> Result<Self, ApiError> {
        let queue = task.queue.map(|queue| key::task_queue(task.workspace, queue));
        let mut names = match queue {
            Some(queue) => call.on.store.get_all(&[queue]).await?,
            None => BTreeMap::new(),
        };
        names.insert(key::workflow(task.workspace, task.workflow), workflow.into());
        names.insert(key::task_channel(task.workspace, task.channel), channel.into());
        Ok(Self(names))
    }

    fn workflow(&self, task: &Task) -> Option<&str> {
        match self.0.get(&key::workflow(task.workspace, task.workflow)) {
            Some(Record::Workflow(workflow)) => Some(&workflow.friendly_name),
            _ => None,
        }
    }

    fn channel(&self, task: &Task) -> Option<&str> {
        match self.0.get(&key::task_channel(task.workspace, task.channel)) {
            Some(Record::TaskChannel(channel)) => Some(&channel.unique_name),
            _ => None,
        }
    }

    fn queue(&self, task: &Task) -> Option<&str> {
        match self.0.get(&key::task_queue(task.workspace, task.queue?)) {
            Some(Record::TaskQueue(queue)) => Some(&queue.friendly_name),
            _ => None,
        }
    }
}

/// The worker or the queue that a task was made for.
fn routing_target(task: &Task) -> Option<String> {
    let queue = task.queue.filter(|_| task.bound_to_queue);
    task.worker.map(|it| it.to_string()).or(queue.map(|it| it.to_string()))
}

pub(crate) fn render(call: &Call<'_>, task: &Task, names: &References) -> Value {
    let url = format!("{}/Tasks/{}", contents::workspace_url(call, task.workspace), task.sid);
    let queue_url = task.queue.map(|queue| contents::url::<TaskQueue>(call, task.workspace, queue));
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": task.workspace,
        "sid": task.sid,
        "assignment_status": task.status.name(),
        "reason": task.reason(),
        "attributes": task.attributes,
        "addons": "{}",
        "age": task.age_seconds(call.now),
        "priority": task.priority,
        "timeout": task.timeout_seconds,
        "workflow_sid": task.workflow,
        "workflow_friendly_name": names.workflow(task),
        "task_queue_sid": task.queue,
        "task_queue_friendly_name": names.queue(task),
        "task_queue_entered_date": task.queue_entered.map(Timestamp::iso),
        "task_channel_sid": task.channel,
        "task_channel_unique_name": names.channel(task),
        "virtual_start_time": task.start.iso(),
        "ignore_capacity": task.ignores_capacity,
        "routing_target": routing_target(task),
        "date_created": task.created.iso(),
        "date_updated": task.updated.iso(),
        "links": {
            "workspace": contents::workspace_url(call, task.workspace),
            "workflow": contents::url::<Workflow>(call, task.workspace, task.workflow),
            "task_queue": queue_url,
            "reservations": format!("{url}/Reservations"),
        },
        "url": url,
    })
}
