//! DynamoDB, and nothing but: keys, items, one commit.
//!
//! There is no trait to put another database behind: the transaction *is* the design. Tests run against an
//! embedded DynamoDB. `TABLES.md` beside this crate describes every item.
#![forbid(unsafe_code)]

pub mod error;
mod events;
pub mod item;
pub mod key;
mod kind;
mod list;
mod listing;
mod messages;
mod place;
mod write;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use switchboard_domain::record::Record;

pub use error::StoreError;
pub use events::Timeline;
pub use item::Kept;
pub use list::{Cursor, Page};
pub use listing::Listing;
pub use place::{Key, Table};
pub use write::Committed;

use item::Item;

/// At most this many items fit into one batch read.
const BATCH_READ_MAX: usize = 100;
/// A batch read that is not finished after this many rounds is given up.
const BATCH_ROUNDS_MAX: usize = 8;

/// The names of the tables that a function may touch.
#[derive(Debug, Clone, Default)]
pub struct TableNames {
    /// `TABLE_CONVERSATIONS`.
    pub conversations: Option<String>,
    /// `TABLE_INTERACTIONS`.
    pub interactions: Option<String>,
    /// `TABLE_ROUTING`.
    pub routing: Option<String>,
    /// `TABLE_CONFIGURATION`.
    pub configuration: Option<String>,
    /// `TABLE_EVENTS`.
    pub events: Option<String>,
}

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    names: TableNames,
}

impl Store {
    /// A store over these tables.
    pub const fn new(client: Client, names: TableNames) -> Self {
        Self { client, names }
    }

    /// The physical name of a table.
    fn name(&self, table: Table) -> Result<&str, StoreError> {
        let (name, variable) = match table {
            Table::Conversations => (&self.names.conversations, "TABLE_CONVERSATIONS"),
            Table::Interactions => (&self.names.interactions, "TABLE_INTERACTIONS"),
            Table::Routing => (&self.names.routing, "TABLE_ROUTING"),
            Table::Configuration => (&self.names.configuration, "TABLE_CONFIGURATION"),
            Table::Events => (&self.names.events, "TABLE_EVENTS"),
        };
        name.as_deref().ok_or_else(|| StoreError::Defect {
            operation: "configuration",
            reason: format!("{variable} is not set for this function"),
        })
    }

    /// Reads one record as it is now.
    pub async fn get<T: Kept>(&self, key: Key) -> Result<Option<T>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.name(key.table)?)
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| error::classify("GetItem", error))?;
        answer.item.map(item::read).transpose()
    }

    /// Reads several records, of any kinds and tables, in one request; missing ones are left out.
    pub async fn get_all(&self, keys: &[Key]) -> Result<BTreeMap<Key, Record>, StoreError> {
        let mut wanted: Vec<&Key> = keys.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found = BTreeMap::new();
        for batch in wanted.chunks(BATCH_READ_MAX) {
            self.get_batch(batch, &mut found).await?;
        }
        Ok(found)
    }

    async fn get_batch(
        &self,
        keys: &[&Key],
        found: &mut BTreeMap<Key, Record>,
    ) -> Result<(), StoreError> {
        let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
        let mut request = std::collections::HashMap::new();
        for key in keys {
            let name = self.name(key.table)?;
            tables.insert(name, key.table);
            let entry: &mut Vec<Item> = request.entry(name.to_owned()).or_default();
            entry.push(Item::from([
                ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
                ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
            ]));
        }
        let mut pending = std::collections::HashMap::new();
        for (name, keys) in request {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let keys = keys.build().map_err(|error| StoreError::Defect {
                operation: "BatchGetItem",
                reason: error.to_string(),
            })?;
            pending.insert(name, keys);
        }
        for _ in 0..BATCH_ROUNDS_MAX {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(pending))
                .send()
                .await
                .map_err(|error| error::classify("BatchGetItem", error))?;
            for (name, items) in answer.responses.unwrap_or_default() {
                let Some(table) = tables.get(name.as_str()) else {
                    continue;
                };
                for item in items {
                    let key = list::key_of(*table, &item)?;
                    found.insert(key, item::record(item)?);
                }
            }
            pending = answer.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable {
            operation: "BatchGetItem",
            source: "some keys stayed unprocessed".into(),
        })
    }
}

/// Takes a record of one kind out of what was read.
pub fn take<T>(found: &mut BTreeMap<Key, Record>, key: &Key) -> Option<T>
where
    T: Kept,
{
    found.remove(key).and_then(T::from_record)
}
