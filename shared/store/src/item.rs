//! Records ⇄ items.
//!
//! Besides the record's own attributes an item has: `pk`, `sk`; `kind`; `v`, how often it was written; `c`, the ids
//! of its last commits; `fx`, the effects of its last change; `lpk`, `lsk`, `wpk`, `wsk`, `dpk`, `dsk`, its rows in
//! the indexes; `ttl`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use switchboard_domain::effect::{CertainRoad, Effect};
use switchboard_domain::for_each_record;
use switchboard_domain::record::Record;
use switchboard_domain::sid::TaskSid;
use switchboard_domain::version::{CommitId, Version};
use switchboard_domain::webhook::attempt::timed;

use crate::error::StoreError;
use crate::place::{Key, Place};

/// The names that every item may have beside its record's.
const RESERVED: [&str; 13] =
    ["pk", "sk", "kind", "v", "c", "fx", "lpk", "lsk", "wpk", "wsk", "dpk", "dsk", "ttl"];

/// The attributes of the records that every message writes, or every turn of a task, which their keys say as
/// well: kind, path to the attribute, key. They are not stored, since a write costs a unit for each kilobyte. Of a key
/// of several parts the first one counts.
const SAID_BY_KEYS: [(&str, &[&str], &str); 10] = [
    ("Conversation", &["sid"], "pk"),
    ("Head", &["workspace"], "pk"),
    ("Interaction", &["sid"], "pk"),
    ("Message", &["sid"], "pk"),
    ("Occurrence", &["subject", "task", "sid"], "lpk"),
    ("Occurrence", &["subject", "task", "workspace"], "pk"),
    ("Occurrence", &["worker"], "wpk"),
    ("Occurrence", &["workspace"], "pk"),
    ("Task", &["sid"], "pk"),
    ("Task", &["workspace"], "lpk"),
];

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// A kind of record that can be read back.
pub trait Kept: Into<Record> + DeserializeOwned {
    /// The name of the kind.
    const KIND: &'static str;
    /// Sets how often it was written.
    fn versioned(self, version: impl Into<Version>) -> Self;
    /// The record, if it is of this kind.
    fn from_record(record: Record) -> Option<Self>;
    /// The record, if it is of this kind.
    fn of(record: &Record) -> Option<&Self>;
}

macro_rules! kept {
    ($($kind:ident $file:ident: $path:path,)*) => {
        $(impl Kept for $path {
            const KIND: &'static str = stringify!($kind);

            fn versioned(mut self, version: impl Into<Version>) -> Self {
                self.version = version.into();
                self
            }

            fn from_record(record: Record) -> Option<Self> {
                match record {
                    Record::$kind(it) => Some(*it),
                    _ => None,
                }
            }

            fn of(record: &Record) -> Option<&Self> {
                match record {
                    Record::$kind(it) => Some(it),
                    _ => None,
                }
            }
        })*

        pub(crate) fn body(record: &Record) -> Result<Item, serde_dynamo::Error> {
            match record {
                $(Record::$kind(it) => serde_dynamo::aws_sdk_dynamodb_1::to_item(it),)*
            }
        }

        /// Reads a record of any kind.
        pub fn record(item: Item) -> Result<Record, StoreError> {
            match item.get("kind").and_then(|kind| kind.as_s().ok()).map(String::as_str) {
                $(Some(stringify!($kind)) => read::<$path>(item).map(Into::into),)*
                kind => Err(unreadable("item", format!("unknown kind {kind:?}"))),
            }
        }
    };
}

for_each_record!(kept);

/// The record of an image that a stream delivers; none if there was no item.
pub fn image(image: serde_dynamo::Item) -> Result<Option<Record>, StoreError> {
    match image.is_empty() {
        true => Ok(None),
        false => record(image.into()).map(Some),
    }
}

pub(crate) fn unreadable(operation: &'static str, reason: String) -> StoreError {
    StoreError::Defect { operation, reason }
}

/// The item of a record as it is to be written, and its key; the first record of a commit carries the effects and
/// the commit's id.
pub(crate) fn item(
    record: &Record,
    effects: &[Effect],
    commit: Option<CommitId>,
) -> Result<(Key, Item), StoreError> {
    let place = Place::of(record);
    let mut item = body(record).map_err(|error| unreadable(record.kind(), error.to_string()))?;
    if let Some(taken) = RESERVED.iter().find(|name| item.contains_key(**name)) {
        return Err(unreadable(record.kind(), format!("has an attribute called {taken}")));
    }
    let mut set =
        |name: &str, value: String| item.insert(name.to_owned(), AttributeValue::S(value));
    set("pk", place.key.pk.clone());
    set("sk", place.key.sk.clone());
    set("kind", record.kind().to_owned());
    if let Some(row) = place.list {
        set("lpk", row.pk);
        set("lsk", row.sk);
    }
    if let Some(row) = place.worker {
        set("wpk", row.pk);
        set("wsk", row.sk);
    }
    if let Some(row) = place.due {
        set("dpk", row.pk);
        set("dsk", row.sk);
    }
    let is_carried = |effect: &&Effect| effect.certain_road() == CertainRoad::Carried;
    let carried: Vec<&Effect> = effects.iter().filter(is_carried).collect();
    if !carried.is_empty() {
        let text = serde_json::to_string(&carried)
            .map_err(|error| unreadable("effects", error.to_string()))?;
        set("fx", text);
    }
    let mut set =
        |name: &str, value: String| item.insert(name.to_owned(), AttributeValue::N(value));
    set("v", (record.version() + 1).to_string());
    if let Some(expires) = place.expires {
        set("ttl", expires.seconds().to_string());
    }
    let commits = record.version().commits_with(commit);
    if !commits.is_empty() {
        item.insert("c".to_owned(), AttributeValue::B(commits.into()));
    }
    for (path, key) in said_by_keys(record.kind()) {
        let said = said(&item, key);
        if let Some((name, within)) = parent(&mut item, path)
            && within.get(name) == said.as_ref()
        {
            within.remove(name);
        }
    }
    Ok((place.key, item))
}

