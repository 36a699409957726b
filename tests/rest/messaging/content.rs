//! Templates of content: made, read, searched and removed, and messages that are made of them.

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, TOKEN};

use super::{account, world};
use crate::world::World;

const CONTENT: &str = "/content/v1/Content";
const ANN: &str = "+14155550100";
const OURS: &str = "+18005550199";
/// What a carrier calls a template of its own.
const THERE: &str = "HX0123456789abcdef0123456789abcdef";

fn question() -> Value {
    json!({
        "friendly_name": "Parcel",
        "language": "en",
        "variables": { "1": "you" },
        "types": {
            "twilio/quick-reply": { "body": "Hello {{1}}, at {{2}}?", "actions": [
                { "type": "QUICK_REPLY", "title": "Yes", "id": "y" },
            ] },
            "twilio/text": { "body": "{{1}}: reply YES for {{2}}" },
        },
    })
}

/// Makes a template as the SDKs do: by JSON.
async fn makes(world: &World, template: &Value) -> switchboard_tests::Answered {
    let api = world.client(ACCOUNT, TOKEN);
    api.upload(CONTENT, "application/json", template.to_string().as_bytes()).await
}

async fn a_template(world: &World, template: &Value) -> String {
    makes(world, template).await.expect(201)["sid"].as_str().unwrap().to_owned()
}

async fn sends(world: &World, form: &[(&str, &str)]) -> switchboard_tests::Answered {
    let form = [&[("To", ANN), ("From", OURS)], form].concat();
    world.post(&account("/Messages.json"), &form).await
}

#[tokio::test]
async fn a_template_is_read_as_it_was_made_listed_and_removed() {
    let world = world().await;
    let made = makes(&world, &question()).await.expect(201);
    let url = format!("https://example.com{CONTENT}/{}", made["sid"].as_str().unwrap());
    let expected = json!({
        "sid": made["sid"],
        "account_sid": ACCOUNT,
        "friendly_name": "Parcel",
        "language": "en",
        "variables": { "1": "you" },
        "types": question()["types"],
        "date_created": "2026-11-22T10:00:00Z",
        "date_updated": "2026-11-22T10:00:00Z",
        "url": url,
        "links": {
            "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
            "approval_fetch": format!("{url}/ApprovalRequests"),
        },
    });
    assert_eq!(made, expected);
    assert_eq!(world.get(&url).await.expect(200), made);
    // A form with JSON text in it is read alike.
    let types = question()["types"].to_string();
    let form = [("language", "pt_BR"), ("types", types.as_str())];
    let other = world.post(CONTENT, &form).await.expect(201);
    let listed = world.get(CONTENT).await.expect(200);
    assert_eq!(
        (&listed["contents"], &listed["meta"]["key"]),
        (&json!([made, other]), &json!("contents"))
    );
    assert_eq!(world.get("/content/v1/LegacyContent").await.expect(200)["contents"], json!([]));
    world.delete(&url).await.expect(204);
    world.get(&url).await.refused(404, 20404);
    world.delete(&url).await.refused(404, 20404);
    assert_eq!(world.get(CONTENT).await.expect(200)["contents"], json!([other]));
    world.get(&format!("{CONTENT}/HX1")).await.refused(404, 20404);
    world.get("/content/v1/Nothing").await.refused(404, 20404);
}

