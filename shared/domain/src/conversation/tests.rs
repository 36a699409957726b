use super::*;
use crate::record::Record;
use crate::sid::FlowSid;

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(2_000_000);

fn conversation() -> Conversation {
    Conversation::new(ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]), NOW)
}

fn pair(number: u32) -> Pair {
    let address = format!("+1415555{number:04}").parse().unwrap();
    Pair::new(address, "+18005550199".parse().unwrap()).unwrap()
}

fn customer(number: u32) -> NewParticipant {
    NewParticipant { identity: None, pair: Some(pair(number)), attributes: None, role: None }
}

fn agent(name: &str) -> NewParticipant {
    NewParticipant {
        identity: Some(name.to_owned()),
        pair: None,
        attributes: None,
        role: Some("agent".to_owned()),
    }
}

fn kinds(records: &[Record]) -> Vec<&'static str> {
    records.iter().map(Record::kind).collect()
}

fn listening_to(filters: &[&str]) -> Target {
    Target::Webhook {
        url: "https://example.com".to_owned(),
        method: "POST".to_owned(),
        filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
    }
}

#[test]
fn who_joins_is_found_by_his_number_his_sid_and_his_name() {
    let mut conversation = conversation();
    let (first, bound) = conversation.join(customer(1), NOW).unwrap();
    let (second, listed) = conversation.join(agent("alice"), LATER).unwrap();
    assert_eq!(kinds(&bound.puts), ["AddressBinding"]);
    assert_eq!(kinds(&listed.puts), ["Membership"]);
    assert_ne!(first, second);
    assert_eq!(conversation.updated, LATER);
    for (number, name) in [(first, "+14155550001"), (second, "alice")] {
        let sid: ParticipantSid = conversation.sid.kin(number);
        assert_eq!(conversation.participant(number).unwrap().number, number);
        assert_eq!(conversation.participant_by_sid(sid).unwrap().number, number);
        assert_eq!(conversation.participant_called(name).unwrap().number, number);
    }
    assert!(conversation.participant_by_sid(conversation.sid.kin(9)).is_none());
}

#[test]
fn nobody_is_in_a_conversation_twice_or_without_a_shape() {
    let mut conversation = conversation();
    let _ = conversation.join(customer(1), NOW).unwrap();
    let _ = conversation.join(agent("alice"), NOW).unwrap();
    let refused = |conversation: &mut Conversation, new| conversation.join(new, NOW).unwrap_err();
    assert_eq!(refused(&mut conversation, customer(1)), Refusal::ParticipantExists);
    assert_eq!(refused(&mut conversation, agent("alice")), Refusal::ParticipantExists);
    let both = NewParticipant { pair: Some(pair(2)), ..agent("bob") };
    assert_eq!(refused(&mut conversation, both), Refusal::ParticipantShape);
    let nothing = NewParticipant { pair: None, ..customer(3) };
    assert_eq!(refused(&mut conversation, nothing), Refusal::ParticipantShape);
}

#[test]
fn fifty_are_the_most_on_channels() {
    let mut conversation = conversation();
    for number in 0..CHANNEL_PARTICIPANTS_MAX {
        let _ = conversation.join(customer(u32::try_from(number).unwrap()), NOW).unwrap();
    }
    let refused = conversation.join(customer(999), NOW).unwrap_err();
    assert_eq!(refused, Refusal::TooManyChannelParticipants);
    assert!(conversation.join(agent("alice"), NOW).is_ok());
    let closed = conversation.close(LATER);
    assert_eq!(closed.deletes.len(), CHANNEL_PARTICIPANTS_MAX);
    assert_eq!(closed.puts.len(), REMEMBERED_MAX);
    // With the conversation itself it still fits into one transaction.
    assert!(closed.deletes.len() + closed.puts.len() < 100);
}

#[test]
fn halves_of_a_pair_must_fit() {
    let phone = || "+14155550100".parse().unwrap();
    assert_eq!(Pair::new(phone(), phone()), Err(Refusal::BindingAddressesEqual));
    let whatsapp = "whatsapp:+18005550199".parse().unwrap();
    assert_eq!(Pair::new(phone(), whatsapp), Err(Refusal::BindingTypesDiffer));
}

