//! DynamoDB in this process: every operation that the bundle uses is one arm of a match over the
//! embedded engine, which also says what each request costs.
//!
//! Costs are the engine's own `ConsumedCapacity`: table and index units, transactions doubled on the table
//! alone, as AWS charges. Writes that a condition refuses are charged by AWS, but not reported, so they are
//! not counted here.

#[cfg(test)]
mod tests;

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
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use switchboard_runtime::dependencies::Clock;
use tokio::sync::Notify;

use crate::connector::Answer;
use crate::remote::{Remote, RemoteTables};
use crate::template;
use crate::trace::{Written, note};
use crate::usage::{Meter, Usage, lock};

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
    /// The same file or memory, to forget stream records: the engine keeps them for ever, and reads all
    /// of them for each write. Also what keeps the two from meeting.
    side: Mutex<Option<Connection>>,
    meter: Arc<Meter>,
    stack: String,
    streams: BTreeMap<String, Arc<Stream>>,
    sweeps: bool,
}

/// A table's stream, as its readers see it.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// How many requests may have written to it.
    pub(crate) written: AtomicU64,
    /// Wakes the readers.
    pub(crate) news: Notify,
    /// How far each reader is, by function.
    readers: Mutex<BTreeMap<String, Reader>>,
}

/// How far a function has read a stream.
#[derive(Debug, Clone, Default)]
struct Reader {
    /// How many of the requests that may have written to it are done with.
    consumed: u64,
    /// The last record that is done with.
    position: Option<String>,
}

impl Stream {
    /// A function is going to read.
    pub(crate) fn enrol(&self, function: &str) {
        lock(&self.readers).entry(function.to_owned()).or_default();
    }

    /// A function is done with everything that so many requests have written.
    pub(crate) fn caught_up(&self, function: &str, written: u64) {
        lock(&self.readers).entry(function.to_owned()).or_default().consumed = written;
    }

    /// A function is done with a record; the last one that all functions are done with.
    pub(crate) fn done(&self, function: &str, sequence_number: &str) -> Option<String> {
        let mut readers = lock(&self.readers);
        readers.entry(function.to_owned()).or_default().position = Some(sequence_number.to_owned());
        // They are digits of one length.
        readers.values().map(|reader| reader.position.clone()).min().flatten()
    }

    /// Whether every function is done with everything.
    pub(crate) fn is_read(&self) -> bool {
        let written = self.written.load(Ordering::SeqCst);
        lock(&self.readers).values().all(|reader| reader.consumed >= written)
    }
}

/// The engine's time, if it is not the system's.
struct Borrowed(Clock);

impl EngineClock for Borrowed {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from((self.0)().seconds()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
        let milliseconds = (self.0)().0 as f64;
        milliseconds / 1000.0
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tables").finish_non_exhaustive()
    }
}

impl Tables {
    /// Opens the tables of a template, in memory or in a file, and makes those that are missing.
    pub(crate) fn open(
        file: Option<&Path>,
        clock: Option<&Clock>,
        template: &template::Template,
        stack: &str,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let (database, side) = match (file, clock) {
            (Some(file), _) => {
                let path = file.to_str().context("the data folder's name is not text")?;
                (Database::new(path)?, Some(Connection::open(path)?))
            }
            (None, Some(clock)) => {
                let clock: Arc<dyn EngineClock> = Arc::new(Borrowed(Arc::clone(clock)));
                (Database::memory_with_clock(clock)?, None)
            }
            (None, None) => {
                let number = MEMORIES.fetch_add(1, Ordering::Relaxed);
                let name = format!("file:switchboard-{number}?mode=memory&cache=shared");
                (Database::new(&name)?, Some(Connection::open(&name)?))
            }
        };
        // With a clock of the caller's, a file has the wrong idea of what has expired.
        let sweeps = file.is_none() || clock.is_none();
        let shared = Shared::new(side, meter, template, stack, sweeps);
        let tables = Self { engine: Engine::Embedded(database.clone()), shared: Arc::new(shared) };
        for table in &template.tables {
            create(&database, table).with_context(|| format!("table {}", table.name))?;
        }
        Ok(tables)
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
        let shared = Shared::new(None, meter, template, stack, false);
        Ok(Self { engine: Engine::Remote(remote), shared: Arc::new(shared) })
    }

    /// Removes the tables, if they are not this process's own.
    pub(crate) async fn remove(&self, tables: &[template::Table]) {
        if let Engine::Remote(remote) = &self.engine {
            for table in tables {
                remote.call("DeleteTable", &json!({ "TableName": table.name })).await;
            }
        }
    }

