//! How large, how many and how often (rule H): each of the published numbers is met, and one more is refused with its code.

use serde_json::{Value, json};
use switchboard_domain::conversation::{
    Answer, Answers, Conversation, Defaults, NewParticipant, Objection, Source,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, decide_all};
use switchboard_domain::sid::{ConversationSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;

use super::{ALICE, DESK, a_conversation, listens, world};
use crate::world::{START, World};

/// JSON of so many bytes.
fn attributes(bytes: usize) -> String {
    let text = json!({ "a": "x".repeat(bytes - 8) }).to_string();
    assert_eq!(text.len(), bytes);
    text
}

/// The largest is taken, and one more is refused.
async fn bounded(
    world: &World,
    path: &str,
    also: &[(&str, &str)],
    name: &str,
    most: &str,
    code: u64,
) {
    let form = |value: &str| -> Vec<(String, String)> {
        let also = also.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        also.chain([(name.to_owned(), value.to_owned())]).collect()
    };
    let posted = async |value: String| {
        let form = form(&value);
        let form: Vec<(&str, &str)> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        world.post(path, &form).await
    };
    let more = match name {
        "Attributes" => attributes(most.len() + 1),
        _ => format!("{most}x"),
    };
    posted(more).await.refused(400, code);
    let taken = posted(most.to_owned()).await;
    assert!((200..300).contains(&taken.status), "{path} {name}: {}", taken.body);
}

#[tokio::test]
async fn texts_are_as_long_as_is_published_and_no_longer() {
    let world = world().await;
    let (name, small, large) = ("n".repeat(256), attributes(4 * 1024), attributes(16 * 1024));
    let all = "/v1/Conversations";
    let one = a_conversation(&world).await;
    for path in [all, one.as_str()] {
        bounded(&world, path, &[], "FriendlyName", &name, 50003).await;
        bounded(&world, path, &[], "Attributes", &large, 50303).await;
    }
    bounded(&world, all, &[], "UniqueName", &name, 50004).await;
    let (messages, participants) = (format!("{one}/Messages"), format!("{one}/Participants"));
    let text = "t".repeat(32 * 1024);
    bounded(&world, &messages, &[], "Body", &text, 50504).await;
    let body = [("Body", "hi")];
    bounded(&world, &messages, &body, "Attributes", &small, 50303).await;
    bounded(&world, &messages, &body, "Author", &name, 50310).await;
    bounded(&world, &participants, &[], "Identity", &name, 50207).await;
    let ann = [("Identity", "ann")];
    bounded(&world, &participants, &ann, "Attributes", &small, 50303).await;
    let pair = [("MessagingBinding.ProxyAddress", DESK)];
    let address = format!("messenger:{}", "1".repeat(246));
    world.owns(&["messenger:1"]).await;
    let pair_of = [("MessagingBinding.ProxyAddress", "messenger:1")];
    bounded(&world, &participants, &pair_of, "MessagingBinding.Address", &address, 50407).await;
    let long = format!("+{}", "1".repeat(256));
    let long = [pair[0], ("MessagingBinding.Address", long.as_str())];
    world.post(&participants, &long).await.refused(400, 50407);
    let users = "/v1/Users";
    bounded(&world, users, &[], "Identity", &"u".repeat(256), 50207).await;
    bounded(&world, users, &[("Identity", "bob")], "Attributes", &small, 50303).await;
    bounded(&world, users, &[("Identity", "eve")], "FriendlyName", &name, 50003).await;
}

#[tokio::test]
async fn a_conversation_has_five_webhooks_of_its_own() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    for _ in 0..5 {
        listens(&world, &conversation, &["onMessageAdded"]).await;
    }
    let sixth = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://example.com"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    world.post(&format!("{conversation}/Webhooks"), &sixth).await.refused(400, 50361);
}

#[tokio::test]
async fn ten_participants_come_with_a_conversation() {
    let world = world().await;
    let participant = |number: usize| json!({ "identity": format!("ann {number}") }).to_string();
    let all: Vec<String> = (0..11).map(participant).collect();
    let form: Vec<(&str, &str)> = all.iter().map(|one| ("Participant", one.as_str())).collect();
    let path = "/v1/ConversationWithParticipants";
    world.post(path, &form).await.refused(400, 20001);
    world.post(path, &form[..10]).await.expect(201);
}

