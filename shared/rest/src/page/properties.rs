//! What every way of paging promises, held against all of them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use switchboard_store::{Cursor, Page};

use super::PageRequest;
use super::walk::{Chain, Direction, Order, Source, Stretch, chained, filtered, ordered, within};
use crate::reply::ApiError;

/// Runs what never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a list in memory never waits"),
    }
}

fn key(number: u32) -> String {
    format!("{number:05}")
}

/// A list in memory, read as a table is: a piece that reaches the end says so.
struct Shelf {
    numbers: Mutex<BTreeSet<u32>>,
    order: Order,
}

impl Shelf {
    fn of(numbers: impl IntoIterator<Item = u32>, order: Order) -> Self {
        Self { numbers: Mutex::new(numbers.into_iter().collect()), order }
    }

    fn remove(&self, number: u32) {
        self.numbers.lock().unwrap().remove(&number);
    }
}

impl Source for Shelf {
    type Record = u32;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<u32>, ApiError> {
        let mut all: Vec<u32> = self.numbers.lock().unwrap().iter().copied().collect();
        let rises = (self.order == Order::Ascending) == (direction == Direction::Forwards);
        if !rises {
            all.reverse();
        }
        all.retain(|number| match beyond {
            Some(edge) if rises => key(*number).as_str() > edge,
            Some(edge) => key(*number).as_str() < edge,
            None => true,
        });
        let rest = all.get(limit).and_then(|_| all.get(limit - 1)).map(|last| key(*last));
        all.truncate(limit);
        Ok(Stretch { records: all, rest })
    }

    fn edge(&self, record: &u32) -> String {
        key(*record)
    }
}

/// The ways of paging.
#[derive(Debug, Clone, Copy)]
enum Way {
    Filtered(Order),
    /// With a bound that is reached soon.
    Bounded(Order, usize),
    Chained,
    ChainedBounded(usize),
    Ordered(Order),
    Parts,
}

/// Numbers that are paged in one of the ways; only some of them are wanted.
struct List {
    way: Way,
    low: Shelf,
    high: Shelf,
    divisor: u32,
    size: usize,
}

/// The first number of the second of two chained lists.
const SECOND: u32 = 50;

impl List {
    fn of(way: Way, numbers: &BTreeSet<u32>, divisor: u32, size: usize) -> Self {
        let order = match way {
            Way::Filtered(order) | Way::Bounded(order, _) | Way::Ordered(order) => order,
            Way::Chained | Way::ChainedBounded(_) | Way::Parts => Order::Ascending,
        };
        let split =
            if matches!(way, Way::Chained | Way::ChainedBounded(_)) { SECOND } else { 1000 };
        let (low, high): (Vec<u32>, Vec<u32>) = numbers.iter().partition(|number| **number < split);
        let (low, high) = (Shelf::of(low, order), Shelf::of(high, order));
        Self { way, low, high, divisor, size }
    }

    fn keeps(&self, number: u32) -> bool {
        number.is_multiple_of(self.divisor)
    }

    /// What is wanted, in the order of the list.
    fn wanted(&self) -> Vec<u32> {
        let (low, high) = (self.low.numbers.lock().unwrap(), self.high.numbers.lock().unwrap());
        let mut all: Vec<u32> = low.iter().chain(high.iter()).copied().collect();
        all.retain(|number| self.keeps(*number));
        if self.low.order == Order::Descending {
            all.reverse();
        }
        all
    }

    fn page(&self, cursor: Option<Cursor>) -> Page<u32> {
        let request = PageRequest { size: self.size, cursor, number: 0 };
        let keep = |number: &u32| self.keeps(*number);
        let chain = Chain { first: &self.low, second: &self.high };
        let keyed = || self.wanted().into_iter().map(|number| (key(number), number)).collect();
        match self.way {
            Way::Filtered(_) => now(filtered(&self.low, &request, keep)).unwrap(),
            Way::Bounded(_, bound) => now(within(bound, &self.low, &request, keep)).unwrap(),
            Way::Chained => now(chained(&self.low, &self.high, &request, keep)).unwrap(),
            Way::ChainedBounded(bound) => {
                let page = now(within(bound, &chain, &request, |(_, it)| keep(it))).unwrap();
                let records = page.records.into_iter().map(|(_, number)| number).collect();
                Page { records, next: page.next, previous: page.previous }
            }
            Way::Ordered(order) => ordered(keyed(), order, &request),
            Way::Parts => request.of_parts(&self.wanted(), |number| *number),
        }
    }

    /// Whether a page may be given out before it is full.
    fn is_bounded(&self) -> bool {
        matches!(self.way, Way::Bounded(..) | Way::ChainedBounded(_))
    }

    /// Follows the pages from one on, and does something before each further one.
    fn walk(
        &self,
        from: Option<Cursor>,
        onward: impl Fn(&Page<u32>) -> Option<Cursor>,
        mut between: impl FnMut(&Self),
    ) -> Vec<Page<u32>> {
        let mut pages = vec![self.page(from)];
        while let Some(next) = onward(&pages[pages.len() - 1]) {
            assert!(pages.len() < 500, "the way has an end");
            between(self);
            pages.push(self.page(Some(next)));
        }
        pages
    }
}

fn next(page: &Page<u32>) -> Option<Cursor> {
    page.next.clone()
}

