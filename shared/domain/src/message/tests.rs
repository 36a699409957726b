use super::*;
use crate::address::ChannelType;
use crate::carriage::{Price, Pricing, SendOutcome, StatusReport, Watermark};
use crate::configuration::PhoneNumber;
use crate::conversation::{Answers, Conversation, Defaults, NewParticipant, Source, WINDOW};
use crate::sid::{ServiceSid, Sid as _};
use crate::timestamp::Millis;

pub(super) const NOW: Timestamp = Timestamp(1_000_000);

pub(super) fn conversation(customers: u32) -> Conversation {
    let sid = ConversationSid::derived(&["c"]);
    let conversation =
        Conversation::new(sid, ServiceSid::derived(&["s"]), Defaults::default(), NOW);
    changed(&conversation, |draft| {
        for number in 0..customers {
            let address = format!("+1415555010{number}").parse().unwrap();
            let pair = Pair::new(address, "+18005550199".parse().unwrap()).unwrap();
            draft.join(NewParticipant::at(pair)).unwrap();
        }
        draft.join(NewParticipant::known_as("alice".to_owned())).unwrap();
    })
    .0
}

/// The conversation after some rules, and what they answer.
fn changed<T>(before: &Conversation, rules: impl FnOnce(&mut Draft<'_>) -> T) -> (Conversation, T) {
    let answers = Answers::default();
    let source = Source::Api { webhooks: false };
    let mut draft = Draft::of(before.clone(), source, &answers, NOW);
    let answer = rules(&mut draft);
    (draft.conversation, answer)
}

fn post(author: &str, body: &str) -> Post {
    Post {
        sid: MessageSid::derived(&["m", author, body]),
        author: Some(author.to_owned()),
        body: Some(body.into()),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    }
}

fn written(to: &Conversation, post: Post) -> Result<Message, Refusal> {
    changed(to, |draft| append(draft, post)).1
}

/// The next message of somebody, at a time, and the conversation with it.
pub(super) fn written_next(
    to: &Conversation,
    author: &str,
    body: &str,
    at: Timestamp,
) -> (Conversation, Message) {
    let answers = Answers::default();
    let mut draft = Draft::of(to.clone(), Source::Api { webhooks: false }, &answers, at);
    let sid = MessageSid::derived(&["m", &draft.conversation.next_index.to_string()]);
    let message = append(&mut draft, Post { sid, ..post(author, body) }).unwrap();
    (draft.conversation, message)
}

pub(super) fn sent(customers: u32) -> Message {
    written(&conversation(customers), post("alice", "hi")).unwrap()
}

#[test]
fn indexes_have_no_gaps() {
    let (_, indexes) = changed(&conversation(1), |draft| {
        [0, 1, 2].map(|n| append(draft, post("alice", &n.to_string())).unwrap().index)
    });
    assert_eq!(indexes, [0, 1, 2]);
}

#[test]
fn every_channel_participant_but_the_author_gets_a_copy() {
    assert_eq!(sent(2).deliveries.len(), 2);
    let message = written(&conversation(2), post("+14155550100", "hi")).unwrap();
    assert_eq!(message.deliveries.len(), 1);
    assert_eq!(message.deliveries[0].pair.address.as_str(), "+14155550101");
    assert_eq!(message.participant, Some(1));
}

#[test]
fn a_closed_conversation_takes_no_message_and_no_message_is_empty() {
    let (closed, ()) = changed(&conversation(1), |draft| draft.close());
    assert_eq!(written(&closed, post("alice", "hi")), Err(Refusal::ConversationClosed));
    let open = conversation(1);
    assert_eq!(written(&open, post("alice", "")), Err(Refusal::EmptyMessage));
    for long in ["x".repeat(BODY_BYTES_MAX + 1), "x".repeat(TEXT_CHARS_MAX + 1)] {
        assert_eq!(written(&open, post("alice", &long)), Err(Refusal::BodyTooLong));
    }
    let longest = "x".repeat(TEXT_CHARS_MAX);
    assert!(written(&open, post("alice", &longest)).is_ok());
    let among_us = "x".repeat(BODY_BYTES_MAX);
    assert!(written(&conversation(0), post("alice", &among_us)).is_ok());
}

#[test]
fn programmable_messaging_takes_text_and_views_away_once_they_are_sent() {
    let waiting = sent(1);
    assert_eq!(decide(&waiting, Command::Redact, NOW), Err(Refusal::NotSentYet));
    let remove = Command::Remove { delivery: Some(1) };
    assert_eq!(decide(&waiting, remove, NOW), Err(Refusal::NotSentYet));
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let out = waiting.lease(1, NOW).unwrap().record(1, &accepted, NOW).unwrap().message;
    let silent = decide(&out, Command::Redact, NOW + Millis(1)).unwrap();
    assert_eq!((silent.body.is_none(), silent.edited), (true, Some(NOW + Millis(1))));
    assert_eq!(decide(&silent, Command::Redact, NOW + Millis(9)), Ok(silent));
    let without = decide(&out, remove, NOW).unwrap();
    assert!(without.deliveries.is_empty() && without.body.is_some() && !without.removed);
    let pair = out.deliveries[0].pair.clone();
    let outside = outside(out.sid, pair, out.body.clone(), Vec::new(), None, NOW).unwrap();
    let outside = outside.lease(1, NOW).unwrap().record(1, &accepted, NOW).unwrap().message;
    let gone = decide(&outside, remove, NOW).unwrap();
    assert!(gone.removed && gone.body.is_none());
}

#[test]
fn what_a_carrier_said_is_taken_away_with_the_message_and_who_said_it_stays() {
    let conversation = conversation(2);
    let pair = conversation.participants[0].pair.clone().unwrap();
    let (from, to) = (pair.address.clone(), pair.proxy.clone());
    let mut inbound = InboundMessage::new(CarrierName::default(), "SM1", (from, to), "", NOW);
    inbound.content = vec![Content::Button { text: Some("Yes".into()), payload: None }];
    inbound.profile_name = Some("Ann".into());
    inbound.extra.insert("WaId".to_owned(), "14155550100".into());
    let message = written(&conversation, Post::of(&inbound, None)).unwrap();
    assert!(message.origin.as_ref().unwrap().says_more());
    let (_, withdrawn) = changed(&conversation, |draft| withdraw(draft, &message));
    for after in [withdrawn, decide(&message, Command::Redact, NOW).unwrap()] {
        assert!(after.can_be(&inbound), "a copy of it is known");
        assert!(!after.origin.as_ref().unwrap().says_more());
        assert_eq!(after.body, None);
    }
}

#[test]
fn what_is_reacted_to_is_quoted_shortened_or_named() {
    let conversation = conversation(2);
    let pair = conversation.participants[0].pair.clone().unwrap();
    let ends = (pair.address, pair.proxy);
    let mut reaction = InboundMessage::new(CarrierName::default(), "SM1", ends, "", NOW);
    reaction.content =
        vec![Content::Reaction { to: Some("SM0".to_owned()), emoji: Some("👍".into()) }];
    let mut file = post("alice", "");
    file.media = vec![Media::new("https://a.example", "image/png")];
    let short = "ü".repeat(QUOTED_CHARS_MAX);
    for (target, words) in [
        (post("alice", "hi"), "“hi”".to_owned()),
        (post("alice", &short), format!("“{short}”")),
        (post("alice", &format!("{short}.")), format!("“{short}…”")),
        (file, "a file".to_owned()),
    ] {
        let target = written(&conversation, target).unwrap();
        let told = Post::of(&reaction, Some(&target));
        assert_eq!(told.body, Some(format!("Reacted 👍 to {words}").into()));
        assert_eq!(told.origin.unwrap().answers, Some(target.sid));
    }
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
    let event = ConversationEvent::DeliveryUpdated { message: message.sid, number: 1 };
    assert_eq!(recorded.events, [event]);
    let recorded = recorded.message;
    let delivery = recorded.delivery(1).unwrap();
    assert_eq!((delivery.status, delivery.begin(over)), (DeliveryStatus::Sent, Begin::Done));
}

#[test]
fn what_is_taken_away_before_it_was_handed_over_is_not_and_what_is_under_way_is_asked_about() {
    let withdrawn = |message: &Message| {
        changed(&conversation(1), |draft| withdraw(draft, message)).1.deliveries[0].clone()
    };
    let waiting = sent(1);
    assert_eq!(withdrawn(&waiting).status, DeliveryStatus::Failed);
    let leased = waiting.lease(1, NOW).unwrap();
    assert_eq!(withdrawn(&leased).begin(NOW + LEASE), Begin::AskFirst { since: NOW });
    // The carrier never had it: it is not sent again.
    let mut gone = leased;
    gone.fields.removed = true;
    let never = SendOutcome::Retry { reason: String::new(), after_seconds: None };
    let end = gone.record(1, &never, NOW).unwrap();
    assert_eq!(end.message.deliveries[0].begin(NOW), Begin::Done);
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
        let recorded = message.lease(1, NOW).unwrap().record(1, &retry, NOW).unwrap();
        assert_eq!(!recorded.events.is_empty(), attempt == ATTEMPTS_MAX, "attempt {attempt}");
        message = recorded.message;
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

    let conversation = conversation(2);
    let origin = Origin {
        pair: conversation.participants[0].pair.clone().unwrap(),
        carrier: CarrierName::default(),
        carrier_message_id: "SM1".to_owned(),
        content: Vec::new(),
        reply_to: None,
        answers: None,
        profile_name: None,
        extra: BTreeMap::new(),
    };
    let inbound = Post { origin: Some(origin), ..post("+14155550100", "hello") };
    let (_, answer) = changed(&conversation, |draft| {
        append(draft, inbound).unwrap();
        append(draft, post("alice", "hi")).unwrap()
    });
    let carriers: Vec<_> = answer.deliveries.iter().map(|copy| copy.carrier).collect();
    assert_eq!(carriers, [Some(CarrierName::default()), None]);
}

#[test]
fn a_watermark_raises_what_the_carrier_had_by_then_and_nothing_else() {
    let accepted = SendOutcome::Accepted { carrier_message_id: "m1".to_owned() };
    let sent = sent(1).lease(1, NOW).unwrap().record(1, &accepted, NOW).unwrap().message;
    let pair = sent.deliveries[0].pair.clone();
    let created = sent.deliveries[0].created;
    let mark = |status, until| Watermark {
        carrier: CarrierName::default(),
        customer: pair.address.clone(),
        business: pair.proxy.clone(),
        status,
        until,
        received_at: NOW,
    };
    let reports = sent.reports_of(&mark(DeliveryStatus::Read, created), &pair);
    let [(1, report)] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((report.carrier_message_id.as_str(), report.status), ("m1", DeliveryStatus::Read));
    let read = sent.report(1, report, NOW).unwrap().message;
    assert_eq!(read.deliveries[0].status, DeliveryStatus::Read);
    let delivered = mark(DeliveryStatus::Delivered, created);
    assert_eq!(read.reports_of(&delivered, &pair), []);
    let earlier = mark(DeliveryStatus::Read, Timestamp(created.0 - 1));
    assert_eq!(sent.reports_of(&earlier, &pair), []);
    let other = Pair { address: "+14155559999".parse().unwrap(), ..pair.clone() };
    assert_eq!(sent.reports_of(&mark(DeliveryStatus::Read, created), &other), []);
    assert_eq!(sent.delivery_called(CarrierName::default(), "m1"), Some(1));
    assert_eq!(sent.delivery_called(CarrierName::default(), "m2"), None);
    let leased = self::sent(1).lease(1, NOW).unwrap();
    assert!(leased.is_under_way(&pair, NOW) && !sent.is_under_way(&pair, NOW));
    assert!(!leased.is_under_way(&other, NOW));
    let lost = NOW + Millis::seconds(120);
    assert!(!leased.is_under_way(&pair, lost), "its answer never came");
    assert_eq!(leased.reports_of(&mark(DeliveryStatus::Read, lost), &pair), []);
}

#[test]
fn an_end_is_counted_once() {
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered};
    let with = |status| {
        let mut one = sent(1);
        one.delivery_mut(1).unwrap().status = status;
        one
    };
    for (before, now, end) in [
        (Queued, Sent, None),
        (Sent, Delivered, Some(Delivered)),
        (Sent, Read, Some(Delivered)),
        (Delivered, Read, None),
        (Sent, Undelivered, Some(Failed)),
        (Queued, Failed, Some(Failed)),
        (Failed, Delivered, Some(Delivered)),
    ] {
        assert_eq!(
            with(now).delivery(1).unwrap().came_to(&with(before)),
            end,
            "{before:?} {now:?}"
        );
    }
}

