//! The two files of a data folder: whether they can be used, and whether they belong together.
//!
//! Each says by its `user_version` how it is written. The tables of a folder from before they said so have none; they
//! are written as in format 1, and are marked so at the next start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use switchboard_disk::Lock;

use crate::aws::options::Options;

/// Keeps the tables.
pub(crate) const TABLES_FILE: &str = "tables.db";
/// Keeps the queues.
pub(crate) const QUEUES_FILE: &str = "queues.db";
/// How this version writes the tables: the engine's own schema, and the records in it.
const TABLES_FORMAT: i64 = 1;
/// Another process may be about to end.
const BUSY: Duration = Duration::from_secs(1);

/// One of the two files.
#[derive(Debug, Clone, Copy)]
struct Sort {
    name: &'static str,
    /// A table that is in every one of them, and in nobody else's.
    mark: &'static str,
    format: i64,
    /// What files say that are older than the format, but are written the same way.
    unmarked: Option<i64>,
}

const TABLES: Sort =
    Sort { name: TABLES_FILE, mark: "_stream_records", format: TABLES_FORMAT, unmarked: Some(0) };
const QUEUES: Sort =
    Sort { name: QUEUES_FILE, mark: "sighting", format: switchboard_sqs::FORMAT, unmarked: None };

/// What a folder held before anything was started on it. As long as this lives, no other process starts on it.
#[derive(Debug)]
pub(super) struct Kept {
    found: Option<Found>,
    _lock: Option<Lock>,
}

#[derive(Debug)]
struct Found {
    folder: PathBuf,
    tables: bool,
    queues: bool,
}

impl Kept {
    /// Looks at the folder and at the files in it, and makes the folder if it is not there.
    ///
    /// # Errors
    /// If a file is damaged, in use, or cannot be opened.
    pub(super) fn look(options: &Options) -> Result<Self> {
        let Some(folder) = options.data.clone() else {
            return Ok(Self { found: None, _lock: None });
        };
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        let lock = take(&folder)?;
        let queues = is_kept(&folder, QUEUES)?;
        let tables = is_kept(&folder, TABLES)?;
        let is_whole = options.dynamodb_endpoint.is_none() && options.sqs_endpoint.is_none();
        let found = is_whole.then_some(Found { folder, tables, queues });
        Ok(Self { found, _lock: Some(lock) })
    }

    /// Says in the tables how they are written, once they are open, and brings all that is in them to the disk: the log,
    /// and the file behind it. Whoever made the tables need not have synced anything.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn mark(options: &Options) -> Result<()> {
        let (Some(folder), None) = (&options.data, &options.dynamodb_endpoint) else {
            return Ok(());
        };
        let file = folder.join(TABLES_FILE);
        let connection = Connection::open(&file).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            // There is something to check in now, so both are synced.
            connection.pragma_update(None, "user_version", TABLES_FORMAT)?;
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        });
        connection.with_context(|| format!("{} cannot be written", file.display()))
    }

    /// What somebody should know who started on one file without the other, when the queues hold so many messages.
    ///
    /// # Errors
    /// If there are messages about records that are gone: they would all be given up.
    pub(super) fn warnings(&self, messages: i64) -> Result<Vec<String>> {
        let Some(Found { folder, tables, queues }) = &self.found else { return Ok(Vec::new()) };
        let folder = folder.display();
        match (tables, queues) {
            (false, true) if messages > 0 => bail!(
                "{QUEUES_FILE} in {folder} still holds messages ({messages}), but {TABLES_FILE} beside it is missing or empty: \
                 put it back, or remove {QUEUES_FILE} as well to start empty"
            ),
            (false, true) => Ok(vec![format!(
                "{TABLES_FILE} in {folder} was missing or empty beside {QUEUES_FILE}: the tables start empty"
            )]),
            (true, false) => Ok(vec![format!(
                "{QUEUES_FILE} in {folder} was missing or empty beside {TABLES_FILE}: the queues start empty, and \
                 whatever was under way is taken up again only where a change or the minute's tick asks for it"
            )]),
            (true, true) | (false, false) => Ok(Vec::new()),
        }
    }
}

/// Takes a folder for this process.
fn take(folder: &Path) -> Result<Lock> {
    let file = folder.join(TABLES_FILE);
    let lock = Lock::take(&file)
        .with_context(|| format!("the data folder {} cannot be written to", folder.display()))?;
    lock.ok_or_else(|| in_use(&file))
}

fn in_use(file: &Path) -> anyhow::Error {
    anyhow!("{} is in use by another process: stop that, or take another folder", file.display())
}

/// Whether a file is there with something in it.
fn is_kept(folder: &Path, sort: Sort) -> Result<bool> {
    let file = folder.join(sort.name);
    match std::fs::metadata(&file) {
        Ok(metadata) if metadata.len() == 0 => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", file.display()));
        }
    }
    let seen = look_through(&file, sort).map_err(|error| said(&file, &error))?;
    if seen.objects == 0 {
        return Ok(false);
    }
    let (shown, format) = (file.display(), sort.format);
    match seen.version {
        _ if !seen.is_ours => bail!(
            "{shown} is a database, but was not written by Switchboard: put a copy of the folder in its place, or take \
             another folder"
        ),
        version if version == format || Some(version) == sort.unmarked => Ok(true),
        version if version > format => bail!(
            "{shown} was written by a later version of Switchboard (format {version}, this one reads {format}): start \
             that version, or a copy of the folder from before"
        ),
        version => bail!(
            "{shown} was written by an earlier version of Switchboard (format {version}, this one reads {format}) that \
             cannot be taken over: start that version, or take another folder"
        ),
    }
}

/// What is in a file.
struct Seen {
    /// How many tables and indexes.
    objects: u32,
    is_ours: bool,
    version: i64,
}

/// Reads a whole file.
fn look_through(file: &Path, sort: Sort) -> Result<Seen> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("{verdict}");
    }
    let count = "SELECT count(*), count(*) FILTER (WHERE name = ?1) > 0 FROM sqlite_schema";
    let (objects, is_ours) =
        connection.query_row(count, [sort.mark], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(Seen { objects, is_ours, version })
}

/// Why a file cannot be used, in words that say what to do.
fn said(file: &Path, error: &anyhow::Error) -> anyhow::Error {
    let shown = file.display();
    let code = error.downcast_ref::<rusqlite::Error>().map(rusqlite::Error::sqlite_error_code);
    match code {
        Some(Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => in_use(file),
        Some(Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly)) => {
            anyhow!("{shown} cannot be opened for writing: {error}")
        }
        None | Some(_) => anyhow!(
            "{shown} is damaged, or was not written by Switchboard ({error}): put a copy of the folder in its place, \
             or take another folder"
        ),
    }
}
