//! The main job: a customer's message finds an agent and gets an answer.

use serde_json::{Value, json};
use switchboard_tests::{Exchange, NUMBER, eventually};

/// The channel's path of a conversation's interaction: all three are twins.
fn channel_of(conversation: &str) -> String {
    let digits = &conversation[2..];
    format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_finds_an_agent_and_gets_an_answer() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550100");
    assert_eq!(customer.writes("hello").await, 200);

    let conversation = customer.conversation().await;
    exchange.settles().await;
    let messages = exchange.messages(&conversation).await;
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["body"], &messages[0]["index"]), (&json!("hello"), &json!(0)));
    assert_eq!(messages[0]["author"], "+14155550100");

    let tasks = exchange.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["assignment_status"], "reserved");
    let attributes: Value = serde_json::from_str(tasks[0]["attributes"].as_str().unwrap()).unwrap();
    assert_eq!(attributes["conversationSid"], json!(conversation));
    assert_eq!(attributes["topic"], "help");

    let alice = exchange.agent("alice");
    let (first, second) =
        (alice.reservations("pending").await, exchange.agent("bob").reservations("pending").await);
    assert_eq!(first.len() + second.len(), 1, "exactly one offer");
    assert!(exchange.agent("carol").reservations("pending").await.is_empty(), "wrong language");
    let agent = if first.is_empty() { exchange.agent("bob") } else { alice };
    agent.accepts().await;

    let participants = exchange
        .api
        .all(&format!("{}/Participants", channel_of(&conversation)), "participants")
        .await;
    let kinds: Vec<&str> = participants.iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(kinds, ["customer", "agent"]);
    assert_eq!(participants[1]["routing_properties"]["task_sid"], tasks[0]["sid"]);

    let reply = agent.replies(&conversation, "how can I help?").await;
    let receipts = format!(
        "/conversations/v1/Conversations/{conversation}/Messages/{}/Receipts",
        reply["sid"].as_str().unwrap()
    );
    eventually("the receipt", || async {
        let all = exchange.api.all(&receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == "delivered")
    })
    .await;
    let sent = exchange.carrier.sent();
    assert_eq!(sent.len(), 1, "the carrier has the reply once");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_joins_the_first_leaves_and_closing_ends_it_all() {
    let exchange = Exchange::open().await;
    exchange.agent("bob").goes("Offline").await;
    let customer = exchange.customer("+14155550101");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    let (alice, bob) = (exchange.agent("alice"), exchange.agent("bob"));
    alice.accepts().await;
    bob.goes("Available").await;

    let channel = channel_of(&conversation);
    let routing = json!({ "properties": {
        "workspace_sid": exchange.sid("workspace"), "workflow_sid": exchange.sid("workflow"),
        "queue_sid": exchange.sid("english"), "worker_sid": exchange.sid("bob"),
        "task_channel_unique_name": "sms", "attributes": { "topic": "second opinion" },
    }});
    let invited = exchange
        .api
        .post(&format!("{channel}/Invites"), &[("Routing", &routing.to_string())])
        .await
        .ok();
    assert!(invited["sid"].as_str().unwrap().starts_with("KG"));
    bob.accepts().await;

    let seated = exchange.api.all(&format!("{channel}/Participants"), "participants").await;
    let agents: Vec<&Value> = seated.iter().filter(|one| one["type"] == "agent").collect();
    assert_eq!(agents.len(), 2);
    let first = format!("{channel}/Participants/{}", agents[0]["sid"].as_str().unwrap());
    exchange.api.post(&first, &[("Status", "closed")]).await.ok();
    exchange.settles().await;
    let first_task = agents[0]["routing_properties"]["task_sid"].as_str().unwrap();
    let task = exchange.api.get(&format!("{}/Tasks/{first_task}", exchange.workspace)).await.ok();
    assert_eq!(task["assignment_status"], "completed");
    let members = format!("/conversations/v1/Conversations/{conversation}/Participants");
    let members = exchange.api.all(&members, "participants").await;
    let identities: Vec<&str> = members.iter().filter_map(|one| one["identity"].as_str()).collect();
    assert_eq!(identities, ["bob"], "the conversation goes on with the second agent");

    let closing = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
    let closed = exchange.api.post(&channel, &closing).await.ok();
    assert_eq!(closed["status"], "closed");
    exchange.settles().await;
    let gone =
        exchange.api.get(&format!("/conversations/v1/Conversations/{conversation}")).await.ok();
    assert_eq!(gone["state"], "closed");
    assert!(bob.reservations("accepted").await.is_empty(), "the capacity is free");

    customer.writes("hello again").await;
    let next = customer.conversation().await;
    assert_ne!(next, conversation, "writing in again opens a new conversation");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_asked_for_is_kept_and_shown() {
    let exchange = Exchange::open().await;
    let hex = "0123456789abcdef0123456789abcdef";
    let customer = exchange.customer("+14155550102").to("+18005550177");
    assert_eq!(customer.delivers(&format!("SM{hex}"), "anybody there?").await, 200);
    exchange.settles().await;
    assert!(customer.conversations().await.is_empty());
    let path =
        format!("/api/2010-04-01/Accounts/{}/Messages/SM{hex}.json", switchboard_tests::ACCOUNT);
    let kept = exchange.api.get(&path).await.ok();
    assert_eq!((&kept["status"], &kept["to"]), (&json!("received"), &json!("+18005550177")));
    assert_eq!(kept["body"], "anybody there?");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_is_opened_once_for_a_conversation() {
    let exchange = Exchange::open().await;
    let form =
        [("MessagingBinding.Address", "+14155550103"), ("MessagingBinding.ProxyAddress", NUMBER)];
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let members = format!("/conversations/v1/Conversations/{conversation}/Participants");
    exchange.api.make(&members, &form).await;
    let channel = json!({ "type": "sms", "initiated_by": "customer",
        "properties": { "media_channel_sid": conversation } });
    let routing = json!({ "properties": { "workspace_sid": exchange.sid("workspace"),
        "workflow_sid": exchange.sid("workflow"), "task_channel_unique_name": "sms" } });
    let (channel, routing) = (channel.to_string(), routing.to_string());
    let form = [("Channel", channel.as_str()), ("Routing", routing.as_str())];
    let open = || exchange.api.post("/flex-api/v1/Interactions", &form);
    let answers = tokio::join!(open(), open(), open(), open());
    let sids: Vec<Value> = [answers.0, answers.1, answers.2, answers.3]
        .into_iter()
        .map(|answered| {
            let body = answered.ok();
            assert_eq!(
                body["routing"]["properties"]["workflow_sid"],
                json!(exchange.sid("workflow"))
            );
            body["sid"].clone()
        })
        .collect();
    assert!(sids.iter().all(|sid| *sid == sids[0]), "{sids:?}");
    exchange.settles().await;
    assert_eq!(exchange.tasks().await.len(), 1);
    exchange.rests().await;
}
