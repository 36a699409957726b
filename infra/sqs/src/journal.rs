//! The journal: every change of one request in one SQLite transaction, so that a killed process
//! finds on restart exactly what it had acknowledged. When a transaction is on the disk as well,
//! [`Durable`] tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Row, Transaction, params};
use switchboard_disk::{Durable, Lock};

use crate::message::{Message, State};
use crate::repeats::{RepeatKey, Sighting};

/// What SQLite calls a database without a file.
const IN_MEMORY: &str = ":memory:";
/// How this version keeps its state; the file says it as its `user_version`.
pub const FORMAT: i64 = 1;
const SCHEMA: &str = "
CREATE TABLE engine (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seed INTEGER NOT NULL,
    next INTEGER NOT NULL
) STRICT;
CREATE TABLE queue (
    serial INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    fifo INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    purged_ms INTEGER
) STRICT;
CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL REFERENCES queue (serial) ON DELETE CASCADE,
    content TEXT NOT NULL,
    receive_count INTEGER NOT NULL,
    first_received_ms INTEGER,
    held_since_ms INTEGER,
    until_ms INTEGER
) STRICT;
CREATE TABLE sighting (
    queue INTEGER NOT NULL REFERENCES queue (serial) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    number INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_end ON sighting (queue, until_ms);
";

/// Numbers are given out in blocks of this many: a page that is written once for all of them, not for each message.
/// What a process has not used of its block when it ends is never used.
const BLOCK: u64 = 1000;

/// Why the journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has the file open.
    #[error("the queue journal {0} is in use by another process")]
    InUse(PathBuf),
    /// The disk does not let the file be locked or synced.
    #[error("cannot keep the queue journal {path} on the disk")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot open the queue journal {path}: is it writable?")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was written by a version of this engine that kept its state differently.
    #[error("the queue journal has format {found}; this version reads format {FORMAT}")]
    Format {
        /// The format found.
        found: i64,
    },
    /// A statement failed.
    #[error("cannot read or write the queue journal")]
    Statement(#[from] rusqlite::Error),
    /// A row does not hold what this engine writes.
    #[error("the queue journal holds something this engine did not write: {0}")]
    Corrupt(String),
}

/// One thing that became different; a request's changes are kept together or not at all.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    QueuePut(QueueRecord),
    QueueGone { serial: u64 },
    MessageAdded { queue: u64, message: Message },
    MessageState { number: u64, state: State, receive_count: u32, first_received_ms: Option<i64> },
    MessageGone { number: u64 },
    Sighted { queue: u64, key: RepeatKey, sighting: Sighting },
    SightingsEnded { queue: u64, until_ms: i64 },
}

/// A queue's definition as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueRecord {
    pub(crate) serial: u64,
    pub(crate) name: String,
    pub(crate) fifo: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_ms: i64,
    pub(crate) modified_ms: i64,
    pub(crate) purged_ms: Option<i64>,
}

/// Everything kept, as read on opening.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) seed: i64,
    pub(crate) next: u64,
    pub(crate) queues: Vec<QueueRecord>,
    pub(crate) messages: Vec<(u64, Message)>,
    pub(crate) sightings: Vec<(u64, RepeatKey, Sighting)>,
}

/// The open journal; no other process can have it open at the same time.
#[derive(Debug)]
pub(crate) struct Journal {
    connection: Connection,
    /// The first number that is not of a block given out.
    reserved: u64,
    durable: Durable,
    _lock: Option<Lock>,
}

impl Journal {
    /// Opens or creates the journal; `seed` is taken only by a new one.
    pub(crate) fn open(path: &Path, seed: i64) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Open { path: path.to_owned(), source };
        let unkept = |source| JournalError::Disk { path: path.to_owned(), source };
        let in_memory = path == Path::new(IN_MEMORY);
        let lock = match in_memory {
            true => None,
            false => match Lock::take(path).map_err(unkept)? {
                None => return Err(JournalError::InUse(path.to_owned())),
                lock => lock,
            },
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        prepare(&connection).map_err(failed)?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match found {
            0 => create(&mut connection, seed)?,
            // Only the deletion of a queue looks for its messages here; an index cost each message two pages.
            FORMAT => connection.execute_batch("DROP INDEX IF EXISTS message_queue")?,
            found => return Err(JournalError::Format { found }),
        }
        let reserved = connection.query_row("SELECT next FROM engine", [], |row| row.get(0))?;
        let durable = match in_memory {
            true => Durable::default(),
            false => Durable::of_database(path).map_err(unkept)?,
        };
        Ok(Self { connection, reserved, durable, _lock: lock })
    }

