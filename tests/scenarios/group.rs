//! Group MMS (rule A.8): from the first message of one of several people to a reply to all of them.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_tests::{ACCOUNT, Exchange};

use crate::endpoint::Endpoint;

const OURS: &str = "+14155550001";
const ANN: &str = "+14155550191";
const BEN: &str = "+14155550192";
const CAL: &str = "+14155550193";
const PARTICIPANTS: &str = "/conversations/v1/Conversations";

/// Lets a number of ours open conversations.
async fn opens(exchange: &Exchange, number: &str) {
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    exchange.api.make(&numbers, &[("PhoneNumber", number)]).await;
    let form = [
        ("Type", "sms"),
        ("Address", number),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
}

/// One of the group writes to all of it.
async fn writes(exchange: &Exchange, from: &str, others: &[&str], body: &str) -> String {
    let customer = exchange.customer(from).to(OURS);
    let id =
        customer.does(CustomerMessage { others, ..CustomerMessage::text("", "", "", body) }).await;
    exchange.settles().await;
    id
}

async fn messages(exchange: &Exchange, conversation: &str) -> Vec<Value> {
    exchange.api.all(&format!("{PARTICIPANTS}/{conversation}/Messages"), "messages").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_writes_to_us_and_is_answered_as_one() {
    let exchange = Exchange::open().await;
    opens(&exchange, OURS).await;
    let first = writes(&exchange, ANN, &[BEN, CAL], "who feeds the cat?").await;
    let conversation = exchange.customer(ANN).conversation().await;
    // Whoever of them answers is in the same conversation, and a redelivery is no second message.
    writes(&exchange, BEN, &[CAL, ANN], "I do").await;
    let again = exchange.customer(ANN).to(OURS);
    let others = [BEN, CAL].as_slice();
    let message =
        CustomerMessage { others, ..CustomerMessage::text(&first, "", "", "who feeds the cat?") };
    again.delivers_as(message).await;
    exchange.settles().await;
    let heard = messages(&exchange, &conversation).await;
    let heard: Vec<_> =
        heard.iter().map(|one| (one["author"].clone(), one["body"].clone())).collect();
    let expected = [(json!(ANN), json!("who feeds the cat?")), (json!(BEN), json!("I do"))];
    assert_eq!(heard, expected);
    assert!(exchange.carrier.sent().is_empty(), "they have it from each other");
    // A message to us alone is another conversation.
    exchange.customer(ANN).to(OURS).writes("between us").await;
    exchange.settles().await;
    assert_eq!(exchange.customer(ANN).conversations().await.len(), 2);

    let reply = [("Author", OURS), ("Body", "thank you, Ben")];
    let path = format!("{PARTICIPANTS}/{conversation}/Messages");
    let sent = exchange.api.post(&path, &reply).await.expect(201);
    exchange.settles().await;
    let is_delivered = |carrier: &switchboard::stub_carrier::StubCarrier| {
        let all = carrier.receipts();
        all.iter().filter(|one| one.status == DeliveryStatus::Delivered).count() == 3
    };
    assert!(exchange.carrier.until(Duration::from_secs(30), is_delivered).await);
    exchange.settles().await;
    let [taken] = &exchange.carrier.sent()[..] else { panic!("{:?}", exchange.carrier.sent()) };
    let mut all: Vec<&str> = taken.others.iter().map(String::as_str).chain([&*taken.to]).collect();
    all.sort_unstable();
    assert_eq!((all, taken.from.as_str()), (vec![ANN, BEN, CAL], OURS));
    let receipts = format!("{path}/{}/Receipts", sent["sid"].as_str().unwrap());
    let receipts = exchange.api.all(&receipts, "delivery_receipts").await;
    let statuses: Vec<&str> = receipts.iter().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(statuses, ["delivered"; 3]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_who_write_to_a_new_group_at_once_open_one_conversation() {
    let exchange = Exchange::open().await;
    opens(&exchange, OURS).await;
    let all = [ANN, BEN, CAL];
    let write = |from: &'static str| {
        let others: Vec<&str> = all.into_iter().filter(|one| *one != from).collect();
        let exchange = &exchange;
        async move {
            let message =
                CustomerMessage { others: &others, ..CustomerMessage::text("", "", "", from) };
            exchange.customer(from).to(OURS).does(message).await;
        }
    };
    tokio::join!(write(ANN), write(BEN), write(CAL));
    exchange.settles().await;
    let conversation = exchange.customer(ANN).conversation().await;
    assert_eq!(messages(&exchange, &conversation).await.len(), 3);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_who_received_the_message_that_opens_a_group() {
    let exchange = Exchange::open().await;
    opens(&exchange, OURS).await;
    let endpoint = Endpoint::start(&[200]).await;
    let form = [
        ("PostWebhookUrl", endpoint.url.clone()),
        ("Filters", "onConversationAdded".to_owned()),
        ("Filters", "onConversationStateUpdated".to_owned()),
    ];
    let form: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    exchange.api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    writes(&exchange, ANN, &[BEN], "hello both").await;
    let calls = endpoint.calls();
    let told = |event: &str| {
        let call = calls.iter().find(|call| call.get("EventType") == event);
        call.unwrap_or_else(|| panic!("{event} was not told"))
    };
    let added = told("onConversationAdded");
    assert_eq!(added.get("MessagingBinding.AuthorAddress"), ANN);
    assert_eq!(added.get("MessagingBinding.Address"), format!("{BEN},{OURS}"));
    let state = told("onConversationStateUpdated");
    assert_eq!((state.get("StateFrom"), state.get("StateTo")), ("initializing", "active"));
    assert_eq!(state.get("Reason"), "EVENT");
    exchange.rests().await;
}
