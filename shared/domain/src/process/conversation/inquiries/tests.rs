use std::collections::BTreeMap;

use super::*;
use crate::address::ChannelType;
use crate::carriage::{CarrierName, InboundMessage};
use crate::codes::Code;
use crate::conversation::{
    Answer, Asked, Defaults, Details, Hooks, NewParticipant, Pair, ParticipantUpdate, Question,
};
use crate::message::{Edit, Post};
use crate::process::conversation::{ConversationChange, decide_all};
use crate::sid::{ConversationSid, MessageSid, ServiceSid};
use crate::timestamp::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000);
const ALOUD: Source = Source::Api { webhooks: true };

fn pair() -> Pair {
    Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap()
}

fn empty() -> Conversation {
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    Conversation::new(sid, service, Defaults::default(), NOW)
}

/// Whatever is not asked of endpoints is answered so that nothing stands in the way.
fn answers(conversation: &Conversation, hooks: &Hooks) -> Answers {
    let listening = Answer::Listening(Listening::to(hooks, None));
    let mut all = Answers::of_account();
    all.extend([(Question::Listening(conversation.service), listening)]);
    all.extend([(Question::HolderOf(pair()), Answer::None)]);
    all.extend([(Question::IsOurs(pair().proxy), Answer::With(CarrierName::default()))]);
    all
}

fn asking(hooks: &[HookName]) -> Hooks {
    let pre_url = Some("https://example.com".to_owned());
    Hooks { pre_url, filters: hooks.to_vec(), ..Hooks::default() }
}

const ALL: [HookName; 9] = [
    HookName::OnConversationAdd,
    HookName::OnConversationUpdate,
    HookName::OnConversationRemove,
    HookName::OnParticipantAdd,
    HookName::OnParticipantUpdate,
    HookName::OnParticipantRemove,
    HookName::OnMessageAdd,
    HookName::OnMessageUpdate,
    HookName::OnMessageRemove,
];

fn decided(
    conversation: &Conversation,
    commands: &[Command],
    source: Source,
    verdicts: &[(Asked, Verdict)],
) -> Result<ConversationChange, Objection> {
    let verdicts: BTreeMap<Asked, Verdict> = verdicts.iter().cloned().collect();
    let answers = answers(conversation, &asking(&ALL)).with_verdicts(verdicts);
    decide_all(conversation, commands.to_vec(), source, &answers, NOW)
}

/// What is asked first about commands.
fn asked(conversation: &Conversation, commands: &[Command], source: Source) -> Vec<Inquiry> {
    match decided(conversation, commands, source, &[]) {
        Err(Objection::AskEndpoints(inquiries)) => inquiries,
        Ok(_) => Vec::new(),
        Err(other) => panic!("{other:?}"),
    }
}

fn hooks_of(inquiries: &[Inquiry]) -> Vec<Asked> {
    inquiries.iter().map(|one| one.asked).collect()
}

fn post(body: &str) -> Post {
    Post {
        sid: MessageSid::derived(&[body]),
        author: Some("ann".to_owned()),
        body: Some(body.into()),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Default::default(),
        filled: None,
    }
}

fn inbound() -> Post {
    let Pair { address, proxy } = pair();
    Post::of(&InboundMessage::new(CarrierName::default(), "SM1", (address, proxy), "hi", NOW), None)
}

/// A conversation with the customer and a message in it.
fn begun() -> (Conversation, Message) {
    let commands = [
        Command::Create(Details::default()),
        Command::Join(NewParticipant::at(pair())),
        Command::Post(post("hello")),
    ];
    let change = decided(&empty(), &commands, Source::Interaction, &[]).unwrap();
    let mut conversation = change.conversation;
    conversation.version += 1;
    (conversation, change.message.unwrap())
}

