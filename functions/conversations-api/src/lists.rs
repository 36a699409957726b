//! Pages of lists of which only a part is wanted.

use switchboard_domain::record::Record;
use switchboard_rest::{ApiError, Call, PageRequest};
use switchboard_store::{Cursor, FromRecord, Kept, Listing, Page};

/// So many requests look for wanted records before a page is answered short.
const ROUNDS_MAX: usize = 10;

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
        let page: Page<T> = call.on.store.page(listing, cursor.as_ref(), request.size).await?;
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
            if backwards { Cursor::Before(edge) } else { Cursor::After(edge) }
        });
    }
    if !backwards {
        let first = records.first().filter(|_| request.cursor.is_some());
        let previous = first.map(|first| Cursor::Before(sort(first)));
        return Ok(Page { records, next: cursor, previous });
    }
    records.reverse();
    let next = records.last().map(|last| Cursor::After(sort(last)));
    Ok(Page { records, next, previous: cursor })
}