#[test]
fn what_a_copy_costs_is_kept_and_is_no_news() {
    let accepted = SendOutcome::Accepted { carrier_message_id: "m1".to_owned() };
    let sent = sent(1).lease(1, NOW).unwrap().record(1, &accepted, NOW).unwrap().message;
    let told = |billable, category: &str| {
        let pricing = Pricing {
            billable: Some(billable),
            category: Some(category.to_owned()),
            ..Pricing::default()
        };
        StatusReport { pricing: Some(pricing), ..report_on("m1", DeliveryStatus::Sent) }
    };
    let priced = sent.report(1, &told(true, "utility"), NOW).unwrap();
    assert!(priced.events.is_empty(), "it got no further");
    let priced = priced.message;
    assert!(priced.report(1, &told(true, "utility"), NOW).is_none(), "nothing new");
    assert!(priced.report(1, &report_on("m1", DeliveryStatus::Sent), NOW).is_none());
    let other = StatusReport { carrier_message_id: "m2".to_owned(), ..told(false, "service") };
    assert!(priced.report(1, &other, NOW).is_none(), "another message's");
    let read = priced.report(1, &report_on("m1", DeliveryStatus::Read), NOW).unwrap();
    assert_eq!(read.events.len(), 1);
    let kept = read.message.deliveries[0].pricing.clone().unwrap();
    assert_eq!((kept.billable, kept.category.as_deref()), (Some(true), Some("utility")));
    let stored = serde_json::to_value(&read.message).unwrap();
    assert_eq!(
        serde_json::from_value::<Message>(stored).unwrap().deliveries,
        read.message.deliveries
    );
}

