//! Statistics of workers: of all, of one, and how evenly they share the work.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use switchboard_domain::event::Occurrence;
use switchboard_domain::sid::{TaskQueueSid, WorkerSid, WorkspaceSid};
use switchboard_domain::statistics::cumulative::{self, Doing};
use switchboard_domain::statistics::fairness::Fairness;
use switchboard_domain::statistics::real_time::{Staff, StaffNow, eligible};
use switchboard_domain::workspace::{Activity, TaskQueue, Worker};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Timeline;

use super::parameters::Window;
use super::{Form, People, occurrences, parameters, render, told};
use crate::contents;

/// At most this many occurrences of a worker are read at a time when their next change is looked for.
const READ_AT_ONCE: usize = 100;

/// All workers, or those of a queue or with a name. The figures of a span then are of these alone; without such a
/// filter they are also of workers who were there within it and are no more.
pub(super) async fn all(call: &Call<'_>, ws: WorkspaceSid, form: Form) -> Answer {
    let channel = parameters::channel(call, ws).await?;
    let people = People::load(call, ws).await?;
    let chosen = chosen(call, ws, &people.staff).await?;
    let keep = |worker: WorkerSid| chosen.as_ref().is_none_or(|chosen| chosen.contains(&worker));
    let now = match form {
        Form::Cumulative => Value::Null,
        Form::RealTime | Form::Both => {
            let some = people.staff.iter().filter(|one| {
                keep(one.worker.sid) && channel.is_none_or(|channel| one.serves(channel))
            });
            let staff = StaffNow::of(some, &people.activities);
            let mut members = render::activities_now(&staff, &people.activities);
            render::join(&mut members, json!({ "total_workers": staff.total }));
            members
        }
    };
    let span = match form {
        Form::RealTime => Value::Null,
        Form::Cumulative | Form::Both => {
            let window = Window::read(call)?;
            let happened = occurrences(call, ws, window).await?;
            let workers: Vec<Worker> = people.staff.iter().map(|one| one.worker.clone()).collect();
            let reserved = cumulative::of_workers(&happened, channel, keep);
            let mut members =
                spent(call, ws, &happened, &workers, window, &people.activities, keep).await?;
            render::join(&mut members, render::reservations(reserved));
            members
        }
    };
    Ok(told(call, ws, form, json!({}), now, span))
}

/// One worker has figures of a span only.
pub(super) async fn one(call: &Call<'_>, ws: WorkspaceSid, sid: &str) -> Answer {
    let worker: Worker = contents::find(call, ws, call.sid(sid)?).await?;
    let channel = parameters::channel(call, ws).await?;
    let window = Window::read(call)?;
    let line = Timeline::of(ws, window.from, window.to).worker(worker.sid);
    let happened = call.on.store.occurrences(&line).await?;
    let activities: Vec<Activity> = contents::all(call, ws).await?;
    let keep = |other: WorkerSid| other == worker.sid;
    let reserved = cumulative::of_workers(&happened, channel, keep);
    let workers = std::slice::from_ref(&worker);
    let mut members = spent(call, ws, &happened, workers, window, &activities, keep).await?;
    render::join(&mut members, render::reservations(reserved));
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": ws,
        "worker_sid": worker.sid,
        "cumulative": members,
        "url": call.url(&call.path().join("/")),
    })))
}