#[tokio::test]
async fn a_template_that_is_wrong_is_refused_in_words_that_name_the_place() {
    let world = world().await;
    let with = |name: &str, value: Value| {
        let mut template = question();
        template[name] = value;
        template
    };
    for (template, words) in [
        (with("language", json!("english")), "language"),
        (with("language", Value::Null), "language"),
        (with("types", Value::Null), "types"),
        (with("types", json!({})), "types has none"),
        (with("types", json!({ "twilio/flows": {} })), "twilio/flows is not supported yet"),
        (with("types", json!({ "twilio/text": {} })), "twilio/text.body is missing"),
        (
            with("types", json!({ "twilio/text": { "body": "{{a b}}" } })),
            "twilio/text has a variable",
        ),
        (with("variables", json!({ "1": 1 })), "variables"),
        (with("friendly_name", json!("n".repeat(513))), "friendly_name"),
        (with("color", json!("red")), "color is not supported yet"),
    ] {
        let said = makes(&world, &template).await.refused(400, 20001);
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(world.get(CONTENT).await.expect(200)["contents"], json!([]));
}

#[tokio::test]
async fn templates_are_searched_by_name_words_language_type_and_date() {
    let world = world().await;
    let parcel = a_template(&world, &question()).await;
    world.wait(3600);
    let text = json!({ "friendly_name": "Greeting", "language": "fr",
        "types": { "twilio/text": { "body": "Bonjour" } } });
    let greeting = a_template(&world, &text).await;
    let (one, other, both) = (vec![&parcel], vec![&greeting], vec![&parcel, &greeting]);
    for (query, found) in [
        ("", &both),
        ("?ContentName=parc", &one),
        ("?Content=BONJOUR", &other),
        ("?Language=fr", &other),
        ("?Language=fr&Language=en", &both),
        ("?ContentType=twilio/quick-reply", &one),
        ("?DateCreatedAfter=2026-11-22T10:30:00Z", &other),
        ("?DateCreatedBefore=2026-11-22T10:30:00Z", &one),
    ] {
        for list in ["Content", "ContentAndApprovals"] {
            let page = world.get(&format!("/content/v2/{list}{query}")).await.expect(200);
            let sids: Vec<&str> = page["contents"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["sid"].as_str().unwrap())
                .collect();
            assert_eq!(sids, *found, "{list}{query}");
        }
    }
    for unknown in ["SortByDate=asc", "ChannelEligibility=whatsapp"] {
        let said = world.get(&format!("/content/v2/Content?{unknown}")).await.refused(400, 20001);
        assert!(said.contains("not supported yet"), "{said}");
    }
}

#[tokio::test]
async fn an_approval_is_what_whoever_runs_this_says_of_it() {
    let world = world().await;
    let sid = a_template(&world, &question()).await;
    let (fetch, create) = (
        format!("{CONTENT}/{sid}/ApprovalRequests"),
        format!("{CONTENT}/{sid}/ApprovalRequests/whatsapp"),
    );
    let none = world.get(&fetch).await.expect(200);
    assert_eq!((&none["sid"], &none["whatsapp"]["status"]), (&json!(sid), &json!("unsubmitted")));
    let asked = [("name", "parcel_left"), ("category", "UTILITY")];
    let received = world.post(&create, &asked).await.expect(201);
    assert_eq!(
        (&received["status"], &received["name"]),
        (&json!("received"), &json!("parcel_left"))
    );
    assert_eq!(received["content_type"], "twilio/quick-reply");
    let refusal = [("status", "rejected"), ("rejection_reason", "too loud")];
    let rejected = world.post(&create, &[&asked[..], &refusal].concat()).await.expect(201);
    assert_eq!(rejected["rejection_reason"], "too loud");
    let approved = world.post(&create, &[&asked[..], &[("status", "approved")]].concat()).await;
    let approved = approved.expect(201);
    assert_eq!(
        (&approved["status"], &approved["rejection_reason"]),
        (&json!("approved"), &json!(""))
    );
    assert_eq!(world.get(&fetch).await.expect(200)["whatsapp"], approved);
    let listed = world.get("/content/v1/ContentAndApprovals").await.expect(200);
    assert_eq!(listed["contents"][0]["approval_requests"], approved);
    assert_eq!(listed["contents"][0]["links"], Value::Null);
    for form in [
        &[("category", "UTILITY")][..],
        &[("name", "Parcel left"), ("category", "UTILITY")],
        &[("name", "parcel_left")],
        &[("name", "parcel_left"), ("category", "NEWS")],
        &[("name", "parcel_left"), ("category", "UTILITY"), ("status", "perhaps")],
    ] {
        world.post(&create, form).await.refused(400, 20001);
    }
    let place = json!({ "language": "en", "types": { "twilio/location": { "latitude": 1, "longitude": 2 } } });
    let place = a_template(&world, &place).await;
    let said = world.post(&format!("{CONTENT}/{place}/ApprovalRequests/whatsapp"), &asked).await;
    assert!(said.refused(400, 20001).contains("no place"));
    let nobody = format!("{CONTENT}/{THERE}/ApprovalRequests");
    world.get(&nobody).await.refused(404, 20404);
    world.post(&format!("{nobody}/whatsapp"), &asked).await.refused(404, 20404);
}

#[tokio::test]
async fn a_message_is_made_of_a_template_and_its_own_words_are_ignored() {
    let world = world().await;
    world.enter_number(OURS).await;
    let sid = a_template(&world, &question()).await;
    let variables = json!({ "2": "{{1}} o'clock", "9": "unused" }).to_string();
    let made = [("ContentSid", sid.as_str()), ("ContentVariables", variables.as_str())];
    let message = sends(&world, &made).await.expect(201);
    assert_eq!(message["body"], "you: reply YES for {{1}} o'clock");
    let both = [&made[..], &[("Body", "other words"), ("MediaUrl", "https://a.example/1.png")]];
    let beside = sends(&world, &both.concat()).await.expect(201);
    assert_eq!((&beside["body"], &beside["num_media"]), (&message["body"], &json!("0")));
    // Without the template, the message is what it was.
    world.delete(&format!("{CONTENT}/{sid}")).await.expect(204);
    let read =
        world.get(&account(&format!("/Messages/{}.json", message["sid"].as_str().unwrap()))).await;
    assert_eq!(read.expect(200)["body"], message["body"]);
    assert_eq!(sends(&world, &made).await.refusal(), (400, 21655));
}

#[tokio::test]
async fn what_is_wrong_with_a_template_of_a_message_has_its_published_code() {
    let world = world().await;
    world.enter_number(OURS).await;
    let sid = a_template(&world, &question()).await;
    let button = json!({ "type": "COPY_CODE", "copy_code_text": "Copy" });
    let passcode = json!({ "language": "en", "variables": { "1": "0" },
        "types": { "whatsapp/authentication": { "actions": [button] } } });
    let passcode = a_template(&world, &passcode).await;
    for (template, variables, code) in [
        ("", "{\"1\":\"a\"}", 21654),
        ("HX1", "", 21655),
        (THERE, "", 21655),
        (passcode.as_str(), "", 21655),
        (&sid, "", 21656),
        (&sid, "hello", 21656),
        (&sid, "{\"2\":2}", 21656),
        (&sid, "{\"2\":\"\"}", 21656),
        (&sid, "{\"12345678901234567\":\"a\",\"2\":\"b\"}", 21656),
    ] {
        let form = [("ContentSid", template), ("ContentVariables", variables)];
        let refused = sends(&world, &form).await;
        assert_eq!(refused.refusal(), (400, code), "{template} {variables}");
    }
}
