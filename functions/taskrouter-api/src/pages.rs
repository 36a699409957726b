//! Pages of what passes a filter, and pages of what was put in another order.

use switchboard_domain::record::Record;
use switchboard_rest::{ApiError, Call, PageRequest};
use switchboard_store::key::Place;
use switchboard_store::{Cursor, FromRecord, Kept, Listing, Page};

/// A page is given out, even if it is not full, after so many reads.
const ROUNDS_MAX: usize = 40;
/// A filter is fed with at least so many records at a time.
const ROUND_SIZE_MIN: usize = 100;

/// Reads on until the page is full: a filter can pass over any number of records.
pub(crate) async fn filtered<T: Kept + FromRecord + Clone>(
    call: &Call<'_>,
    listing: &Listing,
    request: &PageRequest,
    keep: impl Fn(&T) -> bool,
) -> Result<Page<T>, ApiError> {
    let backwards = matches!(request.cursor, Some(Cursor::Before(_)));
    let mut kept: Vec<T> = Vec::new();
    let mut rest = request.cursor.clone();
    for round in 0..ROUNDS_MAX {
        let size = if round == 0 { request.size } else { request.size.max(ROUND_SIZE_MIN) };
        let mut page: Page<T> = call.on.store.page(listing, rest.as_ref(), size).await?;
        if backwards {
            page.records.reverse();
        }
        rest = if backwards { page.previous } else { page.next };
        kept.extend(page.records.into_iter().filter(&keep));
        if kept.len() >= request.size || rest.is_none() {
            break;
        }
    }
    let over = kept.len() > request.size;
    kept.truncate(request.size);
    let onward = match kept.last() {
        Some(last) if over || (kept.len() == request.size && rest.is_some()) => Some(edge(last)),
        _ => rest.map(|(Cursor::After(edge) | Cursor::Before(edge))| edge),
    };
    let start = kept.first().filter(|_| request.cursor.is_some()).map(edge);
    if backwards {
        kept.reverse();
        let (next, previous) = (start.map(Cursor::After), onward.map(Cursor::Before));
        return Ok(Page { records: kept, next, previous });
    }
    Ok(Page { records: kept, next: onward.map(Cursor::After), previous: start.map(Cursor::Before) })
}

/// The sort key of a record in its list.
fn edge<T: Clone + Into<Record>>(record: &T) -> String {
    let place = Place::of(&record.clone().into());
    place.list.map_or(place.key.sk, |row| row.sk)
}

/// A page of records that were all read, each with what it is ordered by; no two are ordered by the same.
pub(crate) fn ordered<T>(
    mut all: Vec<(String, T)>,
    descending: bool,
    request: &PageRequest,
) -> Page<T> {
    all.sort_by(|(left, _), (right, _)| match descending {
        false => left.cmp(right),
        true => right.cmp(left),
    });
    let comes_before = |one: &str, other: &str| match descending {
        false => one < other,
        true => one > other,
    };
    let (start, end) = match &request.cursor {
        None => (0, request.size),
        Some(Cursor::After(edge)) => {
            let start = all.partition_point(|(key, _)| !comes_before(edge, key));
            (start, start.saturating_add(request.size))
        }
        Some(Cursor::Before(edge)) => {
            let end = all.partition_point(|(key, _)| comes_before(key, edge));
            (end.saturating_sub(request.size), end)
        }
    };
    let end = end.min(all.len());
    let next = (start < end && end < all.len()).then(|| Cursor::After(all[end - 1].0.clone()));
    let previous = (start < end && start > 0).then(|| Cursor::Before(all[start].0.clone()));
    let records = all.drain(start..end).map(|(_, record)| record).collect();
    Page { records, next, previous }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(descending: bool, size: usize, cursor: Option<Cursor>) -> Page<char> {
        let all = "bdace".chars().map(|letter| (letter.to_string(), letter)).collect();
        ordered(all, descending, &PageRequest { size, cursor, number: 0 })
    }

    #[test]
    fn ordered_pages_lead_there_and_back() {
        for (descending, pages) in [(false, ["ab", "cd", "e"]), (true, ["ed", "cb", "a"])] {
            let mut cursor = None;
            let mut seen = Vec::new();
            for expected in pages {
                let page = page(descending, 2, cursor);
                assert_eq!(page.records.iter().collect::<String>(), expected);
                cursor = page.next.clone();
                seen.push(page);
            }
            assert_eq!(cursor, None);
            let back = page(descending, 2, seen[2].previous.clone());
            assert_eq!(back.records, seen[1].records);
            let back = page(descending, 2, back.previous);
            assert_eq!(back.records, seen[0].records);
            assert_eq!(back.previous, None);
        }
    }

    #[test]
    fn a_cursor_beyond_the_end_finds_an_empty_page() {
        let page = page(false, 2, Some(Cursor::After("z".to_owned())));
        assert_eq!((page.records.len(), page.next, page.previous), (0, None, None));
    }
}
