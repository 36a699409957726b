//! Lists, a page at a time.

use switchboard_domain::record::Record;

use crate::error::StoreError;
use crate::item::Kept;
use crate::listing::Listing;
use crate::place::{Key, Table};
use crate::road::{Range, Rows};
use crate::row::Row;
use crate::{Store, take};

/// A scan stops after this many pages of a megabyte each.
const SCAN_PAGES_MAX: usize = 64;

/// Where a page begins or ends: behind this sort key, or before it. The empty key is the end of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// The next ones.
    After(String),
    /// The ones before.
    Before(String),
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The records.
    pub records: Vec<T>,
    /// Leads to the next page, if there is one.
    pub next: Option<Cursor>,
    /// Leads to the previous page, if there is one.
    pub previous: Option<Cursor>,
}

pub(crate) fn key_of(table: Table, row: &Row) -> Result<Key, StoreError> {
    match (row.key("pk"), row.key("sk")) {
        (Some(pk), Some(sk)) => Ok(Key { table, pk, sk }),
        _ => Err(StoreError::Defect {
            operation: "Query",
            reason: "an item without its key".to_owned(),
        }),
    }
}

impl Store {
    /// One page of a list; `size` records at most.
    pub async fn page<T: Kept>(
        &self,
        listing: &Listing,
        cursor: Option<&Cursor>,
        size: usize,
    ) -> Result<Page<T>, StoreError> {
        let backwards = matches!(cursor, Some(Cursor::Before(_)));
        let edge = match cursor {
            Some(Cursor::After(edge) | Cursor::Before(edge)) => Some(edge.as_str()),
            None => None,
        };
        let edge = edge.filter(|edge| !edge.is_empty());
        // One more than asked for tells whether there is another page; one more for the edge itself.
        let mut rows = self.rows(listing, edge, backwards, size + 2).await?;
        let (_, sort) = listing.names();
        let sort_of = |row: &Row| row.key(sort);
        rows.retain(|row| sort_of(row).as_deref() != edge);
        let more = rows.len() > size;
        rows.truncate(size);
        if backwards {
            rows.reverse();
        }
        let first = rows.first().and_then(sort_of);
        let last = rows.last().and_then(sort_of);
        let (has_next, has_previous) =
            if backwards { (true, more) } else { (more, cursor.is_some()) };
        Ok(Page {
            records: self.filled(listing, rows).await?,
            next: last.filter(|_| has_next).map(Cursor::After),
            previous: first.filter(|_| has_previous).map(Cursor::Before),
        })
    }

    /// The first records of a list, or the last ones, the last first.
    pub(crate) async fn first<T: Kept>(
        &self,
        listing: &Listing,
        size: usize,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(listing, None, false, size).await?;
        self.filled(listing, rows).await
    }

    /// All records of a list; for lists that are known to be short.
    pub async fn all<T: Kept>(&self, listing: &Listing) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(listing, None, false, usize::MAX).await?;
        self.filled(listing, rows).await
    }

    /// All records of a partition, of whatever kinds.
    pub async fn everything(&self, listing: &Listing) -> Result<Vec<Record>, StoreError> {
        let rows = self.rows(listing, None, false, usize::MAX).await?;
        rows.into_iter().map(Row::record).collect()
    }

    /// All records of a kind in a table, in no order; none if they are more than `limit`, or if the table is too large
    /// to be read at one go. What was written just now may be missing.
    ///
    /// This reads everything in the table: half a read unit for each four kilobytes. It is for questions that no key
    /// answers and that are asked rarely.
    pub async fn scan<T: Kept>(
        &self,
        table: Table,
        limit: usize,
    ) -> Result<Option<Vec<T>>, StoreError> {
        let mut found = Vec::new();
        let mut start = None;
        for _ in 0..SCAN_PAGES_MAX {
            let rows = Rows { table: self.name(table)?.to_owned(), kind: T::KIND, start };
            let answer = self.road.rows(rows).await.map_err(|refusal| refusal.of("Scan"))?;
            for row in answer.items {
                found.push(row.read()?);
            }
            start = answer.last;
            if found.len() > limit {
                return Ok(None);
            }
            if start.is_none() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The records of the rows: an index has only keys, and is a moment behind; the table has the truth.
    async fn filled<T: Kept>(
        &self,
        listing: &Listing,
        rows: Vec<Row>,
    ) -> Result<Vec<T>, StoreError> {
        if listing.index.is_none() {
            return rows.into_iter().map(Row::read).collect();
        }
        let keys: Result<Vec<Key>, _> = rows.iter().map(|row| key_of(listing.table, row)).collect();
        let keys = keys?;
        let mut found = self.get_all(&keys).await?;
        Ok(keys.iter().filter_map(|key| take(&mut found, key)).collect())
    }

    pub(crate) async fn rows(
        &self,
        listing: &Listing,
        edge: Option<&str>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let ascending = listing.descending == backwards;
        let (low, high) = (listing.low.as_str(), listing.high.as_str());
        // Whatever the edge is, nothing outside of the list is read.
        let (low, high) = match edge {
            Some(edge) if ascending => (edge.max(low), high),
            Some(edge) => (low, edge.min(high)),
            None => (low, high),
        };
        if low > high {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let left = i32::try_from(limit - rows.len()).unwrap_or(i32::MAX);
            let range = Range {
                table: self.name(listing.table)?.to_owned(),
                index: listing.index,
                names: listing.names(),
                partition: listing.partition.clone(),
                low: low.to_owned(),
                high: high.to_owned(),
                ascending,
                limit: (left < i32::MAX).then_some(left),
                start,
            };
            let answer = self.road.range(range).await.map_err(|refusal| refusal.of("Query"))?;
            rows.extend(answer.items);
            start = answer.last;
            if start.is_none() || rows.len() >= limit {
                return Ok(rows);
            }
        }
    }
}
