//! A write is carried out, its answer is lost, and the client repeats it: that is a success, done once. The same
//! over whatever others wrote in between, up to a bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard::{Call, Fault, Faults, Gate, Passage, Road};
use switchboard_domain::conversation::{Service, UniqueName};
use switchboard_domain::decision::Decision;
use switchboard_domain::version::{COMMITS_KEPT, CommitId};
use switchboard_store::{StoreError, key};
use switchboard_tests::endpoint;
use tokio::sync::Notify;

use crate::{World, service, unique_name};

/// Who writes first, and does not hear of it.
const FIRST: &str = "first";

/// Loses the first answer to a write of [`FIRST`], and holds its repetition back until it is let go.
#[derive(Debug, Default)]
struct Wire {
    writes: AtomicUsize,
    repeats: Arc<Notify>,
    goes: Arc<Notify>,
}

fn is_write(call: &Call<'_>) -> bool {
    let writes = ["PutItem", "DeleteItem", "TransactWriteItems"];
    call.function == FIRST && writes.contains(&call.operation)
}

impl Faults for Wire {
    fn gate(&self, call: &Call<'_>) -> Option<Gate> {
        if !is_write(call) {
            return None;
        }
        let is_first = self.writes.fetch_add(1, Ordering::SeqCst) == 0;
        let (repeats, goes) = (Arc::clone(&self.repeats), Arc::clone(&self.goes));
        Some(Box::pin(async move {
            if is_first {
                return Passage { before: None, after: Some(Fault::Lost) };
            }
            repeats.notify_one();
            goes.notified().await;
            Passage::default()
        }))
    }
}

/// Throttles every write of [`FIRST`].
#[derive(Debug, Default)]
struct Busy(AtomicUsize);

