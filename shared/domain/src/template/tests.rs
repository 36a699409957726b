use serde_json::json;

use super::*;
use crate::address::ChannelType;
use crate::carriage::{Choice, Composed};
use crate::sid::Sid as _;

const THERE: &str = "HX0123456789abcdef0123456789abcdef";

/// A carrier that takes questions as they are, and knows templates by WhatsApp's names.
fn asks() -> CarrierName {
    let asks = |it: &CarrierName| it.takes_questions() && !it.identifies_templates();
    CarrierName::ALL.iter().copied().find(asks).unwrap()
}

/// One that has templates for questions, which it identifies.
fn identifies() -> CarrierName {
    let identifies = |it: &CarrierName| !it.takes_questions() && it.identifies_templates();
    CarrierName::ALL.iter().copied().find(identifies).unwrap()
}

fn template(types: &Value) -> ContentTemplate {
    let kinds = types.as_object().unwrap().iter();
    ContentTemplate {
        sid: ContentSid::derived(&["t"]),
        friendly_name: None,
        language: "en".to_owned(),
        variables: Values::from([("1".to_owned(), "you".to_owned())]),
        types: kinds.map(|(kind, content)| (kind.parse().unwrap(), content.clone())).collect(),
        approval: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        version: Version::NEW,
    }
}

fn approved(types: &Value, name: &str) -> ContentTemplate {
    let approval = Approval {
        name: name.to_owned(),
        category: Category::Utility,
        status: ApprovalStatus::Approved,
        rejection_reason: None,
    };
    ContentTemplate { approval: Some(approval), ..template(types) }
}

fn filled(of: &ContentTemplate) -> Filled {
    let given = Values::from([("2".to_owned(), "Monday".to_owned())]);
    of.filled(&given, Product::Messages).unwrap()
}

fn question() -> Value {
    json!({ "body": "Hello {{1}}, is {{2}} right?", "actions": [
        { "type": "QUICK_REPLY", "title": "Yes", "id": "y" },
        { "type": "QUICK_REPLY", "title": "Not {{2}}" },
    ] })
}

fn choice(id: &str, title: &str) -> Choice {
    Choice { id: id.to_owned(), title: title.to_owned(), description: None }
}

#[test]
fn the_most_complex_type_that_a_channel_takes_is_handed_over() {
    use ChannelType::{Instagram, Messenger, Sms, Whatsapp};
    let both = template(&json!({
        "twilio/text": { "body": "Reply YES for {{2}}" }, "twilio/quick-reply": question(),
    }));
    let both = filled(&both);
    let buttons = Composed::Buttons(vec![choice("y", "Yes"), choice("Not Monday", "Not Monday")]);
    for channel in [Whatsapp, Messenger, Instagram] {
        let there = both.handed_over(channel, asks());
        assert_eq!(there.body.as_str(), "Hello you, is Monday right?");
        assert_eq!(there.composed, Some(buttons.clone()), "{channel:?}");
    }
    for (channel, carrier) in
        [(Sms, identifies()), (Whatsapp, identifies()), (Messenger, identifies())]
    {
        let there = both.handed_over(channel, carrier);
        assert_eq!((there.body.as_str(), there.composed), ("Reply YES for Monday", None));
    }
    assert_eq!(both.text().unwrap().as_str(), "Reply YES for Monday");
}

#[test]
fn where_a_channel_takes_no_type_the_choices_are_lines_of_text() {
    let one = filled(&template(&json!({ "twilio/quick-reply": question() })));
    let there = one.handed_over(ChannelType::Sms, identifies());
    assert_eq!(there.body.as_str(), "Hello you, is Monday right?\n- Yes\n- Not Monday");
    assert_eq!((there.media, there.composed), (Vec::new(), None));
    assert_eq!(one.text().unwrap(), there.body);
    let card = json!({
        "title": "Red", "subtitle": "like wine", "media": ["https://a.example/1.png"],
        "actions": [{ "type": "URL", "title": "Open", "url": "https://a.example/{{2}}" },
            { "type": "VOICE_CALL", "title": "Call" }],
    });
    let card = filled(&template(&json!({ "twilio/card": card })));
    let lines = "Red\nlike wine\nOpen: https://a.example/Monday\n- Call\nhttps://a.example/1.png";
    assert_eq!(card.handed_over(ChannelType::Whatsapp, asks()).body.as_str(), lines);
}

