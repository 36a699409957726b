//! What is broken in the routing: tasks, reservations, workers, and the workspaces that hold them.

use switchboard_domain::head::NamesKept;
use switchboard_domain::task::{ReservationStatus, TaskStatus};
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::Capacity;

use super::broken::breaks;
use super::world::{NOW, World, offered, sid, waiting, worker};
use crate::Moment;

#[test]
fn a_task_whose_reservations_say_something_else_is_found() {
    let invariant = "a task is in one state, and its reservations agree with it";
    for status in [
        TaskStatus::Pending,
        TaskStatus::Reserved,
        TaskStatus::Wrapping,
        TaskStatus::Completed,
        TaskStatus::Canceled,
    ] {
        breaks(invariant, Moment::Step, |world| world.task().tampered().status = status);
    }
    breaks(invariant, Moment::Step, |world| {
        world.task().tampered().reservations[0].status = ReservationStatus::Rejected;
    });
    breaks(invariant, Moment::Step, |world| {
        let mut again = world.task().reservations[0].clone();
        again.number = 2;
        world.task().tampered().next_number = 3;
        world.task().tampered().reservations.push(again);
    });
}

#[test]
fn reservations_whose_numbers_were_given_out_twice_or_never_are_found() {
    let invariant = "the reservations of a task have numbers of their own";
    breaks(invariant, Moment::Step, |world| world.task().tampered().next_number = 1);
    breaks(invariant, Moment::Step, |world| {
        let again = world.task().reservations[0].clone();
        world.task().tampered().reservations.push(again);
    });
}

#[test]
fn a_reservation_that_was_accepted_too_late_is_found() {
    breaks("a reservation is accepted in its time, or not at all", Moment::Step, |world| {
        let reservation = &mut world.task().tampered().reservations[0];
        reservation.updated = reservation.expires;
    });
}

#[test]
fn a_worker_beyond_capacity_is_found_unless_the_capacity_was_lowered() {
    let invariant = "a worker has no more to do than their capacity on a task channel";
    breaks(invariant, Moment::Step, |world| world.put(offered("more", "alice")));
    let mut world = World::new();
    world.put(offered("more", "alice"));
    world.worker_called("alice").updated = NOW + Millis(1);
    assert_eq!(world.violations(Moment::Step), [], "they could do more when it was offered");
    world.worker_called("alice").updated = NOW + Millis(-1);
    world.facts.skew = Millis(1);
    assert_eq!(world.violations(Moment::Step), [], "clocks are that far apart");
}

#[test]
fn two_tasks_at_once_without_multitasking_are_found() {
    breaks("without multitasking a worker has one task at most", Moment::Step, |world| {
        world.workspace().multi_task_enabled = false;
        let mut other = offered("more", "alice");
        other.tampered().channel = sid("another channel");
        world.put(other);
    });
}

#[test]
fn a_reservation_of_nobody_is_found() {
    breaks("the worker of an open reservation is there", Moment::Step, |world| {
        world.put(offered("more", "nobody"));
    });
}

#[test]
fn a_workspace_without_its_head_and_contents_without_workspace_are_found() {
    let invariant = "a workspace has one head, and what is in it its workspace";
    breaks(invariant, Moment::Step, |world| world.lose("Head"));
    breaks(invariant, Moment::Step, |world| world.lose("Workspace"));
    breaks(invariant, Moment::Step, |world| world.worker().workspace = sid("nowhere"));
}

#[test]
fn two_workers_of_one_name_are_found() {
    breaks("a worker's name is unique in the workspace", Moment::Step, |world| {
        let mut again = worker("carol");
        again.friendly_name = "ALICE".to_owned();
        world.put(again);
    });
}

#[test]
fn a_name_that_is_kept_for_nobody_and_a_worker_whose_name_nothing_keeps_are_found() {
    let invariant = "an item keeps a worker's name for them";
    breaks(invariant, Moment::Step, |world| {
        let mut name = world.worker_called("alice").name();
        name.name = "mallory".to_owned();
        world.put(name);
    });
    breaks(invariant, Moment::Step, |world| world.head().names = NamesKept::All);
}

#[test]
fn a_task_that_waits_while_somebody_is_free_is_found_at_rest() {
    let invariant = "at rest nothing waits that a free worker could take";
    breaks(invariant, Moment::Rest, |world| {
        world.put(waiting("more"));
        world.put(worker("carol"));
    });
    breaks(invariant, Moment::Rest, |world| {
        let mut by_name = waiting("more");
        by_name.tampered().position = None;
        by_name.tampered().worker = Some(sid("carol"));
        world.put(by_name);
        world.put(worker("carol"));
    });
    let mut world = World::new();
    world.put(waiting("more"));
    assert_eq!(world.violations(Moment::Rest), [], "alice has enough to do, bob is off");
    let mut full = worker("carol");
    full.channels.insert(sid("sms"), Capacity { capacity: 0, available: true });
    world.put(full);
    assert_eq!(world.violations(Moment::Rest), [], "carol takes none of these");
}

#[test]
fn a_task_that_no_router_has_looked_at_is_found_at_rest() {
    breaks("at rest the router has nothing left to decide", Moment::Rest, |world| {
        let mut new = waiting("more");
        new.tampered().position = None;
        new.tampered().queue = None;
        world.put(new);
    });
}

#[test]
fn timers_overdue_by_more_than_a_tick_are_found_at_rest() {
    let invariant = "at rest nothing is overdue by more than a tick";
    breaks(invariant, Moment::Rest, |world| {
        world.worker_called("bob").activity = sid("on");
        world.put(offered("more", "bob"));
        world.facts.now = NOW + Millis::seconds(60 + 91);
    });
    let mut world = World::new();
    world.worker_called("bob").activity = sid("on");
    world.put(offered("more", "bob"));
    world.facts.now = NOW + Millis::seconds(60 + 89);
    assert_eq!(world.violations(Moment::Rest), [], "the tick is still to come");
}
