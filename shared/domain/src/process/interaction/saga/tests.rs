use serde_json::Value;

use super::*;
use crate::conversation::{ConversationEvent, Dates};
use crate::effect::{Effect, InviteRequest};
use crate::interaction::{ParticipantKind, Responsible, SeatRouting};
use crate::message::Post;
use crate::process::conversation::{ConversationChange, decide};
use crate::process::interaction::tests::{NOTHING, NOW, World, leaves, worker, world};
use crate::process::interaction::{
    LeaveRequest, Leaving, TaskEnd, add_participant, deactivate, leave, seat, task_ended,
};
use crate::record::Record;
use crate::sid::{MessageSid, Sid as _, WorkflowSid};
use crate::task::{Ending, TaskStatus};
use crate::timestamp::Millis;
use crate::workspace::Route;

/// The care of an address that has a fallback, and where that leads.
fn with_fallback(world: &World) -> Means {
    let workflow = Workflow { sid: WorkflowSid::derived(&["back"]), ..world.workflow.clone() };
    let (workspace, channel) = (workflow.workspace, world.channel.sid);
    let fallback = Some(Route { workspace, workflow: workflow.sid, channel });
    let care = Care { fallback, ..Care::default() };
    Means { care, fallback: Some((workflow, world.channel.clone())), ..Means::default() }
}

fn resuming(world: &World, how: Resume) -> Means {
    let care = Care { resume: Some(how), ..Care::default() };
    let original = Some((world.workflow.clone(), world.channel.clone()));
    Means { care, original, ..Means::default() }
}

/// The task of the last invite came to nothing.
fn comes_to_nothing(world: &mut World, task: &Task, cause: Cause, means: &Means) -> Decision {
    let means = Means { last: Some(LastRouting::of(task)), ..means.clone() };
    let end = TaskEnd { task: task.sid, status: TaskStatus::Canceled, cause };
    let World { interaction, conversation, .. } = &*world;
    let ended = task_ended(interaction, conversation, end, &means, NOTHING, NOW).unwrap();
    world.keep(&ended);
    ended
}

fn tasks(decision: &Decision) -> Vec<Task> {
    decision.puts.iter().filter_map(Record::get::<Task>).cloned().collect()
}

/// An agent takes the task and is seated.
fn seated(world: &mut World, name: &str) -> Task {
    let task = world.invites();
    let (taken, routing) = world.takes(&task, name);
    let _ = world.seats(routing, name);
    taken
}

/// The agent leaves, and lets the conversation go on.
fn parks(world: &mut World, task: &Task, means: &Means) -> Decision {
    let agent = |one: &&crate::interaction::ChannelParticipant| {
        one.kind == ParticipantKind::Agent && !one.left
    };
    let number = world.interaction.participants.iter().find(agent).unwrap().number;
    let World { interaction, conversation, .. } = &*world;
    let left = leave(interaction, conversation, Some(task), leaves(number), means, NOTHING, NOW);
    let left = left.unwrap();
    world.keep(&left);
    left
}

/// The customer writes, or a program does in somebody's name.
fn writes(world: &mut World, author: Option<&str>, number: u8) -> ConversationChange {
    let post = Post {
        sid: MessageSid::derived(&[&number.to_string()]),
        author: author.map(str::to_owned),
        body: Some("hello?".into()),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    };
    links(world);
    let source = Source::Api { webhooks: false };
    let change = decide(&world.conversation, Command::Post(post), source, NOTHING, NOW).unwrap();
    world.conversation = change.conversation.clone();
    change
}

/// The conversation names its interaction.
fn links(world: &mut World) {
    let link = Command::Link(world.interaction.sid);
    let linked = decide(&world.conversation, link, Source::Interaction, NOTHING, NOW);
    world.conversation = linked.unwrap().conversation;
}

fn rung(change: ConversationChange) -> Vec<InviteRequest> {
    let effects = Decision::from(change).effects.into_iter();
    let rung = effects.filter_map(|effect| match effect {
        Effect::Invite(request) => Some(request),
        Effect::Route(_)
        | Effect::Send(_)
        | Effect::Notify(_)
        | Effect::Media(_)
        | Effect::Wake(_) => None,
    });
    rung.collect()
}

