//! Routing receipts: why a reservation went to its worker, and why a task is still waiting.
//!
//! What a reservation's receipt keeps is small: who was passed over, and a letter. Which clause of an
//! expression a worker failed is worked out when it is read, on the attributes of that moment, and the answer
//! says so. Why a task waits is not kept at all: a router is built from the table and asked.

mod channels;

use serde_json::{Map, Value, json};
use switchboard_domain::record::Record;
use switchboard_domain::routing::expression::{TaskAndWorker, WorkerFields};
use switchboard_domain::routing::receipt::{PassedOver, Receipt};
use switchboard_domain::routing::router::{
    Due, Explanation, KnownWorkerFault, PassedWorker, Reason, Router,
};
use switchboard_domain::routing::workflow::{self, Target, Wanted};
use switchboard_domain::sid::{ReservationSid, Sid as _, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{Reservation, Task};
use switchboard_domain::workspace::{Worker, Workflow, Workspace};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, Page, key};

use self::channels::Channels;
use crate::contents::{self, Activities};
use crate::task_list;

/// At most this many other workspaces are searched for a known worker.
const WORKSPACES_MAX: usize = 100;
/// The code of a known worker who is in another workspace (rule D.4), and its name.
const ELSEWHERE: (u32, &str) = (40155, "Invalid Workspace for Known Worker");

/// Why a reservation went to its worker.
pub(crate) async fn of_reservation(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: ReservationSid = call.sid(sid)?;
    let task = task_list::find(call, workspace, sid.kin(0)).await?;
    let reservation = task.reservation(sid).ok_or_else(|| call.not_found())?;
    let receipt = reservation.receipt.clone().unwrap_or_default();
    let flow: Option<Workflow> = call.on.store.get(key::workflow(workspace, task.workflow)).await?;
    let configuration = flow.and_then(|flow| workflow::Workflow::parse(&flow.configuration).ok());
    let place = usize::try_from(receipt.target).unwrap_or(usize::MAX);
    let target = configuration.as_ref().and_then(|all| all.target_called(&receipt.filter, place));
    let keys: Vec<_> =
        receipt.passed_over.iter().map(|one| key::worker(workspace, one.worker)).collect();
    let found = call.on.store.get_all(&keys).await?;
    let seen = Seen {
        task: &task,
        target,
        activities: Activities::load(call, workspace).await?,
        channels: Channels::of(call, workspace, &receipt, target).await?,
    };
    let candidates: Vec<Value> = receipt
        .passed_over
        .iter()
        .map(|one| {
            let worker = match found.get(&key::worker(workspace, one.worker)) {
                Some(Record::Worker(worker)) => Some(&**worker),
                _ => None,
            };
            seen.candidate(one.worker, one.why, worker)
        })
        .collect();
    Ok(Reply::ok(render(call, &task, reservation, &receipt, target, candidates)))
}

/// What a receipt's workers are held against.
struct Seen<'a> {
    task: &'a Task,
    target: Option<&'a Target>,
    activities: Activities,
    channels: Channels,
}

impl Seen<'_> {
    fn candidate(&self, sid: WorkerSid, why: PassedOver, worker: Option<&Worker>) -> Value {
        let mut all = json!({
            "worker_sid": sid,
            "worker_name": worker.map(|worker| worker.friendly_name.as_str()),
            "reason": why.name(),
        });
        if why == PassedOver::Expression {
            // None: they do not fail it any more, or are gone.
            let clause = worker.and_then(|worker| self.clause(worker));
            let (clause, values) = clause.unzip();
            all["clause"] = json!(clause);
            all["values"] = json!(values.unwrap_or_default());
        }
        all
    }

    /// The part of the target that a worker fails today, and what it sees of their channels.
    fn clause(&self, worker: &Worker) -> Option<(String, Map<String, Value>)> {
        let task: Value = serde_json::from_str(&self.task.attributes).ok()?;
        let attributes: Value = serde_json::from_str(&worker.attributes).ok()?;
        let worker = WorkerFields {
            sid: worker.sid,
            friendly_name: &worker.friendly_name,
            activity_sid: worker.activity,
            activity_name: self.activities.name(worker.activity).unwrap_or_default(),
            channels: Some(self.channels.of_worker(worker)),
            attributes: &attributes,
        };
        let (target, both) = (self.target?, TaskAndWorker { task: &task, worker });
        let clause = target.failing_clause(&both)?;
        Some((clause, target.channels_seen(&both).into_iter().collect()))
    }
}

fn render(
    call: &Call<'_>,
    task: &Task,
    reservation: &Reservation,
    receipt: &Receipt,
    target: Option<&Target>,
    candidates: Vec<Value>,
) -> Value {
    let sid = task.reservation_sid(reservation);
    let url = contents::workspace_url(call, task.workspace);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": task.workspace,
        "reservation_sid": sid,
        "task_sid": task.sid,
        "workflow_sid": task.workflow,
        "task_queue_sid": target.map(|target| target.queue).or(task.queue),
        "worker_sid": reservation.worker,
        "worker_name": reservation.worker_name,
        "date_created": reservation.created.iso(),
        "filter": receipt.filter,
        "target": receipt.target,
        "expression": target.and_then(|it| it.expression.as_ref()).map(|it| it.source()),
        "known_worker": target.and_then(|it| it.known_worker.as_ref()).map(ToString::to_string),
        "order_by": target.and_then(|it| it.order_by.as_ref()).map(ToString::to_string),
        "candidates": candidates,
        "and_more": receipt.and_more,
        "clauses_evaluated_at": call.now.iso(),
        "url": format!("{url}/Reservations/{sid}/Receipt"),
    })
}

