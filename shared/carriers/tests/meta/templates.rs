//! What Meta is handed of a template: the words with the given values in them, each once, and buttons where it has them.

use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{CarrierName, OutboundMessage};
use switchboard_domain::sid::{ContentSid, MessageSid, Sid as _};
use switchboard_domain::template::{ContentTemplate, Filled, HandedOver, Product};

use crate::connected::carrier;

/// A question whose value for the first place looks like the second one.
fn filled(approval: &Value) -> Filled {
    let types = json!({ "twilio/quick-reply": { "body": "{{1}}, is {{2}} right?", "actions": [
        { "type": "QUICK_REPLY", "title": "Yes", "id": "y" }] } });
    let template: ContentTemplate = serde_json::from_value(json!({
        "sid": ContentSid::derived(&["t"]), "language": "en_GB", "types": types.to_string(),
        "variables": { "1": "you", "2": "dawn" }, "approval": approval, "created": 0, "updated": 0,
    }))
    .unwrap();
    let values = [("1", "{{2}}"), ("2", "noon")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    template.filled(&values.into(), Product::Messages).unwrap()
}

fn sent(approval: &Value) -> Value {
    let HandedOver { body, media, composed } =
        filled(approval).handed_over(ChannelType::Whatsapp, CarrierName::Meta);
    let pair = ("whatsapp:+15550783881".parse().unwrap(), "whatsapp:+16505551234".parse().unwrap());
    let message = OutboundMessage::text((MessageSid::derived(&["m"]), 1), pair, body.0);
    let message = OutboundMessage { media, composed, ..message };
    serde_json::from_slice(&carrier(&[]).build(&message).unwrap().body).unwrap()
}

#[test]
fn a_question_has_buttons_and_the_given_values_once() {
    let reply = json!({ "id": "y", "title": "Yes" });
    let expected = json!({
        "type": "button",
        "body": { "text": "{{2}}, is noon right?" },
        "action": { "buttons": [{ "type": "reply", "reply": reply }] },
    });
    let rejected = json!({ "name": "is_it_right", "category": "UTILITY", "status": "rejected" });
    for approval in [Value::Null, rejected] {
        assert_eq!(sent(&approval)["interactive"], expected);
    }
}

#[test]
fn an_approved_template_is_named_and_told_the_given_values_in_order() {
    let approval = json!({ "name": "is_it_right", "category": "UTILITY", "status": "approved" });
    let parameters =
        json!([{ "type": "text", "text": "{{2}}" }, { "type": "text", "text": "noon" }]);
    let expected = json!({
        "name": "is_it_right",
        "language": { "code": "en_GB" },
        "components": [{ "type": "body", "parameters": parameters }],
    });
    assert_eq!(sent(&approval)["template"], expected);
}
