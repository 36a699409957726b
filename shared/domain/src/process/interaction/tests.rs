mod transfers;

use serde_json::json;

use super::*;
use crate::address::ChannelType;
use crate::carriage::CarrierName;
use crate::conversation::{Answer, Defaults, Pair, Question, User};
use crate::interaction::InitiatedBy;
use crate::record::Record;
use crate::routing::receipt::Receipt;
use crate::sid::{
    ActivitySid, ConversationSid, ServiceSid, TaskChannelSid, WorkflowSid, WorkspaceSid,
};
use crate::timestamp::Millis;

pub(in crate::process) const NOW: Timestamp = Timestamp(1_000_000);
/// Nothing is asked of an agent who is seated.
pub(in crate::process) static NOTHING: &Answers = &Answers::NONE;

/// A conversation with a customer, its interaction, and what routes it.
pub(in crate::process) struct World {
    pub(in crate::process) conversation: Conversation,
    pub(in crate::process) interaction: Interaction,
    pub(in crate::process) workflow: Workflow,
    pub(in crate::process) channel: TaskChannel,
}

pub(in crate::process) fn world() -> World {
    let workspace = WorkspaceSid::derived(&["w"]);
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    let conversation = Conversation::new(sid, service, Defaults::default(), NOW);
    let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap();
    let free = [
        (Question::IsOurs(pair.proxy.clone()), Answer::With(CarrierName::default())),
        (Question::HolderOf(pair.clone()), Answer::None),
    ];
    let free = free.into_iter().collect();
    let joined = of(&conversation, Command::Join(NewParticipant::at(pair)), &free, NOW);
    let conversation = joined.unwrap().conversation;
    let interaction =
        Interaction::new(&conversation, ChannelType::Sms, InitiatedBy::Customer, workspace, NOW);
    let workflow = Workflow {
        workspace,
        sid: WorkflowSid::derived(&["f"]),
        friendly_name: "f".to_owned(),
        configuration: "{}".to_owned(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 120,
        evaluation: 0,
        tests: Vec::new(),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    };
    let channel = TaskChannel {
        workspace,
        sid: TaskChannelSid::derived(&["t"]),
        unique_name: "sms".to_owned(),
        friendly_name: "SMS".to_owned(),
        channel_optimized_routing: false,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    };
    World { conversation, interaction, workflow, channel }
}

/// Leaves, and lets the conversation go on.
pub(in crate::process) const fn leaves(number: u32) -> Leaving {
    Leaving { number, how: LeaveRequest::Closed }
}

fn ended_as(task: &Task, status: TaskStatus) -> TaskEnd {
    TaskEnd { task: task.sid, status, cause: Cause::TaskCanceled }
}

pub(in crate::process) fn worker(name: &str) -> Worker {
    Worker {
        workspace: WorkspaceSid::derived(&["w"]),
        sid: WorkerSid::derived(&[name]),
        friendly_name: name.to_owned(),
        attributes: "{}".to_owned(),
        activity: ActivitySid::derived(&["a"]),
        activity_since: NOW,
        occupation: None,
        channels: std::collections::BTreeMap::new(),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

impl World {
    pub(in crate::process) fn invites(&mut self) -> Task {
        let order = Order {
            workflow: &self.workflow,
            channel: &self.channel,
            attributes: json!({"topic": "sales"}),
            priority: 1,
            timeout_seconds: 60,
            worker: None,
        };
        invite(&mut self.interaction, &self.conversation, order, NOW).unwrap()
    }

    /// The task as it stands after this worker took it, and how they are seated.
    pub(in crate::process) fn takes(&self, task: &Task, name: &str) -> (Task, SeatRouting) {
        let reserve = task::Command::Reserve {
            worker: worker(name).sid,
            worker_name: name.to_owned(),
            timeout: Millis::seconds(120),
            receipt: Receipt::default(),
        };
        let router = task::Source::Router;
        let reserved = task::decide(task, reserve, router, NOW).unwrap().task;
        let reservation = reserved.reservation_sid(&reserved.reservations[0]);
        let accept = task::Command::Accept(reservation);
        let taken = task::decide(&reserved, accept, router, NOW).unwrap().task;
        (taken, SeatRouting { task: task.sid, reservation, worker: worker(name).sid })
    }

    pub(in crate::process) fn seats(&mut self, routing: SeatRouting, name: &str) -> Decision {
        let (interaction, conversation) = (&self.interaction, &self.conversation);
        let user = User::sid_of(conversation.service, &worker(name).identity());
        let known = [(Question::HasUser(user), Answer::Some)].into_iter().collect();
        let decision = seat(interaction, conversation, routing, (&worker(name), None), &known, NOW);
        let decision = decision.unwrap();
        self.keep(&decision);
        decision
    }

    pub(in crate::process) fn keep(&mut self, decision: &Decision) {
        for record in &decision.puts {
            if let Some(it) = record.get::<Interaction>() {
                self.interaction = it.clone();
            }
            if let Some(it) = record.get::<Conversation>() {
                self.conversation = it.clone();
            }
        }
    }

    pub(in crate::process) fn agents(&self) -> Vec<&str> {
        let members = self.conversation.participants.iter();
        members.filter_map(|one| one.identity.as_deref()).collect()
    }
}

#[test]
fn the_task_of_an_invite_says_where_it_comes_from() {
    let mut world = world();
    let task = world.invites();
    let attributes: Value = serde_json::from_str(&task.attributes).unwrap();
    assert_eq!(attributes["topic"], "sales");
    assert_eq!(attributes["conversationSid"], json!(world.conversation.sid));
    assert_eq!(attributes["flexInteractionSid"], json!(world.interaction.sid));
    assert_eq!(attributes["flexInteractionChannelSid"], json!(world.interaction.channel_sid()));
    assert_eq!(attributes["direction"], "inbound");
    assert_eq!(attributes["channelType"], "sms");
    assert_eq!(attributes["conversations"]["media"][0]["type"], "ChatTranscript");
    assert_eq!(task.interaction, Some(world.interaction.sid));
}

#[test]
fn an_accepting_agent_is_seated_once() {
    let mut world = world();
    let task = world.invites();
    let (_, routing) = world.takes(&task, "alice");
    let _ = world.seats(routing.clone(), "alice");
    assert_eq!(world.agents(), ["alice"]);
    assert!(world.seats(routing, "alice").is_unchanged());
}

#[test]
fn no_agent_is_seated_in_a_closed_conversation() {
    let mut world = world();
    let task = world.invites();
    let (_, routing) = world.takes(&task, "alice");
    world.conversation =
        of(&world.conversation, Command::Close, NOTHING, NOW).unwrap().conversation;
    assert!(world.seats(routing, "alice").is_unchanged());
}

#[test]
fn an_agent_leaves_and_the_conversation_goes_on_with_the_other() {
    let mut world = world();
    let (first, second) = (world.invites(), world.invites());
    let (first, alice) = world.takes(&first, "alice");
    let (_, bob) = world.takes(&second, "bob");
    let _ = world.seats(alice, "alice");
    let _ = world.seats(bob, "bob");
    let seat = world
        .interaction
        .participants
        .iter()
        .find(|one| one.kind == ParticipantKind::Agent)
        .unwrap();
    let number = seat.number;
    let left = leave(
        &world.interaction,
        &world.conversation,
        Some(&first),
        leaves(number),
        &Means::default(),
        NOTHING,
        NOW,
    )
    .unwrap();
    world.keep(&left);
    assert_eq!(world.agents(), ["bob"]);
    assert_eq!(world.conversation.state, State::Active);
    let completed = left
        .puts
        .iter()
        .any(|record| matches!(record, Record::Task(task) if task.status == TaskStatus::Completed));
    assert!(completed);
    let again = leave(
        &world.interaction,
        &world.conversation,
        None,
        leaves(number),
        &Means::default(),
        NOTHING,
        NOW,
    )
    .unwrap();
    assert!(again.is_unchanged());
}

#[test]
fn an_agent_invited_twice_stays_until_both_seats_are_left() {
    let mut world = world();
    let (first, second) = (world.invites(), world.invites());
    let (first, one) = world.takes(&first, "alice");
    let (second, other) = world.takes(&second, "alice");
    let (_, _) = (world.seats(one, "alice"), world.seats(other, "alice"));
    let numbers: Vec<u32> = world
        .interaction
        .participants
        .iter()
        .filter(|it| it.kind == ParticipantKind::Agent)
        .map(|it| it.number)
        .collect();
    for (task, number, left) in [(first, numbers[0], 1), (second, numbers[1], 0)] {
        let World { interaction, conversation, .. } = &world;
        let leaves = leave(
            interaction,
            conversation,
            Some(&task),
            leaves(number),
            &Means::default(),
            NOTHING,
            NOW,
        );
        world.keep(&leaves.unwrap());
        let members = world.conversation.participants.iter().filter(|it| it.identity.is_some());
        assert_eq!(members.count(), left);
    }
}

#[test]
fn closing_the_channel_ends_everything_and_frees_the_pair() {
    let mut world = world();
    let (first, waiting) = (world.invites(), world.invites());
    let (taken, alice) = world.takes(&first, "alice");
    let _ = world.seats(alice, "alice");
    let tasks = [taken, waiting];
    for (complete, expected) in [(true, TaskStatus::Completed), (false, TaskStatus::Wrapping)] {
        let closed =
            close(&world.interaction, &world.conversation, &tasks, complete, NOTHING, NOW).unwrap();
        let written = closed.puts.iter().filter_map(Record::get::<Task>);
        let statuses: Vec<TaskStatus> = written.map(|task| task.status).collect();
        assert_eq!(statuses, [expected, TaskStatus::Canceled]);
        assert!(closed.deletes.iter().any(|record| record.kind() == "AddressBinding"));
        let conversation = closed.puts.iter().find_map(Record::get::<Conversation>);
        assert_eq!(conversation.map(|it| it.state), Some(State::Closed));
    }
}

#[test]
fn the_last_agent_who_completes_closes_the_conversation() {
    let mut world = world();
    let task = world.invites();
    let (_, alice) = world.takes(&task, "alice");
    let _ = world.seats(alice, "alice");
    let ended = task_ended(
        &world.interaction,
        &world.conversation,
        ended_as(&task, TaskStatus::Completed),
        &Means::default(),
        NOTHING,
        NOW,
    )
    .unwrap();
    world.keep(&ended);
    assert_eq!(world.conversation.state, State::Closed);
    assert_eq!(world.interaction.status, ChannelStatus::Closed);
}

#[test]
fn a_canceled_task_leaves_the_conversation_open() {
    let mut world = world();
    let task = world.invites();
    let ended = task_ended(
        &world.interaction,
        &world.conversation,
        ended_as(&task, TaskStatus::Canceled),
        &Means::default(),
        NOTHING,
        NOW,
    )
    .unwrap();
    world.keep(&ended);
    assert_eq!(world.conversation.state, State::Active);
    assert_eq!(world.interaction.open_tasks().count(), 0);
}

#[test]
fn a_dormant_channel_is_woken_by_the_next_invite() {
    let mut world = world();
    let task = world.invites();
    let (taken, alice) = world.takes(&task, "alice");
    let _ = world.seats(alice, "alice");
    let dormant = deactivate(
        &world.interaction,
        &world.conversation,
        &[taken],
        &Means::default(),
        NOTHING,
        NOW,
    )
    .unwrap();
    world.keep(&dormant);
    assert_eq!(world.interaction.status, ChannelStatus::Inactive);
    assert!(world.agents().is_empty());
    world.invites();
    assert_eq!(world.interaction.status, ChannelStatus::Active);
}