#[test]
fn costs_are_summed_by_day_channel_and_category() {
    let cards = r#"[{ "since": "1970-01-01", "currency": "EUR", "rates": [
        { "channel": "sms", "category": "utility", "price": "0.5" } ] }]"#;
    let cards = RateCards::parse(cards).unwrap();
    let always = (Timestamp(0), Timestamp(i64::MAX));
    let with = |status, pricing: Option<Pricing>| {
        let accepted = SendOutcome::Accepted { carrier_message_id: "m1".to_owned() };
        let mut one = sent(1).lease(1, NOW).unwrap().record(1, &accepted, NOW).unwrap().message;
        let copy = one.delivery_mut(1).unwrap();
        (copy.status, copy.pricing) = (status, pricing);
        one
    };
    let told = |billable, category: &str, price: Option<&str>| {
        Some(Pricing {
            billable,
            category: Some(category.to_owned()),
            price: price.and_then(|price| Price::parse(price, "USD")),
            ..Pricing::default()
        })
    };
    use DeliveryStatus::{Delivered, Failed, Read};
    let mut costs = Costs::default();
    for message in [
        with(Read, told(Some(true), "utility", None)),
        with(Delivered, told(None, "utility", Some("0.0034"))),
        with(Delivered, told(Some(false), "utility", None)),
        with(Delivered, told(Some(true), "marketing", None)),
        with(Failed, None),
        with(Delivered, None),
        // Nobody took it, so it costs nothing.
        sent(1),
    ] {
        costs.add(&message, always, &cards);
    }
    let day = sent(1).deliveries[0].created.day();
    let line = |category: Option<&str>| CostLine {
        day: day.clone(),
        channel: ChannelType::Sms,
        category: category.map(str::to_owned),
    };
    let utility = &costs.lines[&line(Some("utility"))];
    assert_eq!((utility.copies, utility.billable, utility.free), (3, 2, 1));
    assert_eq!(utility.told, BTreeMap::from([("USD".to_owned(), 3_400_000)]));
    assert_eq!(utility.listed, BTreeMap::from([("EUR".to_owned(), 500_000_000)]));
    assert_eq!((utility.unknown, utility.unpriced), (0, 0));
    let marketing = &costs.lines[&line(Some("marketing"))];
    assert_eq!((marketing.billable, marketing.unpriced), (1, 1));
    let unsaid = &costs.lines[&line(None)];
    assert_eq!((unsaid.copies, unsaid.free, unsaid.unknown, unsaid.unpriced), (2, 1, 1, 1));
    let total = costs.total();
    assert_eq!((total.copies, total.billable, total.free, total.unknown), (6, 3, 2, 1));
    assert_eq!((total.unpriced, total.told.len(), total.listed.len()), (2, 1, 1));
    let created = sent(1).deliveries[0].created;
    for (period, copies) in [((Timestamp(0), created), 0), ((created, Timestamp(created.0 + 1)), 1)]
    {
        let mut costs = Costs::default();
        costs.add(&with(Read, None), period, &cards);
        assert_eq!(costs.total().copies, copies);
    }
}

