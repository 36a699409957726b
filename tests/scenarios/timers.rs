//! Conversations that fall quiet: their timers ring to the second, messages put them off, and a closed one is over.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::Exchange;

use crate::endpoint::Endpoint;

const CHAT: &str = "/conversations/v1/Conversations";
const SETTINGS: &str = "/conversations/v1/Configuration";

async fn state(exchange: &Exchange, conversation: &str) -> Value {
    exchange.api.get(&format!("{CHAT}/{conversation}")).await.ok()["state"].take()
}

/// Time passes as it does: with a tick every minute.
async fn passes(exchange: &Exchange, mut seconds: u64) {
    while seconds > 0 {
        let step = seconds.min(60);
        exchange.later(Duration::from_secs(step));
        exchange.ticks().await;
        seconds -= step;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_rings_between_two_ticks_to_the_second() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let conversation = exchange.api.make(CHAT, &[("Timers.Closed", "PT10M")]).await;
    passes(&exchange, 560).await;
    for seconds in [10, 20] {
        exchange.later(Duration::from_secs(seconds));
        exchange.settles().await;
        assert_eq!(state(&exchange, &conversation).await, "active");
    }
    exchange.later(Duration::from_secs(10));
    exchange.settles().await;
    assert_eq!(state(&exchange, &conversation).await, "closed", "and no tick has come meanwhile");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_writes_puts_the_timers_off_and_wakes_who_is_quiet() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let defaults = [("DefaultInactiveTimer", "PT5M"), ("DefaultClosedTimer", "PT10M")];
    exchange.api.post(SETTINGS, &defaults).await.ok();
    let customer = exchange.customer("+14155550170");
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    passes(&exchange, 240).await;
    customer.writes("anybody?").await;
    passes(&exchange, 240).await;
    assert_eq!(state(&exchange, &conversation).await, "active", "quiet for four minutes only");
    passes(&exchange, 120).await;
    assert_eq!(state(&exchange, &conversation).await, "inactive");
    customer.writes("never mind").await;
    exchange.settles().await;
    assert_eq!(state(&exchange, &conversation).await, "active");
    assert_eq!(customer.conversation().await, conversation, "it is the same one");
    passes(&exchange, 6 * 60).await;
    assert_eq!(state(&exchange, &conversation).await, "inactive");
    passes(&exchange, 8 * 60).await;
    assert_eq!(state(&exchange, &conversation).await, "inactive");
    passes(&exchange, 3 * 60).await;
    assert_eq!(state(&exchange, &conversation).await, "closed");
    customer.writes("hello again").await;
    exchange.settles().await;
    assert_eq!(customer.conversations().await.len(), 2, "the pair was free");
    exchange
        .api
        .post(SETTINGS, &[("DefaultInactiveTimer", ""), ("DefaultClosedTimer", "")])
        .await
        .ok();
    let newest = exchange.conversations().await.pop().unwrap();
    assert_ne!(newest["timers"], json!({}), "what it began with is its own");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_hear_of_timers_although_no_request_asked_for_it() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200]).await;
    let timers = [("Timers.Inactive", "PT1M"), ("Timers.Closed", "PT10M")];
    let conversation = exchange.api.make(CHAT, &timers).await;
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", endpoint.url.as_str()),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onConversationStateUpdated"),
    ];
    exchange.api.make(&format!("{CHAT}/{conversation}/Webhooks"), &form).await;
    passes(&exchange, 13 * 60).await;
    let calls = endpoint.calls();
    let told: Vec<_> = calls
        .iter()
        .map(|call| ["StateFrom", "StateTo", "Reason", "Source"].map(|name| call.get(name)))
        .collect();
    let expected = [["active", "inactive", "TIMER", "API"], ["inactive", "closed", "TIMER", "API"]];
    assert_eq!(told, expected);
    exchange.rests().await;
}

/// The medium of an interaction is closed by a timer as it is by a program: the agent wraps up, and completes.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_quiet_conversation_lets_the_agent_wrap_up() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.api.post(SETTINGS, &[("DefaultClosedTimer", "PT10M")]).await.ok();
    let customer = exchange.customer("+14155550171");
    customer.writes("hello").await;
    exchange.settles().await;
    let alice = exchange.agent("alice");
    let agent = match alice.reservations("pending").await.is_empty() {
        true => exchange.agent("bob"),
        false => alice,
    };
    agent.accepts().await;
    let conversation = customer.conversation().await;
    passes(&exchange, 11 * 60).await;
    assert_eq!(state(&exchange, &conversation).await, "closed");
    let task = &exchange.tasks().await[0];
    assert_eq!(task["assignment_status"], "wrapping");
    let path = format!("{}/Tasks/{}", exchange.workspace, task["sid"].as_str().unwrap());
    let done = [("AssignmentStatus", "completed"), ("Reason", "over")];
    exchange.api.post(&path, &done).await.ok();
    exchange.settles().await;
    exchange.rests().await;
}
