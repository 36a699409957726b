//! Walking through lists: [`filtered`] over whatever is read piece by piece, [`chained`] over two such lists one
//! behind the other, [`ordered`] over what is in memory.
//!
//! All three promise the same. A reader who follows the pages forward sees every record that is there all the while once,
//! in the order of the list, and sees the same on the way back, whatever is put in or taken out in between. A page is
//! full unless it is the last one in its direction, and behind an empty one there is nothing; the one exception is a
//! page for which [`LOOKED_AT_MAX`] records were looked at: it is given out as it is, with the way on.

use std::future::Future;
use std::marker::PhantomData;

use switchboard_domain::record::Record;
use switchboard_runtime::Dependencies;
use switchboard_store::{Cursor, Kept, Listing, Page};

use super::PageRequest;
use crate::reply::ApiError;

/// For one page, about this many records are looked at, at most: a filter can pass over any number of them.
pub const LOOKED_AT_MAX: usize = 5_000;
/// Behind the first read of a page, records are read this many at a time, at least.
const READ_AT_ONCE: usize = 100;

/// The edge of a list itself: what is before it is read from the last record back.
const END: &str = "";

/// Which way a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From its first record on.
    Forwards,
    /// From its last record back.
    Backwards,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest key.
    Ascending,
    /// The highest key.
    Descending,
}

impl Order {
    /// Reads `asc` or `desc`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("asc") => Some(Self::Ascending),
            _ if text.eq_ignore_ascii_case("desc") => Some(Self::Descending),
            _ => None,
        }
    }
}

/// A part of a list, in the direction of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch<T> {
    /// The records.
    pub records: Vec<T>,
    /// The edge behind which there may be more; none at the end of the list.
    pub rest: Option<String>,
}

/// A list that is read piece by piece. Each record has an edge: text that tells its place, also when it is gone.
pub trait Source {
    /// What it lists.
    type Record: Send;

    /// Reads about `limit` records beyond an edge; from the end where reading begins, if none is given.
    fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> impl Future<Output = Result<Stretch<Self::Record>, ApiError>> + Send;

    /// The edge of a record.
    fn edge(&self, record: &Self::Record) -> String;
}

/// A page of those records of a list that are to be kept.
pub async fn filtered<S: Source>(
    source: &S,
    request: &PageRequest,
    keep: impl Fn(&S::Record) -> bool,
) -> Result<Page<S::Record>, ApiError> {
    within(LOOKED_AT_MAX, source, request, keep).await
}

/// [`filtered`] with another bound.
pub(super) async fn within<S: Source>(
    looked_at_max: usize,
    source: &S,
    request: &PageRequest,
    keep: impl Fn(&S::Record) -> bool,
) -> Result<Page<S::Record>, ApiError> {
    let (direction, beyond) = match &request.cursor {
        None => (Direction::Forwards, None),
        Some(Cursor::After(edge)) => (Direction::Forwards, Some(edge.clone())),
        Some(Cursor::Before(edge)) => (Direction::Backwards, Some(edge.clone())),
    };
    let mut beyond = beyond.filter(|edge| edge != END);
    let is_inside = beyond.is_some();
    // One more than the page has tells whether there is another page.
    let wanted = request.size + 1;
    let (mut kept, mut looked_at, mut limit) = (Vec::new(), 0, wanted);
    loop {
        let stretch = source.read(beyond.as_deref(), direction, limit).await?;
        kept.extend(stretch.records.into_iter().filter(&keep));
        beyond = stretch.rest;
        looked_at += limit;
        if kept.len() >= wanted || beyond.is_none() || looked_at >= looked_at_max {
            break;
        }
        limit = wanted.max(READ_AT_ONCE).min(looked_at_max - looked_at);
    }
    let is_over = kept.len() > request.size;
    kept.truncate(request.size);
    let onward = if is_over { kept.last().map(|last| source.edge(last)) } else { beyond };
    let back = match kept.first() {
        _ if !is_inside => None,
        Some(first) => Some(source.edge(first)),
        // Empty: back from the place that was reached, or from the end of the list.
        None => onward.clone().or((direction == Direction::Forwards).then(|| END.to_owned())),
    };
    let (next, previous) = match direction {
        Direction::Forwards => (onward, back),
        Direction::Backwards => {
            kept.reverse();
            (back, onward)
        }
    };
    Ok(Page {
        records: kept,
        next: next.map(Cursor::After),
        previous: previous.map(Cursor::Before),
    })
}

