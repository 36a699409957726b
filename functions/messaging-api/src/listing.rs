//! Pages of lists that are in memory: pools of a service, media of a message, found messages.

use switchboard_rest::PageRequest;
use switchboard_store::{Cursor, Page};

/// Which end of a list comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The oldest.
    Ascending,
    /// The newest.
    Descending,
}

/// One page of the rows; each comes with the key that orders it.
pub(crate) fn page_of<T>(
    mut rows: Vec<(String, T)>,
    order: Order,
    request: &PageRequest,
) -> Page<T> {
    let beyond = |key: &str, edge: &str| match order {
        Order::Ascending => key > edge,
        Order::Descending => key < edge,
    };
    rows.sort_unstable_by(|(one, _), (other, _)| match order {
        Order::Ascending => one.cmp(other),
        Order::Descending => other.cmp(one),
    });
    let (start, end) = match &request.cursor {
        None => (0, request.size),
        Some(Cursor::After(edge)) => {
            let start = rows.partition_point(|(key, _)| !beyond(key, edge));
            (start, start + request.size)
        }
        Some(Cursor::Before(edge)) => {
            let end = rows.partition_point(|(key, _)| key != edge && !beyond(key, edge));
            (end.saturating_sub(request.size), end)
        }
    };
    let more = end < rows.len();
    rows.truncate(end);
    let shown = rows.split_off(start.min(rows.len()));
    let first = shown.first().map(|(key, _)| key.clone());
    let last = shown.last().map(|(key, _)| key.clone());
    Page {
        next: last.filter(|_| more).map(Cursor::After),
        previous: first.filter(|_| start > 0).map(Cursor::Before),
        records: shown.into_iter().map(|(_, record)| record).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(size: usize, cursor: Option<Cursor>) -> PageRequest {
        PageRequest { size, cursor, number: 0 }
    }

    fn rows() -> Vec<(String, u32)> {
        [3, 1, 5, 2, 4].map(|number: u32| (number.to_string(), number)).to_vec()
    }

    #[test]
    fn pages_follow_each_other_both_ways_without_gap_or_repetition() {
        for (order, expected) in
            [(Order::Ascending, vec![1, 2, 3, 4, 5]), (Order::Descending, vec![5, 4, 3, 2, 1])]
        {
            let mut seen = Vec::new();
            let mut pages = Vec::new();
            let mut cursor = None;
            loop {
                let page = page_of(rows(), order, &request(2, cursor));
                seen.extend(page.records.clone());
                cursor = page.next.clone();
                pages.push(page);
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
            let back = page_of(rows(), order, &request(2, pages[2].previous.clone()));
            assert_eq!(back.records, pages[1].records);
            let first = page_of(rows(), order, &request(2, back.previous));
            assert_eq!(first, pages[0]);
        }
    }

    #[test]
    fn an_edge_that_is_gone_still_marks_its_place() {
        let mut rows = rows();
        rows.retain(|(_, number)| *number != 2);
        let page =
            page_of(rows, Order::Ascending, &request(2, Some(Cursor::After("2".to_owned()))));
        assert_eq!(page.records, [3, 4]);
        assert!(
            page_of(Vec::<(String, u32)>::new(), Order::Ascending, &request(5, None))
                .records
                .is_empty()
        );
    }
}
