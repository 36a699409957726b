//! Pages of lists of which only a part is wanted.

use switchboard_domain::record::Record;
use switchboard_rest::{ApiError, Call, PageRequest};
use switchboard_store::{FromRecord, Kept, Listing, Page};

/// A page of the wanted ones of a list.
pub(crate) async fn of_wanted<T: Kept + FromRecord + Clone + Into<Record> + Send>(
    call: &Call<'_>,
    listing: &Listing,
    request: &PageRequest,
    wanted: impl Fn(&T) -> bool,
    _sort: impl Fn(&T) -> String,
) -> Result<Page<T>, ApiError> {
    call.list(listing, request, wanted).await
}
