//! API keys.

use serde_json::json;
use switchboard_tests::Schema;

use super::{account, world};

#[tokio::test]
async fn a_key_opens_the_account_until_it_is_removed_and_shows_its_secret_once() {
    let world = world().await;
    let all = account("/Keys.json");
    let created = world.post(&all, &[("FriendlyName", "Laptop")]).await.expect(201);
    let (sid, secret) = (created["sid"].as_str().unwrap(), created["secret"].as_str().unwrap());
    assert_eq!(secret.len(), 32);
    let one = account(&format!("/Keys/{sid}.json"));
    let fetched = world.get_as(sid, secret, &one).await.expect(200);
    assert!(fetched.get("secret").is_none());
    assert_eq!(world.get_as(sid, "wrong", &one).await.refusal(), (401, 20003));
    let renamed = world.post(&one, &[("FriendlyName", "Desk")]).await.expect(200);
    assert_eq!(renamed["friendly_name"], "Desk");
    let listed = world.get(&all).await.expect(200);
    assert_eq!(listed["keys"], json!([renamed]));
    if let Some(reference) = Schema::open("twilio_api_v2010_extras.json") {
        let path = "/2010-04-01/Accounts/{AccountSid}/Keys";
        reference.check("post", &format!("{path}.json"), 201, &created);
        reference.check("get", &format!("{path}.json"), 200, &listed);
        reference.check("get", &format!("{path}/{{Sid}}.json"), 200, &fetched);
        reference.check("post", &format!("{path}/{{Sid}}.json"), 200, &renamed);
    }
    assert_eq!(world.delete(&one).await.status, 204);
    assert_eq!(world.delete(&one).await.refusal(), (404, 20404));
    assert_eq!(world.get_as(sid, secret, &all).await.refusal(), (401, 20003));
}

#[tokio::test]
async fn two_keys_have_different_secrets() {
    let world = world().await;
    let all = account("/Keys.json");
    let (one, other) =
        (world.post(&all, &[]).await.expect(201), world.post(&all, &[]).await.expect(201));
    assert_ne!(one["secret"], other["secret"]);
    assert_eq!(one["friendly_name"], "");
}
