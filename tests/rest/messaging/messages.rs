//! Programmable messages: sent ones, and views of what conversations hold.

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::{CarrierName, InboundMessage, Media, SendOutcome};
use switchboard_domain::conversation::{
    Answer, Answers, Conversation, Dates, Defaults, NewParticipant, Pair, Question, Source,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::{Message, Post, unrouted};
use switchboard_domain::private::Private;
use switchboard_domain::process::conversation::{Command, decide, decide_all};
use switchboard_domain::sid::{ConversationSid, MessageSid, ServiceSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_store::{Table, key};
use switchboard_tests::Schema;

use super::{World, account, world};
use crate::world::START;

const FILE: &str = "twilio_api_v2010_messages.json";
const BUSINESS: &str = "+14155550100";
const CUSTOMER: &str = "+14155550199";
const CARRIERS: &str = "SM11112222333344445555666677778888";
const DAY: i64 = 24 * 3600 * 1000;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn inbound(id: &str, from: &str, at: i64) -> InboundMessage {
    let pair = (address(from), address(BUSINESS));
    InboundMessage::new(CarrierName::default(), id, pair, "Good morning", Timestamp(at))
}

/// An inbound message and a reply to it, in a conversation that the customer's address leads to.
async fn conversation(world: &World, name: &str, customer: &str, at: i64) -> Vec<String> {
    let sid = ConversationSid::derived(&[name]);
    let new =
        Conversation::new(sid, ServiceSid::derived(&["s"]), Defaults::default(), Timestamp(at));
    let pair = Pair::new(address(customer), address(BUSINESS)).unwrap();
    let free: Answers = [(Question::HolderOf(pair.clone()), Answer::None)].into_iter().collect();
    let join = Command::Join(NewParticipant::at(pair));
    let heard = Command::Post(Post::of(&inbound(name, customer, at), None));
    let opened =
        decide_all(&new, [join, heard], Source::Channel(ChannelType::Sms), &free, Timestamp(at))
            .unwrap();
    let post = Post {
        sid: MessageSid::derived(&[name, "reply"]),
        author: Some("alice".to_owned()),
        body: Some(Private("How can we help?".to_owned())),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    };
    let mut conversation = opened.conversation.clone();
    conversation.version = 1.into();
    let (source, later) = (Source::Api { webhooks: false }, Timestamp(at + 1000));
    let reply = decide(&conversation, Command::Post(post), source, &free, later).unwrap();
    let (heard, said) = (opened.message.clone().unwrap(), reply.message.clone().unwrap());
    world.given(opened.into()).await;
    world.given(reply.into()).await;
    vec![heard.sid.kin::<SmsSid>(0).to_string(), said.sid.kin::<SmsSid>(1).to_string()]
}

fn messages() -> String {
    account("/Messages.json")
}

fn one(sid: &str) -> String {
    account(&format!("/Messages/{sid}.json"))
}

async fn sids(world: &World, query: &str) -> Vec<String> {
    let page = world.get(&format!("{}?{query}", messages())).await.expect(200);
    let sid = |message: &Value| message["sid"].as_str().unwrap().to_owned();
    page["messages"].as_array().unwrap().iter().map(sid).collect()
}

async fn kept(world: &World, sid: MessageSid) -> Message {
    world.on.store.get(key::message(sid)).await.unwrap().unwrap()
}

/// A message to the customer: its answer, and the record behind it.
async fn send(world: &World) -> (Value, MessageSid) {
    world.enter_number(BUSINESS).await;
    let form = [("To", CUSTOMER), ("From", BUSINESS), ("Body", "Your parcel is here")];
    let created = world.post(&messages(), &form).await.expect(201);
    let sid: SmsSid = created["sid"].as_str().unwrap().parse().unwrap();
    (created, sid.kin(0))
}

#[tokio::test]
async fn a_message_is_sent_and_shows_how_far_it_got() {
    let world = world().await;
    let (created, sid) = send(&world).await;
    assert_eq!(created["status"], "queued");
    assert_eq!(created["direction"], "outbound-api");
    assert_eq!(created["num_segments"], "1");
    assert_eq!(created["date_sent"], json!(null));
    let sent = world.asked();
    assert_eq!(sent.len(), 1, "one request to the carrier");
    assert!(sent[0].to_string().contains(&sid.to_string()));
    let path = one(created["sid"].as_str().unwrap());
    let leased = kept(&world, sid).await.lease(1, Timestamp(START)).unwrap();
    world.given(Decision::put(leased)).await;
    assert_eq!(world.get(&path).await.expect(200)["status"], "sending");
    let outcome = SendOutcome::Rejected { error_code: 30007, reason: String::new() };
    let failed =
        kept(&world, sid).await.record(1, &outcome, Timestamp(START + DAY)).unwrap().message;
    world.given(Decision::put(failed)).await;
    let failed = world.get(&path).await.expect(200);
    assert_eq!(failed["status"], "failed");
    assert_eq!(failed["error_code"], 30007);
    assert_eq!(failed["error_message"], "Message filtered");
    assert_eq!(failed["date_sent"], failed["date_created"]);
    assert_ne!(failed["date_updated"], failed["date_created"]);
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages";
        reference.check("post", &format!("{path}.json"), 201, &created);
        reference.check("get", &format!("{path}/{{Sid}}.json"), 200, &failed);
    }
}

#[tokio::test]
async fn a_message_can_be_redacted_and_removed_once_it_is_out() {
    let world = world().await;
    let (created, sid) = send(&world).await;
    let path = one(created["sid"].as_str().unwrap());
    assert_eq!(world.delete(&path).await.refusal(), (409, 20009));
    assert_eq!(world.post(&path, &[("Body", "")]).await.refusal(), (409, 20009));
    assert_eq!(world.post(&path, &[]).await.expect(200), created);
    let outcome = SendOutcome::Accepted { carrier_message_id: CARRIERS.to_owned() };
    let sent = kept(&world, sid).await.record(1, &outcome, Timestamp(START + DAY)).unwrap().message;
    world.given(Decision::put(sent)).await;
    assert_eq!(world.post(&path, &[("Body", "New text")]).await.refusal(), (400, 20001));
    assert_eq!(world.post(&path, &[("Status", "canceled")]).await.refusal(), (400, 30409));
    let redacted = world.post(&path, &[("Body", "")]).await.expect(200);
    assert_eq!(redacted["body"], "");
    assert!(kept(&world, sid).await.body.is_none());
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json";
        reference.check("post", path, 200, &redacted);
    }
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.delete(&path).await.refusal(), (404, 20404));
    assert_eq!(sids(&world, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_messaging_service_chooses_the_sender_and_accepts_first() {
    let world = world().await;
    let service = world.create_service().await;
    let form = [("To", CUSTOMER), ("MessagingServiceSid", service.as_str()), ("Body", "Hi")];
    assert_eq!(world.post(&messages(), &form).await.refusal(), (400, 21704));
    let number = world.enter_number(BUSINESS).await;
    let pool = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    world.post(&pool, &[("PhoneNumberSid", &number)]).await.expect(201);
    let created = world.post(&messages(), &form).await.expect(201);
    assert_eq!(created["status"], "accepted");
    assert_eq!(created["from"], BUSINESS);
    assert_eq!(created["messaging_service_sid"], service.as_str());
    world.enter_number("+14155550111").await;
    for (extra, code) in [
        (("From", "+14155550111"), 21711),
        (("To", "whatsapp:+14155550199"), 21703),
        (("MessagingServiceSid", "MG1"), 21705),
        (("MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"), 21701),
    ] {
        let form = [form.as_slice(), &[extra]].concat();
        assert_eq!(world.post(&messages(), &form).await.refusal(), (400, code), "{extra:?}");
    }
}

#[tokio::test]
async fn unsendable_messages_are_refused_with_their_published_codes() {
    let world = world().await;
    world.enter_number(BUSINESS).await;
    let long = "a".repeat(1601);
    for (change, code) in [
        (("To", ""), 21604),
        (("To", "nobody at all"), 21211),
        (("From", "!"), 21212),
        (("From", ""), 21603),
        (("From", "+14155550111"), 21606),
        (("From", "whatsapp:+14155550100"), 30016),
        (("To", BUSINESS), 63031),
        (("Body", ""), 21602),
        (("Body", long.as_str()), 21617),
        (("MediaUrl", "nonsense"), 21620),
        (("SendAt", "2030-01-01T00:00:00Z"), 35126),
    ] {
        let form = [("To", CUSTOMER), ("From", BUSINESS), ("Body", "Hi"), change];
        assert_eq!(world.post(&messages(), &form).await.refusal(), (400, code), "{}", change.0);
    }
    assert!(world.asked().is_empty());
    for from in ["ACME", "whatsapp:+14155550142"] {
        let to = if from == "ACME" { "+4917612345678" } else { "whatsapp:+14155550199" };
        world.post(&messages(), &[("To", to), ("From", from), ("Body", "Hi")]).await.expect(201);
    }
}

#[tokio::test]
async fn files_of_a_message_are_listed_and_found() {
    let world = world().await;
    world.enter_number(BUSINESS).await;
    let form = [
        ("To", CUSTOMER),
        ("From", BUSINESS),
        ("MediaUrl", "https://files.example/a.png"),
        ("MediaUrl", "https://files.example/b.pdf"),
    ];
    let created = world.post(&messages(), &form).await.expect(201);
    assert!(created["sid"].as_str().unwrap().starts_with("MM"));
    assert_eq!(created["num_media"], "2");
    let path = format!("/api{}", created["subresource_uris"]["media"].as_str().unwrap());
    let listed = world.get(&path).await.expect(200);
    let kinds: Vec<&Value> =
        listed["media_list"].as_array().unwrap().iter().map(|file| &file["content_type"]).collect();
    assert_eq!(kinds, ["image/png", "application/pdf"]);
    let second = &listed["media_list"][1];
    let fetched = world.get(&format!("/api{}", second["uri"].as_str().unwrap())).await.expect(200);
    assert_eq!(&fetched, second);
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media";
        reference.check("get", &format!("{path}.json"), 200, &listed);
        reference.check("get", &format!("{path}/{{Sid}}.json"), 200, &fetched);
    }
    let nothing = world.get(&format!("{path}?DateCreated%3C=2020-01-01")).await.expect(200);
    assert_eq!(nothing["media_list"], json!([]));
    let unknown = path.replace("Media.json", "Media/ME0123456789abcdef0123456789abcdef.json");
    assert_eq!(world.get(&unknown).await.refusal(), (404, 20404));
    // It keeps its name when all of them are taken away.
    for file in listed["media_list"].as_array().unwrap() {
        let file = format!("/api{}", file["uri"].as_str().unwrap());
        assert_eq!(world.delete(&file).await.status, 204);
    }
    assert_eq!(world.get(&path).await.expect(200)["media_list"], json!([]));
    let left = world.get(&one(created["sid"].as_str().unwrap())).await.expect(200);
    assert_eq!((&left["sid"], &left["num_media"]), (&created["sid"], &json!("0")));
}

#[tokio::test]
async fn an_inbound_message_is_found_by_the_carriers_identifier() {
    let world = world().await;
    let kept = unrouted(&inbound(CARRIERS, CUSTOMER, START), None);
    let with_file = InboundMessage {
        media: vec![Media::new("https://files.example/c", "image/jpeg")],
        ..inbound("some-other-id", CUSTOMER, START)
    };
    let other = unrouted(&with_file, None);
    let own = format!("MM{}", &other.sid.to_string()[2..]);
    world.given(Decision::put(kept).and(other)).await;
    let found = world.get(&one(CARRIERS)).await.expect(200);
    assert_eq!(found["sid"], CARRIERS);
    assert_eq!(found["status"], "received");
    assert_eq!(found["direction"], "inbound");
    assert_eq!((&found["from"], &found["to"]), (&json!(CUSTOMER), &json!(BUSINESS)));
    assert_eq!(world.get(&one(&own)).await.expect(200)["num_media"], "1");
    for unknown in [&own.replace("MM", "SM"), "SM0123456789abcdef0123456789abcdef", "nonsense"] {
        assert_eq!(world.get(&one(unknown)).await.refusal(), (404, 20404), "{unknown}");
    }
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json";
        reference.check("get", path, 200, &found);
    }
}

