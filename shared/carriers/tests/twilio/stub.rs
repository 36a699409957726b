//! The carrier's side and ours understand each other.

use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use http::{Method, Request};
use serde_json::Value;
use switchboard_carriers::stub::{CustomerMessage, Mood, Served, Taken};
use switchboard_carriers::{Event, Rejection, SignedRequest};
use switchboard_domain::carriage::{DeliveryStatus, Signal, SignalKind};
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;

use crate::connected::{ACCOUNT, CARRIER, With};
use crate::reference;

const NOW: Timestamp = Timestamp(1_795_344_809_123);
/// The account and `secret`.
const RIGHT: &str = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzZWNyZXQ=";

fn ours() -> With {
    With::secret("secret")
}

fn receive(request: &SignedRequest) -> Vec<Event> {
    let carriers = ours().carriers();
    let twilio = carriers.get(CARRIER);
    twilio.parse(&twilio.verify(request.raw(), NOW).unwrap(), NOW).unwrap()
}

fn call(kept: &[Taken], mood: Mood, method: Method, path: &str, body: &str) -> Served {
    let mut request = Request::new(body.as_bytes().to_vec());
    *request.method_mut() = method;
    *request.uri_mut() = format!("http://carrier/2010-04-01/Accounts/{path}").parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static(RIGHT));
    ours().stub().answer(&request, kept, mood, NOW).unwrap()
}

fn sent(form: &str) -> Served {
    call(&[], Mood::Well, Method::POST, &format!("{ACCOUNT}/Messages.json"), form)
}

fn body(served: &Served) -> Value {
    serde_json::from_slice(served.answer.body()).unwrap()
}

#[test]
fn a_customers_message_arrives() {
    let media = [("https://media.example.com/1", "image/png")];
    let stub = ours().stub();
    let id = stub.message_id([7; 16], true);
    let message = CustomerMessage {
        id: &id,
        from: "whatsapp:+14155550123",
        to: "whatsapp:+18005550100",
        body: "a+b & ü",
        media: &media,
        profile_name: Some("Zoë"),
        ..CustomerMessage::text("", "", "", "")
    };
    let request = stub.inbound("https://hooks.example.com/t#rc=2", &message);
    let events = receive(&request);
    let [Event::Message(arrived)] = &events[..] else { panic!("{events:?}") };
    assert!(arrived.carrier_message_id.starts_with("MM"));
    assert_eq!(arrived.carrier_message_id, id);
    assert_eq!(arrived.from.as_str(), message.from);
    assert_eq!(arrived.body.as_str(), message.body);
    assert_eq!(arrived.media[0].url.as_str(), media[0].0);
    assert_eq!(arrived.profile_name, Some("Zoë".into()));
    let stranger = With::secret("other").carriers();
    let rejection = stranger.get(CARRIER).verify(request.raw(), NOW).unwrap_err();
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
    let mut message = sent(&form(&callback)).taken.unwrap();
    assert_eq!((message.status, message.about), (DeliveryStatus::Queued, Some((im, 2))));
    message.status = DeliveryStatus::Failed;
    message.error_code = Some(30003);
    let events = receive(&ours().stub().report(&message).unwrap());
    let [Event::Status(report)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((report.message, report.delivery), (Some(im), Some(2)));
    assert_eq!((report.status, report.error_code), (DeliveryStatus::Failed, Some(30003)));
    assert_eq!(report.carrier_message_id, message.id);
}

#[test]
fn a_message_to_a_group_is_taken_once_and_reported_on_for_each() {
    let others = "&To=%2B14155550124&To=%2B14155550125";
    let form = format!("{}{others}", form("https://hooks.example.com/t"));
    let taken = sent(&form).taken.unwrap();
    assert_eq!(taken.others, ["+14155550124", "+14155550125"]);
    let reported = taken.copies().map(|copy| {
        let events = receive(&ours().stub().report(&copy).unwrap());
        let [Event::Status(report)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(report.carrier_message_id, taken.id);
        report.customer.as_ref().unwrap().to_string()
    });
    let reported: Vec<String> = reported.collect();
    assert_eq!(reported, ["+14155550123", "+14155550124", "+14155550125"]);
}

#[test]
fn a_message_to_a_group_names_who_else_received_it() {
    let stub = ours().stub();
    let others = ["+14155550125", "+14155550124"];
    let message = CustomerMessage {
        others: &others,
        ..CustomerMessage::text("MM1", "+14155550123", "+14155550001", "hi")
    };
    let events = receive(&stub.inbound("https://hooks.example.com/t", &message));
    let [Event::Message(arrived)] = &events[..] else { panic!("{events:?}") };
    let named: Vec<String> = arrived.others.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["+14155550124", "+14155550125"]);
}

#[test]
fn the_list_holds_what_was_asked_for() {
    let message = sent(&form("")).taken.unwrap();
    let kept = [message.clone()];
    let get = |path: &str| call(&kept, Mood::Well, Method::GET, path, "");
    let count = |query: &str| {
        let list = body(&get(&format!("{ACCOUNT}/Messages.json?{query}")));
        list["messages"].as_array().unwrap().len()
    };
    assert_eq!(count("To=%2B14155550123&From=%2B18005550100&PageSize=1000"), 1);
    assert_eq!(count("To=%2B14155550124"), 0);
    let one = body(&get(&format!("{ACCOUNT}/Messages/{}.json", message.id)));
    assert_eq!(one["sid"], message.id);
    for unknown in ["AC1/Messages.json", &format!("{ACCOUNT}/Messages/SM1.json")] {
        assert_eq!(get(unknown).answer.status(), 404, "{unknown}");
    }
    assert!(ours().stub().report(&message).is_none());
}

#[test]
fn requests_the_carrier_would_refuse_are_refused_with_its_codes() {
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
        let refused = sent(form);
        assert!(refused.taken.is_none());
        assert_eq!(refused.answer.status(), 400, "{form:.40}");
        assert_eq!(body(&refused)["code"], code);
    }
}

