//! Assignment callbacks of workflows (rule D.8): an endpoint is told of a reservation, and may say what is to
//! become of it.
//!
//! ```text
//!  url ──answers──▶ its instruction, if any, goes to the router
//!   │ not read                  ▲
//!   ▼                           │
//!  fallback ──answers───────────┘
//!   │ not read
//!   ▼
//!  neither could be reached: the router cancels the reservation, and the task is offered anew
//! ```
//!
//! Where a callback is not reached again and again, more and more time passes before the next reservation is canceled: a
//! broken endpoint does not make the router run in circles.

use std::time::Duration;

use switchboard_domain::effect::{
    AssignmentCall, AssignmentOutcome, QueueName, RouterEvent, RouterSubject,
};
use switchboard_domain::sid::Sid as _;
use switchboard_domain::task::{Reservation, ReservationStatus, Task};
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::{Worker, Workflow};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

use crate::instruction::{Heard, heard};
use switchboard_caller::{Answer, Called, Caller, Delivered, Reading, Request};
use switchboard_domain::webhook::WebhookAttempt;

use crate::Loaded;
use crate::attempt::{keep, letter, outcome, tried};
use crate::patience::Known;

/// How long an endpoint has to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that a cancellation is put off, in seconds.
const PUT_OFF_SECONDS_MAX: i64 = 64;

/// The records that a call is made of.
pub(crate) fn keys(call: &AssignmentCall) -> [Key; 3] {
    [
        key::task(call.reservation.kin(0)),
        key::workflow(call.workspace, call.workflow),
        key::worker(call.workspace, call.worker),
    ]
}

/// Calls the endpoints, and tells the router what came of it. The router is told before the call is noted as done,
/// so that a crash makes another call and loses nothing; told twice, it does the same once.
pub(crate) async fn serve(
    on: &Dependencies,
    caller: &Caller,
    call: &AssignmentCall,
    mut loaded: Loaded,
    attempt: WebhookAttempt,
) -> Result<Next, Failure> {
    if attempt.done {
        return Ok(Next::Done);
    }
    let [task, workflow, worker] = keys(call);
    let (task, workflow, worker): (Option<Task>, Option<Workflow>, Option<Worker>) =
        (take(&mut loaded, &task), take(&mut loaded, &workflow), take(&mut loaded, &worker));
    let Some((task, (workflow, worker))) = task.zip(workflow.zip(worker)) else {
        return Ok(Next::Done);
    };
    let pending = |one: &&Reservation| one.status == ReservationStatus::Pending;
    let Some(reservation) = task.reservation(call.reservation).filter(pending) else {
        return Ok(Next::Done);
    };
    let parameters = parameters(on, call, &task, &worker, reservation);
    let attempts = attempt.attempts;
    let urls = [&workflow.assignment_callback_url, &workflow.fallback_assignment_callback_url];
    let (attempt, heard) =
        ask(on, caller, urls.into_iter().flatten(), &parameters, attempt).await?;
    let outcome = match heard {
        Heard::Instruction(outcome, _) => Some(outcome),
        Heard::Later(_) | Heard::Unreadable(_) => None,
        Heard::Nothing => match put_off(&task, attempts) {
            Some(wait) => {
                noted(on, WebhookAttempt { done: false, ..attempt }).await;
                return Ok(Next::Later(wait));
            }
            None => Some(AssignmentOutcome::Withdraw),
        },
    };
    if let Some(outcome) = outcome {
        let subject = RouterSubject::Answer(call.reservation, outcome);
        let event = RouterEvent { workspace: call.workspace, subject };
        let id = format!("answer-{}", call.reservation);
        on.queues.send(QueueName::Routing, &event, call.workspace.to_string(), id).await?;
    }
    noted(on, WebhookAttempt { done: true, ..attempt }).await;
    Ok(Next::Done)
}

/// Keeps what came of a call. The router was told, or will be at the next attempt: nothing hangs on the note.
async fn noted(on: &Dependencies, attempt: WebhookAttempt) {
    if let Err(failure) = keep(on, attempt).await {
        tracing::debug!("attempt not noted: {failure}");
    }
}

