//! A router with the head that its picture was built on.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Effect, RouterEvent, RouterSubject};
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::record::Record;
use switchboard_domain::routing::router::Router;
use switchboard_domain::sid::{RequestSid, Sid as _, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key::{self, Place};
use switchboard_store::{Key, Listing, StoreError};

/// The index that lists tasks has surely caught up by then.
const CAUGHT_UP: Millis = Millis::seconds(30);

/// At most this many turns are made in one go, each a transaction of a hundred records at most.
const TURNS_MAX: usize = 5;

/// At most this many times a head that moves is tried to be taken over: a redelivery comes a minute later.
const TAKEOVERS_MAX: usize = 8;

/// A router and its fence.
pub(crate) struct Warm {
    router: Router,
    head: Head,
    built: Timestamp,
    /// Whether the tasks were listed once more since: the index may have been a moment behind.
    is_complete: bool,
}

/// The held picture, brought up to date if it can be told what was changed; else a new one. Nothing if there is
/// no such workspace.
pub(crate) async fn refresh(
    on: &Dependencies,
    mut held: Option<Warm>,
    workspace: WorkspaceSid,
) -> Result<Option<Warm>, Failure> {
    for _ in 0..TAKEOVERS_MAX {
        let head: Option<Head> = on.store.get(key::head(workspace)).await?;
        let Some(mut head) = head else {
            return Ok(None);
        };
        if let Some(mut warm) = held.take().filter(|held| held.head.owner == head.owner)
            && warm.follow(on, &head).await?
        {
            return Ok(Some(warm));
        }
        // The router that held the picture before cannot commit any more from here on, and what it did is in the table.
        head.take_over(on.mint::<RequestSid>().to_string());
        match on.commit(&Decision::put(head.clone())).await {
            Ok(_) => head.version += 1,
            // Not only routers move the head: every change of a worker or of the configuration does.
            Err(StoreError::Conflict { .. }) => continue,
            Err(error) => return Err(error.into()),
        }
        return build(on, workspace, head).await;
    }
    Err(Failure::Unavailable(format!(
        "the head moved {TAKEOVERS_MAX} times while it was taken over"
    )))
}

/// Reads the whole workspace. Changes while it is read move the head, and the first commit notices.
async fn build(
    on: &Dependencies,
    workspace: WorkspaceSid,
    head: Head,
) -> Result<Option<Warm>, Failure> {
    let configuration = Listing::contents_of(workspace);
    let records = on.store.everything(&configuration).await?;
    let own = records.iter().find_map(|record| match record {
        Record::Workspace(workspace) => Some(Workspace::clone(workspace)),
        _ => None,
    });
    let Some(own) = own else { return Ok(None) };
    let mut router = Router::new(own);
    records.into_iter().for_each(|record| router.learn(record));
    let recent: Vec<Key> = head.recent.iter().map(|task| key::task(*task)).collect();
    on.store.get_all(&recent).await?.into_values().for_each(|record| router.learn(record));
    let mut warm = Warm { router, head, built: on.now(), is_complete: false };
    warm.learn_listed(on, workspace).await?;
    Ok(Some(warm))
}

impl Warm {
    /// Learns every task that the index lists.
    async fn learn_listed(
        &mut self,
        on: &Dependencies,
        workspace: WorkspaceSid,
    ) -> Result<(), Failure> {
        let tasks: Vec<Task> = on.store.all(&Listing::tasks_of(workspace)).await?;
        tasks.into_iter().for_each(|task| self.router.learn(task.into()));
        Ok(())
    }

    /// Reads what was changed under the head since this picture was built or brought up to date; false if that is
    /// not known.
    async fn follow(&mut self, on: &Dependencies, head: &Head) -> Result<bool, Failure> {
        let Some(changes) = head.changes_since(self.head.version.number()) else {
            return Ok(false);
        };
        let changed: BTreeMap<PartSid, Key> =
            changes.iter().map(|part| (*part, key::part(head.workspace, *part))).collect();
        let keys: Vec<Key> = changed.values().cloned().collect();
        let mut found = on.store.get_all(&keys).await?;
        for (part, key) in changed {
            match found.remove(&key) {
                Some(record) => self.router.learn(record),
                None => self.router.forget(part),
            }
        }
        self.head = head.clone();
        Ok(true)
    }

    /// Takes a decision back and reads what it was about, as another writer was first.
    async fn take_back(&mut self, on: &Dependencies, lost: &Decision) -> Result<(), Failure> {
        self.router.lost(lost);
        let keys: Vec<Key> = lost.puts.iter().map(|record| Place::of(record).key).collect();
        let found = on.store.get_all(&keys).await?;
        found.into_values().for_each(|record| self.router.learn(record));
        Ok(())
    }

    /// Reads which tasks changed, and those whose offers would be ended now. Workers and configuration were read before:
    /// their changes move the head.
    pub(crate) async fn learn(
        &mut self,
        on: &Dependencies,
        workspace: WorkspaceSid,
        subjects: &BTreeSet<RouterSubject>,
    ) -> Result<(), Failure> {
        let key_of = |subject: &RouterSubject| match subject {
            RouterSubject::Task(sid) => Some(key::task(*sid)),
            RouterSubject::Answer(reservation, _) => Some(key::task(reservation.kin(0))),
            RouterSubject::Worker(_) | RouterSubject::Configuration | RouterSubject::Clock => None,
        };
        if !self.is_complete
            && subjects.contains(&RouterSubject::Clock)
            && on.now() >= self.built + CAUGHT_UP
        {
            self.learn_listed(on, workspace).await?;
            self.is_complete = true;
        }
        let mut keys: Vec<Key> = subjects.iter().filter_map(key_of).collect();
        let overdue = self.router.overdue(on.now()).into_iter().map(key::task);
        let overdue: Vec<Key> = overdue.filter(|key| !keys.contains(key)).collect();
        keys.extend_from_slice(&overdue);
        if keys.is_empty() {
            return Ok(());
        }
        let found = on.store.get_all(&keys).await?;
        overdue.iter().filter_map(|key| found.get(key)).for_each(|record| {
            self.router.learn(record.clone());
        });
        for subject in subjects {
            let Some(key) = key_of(subject) else { continue };
            match (found.get(&key).cloned(), subject) {
                (Some(record), _) => self.router.learn(record),
                (None, RouterSubject::Task(sid)) => self.router.forget_task(*sid),
                (None, _) => {}
            }
            if let RouterSubject::Answer(reservation, outcome) = subject {
                self.router.answer(*reservation, *outcome);
            }
        }
        Ok(())
    }

    /// Decides and commits, turn by turn, each under the head. False if another writer moved it or wrote what was
    /// decided on; then the picture waits to be brought up to date. What is left after some turns, the router is asked
    /// for once more, so that it has always answered in time, and others have their turn in between.
    pub(crate) async fn step(&mut self, on: &Dependencies) -> Result<bool, Failure> {
        let mut turns = 0;
        loop {
            let now = on.now();
            let turn = self.router.step(now);
            for one in &turn.warnings {
                let (code, why) = (one.fault.code(), one.fault.message());
                tracing::warn!(task.sid = %one.task, code, "{why}");
            }
            if turn.decision.is_unchanged() && turn.decision.effects.is_empty() {
                if turn.more {
                    continue;
                }
                return Ok(true);
            }
            let mut head = self.head.clone();
            head.remember(turn.decision.puts.iter().filter_map(|record| match record {
                Record::Task(task) => Some(task.sid),
                _ => None,
            }));
            turns += 1;
            let goes_on_later = turn.more && turns >= TURNS_MAX;
            let mut fenced = under(&head, &turn.decision);
            if goes_on_later {
                let (workspace, subject) = (head.workspace, RouterSubject::Clock);
                fenced.effects.push(Effect::Route(RouterEvent { workspace, subject }));
            }
            match on.commit(&fenced).await {
                Ok(committed) => {
                    head.version += 1;
                    self.head = head;
                    self.router.committed(&turn.decision);
                    on.queues.send_effects(&committed.effects, now).await;
                }
                Err(StoreError::Conflict { .. }) => {
                    self.take_back(on, &turn.decision).await?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
            if !turn.more || goes_on_later {
                return Ok(true);
            }
        }
    }
}

/// A decision under the head. The head carries the effects, as it does when the configuration changes: it has
/// room for them, while a kilobyte more of a task is two more write units.
fn under(head: &Head, decision: &Decision) -> Decision {
    Decision::put(head.clone()).with(decision.clone())
}
