//! Workers: who does the tasks (rule D.2).

use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::head::PartSid;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::routing::expression::{Expression, WorkerAttributes};
use switchboard_domain::sid::{
    ActivitySid, Sid as _, TaskQueueSid, TaskSid, WorkerSid, WorkspaceSid,
};
use switchboard_domain::task::{self, Command, ReservationStatus, Source, Task};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{Activity, TaskQueue, Worker};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, ordered};
use switchboard_store::Listing;
use switchboard_store::key::dated;

use crate::contents::{self, Activities, PAGE_SIZE_MAX};
use crate::fields::invalid;
use crate::{fields, task_list, task_queues, worker_names};

/// At most this many tasks are changed in one transaction with their worker.
const REJECTED_MAX: usize = 90;

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let friendly_name = fields::required_name(&call.form, "FriendlyName")?;
    let of = contents::workspace(call, workspace).await?;
    let activities = Activities::load(call, workspace).await?;
    let worker = Worker {
        workspace,
        sid: call.on.mint(),
        friendly_name,
        attributes: fields::attributes(&call.form)?.unwrap_or_else(|| "{}".to_owned()),
        activity: call.form.sid("ActivitySid")?.unwrap_or(of.default_activity),
        activity_since: call.now,
        occupation: None,
        channels: Default::default(),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    activities.check("ActivitySid", worker.activity)?;
    let rule = || async {
        let mut head = contents::head(call, workspace).await?;
        contents::check::<Activity>(call, workspace, "ActivitySid", worker.activity).await?;
        let names = worker_names::take(call, &mut head, &worker).await?;
        let decision = contents::fenced(head, PartSid::Worker(worker.sid)).and(worker.clone());
        Ok::<_, ApiError>((contents::written(worker.clone()), decision.with(names)))
    };
    let worker = call.decide(rule).await?;
    Ok(Reply::created(render(call, &worker, &activities)).tagged(worker.version))
}

/// What a list of workers is narrowed to.
#[derive(Default)]
struct Filter {
    name: Option<String>,
    activity: Option<ActivitySid>,
    activity_name: Option<String>,
    available: Option<bool>,
    expression: Option<Expression>,
    /// The expressions of the queues that they have to be eligible for, any of them.
    queues: Option<Vec<TaskQueue>>,
}

impl Filter {
    async fn read(call: &Call<'_>, workspace: WorkspaceSid) -> Result<Self, ApiError> {
        const EXPRESSION: &str = "TargetWorkersExpression";
        let query = &call.query;
        let given = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let expression = given(EXPRESSION).map(|text| {
            Expression::parse(&text).map_err(|error| invalid(EXPRESSION, &error.to_string()))
        });
        let (queue, queue_name) =
            (query.sid::<TaskQueueSid>("TaskQueueSid")?, given("TaskQueueName"));
        let queues = if queue.is_some() || queue_name.is_some() {
            let mut all: Vec<TaskQueue> = contents::all(call, workspace).await?;
            all.retain(|one| queue.is_none_or(|sid| sid == one.sid));
            all.retain(|one| queue_name.as_ref().is_none_or(|name| *name == one.friendly_name));
            Some(all)
        } else {
            None
        };
        Ok(Self {
            name: given("FriendlyName"),
            activity: query.sid("ActivitySid")?,
            activity_name: given("ActivityName"),
            available: query.affirmed("Available")?,
            expression: expression.transpose()?,
            queues,
        })
    }

    fn keeps(&self, worker: &Worker, activities: &Activities) -> bool {
        let activity_name = activities.name(worker.activity);
        self.name
            .as_ref()
            .is_none_or(|name| name.to_lowercase() == worker.friendly_name.to_lowercase())
            && self.activity.is_none_or(|activity| activity == worker.activity)
            && self.activity_name.as_ref().is_none_or(|name| activity_name == Some(name))
            && self.available.is_none_or(|it| it == activities.is_available(worker.activity))
            && self.expression.as_ref().is_none_or(|expression| {
                expression.matches(&WorkerAttributes(&known(worker, activity_name)))
            })
            && self.queues.as_ref().is_none_or(|queues| {
                let attributes = serde_json::from_str(&worker.attributes).unwrap_or_default();
                queues.iter().any(|queue| task_queues::takes(queue, &attributes))
            })
    }
}

