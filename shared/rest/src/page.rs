//! Pages: sizes are clamped, tokens are opaque, links are absolute (rule R.4).

#[cfg(test)]
mod properties;
mod token;
mod walk;

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::record::Record;
use switchboard_store::{Cursor, Kept, Listing, Page};

use self::token::{PAGING, Tokens};
pub use self::walk::{
    Direction, LOOKED_AT_MAX, Order, Records, Source, Stretch, chained, filtered, ordered,
};
use crate::call::Call;
use crate::params::Params;
use crate::reply::{ApiError, Reply};

/// The page size if none is asked for.
const SIZE_DEFAULT: i64 = 50;
/// The highest page number: no reader turns so many pages, and records are counted in the same integers.
const NUMBER_MAX: i64 = u32::MAX as i64;

/// The page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// How many records at most.
    pub size: usize,
    /// Where it begins or ends.
    pub cursor: Option<Cursor>,
    /// Its number, as the caller counts; only given back.
    pub number: i64,
}

impl PageRequest {
    fn read(query: &Params, size_max: i64, tokens: &Tokens) -> Result<Self, ApiError> {
        let size = query.integer("PageSize", 0, i64::MAX)?.unwrap_or(SIZE_DEFAULT);
        let number = query.integer("Page", 0, NUMBER_MAX)?.unwrap_or(0);
        let cursor = match query.get("PageToken").filter(|token| !token.is_empty()) {
            Some(token) => Some(tokens.take(token).ok_or_else(|| {
                ApiError::bad("Invalid parameter: PageToken is none that this list gave out")
            })?),
            None if number > 0 => {
                let instead = "follow next_page_url, or give PageToken";
                return Err(ApiError::because(Code::AbsolutePaging, instead));
            }
            None => None,
        };
        let size = usize::try_from(size.clamp(1, size_max)).unwrap_or(1);
        Ok(Self { size, cursor, number })
    }

    /// The page of numbered parts that live inside one record.
    pub fn of_parts<T: Clone>(&self, parts: &[T], number: impl Fn(&T) -> u32) -> Page<T> {
        let keyed = parts.iter().map(|part| (format!("{:010}", number(part)), part.clone()));
        ordered(keyed.collect(), Order::Ascending, self)
    }
}