fn rings(world: &mut World, means: &Means) -> Decision {
    let number = world.interaction.unattended.as_ref().unwrap().number;
    let World { interaction, conversation, .. } = &*world;
    let decision = ring(interaction, conversation, number, means, NOTHING, NOW).unwrap();
    world.keep(&decision);
    decision
}

const CUSTOMER: Option<&str> = Some("+14155550100");

#[test]
fn c15_an_invite_that_ends_untaken_leaves_a_conversation_that_waits_and_says_so() {
    let mut world = world();
    let task = world.invites();
    assert_eq!(world.interaction.responsible(), Some(Responsible::Invited));
    let ended = comes_to_nothing(&mut world, &task, Cause::Declined, &Means::default());
    assert_eq!(world.interaction.responsible(), Some(Responsible::Waiting));
    assert_eq!(world.interaction.waits_since(), Some(NOW));
    let noted = world.interaction.unattended.clone().unwrap();
    assert_eq!((noted.cause, noted.last), (Cause::Declined, Some(LastRouting::of(&task))));
    assert!(tasks(&ended).is_empty());
    assert_eq!(world.conversation.bell, None, "there is nobody to be asked");
}

#[test]
fn c15_webhooks_are_told_that_a_conversation_waits_and_not_that_one_is_parked() {
    let mut world = world();
    let task = world.invites();
    let means = Means { last: Some(LastRouting::of(&task)), ..Means::default() };
    for (cause, events) in
        [(Cause::TimedOut, vec![ConversationEvent::Waiting]), (Cause::AgentLeft, Vec::new())]
    {
        let mut next = world.interaction.clone();
        next.invites[0].over = true;
        let settled = settle(&mut next, &world.conversation, cause, &means, NOW).unwrap();
        let (commands, source) = (settled.commands, Source::Interaction);
        let told = decide_all(&world.conversation, commands, source, NOTHING, NOW).unwrap();
        assert_eq!(told.events, events, "{cause:?}");
    }
}

#[test]
fn c15_the_end_of_one_task_is_nothing_while_an_agent_or_another_invite_is_there() {
    let mut invited = world();
    let (first, _second) = (invited.invites(), invited.invites());
    assert!(!invited.interaction.is_left_alone_by(first.sid));
    let _ = comes_to_nothing(&mut invited, &first, Cause::TimedOut, &Means::default());
    assert_eq!(invited.interaction.unattended, None);

    let mut attended = world();
    let _taken = seated(&mut attended, "alice");
    let second = attended.invites();
    assert!(!attended.interaction.is_left_alone_by(second.sid));
    let _ = comes_to_nothing(&mut attended, &second, Cause::Declined, &Means::default());
    assert_eq!(attended.interaction.responsible(), Some(Responsible::Agent));
}

#[test]
fn c15_a_task_that_is_removed_from_its_agent_leaves_nobody() {
    let mut world = world();
    let task = seated(&mut world, "alice");
    assert!(world.interaction.is_left_alone_by(task.sid));
    let _ = comes_to_nothing(&mut world, &task, Cause::TaskOverdue, &Means::default());
    assert!(world.agents().is_empty());
    assert_eq!(world.interaction.responsible(), Some(Responsible::Waiting));
}

#[test]
fn c16_the_fallback_is_asked_once_with_what_the_last_task_said() {
    let mut world = world();
    let means = with_fallback(&world);
    let task = world.invites();
    let ended = comes_to_nothing(&mut world, &task, Cause::Declined, &means);
    let [second] = &tasks(&ended)[..] else { panic!("one more invite") };
    let attributes: Value = serde_json::from_str(&second.attributes).unwrap();
    assert_eq!(attributes["topic"], "sales");
    assert_eq!(second.workflow, WorkflowSid::derived(&["back"]));
    assert_eq!(second.priority, 1);
    assert!(ended.effects.contains(&second.route()));
    assert_eq!(world.interaction.responsible(), Some(Responsible::Invited));

    let again = comes_to_nothing(&mut world, second, Cause::TimedOut, &means);
    assert!(tasks(&again).is_empty(), "its own end asks nobody");
    assert_eq!(world.interaction.responsible(), Some(Responsible::Waiting));
    assert!(world.conversation.bell.is_some());
}