fn previous(page: &Page<u32>) -> Option<Cursor> {
    page.previous.clone()
}

fn together(pages: &[Page<u32>]) -> Vec<u32> {
    pages.iter().flat_map(|page| page.records.clone()).collect()
}

fn ways() -> impl Strategy<Value = Way> {
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    prop_oneof![
        order.clone().prop_map(Way::Filtered),
        (order.clone(), 1..9_usize).prop_map(|(order, bound)| Way::Bounded(order, bound)),
        Just(Way::Chained),
        (1..9_usize).prop_map(Way::ChainedBounded),
        order.prop_map(Way::Ordered),
        Just(Way::Parts),
    ]
}

fn lists() -> impl Strategy<Value = (Way, BTreeSet<u32>, u32, usize)> {
    let numbers = prop::collection::btree_set(0..100_u32, 0..40);
    (ways(), numbers, 1..5_u32, 1..9_usize)
}

proptest! {
    #[test]
    fn forward_and_back_again_is_everything_in_order((way, numbers, divisor, size) in lists()) {
        let list = List::of(way, &numbers, divisor, size);
        let there = list.walk(None, next, |_| ());
        prop_assert_eq!(together(&there), list.wanted());
        prop_assert_eq!(&there[0].previous, &None);
        let mut back = list.walk(there[there.len() - 1].previous.clone(), previous, |_| ());
        if there.len() > 1 {
            back.reverse();
            let last = together(&there[there.len() - 1..]);
            let before = list.wanted().len() - last.len();
            prop_assert_eq!(together(&back), &list.wanted()[..before]);
        }
        if list.is_bounded() {
            return Ok(());
        }
        let (last, full) = there.split_last().unwrap();
        for page in full {
            prop_assert_eq!(page.records.len(), size, "only the last page may be short");
        }
        prop_assert!(last.records.is_empty() == list.wanted().is_empty(), "no page for nothing");
        if there.len() > 1 {
            for (one, other) in full.iter().zip(&back) {
                prop_assert_eq!(&one.records, &other.records, "the same pages on the way back");
            }
        }
    }

    #[test]
    fn records_that_stay_are_seen_once_forwards_and_once_backwards(
        (way, numbers, divisor, size) in lists(),
        leaving in prop::collection::vec((0..100_u32, 0..4_usize), 0..30),
    ) {
        let list = List::of(way, &numbers, divisor, size);
        let seen_at_first = list.wanted();
        let leaving = RefCell::new(leaving);
        let leave = |list: &List| {
            for (number, times) in leaving.borrow_mut().iter_mut() {
                if *times == 0 {
                    list.low.remove(*number);
                    list.high.remove(*number);
                }
                *times = times.saturating_sub(1);
            }
        };
        let there = list.walk(None, next, leave);
        let seen = together(&there);
        let once: BTreeSet<u32> = seen.iter().copied().collect();
        prop_assert_eq!(once.len(), seen.len(), "nothing twice");
        let stayed = list.wanted();
        prop_assert!(stayed.iter().all(|number| once.contains(number)), "nothing lost");
        prop_assert!(seen_at_first.iter().filter(|it| once.contains(it)).eq(&seen), "in order");
        let last = &there[there.len() - 1];
        let Some(cursor) = last.previous.clone() else { return Ok(()) };
        let mut back = list.walk(Some(cursor), previous, leave);
        back.reverse();
        let seen = together(&back);
        let once: BTreeSet<u32> = seen.iter().copied().collect();
        prop_assert_eq!(once.len(), seen.len(), "nothing twice on the way back");
        let before = list.wanted().into_iter().filter(|number| !last.records.contains(number));
        prop_assert!(before.into_iter().all(|number| once.contains(&number)), "nothing lost");
    }

    #[test]
    fn an_empty_page_leads_nowhere_unless_its_work_was_bounded(
        (way, numbers, divisor, size) in lists(), edge in 0..100_u32, is_after: bool,
    ) {
        let list = List::of(way, &numbers, divisor, size);
        let part = if edge < SECOND { "1" } else { "2" };
        let edge = match way {
            Way::Chained | Way::ChainedBounded(_) => format!("{part}{}", key(edge)),
            Way::Parts => format!("{edge:010}"),
            Way::Filtered(_) | Way::Bounded(..) | Way::Ordered(_) => key(edge),
        };
        let cursor = if is_after { Cursor::After(edge) } else { Cursor::Before(edge) };
        let page = list.page(Some(cursor));
        prop_assert!(page.records.len() <= size);
        if page.records.is_empty() && !list.is_bounded() {
            prop_assert_eq!(page.next, None);
            let back = page.previous.map(|end| list.page(Some(end)).records);
            let wanted = list.wanted();
            let last = &wanted[wanted.len().saturating_sub(size)..];
            prop_assert!(back.is_none_or(|back| back == last), "back from the end");
        }
    }
}

#[test]
fn a_page_that_looked_at_enough_is_given_out_with_the_way_on_and_the_way_back() {
    let list = List::of(Way::Bounded(Order::Ascending, 4), &(1..=40).collect(), 39, 2);
    let there = list.walk(None, next, |_| ());
    assert_eq!(together(&there), [39]);
    assert!(there.len() > 5, "{} pages, each after looking at four", there.len());
    assert!(there[1].records.is_empty() && there[1].previous.is_some());
}
