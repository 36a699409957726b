//! Replies that follow each other at once and leave as one, where their messaging service asks for it: in order, each with a receipt,
//! once, whatever becomes of the carrier.

use std::time::Duration;

use serde_json::Value;
use switchboard::stub_carrier::Behaviour;
use switchboard_tests::{Exchange, eventually};

const CONVERSATIONS: &str = "/conversations/v1/Conversations";

/// An exchange in whose pool replies wait a second for each other, and a customer who has written.
async fn merging(phone: &str) -> (Exchange, String) {
    let exchange = Exchange::open().await;
    let path = format!("/messaging/v1/Services/{}/Merging", exchange.made.sid("messaging"));
    let made = exchange.api.post(&path, &[("Seconds", "1")]).await.expect(200);
    assert_eq!(made["seconds"], 1);
    let customer = exchange.customer(phone);
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    (exchange, format!("{CONVERSATIONS}/{conversation}/Messages"))
}

/// Says something in a conversation.
async fn says(exchange: &Exchange, messages: &str, author: &str, body: &str) -> String {
    exchange.api.make(messages, &[("Author", author), ("Body", body)]).await
}

async fn becomes(exchange: &Exchange, messages: &str, sid: &str, wanted: &str) -> Value {
    let receipts = format!("{messages}/{sid}/Receipts");
    eventually(wanted, || async {
        let all = exchange.api.all(&receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == wanted)
    })
    .await
}

/// What the carrier took.
fn taken(exchange: &Exchange) -> Vec<String> {
    exchange.carrier.sent().into_iter().map(|one| one.body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_in_a_row_leave_as_one_and_each_has_its_receipt() {
    let (exchange, messages) = merging("+14155550161").await;
    let mut all = Vec::new();
    for body in ["Hello", "I have looked", "It is on its way"] {
        all.push(says(&exchange, &messages, "ann", body).await);
    }
    all.push(says(&exchange, &messages, "bob", "This is Bob").await);
    for sid in &all {
        becomes(&exchange, &messages, sid, "delivered").await;
    }
    assert_eq!(taken(&exchange), ["Hello\nI have looked\nIt is on its way", "This is Bob"]);
    let listed = exchange.api.all(&messages, "messages").await;
    let bodies: Vec<&Value> = listed.iter().skip(1).map(|one| &one["body"]).collect();
    assert_eq!(bodies, ["Hello", "I have looked", "It is on its way", "This is Bob"]);
    let first = becomes(&exchange, &messages, &all[0], "delivered").await;
    let second = becomes(&exchange, &messages, &all[1], "delivered").await;
    assert_ne!(first["sid"], second["sid"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_together_is_not_sent_again_when_nobody_knows_whether_it_arrived() {
    let (exchange, messages) = merging("+14155550162").await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::AcceptThenSilence);
    let first = says(&exchange, &messages, "ann", "one").await;
    let second = says(&exchange, &messages, "ann", "two").await;
    exchange.later(Duration::from_secs(3));
    eventually("the carrier", || async { (!taken(&exchange).is_empty()).then_some(()) }).await;
    // Written after they were put together.
    let third = says(&exchange, &messages, "ann", "three").await;
    exchange.carrier.set(Behaviour::Accept);
    let path = format!("{messages}/{third}/Receipts");
    eventually("the end", || async {
        exchange.later(Duration::from_secs(10));
        let all = exchange.api.all(&path, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == "delivered")
    })
    .await;
    for sid in [&first, &second] {
        becomes(&exchange, &messages, sid, "sent").await;
    }
    assert_eq!(taken(&exchange), ["one\ntwo", "three"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_together_failed_each() {
    let (exchange, messages) = merging("+14155550163").await;
    exchange.carrier.set(Behaviour::Reject(30006));
    let first = says(&exchange, &messages, "ann", "one").await;
    let second = says(&exchange, &messages, "ann", "two").await;
    for sid in [&first, &second] {
        let failed = becomes(&exchange, &messages, sid, "failed").await;
        assert_eq!(failed["error_code"], 30006);
    }
    exchange.rests().await;
}