#[test]
fn c16_the_fallback_is_asked_again_after_an_agent_was_there() {
    let mut world = world();
    let means = with_fallback(&world);
    let task = world.invites();
    let ended = comes_to_nothing(&mut world, &task, Cause::Declined, &means);
    let second = tasks(&ended).remove(0);
    let (taken, routing) = world.takes(&second, "alice");
    let _ = world.seats(routing, "alice");
    assert!(!world.interaction.fell_back);
    let ended = comes_to_nothing(&mut world, &taken, Cause::TaskOverdue, &means);
    assert_eq!(tasks(&ended).len(), 1);
}

#[test]
fn c16_a_customer_who_writes_while_nobody_is_there_asks_the_fallback_and_each_message_once() {
    let mut world = world();
    let means = with_fallback(&world);
    let task = world.invites();
    let ended = comes_to_nothing(&mut world, &task, Cause::Declined, &means);
    let second = tasks(&ended).remove(0);
    let _ = comes_to_nothing(&mut world, &second, Cause::TimedOut, &means);
    let number = world.interaction.unattended.as_ref().unwrap().number;
    let interaction = world.interaction.sid;
    assert!(rung(writes(&mut world, None, 1)).is_empty(), "nobody of the conversation");
    let told = rung(writes(&mut world, CUSTOMER, 2));
    assert_eq!(told, [InviteRequest::Rung { interaction, number }]);
    assert!(rung(writes(&mut world, CUSTOMER, 3)).is_empty(), "once");
    let third = tasks(&rings(&mut world, &means)).remove(0);
    assert_eq!(world.interaction.responsible(), Some(Responsible::Invited));
    let again = ring(&world.interaction, &world.conversation, number, &means, NOTHING, NOW);
    assert!(again.unwrap().is_unchanged());
    let end = comes_to_nothing(&mut world, &third, Cause::TimedOut, &means);
    assert!(tasks(&end).is_empty(), "the fallback is asked once a message");
    assert!(world.conversation.bell.is_some());
}

#[test]
fn c16_without_a_fallback_a_conversation_waits_until_somebody_is_invited() {
    let mut world = world();
    let task = world.invites();
    let _ = comes_to_nothing(&mut world, &task, Cause::NotTaken, &Means::default());
    assert!(rings(&mut world, &Means::default()).is_unchanged());
    world.invites();
    assert_eq!(world.interaction.unattended, None);
    assert_eq!(world.interaction.responsible(), Some(Responsible::Invited));
}

#[test]
fn c17_who_parks_leaves_a_conversation_that_nobody_brings_back_unless_that_is_asked_for() {
    let mut world = world();
    let task = seated(&mut world, "alice");
    let left = parks(&mut world, &task, &Means::default());
    assert!(tasks(&left).iter().any(|task| task.status == TaskStatus::Completed));
    assert!(world.agents().is_empty());
    assert_eq!(world.interaction.responsible(), Some(Responsible::Parked));
    assert_eq!(world.interaction.waits_since(), None, "it is nobody's to look after");
    assert!(rung(writes(&mut world, CUSTOMER, 1)).is_empty());
}

