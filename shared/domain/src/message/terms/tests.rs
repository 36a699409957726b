use serde_json::{Value, json};

use super::*;
use crate::carriage::{CarrierName, SendOutcome};
use crate::configuration::PhoneNumber;
use crate::conversation::Pair;
use crate::message::{LEASE, outside};
use crate::sid::{MessageSid, Sid as _};

const NOW: Timestamp = Timestamp(1_795_344_809_000);

fn service(settings: &Value) -> MessagingService {
    serde_json::from_value(json!({
        "sid": "MG0123456789abcdef0123456789abcdef", "friendly_name": "s",
        "settings": settings.to_string(), "created": 0, "updated": 0,
    }))
    .unwrap()
}

fn number(settings: &Value) -> OwnSender {
    let number = "+18005550199".parse().unwrap();
    OwnSender::from(&PhoneNumber {
        sid: PhoneNumber::sid_of(&number),
        number,
        friendly_name: String::new(),
        carrier: CarrierName::default(),
        campaign: None,
        messaging_service: None,
        settings: Some(settings.to_string()),
        created: NOW,
        updated: NOW,
        version: crate::version::Version::NEW,
    })
}

fn message(terms: Terms) -> Message {
    let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
    let sid = MessageSid::derived(&["m"]);
    let body = Some("hi".into());
    outside(sid, pair.unwrap(), body, Vec::new(), None, NOW).unwrap().on_terms(terms)
}

fn valid(seconds: u32) -> Terms {
    Terms { validity: Some(seconds), ..Terms::default() }
}

#[test]
fn the_message_says_who_hears_else_its_service_else_the_number() {
    let own = Listener { url: "https://own.example/".to_owned(), method: "POST".to_owned() };
    let pool = service(&json!({ "StatusCallback": "https://pool.example/" }));
    let sender = number(&json!({ "StatusCallback": "https://number.example/",
        "StatusCallbackMethod": "get" }));
    let (silent, still) = (service(&json!({ "StatusCallback": "" })), number(&json!({})));
    let heard = |own, pool, sender| {
        status_callback(own, pool, sender).map(|it| format!("{} {}", it.method, it.url))
    };
    let all = heard(Some(own), Some(&pool), Some(&sender));
    assert_eq!(all.as_deref(), Some("POST https://own.example/"));
    let pooled = heard(None, Some(&pool), Some(&sender));
    assert_eq!(pooled.as_deref(), Some("POST https://pool.example/"));
    for service in [None, Some(&silent)] {
        let numbers = heard(None, service, Some(&sender));
        assert_eq!(numbers.as_deref(), Some("GET https://number.example/"));
    }
    assert_eq!(heard(None, Some(&silent), Some(&still)), None);
    assert_eq!(heard(None, None, None), None);
}

#[test]
fn the_message_says_how_long_it_may_wait_else_its_service() {
    let pool = service(&json!({ "ValidityPeriod": 600 }));
    assert_eq!(validity(Some(5), Some(&pool)), Some(5));
    assert_eq!(validity(None, Some(&pool)), Some(600));
    assert_eq!(validity(None, Some(&service(&json!({})))), None);
    assert_eq!(validity(None, None), None);
}

#[test]
fn a_copy_that_waited_for_longer_than_it_is_valid_fails() {
    for (terms, seconds) in [(valid(60), 60), (Terms::default(), 36_000)] {
        let message = message(terms);
        let last = NOW + Millis::seconds(seconds);
        assert_eq!(message.expire(1, last), None);
        let expired = message.expire(1, last + Millis(1)).unwrap().message;
        let copy = &expired.deliveries[0];
        assert_eq!((copy.status, copy.error_code), (DeliveryStatus::Failed, Some(30_036)));
        assert_eq!(expired.expire(1, last + Millis(2)), None, "it failed before");
    }
}

#[test]
fn a_copy_whose_send_may_be_under_way_never_expires() {
    let leased = message(valid(1)).lease(1, NOW).unwrap();
    assert_eq!(leased.expire(1, NOW + LEASE + Millis::seconds(60)), None);
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let sent = leased.record(1, &accepted, NOW).unwrap().message;
    assert_eq!(sent.expire(1, NOW + Millis::seconds(60)), None);
    let retry = SendOutcome::Retry { reason: String::new(), after_seconds: None };
    let again = leased.record(1, &retry, NOW).unwrap().message;
    assert!(again.expire(1, NOW + Millis::seconds(60)).is_some(), "the carrier surely has it not");
}

#[test]
fn what_waits_for_its_time_is_valid_from_then_on() {
    let released = NOW + Millis::seconds(3600);
    let message = message(Terms { released: Some(released), ..valid(60) });
    assert_eq!(message.expire(1, released + Millis::seconds(60)), None);
    assert!(message.expire(1, released + Millis::seconds(61)).is_some());
}

#[test]
fn a_carrier_is_told_what_is_left_where_somebody_said_how_long() {
    let (limited, other) = (message(valid(60)), message(Terms::default()));
    let left = |message: &Message, after| {
        message.valid_seconds(&message.deliveries[0], NOW + Millis::seconds(after))
    };
    assert_eq!([left(&limited, 0), left(&limited, 50)], [Some(60), Some(10)]);
    assert_eq!(left(&limited, 60), Some(1), "no carrier takes less");
    assert_eq!(left(&other, 0), None);
}

#[test]
fn terms_of_nothing_are_not_kept() {
    assert_eq!(message(Terms::default()).terms, None);
    assert_eq!(message(valid(5)).deliveries[0].status, DeliveryStatus::Queued);
}

#[test]
fn a_sender_is_asked_who_hears_where_nobody_else_says_so_and_once() {
    let sender = number(&json!({ "StatusCallback": "https://number.example/" }));
    let asks = || message(Terms { asks_sender: true, ..Terms::default() });
    assert!(asks().asks_sender());
    let told = asks().heard_as_by(Some(&sender));
    let heard = |message: &Message| message.status_callback().map(|it| it.url.clone());
    assert_eq!(heard(&told).as_deref(), Some("https://number.example/"));
    assert!(!told.asks_sender());
    let later = number(&json!({ "StatusCallback": "https://later.example/" }));
    assert_eq!(told.clone().heard_as_by(Some(&later)), told, "it is asked once");
    for silent in [None, Some(&number(&json!({})))] {
        assert_eq!(asks().heard_as_by(silent).terms, None);
    }
    let own = Listener { url: "https://own.example/".to_owned(), method: "POST".to_owned() };
    let named = message(Terms { status_callback: Some(own), ..Terms::default() });
    assert_eq!(named.clone().heard_as_by(Some(&sender)), named, "who is not to be asked is not");
}
