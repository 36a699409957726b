//! Where tasks are found: by their identifier, in their workspace, with their worker.

use switchboard_domain::sid::{TaskSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::TaskQueue;
use switchboard_rest::{ApiError, Call};
use switchboard_store::{Cursor, Key, Listing, Page, key, take};

use crate::contents;

/// The highest priority (rule D.6).
pub(crate) const PRIORITY_MAX: i64 = 0x7fff_ffff;
/// At most this many tasks are read at a time when one is looked for.
const LOOKED_THROUGH: usize = 200;

/// Whether a task is shown no more; the table drops it in its own time.
pub(crate) fn is_gone(task: &Task, now: Timestamp) -> bool {
    task.expires().is_some_and(|expires| expires <= now)
}

/// One that the path names.
pub(crate) async fn find(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: TaskSid,
) -> Result<Task, ApiError> {
    let found: Option<Task> = call.on.store.get(key::task(sid)).await?;
    found
        .filter(|task| task.workspace == workspace && !is_gone(task, call.now))
        .ok_or_else(|| call.not_found())
}

/// Some tasks, as they are now.
pub(crate) async fn these(call: &Call<'_>, sids: &[TaskSid]) -> Result<Vec<Task>, ApiError> {
    let keys: Vec<Key> = sids.iter().copied().map(key::task).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    Ok(keys.iter().filter_map(|key| take(&mut found, key)).collect())
}

/// A task that is not over and passes the test: one of those that routers wrote last, as the workspace's head
/// remembers them, or the oldest that is listed. The list is a moment behind the table: a task that was created just
/// now, and that no router has seen, may be missed; the router gives it up then.
pub(crate) async fn first_open(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    recent: &[TaskSid],
    test: impl Fn(&Task) -> bool,
) -> Result<Option<Task>, ApiError> {
    let recent = these(call, recent).await?;
    let mut open = recent.into_iter().filter(|task| !task.status.is_over());
    if let Some(found) = open.find(&test) {
        return Ok(Some(found));
    }
    let mut cursor: Option<Cursor> = None;
    loop {
        let page: Page<Task> = call
            .on
            .store
            .page(&Listing::tasks_of(workspace), cursor.as_ref(), LOOKED_THROUGH)
            .await?;
        let mut open = page.records.into_iter().filter(|task| !task.status.is_over());
        if let Some(found) = open.find(&test) {
            return Ok(Some(found));
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(None),
        }
    }
}

/// The tasks that a worker has a reservation for. The table lists a task under one worker only; where queues
/// ask several workers at once, all tasks of the workspace are looked through.
pub(crate) async fn held_by(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    worker: WorkerSid,
) -> Result<Vec<Task>, ApiError> {
    let queues: Vec<TaskQueue> = contents::all(call, workspace).await?;
    let alone = queues.iter().all(|queue| queue.max_reserved_workers <= 1);
    let source =
        if alone { Listing::tasks_of_worker(worker) } else { Listing::tasks_of(workspace) };
    let mut held: Vec<Task> = call.on.store.all(&source).await?;
    held.retain(|task| {
        !is_gone(task, call.now) && task.reservations.iter().any(|one| one.worker == worker)
    });
    Ok(held)
}
