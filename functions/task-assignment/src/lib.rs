//! The router: the only place where reservations are made.
//!
//! Woken by: `routing.fifo`, one batch per workspace at a time. Writes: head, task, worker. Asks for: `timer`,
//! `interaction-invite`, `webhook-delivery`.
//!
//! The table is the truth; the picture of a workspace is kept warm between batches and fenced by the
//! workspace's head. The router that holds the picture has put its name into the head, and every commit moves it: if
//! another one decided in between, or a worker, a queue or a workflow was changed, the commit fails, the
//! picture is brought up to date, and the step is repeated on what is true now. The head tells what was changed;
//! the picture is built anew only if another router held it, or if more was changed than the head has room for.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod picture;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{RouterEvent, RouterSubject};
use switchboard_domain::sid::WorkspaceSid;
use switchboard_domain::task::{self, Command, Source, Task};
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::queue::{body, item_failure, log};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::key;

use picture::{Warm, refresh};

/// At most this many times a batch is routed anew when the head moved in between.
const ATTEMPTS_MAX: usize = 8;

/// The routers that this environment keeps warm.
#[derive(Default)]
pub struct Routers {
    warm: Mutex<BTreeMap<WorkspaceSid, Warm>>,
}

impl fmt::Debug for Routers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Routers").finish_non_exhaustive()
    }
}

impl Routers {
    /// Takes a warm router out; a failed step must not leave a wrong one behind.
    fn take(&self, workspace: WorkspaceSid) -> Option<Warm> {
        self.warm.lock().ok()?.remove(&workspace)
    }

    fn keep(&self, workspace: WorkspaceSid, warm: Warm) {
        if let Ok(mut all) = self.warm.lock() {
            all.insert(workspace, warm);
        }
    }
}

/// What it is started with. What fails comes again only when the message is visible again.
pub const NEEDS: Needs = Needs {
    patience: Patience::WORKER,
    variables: &[
        "TABLE_ROUTING",
        "QUEUE_INVITES",
        "QUEUE_ROUTING",
        "QUEUE_WEBHOOKS",
        "QUEUE_TIMERS",
    ],
};

/// Handles a batch. All events of a workspace are one step: they succeed or come back together.
pub async fn handle(on: &Dependencies, routers: &Routers, event: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let mut batches: BTreeMap<WorkspaceSid, (BTreeSet<RouterSubject>, Vec<String>)> =
        BTreeMap::new();
    for message in &event.records {
        let id = message.message_id.clone().unwrap_or_default();
        match body::<RouterEvent>(message) {
            Ok(event) => {
                let batch = batches.entry(event.workspace).or_default();
                batch.0.insert(event.subject);
                batch.1.push(id);
            }
            Err(failure) => {
                log(&id, &failure);
                response.batch_item_failures.push(item_failure(id));
            }
        }
    }
    for (workspace, (subjects, ids)) in batches {
        if let Err(failure) = done_in_time(route(on, routers, workspace, &subjects)).await {
            for id in ids {
                log(&id, &failure);
                response.batch_item_failures.push(item_failure(id));
            }
        }
    }
    response
}

/// Lets the workspace's router look at what changed, and commits what it decides.
async fn route(
    on: &Dependencies,
    routers: &Routers,
    workspace: WorkspaceSid,
    subjects: &BTreeSet<RouterSubject>,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS_MAX {
        let held = routers.take(workspace);
        let Some(mut warm) = refresh(on, held, workspace).await? else {
            return remove_orphans(on, workspace, subjects).await;
        };
        warm.learn(on, workspace, subjects).await?;
        let done = warm.step(on).await?;
        routers.keep(workspace, warm);
        if done {
            return Ok(());
        }
        tracing::debug!(workspace.sid = %workspace, "the head moved; routed anew");
    }
    Err(Failure::Unavailable(format!("routed {ATTEMPTS_MAX} times, each time too late")))
}

/// The workspace was deleted. A task that was made at that very moment, when no reader could see both, goes as well: it
/// asked for its router, and so it is found here.
async fn remove_orphans(
    on: &Dependencies,
    workspace: WorkspaceSid,
    subjects: &BTreeSet<RouterSubject>,
) -> Result<(), Failure> {
    for subject in subjects {
        let RouterSubject::Task(sid) = *subject else { continue };
        let rule = || async {
            let found: Option<Task> = on.store.get(key::task(sid)).await?;
            let left = found.filter(|task| task.workspace == workspace && !task.status.is_over());
            let deleted = left.map(|task| {
                task::decide(&task, Command::Delete, Source::Router, on.now()).map(Decision::from)
            });
            let decision = deleted.transpose()?.unwrap_or_default();
            Ok::<_, Failure>(((), decision))
        };
        on.decide(rule).await?;
    }
    Ok(())
}
