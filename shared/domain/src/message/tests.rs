use super::*;
use crate::conversation::{NewParticipant, Target};
use crate::record::Record;
use crate::sid::ServiceSid;

const NOW: Timestamp = Timestamp(1_000_000);

fn conversation(customers: u32) -> Conversation {
    let sid = ConversationSid::derived(&["c"]);
    let mut conversation = Conversation::new(sid, ServiceSid::derived(&["s"]), NOW);
    for number in 0..customers {
        let address = format!("+1415555010{number}").parse().unwrap();
        let pair = Pair::new(address, "+18005550199".parse().unwrap()).unwrap();
        let new = NewParticipant { identity: None, pair: Some(pair), attributes: None, role: None };
        let _ = conversation.join(new, NOW).unwrap();
    }
    let identity = Some("alice".to_owned());
    let agent = NewParticipant { identity, pair: None, attributes: None, role: None };
    let _ = conversation.join(agent, NOW).unwrap();
    conversation
}

fn post(author: &str, body: &str) -> Post {
    Post {
        sid: MessageSid::derived(&["m", author, body]),
        author: Some(author.to_owned()),
        body: Some(body.into()),
        media: Vec::new(),
        attributes: None,
        origin: None,
        source: Source::Api { webhooks: false },
    }
}

fn written(decision: &Decision) -> Message {
    match &decision.puts[0] {
        Record::Message(message) => message.as_ref().clone(),
        other => panic!("{}", other.kind()),
    }
}

fn sent(customers: u32) -> Message {
    written(&append(&mut conversation(customers), post("alice", "hi"), NOW).unwrap())
}

#[test]
fn indexes_have_no_gaps() {
    let mut conversation = conversation(1);
    let indexes: Vec<u32> = (0..3)
        .map(|n| {
            let decision = append(&mut conversation, post("alice", &n.to_string()), NOW).unwrap();
            written(&decision).index
        })
        .collect();
    assert_eq!(indexes, [0, 1, 2]);
}

#[test]
fn everybody_on_a_channel_gets_a_copy_but_the_author() {
    let from_agent = append(&mut conversation(2), post("alice", "hi"), NOW).unwrap();
    assert_eq!(written(&from_agent).deliveries.len(), 2);
    assert_eq!(from_agent.effects.len(), 2);
    let from_customer = append(&mut conversation(2), post("+14155550100", "hi"), NOW).unwrap();
    let message = written(&from_customer);
    assert_eq!(message.deliveries.len(), 1);
    assert_eq!(message.deliveries[0].pair.address.as_str(), "+14155550101");
    assert_eq!(message.participant, Some(1));
}

#[test]
fn nobody_posts_into_a_closed_conversation_or_posts_nothing() {
    let mut closed = conversation(1);
    let _ = closed.close(NOW);
    assert_eq!(append(&mut closed, post("alice", "hi"), NOW), Err(Refusal::ConversationClosed));
    let nothing = append(&mut conversation(1), post("alice", ""), NOW);
    assert_eq!(nothing, Err(Refusal::EmptyMessage));
    let long = "x".repeat(BODY_BYTES_MAX + 1);
    assert_eq!(append(&mut conversation(1), post("alice", &long), NOW), Err(Refusal::BodyTooLong));
}

#[test]
fn a_rest_message_tells_webhooks_only_if_asked_to() {
    let mut conversation = conversation(0);
    let filters = vec!["onMessageAdded".to_owned()];
    let target =
        Target::Webhook { url: "https://x".to_owned(), method: "POST".to_owned(), filters };
    conversation.attach(target, NOW).unwrap();
    let quiet = append(&mut conversation, post("alice", "1"), NOW).unwrap();
    assert!(quiet.effects.is_empty());
    let mut loud = post("alice", "2");
    loud.source = Source::Api { webhooks: true };
    assert_eq!(append(&mut conversation, loud, NOW).unwrap().effects.len(), 1);
}

#[test]
fn a_send_is_leased_called_and_recorded() {
    let message = sent(1);
    assert_eq!(message.delivery(1).unwrap().begin(NOW), Begin::Send);
    let leased = message.lease(1, NOW).unwrap();
    let soon = NOW + Millis::seconds(1);
    assert_eq!(leased.delivery(1).unwrap().begin(soon), Begin::Wait { until: NOW + LEASE });
    let over = NOW + LEASE;
    assert_eq!(leased.delivery(1).unwrap().begin(over), Begin::AskFirst { since: NOW });
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let recorded = leased.record(1, &accepted, soon).unwrap();
    let delivery = recorded.delivery(1).unwrap();
    assert_eq!((delivery.status, delivery.begin(over)), (DeliveryStatus::Sent, Begin::Done));
}