#[tokio::test]
async fn messages_are_found_by_address_and_by_date_newest_first() {
    let world = world().await;
    world.enter_number(BUSINESS).await;
    let old = conversation(&world, "old", CUSTOMER, START - 3 * DAY).await;
    let new = conversation(&world, "new", "+14155550142", START - DAY).await;
    world.given(Decision::put(unrouted(&inbound(CARRIERS, CUSTOMER, START), None))).await;
    let all = [CARRIERS, &new[1], &new[0], &old[1], &old[0]];
    assert_eq!(sids(&world, "").await, all);
    for (query, expected) in [
        ("To=%2B14155550100", vec![CARRIERS, &new[0], &old[0]]),
        ("From=%2B14155550100", vec![&new[1], &old[1]]),
        ("From=%2B14155550199", vec![CARRIERS, &old[0]]),
        ("To=%2B14155550199", vec![&old[1]]),
        ("To=%2B14155550199&From=%2B14155550100", vec![&old[1]]),
        ("From=%2B14155550199&To=%2B14155550100", vec![CARRIERS, &old[0]]),
        ("From=%2B14155550188", vec![]),
        ("From=nobody%20at%20all", vec![]),
        ("DateSent=2026-11-22", vec![CARRIERS]),
        ("DateSent=2026-11-21", vec![&new[1], &new[0]]),
        ("DateSent%3C=2026-11-21", vec![&old[1], &old[0]]),
        ("DateSent%3E=2026-11-21&DateSent%3C=2026-11-22", vec![&new[1], &new[0]]),
        ("From=%2B14155550199&DateSent%3E=2026-11-20", vec![CARRIERS]),
        ("From=%2B14155550199&DateSent=2026-11-22", vec![CARRIERS]),
        ("From=%2B14155550199&DateSent=2026-11-19", vec![&old[0]]),
    ] {
        assert_eq!(sids(&world, query).await, expected, "{query}");
    }
    for (limit, whole) in [(4, false), (5, true)] {
        let found = world.on.store.scan::<Message>(Table::Conversations, limit).await.unwrap();
        assert_eq!(found.map(|found| found.len()), whole.then_some(5), "{limit}");
    }
    let wrong = world.get(&format!("{}?DateSent=yesterday", messages())).await;
    assert_eq!(wrong.refusal(), (400, 20001));
}

