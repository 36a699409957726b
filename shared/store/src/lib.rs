//! DynamoDB, and nothing but: keys, items, one commit.
//!
//! There is nothing to put another database behind: the transaction *is* the design. What a table is asked goes through
//! the SDK, or straight to tables in the same process ([`road`]). `TABLES.md` beside this crate describes every item.
#![forbid(unsafe_code)]

mod deliveries;
#[cfg(any(test, feature = "near"))]
pub mod document;
mod due;
pub mod error;
mod events;
pub mod item;
pub mod key;
mod kind;
mod list;
mod listing;
mod messages;
mod place;
pub mod reference;
pub mod road;
mod row;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use switchboard_domain::record::Record;

pub use deliveries::Deliveries;
pub use error::StoreError;
pub use events::Timeline;
pub use item::Kept;
pub use list::{Cursor, Page};
pub use listing::Listing;
pub use place::{Key, Table};
pub use row::Row;
#[cfg(any(test, feature = "near"))]
pub use row::Text;
pub use write::Committed;

use road::{Address, Near, Road};

/// At most this many items fit into one batch read.
const BATCH_READ_MAX: usize = 100;

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
    road: Road,
    names: TableNames,
}

impl Store {
    /// A store over these tables, through the SDK.
    pub const fn new(client: Client, names: TableNames) -> Self {
        Self { road: Road::Sdk(client), names }
    }

    /// A store over tables of this process.
    pub const fn near(tables: Arc<dyn Near>, names: TableNames) -> Self {
        Self { road: Road::Near(tables), names }
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

    /// The physical address of an item.
    fn address(&self, key: Key) -> Result<Address, StoreError> {
        Ok(Address { table: self.name(key.table)?.to_owned(), pk: key.pk, sk: key.sk })
    }

    /// Reads one record as it is now.
    pub async fn get<T: Kept>(&self, key: Key) -> Result<Option<T>, StoreError> {
        let found = self.road.get(self.address(key)?).await;
        found.map_err(|refusal| refusal.of("GetItem"))?.map(Row::read).transpose()
    }

    /// Reads several records, of any kinds and tables, in one request; missing ones are left out.
    pub async fn get_all(&self, keys: &[Key]) -> Result<BTreeMap<Key, Record>, StoreError> {
        let mut wanted: Vec<&Key> = keys.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
        for key in &wanted {
            tables.insert(self.name(key.table)?, key.table);
        }
        let mut found = BTreeMap::new();
        for batch in wanted.chunks(BATCH_READ_MAX) {
            let addresses: Result<_, _> =
                batch.iter().map(|key| self.address((*key).clone())).collect();
            let rows = self.road.get_all(addresses?).await;
            for (name, row) in rows.map_err(|refusal| refusal.of("BatchGetItem"))? {
                if let Some(table) = tables.get(name.as_str()) {
                    let key = list::key_of(*table, &row)?;
                    found.insert(key, row.record()?);
                }
            }
        }
        Ok(found)
    }
}

/// Takes a record of one kind out of what was read.
pub fn take<T>(found: &mut BTreeMap<Key, Record>, key: &Key) -> Option<T>
where
    T: Kept,
{
    found.remove(key).and_then(T::from_record)
}
