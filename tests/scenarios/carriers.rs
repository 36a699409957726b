//! Every carrier, on channels that it may have: the customer's message opens a conversation, the reply leaves by the
//! carrier that brought it, and what becomes of it comes back, whether our names come with it or not.

use std::time::Duration;

use serde_json::json;
use switchboard::Options;
use switchboard::stub_carrier::Behaviour;
use switchboard_carriers::stub::{CustomerMessage, Taken};
use switchboard_carriers::webhook_path;
use switchboard_domain::carriage::{CarrierName, DeliveryStatus};
use switchboard_tests::{Customer, Exchange, eventually};

/// A customer and the business on each of the channels.
const CHANNELS: [(&str, &str, &str); 3] = [
    ("whatsapp", "whatsapp:+14155550171", "whatsapp:+18005550100"),
    ("messenger", "messenger:7654321", "messenger:1234567"),
    ("instagram", "instagram:7654321", "instagram:1234567"),
];

/// Lets conversations begin with whoever writes to an address.
async fn is_reachable(exchange: &Exchange, kind: &str, address: &str) {
    let form = [
        ("Type", kind),
        ("Address", address),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
}

/// Answers a customer, and says where the receipts are.
async fn reply(exchange: &Exchange, customer: &Customer<'_>) -> String {
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let sid = exchange.api.make(&path, &[("Author", "system"), ("Body", "an answer")]).await;
    format!("{path}/{sid}/Receipts")
}

async fn becomes(exchange: &Exchange, receipts: &str, wanted: &str) {
    eventually(wanted, || async {
        let all = exchange.api.all(receipts, "delivery_receipts").await;
        (all.len() == 1 && all[0]["status"] == wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_leaves_by_the_carrier_that_brought_the_message_and_is_read_in_the_end() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        for (kind, from, to) in CHANNELS {
            is_reachable(&exchange, kind, to).await;
            let customer = exchange.customer(from).to(to).by(*carrier);
            assert_eq!(customer.writes("Grüße / 👍").await, 200, "{carrier:?} {kind}");
            let receipts = reply(&exchange, &customer).await;
            becomes(&exchange, &receipts, "read").await;
            let messages = exchange.messages(&customer.conversation().await).await;
            assert_eq!(messages[0]["body"], "Grüße / 👍");
            let sent = exchange.carrier.sent().pop().unwrap();
            assert_eq!((sent.carrier, sent.to.as_str(), sent.from.as_str()), (*carrier, from, to));
            assert_eq!(sent.body, "an answer");
        }
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_on_what_somebody_else_wrote_to_the_customer_is_none_of_ours() {
    let exchange = Exchange::open().await;
    let (kind, from, to) = CHANNELS[1];
    is_reachable(&exchange, kind, to).await;
    for carrier in CarrierName::ALL {
        exchange.carrier.set(Behaviour::NoReceipts);
        let customer = exchange.customer(from).to(to).by(*carrier);
        customer.writes("hello").await;
        exchange.settles().await;
        let receipts = reply(&exchange, &customer).await;
        becomes(&exchange, &receipts, "sent").await;
        let ours = exchange.carrier.sent().pop().unwrap();
        let stub = exchange.carrier.stub(*carrier);
        // Somebody else wrote by the same page, and what became of that is none of ours.
        let id = stub.message_id([7; 16], false);
        let theirs = Taken { status: DeliveryStatus::Delivered, id, about: None, ..ours.clone() };
        let report = stub.report(&theirs).unwrap();
        assert_eq!(exchange.api.deliver(report).await / 100, 2, "{carrier:?}");
        exchange.settles().await;
        becomes(&exchange, &receipts, "sent").await;
        let read = Taken { status: DeliveryStatus::Read, ..ours };
        assert_eq!(exchange.api.deliver(stub.report(&read).unwrap()).await / 100, 2);
        becomes(&exchange, &receipts, "read").await;
    }
    exchange.rests().await;
}

/// Prices come from the carrier where it tells them, else from the rate card of the day.
#[tokio::test(flavor = "multi_thread")]
async fn what_replies_cost_is_summed_for_the_conversation_and_the_service() {
    let cards = r#"[{ "since": "2020-01-01", "currency": "USD", "rates": [
        { "channel": "whatsapp", "prefix": "+1", "price": "0.0034" } ] }]"#;
    let options = Options { rate_cards: Some(cards.to_owned()), ..Options::default() };
    let exchange = Exchange::opened(options).await;
    let (kind, from, to) = CHANNELS[0];
    is_reachable(&exchange, kind, to).await;
    for carrier in CarrierName::ALL {
        let customer = exchange.customer(from).to(to).by(*carrier);
        customer.writes("hello").await;
        exchange.settles().await;
        let receipts = reply(&exchange, &customer).await;
        becomes(&exchange, &receipts, "read").await;
    }
    let conversation = exchange.customer(from).to(to).conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Costs");
    let costs = exchange.api.get(&path).await.ok();
    let count = CarrierName::ALL.len();
    assert_eq!((&costs["messages"], &costs["unpriced"]), (&json!(count), &json!(0)));
    assert_eq!(costs["listed"], json!({ "USD": "0.0068" }));
    let categories: Vec<_> = costs["days"].as_array().unwrap().iter().collect();
    assert!(categories.iter().any(|line| line["category"] == "service" && line["billable"] == 1));
    let service = exchange.api.get("/conversations/v1/Costs").await.ok();
    assert_eq!(service["listed"], costs["listed"]);
    exchange.rests().await;
}

/// What would cost more than a day may cost is not handed over, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_over_the_days_cap_fails_before_its_carrier_hears_of_it() {
    let cards = r#"[{ "since": "2020-01-01", "currency": "USD", "rates": [
        { "channel": "whatsapp", "prefix": "+1", "price": "0.0034" } ] }]"#;
    let spend_caps = Some(r#"{"USD":"0.0070"}"#.to_owned());
    let rate_cards = Some(cards.to_owned());
    let exchange = Exchange::opened(Options { rate_cards, spend_caps, ..Options::default() }).await;
    let (kind, from, to) = CHANNELS[0];
    is_reachable(&exchange, kind, to).await;
    let customer = exchange.customer(from).to(to);
    customer.writes("hello").await;
    exchange.settles().await;
    for _ in 0..2 {
        becomes(&exchange, &reply(&exchange, &customer).await, "read").await;
    }
    let over = reply(&exchange, &customer).await;
    becomes(&exchange, &over, "failed").await;
    assert_eq!(exchange.api.all(&over, "delivery_receipts").await[0]["error_code"], 30010);
    // Nobody says what a text abroad costs, so no cap could be kept.
    let abroad = exchange.customer("whatsapp:+4915123456789").to(to);
    abroad.writes("hallo").await;
    exchange.settles().await;
    let unpriced = reply(&exchange, &abroad).await;
    becomes(&exchange, &unpriced, "failed").await;
    assert_eq!(exchange.carrier.sent().len(), 2);
    exchange.rests().await;
}

