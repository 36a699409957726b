//! What a workspace is told of the router's steps: the events, in order, of what is written.

use super::*;
use crate::task::Mark;

/// The names of events, in one text each.
#[track_caller]
fn tells(world: &mut World, expected: &[&str]) {
    assert_eq!(world.told(), expected);
}

/// A world that records what every write amounts to.
fn world() -> World {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    world.told();
    world
}

#[test]
fn a_fresh_task_is_told_in_the_observed_order() {
    let mut world = world();
    world.worker("ann", json!({}), 0);
    world.told();
    world.task("t", json!({}), |_| {});
    tells(&mut world, &[]);
    world.step();
    tells(
        &mut world,
        &[
            "workflow.entered",
            "task-queue.entered q",
            "task.created",
            "workflow.target-matched",
            "reservation.created ann",
        ],
    );
    assert!(world.task_called("t").trail.is_empty(), "nothing has to be noted");
    world.accepts("ann", "t");
    tells(&mut world, &["reservation.accepted ann"]);
    world.command("t", Command::Wrap { reason: None });
    tells(&mut world, &["reservation.wrapup ann", "task.wrapup"]);
    world.command("t", Command::Complete { reason: None });
    tells(&mut world, &["reservation.completed ann", "task.completed"]);
}

#[test]
fn targets_that_are_left_within_one_step_are_told_each() {
    let mut world = world();
    world.targets(&[
        target("q", json!({ "timeout": 10 })),
        target("r", json!({ "skip_if": "1==1" })),
        target("q", json!({ "timeout": 10 })),
    ]);
    world.told();
    world.task("t", json!({}), |_| {});
    world.step();
    let first =
        ["workflow.entered", "task-queue.entered q", "task.created", "workflow.target-matched"];
    tells(&mut world, &first);
    world.after(10);
    tells(
        &mut world,
        &[
            "task-queue.timeout q",
            "task-queue.moved q",
            "task-queue.entered r",
            "workflow.target-matched",
            "task-queue.moved r",
            "task-queue.entered q",
            "workflow.target-matched",
        ],
    );
    let trail = world.task_called("t").trail.clone();
    assert!(matches!(trail.as_slice(), [Mark::Left { .. }, Mark::Left { .. }]), "{trail:?}");
    world.after(10);
    tells(&mut world, &["task-queue.timeout q", "workflow.timeout", "task.canceled"]);
    assert_eq!(world.status("t"), canceled(Ending::FellOut));
}

#[test]
fn the_same_way_out_twice_is_told_twice() {
    let mut world = world();
    world.targets(&[target("q", json!({ "timeout": 10 })), target("q", json!({ "timeout": 10 }))]);
    world.task("t", json!({}), |_| {});
    world.step();
    world.told();
    world.after(10);
    tells(&mut world, &["task-queue.timeout q", "workflow.target-matched"]);
    world.after(10);
    tells(&mut world, &["task-queue.timeout q", "workflow.timeout", "task.canceled"]);
}

#[test]
fn a_task_that_skips_out_or_matches_nothing_is_told_so() {
    let mut world = world();
    world.targets(&[target("q", json!({ "skip_if": "1==1" }))]);
    world.told();
    world.task("t", json!({}), |_| {});
    world.step();
    tells(
        &mut world,
        &[
            "workflow.entered",
            "task-queue.entered q",
            "task.created",
            "workflow.target-matched",
            "workflow.skipped",
            "task.canceled",
        ],
    );
    world.workflow(json!({ "filters": [] }));
    world.told();
    world.task("u", json!({}), |_| {});
    world.step();
    tells(&mut world, &["workflow.entered", "task.created", "workflow.skipped", "task.canceled"]);
}

#[test]
fn an_offer_that_lapses_is_told_with_what_comes_of_it() {
    let mut world = world();
    world.worker("ann", json!({}), 0);
    world.worker("ben", json!({}), 1);
    world.task("t", json!({}), |_| {});
    world.step();
    world.told();
    world.after(60);
    let told = world.told();
    let offers: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        offers,
        ["reservation.timeout ann", "reservation.created ben", "worker.activity.update"]
    );
}

#[test]
fn many_offers_are_told_each_and_so_is_who_was_faster() {
    let mut world = world();
    world.queue("q", "1==1", |queue| queue.max_reserved_workers = 2);
    for (since, name) in [(0, "ann"), (1, "ben")] {
        world.worker(name, json!({}), since);
    }
    world.told();
    world.task("t", json!({}), |_| {});
    world.step();
    let told = world.told();
    assert_eq!(told[4..], ["reservation.created ann", "reservation.created ben"]);
    world.accepts("ben", "t");
    tells(&mut world, &["reservation.rescinded ann", "reservation.accepted ben"]);
}

#[test]
fn a_task_for_one_worker_is_told_from_its_beginning() {
    let mut world = world();
    world.task("t", json!({}), |task| {
        task.worker = Some(sid("ann"));
        task.queue = Some(sid("q"));
    });
    tells(&mut world, &["task-queue.entered q", "task.created"]);
    world.worker("ann", json!({}), 0);
    world.told();
    world.step();
    tells(&mut world, &["reservation.created ann"]);
}

#[test]
fn a_task_that_waits_for_too_long_is_canceled() {
    let mut world = world();
    world.task("t", json!({}), |task| task.timeout_seconds = 30);
    world.step();
    world.told();
    world.after(30);
    tells(&mut world, &["task.canceled"]);
}

#[test]
fn the_next_change_forgets_the_trail_whoever_makes_it() {
    let mut world = world();
    world.targets(&[target("q", json!({ "timeout": 10 })), target("r", json!({}))]);
    world.task("t", json!({}), |_| {});
    world.step();
    world.after(10);
    assert_eq!(world.task_called("t").trail.len(), 1);
    let mut other = world.clone();
    other.worker("ann", json!({}), 0);
    other.step();
    assert!(other.task_called("t").trail.is_empty(), "the router's own");
    world.command("t", Command::Cancel { reason: None });
    assert!(world.task_called("t").trail.is_empty(), "somebody's command");
}

#[test]
fn a_task_made_for_its_queue_is_told_from_its_beginning() {
    let mut world = world();
    world.task("t", json!({}), |task| {
        task.bound_to_queue = true;
        task.queue = Some(sid("q"));
    });
    tells(&mut world, &["task-queue.entered q", "task.created"]);
    world.worker("ann", json!({}), 0);
    world.told();
    world.step();
    tells(&mut world, &["reservation.created ann"]);
}

#[test]
fn a_task_that_is_assigned_for_too_long_is_told_as_deleted_by_the_system_when_it_happens() {
    let mut world = world();
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    world.accepts("ann", "t");
    world.step();
    world.told();
    world.after(86_400);
    assert_eq!(world.times_told(), [world.now]);
    tells(&mut world, &["reservation.canceled ann", "task.system-deleted"]);
}

#[test]
fn a_task_that_loses_its_place_is_told_when_it_gets_another_one() {
    let mut world = world();
    world.task("t", json!({}), |_| {});
    world.step();
    world.told();
    let mut lost = world.task_called("t");
    let fields = &mut lost.fields;
    (fields.position, fields.queue, fields.queue_entered) = (None, None, None);
    world.put(lost);
    tells(&mut world, &[]);
    world.step();
    tells(&mut world, &["workflow.entered", "task-queue.entered q", "workflow.target-matched"]);
}