/// What an expression can know of a worker: the attributes, and four fields.
fn known(worker: &Worker, activity_name: Option<&str>) -> Value {
    let mut all: Value = serde_json::from_str(&worker.attributes).unwrap_or_default();
    if let Some(all) = all.as_object_mut() {
        all.insert("sid".to_owned(), json!(worker.sid));
        all.insert("friendly_name".to_owned(), json!(worker.friendly_name));
        all.insert("activity_sid".to_owned(), json!(worker.activity));
        all.insert("activity_name".to_owned(), json!(activity_name));
    }
    all
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let orders = ["DateStatusChanged", "DateCreated", "DateUpdated", "FriendlyName"];
    let ordering = call.query.ordering("Ordering", &orders)?;
    let filter = Filter::read(call, workspace).await?;
    let activities = Activities::load(call, workspace).await?;
    let keep = |worker: &Worker| filter.keeps(worker, &activities);
    let page = match ordering {
        None => call.list(&Listing::workers(workspace), &request, keep).await?,
        Some((by, order)) => {
            let all = contents::all::<Worker>(call, workspace).await?;
            let kept = all.into_iter().filter(keep).map(|worker| {
                let key = match by {
                    "DateStatusChanged" => dated(worker.activity_since, worker.sid),
                    "DateUpdated" => dated(worker.updated, worker.sid),
                    "FriendlyName" => format!("{}#{}", worker.friendly_name, worker.sid),
                    _ => dated(worker.created, worker.sid),
                };
                (key, worker)
            });
            ordered(kept.collect(), order, &request)
        }
    };
    Ok(call.paged("workers", &request, &page, |worker| render(call, worker, &activities)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let worker: Worker = contents::find(call, workspace, call.sid(sid)?).await?;
    let activities = Activities::load(call, workspace).await?;
    Ok(Reply::ok(render(call, &worker, &activities)).tagged(worker.version))
}

/// What an update asks for.
struct WorkerUpdate {
    name: Option<String>,
    attributes: Option<String>,
    activity: Option<ActivitySid>,
    reject: bool,
}

impl WorkerUpdate {
    fn read(form: &Params) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields::name(form, "FriendlyName")?,
            attributes: fields::attributes(form)?,
            activity: form.sid("ActivitySid")?,
            reject: form.flag("RejectPendingReservations")?.unwrap_or(false),
        })
    }

    fn applied(
        &self,
        before: &Worker,
        activities: &Activities,
        now: Timestamp,
    ) -> Result<Worker, ApiError> {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.friendly_name.clone_from(name);
        }
        if let Some(attributes) = &self.attributes {
            after.attributes.clone_from(attributes);
        }
        if let Some(activity) = self.activity {
            activities.check("ActivitySid", activity)?;
            after.change_activity(activity, now);
        }
        if self.reject && activities.is_available(after.activity) {
            return Err(invalid(
                "RejectPendingReservations",
                "can only be true when the worker's new activity is not available",
            ));
        }
        if after != *before {
            after.updated = now;
        }
        Ok(after)
    }
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: WorkerSid = call.sid(sid)?;
    let change = WorkerUpdate::read(&call.form)?;
    let rule = || async {
        let mut head = contents::head(call, workspace).await?;
        let before: Worker = contents::find(call, workspace, sid).await?;
        call.if_match(before.version)?;
        let activities = Activities::load(call, workspace).await?;
        let after = change.applied(&before, &activities, call.now)?;
        let names = match after.name() == before.name() {
            true => Decision::unchanged(),
            false => {
                let taken = worker_names::take(call, &mut head, &after).await?;
                taken.with(worker_names::give_back(call, &before).await?)
            }
        };
        let mut asked = match change.reject {
            true => task_list::held_by(call, workspace, sid).await?,
            false => Vec::new(),
        };
        asked.retain(|task| pending(task, sid).next().is_some());
        // What is written about names has its place in the transaction as well.
        let room = REJECTED_MAX.saturating_sub(names.puts.len() + names.deletes.len());
        let rest = asked.split_off(asked.len().min(room));
        let rest: Vec<TaskSid> = rest.iter().map(|task| task.sid).collect();
        if after == before && asked.is_empty() {
            return Ok(((before, activities, rest), Decision::unchanged()));
        }
        let stands = contents::written(after.clone());
        let mut decision = contents::fenced(head, PartSid::Worker(sid)).and(after).with(names);
        for task in &asked {
            decision = decision.with(rejected(task, sid, call.now)?.into());
        }
        Ok::<_, ApiError>(((stands, activities, rest), decision))
    };
    let (worker, activities, rest) = call.decide(rule).await?;
    for task in rest {
        reject_one(call, task, sid).await?;
    }
    Ok(Reply::ok(render(call, &worker, &activities)).tagged(worker.version))
}

