//! Reads all tables: those of a deployment in this process or behind an endpoint, or any by the SDK.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use switchboard_check::{Snapshot, TABLES, name};
use switchboard_store::{Table, TableNames};

use crate::aws::deployment::Deployment;
use crate::aws::dynamo::as_sdk;

/// Reads the embedded tables of a deployment as they are, past every fault and without being counted.
///
/// # Errors
/// If the tables cannot be read, or are not in this process.
pub fn embedded(deployment: &Deployment) -> Result<Snapshot> {
    let mut snapshot = Snapshot::empty();
    for table in TABLES {
        let items = deployment.items(name(table))?;
        let items = items.context("the tables are not in this process")?;
        snapshot.add(table, items.into_iter().map(as_sdk).collect());
    }
    Ok(snapshot)
}

/// Reads the tables of a deployment, wherever they are.
///
/// # Errors
/// If the tables cannot be read.
pub async fn of_deployment(deployment: &Deployment) -> Result<Snapshot> {
    if deployment.items("routing")?.is_some() {
        return embedded(deployment);
    }
    let name = |table| Some(deployment.table_name(name(table)));
    let names = TableNames {
        conversations: name(Table::Conversations),
        interactions: name(Table::Interactions),
        routing: name(Table::Routing),
        configuration: name(Table::Configuration),
        events: name(Table::Events),
    };
    scan(&deployment.dynamodb("check"), &names).await
}

/// Scans the tables that are named.
///
/// # Errors
/// If one of them cannot be read.
pub async fn scan(client: &Client, names: &TableNames) -> Result<Snapshot> {
    let mut snapshot = Snapshot::empty();
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
            items.push(item.with_context(|| format!("table {physical} cannot be read"))?);
        }
        snapshot.add(table, items);
    }
    Ok(snapshot)
}
