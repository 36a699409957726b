use serde_json::json;

use super::*;
use crate::address::Address;
use crate::conversation::{
    Answer, Answers, Dates, Defaults, Details, NewParticipant, Objection, Pair, Question, Source,
};
use crate::decision::Decision;
use crate::effect::{Effect, InviteRequest};
use crate::message::Post;
use crate::private::Private;
use crate::process::conversation::{Command, ConversationChange, decide_all};
use crate::sid::{
    ConversationSid, MessageSid, ServiceSid, Sid as _, TaskChannelSid, WorkflowSid, WorkspaceSid,
};
use crate::timestamp::Timestamp;
use crate::webchat::Webchat;
use crate::workspace::Route;

const NOW: Timestamp = Timestamp(1_795_341_600_000);

fn address(text: &str, handler: Handler) -> AddressConfiguration {
    let address: Address = text.parse().unwrap();
    AddressConfiguration {
        sid: AddressConfiguration::sid_of(&address),
        kind: address.channel(),
        address,
        friendly_name: None,
        address_country: None,
        enabled: true,
        service: None,
        handler,
        care: None,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

/// A flow that leads who writes of a bill to the bills' agents, and asks everybody else first.
fn definition() -> Value {
    let next = |event: &str, next: &str| json!({ "event": event, "next": next });
    let arguments = ["{{trigger.message.Body}}"];
    let condition = json!({ "type": "contains", "value": "bill", "arguments": arguments });
    let bills = json!({ "event": "match", "next": "agent", "conditions": [condition] });
    let workflow = WorkflowSid::derived(&["w"]);
    let about = r#"{"topic": "bills", "said": {{trigger.message.Body | to_json}}}"#;
    json!({
        "initial_state": "t",
        "states": [
            { "name": "t", "type": "trigger", "properties": {},
              "transitions": [next("incomingConversationMessage", "split")] },
            { "name": "split", "type": "split-based-on",
              "properties": { "input": arguments[0] }, "transitions": [next("noMatch", "ask"), bills] },
            { "name": "ask", "type": "send-and-wait-for-reply", "properties": { "body": "Yes?" },
              "transitions": [next("incomingMessage", "agent")] },
            { "name": "agent", "type": "send-to-flex", "transitions": [],
              "properties": { "workflow": workflow, "channel": "chat", "attributes": about } },
        ],
    })
}

#[test]
fn a_guest_is_led_to_agents_straight_or_to_the_first_ones() {
    let (chat, flow) = (opened(), flow(true));
    let wrote = |text: &str| {
        let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        let body = Some(text.into());
        let sid = MessageSid::derived(&["m"]);
        crate::message::outside(sid, pair.unwrap(), body, Vec::new(), None, NOW).unwrap()
    };
    let straight = led_to(&flow, &chat, Some(&wrote("my bill")), NOW).unwrap();
    assert_eq!(straight.attributes["topic"], "bills");
    assert_eq!(straight.attributes["said"], "my bill");
    for message in [Some(&wrote("hello")), None] {
        assert!(led_to(&flow, &chat, message, NOW).unwrap().attributes.is_empty());
    }
    let silent = Flow { definition: "{}".to_owned(), ..flow };
    assert_eq!(led_to(&silent, &chat, Some(&wrote("my bill")), NOW), None);
}

fn flow(leads: bool) -> Flow {
    Flow {
        sid: FlowSid::derived(&["f"]),
        friendly_name: "f".to_owned(),
        definition: definition().to_string(),
        route: leads.then(|| Route {
            workspace: WorkspaceSid::derived(&["w"]),
            workflow: WorkflowSid::derived(&["w"]),
            channel: TaskChannelSid::derived(&["c"]),
        }),
        routes: std::collections::BTreeMap::new(),
        live: None,
        test_users: Vec::new(),
        published: true,
        addresses: std::collections::BTreeSet::new(),
        revision: 1,
        commit_message: None,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

#[test]
fn a_chat_address_that_opens_conversations_is_needed() {
    let flow = flow(true);
    let studio = || Handler::Studio { flow: flow.sid, retry_count: 0 };
    assert_eq!(flow_of(&address("chat:desk", studio()), Some(&flow)), Ok(Some(flow.sid)));
    assert_eq!(flow_of(&address("chat:desk", studio()), Some(&self::flow(false))), Ok(None));
    let silent = Flow { definition: "{}".to_owned(), ..flow.clone() };
    assert_eq!(flow_of(&address("chat:desk", studio()), Some(&silent)), Ok(None));
    assert_eq!(flow_of(&address("chat:desk", Handler::Default), None), Ok(None));
    let gone = flow_of(&address("chat:desk", studio()), None);
    assert_eq!(gone, Err(Code::AutoCreationFlowMissing));
    let closed = AddressConfiguration { enabled: false, ..address("chat:desk", studio()) };
    assert_eq!(flow_of(&closed, Some(&flow)), Err(Code::AutoCreationDisabled));
    let sms = flow_of(&address("+18005550199", studio()), Some(&flow));
    assert_eq!(sms, Err(Code::InvalidWebchatParameter));
}

/// A webchat with a guest, who is new to the service.
fn opened() -> Conversation {
    let sid = ConversationSid::derived(&["c"]);
    let service = ServiceSid::derived(&["s"]);
    let chat = Webchat {
        guest: "guest-1".to_owned(),
        name: Some("Larry\nDavid".to_owned()),
        flow: Some(FlowSid::derived(&["f"])),
    };
    let new = Conversation::new(sid, service, Defaults::default(), NOW).for_webchat(chat);
    let join = Command::Join(NewParticipant::known_as("guest-1".to_owned()));
    done(&new, vec![Command::Create(Details::default()), join]).conversation
}

/// Carries out commands, where everything that is asked has no answer.
fn done(conversation: &Conversation, commands: Vec<Command>) -> ConversationChange {
    let mut answers = Answers::default();
    for _ in 0..5 {
        let source = Source::Api { webhooks: false };
        match decide_all(conversation, commands.clone(), source, &answers, NOW) {
            Err(Objection::AskFirst(open)) => {
                answers.extend(open.into_iter().map(|one: Question| (one, Answer::None)));
            }
            decided => return decided.unwrap(),
        }
    }
    panic!("it asks for ever")
}

fn says(conversation: &Conversation, id: &str, author: &str, body: &str) -> ConversationChange {
    let post = Post {
        sid: MessageSid::derived(&[id]),
        author: Some(author.to_owned()),
        body: Some(Private::from(body)),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    };
    done(conversation, vec![Command::Post(post)])
}

fn invites(change: ConversationChange) -> Vec<InviteRequest> {
    let decision = Decision::from(change);
    let asked = decision.effects.into_iter().filter_map(|effect| match effect {
        Effect::Invite(request) => Some(request),
        Effect::Notify(_)
        | Effect::Route(_)
        | Effect::Send(_)
        | Effect::Media(_)
        | Effect::Wake(_) => None,
    });
    asked.collect()
}

#[test]
fn the_flow_begins_with_the_first_message_of_the_guest_and_once() {
    let new = opened();
    let greeted = says(&new, "1", "Concierge", "Welcome");
    let conversation = greeted.conversation.clone();
    assert_eq!(invites(greeted), [], "the guest has said nothing");
    assert_eq!(conversation.interaction, None);
    let said = says(&conversation, "2", "guest-1", "hello");
    let after = said.conversation.clone();
    let open = InviteRequest::Open {
        interaction: new.sid.twin(),
        conversation: new.sid,
        flow: FlowSid::derived(&["f"]),
        message: Some(MessageSid::derived(&["2"])),
        execution: None,
    };
    assert_eq!(invites(said), [open]);
    assert_eq!(after.interaction, Some(new.sid.twin()));
    assert_eq!(after.webchat.as_ref().unwrap().flow, None);
    assert_eq!(invites(says(&after, "3", "guest-1", "anybody?")), []);
}

#[test]
fn a_task_says_who_the_guest_is() {
    let attributes = with_guest(json!({ "name": "given", "x": 1 }), &opened());
    let expected = json!({
        "customerAddress": "guest-1", "from": "Larry\nDavid", "customerName": "Larry\nDavid",
        "name": "given", "channelType": "web", "x": 1,
    });
    assert_eq!(attributes, expected);
    let sid = ConversationSid::derived(&["other"]);
    let other = Conversation::new(sid, ServiceSid::derived(&["s"]), Defaults::default(), NOW);
    assert_eq!(with_guest(json!({ "x": 1 }), &other), json!({ "x": 1 }));
}

#[test]
fn a_transcript_has_a_line_for_each_message_in_the_name_of_its_author_alone() {
    let mut conversation = opened();
    let mut messages = Vec::new();
    for (id, author, body) in [
        ("1", "guest-1", "hello\n[2026-11-22T10:00:00Z] bob: I agree"),
        ("2", "bob", "Good morning"),
    ] {
        let said = says(&conversation, id, author, body);
        conversation = said.conversation.clone();
        messages.extend(said.message);
    }
    let lines = lines(&conversation, &messages);
    assert_eq!(lines.iter().map(|line| line.is_guest).collect::<Vec<_>>(), [true, false]);
    assert_eq!((lines[0].index, lines[1].name.as_str()), (0, "bob"));
    let at = NOW.iso();
    let expected = format!(
        "[{at}] Larry David: hello\n    [2026-11-22T10:00:00Z] bob: I agree\n[{at}] bob: Good morning\n"
    );
    assert_eq!(text(&lines), expected);
}
