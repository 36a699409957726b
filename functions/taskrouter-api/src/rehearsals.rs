//! Rehearsal of a workflow: a recorded time under another configuration of it. Nothing is stored.
//!
//! The time is given as statistics take it: a quarter of an hour back unless something else is asked for, and a day
//! at most. A time in which more happened than one request can read is refused, not cut short.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_domain::event::Occurrence;
use switchboard_domain::record::Record;
use switchboard_domain::rehearsal::{
    self, ASSUMPTIONS, Both, Material, Named, OCCURRENCES_MAX, Rehearsal, Taken, TooMuch, Waits,
};
use switchboard_domain::sid::{TaskSid, WorkflowSid, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::Workflow;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, Timeline, key};

use crate::statistics::Window;
use crate::{configurations, contents};

/// At most this many occurrences are read at a time.
const READ_AT_ONCE: usize = 1000;

fn too_much(what: TooMuch) -> ApiError {
    ApiError::bad(format!("The period {what}"))
}

/// What happened in the period, unless that is too much.
async fn recorded(call: &Call<'_>, line: &Timeline) -> Result<Vec<Occurrence>, ApiError> {
    let mut found: Vec<Occurrence> = Vec::new();
    loop {
        // The sort key behind the last one.
        let next = found.last().map(|last| format!("{}!", key::occurrence_sort(last.place(0))));
        let more = call.on.store.occurrences_from(line, next.as_deref(), READ_AT_ONCE).await?;
        if more.is_empty() {
            return Ok(found);
        }
        found.extend(more);
        if found.len() > OCCURRENCES_MAX {
            return Err(too_much(TooMuch::Occurrences));
        }
    }
}

pub(crate) async fn rehearse(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: WorkflowSid = call.sid(sid)?;
    let own = contents::workspace(call, workspace).await?;
    let workflow: Workflow = contents::find(call, workspace, sid).await?;
    let configuration = configurations::configuration(&call.form)?;
    if let Some(text) = &configuration {
        configurations::check_named(call, workspace, text).await?;
    }
    let Window { from, to } = Window::of(&call.form, call.now)?;
    call.nothing_else()?;
    rehearsal::check_period(from, to).map_err(too_much)?;
    let occurrences = recorded(call, &Timeline::of(workspace, from, to)).await?;
    let all = Listing::contents_of(workspace);
    let records: Vec<Record> = call.on.store.everything(&all).await?;
    let tasks: Vec<Task> = call.on.store.all(&Listing::tasks_of(workspace)).await?;
    let material = Material {
        workspace: &own,
        records: &records,
        tasks: &tasks,
        occurrences: &occurrences,
        from,
        to,
        workflow: sid,
        configuration: configuration.as_deref(),
    };
    let rehearsed = rehearsal::rehearse(&material).map_err(too_much)?;
    Ok(Reply::ok(render(call, &workflow, &material, &rehearsed)))
}

fn render(call: &Call<'_>, workflow: &Workflow, of: &Material<'_>, found: &Rehearsal) -> Value {
    let names = DisplayNames::read(of.records);
    let moved: Vec<Value> = found
        .moved
        .first
        .iter()
        .map(|one| {
            json!({
                "task_sid": one.task,
                "then": names.taken(one.taken.then),
                "now": names.taken(one.taken.now),
            })
        })
        .collect();
    let waits: Vec<Value> = found
        .waits
        .iter()
        .map(|(queue, both)| {
            json!({
                "task_queue_sid": queue,
                "task_queue_name": names.of(*queue),
                "then": waited(both.then),
                "now": waited(both.now),
            })
        })
        .collect();
    let rest = found.moved.count - found.moved.first.len();
    let events: usize = of.occurrences.iter().map(|one| one.events.len()).sum();
    let url = contents::url::<Workflow>(call, workflow.workspace, workflow.sid);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workflow.workspace,
        "workflow_sid": workflow.sid,
        "start_date": of.from.iso(),
        "end_date": of.to.iso(),
        "recorded_events": events,
        "tasks": found.tasks,
        "accepted": both(found.accepted, |count| json!(count)),
        "changed": { "count": found.moved.count, "assignments": moved, "not_listed": rest },
        "waits": waits,
        "fell_out": {
            "then": fallen(&found.fell_out.then),
            "now": fallen(&found.fell_out.now),
        },
        "assumed": {
            "answers": found.assumed_answers,
            "answer_after_ms": found.answer.0,
            "service_ms": found.service.0,
            "rules": ASSUMPTIONS,
        },
        "router_steps": found.steps,
        "url": format!("{url}/Rehearsal"),
    })
}

fn both<T>(both: Both<T>, of: impl Fn(T) -> Value) -> Value {
    json!({ "then": of(both.then), "now": of(both.now) })
}

/// How long tasks waited; null where none did.
fn waited(waits: Waits) -> Value {
    let some = |span: Millis| (waits.count > 0).then_some(span.0);
    json!({
        "count": waits.count,
        "median_ms": some(waits.median),
        "percentile_95_ms": some(waits.percentile_95),
        "worst_ms": some(waits.worst),
    })
}

fn fallen(tasks: &Named<TaskSid>) -> Value {
    let rest = tasks.count - tasks.first.len();
    json!({ "count": tasks.count, "task_sids": tasks.first, "not_listed": rest })
}

/// How workers and queues are called.
struct DisplayNames(BTreeMap<String, String>);

impl DisplayNames {
    fn read(records: &[Record]) -> Self {
        let name = |record: &Record| match record {
            Record::Worker(it) => Some((it.sid.to_string(), it.friendly_name.clone())),
            Record::TaskQueue(it) => Some((it.sid.to_string(), it.friendly_name.clone())),
            _ => None,
        };
        Self(records.iter().filter_map(name).collect())
    }

    fn of(&self, sid: impl ToString) -> Option<&String> {
        self.0.get(&sid.to_string())
    }

    fn taken(&self, taken: Option<Taken>) -> Value {
        taken.map_or(Value::Null, |taken| {
            json!({
                "worker_sid": taken.worker,
                "worker_name": self.of(taken.worker),
                "task_queue_sid": taken.queue,
                "task_queue_name": taken.queue.and_then(|queue| self.of(queue)),
                "date": taken.at.iso(),
            })
        })
    }
}
