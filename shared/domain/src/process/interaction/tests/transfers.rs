//! Transfers (rule C.9): who is in the conversation, who has the task, and who is asked, at every turn.

use super::*;
use crate::interaction::{Transfer, TransferKind, TransferStatus};
use crate::sid::TransferSid;

/// A conversation with Alice in it, and the task that she has in hand.
fn with_alice() -> (World, Task, u32) {
    let mut world = world();
    let task = world.invites();
    let (task, routing) = world.takes(&task, "alice");
    let _ = world.seats(routing, "alice");
    let seat = world.interaction.participants.last().unwrap().number;
    (world, task, seat)
}

fn queue() -> TransferTarget {
    TransferTarget::Queue(TaskQueueSid::derived(&["q"]))
}

fn wanted(kind: TransferKind, stays: bool) -> TransferOrder {
    TransferOrder { kind, target: queue(), stays, note: None, summary: None }
}

impl World {
    fn tries(
        &self,
        (first, seat): (&Task, u32),
        wanted: &TransferOrder,
    ) -> Result<(u32, Decision), Objection> {
        let order = Order {
            workflow: &self.workflow,
            channel: &self.channel,
            attributes: carried_over(first, wanted.target, &json!({"topic": "billing"})),
            priority: 1,
            timeout_seconds: 60,
            worker: None,
        };
        let (interaction, conversation) = (&self.interaction, &self.conversation);
        transfer(interaction, conversation, (first, seat), wanted, order, NOTHING, NOW)
    }

    /// Alice hands on; the task that looks for somebody else.
    fn hands_on(&mut self, who: (&Task, u32), wanted: &TransferOrder) -> Task {
        let (_, decision) = self.tries(who, wanted).unwrap();
        self.keep(&decision);
        task_in(&decision)
    }

    /// Bob accepts; what became of Alice's task.
    fn takes_over(&mut self, second: &Task, first: &Task) -> Option<Task> {
        let (_, routing) = self.takes(second, "bob");
        let (interaction, conversation) = (&self.interaction, &self.conversation);
        let known = known(conversation, "bob");
        let bob = worker("bob");
        let who = (&bob, interaction.handed_on(second.sid).map(|_| first));
        let seated = seat(interaction, conversation, routing, who, &known, NOW).unwrap();
        self.keep(&seated);
        seated.puts.iter().find_map(Record::get::<Task>).cloned()
    }

    fn ends(&mut self, task: &Task, status: TaskStatus) {
        let known = known(&self.conversation, "alice");
        let (interaction, conversation) = (&self.interaction, &self.conversation);
        let end = TaskEnd { task: task.sid, status, cause: Cause::TaskEnded };
        let means = Means::default();
        let ended = task_ended(interaction, conversation, end, &means, &known, NOW).unwrap();
        self.keep(&ended);
    }

    fn only_transfer(&self) -> &Transfer {
        self.interaction.transfers.last().unwrap()
    }

    fn cancels(&mut self, task: &Task) -> Result<Decision, Objection> {
        let sid: TransferSid = self.interaction.sid.kin(self.only_transfer().number);
        let known = known(&self.conversation, "alice");
        let (interaction, conversation) = (&self.interaction, &self.conversation);
        let canceled = cancel_transfer(interaction, conversation, sid, Some(task), &known, NOW)?;
        self.keep(&canceled);
        Ok(canceled)
    }
}

fn known(conversation: &Conversation, name: &str) -> Answers {
    let user = User::sid_of(conversation.service, &worker(name).identity());
    [(Question::HasUser(user), Answer::Some)].into_iter().collect()
}

#[track_caller]
fn task_in(decision: &Decision) -> Task {
    decision.puts.iter().find_map(Record::get::<Task>).unwrap().clone()
}

#[track_caller]
fn refused(outcome: Result<(u32, Decision), Objection>) -> Refusal {
    let Err(Objection::Refused(refusal)) = outcome else { panic!("{outcome:?}") };
    refusal
}