    /// A table's stream, if it has one.
    pub(crate) fn stream(&self, table: &str) -> Option<&Arc<Stream>> {
        self.shared.streams.get(table)
    }

    /// Deletes what has expired.
    pub(crate) fn sweep(&self) -> Result<usize> {
        if !self.shared.sweeps {
            return Ok(0);
        }
        let Engine::Embedded(database) = &self.engine else {
            return Ok(0);
        };
        let swept = {
            let _alone = lock(&self.shared.side);
            database.sweep_ttl()?
        };
        if swept > 0 {
            self.shared.streams.keys().for_each(|table| self.nudge(table));
        }
        Ok(swept)
    }

    /// Forgets the records of a table's stream up to a sequence number; all of them without one.
    pub(crate) fn forget(&self, table: &str, sequence_number: Option<&str>) -> Result<()> {
        const EARLIER: &str = "DELETE FROM _stream_records WHERE table_name = ?1 AND \
             CAST(sequence_number AS INTEGER) <= ?2";
        let side = lock(&self.shared.side);
        let Some(connection) = side.as_ref() else {
            return Ok(());
        };
        // In the open a sequence number has a one and zeros before it.
        let stored = sequence_number.map_or(Ok(i64::MAX), |number| number[1..].parse())?;
        connection.execute(EARLIER, rusqlite::params![table, stored])?;
        Ok(())
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
                let _alone = lock(&self.shared.side);
                records(database, table, after, limit)
            }
            Engine::Remote(remote) => remote.records(table, after, limit).await,
        }
    }

    /// All items of a table, past faults and counters; none if the table is not in this process.
    pub(crate) fn items(&self, table: &str) -> Result<Option<Vec<dynoxide::Item>>> {
        let Engine::Embedded(database) = &self.engine else {
            return Ok(None);
        };
        let _alone = lock(&self.shared.side);
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
        self.permit(function, operation, &body);
        let mut answer = match self.perform(operation, &body).await {
            Ok(answer) => answer,
            Err(refusal) => return refusal,
        };
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
                let _alone = lock(&self.shared.side);
                let refused =
                    |error: DynoxideError| Answer::new(error.status_code(), error.to_json());
                perform(database, operation, body).map_err(refused)
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
            self.nudge(table);
            let written = Written {
                table: self.short(table).to_owned(),
                kind: request["Item"]["kind"]["S"].as_str().unwrap_or("item").to_owned(),
                is_deleted: action == "DeleteItem",
            };
            note(|notes| notes.written.push(written));
        }
        if operation == "BatchWriteItem" {
            tables_of(body).for_each(|table| self.nudge(table));
        }
    }

    fn nudge(&self, table: &str) {
        if let Some(stream) = self.shared.streams.get(table) {
            stream.written.fetch_add(1, Ordering::SeqCst);
            stream.news.notify_waiters();
        }
    }

    /// A table's name without the stack's.
    pub(crate) fn short<'a>(&self, table: &'a str) -> &'a str {
        table.strip_prefix(self.shared.stack.as_str()).unwrap_or(table)
    }

    fn permit(&self, function: &str, operation: &str, body: &Value) {
        let permit = |action: &str, resource: String| {
            self.shared.meter.permit(function, format!("dynamodb:{action}"), resource);
        };
        for (action, request) in actions(operation, body) {
            let table = self.short(request["TableName"].as_str().unwrap_or_default());
            permit(
                action,
                match request["IndexName"].as_str() {
                    Some(index) => format!("{table}/index/{index}"),
                    None => table.to_owned(),
                },
            );
        }
        tables_of(body).for_each(|table| permit(operation, self.short(table).to_owned()));
    }
}

impl Shared {
    fn new(
        side: Option<Connection>,
        meter: Arc<Meter>,
        template: &template::Template,
        stack: &str,
        sweeps: bool,
    ) -> Self {
        let streams = template.tables.iter().filter(|table| table.has_stream);
        // One to begin with: an earlier process may have left changes that nobody has seen.
        let unseen = || Arc::new(Stream { written: AtomicU64::new(1), ..Stream::default() });
        let streams = streams.map(|table| (table.name.clone(), unseen())).collect();
        Self { side: Mutex::new(side), meter, stack: format!("{stack}-"), streams, sweeps }
    }
}

fn create(database: &Database, table: &template::Table) -> Result<()> {
    match database.create_table(serde_json::from_value(table.request.clone())?) {
        Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
        created => created?,
    };
    if let Some(request) = table.expiry() {
        database.update_time_to_live(serde_json::from_value(request)?)?;
    }
    Ok(())
}

