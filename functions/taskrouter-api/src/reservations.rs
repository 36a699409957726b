//! Reservations, seen from their task and from their worker (rule D.7). They are part of the task.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::process::reservation::{ReservationCommand, WorkerAnswer};
use switchboard_domain::sid::{ReservationSid, Sid as _, TaskSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{Reservation, ReservationStatus, Source, Task};
use switchboard_domain::workspace::Worker;
use switchboard_rest::{Answer, ApiError, Call, Order, Params, Reply, ordered};
use switchboard_store::key::dated;

use crate::contents::{self, Activities, PAGE_SIZE_MAX};
use crate::fields::invalid;
use crate::{task_list, tasks};

/// Where a reservation is seen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// From its task.
    Task(TaskSid),
    /// From its worker.
    Worker(WorkerSid),
}

impl View {
    /// Whether a reservation is seen from here.
    fn shows(self, task: &Task, reservation: &Reservation) -> bool {
        match self {
            Self::Task(sid) => task.sid == sid,
            Self::Worker(sid) => reservation.worker == sid,
        }
    }
}

/// Of a worker's reservations those are listed whose tasks are theirs, or were theirs last.
pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid, view: View) -> Answer {
    let request = call.page(PAGE_SIZE_MAX)?;
    let statuses = statuses(&call.query)?;
    let worker: Option<WorkerSid> = call.query.sid("WorkerSid")?;
    let held = match view {
        View::Task(sid) => vec![task_list::find(call, workspace, sid).await?],
        View::Worker(sid) => {
            contents::find::<Worker>(call, workspace, sid).await?;
            task_list::held_by(call, workspace, sid).await?
        }
    };
    let all = held.iter().flat_map(|task| task.reservations.iter().map(move |one| (task, one)));
    let shown = all.filter(|(task, one)| {
        view.shows(task, one)
            && (statuses.is_empty() || statuses.contains(&one.status))
            && worker.is_none_or(|worker| worker == one.worker)
    });
    let keyed =
        shown.map(|(task, one)| (dated(one.created, task.reservation_sid(one)), (task, one)));
    let page = ordered(keyed.collect(), Order::Ascending, &request);
    Ok(call.paged("reservations", &request, &page, |(task, one)| render(call, view, task, one)))
}

fn statuses(query: &Params) -> Result<BTreeSet<ReservationStatus>, ApiError> {
    const NAME: &str = "ReservationStatus";
    let given = query.all(NAME);
    given
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| {
            ReservationStatus::parse(text)
                .ok_or_else(|| invalid(NAME, &format!("has no status {text}")))
        })
        .collect()
}

/// The task of a reservation names itself in the reservation's identifier.
async fn find(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    view: View,
    sid: ReservationSid,
) -> Result<Task, ApiError> {
    let task = task_list::find(call, workspace, sid.kin(0)).await?;
    let reservation = task.reservation(sid).ok_or_else(|| call.not_found())?;
    match view.shows(&task, reservation) {
        true => Ok(task),
        false => Err(call.not_found()),
    }
}

pub(crate) async fn fetch(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    view: View,
    sid: &str,
) -> Answer {
    let sid: ReservationSid = call.sid(sid)?;
    let task = find(call, workspace, view, sid).await?;
    answer(call, view, &task, sid)
}

fn answer(call: &Call<'_>, view: View, task: &Task, sid: ReservationSid) -> Answer {
    let reservation = task.reservation(sid).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, view, task, reservation)).tagged(task.version))
}

/// What an update says of a reservation, by status or by instruction.
fn command(form: &Params) -> Result<Option<ReservationCommand>, ApiError> {
    match (form.given("ReservationStatus"), form.given("Instruction")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(invalid("Instruction", "can not be given together with ReservationStatus"))
        }
        (Some(status), None) => by_status(status).map(Some),
        (None, Some(instruction)) => by_instruction(instruction).map(Some),
    }
}

fn by_status(text: &str) -> Result<ReservationCommand, ApiError> {
    const NAME: &str = "ReservationStatus";
    match ReservationStatus::parse(text) {
        Some(ReservationStatus::Accepted) => Ok(ReservationCommand::Accept),
        Some(ReservationStatus::Rejected) => Ok(ReservationCommand::Reject),
        Some(ReservationStatus::Wrapping) => Ok(ReservationCommand::Wrap),
        Some(ReservationStatus::Completed) => Ok(ReservationCommand::Complete),
        Some(
            ReservationStatus::Pending
            | ReservationStatus::Timeout
            | ReservationStatus::Canceled
            | ReservationStatus::Rescinded,
        ) => Err(invalid(NAME, "can be accepted, rejected, wrapping or completed")),
        None => Err(invalid(NAME, &format!("has no status {text}"))),
    }
}

