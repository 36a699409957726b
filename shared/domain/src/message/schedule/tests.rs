use serde_json::{Value, json};

use super::*;
use crate::address::Address;
use crate::message::{Begin, Command, Terms, decide, outside};
use crate::sid::{MessageSid, MessagingServiceSid, Sid as _};

const NOW: Timestamp = Timestamp(1_795_344_809_000);
const AT: Timestamp = Timestamp(1_795_345_409_000);
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const FIRST: &str = "+18005550101";
const SECOND: &str = "+18005550102";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn service(numbers: &[&str]) -> MessagingService {
    let number = |number: &&str| json!({ "sid": "PN0123456789abcdef0123456789abcdef", "number": number, "created": 0 });
    let numbers: Vec<Value> = numbers.iter().map(number).collect();
    serde_json::from_value(json!({
        "sid": SERVICE, "friendly_name": "s", "numbers": numbers, "created": 0, "updated": 0,
    }))
    .unwrap()
}

fn scheduled(receipt: SenderReceipt) -> Message {
    let pair = Pair::new(address("+14155550100"), address(FIRST)).unwrap();
    let service: MessagingServiceSid = SERVICE.parse().unwrap();
    let sid = MessageSid::derived(&["m"]);
    let by = Some((service, receipt));
    let message = outside(sid, pair, Some("hi".into()), Vec::new(), by, NOW).unwrap();
    message.on_terms(Terms { send_at: Some(AT), ..Terms::default() })
}

fn named() -> Message {
    scheduled(SenderReceipt::named(&address(FIRST)))
}

fn chosen() -> Message {
    let rule = SenderRule::Country;
    scheduled(SenderReceipt { rule, ..SenderReceipt::named(&address(FIRST)) })
}

fn status(message: &Message) -> (DeliveryStatus, Option<u32>) {
    (message.deliveries[0].status, message.deliveries[0].error_code)
}

/// What a message becomes that is due, by a pool.
fn after(message: &Message, service: Option<&MessagingService>) -> Message {
    let looked = look(message, Pool { service, used_to: None }, AT);
    let Look::Goes(after) = looked else { panic!("{looked:?}") };
    *after
}

#[test]
fn a_time_is_read_and_kept_within_its_bounds_themselves_allowed() {
    let at = |text: &str, has_service| send_at(Some("fixed"), Some(text), has_service, NOW);
    let of = |time: Timestamp| at(&time.iso_millis(), true);
    let millisecond = Millis(1);
    for (time, expected) in [
        (NOW + AHEAD_MIN, Ok(Some(NOW + AHEAD_MIN))),
        (NOW + AHEAD_MAX, Ok(Some(NOW + AHEAD_MAX))),
        (NOW + Millis(AHEAD_MIN.0 - 1), Err(Code::InvalidSendAt)),
        (NOW + AHEAD_MAX + millisecond, Err(Code::InvalidSendAt)),
        (Timestamp(0), Err(Code::InvalidSendAt)),
    ] {
        assert_eq!(of(time), expected, "{time:?}");
    }
    assert_eq!(at("2026-11-22T12:53:29+01:00", true), Ok(Some(NOW + Millis::seconds(3600))));
    for text in ["tomorrow", "2026-11-23", "2026-11-22T11:53:29", "1795344809"] {
        assert_eq!(at(text, true), Err(Code::InvalidSendAt), "{text}");
    }
    assert_eq!(at("2026-11-22T11:53:29Z", false), Err(Code::ScheduleNeedsService));
    assert_eq!(send_at(None, None, true, NOW), Ok(None));
    assert_eq!(send_at(Some("FIXED"), None, true, NOW), Err(Code::SendAtMissing));
    let (kind, time) = (Some("optimal"), Some("2026-11-22T11:53:29Z"));
    assert_eq!(send_at(kind, time, true, NOW), Err(Code::InvalidScheduleType));
    assert_eq!(send_at(None, time, true, NOW), Err(Code::InvalidScheduleType));
}