/// Asks one endpoint after the other until one gives an answer that can be read. One that was reached counts more
/// than one that was not. Both together are one attempt of the schedule, and each is kept.
async fn ask(
    on: &Dependencies,
    caller: &Caller,
    urls: impl Iterator<Item = &String>,
    parameters: &[(String, String)],
    mut attempt: WebhookAttempt,
) -> Result<(WebhookAttempt, Heard), Failure> {
    let mut last = Heard::Nothing;
    for url in urls {
        // Nobody can wait until the endpoint is back, but others may wait for its answer.
        let known = Known::of(on, url).await?;
        let timeout = known.timeout(TIMEOUT);
        let request =
            Request { url, method: "POST", parameters, text: None, id: &attempt.id, timeout };
        let began = on.now();
        let delivered = match known.is_off() {
            true => not_called(),
            false => {
                let letter = letter(&attempt, request, &known, began);
                caller.deliver(on, &letter, Reading::Whole).await
            }
        };
        let heard = heard(&delivered.called, &delivered.answer);
        warn(heard, &delivered.called);
        let is_reached = heard != Heard::Nothing;
        attempt.url = Some(url.clone());
        let now = on.now();
        attempt = attempt.after(tried(began, &delivered, now), outcome(&delivered.called), now);
        known.note(on, url, &delivered.called).await;
        match heard {
            Heard::Instruction(..) | Heard::Later(_) => return Ok((attempt, heard)),
            Heard::Unreadable(_) | Heard::Nothing if is_reached => last = heard,
            Heard::Unreadable(_) | Heard::Nothing => {}
        }
    }
    Ok((attempt, last))
}

/// What comes of an endpoint that is switched off.
fn not_called() -> Delivered {
    let called = Called::Forbidden("it is switched off");
    Delivered { called, answer: Answer::default(), took: Duration::ZERO }
}

fn warn(heard: Heard, called: &Called) {
    match heard {
        Heard::Nothing => tracing::warn!("assignment callback: it {called}"),
        Heard::Unreadable(code) | Heard::Later(Some(code)) | Heard::Instruction(_, Some(code)) => {
            tracing::warn!(code, "assignment callback: it said what cannot be done");
        }
        Heard::Later(None) | Heard::Instruction(_, None) => {}
    }
}

/// How long to wait before the reservation is canceled: not at all the first time, then longer with each one that
/// was canceled before.
fn put_off(task: &Task, attempts: u32) -> Option<Millis> {
    let canceled =
        task.reservations.iter().filter(|one| one.status == ReservationStatus::Canceled).count();
    let wait = (1_i64 << canceled.min(16)).min(PUT_OFF_SECONDS_MAX);
    (canceled > 0 && attempts == 0).then_some(Millis::seconds(wait))
}

fn parameters(
    on: &Dependencies,
    call: &AssignmentCall,
    task: &Task,
    worker: &Worker,
    reservation: &Reservation,
) -> Vec<(String, String)> {
    let mut all = vec![
        ("Timestamp", reservation.created.seconds().to_string()),
        ("AccountSid", on.config.account_sid.to_string()),
        ("WorkspaceSid", call.workspace.to_string()),
        ("WorkflowSid", call.workflow.to_string()),
        ("WorkerSid", worker.sid.to_string()),
        ("WorkerName", worker.friendly_name.clone()),
        ("WorkerAttributes", worker.attributes.clone()),
        ("TaskSid", task.sid.to_string()),
        ("TaskAttributes", task.attributes.clone()),
        ("TaskAge", task.age_seconds(on.now()).to_string()),
        ("TaskPriority", task.priority.to_string()),
        ("ReservationSid", call.reservation.to_string()),
    ];
    all.extend(task.queue.map(|queue| ("TaskQueueSid", queue.to_string())));
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use switchboard_domain::routing::receipt::Receipt;
    use switchboard_domain::sid::{TaskChannelSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid};
    use switchboard_domain::task::{Command, Source, decide};
    use switchboard_domain::timestamp::Timestamp;

    /// A task of which this many reservations were canceled.
    fn withdrawn(count: u32) -> Task {
        let stored = json!({
            "sid": TaskSid::derived(&["t"]),
            "workspace": WorkspaceSid::derived(&["w"]),
            "workflow": WorkflowSid::derived(&["f"]),
            "channel": TaskChannelSid::derived(&["c"]),
            "attributes": "{}", "status": "pending", "timeout": 60, "next": 1, "created": 0,
        });
        let mut task: Task = serde_json::from_value(stored).unwrap();
        for number in 1..=count {
            let reserve = Command::Reserve {
                worker: WorkerSid::derived(&["a"]),
                worker_name: "a".to_owned(),
                timeout: Millis::seconds(60),
                receipt: Receipt::default(),
            };
            let withdraw = Command::Withdraw(task.sid.kin(number));
            for command in [reserve, withdraw] {
                task = decide(&task, command, Source::Router, Timestamp(0)).unwrap().task;
            }
        }
        task
    }

    #[test]
    fn the_first_cancellation_comes_at_once_and_the_next_ones_later_and_later() {
        for (canceled, attempts, wait) in [
            (0, 0, None),
            (1, 0, Some(2)),
            (1, 1, None),
            (3, 0, Some(8)),
            (9, 0, Some(PUT_OFF_SECONDS_MAX)),
        ] {
            let found = put_off(&withdrawn(canceled), attempts);
            assert_eq!(found, wait.map(Millis::seconds), "{canceled} canceled, {attempts} tried");
        }
    }
}