#[test]
fn c17_the_customer_brings_a_parked_conversation_back_with_the_same_routing_once() {
    let mut world = world();
    let means = resuming(&world, Resume::Workflow);
    let task = seated(&mut world, "alice");
    let _ = parks(&mut world, &task, &means);
    let number = world.interaction.unattended.as_ref().unwrap().number;
    let interaction = world.interaction.sid;
    let mut told = Vec::new();
    for message in 1..=5 {
        told.extend(rung(writes(&mut world, CUSTOMER, message)));
    }
    assert_eq!(told, [InviteRequest::Rung { interaction, number }]);
    let [second] = &tasks(&rings(&mut world, &means))[..] else { panic!("one task") };
    let attributes: Value = serde_json::from_str(&second.attributes).unwrap();
    assert_eq!(attributes["topic"], "sales");
    assert_eq!(attributes[ORIGINAL_ROUTING]["workerSid"], json!(worker("alice").sid));
    assert_eq!((second.workflow, second.worker), (task.workflow, None));
    assert_eq!((second.priority, second.timeout_seconds), (task.priority, task.timeout_seconds));
    let copy = ring(&world.interaction, &world.conversation, number, &means, NOTHING, NOW);
    assert!(copy.unwrap().is_unchanged());
}

#[test]
fn c17_a_copy_of_an_earlier_ring_brings_nothing_back_that_was_parked_since() {
    let mut world = world();
    let means = resuming(&world, Resume::Workflow);
    let task = seated(&mut world, "alice");
    let _ = parks(&mut world, &task, &means);
    let number = world.interaction.unattended.as_ref().unwrap().number;
    let second = tasks(&rings(&mut world, &means)).remove(0);
    let (taken, routing) = world.takes(&second, "bob");
    let _ = world.seats(routing, "bob");
    let _ = parks(&mut world, &taken, &means);
    let copy = ring(&world.interaction, &world.conversation, number, &means, NOTHING, NOW);
    assert!(copy.unwrap().is_unchanged());
    assert_eq!(world.interaction.responsible(), Some(Responsible::Parked));
}

#[test]
fn c17_to_the_worker_means_to_who_parked_it_alone() {
    let mut world = world();
    let means = resuming(&world, Resume::Worker);
    let mut task = seated(&mut world, "alice");
    task.fields.queue = Some(crate::sid::TaskQueueSid::derived(&["q"]));
    let _ = parks(&mut world, &task, &means);
    let second = tasks(&rings(&mut world, &means)).remove(0);
    assert_eq!(second.worker, Some(worker("alice").sid));
}

#[test]
fn c17_what_cannot_be_resumed_goes_to_the_fallback_or_waits() {
    for has_fallback in [true, false] {
        let mut world = world();
        let there = resuming(&world, Resume::Workflow);
        let task = seated(&mut world, "alice");
        let _ = parks(&mut world, &task, &there);
        let fallback = with_fallback(&world).fallback.filter(|_| has_fallback);
        let gone = Means { original: None, fallback, ..there };
        let asked = tasks(&rings(&mut world, &gone));
        assert_eq!(asked.len(), usize::from(has_fallback));
        let (who, cause) = match has_fallback {
            true => (Responsible::Invited, None),
            false => (Responsible::Waiting, Some(Cause::CannotResume)),
        };
        assert_eq!(world.interaction.responsible(), Some(who));
        assert_eq!(world.interaction.unattended.as_ref().map(|it| it.cause), cause);
    }
}

#[test]
fn c17_one_of_two_agents_who_leaves_parks_nothing() {
    let mut world = world();
    let task = seated(&mut world, "alice");
    let _other = seated(&mut world, "bob");
    let means = resuming(&world, Resume::Workflow);
    let _ = parks(&mut world, &task, &means);
    assert_eq!(world.interaction.responsible(), Some(Responsible::Agent));
    assert_eq!((&world.interaction.unattended, world.conversation.bell), (&None, None));
}

#[test]
fn c17_who_wraps_up_keeps_the_seat_and_parks_nothing() {
    let mut world = world();
    let task = seated(&mut world, "alice");
    let number = world.interaction.participants.last().unwrap().number;
    let leaving = Leaving { number, how: LeaveRequest::WrapUp };
    let World { interaction, conversation, .. } = &world;
    let means = Means::default();
    let wrapped = leave(interaction, conversation, Some(&task), leaving, &means, NOTHING, NOW);
    let wrapped = wrapped.unwrap();
    assert_eq!(tasks(&wrapped)[0].status, TaskStatus::Wrapping);
    let kept = wrapped.puts.iter().find_map(Record::get::<Interaction>).unwrap();
    assert!(kept.participants.iter().all(|one| !one.left) && kept.unattended.is_none());
}

