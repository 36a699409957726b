//! `cargo run -- backup`: copies a data folder, also while an exchange runs on it. The copy is started like any folder.
//!
//! The two files of a folder have to be copied as they were at one moment. With the queues first, an effect that was
//! sent and checked off in the tables between the two would be in neither copy; with the tables first, a message that
//! was worked off in between would. So there is a moment: while one connection keeps everybody from writing to the
//! tables, which takes less than a millisecond, one snapshot of each file is opened. The tables are the same in all of
//! that time, so at the instant of the queues' snapshot both files were as they are copied. That is the state that a
//! killed process leaves, and everything goes on from there by itself: what was under way comes again. Who writes
//! meanwhile waits for no more than that millisecond, and the files are then read beside them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::aws::kept::{QUEUES_FILE, TABLES_FILE};
use crate::aws::keys::KEY_FILE;
use crate::aws::objects::MEDIA_FOLDER;

/// How long somebody who writes to the tables is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// Copies a data folder to one that is not there yet, or is empty.
///
/// Whatever stops this half-way, the copy is there as a whole and on the disk, or it is not there.
///
/// # Errors
/// Says which folder or file is in the way.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let is_free = match fs::read_dir(to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if !is_free {
        bail!("{} is there and no empty folder: a backup goes to a place of its own", to.display());
    }
    let (tables, queues) = (open(from, TABLES_FILE)?, open(from, QUEUES_FILE)?);
    let partial = partial(to);
    fs::create_dir_all(parent(to)).with_context(|| unwritable(to))?;
    fs::create_dir(&partial).with_context(|| match partial.exists() {
        true => format!(
            "{} is there: another backup is under way, or one was cut short and is of no use",
            partial.display()
        ),
        false => unwritable(to),
    })?;
    let copied = whole(from, &partial, &tables, &queues).and_then(|()| {
        fs::rename(&partial, to)?;
        Ok(File::open(parent(to))?.sync_all()?)
    });
    if copied.is_err() {
        // The reason why there is no copy says more than why it could not be tidied up.
        let _ = fs::remove_dir_all(&partial);
    }
    copied.with_context(|| unwritable(to))
}

/// Copies everything of a folder into another one. The files of messages are copied before the moment of the tables and
/// again after it: what a record of that moment names was there before, or was made between the two. What the copy has
/// beside that, no record names.
fn whole(from: &Path, to: &Path, tables: &Connection, queues: &Connection) -> Result<()> {
    media(from, to)?;
    let unreadable = || format!("{} cannot be read as a data folder", from.display());
    let still = open(from, TABLES_FILE)?;
    still.execute_batch("BEGIN IMMEDIATE").with_context(unreadable)?;
    let opened = snapshot(tables).and_then(|()| snapshot(queues));
    still.execute_batch("ROLLBACK").with_context(unreadable)?;
    opened.with_context(unreadable)?;
    media(from, to)?;
    write(tables, &to.join(TABLES_FILE))?;
    write(queues, &to.join(QUEUES_FILE))?;
    key(from, to)?;
    Ok(File::open(to)?.sync_all()?)
}

/// Copies the files of messages that are not copied yet, and what is noted beside each.
fn media(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.join(MEDIA_FOLDER), to.join(MEDIA_FOLDER));
    if !from.exists() {
        return Ok(());
    }
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder))?;
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            let is_half = entry.file_name().to_string_lossy().starts_with(".tmp.");
            match entry.file_type()?.is_dir() {
                true => folders.push(name),
                false if is_half || to.join(&name).exists() => {}
                false => file(&from.join(&name), &to.join(&name))?,
            }
        }
        File::open(to.join(&folder))?.sync_all()?;
    }
    Ok(())
}

/// Copies one file, unless it goes meanwhile.
fn file(from: &Path, to: &Path) -> Result<()> {
    match fs::copy(from, to) {
        Ok(_) => Ok(File::open(to)?.sync_all()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn unwritable(to: &Path) -> String {
    format!("the backup {} cannot be written", to.display())
}

/// A file of the folder, which is written to by others only.
fn open(folder: &Path, name: &str) -> Result<Connection> {
    let file = folder.join(name);
    let shown = || format!("{} cannot be read: is it a data folder?", file.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).with_context(shown)?;
    connection.busy_timeout(BUSY).with_context(shown)?;
    Ok(connection)
}

/// From here on the connection reads the file as it is at this moment.
fn snapshot(connection: &Connection) -> Result<()> {
    connection.execute_batch("BEGIN")?;
    // A transaction begins with its first read.
    Ok(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?)
}

/// Copies a snapshot page by page.
fn write(snapshot: &Connection, file: &Path) -> Result<()> {
    let mut copy = Connection::open(file)?;
    let backup = Backup::new(snapshot, &mut copy)?;
    match backup.step(-1)? {
        StepResult::Done => {}
        other => bail!("{} was copied in part: {other:?}", file.display()),
    }
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    Ok(File::open(file)?.sync_all()?)
}

/// Copies the key that secrets are sealed with, if the folder has one: it never changes.
fn key(from: &Path, to: &Path) -> Result<()> {
    match fs::copy(from.join(KEY_FILE), to.join(KEY_FILE)) {
        Ok(_) => Ok(File::open(to.join(KEY_FILE))?.sync_all()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What the copy is called until it is whole.
fn partial(to: &Path) -> PathBuf {
    let mut name = OsString::from(to);
    name.push(".partial");
    PathBuf::from(name)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
