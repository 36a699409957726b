mod group;
mod limits;
mod ownership;
mod people;

use super::*;
use crate::address::ChannelType;
use crate::carriage::CarrierName;
use crate::conversation::{
    AGENT, Answer, CHANNEL_PARTICIPANTS_MAX, Dates, Defaults, EventName, HookName, Hooks, Level,
    Listening, PARTICIPANTS_MAX, Pair, Question, Reason, RoleKind, State, User, WEBHOOKS_MAX, Who,
};
use crate::decision::Decision;
use crate::effect::{Call, Effect, WebhookCall};
use crate::process::notify::calls;
use crate::record::Record;
use crate::sid::{
    ConversationSid, FlowSid, MessageSid, MessagingServiceSid, ParticipantSid, RoleSid, ServiceSid,
    Sid as _, WebhookSid,
};

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(2_000_000);
const QUIET: Source = Source::Api { webhooks: false };

/// A conversation that follows what is decided about it.
struct Thread(Conversation);

impl Thread {
    fn new() -> Self {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        Self(Conversation::new(sid, service, Defaults::default(), NOW))
    }

    /// Decides with pairs, names and services that nobody objects to.
    fn does(&mut self, command: Command) -> Result<ConversationChange, Refusal> {
        let change = settled(&self.0, command)?;
        self.0 = change.conversation.clone();
        Ok(change)
    }

    fn refuses(&self, command: Command) -> Refusal {
        settled(&self.0, command).unwrap_err()
    }

    fn joined(&mut self, new: NewParticipant) -> u32 {
        self.does(Command::Join(new)).unwrap().number.unwrap()
    }
}

fn settled(conversation: &Conversation, command: Command) -> Result<ConversationChange, Refusal> {
    let mut answers = Answers::default();
    loop {
        match decide(conversation, command.clone(), QUIET, &answers, LATER) {
            Ok(change) => return Ok(change),
            Err(Objection::Refused(refusal)) => return Err(refusal),
            Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
            Err(Objection::AskFirst(questions)) => {
                let harmless = |question| match question {
                    Question::HasMessagingService(_)
                    | Question::Remembers(..)
                    | Question::IsInPool(..)
                    | Question::HasUser(_) => (question, Answer::Some),
                    Question::IsOurs(_) => (question, ours()),
                    Question::HolderOf(_)
                    | Question::HolderOfGroup(_)
                    | Question::BearerOf(..)
                    | Question::Listening(_)
                    | Question::RolesOfNewcomers(_)
                    | Question::GrantsOf(..)
                    | Question::RoleOf(_)
                    | Question::KindOfRole(..)
                    | Question::IsInOpen(..) => (question, Answer::None),
                };
                answers.extend(questions.into_iter().map(harmless));
            }
        }
    }
}

/// That a number is the account's.
fn ours() -> Answer {
    Answer::With(CarrierName::default())
}

fn desk() -> Address {
    "+18005550199".parse().unwrap()
}

fn pair(number: u32) -> Pair {
    let address = format!("+1415555{number:04}").parse().unwrap();
    Pair::new(address, desk()).unwrap()
}

fn customer(number: u32) -> NewParticipant {
    NewParticipant::at(pair(number))
}

fn agent(name: &str) -> NewParticipant {
    NewParticipant::known_as(name.to_owned())
}

fn kinds(records: &[Record]) -> Vec<&'static str> {
    records.iter().map(Record::kind).collect()
}

/// The kinds of the records that a change writes and removes.
fn written(change: ConversationChange) -> (Vec<&'static str>, Vec<&'static str>) {
    let decision = Decision::from(change);
    (kinds(&decision.puts), kinds(&decision.deletes))
}

fn listening_to(filters: &[EventName]) -> Target {
    let filters = filters.to_vec();
    Target::Webhook { url: "https://example.com".to_owned(), method: "POST".to_owned(), filters }
}

fn called(effects: &[Effect]) -> Vec<&WebhookCall> {
    let calls = effects.iter().filter_map(|effect| {
        let Effect::Notify(Call::Conversation(call)) = effect else { return None };
        Some(call)
    });
    calls.collect()
}

