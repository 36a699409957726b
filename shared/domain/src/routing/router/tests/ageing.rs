//! Queues that let nobody wait for longer than a bound.

use super::*;

fn ageing(world: &mut World, queue: &str, bound: u32) {
    world.queue(queue, "1==1", |queue| queue.ageing_bound_seconds = Some(bound));
}

/// A worker who is free, and the task that they take.
fn next(world: &mut World) -> String {
    world.worker("ann", json!({}), 0);
    world.step();
    let reserved = |task: &&Task| task.status == TaskStatus::Reserved;
    let taken = world.router.picture.tasks().find(reserved).unwrap().sid;
    let names = ["old", "young", "urgent", "other"];
    (*names.iter().find(|name| taken == sid(name)).unwrap()).to_owned()
}

#[test]
fn a_task_that_waited_for_the_bound_goes_before_urgent_ones_and_not_a_moment_earlier() {
    for (seconds, expected) in [(59, "urgent"), (60, "old")] {
        let mut world = World::new();
        ageing(&mut world, "q", 60);
        world.task("old", json!({}), |_| {});
        world.step();
        world.after(30);
        world.task("urgent", json!({}), |task| task.priority = 9);
        world.after(seconds - 30);
        assert_eq!(next(&mut world), expected, "after {seconds} s");
    }
}

#[test]
fn of_two_that_waited_for_the_bound_the_older_goes_first_whatever_the_order_of_the_queue() {
    let mut world = World::new();
    world.queue("q", "1==1", |queue| {
        queue.ageing_bound_seconds = Some(10);
        queue.order = QueueOrder::Lifo;
    });
    world.task("old", json!({}), |_| {});
    world.step();
    world.after(1);
    world.task("young", json!({}), |task| task.priority = 5);
    world.after(20);
    assert_eq!(next(&mut world), "old");
}

#[test]
fn the_wait_counts_from_the_entrance_into_the_queue() {
    let mut world = World::new();
    ageing(&mut world, "r", 60);
    world.queue("q", "1==2", |_| {});
    world.targets(&[target("q", json!({ "timeout": 50 })), target("r", json!({}))]);
    world.task("old", json!({}), |task| task.start = Timestamp(0));
    world.step();
    world.after(50);
    world.task("urgent", json!({}), |task| {
        task.priority = 9;
        task.created = Timestamp(0);
    });
    world.after(30);
    assert_eq!(next(&mut world), "urgent");
}

#[test]
fn without_a_bound_priority_goes_first_for_ever_and_taking_the_bound_away_is_seen_at_once() {
    let mut world = World::new();
    world.task("old", json!({}), |_| {});
    world.step();
    world.after(3000);
    world.task("urgent", json!({}), |task| task.priority = 1);
    world.step();
    ageing(&mut world, "q", 60);
    world.step();
    let mut strict = world.clone();
    assert_eq!(next(&mut world), "old");
    strict.queue("q", "1==1", |_| {});
    assert_eq!(next(&mut strict), "urgent");
}

#[test]
fn a_reservation_that_fails_does_not_start_the_wait_anew() {
    let mut world = World::new();
    ageing(&mut world, "q", 60);
    world.worker("bob", json!({}), 0);
    world.task("old", json!({}), |_| {});
    world.step();
    world.after(40);
    world.activity("bob", "off");
    world.rejects("bob", "old");
    world.after(20);
    world.task("urgent", json!({}), |task| task.priority = 9);
    world.step();
    assert_eq!(next(&mut world), "old");
}