#[test]
fn it_goes_once_and_not_before_its_time() {
    let (message, pool) = (named(), service(&[FIRST]));
    assert_eq!(message.looked_at(), Some(AT));
    assert_eq!(message.deliveries[0].begin(AT), Begin::Done, "nobody sends it meanwhile");
    let pool = Pool { service: Some(&pool), used_to: None };
    let early = Timestamp(AT.0 - 1);
    assert_eq!(look(&message, pool, early), Look::Early { at: AT });
    let Look::Goes(gone) = look(&message, pool, AT) else { panic!("it is due") };
    assert_eq!((status(&gone), gone.looked_at()), ((DeliveryStatus::Queued, None), None));
    assert_eq!(gone.deliveries[0].begin(AT), Begin::Send);
    assert_eq!(gone.queued_at(&gone.deliveries[0]), AT);
    assert_eq!(look(&gone, pool, AT + Millis(1)), Look::Over);
}

#[test]
fn one_that_is_canceled_never_goes_and_cannot_be_canceled_twice() {
    let message = named();
    let canceled = cancel(&message, 1, NOW).unwrap();
    assert_eq!((status(&canceled).0, canceled.looked_at()), (DeliveryStatus::Canceled, None));
    let pool = service(&[FIRST]);
    let pool = Pool { service: Some(&pool), used_to: None };
    assert_eq!(look(&canceled, pool, AT), Look::Over);
    assert_eq!(canceled.deliveries[0].begin(AT), Begin::Done);
    assert_eq!(cancel(&canceled, 1, NOW), Err(Refusal::NotCancelable));
    assert_eq!(cancel(&after(&message, pool.service), 1, AT), Err(Refusal::NotCancelable));
    assert_eq!(cancel(&message, 2, NOW), Err(Refusal::NotCancelable));
}

#[test]
fn it_is_redacted_and_removed_only_when_it_is_canceled_or_sent() {
    let (message, remove) = (named(), Command::Remove { delivery: Some(1) });
    for command in [Command::Redact, remove] {
        assert_eq!(decide(&message, command, NOW), Err(Refusal::NotSentYet));
        assert!(decide(&cancel(&message, 1, NOW).unwrap(), command, NOW).is_ok());
    }
}

#[test]
fn a_sender_that_left_the_pool_is_replaced_unless_it_was_named() {
    let stays = service(&[FIRST, SECOND]);
    for message in [named(), chosen()] {
        assert!(!needs_another_sender(&message, &stays));
        assert_eq!(after(&message, Some(&stays)).deliveries[0].pair.proxy.as_str(), FIRST);
    }
    let left = service(&[SECOND]);
    assert!(needs_another_sender(&chosen(), &left));
    let moved = after(&chosen(), Some(&left));
    assert_eq!(status(&moved), (DeliveryStatus::Queued, None));
    let (copy, receipt) = (&moved.deliveries[0], moved.sender.as_ref().unwrap());
    assert_eq!((copy.pair.proxy.as_str(), moved.author.as_str()), (SECOND, SECOND));
    assert_ne!(receipt.rule, SenderRule::Named);
    assert!(!needs_another_sender(&named(), &left));
    let failed =
        |message: &Message, service: Option<&MessagingService>| status(&after(message, service));
    assert_eq!(failed(&named(), Some(&left)), (DeliveryStatus::Failed, Some(21711)));
    assert_eq!(failed(&chosen(), Some(&service(&[]))), (DeliveryStatus::Failed, Some(21704)));
    assert_eq!(failed(&chosen(), None), (DeliveryStatus::Failed, Some(21701)));
}

#[test]
fn a_sender_on_a_channel_that_was_named_needs_no_pool() {
    let (to, from) = ("whatsapp:+14155550100", "whatsapp:+18005550101");
    let pair = Pair::new(address(to), address(from)).unwrap();
    let by = Some((SERVICE.parse().unwrap(), SenderReceipt::named(&address(from))));
    let sid = MessageSid::derived(&["w"]);
    let message = outside(sid, pair, Some("hi".into()), Vec::new(), by, NOW).unwrap();
    let message = message.on_terms(Terms { send_at: Some(AT), ..Terms::default() });
    assert_eq!(status(&after(&message, Some(&service(&[])))), (DeliveryStatus::Queued, None));
}
