//! Messages, and what becomes of their copies.

use serde_json::json;
use switchboard_domain::carriage::{
    CarrierName, Content, DeliveryStatus, Price, Pricing, SendOutcome, StatusReport,
};
use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{MessageSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_store::{Kept as _, key};

use super::{ALICE, BOB, DESK, a_conversation, events, joins, listens, sids, world};
use crate::world::{START, World};

#[tokio::test]
async fn a_message_goes_to_everybody_on_a_channel_and_is_numbered() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let bob = joins(&world, &conversation, BOB).await;
    let messages = format!("{conversation}/Messages");
    let first = world.post(&messages, &[("Author", ALICE), ("Body", "hi")]).await.expect(201);
    assert_eq!((&first["index"], &first["delivery"]["total"]), (&json!(0), &json!(1)));
    let second = world.post(&messages, &[("Body", "hello")]).await.expect(201);
    assert_eq!((&second["index"], &second["author"]), (&json!(1), &json!("system")));
    assert_eq!((&second["participant_sid"], &second["date_updated"]), (&json!(null), &json!(null)));
    assert_eq!(world.asked().len(), 3);

    let receipts = format!("{messages}/{}/Receipts", first["sid"].as_str().unwrap());
    let receipts_list = world.get(&receipts).await.expect(200);
    let receipt = &receipts_list["delivery_receipts"][0];
    assert_eq!((&receipt["participant_sid"], &receipt["status"]), (&json!(bob), &json!(null)));
    let sid: MessageSid = first["sid"].as_str().unwrap().parse().unwrap();
    assert_eq!(receipt["channel_message_sid"], sid.kin::<SmsSid>(1).to_string());
    let one = format!("{receipts}/{}", receipt["sid"].as_str().unwrap());
    assert_eq!(&world.get(&one).await.expect(200), receipt);
    world.get(&format!("{receipts}/DY{:032}", 1)).await.refused(404, 20404);

    let latest = world.get(&format!("{messages}?Order=DESC&PageSize=1")).await.expect(200);
    assert_eq!(sids(&latest), [second["sid"].as_str().unwrap()]);
    let all = world.get(&messages).await.expect(200);
    assert_eq!(all["messages"], json!([first, second]));
}

#[tokio::test]
async fn an_edited_message_says_when_and_a_deleted_one_is_gone_but_for_its_identifier() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    listens(&world, &conversation, &["onMessageUpdated", "onMessageRemoved"]).await;
    let messages = format!("{conversation}/Messages");
    let made = world.post(&messages, &[("Body", "helo")]).await.expect(201);
    let path = format!("{messages}/{}", made["sid"].as_str().unwrap());
    assert_eq!(world.post_with_webhooks(&path, &[]).await.expect(200), made);
    let edited = world.post_with_webhooks(&path, &[("Body", "hello")]).await.expect(200);
    assert_eq!(edited["body"], "hello");
    assert!(edited["date_updated"].is_string());
    world.post(&path, &[("Body", "")]).await.refused(400, 50503);
    world.delete_with_webhooks(&path).await.expect(204);
    assert_eq!(events(&world.asked()), ["onMessageUpdated", "onMessageRemoved"]);
    world.get(&path).await.refused(404, 20404);
    world.delete_with_webhooks(&path).await.refused(404, 20404);
    assert_eq!(world.get(&messages).await.expect(200)["messages"], json!([]));
    let sid = made["sid"].as_str().unwrap().parse().unwrap();
    let kept: Message = world.on.store.get(key::message(sid)).await.unwrap().unwrap();
    assert!(kept.removed && kept.body.is_none());
}

#[tokio::test]
async fn unsupported_parameters_are_refused_and_not_dropped() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let messages = format!("{conversation}/Messages");
    for (path, form, name, value) in [
        (&messages, &[("Body", "hi")][..], "Subject", "news"),
        (&conversation, &[], "Bindings.Email.Name", "a"),
    ] {
        let refused = world.post(path, &[form, &[(name, value)]].concat()).await;
        let words = refused.refused(400, 20001);
        assert!(words.contains(&format!("{name} is not supported yet")), "{words}");
    }
}

#[tokio::test]
async fn a_receipt_shows_the_latest_status_and_why_it_got_no_further() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let messages = format!("{conversation}/Messages");
    let sid = world.post(&messages, &[("Body", "hi")]).await.text("sid");
    let at = key::message(sid.parse().unwrap());
    let message: Message = world.on.store.get(at).await.unwrap().unwrap();
    let outcome = SendOutcome::Rejected { error_code: 30008, reason: String::new() };
    let failed = message.record(1, &outcome, Timestamp(START)).unwrap();
    world.given(Decision::put(failed.message)).await;
    let path = format!("{messages}/{sid}");
    let receipts = world.get(&format!("{path}/Receipts")).await.expect(200);
    let receipt = &receipts["delivery_receipts"][0];
    assert_eq!((&receipt["status"], &receipt["error_code"]), (&json!("failed"), &json!(30008)));
    assert_eq!(world.get(&path).await.expect(200)["delivery"]["failed"], "all");
}

