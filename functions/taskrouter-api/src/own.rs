//! What a worker may ask for by their access token: themselves, what they do, and what is offered to them (rule F.2).

use switchboard_domain::access::Holder;
use switchboard_domain::codes::Code;
use switchboard_domain::sid::{TaskSid, WorkerSid, WorkspaceSid};
use switchboard_domain::workspace::Worker;
use switchboard_rest::{ApiError, Call, Caller, Method};

use crate::{contents, task_list};

/// What a worker may say of themselves: what they do, and that they take nothing of what is offered to them. Who they are
/// called and what they can do decides which tasks they get, so others say that.
const CHANGES: [&str; 2] = ["ActivitySid", "RejectPendingReservations"];

/// Whether the caller may ask for this; only workers are held back.
///
/// # Errors
/// 403, if it is not for workers or not this worker's; 404 if there is no such worker any more.
pub(crate) async fn may(call: &Call<'_>, path: &[&str]) -> Result<(), ApiError> {
    let Caller::Holder(holder) = &call.caller else { return Ok(()) };
    let (workspace, worker) = worker(holder)?;
    let ["v1", "Workspaces", of, inside @ ..] = path else { return Err(forbidden()) };
    if *of != workspace.to_string() {
        return Err(forbidden());
    }
    let is_own = |sid: &str| sid == worker.to_string();
    let is_allowed = match (call.method, inside) {
        (Method::Get, ["Activities"] | ["Activities", _]) => true,
        (
            Method::Get,
            ["Workers", sid] | ["Workers", sid, "Channels"] | ["Workers", sid, "Channels", _],
        ) => is_own(sid),
        (Method::Post, ["Workers", sid]) => {
            is_own(sid) && call.form.iter().all(|(name, _)| CHANGES.contains(&name))
        }
        (Method::Get, ["Workers", sid, "Reservations"])
        | (Method::Get | Method::Post, ["Workers", sid, "Reservations", _]) => is_own(sid),
        (Method::Get, ["Tasks", sid]) => has(call, workspace, call.sid(sid)?, worker).await?,
        _ => false,
    };
    if !is_allowed {
        return Err(forbidden());
    }
    // A token outlives the worker that it is for.
    contents::find::<Worker>(call, workspace, worker).await.map(drop)
}

fn worker(holder: &Holder) -> Result<(WorkspaceSid, WorkerSid), ApiError> {
    holder.worker.ok_or_else(|| ApiError::because(Code::InvalidTokenGrants, "no task_router grant"))
}

/// Whether a task is, or was, offered to the worker.
async fn has(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    task: TaskSid,
    worker: WorkerSid,
) -> Result<bool, ApiError> {
    let task = task_list::find(call, workspace, task).await?;
    Ok(task.reservations.iter().any(|one| one.worker == worker))
}

fn forbidden() -> ApiError {
    Code::Forbidden.into()
}
