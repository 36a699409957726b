//! The carrier's side and ours understand each other, on all three channels; and batches, whose elements are all read.

use http::header::AUTHORIZATION;
use http::{Method, Request};
use serde_json::{Value, json};
use switchboard_carriers::stub::{CustomerMessage, Mood, Served, Taken};
use switchboard_carriers::{ApiRequest, Event, ParseError, Rejection, SignedRequest};
use switchboard_domain::carriage::{
    AliasKind, Content, DeliveryStatus, OutboundMessage, SendOutcome, Signal, SignalKind,
};
use switchboard_domain::sid::{MessageSid, Sid as _};

use crate::connected::{CARRIER, NOW, PUBLIC_URL, carrier, other, stub};

fn receive(request: &SignedRequest) -> Vec<Event> {
    let carrier = carrier(&[]);
    carrier.parse(&carrier.verify(request.raw(), NOW).unwrap(), NOW).unwrap()
}

fn url() -> String {
    format!("{PUBLIC_URL}/webhooks/{}", CARRIER.name())
}

fn addresses(channel: &str) -> (&'static str, &'static str) {
    match channel {
        "whatsapp" => ("whatsapp:+15550783881", "whatsapp:+16505551234"),
        "messenger" => ("messenger:1234567", "messenger:7654321"),
        _ => ("instagram:1234567", "instagram:7654321"),
    }
}

fn message(channel: &str) -> OutboundMessage {
    let (from, to) = addresses(channel);
    let pair = (from.parse().unwrap(), to.parse().unwrap());
    OutboundMessage::text((MessageSid::derived(&["m"]), 3), pair, "Grüße / 👍")
}

fn over_http(request: &ApiRequest) -> Request<Vec<u8>> {
    let mut made = Request::new(request.body.0.clone());
    *made.method_mut() = request.method.clone();
    *made.uri_mut() = request.url.parse().unwrap();
    made.headers_mut().insert(AUTHORIZATION, request.credentials[0].parse().unwrap());
    made
}

fn send(message: &OutboundMessage, mood: Mood) -> Served {
    let request = over_http(&carrier(&[]).build(message).unwrap());
    stub().answer(&request, &[], mood, NOW).unwrap()
}

