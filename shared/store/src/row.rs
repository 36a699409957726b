//! An item as a road hands it over: one of the SDK, or a text.

use switchboard_domain::record::Record;

use crate::error::StoreError;
use crate::item::{self, Item, Kept};
#[cfg(any(test, feature = "near"))]
use crate::row::text as near;

#[cfg(any(test, feature = "near"))]
pub use self::text::Text;

#[cfg(any(test, feature = "near"))]
mod text;

/// An item that was read from a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// As the SDK has it.
    Item(Item),
    /// As a table in this process keeps it.
    #[cfg(any(test, feature = "near"))]
    Text(Text),
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
            #[cfg(any(test, feature = "near"))]
            Self::Text(text) => crate::document::item(&text.json),
        }
    }

    /// A key of the table or of an index.
    pub(crate) fn key(&self, name: &str) -> Option<String> {
        match self {
            Self::Item(item) => item.get(name)?.as_s().ok().cloned(),
            #[cfg(any(test, feature = "near"))]
            Self::Text(text) => text.key(name),
        }
    }

    /// The record, which is of this kind.
    pub(crate) fn read<T: Kept>(self) -> Result<T, StoreError> {
        match self {
            Self::Item(item) => item::read(item),
            #[cfg(any(test, feature = "near"))]
            Self::Text(text) => near::read(&text.json),
        }
    }

    /// The record, whatever it is.
    pub(crate) fn record(self) -> Result<Record, StoreError> {
        match self {
            Self::Item(item) => item::record(item),
            #[cfg(any(test, feature = "near"))]
            Self::Text(text) => near::record(&text.json),
        }
    }
}
