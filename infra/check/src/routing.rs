//! Workspaces: what a worker has to do fits their capacity, and at rest the router has nothing left to decide.

mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use switchboard_domain::head::NamesKept;
use switchboard_domain::record::Record;
use switchboard_domain::routing::router::Router;
use switchboard_domain::sid::{TaskChannelSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{Reservation, ReservationStatus, Task};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::Workspace;
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const CAPACITY: &str = "a worker has no more to do than their capacity on a task channel";
pub(crate) const SINGLE: &str = "without multitasking a worker has one task at most";
pub(crate) const WORKER: &str = "the worker of an open reservation is there";
const WORKSPACE: &str = "a workspace has one head, and what is in it its workspace";
const HELD: &str = "at rest only a reservation that waits for an answer holds its worker";
const NAMES: &str = "a worker's name is unique in the workspace";
const KEPT: &str = "an item keeps a worker's name for them";
/// Said by two witnesses: a router, and a plain search.
const WAITS: &str = "at rest nothing waits that a free worker could take";
const SETTLED: &str = "at rest the router has nothing left to decide";
const OVERDUE: &str = "at rest nothing is overdue by more than a tick";

/// Whatever the minute's tick looks after is done this long after its time.
const TICK: Millis = Millis::seconds(90);
/// A step is repeated at most this many times; each one decides something or is the last.
const STEPS_MAX: usize = 1000;

/// How much each worker has to do: open reservations by task channel.
type Loads<'a> = BTreeMap<(WorkerSid, TaskChannelSid), Vec<(&'a Task, &'a Reservation)>>;

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Routing) {
        return;
    }
    let loads = loads(view.tasks.values().copied());
    let mut within = loads.clone();
    within.values_mut().for_each(|open| open.retain(|(task, _)| !task.ignores_capacity));
    capacity(view, &within, found);
    alone(view, &within, found);
    workspaces(view, found);
    names(view, found);
    if view.at_rest {
        held(view, found);
        for workspace in view.workspaces.values() {
            at_rest(view, workspace, found);
        }
        waiting::check(view, &loads, found);
    }
}

fn loads<'a>(tasks: impl Iterator<Item = &'a Task>) -> Loads<'a> {
    let mut loads = Loads::new();
    for task in tasks {
        for one in task.open_reservations() {
            loads.entry((one.worker, task.channel)).or_default().push((task, one));
        }
    }
    loads
}

/// Capacity may be lowered below what a worker has to do already. So only that counts against it which was
/// reserved after the worker was last changed: the capacity of now was the capacity then, and whatever else
/// is open now and older was open then.
fn capacity(view: &View<'_>, loads: &Loads<'_>, found: &mut Found) {
    let skew = view.facts.map_or(Millis(0), |facts| facts.skew);
    for ((who, channel), open) in loads {
        let Some(worker) = view.workers.get(who) else {
            for (task, one) in open {
                let names = [task.reservation_sid(one).to_string(), who.to_string()];
                found.add(WORKER, "they are not", names);
            }
            continue;
        };
        let capacity = worker.capacity(*channel).capacity;
        if open.len() <= usize::try_from(capacity).unwrap_or(usize::MAX) {
            continue;
        }
        let since = worker.updated + skew;
        let newer = open.iter().filter(|(_, one)| one.created > since);
        let mut names: Vec<String> =
            newer.map(|(task, one)| task.reservation_sid(one).to_string()).collect();
        if !names.is_empty() {
            names.sort_unstable();
            names.insert(0, who.to_string());
            let what = format!("{} open reservations, capacity {capacity}", open.len());
            found.add(CAPACITY, what, names);
        }
    }
}

/// Multitasking can be turned on, but never off again.
fn alone(view: &View<'_>, loads: &Loads<'_>, found: &mut Found) {
    let mut all: BTreeMap<WorkerSid, Vec<String>> = BTreeMap::new();
    for ((who, _), open) in loads {
        let single = |task: &Task| {
            let workspace = view.workspaces.get(&task.workspace);
            workspace.is_some_and(|workspace| !workspace.multi_task_enabled)
        };
        let open = open.iter().filter(|(task, _)| single(task));
        let open = open.map(|(task, one)| task.reservation_sid(one).to_string());
        all.entry(*who).or_default().extend(open);
    }
    for (who, mut names) in all.into_iter().filter(|(_, names)| names.len() > 1) {
        let what = format!("{} open reservations", names.len());
        names.sort_unstable();
        names.insert(0, who.to_string());
        found.add(SINGLE, what, names);
    }
}

