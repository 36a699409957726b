//! What is looked at: all records of the tables at one moment.

use switchboard_domain::record::Record;
use switchboard_store::Table;
use switchboard_store::item::{self, Item};

/// All tables.
pub const TABLES: [Table; 5] = [
    Table::Conversations,
    Table::Interactions,
    Table::Routing,
    Table::Configuration,
    Table::Events,
];

/// What a table is called, without the stack's name.
pub const fn name(table: Table) -> &'static str {
    match table {
        Table::Conversations => "conversations",
        Table::Interactions => "interactions",
        Table::Routing => "routing",
        Table::Configuration => "configuration",
        Table::Events => "events",
    }
}

/// All records of the tables at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The records.
    pub records: Vec<Record>,
    /// The tables that were read; nothing is said about records that would be in another.
    pub tables: Vec<Table>,
    /// What each item that cannot be read is.
    pub unreadable: Vec<String>,
}

impl Snapshot {
    /// A snapshot that consists of these records.
    pub fn of(records: Vec<Record>) -> Self {
        Self { records, tables: TABLES.to_vec(), unreadable: Vec::new() }
    }

    /// A snapshot for which nothing was read yet.
    pub const fn empty() -> Self {
        Self { records: Vec::new(), tables: Vec::new(), unreadable: Vec::new() }
    }

    /// Adds the items of a table; one that cannot be read is a finding.
    pub fn add(&mut self, table: Table, items: Vec<Item>) {
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

/// What an item is, without any customer's address: keys that are not identifiers are left out.
fn described(table: Table, item: &Item) -> String {
    let text = |name: &str| item.get(name).and_then(|it| it.as_s().ok()).map_or("?", |it| it);
    let pk = text("pk");
    let pk = if pk.contains('#') { "…" } else { pk };
    format!("{} {pk} in {}", text("kind"), name(table))
}
