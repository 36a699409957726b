//! DynamoDB in this process: an embedded engine, which also says what each request costs, or one behind an
//! endpoint.
//!
//! Costs are the engine's own `ConsumedCapacity`: table and index units, transactions doubled on the table
//! alone, as AWS charges. Writes that a condition refuses are charged by AWS, but not reported, so they are
//! not counted here.

mod actions;
mod engine;
mod near;
mod ring;
mod sdk;
mod shared;
mod short;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use dynoxide::Database;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::errors::DynoxideError;
use dynoxide::storage_backend::Clock as EngineClock;
use serde_json::{Value, json};
use switchboard_disk::Durable;
use switchboard_runtime::dependencies::Clock;

use crate::aws::answer::Answer;
use crate::aws::options::Road;
use crate::aws::remote::{Remote, RemoteTables};
use crate::aws::roles::{Denied, Permission};
use crate::aws::template;
use crate::aws::trace::{Written, note};
use crate::aws::usage::{Meter, Usage};
use crate::lock::lock;

use actions::{COUNTED, WRITES, actions, tables_of};
use engine::{Borrowed, create, perform, records};
use near::Near;
use ring::Read;

pub(crate) use near::written as text_of;
pub(crate) use sdk::as_sdk;
pub(crate) use stream::Stream;

/// Names each deployment's tables in memory, of which a process may have many.
static MEMORIES: AtomicU64 = AtomicU64::new(1);

/// The tables, embedded or behind an endpoint; clones share them.
#[derive(Clone)]
pub(crate) struct Tables {
    engine: Engine,
    shared: Arc<Shared>,
}

#[derive(Clone)]
enum Engine {
    Embedded(Database),
    Remote(Arc<RemoteTables>),
}

struct Shared {
    /// The same file or memory, for the store's own requests and for streams. Its lock is also what keeps the engine and
    /// this from meeting.
    near: Mutex<Option<Near>>,
    durable: Durable,
    /// Rows of streams that are done with and not removed yet, by table: the last of each.
    spent: Mutex<BTreeMap<String, i64>>,
    clock: Clock,
    meter: Arc<Meter>,
    stack: String,
    streams: BTreeMap<String, Arc<Stream>>,
}

impl fmt::Debug for Tables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tables").finish_non_exhaustive()
    }
}

/// How a deployment's tables are opened.
pub(crate) struct Opening<'a> {
    /// The file; memory without it.
    pub(crate) file: Option<&'a Path>,
    /// The clock; the system's without it.
    pub(crate) clock: Option<&'a Clock>,
    pub(crate) template: &'a template::Template,
    pub(crate) stack: &'a str,
    pub(crate) road: Road,
    pub(crate) meter: Arc<Meter>,
}

impl Tables {
    /// Opens the tables of a template, in memory or in a file, and makes those that are missing.
    pub(crate) fn open(opening: Opening<'_>) -> Result<Self> {
        let Opening { file, clock, template, stack, road, meter } = opening;
        let (database, name) = match (file, clock, road) {
            (Some(file), _, _) => {
                let path = file.to_str().context("the data folder's name is not text")?;
                (Database::new(path)?, Some(path.to_owned()))
            }
            // The engine takes a clock only for memory that nobody else can reach.
            (None, Some(clock), Road::Sdk) => {
                let clock: Arc<dyn EngineClock> = Arc::new(Borrowed(Arc::clone(clock)));
                (Database::memory_with_clock(clock)?, None)
            }
            (None, _, _) => {
                let number = MEMORIES.fetch_add(1, Ordering::Relaxed);
                let name = format!("file:switchboard-{number}?mode=memory&cache=shared");
                (Database::new(&name)?, Some(name))
            }
        };
        // Nobody waits for the disk under the lock, see `Durable`. This is the engine's name for it; while the tables are
        // made, nobody waits for it at all.
        database.enable_bulk_loading()?;
        for table in &template.tables {
            create(&database, table).with_context(|| format!("table {}", table.name))?;
        }
        database.disable_bulk_loading()?;
        let near =
            name.map(|name| Near::new(&name, &template.tables, file.is_some())).transpose()?;
        let mut shared = Shared::new(near, clock, meter, template, stack);
        if let Some(file) = file {
            shared.durable = Durable::of_database(file)?;
        }
        if let Some(near) = lock(&shared.near).as_ref() {
            shared.collect(near)?;
        }
        Ok(Self { engine: Engine::Embedded(database), shared: Arc::new(shared) })
    }