#[test]
fn who_leaves_an_open_conversation_sets_his_pair_free() {
    let mut conversation = conversation();
    let (number, _) = conversation.join(customer(1), NOW).unwrap();
    let (seat, _) = conversation.join(agent("alice"), NOW).unwrap();
    assert_eq!(kinds(&conversation.leave(number, LATER).unwrap().deletes), ["AddressBinding"]);
    assert_eq!(kinds(&conversation.leave(seat, LATER).unwrap().deletes), ["Membership"]);
    assert!(conversation.participants.is_empty());
    assert_eq!(conversation.leave(seat, LATER).unwrap_err(), Refusal::NoSuchParticipant);
}

#[test]
fn closing_is_final_frees_the_pairs_and_remembers_who_was_there() {
    let mut conversation = conversation();
    let (number, _) = conversation.join(customer(1), NOW).unwrap();
    let closed = conversation.close(LATER);
    assert_eq!((conversation.state, conversation.updated), (State::Closed, LATER));
    assert_eq!(kinds(&closed.deletes), ["AddressBinding"]);
    assert_eq!(kinds(&closed.puts), ["Membership"]);
    assert!(conversation.close(LATER).is_unchanged(), "closing twice changes nothing");
    assert_eq!(conversation.join(agent("a"), LATER).unwrap_err(), Refusal::ConversationClosed);
    let attached = conversation.attach(listening_to(&["onMessageAdded"]), LATER);
    assert_eq!(attached.unwrap_err(), Refusal::ConversationClosed);
    // The pair may be bound elsewhere by now: only the memory is removed with the participant.
    assert_eq!(kinds(&conversation.leave(number, LATER).unwrap().deletes), ["Membership"]);
}

#[test]
fn five_webhooks_are_the_most_and_each_is_found_by_its_sid() {
    let mut conversation = conversation();
    for _ in 0..WEBHOOKS_MAX {
        let number = conversation.attach(listening_to(&["onMessageAdded"]), NOW).unwrap();
        let sid: WebhookSid = conversation.sid.kin(number);
        assert_eq!(conversation.webhook_by_sid(sid).unwrap().number, number);
    }
    assert!(conversation.webhook_by_sid(conversation.sid.kin(99)).is_none());
    let more = conversation.attach(listening_to(&["onMessageAdded"]), NOW);
    assert_eq!(more.unwrap_err(), Refusal::TooManyWebhooks);
}

#[test]
fn a_webhook_hears_what_it_asked_for_and_a_flow_hears_nothing() {
    let mut conversation = conversation();
    let number = conversation.attach(listening_to(&["onMessageAdded"]), NOW).unwrap();
    conversation.attach(Target::Studio { flow: FlowSid::derived(&["f"]) }, NOW).unwrap();
    let told = conversation.tell(&Notice::of("onMessageAdded"), Source::Channel);
    let [Effect::Notify(Call::Conversation(call))] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((call.webhook, call.source.as_str()), (number, "SMS"));
    assert!(conversation.tell(&Notice::of("onParticipantAdded"), Source::Channel).is_empty());
    let state = Notice { state_from: Some(State::Inactive), ..Notice::of("onMessageAdded") };
    let told = conversation.tell(&state, Source::Api { webhooks: true });
    let [Effect::Notify(Call::Conversation(call))] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(call.source, "API");
    assert_eq!(call.state_from.as_deref(), Some("inactive"));
    assert!(conversation.tell(&state, Source::Api { webhooks: false }).is_empty());
}

#[test]
fn a_trigger_hears_of_messages() {
    let mut conversation = conversation();
    let target = Target::Trigger {
        url: "https://example.com".to_owned(),
        method: "GET".to_owned(),
        triggers: vec!["help".to_owned()],
    };
    conversation.attach(target, NOW).unwrap();
    assert_eq!(conversation.tell(&Notice::of("onMessageAdded"), Source::Channel).len(), 1);
    assert!(conversation.tell(&Notice::of("onMessageRemoved"), Source::Channel).is_empty());
}

#[test]
fn states_are_spelled_as_published() {
    let spelled = [State::Active, State::Inactive, State::Closed].map(State::name);
    assert_eq!(spelled, ["active", "inactive", "closed"]);
}
