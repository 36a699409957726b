//! All items of all tables, as they are now, to see afterwards what is different.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use switchboard_domain::effect::Effect;

use crate::aws::deployment::Deployment;

/// An item that is not as it was before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The table, without the stack's name.
    pub table: String,
    /// What the item is, or was: `Conversation`.
    pub kind: String,
    /// Its partition key.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
    /// Whether it is gone.
    pub is_deleted: bool,
    /// What its last change asked of other functions.
    pub effects: Vec<Effect>,
}

type Item = HashMap<String, AttributeValue>;

/// The items by table, partition key and sort key.
pub(super) struct Snapshot(BTreeMap<[String; 3], Item>);

impl Snapshot {
    /// Reads everything.
    pub(super) async fn take(deployment: &Deployment, tables: &BTreeSet<String>) -> Result<Self> {
        let client = deployment.dynamodb("invoke");
        let mut items = BTreeMap::new();
        for table in tables {
            let name = deployment.table_name(table);
            let mut pages = client.scan().table_name(name).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item?;
                items.insert([table.clone(), text(&item, "pk"), text(&item, "sk")], item);
            }
        }
        Ok(Self(items))
    }

    /// What changed between this and a later one.
    pub(super) fn changes(&self, later: &Self) -> Result<Vec<Change>> {
        let places: BTreeSet<&[String; 3]> = self.0.keys().chain(later.0.keys()).collect();
        let mut changes = Vec::new();
        for place in places {
            let (before, after) = (self.0.get(place), later.0.get(place));
            let Some(item) = after.or(before).filter(|_| before != after) else { continue };
            let effects = match item.get("fx").filter(|_| after.is_some()) {
                Some(AttributeValue::S(text)) => serde_json::from_str(text)?,
                _ => Vec::new(),
            };
            let [table, pk, sk] = place.clone();
            let (kind, is_deleted) = (text(item, "kind"), after.is_none());
            changes.push(Change { table, kind, pk, sk, is_deleted, effects });
        }
        Ok(changes)
    }
}

fn text(item: &Item, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}