/// Lets a conversation have been opened, and changed last, a month before its messages.
async fn was_opened_long_ago(world: &World, sid: &str) {
    let found = world.on.store.get(key::conversation(sid.parse().unwrap())).await;
    let now: Conversation = found.unwrap().unwrap();
    let mut fields = serde_json::to_value(&now).unwrap();
    for name in ["created", "updated"] {
        fields[name] = json!(START - 30 * 86_400_000);
    }
    let before: Conversation = serde_json::from_value(fields).unwrap();
    let before = before.versioned(now.version);
    world.given(Decision::put(before)).await;
}

#[tokio::test]
async fn costs_are_summed_from_what_carriers_told_of_each_copy() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let messages = format!("{conversation}/Messages");
    let nothing = world.get(&format!("{conversation}/Costs")).await.expect(200);
    assert_eq!((&nothing["messages"], &nothing["days"]), (&json!(0), &json!([])));
    for price in [Some("0.0034"), Some("0.0066"), None] {
        let sid = world.post(&messages, &[("Body", "hi")]).await.text("sid");
        let message: Message =
            world.on.store.get(key::message(sid.parse().unwrap())).await.unwrap().unwrap();
        let carrier = CarrierName::default();
        let report = StatusReport {
            pricing: Some(Pricing {
                category: Some("utility".to_owned()),
                price: price.and_then(|price| Price::parse(price, "USD")),
                ..Pricing::default()
            }),
            ..StatusReport::new(carrier, "SM1", DeliveryStatus::Delivered, Timestamp(START))
        };
        let delivered = message.report(1, &report, Timestamp(START)).unwrap();
        world.given(Decision::put(delivered.message)).await;
    }
    let costs = world.get(&format!("{conversation}/Costs")).await.expect(200);
    let sid = conversation.rsplit('/').next().unwrap();
    assert_eq!((&costs["conversation_sid"], &costs["messages"]), (&json!(sid), &json!(3)));
    assert_eq!((&costs["billable"], &costs["unknown"]), (&json!(2), &json!(1)));
    assert_eq!((&costs["told"], &costs["unpriced"]), (&json!({ "USD": "0.01" }), &json!(1)));
    let line = &costs["days"][0];
    assert_eq!((&line["channel"], &line["category"]), (&json!("sms"), &json!("utility")));
    let date = line["date"].as_str().unwrap();
    let service =
        world.get(&format!("/v1/Costs?StartDate={date}&EndDate={date}")).await.expect(200);
    assert_eq!((&service["told"], &service["days"]), (&costs["told"], &costs["days"]));
    was_opened_long_ago(&world, sid).await;
    let later = world.get(&format!("/v1/Costs?StartDate={date}")).await.expect(200);
    assert_eq!(later["told"], costs["told"], "a message does not change its conversation");
    for outside in ["EndDate=2001-01-01", "StartDate=2101-01-01"] {
        for path in ["/v1", &conversation] {
            let none = world.get(&format!("{path}/Costs?{outside}")).await.expect(200);
            assert_eq!(none["messages"], 0, "{path} {outside}");
        }
    }
    world.get("/v1/Costs?StartDate=soon").await.refused(400, 20001);
    world.get(&format!("/v1/Conversations/CH{:032}/Costs", 1)).await.refused(404, 20404);
}

#[tokio::test]
async fn what_came_with_a_customers_message_is_shown_and_ours_have_no_such_thing() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let messages = format!("{conversation}/Messages");
    let sid = world.post(&messages, &[("Author", ALICE), ("Body", "hi")]).await.text("sid");
    let path = format!("{messages}/{sid}/ChannelMetadata");
    world.get(&path).await.refused(404, 20404);
    let at = key::message(sid.parse().unwrap());
    let message: Message = world.on.store.get(at).await.unwrap().unwrap();
    let origin = json!({
        "pair": { "address": format!("whatsapp:{ALICE}"), "proxy": format!("whatsapp:{DESK}") },
        "carrier": CarrierName::default(), "carrier_message_id": "SM1",
        "content": [Content::Reaction { to: Some("SM0".to_owned()), emoji: None }],
        "reply_to": "SM0", "profile_name": "Zoë", "extra": {},
    });
    let mut stored = serde_json::to_value(&message).unwrap();
    stored["origin"] = origin;
    let mut brought: Message = serde_json::from_value(stored).unwrap();
    brought.version = message.version;
    world.given(Decision::put(brought)).await;
    let shown = world.get(&path).await.expect(200);
    assert_eq!((&shown["message_sid"], &shown["type"]), (&json!(sid), &json!("whatsapp")));
    let data = &shown["data"];
    let quoted = json!({ "channel_message_id": "SM0", "message_sid": null });
    assert_eq!((&data["quoted"], &data["profile_name"]), (&quoted, &json!("Zoë")));
    assert_eq!(data["content"].as_array().unwrap().len(), 1);
    assert_eq!((&data["message_type"], &data["location"]), (&json!("reaction"), &json!(null)));
    assert_eq!(
        (&data["content"][0]["kind"], &data["as_received"]),
        (&json!("reaction"), &json!({}))
    );
}
