//! Bad days of a carrier: the reply waits, is tried again, and fails visibly in the end; never twice.

use std::time::Duration;

use serde_json::Value;
use switchboard::stub_carrier::Behaviour;
use switchboard_carriers::stub::Taken;
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_tests::{ACCOUNT, Exchange, eventually};

/// A conversation with a reply in it, and where its receipts are.
async fn reply(exchange: &Exchange, address: &str) -> String {
    let customer = exchange.customer(address);
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let sid = exchange.api.make(&path, &[("Author", "system"), ("Body", "an answer")]).await;
    format!("{path}/{sid}/Receipts")
}

async fn status(exchange: &Exchange, receipts: &str, wanted: &str) -> Value {
    eventually(wanted, || async {
        let all = exchange.api.all(receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == wanted)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_waits_for_a_carrier_that_is_down() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::Down);
    let receipts = reply(&exchange, "+14155550130").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(exchange.carrier.sent().is_empty());
    exchange.carrier.set(Behaviour::Accept);
    exchange.later(Duration::from_secs(10));
    status(&exchange, &receipts, "delivered").await;
    assert_eq!(exchange.carrier.sent().len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_removed_while_it_waits_is_not_sent() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::Down);
    let receipts = reply(&exchange, "+14155550131").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let message = receipts.strip_suffix("/Receipts").unwrap();
    assert_eq!(exchange.api.delete(message).await.status, 204);
    exchange.carrier.set(Behaviour::Accept);
    exchange.later(Duration::from_secs(10));
    let (conversation, _) = message.split_once("/Messages/").unwrap();
    let form = [("Author", "agent"), ("Body", "what counts")];
    exchange.api.post(&format!("{conversation}/Messages"), &form).await.ok();
    let sent = eventually("the next reply", || async { exchange.carrier.sent().pop() }).await;
    // What was removed was before it in the queue of the pair.
    assert_eq!((sent.body.as_str(), exchange.carrier.sent().len()), ("what counts", 1));
    exchange.rests().await;
}

/// What is accepted has its sender; whom the pool has when it goes out is no matter (rule E.2).
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_goes_out_by_a_sender_that_left_the_pool() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::Down);
    let messages = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let service = exchange.sid("messaging");
    let form =
        [("To", "+14155550134"), ("MessagingServiceSid", service.as_str()), ("Body", "an offer")];
    exchange.api.post(&messages, &form).await.ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(exchange.carrier.sent().is_empty());
    let pool = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    let number = exchange.api.all(&pool, "phone_numbers").await.remove(0);
    let place = format!("{pool}/{}", number["sid"].as_str().unwrap());
    assert_eq!(exchange.api.delete(&place).await.status, 204);
    let refused = exchange.api.post(&messages, &form).await;
    assert_eq!(refused.refusal(), (400, 21704), "nobody is left for the next");
    exchange.carrier.set(Behaviour::Accept);
    exchange.later(Duration::from_secs(10));
    let sent = eventually("the message", || async { exchange.carrier.sent().pop() }).await;
    assert_eq!(Some(sent.from.as_str()), number["phone_number"].as_str());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_stays_down_fails_the_reply_with_a_code() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::Down);
    let receipts = reply(&exchange, "+14155550131").await;
    let failed = eventually("the failure", || async {
        exchange.later(Duration::from_secs(300));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let all = exchange.api.all(&receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == "failed")
    })
    .await;
    assert_eq!(failed["error_code"], 30008);
    assert!(exchange.carrier.sent().is_empty());
    // That may have taken more than a day, after which the task is removed.
    exchange.ticks().await;
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_refused_fails_with_the_carriers_code() {
    let exchange = Exchange::open().await;
    exchange.carrier.set(Behaviour::Reject(21610));
    let receipts = reply(&exchange, "+14155550132").await;
    assert_eq!(status(&exchange, &receipts, "failed").await["error_code"], 21610);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_come_twice_or_backwards_only_climb() {
    let exchange = Exchange::open().await;
    exchange.carrier.set(Behaviour::DuplicateReceipts);
    let twice = reply(&exchange, "+14155550133").await;
    status(&exchange, &twice, "delivered").await;
    exchange.carrier.set(Behaviour::ReversedReceipts);
    let backwards = reply(&exchange, "+14155550134").await;
    status(&exchange, &backwards, "delivered").await;
    exchange.settles().await;
    let all = exchange.api.all(&backwards, "delivery_receipts").await;
    assert_eq!(all[0]["status"], "delivered", "a late lower status changes nothing");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_it_did_not_arrive_is_shown_with_its_code() {
    let exchange = Exchange::open().await;
    exchange.carrier.set(Behaviour::Undelivered(30003));
    let receipts = reply(&exchange, "+14155550135").await;
    assert_eq!(status(&exchange, &receipts, "undelivered").await["error_code"], 30003);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_another_message_neither_counts_nor_hides_the_right_one() {
    let exchange = Exchange::open().await;
    exchange.carrier.set(Behaviour::NoReceipts);
    let receipts = reply(&exchange, "+14155550137").await;
    status(&exchange, &receipts, "sent").await;
    let ours = exchange.carrier.sent().remove(0);
    let stub = exchange.carrier.stub(ours.carrier);
    let delivered = Taken { status: DeliveryStatus::Delivered, ..ours };
    let other = Taken { id: stub.message_id([9; 16], false), ..delivered.clone() };
    assert_eq!(exchange.api.deliver(stub.report(&other).unwrap()).await / 100, 2);
    exchange.settles().await;
    status(&exchange, &receipts, "sent").await;
    assert_eq!(exchange.api.deliver(stub.report(&delivered).unwrap()).await / 100, 2);
    status(&exchange, &receipts, "delivered").await;
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_that_wait_together_leave_together_and_in_order() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.carrier.set(Behaviour::Down);
    let customer = exchange.customer("+14155550136");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    for body in ["first", "second", "third"] {
        exchange.api.make(&path, &[("Author", "system"), ("Body", body)]).await;
    }
    // The first is tried alone; from then on all three come in one batch.
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        exchange.later(Duration::from_secs(5));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    exchange.carrier.set(Behaviour::Accept);
    exchange.later(Duration::from_secs(20));
    eventually("all three", || async { (exchange.carrier.sent().len() == 3).then_some(()) }).await;
    let bodies: Vec<String> = exchange.carrier.sent().into_iter().map(|it| it.body).collect();
    assert_eq!(bodies, ["first", "second", "third"]);
    exchange.rests().await;
}
