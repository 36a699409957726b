//! What a carrier says beside the text: agents see words for it, callers find it under the message's own link, webhooks
//! hear it, and all of it is the same whichever carrier says it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_carriers::stub::{CustomerMessage, Gesture};
use switchboard_domain::carriage::CarrierName;
use switchboard_tests::{Customer, Exchange, eventually};

use crate::endpoint::Endpoint;

const DESK: &str = "whatsapp:+18005550100";

/// A customer on WhatsApp, who said hello and was answered; what the carrier calls both.
async fn conversing<'a>(
    exchange: &'a Exchange,
    carrier: CarrierName,
) -> (Customer<'a>, String, String) {
    let customer = exchange.customer("whatsapp:+14155550171").to(DESK).by(carrier);
    let hello = customer.does(CustomerMessage::text("", "", "", "hello")).await;
    let conversation = customer.conversation().await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    exchange.api.make(&path, &[("Author", "system"), ("Body", "Your order is ready")]).await;
    let sent = eventually("the answer is out", || async { exchange.carrier.sent().pop() }).await;
    exchange.settles().await;
    (customer, hello, sent.id)
}

/// An exchange that autocreates for the desk, and whoever is told of messages.
async fn opened() -> (Exchange, Endpoint) {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let form = [
        ("PostWebhookUrl", endpoint.url.as_str()),
        ("Filters", "onMessageAdded"),
        ("Filters", "onMessageRemoved"),
    ];
    exchange.api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    let form = [
        ("Type", "whatsapp"),
        ("Address", DESK),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    (exchange, endpoint)
}

/// Everything that a customer can do, by its name, and the words that agents see.
fn gestures<'a>(
    theirs: &'a str,
    ours: &'a str,
) -> Vec<(&'static str, CustomerMessage<'a>, &'static str)> {
    let text = CustomerMessage::text("", "", "", "");
    let with = |gesture| CustomerMessage { gesture: Some(gesture), ..text };
    let place = |named| Gesture::Place { latitude: "51.5", longitude: "-0.1", named };
    let said = CustomerMessage { body: "typed", ..text };
    vec![
        ("place", with(place(Some(("Big Ben", "London")))), "Big Ben, London"),
        ("bare place", with(place(None)), "51.5, -0.1"),
        ("button", with(Gesture::Button("Confirm", "ok-7")), "Confirm"),
        ("list", with(Gesture::Choice("billing", "Billing")), "Billing"),
        (
            "reaction to ours",
            with(Gesture::Reaction(ours, Some("👍"))),
            "Reacted 👍 to “Your order is ready”",
        ),
        (
            "reaction taken back",
            with(Gesture::Reaction(ours, None)),
            "Took back the reaction to “Your order is ready”",
        ),
        ("reaction to theirs", with(Gesture::Reaction(theirs, Some("❤"))), "Reacted ❤ to “hello”"),
        (
            "reaction to something unknown",
            with(Gesture::Reaction("unknown", Some("👍"))),
            "Reacted 👍 to an earlier message",
        ),
        ("quote", CustomerMessage { reply_to: Some(ours), ..said }, "typed"),
        ("forwarded", CustomerMessage { is_forwarded: true, ..said }, "typed"),
        ("referral", CustomerMessage { came_from: Some(("ad-1", "Half price")), ..said }, "typed"),
        ("name", CustomerMessage { profile_name: Some("Zoë"), ..said }, "typed"),
    ]
}