impl Faults for Busy {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        is_write(call).then(|| {
            self.0.fetch_add(1, Ordering::SeqCst);
            Fault::Throttled
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_table_is_asked_as_often_and_as_patiently_on_both_roads() {
    // Only the embedded tables meet faults, and no others can be reached while time stands still.
    if endpoint("DYNAMODB_ENDPOINT").is_some() {
        return;
    }
    let mut met = Vec::new();
    for road in [Road::Near, Road::Sdk] {
        let busy: Arc<Busy> = Arc::default();
        let world = World::with(Some(Arc::clone(&busy) as _), road).await;
        let began = tokio::time::Instant::now();
        let store = world.store_of(FIRST);
        let outcome = store.commit(&Decision::put(service(1)), world.commit_id()).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
        assert_eq!(read(&world).await, None);
        met.push((busy.0.load(Ordering::SeqCst), began.elapsed()));
    }
    let [near, sdk] = met[..] else { panic!("{met:?}") };
    assert_eq!(near.0, sdk.0, "attempts");
    // A client of the SDK waits up to as long, by chance.
    assert!(near.1 >= sdk.1 && sdk.1.as_millis() > 0, "{near:?} {sdk:?}");
}

/// Commits as [`FIRST`]; `between` happens after the write and before its repetition.
async fn repeated(
    world: &World,
    wire: &Wire,
    decision: &Decision,
    between: impl AsyncFnOnce(),
) -> Result<(), StoreError> {
    let store = world.store_of(FIRST);
    wire.writes.store(0, Ordering::SeqCst);
    let others = async {
        wire.repeats.notified().await;
        between().await;
        wire.goes.notify_one();
    };
    let commit = CommitId([9; CommitId::BYTES]);
    let (outcome, ()) = tokio::join!(store.commit(decision, commit), others);
    assert_eq!(wire.writes.load(Ordering::SeqCst), 2, "it was repeated");
    outcome.map(|_| ())
}

/// One world on each road.
async fn worlds() -> Vec<(World, Arc<Wire>)> {
    let mut worlds = Vec::new();
    for road in [Road::Near, Road::Sdk] {
        let wire: Arc<Wire> = Arc::default();
        let world = World::with(Some(Arc::clone(&wire) as _), road).await;
        // Only the embedded tables can lose an answer.
        if world.is_embedded {
            worlds.push((world, wire));
        }
    }
    worlds
}

async fn read(world: &World) -> Option<Service> {
    world.store.get(key::service(service(1).sid)).await.unwrap()
}

/// This many others write the record, one after the other.
async fn written(world: &World, times: usize) {
    for time in 0..times {
        let loaded = read(world).await.unwrap();
        let friendly_name = format!("by another, {time}");
        world.writes(&Decision::put(Service { friendly_name, ..loaded })).await;
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_a_success() {
    for (world, wire) in worlds().await {
        let new = Decision::put(service(1));
        repeated(&world, &wire, &new, async || {}).await.unwrap();
        let loaded = read(&world).await.unwrap();
        assert_eq!(loaded.version, 1);
        let friendly_name = "changed".to_owned();
        let changed = Decision::put(Service { friendly_name, ..loaded });
        repeated(&world, &wire, &changed, async || {}).await.unwrap();
        let loaded = read(&world).await.unwrap();
        assert_eq!((loaded.version.number(), loaded.friendly_name.as_str()), (2, "changed"));
        let gone = Decision::default().without(loaded);
        repeated(&world, &wire, &gone, async || {}).await.unwrap();
        assert_eq!(read(&world).await, None);
        world.ends().await;
    }
}

#[tokio::test]
async fn others_may_write_before_the_repetition_and_lose_nothing_by_it() {
    for (world, wire) in worlds().await {
        let few = COMMITS_KEPT - 1;
        let new = Decision::put(service(1));
        repeated(&world, &wire, &new, async || written(&world, few).await).await.unwrap();
        let loaded = read(&world).await.unwrap();
        assert_eq!(loaded.friendly_name, format!("by another, {}", few - 1));
        let changed = Decision::put(loaded);
        repeated(&world, &wire, &changed, async || written(&world, few).await).await.unwrap();
        assert_eq!(read(&world).await.unwrap().version, 2 * (1 + few as u64));
        world.ends().await;
    }
}

#[tokio::test]
async fn one_more_and_the_first_is_told_to_decide_anew() {
    for (world, wire) in worlds().await {
        let new = Decision::put(service(1));
        let many = async || written(&world, COMMITS_KEPT).await;
        let outcome = repeated(&world, &wire, &new, many).await;
        assert!(matches!(outcome, Err(StoreError::Conflict { passing: false, .. })), "{outcome:?}");
        world.ends().await;
    }
}

#[tokio::test]
async fn a_removal_that_was_followed_by_a_new_record_does_not_remove_that() {
    for (world, wire) in worlds().await {
        world.writes(&Decision::put(service(1))).await;
        let gone = Decision::default().without(read(&world).await.unwrap());
        let made_again = async || drop(world.writes(&Decision::put(service(1))).await);
        let outcome = repeated(&world, &wire, &gone, made_again).await;
        assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
        assert_eq!(
            read(&world).await.unwrap().version,
            1,
            "it has the version that was loaded before"
        );
        world.ends().await;
    }
}

#[tokio::test]
async fn a_transaction_is_known_again_by_its_first_item() {
    let world = World::new().await;
    let commit = CommitId([9; CommitId::BYTES]);
    let both = Decision::put(service(1)).and(unique_name("mine"));
    // A commit of its own each time, as after the ten minutes in which the table knows a token.
    let again = async |decision: &Decision| world.store.commit(decision, commit).await;
    let first = again(&both).await.unwrap();
    assert_eq!(again(&both).await.unwrap(), first);
    written(&world, COMMITS_KEPT - 1).await;
    assert_eq!(again(&both).await.unwrap(), first);
    written(&world, 1).await;
    let outcome = again(&both).await;
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "forgotten: {outcome:?}");
    let name = key::unique_name(unique_name("mine").service, "mine");
    let name: UniqueName = world.store.get(name).await.unwrap().unwrap();
    let removed = Decision::default().without(read(&world).await.unwrap()).without(name);
    let _ = again(&removed).await.unwrap();
    let _ = again(&removed).await.unwrap();
    world.writes(&Decision::put(unique_name("mine"))).await;
    let outcome = again(&removed).await;
    assert!(
        matches!(outcome, Err(StoreError::Conflict { .. })),
        "one of them is there: {outcome:?}"
    );
    world.ends().await;
}

#[tokio::test]
async fn an_item_of_before_there_were_ids_is_read_and_written() {
    let world = World::new().await;
    world.writes(&Decision::put(service(1))).await;
    let update = world.deployment.dynamodb("test").update_item();
    let update = update.table_name(world.deployment.table_name("conversations"));
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let update = update.key("pk", text(&service(1).sid.to_string())).key("sk", text("IS"));
    update.update_expression("REMOVE c").send().await.unwrap();
    let loaded = read(&world).await.unwrap();
    world.writes(&Decision::put(loaded)).await;
    assert_eq!(read(&world).await.unwrap().version, 2);
    world.ends().await;
}