#[test]
fn c9_a_cold_transfer_lets_the_first_agent_step_out_and_keep_their_task_until_another_accepts() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
    assert!(world.agents().is_empty());
    assert_eq!(world.conversation.state, State::Active);
    assert_eq!(world.only_transfer().status, TransferStatus::Active);
    assert_eq!(world.interaction.handed_on(second.sid), Some(first.sid));
    let completed = world.takes_over(&second, &first).unwrap();
    assert_eq!((completed.sid, completed.status), (first.sid, TaskStatus::Completed));
    assert_eq!(completed.open_reservations().count(), 0, "their capacity is back");
    assert_eq!(world.agents(), ["bob"]);
    assert_eq!(world.only_transfer().status, TransferStatus::Completed);
    assert_eq!(world.interaction.open_tasks().collect::<Vec<_>>(), [second.sid]);
    let left = world.interaction.participants.iter().find(|one| one.number == seat).unwrap();
    assert!(left.left);
}

#[test]
fn c9_a_warm_transfer_keeps_the_first_agent_in_the_conversation_until_another_accepts() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Warm, false));
    assert_eq!(world.agents(), ["alice"]);
    let completed = world.takes_over(&second, &first).unwrap();
    assert_eq!((completed.sid, completed.status), (first.sid, TaskStatus::Completed));
    assert_eq!(world.agents(), ["bob"]);
}

#[test]
fn c9_a_first_agent_who_wants_to_stay_leaves_by_hand() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Warm, true));
    assert_eq!(world.takes_over(&second, &first), None, "their task stays");
    assert_eq!(world.agents(), ["alice", "bob"]);
    assert_eq!(world.only_transfer().status, TransferStatus::Completed);
    let (how, conversation) = (LeaveRequest::Closed, &world.conversation);
    let left = leaves(&world.interaction, conversation, &first, (seat, how));
    world.keep(&left.unwrap());
    assert_eq!(world.agents(), ["bob"]);
    assert_eq!(world.conversation.state, State::Active);
}

#[test]
fn c9_the_task_of_a_transfer_carries_over_what_the_caller_gave_and_says_that_it_is_one() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
    let attributes: Value = serde_json::from_str(&second.attributes).unwrap();
    assert_eq!(attributes["topic"], "billing", "what is given anew wins");
    assert_eq!(attributes["transferTargetType"], "queue");
    assert_eq!(attributes["transferTargetSid"], json!(TaskQueueSid::derived(&["q"])));
    assert_eq!(attributes["transferredBy"], json!(worker("alice").sid));
    let invite = world.interaction.invite_of(second.sid).unwrap().number;
    let invite: InviteSid = world.interaction.sid.kin(invite);
    assert_eq!(attributes["flexChannelInviteSid"], json!(invite), "its own, not the first one's");
    let carried = carried_over(&first, queue(), &json!({}));
    assert_eq!(carried["topic"], "sales");
    assert_eq!(second.handed_on_by, Some(worker("alice").sid));
    assert!(second.bound_to_queue);
}

#[test]
fn c9_a_transfer_that_nobody_takes_fails_and_the_first_agent_has_the_task_back() {
    for (kind, meanwhile) in [(TransferKind::Cold, 0), (TransferKind::Warm, 1)] {
        let (mut world, first, seat) = with_alice();
        let second = world.hands_on((&first, seat), &wanted(kind, false));
        assert_eq!(world.agents().len(), meanwhile);
        world.ends(&second, TaskStatus::Canceled);
        assert_eq!(world.only_transfer().status, TransferStatus::Failed);
        assert_eq!(world.agents(), ["alice"]);
        assert_eq!(world.interaction.open_tasks().collect::<Vec<_>>(), [first.sid]);
        let back = world.interaction.participants.iter().find(|one| one.number == seat).unwrap();
        let member = world.conversation.participant(back.member.unwrap()).unwrap();
        assert_eq!(member.identity.as_deref(), Some("alice"));
        let again = world.tries((&first, seat), &wanted(kind, false));
        assert!(again.is_ok(), "another one can begin");
    }
}

#[test]
fn c9_a_transfer_is_taken_back_until_another_agent_accepts() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
    let canceled = task_in(&world.cancels(&second).unwrap());
    assert_eq!((canceled.sid, canceled.status), (second.sid, TaskStatus::Canceled));
    assert_eq!(world.agents(), ["alice"]);
    assert!(world.cancels(&canceled).unwrap().is_unchanged(), "twice is once");
    let third = world.hands_on((&first, seat), &wanted(TransferKind::Warm, false));
    let (accepted, _) = world.takes(&third, "bob");
    let late = world.cancels(&accepted).unwrap_err();
    assert_eq!(late, Refusal::NotTransferable("the other agent has accepted").into());
    let _ = world.takes_over(&third, &first);
    let late = world.cancels(&accepted).unwrap_err();
    assert_eq!(late, Refusal::NotTransferable("the other agent has accepted").into());
}

