//! Programmable messages: who hears of their status, how long they wait for a carrier, and those that go out at a time (rules E.1, E.7).

use std::time::Duration;

use serde_json::Value;
use switchboard::stub_carrier::Behaviour;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_tests::{ACCOUNT, Exchange, eventually};

use crate::endpoint::{Endpoint, Heard};
use crate::webhooks::DELIVERIES;

const LINE: &str = "+18005550188";
const SECOND: &str = "+18005550187";
const ANN: &str = "+14155550181";

fn account() -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}")
}

fn messages() -> String {
    format!("{}/Messages.json", account())
}

/// A number of ours with these settings; its identifier.
async fn number(exchange: &Exchange, number: &str, settings: &[(&str, &str)]) -> String {
    let form = [&[("PhoneNumber", number)], settings].concat();
    exchange.api.make(&format!("{}/IncomingPhoneNumbers.json", account()), &form).await
}

/// A messaging service with these numbers; its identifier.
async fn service(exchange: &Exchange, numbers: &[&str], settings: &[(&str, &str)]) -> String {
    let form = [&[("FriendlyName", "news")], settings].concat();
    let sid = exchange.api.make("/messaging/v1/Services", &form).await;
    for number in numbers {
        let pool = format!("/messaging/v1/Services/{sid}/PhoneNumbers");
        exchange.api.make(&pool, &[("PhoneNumberSid", *number)]).await;
    }
    sid
}

async fn shown(exchange: &Exchange, sid: &str) -> Value {
    exchange.api.get(&format!("{}/Messages/{sid}.json", account())).await.ok()
}

async fn status(exchange: &Exchange, sid: &str) -> String {
    shown(exchange, sid).await["status"].as_str().unwrap().to_owned()
}

fn statuses(endpoint: &Endpoint) -> Vec<String> {
    endpoint.calls().iter().map(|call: &Heard| call.get("MessageStatus").to_owned()).collect()
}

fn now(exchange: &Exchange) -> Timestamp {
    exchange.deployment.dependencies("timer").unwrap().now()
}

/// So many seconds from now, as a request says it.
fn ahead(exchange: &Exchange, seconds: i64) -> String {
    (now(exchange) + Millis::seconds(seconds)).iso()
}