fn by_hand(from: State, to: State) -> ConversationEvent {
    ConversationEvent::StateUpdated { from, to, reason: Reason::Api }
}

/// A message woke it.
fn woken() -> ConversationEvent {
    let (from, to) = (State::Inactive, State::Active);
    ConversationEvent::StateUpdated { from, to, reason: Reason::Event }
}

fn post(body: &str) -> Post {
    Post {
        sid: MessageSid::derived(&["m", body]),
        author: Some("alice".to_owned()),
        body: Some(body.into()),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    }
}

#[test]
fn a_joining_participant_is_found_by_number_sid_and_name() {
    let mut thread = Thread::new();
    let first = thread.does(Command::Join(customer(1))).unwrap();
    let second = thread.does(Command::Join(agent("alice"))).unwrap();
    let (one, two) = (first.number.unwrap(), second.number.unwrap());
    assert_ne!(one, two);
    assert_eq!(first.events, [ConversationEvent::ParticipantAdded { number: one }]);
    assert_eq!(written(first).0, ["Conversation", "AddressBinding"]);
    assert_eq!(written(second).0, ["Conversation", "Membership"]);
    let conversation = thread.0;
    assert_eq!(conversation.updated, LATER);
    for (number, name) in [(one, "+14155550001"), (two, "alice")] {
        let sid: ParticipantSid = conversation.sid.kin(number);
        assert_eq!(conversation.participant(number).unwrap().number, number);
        assert_eq!(conversation.participant_by_sid(sid).unwrap().number, number);
        assert_eq!(conversation.participant_called(name).unwrap().number, number);
    }
    assert!(conversation.participant_by_sid(conversation.sid.kin(9)).is_none());
}

#[test]
fn a_participant_joins_once_and_with_an_identity_or_a_pair() {
    let mut thread = Thread::new();
    thread.joined(customer(1));
    thread.joined(agent("alice"));
    assert_eq!(thread.refuses(Command::Join(customer(1))), Refusal::ParticipantExists);
    assert_eq!(thread.refuses(Command::Join(agent("alice"))), Refusal::ParticipantExists);
    let both = NewParticipant { pair: Some(pair(2)), ..agent("bob") };
    assert_eq!(thread.refuses(Command::Join(both)), Refusal::ParticipantShape);
    let nothing = NewParticipant { pair: None, ..customer(3) };
    assert_eq!(thread.refuses(Command::Join(nothing)), Refusal::ParticipantShape);
}

#[test]
fn a_pair_is_asked_for_before_it_is_bound_and_one_that_is_bound_is_refused() {
    let conversation = Thread::new().0;
    let join = || Command::Join(customer(1));
    let question = Question::HolderOf(pair(1));
    let asked = decide(&conversation, join(), QUIET, &Answers::default(), NOW);
    let owned = (Question::IsOurs(desk()), ours());
    assert_eq!(asked, Err(Objection::AskFirst(vec![owned.0.clone(), question.clone()])));
    let holder = ConversationSid::derived(&["other"]);
    let held = (question.clone(), Answer::Conversation(holder));
    let held: Answers = [owned.clone(), held].into_iter().collect();
    let refused = decide(&conversation, join(), QUIET, &held, NOW);
    assert_eq!(refused, Err(Objection::Refused(Refusal::PairBound(holder))));
    let free: Answers = [owned, (question, Answer::None)].into_iter().collect();
    assert!(decide(&conversation, join(), QUIET, &free, NOW).is_ok());
}