#[test]
fn c17_a_dormant_channel_is_parked_and_the_customer_wakes_it() {
    let mut world = world();
    let means = resuming(&world, Resume::Workflow);
    let task = seated(&mut world, "alice");
    let World { interaction, conversation, .. } = &world;
    let dormant = deactivate(interaction, conversation, &[task], &means, NOTHING, NOW).unwrap();
    world.keep(&dormant);
    assert_eq!(world.interaction.status, ChannelStatus::Inactive);
    assert_eq!(world.interaction.responsible(), Some(Responsible::Parked));
    assert_eq!(rung(writes(&mut world, CUSTOMER, 1)).len(), 1);
    assert_eq!(tasks(&rings(&mut world, &means)).len(), 1);
    assert_eq!(world.interaction.status, ChannelStatus::Active);
}

#[test]
fn c18_a_conversation_that_nobody_is_responsible_for_is_closed_after_its_time() {
    let mut world = world();
    let hour = Millis::seconds(3_600);
    let care = Care { closes_after: Some(hour), resume: Some(Resume::Workflow), ..Care::default() };
    let means = Means { care, ..resuming(&world, Resume::Workflow) };
    let task = seated(&mut world, "alice");
    let _ = parks(&mut world, &task, &means);
    assert_eq!(world.conversation.pending().closed, Some(NOW + hour));
    let _ = rings(&mut world, &means);
    assert_eq!(world.conversation.timers, None, "it has the timers that it had");
}

#[test]
fn c18_the_timers_of_before_come_back_with_who_is_invited() {
    let mut world = world();
    let (day, hour) = (Millis::seconds(86_400), Millis::seconds(3_600));
    let details = crate::conversation::Details {
        inactive: Some(Some(day)),
        ..crate::conversation::Details::default()
    };
    let source = Source::Api { webhooks: false };
    let set = decide(&world.conversation, Command::Update(details), source, NOTHING, NOW);
    world.conversation = set.unwrap().conversation;
    let care = Care { closes_after: Some(hour), ..Care::default() };
    let means = Means { care, ..Means::default() };
    let task = world.invites();
    let _ = comes_to_nothing(&mut world, &task, Cause::TimedOut, &means);
    assert_eq!(world.conversation.pending().closed, Some(NOW + hour));
    assert_eq!(world.conversation.pending().inactive, None);
    let (workflow, channel) = (world.workflow.clone(), world.channel.clone());
    let order = Order::plain(&workflow, &channel);
    let World { interaction, conversation, .. } = &world;
    let (_, _, asked) = invited(interaction, conversation, order, NOTHING, NOW).unwrap();
    world.keep(&asked);
    assert_eq!(world.conversation.pending().inactive, Some(NOW + day));
    assert_eq!(world.conversation.pending().closed, None);
}

#[test]
fn an_agent_who_is_added_by_hand_is_responsible() {
    let mut world = world();
    let task = world.invites();
    let _ = comes_to_nothing(&mut world, &task, Cause::TimedOut, &Means::default());
    let role = Some(world.conversation.service.kin(crate::conversation::AGENT));
    let new = crate::conversation::NewParticipant::known_as("carol".to_owned());
    let new = crate::conversation::NewParticipant { role, ..new };
    let user = crate::conversation::User::sid_of(world.conversation.service, "carol");
    let question = crate::conversation::Question::HasUser(user);
    let known = [(question, crate::conversation::Answer::Some)].into_iter().collect();
    let World { interaction, conversation, .. } = &world;
    let kind = ParticipantKind::Agent;
    let routing =
        SeatRouting { task: task.sid, reservation: task.sid.kin(9), worker: worker("carol").sid };
    let added = add_participant(interaction, conversation, kind, new, Some(routing), &known, NOW);
    world.keep(&added.unwrap().1);
    assert_eq!(world.interaction.responsible(), Some(Responsible::Agent));
    assert_eq!(world.interaction.unattended, None);
}

