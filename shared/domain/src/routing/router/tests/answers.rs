//! What assignment callbacks say, and who is called.

use super::*;
use crate::effect::AssignmentOutcome;
use crate::sid::{ReservationSid, Sid as _, TaskSid};

/// A task that ann is asked to take; ben would be next.
fn asked() -> (World, ReservationSid) {
    let mut world = World::new();
    let mut workflow = world.workflow_record();
    workflow.configuration = json!({
        "task_routing": { "default_filter": target("q", json!({})) },
    })
    .to_string();
    workflow.assignment_callback_url = Some("https://example.com/assign".to_owned());
    world.put(workflow);
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    world.worker("ben", json!({}), 900);
    world.step();
    world.told();
    (world, sid::<TaskSid>("t").kin(1))
}

fn says(world: &mut World, reservation: ReservationSid, outcome: AssignmentOutcome) -> Vec<Turn> {
    world.router.answer(reservation, outcome);
    world.after(1)
}

fn calls(turns: &[Turn]) -> Vec<AssignmentCall> {
    let effects = turns.iter().flat_map(|turn| &turn.decision.effects);
    let call = |effect: &Effect| {
        let Effect::Notify(Call::Assignment(call)) = effect else { return None };
        Some(call.clone())
    };
    effects.filter_map(call).collect()
}

#[test]
fn an_endpoint_is_told_of_a_reservation_if_the_workflow_has_one() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    assert_eq!(calls(&world.step()), []);
    let (mut world, first) = asked();
    let turns = says(&mut world, first, AssignmentOutcome::Reject(None));
    let expected = AssignmentCall {
        workspace: sid("workspace"),
        workflow: sid("workflow"),
        worker: sid("ben"),
        reservation: first.kin(2),
    };
    assert_eq!(calls(&turns), [expected]);
}

#[test]
fn the_instruction_to_accept_is_an_acceptance() {
    let (mut world, reservation) = asked();
    let turns = says(&mut world, reservation, AssignmentOutcome::Accept);
    let seats = |effect: &Effect| matches!(effect, Effect::Invite(InviteRequest::Seat { .. }));
    assert!(turns.iter().flat_map(|turn| &turn.decision.effects).any(seats));
    assert_eq!(world.status("t").0, TaskStatus::Assigned);
    assert_eq!(world.told(), ["reservation.accepted ann"]);
    // Said twice, or too late, it changes nothing.
    for outcome in
        [AssignmentOutcome::Accept, AssignmentOutcome::Reject(None), AssignmentOutcome::Withdraw]
    {
        says(&mut world, reservation, outcome);
    }
    assert_eq!(world.told(), [""; 0]);
}

#[test]
fn the_instruction_to_reject_keeps_the_worker_s_activity_or_changes_it() {
    for (activity, expected) in [(None, "on"), (Some("off"), "off")] {
        let (mut world, reservation) = asked();
        says(&mut world, reservation, AssignmentOutcome::Reject(activity.map(sid)));
        assert_eq!(world.worker_called("ann").activity, sid(expected), "{activity:?}");
        assert_eq!(world.holders("t"), ["ben"]);
    }
}

/// To offer the task at once to the same worker, who is asked the same by the same endpoint, would go on for ever.
#[test]
fn the_instruction_to_go_to_an_activity_that_is_not_there_fails_and_offers_nothing_anew() {
    let (mut world, reservation) = asked();
    world.told();
    let turns = says(&mut world, reservation, AssignmentOutcome::Reject(Some(sid("nowhere"))));
    assert_eq!(world.holders("t"), ["ann"]);
    assert_eq!(world.worker_called("ann").activity, sid("on"));
    assert_eq!(world.told(), ["reservation.failed ann"]);
    assert_eq!(calls(&turns), []);
}

#[test]
fn a_withdrawn_reservation_is_canceled_and_others_are_asked_first() {
    let (mut world, reservation) = asked();
    says(&mut world, reservation, AssignmentOutcome::Withdraw);
    assert_eq!(world.told(), ["reservation.canceled ann", "reservation.created ben"]);
    says(&mut world, reservation.kin(2), AssignmentOutcome::Withdraw);
    assert_eq!(world.holders("t"), ["ann"], "there is nobody else");
}

#[test]
fn an_instruction_that_fails_is_told_and_changes_nothing_else() {
    let (mut world, reservation) = asked();
    says(&mut world, reservation, AssignmentOutcome::Fail(40_151));
    assert_eq!(world.told(), ["reservation.failed ann"]);
    assert_eq!(world.holders("t"), ["ann"]);
    world.accepts("ann", "t");
    assert_eq!(world.told(), ["reservation.accepted ann"]);
    says(&mut world, reservation, AssignmentOutcome::Fail(40_151));
    assert_eq!(world.told(), [""; 0], "nothing waits for an instruction any more");
}

#[test]
fn an_answer_to_nothing_is_nothing() {
    let (mut world, reservation) = asked();
    let other: ReservationSid = sid::<TaskSid>("other").kin(1);
    says(&mut world, other, AssignmentOutcome::Accept);
    says(&mut world, reservation.kin(9), AssignmentOutcome::Accept);
    assert_eq!(world.told(), [""; 0]);
}