#[test]
fn several_commands_ask_all_their_questions_at_once_and_change_all_or_nothing() {
    let conversation = Thread::new().0;
    let name = Details { unique_name: Some(Some("n".to_owned())), ..Details::default() };
    let commands = || {
        let joins = [customer(1), customer(2), agent("alice"), agent("alice")];
        [Command::Create(name.clone())].into_iter().chain(joins.map(Command::Join))
    };
    let asked = decide_all(&conversation, commands(), QUIET, &Answers::default(), NOW);
    let Err(Objection::AskFirst(questions)) = asked else { panic!("{asked:?}") };
    let by_name = Question::BearerOf(conversation.service, "n".to_owned());
    let service = conversation.service;
    let expected = [
        by_name,
        Question::IsOurs(desk()),
        Question::HolderOf(pair(1)),
        Question::HolderOf(pair(2)),
        Question::RolesOfNewcomers(service),
        Question::HasUser(User::sid_of(service, "alice")),
    ];
    assert_eq!(questions, expected);
    let mut answers: Answers = questions.into_iter().map(|one| (one, Answer::None)).collect();
    answers.extend([(Question::IsOurs(desk()), ours())]);
    let refused = decide_all(&conversation, commands(), QUIET, &answers, NOW);
    assert_eq!(refused, Err(Objection::Refused(Refusal::ParticipantExists)));
    let change = decide_all(&conversation, commands().take(4), QUIET, &answers, NOW).unwrap();
    let puts =
        ["Conversation", "UniqueName", "AddressBinding", "AddressBinding", "User", "Membership"];
    assert_eq!(written(change).0, puts);
}

#[test]
fn a_closed_conversation_asks_nothing() {
    let mut thread = Thread::new();
    let _ = thread.does(Command::Close).unwrap();
    let update = Details { messaging_service: Some(Some(mg())), ..Details::default() };
    for command in [Command::Join(customer(1)), Command::Update(update)] {
        let refused = decide(&thread.0, command, QUIET, &Answers::default(), NOW);
        assert_eq!(refused, Err(Objection::Refused(Refusal::ConversationClosed)));
    }
}

fn mg() -> MessagingServiceSid {
    MessagingServiceSid::derived(&["mg"])
}

#[test]
fn names_and_messaging_services_are_asked_for() {
    let conversation = Thread::new().0;
    let details = Details {
        unique_name: Some(Some("n".to_owned())),
        messaging_service: Some(Some(mg())),
        ..Details::default()
    };
    let by_name = Question::BearerOf(conversation.service, "n".to_owned());
    let service = Question::HasMessagingService(mg());
    for (named, has, refusal) in [
        (Answer::None, Answer::None, Refusal::NoSuchMessagingService),
        (Answer::Conversation(conversation.sid), Answer::Some, Refusal::NameTaken),
    ] {
        let answers = [(by_name.clone(), named), (service.clone(), has)].into_iter().collect();
        for command in [Command::Create(details.clone()), Command::Update(details.clone())] {
            let refused = decide(&conversation, command, QUIET, &answers, NOW);
            assert_eq!(refused, Err(Objection::Refused(refusal.clone())));
        }
    }
}

#[test]
fn a_new_name_lets_go_of_the_old_one_and_the_same_one_asks_nothing() {
    let mut thread = Thread::new();
    let named = |name: &str| Details {
        unique_name: Some(Some(name.to_owned()).filter(|name| !name.is_empty())),
        ..Details::default()
    };
    let first = thread.does(Command::Create(named("one"))).unwrap();
    assert_eq!(written(first), (vec!["Conversation", "UniqueName"], vec![]));
    let same = decide(&thread.0, Command::Update(named("one")), QUIET, &Answers::default(), LATER);
    assert_eq!(written(same.unwrap()), (vec!["Conversation"], vec![]));
    let second = thread.does(Command::Update(named("two"))).unwrap();
    assert_eq!(second.events, [ConversationEvent::ConversationUpdated]);
    assert_eq!(written(second), (vec!["Conversation", "UniqueName"], vec!["UniqueName"]));
    let none = thread.does(Command::Update(named(""))).unwrap();
    assert_eq!(written(none), (vec!["Conversation"], vec!["UniqueName"]));
}

