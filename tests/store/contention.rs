//! Many at once: exactly one wins, and the others are told to read again.

use futures_util::future::join_all;
use switchboard_domain::conversation::Service;
use switchboard_domain::decision::Decision;
use switchboard_store::{Committed, StoreError, key};

use crate::{World, service, unique_name};

const WRITERS: usize = 24;

/// How many won, if everybody else lost as losers do.
fn winners(outcomes: Vec<Result<Committed, StoreError>>) -> usize {
    let lost = |outcome: &Result<Committed, StoreError>| match outcome {
        Ok(_) => false,
        Err(StoreError::Conflict { .. }) => true,
        Err(other) => panic!("neither won nor lost: {other:?}"),
    };
    outcomes.len() - outcomes.iter().filter(|outcome| lost(outcome)).count()
}

#[tokio::test]
async fn of_many_who_write_the_same_new_record_one_wins() {
    let world = World::new().await;
    let alone = Decision::put(unique_name("mine"));
    let writes = (0..WRITERS).map(|_| world.tries(&alone));
    assert_eq!(winners(join_all(writes).await), 1);
    let together = Decision::put(unique_name("ours")).and(service(1));
    let writes = (0..WRITERS).map(|_| world.tries(&together));
    assert_eq!(winners(join_all(writes).await), 1);
    world.ends().await;
}

#[tokio::test]
async fn all_contending_writers_get_through_in_the_end() {
    let world = World::new().await;
    let store = &world.store;
    world.writes(&Decision::put(service(1))).await;
    let write = async |number: usize| {
        loop {
            let loaded: Service = store.get(key::service(service(1).sid)).await.unwrap().unwrap();
            let own = unique_name(&number.to_string());
            match world.tries(&Decision::put(loaded).and(own)).await {
                Ok(_) => return,
                Err(StoreError::Conflict { kinds, .. }) => assert!(!kinds.contains(&"UniqueName")),
                Err(other) => panic!("neither won nor lost: {other:?}"),
            }
        }
    };
    join_all((0..WRITERS).map(write)).await;
    let end: Service = store.get(key::service(service(1).sid)).await.unwrap().unwrap();
    assert_eq!(end.version, 1 + WRITERS as u64, "no write was lost");
    world.ends().await;
}
