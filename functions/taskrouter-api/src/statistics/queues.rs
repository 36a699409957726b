//! Statistics of queues: one, a list of them, or some of them at this moment.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::sid::{TaskQueueSid, WorkspaceSid};
use switchboard_domain::statistics::cumulative::Cumulative;
use switchboard_domain::statistics::real_time::{StaffNow, TasksNow, eligible};
use switchboard_domain::task::Task;
use switchboard_domain::workspace::TaskQueue;
use switchboard_rest::{Answer, ApiError, Call, Reply, fields};
use switchboard_store::Listing;

use super::parameters::Window;
use super::{Form, People, occurrences, parameters, render, tasks_and_people, told};
use crate::contents::{self, PAGE_SIZE_MAX};
use crate::fields::invalid;

/// At most this many queues can be asked for at once.
const BULK_MAX: usize = 50;
/// The names under which they are asked for: the description names no member of the body.
const BULK_NAMES: [&str; 3] = ["TaskQueueSids", "taskQueueSids", "task_queue_sids"];

pub(super) async fn one(call: &Call<'_>, ws: WorkspaceSid, sid: &str, form: Form) -> Answer {
    let queue: TaskQueue = contents::find(call, ws, call.sid(sid)?).await?;
    let channel = parameters::channel(call, ws).await?;
    let now = match form {
        Form::Cumulative => Value::Null,
        Form::RealTime | Form::Both => {
            let (open, people) = tasks_and_people(call, ws, channel).await?;
            at_this_moment(call, &queue, &open, &people)
        }
    };
    let span = match form {
        Form::RealTime => Value::Null,
        Form::Cumulative | Form::Both => {
            let (window, thresholds) = (Window::read(call)?, parameters::thresholds(call)?);
            let happened = occurrences(call, ws, window).await?;
            let mut all = Cumulative::of_queues(&happened, &thresholds, channel);
            let own = all.remove(&queue.sid);
            cumulative(&own.unwrap_or_else(|| Cumulative::split_by(&thresholds)), window)
        }
    };
    Ok(told(call, ws, form, json!({ "task_queue_sid": queue.sid }), now, span))
}

/// The span is read once for all queues of the page.
pub(super) async fn list(call: &Call<'_>, ws: WorkspaceSid) -> Answer {
    let request = call.page(PAGE_SIZE_MAX)?;
    let channel = parameters::channel(call, ws).await?;
    let (window, thresholds) = (Window::read(call)?, parameters::thresholds(call)?);
    let name = call.query.given("FriendlyName");
    let listing = Listing::task_queues(ws);
    let page = call
        .list(&listing, &request, |queue: &TaskQueue| {
            name.is_none_or(|name| name == queue.friendly_name)
        })
        .await?;
    let (open, people) = tasks_and_people(call, ws, channel).await?;
    let happened = occurrences(call, ws, window).await?;
    let all = Cumulative::of_queues(&happened, &thresholds, channel);
    let nothing = Cumulative::split_by(&thresholds);
    Ok(call.paged("task_queues_statistics", &request, &page, |queue| {
        json!({
            "account_sid": call.on.config.account_sid,
            "workspace_sid": ws,
            "task_queue_sid": queue.sid,
            "realtime": at_this_moment(call, queue, &open, &people),
            "cumulative": cumulative(all.get(&queue.sid).unwrap_or(&nothing), window),
        })
    }))
}

/// Queues that are not there are left out of the answer; if none is named, the first ones of the workspace are told.
pub(super) async fn bulk(call: &Call<'_>, ws: WorkspaceSid) -> Answer {
    let wanted = named(call)?;
    let channel = parameters::channel(call, ws).await?;
    call.nothing_else()?;
    let mut queues: Vec<TaskQueue> = contents::all(call, ws).await?;
    queues.retain(|queue| wanted.is_empty() || wanted.contains(&queue.sid));
    queues.truncate(BULK_MAX);
    let (open, people) = tasks_and_people(call, ws, channel).await?;
    let each = queues.iter().map(|queue| {
        let mut one = at_this_moment(call, queue, &open, &people);
        render::join(&mut one, json!({ "task_queue_sid": queue.sid }));
        one
    });
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": ws,
        "task_queue_data": each.collect::<Vec<Value>>(),
        "task_queue_response_count": queues.len(),
        "url": call.url(&call.path().join("/")),
    })))
}

fn named(call: &Call<'_>) -> Result<BTreeSet<TaskQueueSid>, ApiError> {
    let mut all = BTreeSet::new();
    for name in BULK_NAMES {
        for text in call.form.all(name) {
            all.insert(fields::sid(name, &text)?);
        }
    }
    match all.len() > BULK_MAX {
        true => Err(invalid(BULK_NAMES[0], &format!("must not name more than {BULK_MAX} queues"))),
        false => Ok(all),
    }
}

fn at_this_moment(call: &Call<'_>, queue: &TaskQueue, open: &[Task], people: &People) -> Value {
    let own = open.iter().filter(|task| task.queue == Some(queue.sid));
    let tasks = TasksNow::of(own, call.now);
    let staff = StaffNow::of(eligible(queue, &people.staff), &people.activities);
    let mut members = render::tasks_now(&tasks);
    render::join(&mut members, render::activities_now(&staff, &people.activities));
    let own = json!({
        "longest_relative_task_age_in_queue": tasks.longest_in_queue.map_or(0, |one| one.seconds),
        "longest_relative_task_sid_in_queue": tasks.longest_in_queue.map(|one| one.task),
        "total_eligible_workers": staff.total,
        "total_available_workers": staff.available,
    });
    render::join(&mut members, own);
    members
}

fn cumulative(all: &Cumulative, window: Window) -> Value {
    let mut members = render::cumulative(all, window);
    let own = json!({
        "tasks_entered": all.entered_queue,
        "wait_duration_in_queue_until_accepted": render::spread(&all.in_queue_until_accepted),
    });
    render::join(&mut members, own);
    members
}