#[test]
fn a_customers_message_arrives_on_every_channel() {
    for channel in ["whatsapp", "messenger", "instagram"] {
        let (business, customer) = addresses(channel);
        let request =
            stub().inbound(&url(), &CustomerMessage::text("m.1", customer, business, "ü / 👍"));
        assert!(request.body.is_ascii() && !request.body.contains("ü"), "{}", request.body);
        let events = receive(&request);
        let [Event::Message(read)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((read.from.as_str(), read.to.as_str()), (customer, business));
        assert_eq!((read.body.as_str(), read.carrier_message_id.as_str()), ("ü / 👍", "m.1"));
    }
}

#[test]
fn what_another_carrier_signed_is_not_read_and_not_believed() {
    let (carrier, (other, others_stub)) = (carrier(&[]), other());
    let (business, customer) = addresses("whatsapp");
    let message = CustomerMessage::text("SM1", customer, business, "hi");
    let theirs = others_stub.inbound(&url(), &message);
    let verified = other.verify(theirs.raw(), NOW).unwrap();
    assert_eq!(carrier.parse(&verified, NOW), Err(ParseError::ForeignCarrier(other.name())));
    assert_eq!(carrier.verify(theirs.raw(), NOW).err(), Some(Rejection::Unsigned));
    let ours = stub().inbound(&url(), &message);
    assert_eq!(other.verify(ours.raw(), NOW).err(), Some(Rejection::Unsigned));
    let verified = carrier.verify(ours.raw(), NOW).unwrap();
    assert_eq!(other.parse(&verified, NOW), Err(ParseError::ForeignCarrier(CARRIER)));
}

#[test]
fn a_reply_is_taken_and_what_becomes_of_it_comes_back_with_our_names() {
    for channel in ["whatsapp", "messenger", "instagram"] {
        let served = send(&message(channel), Mood::Well);
        let taken = served.taken.unwrap();
        let accepted = carrier(&[]).outcome(&served.answer);
        let id = taken.id.clone();
        assert_eq!(accepted, SendOutcome::Accepted { carrier_message_id: id });
        let told = channel != "instagram";
        assert_eq!(taken.about.is_some(), told, "{channel}");
        for status in [DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Read] {
            let Some(report) = stub().report(&Taken { status, ..taken.clone() }) else {
                assert!(!told && status == DeliveryStatus::Delivered, "{channel} {status:?}");
                continue;
            };
            assert_eq!(report.url, url());
            match &receive(&report)[..] {
                [Event::Status(read)] => {
                    assert_eq!((read.status, &read.carrier_message_id), (status, &taken.id));
                    let customer = read.customer.as_ref().unwrap();
                    assert_eq!(customer.as_str(), taken.to);
                    assert_eq!(read.business.as_ref().unwrap().as_str(), taken.from);
                    let named = read.message.zip(read.delivery);
                    let is_named = channel == "whatsapp" || told && status == DeliveryStatus::Sent;
                    assert_eq!(named, taken.about.filter(|_| is_named), "{channel} {status:?}");
                    let is_priced = channel == "whatsapp" && status != DeliveryStatus::Read;
                    assert_eq!(read.pricing.is_some(), is_priced, "{channel} {status:?}");
                }
                [Event::Watermark(mark)] => {
                    assert_eq!((channel, status), ("messenger", DeliveryStatus::Read));
                    assert_eq!((mark.status, mark.until), (status, taken.created_at));
                    assert_eq!(mark.customer.as_str(), taken.to);
                }
                // Instagram's echo has nothing that we asked for.
                [Event::Ignored(why)] => assert_eq!((channel, why.as_str()), ("instagram", "echo")),
                other => panic!("{channel} {status:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_carrier_with_a_mood_says_so_in_its_own_way() {
    let carrier = carrier(&[]);
    for (mood, status, code) in [
        (Mood::Down, 503, 2),
        (Mood::Busy(1), 400, 130_429),
        (Mood::Refusing(131_047), 400, 131_047),
    ] {
        let served = send(&message("whatsapp"), mood);
        assert!(served.taken.is_none());
        assert_eq!(served.answer.status().as_u16(), status);
        let body: Value = serde_json::from_slice(served.answer.body()).unwrap();
        assert_eq!(body["error"]["code"], code);
        let is_final = matches!(carrier.outcome(&served.answer), SendOutcome::Rejected { .. });
        assert_eq!(is_final, matches!(mood, Mood::Refusing(_)));
    }
    let mut stranger = over_http(&carrier.build(&message("whatsapp")).unwrap());
    stranger.headers_mut().insert(AUTHORIZATION, "Bearer other".parse().unwrap());
    let refused = stub().answer(&stranger, &[], Mood::Well, NOW).unwrap();
    assert_eq!(refused.answer.status().as_u16(), 401);
    *stranger.uri_mut() = "http://carrier/2010-04-01/Accounts/AC/Messages.json".parse().unwrap();
    assert!(stub().answer(&stranger, &[], Mood::Well, NOW).is_none());
    let failed = send(&message("whatsapp"), Mood::Well).taken.unwrap();
    let failed = Taken { status: DeliveryStatus::Undelivered, error_code: Some(131_026), ..failed };
    let events = receive(&stub().report(&failed).unwrap());
    let [Event::Status(read)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((read.status, read.error_code), (DeliveryStatus::Failed, Some(131_026)));
}

#[test]
fn a_sign_is_shown_on_every_channel_and_no_message_is_taken() {
    for (channel, about) in
        [("whatsapp", "wamid.x"), ("messenger", "7654321"), ("instagram", "7654321")]
    {
        let (business, customer) = addresses(channel);
        let (from, to) = (business.parse().unwrap(), customer.parse().unwrap());
        let sign = Signal { kind: SignalKind::Typing, from, to, about: "wamid.x".to_owned() };
        let request = over_http(&carrier(&[]).signal(&sign).unwrap());
        let served = stub().answer(&request, &[], Mood::Well, NOW).unwrap();
        assert_eq!((served.shown.as_deref(), served.taken), (Some(about), None), "{channel}");
        for mood in [Mood::Down, Mood::Busy(1), Mood::Refusing(131_047)] {
            let refused = stub().answer(&request, &[], mood, NOW).unwrap();
            assert!(refused.shown.is_none() && !refused.answer.status().is_success(), "{mood:?}");
        }
    }
}

/// A body as the carrier would sign it.
fn posted(body: &Value) -> Vec<Event> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let body = body.to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"stand-in-app-secret").unwrap();
    mac.update(body.as_bytes());
    let digits: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut headers = http::HeaderMap::new();
    headers.insert("x-hub-signature-256", format!("sha256={digits}").parse().unwrap());
    let carrier = carrier(&[]);
    let raw = switchboard_carriers::RawRequest {
        method: &Method::POST,
        url: &url(),
        headers: &headers,
        body: body.as_bytes(),
    };
    carrier.parse(&carrier.verify(raw, NOW).unwrap(), NOW).unwrap()
}

fn change(rest: &Value) -> Value {
    let mut value = json!({
        "metadata": { "display_phone_number": "+1 (555) 078-3881", "phone_number_id": "7" },
    });
    for (name, part) in rest.as_object().unwrap() {
        value[name] = part.clone();
    }
    json!({ "field": "messages", "value": value })
}

fn texts(ids: std::ops::Range<usize>) -> Value {
    let text = |id: usize| {
        json!({
            "from": "16505551234", "id": format!("wamid.{id}"), "timestamp": "1749416383",
            "type": "text", "text": { "body": "hi" },
        })
    };
    json!({ "messages": ids.map(text).collect::<Vec<_>>() })
}

#[test]
fn every_element_of_a_batch_is_read_and_a_broken_one_costs_the_others_nothing() {
    let mut broken = texts(4..7);
    broken["messages"][1]["id"] = Value::Null;
    let statuses = json!({ "statuses": [
        { "id": "wamid.s1", "status": "sent", "recipient_id": "16505551234" },
        { "id": "wamid.s2", "status": "teleported" },
        { "id": "wamid.s3" },
    ] });
    let events = posted(&json!({ "object": "whatsapp_business_account", "entry": [
        { "id": "1", "changes": [change(&texts(0..2)), change(&texts(2..4))] },
        { "id": "2", "changes": [change(&broken), change(&statuses), { "field": "account_update" }] },
        { "id": "3" },
    ] }));
    let ids: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Message(message) => message.carrier_message_id.clone(),
            Event::Status(report) => report.carrier_message_id.clone(),
            Event::Unreadable(unreadable) => {
                assert!(unreadable.text.contains("16505551234") || unreadable.text.contains("s3"));
                unreadable.unreadable.clone()
            }
            Event::Ignored(why) => why.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "wamid.0",
        "wamid.1",
        "wamid.2",
        "wamid.3",
        "wamid.4",
        "id is missing or not valid",
        "wamid.6",
        "wamid.s1",
        "message status teleported",
        "status is missing or not valid",
        "account_update",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn a_customer_is_known_by_all_the_names_that_the_carrier_tells() {
    let mut told = texts(0..1);
    told["contacts"] = json!([
        { "wa_id": "550000", "profile": { "name": "Somebody else" } },
        {
            "wa_id": "16505551234", "user_id": "US.1", "parent_user_id": "US.ENT.2",
            "profile": { "name": "Zoë", "username": "@zoe" },
        },
    ]);
    told["messages"][0]["from_user_id"] = "US.1".into();
    let events = posted(&json!({
        "object": "whatsapp_business_account", "entry": [{ "changes": [change(&told)] }],
    }));
    let [Event::Message(read)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(read.from.as_str(), "whatsapp:+16505551234");
    assert_eq!(read.to.as_str(), "whatsapp:+15550783881");
    let aliases: Vec<_> = read.aliases.iter().map(|it| (it.kind, it.address.as_str())).collect();
    let expected =
        [(AliasKind::UserId, "whatsapp:US.1"), (AliasKind::ParentUserId, "whatsapp:US.ENT.2")];
    assert_eq!(aliases, expected);
    assert_eq!(read.profile_name.as_ref().unwrap().as_str(), "Zoë");
}

#[test]
fn a_change_of_number_or_identifier_names_the_old_and_the_new() {
    let system = |system: Value, from: &str| {
        let mut message = json!({
            "id": "wamid.n", "timestamp": "1753851315", "type": "system", "system": system,
        });
        if !from.is_empty() {
            message["from"] = from.into();
        }
        let events = posted(&json!({
            "object": "whatsapp_business_account",
            "entry": [{ "changes": [change(&json!({ "messages": [message] }))] }],
        }));
        let [event] = <[Event; 1]>::try_from(events).unwrap();
        event
    };
    let names = |aliases: &std::collections::BTreeSet<switchboard_domain::carriage::Alias>| {
        aliases.iter().map(|alias| alias.address.to_string()).collect::<Vec<_>>()
    };
    let number = json!({
        "type": "user_changed_number", "wa_id": "16505559999", "user_id": "US.2", "previous_user_id": "US.1",
    });
    let Event::Identity(read) = system(number, "16505551234") else { panic!("no change") };
    assert_eq!(names(&read.old), ["whatsapp:+16505551234", "whatsapp:US.1"]);
    assert_eq!(names(&read.new), ["whatsapp:+16505559999", "whatsapp:US.2"]);
    let user = json!({
        "type": "user_changed_user_id", "user_id": "US.2", "previous_user_id": "US.1",
    });
    let Event::Identity(read) = system(user, "") else { panic!("no change") };
    assert_eq!(
        (names(&read.old), names(&read.new)),
        (vec!["whatsapp:US.1".into()], vec!["whatsapp:US.2".into()])
    );
    let other = system(json!({ "type": "customer_identity_changed" }), "16505551234");
    assert!(matches!(other, Event::Notice(_)), "{other:?}");
    let nothing = system(json!({ "type": "user_changed_number" }), "16505551234");
    assert!(matches!(nothing, Event::Notice(_)), "{nothing:?}");
}

#[test]
fn what_is_on_standby_and_what_we_said_ourselves_is_no_customers() {
    let inner = json!({
        "sender": { "id": "1" }, "recipient": { "id": "2" }, "timestamp": 1_491_797_604_411_i64,
        "message": { "mid": "m", "text": "hi" },
    });
    let mut echo = inner.clone();
    echo["message"]["is_echo"] = true.into();
    for (entry, ignored) in
        [(json!({ "standby": [inner] }), "standby"), (json!({ "messaging": [echo] }), "echo")]
    {
        let events = posted(&json!({ "object": "page", "entry": [entry] }));
        assert_eq!(events, [Event::Ignored(ignored.to_owned())]);
    }
    let field = json!({ "field": "standby", "value": change(&texts(0..1))["value"] });
    let events = posted(&json!({
        "object": "whatsapp_business_account", "entry": [{ "changes": [field] }],
    }));
    assert_eq!(events, [Event::Ignored("standby".to_owned())]);
}

#[test]
fn a_reaction_on_a_page_is_a_message_with_an_identifier_of_its_own() {
    let react = |action: &str| {
        let reaction = json!({ "mid": "m", "action": action, "emoji": "❤", "reaction": "love" });
        let events = posted(&json!({ "object": "instagram", "entry": [{ "messaging": [{
            "sender": { "id": "1" }, "recipient": { "id": "2" }, "timestamp": 1, "reaction": reaction,
        }] }] }));
        let [Event::Message(read)] = &events[..] else { panic!("{events:?}") };
        read.clone()
    };
    let (loved, again, taken) = (react("react"), react("react"), react("unreact"));
    assert_eq!(loved.carrier_message_id, again.carrier_message_id);
    assert_ne!(loved.carrier_message_id, taken.carrier_message_id);
    let content = |emoji: Option<&str>| {
        vec![Content::Reaction { to: Some("m".to_owned()), emoji: emoji.map(Into::into) }]
    };
    assert_eq!((loved.content, taken.content), (content(Some("❤")), content(None)));
}
