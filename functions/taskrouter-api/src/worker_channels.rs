//! Worker channels: one worker's capacity on one task channel (rule D.2).
//!
//! They are part of the worker: every task channel has one for them, with the default capacity until it is
//! changed. The path names one by its own identifier, or by the task channel's identifier or unique name.

use serde_json::{Value, json};
use switchboard_domain::routing::expression::free_percentage;
use switchboard_domain::sid::{WorkerChannelSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{ReservationStatus, Task};
use switchboard_domain::workspace::{TaskChannel, Worker};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Listing;

use crate::contents::{self, PAGE_SIZE_MAX};
use crate::{task_channels, task_list};

/// More tasks at once than any worker can be asked to do.
const CAPACITY_MAX: i64 = 0x7fff_ffff;

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid, worker: &str) -> Answer {
    let request = call.page(PAGE_SIZE_MAX)?;
    let worker: Worker = contents::find(call, workspace, call.sid(worker)?).await?;
    let held = task_list::held_by(call, workspace, worker.sid).await?;
    let listing = Listing::task_channels(workspace);
    let page = call.list(&listing, &request, |_: &TaskChannel| true).await?;
    let render = |channel: &TaskChannel| render(call, &worker, channel, &held);
    Ok(call.paged("channels", &request, &page, render))
}

pub(crate) async fn fetch(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    worker: &str,
    which: &str,
) -> Answer {
    let worker: Worker = contents::find(call, workspace, call.sid(worker)?).await?;
    let channel = find(call, &worker, which).await?;
    let held = task_list::held_by(call, workspace, worker.sid).await?;
    Ok(Reply::ok(render(call, &worker, &channel, &held)))
}

pub(crate) async fn update(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    worker: &str,
    which: &str,
) -> Answer {
    let sid: WorkerSid = call.sid(worker)?;
    let capacity = call.form.integer("Capacity", 0, CAPACITY_MAX)?;
    let capacity = capacity.and_then(|capacity| u32::try_from(capacity).ok());
    let available = call.form.flag("Available")?;
    let worker: Worker = contents::find(call, workspace, sid).await?;
    let channel = find(call, &worker, which).await?;
    let apply = |worker: &mut Worker| {
        let mut changed = worker.capacity(channel.sid);
        changed.capacity = capacity.unwrap_or(changed.capacity);
        changed.available = available.unwrap_or(changed.available);
        if changed != worker.capacity(channel.sid) {
            worker.channels.insert(channel.sid, changed);
        }
    };
    let check = async || {
        contents::check::<TaskChannel>(call, workspace, "TaskChannel", channel.sid)
            .await
            .map(|_| ())
    };
    let worker = contents::change(call, workspace, sid, check, apply).await?;
    let held = task_list::held_by(call, workspace, sid).await?;
    Ok(Reply::ok(render(call, &worker, &channel, &held)))
}

async fn find(call: &Call<'_>, worker: &Worker, which: &str) -> Result<TaskChannel, ApiError> {
    let found = match which.parse::<WorkerChannelSid>() {
        Ok(sid) => {
            let all: Vec<TaskChannel> = contents::all(call, worker.workspace).await?;
            all.into_iter().find(|channel| worker.channel_sid(channel.sid) == sid)
        }
        Err(_) => task_channels::resolve(call, worker.workspace, which).await?,
    };
    found.ok_or_else(|| call.not_found())
}

/// A worker channel has no dates of its own: it is as old as the younger of worker and task channel, and
/// changes with the worker. Tasks that they took are assigned; those they were only asked to take fill their
/// capacity as well.
pub(crate) fn render(
    call: &Call<'_>,
    worker: &Worker,
    channel: &TaskChannel,
    held: &[Task],
) -> Value {
    let capacity = worker.capacity(channel.sid);
    let mine = held
        .iter()
        .filter(|task| task.channel == channel.sid)
        .flat_map(|task| task.open_reservations().filter(|one| one.worker == worker.sid));
    let (mut assigned, mut open) = (0_u32, 0_u32);
    for reservation in mine {
        open += 1;
        assigned += u32::from(reservation.status != ReservationStatus::Pending);
    }
    let sid = worker.channel_sid(channel.sid);
    let url = contents::url::<Worker>(call, worker.workspace, worker.sid);
    let created = worker.created.max(channel.created);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": worker.workspace,
        "worker_sid": worker.sid,
        "sid": sid,
        "task_channel_sid": channel.sid,
        "task_channel_unique_name": channel.unique_name,
        "configured_capacity": capacity.capacity,
        "available": capacity.available,
        "assigned_tasks": assigned,
        "available_capacity_percentage": free_percentage(capacity.capacity, open),
        "date_created": created.iso(),
        "date_updated": worker.updated.max(created).iso(),
        "url": format!("{url}/Channels/{sid}"),
    })
}
