//! Who can be asked at all.

use super::*;

#[test]
fn only_workers_of_the_queue_who_are_available_with_capacity_are_asked() {
    let mut world = World::new();
    world.channel("voice", false);
    world.queue("q", "skill == 1", |_| {});
    for name in ["stranger", "absent", "none", "closed", "busy", "unreadable", "right"] {
        world.worker(name, json!({ "skill": i64::from(name != "stranger") }), 0);
    }
    world.activity("absent", "off");
    world.capacity("none", "chat", 0);
    world.capacity("closed", "chat", 5);
    world.change_worker("closed", |worker| {
        worker.channels.values_mut().for_each(|channel| channel.available = false);
    });
    world.change_worker("unreadable", |worker| worker.attributes = "skill".to_owned());
    world.activity("busy", "on");
    world.activity("right", "off");
    world.arrives("first");
    assert_eq!(world.holders("first"), ["busy"]);
    world.arrives("second");
    assert_eq!(world.holders("second"), [""; 0]);
    world.task("call", json!({}), |task| task.channel = sid("voice"));
    world.step();
    assert_eq!(world.status("call").0, TaskStatus::Reserved, "voice has its own capacity");
    world.activity("right", "also on");
    world.step();
    assert_eq!(world.holders("second"), ["right"]);
}

#[test]
fn a_worker_with_capacity_takes_several_tasks_and_never_more() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 2);
    for task in ["a", "b", "c"] {
        world.arrives(task);
    }
    assert_eq!(world.holders("c"), [""; 0]);
    world.accepts("ann", "a");
    world.step();
    assert_eq!(world.holders("c"), [""; 0], "an accepted task takes capacity too");
    world.command("a", Command::Wrap { reason: None });
    world.step();
    assert_eq!(world.holders("c"), [""; 0]);
    world.command("a", Command::Complete { reason: None });
    world.step();
    assert_eq!(world.holders("c"), ["ann"]);
    assert_eq!(world.router.load(sid("ann"), sid("chat")), 2);
}

#[test]
fn one_task_occupies_a_worker_where_tasks_are_done_one_by_one() {
    let mut world = World::new();
    let mut workspace = world.router.picture.workspace().clone();
    workspace.multi_task_enabled = false;
    world.put(workspace);
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 9);
    world.arrives("a");
    world.arrives("b");
    world.task("call", json!({}), |task| task.channel = sid("voice"));
    world.step();
    assert_eq!((world.holders("b"), world.holders("call")), (vec![], vec![]));
}

#[test]
fn the_expression_of_a_target_sees_task_and_worker() {
    let mut world = World::new();
    let expression = "task.level <= worker.level AND worker.activity_name == 'also on'";
    world.targets(&[target("q", json!({ "expression": expression }))]);
    world.worker("low", json!({ "level": 1 }), 0);
    world.worker("high", json!({ "level": 5 }), 0);
    world.activity("low", "also on");
    world.task("t", json!({ "level": 3 }), |_| {});
    world.step();
    assert_eq!(world.holders("t"), [""; 0]);
    world.activity("high", "also on");
    world.step();
    assert_eq!(world.holders("t"), ["high"]);
}

#[test]
fn a_known_worker_of_the_queue_is_waited_for_by_sid_or_by_name() {
    let mut world = World::new();
    world.queue("q", "in_queue == true", |_| {});
    world.queue("late", "1==1", |_| {});
    let by = |key: &str| target("q", json!({ (key): "task.agent", "timeout": 100 }));
    world.worker("ann", json!({ "in_queue": true }), 0);
    world.worker("Bob", json!({ "in_queue": true }), 5);
    world.worker("out", json!({}), 5);
    world.targets(&[by("known_worker_sid"), target("late", json!({}))]);
    world.task("sid", json!({ "agent": sid::<WorkerSid>("Bob") }), |_| {});
    world.task("out", json!({ "agent": sid::<WorkerSid>("out") }), |_| {});
    world.task("null", json!({ "agent": null }), |_| {});
    world.step();
    assert_eq!(world.holders("sid"), ["Bob"]);
    assert_eq!((world.holders("out"), world.holders("null")), (vec![], vec![]));
    world.after(100);
    assert_eq!(world.position("null").1, 1);
    world.targets(&[by("known_worker_friendly_name")]);
    world.task("name", json!({ "agent": "BOB" }), |_| {});
    world.activity("Bob", "on");
    world.step();
    assert_eq!(world.holders("name"), ["Bob"]);
}

#[test]
fn a_known_worker_who_cannot_be_had_is_warned_of_once_with_its_code() {
    let mut world = World::new();
    world.queue("q", "in_queue == true", |_| {});
    world.worker("out", json!({}), 5);
    let known = |key: &str| target("q", json!({ (key): "task.agent", "timeout": 100 }));
    for (key, agent, code) in [
        ("known_worker_sid", json!(sid::<WorkerSid>("out").to_string()), Some(40152)),
        ("known_worker_sid", json!(sid::<WorkerSid>("nobody").to_string()), Some(40154)),
        ("known_worker_sid", json!("out"), Some(40154)),
        ("known_worker_sid", json!(7), Some(40154)),
        ("known_worker_sid", json!(null), None),
        ("known_worker_friendly_name", json!("OUT"), Some(40152)),
        ("known_worker_friendly_name", json!("nobody"), Some(40154)),
    ] {
        world.targets(&[known(key)]);
        let name = format!("{key} {agent}");
        world.task(&name, json!({ "agent": agent }), |_| {});
        let warnings: Vec<_> = world.step().into_iter().flat_map(|turn| turn.warnings).collect();
        let codes: Vec<_> = warnings.iter().map(|one| (one.task, one.fault.code())).collect();
        assert_eq!(codes, code.map(|code| (sid(&name), code)).into_iter().collect::<Vec<_>>());
        assert_eq!(world.status(&name).0, TaskStatus::Pending, "it waits all the same");
        assert!(world.after(1).iter().all(|turn| turn.warnings.is_empty()), "only once");
    }
    let name = "missing";
    world.task(name, json!({}), |_| {});
    assert_eq!(world.step()[0].warnings[0].fault.code(), 40154);
}

#[test]
fn a_move_between_two_available_activities_leaves_reservations_in_place() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.arrives("t");
    world.activity("ann", "also on");
    world.after(1);
    assert_eq!(world.holders("t"), ["ann"]);
}

#[test]
fn a_forgotten_worker_gets_nothing() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.step();
    world.router.forget(PartSid::Worker(sid("ann")));
    world.arrives("t");
    assert_eq!(world.holders("t"), [""; 0]);
    world.router.forget_task(sid("t"));
    assert_eq!(world.router.next_deadline(), None);
}

#[test]
fn an_old_version_changes_nothing() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    let old = world.worker_called("ann");
    world.task("t", json!({}), |_| {});
    let old_task = world.task_called("t");
    world.activity("ann", "off");
    world.step();
    world.router.learn(old.into());
    world.router.learn(old_task.into());
    assert!(world.router.step(world.now).decision.is_unchanged());
    assert_eq!(world.router.worker(sid("ann")).unwrap().activity, sid("off"));
}

#[test]
fn the_worker_of_a_deleted_task_is_free_for_the_next() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.arrives("deleted");
    world.arrives("next");
    assert_eq!(world.holders("next"), [""; 0]);
    world.router.forget_task(sid("deleted"));
    world.step();
    assert_eq!(world.holders("next"), ["ann"]);
}
