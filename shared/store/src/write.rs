//! The one commit: everything a decision holds, or nothing.
//!
//! An answer can get lost after a write was carried out, and the SDK then repeats the request, whose condition its
//! own first attempt has made false. So every commit has an id, which its first item keeps among its last few. A
//! condition that fails makes the table show the item that is there: if that has the id, the commit was carried out, and
//! a transaction was carried out whole, so one item tells it of all. An item that is gone tells the same of its
//! removal. (DynamoDB also knows a repeated transaction by its token, for ten minutes.)

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Effect;
use switchboard_domain::record::Record;
use switchboard_domain::version::{CommitId, Version};

use crate::Store;
use crate::error::{CONDITION_FAILED, StoreError, classify, classify_transaction};
use crate::item::{self, Item, effect_id, item};
use crate::place::Place;

/// At most this many records fit into one transaction.
const RECORDS_MAX: usize = 100;

/// A condition that fails shows the item that is there.
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// What a commit leaves to be sent, each effect with its deduplication id.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Committed {
    /// The effects.
    pub effects: Vec<(String, Effect)>,
}

/// One write with its condition.
struct Write {
    kind: &'static str,
    table: String,
    action: Action,
    version: Version,
}

enum Action {
    Put(Item),
    Delete(Item),
}

/// What a write asks of the item in its place.
struct Condition {
    expression: &'static str,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Write {
    /// New records must not exist; others must have the version that was loaded, and come from the same commits: a
    /// record that was removed and made again in between has got the same version by others.
    fn condition(&self) -> Condition {
        if self.version.is_new() {
            return Condition { expression: "attribute_not_exists(pk)", values: None };
        }
        let loaded = AttributeValue::N(self.version.to_string());
        let mut values = HashMap::from([(":loaded".to_owned(), loaded)]);
        let mut expression = "v = :loaded";
        if let Some(commits) = self.version.commits_read() {
            values.insert(":commits".to_owned(), AttributeValue::B(Blob::new(commits)));
            expression = "v = :loaded AND c = :commits";
        }
        Condition { expression, values: Some(values) }
    }

    fn into_transact(self) -> Result<TransactWriteItem, StoreError> {
        let defect = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Defect {
            operation: "TransactWriteItems",
            reason: error.to_string(),
        };
        let Condition { expression, values } = self.condition();
        Ok(match self.action {
            Action::Put(item) => {
                let put = Put::builder()
                    .table_name(self.table)
                    .set_item(Some(item))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ALL_OLD);
                TransactWriteItem::builder().put(put.build().map_err(defect)?).build()
            }
            Action::Delete(key) => {
                let delete = Delete::builder()
                    .table_name(self.table)
                    .set_key(Some(key))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ALL_OLD);
                TransactWriteItem::builder().delete(delete.build().map_err(defect)?).build()
            }
        })
    }
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
        let mut writes = self.writes(decision, commit)?;
        match writes.len() {
            0 => {}
            1 => self.write(writes.remove(0), commit).await?,
            count if count > RECORDS_MAX => {
                return Err(StoreError::Defect {
                    operation: "TransactWriteItems",
                    reason: format!("{count} records in one decision"),
                });
            }
            _ => self.transact(writes, commit).await?,
        }
        Ok(Self::effects(decision))
    }

    async fn transact(&self, writes: Vec<Write>, commit: CommitId) -> Result<(), StoreError> {
        let kinds: Vec<&'static str> = writes.iter().map(|write| write.kind).collect();
        let only_removes = writes.iter().all(|write| matches!(write.action, Action::Delete(_)));
        let items: Result<Vec<_>, _> = writes.into_iter().map(Write::into_transact).collect();
        let request = self.client.transact_write_items().set_transact_items(Some(items?));
        let Err(error) = request.send().await else { return Ok(()) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        {
            let reasons = canceled.cancellation_reasons();
            let is_own = reasons.iter().any(|reason| is_by(reason.item(), commit));
            if is_own || (only_removes && reasons.iter().all(is_gone)) {
                return Ok(());
            }
        }
        Err(classify_transaction(error, &kinds))
    }

    /// The effects of a decision with the ids they get, or got when it was committed before.
    pub fn effects(decision: &Decision) -> Committed {
        let Some(first) = decision.puts.first() else {
            return Committed::default();
        };
        let (pk, version) = (Place::of(first).key.pk, first.version().number() + 1);
        // The relay numbers what the item carries.
        let (relayed, others): (Vec<&Effect>, Vec<&Effect>) =
            decision.effects.iter().partition(|effect| effect.is_relayed());
        let numbered = relayed.into_iter().chain(others).enumerate();
        let effects =
            numbered.map(|(place, effect)| (effect_id(&pk, version, place), effect.clone()));
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
            let (table, item) = item(record, effects, commit)?;
            writes.push(self.prepared(record, self.name(table)?, Action::Put(item)));
        }
        for record in &decision.deletes {
            let key = Place::of(record).key;
            let item = Item::from([
                ("pk".to_owned(), AttributeValue::S(key.pk)),
                ("sk".to_owned(), AttributeValue::S(key.sk)),
            ]);
            writes.push(self.prepared(record, self.name(key.table)?, Action::Delete(item)));
        }
        Ok(writes)
    }

    fn prepared(&self, record: &Record, table: &str, action: Action) -> Write {
        Write { kind: record.kind(), table: table.to_owned(), action, version: record.version() }
    }

    async fn write(&self, write: Write, commit: CommitId) -> Result<(), StoreError> {
        let (Condition { expression, values }, kind) = (write.condition(), write.kind);
        let outcome = match write.action {
            Action::Put(item) => {
                let put = self.client.put_item().table_name(write.table).set_item(Some(item));
                let put = put.condition_expression(expression);
                let put = put.set_expression_attribute_values(values);
                match put.return_values_on_condition_check_failure(ALL_OLD).send().await {
                    Ok(_) => Ok(()),
                    Err(error) => match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(failed))
                            if is_by(failed.item(), commit) =>
                        {
                            Ok(())
                        }
                        _ => Err(classify("PutItem", error)),
                    },
                }
            }
            Action::Delete(key) => {
                let delete = self.client.delete_item().table_name(write.table).set_key(Some(key));
                let delete = delete.condition_expression(expression);
                let delete = delete.set_expression_attribute_values(values);
                match delete.return_values_on_condition_check_failure(ALL_OLD).send().await {
                    Ok(_) => Ok(()),
                    Err(error) => match error.as_service_error() {
                        // It was there when it was loaded: whichever writer removed it, it is removed.
                        Some(DeleteItemError::ConditionalCheckFailedException(failed))
                            if failed.item().is_none() =>
                        {
                            Ok(())
                        }
                        _ => Err(classify("DeleteItem", error)),
                    },
                }
            }
        };
        outcome.map_err(|error| match error {
            StoreError::Conflict { passing, .. } => {
                StoreError::Conflict { kinds: vec![kind], passing }
            }
            other => other,
        })
    }
}

/// Whether a commit is among the last ones of the item that was in the way.
fn is_by(item: Option<&Item>, commit: CommitId) -> bool {
    item.and_then(item::version).is_some_and(|version| version.is_by(commit))
}

/// Whether the item that was to be removed is not there any more.
fn is_gone(reason: &CancellationReason) -> bool {
    reason.code() == Some(CONDITION_FAILED) && reason.item().is_none()
}