#[test]
fn an_update_tells_what_differs_and_keeps_the_dates_that_are_given() {
    let mut thread = Thread::new();
    let nothing = thread.does(Command::Update(Details::default())).unwrap();
    assert!(Decision::from(nothing).is_unchanged());
    let state = Details { state: Some(State::Inactive), ..Details::default() };
    let quiet = thread.does(Command::Update(state.clone())).unwrap();
    assert_eq!(quiet.events, [by_hand(State::Active, State::Inactive)]);
    assert_eq!(thread.does(Command::Update(state)).unwrap().events, []);
    let dates = Dates { created: Some(Timestamp(1)), updated: Some(Timestamp(2)) };
    let moved = thread.does(Command::Update(Details { dates, ..Details::default() })).unwrap();
    assert_eq!((moved.events, thread.0.created.0, thread.0.updated.0), (vec![], 1, 2));
    let closed = Details { state: Some(State::Closed), ..Details::default() };
    assert_eq!(thread.refuses(Command::Create(closed.clone())), Refusal::InitiallyClosed);
    let closed = thread.does(Command::Update(closed)).unwrap();
    assert_eq!(closed.events, [by_hand(State::Inactive, State::Closed)]);
}

#[test]
fn fifty_are_the_most_on_channels() {
    let mut thread = Thread::new();
    for number in 0..CHANNEL_PARTICIPANTS_MAX {
        thread.joined(customer(u32::try_from(number).unwrap()));
    }
    let refused = thread.refuses(Command::Join(customer(999)));
    assert_eq!(refused, Refusal::TooManyChannelParticipants);
    thread.joined(agent("alice"));
    let (puts, deletes) = written(thread.does(Command::Close).unwrap());
    assert_eq!(deletes.len(), CHANNEL_PARTICIPANTS_MAX);
    assert_eq!(puts.len(), 31);
    assert!(deletes.len() + puts.len() < 100, "it fits into one transaction");
}

#[test]
fn participants_not_remembered_of_a_closed_conversation_leave_nothing_behind() {
    let mut thread = Thread::new();
    let numbers: Vec<u32> = (0..40).map(|number| thread.joined(customer(number))).collect();
    let _ = thread.does(Command::Close).unwrap();
    let leave = |answers: &Answers, number: u32| {
        decide(&thread.0, Command::Leave(number), QUIET, answers, LATER)
    };
    let first = leave(&Answers::NONE, numbers[29]).unwrap();
    assert_eq!(written(first).1, ["Membership"], "nothing is asked of the first ones");
    let question = Question::Remembers(thread.0.sid, Who::Address(pair(30).address));
    let asked = leave(&Answers::NONE, numbers[30]);
    assert_eq!(asked, Err(Objection::AskFirst(vec![question.clone()])));
    for (answer, deletes) in [(Answer::None, vec![]), (Answer::Some, vec!["Membership"])] {
        let answers = [(question.clone(), answer)].into_iter().collect();
        assert_eq!(written(leave(&answers, numbers[30]).unwrap()).1, deletes);
    }
}

#[test]
fn a_participant_who_leaves_an_open_conversation_frees_the_pair() {
    let mut thread = Thread::new();
    let (number, seat) = (thread.joined(customer(1)), thread.joined(agent("alice")));
    let left = thread.does(Command::Leave(number)).unwrap();
    let [ConversationEvent::ParticipantRemoved { number: gone, who }] = &left.events[..] else {
        panic!("{:?}", left.events)
    };
    assert_eq!((*gone, who.number), (number, number));
    assert_eq!(written(left).1, ["AddressBinding"]);
    assert_eq!(written(thread.does(Command::Leave(seat)).unwrap()).1, ["Membership"]);
    assert!(thread.0.participants.is_empty());
    assert_eq!(thread.refuses(Command::Leave(seat)), Refusal::NoSuchParticipant);
}

