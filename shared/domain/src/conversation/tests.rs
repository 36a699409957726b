use strum::VariantArray as _;

use super::*;

#[test]
fn halves_of_a_pair_must_fit() {
    let phone = || "+14155550100".parse().unwrap();
    assert_eq!(Pair::new(phone(), phone()), Err(Refusal::BindingAddressesEqual));
    let whatsapp = "whatsapp:+18005550199".parse().unwrap();
    assert_eq!(Pair::new(phone(), whatsapp), Err(Refusal::BindingTypesDiffer));
}

#[test]
fn states_are_spelled_as_published() {
    let all = [State::Initializing, State::Active, State::Inactive, State::Closed];
    assert_eq!(all.map(State::name), ["initializing", "active", "inactive", "closed"]);
}

#[test]
fn events_are_spelled_alike_everywhere_and_read_in_any_case() {
    let spelled: Vec<&str> = EventName::VARIANTS.iter().map(|name| name.name()).collect();
    let published = [
        "onMessageAdded",
        "onMessageUpdated",
        "onMessageRemoved",
        "onConversationUpdated",
        "onConversationStateUpdated",
        "onConversationRemoved",
        "onParticipantAdded",
        "onParticipantUpdated",
        "onParticipantRemoved",
        "onDeliveryUpdated",
        "onConversationAdded",
        "onUserAdded",
        "onUserUpdated",
        "onSpeakerChanged",
        "onConversationUnattended",
    ];
    assert_eq!(spelled, published);
    for name in EventName::VARIANTS {
        assert_eq!(serde_json::to_value(name).unwrap(), name.name());
        assert_eq!(name.name().to_uppercase().parse(), Ok(*name));
    }
    assert!("onSunrise".parse::<EventName>().is_err());
}

#[test]
fn a_conversation_is_written_as_its_fields_alone() {
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    let conversation = Conversation {
        version: 3.into(),
        ..Conversation::new(sid, service, Defaults::default(), Timestamp(7))
    };
    let written = serde_json::to_value(&conversation).unwrap();
    let expected = serde_json::json!({
        "sid": sid, "service": service, "state": "active", "next_index": 0, "next_number": 1,
        "created": 7, "updated": 7,
    });
    assert_eq!(written, expected);
    let read: Conversation = serde_json::from_value(written).unwrap();
    assert_eq!(read, Conversation { version: Version::NEW, ..conversation });
}