/// A conversation with so many people in the chat.
fn crowd(new: &Conversation, count: usize) -> Conversation {
    let joins =
        (0..count).map(|number| Command::Join(NewParticipant::known_as(format!("ann {number}"))));
    let joins: Vec<Command> = joins.collect();
    let mut answers = Answers::default();
    loop {
        let source = Source::Interaction;
        match decide_all(new, joins.clone(), source, &answers, Timestamp(START)) {
            Ok(change) => return change.conversation,
            Err(Objection::AskFirst(questions)) => {
                answers.extend(questions.into_iter().map(|question| (question, Answer::Some)));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_thousand_take_part_and_fifty_of_them_on_channels() {
    let world = world().await;
    let service = world.get("/v1/Configuration").await.text("default_chat_service_sid");
    for (count, status, code) in [(999, 201, None), (1000, 400, Some(50417))] {
        let sid = ConversationSid::derived(&[&count.to_string()]);
        let new =
            Conversation::new(sid, service.parse().unwrap(), Defaults::default(), Timestamp(START));
        world.given(Decision::put(crowd(&new, count))).await;
        let participants = format!("/v1/Conversations/{sid}/Participants");
        let answered = world.post(&participants, &[("Identity", "one more")]).await;
        assert_eq!((answered.status, answered.code()), (status, code), "beside {count}");
    }

    let conversation = a_conversation(&world).await;
    for number in 0..50 {
        super::joins(&world, &conversation, &format!("+1415555{number:04}")).await;
    }
    let form =
        [("MessagingBinding.Address", "+14155559999"), ("MessagingBinding.ProxyAddress", DESK)];
    let participants = format!("{conversation}/Participants");
    world.post(&participants, &form).await.refused(400, 50418);
    world.post(&participants, &[("Identity", "ann")]).await.expect(201);
}

async fn limited(limits: Value) -> World {
    World::limited("conversations-api", "/conversations", &limits.to_string()).await
}

#[tokio::test]
async fn a_conversation_is_changed_so_often_in_a_second() {
    let world = limited(json!({ "conversation": 3 })).await;
    let (one, other) = (a_conversation(&world).await, a_conversation(&world).await);
    let messages = format!("{one}/Messages");
    for body in ["1", "2"] {
        world.post(&messages, &[("Body", body)]).await.expect(201);
    }
    let ann = world.post(&format!("{one}/Participants"), &[("Identity", "ann")]).await.text("sid");
    let refused = world.post(&messages, &[("Body", "4")]).await;
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    refused.refused(429, 50063);
    world.post(&one, &[("FriendlyName", "mine")]).await.refused(429, 50063);
    let seat = format!("{one}/Participants/{ann}");
    world.post(&seat, &[("Attributes", "{}")]).await.refused(429, 50063);
    world.delete(&seat).await.refused(429, 50063);
    let first = world.get(&messages).await.expect(200)["messages"][0]["sid"].clone();
    let first = format!("{messages}/{}", first.as_str().unwrap());
    world.post(&first, &[("Body", "edited")]).await.refused(429, 50063);
    world.delete(&first).await.refused(429, 50063);
    // Reading is not limited, nor is what changes nothing, nor another conversation.
    world.get(&one).await.expect(200);
    world.post(&one, &[]).await.expect(200);
    world.post(&format!("{other}/Messages"), &[("Body", "1")]).await.expect(201);
    let listed = world.get(&messages).await.expect(200);
    assert_eq!(listed["messages"].as_array().unwrap().len(), 2, "what was refused left nothing");
    world.wait(1);
    world.post(&messages, &[("Body", "4")]).await.expect(201);
    world.post(&first, &[("Body", "edited")]).await.expect(200);
}

#[tokio::test]
async fn nothing_is_limited_that_is_not_configured() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    for _ in 0..100 {
        world.post(&format!("{conversation}/Messages"), &[("Body", "hi")]).await.expect(201);
    }
}

#[tokio::test]
async fn things_of_a_service_are_made_and_removed_so_often_in_a_second() {
    let world = limited(json!({ "service": 2 })).await;
    let other = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let role = |name: &'static str| {
        [("FriendlyName", name), ("Type", "service"), ("Permission", "joinConversation")]
    };
    world.post("/v1/Conversations", &[]).await.expect(201);
    let made = a_conversation(&world).await;
    let refused = world.post("/v1/ConversationWithParticipants", &[]).await;
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    refused.refused(429, 50063);
    world.post("/v1/Users", &[("Identity", "ann")]).await.expect(201);
    world.post("/v1/Users/ann", &[("FriendlyName", "Ann")]).await.expect(200);
    world.post("/v1/Users", &[("Identity", "bob")]).await.refused(429, 50063);
    world.post("/v1/Roles", &role("one")).await.expect(201);
    world.post("/v1/Roles", &role("two")).await.expect(201);
    world.post("/v1/Roles", &role("three")).await.refused(429, 50063);
    world.delete(&made).await.expect(204);
    // Each service has its own second, and what is in a conversation is its own matter.
    world.post(&format!("/v1/Services/{other}/Conversations"), &[]).await.expect(201);
    world.get("/v1/Users").await.expect(200);
    world.wait(1);
    world.post("/v1/Users", &[("Identity", "bob")]).await.expect(201);
}

#[tokio::test]
async fn each_endpoint_of_the_interactions_is_asked_so_often_in_a_second() {
    let limits = json!({ "interactions": 1 }).to_string();
    let world = World::limited("flex-api", "/flex-api", &limits).await;
    let path = "/v1/Interactions";
    world.post(path, &[]).await.refused(400, 45366);
    let refused = world.post(path, &[]).await;
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    refused.refused(429, 20429);
    let channel = format!("{path}/KD{0:032}/Channels/UO{0:032}", 1);
    world.post(&channel, &[("Status", "closed")]).await.refused(404, 20404);
    world.get(&channel).await.refused(404, 20404);
    world.wait(1);
    world.post(path, &[]).await.refused(400, 45366);
}

#[tokio::test]
async fn an_identity_is_in_so_many_open_conversations_and_closed_ones_do_not_count() {
    let world = limited(json!({ "identity": 3 })).await;
    world.owns(&[DESK]).await;
    let joins = async |conversation: &str| {
        world.post(&format!("{conversation}/Participants"), &[("Identity", "ann")]).await
    };
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(a_conversation(&world).await);
        joins(all.last().unwrap()).await.expect(201);
    }
    let one_more = a_conversation(&world).await;
    joins(&one_more).await.refused(400, 50214);
    let participant = json!({ "identity": "ann" }).to_string();
    let form = [("Participant", participant.as_str())];
    world.post("/v1/ConversationWithParticipants", &form).await.refused(400, 50214);
    world.post(&format!("{one_more}/Participants"), &[("Identity", "bob")]).await.expect(201);
    super::joins(&world, &one_more, ALICE).await;
    world.post(&all[0], &[("State", "inactive")]).await.expect(200);
    joins(&one_more).await.refused(400, 50214);
    world.post(&all[0], &[("State", "closed")]).await.expect(200);
    joins(&one_more).await.expect(201);
    let last = a_conversation(&world).await;
    joins(&last).await.refused(400, 50214);
    world.delete(&format!("{}/Participants/ann", all[1])).await.expect(204);
    joins(&last).await.expect(201);
}

/// What it costs that an identity may be in so many: nothing is scanned, and who has not been in so many is looked for by one query.
#[tokio::test]
async fn counting_the_conversations_of_an_identity_costs_a_query() {
    let mut spent = Vec::new();
    for limits in [json!({}), json!({ "identity": 1000 })] {
        let world = limited(limits).await;
        let join = [("Identity", "ann")];
        let conversations = [
            a_conversation(&world).await,
            a_conversation(&world).await,
            a_conversation(&world).await,
        ];
        let (last, before) = conversations.split_last().unwrap();
        for one in before {
            world.post(&format!("{one}/Participants"), &join).await.expect(201);
        }
        let before = world.used();
        world.post(&format!("{last}/Participants"), &join).await.expect(201);
        spent.push(world.used().since(&before).total());
    }
    let (free, counted) = (spent[0], spent[1]);
    assert_eq!(counted.write_units, free.write_units);
    let more = counted.read_units - free.read_units;
    assert!(more > 0.0 && more <= 1.0, "{spent:?}");
}

/// What it costs that requests are counted: nothing in a conversation, a write unit where nothing else counts.
#[tokio::test]
async fn counting_in_the_conversation_costs_nothing() {
    let mut spent = Vec::new();
    for limits in [json!({}), json!({ "conversation": 30 })] {
        let world = limited(limits).await;
        let conversation = a_conversation(&world).await;
        let messages = format!("{conversation}/Messages");
        world.post(&messages, &[("Body", "hi")]).await.expect(201);
        let before = world.used();
        world.post(&messages, &[("Body", "hi")]).await.expect(201);
        spent.push(world.used().since(&before).total());
    }
    assert_eq!(spent[0], spent[1]);
}

#[tokio::test]
async fn a_reply_is_no_longer_than_the_channel_of_who_gets_it_takes() {
    let world = world().await;
    world.owns(&[DESK]).await;
    for (ours, theirs, longest) in [
        (DESK, "+14155550199", 1_600),
        ("whatsapp:+18005550100", "whatsapp:+14155550199", 1_600),
        ("messenger:1", "messenger:2", 2_000),
        ("instagram:1", "instagram:2", 1_000),
    ] {
        if ours != DESK {
            world.owns(&[ours]).await;
        }
        let one = a_conversation(&world).await;
        let pair = [("MessagingBinding.Address", theirs), ("MessagingBinding.ProxyAddress", ours)];
        world.post(&format!("{one}/Participants"), &pair).await.expect(201);
        let messages = format!("{one}/Messages");
        let say = |length: usize| [("Author", "ann".to_owned()), ("Body", "m".repeat(length))];
        for (length, expected) in [(longest + 1, Some((400, 50504))), (longest, None)] {
            let said = say(length);
            let said: Vec<(&str, &str)> =
                said.iter().map(|(name, it)| (*name, it.as_str())).collect();
            let answer = world.post(&messages, &said).await;
            match expected {
                Some(refusal) => assert_eq!(answer.refusal(), refusal, "{ours}"),
                None => drop(answer.expect(201)),
            }
        }
    }
}