#[test]
fn smart_encoding_is_for_the_words_and_leaves_addresses_as_they_are() {
    let types = json!({ "twilio/media": { "body": "“{{2}}”", "media": ["https://a.example/“"] } });
    let there = filled(&template(&types)).encoded();
    let there = there.handed_over(ChannelType::Sms, identifies());
    assert_eq!(there.body.as_str(), "\"Monday\"");
    assert_eq!(there.media[0].url.as_str(), "https://a.example/“");
}

#[test]
fn four_buttons_are_too_many_for_whatsapp_and_a_file_with_words_for_messenger() {
    let yes = json!({ "type": "QUICK_REPLY", "title": "Yes" });
    for (count, goes) in [(3, true), (4, false)] {
        let question = json!({ "body": "?", "actions": vec![yes.clone(); count] });
        let question = filled(&template(&json!({ "twilio/quick-reply": question })));
        let there = question.handed_over(ChannelType::Whatsapp, asks());
        assert_eq!(there.composed.is_some(), goes, "{count}");
    }
    let media = json!({ "twilio/media": { "body": "look", "media": ["https://a.example/1.png"] } });
    let media = filled(&template(&media));
    let there = media.handed_over(ChannelType::Whatsapp, asks());
    assert_eq!((there.body.as_str(), there.media[0].content_type.as_str()), ("look", "image/png"));
    let there = media.handed_over(ChannelType::Messenger, asks());
    assert_eq!(there.body.as_str(), "look\nhttps://a.example/1.png");
    let there = media.handed_over(ChannelType::Sms, identifies());
    assert_eq!((there.body.as_str(), there.media.len()), ("look", 1));
    let sound = json!({ "twilio/media": { "body": "hear", "media": ["https://a.example/1.mp3"] } });
    let there = filled(&template(&sound)).handed_over(ChannelType::Whatsapp, asks());
    assert!(there.media.is_empty());
}

#[test]
fn a_list_and_a_place_go_as_such_where_they_can() {
    let list = json!({ "body": "Which?", "button": "Open",
        "items": [{ "item": "Red", "id": "r", "description": "like wine" }] });
    let list = filled(&template(&json!({ "twilio/list-picker": list })));
    let row = Choice { description: Some("like wine".to_owned()), ..choice("r", "Red") };
    let there = list.handed_over(ChannelType::Whatsapp, asks());
    let expected = Composed::List { button: "Open".to_owned(), rows: vec![row] };
    assert_eq!(there.composed, Some(expected));
    let there = list.handed_over(ChannelType::Messenger, asks());
    assert_eq!(there.body.as_str(), "Which?\n- Red: like wine");
    let place = json!({ "latitude": 51.5, "longitude": "-0.12", "label": "Here" });
    let place = filled(&template(&json!({ "twilio/location": place })));
    let there = place.handed_over(ChannelType::Whatsapp, identifies());
    let expected = Composed::Location {
        latitude: "51.5".to_owned(),
        longitude: "-0.12".to_owned(),
        name: Some("Here".to_owned()),
        address: None,
    };
    assert_eq!(there.composed, Some(expected));
    let there = place.handed_over(ChannelType::Sms, identifies());
    assert_eq!(there.body.as_str(), "Here\n51.5, -0.12");
}

#[test]
fn what_whatsapp_approved_goes_as_that_by_the_name_that_its_carrier_knows() {
    let text = json!({ "twilio/text": { "body": "{{2}} it is, {{1}}" } });
    let values = |names: &[(&str, &str)]| -> Vec<_> {
        names.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    };
    for (name, by, other) in [("parcel_left", asks(), identifies()), (THERE, identifies(), asks())]
    {
        let message = filled(&approved(&text, name));
        assert!(message.is_approved_by(by) && !message.is_approved_by(other), "{name}");
        let there = message.handed_over(ChannelType::Whatsapp, by);
        let expected = Composed::Template {
            name: name.to_owned(),
            language: "en".to_owned(),
            values: values(&[("1", "you"), ("2", "Monday")]),
            copies: None,
        };
        assert_eq!(there.composed, Some(expected), "{name}");
        assert_eq!(there.body.as_str(), "Monday it is, you");
        assert_eq!(message.handed_over(ChannelType::Sms, by).composed, None);
        assert_eq!(message.handed_over(ChannelType::Whatsapp, other).composed, None);
    }
}