pub(crate) fn said_by_keys(
    kind: &str,
) -> impl Iterator<Item = (&'static [&'static str], &'static str)> {
    let of_kind = SAID_BY_KEYS.iter().filter(move |(of, _, _)| *of == kind);
    of_kind.map(|(_, path, key)| (*path, *key))
}

/// What a key says: the first of its parts.
fn said(item: &Item, key: &str) -> Option<AttributeValue> {
    let text = item.get(key)?.as_s().ok()?;
    Some(AttributeValue::S(text.split('#').next().unwrap_or(text).to_owned()))
}

/// The map that a path ends in, if it is there, and the last name of the path.
fn parent<'a>(item: &'a mut Item, path: &[&'static str]) -> Option<(&'static str, &'a mut Item)> {
    let (name, way) = path.split_last()?;
    let mut within = item;
    for step in way {
        within = match within.get_mut(*step)? {
            AttributeValue::M(map) => map,
            _ => return None,
        };
    }
    Some((*name, within))
}

/// Reads a record of a known kind.
pub(crate) fn read<T: Kept>(mut item: Item) -> Result<T, StoreError> {
    let version = version(&item)
        .ok_or_else(|| unreadable(T::KIND, "an item without a version".to_owned()))?;
    for (path, key) in said_by_keys(T::KIND) {
        if let Some(said) = said(&item, key)
            && let Some((name, within)) = parent(&mut item, path)
        {
            within.entry(name.to_owned()).or_insert(said);
        }
    }
    let record: T = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|error| unreadable(T::KIND, error.to_string()))?;
    Ok(record.versioned(version))
}

/// The version of an item, with the commits that led to it.
pub(crate) fn version(item: &Item) -> Option<Version> {
    let number = item.get("v")?.as_n().ok()?.parse().ok()?;
    let commits = item.get("c").and_then(|it| it.as_b().ok());
    Some(Version::read(number, commits.map_or(&[], |it| it.as_ref())))
}

/// The deduplication id of an effect: the item, its version and the effect's place name it the same way on
/// both roads, whichever function sends it.
pub fn effect_id(pk: &str, version: u64, place: usize) -> String {
    format!("{pk}-{version}-{place}")
}

/// The deduplication id of an effect that a record carries: a call of a webhook is kept by it, in order of time, so it
/// ends in the time of the change.
pub fn carried_id(
    pk: &str,
    version: u64,
    place: usize,
    effect: &Effect,
    record: &Record,
) -> String {
    let id = effect_id(pk, version, place);
    match (effect, record.changed()) {
        (Effect::Notify(_), Some(time)) => timed(&id, time),
        _ => id,
    }
}

/// The deduplication id of what follows from a change of a task, which leads to this version of it.
pub fn derived_id(task: TaskSid, version: u64) -> String {
    format!("{task}-{version}-derived")
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::conversation::{Conversation, Defaults};
    use switchboard_domain::head::Head;
    use switchboard_domain::sid::{ConversationSid, ServiceSid, Sid as _, WorkspaceSid};
    use switchboard_domain::timestamp::Timestamp;

    fn written(record: impl Into<Record>) -> Item {
        item(&record.into(), &[], Some(CommitId([7; 6]))).unwrap().1
    }

    #[test]
    fn facts_of_the_keys_are_not_stored_and_come_back() {
        let workspace = WorkspaceSid::derived(&["w"]);
        let head = Head::new(workspace);
        let item = written(head.clone());
        assert!(!item.contains_key("workspace"), "{item:?}");
        assert_eq!(read::<Head>(item).unwrap(), head.versioned(1));
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let conversation = Conversation::new(sid, service, Defaults::default(), Timestamp(7));
        let item = written(conversation.clone());
        assert!(!item.contains_key("sid"), "{item:?}");
        assert_eq!(record(item).unwrap(), conversation.versioned(1).into());
    }

    #[test]
    fn an_item_that_has_what_its_keys_say_is_read_as_well() {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let conversation = Conversation::new(sid, service, Defaults::default(), Timestamp(7));
        let mut item = written(conversation.clone());
        item.insert("sid".to_owned(), AttributeValue::S(sid.to_string()));
        assert_eq!(record(item).unwrap(), conversation.versioned(1).into());
    }
}
