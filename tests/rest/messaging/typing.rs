//! Signs that somebody types an answer to a customer's message.

use serde_json::{Value, json};
use switchboard::stub_carrier::Behaviour;
use switchboard_carriers::keeping_of;
use switchboard_domain::carriage::{CarrierName, InboundMessage};
use switchboard_domain::conversation::Pair;
use switchboard_domain::decision::Decision;
use switchboard_domain::message::{Message, outside, unrouted};
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_tests::{ACCOUNT, Answered, Schema, TOKEN};

use super::World;
use crate::world::START;

const V2: &str = "/messaging/v2/Indicators/Typing.json";
const V3: &str = "/messaging/v3/Indicators/Typing.json";
const BUSINESS: &str = "whatsapp:+18005550100";
const CUSTOMER: &str = "whatsapp:+14155550171";

async fn world() -> World {
    World::of("carriers-api", "").await
}

impl World {
    /// A customer wrote by a carrier, under this identifier of the carrier's: by which one the message goes here.
    async fn heard(
        &self,
        carrier: CarrierName,
        id: &str,
        customer: &str,
        business: &str,
    ) -> String {
        let pair = (customer.parse().unwrap(), business.parse().unwrap());
        let inbound = InboundMessage::new(carrier, id, pair, "hello", Timestamp(START));
        let message: Message = unrouted(&inbound, None);
        let sid = message.programmable_sid(None);
        self.given(Decision::put(message)).await;
        sid
    }

    /// The same on WhatsApp: what the carrier calls it, and what we call it.
    async fn heard_on_whatsapp(&self, carrier: CarrierName) -> (String, String) {
        let id = self.carrier().stub(carrier).message_id([7; 16], false);
        let sid = self.heard(carrier, &id, CUSTOMER, BUSINESS).await;
        (id, sid)
    }

    async fn types(&self, sid: &str) -> Answered {
        self.post(V2, &[("channel", "whatsapp"), ("messageId", sid)]).await
    }

    async fn types_by_json(&self, body: &Value) -> Answered {
        let client = self.client(ACCOUNT, TOKEN);
        client.upload(V3, "application/json", body.to_string().as_bytes()).await
    }
}

#[tokio::test]
async fn the_customer_is_shown_it_by_the_carrier_that_brought_the_message_and_nothing_is_kept() {
    for carrier in CarrierName::ALL {
        let world = world().await;
        let (id, sid) = world.heard_on_whatsapp(*carrier).await;
        let before = world.used().total().write_units;
        let shown = world.types(&sid).await.expect(200);
        assert_eq!(shown, json!({ "success": true }));
        let body = json!({ "channel": "WHATSAPP", "messageId": sid });
        let again = world.types_by_json(&body).await.expect(200);
        assert_eq!(world.carrier().signs(), [(*carrier, id.clone()), (*carrier, id)]);
        assert_eq!(world.used().total().write_units, before);
        assert!(world.carrier().sent().is_empty());
        let described = [
            ("twilio_messaging_v2.json", "/v2/Indicators/Typing.json", shown),
            ("twilio_messaging_v3.json", "/v3/Indicators/Typing.json", again),
        ];
        for (file, path, answer) in described {
            let Some(reference) = Schema::open(file) else { return };
            reference.check("post", path, 200, &answer);
        }
    }
}

/// Both messages that an identifier can stand for, and, once a minute, by which connection the number goes.
#[tokio::test]
async fn a_sign_costs_three_reads_and_within_a_minute_two() {
    let world = world().await;
    let (_, sid) = world.heard_on_whatsapp(CarrierName::default()).await;
    for units in [3.0, 2.0] {
        let read = world.units_read(async { drop(world.types(&sid).await.expect(200)) }).await;
        assert_eq!(read, units);
    }
}

