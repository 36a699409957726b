//! Who comes first, of workers and of tasks.

use super::*;

#[test]
fn the_worker_who_is_idle_for_longest_is_asked_first_and_then_goes_last() {
    let mut world = World::new();
    for (name, since) in [("c", 30), ("a", 10), ("b", 20)] {
        world.worker(name, json!({}), since);
        world.capacity(name, "chat", 2);
    }
    for task in ["1", "2", "3", "4"] {
        world.arrives(task);
    }
    let holders: Vec<_> =
        ["1", "2", "3", "4"].iter().flat_map(|task| world.holders(task)).collect();
    assert_eq!(holders, ["a", "b", "c", "a"]);
}

#[test]
fn a_channel_can_have_an_idle_circle_of_its_own() {
    for (alone, expected) in [(true, "a"), (false, "b")] {
        let mut world = World::new();
        world.channel("voice", alone);
        world.worker("a", json!({}), 10);
        world.worker("b", json!({}), 20);
        world.arrives("chat");
        assert_eq!(world.holders("chat"), ["a"]);
        world.task("call", json!({}), |task| task.channel = sid("voice"));
        world.step();
        assert_eq!(world.holders("call"), [expected]);
    }
}

#[test]
fn a_worker_is_idle_from_the_end_of_the_last_task_even_when_it_is_gone() {
    let mut world = World::new();
    world.worker("a", json!({}), 10);
    world.worker("b", json!({}), 20);
    world.arrives("1");
    world.arrives("2");
    for (worker, task) in [("b", "2"), ("a", "1")] {
        world.accepts(worker, task);
        world.now = world.now + Millis::seconds(1);
        world.command(task, Command::Complete { reason: None });
    }
    world.arrives("3");
    assert_eq!(world.holders("3"), ["b"]);
    assert!(world.router.task(sid("2")).is_none());
}

#[test]
fn a_worker_who_rejected_a_task_is_asked_again_after_all_others() {
    let mut world = World::new();
    world.worker("a", json!({}), 10);
    world.worker("b", json!({}), 20);
    world.arrives("t");
    world.rejects("a", "t");
    world.activity("b", "off");
    world.after(1);
    assert_eq!(world.holders("t"), ["a"], "nobody else is there");
    world.rejects("a", "t");
    world.activity("b", "on");
    world.after(1);
    assert_eq!(world.holders("t"), ["b"]);
    let task = world.task_called("t");
    let receipt = task.reservations.last().unwrap().receipt.clone().unwrap();
    assert_eq!(receipt.passed_over[0].why, PassedOver::RejectedBefore);
}

#[test]
fn order_by_goes_before_idleness() {
    let mut world = World::new();
    world.targets(&[target("q", json!({ "order_by": "worker.level DESC" }))]);
    for (name, level, since) in [("a", json!(1), 10), ("b", json!(3), 30), ("c", json!(3), 20)] {
        world.worker(name, json!({ "level": level }), since);
    }
    world.worker("lacks", json!({}), 1);
    for (task, worker) in [("1", "c"), ("2", "b"), ("3", "a"), ("4", "lacks")] {
        world.arrives(task);
        assert_eq!(world.holders(task), [worker]);
    }
}

#[test]
fn tasks_go_by_priority_then_by_age() {
    let mut world = World::new();
    for (name, priority) in [("old", 0), ("new", 0), ("urgent", 9)] {
        world.now = world.now + Millis::seconds(1);
        world.task(name, json!({}), |task| task.priority = priority);
    }
    world.step();
    for (worker, task) in [("a", "urgent"), ("b", "old"), ("c", "new")] {
        world.worker(worker, json!({}), 0);
        world.step();
        assert_eq!(world.holders(task), [worker]);
    }
}

#[test]
fn the_newest_task_goes_first_in_the_other_order_whatever_its_priority() {
    let mut world = World::new();
    world.queue("q", "1==1", |queue| queue.order = QueueOrder::Lifo);
    for (name, priority) in [("old", 9), ("new", 0)] {
        world.now = world.now + Millis::seconds(1);
        world.task(name, json!({}), |task| task.priority = priority);
    }
    world.step();
    world.worker("a", json!({}), 0);
    world.step();
    assert_eq!((world.holders("new").len(), world.holders("old").len()), (1, 0));
}

#[test]
fn the_workspace_says_which_kind_of_queue_goes_first() {
    for (first, expected) in [(QueueOrder::Fifo, "fifo"), (QueueOrder::Lifo, "lifo")] {
        let mut world = World::new();
        let mut workspace = world.router.picture.workspace().clone();
        workspace.prioritize_queue_order = first;
        world.put(workspace);
        world.queue("lifo", "1==1", |queue| queue.order = QueueOrder::Lifo);
        world.workflow(json!({
            "filters": [{ "expression": "lifo == true", "targets": [target("lifo", json!({}))] }],
            "default_filter": target("q", json!({})),
        }));
        world.task("lifo", json!({ "lifo": true }), |_| {});
        world.task("fifo", json!({}), |_| {});
        world.step();
        world.worker("a", json!({}), 0);
        world.step();
        assert_eq!(world.holders(expected), ["a"]);
    }
}

#[test]
fn a_queue_that_changes_its_order_changes_it_for_those_who_wait() {
    let mut world = World::new();
    for name in ["old", "middle", "new"] {
        world.arrives(name);
    }
    world.queue("q", "1==1", |queue| queue.order = QueueOrder::Lifo);
    world.worker("a", json!({}), 0);
    world.step();
    assert_eq!(world.holders("new"), ["a"]);
    world.queue("q", "1==1", |queue| queue.order = QueueOrder::Fifo);
    world.worker("b", json!({}), 0);
    world.step();
    assert_eq!(world.holders("old"), ["b"]);
}

#[test]
fn a_worker_who_rejected_a_task_goes_behind_equals_in_an_order_too() {
    let mut world = World::new();
    world.targets(&[target("q", json!({ "order_by": "worker.level ASC" }))]);
    for (name, level) in [("a", 1), ("b", 1), ("c", 2)] {
        world.worker(name, json!({ "level": level }), 0);
    }
    world.activity("b", "on");
    world.arrives("t");
    world.rejects("a", "t");
    world.after(5);
    world.rejects("b", "t");
    world.now = world.now + Millis::seconds(1);
    world.task("other", json!({}), |task| task.priority = 1);
    world.step();
    assert_eq!(
        (world.holders("other"), world.holders("t")),
        (vec!["a".to_owned()], vec!["b".to_owned()])
    );
    world.rejects("b", "t");
    world.activity("b", "off");
    world.command("other", Command::Cancel { reason: None });
    world.activity("a", "off");
    world.after(1);
    assert_eq!(world.holders("t"), ["c"]);
    world.worker("d", json!({ "level": 2 }), 2000);
    world.rejects("c", "t");
    world.after(1);
    assert_eq!(world.holders("t"), ["d"], "c is idle for longer, but has rejected it");
}