fn report_on(carrier_message_id: &str, status: DeliveryStatus) -> StatusReport {
    StatusReport::new(CarrierName::default(), carrier_message_id, status, NOW)
}

#[test]
fn a_receipt_of_another_message_of_the_carriers_says_nothing_of_ours() {
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let leased = sent(1).lease(1, NOW).unwrap();
    let recorded = leased.record(1, &accepted, NOW).unwrap().message;
    for status in [DeliveryStatus::Delivered, DeliveryStatus::Failed] {
        assert_eq!(recorded.report(1, &report_on("SM2", status), NOW), None);
        assert!(recorded.report(1, &report_on("SM1", status), NOW).is_some());
    }
}

#[test]
fn a_receipt_may_come_before_the_answer_and_a_late_one_changes_nothing() {
    let leased = sent(1).lease(1, NOW).unwrap();
    let report = |status| report_on("SM1", status);
    let delivered = leased.report(1, &report(DeliveryStatus::Delivered), NOW).unwrap().message;
    assert_eq!(delivered.report(1, &report(DeliveryStatus::Sent), NOW), None);
    let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let recorded = delivered.record(1, &accepted, NOW).unwrap();
    assert!(recorded.events.is_empty(), "the status stayed");
    let recorded = recorded.message;
    assert_eq!(recorded.delivery(1).unwrap().status, DeliveryStatus::Delivered);
}