/// Follows the link of each message that the customer sends, and gives what is said there by the gesture's name.
async fn told_by(carrier: CarrierName) -> BTreeMap<&'static str, Value> {
    let (exchange, endpoint) = opened().await;
    let (customer, theirs, ours) = conversing(&exchange, carrier).await;
    let conversation = customer.conversation().await;
    let known = exchange.messages(&conversation).await;
    let mut all = BTreeMap::new();
    for (name, message, words) in gestures(&theirs, &ours) {
        let message = CustomerMessage {
            profile_name: Some(message.profile_name.unwrap_or("Ann")),
            ..message
        };
        let before = exchange.messages(&conversation).await.len();
        customer.does(message).await;
        exchange.settles().await;
        let messages = exchange.messages(&conversation).await;
        assert_eq!(messages.len(), before + 1, "{name}");
        let shown = &messages[before];
        assert_eq!(shown["body"], words, "{carrier:?} {name}");
        let link = shown["links"]["channel_metadata"].as_str().unwrap();
        let metadata = exchange.api.get(link).await.expect(200);
        assert_eq!(metadata["message_sid"], shown["sid"]);
        let in_service = link.replacen(
            "/v1/",
            &format!("/v1/Services/{}/", service(&exchange, &conversation).await),
            1,
        );
        let same = exchange.api.get(&in_service).await.expect(200);
        assert_eq!(same["data"], metadata["data"], "{name}");
        assert!(same["chat_service_sid"].is_string());
        let call = endpoint.calls().pop().unwrap();
        assert_eq!((call.get("MessageSid"), call.get("Source")), (text(&shown["sid"]), "WHATSAPP"));
        let heard: Value = serde_json::from_str(call.get("ChannelMetadata")).unwrap();
        let mut data = metadata["data"].clone();
        data.as_object_mut().unwrap().remove("as_received").unwrap();
        assert_eq!(heard, json!({ "type": metadata["type"], "data": data }), "{name}");
        let [hello, answer] = [&known[0]["sid"], &known[1]["sid"]].map(text);
        let mut said = data.to_string();
        for (name, which) in
            [(hello, "theirs"), (&theirs, "theirs"), (answer, "ours"), (&ours, "ours")]
        {
            said = said.replace(name, which);
        }
        data = serde_json::from_str(&said).unwrap();
        all.insert(name, data);
    }
    removed(&exchange, &endpoint, &conversation).await;
    exchange.rests().await;
    all
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn service(exchange: &Exchange, conversation: &str) -> String {
    let path = format!("/conversations/v1/Conversations/{conversation}");
    exchange.api.get(&path).await.ok()["chat_service_sid"].as_str().unwrap().to_owned()
}

