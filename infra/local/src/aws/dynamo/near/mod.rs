//! The store's own requests, past the engine: the same tables in the same SQLite database, with the few statements that
//! the store needs, prepared once, and items that never become documents.
//!
//! The engine stays the truth of what a table is: it makes the tables, answers everything else, and a test holds every
//! operation here against its own, row by row and unit by unit. What lies in the database is what the engine would have
//! put there: `"<table>"` with an item's text, `"<table>::gsi::<index>"` with the rows of an index, `_stream_records`.

mod size;
mod statements;
mod text;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchboard_store::document::{self, Heads};
use switchboard_store::item::Item;
use switchboard_store::road::{Address, Condition, Found, Held, Range, Refusal, Rows, Write};
use switchboard_store::{Row, Text};

use super::ring::{Change, Changed, Moment, View};
use crate::aws::template;

use size::{read_units, size_of, write_units};
use statements::{Index, Statements};
use text::Facts;

pub(crate) use text::written;

/// A page holds so many bytes.
const PAGE_BYTES: usize = 1024 * 1024;
/// An item holds at most so many.
const ITEM_BYTES_MAX: usize = 400 * 1024;
/// A partition key holds at most so many, and a sort key half of them.
const KEY_BYTES_MAX: usize = 2048;
/// How many statements are kept ready: what all tables together need.
const STATEMENTS_MAX: usize = 256;

/// What was done, what it cost, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Done<T> {
    pub(super) answer: T,
    pub(super) units: f64,
}

/// The tables' database, on a connection of its own.
pub(super) struct Near {
    pub(super) connection: Connection,
    tables: BTreeMap<String, Statements>,
    is_on_disk: bool,
    /// The last row of the engine's changes that is known.
    pub(super) collected: Cell<i64>,
}

/// One item as it lies there.
struct Kept {
    id: i64,
    text: String,
    bytes: usize,
}

/// What a write is going to replace.
struct Before {
    row: Option<Kept>,
    facts: Facts,
}

impl Near {
    /// Takes the tables of a template, which are there, in a file or in a memory of this name.
    pub(super) fn new(name: &str, tables: &[template::Table], is_on_disk: bool) -> Result<Self> {
        let connection = Connection::open(name)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let known = tables.iter().map(|table| {
            let statements = Statements::of(table);
            Ok((table.name.clone(), statements.with_context(|| format!("table {}", table.name))?))
        });
        let tables: BTreeMap<_, _> = known.collect::<Result<_>>()?;
        if is_on_disk {
            // Nobody waits for the disk under the lock, see `Durable`.
            connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000;")?;
        }
        // What the engine does not need: an index that finds what has expired.
        for expiry in tables.values().filter_map(|table| table.expiry.as_ref()) {
            connection.execute_batch(expiry)?;
        }
        Ok(Self { connection, tables, is_on_disk, collected: Cell::new(0) })
    }

    pub(super) const fn is_on_disk(&self) -> bool {
        self.is_on_disk
    }

    /// Whether it knows any tables: those that somebody makes by a request it does not.
    pub(super) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// What a table's stream shows.
    pub(super) fn view(&self, table: &str) -> Option<View> {
        self.tables.get(table).and_then(|table| table.view)
    }