/// Schedules a message; its identifier.
async fn schedules(exchange: &Exchange, by: &str, to: &str, more: &[(&str, &str)]) -> String {
    let form = [
        &[("To", to), ("MessagingServiceSid", by), ("Body", "news"), ("ScheduleType", "fixed")],
        more,
    ]
    .concat();
    let made = exchange.api.post(&messages(), &form).await.expect(201);
    assert_eq!(made["status"], "scheduled");
    made["sid"].as_str().unwrap().to_owned()
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
async fn each_status_is_told_in_order_signed_and_as_it_was() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    number(&exchange, LINE, &[]).await;
    let form =
        [("To", ANN), ("From", LINE), ("Body", "hello"), ("StatusCallback", endpoint.url.as_str())];
    let sid = exchange.api.make(&messages(), &form).await;
    exchange.settles().await;
    eventually("both statuses", || async { (endpoint.calls().len() == 2).then_some(()) }).await;
    assert_eq!(statuses(&endpoint), ["sent", "delivered"]);
    for call in endpoint.calls() {
        assert!(endpoint.signed(&call));
        let expected = [
            ("MessageSid", sid.as_str()),
            ("SmsSid", sid.as_str()),
            ("AccountSid", ACCOUNT),
            ("From", LINE),
            ("To", ANN),
            ("ApiVersion", "2010-04-01"),
            ("SmsStatus", call.get("MessageStatus")),
            ("ErrorCode", ""),
            ("MessagingServiceSid", ""),
        ];
        for (name, value) in expected {
            assert_eq!(call.get(name), value, "{name}");
        }
    }
    let listed = exchange.api.all(DELIVERIES, "deliveries").await;
    assert!(listed.iter().all(|one| one["event_type"] == "messageStatus"), "{listed:?}");
    assert_eq!(listed.len(), 2);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_says_who_hears_else_its_service_else_its_number() {
    let exchange = Exchange::open().await;
    let (own, pool, sender) = (
        Endpoint::start(&[200]).await,
        Endpoint::start(&[200]).await,
        Endpoint::start(&[200]).await,
    );
    let line = number(&exchange, LINE, &[("StatusCallback", sender.url.as_str())]).await;
    let by = service(&exchange, &[&line], &[("StatusCallback", pool.url.as_str())]).await;
    let own_url = ("StatusCallback", own.url.as_str());
    let (pooled, alone) = (("MessagingServiceSid", by.as_str()), ("From", LINE));
    let all = [&own, &pool, &sender];
    for (place, form) in [
        (0, vec![pooled, own_url]),
        (1, vec![pooled]),
        (1, vec![pooled, alone]),
        (0, vec![alone, own_url]),
        (2, vec![alone]),
    ] {
        let before = all.map(|one| one.calls().len());
        let form = [&[("To", ANN), ("Body", "hello")], form.as_slice()].concat();
        exchange.api.make(&messages(), &form).await;
        exchange.settles().await;
        let after = eventually("both statuses", || async {
            let after = all.map(|one| one.calls().len());
            (after[place] == before[place] + 2).then_some(after)
        })
        .await;
        let expected = [0, 1, 2].map(|one| before[one] + if one == place { 2 } else { 0 });
        assert_eq!(after, expected, "{form:?}");
    }
    assert_eq!(pool.calls()[0].get("MessagingServiceSid"), by);
    // A service that names nobody leaves it to the number.
    exchange
        .api
        .post(&format!("/messaging/v1/Services/{by}"), &[("StatusCallback", "")])
        .await
        .ok();
    let before = sender.calls().len();
    exchange.api.make(&messages(), &[("To", ANN), ("Body", "hello"), pooled]).await;
    exchange.settles().await;
    eventually("both statuses", || async { (sender.calls().len() == before + 2).then_some(()) })
        .await;
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_with_its_code_and_again_to_who_did_not_hear() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[503, 200]).await;
    number(&exchange, LINE, &[]).await;
    exchange.carrier.set(Behaviour::Reject(30007));
    let url = format!("{}#rc=0", endpoint.url);
    let form = [("To", ANN), ("From", LINE), ("Body", "hello"), ("StatusCallback", url.as_str())];
    let sid = exchange.api.make(&messages(), &form).await;
    exchange.settles().await;
    assert_eq!(status(&exchange, &sid).await, "failed");
    passes(&exchange, 120).await;
    let calls = endpoint.calls();
    assert_eq!(statuses(&endpoint), ["failed", "failed"]);
    let token = "i-twilio-idempotency-token";
    assert_eq!(calls[0].header(token), calls[1].header(token));
    assert_eq!(calls[1].get("ErrorCode"), "30007");
    assert_eq!(calls[1].get("ErrorMessage"), "Message filtered");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_reply_is_told_where_its_markup_says() {
    let exchange = Exchange::open().await;
    let heard = Endpoint::start(&[200]).await;
    let said = format!(
        "<Response><Message statusCallback=\"{}\">Thanks</Message>\
         <Message statusCallback=\"mailto:a@b.example\">and more</Message></Response>",
        heard.url
    );
    let endpoint = Endpoint::speaking("text/xml", &[(200, said.as_str())]).await;
    number(&exchange, LINE, &[("SmsUrl", endpoint.url.as_str())]).await;
    exchange.customer(ANN).to(LINE).writes("hello").await;
    exchange.settles().await;
    eventually("both statuses", || async { (heard.calls().len() == 2).then_some(()) }).await;
    assert_eq!(statuses(&heard), ["sent", "delivered"]);
    assert_eq!((heard.calls()[0].get("From"), heard.calls()[0].get("To")), (LINE, ANN));
    assert_eq!(exchange.carrier.sent().len(), 2, "a wrong URL keeps no message back");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waited_too_long_fails_before_its_carrier_is_called() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200]).await;
    let line = number(&exchange, LINE, &[]).await;
    let settings = [("ValidityPeriod", "60"), ("StatusCallback", endpoint.url.as_str())];
    let by = service(&exchange, &[&line], &settings).await;
    exchange.carrier.set(Behaviour::Down);
    let form = [("To", ANN), ("MessagingServiceSid", by.as_str()), ("Body", "now or never")];
    let late = exchange.api.make(&messages(), &form).await;
    let patient = [&form[..2], &[("Body", "whenever"), ("ValidityPeriod", "36000")]].concat();
    let other = exchange.api.make(&messages(), &patient).await;
    eventually("the first attempt", || async {
        (status(&exchange, &late).await == "queued").then_some(())
    })
    .await;
    exchange.later(Duration::from_secs(61));
    exchange.carrier.set(Behaviour::Accept);
    let failed = eventually("the failure", || async {
        let message = shown(&exchange, &late).await;
        (message["status"] == "failed").then_some(message)
    })
    .await;
    assert_eq!(failed["error_code"], 30036);
    assert_eq!(failed["error_message"], "Validity Period Expired");
    eventually("the other", || async {
        (status(&exchange, &other).await == "delivered").then_some(())
    })
    .await;
    let sent: Vec<String> = exchange.carrier.sent().into_iter().map(|one| one.body).collect();
    assert_eq!(sent, ["whenever"]);
    exchange.settles().await;
    let told = endpoint.calls().into_iter().find(|call| call.get("MessageSid") == late).unwrap();
    assert_eq!((told.get("MessageStatus"), told.get("ErrorCode")), ("failed", "30036"));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_goes_once_to_the_second_and_not_before() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200]).await;
    let line = number(&exchange, LINE, &[]).await;
    let by = service(&exchange, &[&line], &[("StatusCallback", endpoint.url.as_str())]).await;
    let at = ahead(&exchange, 330);
    let sid = schedules(&exchange, &by, ANN, &[("SendAt", &at), ("ValidityPeriod", "60")]).await;
    assert_eq!(shown(&exchange, &sid).await["date_sent"], Value::Null);
    passes(&exchange, 300).await;
    // Ticks and alarms may come twice.
    exchange.ticks().await;
    exchange.later(Duration::from_secs(28));
    exchange.settles().await;
    assert_eq!(status(&exchange, &sid).await, "scheduled");
    assert!(exchange.carrier.sent().is_empty());
    exchange.later(Duration::from_secs(3));
    exchange.settles().await;
    eventually("it arrives", || async {
        (status(&exchange, &sid).await == "delivered").then_some(())
    })
    .await;
    passes(&exchange, 120).await;
    assert_eq!(exchange.carrier.sent().len(), 1);
    assert_eq!(statuses(&endpoint), ["accepted", "sent", "delivered"]);
    let refused = exchange
        .api
        .post(&format!("{}/Messages/{sid}.json", account()), &[("Status", "canceled")])
        .await;
    assert_eq!(refused.refusal(), (400, 30409));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_message_never_goes() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200]).await;
    let line = number(&exchange, LINE, &[]).await;
    let by = service(&exchange, &[&line], &[("StatusCallback", endpoint.url.as_str())]).await;
    let at = ahead(&exchange, 330);
    let sid = schedules(&exchange, &by, ANN, &[("SendAt", &at)]).await;
    let path = format!("{}/Messages/{sid}.json", account());
    // The alarm is set already when it is taken back.
    passes(&exchange, 300).await;
    let canceled = exchange.api.post(&path, &[("Status", "canceled")]).await.expect(200);
    assert_eq!(canceled["status"], "canceled");
    let again = exchange.api.post(&path, &[("Status", "canceled")]).await;
    assert_eq!(again.refusal(), (400, 30409));
    passes(&exchange, 120).await;
    assert_eq!(status(&exchange, &sid).await, "canceled");
    assert!(exchange.carrier.sent().is_empty());
    assert_eq!(statuses(&endpoint), ["canceled"]);
    exchange.api.delete(&path).await.expect(204);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_is_asked_again_when_the_time_has_come() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let (line, second) = (number(&exchange, LINE, &[]).await, number(&exchange, SECOND, &[]).await);
    let by = service(&exchange, &[&line], &[]).await;
    let gone = service(&exchange, &[], &[]).await;
    let stopped = "+14155550182";
    let at = ahead(&exchange, 400);
    let time = ("SendAt", at.as_str());
    let chosen = schedules(&exchange, &by, ANN, &[time]).await;
    let named = schedules(&exchange, &by, ANN, &[time, ("From", LINE)]).await;
    let unwanted = schedules(&exchange, &by, stopped, &[time]).await;
    let pool = format!("/messaging/v1/Services/{by}/PhoneNumbers");
    let third = number(&exchange, "+18005550186", &[]).await;
    let other_pool = format!("/messaging/v1/Services/{gone}/PhoneNumbers");
    exchange.api.make(&other_pool, &[("PhoneNumberSid", third.as_str())]).await;
    let orphan = schedules(&exchange, &gone, ANN, &[time]).await;
    exchange.api.delete(&format!("/messaging/v1/Services/{gone}")).await.expect(204);
    exchange.customer(stopped).to(LINE).writes("STOP").await;
    exchange.settles().await;
    exchange.api.delete(&format!("{pool}/{line}")).await.expect(204);
    exchange.api.make(&pool, &[("PhoneNumberSid", second.as_str())]).await;
    passes(&exchange, 480).await;
    let sent: Vec<(String, String)> =
        exchange.carrier.sent().into_iter().map(|one| (one.from, one.to)).collect();
    assert_eq!(sent, [(SECOND.to_owned(), ANN.to_owned())]);
    let moved = shown(&exchange, &chosen).await;
    assert_eq!((&moved["status"], &moved["from"]), (&"delivered".into(), &SECOND.into()));
    for (sid, code) in [(named, 21711), (orphan, 21701), (unwanted, 21610)] {
        let failed = shown(&exchange, &sid).await;
        assert_eq!((&failed["status"], &failed["error_code"]), (&"failed".into(), &code.into()));
        assert!(failed["error_message"].is_string(), "{failed}");
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_of_one_second_go_together() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let line = number(&exchange, LINE, &[]).await;
    let by = service(&exchange, &[&line], &[]).await;
    let at = ahead(&exchange, 360);
    for number in 0..60 {
        let to = format!("+1415556{number:04}");
        schedules(&exchange, &by, &to, &[("SendAt", &at)]).await;
    }
    passes(&exchange, 300).await;
    assert!(exchange.carrier.sent().is_empty());
    passes(&exchange, 120).await;
    let mut to: Vec<String> = exchange.carrier.sent().into_iter().map(|one| one.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), exchange.carrier.sent().len()), (60, 60));
    exchange.rests().await;
}
