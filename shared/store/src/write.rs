//! The one commit: everything a decision holds, or nothing.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Effect;
use switchboard_domain::mutation::{Mutation, is_on};
use switchboard_domain::record::Record;

use crate::Store;
use crate::error::{StoreError, classify, classify_transaction};
use crate::item::{Item, effect_id, item};
use crate::key::Place;

/// So many records fit into one transaction.
const RECORDS_MAX: usize = 100;

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
    version: u64,
}

enum Action {
    Put(Item),
    Delete(Item),
}

impl Write {
    /// New records must not exist; others must have the version that was loaded.
    fn condition(&self) -> (&'static str, Option<AttributeValue>) {
        let careless = match self.kind {
            "AddressBinding" => is_on(Mutation::BindingUnconditional),
            "Head" => is_on(Mutation::HeadUnfenced),
            "Task" => is_on(Mutation::TaskUnconditional),
            _ => false,
        };
        match self.version {
            _ if careless => ("attribute_not_exists(nothing)", None),
            0 => ("attribute_not_exists(pk)", None),
            version => ("v = :loaded", Some(AttributeValue::N(version.to_string()))),
        }
    }

    fn values(&self) -> Option<std::collections::HashMap<String, AttributeValue>> {
        self.condition().1.map(|loaded| [(":loaded".to_owned(), loaded)].into())
    }

    fn into_transact(self) -> Result<TransactWriteItem, StoreError> {
        let defect = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Defect {
            operation: "TransactWriteItems",
            reason: error.to_string(),
        };
        let (condition, values) = (self.condition().0, self.values());
        Ok(match self.action {
            Action::Put(item) => {
                let put = Put::builder()
                    .table_name(self.table)
                    .set_item(Some(item))
                    .condition_expression(condition)
                    .set_expression_attribute_values(values);
                TransactWriteItem::builder().put(put.build().map_err(defect)?).build()
            }
            Action::Delete(key) => {
                let delete = Delete::builder()
                    .table_name(self.table)
                    .set_key(Some(key))
                    .condition_expression(condition)
                    .set_expression_attribute_values(values);
                TransactWriteItem::builder().delete(delete.build().map_err(defect)?).build()
            }
        })
    }
}

impl Store {
    /// Commits a decision. One record is a conditional write, several are a transaction.
    pub async fn commit(&self, decision: &Decision) -> Result<Committed, StoreError> {
        let mut writes = self.writes(decision)?;
        let kinds: Vec<&'static str> = writes.iter().map(|write| write.kind).collect();
        match writes.len() {
            0 => {}
            1 => self.write(writes.remove(0)).await?,
            count if count > RECORDS_MAX => {
                return Err(StoreError::Defect {
                    operation: "TransactWriteItems",
                    reason: format!("{count} records in one decision"),
                });
            }
            _ => {
                let items: Result<Vec<_>, _> =
                    writes.into_iter().map(Write::into_transact).collect();
                self.client
                    .transact_write_items()
                    .set_transact_items(Some(items?))
                    .send()
                    .await
                    .map_err(|error| classify_transaction(error, &kinds))?;
            }
        }
        Ok(Self::effects(decision))
    }

    /// The effects of a decision with the ids they get, or got when it was committed before.
    pub fn effects(decision: &Decision) -> Committed {
        let Some(first) = decision.puts.first() else {
            return Committed::default();
        };
        let (pk, version) = (Place::of(first).key.pk, first.version() + 1);
        let numbered = decision.effects.iter().enumerate();
        let effects =
            numbered.map(|(place, effect)| (effect_id(&pk, version, place), effect.clone()));
        Committed { effects: effects.collect() }
    }

    fn writes(&self, decision: &Decision) -> Result<Vec<Write>, StoreError> {
        if decision.puts.is_empty() && !decision.effects.is_empty() {
            return Err(StoreError::Defect {
                operation: "commit",
                reason: "effects without a record to carry them".to_owned(),
            });
        }
        let mut writes = Vec::with_capacity(decision.puts.len() + decision.deletes.len());
        for (place, record) in decision.puts.iter().enumerate() {
            let effects: &[Effect] = if place == 0 { &decision.effects } else { &[] };
            let (table, item) = item(record, effects)?;
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

    async fn write(&self, write: Write) -> Result<(), StoreError> {
        let (condition, values, kind) = (write.condition().0, write.values(), write.kind);
        let outcome = match write.action {
            Action::Put(item) => self
                .client
                .put_item()
                .table_name(write.table)
                .set_item(Some(item))
                .condition_expression(condition)
                .set_expression_attribute_values(values)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| classify("PutItem", error)),
            Action::Delete(key) => self
                .client
                .delete_item()
                .table_name(write.table)
                .set_key(Some(key))
                .condition_expression(condition)
                .set_expression_attribute_values(values)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| classify("DeleteItem", error)),
        };
        outcome.map_err(|error| match error {
            StoreError::Conflict { passing, .. } => {
                StoreError::Conflict { kinds: vec![kind], passing }
            }
            other => other,
        })
    }
}
