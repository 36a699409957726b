//! What it costs to add one more: the same however many there are, since a name is a key and queues are counted.

use serde_json::json;
use switchboard_domain::decision::Decision;
use switchboard_domain::head::{Head, NamesKept};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ActivitySid, Sid as _, TaskQueueSid, WorkerSid, WorkspaceSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{QueueOrder, TaskQueue, Worker, WorkerName};
use switchboard_store::key;

use super::{text, world};
use crate::world::World;

/// At most this many records fit into one transaction.
const AT_ONCE: usize = 90;

fn worker(workspace: WorkspaceSid, number: usize) -> Worker {
    Worker {
        workspace,
        sid: WorkerSid::derived(&[&number.to_string()]),
        friendly_name: format!("Agent {number}"),
        attributes: "{}".to_owned(),
        activity: ActivitySid::derived(&["a"]),
        activity_since: Timestamp(0),
        occupation: None,
        channels: Default::default(),
        created: Timestamp(0),
        updated: Timestamp(0),
        version: Version::NEW,
    }
}

fn queue(workspace: WorkspaceSid, number: usize) -> TaskQueue {
    TaskQueue {
        workspace,
        sid: TaskQueueSid::derived(&[&number.to_string()]),
        friendly_name: format!("Queue {number}"),
        target_workers: "1==1".to_owned(),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        version: Version::NEW,
    }
}

fn workspace_of(url: &str) -> WorkspaceSid {
    url.rsplit('/').next().unwrap().parse().unwrap()
}

/// Puts records where they belong, as many at a time as a transaction takes.
async fn put(world: &World, records: Vec<Record>) {
    for puts in records.chunks(AT_ONCE) {
        world.given(Decision { puts: puts.to_vec(), ..Decision::default() }).await;
    }
}

async fn head(world: &World, workspace: WorkspaceSid) -> Head {
    world.on.store.get(key::head(workspace)).await.unwrap().unwrap()
}

/// Makes the workspace one from before names had items and queues were counted.
async fn forgets(world: &World, workspace: WorkspaceSid) {
    let mut head = head(world, workspace).await;
    (head.names, head.queues) = (NamesKept::Nobodys, None);
    world.given(Decision::put(head)).await;
}

/// The read units and write units of a request.
async fn cost(world: &World, list: &str, form: &[(&str, &str)]) -> (f64, f64) {
    let before = world.used();
    world.created(list, form).await;
    let used = world.used().since(&before).total();
    (used.read_units, used.write_units)
}

#[tokio::test]
async fn the_hundredth_worker_costs_what_the_first_one_cost() {
    let world = world().await;
    let url = world.workspace().await;
    let (workers, workspace) = (format!("{url}/Workers"), workspace_of(&url));
    let first = cost(&world, &workers, &[("FriendlyName", "First")]).await;
    let more = (0..400).map(|number| worker(workspace, number));
    put(&world, more.flat_map(|one| [Record::from(one.name()), one.into()]).collect()).await;
    assert_eq!(cost(&world, &workers, &[("FriendlyName", "Last")]).await, first);
    world.post(&workers, &[("FriendlyName", "AGENT 399")]).await.refused(409, 20409);
}

#[tokio::test]
async fn the_thousandth_queue_is_counted_without_the_others() {
    let world = world().await;
    let url = world.workspace().await;
    let (queues, workspace) = (format!("{url}/TaskQueues"), workspace_of(&url));
    let first = cost(&world, &queues, &[("FriendlyName", "First")]).await;
    put(&world, (0..1000).map(|number| queue(workspace, number).into()).collect()).await;
    assert_eq!(cost(&world, &queues, &[("FriendlyName", "Last")]).await, first);
    // With the sample queue they are three that the head has seen come.
    assert_eq!(head(&world, workspace).await.queues, Some(3));
    let made = world.created(&queues, &[("FriendlyName", "Not for long")]).await;
    world.delete(&text(&made, "url")).await.expect(204);
    assert_eq!(head(&world, workspace).await.queues, Some(3));
    let mut full = head(&world, workspace).await;
    full.queues = Some(5_000);
    world.given(Decision::put(full)).await;
    world.post(&queues, &[("FriendlyName", "Too many")]).await.refused(400, 20001);
    forgets(&world, workspace).await;
    world.created(&queues, &[("FriendlyName", "Counted")]).await;
    assert_eq!(head(&world, workspace).await.queues, Some(1004), "all were counted once");
}

#[tokio::test]
async fn a_name_goes_with_its_worker() {
    let world = world().await;
    let url = world.workspace().await;
    let workers = format!("{url}/Workers");
    let alice = text(&world.created(&workers, &[("FriendlyName", "Alice")]).await, "url");
    let bob = text(&world.created(&workers, &[("FriendlyName", "Bob")]).await, "url");
    world.post(&alice, &[("FriendlyName", "Alicia")]).await.expect(200);
    world.post(&bob, &[("FriendlyName", "ALICE")]).await.expect(200);
    world.post(&workers, &[("FriendlyName", "alicia")]).await.refused(409, 20409);
    world.delete(&alice).await.expect(204);
    let again = world.created(&workers, &[("FriendlyName", "alicia")]).await;
    assert_eq!(again["friendly_name"], json!("alicia"));
    world.post(&bob, &[("FriendlyName", "Bob")]).await.expect(200);
    let workspace = workspace_of(&url);
    let mut kept = Vec::new();
    for name in ["alice", "alicia", "bob"] {
        let name = WorkerName { name: name.to_owned(), ..worker(workspace, 0).name() };
        let found: Option<WorkerName> = world.on.store.get(key::worker_name(&name)).await.unwrap();
        kept.push(found.is_some());
    }
    assert_eq!(kept, [false, true, true]);
}

#[tokio::test]
async fn a_workspace_from_before_names_had_items_makes_up_for_it() {
    let world = world().await;
    let url = world.workspace().await;
    let (workers, workspace) = (format!("{url}/Workers"), workspace_of(&url));
    forgets(&world, workspace).await;
    let all = || (0..100).map(|number| worker(workspace, number));
    put(&world, all().map(Record::from).collect()).await;
    world.post(&workers, &[("FriendlyName", "agent 7")]).await.refused(409, 20409);
    world.created(&workers, &[("FriendlyName", "One more")]).await;
    assert!(matches!(head(&world, workspace).await.names, NamesKept::UpTo(_)));
    for number in [0, 50, 99] {
        let name = format!("AGENT {number}");
        world.post(&workers, &[("FriendlyName", &name)]).await.refused(409, 20409);
    }
    world.created(&workers, &[("FriendlyName", "And one")]).await;
    assert_eq!(head(&world, workspace).await.names, NamesKept::All);
    let names: Vec<_> = all().map(|one| key::worker_name(&one.name())).collect();
    assert_eq!(world.on.store.get_all(&names).await.unwrap().len(), 100);
    world.post(&workers, &[("FriendlyName", "agent 42")]).await.refused(409, 20409);
    world.post(&workers, &[("FriendlyName", "one more")]).await.refused(409, 20409);
}

#[tokio::test]
async fn a_workspace_goes_with_the_names_of_its_workers() {
    let world = world().await;
    let url = world.workspace().await;
    let workspace = workspace_of(&url);
    put(&world, {
        let all = (0..60).map(|number| worker(workspace, number));
        all.flat_map(|one| [Record::from(one.name()), one.into()]).collect()
    })
    .await;
    world.delete(&url).await.expect(204);
    let names: Vec<_> =
        (0..60).map(|number| key::worker_name(&worker(workspace, number).name())).collect();
    assert!(world.on.store.get_all(&names).await.unwrap().is_empty());
}