#[test]
fn closing_is_final_frees_the_pairs_and_remembers_who_was_there() {
    let mut thread = Thread::new();
    let number = thread.joined(customer(1));
    let hook = listening_to(&[EventName::OnMessageAdded]);
    let attached = thread.does(Command::Attach(hook.clone())).unwrap().number.unwrap();
    let closed = thread.does(Command::Close).unwrap();
    assert_eq!(closed.events, [by_hand(State::Active, State::Closed)]);
    assert_eq!((thread.0.state, thread.0.updated), (State::Closed, LATER));
    assert_eq!(written(closed), (vec!["Conversation", "Membership"], vec!["AddressBinding"]));
    let again = thread.does(Command::Close).unwrap();
    assert!(Decision::from(again).is_unchanged(), "closing twice changes nothing");
    let other = listening_to(&[EventName::OnMessageRemoved]);
    let attributes = Some(Some("{}".to_owned()));
    for command in [
        Command::Join(agent("a")),
        Command::Attach(hook.clone()),
        Command::Configure(attached, other),
        Command::Post(post("hi")),
        Command::Link(thread.0.sid.twin()),
        Command::UpdateParticipant(number, ParticipantUpdate { attributes, ..Default::default() }),
    ] {
        assert_eq!(thread.refuses(command), Refusal::ConversationClosed);
    }
    let same = thread.does(Command::Configure(attached, hook)).unwrap();
    assert!(Decision::from(same).is_unchanged(), "the same again is no change");
    // The pair may be bound elsewhere by now: only the memory is removed with the participant.
    assert_eq!(written(thread.does(Command::Leave(number)).unwrap()).1, ["Membership"]);
    assert_eq!(written(thread.does(Command::Detach(attached)).unwrap()).0, ["Conversation"]);
}

#[test]
fn a_participant_changes_but_for_who_they_are() {
    let mut thread = Thread::new();
    let number = thread.joined(agent("alice"));
    let update = |update| Command::UpdateParticipant(number, update);
    let named = |name: &str| ParticipantUpdate {
        identity: Some(name.to_owned()),
        ..ParticipantUpdate::default()
    };
    assert_eq!(thread.refuses(update(named("bob"))), Refusal::IdentityStays);
    let same = thread.does(update(named("alice"))).unwrap();
    assert!(Decision::from(same).is_unchanged());
    let read = ParticipantUpdate { last_read_index: Some(Some(4)), ..Default::default() };
    let read = thread.does(update(read)).unwrap();
    assert_eq!(read.events, [ConversationEvent::ParticipantUpdated { number }]);
    let one = thread.0.participant(number).unwrap();
    assert_eq!((one.last_read_index, one.last_read, one.updated), (Some(4), Some(LATER), LATER));
}

#[test]
fn what_the_account_and_the_service_are_told_of_a_message_travels_on_it() {
    let conversation = Thread::new().0;
    let question = Question::Listening(conversation.service);
    let posts = |answers: &Answers| {
        let command = Command::Post(post("hi"));
        decide(&conversation, command, Source::Channel(ChannelType::Sms), answers, NOW)
    };
    let asked = posts(&Answers::of_account());
    assert_eq!(asked, Err(Objection::AskFirst(vec![question.clone()])));
    let hooks = Hooks {
        post_url: Some("https://example.com".to_owned()),
        filters: vec![HookName::OnMessageAdded],
        ..Hooks::default()
    };
    let mut answers = Answers::of_account();
    let both = Answer::Listening(Listening::to(&hooks, Some(&hooks)));
    answers.extend([(question, both)]);
    let told = Decision::from(posts(&answers).unwrap());
    assert_eq!(kinds(&told.puts), ["Message", "Conversation"]);
    let levels: Vec<Level> = called(&told.effects).iter().map(|call| call.level).collect();
    assert_eq!(levels, [Level::Service, Level::Account]);
    let nobody = Decision::from(posts(&Answers::NONE).unwrap());
    assert_eq!(kinds(&nobody.puts), ["Conversation", "Message"]);
    assert!(nobody.effects.is_empty());
}