    /// Keeps the changes of one request; `next` is the first number not given out yet.
    pub(crate) fn keep(&mut self, changes: &[Change], next: u64) -> Result<(), JournalError> {
        let reserved = if next > self.reserved { next + BLOCK } else { self.reserved };
        if changes.is_empty() && reserved == self.reserved {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        for change in changes {
            write(&transaction, change)?;
        }
        if reserved != self.reserved {
            transaction.prepare_cached("UPDATE engine SET next = ?1")?.execute([reserved])?;
        }
        transaction.commit()?;
        self.reserved = reserved;
        self.durable.wrote();
        Ok(())
    }

    /// Tells when what was kept is on the disk.
    pub(crate) const fn durable(&self) -> &Durable {
        &self.durable
    }

    /// Reads everything back.
    pub(crate) fn read(&self) -> Result<Kept, JournalError> {
        let (seed, next) =
            self.connection.query_row("SELECT seed, next FROM engine", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(Kept {
            seed,
            next,
            queues: self.rows("SELECT * FROM queue ORDER BY serial", queue_of)?,
            messages: self.rows("SELECT * FROM message ORDER BY number", message_of)?,
            sightings: self.rows("SELECT * FROM sighting ORDER BY number", sighting_of)?,
        })
    }

    /// Lets every write fail, or succeed again.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&self, refuse: bool) -> Result<(), JournalError> {
        Ok(self.connection.pragma_update(None, "query_only", refuse)?)
    }

    fn rows<T>(
        &self,
        query: &str,
        read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
    ) -> Result<Vec<T>, JournalError> {
        let mut statement = self.connection.prepare(query)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

/// Nothing waits for the disk in here: who has to, does so outside of the lock, together with all others.
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON;
         BEGIN IMMEDIATE; COMMIT;",
    )
}

fn create(connection: &mut Connection, seed: i64) -> Result<(), JournalError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO engine VALUES (1, ?1, 1)", [seed])?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    Ok(transaction.commit()?)
}

fn write(transaction: &Transaction<'_>, change: &Change) -> Result<(), JournalError> {
    let run = |statement: &str, values: &[&dyn rusqlite::ToSql]| {
        transaction.prepare_cached(statement)?.execute(values).map(|_| ())
    };
    match change {
        Change::QueuePut(queue) => put_queue(transaction, queue)?,
        Change::QueueGone { serial } => run("DELETE FROM queue WHERE serial = ?1", &[serial])?,
        Change::MessageAdded { queue, message } => put_message(transaction, *queue, message)?,
        Change::MessageState { number, state, receive_count, first_received_ms } => {
            let (since_ms, until_ms) = times_of(*state);
            run(
                "UPDATE message SET receive_count = ?2, first_received_ms = ?3, \
                 held_since_ms = ?4, until_ms = ?5 WHERE number = ?1",
                &[number, receive_count, first_received_ms, &since_ms, &until_ms],
            )?;
        }
        Change::MessageGone { number } => run("DELETE FROM message WHERE number = ?1", &[number])?,
        Change::Sighted { queue, key: (scope, id), sighting } => run(
            "INSERT OR REPLACE INTO sighting VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[queue, scope, id, &sighting.number, &sighting.message_id, &sighting.until_ms],
        )?,
        Change::SightingsEnded { queue, until_ms } => {
            run("DELETE FROM sighting WHERE queue = ?1 AND until_ms <= ?2", &[queue, until_ms])?;
        }
    }
    Ok(())
}

fn put_queue(transaction: &Transaction<'_>, queue: &QueueRecord) -> Result<(), JournalError> {
    transaction
        .prepare_cached(
            "INSERT INTO queue VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (serial) DO UPDATE SET attributes = ?4, tags = ?5, modified_ms = ?7,
             purged_ms = ?8",
        )?
        .execute(params![
            queue.serial,
            queue.name,
            queue.fifo,
            to_json(&queue.attributes)?,
            to_json(&queue.tags)?,
            queue.created_ms,
            queue.modified_ms,
            queue.purged_ms,
        ])?;
    Ok(())
}

fn put_message(
    transaction: &Transaction<'_>,
    queue: u64,
    message: &Message,
) -> Result<(), JournalError> {
    let (since_ms, until_ms) = times_of(message.state);
    transaction
        .prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            message.number,
            queue,
            to_json(&*message.content)?,
            message.receive_count,
            message.first_received_ms,
            since_ms,
            until_ms,
        ])?;
    Ok(())
}

/// Returns since when a message is held and until when it is held or delayed.
fn times_of(state: State) -> (Option<i64>, Option<i64>) {
    match state {
        State::Ready => (None, None),
        State::Delayed { until_ms } => (None, Some(until_ms)),
        State::InFlight { since_ms, until_ms, .. } => (Some(since_ms), Some(until_ms)),
    }
}

fn queue_of(row: &Row<'_>) -> Result<QueueRecord, JournalError> {
    Ok(QueueRecord {
        serial: row.get("serial")?,
        name: row.get("name")?,
        fifo: row.get("fifo")?,
        attributes: from_json(&row.get::<_, String>("attributes")?)?,
        tags: from_json(&row.get::<_, String>("tags")?)?,
        created_ms: row.get("created_ms")?,
        modified_ms: row.get("modified_ms")?,
        purged_ms: row.get("purged_ms")?,
    })
}

fn message_of(row: &Row<'_>) -> Result<(u64, Message), JournalError> {
    let state = match (row.get("held_since_ms")?, row.get("until_ms")?) {
        (Some(since_ms), Some(until_ms)) => State::InFlight { since_ms, until_ms, changed: false },
        (None, Some(until_ms)) => State::Delayed { until_ms },
        (_, None) => State::Ready,
    };
    let message = Message {
        number: row.get("number")?,
        content: Arc::new(from_json(&row.get::<_, String>("content")?)?),
        state,
        receive_count: row.get("receive_count")?,
        first_received_ms: row.get("first_received_ms")?,
    };
    Ok((row.get("queue")?, message))
}

fn sighting_of(row: &Row<'_>) -> Result<(u64, RepeatKey, Sighting), JournalError> {
    let sighting = Sighting {
        number: row.get("number")?,
        message_id: row.get("message_id")?,
        until_ms: row.get("until_ms")?,
    };
    Ok((row.get("queue")?, (row.get("scope")?, row.get("id")?), sighting))
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::Corrupt(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::Corrupt(error.to_string()))
}