#[tokio::test]
async fn what_is_no_message_of_a_customers_on_that_channel_is_refused() {
    let world = world().await;
    let (_, sid) = world.heard_on_whatsapp(CarrierName::default()).await;
    let text = format!("SM{}", "6".repeat(32));
    let by_text = world.heard(CarrierName::default(), &text, "+14155550171", "+18005550100").await;
    let pair = Pair::new(CUSTOMER.parse().unwrap(), BUSINESS.parse().unwrap()).unwrap();
    let ours = MessageSid::derived(&["ours"]);
    let ours = outside(ours, pair, Some("hi".into()), Vec::new(), None, Timestamp(START)).unwrap();
    let by_us = ours.programmable_sid(Some(1));
    world.given(Decision::put(ours)).await;
    let unknown = format!("SM{}", "5".repeat(32));
    let other_kind = sid.replacen("SM", "IM", 1);
    for (channel, id) in [
        ("", sid.as_str()),
        ("sms", &sid),
        ("apple", &sid),
        ("whatsapp", ""),
        ("whatsapp", "SM1"),
        ("whatsapp", &other_kind),
        ("whatsapp", &unknown),
        ("whatsapp", &by_text),
        ("whatsapp", &by_us),
    ] {
        let refused = world.post(V2, &[("channel", channel), ("messageId", id)]).await;
        assert_eq!(refused.refusal(), (400, 20001), "{channel} {id}: {}", refused.body);
    }
    let more = [("channel", "whatsapp"), ("messageId", &sid), ("event", "START")];
    assert_eq!(world.post(V2, &more).await.refusal(), (400, 20001));
    assert!(world.carrier().signs().is_empty());
    let stranger = world.client(ACCOUNT, "wrong");
    for path in [V2, V3] {
        let form = [("channel", "whatsapp"), ("messageId", sid.as_str())];
        assert_eq!(stranger.post(path, &form).await.refusal(), (401, 20003));
        assert_eq!(world.get(path).await.refusal(), (404, 20404));
    }
}

#[tokio::test]
async fn a_sign_on_apple_messages_is_read_and_forbidden() {
    let world = world().await;
    let right =
        json!({ "channel": "APPLE", "from": "apple:a", "to": "apple:urn:mbid:b", "event": "END" });
    let refused = world.types_by_json(&right).await;
    assert!(refused.refused(403, 20403).contains("Apple Messages"));
    for (name, value) in [
        ("channel", Value::Null),
        ("channel", json!("RCS")),
        ("from", Value::Null),
        ("to", json!("")),
        ("event", json!("MAYBE")),
        ("messageId", json!("SM1")),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        assert_eq!(world.types_by_json(&wrong).await.refusal(), (400, 20001), "{wrong}");
    }
    let broken = world.client(ACCOUNT, TOKEN).upload(V3, "application/json", b"{").await;
    assert_eq!(broken.refusal(), (400, 20001));
}

#[tokio::test]
async fn a_carrier_that_is_down_or_refuses_is_asked_once_and_says_so() {
    for carrier in CarrierName::ALL {
        let world = world().await;
        let (_, sid) = world.heard_on_whatsapp(*carrier).await;
        let before = world.used().total().write_units;
        for (behaviour, refusal) in [
            (Behaviour::Down, (503, 20503)),
            (Behaviour::Busy(1), (503, 20503)),
            (Behaviour::Reject(63016), (400, 63023)),
        ] {
            world.carrier().set(behaviour);
            assert_eq!(world.types(&sid).await.refusal(), refusal, "{carrier:?} {behaviour:?}");
        }
        world.carrier().stop();
        assert_eq!(world.types(&sid).await.refusal(), (503, 20503));
        assert_eq!(world.used().total().write_units, before);
        assert!(world.carrier().signs().is_empty());
    }
}

#[tokio::test]
async fn a_number_that_its_connection_does_not_have_shows_nothing() {
    let mut tried = 0;
    for carrier in CarrierName::ALL {
        let Some(numbers) = keeping_of(*carrier).numbers else { continue };
        let carriers = json!({ carrier.setting(numbers): "+18005550111=1" }).to_string();
        let world = World::deployed("carriers-api", "", ("Carriers", &carriers)).await;
        let (_, sid) = world.heard_on_whatsapp(*carrier).await;
        assert_eq!(world.types(&sid).await.refusal(), (403, 20403));
        assert!(world.carrier().signs().is_empty());
        tried += 1;
    }
    assert!(tried > 0);
}