/// A page of records that were all read, each with the key that orders it; no two have the same key.
pub fn ordered<T>(mut all: Vec<(String, T)>, order: Order, request: &PageRequest) -> Page<T> {
    let compare = |one: &str, other: &str| match order {
        Order::Ascending => one.cmp(other),
        Order::Descending => other.cmp(one),
    };
    all.sort_unstable_by(|(one, _), (other, _)| compare(one, other));
    let (start, end) = match &request.cursor {
        None => (0, request.size),
        Some(Cursor::After(edge)) => {
            let start = all.partition_point(|(key, _)| compare(key, edge).is_le());
            (start, start.saturating_add(request.size))
        }
        Some(Cursor::Before(edge)) => {
            let end = match edge.as_str() {
                END => all.len(),
                edge => all.partition_point(|(key, _)| compare(key, edge).is_lt()),
            };
            (end.saturating_sub(request.size), end)
        }
    };
    let end = end.min(all.len());
    let key = |at: usize| all[at].0.clone();
    let (next, previous) = match start < end {
        true => ((end < all.len()).then(|| key(end - 1)), (start > 0).then(|| key(start))),
        // Empty: back from the end of the list.
        false => (None, matches!(request.cursor, Some(Cursor::After(_))).then(|| END.to_owned())),
    };
    let (next, previous) = (next.map(Cursor::After), previous.map(Cursor::Before));
    let records = all.drain(start.min(end)..end).map(|(_, record)| record).collect();
    Page { records, next, previous }
}

/// A page of two lists, the second behind the first; a page may hold records of both.
pub async fn chained<A: Source + Sync, B: Source<Record = A::Record> + Sync>(
    first: &A,
    second: &B,
    request: &PageRequest,
    keep: impl Fn(&A::Record) -> bool,
) -> Result<Page<A::Record>, ApiError> {
    let page = filtered(&Chain { first, second }, request, |(_, record)| keep(record)).await?;
    let records = page.records.into_iter().map(|(_, record)| record).collect();
    Ok(Page { records, next: page.next, previous: page.previous })
}

/// Two lists as one. An edge begins with the number of the list that it lies in.
pub(super) struct Chain<'a, A, B> {
    pub(super) first: &'a A,
    pub(super) second: &'a B,
}

/// One of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Second,
}

impl Part {
    const fn mark(self) -> char {
        match self {
            Self::First => '1',
            Self::Second => '2',
        }
    }

    /// The list that an edge lies in, and the edge within it.
    fn of(edge: &str) -> (Self, &str) {
        match edge.strip_prefix(Self::Second.mark()) {
            Some(within) => (Self::Second, within),
            None => (Self::First, edge.strip_prefix(Self::First.mark()).unwrap_or(edge)),
        }
    }
}

impl<A: Source + Sync, B: Source<Record = A::Record> + Sync> Source for Chain<'_, A, B> {
    type Record = (Part, A::Record);

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<Self::Record>, ApiError> {
        let (near, far) = match direction {
            Direction::Forwards => (Part::First, Part::Second),
            Direction::Backwards => (Part::Second, Part::First),
        };
        let (mut part, mut within) = match beyond.map(Part::of) {
            Some((part, edge)) => (part, Some(edge)),
            None => (near, None),
        };
        let mut records = Vec::new();
        loop {
            let left = limit - records.len();
            let stretch = match part {
                Part::First => self.first.read(within, direction, left).await?,
                Part::Second => self.second.read(within, direction, left).await?,
            };
            records.extend(stretch.records.into_iter().map(|record| (part, record)));
            let rest = stretch.rest.map(|edge| format!("{}{edge}", part.mark()));
            if rest.is_some() || part == far {
                return Ok(Stretch { records, rest });
            }
            if records.len() >= limit {
                // The other list was not looked at: it goes on behind the last record.
                let rest = records.last().map(|last| self.edge(last));
                return Ok(Stretch { records, rest });
            }
            (part, within) = (far, None);
        }
    }

    fn edge(&self, (part, record): &Self::Record) -> String {
        let within = match part {
            Part::First => self.first.edge(record),
            Part::Second => self.second.edge(record),
        };
        format!("{}{within}", part.mark())
    }
}

/// The records of a listing of the tables.
pub struct Records<'a, T> {
    on: &'a Dependencies,
    listing: &'a Listing,
    kind: PhantomData<fn() -> T>,
}

impl<'a, T> Records<'a, T> {
    /// The records of a listing.
    pub const fn of(on: &'a Dependencies, listing: &'a Listing) -> Self {
        Self { on, listing, kind: PhantomData }
    }
}

impl<T: Kept + Clone + Into<Record> + Send> Source for Records<'_, T> {
    type Record = T;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<T>, ApiError> {
        let beyond = beyond.map(str::to_owned);
        let cursor = match direction {
            Direction::Forwards => beyond.map(Cursor::After),
            Direction::Backwards => Some(Cursor::Before(beyond.unwrap_or_default())),
        };
        let page: Page<T> = self.on.store.page(self.listing, cursor.as_ref(), limit).await?;
        let mut records = page.records;
        let rest = match direction {
            Direction::Forwards => page.next,
            Direction::Backwards => {
                records.reverse();
                page.previous
            }
        };
        let rest = rest.map(|(Cursor::After(edge) | Cursor::Before(edge))| edge);
        Ok(Stretch { records, rest })
    }

    fn edge(&self, record: &T) -> String {
        self.listing.edge(&record.clone().into())
    }
}