/// A carrier that keeps a list of messages is asked; one that keeps none would have reported, so the reply fails visibly.
/// Neither gets it a second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_whose_answer_was_lost_is_found_out_about_or_fails_and_is_never_sent_twice() {
    let mut ends = Vec::new();
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        if !exchange.moves_time() {
            return;
        }
        let (kind, from, to) = CHANNELS[0];
        is_reachable(&exchange, kind, to).await;
        exchange.carrier.set(Behaviour::AcceptBehindGateway);
        let customer = exchange.customer(from).to(to).by(*carrier);
        customer.writes("hello").await;
        let receipts = reply(&exchange, &customer).await;
        eventually("a send", || async { exchange.carrier.sent().pop() }).await;
        let end = eventually("an end", || async {
            exchange.later(Duration::from_secs(31));
            tokio::time::sleep(Duration::from_millis(50)).await;
            let all = exchange.api.all(&receipts, "delivery_receipts").await;
            let status = all[0]["status"].as_str().unwrap_or_default().to_owned();
            let is_over = !["", "queued"].contains(&status.as_str());
            is_over.then(|| (status, all[0]["error_code"].clone()))
        });
        ends.push(end.await);
        // The clock may have gone on while somebody had the message: then it comes once more.
        eventually("quiet", || async {
            exchange.later(Duration::from_secs(31));
            exchange.deployment.drained(Duration::from_millis(200)).await.ok()
        })
        .await;
        assert_eq!(exchange.carrier.sent().len(), 1, "{carrier:?}");
        exchange.rests().await;
    }
    ends.sort_by_key(|end| end.0.clone());
    let expected = [("failed".to_owned(), json!(30008)), ("sent".to_owned(), json!(0))];
    assert_eq!(ends, expected);
}

/// A hundred of a carrier's messages are answered for with as few queue requests as a queue allows.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_in_one_request_cost_a_queue_request_for_each_ten() {
    let mut together = 0;
    for carrier in CarrierName::ALL {
        let options = Options { is_driven: false, ..Options::default() };
        let exchange = Exchange::opened(options).await;
        let (_, from, to) = CHANNELS[0];
        let ids: Vec<String> = (0..100)
            .map(|place| exchange.carrier.stub(*carrier).message_id([place; 16], false))
            .collect();
        let messages: Vec<CustomerMessage<'_>> =
            ids.iter().map(|id| CustomerMessage::text(id, from, to, "hello")).collect();
        let url = format!("{}{}", exchange.deployment.base_url(), webhook_path(*carrier));
        let requests = exchange.carrier.stub(*carrier).inbound_together(&url, &messages);
        let count = requests.len();
        let before = exchange.deployment.counters();
        for request in requests {
            assert_eq!(exchange.api.deliver(request).await, 200);
        }
        let used = exchange.deployment.counters().since(&before).of("inbound-webhook");
        assert_eq!((used.invocations, used.messages_sent), (i64::try_from(count).unwrap(), 100));
        let most = if count == 1 { 10 } else { 100 };
        assert_eq!(used.queue_requests(), most, "{carrier:?}");
        together += usize::from(count == 1);
        exchange.rests().await;
    }
    assert!(together > 0, "some carrier sends more than one message at once");
}