fn parameter<'a>(inquiry: &'a Inquiry, name: &str) -> Option<&'a str> {
    let found = inquiry.parameters.iter().find(|(given, _)| given == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn each_command_is_asked_about_as_what_it_does() {
    let (open, message) = begun();
    let named = Details { friendly_name: Some(Some("n".to_owned())), ..Details::default() };
    let attributes = ParticipantUpdate {
        attributes: Some(Some("{\"a\":1}".to_owned())),
        ..ParticipantUpdate::default()
    };
    let edit = Edit { body: Some(Some("other".into())), ..Edit::default() };
    for (command, hook) in [
        (Command::Update(named), HookName::OnConversationUpdate),
        (Command::Remove, HookName::OnConversationRemove),
        (Command::UpdateParticipant(1, attributes), HookName::OnParticipantUpdate),
        (Command::Leave(1), HookName::OnParticipantRemove),
        (Command::Post(post("b")), HookName::OnMessageAdd),
        (Command::Edit(Box::new(message.clone()), edit), HookName::OnMessageUpdate),
        (Command::Withdraw(Box::new(message)), HookName::OnMessageRemove),
    ] {
        let asked = asked(&open, std::slice::from_ref(&command), ALOUD);
        assert_eq!(hooks_of(&asked), [(hook, 0)], "{}", hook.name());
        let veto = [((hook, 0), Verdict::Vetoed)];
        let refused = decided(&open, std::slice::from_ref(&command), ALOUD, &veto);
        assert_eq!(refused.unwrap_err(), Objection::Refused(Refusal::WebhookVetoed));
        let allowed = [((hook, 0), Verdict::Allowed)];
        assert!(decided(&open, &[command], ALOUD, &allowed).is_ok(), "{}", hook.name());
    }
    let commands = [Command::Create(Details::default()), Command::Join(NewParticipant::at(pair()))];
    let asked = asked(&empty(), &commands, ALOUD);
    let both = [(HookName::OnConversationAdd, 0), (HookName::OnParticipantAdd, 1)];
    assert_eq!(hooks_of(&asked), both);
}

#[test]
fn what_we_do_ourselves_and_what_says_nothing_of_webhooks_is_not_asked_about() {
    let (open, _) = begun();
    let quiet = Source::Api { webhooks: false };
    for source in [Source::Interaction, Source::Timer, quiet] {
        let asked = asked(&open, &[Command::Post(post("b"))], source.clone());
        assert_eq!(asked, [], "{source:?}");
    }
    assert_eq!(asked(&open, &[Command::Close], ALOUD), [], "a state is not asked about");
    assert_eq!(asked(&open, &[Command::Update(Details::default())], ALOUD), []);
}

#[test]
fn a_function_that_asks_nobody_decides_without() {
    let (open, _) = begun();
    let answers = answers(&open, &asking(&ALL));
    let commands = [Command::Post(post("b"))];
    assert!(decide_all(&open, commands, ALOUD, &answers, NOW).is_ok());
}

#[test]
fn a_customers_message_is_asked_about_once_as_a_message_or_as_a_conversation() {
    let (open, _) = begun();
    let appending = [Command::Learn(vec![pair().address]), Command::Post(inbound())];
    let asked_about = asked(&open, &appending, Source::Channel(ChannelType::Sms));
    assert_eq!(hooks_of(&asked_about), [(HookName::OnMessageAdd, 1)]);
    assert_eq!(parameter(&asked_about[0], "Source"), Some("SMS"));
    assert_eq!(parameter(&asked_about[0], "Body"), Some("hi"));
    let opening = [
        Command::Create(Details::default()),
        Command::Join(NewParticipant::at(pair())),
        Command::Post(inbound()),
    ];
    let asked = asked(&empty(), &opening, Source::Channel(ChannelType::Sms));
    assert_eq!(hooks_of(&asked), [(HookName::OnConversationAdd, 0)]);
    let said = |name| parameter(&asked[0], name);
    assert_eq!(
        (said("MessageBody"), said("ConversationSid"), said("DateCreated")),
        (Some("hi"), None, None)
    );
    assert_eq!(said("MessagingBinding.Address"), Some("+14155550100"));
    assert_eq!(said("MessagingBinding.ProxyAddress"), Some("+18005550199"));
}

#[test]
fn who_is_asked_about_a_customers_message_hears_what_the_carrier_said_of_it() {
    let (open, _) = begun();
    let opening = |post| {
        vec![
            Command::Create(Details::default()),
            Command::Join(NewParticipant::at(pair())),
            Command::Post(post),
        ]
    };
    let source = Source::Channel(ChannelType::Whatsapp);
    let told = |post: Post| {
        let appended = asked(&open, &[Command::Post(post.clone())], source.clone());
        let opened = asked(&empty(), &opening(post), source.clone());
        assert_eq!(parameter(&appended[0], "Source"), Some("WHATSAPP"));
        let [one, other] = [&appended[0], &opened[0]]
            .map(|it| parameter(it, "ChannelMetadata").map(str::to_owned));
        assert_eq!(one, other);
        one
    };
    assert_eq!(told(inbound()), None, "nothing was said");
    let mut post = inbound();
    post.origin.as_mut().unwrap().profile_name = Some("Ann".into());
    let metadata = post.origin.as_ref().unwrap().metadata(&[]);
    assert_eq!(metadata["data"]["profile_name"], "Ann");
    assert_eq!(told(post), Some(metadata.to_string()));
}

#[test]
fn what_an_endpoint_changes_is_what_is_done() {
    let (open, message) = begun();
    let changes = Changes {
        body: Some("theirs".into()),
        author: Some("eve".to_owned()),
        attributes: Some("{\"a\":1}".to_owned()),
        friendly_name: Some("named".to_owned()),
    };
    let edit = Edit { body: Some(Some("mine".into())), ..Edit::default() };
    for (command, hook) in [
        (Command::Post(post("mine")), HookName::OnMessageAdd),
        (Command::Edit(Box::new(message), edit), HookName::OnMessageUpdate),
    ] {
        let verdict = [((hook, 0), Verdict::Changed(changes.clone()))];
        let made = decided(&open, &[command], ALOUD, &verdict).unwrap().message.unwrap();
        assert_eq!(
            (made.body.as_deref(), made.author.as_str()),
            (Some(&"theirs".to_owned()), "eve")
        );
        assert_eq!(made.attributes.as_deref(), Some("{\"a\":1}"));
    }
    let details = Details { unique_name: Some(Some("u".to_owned())), ..Details::default() };
    let verdict = [((HookName::OnConversationAdd, 0), Verdict::Changed(changes))];
    let all = answers(&empty(), &asking(&ALL));
    let mut all = all.with_verdicts(verdict.into_iter().collect());
    all.extend([(Question::BearerOf(empty().service, "u".to_owned()), Answer::None)]);
    let made = decide_all(&empty(), [Command::Create(details)], ALOUD, &all, NOW).unwrap();
    let made = made.conversation;
    assert_eq!(
        (made.friendly_name.as_deref(), made.unique_name.as_deref()),
        (Some("named"), Some("u"))
    );
}

#[test]
fn a_change_that_cannot_be_made_is_refused_under_its_code() {
    let (open, _) = begun();
    let commands = [Command::Post(post("mine"))];
    let verdict = [((HookName::OnMessageAdd, 0), Verdict::Unfit(Code::AuthorTooLong))];
    let refused = decided(&open, &commands, ALOUD, &verdict).unwrap_err();
    let Objection::Refused(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.code(), Code::AuthorTooLong);
    let emptied = Changes { body: Some("".into()), ..Changes::default() };
    let verdict = [((HookName::OnMessageAdd, 0), Verdict::Changed(emptied.clone()))];
    let refused = decided(&open, &commands, ALOUD, &verdict).unwrap_err();
    assert_eq!(refused, Objection::Refused(Refusal::EmptyMessage));
    let verdict = [((HookName::OnMessageAdd, 0), Verdict::Changed(emptied))];
    let refused =
        decided(&open, &[Command::Post(inbound())], Source::Channel(ChannelType::Sms), &verdict);
    assert_eq!(refused.unwrap_err(), Objection::Refused(Refusal::EmptyMessage));
}

#[test]
fn whoever_is_said_to_have_written_the_writer_gets_no_copy() {
    let (open, _) = begun();
    let changes = Changes { author: Some("somebody".to_owned()), ..Changes::default() };
    let verdict = [((HookName::OnMessageAdd, 0), Verdict::Changed(changes))];
    let posted =
        decided(&open, &[Command::Post(inbound())], Source::Channel(ChannelType::Sms), &verdict)
            .unwrap();
    let message = posted.message.unwrap();
    assert_eq!((message.author.as_str(), message.deliveries.len()), ("somebody", 0));
}

#[test]
fn an_inquiry_keeps_what_it_says_to_itself() {
    let (open, _) = begun();
    let asked = asked(&open, &[Command::Post(post("a secret"))], ALOUD);
    assert!(!format!("{asked:?}").contains("secret"));
}
