//! Where tasks are done one by one, reservations move their workers.

use super::*;

/// A queue whose workers are `asked` and then `busy`, and ann who is `on`.
fn single() -> World {
    let mut world = World::new();
    let mut workspace = world.router.picture.workspace().clone();
    workspace.multi_task_enabled = false;
    world.put(workspace);
    world.activity_called("asked", false);
    world.activity_called("busy", false);
    world.queue("q", "1==1", |queue| {
        queue.reservation_activity = Some(sid("asked"));
        queue.assignment_activity = Some(sid("busy"));
    });
    world.worker("ann", json!({}), 0);
    world
}

fn does(world: &World, activity: &str) -> bool {
    world.worker_called("ann").activity == sid(activity)
}

#[test]
fn a_worker_is_moved_on_reservation_and_on_acceptance_and_stays_after_that() {
    let mut world = single();
    world.arrives("t");
    assert!(does(&world, "asked"));
    world.accepts("ann", "t");
    world.after(1);
    assert!(does(&world, "busy"));
    assert_eq!(world.worker_called("ann").activity_since, world.now);
    world.command("t", Command::Complete { reason: None });
    world.after(1);
    assert!(does(&world, "busy"), "completion does not change the activity");
    assert_eq!(world.worker_called("ann").occupation, None);
}

#[test]
fn a_worker_who_rejects_or_is_too_late_goes_back_to_the_activity_before() {
    let mut world = single();
    world.activity("ann", "also on");
    world.arrives("t");
    world.rejects("ann", "t");
    let turns = world.step();
    assert!(does(&world, "asked"), "back, free, and asked again");
    let kinds: Vec<_> = turns[0].decision.puts.iter().map(Record::kind).collect();
    assert_eq!(kinds, ["Task", "Worker"]);
    world.command("t", Command::Cancel { reason: None });
    world.step();
    assert!(does(&world, "also on"));
    assert_eq!(world.worker_called("ann").occupation, None);
}

#[test]
fn a_worker_who_changed_activity_meanwhile_stays_there() {
    let mut world = single();
    world.arrives("t");
    world.activity("ann", "off");
    world.accepts("ann", "t");
    world.after(1);
    assert!(does(&world, "off"));
}

#[test]
fn a_worker_who_does_not_answer_goes_to_the_timeout_activity_here_too() {
    let mut world = single();
    world.arrives("t");
    world.after(60);
    assert!(does(&world, "off"));
    assert_eq!(world.worker_called("ann").occupation, None);
}

#[test]
fn a_router_built_anew_moves_the_worker_of_a_task_that_is_over() {
    let mut world = single();
    world.arrives("t");
    world.command("t", Command::Cancel { reason: None });
    world.router = world.rebuilt();
    world.step();
    assert!(does(&world, "on"));
}

#[test]
fn a_moved_worker_is_let_go_even_if_the_workspace_turns_to_multitasking() {
    let mut world = single();
    world.arrives("t");
    let mut workspace = world.router.picture.workspace().clone();
    workspace.multi_task_enabled = true;
    world.put(workspace);
    world.command("t", Command::Cancel { reason: None });
    world.step();
    assert!(does(&world, "on"));
    assert_eq!(world.worker_called("ann").occupation, None);
}

#[test]
fn in_multitasking_workspaces_nobody_is_moved() {
    let mut world = single();
    let mut workspace = world.router.picture.workspace().clone();
    workspace.multi_task_enabled = true;
    world.put(workspace);
    world.arrives("t");
    assert!(does(&world, "on"));
    world.accepts("ann", "t");
    world.step();
    assert!(does(&world, "on"));
}

#[test]
fn a_step_counts_the_workers_it_moves() {
    let mut world = single();
    world.queue("q", "1==1", |queue| {
        queue.reservation_activity = Some(sid("asked"));
        queue.max_reserved_workers = 50;
    });
    for n in 0..60 {
        world.worker(&format!("w{n}"), json!({}), n);
    }
    world.task("t", json!({}), |_| {});
    world.task("u", json!({}), |_| {});
    let sizes: Vec<_> = world.step().iter().map(|turn| turn.decision.puts.len()).collect();
    assert_eq!(sizes, [63], "one task with 50 workers, one with the 11 who are left");
}