#[test]
fn c9_who_has_nothing_in_hand_hands_nothing_on() {
    let (mut world, first, seat) = with_alice();
    let cold = wanted(TransferKind::Cold, false);
    assert_eq!(refused(world.tries((&first, 99), &cold)), Refusal::NoSuchChannelParticipant);
    let customer = world.interaction.participants[0].number;
    let why = "only an agent with a task in hand can hand it on";
    assert_eq!(refused(world.tries((&first, customer), &cold)), Refusal::NotTransferable(why));
    let target = TransferTarget::Worker(worker("alice").sid, TaskQueueSid::derived(&["q"]));
    let to_herself = TransferOrder { target, ..cold.clone() };
    let why = "an agent cannot hand on to themselves";
    assert_eq!(refused(world.tries((&first, seat), &to_herself)), Refusal::NotTransferable(why));
    let _ = world.hands_on((&first, seat), &cold);
    let why = "another transfer of this participant is active";
    assert_eq!(refused(world.tries((&first, seat), &cold)), Refusal::NotTransferable(why));
    let closed = close(&world.interaction, &world.conversation, &[], true, NOTHING, NOW).unwrap();
    world.keep(&closed);
    assert_eq!(refused(world.tries((&first, seat), &cold)), Refusal::NoSuchChannelParticipant);
}

#[test]
fn c9_a_channel_that_ends_ends_its_transfers_and_nobody_returns() {
    for is_closed in [true, false] {
        let (mut world, first, seat) = with_alice();
        let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
        let tasks = [first, second];
        let World { interaction, conversation, .. } = &world;
        let ended = match is_closed {
            true => close(interaction, conversation, &tasks, true, NOTHING, NOW),
            false => deactivate(interaction, conversation, &tasks, &Means::default(), NOTHING, NOW),
        };
        world.keep(&ended.unwrap());
        assert_eq!(world.only_transfer().status, TransferStatus::Failed);
        assert!(world.agents().is_empty());
    }
}

#[test]
fn c9_a_first_agent_who_completes_meanwhile_does_not_end_the_conversation_and_does_not_return() {
    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
    world.ends(&first, TaskStatus::Completed);
    assert_eq!(world.conversation.state, State::Active, "somebody is looked for");
    assert_eq!(world.takes_over(&second, &first), None);
    assert_eq!(world.agents(), ["bob"]);

    let (mut world, first, seat) = with_alice();
    let second = world.hands_on((&first, seat), &wanted(TransferKind::Cold, false));
    world.ends(&first, TaskStatus::Completed);
    world.ends(&second, TaskStatus::Canceled);
    assert_eq!(world.only_transfer().status, TransferStatus::Failed);
    assert!(world.agents().is_empty());
}

/// The second-invite way: invite while the first agent stays, then let them go (rule C.4).
#[test]
fn c9_a_second_invite_and_a_leave_do_the_same() {
    let (mut world, first, seat) = with_alice();
    let second = world.invites();
    let (_, routing) = world.takes(&second, "bob");
    let _ = world.seats(routing, "bob");
    assert_eq!(world.agents(), ["alice", "bob"]);
    let how = LeaveRequest::Closed;
    let left = leaves(&world.interaction, &world.conversation, &first, (seat, how));
    let left = left.unwrap();
    world.keep(&left);
    assert_eq!(task_in(&left).status, TaskStatus::Completed);
    assert_eq!(world.agents(), ["bob"]);
    assert_eq!(world.conversation.state, State::Active);
}

fn leaves(
    interaction: &Interaction,
    conversation: &Conversation,
    task: &Task,
    (number, how): (u32, LeaveRequest),
) -> Result<Decision, Objection> {
    let leaving = Leaving { number, how };
    leave(interaction, conversation, Some(task), leaving, &Means::default(), NOTHING, NOW)
}