#[test]
fn a_conversation_is_one_item_and_only_who_can_be_told_is_refused() {
    let mut thread = Thread::new();
    let large = |number: u32| NewParticipant {
        attributes: Some("x".repeat(300 * 1024)),
        ..agent(&number.to_string())
    };
    thread.joined(large(1));
    assert_eq!(thread.refuses(Command::Join(large(2))), Refusal::ConversationTooLarge);
    let join = Command::Join(large(3));
    let seated = decide(&thread.0, join, Source::Interaction, &users(["3".to_owned()]), NOW);
    assert!(seated.is_ok(), "an agent is seated nevertheless");
    let words = Target::Trigger {
        url: "https://example.com".to_owned(),
        method: "POST".to_owned(),
        triggers: vec!["\u{1F600}".repeat(256); 100],
    };
    assert_eq!(thread.refuses(Command::Attach(words)), Refusal::ConversationTooLarge);
}

/// That these are users of the service already, which gives newcomers what every service does.
fn users(identities: impl IntoIterator<Item = String>) -> Answers {
    let service = Thread::new().0.service;
    let known =
        |identity: String| (Question::HasUser(User::sid_of(service, &identity)), Answer::Some);
    let roles = (Question::RolesOfNewcomers(service), Answer::None);
    identities.into_iter().map(known).chain([roles]).collect()
}

/// How many participants a conversation takes whose attributes are of one length.
fn fitting(attributes: usize) -> usize {
    let (conversation, text) = (Thread::new().0, Some("x".repeat(attributes)));
    let name = |number: usize| format!("agent-{number:04}@example.com");
    let known = users((0..PARTICIPANTS_MAX).map(name));
    let joins = |count: usize| {
        let one =
            |number: usize| NewParticipant { attributes: text.clone(), ..agent(&name(number)) };
        let commands = (0..count).map(one).map(Command::Join);
        decide_all(&conversation, commands, QUIET, &known, NOW).is_ok()
    };
    let counts: Vec<usize> = (0..=PARTICIPANTS_MAX).collect();
    counts.partition_point(|count| joins(*count)) - 1
}

#[test]
fn a_thousand_participants_fit_with_what_the_readme_says_and_fewer_with_more() {
    assert_eq!(fitting(0), PARTICIPANTS_MAX);
    assert_eq!(fitting(170), PARTICIPANTS_MAX);
    assert_eq!(fitting(4 * 1024), 83);
}

#[test]
fn a_large_conversation_is_removed_in_several_steps() {
    let mut thread = Thread::new();
    let named = Details { unique_name: Some(Some("n".to_owned())), ..Details::default() };
    let _ = thread.does(Command::Create(named)).unwrap();
    for number in 0..100 {
        thread.joined(agent(&number.to_string()));
    }
    let first = thread.does(Command::Remove).unwrap();
    assert!(!first.is_over() && first.events.is_empty());
    let (puts, deletes) = written(first);
    assert_eq!((puts, deletes.len()), (vec!["Conversation"], 90));
    let second = thread.does(Command::Remove).unwrap();
    assert!(second.is_over());
    let (puts, deletes) = written(second);
    assert_eq!((puts.len(), deletes.len()), (0, 12), "ten members, the name, the conversation");
}

#[test]
fn five_webhooks_are_the_most_and_each_is_found_by_its_sid() {
    let mut thread = Thread::new();
    let attach = || Command::Attach(listening_to(&[EventName::OnMessageAdded]));
    for _ in 0..WEBHOOKS_MAX {
        let number = thread.does(attach()).unwrap().number.unwrap();
        let sid: WebhookSid = thread.0.sid.kin(number);
        assert_eq!(thread.0.webhook_by_sid(sid).unwrap().number, number);
    }
    assert!(thread.0.webhook_by_sid(thread.0.sid.kin(99)).is_none());
    assert_eq!(thread.refuses(attach()), Refusal::TooManyWebhooks);
    assert_eq!(thread.refuses(Command::Detach(99)), Refusal::NoSuchWebhook);
    assert_eq!(thread.refuses(Command::Configure(99, listening_to(&[]))), Refusal::NoSuchWebhook);
}

