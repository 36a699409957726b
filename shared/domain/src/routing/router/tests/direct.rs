//! Tasks that are made for one worker or one queue.

use super::*;
use crate::routing::router::Reason;

fn for_ann(task: &mut Fields) {
    task.worker = Some(sid("ann"));
    task.queue = Some(sid("q"));
}

fn for_ann_anyhow(task: &mut Fields) {
    for_ann(task);
    task.ignores_capacity = true;
}

fn for_queue(task: &mut Fields) {
    task.bound_to_queue = true;
    task.queue = Some(sid("r"));
    task.queue_entered = Some(task.created);
}

#[test]
fn a_worker_is_asked_in_any_activity_if_the_task_ignores_capacity() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.arrives("first");
    world.task("second", json!({}), for_ann_anyhow);
    world.step();
    assert_eq!(world.holders("second"), ["ann"]);
    assert_eq!(world.router.load(sid("ann"), sid("chat")), 2);
    world.activity("ann", "off");
    world.task("third", json!({}), for_ann_anyhow);
    world.task("fourth", json!({}), for_ann);
    world.step();
    assert_eq!((world.holders("third"), world.holders("fourth")), (vec!["ann".to_owned()], vec![]));
    world.rejects("ann", "third");
    world.step();
    assert_eq!(world.status("third"), canceled(Ending::NotTaken));
}

#[test]
fn a_task_for_a_worker_who_is_not_there_is_given_up_at_once() {
    let mut world = World::new();
    for (name, make) in [("free", for_ann as fn(&mut Fields)), ("anyhow", for_ann_anyhow)] {
        world.task(name, json!({}), make);
        world.step();
        assert_eq!(world.status(name), canceled(Ending::Unroutable));
    }
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 0);
    world.task("t", json!({}), for_ann_anyhow);
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
}

#[test]
fn a_task_for_a_queue_walks_through_no_workflow() {
    let mut world = World::new();
    world.queue("r", "skill == 1", |_| {});
    world.targets(&[target("q", json!({ "timeout": 5 }))]);
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), for_queue);
    world.step();
    world.after(30);
    assert_eq!(world.status("t").0, TaskStatus::Pending);
    assert_eq!(world.task_called("t").position, None);
    world.worker("bob", json!({ "skill": 1 }), 0);
    world.step();
    assert_eq!(world.holders("t"), ["bob"]);
    let receipt = world.task_called("t").reservations[0].receipt.clone().unwrap();
    assert_eq!(receipt.filter, "queue");
    world.after(60);
    world.activity("bob", "on");
    world.step();
    assert_eq!(world.holders("t"), ["bob"], "it is offered again");
    world.rejects("bob", "t");
    world.activity("bob", "off");
    world.after(3600);
    assert_eq!(world.status("t"), canceled(Ending::TimedOut));
}

#[test]
fn c9_a_worker_who_handed_a_task_on_is_not_asked_to_take_it_back() {
    for make in [for_queue as fn(&mut Fields), |_: &mut Fields| {}] {
        let mut world = World::new();
        world.queue("r", "1==1", |_| {});
        world.worker("ann", json!({}), 0);
        world.task("t", json!({}), |task| {
            make(task);
            task.handed_on_by = Some(sid("ann"));
        });
        world.step();
        assert_eq!(world.holders("t"), [""; 0]);
        let explained = world.rebuilt().explain(sid("t"), world.now).unwrap();
        assert_eq!(explained.passed_over[0].reason, Reason::HandedItOn);
        world.worker("bob", json!({}), 0);
        world.step();
        assert_eq!(world.holders("t"), ["bob"]);
        let receipt = world.task_called("t").reservations[0].receipt.clone().unwrap();
        assert_eq!(receipt.passed_over[0].why, PassedOver::HandedItOn);
    }
}