/// Ann on WhatsApp, who wrote then, in a conversation with alice.
fn on_whatsapp(wrote: Timestamp) -> Conversation {
    let customer: Address = "whatsapp:+14155550100".parse().unwrap();
    let ours: Address = "whatsapp:+18005550199".parse().unwrap();
    let before = conversation(0);
    let (joined, _) = changed(&before, |draft| {
        let pair = Pair::new(customer.clone(), ours.clone()).unwrap();
        draft.join(NewParticipant::at(pair)).unwrap();
    });
    let by_name = CarrierName::ALL.iter().find(|carrier| !carrier.identifies_templates()).unwrap();
    let inbound = InboundMessage::new(*by_name, "wamid.1", (customer, ours), "hi", wrote);
    let answers = Answers::default();
    let source = Source::Channel(ChannelType::Whatsapp);
    let mut draft = Draft::of(joined, source, &answers, wrote);
    append(&mut draft, Post::of(&inbound, None)).unwrap();
    draft.conversation
}

/// A message to Ann at that time, and what happens with it.
fn written_at(to: &Conversation, post: Post, now: Timestamp) -> (Message, Vec<ConversationEvent>) {
    let answers = Answers::default();
    let mut draft = Draft::of(to.clone(), Source::Api { webhooks: false }, &answers, now);
    let message = append(&mut draft, post).unwrap();
    (message, draft.events)
}

fn template(name: Option<&str>) -> Option<Box<Filled>> {
    let approval = name.map(
        |name| serde_json::json!({ "name": name, "category": "UTILITY", "status": "approved" }),
    );
    let template: crate::template::ContentTemplate = serde_json::from_value(serde_json::json!({
        "sid": crate::sid::ContentSid::derived(&["t"]), "language": "en", "approval": approval,
        "types": "{\"twilio/text\":{\"body\":\"Hello {{1}}\"}}", "created": 0, "updated": 0,
    }))
    .unwrap();
    let values = [("1".to_owned(), "Ann".to_owned())].into();
    Some(Box::new(template.filled(&values, crate::template::Product::Conversations).unwrap()))
}

