//! Every command, under every single permission.

use std::collections::BTreeMap;

use strum::VariantArray as _;

use super::*;
use crate::carriage::CarrierName;
use crate::conversation::LeftAlone;
use crate::conversation::{
    Answers, Defaults, NewParticipant, Objection, Pair, RoleKind, SpeakerCommand, State, Target,
};
use crate::process::conversation::{ConversationChange, decide};
use crate::sid::{ConversationSid, InteractionSid, MessageSid, ServiceSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_000_000);
const API: Source = Source::Api { webhooks: false };
/// A role that the tests give what they like.
const ROLE: u32 = 77;

fn service() -> ServiceSid {
    ServiceSid::derived(&["s"])
}

fn client() -> Client {
    Client { identity: "ann".to_owned() }
}

fn post(body: &str, author: Option<&str>) -> Post {
    Post {
        sid: MessageSid::derived(&[body]),
        author: author.map(str::to_owned),
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

fn file() -> crate::carriage::Media {
    let text = r#"{"url":"https://files.example/a.png","content_type":"image/png"}"#;
    serde_json::from_str(text).unwrap()
}

/// Decides with what roles grant: of the participant, and of the user.
fn decided(
    on: &Conversation,
    command: Command,
    source: Source,
    (participant, user): (&[Permission], &[Permission]),
) -> Result<ConversationChange, Refusal> {
    let mut known: BTreeMap<Question, Answer> = BTreeMap::new();
    loop {
        let answers: Answers = known.clone().into_iter().collect();
        match decide(on, command.clone(), source.clone(), &answers, NOW) {
            Ok(change) => return Ok(change),
            Err(Objection::Refused(refusal)) => return Err(refusal),
            Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
            Err(Objection::AskFirst(questions)) => {
                for question in questions {
                    let grants = |all: &[Permission]| {
                        Answer::Grants(all.iter().copied().collect::<Grants>())
                    };
                    let answer = match &question {
                        Question::GrantsOf(_, ROLE) => grants(participant),
                        Question::GrantsOf(..) => grants(user),
                        Question::RoleOf(_) => Answer::Role(2),
                        Question::KindOfRole(..) => Answer::Kind(RoleKind::Conversation),
                        Question::HasUser(_)
                        | Question::IsInPool(..)
                        | Question::HasMessagingService(_) => Answer::Some,
                        Question::IsOurs(_) => Answer::With(CarrierName::default()),
                        Question::HolderOf(_)
                        | Question::HolderOfGroup(_)
                        | Question::IsInOpen(..)
                        | Question::BearerOf(..)
                        | Question::Remembers(..)
                        | Question::RolesOfNewcomers(_)
                        | Question::Listening(_) => Answer::None,
                    };
                    assert!(known.insert(question, answer).is_none(), "asked twice");
                }
            }
        }
    }
}

fn set_up(on: &Conversation, command: Command) -> ConversationChange {
    decided(on, command, API, (&[], &[])).unwrap()
}

/// A conversation with ann, who has the role of the tests, with bob and with a message of each.
struct Thread {
    conversation: Conversation,
    own: Message,
    bobs: Message,
}

fn thread() -> Thread {
    let sid = ConversationSid::derived(&["c"]);
    let new = Conversation::new(sid, service(), Defaults::default(), NOW);
    let created = set_up(&new, Command::Create(Details::default())).conversation;
    let role = Some(service().kin(ROLE));
    let ann = NewParticipant { role, ..NewParticipant::known_as("ann".to_owned()) };
    let bob = NewParticipant::known_as("bob".to_owned());
    let joined = set_up(&created, Command::Join(ann)).conversation;
    let joined = set_up(&joined, Command::Join(bob)).conversation;
    let own = set_up(&joined, Command::Post(post("mine", Some("ann"))));
    let bobs = set_up(&own.conversation, Command::Post(post("his", Some("bob"))));
    Thread {
        conversation: bobs.conversation,
        own: own.message.unwrap(),
        bobs: bobs.message.unwrap(),
    }
}

fn attributes() -> Option<Option<String>> {
    Some(Some("{}".to_owned()))
}

/// What a command needs: any one of these, or no permission will do.
enum May {
    Any(&'static [Permission]),
    Always,
    Never,
}

/// A command as a client could give it, by its name, and who may.
type Case = (&'static str, Command, May);

/// Every command as a client could give it, and who may.
fn table(thread: &Thread) -> Vec<Case> {
    let mut all = of_conversation();
    all.extend(of_people(thread));
    all.extend(of_messages(thread));
    all
}

/// A time that only the server sets.
const DATED: Dates = Dates { created: Some(NOW), updated: None };

fn of_conversation() -> Vec<Case> {
    use May::{Any, Never};
    let named = |details: Details| Command::Update(details);
    let target = || Target::Studio { flow: crate::sid::FlowSid::derived(&["f"]), execution: None };
    vec![
        (
            "name",
            named(Details { friendly_name: Some(None), ..Details::default() }),
            Any(&[P::EditConversationName]),
        ),
        (
            "unique name",
            named(Details { unique_name: Some(Some("u".to_owned())), ..Details::default() }),
            Any(&[P::EditConversationName]),
        ),
        (
            "attributes",
            named(Details { attributes: attributes(), ..Details::default() }),
            Any(&[P::EditConversationAttributes]),
        ),
        ("state", named(Details { state: Some(State::Closed), ..Details::default() }), Never),
        (
            "timer",
            named(Details { inactive: Some(Some(Millis(60_000))), ..Details::default() }),
            Never,
        ),
        ("other timer", named(Details { closed: Some(None), ..Details::default() }), Never),
        ("service", named(Details { messaging_service: Some(None), ..Details::default() }), Never),
        ("date", named(Details { dates: DATED, ..Details::default() }), Never),
        ("link", Command::Link(InteractionSid::derived(&["i"])), Never),
        ("close", Command::Close, Never),
        ("look", Command::Look, Never),
        ("remove", Command::Remove, Any(&[P::DeleteConversation])),
        ("attach", Command::Attach(target()), Never),
        ("attach and replay", Command::AttachFrom(target(), 0), Never),
        ("replay", Command::Replay { webhook: 1, from: 0, messages: Vec::new() }, Never),
        ("configure", Command::Configure(1, target()), Never),
        ("detach", Command::Detach(1), Never),
        ("speak", Command::Speak(SpeakerCommand::GiveBack { token: 1 }), Never),
        ("learn", Command::Learn(Vec::new()), Never),
        ("leave alone", Command::LeaveAlone(LeftAlone::default()), Never),
        ("take up", Command::TakeUp(None), Never),
        ("readdress", Command::Readdress { old: Vec::new(), new: Vec::new(), since: NOW }, Never),
    ]
}

fn of_people(thread: &Thread) -> Vec<Case> {
    use May::{Always, Any, Never};
    let number = |name: &str| thread.conversation.participant_called(name).unwrap().number;
    let (ann, bob) = (number("ann"), number("bob"));
    let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap();
    let of = |number, update| Command::UpdateParticipant(number, update);
    let update = ParticipantUpdate::default;
    vec![
        (
            "add",
            Command::Join(NewParticipant::known_as("carol".to_owned())),
            Any(&[P::AddParticipant]),
        ),
        (
            "add with a role",
            Command::Join(NewParticipant {
                role: Some(service().kin(3)),
                ..NewParticipant::known_as("carol".to_owned())
            }),
            Never,
        ),
        (
            "add an address",
            Command::Join(NewParticipant::at(pair.clone())),
            Any(&[P::AddNonChatParticipant]),
        ),
        (
            "add a number of ours",
            Command::Join(NewParticipant::of_group(Member::Projected(pair.proxy.clone()))),
            Never,
        ),
        (
            "give a number of ours",
            of(ann, ParticipantUpdate { projected: Some(None), ..update() }),
            Never,
        ),
        ("take a number", of(bob, ParticipantUpdate { proxy: Some(None), ..update() }), Never),
        (
            "own attributes",
            of(ann, ParticipantUpdate { attributes: attributes(), ..update() }),
            Any(&[P::EditOwnParticipantAttributes, P::EditAnyParticipantAttributes]),
        ),
        (
            "bob's attributes",
            of(bob, ParticipantUpdate { attributes: attributes(), ..update() }),
            Any(&[P::EditAnyParticipantAttributes]),
        ),
        (
            "own role",
            of(ann, ParticipantUpdate { role: Some(Some(service().kin(3))), ..update() }),
            Never,
        ),
        (
            "own reading",
            of(ann, ParticipantUpdate { last_read_index: Some(Some(1)), ..update() }),
            Always,
        ),
        (
            "bob's reading",
            of(bob, ParticipantUpdate { last_read_index: Some(Some(1)), ..update() }),
            Never,
        ),
        (
            "own level",
            of(ann, ParticipantUpdate { muted: Some(true), ..update() }),
            Any(&[P::EditNotificationLevel]),
        ),
        ("bob's level", of(bob, ParticipantUpdate { muted: Some(true), ..update() }), Never),
        ("leave", Command::Leave(ann), Any(&[P::LeaveConversation, P::RemoveParticipant])),
        ("put out", Command::Leave(bob), Any(&[P::RemoveParticipant])),
    ]
}

fn of_messages(thread: &Thread) -> Vec<Case> {
    use May::{Any, Never};
    let (own, bobs) = (Box::new(thread.own.clone()), Box::new(thread.bobs.clone()));
    let text = Edit { body: Some(Some("new".into())), ..Edit::default() };
    let beside = Edit { attributes: attributes(), ..Edit::default() };
    vec![
        ("post", Command::Post(post("hello", None)), Any(&[P::SendMessage])),
        ("post as oneself", Command::Post(post("hello", Some("ann"))), Any(&[P::SendMessage])),
        ("post as bob", Command::Post(post("hello", Some("bob"))), Never),
        ("post in the past", Command::Post(Post { dates: DATED, ..post("hello", None) }), Never),
        (
            "send a file",
            Command::Post(Post { body: None, media: vec![file()], ..post("hello", None) }),
            Any(&[P::SendMediaMessage]),
        ),
        (
            "edit",
            Command::Edit(own.clone(), text.clone()),
            Any(&[P::EditOwnMessage, P::EditAnyMessage]),
        ),
        ("edit bob's", Command::Edit(bobs.clone(), text), Any(&[P::EditAnyMessage])),
        (
            "edit beside",
            Command::Edit(own.clone(), beside.clone()),
            Any(&[P::EditOwnMessageAttributes, P::EditAnyMessageAttributes]),
        ),
        (
            "edit beside bob's",
            Command::Edit(bobs.clone(), beside),
            Any(&[P::EditAnyMessageAttributes]),
        ),
        (
            "rewrite as bob's",
            Command::Edit(own.clone(), Edit { author: Some("bob".to_owned()), ..Edit::default() }),
            Never,
        ),
        ("withdraw", Command::Withdraw(own), Any(&[P::DeleteOwnMessage, P::DeleteAnyMessage])),
        ("withdraw bob's", Command::Withdraw(bobs), Any(&[P::DeleteAnyMessage])),
    ]
}

#[test]
fn each_command_is_for_those_whose_roles_grant_it_and_for_nobody_else() {
    let thread = thread();
    for (name, command, may) in table(&thread) {
        for one in Permission::VARIANTS {
            let expected = match &may {
                May::Any(any) => any.contains(one),
                May::Always => true,
                May::Never => false,
            };
            for roles in [(&[*one][..], &[][..]), (&[][..], &[*one][..])] {
                let source = Source::Client(client());
                let done = decided(&thread.conversation, command.clone(), source, roles);
                let is_allowed = !matches!(done, Err(Refusal::NotAuthorized));
                assert_eq!(is_allowed, expected, "{name} with {one:?}");
                assert!(!expected || done.is_ok(), "{name}: {done:?}");
            }
        }
        // The account may whatever it likes, and nobody asks for a role.
        let by_account = decided(&thread.conversation, command, API, (&[], &[]));
        assert!(!matches!(by_account, Err(Refusal::NotAuthorized)), "{name}");
    }
}

/// What the commands of the table are, so that none is missing from it.
#[test]
fn the_table_has_every_command() {
    let name =
        |command: &Command| format!("{command:?}").split(['(', ' ']).next().unwrap().to_owned();
    let thread = thread();
    let mut names: Vec<String> =
        table(&thread).iter().map(|(_, command, _)| name(command)).collect();
    names.push(name(&Command::Create(Details::default())));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 22, "{names:?}");
}

#[test]
fn all_of_what_a_command_changes_has_to_be_allowed() {
    let thread = thread();
    let both =
        Details { friendly_name: Some(None), attributes: attributes(), ..Details::default() };
    let with = |roles: &[Permission]| {
        let source = Source::Client(client());
        decided(&thread.conversation, Command::Update(both.clone()), source, (roles, &[]))
    };
    assert_eq!(with(&[P::EditConversationName]).unwrap_err(), Refusal::NotAuthorized);
    assert!(with(&[P::EditConversationName, P::EditConversationAttributes]).is_ok());
}

#[test]
fn what_a_client_posts_is_theirs() {
    let thread = thread();
    let posted = decided(
        &thread.conversation,
        Command::Post(post("hello", None)),
        Source::Client(client()),
        (&[P::SendMessage], &[]),
    );
    let message = posted.unwrap().message.unwrap();
    assert_eq!(message.author, "ann");
    let own = thread.conversation.participant_called("ann").unwrap().number;
    assert_eq!(message.participant, Some(own));
}

#[test]
fn who_makes_a_conversation_joins_it_as_its_creator_and_nobody_joins_by_themselves() {
    let sid = ConversationSid::derived(&["n"]);
    let new = Conversation::new(sid, service(), Defaults::default(), NOW);
    let by = |identity: &str| Source::Client(Client { identity: identity.to_owned() });
    let create = Command::Create(Details::default());
    let roles: (&[Permission], &[Permission]) = (&[], &[P::JoinConversation]);
    assert_eq!(
        decided(&new, create.clone(), by("ann"), roles).unwrap_err(),
        Refusal::NotAuthorized
    );
    let roles: (&[Permission], &[Permission]) =
        (&[], &[P::CreateConversation, P::JoinConversation]);
    let made = decided(&new, create, by("ann"), roles).unwrap().conversation;
    assert_eq!(made.created_by.as_deref(), Some("ann"));
    let joins = |identity: &str| Command::Join(NewParticipant::known_as(identity.to_owned()));
    let refused = decided(&made, joins("bob"), by("bob"), roles).unwrap_err();
    assert_eq!(refused, Refusal::NotAuthorized, "another's conversation");
    let joined = decided(&made, joins("ann"), by("ann"), roles).unwrap().conversation;
    let role = joined.participant_called("ann").unwrap().role.clone();
    assert_eq!(role.as_deref(), Some("3"), "channel admin");
    let added = set_up(&made, joins("carol")).conversation;
    let role = added.participant_called("carol").unwrap().role.clone();
    assert_eq!(role.as_deref(), Some("4"), "channel user");
}
