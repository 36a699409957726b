//! The carrier's side and ours understand each other.

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;
use switchboard_carriers::twilio::stub::{self, CustomerMessage, SignedRequest};
use switchboard_carriers::twilio::{Connection, Twilio};
use switchboard_carriers::{Carrier as _, Event, ParseError, Rejection};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::sid::{MessageSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;

use crate::reference;
use crate::sending::connection;

const NOW: Timestamp = Timestamp(1_795_344_809_123);
const ORIGIN: &str = "https://api.twilio.com";

fn ours() -> Connection {
    connection(ORIGIN)
}

fn receive(request: &SignedRequest) -> Result<Vec<Event>, ParseError> {
    let twilio = Twilio::new(ours()).unwrap();
    twilio.parse(&twilio.verify(request.raw(), NOW).unwrap(), NOW)
}

#[test]
fn a_customers_message_arrives() {
    let media = [("https://media.example.com/1", "image/png")];
    let message = CustomerMessage {
        sid: SmsSid::derived(&["1"]),
        from: "whatsapp:+14155550123",
        to: "whatsapp:+18005550100",
        body: "a+b & ü",
        media: &media,
        profile_name: Some("Zoë"),
    };
    let request = stub::inbound_message(&ours(), "https://hooks.example.com/t#rc=2", &message);
    let events = receive(&request).unwrap();
    let [Event::Message(arrived)] = &events[..] else { panic!("{events:?}") };
    assert!(arrived.carrier_message_id.starts_with("MM"));
    assert_eq!(arrived.from.as_str(), message.from);
    assert_eq!(arrived.body.as_str(), message.body);
    assert_eq!(arrived.media[0].url.as_str(), media[0].0);
    assert_eq!(arrived.profile_name, Some("Zoë".into()));
    let stranger = Connection { auth_token: "other".into(), ..ours() };
    let rejection = Twilio::new(stranger).unwrap().verify(request.raw(), NOW).unwrap_err();
    assert_eq!(rejection, Rejection::WrongSignature);
}

fn form(callback: &str) -> String {
    let pairs = [
        ("To", "+14155550123"),
        ("From", "+18005550100"),
        ("Body", "hi"),
        ("StatusCallback", callback),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[test]
fn a_report_on_a_send_comes_back_with_its_correlation() {
    let im = MessageSid::derived(&["m"]);
    let callback = format!("https://hooks.example.com/t?message={im}&delivery=2");
    let sid = SmsSid::derived(&["1"]);
    let mut message = stub::accept(form(&callback).as_bytes(), sid, NOW).unwrap();
    message.status = "failed".to_owned();
    message.error_code = Some(30003);
    let events = receive(&message.status_callback(&ours()).unwrap()).unwrap();
    let [Event::Status(report)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((report.message, report.delivery), (Some(im), Some(2)));
    assert_eq!((report.status, report.error_code), (DeliveryStatus::Failed, Some(30003)));
    assert_eq!(report.carrier_message_id, sid.to_string());
}

#[test]
fn the_list_holds_what_was_asked_for() {
    let account_sid = ours().account_sid;
    let message = stub::accept(form("").as_bytes(), SmsSid::derived(&["1"]), NOW).unwrap();
    let count = |query| {
        let list = stub::list(account_sid, [&message], query);
        list["messages"].as_array().unwrap().len()
    };
    assert_eq!(count("To=%2B14155550123&From=%2B18005550100&PageSize=1000"), 1);
    assert_eq!(count("To=%2B14155550124"), 0);
    assert!(message.status_callback(&ours()).is_none());
}

#[test]
fn what_the_carrier_would_refuse_is_refused_with_its_code() {
    let long = format!("To=1&From=1&Body={}", "x".repeat(1601));
    let files = format!("To=1&From=1{}", "&MediaUrl=https://a.example".repeat(11));
    for (form, code) in [
        ("From=12345&Body=x", 21604),
        ("To=12345&Body=x", 21603),
        ("To=12345&From=12345", 21602),
        ("To=%FF", 20001),
        (&long, 21617),
        (&files, 21623),
    ] {
        let refusal = stub::accept(form.as_bytes(), SmsSid::derived(&["1"]), NOW).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (400, code), "{form:.40}");
        assert_eq!(refusal.json()["code"], code);
    }
}

#[test]
fn only_the_accounts_own_secrets_open_the_api() {
    let with = |value: &'static str| {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    };
    let right = with("Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzZWNyZXQ=");
    assert_eq!(stub::authorize(&ours(), &right), Ok(()));
    for wrong in [HeaderMap::new(), with("Basic QUM6"), with("secret")] {
        assert_eq!(stub::authorize(&ours(), &wrong).unwrap_err().status, 401);
    }
}

#[test]
fn the_answer_to_a_send_has_every_property_of_the_contract() {
    let Some(contract) = reference::read("contracts/twilio.openapi.json") else {
        return;
    };
    let message = stub::accept(form("").as_bytes(), SmsSid::derived(&["1"]), NOW).unwrap();
    let json = message.json(ours().account_sid);
    let schema = &contract["components"]["schemas"]["api.v2010.account.message"]["properties"];
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&json), names(schema));
}
