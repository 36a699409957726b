//! One saga: who is responsible for a conversation, from the first message to its end, through the laptop (rules C.15 to C.19).

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Agent, Exchange, NUMBER, eventually};

use crate::endpoint::Endpoint;

const CHAT: &str = "/conversations/v1/Conversations";

/// The path of a conversation's interaction: they are twins.
fn interaction_of(conversation: &str) -> String {
    format!("/flex-api/v1/Interactions/KD{}", &conversation[2..])
}

fn channel_of(conversation: &str) -> String {
    format!("{}/Channels/UO{}", interaction_of(conversation), &conversation[2..])
}

async fn responsible(exchange: &Exchange, conversation: &str) -> String {
    let path = format!("{}/Responsible", interaction_of(conversation));
    exchange.api.get(&path).await.text("responsible")
}

/// What the address of the contact centre asks for.
async fn cares(exchange: &Exchange, form: &[(&str, &str)]) {
    exchange.api.post(&format!("/flex-api/v1/Addresses/{NUMBER}/Care"), form).await.ok();
}

/// Whoever of the two is offered something takes it.
async fn someone_accepts(exchange: &Exchange) -> Agent<'_> {
    let (alice, bob) = (exchange.agent("alice"), exchange.agent("bob"));
    let agent = eventually("an offer", || async {
        if !alice.reservations("pending").await.is_empty() {
            return Some(alice.clone());
        }
        (!bob.reservations("pending").await.is_empty()).then(|| bob.clone())
    })
    .await;
    agent.accepts().await;
    agent
}

async fn agents(exchange: &Exchange, conversation: &str) -> Vec<Value> {
    let path = format!("{}/Participants", channel_of(conversation));
    let all = exchange.api.all(&path, "participants").await;
    all.into_iter().filter(|one| one["type"] == "agent").collect()
}

/// Whoever is in the seat leaves it, and the conversation goes on. Answers how they came to it.
async fn parks(exchange: &Exchange, conversation: &str) -> Value {
    let seat = agents(exchange, conversation).await.remove(0);
    let path =
        format!("{}/Participants/{}", channel_of(conversation), seat["sid"].as_str().unwrap());
    exchange.api.post(&path, &[("Status", "closed")]).await.ok();
    exchange.settles().await;
    seat["routing_properties"].clone()
}