    /// Makes the tables of a template behind an endpoint.
    pub(crate) async fn connect(
        remote: Remote,
        template: &template::Template,
        stack: &str,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let remote = Arc::new(RemoteTables::new(remote));
        for table in &template.tables {
            remote.create(table).await.with_context(|| format!("table {}", table.name))?;
        }
        let shared = Arc::new(Shared::new(None, None, meter, template, stack));
        Ok(Self { engine: Engine::Remote(remote), shared })
    }

    /// Removes the tables, if they are not this process's own.
    pub(crate) async fn remove(&self, tables: &[template::Table]) {
        if let Engine::Remote(remote) = &self.engine {
            for table in tables {
                remote.call("DeleteTable", &json!({ "TableName": table.name })).await;
            }
        }
    }

    /// When what the tables hold is on the disk.
    pub(crate) fn durable(&self) -> &Durable {
        &self.shared.durable
    }

    /// A table's stream, if it has one.
    pub(crate) fn stream(&self, table: &str) -> Option<&Arc<Stream>> {
        self.shared.streams.get(table)
    }

    /// Deletes what has expired.
    pub(crate) fn sweep(&self) -> Result<usize> {
        let Engine::Embedded(database) = &self.engine else {
            return Ok(0);
        };
        let near = lock(&self.shared.near);
        let swept = match near.as_ref() {
            Some(near) if near.has_tables() => self.shared.sweep(near)?,
            Some(_) | None => database.sweep_ttl()?,
        };
        drop(near);
        if swept > 0 {
            self.shared.streams.keys().for_each(|table| self.shared.nudge(table));
        }
        Ok(swept)
    }

    /// Forgets the records of a table's stream up to a sequence number; all of them without one. In a file they are
    /// removed with the next write. Tables behind an endpoint forget by themselves, and number their records as they like.
    pub(crate) fn forget(&self, table: &str, sequence_number: Option<&str>) -> Result<()> {
        if matches!(self.engine, Engine::Remote(_)) {
            return Ok(());
        }
        let Some(stream) = self.shared.streams.get(table) else { return Ok(()) };
        let number = match sequence_number {
            Some(open) => ring::number(open).context("no sequence number")?,
            None => i64::MAX,
        };
        if let Some(row) = lock(&stream.ring).forget(number) {
            lock(&self.shared.spent).insert(table.to_owned(), row);
        }
        Ok(())
    }

    /// Reads a table's stream as [`Tables::records`] does, and makes records only of what passes the filters.
    pub(crate) async fn wanted(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
        filters: &template::Filters,
    ) -> Result<Read> {
        if self.are_near() {
            let stream = self.shared.streams.get(table).context("no such stream")?;
            let wants = |record: &Value| filters.want(record);
            return Ok(lock(&stream.ring).after(after.and_then(ring::number), limit, wants));
        }
        let records = self.records(table, after, limit).await?;
        let number =
            |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
        let last = records.last().and_then(number);
        Ok(Read { wanted: filters.wanted(&records), last })
    }

    /// Reads the records of a table's stream after a sequence number, from the first one kept without one.
    pub(crate) async fn records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>> {
        match &self.engine {
            Engine::Embedded(database) => {
                let near = lock(&self.shared.near);
                if near.is_none() {
                    return records(database, table, after, limit);
                }
                drop(near);
                let stream = self.shared.streams.get(table).context("no such stream")?;
                Ok(lock(&stream.ring).after(after.and_then(ring::number), limit, |_| true).wanted)
            }
            Engine::Remote(remote) => remote.records(table, after, limit).await,
        }
    }

