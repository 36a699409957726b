//! Group MMS (rule A.8): its forms, its codes, and what the tables keep of it.

use serde_json::{Value, json};
use switchboard_check::Moment;

use super::{a_conversation, events, listens, world};
use crate::world::World;

const OURS: &str = "+14155550001";
const OTHER: &str = "+14155550002";
const ANN: &str = "+14155550101";
const BEN: &str = "+14155550102";
const CAL: &str = "+14155550103";
const ADDRESS: &str = "MessagingBinding.Address";
const PROXY: &str = "MessagingBinding.ProxyAddress";
const PROJECTED: &str = "MessagingBinding.ProjectedAddress";

async fn with_numbers() -> World {
    let world = world().await;
    world.owns(&[OURS, OTHER]).await;
    world
}

async fn adds(world: &World, conversation: &str, form: &[(&str, &str)]) -> Value {
    world.post(&format!("{conversation}/Participants"), form).await.expect(201)
}

/// A group of an agent, Ann and Ben; the path of the agent's participant.
async fn a_group(world: &World) -> (String, String) {
    let conversation = a_conversation(world).await;
    let alice = adds(world, &conversation, &[("Identity", "alice"), (PROJECTED, OURS)]).await;
    adds(world, &conversation, &[(ADDRESS, ANN)]).await;
    adds(world, &conversation, &[(ADDRESS, BEN)]).await;
    let alice = format!("{conversation}/Participants/{}", alice["sid"].as_str().unwrap());
    (conversation, alice)
}

