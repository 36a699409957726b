//! Lists, a page at a time, forth and back, also from places that nobody gave out.

use switchboard_domain::conversation::Service;
use switchboard_domain::decision::Decision;
use switchboard_domain::message::Message;
use switchboard_store::{Cursor, Kept, Listing, Page, Table};

use crate::{World, service, unique_name};

const COUNT: u32 = 7;

async fn filled() -> World {
    let world = World::new().await;
    let all = (0..COUNT).map(service);
    let decision = all.fold(Decision::default(), |decision, one| decision.and(one));
    world.writes(&decision.and(unique_name("in no list"))).await;
    world
}

fn services() -> Listing {
    Listing::services()
}

async fn page(world: &World, listing: &Listing, cursor: Option<Cursor>) -> Page<Service> {
    world.store.page(listing, cursor.as_ref(), 3).await.unwrap()
}

fn names(page: &Page<Service>) -> Vec<u32> {
    let last = |one: &Service| one.friendly_name.rsplit(' ').next().unwrap().parse().unwrap();
    page.records.iter().map(last).collect()
}

#[tokio::test]
async fn pages_lead_forth_and_back_in_both_orders() {
    let world = filled().await;
    let newest_first = [[6, 5, 4].as_slice(), &[3, 2, 1], &[0]];
    let oldest_first = [[0, 1, 2].as_slice(), &[3, 4, 5], &[6]];
    for (listing, expected) in [(services(), oldest_first), (services().descending(), newest_first)]
    {
        let first = page(&world, &listing, None).await;
        let second = page(&world, &listing, first.next.clone()).await;
        let third = page(&world, &listing, second.next.clone()).await;
        assert_eq!([&first, &second, &third].map(names), expected);
        assert_eq!((first.previous, third.next), (None, None));
        let back = page(&world, &listing, third.previous).await;
        assert_eq!(names(&back), expected[1]);
        let back = page(&world, &listing, back.previous).await;
        assert_eq!((names(&back).as_slice(), back.previous), (expected[0], None));
    }
    world.ends().await;
}

#[tokio::test]
async fn a_place_outside_of_the_list_is_an_empty_page_and_no_error() {
    let world = filled().await;
    let last = char::MAX.to_string();
    for edge in ["\u{1}", "!", "~", &last, &last.repeat(2), &"é".repeat(512)] {
        for listing in [services(), services().descending()] {
            let narrow = listing.clone().between("1795", "1796");
            for listing in [listing, narrow] {
                let after = page(&world, &listing, Some(Cursor::After(edge.to_owned()))).await;
                let before = page(&world, &listing, Some(Cursor::Before(edge.to_owned()))).await;
                let shown = after.records.len() + before.records.len();
                assert_eq!(shown, 3, "the list is on one side of it: {edge:?} {listing:?}");
            }
        }
    }
    world.ends().await;
}

#[tokio::test]
async fn a_table_is_scanned_up_to_a_limit() {
    let world = filled().await;
    async fn scan<T: Kept>(world: &World, limit: usize) -> Option<usize> {
        let found = world.store.scan::<T>(Table::Conversations, limit).await;
        found.unwrap().map(|records| records.len())
    }
    assert_eq!(scan::<Service>(&world, 100).await, Some(7));
    assert_eq!(scan::<Service>(&world, 6).await, None);
    assert_eq!(scan::<Message>(&world, 100).await, Some(0));
    world.ends().await;
}
