//! What the engine, the short road and the streams have in common: one database, one lock, one order of changes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use anyhow::{Error, Result, anyhow};
use rusqlite::params;
use switchboard_disk::Durable;
use switchboard_runtime::dependencies::{Clock, system_time};
use switchboard_store::road::{Refusal, Write};

use super::Shared;
use super::near::{Done, Near};
use super::ring::{Change, Moment};
use super::stream::Stream;
use crate::aws::template;
use crate::aws::usage::Meter;
use crate::lock::lock;

/// A change of a stream, as the engine keeps them.
const KEEP: &str = "INSERT INTO _stream_records (table_name, event_name, keys_json, new_image, old_image, \
     sequence_number, shard_id, created_at, user_identity, event_id) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// The identity that DynamoDB gives to itself.
const SERVICE: &str = r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;

impl Shared {
    pub(super) fn new(
        near: Option<Near>,
        clock: Option<&Clock>,
        meter: Arc<Meter>,
        template: &template::Template,
        stack: &str,
    ) -> Self {
        let streams = template.tables.iter().filter(|table| table.has_stream);
        let unseen = |table: &template::Table| (table.name.clone(), Arc::new(Stream::unseen()));
        Self {
            near: Mutex::new(near),
            durable: Durable::default(),
            spent: Mutex::default(),
            clock: clock.cloned().unwrap_or_else(|| Arc::new(system_time)),
            meter,
            stack: format!("{stack}-"),
            streams: streams.map(unseen).collect(),
        }
    }

    /// Wakes who follows a table.
    pub(super) fn nudge(&self, table: &str) {
        if let Some(stream) = self.streams.get(table) {
            stream.written.fetch_add(1, Ordering::SeqCst);
            stream.news.notify_waiters();
        }
    }

    fn moment(&self) -> Moment {
        let milliseconds = (self.clock)().0;
        Moment { seconds: milliseconds.div_euclid(1000), microseconds: milliseconds * 1000 }
    }

    /// Carries out a write in one transaction of the database. The disk has it when the mark that follows is kept.
    pub(super) fn commit(&self, near: &Near, writes: &[Write]) -> Result<Done<()>, Refusal> {
        let moment = self.moment();
        let (mut changes, mut outcome) = (Vec::new(), Ok(Done::default()));
        let carried_out = near.transaction(|| {
            match near.write(writes, &mut changes, &moment) {
                Err(Refusal::Unavailable(error)) => return Err(Error::from_boxed(error)),
                done => outcome = done,
            }
            self.keep(near, &mut changes, &moment)
        });
        match carried_out {
            Ok(()) => {
                self.durable.wrote();
                self.tell(changes);
                outcome
            }
            Err(error) => Err(Refusal::Unavailable(error.into_boxed_dyn_error())),
        }
    }

    /// Removes what has expired, and the changes that everybody is done with.
    pub(super) fn sweep(&self, near: &Near) -> Result<usize> {
        let moment = self.moment();
        let (mut changes, mut swept) = (Vec::new(), 0);
        near.transaction(|| {
            let done = near.sweep(&mut changes, &moment);
            swept = done.map_err(|refusal| anyhow!("{refusal:?}"))?;
            self.keep(near, &mut changes, &moment)
        })?;
        self.durable.wrote();
        self.tell(changes);
        Ok(swept)
    }

    /// Gives changes their numbers, and takes them to the file if there is one: the streams begin there after a crash.
    fn keep(&self, near: &Near, changes: &mut [Change], moment: &Moment) -> Result<()> {
        for change in changes {
            if let Some(stream) = self.streams.get(&change.table) {
                change.number = lock(&stream.ring).next(moment);
            }
            if !near.is_on_disk() {
                continue;
            }
            let mut keep = near.connection.prepare_cached(KEEP)?;
            change.row = keep.insert(params![
                change.table,
                change.name,
                change.keys,
                change.new,
                change.old,
                change.number.to_string(),
                dynoxide::streams::shard_id(&change.table),
                change.created,
                change.is_by_the_service.then_some(SERVICE),
                change.id(),
            ])?;
            near.collected.set(change.row);
        }
        self.remove_spent(near)
    }

    /// Removes changes that everybody is done with.
    pub(super) fn remove_spent(&self, near: &Near) -> Result<()> {
        const SPENT: &str = "DELETE FROM _stream_records WHERE id <= ?2 AND table_name = ?1";
        for (table, row) in std::mem::take(&mut *lock(&self.spent)) {
            near.connection.prepare_cached(SPENT)?.execute(params![table, row])?;
        }
        Ok(())
    }

    fn tell(&self, changes: Vec<Change>) {
        for change in changes {
            if let Some(stream) = self.streams.get(&change.table) {
                lock(&stream.ring).push(change);
            }
        }
    }

    /// Takes in the changes that the engine has written since the last look, or an earlier process.
    pub(super) fn collect(&self, near: &Near) -> Result<()> {
        const LATER: &str = "SELECT * FROM _stream_records WHERE id > ?1 ORDER BY id";
        let mut later = near.connection.prepare_cached(LATER)?;
        let mut rows = later.query([near.collected.get()])?;
        while let Some(row) = rows.next()? {
            let table: String = row.get("table_name")?;
            near.collected.set(row.get("id")?);
            let Some(stream) = self.streams.get(&table) else { continue };
            let view = near.view(&table).ok_or_else(|| anyhow!("table {table} has no stream"))?;
            let mut change = Change::kept(row, view)?;
            let mut ring = lock(&stream.ring);
            change.number = ring.renumbered(change.number);
            if !near.is_on_disk() {
                change.row = 0;
            }
            ring.push(change);
        }
        drop(rows);
        if !near.is_on_disk() && near.has_tables() {
            near.connection.prepare_cached("DELETE FROM _stream_records")?.execute([])?;
        }
        Ok(())
    }
}

impl Drop for Shared {
    /// What is done with is not delivered again by the next process.
    fn drop(&mut self) {
        let near = lock(&self.near);
        if let Some(near) = near.as_ref().filter(|near| near.is_on_disk()) {
            // A failure costs a repetition.
            let _ = self.remove_spent(near);
        }
    }
}