async fn is_sound(world: &World) {
    let violations = world.violations(Moment::Step).await;
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test]
async fn members_of_a_group_are_shown_by_what_they_are_in_it() {
    let world = with_numbers().await;
    let conversation = a_conversation(&world).await;
    for (form, shown) in [
        (vec![(PROJECTED, OURS)], json!({ "type": "sms", "projected_address": OURS })),
        (
            vec![("Identity", "alice"), (PROJECTED, OURS)],
            json!({ "type": "sms", "projected_address": OURS }),
        ),
        (vec![(ADDRESS, ANN)], json!({ "type": "sms", "address": ANN })),
    ] {
        let made = adds(&world, &conversation, &form).await;
        assert_eq!(made["messaging_binding"], shown);
    }
    is_sound(&world).await;
    adds(&world, &conversation, &[(ADDRESS, BEN)]).await;
    is_sound(&world).await;
    // A telephone is found once, whether it is one of two or one of more.
    for address in [ANN, BEN] {
        let path = format!("/v1/ParticipantConversations?Address=%2B{}", &address[1..]);
        let found = world.get(&path).await.expect(200);
        let found = found["conversations"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let binding = &found[0]["participant_messaging_binding"];
        assert_eq!(
            (&binding["address"], &binding["proxy_address"]),
            (&json!(address), &json!(null))
        );
    }
    let by_name = world.get("/v1/ParticipantConversations?Identity=alice").await.expect(200);
    let binding = &by_name["conversations"][0]["participant_messaging_binding"];
    assert_eq!(binding["projected_address"], OURS);
}

#[tokio::test]
async fn who_does_not_fit_into_a_group_is_refused_with_the_published_code() {
    let world = with_numbers().await;
    let (conversation, _) = a_group(&world).await;
    let participants = format!("{conversation}/Participants");
    for (form, status, code) in [
        (vec![("Identity", "bob")], 400, 50434),
        (vec![(PROJECTED, "")], 400, 50434),
        (vec![(ADDRESS, CAL), (PROXY, OURS)], 400, 50435),
        (vec![(ADDRESS, ANN)], 409, 50437),
        (vec![("Identity", "alice"), (PROJECTED, OURS)], 409, 50437),
        (vec![("Identity", "bob"), (PROJECTED, CAL)], 400, 50439),
        (vec![(PROJECTED, "+18005550199")], 400, 50439),
        (vec![(PROJECTED, OURS), (ADDRESS, CAL)], 400, 50420),
        (vec![(PROJECTED, "whatsapp:+14155550001")], 400, 50420),
        (vec![(ADDRESS, OTHER)], 400, 50407),
        (vec![(ADDRESS, "+4915123456789")], 400, 50412),
    ] {
        world.post(&participants, &form).await.refused(status, code);
    }
    for number in 0..7 {
        adds(&world, &conversation, &[(ADDRESS, &format!("+1415555020{number}"))]).await;
    }
    world.post(&participants, &[(ADDRESS, CAL)]).await.refused(400, 50436);
    is_sound(&world).await;
}

#[tokio::test]
async fn a_number_with_a_carrier_that_knows_no_groups_is_in_none() {
    let world = world().await;
    let number = [("PhoneNumber", OURS), ("Carrier", "meta")];
    let numbers = format!(
        "/api/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json",
        switchboard_tests::ACCOUNT
    );
    switchboard_tests::Rest::creates(&world, &numbers, &number).await;
    let participants = format!("{}/Participants", a_conversation(&world).await);
    world.post(&participants, &[(PROJECTED, OURS)]).await.refused(400, 50452);
}

#[tokio::test]
async fn the_same_addresses_make_one_group_until_it_ends() {
    let world = with_numbers().await;
    let (first, alice) = a_group(&world).await;
    let group = |number: &str| {
        let all = [(PROJECTED, number), (ADDRESS, ANN), (ADDRESS, BEN)];
        all.map(|(name, value)| json!({ name: value }).to_string())
    };
    let path = "/v1/ConversationWithParticipants";
    let again = group(OURS);
    let form: Vec<(&str, &str)> = again.iter().map(|one| ("Participant", one.as_str())).collect();
    world.post(path, &form).await.refused(409, 50438);
    // With another number of ours it is another group, and one that grows is one as well.
    let other = group(OTHER);
    let others: Vec<(&str, &str)> = other.iter().map(|one| ("Participant", one.as_str())).collect();
    world.post(path, &others).await.expect(201);
    is_sound(&world).await;
    let change = [(PROJECTED, OTHER)];
    world.post(&alice, &change).await.refused(409, 50438);
    world.post(&first, &[("State", "closed")]).await.expect(200);
    let made = world.post(path, &form).await.expect(201);
    assert_eq!(made["state"], "active");
    is_sound(&world).await;
    let path = format!("/v1/Conversations/{}", made["sid"].as_str().unwrap());
    world.delete(&path).await.expect(204);
    is_sound(&world).await;
}

#[tokio::test]
async fn addresses_that_make_no_group_are_refused_together() {
    let world = with_numbers().await;
    let path = "/v1/ConversationWithParticipants";
    let refused = async |all: &[Value]| {
        let all: Vec<String> = all.iter().map(Value::to_string).collect();
        let form: Vec<(&str, &str)> = all.iter().map(|one| ("Participant", one.as_str())).collect();
        world.post(path, &form).await.refused(400, 50435)
    };
    let telephones = [ANN, BEN, CAL].map(|own| json!({ "messaging_binding": { "address": own } }));
    refused(&telephones).await;
    let chat = json!({ "identity": "alice" });
    let ours = json!({ "messaging_binding": { "projected_address": OURS } });
    refused(&[chat, telephones[0].clone(), telephones[1].clone(), ours]).await;
}

#[tokio::test]
async fn what_a_participant_cannot_have_is_neither_given_nor_taken() {
    let world = with_numbers().await;
    let (conversation, alice) = a_group(&world).await;
    let all = world.get(&format!("{conversation}/Participants")).await.expect(200);
    let ann = all["participants"].as_array().unwrap().iter();
    let ann = ann.clone().find(|one| one["messaging_binding"]["address"] == ANN).unwrap();
    let ann = format!("{conversation}/Participants/{}", ann["sid"].as_str().unwrap());
    for (path, name, value, code) in [
        (&alice, PROXY, "null", 50440),
        (&ann, PROXY, "", 50440),
        (&alice, PROXY, OTHER, 50441),
        (&ann, PROJECTED, "null", 50442),
        (&ann, PROJECTED, OTHER, 50443),
        (&ann, "Identity", "bob", 50444),
        (&alice, PROJECTED, CAL, 50439),
        (&alice, PROXY, "fax:1", 50408),
    ] {
        world.post(path, &[(name, value)]).await.refused(400, code);
    }
    world.post(&alice, &[("Identity", "bob")]).await.expect(200);
    let moved = world.post(&alice, &[(PROJECTED, OTHER)]).await.expect(200);
    assert_eq!(moved["messaging_binding"]["projected_address"], OTHER);
    is_sound(&world).await;
    world.post(&alice, &[(PROJECTED, "null")]).await.expect(200);
    is_sound(&world).await;
}

#[tokio::test]
async fn a_customer_gets_another_number_of_ours_or_none() {
    let world = with_numbers().await;
    let conversation = a_conversation(&world).await;
    let made = adds(&world, &conversation, &[(ADDRESS, ANN), (PROXY, OURS)]).await;
    let path = format!("{conversation}/Participants/{}", made["sid"].as_str().unwrap());
    let binding = async |value: &str| {
        world.post(&path, &[(PROXY, value)]).await.expect(200)["messaging_binding"].clone()
    };
    let other = json!({ "type": "sms", "address": ANN, "proxy_address": OTHER });
    assert_eq!(binding(OTHER).await, other);
    is_sound(&world).await;
    assert_eq!(binding("null").await, json!({ "type": "sms", "address": ANN }));
    is_sound(&world).await;
    assert_eq!(binding(OTHER).await, other);
    is_sound(&world).await;
    world.post(&path, &[(PROXY, CAL)]).await.refused(400, 50413);
}

#[tokio::test]
async fn an_author_is_of_the_group_and_webhooks_hear_who_is_in_it() {
    let world = with_numbers().await;
    let (conversation, _) = a_group(&world).await;
    let messages = format!("{conversation}/Messages");
    for author in ["bob", CAL] {
        let form = [("Author", author), ("Body", "hi")];
        world.post(&messages, &form).await.refused(400, 50513);
    }
    world.post(&messages, &[("Body", "hi")]).await.refused(400, 50513);
    let form = [("Author", "alice"), ("Body", "hi")];
    let message = world.post(&messages, &form).await.expect(201);
    assert_eq!(message["delivery"]["total"], 2);
    let receipts = format!("{messages}/{}/Receipts", message["sid"].as_str().unwrap());
    let receipts = world.get(&receipts).await.expect(200);
    assert_eq!(receipts["delivery_receipts"].as_array().map(Vec::len), Some(2));
    listens(&world, &conversation, &["onParticipantAdded"]).await;
    world.asked();
    let participants = format!("{conversation}/Participants");
    world.post_with_webhooks(&participants, &[(ADDRESS, CAL)]).await.expect(201);
    assert_eq!(events(&world.asked()), ["onParticipantAdded"]);
}

#[tokio::test]
async fn a_conversation_is_not_made_or_changed_to_be_initializing() {
    let world = world().await;
    let state = [("State", "initializing")];
    world.post("/v1/Conversations", &state).await.refused(400, 50378);
    let conversation = a_conversation(&world).await;
    world.post(&conversation, &state).await.refused(400, 50378);
    let listed = world.get("/v1/Conversations?State=initializing").await.expect(200);
    assert_eq!(listed["conversations"], json!([]));
}