fn pending(task: &Task, worker: WorkerSid) -> impl Iterator<Item = u32> {
    let mine = task
        .reservations
        .iter()
        .filter(move |one| one.worker == worker && one.status == ReservationStatus::Pending);
    mine.map(|one| one.number)
}

/// The task without what this worker was asked.
fn rejected(task: &Task, worker: WorkerSid, now: Timestamp) -> Result<task::TaskChange, Refusal> {
    let rejections = pending(task, worker).map(|number| Command::Reject(task.sid.kin(number)));
    task::decide_all(task, rejections, Source::Api, now)
}

/// One task more than what fits into the transaction with the worker.
async fn reject_one(call: &Call<'_>, sid: TaskSid, worker: WorkerSid) -> Result<(), ApiError> {
    let rule = || async {
        let found: Option<Task> = call.on.store.get(switchboard_store::key::task(sid)).await?;
        let Some(before) = found else {
            return Ok(((), Decision::unchanged()));
        };
        let change = rejected(&before, worker, call.now)?;
        Ok::<_, ApiError>(((), change.into()))
    };
    call.decide(rule).await
}

/// A worker who has a task, or is asked to take one, stays.
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: WorkerSid = call.sid(sid)?;
    let rule = || async {
        let head = contents::head(call, workspace).await?;
        let worker: Worker = contents::find(call, workspace, sid).await?;
        call.if_match(worker.version)?;
        let mut held = task_list::these(call, &head.recent).await?;
        held.extend(task_list::held_by(call, workspace, sid).await?);
        let mine = |task: &&Task| task.open_reservations().any(|one| one.worker == sid);
        if let Some(task) = held.iter().find(mine) {
            let message = format!("The worker has an open reservation for task {}", task.sid);
            return Err(ApiError::bad(message));
        }
        let name = worker_names::give_back(call, &worker).await?;
        Ok(((), contents::fenced(head, PartSid::Worker(sid)).without(worker).with(name)))
    };
    call.decide(rule).await?;
    Ok(Reply::gone())
}

pub(crate) fn render(call: &Call<'_>, worker: &Worker, activities: &Activities) -> Value {
    let all = format!("{}/Workers", contents::workspace_url(call, worker.workspace));
    let url = format!("{all}/{}", worker.sid);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": worker.workspace,
        "sid": worker.sid,
        "friendly_name": worker.friendly_name,
        "attributes": worker.attributes,
        "activity_sid": worker.activity,
        "activity_name": activities.name(worker.activity),
        "available": activities.is_available(worker.activity),
        "date_created": worker.created.iso(),
        "date_updated": worker.updated.iso(),
        "date_status_changed": worker.activity_since.iso(),
        "links": {
            "workspace": contents::workspace_url(call, worker.workspace),
            "activity": contents::url::<Activity>(call, worker.workspace, worker.activity),
            "channels": format!("{url}/Channels"),
            "worker_channels": format!("{url}/Channels"),
            "reservations": format!("{url}/Reservations"),
            "worker_statistics": format!("{url}/Statistics"),
            "statistics": format!("{all}/Statistics"),
            "real_time_statistics": format!("{all}/RealTimeStatistics"),
            "cumulative_statistics": format!("{all}/CumulativeStatistics"),
        },
        "url": url,
    })
}