/// How evenly the workers share the work: Jain's index over the reservations that each eligible worker accepted
/// within the span, J = (Σ x)² / (n · Σ x²); 1 if all accepted as many, 1/n if one accepted all, and null if nobody
/// accepted anything. `TaskQueueSid` makes it the workers and the reservations of that queue.
///
/// This is a resource of its own, as published statistics have no member for it.
pub(super) async fn fairness(call: &Call<'_>, ws: WorkspaceSid) -> Answer {
    let channel = parameters::channel(call, ws).await?;
    let window = Window::read(call)?;
    let staff = People::load(call, ws).await?.staff;
    let queue: Option<TaskQueue> = match call.query.sid::<TaskQueueSid>("TaskQueueSid")? {
        Some(sid) => Some(contents::check(call, ws, "TaskQueueSid", sid).await?),
        None => None,
    };
    let some: Vec<&Staff> = match &queue {
        Some(queue) => eligible(queue, &staff),
        None => staff.iter().collect(),
    };
    let happened = occurrences(call, ws, window).await?;
    let sids = some.iter().map(|one| one.worker.sid);
    let fairness = Fairness::of(&happened, sids, queue.as_ref().map(|queue| queue.sid), channel);
    let each = some.iter().map(|one| {
        json!({
            "worker_sid": one.worker.sid,
            "friendly_name": one.worker.friendly_name,
            "reservations_accepted": fairness.accepted.get(&one.worker.sid),
        })
    });
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": ws,
        "task_queue_sid": queue.as_ref().map(|queue| queue.sid),
        "start_time": window.from.iso(),
        "end_time": window.to.iso(),
        "fairness_index": fairness.index(),
        "total_eligible_workers": some.len(),
        "reservations_accepted": fairness.total(),
        "workers": each.collect::<Vec<Value>>(),
        "url": call.url(&call.path().join("/")),
    })))
}

/// The workers whom the parameters choose; none if they choose no worker in particular.
async fn chosen(
    call: &Call<'_>,
    ws: WorkspaceSid,
    staff: &[Staff],
) -> Result<Option<BTreeSet<WorkerSid>>, ApiError> {
    let given = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let queue = call.query.sid::<TaskQueueSid>("TaskQueueSid")?;
    let (queue_name, name) = (given("TaskQueueName"), given("FriendlyName"));
    if queue.is_none() && queue_name.is_none() && name.is_none() {
        return Ok(None);
    }
    let mut some: BTreeSet<WorkerSid> = staff.iter().map(|one| one.worker.sid).collect();
    if queue.is_some() || queue_name.is_some() {
        let queues: Vec<TaskQueue> = contents::all(call, ws).await?;
        let meant = queues.iter().filter(|one| {
            queue.is_none_or(|sid| sid == one.sid)
                && queue_name.is_none_or(|name| name == one.friendly_name)
        });
        some = meant.flat_map(|one| eligible(one, staff)).map(|one| one.worker.sid).collect();
    }
    if let Some(name) = name {
        let is_called = |one: &&Staff| {
            some.contains(&one.worker.sid)
                && one.worker.friendly_name.to_lowercase() == name.to_lowercase()
        };
        some = staff.iter().filter(is_called).map(|one| one.worker.sid).collect();
    }
    Ok(Some(some))
}

/// How long workers were in each activity within the span, and the span.
async fn spent(
    call: &Call<'_>,
    ws: WorkspaceSid,
    happened: &[Occurrence],
    workers: &[Worker],
    window: Window,
    activities: &[Activity],
    keep: impl Fn(WorkerSid) -> bool,
) -> Result<Value, ApiError> {
    let mut later: BTreeMap<WorkerSid, Doing> = BTreeMap::new();
    let unknown = cumulative::unknown(happened, workers, window.to);
    for sid in unknown.into_iter().filter(|sid| keep(*sid)) {
        let next = next_change(call, ws, sid, window).await?;
        later.extend(next.map(|doing| (sid, doing)));
    }
    let span = (window.from, window.to);
    let spent = cumulative::activities(happened, workers, &later, span, keep);
    let mut members = render::activity_durations(&spent, activities);
    let span = json!({ "start_time": window.from.iso(), "end_time": window.to.iso() });
    render::join(&mut members, span);
    Ok(members)
}

/// What the worker's first change of activity behind the span tells of the time before it.
async fn next_change(
    call: &Call<'_>,
    ws: WorkspaceSid,
    worker: WorkerSid,
    window: Window,
) -> Result<Option<Doing>, ApiError> {
    let line = Timeline::of(ws, window.to, call.now).worker(worker);
    let mut edge: Option<String> = None;
    loop {
        let found = call.on.store.occurrences_from(&line, edge.as_deref(), READ_AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(None) };
        // The sort key behind that of the last one.
        edge = Some(format!("{}!", switchboard_store::key::occurrence_sort(last.place(0))));
        if let Some(doing) = cumulative::before_first_change(&found) {
            return Ok(Some(doing));
        }
    }
}
