//! Group commit: one fsync for all who wait.
//!
//! SQLite writes a transaction to the end of its write-ahead log and, at `synchronous = NORMAL`, leaves it to the
//! system when that reaches the disk. After a power cut it reads the log up to the first frame whose checksum, which
//! covers all frames before it, does not fit, and keeps every transaction that was committed until there. So once the
//! log has been synced, everything written to it before the sync is kept, whoever asked for the sync and through
//! whichever handle. Before the log is overwritten from its beginning, SQLite itself has synced the log, written its
//! pages to the database and synced that, also at `NORMAL`.
//!
//! Nobody holds a lock while the disk works: writers go on, and the next sync is for all of them.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::lock::beside;

/// The disk did not take what was written. Whether it ever will cannot be known: the system may have dropped it, and
/// say at the next try that all is well. So nothing is promised any more until the process has started again on what
/// the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk did not keep what was written: nothing is acknowledged until this is started again"
)]
pub struct Unkept;

/// Makes sure that what was written to one log is on the disk; clones are the same. The default is for what lives in
/// memory, and never waits.
#[derive(Debug, Clone, Default)]
pub struct Durable(Option<Arc<Log>>);

/// Everything that was written until one moment.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    durable: Durable,
    number: u64,
}

struct Log {
    sync: Box<dyn Fn() -> io::Result<()> + Send + Sync>,
    /// How often somebody has written.
    written: AtomicU64,
    turn: Mutex<Turn>,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Turn {
    /// The last write that somebody waits for.
    wanted: u64,
    /// Whether the disk is at work.
    is_busy: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    /// The last write that is on the disk.
    kept: u64,
    is_broken: bool,
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Log").field("written", &self.written).finish_non_exhaustive()
    }
}

impl Durable {
    /// For a SQLite database in write-ahead mode that is open, so that its log is there. What it holds already is on
    /// the disk when this returns, the names of its files included.
    ///
    /// # Errors
    /// If the log cannot be opened, or the disk does not take it.
    pub fn of_database(path: &Path) -> io::Result<Self> {
        let log = File::open(beside(path, "-wal"))?;
        log.sync_all()?;
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
        Ok(Self::by(move || log.sync_data()))
    }

    fn by(sync: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        let (progress, _) = watch::channel(Progress::default());
        Self(Some(Arc::new(Log {
            sync: Box::new(sync),
            written: AtomicU64::new(0),
            turn: Mutex::default(),
            progress,
        })))
    }

    /// Something was written: the system has it, the disk does not. Has to be said before anybody else can read it.
    pub fn wrote(&self) {
        if let Some(log) = &self.0 {
            log.written.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Everything written until now.
    pub fn mark(&self) -> Mark {
        let number = self.0.as_ref().map_or(0, |log| log.written.load(Ordering::SeqCst));
        Mark { durable: self.clone(), number }
    }
}

impl Mark {
    /// Waits until everything up to this mark is on the disk.
    ///
    /// # Errors
    /// If the disk does not take it, now or earlier.
    pub async fn kept(&self) -> Result<(), Unkept> {
        let Some(log) = &self.durable.0 else { return Ok(()) };
        let reached = |progress: &Progress| progress.kept >= self.number;
        let mut progress = log.progress.subscribe();
        let now = *progress.borrow();
        if !reached(&now) && !now.is_broken {
            log.ask(self.number);
        }
        let ended = progress.wait_for(|now| now.is_broken || reached(now)).await;
        if ended.is_ok_and(|now| reached(&now)) { Ok(()) } else { Err(Unkept) }
    }
}

impl Log {
    /// Wants everything up to a number on the disk; whoever comes first sets the disk to work.
    fn ask(self: &Arc<Self>, number: u64) {
        let mut turn = self.turn();
        turn.wanted = turn.wanted.max(number);
        if !turn.is_busy {
            turn.is_busy = true;
            let log = Arc::clone(self);
            // Not a part of whoever asked first: they may give up, and others wait as well.
            drop(spawn_blocking(move || log.work()));
        }
    }

    /// Syncs until nobody waits any more.
    fn work(&self) {
        loop {
            let written = self.written.load(Ordering::SeqCst);
            let synced = (self.sync)();
            match synced {
                Ok(()) => self.progress.send_modify(|progress| progress.kept = written),
                Err(_) => self.progress.send_modify(|progress| progress.is_broken = true),
            }
            let mut turn = self.turn();
            if synced.is_err() || turn.wanted <= written {
                turn.is_busy = false;
                return;
            }
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// A disk that works when it is let, and counts how often.
    fn disk() -> (Durable, mpsc::Sender<io::Result<()>>, Arc<AtomicU64>) {
        let (allow, allowed) = mpsc::channel::<io::Result<()>>();
        let (allowed, count) = (Mutex::new(allowed), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&count);
        let durable = Durable::by(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            allowed.lock().unwrap().recv().unwrap_or(Ok(()))
        });
        (durable, allow, count)
    }

    #[tokio::test]
    async fn all_who_wait_share_a_sync_and_nobody_is_told_before_theirs() {
        let (durable, allow, count) = disk();
        durable.wrote();
        let first = durable.mark();
        let first = tokio::spawn(async move { first.kept().await });
        while count.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        // The disk is at work already: what comes now is not part of it.
        let late: Vec<_> = (0..32)
            .map(|_| {
                durable.wrote();
                let mark = durable.mark();
                tokio::spawn(async move { mark.kept().await })
            })
            .collect();
        // They have to wait for something, so they are asked until all do.
        while durable.0.as_ref().unwrap().turn().wanted < 33 {
            tokio::task::yield_now().await;
        }
        allow.send(Ok(())).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(late.iter().all(|waits| !waits.is_finished()), "told before it was on the disk");
        allow.send(Ok(())).unwrap();
        for waits in late {
            assert_eq!(waits.await.unwrap(), Ok(()));
        }
        assert_eq!(count.load(Ordering::SeqCst), 2, "one for the first, one for all others");
        assert_eq!(durable.mark().kept().await, Ok(()), "what is on the disk asks for no sync");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_more_is_promised() {
        let (durable, allow, count) = disk();
        durable.wrote();
        let before = durable.mark();
        allow.send(Ok(())).unwrap();
        assert_eq!(before.kept().await, Ok(()));
        durable.wrote();
        allow.send(Err(io::Error::other("worn out"))).unwrap();
        assert_eq!(durable.mark().kept().await, Err(Unkept));
        allow.send(Ok(())).unwrap();
        durable.wrote();
        assert_eq!(durable.mark().kept().await, Err(Unkept), "a sync that follows proves nothing");
        assert_eq!(before.kept().await, Ok(()), "what was kept stays kept");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_lives_in_memory_never_waits() {
        let durable = Durable::default();
        durable.wrote();
        assert_eq!(durable.mark().kept().await, Ok(()));
    }
}
