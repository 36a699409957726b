//! Where a waiting task stands.

use super::*;
use crate::routing::router::Place;

impl World {
    fn stands(&mut self, task: &str) -> Option<usize> {
        self.router.place(sid(task), self.now).map(|place| place.position)
    }
}

#[test]
fn a_task_stands_behind_those_that_are_offered_before_it() {
    let mut world = World::new();
    for name in ["a", "b", "c"] {
        world.arrives(name);
    }
    assert_eq!(
        world.router.place(sid("c"), world.now),
        Some(Place { queue: Some(sid("q")), position: 3 })
    );
    world.task("urgent", json!({}), |task| task.priority = 9);
    world.step();
    assert_eq!(["urgent", "a", "b", "c"].map(|task| world.stands(task)), [1, 2, 3, 4].map(Some));
    world.command("a", Command::Cancel { reason: None });
    world.step();
    assert_eq!(["urgent", "b", "c"].map(|task| world.stands(task)), [1, 2, 3].map(Some));
    world.worker("ann", json!({}), 0);
    world.step();
    assert_eq!(world.holders("urgent"), ["ann"]);
    assert_eq!(world.stands("urgent"), None, "it is offered");
    assert_eq!(["b", "c"].map(|task| world.stands(task)), [1, 2].map(Some));
}

#[test]
fn the_order_is_the_queues_own() {
    let mut world = World::new();
    world.queue("q", "1==1", |queue| queue.order = QueueOrder::Lifo);
    for name in ["a", "b"] {
        world.arrives(name);
    }
    assert_eq!(["a", "b"].map(|task| world.stands(task)), [2, 1].map(Some));
    world.queue("q", "1==1", |queue| {
        queue.order = QueueOrder::Lifo;
        queue.ageing_bound_seconds = Some(10);
    });
    world.now = world.now + Millis::seconds(20);
    assert_eq!(["a", "b"].map(|task| world.stands(task)), [1, 2].map(Some), "both have aged");
}

#[test]
fn tasks_of_another_channel_take_nobodys_place() {
    let mut world = World::new();
    world.channel("voice", false);
    world.arrives("a");
    world.task("call", json!({}), |task| task.channel = sid("voice"));
    world.step();
    world.arrives("b");
    assert_eq!(["a", "call", "b"].map(|task| world.stands(task)), [1, 1, 2].map(Some));
}

#[test]
fn a_task_that_was_not_routed_stands_nowhere() {
    let mut world = World::new();
    world.task("new", json!({}), |_| {});
    assert_eq!(world.stands("new"), None);
    assert_eq!(world.stands("unknown"), None);
}
