//! The one commit: everything a decision holds, or nothing.
//!
//! An answer can get lost after a write was carried out, and the SDK then repeats the request, whose condition its
//! own first attempt has made false. So every commit has an id, which its first item keeps among its last few. A
//! condition that fails makes the table show the item that is there: if that has the id, the commit was carried out, and
//! a transaction was carried out whole, so one item tells it of all. An item that is gone tells the same of its
//! removal. (DynamoDB also knows a repeated transaction by its token, for ten minutes.)

use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{CertainRoad, Effect, InviteRequest};
use switchboard_domain::record::Record;
use switchboard_domain::task::Task;
use switchboard_domain::version::CommitId;

use crate::Store;
use crate::error::StoreError;
use crate::item::{self, Item, carried_id, derived_id, item};
use crate::place::Place;
use crate::road::{Condition, Held, Refusal, Write};

/// At most this many records fit into one transaction.
const RECORDS_MAX: usize = 100;

/// What a commit leaves to be sent, each effect with its deduplication id.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Committed {
    /// The effects.
    pub effects: Vec<(String, Effect)>,
}

/// New records must not exist; others must have the version that was loaded, and come from the same commits: a
/// record that was removed and made again in between has got the same version by others.
fn condition(record: &Record) -> Condition {
    let version = record.version();
    if version.is_new() {
        return Condition::Absent;
    }
    Condition::Version { number: version.number(), commits: version.commits_read() }
}

impl Store {
    /// Commits a decision. One record is a conditional write, several are a transaction. The same commit, known by
    /// its id, can be repeated: once it was carried out it succeeds without any effect.
    ///
    /// # Errors
    /// `Conflict` if a record changed since it was loaded, or if so many others wrote it between a commit whose
    /// answer was lost and its repetition that the id is forgotten: [`switchboard_domain::version::COMMITS_KEPT`].
    pub async fn commit(
        &self,
        decision: &Decision,
        commit: CommitId,
    ) -> Result<Committed, StoreError> {
        let writes = self.writes(decision, commit)?;
        let operation = match writes.as_slice() {
            [] => return Ok(Self::effects(decision)),
            [one] if one.item.is_none() => "DeleteItem",
            [_] => "PutItem",
            _ => "TransactWriteItems",
        };
        if writes.len() > RECORDS_MAX {
            let reason = format!("{} records in one decision", writes.len());
            return Err(StoreError::Defect { operation, reason });
        }
        let only_removes = decision.puts.is_empty();
        match self.road.write(writes).await {
            Ok(()) => {}
            Err(Refusal::Held(held)) if is_done(&held, commit, only_removes) => {}
            Err(Refusal::Held(held)) => return Err(conflict(&held, decision)),
            Err(other) => return Err(other.of(operation)),
        }
        Ok(Self::effects(decision))
    }

    /// The effects of a decision with the ids they get, or got when it was committed before.
    pub fn effects(decision: &Decision) -> Committed {
        let Some(first) = decision.puts.first() else {
            return Committed::default();
        };
        let (pk, version) = (Place::of(first).key.pk, first.version().number() + 1);
        // The relay numbers what the item carries.
        let mut carried = 0;
        let effects = decision.effects.iter().map(|effect| {
            let id = match derived(decision, effect) {
                Some(id) => id,
                None => carried_id(&pk, version, carried, effect, first),
            };
            carried += usize::from(effect.certain_road() == CertainRoad::Carried);
            (id, effect.clone())
        });
        Committed { effects: effects.collect() }
    }

    fn writes(&self, decision: &Decision, commit: CommitId) -> Result<Vec<Write>, StoreError> {
        if decision.puts.is_empty() && !decision.effects.is_empty() {
            return Err(StoreError::Defect {
                operation: "commit",
                reason: "effects without a record to carry them".to_owned(),
            });
        }
        let mut writes = Vec::with_capacity(decision.puts.len() + decision.deletes.len());
        for (place, record) in decision.puts.iter().enumerate() {
            let (effects, commit): (&[Effect], _) = match place {
                0 => (&decision.effects, Some(commit)),
                _ => (&[], None),
            };
            let (key, item) = item(record, effects, commit)?;
            let address = self.address(key)?;
            writes.push(Write { address, item: Some(item), condition: condition(record) });
        }
        for record in &decision.deletes {
            let address = self.address(Place::of(record).key)?;
            writes.push(Write { address, item: None, condition: condition(record) });
        }
        Ok(writes)
    }
}

/// Whether what is in the way is the commit itself, carried out before: its first item tells it of all. An item that was
/// there when it was loaded and is gone has been removed, whichever writer did it.
fn is_done(held: &[Held], commit: CommitId, only_removes: bool) -> bool {
    let is_own = held.iter().any(|one| match one {
        Held::Failed(item) => is_by(item.as_ref(), commit),
        Held::Up | Held::Conflict => false,
    });
    is_own || (only_removes && held.iter().all(|one| *one == Held::Failed(None)))
}

/// Which kinds of records were in the way.
fn conflict(held: &[Held], decision: &Decision) -> StoreError {
    let kinds: Vec<_> = decision.puts.iter().chain(&decision.deletes).map(Record::kind).collect();
    let failed = held.iter().zip(&kinds).filter(|(one, _)| matches!(one, Held::Failed(_)));
    let failed: Vec<_> = failed.map(|(_, kind)| *kind).collect();
    let passing = failed.is_empty();
    // A write alone is known by its kind, whatever is in its way.
    StoreError::Conflict { kinds: if kinds.len() == 1 { kinds } else { failed }, passing }
}

/// The id of what the relay works out from the task.
fn derived(decision: &Decision, effect: &Effect) -> Option<String> {
    let Effect::Invite(InviteRequest::Seat { task, .. }) = effect else { return None };
    let mut tasks = decision.puts.iter().filter_map(Record::get::<Task>);
    let written = tasks.find(|one| one.sid == *task)?;
    Some(derived_id(*task, written.version.number() + 1))
}

/// Whether a commit is among the last ones of the item that was in the way.
fn is_by(item: Option<&Item>, commit: CommitId) -> bool {
    item.and_then(item::version).is_some_and(|version| version.is_by(commit))
}
