//! Reads all tables: those of a deployment in this process, a data folder's, or any by the SDK.

use std::collections::HashMap;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::types::AttributeValue as Embedded;
use switchboard_store::item::{self, Item};
use switchboard_store::{Table, TableNames};

use super::Snapshot;
use crate::Deployment;

/// All tables.
pub(super) const TABLES: [Table; 5] = [
    Table::Conversations,
    Table::Interactions,
    Table::Routing,
    Table::Configuration,
    Table::Events,
];

/// What a table is called, without the stack's name.
pub(super) const fn name(table: Table) -> &'static str {
    match table {
        Table::Conversations => "conversations",
        Table::Interactions => "interactions",
        Table::Routing => "routing",
        Table::Configuration => "configuration",
        Table::Events => "events",
    }
}

impl Snapshot {
    /// Reads the embedded tables of a deployment as they are, past every fault and without being counted.
    ///
    /// # Errors
    /// If the tables can not be read, or are not in this process.
    pub fn read(deployment: &Deployment) -> Result<Self> {
        let mut snapshot = Self::empty();
        for table in TABLES {
            let items = deployment.services.tables.items(&deployment.table_name(name(table)))?;
            let items = items.context("the tables are not in this process")?;
            snapshot.add(table, items.into_iter().map(as_sdk).collect());
        }
        Ok(snapshot)
    }

    /// Reads the tables of a deployment, wherever they are.
    ///
    /// # Errors
    /// If the tables can not be read.
    pub async fn of_deployment(deployment: &Deployment) -> Result<Self> {
        if deployment.services.tables.items(&deployment.table_name("routing"))?.is_some() {
            return Self::read(deployment);
        }
        let name = |table| Some(deployment.table_name(name(table)));
        let names = TableNames {
            conversations: name(Table::Conversations),
            interactions: name(Table::Interactions),
            routing: name(Table::Routing),
            configuration: name(Table::Configuration),
            events: name(Table::Events),
        };
        Self::scan(&deployment.dynamodb("check"), &names).await
    }

    /// Scans the tables that are named.
    ///
    /// # Errors
    /// If one of them can not be read.
    pub async fn scan(client: &Client, names: &TableNames) -> Result<Self> {
        let mut snapshot = Self::empty();
        for table in TABLES {
            let physical = match table {
                Table::Conversations => &names.conversations,
                Table::Interactions => &names.interactions,
                Table::Routing => &names.routing,
                Table::Configuration => &names.configuration,
                Table::Events => &names.events,
            };
            let Some(physical) = physical else { continue };
            let scan = client.scan().table_name(physical).consistent_read(true);
            let mut pages = scan.into_paginator().items().send();
            let mut items = Vec::new();
            while let Some(item) = pages.next().await {
                items.push(item.with_context(|| format!("table {physical} can not be read"))?);
            }
            snapshot.add(table, items);
        }
        Ok(snapshot)
    }

    pub(super) const fn empty() -> Self {
        Self { records: Vec::new(), tables: Vec::new(), unreadable: Vec::new() }
    }

    pub(super) fn add(&mut self, table: Table, items: Vec<Item>) {
        self.tables.push(table);
        for item in items {
            let what = described(table, &item);
            match item::record(item) {
                Ok(record) => self.records.push(record),
                Err(_) => self.unreadable.push(what),
            }
        }
    }
}

/// What an item is, without anybody's address: keys that are not identifiers are left out.
fn described(table: Table, item: &Item) -> String {
    let text = |name: &str| item.get(name).and_then(|it| it.as_s().ok()).map_or("?", |it| it);
    let pk = text("pk");
    let pk = if pk.contains('#') { "…" } else { pk };
    format!("{} {pk} in {}", text("kind"), name(table))
}

/// An item of the embedded tables, as the SDK has it.
pub(crate) fn as_sdk(item: HashMap<String, Embedded>) -> Item {
    item.into_iter().map(|(name, value)| (name, value_as_sdk(value))).collect()
}

fn value_as_sdk(value: Embedded) -> AttributeValue {
    match value {
        Embedded::S(text) => AttributeValue::S(text),
        Embedded::N(number) => AttributeValue::N(number),
        Embedded::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Embedded::BOOL(truth) => AttributeValue::Bool(truth),
        Embedded::NULL(null) => AttributeValue::Null(null),
        Embedded::SS(all) => AttributeValue::Ss(all),
        Embedded::NS(all) => AttributeValue::Ns(all),
        Embedded::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Embedded::L(all) => AttributeValue::L(all.into_iter().map(value_as_sdk).collect()),
        Embedded::M(all) => AttributeValue::M(as_sdk(all)),
    }
}