/// Why a task is still waiting, by what is in the table now.
pub(crate) async fn of_task(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let task = task_list::find(call, workspace, call.sid(sid)?).await?;
    let mut router = Router::new(contents::workspace(call, workspace).await?);
    let all = Listing::contents_of(workspace);
    call.on.store.everything(&all).await?.into_iter().for_each(|record| router.learn(record));
    let others: Vec<Task> = call.on.store.all(&Listing::tasks_of(workspace)).await?;
    others.into_iter().for_each(|task| router.learn(task.into()));
    // The list is a moment behind.
    router.learn(task.clone().into());
    let explained = router.explain(task.sid, call.now);
    let mut fault = explained.as_ref().and_then(|it| it.known_worker);
    let mut code = fault.map(|fault| (fault.code(), fault.message()));
    if fault.take_if(|fault| *fault == KnownWorkerFault::Invalid).is_some()
        && is_elsewhere(call, &task).await?
    {
        code = Some(ELSEWHERE);
    }
    Ok(Reply::ok(render_wait(call, &task, explained.as_ref(), code)))
}

/// Whether the worker whom a task's target asks for is in another workspace.
async fn is_elsewhere(call: &Call<'_>, task: &Task) -> Result<bool, ApiError> {
    let flow: Option<Workflow> =
        call.on.store.get(key::workflow(task.workspace, task.workflow)).await?;
    let wanted = flow.and_then(|flow| wanted(&flow, task));
    let Some(Wanted::Sid(worker)) = wanted else { return Ok(false) };
    let listing = Listing::workspaces();
    let page: Page<Workspace> = call.on.store.page(&listing, None, WORKSPACES_MAX).await?;
    let keys: Vec<_> = page.records.iter().map(|one| key::worker(one.sid, worker)).collect();
    Ok(!call.on.store.get_all(&keys).await?.is_empty())
}

fn wanted(flow: &Workflow, task: &Task) -> Option<Wanted> {
    let configuration = workflow::Workflow::parse(&flow.configuration).ok()?;
    let attributes: Value = serde_json::from_str(&task.attributes).ok()?;
    let known = configuration.target(task.position?)?.known_worker.clone()?;
    Some(known.wanted(&attributes))
}

fn render_wait(
    call: &Call<'_>,
    task: &Task,
    explained: Option<&Explanation>,
    known_worker: Option<(u32, &str)>,
) -> Value {
    let url = contents::workspace_url(call, task.workspace);
    let next = explained.and_then(|it| it.next).map(|(due, at)| {
        let what = match due {
            Due::Target => "moves_to_next_target",
            Due::Ageing => "goes_before_all_others",
            Due::Timeout => "is_canceled",
        };
        json!({ "at": at.iso(), "what": what })
    });
    let candidates: Vec<Value> =
        explained.into_iter().flat_map(|it| &it.passed_over).map(passed).collect();
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": task.workspace,
        "task_sid": task.sid,
        "workflow_sid": task.workflow,
        "assignment_status": task.status.name(),
        "age": task.age_seconds(call.now),
        // The router does not hold tasks that are over.
        "why": explained.map_or("not_waiting", |it| it.why.name()),
        "filter": explained.and_then(|it| it.filter.as_deref()),
        "target": explained.and_then(|it| it.target),
        "task_queue_sid": task.queue,
        "task_queue_workers": explained.map(|it| it.workers),
        "ahead": explained.and_then(|it| it.ahead),
        "known_worker_error": known_worker.map(|(code, message)| json!({
            "code": code,
            "message": message,
        })),
        "candidates": candidates,
        "and_more": explained.map_or(0, |it| it.and_more),
        "next_deadline": next,
        "evaluated_at": call.now.iso(),
        "url": format!("{url}/Tasks/{}/Receipt", task.sid),
    })
}

fn passed(one: &PassedWorker) -> Value {
    let mut all = json!({ "worker_sid": one.worker, "worker_name": one.name });
    all["reason"] = json!(match &one.reason {
        Reason::NotInQueue(clause) => {
            all["clause"] = json!(clause);
            "not_in_queue"
        }
        Reason::Activity(name) => {
            all["activity_name"] = json!(name);
            "activity"
        }
        Reason::Capacity { open, capacity, available } => {
            all["reservations"] = json!(open);
            all["configured_capacity"] = json!(capacity);
            all["available"] = json!(available);
            "capacity"
        }
        Reason::Occupied => "occupied",
        Reason::NotTheKnownWorker(clause) => {
            all["clause"] = json!(clause);
            "not_the_known_worker"
        }
        Reason::Expression { clause, seen } => {
            all["clause"] = json!(clause);
            all["values"] = Value::Object(seen.iter().cloned().collect());
            "expression"
        }
        Reason::HandedItOn => "handed_it_on",
        Reason::RejectedBefore => "rejected_before",
        Reason::Eligible => "about_to_be_asked",
    });
    all
}