    /// All items of a table, past faults and counters; none if the table is not in this process.
    pub(crate) fn items(&self, table: &str) -> Result<Option<Vec<dynoxide::Item>>> {
        let Engine::Embedded(database) = &self.engine else {
            return Ok(None);
        };
        let _alone = lock(&self.shared.near);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let request = ScanRequest {
                table_name: table.to_owned(),
                exclusive_start_key: start,
                ..ScanRequest::default()
            };
            let page = database.scan(request)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(Some(items));
            }
        }
    }

    /// Does one request.
    pub(crate) async fn answer(&self, function: &str, operation: &str, body: &Value) -> Answer {
        let mut body = body.clone();
        let wanted = body["ReturnConsumedCapacity"].take();
        if COUNTED.contains(&operation) {
            body["ReturnConsumedCapacity"] = json!("INDEXES");
        }
        if let Err(denied) = self.permit(function, operation, &body) {
            return denied.answer();
        }
        let performed = self.perform(operation, &body).await;
        // A refusal tells what is there as well.
        let seen = self.shared.durable.mark();
        note(|notes| notes.seen = seen.clone());
        let mut answer = match performed {
            Ok(answer) => answer,
            Err(refusal) => return refusal,
        };
        if WRITES.contains(&operation)
            && let Err(unkept) = seen.kept().await
        {
            return Answer::unkept(unkept);
        }
        self.count(function, operation, &answer["ConsumedCapacity"]);
        if matches!(wanted.as_str(), None | Some("NONE"))
            && let Some(answer) = answer.as_object_mut()
        {
            answer.remove("ConsumedCapacity");
        }
        self.note(operation, &body);
        Answer::new(200, answer.to_string())
    }

    async fn perform(&self, operation: &str, body: &Value) -> Result<Value, Answer> {
        match &self.engine {
            Engine::Embedded(database) => {
                let near = lock(&self.shared.near);
                let refused =
                    |error: DynoxideError| Answer::new(error.status_code(), error.to_json());
                let answer = perform(database, operation, body).map_err(refused)?;
                if WRITES.contains(&operation) {
                    self.shared.durable.wrote();
                }
                if let Some(near) = near.as_ref().filter(|_| WRITES.contains(&operation)) {
                    let lost =
                        |error| Answer::error(500, "InternalServerError", &format!("{error:#}"));
                    self.shared.collect(near).map_err(lost)?;
                }
                Ok(answer)
            }
            Engine::Remote(remote) => {
                let answer = remote.call(operation, body).await;
                match answer.status {
                    200 => serde_json::from_slice(&answer.body).map_err(|_| answer),
                    _ => Err(answer),
                }
            }
        }
    }

    fn count(&self, function: &str, operation: &str, consumed: &Value) {
        let each = match consumed {
            Value::Array(tables) => tables.as_slice(),
            one => std::slice::from_ref(one),
        };
        let units = each.iter().filter_map(|it| it["CapacityUnits"].as_f64()).sum::<f64>();
        // The repetition of a transaction is charged as a read.
        let replayed = each.iter().any(|it| it["ReadCapacityUnits"].is_number());
        let is_write = WRITES.contains(&operation) && !replayed;
        let (write_units, read_units) = if is_write { (units, 0.0) } else { (0.0, units) };
        self.shared.meter.add(function, Usage { write_units, read_units, ..Usage::default() });
        note(|notes| {
            notes.write_units += write_units;
            notes.read_units += read_units;
        });
    }

    /// Writes down what was written, and wakes who follows it.
    fn note(&self, operation: &str, body: &Value) {
        for (action, request) in actions(operation, body) {
            if !matches!(action, "PutItem" | "UpdateItem" | "DeleteItem") {
                continue;
            }
            let table = request["TableName"].as_str().unwrap_or_default();
            self.shared.nudge(table);
            let written = Written {
                table: self.short(table).to_owned(),
                kind: request["Item"]["kind"]["S"].as_str().unwrap_or("item").to_owned(),
                is_deleted: action == "DeleteItem",
            };
            note(|notes| notes.written.push(written));
        }
        if operation == "BatchWriteItem" {
            tables_of(body).for_each(|table| self.shared.nudge(table));
        }
    }

    /// What counts.
    pub(crate) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// A table's name without the stack's.
    pub(crate) fn short<'a>(&self, table: &'a str) -> &'a str {
        table.strip_prefix(self.shared.stack.as_str()).unwrap_or(table)
    }

    /// Looks whether a function may do everything that a request is made of.
    fn permit(&self, function: &str, operation: &str, body: &Value) -> Result<(), Denied> {
        let permit = |action: &str, resource: String| {
            let wanted = Permission { action: format!("dynamodb:{action}"), resource };
            self.shared.meter.roles.check(function, wanted)
        };
        for (action, request) in actions(operation, body) {
            let table = self.short(request["TableName"].as_str().unwrap_or_default());
            let resource = match request["IndexName"].as_str() {
                Some(index) => format!("{table}/index/{index}"),
                None => table.to_owned(),
            };
            permit(action, resource)?;
        }
        tables_of(body).try_for_each(|table| permit(operation, self.short(table).to_owned()))
    }
}
