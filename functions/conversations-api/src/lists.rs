//! Pages of what lives inside one record, and of lists of which only a part is wanted.

use switchboard_domain::record::Record;
use switchboard_runtime::http::{ApiError, Call, PageRequest};
use switchboard_store::{Cursor, FromRecord, Kept, Listing, Page};

/// So many requests look for wanted records before a page is answered short.
const ROUNDS_MAX: usize = 10;

/// A page of numbered parts; `parts` is in order of their numbers.
pub(crate) fn of_parts<T: Clone>(
    parts: &[T],
    number: impl Fn(&T) -> u32,
    request: &PageRequest,
) -> Page<T> {
    let edge = |text: &str| text.parse::<u32>().unwrap_or(0);
    let (start, end) = match &request.cursor {
        Some(Cursor::Before(text)) => {
            let end = parts.partition_point(|part| number(part) < edge(text));
            (end.saturating_sub(request.size), end)
        }
        Some(Cursor::After(text)) => {
            let start = parts.partition_point(|part| number(part) <= edge(text));
            (start, (start + request.size).min(parts.len()))
        }
        None => (0, request.size.min(parts.len())),
    };
    let records = parts.get(start..end).unwrap_or_default().to_vec();
    let next = records.last().filter(|_| end < parts.len());
    let previous = records.first().filter(|_| start > 0);
    Page {
        next: next.map(|last| Cursor::After(number(last).to_string())),
        previous: previous.map(|first| Cursor::Before(number(first).to_string())),
        records,
    }
}

/// A page of the wanted ones of a list. `sort` gives a record's place in it.
pub(crate) async fn of_wanted<T: Kept + FromRecord + Into<Record>>(
    call: &Call<'_>,
    listing: &Listing,
    request: &PageRequest,
    wanted: impl Fn(&T) -> bool,
    sort: impl Fn(&T) -> String,
) -> Result<Page<T>, ApiError> {
    let backwards = matches!(request.cursor, Some(Cursor::Before(_)));
    let mut cursor = request.cursor.clone();
    // In the direction of reading: for a page before an edge, from the edge on.
    let mut records: Vec<T> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let page: Page<T> = call
            .on
            .store
            .page(listing, cursor.as_ref(), request.size)
            .await?;
        let mut found: Vec<T> = page.records.into_iter().filter(|one| wanted(one)).collect();
        if backwards {
            found.reverse();
        }
        records.extend(found);
        cursor = if backwards { page.previous } else { page.next };
        if cursor.is_none() || records.len() >= request.size {
            break;
        }
    }
    if records.len() > request.size {
        records.truncate(request.size);
        cursor = records.last().map(|last| {
            let edge = sort(last);
            if backwards {
                Cursor::Before(edge)
            } else {
                Cursor::After(edge)
            }
        });
    }
    if !backwards {
        let first = records.first().filter(|_| request.cursor.is_some());
        let previous = first.map(|first| Cursor::Before(sort(first)));
        return Ok(Page {
            records,
            next: cursor,
            previous,
        });
    }
    records.reverse();
    let next = records.last().map(|last| Cursor::After(sort(last)));
    Ok(Page {
        records,
        next,
        previous: cursor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(parts: &[u32], cursor: Option<Cursor>) -> Page<u32> {
        of_parts(
            parts,
            |part| *part,
            &PageRequest {
                size: 2,
                cursor,
                number: 0,
            },
        )
    }

    #[test]
    fn parts_are_paged_forth_and_back_by_number() {
        let parts = [1, 2, 4, 7, 9];
        let first = page(&parts, None);
        assert_eq!(
            (first.records.as_slice(), &first.previous),
            ([1, 2].as_slice(), &None)
        );
        let second = page(&parts, first.next);
        assert_eq!(second.records, [4, 7]);
        let last = page(&parts, second.next);
        assert_eq!(
            (last.records.as_slice(), &last.next),
            ([9].as_slice(), &None)
        );
        let back = page(&parts, last.previous);
        assert_eq!(back.records, [4, 7]);
        assert_eq!(page(&parts, back.previous).records, [1, 2]);
    }

    #[test]
    fn nothing_has_no_neighbours() {
        let empty = page(&[], None);
        assert_eq!((empty.next, empty.previous), (None, None));
    }
}
