//! What each invocation did, so that a person can watch a message walk through the functions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use switchboard_disk::Mark;
use switchboard_domain::timestamp::Timestamp;

use crate::lock::lock;

/// What woke a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A request; values in its path that may name a person are masked.
    Http {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// Messages of a queue.
    Queue {
        /// The queue, without the stack's name.
        queue: String,
        /// How many.
        messages: usize,
    },
    /// Changes of a table.
    Stream {
        /// The table, without the stack's name.
        table: String,
        /// How many.
        records: usize,
    },
    /// The time.
    Schedule,
    /// Somebody called it by hand.
    Direct,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With everything done.
    Done,
    /// With an HTTP status.
    Status(u16),
    /// With this many messages or records not done.
    Partial(usize),
    /// With an error, or a panic.
    Failed(String),
    /// Not in time.
    TimedOut,
    /// By a fault, on the spot.
    Killed,
}

impl Outcome {
    /// Whether the function answered, if only to say no.
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::Done | Self::Status(_) | Self::Partial(_))
    }
}

/// One item that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The table, without the stack's name.
    pub table: String,
    /// What the item is: `Conversation`; empty for one that was deleted.
    pub kind: String,
    /// Whether it is gone.
    pub is_deleted: bool,
}

/// One invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Counts up from one.
    pub number: u64,
    /// When it began.
    pub started: Timestamp,
    /// Which function.
    pub function: String,
    /// What woke it.
    pub trigger: Trigger,
    /// How long it took.
    pub duration: Duration,
    /// What it wrote.
    pub written: Vec<Written>,
    /// How many messages it sent, by queue without the stack's name.
    pub sent: BTreeMap<String, usize>,
    /// DynamoDB units that it wrote.
    pub write_units: f64,
    /// DynamoDB units that it read.
    pub read_units: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why something was not done, put off or refused, as the function logged it.
    pub reasons: Vec<String>,
}

/// Sees every invocation as it ends; it must not take long.
pub type Watch = Arc<dyn Fn(&Trace) + Send + Sync>;

/// What is known of an invocation while it runs.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) number: u64,
    pub(crate) written: Vec<Written>,
    pub(crate) sent: BTreeMap<String, usize>,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) reasons: Vec<String>,
    /// What the tables held when they were asked last.
    pub(crate) seen: Mark,
}

tokio::task_local! {
    /// The invocation that this task is.
    pub(crate) static INVOCATION: Arc<Mutex<Notes>>;
}

/// Writes something down about the invocation that is running, if one is.
pub(crate) fn note(write: impl FnOnce(&mut Notes)) {
    // Tests and the demo call tables and queues without being a function.
    let _ = INVOCATION.try_with(|notes| write(&mut lock(notes)));
}

/// What the invocation that is running has seen of the tables; nothing if none is.
pub(crate) fn seen() -> Mark {
    INVOCATION.try_with(|notes| lock(notes).seen.clone()).unwrap_or_default()
}

/// The number of the invocation that is running; 0 if none is.
pub(crate) fn invocation() -> u64 {
    INVOCATION.try_with(|notes| lock(notes).number).unwrap_or(0)
}

impl fmt::Display for Trigger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Http { method, path } => format!("{method} {path}"),
            Self::Queue { queue, messages } => format!("{queue} ×{messages}"),
            Self::Stream { table, records } => format!("stream of {table} ×{records}"),
            Self::Schedule => "every minute".to_owned(),
            Self::Direct => "by hand".to_owned(),
        };
        out.pad(&text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => out.write_str("done"),
            Self::Status(status) => write!(out, "{status}"),
            Self::Partial(count) => write!(out, "{count} to be tried again"),
            Self::Failed(reason) => write!(out, "failed: {reason}"),
            Self::TimedOut => out.write_str("timed out"),
            Self::Killed => out.write_str("killed"),
        }
    }
}

/// A path without what may name a person: after a collection comes an identifier or a name, and only
/// identifiers are kept.
pub(crate) fn masked(path: &str) -> String {
    let mut masked = String::new();
    let mut is_after_collection = false;
    for (place, part) in path.trim_start_matches('/').split('/').enumerate() {
        let word = part.strip_suffix(".json").unwrap_or(part);
        let is_word = word.len() < 32 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        masked.push('/');
        match part.get(..6) {
            Some(start) if is_sid(word) => masked.push_str(&format!("{start}…")),
            _ if place < 2 || (is_word && !is_after_collection) => masked.push_str(part),
            _ => masked.push('…'),
        }
        is_after_collection = place > 1 && word.ends_with('s');
    }
    masked
}

fn is_sid(part: &str) -> bool {
    let bytes = part.as_bytes();
    bytes.len() == 34
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_words_and_identifiers_and_loses_names() {
        let sid = "CH0123456789abcdef0123456789abcdef";
        let path = format!("/conversations/v1/Conversations/{sid}/Messages");
        assert_eq!(masked(&path), "/conversations/v1/Conversations/CH0123…/Messages");
        assert_eq!(
            masked("/conversations/v1/Users/alice%40example.com"),
            "/conversations/v1/Users/…"
        );
        assert_eq!(masked("/conversations/v1/Users/alice"), "/conversations/v1/Users/…");
        assert_eq!(masked("/api/v1/+15550001111"), "/api/v1/…");
        assert_eq!(
            masked("/conversations/v1/Conversations/Alice"),
            "/conversations/v1/Conversations/…"
        );
        assert_eq!(masked("/webhooks/acme"), "/webhooks/acme");
    }
}