#[test]
fn whoever_wrote_a_day_ago_is_written_to_by_approved_templates_alone() {
    let ann = on_whatsapp(NOW);
    let copy =
        |post: Post, after: Millis| written_at(&ann, post, NOW + after).0.deliveries[0].clone();
    let last = Millis(WINDOW.0 - 1);
    let inside = copy(post("alice", "hi"), last);
    assert_eq!((inside.status, inside.error_code), (DeliveryStatus::Queued, None));
    let (late, events) = written_at(&ann, post("alice", "hi"), NOW + WINDOW);
    let outside = &late.deliveries[0];
    assert_eq!((outside.status, outside.error_code), (DeliveryStatus::Failed, Some(63016)));
    assert_eq!(outside.begin(NOW + WINDOW), Begin::Done);
    let told = ConversationEvent::DeliveryUpdated { message: late.sid, number: outside.number };
    assert_eq!(events.last(), Some(&told));
    for (filled, status) in [
        (template(Some("parcel_left")), DeliveryStatus::Queued),
        // The other carrier's name for it is none with this one.
        (template(Some("HX0123456789abcdef0123456789abcdef")), DeliveryStatus::Failed),
        (template(None), DeliveryStatus::Failed),
    ] {
        let made = Post { filled, ..post("alice", "hi") };
        assert_eq!(copy(made.clone(), WINDOW).status, status);
        assert_eq!(copy(made, last).status, DeliveryStatus::Queued);
    }
}

#[test]
fn what_the_business_writes_opens_no_window_and_who_never_wrote_is_left_to_the_carrier() {
    let ann = on_whatsapp(NOW);
    let answers = Answers::default();
    let later = NOW + Millis(WINDOW.0 / 2);
    let mut draft = Draft::of(ann, Source::Api { webhooks: false }, &answers, later);
    append(&mut draft, post("alice", "are you there?")).unwrap();
    let ann = draft.conversation;
    let window = ann.participants[1].window().unwrap();
    assert_eq!((window.last_inbound, window.closes_at), (NOW, NOW + WINDOW));
    let behind = Timestamp(NOW.0 - 1000);
    let mut draft = Draft::of(ann, Source::Api { webhooks: false }, &answers, behind);
    draft.opens_window(Some(draft.conversation.participants[1].number));
    let ann = draft.conversation;
    assert_eq!(ann.participants[1].last_inbound, Some(NOW), "a clock that is behind");
    // As records of before are.
    let mut before = serde_json::to_value(&ann).unwrap();
    let ann = before["participants"][1].as_object_mut().unwrap();
    assert!(ann.remove("last_inbound").is_some());
    let before: Conversation = serde_json::from_value(before).unwrap();
    assert_eq!(before.participants[1].window(), None);
    let (message, _) = written_at(&before, post("alice", "hi"), NOW + WINDOW + WINDOW);
    assert_eq!(message.deliveries[0].status, DeliveryStatus::Queued);
    // Other channels have no windows.
    let sms = conversation(1);
    assert!(!sms.participants[0].has_window());
}

#[test]
fn words_that_are_taken_away_are_taken_from_the_template_as_well() {
    let pair =
        || Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap();
    let sid = MessageSid::derived(&["made"]);
    let filled = *template(None).unwrap();
    let made = outside(sid, pair(), filled.text(), Vec::new(), None, NOW).unwrap().made_of(filled);
    assert_eq!(made.body.as_ref().unwrap().as_str(), "Hello Ann");
    let outcome = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
    let sent = made.record(1, &outcome, NOW).unwrap().message;
    for command in [Command::Redact, Command::Remove { delivery: Some(1) }] {
        let after = decide(&sent, command, NOW).unwrap();
        assert!(!serde_json::to_string(&after).unwrap().contains("Ann"), "{command:?}");
        assert_eq!(after.filled.as_ref().unwrap().template, made.filled.as_ref().unwrap().template);
    }
}

#[test]
fn an_endpoint_that_puts_words_in_place_of_a_template_has_them_sent() {
    let mut made = Post { filled: template(Some("parcel_left")), ..post("alice", "hi") };
    made.change(Changes { attributes: Some("{}".to_owned()), ..Changes::default() }).unwrap();
    assert!(made.filled.is_some());
    made.change(Changes { body: Some("hello".into()), ..Changes::default() }).unwrap();
    assert!(made.filled.is_none());
}
