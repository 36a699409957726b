//! Items of tables that are in the same process.

use switchboard_domain::for_each_record;
use switchboard_domain::record::Record;

use crate::document::{self, Heads};
use crate::error::StoreError;
use crate::item::{self, Kept, said_by_keys, unreadable};

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

impl Text {
    /// A key of the table or of an index.
    pub(super) fn key(&self, name: &str) -> Option<String> {
        match name {
            "pk" => Some(self.pk.clone()),
            "sk" => Some(self.sk.clone()),
            _ => Heads::of(&self.json).ok()?.key(name).map(str::to_owned),
        }
    }
}

macro_rules! by_kind {
    ($($kind:ident $file:ident: $path:path,)*) => {
        /// The record, whatever it is.
        pub(super) fn record(text: &str) -> Result<Record, StoreError> {
            let heads = Heads::of(text).map_err(|error| unreadable("item", error.to_string()))?;
            match heads.kind() {
                $(Some(stringify!($kind)) => under::<$path>(text, &heads).map(Into::into),)*
                kind => Err(unreadable("item", format!("unknown kind {kind:?}"))),
            }
        }
    };
}

for_each_record!(by_kind);

/// The record, which is of this kind.
pub(super) fn read<T: Kept>(text: &str) -> Result<T, StoreError> {
    under(text, &Heads::of(text).map_err(|error| damaged::<T>(&error))?)
}

fn damaged<T: Kept>(error: &serde_json::Error) -> StoreError {
    unreadable(T::KIND, error.to_string())
}

fn under<T: Kept>(text: &str, heads: &Heads<'_>) -> Result<T, StoreError> {
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
