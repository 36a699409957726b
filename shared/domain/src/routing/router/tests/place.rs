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

/// The positions that the turns tell of.
fn told(turns: &[Turn]) -> Vec<(TaskSid, usize)> {
    let effects = turns.iter().flat_map(|turn| &turn.decision.effects);
    let told = effects.filter_map(|effect| match effect {
        Effect::Notify(Call::Position(call)) => Some((call.task, call.position)),
        Effect::Notify(_)
        | Effect::Invite(_)
        | Effect::Route(_)
        | Effect::Send(_)
        | Effect::Media(_)
        | Effect::Wake(_) => None,
    });
    told.collect()
}

/// Lets the callback of the workspace ask for these events.
fn asks_for(world: &mut World, filter: &str) {
    let mut workspace = world.router.picture.workspace().clone();
    workspace.event_callback_url = Some("https://example.com".to_owned());
    workspace.events_filter = Some(filter.to_owned());
    world.put(workspace);
}

#[test]
fn positions_are_told_to_who_asks_for_them_when_they_change() {
    let mut world = World::new();
    world.arrives("a");
    asks_for(&mut world, "task.created, Task.Position.Updated");
    assert_eq!(told(&world.step()), [(sid("a"), 1)]);
    world.task("b", json!({}), |_| {});
    assert_eq!(told(&world.step()), [(sid("b"), 2)], "the first one stands where it stood");
    world.task("urgent", json!({}), |task| task.priority = 9);
    assert_eq!(told(&world.step()), [(sid("urgent"), 1), (sid("a"), 2), (sid("b"), 3)]);
    assert_eq!(told(&world.step()), [], "nothing came or went");
    world.command("urgent", Command::Cancel { reason: None });
    assert_eq!(told(&world.step()), [(sid("a"), 1), (sid("b"), 2)]);
    world.worker("ann", json!({}), 0);
    assert_eq!(told(&world.step()), [(sid("b"), 1)]);
    world.step_losing(0, |world| world.task("c", json!({}), |task| task.priority = -1));
    let again = told(&world.step());
    assert_eq!(again, [(sid("b"), 1), (sid("c"), 2)], "nobody heard of what was lost");
}

#[test]
fn nobody_is_told_of_positions_who_does_not_name_them() {
    for filter in ["", "task.created"] {
        let mut world = World::new();
        asks_for(&mut world, filter);
        world.task("a", json!({}), |_| {});
        assert_eq!(told(&world.step()), [], "{filter}");
    }
}

#[test]
fn the_first_of_a_line_are_told() {
    let mut world = World::new();
    asks_for(&mut world, "task.position.updated");
    for number in 0..TOLD_MAX + 5 {
        world.task(&format!("t{number}"), json!({}), |_| {});
    }
    assert_eq!(told(&world.step()).len(), TOLD_MAX);
}