impl Call<'_> {
    /// Reads `PageSize`, `Page` and `PageToken`. A size beyond `size_max` is clamped, not refused.
    pub fn page(&self, size_max: i64) -> Result<PageRequest, ApiError> {
        PageRequest::read(&self.query, size_max, &self.tokens())
    }

    /// A page of those records of a listing that are to be kept.
    pub async fn list<T: Kept + Clone + Into<Record> + Send>(
        &self,
        listing: &Listing,
        request: &PageRequest,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, ApiError> {
        filtered(&Records::of(self.on, listing), request, keep).await
    }

    /// The tokens of the list that is asked for.
    fn tokens(&self) -> Tokens {
        let path: Vec<&str> = [self.product.as_str()].into_iter().chain(self.path()).collect();
        Tokens::of(&self.on.config.auth_token.0, &path, &self.query)
    }

    /// A page of a list with its `meta`.
    pub fn paged<T>(
        &self,
        list_key: &str,
        request: &PageRequest,
        page: &Page<T>,
        render: impl FnMut(&T) -> Value,
    ) -> Reply {
        let url = |number: i64, cursor: Option<&Cursor>| {
            format!("{}{}", self.on.config.public_url, self.page_path(request, number, cursor))
        };
        let link = |number: i64, cursor: &Option<Cursor>| {
            cursor.as_ref().map(|cursor| url(number, Some(cursor)))
        };
        let records: Vec<Value> = page.records.iter().map(render).collect();
        Reply::ok(json!({
            list_key: records,
            "meta": {
                "key": list_key,
                "page": request.number,
                "page_size": request.size,
                "first_page_url": url(0, None),
                "previous_page_url": link((request.number - 1).max(0), &page.previous),
                "next_page_url": link(request.number + 1, &page.next),
                "url": url(request.number, request.cursor.as_ref()),
            },
        }))
    }

    /// A page of a list of the 2010 API: everything at the top level, links relative to the host.
    pub fn paged_2010<T>(
        &self,
        list_key: &str,
        request: &PageRequest,
        page: &Page<T>,
        render: impl FnMut(&T) -> Value,
    ) -> Reply {
        let prefix = format!("/{}", self.product);
        let uri = |number: i64, cursor: Option<&Cursor>| {
            let path = self.page_path(request, number, cursor);
            path.strip_prefix(&prefix).map_or(path.clone(), str::to_owned)
        };
        let link = |number: i64, cursor: &Option<Cursor>| {
            cursor.as_ref().map(|cursor| uri(number, Some(cursor)))
        };
        let records: Vec<Value> = page.records.iter().map(render).collect();
        let size = i64::try_from(request.size).unwrap_or(i64::MAX);
        let start = request.number.saturating_mul(size);
        let count = i64::try_from(records.len()).unwrap_or(0);
        Reply::ok(json!({
            list_key: records,
            "page": request.number,
            "page_size": request.size,
            "start": start,
            "end": (start + count - 1).max(start),
            "uri": uri(request.number, request.cursor.as_ref()),
            "first_page_uri": uri(0, None),
            "previous_page_uri": link((request.number - 1).max(0), &page.previous),
            "next_page_uri": link(request.number + 1, &page.next),
        }))
    }

    fn page_path(&self, request: &PageRequest, number: i64, at: Option<&Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.query.iter() {
            if !PAGING.contains(&name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("PageSize", &request.size.to_string());
        query.append_pair("Page", &number.to_string());
        if let Some(cursor) = at {
            query.append_pair("PageToken", &self.tokens().give(cursor));
        }
        format!("{}?{}", self.raw_path, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens() -> Tokens {
        Tokens::of("secret", &["v1"], &Params::default())
    }

    /// The request for a page that a query makes.
    fn asked(query: &str) -> Result<PageRequest, ApiError> {
        PageRequest::read(&Params::parse(query.as_bytes()), 100, &tokens())
    }

    #[test]
    fn a_page_number_leaves_room_to_count_the_records_before_it() {
        let token = tokens().give(&Cursor::After("1".to_owned()));
        let highest = asked(&format!("Page={NUMBER_MAX}&PageToken={token}")).unwrap();
        assert!(highest.number.checked_mul(1000).is_some(), "records can be counted");
        let beyond = asked(&format!("Page={}&PageToken={token}", i64::MAX));
        assert_eq!(beyond.unwrap_err().status, 400);
    }

    proptest! {
        #[test]
        fn any_query_is_a_page_within_bounds_or_refused_as_bad(
            size in "(-?[0-9]{0,20}|\\PC{0,5})",
            number in "(-?[0-9]{0,20}|\\PC{0,5})",
            token in prop_oneof!["[A-Za-z0-9_-]{0,40}", "\\PC{0,9}", ".{1,60}".prop_map(|edge| {
                tokens().give(&Cursor::Before(edge))
            })],
        ) {
            let pairs = [("PageSize", size), ("Page", number), ("PageToken", token)];
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            match asked(&query) {
                Ok(request) => {
                    prop_assert!((1..=100).contains(&request.size));
                    prop_assert!(request.number >= 0 && (request.number == 0 || request.cursor.is_some()));
                    let parts: Vec<u32> = (0..9).collect();
                    let page = request.of_parts(&parts, |part| *part);
                    prop_assert!(page.records.len() <= request.size);
                }
                Err(refusal) => prop_assert_eq!(refusal.status, 400),
            }
        }
    }

    fn page(parts: &[u32], cursor: Option<Cursor>) -> Page<u32> {
        let request = PageRequest { size: 2, cursor, number: 0 };
        request.of_parts(parts, |part| *part)
    }

    #[test]
    fn parts_are_paged_forth_and_back_by_number() {
        let parts = [1, 2, 4, 7, 9];
        let first = page(&parts, None);
        assert_eq!((first.records.as_slice(), &first.previous), ([1, 2].as_slice(), &None));
        let second = page(&parts, first.next);
        assert_eq!(second.records, [4, 7]);
        let last = page(&parts, second.next);
        assert_eq!((last.records.as_slice(), &last.next), ([9].as_slice(), &None));
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
