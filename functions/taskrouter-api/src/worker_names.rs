//! The names of workers, each unique in its workspace in any case: a name is an item whose key it is, so that whoever takes one
//! reads that item and not all workers.
//!
//! A workspace from before there were such items has a head that says so. There a name is still looked for among
//! all workers, and each time one is taken, some workers get their items after all, until everybody has theirs.

use switchboard_domain::codes::Code;
use switchboard_domain::decision::Decision;
use switchboard_domain::head::{Head, NamesKept};
use switchboard_domain::record::Record;
use switchboard_domain::sid::WorkerSid;
use switchboard_domain::workspace::{Worker, WorkerName};
use switchboard_rest::{ApiError, Call};
use switchboard_store::{Key, key};

use crate::contents;

/// At most this many workers get their items with one change: a transaction holds a hundred records.
const MADE_UP_FOR_MAX: usize = 80;

/// Takes a name for a worker, unless another one has it. As the head is part of every change of a workspace, nobody can have taken
/// it since the rule loaded the head.
pub(crate) async fn take(
    call: &Call<'_>,
    head: &mut Head,
    worker: &Worker,
) -> Result<Decision, ApiError> {
    let name = worker.name();
    let known: Option<WorkerName> = call.on.store.get(key::worker_name(&name)).await?;
    match known {
        Some(known) if known.worker != worker.sid => Err(taken(known.worker)),
        // They had it before there were items, and one was made since.
        Some(_) => Ok(Decision::unchanged()),
        None if head.names == NamesKept::All => Ok(Decision::put(name)),
        None => Ok(make_up(call, head, worker).await?.and(name)),
    }
}

/// Gives a worker's name back, if an item keeps it.
pub(crate) async fn give_back(call: &Call<'_>, worker: &Worker) -> Result<Decision, ApiError> {
    let kept: Option<WorkerName> = call.on.store.get(key::worker_name(&worker.name())).await?;
    let kept = kept.filter(|name| name.worker == worker.sid);
    Ok(kept.map_or_else(Decision::unchanged, |name| Decision::unchanged().without(name)))
}

/// Looks for the name among all workers, and makes the items of some who have none.
async fn make_up(call: &Call<'_>, head: &mut Head, worker: &Worker) -> Result<Decision, ApiError> {
    let all: Vec<Worker> = contents::all(call, worker.workspace).await?;
    let others = || all.iter().filter(|other| other.sid != worker.sid);
    let name = worker.name().name;
    if let Some(other) = others().find(|other| other.name().name == name) {
        return Err(taken(other.sid));
    }
    let done = match head.names {
        NamesKept::UpTo(sid) => Some(sid),
        NamesKept::Nobodys | NamesKept::All => None,
    };
    let rest: Vec<&Worker> = others().filter(|other| Some(other.sid) > done).collect();
    let (some, is_rest) = (rest.iter().take(MADE_UP_FOR_MAX), rest.len() <= MADE_UP_FOR_MAX);
    let names: Vec<WorkerName> = some.map(|worker| worker.name()).collect();
    head.names = match names.last() {
        Some(last) if !is_rest => NamesKept::UpTo(last.worker),
        Some(_) | None => NamesKept::All,
    };
    let keys: Vec<Key> = names.iter().map(key::worker_name).collect();
    let found = call.on.store.get_all(&keys).await?;
    let missing = names.into_iter().filter(|name| !found.contains_key(&key::worker_name(name)));
    Ok(Decision { puts: missing.map(Record::from).collect(), ..Decision::default() })
}

fn taken(by: WorkerSid) -> ApiError {
    ApiError::saying(Code::AlreadyExists, format!("Worker {by} has this FriendlyName already"))
}
