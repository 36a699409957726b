//! The tables and queues of a data folder, read and never written: nothing has to be started.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use dynoxide::types::AttributeValue;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use switchboard_check::{Snapshot, TABLES, name};
use switchboard_domain::carriage::Arrival;
use switchboard_domain::sid::MessageSid;

use crate::aws::dynamo::as_sdk;
use crate::aws::kept::{QUEUES_FILE, TABLES_FILE};
use crate::aws::opening::STACK;

/// Reads the tables of a data folder as they are at one moment.
///
/// # Errors
/// If it is none, or cannot be read.
pub fn read(folder: &Path) -> Result<Snapshot> {
    let file = folder.join(TABLES_FILE);
    let shown = || format!("{} cannot be read: is it a data folder?", file.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&file, flags).with_context(shown)?;
    // One transaction: all tables as they were at the same time, even if somebody writes to them.
    let transaction = connection.transaction().with_context(shown)?;
    let mut snapshot = Snapshot::empty();
    for table in TABLES {
        let query = format!("SELECT item_json FROM \"{STACK}-{}\"", name(table));
        let mut statement = transaction.prepare(&query).with_context(shown)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).with_context(shown)?;
        let mut items = Vec::new();
        for row in rows {
            let text = row.with_context(shown)?;
            let item: HashMap<String, AttributeValue> =
                serde_json::from_str(&text).with_context(shown)?;
            items.push(as_sdk(item));
        }
        snapshot.add(table, items);
    }
    Ok(snapshot)
}

/// What the queue keeps of a message, as far as it is looked at here.
#[derive(Deserialize)]
struct Kept {
    body: String,
}

/// The messages of customers that wait in the queues of a data folder, dead letters among them.
///
/// # Errors
/// If it is none, or cannot be read.
pub fn waiting(folder: &Path) -> Result<BTreeSet<MessageSid>> {
    let file = folder.join(QUEUES_FILE);
    let shown = || format!("{} cannot be read: is it a data folder?", file.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).with_context(shown)?;
    let query = "SELECT content FROM message JOIN queue ON queue.serial = message.queue WHERE queue.name LIKE ?1";
    let mut statement = connection.prepare(query).with_context(shown)?;
    let inbound = format!("{STACK}-inbound%");
    let rows = statement.query_map([inbound], |row| row.get::<_, String>(0)).with_context(shown)?;
    let mut found = BTreeSet::new();
    for row in rows {
        let kept: Kept = serde_json::from_str(&row.with_context(shown)?).with_context(shown)?;
        if let Ok(Arrival::Message(message)) = serde_json::from_str(&kept.body) {
            found.insert(message.sid());
        }
    }
    Ok(found)
}
