//! The configuration of the desktop, and who works with it.

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, Answered, Schema, TOKEN};

use super::{Support, World, text, world};

const CONFIGURATION: &str = "/flex-api/v1/Configuration";

async fn sets(world: &World, values: &Value) -> Answered {
    let client = world.client(ACCOUNT, TOKEN);
    client.upload(CONFIGURATION, "application/json", values.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_configuration_is_kept_and_shown_and_what_is_not_named_stays() {
    let world = world().await;
    let before = world.get(&format!("{CONFIGURATION}?UiVersion=2")).await.expect(200);
    assert_eq!((&before["account_sid"], &before["ui_language"]), (&json!(ACCOUNT), &Value::Null));
    assert_eq!(text(&before, "flex_instance_sid"), format!("GO{}", &ACCOUNT[2..]));
    let one = json!({ "account_sid": ACCOUNT, "ui_language": "en", "crm_enabled": true });
    sets(&world, &one).await.expect(200);
    let other = json!({ "ui_language": null, "ui_attributes": { "colorTheme": { "a": 1 } } });
    let after = sets(&world, &other).await.expect(200);
    assert_eq!(
        (&after["ui_language"], &after["crm_enabled"], &after["ui_attributes"]),
        (&Value::Null, &json!(true), &other["ui_attributes"])
    );
    assert_eq!(world.get(CONFIGURATION).await.expect(200), after);
}

#[tokio::test]
async fn a_value_of_another_kind_is_refused() {
    let world = world().await;
    for wrong in [
        json!({ "crm_enabled": "yes" }),
        json!({ "taskrouter_workspace_sid": "WW1" }),
        json!({ "taskrouter_skills": {} }),
        json!({ "ui_attributes": "x" }),
        json!({ "ui_language": 1 }),
        json!({ "status": "broken" }),
        json!({ "runtime_domain": "flex" }),
        json!({ "account_sid": format!("AC{}", "0".repeat(32)) }),
        json!({ "flex_instance_sid": format!("GO{}", "0".repeat(32)) }),
        json!({ "date_created": "now" }),
        json!({ "nothing": 1 }),
        json!({ "attributes": { "long": "x".repeat(256 * 1024) } }),
    ] {
        let shown = wrong.to_string();
        let refusal = sets(&world, &wrong).await.refusal();
        assert_eq!(refusal, (400, 20001), "{}", &shown[..shown.len().min(80)]);
    }
    world.post(CONFIGURATION, &[("crm_enabled", "maybe")]).await.refused(400, 20001);
    let by_form = world.post(CONFIGURATION, &[("crm_enabled", "true")]).await.expect(200);
    assert_eq!(by_form["crm_enabled"], true);
}

#[tokio::test]
async fn who_works_with_the_desktop_is_a_worker_of_its_workspace() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let user = format!("/flex-api/v2/Instances/GO{}/Users/FU{}", &ACCOUNT[2..], &centre.alice[2..]);
    assert_eq!(world.get(&user).await.refusal(), (404, 20404), "of no workspace yet");
    let workspace = json!({ "taskrouter_workspace_sid": centre.workspace });
    sets(&world, &workspace).await.expect(200);
    let alice = world.get(&user).await.expect(200);
    assert_eq!(
        (text(&alice, "worker_sid"), text(&alice, "username")),
        (centre.alice.clone(), "Alice".to_owned())
    );
    let form = [("Email", "alice@example.com"), ("Locale", "en-US")];
    let changed = world.post(&user, &form).await.expect(200);
    assert_eq!(text(&changed, "email"), "alice@example.com");
    assert_eq!(world.get(&user).await.expect(200), changed);
    world.post(&user, &[("UserSid", "US1")]).await.refused(400, 20001);
    let nobody = format!("/flex-api/v2/Instances/GO{}/Users/FU{}", &ACCOUNT[2..], "0".repeat(32));
    assert_eq!(world.get(&nobody).await.refusal(), (404, 20404));
    let elsewhere = user.replace(&ACCOUNT[2..], &"0".repeat(32));
    assert_eq!(world.get(&elsewhere).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn the_configuration_and_its_users_have_their_published_shape() {
    let Some(published) = Schema::open("twilio_flex_v1.json") else { return };
    let world = world().await;
    let centre = Support::open(&world).await;
    let shown = world.get(CONFIGURATION).await.expect(200);
    published.check("get", "/v1/Configuration", 200, &shown);
    let workspace = json!({ "taskrouter_workspace_sid": centre.workspace });
    let set = sets(&world, &workspace).await.expect(200);
    published.check("post", "/v1/Configuration", 200, &set);
    let Some(published) = Schema::open("twilio_flex_v2.json") else { return };
    let path = "/v2/Instances/{InstanceSid}/Users/{FlexUserSid}";
    let user = format!("/flex-api/v2/Instances/GO{}/Users/FU{}", &ACCOUNT[2..], &centre.alice[2..]);
    published.check("get", path, 200, &world.get(&user).await.expect(200));
    let changed = world.post(&user, &[("Email", "a@example.com")]).await.expect(200);
    published.check("post", path, 200, &changed);
}