    /// Does something whole or not at all.
    pub(super) fn transaction(&self, act: impl FnOnce() -> Result<()>) -> Result<()> {
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]);
        run("BEGIN IMMEDIATE")?;
        match act().and_then(|()| Ok(run("COMMIT").map(drop)?)) {
            Ok(()) => Ok(()),
            Err(error) => {
                // A transaction that failed may be over already.
                let _ = run("ROLLBACK");
                Err(error)
            }
        }
    }

    fn of(&self, table: &str) -> Result<&Statements, Refusal> {
        let missing = || Refusal::Defect(format!("there is no table {table}"));
        self.tables.get(table).ok_or_else(missing)
    }

    /// Reads an item.
    pub(super) fn get(&self, address: &Address) -> Result<Done<Option<Row>>, Refusal> {
        let row = self.row(self.of(&address.table)?, &address.pk, &address.sk)?;
        let units = read_units(row.as_ref().map_or(0, |row| row.bytes));
        let (pk, sk) = (address.pk.clone(), address.sk.clone());
        Ok(Done { answer: row.map(|row| Row::Text(Text { pk, sk, json: row.text })), units })
    }

    fn row(&self, table: &Statements, pk: &str, sk: &str) -> Result<Option<Kept>, Refusal> {
        let mut select = self.connection.prepare_cached(&table.select).map_err(failed)?;
        let row = select.query_row([pk, sk], |row| {
            Ok(Kept { id: row.get(0)?, text: row.get(1)?, bytes: row.get(2)? })
        });
        row.optional().map_err(failed)
    }

    /// Reads a range of a partition, of the table or of an index.
    pub(super) fn range(&self, range: &Range) -> Result<Done<Found>, Refusal> {
        let table = self.of(&range.table)?;
        let limit = range.limit.map_or(i64::MAX, i64::from);
        // Behind the last one of an earlier page: the store asks for a page at most, so this is rare.
        let start = range.start.as_ref().map(|keys| Keys::of(keys, range.names)).transpose()?;
        let (mut found, mut bytes, mut last) = (Found::default(), 0, None);
        let index = range.index.map(|name| table.index(name)).transpose()?;
        let sql = match index {
            Some(index) => index.range(range.ascending),
            None => table.range(range.ascending),
        };
        let mut select = self.connection.prepare_cached(sql).map_err(failed)?;
        let bounds = [&range.partition, &range.low, &range.high];
        let mut rows = select.query(bounds).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let keys = Keys::read(row, &range.partition, index.is_some()).map_err(failed)?;
            if start.as_ref().is_some_and(|start| !keys.is_behind(start, range.ascending)) {
                continue;
            }
            if i64::try_from(found.items.len()).unwrap_or(i64::MAX) >= limit || bytes >= PAGE_BYTES
            {
                found.last = last.take().map(Keys::entry_or_keys);
                break;
            }
            let (found_row, size) = match index {
                Some(index) => {
                    let entry = keys.entry(index);
                    let size = size_of(&entry);
                    (Row::Item(entry), size)
                }
                None => {
                    let (pk, sk) = (keys.pk.clone(), keys.sk.clone());
                    let json = row.get(1).map_err(failed)?;
                    (Row::Text(Text { pk, sk, json }), row.get(2).map_err(failed)?)
                }
            };
            bytes += size;
            last = Some((keys, index));
            found.items.push(found_row);
        }
        // A page that is full says where it ended, whether or not more follows.
        if found.last.is_none() && i64::try_from(found.items.len()).unwrap_or(0) == limit {
            found.last = last.map(Keys::entry_or_keys);
        }
        let units = read_units(bytes);
        let units = if index.is_some() { units / 2.0 } else { units };
        Ok(Done { answer: found, units })
    }

    /// Reads a page of a table.
    pub(super) fn rows(&self, wanted: &Rows) -> Result<Done<Found>, Refusal> {
        let table = self.of(&wanted.table)?;
        let start = match &wanted.start {
            Some(keys) => Keys::of(keys, ("pk", "sk"))?,
            None => Keys::default(),
        };
        let (mut found, mut bytes) = (Found::default(), 0);
        let mut select = self.connection.prepare_cached(&table.page).map_err(failed)?;
        let mut rows = select.query([&start.pk, &start.sk]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let json: String = row.get(0).map_err(failed)?;
            let heads = Heads::of(&json).map_err(unreadable)?;
            let [pk, sk] = ["pk", "sk"].map(|name| heads.key(name).unwrap_or_default().to_owned());
            let is_wanted = heads.kind() == Some(wanted.kind);
            bytes += row.get::<_, usize>(1).map_err(failed)?;
            if bytes >= PAGE_BYTES {
                let keys = [("pk", &pk), ("sk", &sk)];
                let key = |(name, key): (&str, &String)| {
                    (name.to_owned(), AttributeValue::S(key.clone()))
                };
                found.last = Some(keys.into_iter().map(key).collect());
            }
            if is_wanted {
                found.items.push(Row::Text(Text { pk, sk, json }));
            }
            if found.last.is_some() {
                break;
            }
        }
        Ok(Done { answer: found, units: read_units(bytes) / 2.0 })
    }

    /// Writes everything or nothing; `changed` are the changes that a stream has to tell.
    pub(super) fn write(
        &self,
        writes: &[Write],
        changed: &mut Vec<Change>,
        moment: &Moment,
    ) -> Result<Done<()>, Refusal> {
        let mut before = Vec::with_capacity(writes.len());
        for write in writes {
            before.push(self.before(write)?);
        }
        let held: Vec<Held> = writes.iter().zip(&before).map(held).collect::<Result<_, _>>()?;
        if held.iter().any(|one| *one != Held::Up) {
            return Err(Refusal::Held(held));
        }
        // Everything that can be refused is refused before anything is written.
        let mut after = Vec::with_capacity(writes.len());
        for Write { address, item, .. } in writes {
            let table = self.of(&address.table)?;
            after.push(item.as_ref().map(|item| After::of(item, address, table)).transpose()?);
        }
        let factor = if writes.len() > 1 { 2.0 } else { 1.0 };
        let mut units = 0.0;
        for ((write, before), after) in writes.iter().zip(before).zip(after) {
            units += self.replace(write, before, after, factor, changed, moment)?;
        }
        Ok(Done { answer: (), units })
    }

    fn before(&self, write: &Write) -> Result<Before, Refusal> {
        let table = self.of(&write.address.table)?;
        let row = self.row(table, &write.address.pk, &write.address.sk)?;
        let facts = row.as_ref().map(|row| Facts::of(&row.text, &table.attributes));
        Ok(Before { facts: facts.transpose().map_err(unreadable)?.unwrap_or_default(), row })
    }

    /// Puts an item in the place of what is there, or takes that away; the units that it costs.
    fn replace(
        &self,
        write: &Write,
        before: Before,
        after: Option<After>,
        factor: f64,
        changed: &mut Vec<Change>,
        moment: &Moment,
    ) -> Result<f64, Refusal> {
        let Address { table: name, pk, sk } = &write.address;
        let table = self.of(name)?;
        let bytes = |row: &Kept| row.bytes;
        let most =
            before.row.as_ref().map_or(0, bytes).max(after.as_ref().map_or(0, |it| it.bytes));
        let mut units = write_units(most) * factor;
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
            statement.execute(values).map(drop).map_err(failed)
        };
        match (&before.row, &after) {
            (Some(row), Some(after)) => {
                run(&table.update, params![row.id, after.text, after.bytes])?
            }
            (None, Some(after)) => {
                let hash = dynoxide::storage::compute_hash_prefix(&dynoxide::AttributeValue::S(
                    pk.clone(),
                ));
                run(&table.insert, params![pk, sk, after.text, after.bytes, hash])?;
            }
            (Some(row), None) => run(&table.delete, params![row.id])?,
            (None, None) => return Ok(units),
        }
        for index in &table.indexes {
            let old = index.entry_of(&before.facts.rows);
            let new = write.item.as_ref().and_then(|item| index.entry_in(item));
            if old == new {
                continue;
            }
            if let Some((partition, sort)) = old {
                units += write_units(index.bytes(partition, sort, pk, sk));
                run(&index.delete, params![pk, sk])?;
            }
            if let Some((partition, sort)) = new {
                units += write_units(index.bytes(partition, sort, pk, sk));
                let keys = Keys::at(partition, sort, pk, sk).entry(index);
                let text = written(&keys).map_err(unreadable)?;
                run(&index.insert, params![partition, sort, pk, sk, text])?;
            }
        }
        if let Some(view) = table.view {
            let change = Changed {
                table: name.clone(),
                pk: pk.clone(),
                sk: sk.clone(),
                old: before.row.map(|row| row.text),
                new: after.map(|after| after.text),
            };
            changed.push(Change::new(change, view, moment));
        }
        Ok(units)
    }

    /// Removes what has expired by then, some of it at a time; how much that was.
    pub(super) fn sweep(
        &self,
        changed: &mut Vec<Change>,
        moment: &Moment,
    ) -> Result<usize, Refusal> {
        let mut swept = 0;
        for (name, table) in &self.tables {
            let Some(expired) = &table.expired else { continue };
            let mut select = self.connection.prepare_cached(expired).map_err(failed)?;
            let keys = select.query_map([moment.seconds], |row| Ok((row.get(0)?, row.get(1)?)));
            let keys: Result<Vec<(String, String)>, _> = keys.map_err(failed)?.collect();
            for (pk, sk) in keys.map_err(failed)? {
                let address = Address { table: name.clone(), pk, sk };
                let write = Write { address, item: None, condition: Condition::Anything };
                let before = self.before(&write)?;
                let from = changed.len();
                self.replace(&write, before, None, 1.0, changed, moment)?;
                changed[from..].iter_mut().for_each(Change::by_the_service);
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// An item as it is going to lie there.
struct After {
    text: String,
    bytes: usize,
}

impl After {
    fn of(item: &Item, address: &Address, table: &Statements) -> Result<Self, Refusal> {
        let refused = |reason: String| Err(Refusal::Defect(reason));
        for (name, key, most) in
            [("pk", &address.pk, KEY_BYTES_MAX), ("sk", &address.sk, KEY_BYTES_MAX / 2)]
        {
            if key.is_empty() || key.len() > most {
                return refused(format!(
                    "One or more parameter values were invalid: key {name} of {} bytes",
                    key.len()
                ));
            }
        }
        for name in &table.attributes {
            if item.get(*name).is_some_and(|it| it.as_s().map_or(true, String::is_empty)) {
                return refused(format!(
                    "One or more parameter values were invalid: index key {name}"
                ));
            }
        }
        let bytes = size_of(item);
        if bytes > ITEM_BYTES_MAX {
            return refused("Item size has exceeded the maximum allowed size".to_owned());
        }
        Ok(Self { text: written(item).map_err(unreadable)?, bytes })
    }
}

/// Whether a write may go on.
fn held((write, before): (&Write, &Before)) -> Result<Held, Refusal> {
    let is_met = match (&write.condition, &before.row) {
        (Condition::Anything, _) => true,
        (Condition::Absent, row) => row.is_none(),
        (Condition::Version { .. }, None) => false,
        (Condition::Version { number, commits }, Some(_)) => {
            let is_same = before.facts.version.as_deref() == Some(number.to_string().as_str());
            is_same && commits.as_ref().is_none_or(|it| before.facts.commits.as_ref() == Some(it))
        }
    };
    if is_met {
        return Ok(Held::Up);
    }
    let item = before.row.as_ref().map(|row| document::item(&row.text).map_err(unreadable));
    Ok(Held::Failed(item.transpose()?))
}

/// Where something lies in a partition: its keys in the index, if it is one, and in the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Keys {
    partition: String,
    sort: String,
    pk: String,
    sk: String,
}

impl Keys {
    fn at(partition: &str, sort: &str, pk: &str, sk: &str) -> Self {
        let [partition, sort, pk, sk] = [partition, sort, pk, sk].map(str::to_owned);
        Self { partition, sort, pk, sk }
    }

    /// Of the last row of a page.
    fn of(keys: &Item, (partition, sort): (&str, &str)) -> Result<Self, Refusal> {
        let text = |name: &str| match keys.get(name) {
            Some(AttributeValue::S(text)) => Ok(text.as_str()),
            _ => Err(Refusal::Defect(format!("a page cannot begin without {name}"))),
        };
        Ok(Self::at(text(partition)?, text(sort)?, text("pk")?, text("sk")?))
    }

    /// Of a row: the sort key first, the table's own keys behind, if it is a row of an index.
    fn read(row: &rusqlite::Row<'_>, partition: &str, is_entry: bool) -> rusqlite::Result<Self> {
        let sort: String = row.get(0)?;
        let (pk, sk) = match is_entry {
            true => (row.get(1)?, row.get(2)?),
            false => (partition.to_owned(), sort.clone()),
        };
        Ok(Self { partition: partition.to_owned(), sort, pk, sk })
    }

    fn is_behind(&self, start: &Self, ascending: bool) -> bool {
        let place = |keys: &Self| (keys.sort.clone(), keys.pk.clone(), keys.sk.clone());
        if ascending { place(self) > place(start) } else { place(self) < place(start) }
    }

    /// The row of an index, which holds keys alone.
    fn entry(&self, index: &Index) -> Item {
        let text = |text: &String| AttributeValue::S(text.clone());
        Item::from([
            (index.pk.clone(), text(&self.partition)),
            (index.sk.clone(), text(&self.sort)),
            ("pk".to_owned(), text(&self.pk)),
            ("sk".to_owned(), text(&self.sk)),
        ])
    }

    fn entry_or_keys((keys, index): (Self, Option<&Index>)) -> Item {
        match index {
            Some(index) => keys.entry(index),
            None => {
                let keys = [("pk", &keys.pk), ("sk", &keys.sk)];
                HashMap::from(
                    keys.map(|(name, key)| (name.to_owned(), AttributeValue::S(key.clone()))),
                )
            }
        }
    }
}

fn failed(error: rusqlite::Error) -> Refusal {
    Refusal::Unavailable(Box::new(error))
}

fn unreadable(error: serde_json::Error) -> Refusal {
    Refusal::Defect(format!("an item cannot be read or written: {error}"))
}
