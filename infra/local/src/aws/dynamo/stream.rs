//! How far the readers of a table's stream are.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::ring::Ring;
use crate::lock::lock;

/// A table's stream, as its readers see it.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// How many requests may have written to it.
    pub(crate) written: AtomicU64,
    /// Wakes the readers.
    pub(crate) news: Notify,
    /// What there is to read, if it is not read from the engine.
    pub(super) ring: Mutex<Ring>,
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
    /// One request to begin with: an earlier process may have left changes that nobody has seen.
    pub(super) fn unseen() -> Self {
        Self { written: AtomicU64::new(1), ..Self::default() }
    }

    /// A function is going to read.
    pub(crate) fn enrol(&self, function: &str) {
        lock(&self.readers).entry(function.to_owned()).or_default();
    }

    /// A function is done with everything that this many requests have written.
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
