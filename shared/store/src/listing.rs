//! Lists of records, which only the kinds of records know how to ask for.

use switchboard_domain::record::Record;

use crate::place::{DUE, FLOWS, Place, SCHEDULED, Table};

/// Sorts before every sort key that we write. A key in a condition may not be empty.
const FIRST: &str = " ";

/// Sorts behind every sort key that we write.
const LAST: &str = "\u{10FFFF}";

/// A list of records, in an order. Each kind says which lists it is in (`kind/`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub(crate) table: Table,
    pub(crate) index: Option<&'static str>,
    pub(crate) partition: String,
    pub(crate) low: String,
    pub(crate) high: String,
    pub(crate) descending: bool,
}

impl Listing {
    /// The items of a partition of the table itself whose sort key starts so.
    pub(crate) fn partition(table: Table, pk: impl ToString, prefix: &str) -> Self {
        let low = if prefix.is_empty() { FIRST } else { prefix };
        Self {
            table,
            index: None,
            partition: pk.to_string(),
            low: low.to_owned(),
            high: format!("{prefix}{LAST}"),
            descending: false,
        }
    }

    /// The items of a partition of the index `list`.
    pub(crate) fn list(table: Table, pk: impl ToString) -> Self {
        Self { index: Some("list"), high: LAST.to_owned(), ..Self::partition(table, pk, "") }
    }

    /// The items of a partition of the index `worker`.
    pub(crate) fn by_worker(table: Table, pk: impl ToString) -> Self {
        Self { index: Some("worker"), ..Self::list(table, pk) }
    }

    /// The conversations to be looked at, in order of time.
    pub(crate) fn due() -> Self {
        Self::due_in(Table::Conversations)
    }

    /// What is to be looked at of a table, in order of time.
    pub(crate) fn due_in(table: Table) -> Self {
        Self { index: Some("due"), ..Self::list(table, DUE) }
    }

    /// The messages that wait for their time, in order of it.
    pub(crate) fn scheduled() -> Self {
        Self { partition: SCHEDULED.to_owned(), ..Self::due() }
    }

    /// The executions of flows that wait for a reply, in order of the time at which they are looked at.
    pub(crate) fn waiting_flows() -> Self {
        Self { partition: FLOWS.to_owned(), ..Self::due() }
    }

    /// The other way round.
    pub fn descending(mut self) -> Self {
        self.descending = !self.descending;
        self
    }

    /// Only from this sort key to that one, both included.
    pub fn between(mut self, low: impl Into<String>, high: impl Into<String>) -> Self {
        self.low = low.into();
        self.high = high.into();
        self
    }

    /// The sort key under which this list has a record.
    pub fn edge(&self, record: &Record) -> String {
        let Place { key, list, worker, due, .. } = Place::of(record);
        let row = match self.index {
            None => None,
            Some("worker") => worker,
            Some("due") => due,
            Some(_) => list,
        };
        row.map_or(key.sk, |row| row.sk)
    }

    pub(crate) fn names(&self) -> (&'static str, &'static str) {
        match self.index {
            None => ("pk", "sk"),
            Some("worker") => ("wpk", "wsk"),
            Some("due") => ("dpk", "dsk"),
            Some(_) => ("lpk", "lsk"),
        }
    }
}