#[test]
fn c15_a_conversation_that_ends_takes_its_tasks_and_seats_with_it() {
    let mut world = world();
    let taken = seated(&mut world, "alice");
    let waiting = world.invites();
    let ended =
        over(&world.interaction, Some(&world.conversation), &[taken, waiting], NOTHING, NOW)
            .unwrap();
    world.keep(&ended);
    let statuses: Vec<TaskStatus> = tasks(&ended).iter().map(|task| task.status).collect();
    assert_eq!(statuses, [TaskStatus::Wrapping, TaskStatus::Canceled]);
    assert_eq!(world.interaction.status, ChannelStatus::Closed);
    assert!(!world.interaction.is_attended() || world.interaction.agents() == 0);
    assert!(
        over(&world.interaction, Some(&world.conversation), &[], NOTHING, NOW)
            .unwrap()
            .is_unchanged()
    );
}

#[test]
fn c15_an_interaction_hears_of_the_end_of_its_conversation_once_and_not_of_what_it_did_itself() {
    let mut world = world();
    links(&mut world);
    let interaction = world.interaction.sid;
    let by = |source: Source, command: Command, of: &Conversation| {
        rung(decide(of, command, source, NOTHING, NOW).unwrap())
    };
    let api = Source::Api { webhooks: false };
    let told = [InviteRequest::ConversationOver { interaction }];
    assert_eq!(by(api.clone(), Command::Close, &world.conversation), told);
    assert_eq!(by(Source::Timer, Command::Close, &world.conversation), told);
    assert_eq!(by(api.clone(), Command::Remove, &world.conversation), told);
    assert!(by(Source::Interaction, Command::Close, &world.conversation).is_empty());
    let closed = decide(&world.conversation, Command::Close, api.clone(), NOTHING, NOW).unwrap();
    assert!(by(api, Command::Remove, &closed.conversation).is_empty(), "it knows already");
}

#[test]
fn c15_nobody_is_seated_in_a_channel_that_was_closed_meanwhile() {
    let mut world = world();
    let task = world.invites();
    let (taken, routing) = world.takes(&task, "alice");
    let ended =
        over(&world.interaction, Some(&world.conversation), &[taken], NOTHING, NOW).unwrap();
    world.keep(&ended);
    let World { interaction, conversation, .. } = &world;
    let late =
        seat(interaction, conversation, routing, (&worker("alice"), None), NOTHING, NOW).unwrap();
    assert!(late.is_unchanged());
}

#[test]
fn c15_a_task_whose_conversation_is_gone_is_over_with_its_seat() {
    let mut world = world();
    let task = seated(&mut world, "alice");
    let ended = ended_without_conversation(&world.interaction, task.sid, NOW);
    world.keep(&ended);
    assert!(!world.interaction.is_attended());
    assert!(ended_without_conversation(&world.interaction, task.sid, NOW).is_unchanged());
}

#[test]
fn each_end_of_a_task_has_its_cause() {
    let mut world = world();
    let mut task = world.invites();
    for (ended, cause) in [
        (Ending::NotTaken, Cause::Declined),
        (Ending::TimedOut, Cause::TimedOut),
        (Ending::FellOut, Cause::NotTaken),
        (Ending::OfferedTooOften, Cause::NotTaken),
        (Ending::RejectedTooOften, Cause::NotTaken),
        (Ending::Canceled, Cause::TaskCanceled),
        (Ending::Deleted, Cause::TaskDeleted),
        (Ending::Unroutable, Cause::TaskDeleted),
        (Ending::Overdue, Cause::TaskOverdue),
        (Ending::Completed, Cause::TaskEnded),
    ] {
        task.fields.ended = Some(ended);
        assert_eq!(Cause::of(Some(&task)), cause, "{ended:?}");
        assert_eq!(cause.rest(), Rest::Waiting);
    }
    assert_eq!(Cause::of(None), Cause::TaskEnded);
}