/// A worker is held by a reservation for as long as that waits for an answer.
fn held(view: &View<'_>, found: &mut Found) {
    for worker in view.workers.values() {
        let Some(occupation) = worker.occupation else { continue };
        let is_pending = view.tasks.values().any(|task| {
            let mut pending =
                task.reservations.iter().filter(|one| one.status == ReservationStatus::Pending);
            pending.any(|one| task.reservation_sid(one) == occupation.reservation)
        });
        if !is_pending {
            let names = [worker.sid.to_string(), occupation.reservation.to_string()];
            found.add(HELD, "it does not wait any more", names);
        }
    }
}

fn workspaces(view: &View<'_>, found: &mut Found) {
    for sid in view.workspaces.keys().filter(|sid| !view.heads.contains_key(sid)) {
        found.add(WORKSPACE, "it has no head", [sid]);
    }
    for sid in view.heads.keys().filter(|sid| !view.workspaces.contains_key(sid)) {
        found.add(WORKSPACE, "a head without a workspace", [sid]);
    }
    for record in &view.snapshot.records {
        let (workspace, item) = match record {
            Record::Activity(it) => (it.workspace, it.sid.to_string()),
            Record::TaskChannel(it) => (it.workspace, it.sid.to_string()),
            Record::TaskQueue(it) => (it.workspace, it.sid.to_string()),
            Record::Workflow(it) => (it.workspace, it.sid.to_string()),
            Record::Worker(it) => (it.workspace, it.sid.to_string()),
            // Tasks that are over go in their own time.
            Record::Task(it) if !it.status.is_over() => (it.workspace, it.sid.to_string()),
            _ => continue,
        };
        if !view.workspaces.contains_key(&workspace) {
            let what = format!("a {} without a workspace", record.kind());
            found.add(WORKSPACE, what, [item, workspace.to_string()]);
        }
    }
}

fn names(view: &View<'_>, found: &mut Found) {
    let mut named: HashMap<(WorkspaceSid, String), WorkerSid> = HashMap::new();
    for worker in view.workers.values() {
        let name = (worker.workspace, worker.friendly_name.to_lowercase());
        if let Some(other) = named.insert(name, worker.sid) {
            found.add(NAMES, "two have the same", [other, worker.sid]);
        }
    }
    let mut kept = BTreeSet::new();
    for name in &view.worker_names {
        match named.get(&(name.workspace, name.name.clone())) {
            Some(worker) if *worker == name.worker => drop(kept.insert(name.worker)),
            _ => found.add(KEPT, "a name that its worker does not bear", [name.worker]),
        }
    }
    for worker in view.workers.values().filter(|worker| !kept.contains(&worker.sid)) {
        let head = view.heads.get(&worker.workspace);
        if head.is_some_and(|head| head.names == NamesKept::All) {
            found.add(KEPT, "nothing keeps it", [worker.sid]);
        }
    }
}

/// A router that is built from the table alone finds nothing to decide. It looks at the moment before
/// anything is due, so that what is only just due is not held against the timers.
fn at_rest(view: &View<'_>, workspace: &Workspace, found: &mut Found) {
    let mut router = Router::new(workspace.clone());
    for record in &view.snapshot.records {
        router.learn(record.clone());
    }
    let now = view.now();
    let due = router.next_deadline();
    if let (Some(now), Some(due)) = (now, due) {
        let slack = Millis(TICK.0 + view.facts.map_or(0, |facts| facts.skew.0));
        if due + slack < now {
            let late = (now - due).0 / 1000;
            found.add(OVERDUE, format!("something is by {late} s"), [workspace.sid]);
        }
    }
    let before_due = due.map(|due| due + Millis(-1));
    let at = match (now, before_due) {
        (Some(now), Some(before)) => now.min(before),
        (Some(now), None) => now,
        (None, Some(before)) => before,
        (None, None) => Timestamp(0),
    };
    for _ in 0..STEPS_MAX {
        let turn = router.step(at);
        for record in &turn.decision.puts {
            undecided(view, record, found);
        }
        router.committed(&turn.decision);
        if !turn.more {
            return;
        }
    }
}

fn undecided(view: &View<'_>, record: &Record, found: &mut Found) {
    let Record::Task(after) = record else {
        return;
    };
    let Some(before) = view.tasks.get(&after.sid) else {
        return;
    };
    if after.next_number > before.next_number {
        let offered = after.reservations.iter().filter(|one| one.number >= before.next_number);
        let mut names = vec![after.sid.to_string()];
        names.extend(offered.map(|one| one.worker.to_string()));
        found.add(WAITS, "a task waits for them", names);
    } else {
        let what = format!("a {} task would become {}", before.status.name(), after.status.name());
        found.add(SETTLED, what, [after.sid]);
    }
}
