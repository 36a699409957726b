//! Messages of a conversation that are made of templates, and the windows of customers on WhatsApp.

use serde_json::{Value, json};
use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_store::{Kept as _, key};
use switchboard_tests::Rest as _;

use super::{ALICE, a_conversation, events, joins, listens, world};
use crate::world::{START, World};

const CONTENT: &str = "/content/v1/Content";
const DAY: i64 = 86_400_000;
const ANN: &str = "whatsapp:+14155550100";
const OURS: &str = "whatsapp:+18005550199";

async fn a_template(world: &World, types: &Value) -> String {
    let (types, variables) = (types.to_string(), json!({ "1": "you" }).to_string());
    let form = [("language", "en"), ("types", &types), ("variables", &variables)];
    world.creates(CONTENT, &form).await["sid"].as_str().unwrap().to_owned()
}

async fn a_text(world: &World) -> String {
    a_template(world, &json!({ "twilio/text": { "body": "Hello {{1}}, at {{2}}?" } })).await
}

/// Ann takes part, who wrote so many milliseconds ago, if ever.
async fn joins_on_whatsapp(world: &World, conversation: &str, wrote: Option<i64>) -> String {
    world.owns(&[OURS]).await;
    let form = [("MessagingBinding.Address", ANN), ("MessagingBinding.ProxyAddress", OURS)];
    let made = world.post(&format!("{conversation}/Participants"), &form).await.expect(201);
    let sid = conversation.rsplit('/').next().unwrap().parse().unwrap();
    let found: Option<Conversation> = world.on.store.get(key::conversation(sid)).await.unwrap();
    let now = found.unwrap();
    let mut fields = serde_json::to_value(&now).unwrap();
    if let Some(ago) = wrote {
        fields["participants"][0]["last_inbound"] = json!(START - ago);
        fields["participants"][0]["carrier"] = json!("meta");
    }
    let then: Conversation = serde_json::from_value(fields).unwrap();
    world.given(Decision::put(then.versioned(now.version))).await;
    made["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_shows_the_template_that_it_is_made_of_and_ignores_words_beside_it() {
    let world = world().await;
    let template = a_text(&world).await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    for all in ["/v1/Conversations".to_owned(), format!("/v1/Services/{service}/Conversations")] {
        let conversation = format!("{all}/{}", world.post(&all, &[]).await.text("sid"));
        let messages = format!("{conversation}/Messages");
        let variables = json!({ "2": "{{1}}" }).to_string();
        let form = [
            ("ContentSid", template.as_str()),
            ("ContentVariables", &variables),
            ("Body", "other words"),
            ("MediaSid", "no identifier"),
        ];
        let made = world.post(&messages, &form).await.expect(201);
        assert_eq!((&made["body"], &made["media"]), (&json!("Hello you, at {{1}}?"), &json!(null)));
        assert_eq!(made["content_sid"], template);
        let one = format!("{messages}/{}", made["sid"].as_str().unwrap());
        assert_eq!(world.get(&one).await.expect(200), made);
        let plain = world.post(&messages, &[("Body", "hi")]).await.expect(201);
        assert_eq!(plain["content_sid"], Value::Null);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_template_has_its_published_code() {
    let world = world().await;
    let messages = format!("{}/Messages", a_conversation(&world).await);
    let text = a_text(&world).await;
    let card = json!({ "whatsapp/card": { "body": "Red", "footer": "bye" } });
    let card = a_template(&world, &card).await;
    let none = format!("HX{}", "0".repeat(32));
    let long = json!({ "2": "v".repeat(257) }).to_string();
    let key = json!({ "k".repeat(17): "v", "2": "v" }).to_string();
    let all: Value = (0..130).map(|number| (number.to_string(), "v".repeat(256))).collect();
    let all = all.to_string();
    for (template, variables, code) in [
        ("HX1", "", 50526),
        (&none, "", 50526),
        (&text, "hello", 50527),
        (&text, "{\"2\":2}", 50527),
        (&text, "{\"1\":\"a\"}", 50527),
        ("", "{\"1\":\"a\"}", 50528),
        (&text, &all, 50529),
        (&text, &key, 50540),
        (&text, &long, 50541),
        (&card, "", 50542),
    ] {
        let form = [("ContentSid", template), ("ContentVariables", variables)];
        let refused = world.post(&messages, &form).await;
        assert_eq!(refused.refusal(), (400, code), "{template} {variables}");
    }
    assert_eq!(world.get(&messages).await.expect(200)["messages"], json!([]));
}

#[tokio::test]
async fn a_window_says_when_each_customer_on_whatsapp_wrote_last_and_until_when_that_counts() {
    let world = world().await;
    for (wrote, is_open, last, closes) in [
        (
            Some(3_600_000),
            json!(true),
            json!("2026-11-22T09:00:00Z"),
            json!("2026-11-23T09:00:00Z"),
        ),
        (Some(DAY), json!(false), json!("2026-11-21T10:00:00Z"), json!("2026-11-22T10:00:00Z")),
        (None, json!(null), json!(null), json!(null)),
    ] {
        let conversation = a_conversation(&world).await;
        let ann = joins_on_whatsapp(&world, &conversation, wrote).await;
        if wrote.is_none() {
            joins(&world, &conversation, ALICE).await;
        }
        let shown = world.get(&format!("{conversation}/Window")).await.expect(200);
        let one = json!({
            "participant_sid": ann, "address": ANN, "proxy_address": OURS, "is_open": is_open,
            "last_inbound": last, "closes_at": closes,
        });
        assert_eq!(shown["windows"], json!([one]), "others have no window");
        assert_eq!(shown["url"], format!("https://example.com/conversations{conversation}/Window"));
        world.post(&conversation, &[("State", "closed")]).await.expect(200);
    }
    world.get("/v1/Conversations/none/Window").await.refused(404, 20404);
}

#[tokio::test]
async fn outside_of_its_window_a_reply_fails_at_once_unless_whatsapp_approved_it() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins_on_whatsapp(&world, &conversation, Some(DAY)).await;
    listens(&world, &conversation, &["onMessageAdded", "onDeliveryUpdated"]).await;
    let messages = format!("{conversation}/Messages");
    let template = a_text(&world).await;
    let variables = json!({ "2": "noon" }).to_string();
    let made = [("ContentSid", template.as_str()), ("ContentVariables", variables.as_str())];
    world.asked();
    for form in [&[("Body", "hi")][..], &made] {
        let message = world.post_with_webhooks(&messages, form).await.expect(201);
        assert_eq!(
            (&message["delivery"]["failed"], &message["delivery"]["sent"]),
            (&json!("all"), &json!("none"))
        );
        let asked = world.asked();
        assert_eq!(events(&asked), ["onMessageAdded", "onDeliveryUpdated"]);
        assert_eq!(asked.len(), 2, "nothing is sent: {asked:?}");
        let receipts = format!("{messages}/{}/Receipts", message["sid"].as_str().unwrap());
        let receipts = world.get(&receipts).await.expect(200);
        let receipt = &receipts["delivery_receipts"][0];
        assert_eq!((&receipt["status"], &receipt["error_code"]), (&json!("failed"), &json!(63016)));
    }
    let approval = format!("{CONTENT}/{template}/ApprovalRequests/whatsapp");
    let approved = [("name", "parcel_left"), ("category", "UTILITY"), ("status", "approved")];
    world.creates(&approval, &approved).await;
    let message = world.post(&messages, &made).await.expect(201);
    assert_eq!(message["delivery"]["failed"], "none");
    let asked = world.asked();
    assert!(asked.iter().any(|it| it["delivery"] == 1), "it is sent: {asked:?}");
    // Who is on another channel, or never wrote, is written to.
    let other = a_conversation(&world).await;
    joins(&world, &other, ALICE).await;
    let message = world.post(&format!("{other}/Messages"), &[("Body", "hi")]).await.expect(201);
    assert_eq!(message["delivery"]["failed"], "none");
}