/// Reads the records of a table's stream after a sequence number.
fn records(db: &Database, table: &str, after: Option<&str>, limit: usize) -> Result<Vec<Value>> {
    let mut request = json!({
        "StreamArn": dynoxide::streams::stream_arn(table, "local"),
        "ShardId": dynoxide::streams::shard_id(table),
        "ShardIteratorType": "TRIM_HORIZON",
    });
    if let Some(after) = after {
        request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
        request["SequenceNumber"] = json!(after);
    }
    let found = perform(db, "GetShardIterator", &request)?;
    let request = json!({ "ShardIterator": found["ShardIterator"], "Limit": limit });
    match perform(db, "GetRecords", &request)?["Records"].take() {
        Value::Array(records) => Ok(records),
        _ => Ok(Vec::new()),
    }
}

fn perform(db: &Database, operation: &str, body: &Value) -> Result<Value, DynoxideError> {
    match operation {
        "GetItem" => run(body, |it| db.get_item(it)),
        "PutItem" => run(body, |it| db.put_item(it)),
        "UpdateItem" => run(body, |it| db.update_item(it)),
        "DeleteItem" => run(body, |it| db.delete_item(it)),
        "Query" => run(body, |it| db.query(it)),
        "Scan" => run(body, |it| db.scan(it)),
        "BatchGetItem" => run(body, |it| db.batch_get_item(it)),
        "BatchWriteItem" => run(body, |it| db.batch_write_item(it)),
        "TransactGetItems" => run(body, |it| db.transact_get_items(it)),
        "TransactWriteItems" => run(body, |it| db.transact_write_items(it)),
        "DescribeTable" => run(body, |it| db.describe_table(it)),
        "ListTables" => run(body, |it| db.list_tables(it)),
        "CreateTable" => run(body, |it| db.create_table(it)),
        "DeleteTable" => run(body, |it| db.delete_table(it)),
        "UpdateTable" => run(body, |it| db.update_table(it)),
        "TagResource" => run(body, |it| db.tag_resource(it)),
        "UntagResource" => run(body, |it| db.untag_resource(it)),
        "ListTagsOfResource" => run(body, |it| db.list_tags_of_resource(it)),
        "UpdateTimeToLive" => run(body, |it| db.update_time_to_live(it)),
        "DescribeTimeToLive" => run(body, |it| db.describe_time_to_live(it)),
        "ListStreams" => run(body, |it| db.list_streams(it)),
        "DescribeStream" => run(body, |it| db.describe_stream(it)),
        "GetShardIterator" => run(body, |it| db.get_shard_iterator(it)),
        "GetRecords" => run(body, |it| db.get_records(it)),
        unknown => Err(DynoxideError::ValidationException(format!(
            "the local deployment has no operation {unknown}"
        ))),
    }
}

const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

const COUNTED: [&str; 10] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Value, DynoxideError> {
    let request = Q::deserialize(body).map_err(|error| unreadable(&error.to_string()))?;
    serde_json::to_value(operation(request)?)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

/// A request that can not be read: the engine's readers say with a mark in front of their message when DynamoDB
/// calls that invalid, and the engine's own server, which is not asked here, takes the mark off again.
fn unreadable(message: &str) -> DynoxideError {
    const INVALID: [&str; 3] = ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"];
    const MALFORMED: [&str; 2] = ["SERIALIZATION:", "SERIALIZATION_AS_READ:"];
    let without = |marks: &[&str]| marks.iter().find_map(|mark| message.strip_prefix(*mark));
    match without(&INVALID) {
        Some(reason) => DynoxideError::ValidationException(reason.to_owned()),
        None => {
            let reason = without(&MALFORMED).unwrap_or(message);
            DynoxideError::SerializationException(reason.to_owned())
        }
    }
}

/// The tables of a batch.
fn tables_of(body: &Value) -> impl Iterator<Item = &str> {
    let tables = body["RequestItems"].as_object();
    tables.into_iter().flat_map(|tables| tables.keys().map(String::as_str))
}

/// The single actions of a request, as a policy names them.
fn actions<'a>(operation: &'a str, body: &'a Value) -> Vec<(&'a str, &'a Value)> {
    const NAMES: [(&str, &str); 5] = [
        ("Put", "PutItem"),
        ("Update", "UpdateItem"),
        ("Delete", "DeleteItem"),
        ("ConditionCheck", "ConditionCheckItem"),
        ("Get", "GetItem"),
    ];
    match body["TransactItems"].as_array() {
        Some(items) => {
            let named = |item: &'a Value| {
                NAMES.iter().find_map(|(member, name)| Some((*name, item.get(member)?)))
            };
            items.iter().filter_map(named).collect()
        }
        None if body["RequestItems"].is_object() => Vec::new(),
        None => vec![(operation, body)],
    }
}