fn by_instruction(text: &str) -> Result<ReservationCommand, ApiError> {
    match text.to_ascii_lowercase().as_str() {
        "accept" => Ok(ReservationCommand::Accept),
        "reject" => Ok(ReservationCommand::Reject),
        "call" | "dequeue" | "conference" | "supervise" | "redirect" => {
            let why = format!("{text} needs a voice call, and there are none here");
            Err(invalid("Instruction", &why))
        }
        _ => Err(ApiError::because(Code::InvalidInstruction, text)),
    }
}

/// All that an update says.
fn worker_answer(form: &Params) -> Result<WorkerAnswer, ApiError> {
    Ok(WorkerAnswer {
        command: command(form)?,
        activity: form.sid("WorkerActivitySid")?,
        is_instruction: form.given("Instruction").is_some(),
    })
}

pub(crate) async fn update(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    view: View,
    sid: &str,
) -> Answer {
    let sid: ReservationSid = call.sid(sid)?;
    let given = worker_answer(&call.form)?;
    let rule = || async {
        // Loaded first, as everywhere; most answers leave the worker where they are and do without it.
        let head = match given.concerns_worker() {
            true => Some(contents::head(call, workspace).await?),
            false => None,
        };
        let before = find(call, workspace, view, sid).await?;
        call.if_match(before.version)?;
        let change = given.decide(&before, sid, Source::Api, call.now)?;
        let (task, decision) = tasks::as_written(change);
        let Some(head) = head.filter(|_| !decision.is_unchanged()) else {
            return Ok::<_, ApiError>((task, decision));
        };
        let who = task.reservation(sid).map(|one| one.worker).ok_or_else(|| call.not_found())?;
        let worker: Worker = contents::check(call, workspace, "WorkerSid", who).await?;
        if let Some(activity) = given.activity {
            let activities = Activities::load(call, workspace).await?;
            activities.check("WorkerActivitySid", activity)?;
        }
        Ok((task, decision.with(given.follow(worker, head, sid, call.now))))
    };
    let task = call.decide(rule).await?;
    answer(call, view, &task, sid)
}

pub(crate) fn render(call: &Call<'_>, view: View, task: &Task, reservation: &Reservation) -> Value {
    let workspace = contents::workspace_url(call, task.workspace);
    let task_url = format!("{workspace}/Tasks/{}", task.sid);
    let worker_url = contents::url::<Worker>(call, task.workspace, reservation.worker);
    let sid = task.reservation_sid(reservation);
    let parent = match view {
        View::Task(_) => &task_url,
        View::Worker(_) => &worker_url,
    };
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": task.workspace,
        "task_sid": task.sid,
        "worker_sid": reservation.worker,
        "worker_name": reservation.worker_name,
        "sid": sid,
        "reservation_status": reservation.status.name(),
        "date_created": reservation.created.iso(),
        "date_updated": reservation.updated.iso(),
        "url": format!("{parent}/Reservations/{sid}"),
        "links": { "task": task_url, "worker": worker_url, "workspace": workspace },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<ReservationCommand>, ApiError> {
        command(&Params::parse(text.as_bytes()))
    }

    #[test]
    fn statuses_and_instructions_say_the_same() {
        for text in ["ReservationStatus=accepted", "Instruction=accept", "Instruction=Accept"] {
            assert_eq!(read(text).unwrap(), Some(ReservationCommand::Accept), "{text}");
        }
        assert_eq!(read("Instruction=reject").unwrap(), Some(ReservationCommand::Reject));
        assert_eq!(read("").unwrap(), None);
    }

    #[test]
    fn answers_that_a_worker_cannot_give_are_refused_with_their_codes() {
        for (text, code) in [
            ("ReservationStatus=timeout", 20001),
            ("ReservationStatus=lost", 20001),
            ("Instruction=dequeue", 20001),
            ("Instruction=redirect", 20001),
            ("Instruction=dance", 40151),
            ("ReservationStatus=accepted&Instruction=accept", 20001),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!((error.status, error.code), (400, code), "{text}");
        }
    }
}
