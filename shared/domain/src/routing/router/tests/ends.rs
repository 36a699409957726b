//! Deadlines, and tasks that nobody takes.

use super::*;

#[test]
fn a_task_dies_of_age_waiting_or_offered_but_not_assigned() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 2);
    let short = |task: &mut Fields| task.timeout_seconds = 30;
    world.task("assigned", json!({}), short);
    world.step();
    world.accepts("ann", "assigned");
    world.task("offered", json!({}), short);
    world.step();
    world.task("waiting", json!({}), short);
    world.step();
    world.after(29);
    assert_eq!(world.status("waiting").0, TaskStatus::Pending);
    assert_eq!(world.router.next_deadline(), Some(world.now + Millis::seconds(1)));
    world.after(1);
    assert_eq!(world.status("assigned").0, TaskStatus::Assigned);
    assert_eq!(world.status("offered"), canceled(Ending::TimedOut));
    assert_eq!(world.status("waiting"), canceled(Ending::TimedOut));
    assert_eq!(world.router.load(sid("ann"), sid("chat")), 1);
    assert_eq!(world.router.next_deadline(), world.task_called("assigned").assigned_until());
    assert_eq!(world.worker_called("ann").activity, sid("on"), "the worker was not at fault");
}

#[test]
fn a_task_that_is_assigned_for_a_day_is_removed_and_one_in_its_paperwork_stays() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 2);
    for task in ["forgotten", "wrapped"] {
        world.arrives(task);
        world.accepts("ann", task);
    }
    world.step();
    world.command("wrapped", Command::Wrap { reason: None });
    world.after(86_398);
    assert_eq!(world.status("forgotten").0, TaskStatus::Assigned);
    let turns = world.after(1);
    assert_eq!(world.status("forgotten"), canceled(Ending::Overdue));
    assert_eq!(world.status("wrapped").0, TaskStatus::Wrapping);
    let removed = world.task_called("forgotten");
    assert!(removed.expires().is_some_and(|expires| expires <= world.now), "it is gone at once");
    assert_eq!(removed.open_reservations().count(), 0);
    let told = |effect: &Effect| matches!(effect, Effect::Invite(InviteRequest::TaskEnded { .. }));
    assert!(turns[0].decision.effects.iter().any(told));
    assert_eq!(world.router.load(sid("ann"), sid("chat")), 1);
}

#[test]
fn a_task_rejected_too_often_is_canceled_and_lapses_do_not_count() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |task| task.rejections = task::REJECTIONS_MAX - 1);
    world.step();
    world.after(60);
    world.activity("ann", "on");
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
    world.rejects("ann", "t");
    world.step();
    assert_eq!(world.status("t"), canceled(Ending::RejectedTooOften));
}

#[test]
fn a_reservation_lapses_and_its_worker_goes_to_the_timeout_activity() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.worker("bob", json!({}), 1);
    world.task("t", json!({}), |_| {});
    let turns = world.step();
    let end = world.now + Millis::seconds(60);
    assert_eq!(wakes(&turns[0]), [end]);
    assert_eq!(world.router.next_deadline(), Some(end));
    world.after(59);
    assert_eq!(world.holders("t"), ["ann"]);
    let turns = world.after(1);
    assert_eq!(turns[0].decision.puts.len(), 2);
    let ann = world.worker_called("ann");
    assert_eq!((ann.activity, ann.activity_since, ann.updated), (sid("off"), end, end));
    assert_eq!(world.worker_called("bob").version, 1);
    assert_eq!(world.holders("t"), ["bob"]);
    assert_eq!(world.task_called("t").reservations[0].status, ReservationStatus::Timeout);
}

#[test]
fn a_worker_who_is_in_the_timeout_activity_is_not_written() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.arrives("t");
    world.activity("ann", "off");
    let turns = world.after(60);
    let kinds: Vec<_> = turns[0].decision.puts.iter().map(Record::kind).collect();
    assert_eq!(kinds, ["Task"]);
    assert_eq!(world.status("t").0, TaskStatus::Pending);
}

#[test]
fn a_task_offered_too_often_is_canceled() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |task| task.assignments = task::ASSIGNMENTS_MAX - 1);
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
    world.rejects("ann", "t");
    world.step();
    assert_eq!(world.status("t"), canceled(Ending::OfferedTooOften));
}

#[test]
fn a_task_for_one_worker_goes_to_no_other_and_ends_when_they_do_not_take_it() {
    let mut world = World::new();
    world.queue("q", "skill == 1", |_| {});
    world.worker("ann", json!({ "skill": 1 }), 0);
    world.worker("bob", json!({}), 5);
    let for_bob = |task: &mut Fields| {
        task.worker = Some(sid("bob"));
        task.queue = Some(sid("q"));
    };
    world.task("t", json!({}), for_bob);
    world.step();
    assert_eq!(world.holders("t"), ["bob"]);
    assert_eq!(world.task_called("t").reservations[0].receipt.as_ref().unwrap().filter, "worker");
    world.task("u", json!({}), for_bob);
    world.step();
    assert_eq!(world.holders("u"), [""; 0], "no capacity is left");
    world.rejects("bob", "t");
    world.step();
    assert_eq!(world.status("t"), canceled(Ending::NotTaken));
    assert_eq!(world.holders("u"), ["bob"]);
    world.after(60);
    assert_eq!(world.status("u"), canceled(Ending::NotTaken));
    assert_eq!(world.worker_called("bob").activity, sid("off"));
}

#[test]
fn an_offer_whose_time_is_over_is_read_again_before_it_ends() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    let offered = world.task_called("t");
    assert!(offered.reservations[0].quiet, "nobody moves with the answer");
    let accept = Command::Accept(offered.reservation_sid(&offered.reservations[0]));
    let taken = task::decide(&offered, accept, Source::Api, world.now).unwrap().task;
    // Nobody tells the router.
    let taken = world.store(taken.into());
    assert!(world.router.overdue(world.now).is_empty());
    world.now = world.now + Millis::seconds(60);
    assert_eq!(world.router.overdue(world.now), [sid("t")]);
    world.router.learn(taken);
    assert!(world.router.overdue(world.now).is_empty());
    world.step();
    assert_eq!(world.status("t").0, TaskStatus::Assigned);
}