/// What was said goes with its message.
async fn removed(exchange: &Exchange, endpoint: &Endpoint, conversation: &str) {
    let last = exchange.messages(conversation).await.pop().unwrap();
    let path =
        format!("/conversations/v1/Conversations/{conversation}/Messages/{}", text(&last["sid"]));
    let loud = [("X-Twilio-Webhook-Enabled", "true")];
    exchange.api.send(reqwest::Method::DELETE, &path, &[], &loud).await.expect(204);
    exchange.settles().await;
    let call = endpoint.calls().pop().unwrap();
    assert_eq!((call.get("EventType"), call.get("ChannelMetadata")), ("onMessageRemoved", ""));
    exchange.api.get(&format!("{path}/ChannelMetadata")).await.refused(404, 20404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_carrier_says_beside_the_text_is_the_same_by_every_carrier() {
    let mut all = Vec::new();
    for carrier in CarrierName::ALL {
        all.push((carrier, told_by(*carrier).await));
    }
    let (_, first) = &all[0];
    for (carrier, told) in &all {
        assert_eq!(told, first, "{carrier:?}");
    }
    let said = |name: &str, part: &str| first[name][part].clone();
    let place = |name, address| json!({ "latitude": "51.5", "longitude": "-0.1", "name": name, "address": address });
    assert_eq!(said("place", "location"), place(Some("Big Ben"), Some("London")));
    assert_eq!(said("bare place", "location"), place(None, None));
    assert_eq!(said("button", "button"), json!({ "text": "Confirm", "payload": "ok-7" }));
    let row = json!({ "id": "billing", "title": "Billing", "description": null });
    assert_eq!(said("list", "list"), row);
    let reaction = |emoji: Option<&str>, to: &str, sid: Option<&str>| json!({ "emoji": emoji, "channel_message_id": to, "message_sid": sid });
    assert_eq!(said("reaction to ours", "reaction"), reaction(Some("👍"), "ours", Some("ours")));
    assert_eq!(said("reaction taken back", "reaction"), reaction(None, "ours", Some("ours")));
    assert_eq!(
        said("reaction to theirs", "reaction"),
        reaction(Some("❤"), "theirs", Some("theirs"))
    );
    let unknown = reaction(Some("👍"), "unknown", None);
    assert_eq!(said("reaction to something unknown", "reaction"), unknown);
    assert_eq!(
        said("quote", "quoted"),
        json!({ "channel_message_id": "ours", "message_sid": "ours" })
    );
    assert_eq!(said("forwarded", "forwarded"), json!({ "many_times": false }));
    let referral = said("referral", "referral");
    assert_eq!((&referral["source_id"], &referral["body"]), (&json!("ad-1"), &json!("Half price")));
    assert_eq!(
        (said("name", "profile_name"), said("name", "message_type")),
        (json!("Zoë"), json!("text"))
    );
    for (name, kind) in [
        ("place", "location"),
        ("button", "button"),
        ("list", "list"),
        ("reaction to ours", "reaction"),
    ] {
        assert_eq!(said(name, "message_type"), kind);
    }
}

/// Messenger and Instagram bring places, quick replies and reactions too, and webhooks hear which of them.
#[tokio::test(flavor = "multi_thread")]
async fn other_channels_say_the_same_in_the_same_words() {
    let (exchange, endpoint) = opened().await;
    let text = CustomerMessage::text("", "", "", "");
    for channel in ["messenger", "instagram"] {
        let (from, to) = (format!("{channel}:7654321"), format!("{channel}:1234567"));
        let form = [
            ("Type", channel),
            ("Address", to.as_str()),
            ("AutoCreation.Enabled", "true"),
            ("AutoCreation.Type", "default"),
        ];
        exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
        for carrier in CarrierName::ALL {
            let customer = exchange.customer(&from).to(&to).by(*carrier);
            let hello = customer.does(CustomerMessage { body: "hello", ..text }).await;
            exchange.settles().await;
            let call = endpoint.calls().pop().unwrap();
            assert_eq!(call.get("Source"), channel.to_uppercase());
            let says_more = call.parameters.iter().any(|(name, _)| name == "ChannelMetadata");
            assert!(!says_more, "nothing more was said");
            let place = Gesture::Place { latitude: "51.5", longitude: "-0.1", named: None };
            for (gesture, part, words) in [
                (place, "location", "51.5, -0.1"),
                (Gesture::Button("Yes", "y"), "button", "Yes"),
                (Gesture::Reaction(&hello, Some("❤")), "reaction", "Reacted ❤ to “hello”"),
            ] {
                customer.does(CustomerMessage { gesture: Some(gesture), ..text }).await;
                exchange.settles().await;
                let call = endpoint.calls().pop().unwrap();
                assert_eq!(call.get("Body"), words, "{carrier:?} {channel} {part}");
                let heard: Value = serde_json::from_str(call.get("ChannelMetadata")).unwrap();
                let data = &heard["data"];
                assert_eq!(
                    (&heard["type"], &data["message_type"]),
                    (&json!(channel), &json!(part))
                );
                assert!(data[part].is_object());
            }
        }
    }
    exchange.rests().await;
}

/// WhatsApp's own identifier of a number is the number.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_without_a_plus_is_the_same_customer() {
    let (exchange, _) = opened().await;
    exchange.customer("whatsapp:+14155550172").to(DESK).writes("one").await;
    exchange.settles().await;
    let one = exchange.customer("whatsapp:+14155550172").to(DESK).conversation().await;
    exchange.customer("whatsapp:14155550172").to(DESK).writes("two").await;
    exchange.settles().await;
    assert_eq!(exchange.customer("whatsapp:14155550172").to(DESK).conversation().await, one);
    assert_eq!(exchange.messages(&one).await.len(), 2);
    exchange.rests().await;
}
