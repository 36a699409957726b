//! An item as a road hands it over: one of the SDK, or a text.

use switchboard_domain::for_each_record;
use switchboard_domain::record::Record;

use crate::document::{self, Heads};
use crate::error::StoreError;
use crate::item::{self, Item, Kept, said_by_keys, unreadable};

/// An item that was read from a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// As the SDK has it.
    Item(Item),
    /// As a table in this process keeps it.
    Text(Text),
}

/// An item as DynamoDB's JSON, and its keys in the table, which whoever found it knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
    /// All of it.
    pub json: String,
}

impl Row {
    /// The item.
    ///
    /// # Errors
    ///
    /// The text is none.
    pub fn into_item(self) -> serde_json::Result<Item> {
        match self {
            Self::Item(item) => Ok(item),
            Self::Text(text) => document::item(&text.json),
        }
    }

    /// A key of the table or of an index.
    pub(crate) fn key(&self, name: &str) -> Option<String> {
        match self {
            Self::Item(item) => item.get(name)?.as_s().ok().cloned(),
            Self::Text(text) => match name {
                "pk" => Some(text.pk.clone()),
                "sk" => Some(text.sk.clone()),
                _ => Heads::of(&text.json).ok()?.key(name).map(str::to_owned),
            },
        }
    }

    /// The record, which is of this kind.
    pub(crate) fn read<T: Kept>(self) -> Result<T, StoreError> {
        match self {
            Self::Item(item) => item::read(item),
            Self::Text(text) => {
                let heads = Heads::of(&text.json).map_err(|error| damaged::<T>(&error))?;
                read(&text.json, &heads)
            }
        }
    }

    /// The record, whatever it is.
    pub(crate) fn record(self) -> Result<Record, StoreError> {
        match self {
            Self::Item(item) => item::record(item),
            Self::Text(text) => record(&text.json),
        }
    }
}

macro_rules! by_kind {
    ($($kind:ident: $path:path,)*) => {
        fn record(text: &str) -> Result<Record, StoreError> {
            let heads = Heads::of(text).map_err(|error| unreadable("item", error.to_string()))?;
            match heads.kind() {
                $(Some(stringify!($kind)) => read::<$path>(text, &heads).map(Into::into),)*
                kind => Err(unreadable("item", format!("unknown kind {kind:?}"))),
            }
        }
    };
}

for_each_record!(by_kind);

fn damaged<T: Kept>(error: &serde_json::Error) -> StoreError {
    unreadable(T::KIND, error.to_string())
}

fn read<T: Kept>(text: &str, heads: &Heads<'_>) -> Result<T, StoreError> {
    let version = heads
        .version()
        .ok_or_else(|| unreadable(T::KIND, "an item without a version".to_owned()))?;
    let mut besides = Vec::new();
    for (path, key) in said_by_keys(T::KIND) {
        let said = heads.key(key).map(|text| text.split('#').next().unwrap_or(text));
        match (path, said) {
            ([name], Some(said)) => besides.push((*name, said.to_owned())),
            // Something within a member: the whole item is made up first.
            (_, Some(_)) => {
                return item::read(document::item(text).map_err(|error| damaged::<T>(&error))?);
            }
            (_, None) => {}
        }
    }
    let record: T = document::record(text, besides).map_err(|error| damaged::<T>(&error))?;
    Ok(record.versioned(version))
}