#[test]
fn only_what_is_approved_goes_at_any_time() {
    use ApprovalStatus::{Approved, Disabled, Paused, Pending, Received, Rejected};
    let text = json!({ "twilio/text": { "body": "{{2}}" } });
    for status in [Received, Pending, Approved, Rejected, Paused, Disabled] {
        let mut one = approved(&text, "parcel_left");
        one.approval.as_mut().unwrap().status = status;
        let goes = filled(&one).is_approved_by(asks());
        assert_eq!(goes, status == Approved, "{status:?}");
    }
    // One of them is told the places of the text alone.
    let button = json!({ "type": "URL", "title": "Open", "url": "https://a.example/{{2}}" });
    let beside = json!({ "twilio/call-to-action": { "body": "{{1}}", "actions": [button] } });
    assert!(!filled(&approved(&beside, "parcel_left")).is_approved_by(asks()));
    assert!(filled(&approved(&beside, THERE)).is_approved_by(identifies()));
    // A list is for open windows.
    let item = json!({ "item": "Red", "id": "r" });
    let list = json!({ "twilio/list-picker": { "body": "?", "button": "O", "items": [item] } });
    assert_eq!(template(&list).approvable(), None);
    assert!(!filled(&approved(&list, "parcel_left")).is_approved_by(asks()));
}

#[test]
fn a_passcode_needs_approval_and_is_copied_by_its_button() {
    let button = json!({ "type": "COPY_CODE", "copy_code_text": "Copy" });
    let passcode = json!({ "whatsapp/authentication": { "actions": [button] } });
    assert!(filled(&template(&passcode)).is_unsendable());
    let message = filled(&approved(&passcode, "passcode"));
    assert!(!message.is_unsendable());
    let there = message.handed_over(ChannelType::Whatsapp, asks());
    assert!(matches!(there.composed, Some(Composed::Template { copies: Some(code), .. })
        if code.as_str() == "you"));
    // Conversations do not send it at all.
    assert!(!template(&passcode).is_for_conversations());
}

#[test]
fn values_that_make_a_field_too_long_are_refused_and_so_is_one_that_is_missing() {
    let text = json!({ "twilio/text": { "body": "{{2}}{{2}}{{2}}{{2}}" } });
    let given = Values::from([("2".to_owned(), "v".repeat(500))]);
    let refused = template(&text).filled(&given, Product::Messages).unwrap_err();
    assert!(matches!(refused, WrongValues::Unfit(_)), "{refused}");
    let refused = template(&text).filled(&Values::new(), Product::Messages).unwrap_err();
    assert_eq!(refused, WrongValues::Missing("2".to_owned()));
}

#[test]
fn a_template_that_cannot_be_kept_says_why() {
    let text = |body: &str| json!({ "twilio/text": { "body": body } });
    let many: String = (0..101).map(|number| format!("{{{{{number}}}}}")).collect();
    for (types, part) in [
        (json!({}), "has none"),
        (text("{{1}"), "a variable that is not"),
        (text("{{}}"), "a variable that is not"),
        (text(&many), "more than 100 variables"),
        (json!({ "twilio/text": {} }), "body is missing"),
    ] {
        let why = template(&types).check().unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
    let mut one = template(&text("{{1}}"));
    assert_eq!(one.check(), Ok(()));
    one.variables.insert("a".repeat(17), "v".to_owned());
    assert!(one.check().is_err());
}

#[test]
fn the_name_of_an_approved_template_is_one_of_whatsapps_or_of_the_carriers() {
    for right in ["parcel_left", "a", "2026_offer", THERE] {
        assert!(Approval::is_name(right), "{right}");
    }
    for wrong in ["", "Parcel", "parcel left", "HX1", "é", &"a".repeat(513)] {
        assert!(!Approval::is_name(wrong), "{wrong}");
    }
    assert_eq!(in_order("{{2}} {{1}} {{10}} {{2}}"), ["1", "2", "10"]);
    assert_eq!(in_order("{{name}} {{1}}"), ["name", "1"]);
}

#[test]
fn what_was_filled_in_is_kept_as_it_was_and_forgotten_whole() {
    let types = json!({ "twilio/quick-reply": question(), "twilio/text": { "body": "{{2}}" } });
    let mut kept = filled(&approved(&types, "parcel_left"));
    let stored = serde_json::to_value(&kept).unwrap();
    assert_eq!(serde_json::from_value::<Filled>(stored).unwrap(), kept);
    kept.forget();
    assert!(kept.is_forgotten());
    assert!(!serde_json::to_string(&kept).unwrap().contains("Monday"));
}
