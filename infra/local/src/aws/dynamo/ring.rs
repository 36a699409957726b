//! What a table's stream has to tell: the changes since the last one that all its readers are done with, as the
//! commits left them.

use std::collections::VecDeque;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// What comes before a sequence number in the open: they are all of one length.
const NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;

/// When it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// In seconds.
    pub(super) seconds: i64,
    /// In microseconds.
    pub(super) microseconds: i64,
}

/// Which images a stream shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// The new one.
    New,
    /// The old one as well.
    Both,
}

impl View {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW_IMAGE",
            Self::Both => "NEW_AND_OLD_IMAGES",
        }
    }
}

/// An item before and after a change, as text.
#[derive(Debug, Clone)]
pub(super) struct Changed {
    pub(super) table: String,
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) table: String,
    /// Its row in the file; 0 if it is nowhere but here.
    pub(super) row: i64,
    /// Its sequence number; 0 as long as it has none.
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) keys: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// In seconds.
    pub(super) created: i64,
    /// Whether the item expired.
    pub(super) is_by_the_service: bool,
    view: View,
    /// Made when somebody asks for it, for all who read it.
    record: OnceLock<Value>,
}

/// What was read of a stream.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The records that somebody wants.
    pub(crate) wanted: Vec<Value>,
    /// The sequence number up to which it was read, if there was anything.
    pub(crate) last: Option<String>,
}

impl Change {
    pub(super) fn new(changed: Changed, view: View, moment: &Moment) -> Self {
        let Changed { table, pk, sk, old, new } = changed;
        let name = match (&old, &new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let keys = json!({ "pk": { "S": pk }, "sk": { "S": sk } }).to_string();
        let old = old.filter(|_| view == View::Both);
        Self {
            table,
            row: 0,
            number: 0,
            name: name.to_owned(),
            keys,
            old,
            new,
            created: moment.seconds,
            is_by_the_service: false,
            view,
            record: OnceLock::new(),
        }
    }

    /// As the engine kept it.
    pub(super) fn kept(row: &rusqlite::Row<'_>, view: View) -> rusqlite::Result<Self> {
        let number: String = row.get("sequence_number")?;
        Ok(Self {
            table: row.get("table_name")?,
            row: row.get("id")?,
            number: number.parse().unwrap_or(0),
            name: row.get("event_name")?,
            keys: row.get("keys_json")?,
            old: row.get("old_image")?,
            new: row.get("new_image")?,
            created: row.get("created_at")?,
            is_by_the_service: row.get::<_, Option<String>>("user_identity")?.is_some(),
            view,
            record: OnceLock::new(),
        })
    }

    /// The item expired.
    pub(super) fn by_the_service(&mut self) {
        self.is_by_the_service = true;
    }

    /// A name that no other change has.
    pub(super) fn id(&self) -> String {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let table = self.table.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
        format!("{table:016x}{:016x}", self.number)
    }

    /// As Lambda reads it.
    fn record(&self) -> &Value {
        self.record.get_or_init(|| self.written())
    }

    fn written(&self) -> Value {
        let image = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let bytes = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let mut record = json!({
            "eventID": self.id(),
            "eventName": self.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "local",
            "dynamodb": {
                "Keys": image(&self.keys),
                "SequenceNumber": open(self.number),
                "SizeBytes": self.keys.len() + bytes(&self.new) + bytes(&self.old),
                "StreamViewType": self.view.name(),
                "ApproximateCreationDateTime": self.created,
            },
        });
        if let Some(new) = &self.new {
            record["dynamodb"]["NewImage"] = image(new);
        }
        if let Some(old) = &self.old {
            record["dynamodb"]["OldImage"] = image(old);
        }
        if self.is_by_the_service {
            record["userIdentity"] =
                json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        }
        record
    }
}

/// The changes of one table.
#[derive(Debug, Default)]
pub(super) struct Ring {
    changes: VecDeque<Change>,
    last: i64,
}

impl Ring {
    /// The number of the next change: one more than the last one's, and never one that an earlier process may have
    /// given out.
    pub(super) fn next(&mut self, moment: &Moment) -> i64 {
        self.last = (self.last + 1).max(moment.microseconds);
        self.last
    }

    /// One that has its number already, or what comes next if that has been given out.
    pub(super) fn renumbered(&mut self, number: i64) -> i64 {
        self.last = (self.last + 1).max(number);
        self.last
    }

    pub(super) fn push(&mut self, change: Change) {
        self.changes.push_back(change);
    }

    /// Those behind a number, at most so many, and of these the ones that are wanted.
    pub(super) fn after(
        &self,
        number: Option<i64>,
        limit: usize,
        wants: impl Fn(&Value) -> bool,
    ) -> Read {
        let number = number.unwrap_or(0);
        let first = self.changes.partition_point(|change| change.number <= number);
        let mut read = Read::default();
        for change in self.changes.iter().skip(first).take(limit) {
            if wants(change.record()) {
                read.wanted.push(change.record().clone());
            }
            read.last = Some(open(change.number));
        }
        read
    }

    /// Forgets those up to a number, and names the last row in the file that goes with them.
    pub(super) fn forget(&mut self, number: i64) -> Option<i64> {
        let behind = self.changes.partition_point(|change| change.number <= number);
        self.changes.drain(..behind).map(|change| change.row).max().filter(|row| *row > 0)
    }
}

/// A sequence number in the open.
fn open(number: i64) -> String {
    (NUMBER_OFFSET + u128::from(number.max(0).unsigned_abs())).to_string()
}

/// The number of one in the open.
pub(super) fn number(open: &str) -> Option<i64> {
    let number = open.parse::<u128>().ok()?.checked_sub(NUMBER_OFFSET)?;
    i64::try_from(number).ok()
}
