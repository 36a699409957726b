//! A router with the head that its picture was built on.

use std::collections::BTreeSet;

use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Subject;
use switchboard_domain::record::Record;
use switchboard_domain::routing::router::Router;
use switchboard_domain::sid::WorkspaceSid;
use switchboard_domain::task::Task;
use switchboard_domain::workspace::{Head, Workspace};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, Listing, StoreError, Table, key};

/// A router and its fence.
pub(crate) struct Warm {
    router: Router,
    head: Head,
}

/// The held picture, if it is still true; else a new one. Nothing if there is no such workspace.
pub(crate) async fn refresh(
    on: &Dependencies,
    held: Option<Warm>,
    workspace: WorkspaceSid,
    name: &str,
) -> Result<Option<Warm>, Failure> {
    let head: Option<Head> = on.store.get(key::head(workspace)).await?;
    let Some(mut head) = head else {
        return Ok(None);
    };
    if let Some(held) = held
        && held.head == head
    {
        return Ok(Some(held));
    }
    // Whoever held the picture before can not commit any more from here on, and what he did is in the table.
    if head.owner != name {
        name.clone_into(&mut head.owner);
        match on.store.commit(&Decision::put(head.clone())).await {
            Ok(_) => head.version += 1,
            Err(StoreError::Conflict { .. }) => {
                return Err(Failure::Unavailable("two routers took over at once".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    build(on, workspace, head).await
}

/// Reads the whole workspace. Changes while it is read move the head, and the first commit notices.
async fn build(
    on: &Dependencies,
    workspace: WorkspaceSid,
    head: Head,
) -> Result<Option<Warm>, Failure> {
    let configuration = Listing::partition(Table::Routing, workspace, "");
    let records = on.store.everything(&configuration).await?;
    let own = records.iter().find_map(|record| match record {
        Record::Workspace(workspace) => Some(Workspace::clone(workspace)),
        _ => None,
    });
    let Some(own) = own else { return Ok(None) };
    let mut router = Router::new(own);
    records.into_iter().for_each(|record| router.learn(record));
    let tasks: Vec<Task> = on.store.all(&Listing::list(Table::Routing, workspace)).await?;
    tasks.into_iter().for_each(|task| router.learn(task.into()));
    Ok(Some(Warm { router, head }))
}

impl Warm {
    /// Reads what changed. Configuration needs no reading: its changes move the head.
    pub(crate) async fn learn(
        &mut self,
        on: &Dependencies,
        workspace: WorkspaceSid,
        subjects: &BTreeSet<Subject>,
    ) -> Result<(), Failure> {
        let key_of = |subject: &Subject| match subject {
            Subject::Task(sid) => Some(key::task(*sid)),
            Subject::Worker(sid) => Some(key::worker(workspace, *sid)),
            Subject::Configuration | Subject::Clock => None,
        };
        let keys: Vec<Key> = subjects.iter().filter_map(key_of).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let mut found = on.store.get_all(&keys).await?;
        for subject in subjects {
            let Some(key) = key_of(subject) else { continue };
            match (found.remove(&key), subject) {
                (Some(record), _) => self.router.learn(record),
                (None, Subject::Task(sid)) => self.router.forget_task(*sid),
                (None, Subject::Worker(sid)) => self.router.forget_worker(*sid),
                (None, Subject::Configuration | Subject::Clock) => {}
            }
        }
        Ok(())
    }

    /// Decides and commits, turn by turn, each under the head. False if somebody else moved it.
    pub(crate) async fn step(&mut self, on: &Dependencies) -> Result<bool, Failure> {
        loop {
            let now = on.now();
            let turn = self.router.step(now);
            if turn.decision.is_unchanged() {
                if turn.more {
                    continue;
                }
                return Ok(true);
            }
            let fenced = turn.decision.clone().and(self.head.clone());
            match on.store.commit(&fenced).await {
                Ok(committed) => {
                    self.head.version += 1;
                    self.router.committed(&turn.decision);
                    on.queues.send_effects(&committed.effects, now).await;
                }
                Err(StoreError::Conflict { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            if !turn.more {
                return Ok(true);
            }
        }
    }
}