#[test]
fn an_unknown_outcome_keeps_its_lease() {
    let leased = sent(1).lease(1, NOW).unwrap();
    let unknown = SendOutcome::Unknown { reason: "time-out".to_owned() };
    assert_eq!(leased.record(1, &unknown, NOW), None);
}

#[test]
fn a_carrier_that_is_down_is_tried_again_and_then_given_up() {
    let mut message = sent(1);
    let retry = SendOutcome::Retry { reason: "down".to_owned(), after_seconds: None };
    let mut waited = Millis(0);
    for attempt in 1..=ATTEMPTS_MAX {
        let delivery = message.delivery(1).unwrap();
        assert_eq!(delivery.begin(NOW), Begin::Send, "attempt {attempt}");
        message = message.lease(1, NOW).unwrap().record(1, &retry, NOW).unwrap();
        let wait = message.delivery(1).unwrap().backoff();
        assert!(wait >= waited);
        waited = wait;
    }
    let delivery = message.delivery(1).unwrap();
    assert_eq!((delivery.status, delivery.error_code), (DeliveryStatus::Failed, Some(GAVE_UP)));
    assert_eq!(delivery.begin(NOW), Begin::Done);
}

#[test]
fn an_answer_leaves_by_the_carrier_that_brought_the_message_else_by_the_senders() {
    let mut other = sent(1).delivery(1).unwrap().clone();
    assert_eq!(other.carrier, None, "nobody has written yet");
    let number = other.pair.proxy.clone();
    let stored = serde_json::json!({
        "sid": PhoneNumber::sid_of(&number), "number": number, "friendly_name": "",
        "created": NOW, "updated": NOW,
    });
    let sender: PhoneNumber = serde_json::from_value(stored).unwrap();
    assert_eq!(sender.carrier, CarrierName::default(), "a record that names none");
    assert!(serde_json::to_value(&sender).unwrap().get("carrier").is_none());
    assert_eq!(other.carrier(Some(&sender)), sender.carrier);
    assert_eq!(other.carrier(None), CarrierName::default());
    other.carrier = Some(CarrierName::default());
    assert_eq!(other.carrier(None), CarrierName::default());

    let mut conversation = conversation(2);
    let origin = Origin {
        pair: conversation.participants[0].pair.clone().unwrap(),
        carrier: CarrierName::default(),
        carrier_message_id: "SM1".to_owned(),
        extra: BTreeMap::new(),
    };
    let inbound = Post { origin: Some(origin), ..post("+14155550100", "hello") };
    let _ = append(&mut conversation, inbound, NOW).unwrap();
    let answer = written(&append(&mut conversation, post("alice", "hi"), NOW).unwrap());
    let carriers: Vec<_> = answer.deliveries.iter().map(|copy| copy.carrier).collect();
    assert_eq!(carriers, [Some(CarrierName::default()), None]);
}

fn report_on(carrier_message_id: &str, status: DeliveryStatus) -> StatusReport {
    StatusReport {
        carrier: CarrierName::default(),
        carrier_message_id: carrier_message_id.to_owned(),
        message: None,
        delivery: None,
        status,
        error_code: None,
        received_at: NOW,
    }
}

#[test]
fn a_receipt_of_another_message_of_the_carriers_says_nothing_of_ours() {
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let leased = sent(1).lease(1, NOW).unwrap();
    let recorded = leased.record(1, &accepted, NOW).unwrap();
    for status in [DeliveryStatus::Delivered, DeliveryStatus::Failed] {
        assert_eq!(recorded.report(1, &report_on("SM2", status), NOW), None);
        assert!(recorded.report(1, &report_on("SM1", status), NOW).is_some());
    }
}

#[test]
fn a_receipt_may_come_before_the_answer_and_a_late_one_changes_nothing() {
    let leased = sent(1).lease(1, NOW).unwrap();
    let report = |status| report_on("SM1", status);
    let delivered = leased.report(1, &report(DeliveryStatus::Delivered), NOW).unwrap();
    assert_eq!(delivered.report(1, &report(DeliveryStatus::Sent), NOW), None);
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let recorded = delivered.record(1, &accepted, NOW).unwrap();
    assert_eq!(recorded.delivery(1).unwrap().status, DeliveryStatus::Delivered);
}
