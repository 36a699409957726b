//! What each invocation did, so that a person can watch a message walk through the functions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use switchboard_domain::timestamp::Timestamp;

use crate::usage::lock;

/// What a deployment does with its traces, beside handing them to whoever subscribes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TraceMode {
    /// Nothing.
    #[default]
    Off,
    /// One line on standard output for each invocation.
    Lines,
    /// The same, with colours.
    ColouredLines,
}

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
    /// With so many messages or records not done.
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
}

/// What is known of an invocation while it runs.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) number: u64,
    pub(crate) written: Vec<Written>,
    pub(crate) sent: BTreeMap<String, usize>,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
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

/// The number of the invocation that is running; 0 if none is.
pub(crate) fn invocation() -> u64 {
    INVOCATION.try_with(|notes| lock(notes).number).unwrap_or(0)
}

const FUNCTION_WIDTH: usize = 18;
const TRIGGER_WIDTH: usize = 44;

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

impl Trace {
    /// One line, in columns; it holds no body and no address.
    pub fn line(&self, is_coloured: bool) -> String {
        let paint = |code: &str, text: String| match is_coloured {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text,
        };
        let time = clock_time(self.started);
        let function = paint("1", format!("{:FUNCTION_WIDTH$}", self.function));
        let trigger = format!("{:TRIGGER_WIDTH$}", self.trigger);
        let milliseconds = format!("{:>4} ms", self.duration.as_millis());
        let colour = match &self.outcome {
            Outcome::Done => "32",
            Outcome::Status(status) if *status < 400 => "32",
            Outcome::Status(_) | Outcome::Partial(_) => "33",
            Outcome::Failed(_) | Outcome::TimedOut | Outcome::Killed => "31",
        };
        let outcome = paint(colour, self.outcome.to_string());
        let mut line = format!("{time}  {function} {trigger} {milliseconds}  {outcome}");
        let written = self.written();
        if !written.is_empty() {
            line.push_str(&format!("  wrote {written}"));
        }
        if self.unrouted() > 0 {
            let note =
                format!("  {}: no address configuration", counted("unrouted", self.unrouted()));
            line.push_str(&paint("33", note));
        }
        if !self.sent.is_empty() {
            let sent: Vec<String> = self.sent.iter().map(|(queue, n)| counted(queue, *n)).collect();
            line.push_str(&paint("36", format!("  → {}", sent.join(", "))));
        }
        line
    }

    /// How many customers' messages were kept that no conversation wanted: the others are written together
    /// with their conversation.
    fn unrouted(&self) -> usize {
        let wrote = |kind: &str| self.written.iter().filter(|it| it.kind == kind).count();
        match self.function.as_str() {
            "autocreation" => wrote("Message").saturating_sub(wrote("Conversation")),
            _ => 0,
        }
    }

    fn written(&self) -> String {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for written in &self.written {
            let kind = match written.is_deleted {
                true => "-item".to_owned(),
                false => written.kind.clone(),
            };
            *kinds.entry(kind).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, n)| counted(kind, *n)).collect();
        kinds.join(", ")
    }
}

fn counted(what: &str, count: usize) -> String {
    match count {
        1 => what.to_owned(),
        many => format!("{what} ×{many}"),
    }
}

fn clock_time(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    instant.to_zoned_datetime(TimeZone::UTC).strftime("%H:%M:%S%.3f").to_string()
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
        assert_eq!(masked("/webhooks/twilio"), "/webhooks/twilio");
    }

    #[test]
    fn a_line_says_who_did_what_and_where_it_went() {
        let written = |kind: &str| Written {
            table: "conversations".to_owned(),
            kind: kind.to_owned(),
            is_deleted: false,
        };
        let trace = Trace {
            number: 1,
            started: Timestamp(1_700_000_000_123),
            function: "autocreation".to_owned(),
            trigger: Trigger::Queue { queue: "inbound.fifo".to_owned(), messages: 2 },
            duration: Duration::from_millis(4),
            written: vec![
                written("Message"),
                written("Conversation"),
                written("Conversation"),
                written("Message"),
            ],
            sent: BTreeMap::from([("invites.fifo".to_owned(), 1)]),
            write_units: 4.0,
            read_units: 1.0,
            outcome: Outcome::Done,
        };
        let line = trace.line(false);
        assert!(line.starts_with("22:13:20.123  autocreation"), "{line}");
        let rest = "inbound.fifo ×2";
        assert!(line.contains(rest), "{line}");
        assert!(
            line.ends_with("4 ms  done  wrote Conversation ×2, Message ×2  → invites.fifo"),
            "{line}"
        );
        let kept = Trace { written: vec![written("Message")], ..trace };
        assert!(kept.line(false).contains("wrote Message  unrouted: no address"), "{kept:?}");
    }
}