#[tokio::test]
async fn pages_of_messages_lead_forth_and_back() {
    let world = world().await;
    let old = conversation(&world, "old", CUSTOMER, START - DAY).await;
    let new = conversation(&world, "new", "+14155550142", START).await;
    let first = world.get(&format!("{}?PageSize=3", messages())).await.expect(200);
    assert_eq!((&first["start"], &first["end"], &first["page"]), (&json!(0), &json!(2), &json!(0)));
    assert_eq!(first["previous_page_uri"], json!(null));
    let next = first["next_page_uri"].as_str().unwrap();
    assert!(next.starts_with("/2010-04-01/"));
    let second = world.get(&format!("/api{next}")).await.expect(200);
    assert_eq!(second["messages"].as_array().unwrap().len(), 1);
    assert_eq!(second["messages"][0]["sid"], old[0].as_str());
    assert_eq!(second["next_page_uri"], json!(null));
    let back = world.get(&format!("/api{}", second["previous_page_uri"].as_str().unwrap())).await;
    assert_eq!(back.expect(200)["messages"], first["messages"]);
    assert_eq!(first["messages"][0]["sid"], new[1].as_str());
    if let Some(reference) = Schema::open(FILE) {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
        reference.check("get", path, 200, &first);
        reference.check("get", path, 200, &second);
    }
}

#[tokio::test]
async fn removing_a_programmable_message_leaves_the_conversations_own() {
    let world = world().await;
    let both = conversation(&world, "chat", CUSTOMER, START).await;
    let reply = MessageSid::derived(&["chat", "reply"]);
    let kept: Message = world.on.store.get(key::message(reply)).await.unwrap().unwrap();
    let outcome = SendOutcome::Accepted { carrier_message_id: CARRIERS.to_owned() };
    world.given(Decision::put(kept.record(1, &outcome, Timestamp(START)).unwrap().message)).await;
    for sid in &both {
        assert_eq!(world.delete(&one(sid)).await.status, 204);
        assert_eq!(world.get(&one(sid)).await.refusal(), (404, 20404));
    }
    assert!(sids(&world, "").await.is_empty());
    let kept: Message = world.on.store.get(key::message(reply)).await.unwrap().unwrap();
    assert_eq!(kept.body.as_ref().unwrap().as_str(), "How can we help?");
    assert!(kept.conversation.is_some() && !kept.removed);
}