async fn invites(exchange: &Exchange, conversation: &str) -> Vec<Value> {
    exchange.api.all(&format!("{}/Invites", channel_of(conversation)), "invites").await
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_a_parked_conversation_comes_back_once_under_a_burst_to_who_knows_it() {
    let exchange = Exchange::open().await;
    cares(&exchange, &[("Resume", "workflow")]).await;
    let customer = exchange.customer("+15554001001");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    someone_accepts(&exchange).await;
    let before = parks(&exchange, &conversation).await;
    assert_eq!(responsible(&exchange, &conversation).await, "parked");
    for body in ["still", "no", "parcel", "here", "!"] {
        customer.writes(body).await;
    }
    exchange.settles().await;
    let all = eventually("the invite", || async {
        let all = invites(&exchange, &conversation).await;
        (all.len() > 1).then_some(all)
    })
    .await;
    assert_eq!(all.len(), 2, "a burst makes one task");
    let attributes = all[1]["routing"]["properties"]["attributes"].as_str().unwrap();
    let attributes: Value = serde_json::from_str(attributes).unwrap();
    assert_eq!(attributes["originalRouting"]["workerSid"], before["worker_sid"]);
    assert_eq!(attributes["topic"], "help", "what the first task said");
    assert_eq!(customer.conversation().await, conversation, "it is the same thread");
    someone_accepts(&exchange).await;
    assert_eq!(responsible(&exchange, &conversation).await, "agent");
    exchange.rests().await;
}

/// As the vendor's professional-services template for Flex parks: a webhook on the conversation, the agent's participant closed, what
/// is needed to come back in the conversation's attributes; with the next message the webhook is removed first, then the invite is made.
#[tokio::test(flavor = "multi_thread")]
async fn c8_parking_as_the_template_does_it() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let customer = exchange.customer("+15554001002");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    someone_accepts(&exchange).await;
    let path = format!("{CHAT}/{conversation}");
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", endpoint.url.as_str()),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    let webhook = exchange.api.make(&format!("{path}/Webhooks"), &form).await;
    let before = parks(&exchange, &conversation).await;
    let kept = json!({
        "workflowSid": exchange.sid("workflow"), "workerSid": before["worker_sid"],
        "taskAttributes": r#"{"topic":"help"}"#, "webhookSid": webhook,
    });
    exchange.api.post(&path, &[("Attributes", &kept.to_string())]).await.ok();
    customer.writes("I am back").await;
    exchange.settles().await;
    eventually("the call", || async { (!endpoint.calls().is_empty()).then_some(()) }).await;
    let call = endpoint.calls().remove(0);
    assert_eq!(call.get("EventType"), "onMessageAdded");
    assert_eq!(call.get("ConversationSid"), conversation);
    assert_eq!(responsible(&exchange, &conversation).await, "parked", "nobody else brings it back");

    // What the template's function does.
    exchange.api.delete(&format!("{path}/Webhooks/{webhook}")).await.expect(204);
    let read = exchange.api.get(&path).await.text("attributes");
    let read: Value = serde_json::from_str(&read).unwrap();
    let mut attributes: Value =
        serde_json::from_str(read["taskAttributes"].as_str().unwrap()).unwrap();
    attributes["originalRouting"] = json!({ "workerSid": read["workerSid"] });
    let routing = json!({ "properties": {
        "workspace_sid": exchange.sid("workspace"), "workflow_sid": read["workflowSid"],
        "task_channel_unique_name": "sms", "attributes": attributes,
    }});
    let to = format!("{}/Invites", channel_of(&conversation));
    exchange.api.post(&to, &[("Routing", &routing.to_string())]).await.ok();
    assert_eq!(responsible(&exchange, &conversation).await, "invited");
    customer.writes("hello?").await;
    exchange.settles().await;
    assert_eq!(endpoint.calls().len(), 1, "the webhook is gone");
    assert_eq!(invites(&exchange, &conversation).await.len(), 2);
    someone_accepts(&exchange).await;
    assert_eq!(agents(&exchange, &conversation).await.len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_c5_nobody_takes_a_conversation_it_waits_and_is_closed_after_its_time() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    cares(&exchange, &[("CloseAfter", "PT10M")]).await;
    let customer = exchange.customer("+15554001003");
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let task = exchange.tasks().await.remove(0);
    let path = format!("{}/Tasks/{}", exchange.workspace, task["sid"].as_str().unwrap());
    let form = [("AssignmentStatus", "canceled"), ("Reason", "nobody is there")];
    exchange.api.post(&path, &form).await.ok();
    exchange.settles().await;
    assert_eq!(responsible(&exchange, &conversation).await, "waiting");
    let waiting = exchange.api.all("/flex-api/v1/Waiting", "interactions").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["conversation_sid"], json!(conversation));
    for _ in 0..12 {
        exchange.later(Duration::from_secs(60));
        exchange.ticks().await;
    }
    assert_eq!(responsible(&exchange, &conversation).await, "closed");
    assert_eq!(exchange.api.get(&channel_of(&conversation)).await.text("status"), "closed");
    customer.writes("anybody?").await;
    exchange.settles().await;
    assert_ne!(customer.conversation().await, conversation, "the pair is free");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_who_accepts_as_the_conversation_is_closed_gets_a_task_that_ends() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+15554001004");
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let (alice, bob) = (exchange.agent("alice"), exchange.agent("bob"));
    let agent = if alice.reservations("pending").await.is_empty() { bob } else { alice };
    let offer = agent.reservations("pending").await.remove(0);
    let offer = format!("{}/Reservations/{}", agent.path(), offer["sid"].as_str().unwrap());
    let path = format!("{CHAT}/{conversation}");
    let closed = [("State", "closed")];
    let closes = exchange.api.post(&path, &closed);
    let accepts = exchange.api.post(&offer, &[("ReservationStatus", "accepted")]);
    // Whoever is quicker: the offer may be taken back by then.
    let (closed, accepted) = tokio::join!(closes, accepts);
    closed.ok();
    assert!(matches!(accepted.status, 200 | 400), "{}", accepted.body);
    exchange.settles().await;
    let task = exchange.tasks().await.remove(0);
    let ended = ["wrapping", "canceled", "completed"];
    assert!(ended.contains(&task["assignment_status"].as_str().unwrap()), "{task}");
    assert!(agents(&exchange, &conversation).await.is_empty());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c19_the_webhook_of_an_address_is_told_of_messages_in_a_row_once() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200]).await;
    let address = "+18005550150";
    let numbers = format!(
        "/api/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json",
        switchboard_tests::ACCOUNT
    );
    exchange.api.make(&numbers, &[("PhoneNumber", address)]).await;
    let form = [
        ("Type", "sms"),
        ("Address", address),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "webhook"),
        ("AutoCreation.WebhookUrl", endpoint.url.as_str()),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    let care = format!("/flex-api/v1/Addresses/{address}/Care");
    exchange.api.post(&care, &[("CollectSeconds", "5")]).await.ok();
    let customer = exchange.customer("+15554001005").to(address);
    for body in ["hello", "anybody", "there?"] {
        customer.writes(body).await;
    }
    exchange.settles().await;
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].get("Body"), "there?");
    assert_eq!(calls[0].get("Index"), "2");
    exchange.rests().await;
}
