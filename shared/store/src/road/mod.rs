//! The two roads to the tables: a client of the SDK, or tables in the same process.
//!
//! The laptop's tables are a function call away, and need neither a signature nor a document there and back: [`Near`]
//! hands them typed items. What is asked, and what comes of it, is the same on both roads, and it is all that the store
//! asks of a table: a get, a batch of gets, a range of a partition, a page of a table, and one conditional write of
//! up to a hundred items.

mod sdk;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;
use crate::item::Item;
use crate::row::Row;

/// Where an item is: the physical name of its table, and its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The table.
    pub table: String,
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl Address {
    /// The keys as attributes.
    pub fn attributes(&self) -> Item {
        Item::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// What a write asks of the item in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There is none.
    Absent,
    /// It was written so often, and by these commits last, as far as they were read.
    Version {
        /// How often.
        number: u64,
        /// The ids of the last commits, one behind the other.
        commits: Option<Vec<u8>>,
    },
    /// Nothing.
    Anything,
}

impl Condition {
    /// The same in DynamoDB's words, if anything is asked; `:loaded` and `:commits` are [`Condition::values`].
    pub const fn expression(&self) -> Option<&'static str> {
        match self {
            Self::Absent => Some("attribute_not_exists(pk)"),
            Self::Version { commits: None, .. } => Some("v = :loaded"),
            Self::Version { commits: Some(_), .. } => Some("v = :loaded AND c = :commits"),
            Self::Anything => None,
        }
    }

    /// The values of [`Condition::expression`], if it has any.
    pub fn values(&self) -> Option<Item> {
        let Self::Version { number, commits } = self else { return None };
        let mut values =
            Item::from([(":loaded".to_owned(), AttributeValue::N(number.to_string()))]);
        if let Some(commits) = commits {
            values.insert(":commits".to_owned(), AttributeValue::B(commits.clone().into()));
        }
        Some(values)
    }
}

/// One write with its condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Where.
    pub address: Address,
    /// The item as it is to be; none removes what is there.
    pub item: Option<Item>,
    /// What is asked of the item that is there.
    pub condition: Condition,
}

/// A range of a partition, in order of its sort keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// The physical name of the table.
    pub table: String,
    /// The index, if it is not the table itself, which alone is read consistently.
    pub index: Option<&'static str>,
    /// The names of the partition key and the sort key.
    pub names: (&'static str, &'static str),
    /// The partition.
    pub partition: String,
    /// The first sort key.
    pub low: String,
    /// The last sort key.
    pub high: String,
    /// Whether the first comes first.
    pub ascending: bool,
    /// At most this many, if there is a bound.
    pub limit: Option<i32>,
    /// Behind these keys.
    pub start: Option<Item>,
}

/// A page of a whole table, in no order, perhaps a moment behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The physical name of the table.
    pub table: String,
    /// Only items of this kind.
    pub kind: &'static str,
    /// Behind these keys.
    pub start: Option<Item>,
}

/// Items, and the keys behind which there are more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The items.
    pub items: Vec<Row>,
    /// Where the next page begins, if there is one.
    pub last: Option<Item>,
}

/// What became of one write of those that were not carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// Nothing was in its way.
    Up,
    /// Its condition failed, over this item, or over none.
    Failed(Option<Item>),
    /// Another transaction holds the item.
    Conflict,
}

/// Why the tables did not do what was asked.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing was written: what was in the way of each write, in their order.
    Held(Vec<Held>),
    /// They refuse it, and always will.
    Defect(String),
    /// They are out of reach, throttled, or slow.
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    /// The same as an error of an operation that carries no conditions.
    pub(crate) fn of(self, operation: &'static str) -> StoreError {
        match self {
            Self::Held(held) => StoreError::Conflict {
                kinds: Vec::new(),
                passing: held.iter().all(|one| *one == Held::Conflict),
            },
            Self::Defect(reason) => StoreError::Defect { operation, reason },
            Self::Unavailable(source) => StoreError::Unavailable { operation, source },
        }
    }
}

/// An answer to come.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// Tables in this process. They wait, repeat and give up as a client of the SDK does.
pub trait Near: fmt::Debug + Send + Sync {
    /// Reads one item as it is now.
    fn get(&self, address: Address) -> Answer<'_, Option<Row>>;
    /// Reads up to a hundred items as they are now, with the tables that they are of; missing ones are left out.
    fn get_all(&self, addresses: Vec<Address>) -> Answer<'_, Vec<(String, Row)>>;
    /// Reads a range of a partition.
    fn range(&self, range: Range) -> Answer<'_, Found>;
    /// Reads a page of a table.
    fn rows(&self, rows: Rows) -> Answer<'_, Found>;
    /// Writes everything or nothing: one item, or up to a hundred in one transaction.
    fn write(&self, writes: Vec<Write>) -> Answer<'_, ()>;
}

/// One of the two.
#[derive(Debug, Clone)]
pub(crate) enum Road {
    Sdk(Client),
    Near(Arc<dyn Near>),
}

impl Road {
    pub(crate) async fn get(&self, address: Address) -> Result<Option<Row>, Refusal> {
        match self {
            Self::Sdk(client) => sdk::get(client, address).await,
            Self::Near(tables) => tables.get(address).await,
        }
    }

    pub(crate) async fn get_all(
        &self,
        addresses: Vec<Address>,
    ) -> Result<Vec<(String, Row)>, Refusal> {
        match self {
            Self::Sdk(client) => sdk::get_all(client, addresses).await,
            Self::Near(tables) => tables.get_all(addresses).await,
        }
    }

    pub(crate) async fn range(&self, range: Range) -> Result<Found, Refusal> {
        match self {
            Self::Sdk(client) => sdk::range(client, range).await,
            Self::Near(tables) => tables.range(range).await,
        }
    }

    pub(crate) async fn rows(&self, rows: Rows) -> Result<Found, Refusal> {
        match self {
            Self::Sdk(client) => sdk::rows(client, rows).await,
            Self::Near(tables) => tables.rows(rows).await,
        }
    }

    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<(), Refusal> {
        match self {
            Self::Sdk(client) => sdk::write(client, writes).await,
            Self::Near(tables) => tables.write(writes).await,
        }
    }
}