#[test]
fn a_carrier_in_another_mood_takes_nothing() {
    let path = format!("{ACCOUNT}/Messages.json");
    for (mood, status, code) in
        [(Mood::Down, 503, 20503), (Mood::Busy(7), 429, 20429), (Mood::Refusing(21610), 400, 21610)]
    {
        let refused = call(&[], mood, Method::POST, &path, &form(""));
        assert!(refused.taken.is_none());
        assert_eq!(
            (refused.answer.status().as_u16(), body(&refused)["code"].clone()),
            (status, code.into())
        );
        let wait = refused.answer.headers().get(RETRY_AFTER).map(|it| it.to_str().unwrap());
        assert_eq!(wait, (status == 429).then_some("7"));
    }
}

#[test]
fn only_the_accounts_own_secrets_open_the_api() {
    let get = |secret: Option<&'static str>| {
        let uri = format!("http://carrier/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let mut request = Request::get(uri).body(Vec::new()).unwrap();
        request
            .headers_mut()
            .extend(secret.map(|it| (AUTHORIZATION, HeaderValue::from_static(it))));
        ours().stub().answer(&request, &[], Mood::Well, NOW).unwrap().answer.status().as_u16()
    };
    assert_eq!(get(Some(RIGHT)), 200);
    for wrong in [None, Some("Basic QUM6"), Some("secret")] {
        assert_eq!(get(wrong), 401);
    }
}

#[test]
fn a_request_to_another_carrier_is_left_to_it() {
    let request = Request::get("http://carrier/v23.0/1/messages").body(Vec::new()).unwrap();
    assert!(ours().stub().answer(&request, &[], Mood::Well, NOW).is_none());
}

#[test]
fn the_answer_to_a_send_has_every_property_of_the_contract() {
    let Some(contract) = reference::read("contracts/twilio.openapi.json") else {
        return;
    };
    let json = body(&sent(&form("")));
    let schema = &contract["components"]["schemas"]["api.v2010.account.message"]["properties"];
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&json), names(schema));
}

/// What our side asks for when somebody types, as the carrier's side gets it.
fn typed(mood: Mood, change: impl FnOnce(String) -> String) -> Served {
    let pair = ("whatsapp:+18005550100".parse().unwrap(), "whatsapp:+14155550123".parse().unwrap());
    let about = format!("SM{}", "7".repeat(32));
    let sign = Signal { kind: SignalKind::Typing, from: pair.0, to: pair.1, about };
    let asked = ours().carriers().get(CARRIER).signal(&sign).unwrap();
    let form = String::from_utf8(asked.body.0).unwrap();
    let mut request = Request::new(change(form).into_bytes());
    *request.method_mut() = asked.method;
    *request.uri_mut() = asked.url.parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static(RIGHT));
    ours().stub().answer(&request, &[], mood, NOW).unwrap()
}

#[test]
fn a_sign_that_somebody_types_is_taken_for_a_message_on_the_one_channel() {
    let served = typed(Mood::Well, |form| form);
    assert_eq!((served.answer.status().as_u16(), &body(&served)["success"]), (200, &true.into()));
    assert_eq!(served.shown, Some(format!("SM{}", "7".repeat(32))));
    assert!(served.taken.is_none());
    for (from, to) in [("whatsapp", "sms"), ("SM", "IM"), ("messageId", "MessageSid")] {
        let refused = typed(Mood::Well, |form| form.replace(from, to));
        assert_eq!(
            (refused.answer.status().as_u16(), &body(&refused)["code"]),
            (400, &20001.into())
        );
        assert_eq!(refused.shown, None);
    }
    for (mood, status) in [(Mood::Down, 503), (Mood::Busy(1), 429), (Mood::Refusing(63016), 400)] {
        let refused = typed(mood, |form| form);
        assert_eq!((refused.answer.status().as_u16(), refused.shown), (status, None));
    }
}
