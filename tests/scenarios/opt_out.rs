//! Opting out (rule E.3): a STOP is obeyed with the message that it is, holds for the whole pool on every channel of the telephone,
//! and what is written all the same is refused or fails visibly; a START takes it back.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::stub_carrier::Behaviour;
use switchboard_carriers::stub::CustomerMessage;
use switchboard_tests::{ACCOUNT, Exchange, NUMBER, eventually};

const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const BEYOND: &str = "+18005550188";

fn messages_2010() -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
}

/// Lets the pool of everybody's number answer keywords by itself.
async fn confirms(exchange: &Exchange, languages: &str) {
    let path = format!("/messaging/v1/Services/{}/OptOut", exchange.made.sid("messaging"));
    let form = [("Confirmations", "always"), ("Languages", languages)];
    exchange.api.post(&path, &form).await.expect(200);
}

/// A number of ours in no pool.
async fn has_another_number(exchange: &Exchange) {
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    exchange.api.make(&numbers, &[("PhoneNumber", BEYOND)]).await;
}

/// Writes to somebody in their conversation, and says where the receipts are.
async fn replies(exchange: &Exchange, conversation: &str) -> String {
    let path = format!("{CONVERSATIONS}/{conversation}/Messages");
    let sid = exchange.api.make(&path, &[("Author", "system"), ("Body", "are you there?")]).await;
    format!("{path}/{sid}/Receipts")
}

async fn becomes(exchange: &Exchange, receipts: &str, wanted: &str) -> Value {
    eventually(wanted, || async {
        let all = exchange.api.all(receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| receipt["status"] == wanted)
    })
    .await
}

/// What the carrier took, to whom and what.
fn taken(exchange: &Exchange) -> Vec<(String, String)> {
    exchange.carrier.sent().into_iter().map(|one| (one.to, one.body)).collect()
}