#[test]
fn a_webhook_hears_what_it_asked_for_and_a_flow_hears_nothing() {
    let mut thread = Thread::new();
    let hook = listening_to(&[EventName::OnMessageAdded, EventName::OnConversationStateUpdated]);
    let number = thread.does(Command::Attach(hook)).unwrap().number.unwrap();
    let flow = Target::Studio { flow: FlowSid::derived(&["f"]), execution: None };
    let _ = thread.does(Command::Attach(flow)).unwrap();
    let added = ConversationEvent::MessageAdded { message: post("hi").sid, author: Some(3) };
    let told = calls(
        &thread.0,
        std::slice::from_ref(&added),
        &Source::Channel(ChannelType::Sms),
        Listening::default(),
    );
    let [call] = called(&told)[..] else { panic!("{told:?}") };
    assert_eq!((call.webhook, call.number, call.source.as_str()), (number, Some(3), "SMS"));
    let other = [ConversationEvent::ParticipantAdded { number: 1 }];
    assert!(
        calls(&thread.0, &other, &Source::Channel(ChannelType::Sms), Listening::default())
            .is_empty()
    );
    let woken = woken();
    let both = [woken, added];
    let told = calls(&thread.0, &both, &Source::Api { webhooks: true }, Listening::default());
    let [first, second] = called(&told)[..] else { panic!("{told:?}") };
    assert_eq!((first.source.as_str(), first.state_from.as_deref()), ("API", Some("inactive")));
    assert_eq!((first.state_to.as_deref(), first.reason), (Some("active"), Some(Reason::Event)));
    assert_eq!(second.event, EventName::OnMessageAdded);
    assert!(calls(&thread.0, &both, &QUIET, Listening::default()).is_empty());
}

#[test]
fn a_trigger_hears_of_messages() {
    let mut thread = Thread::new();
    let target = Target::Trigger {
        url: "https://example.com".to_owned(),
        method: "GET".to_owned(),
        triggers: vec!["help".to_owned()],
    };
    let _ = thread.does(Command::Attach(target)).unwrap();
    let message = post("hi").sid;
    let added = [ConversationEvent::MessageAdded { message, author: None }];
    assert_eq!(
        calls(&thread.0, &added, &Source::Channel(ChannelType::Sms), Listening::default()).len(),
        1
    );
    let removed = [ConversationEvent::MessageRemoved { message, author: None }];
    assert!(
        calls(&thread.0, &removed, &Source::Channel(ChannelType::Sms), Listening::default())
            .is_empty()
    );
}

#[test]
fn a_message_wakes_a_quiet_conversation_is_edited_and_withdrawn() {
    let mut thread = Thread::new();
    thread.joined(customer(1));
    let author = Some(thread.joined(agent("alice")));
    let quiet = Details { state: Some(State::Inactive), ..Details::default() };
    let _ = thread.does(Command::Update(quiet)).unwrap();
    let posted = thread.does(Command::Post(post("hi"))).unwrap();
    let message = post("hi").sid;
    let woken = woken();
    assert_eq!(posted.events, [woken, ConversationEvent::MessageAdded { message, author }]);
    let kept = posted.message.clone().unwrap();
    let decision = Decision::from(posted);
    assert_eq!(kinds(&decision.puts), ["Conversation", "Message"]);
    assert!(matches!(decision.effects[..], [Effect::Send(_)]));
    let edit = |body: &str| {
        Command::Edit(
            Box::new(kept.clone()),
            Edit { body: Some(Some(body.into())), ..Edit::default() },
        )
    };
    assert!(Decision::from(thread.does(edit("hi")).unwrap()).is_unchanged());
    assert_eq!(thread.refuses(edit("")), Refusal::EmptyMessage);
    let edited = thread.does(edit("ho")).unwrap();
    assert_eq!(edited.events, [ConversationEvent::MessageUpdated { message, author }]);
    let decision = Decision::from(edited);
    assert_eq!((kinds(&decision.puts), decision.effects.len()), (vec!["Message"], 0));
    let gone = thread.does(Command::Withdraw(Box::new(kept.clone()))).unwrap();
    assert_eq!(gone.events, [ConversationEvent::MessageRemoved { message, author }]);
    let gone = gone.message.unwrap();
    assert!(gone.removed && gone.body.is_none() && gone.sid == kept.sid);
}
