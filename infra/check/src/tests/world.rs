//! A contact centre in which a customer wrote, an agent accepted and replied; made by the rules themselves.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{CarrierName, InboundMessage, SendOutcome};
use switchboard_domain::consent::{Consent, ConsentSource, Scope, Stance, Status};
use switchboard_domain::conversation::{
    AddressBinding, Answer, Answers, Conversation, Dates, Defaults, Details, Membership,
    NewParticipant, Pair, Question, Source, UniqueName, User,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::head::Head;
use switchboard_domain::interaction::{InitiatedBy, Interaction, SeatRouting};
use switchboard_domain::message::{Message, Post};
use switchboard_domain::process::conversation::{self, decide, decide_all};
use switchboard_domain::process::interaction::{self, Order};
use switchboard_domain::record::Record;
use switchboard_domain::routing::receipt::Receipt;
use switchboard_domain::routing::workflow::{self, Position};
use switchboard_domain::sid::{MessageSid, ServiceSid, Sid};
use switchboard_domain::task::{self, Command, Task};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::{
    Activity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};
use switchboard_store::key::Place;
use switchboard_store::{Kept, Key};

use crate::{Facts, Handed, Moment, Snapshot, Violation};

/// When everything was set up.
pub(super) const START: Timestamp = Timestamp(1_000_000);
/// When the customer wrote, and all that followed.
pub(super) const NOW: Timestamp = Timestamp(2_000_000);

pub(super) fn sid<S: Sid>(name: &str) -> S {
    S::derived(&[name])
}

/// The records by place, and what is known besides.
#[derive(Clone)]
pub(super) struct World {
    pub(super) records: BTreeMap<Key, Record>,
    pub(super) facts: Facts,
}

/// Changes a record as it is stored: damage that no rule would do.
pub(super) fn stored<T: Kept + Clone + Serialize>(record: &mut T, change: impl FnOnce(&mut Value)) {
    let version = record.clone().into().version();
    let mut value = serde_json::to_value(&*record).unwrap();
    change(&mut value);
    *record = serde_json::from_value::<T>(value).unwrap().versioned(version);
}

macro_rules! only {
    ($($name:ident: $kind:ident,)*) => {
        impl World {
            $(
                /// The first record of the kind.
                pub(super) fn $name(&mut self) -> &mut $kind {
                    let found = self.records.values_mut().find_map(|record| match record {
                        Record::$kind(it) => Some(it),
                        _ => None,
                    });
                    found.unwrap()
                }
            )*
        }
    };
}

only! {
    binding: AddressBinding,
    conversation: Conversation,
    head: Head,
    interaction: Interaction,
    membership: Membership,
    task: Task,
    unique_name: UniqueName,
    user: User,
    worker: Worker,
    workspace: Workspace,
}

pub(super) fn customer() -> Pair {
    Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap()
}

/// That the customer wants nothing more since then.
pub(super) fn stopped(since: Timestamp) -> Consent {
    let (status, source) = (Status::OptOut, ConsentSource::OptOutMessage);
    let to = Scope::of(&customer().proxy, None);
    let stance = Stance { to, status, source, since, said: None };
    let consent = Consent::new(customer().address.person(), since);
    consent.noting(stance).unwrap().unwrap().versioned(1)
}

fn inbound() -> InboundMessage {
    let pair = (customer().address, customer().proxy);
    InboundMessage::new(CarrierName::default(), "SM1", pair, "hello", NOW)
}

fn workspace() -> Workspace {
    Workspace {
        sid: sid("workspace"),
        friendly_name: "workspace".to_owned(),
        event_callback_url: None,
        events_filter: None,
        multi_task_enabled: true,
        prioritize_queue_order: QueueOrder::Fifo,
        default_activity: sid("on"),
        timeout_activity: sid("off"),
        created: START,
        updated: START,
        version: 1.into(),
    }
}

pub(super) fn worker(name: &str) -> Worker {
    Worker {
        workspace: sid("workspace"),
        sid: sid(name),
        friendly_name: name.to_owned(),
        attributes: "{}".to_owned(),
        activity: sid("on"),
        activity_since: START,
        occupation: None,
        channels: BTreeMap::new(),
        created: START,
        updated: START,
        version: 1.into(),
    }
}

fn channel() -> TaskChannel {
    TaskChannel {
        workspace: sid("workspace"),
        sid: sid("sms"),
        unique_name: "sms".to_owned(),
        friendly_name: "sms".to_owned(),
        channel_optimized_routing: false,
        created: START,
        updated: START,
        version: 1.into(),
    }
}

fn queue() -> TaskQueue {
    TaskQueue {
        workspace: sid("workspace"),
        sid: sid("queue"),
        friendly_name: "everybody".to_owned(),
        target_workers: "1==1".to_owned(),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: START,
        updated: START,
        version: 1.into(),
    }
}

fn workflow() -> Workflow {
    let queue = queue().sid;
    let configuration = json!({ "task_routing": { "default_filter": { "queue": queue } } });
    Workflow {
        workspace: sid("workspace"),
        sid: sid("workflow"),
        friendly_name: "to everybody".to_owned(),
        configuration: configuration.to_string(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 60,
        evaluation: 0,
        tests: Vec::new(),
        created: START,
        updated: START,
        version: 1.into(),
    }
}

fn first_position() -> Option<Position> {
    workflow::Workflow::parse(&workflow().configuration).unwrap().first_match(&json!({}))
}

/// A task outside of interactions, waiting in the queue.
pub(super) fn waiting(name: &str) -> Task {
    let new = task::NewTask {
        sid: sid(name),
        workflow: &workflow(),
        channel: &channel(),
        attributes: "{}".to_owned(),
        priority: 0,
        timeout_seconds: 3600,
        start: NOW,
        interaction: None,
        destination: task::Destination::Workflow,
        now: NOW,
    };
    let mut task = Task::create(new);
    task.version = 1.into();
    placed(task)
}

/// The task where the router puts it.
fn placed(mut task: Task) -> Task {
    let fields = task.tampered();
    fields.position = first_position();
    fields.queue = Some(queue().sid);
    fields.queue_entered = Some(NOW);
    task
}

/// The same, offered to a worker.
pub(super) fn offered(name: &str, to: &str) -> Task {
    reserved(&waiting(name), to)
}

/// That nobody of this identity was here before.
fn new_user(conversation: &Conversation, identity: &str) -> Answers {
    let user = User::sid_of(conversation.service, identity);
    let roles = (Question::RolesOfNewcomers(conversation.service), Answer::None);
    [(Question::HasUser(user), Answer::None), roles].into_iter().collect()
}

fn reserved(task: &Task, to: &str) -> Task {
    let reserve = Command::Reserve {
        worker: sid(to),
        worker_name: to.to_owned(),
        timeout: Millis::seconds(60),
        receipt: Receipt::default(),
    };
    task::decide(task, reserve, task::Source::Router, NOW).unwrap().task
}

impl World {
    /// Alice has the one task there is, bob is not available.
    pub(super) fn new() -> Self {
        let mut world = Self { records: BTreeMap::new(), facts: Facts::default() };
        world.set_up();
        let conversation = world.customer_writes();
        let (interaction, conversation) = world.agent_accepts(conversation);
        world.agent_replies(&conversation);
        world.facts = Facts {
            acknowledged: vec![(customer(), inbound().sid())],
            sent_by_carrier: Some(vec![Handed {
                message: sid("reply"),
                delivery: 1,
                carrier_message_id: "SM2".to_owned(),
            }]),
            interfered: Some(std::collections::BTreeSet::new()),
            now: NOW,
            ..Facts::default()
        };
        assert_eq!(interaction, world.interaction().sid);
        world
    }

    fn set_up(&mut self) {
        self.put(workspace());
        let mut head = Head::new(workspace().sid);
        head.version = 1.into();
        self.put(head);
        for (name, available) in [("on", true), ("off", false)] {
            self.put(Activity {
                workspace: sid("workspace"),
                sid: sid(name),
                friendly_name: name.to_owned(),
                available,
                created: START,
                updated: START,
                version: 1.into(),
            });
        }
        self.put(channel());
        self.put(queue());
        self.put(workflow());
        self.put(worker("alice"));
        self.put(Worker { activity: sid("off"), ..worker("bob") });
    }

    fn customer_writes(&mut self) -> Conversation {
        let service: ServiceSid = sid("service");
        let conversation =
            Conversation::new(sid("conversation"), service, Defaults::default(), NOW);
        let named = Details { unique_name: Some(Some("first".to_owned())), ..Details::default() };
        let commands = [
            conversation::Command::Create(named),
            conversation::Command::Link(conversation.sid.twin()),
            conversation::Command::Join(NewParticipant::at(customer())),
            conversation::Command::Post(Post::of(&inbound(), None)),
        ];
        let answers: Answers = [
            (Question::BearerOf(service, "first".to_owned()), Answer::None),
            (Question::HolderOf(customer()), Answer::None),
        ]
        .into_iter()
        .collect();
        let opened =
            decide_all(&conversation, commands, Source::Channel(ChannelType::Sms), &answers, NOW)
                .unwrap();
        let conversation = opened.conversation.clone();
        self.commit(opened.into());
        conversation
    }

    fn agent_accepts(
        &mut self,
        conversation: Conversation,
    ) -> (switchboard_domain::sid::InteractionSid, Conversation) {
        let (kind, by) = (ChannelType::Sms, InitiatedBy::Customer);
        let mut interaction = Interaction::new(&conversation, kind, by, sid("workspace"), NOW);
        let order = Order {
            workflow: &workflow(),
            channel: &channel(),
            attributes: json!({}),
            priority: 0,
            timeout_seconds: 3600,
            worker: None,
        };
        let task = interaction::invite(&mut interaction, &conversation, order, NOW).unwrap();
        let task = reserved(&placed(task), "alice");
        let reservation = task.reservation_sid(&task.reservations[0]);
        let accept = Command::Accept(reservation);
        let task = task::decide(&task, accept, task::Source::Router, NOW).unwrap().task;
        let routing = SeatRouting { task: task.sid, reservation, worker: sid("alice") };
        let seated = interaction::seat(
            &interaction,
            &conversation,
            routing,
            (&worker("alice"), None),
            &new_user(&conversation, "alice"),
            NOW,
        );
        self.commit(Decision::put(interaction.clone()).and(task));
        self.commit(seated.unwrap());
        (interaction.sid, self.conversation().clone())
    }

    fn agent_replies(&mut self, conversation: &Conversation) {
        let post = Post {
            sid: sid("reply"),
            author: Some("alice".to_owned()),
            body: Some("hi".into()),
            media: Vec::new(),
            attributes: None,
            speaker: None,
            origin: None,
            aliases: Vec::new(),
            dates: Dates::default(),
            filled: None,
        };
        self.does(conversation, conversation::Command::Post(post));
        let outcome = SendOutcome::Accepted { carrier_message_id: "SM2".to_owned() };
        let leased = self.reply().lease(1, NOW).unwrap();
        self.put(leased.record(1, &outcome, NOW).unwrap().message);
    }

    /// Does something to the conversation that nothing has to be asked for.
    fn does(&mut self, conversation: &Conversation, command: conversation::Command) {
        let change = decide(conversation, command, Source::Interaction, &Answers::NONE, NOW);
        self.commit(change.unwrap().into());
    }

    fn commit(&mut self, decision: Decision) {
        for record in decision.deletes {
            self.records.remove(&Place::of(&record).key);
        }
        for record in decision.puts {
            self.records.insert(Place::of(&record).key, record);
        }
    }

    /// Closes the conversation, and nothing else.
    pub(super) fn close(&mut self) {
        let conversation = self.conversation().clone();
        self.does(&conversation, conversation::Command::Close);
    }

    pub(super) fn put(&mut self, record: impl Into<Record>) {
        let record = record.into();
        self.records.insert(Place::of(&record).key, record);
    }

    /// Takes away all records of a kind.
    pub(super) fn lose(&mut self, kind: &str) {
        self.records.retain(|_, record| record.kind() != kind);
    }

    fn message(&mut self, sid: MessageSid) -> &mut Message {
        let found = self.records.values_mut().find_map(|record| match record {
            Record::Message(it) if it.sid == sid => Some(it),
            _ => None,
        });
        found.unwrap()
    }

    /// A worker by name.
    pub(super) fn worker_called(&mut self, name: &str) -> &mut Worker {
        let found = self.records.values_mut().find_map(|record| match record {
            Record::Worker(it) if it.friendly_name == name => Some(it),
            _ => None,
        });
        found.unwrap()
    }

    /// What the customer wrote.
    pub(super) fn question(&mut self) -> &mut Message {
        self.message(inbound().sid())
    }

    /// What the agent wrote.
    pub(super) fn reply(&mut self) -> &mut Message {
        self.message(sid("reply"))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.records.values().cloned().collect())
    }

    pub(super) fn violations(&self, moment: Moment) -> Vec<Violation> {
        self.snapshot().violations(Some(&self.facts), moment)
    }
}
