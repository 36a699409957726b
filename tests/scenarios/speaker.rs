//! A bot speaks first, and the agent who is seated after it: one at a time, the customer at any time.

use serde_json::{Value, json};
use switchboard_tests::Exchange;

use crate::endpoint::{Endpoint, Heard};

/// The bot takes the right to write, and lets the agent who comes take it over.
async fn bot_speaks(exchange: &Exchange, path: &str, url: &str) {
    let webhook = [
        ("Target", "webhook"),
        ("Configuration.Url", url),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onSpeakerChanged"),
    ];
    exchange.api.post(&format!("{path}/Webhooks"), &webhook).await.ok();
    let form = [("Holder", "bot"), ("AgentTakes", "true")];
    let taken = exchange.api.post(&format!("{path}/Speaker"), &form).await.ok();
    assert_eq!(taken["token"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_speaks_until_an_agent_is_seated_and_the_customer_always() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let customer = exchange.customer("+14155550170");
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let messages = format!("{path}/Messages");
    bot_speaks(&exchange, &path, &endpoint.url).await;
    let by_bot = [("Author", "bot"), ("Body", "How can I help?"), ("SpeakerToken", "1")];
    exchange.api.post(&messages, &by_bot).await.ok();
    customer.writes("a person, please").await;
    exchange.settles().await;

    let alice = exchange.agent("alice");
    alice.accepts().await;
    exchange.settles().await;
    let speaker = exchange.api.get(&format!("{path}/Speaker")).await.ok();
    let identity = speaker["holder"].as_str().unwrap().to_owned();
    assert_eq!(speaker["token"], 2);
    exchange.api.post(&messages, &by_bot).await.refused(412, 20412);
    let by_alice = [("Author", &*identity), ("Body", "Alice here"), ("SpeakerToken", "2")];
    exchange.api.post(&messages, &by_alice).await.ok();
    customer.writes("at last").await;
    exchange.settles().await;
    let said = exchange.messages(&conversation).await;
    let said: Vec<&str> = said.iter().map(|one| one["body"].as_str().unwrap()).collect();
    assert_eq!(said, ["hello", "How can I help?", "a person, please", "Alice here", "at last"]);

    exchange.api.post(&path, &[("State", "closed")]).await.ok();
    exchange.settles().await;
    assert_eq!(told(&endpoint.calls()), json!([["bot", identity, "2", "SEATED"]]));
    assert!(endpoint.calls().iter().all(|call| endpoint.signed(call)));
    let closed = exchange.api.get(&format!("{path}/Speaker")).await.ok();
    assert_eq!((&closed["holder"], &closed["token"]), (&json!(null), &json!(2)));
    exchange.rests().await;
}

/// What an endpoint was told of speakers; changes by REST that do not ask for it are not told.
fn told(calls: &[Heard]) -> Value {
    let names = ["SpeakerFrom", "Speaker", "SpeakerToken", "Reason"];
    let changes = calls.iter().filter(|call| call.get("EventType") == "onSpeakerChanged");
    changes.map(|call| names.map(|name| call.get(name))).map(|one| json!(one)).collect()
}
