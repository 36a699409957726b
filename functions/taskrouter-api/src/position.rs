//! The position of a waiting task, and how long it is likely to wait. It is a resource of its own, as published tasks have no
//! member for it.
//!
//! A router is built from the table and asked, as for a receipt; the pace of the queue comes from the event log of the last quarter
//! of an hour.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::routing::router::{Place, Router};
use switchboard_domain::sid::WorkspaceSid;
use switchboard_domain::statistics::cumulative::Cumulative;
use switchboard_domain::statistics::waiting::{PACE, estimated_wait};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::TaskQueue;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, Timeline, key};

use crate::{contents, task_list};

/// How the estimate is made, in words.
const RULE: &str = "position times the mean time between two tasks of this queue and channel that were taken in the last 15 \
    minutes; unknown if none was";

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let task = task_list::find(call, workspace, call.sid(sid)?).await?;
    let place = place(call, workspace, &task).await?;
    let queue = place.and_then(|place| place.queue);
    let taken = match queue {
        Some(_) => taken(call, &task).await?,
        None => 0,
    };
    let wait = place.filter(|one| one.queue.is_some());
    let wait = wait.and_then(|place| estimated_wait(place.position, taken));
    let name = match task.queue {
        Some(queue) => {
            let found: Option<TaskQueue> =
                call.on.store.get(key::task_queue(workspace, queue)).await?;
            found.map(|queue| queue.friendly_name)
        }
        None => None,
    };
    Ok(Reply::ok(render(call, &task, place, name, wait, taken)))
}

/// Where the router would have it now.
async fn place(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    task: &Task,
) -> Result<Option<Place>, ApiError> {
    let mut router = Router::new(contents::workspace(call, workspace).await?);
    let all = Listing::contents_of(workspace);
    call.on.store.everything(&all).await?.into_iter().for_each(|record| router.learn(record));
    let others: Vec<Task> = call.on.store.all(&Listing::tasks_of(workspace)).await?;
    others.into_iter().for_each(|task| router.learn(task.into()));
    // The list is a moment behind.
    router.learn(task.clone().into());
    Ok(router.place(task.sid, call.now))
}

/// How many tasks of its queue and its channel were taken lately.
async fn taken(call: &Call<'_>, task: &Task) -> Result<u64, ApiError> {
    let line = Timeline::of(task.workspace, call.now + Millis(-PACE.0), call.now);
    let happened = call.on.store.occurrences(&line).await?;
    let all = Cumulative::of_queues(&happened, &BTreeSet::new(), Some(task.channel));
    Ok(task.queue.and_then(|queue| all.get(&queue)).map_or(0, |own| own.reservations.accepted))
}

fn render(
    call: &Call<'_>,
    task: &Task,
    place: Option<Place>,
    queue_name: Option<String>,
    wait: Option<u64>,
    taken: u64,
) -> Value {
    let url = contents::workspace_url(call, task.workspace);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": task.workspace,
        "task_sid": task.sid,
        "workflow_sid": task.workflow,
        "task_queue_sid": task.queue,
        "task_queue_name": queue_name,
        "task_channel_sid": task.channel,
        "assignment_status": task.status.name(),
        "position": place.map(|place| place.position),
        "estimated_wait": wait,
        "estimated_by": { "rule": RULE, "tasks_taken": taken },
        "evaluated_at": call.now.iso(),
        "url": format!("{url}/Tasks/{}/Position", task.sid),
    })
}
