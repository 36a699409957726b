//! One record is a conditional write, several are a transaction; the loser hears what was in the way.

use aws_sdk_dynamodb::types::AttributeValue;
use switchboard_domain::conversation::{Service, UniqueName};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Effect, RouterEvent, RouterSubject};
use switchboard_domain::sid::{Sid as _, WorkspaceSid};
use switchboard_store::{Store, StoreError, key, take};

use crate::{World, service, unique_name};

fn kinds(outcome: Result<switchboard_store::Committed, StoreError>) -> Vec<&'static str> {
    match outcome {
        Err(StoreError::Conflict { kinds, .. }) => kinds,
        other => panic!("a conflict was expected: {other:?}"),
    }
}

async fn read(store: &Store, number: u32) -> Option<Service> {
    store.get(key::service(service(number).sid)).await.unwrap()
}

#[tokio::test]
async fn a_record_is_written_only_over_the_version_that_was_loaded() {
    let world = World::new().await;
    let store = &world.store;
    world.writes(&Decision::put(service(1))).await;
    assert_eq!(kinds(world.tries(&Decision::put(service(1))).await), ["Service"]);
    let loaded = read(store, 1).await.unwrap();
    assert_eq!(loaded.version, 1);
    let renamed = Service { friendly_name: "renamed".to_owned(), ..loaded.clone() };
    world.writes(&Decision::put(renamed)).await;
    assert_eq!(kinds(world.tries(&Decision::put(loaded.clone())).await), ["Service"]);
    let removal = |version: u64| Service { version: version.into(), ..loaded.clone() };
    let stale = Decision::default().without(removal(1));
    assert_eq!(kinds(world.tries(&stale).await), ["Service"]);
    assert_eq!(read(store, 1).await.unwrap().friendly_name, "renamed");
    world.writes(&Decision::default().without(removal(2))).await;
    assert_eq!(read(store, 1).await, None);
    world.ends().await;
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_names_the_kind_that_was_in_the_way() {
    let world = World::new().await;
    let store = &world.store;
    world.writes(&Decision::put(unique_name("taken"))).await;
    let both = Decision::put(service(1)).and(unique_name("taken"));
    assert_eq!(kinds(world.tries(&both).await), ["UniqueName"]);
    assert_eq!(read(store, 1).await, None, "all or nothing");
    world.writes(&Decision::put(service(1)).and(unique_name("free"))).await;
    let loaded = read(store, 1).await.unwrap();
    let taken = UniqueName { version: 1.into(), ..unique_name("taken") };
    world.writes(&Decision::put(loaded).without(taken)).await;
    let name = key::unique_name(unique_name("taken").service, "taken");
    assert_eq!(store.get::<UniqueName>(name).await.unwrap(), None);
    assert_eq!(read(store, 1).await.unwrap().version, 2);
    world.ends().await;
}

#[tokio::test]
async fn the_effects_of_the_last_change_are_in_the_item() {
    let world = World::new().await;
    let workspace = WorkspaceSid::derived(&["w"]);
    let effect = Effect::Route(RouterEvent { workspace, subject: RouterSubject::Clock });
    let decision = Decision::put(service(1)).asking([effect]);
    assert_eq!(world.writes(&decision).await, [format!("{}-1-0", service(1).sid)]);
    let attribute = async || {
        let get = world.deployment.dynamodb("test").get_item();
        let get = get.table_name(world.deployment.table_name("conversations"));
        let get = get.key("pk", AttributeValue::S(service(1).sid.to_string()));
        let get = get.key("sk", AttributeValue::S("IS".to_owned()));
        get.send().await.unwrap().item.unwrap().remove("fx")
    };
    let kept = attribute().await.unwrap();
    assert!(kept.as_s().unwrap().contains(&workspace.to_string()), "{kept:?}");
    let loaded = read(&world.store, 1).await.unwrap();
    world.writes(&Decision::put(loaded)).await;
    assert_eq!(attribute().await, None, "what was asked once is not asked again");
    world.ends().await;
}

#[tokio::test]
async fn more_records_than_one_batch_holds_are_read_together_and_missing_ones_left_out() {
    let world = World::new().await;
    let store = &world.store;
    for from in [0, 40, 80] {
        let all = (from..from + 40).map(service);
        let decision = all.fold(Decision::default(), |decision, one| decision.and(one));
        world.writes(&decision).await;
    }
    let mut keys: Vec<_> = (0..130).map(|number| key::service(service(number).sid)).collect();
    keys.push(keys[0].clone());
    let mut found = store.get_all(&keys).await.unwrap();
    assert_eq!(found.len(), 120);
    let last: Service = take(&mut found, &keys[119]).unwrap();
    assert_eq!(last, Service { version: 1.into(), ..service(119) });
    world.ends().await;
}