async fn sends(exchange: &Exchange, to: &str, by: (&str, &str)) -> (u16, u64) {
    let form = [("To", to), by, ("Body", "news for you")];
    let answer = exchange.api.post(&messages_2010(), &form).await;
    match answer.status {
        201 => (201, 0),
        _ => answer.refusal(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_confirmed_and_nothing_goes_out_until_a_start() {
    let exchange = Exchange::open().await;
    let ann = "+14155550141";
    confirms(&exchange, "").await;
    has_another_number(&exchange).await;
    let customer = exchange.customer(ann);
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    // Within a sentence it is a word like any other.
    customer.writes("please stop sending blue ones").await;
    exchange.settles().await;
    becomes(&exchange, &replies(&exchange, &conversation).await, "delivered").await;

    customer.writes("  Stop\n").await;
    exchange.settles().await;
    let confirmed = eventually("the confirmation", || async {
        taken(&exchange).into_iter().find(|(_, body)| body.contains("START"))
    })
    .await;
    assert_eq!(confirmed.0, ann);
    let heard = exchange.messages(&conversation).await;
    assert_eq!(heard.last().unwrap()["body"], "  Stop\n", "the message is there as any");

    let failed = becomes(&exchange, &replies(&exchange, &conversation).await, "failed").await;
    assert_eq!(failed["error_code"], 21610);
    let service = exchange.made.sid("messaging").to_owned();
    for by in [("From", NUMBER), ("MessagingServiceSid", service.as_str())] {
        assert_eq!(sends(&exchange, ann, by).await, (400, 21610), "{by:?}");
    }
    assert_eq!(sends(&exchange, ann, ("From", BEYOND)).await, (201, 0), "it is in no pool");
    assert_eq!(sends(&exchange, "+14155550142", ("From", NUMBER)).await, (201, 0));
    // Asked again, nothing is new; asked for help, there is an answer all the same.
    customer.writes("STOPALL").await;
    customer.writes("help").await;
    exchange.settles().await;
    let count =
        |word: &str| taken(&exchange).iter().filter(|(_, body)| body.contains(word)).count();
    eventually("help", || async { (count("Message and data rates") == 1).then_some(()) }).await;
    assert_eq!(count("START"), 1, "one STOP is confirmed");

    customer.writes("UNSTOP").await;
    exchange.settles().await;
    becomes(&exchange, &replies(&exchange, &conversation).await, "delivered").await;
    assert_eq!(sends(&exchange, ann, ("From", NUMBER)).await, (201, 0));
    let told = count("are you there?");
    assert_eq!(told, 2, "the one between was never handed over");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_opens_the_conversation_is_obeyed_with_it_and_a_redelivery_is_none() {
    let exchange = Exchange::open().await;
    confirms(&exchange, r#"{"es":{"stop":["ALTO"],"stop_text":"Adiós."}}"#).await;
    let customer = exchange.customer("+14155550143");
    let id = "SM00000000000000000000000000000a17";
    for _ in 0..3 {
        assert_eq!(customer.delivers(id, "alto").await, 200);
        exchange.settles().await;
    }
    eventually("the confirmation", || async { (taken(&exchange).len() == 1).then_some(()) }).await;
    assert_eq!(taken(&exchange)[0].1, "Adiós.");
    let conversation = customer.conversation().await;
    assert_eq!(exchange.messages(&conversation).await.len(), 1);
    let failed = becomes(&exchange, &replies(&exchange, &conversation).await, "failed").await;
    assert_eq!(failed["error_code"], 21610);
    assert_eq!(taken(&exchange).len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_carrier_answers_by_itself_nobody_is_answered_twice() {
    let exchange = Exchange::open().await;
    let customer = exchange.customer("+14155550144");
    customer.writes("STOP").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let failed = becomes(&exchange, &replies(&exchange, &conversation).await, "failed").await;
    assert_eq!(failed["error_code"], 21610);
    assert_eq!(taken(&exchange), [], "the block stands, and the answer is the carrier's");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_by_rcs_holds_for_the_telephone() {
    let exchange = Exchange::open().await;
    let (phone, agent) = ("+14155550145", "rcs:shop_agent");
    // Conversations by the agent belong to the pool that the number is in.
    let default = [("DefaultMessagingServiceSid", exchange.made.sid("messaging"))];
    exchange.api.post("/conversations/v1/Configuration", &default).await.expect(200);
    let form = [
        ("Type", "rcs"),
        ("Address", agent),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    exchange.customer(phone).writes("hello from my telephone").await;
    exchange.settles().await;
    let conversation = exchange.customer(phone).conversation().await;
    let by_rcs = format!("rcs:{phone}");
    let rcs = exchange.customer(&by_rcs).to(agent);
    assert_eq!(rcs.writes("revoke").await, 200);
    exchange.settles().await;
    for by in [("From", NUMBER), ("MessagingServiceSid", exchange.made.sid("messaging"))] {
        assert_eq!(sends(&exchange, phone, by).await, (400, 21610), "{by:?}");
    }
    let failed = becomes(&exchange, &replies(&exchange, &conversation).await, "failed").await;
    assert_eq!(failed["error_code"], 21610);
    let known = exchange.api.get(&format!("/accounts/v1/Consents/{phone}")).await.expect(200);
    assert_eq!(known["consents"][0]["sender_id"], agent);
    exchange.customer(phone).writes("START").await;
    exchange.settles().await;
    assert_eq!(sends(&exchange, phone, ("From", NUMBER)).await, (201, 0));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_sent_when_a_stop_comes_is_not_sent() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let customer = exchange.customer("+14155550146");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    exchange.carrier.set(Behaviour::Down);
    let receipts = replies(&exchange, &conversation).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    customer.writes("STOP").await;
    eventually("the block", || async {
        let known = exchange.api.get("/accounts/v1/Consents/+14155550146").await;
        (known.status == 200).then_some(())
    })
    .await;
    exchange.carrier.set(Behaviour::Accept);
    exchange.later(Duration::from_secs(30));
    assert_eq!(becomes(&exchange, &receipts, "failed").await["error_code"], 21610);
    assert_eq!(taken(&exchange), []);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_somebody_who_wants_nothing_is_not_written_to() {
    let exchange = Exchange::open().await;
    let (ours, ann, ben) = ("+14155550003", "+14155550147", "+14155550148");
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    exchange.api.make(&numbers, &[("PhoneNumber", ours)]).await;
    let form = [
        ("Type", "sms"),
        ("Address", ours),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    let to_all = |from: &'static str, other: &'static str, body: &'static str| {
        let customer = exchange.customer(from).to(ours);
        async move {
            let others = [other];
            let message = CustomerMessage::text("", "", "", body);
            customer.does(CustomerMessage { others: &others, ..message }).await;
        }
    };
    to_all(ann, ben, "who feeds the cat?").await;
    exchange.settles().await;
    let conversation = exchange.customer(ann).conversation().await;
    to_all(ben, ann, "Stop").await;
    exchange.settles().await;
    let path = format!("{CONVERSATIONS}/{conversation}/Messages");
    let reply = [("Author", ours), ("Body", "thank you")];
    let sent = exchange.api.post(&path, &reply).await.expect(201);
    exchange.settles().await;
    let receipts = format!("{path}/{}/Receipts", sent["sid"].as_str().unwrap());
    let receipts = exchange.api.all(&receipts, "delivery_receipts").await;
    let ends: Vec<_> = receipts.iter().map(|one| (&one["status"], &one["error_code"])).collect();
    assert_eq!(ends, [(&json!("failed"), &json!(21610)), (&json!("failed"), &json!(21610))]);
    assert_eq!(taken(&exchange), []);
    exchange.rests().await;
}
