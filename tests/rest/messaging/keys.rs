//! API keys: what each kind may do, how soon one is revoked, and what is kept of a secret (rule F.1).

use reqwest::Method;
use serde_json::{Value, json};
use switchboard_domain::access::{ApiKey, Rights};
use switchboard_store::key;
use switchboard_tests::{ACCOUNT, Api, Schema};

use super::{account, world};
use crate::world::World;

/// A key that is made by IAM.
struct Made {
    sid: String,
    api: Api,
}

impl World {
    async fn make_key(&self, kind: &str, policy: &str) -> Made {
        let form = [("AccountSid", ACCOUNT), ("KeyType", kind), ("Policy", policy)];
        let made = self.post("/iam/v1/Keys", &form).await.expect(201);
        let (sid, secret) = (made["sid"].as_str().unwrap(), made["secret"].as_str().unwrap());
        Made { sid: sid.to_owned(), api: self.client(sid, secret) }
    }
}

/// One request to each function that serves the API.
const EVERYWHERE: [&str; 6] = [
    "/messaging/v1/Services",
    "/conversations/v1/Configuration",
    "/webhooks/v1/Endpoints",
    "/taskrouter/v1/Workspaces",
    "/studio/v2/Flows",
    "/carriers/v1/Connections",
];

#[tokio::test]
async fn a_key_opens_the_account_until_it_is_removed_and_shows_its_secret_once() {
    let world = world().await;
    let all = account("/Keys.json");
    let created = world.post(&all, &[("FriendlyName", "Laptop")]).await.expect(201);
    let (sid, secret) = (created["sid"].as_str().unwrap(), created["secret"].as_str().unwrap());
    assert_eq!(secret.len(), 32);
    let one = account(&format!("/Keys/{sid}.json"));
    let fetched = world.get(&one).await.expect(200);
    assert!(fetched.get("secret").is_none());
    let messages = account("/Messages.json");
    world.get_as(sid, secret, &messages).await.expect(200);
    for wrong in ["wrong", "", &secret[1..], &secret.to_uppercase()] {
        assert_eq!(world.get_as(sid, wrong, &messages).await.refusal(), (401, 20003), "{wrong}");
    }
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
    assert_eq!(world.get_as(sid, secret, &messages).await.refusal(), (401, 20003));
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

#[tokio::test]
async fn a_secret_is_kept_sealed_and_nowhere_in_clear() {
    let world = world().await;
    let made = world.post(&account("/Keys.json"), &[]).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    let at = key::api_key(made["sid"].as_str().unwrap().parse().unwrap());
    let kept: ApiKey = world.on.store.get(at).await.unwrap().unwrap();
    assert!(kept.secret.is_none() && kept.sealed.is_some());
    assert!(!serde_json::to_string(&kept).unwrap().contains(secret));
    assert_eq!(world.asked_of_keys(), ["Encrypt"]);
    world.client(&kept.sid.to_string(), secret).get(&account("/Messages.json")).await.ok();
    assert!(world.asked_of_keys().is_empty(), "a password is compared with a digest");
}

#[tokio::test]
async fn every_function_knows_a_key_and_reads_it_once_a_minute() {
    let world = world().await;
    let made = world.make_key("standard", "").await;
    for path in EVERYWHERE {
        made.api.get(path).await.ok();
    }
    // Whoever knows it already reads nothing of it.
    for path in EVERYWHERE {
        let by_account = world.units_read(async { drop(world.get(path).await) }).await;
        let by_key = world.units_read(async { drop(made.api.get(path).await.ok()) }).await;
        assert_eq!(by_key, by_account, "{path}");
    }
    world.wait(60);
    let path = EVERYWHERE[0];
    let by_account = world.units_read(async { drop(world.get(path).await) }).await;
    let by_key = world.units_read(async { drop(made.api.get(path).await.ok()) }).await;
    assert!(by_key > by_account, "it is read again after a minute");
}

#[tokio::test]
async fn a_key_that_is_revoked_is_refused_everywhere_within_a_minute() {
    let world = world().await;
    let made = world.make_key("standard", "").await;
    for path in EVERYWHERE {
        made.api.get(path).await.ok();
    }
    assert_eq!(world.delete(&format!("/iam/v1/Keys/{}", made.sid)).await.status, 204);
    assert_eq!(made.api.get(EVERYWHERE[0]).await.refusal(), (401, 20003), "at once where it was");
    world.wait(60);
    for path in EVERYWHERE {
        assert_eq!(made.api.get(path).await.refusal(), (401, 20003), "{path}");
    }
}

#[tokio::test]
async fn a_standard_key_has_no_part_in_keys_and_the_account_and_a_main_key_has() {
    let world = world().await;
    let (main, standard) = (world.make_key("main", "").await, world.make_key("standard", "").await);
    let own = |path: &str| account(&path.replace("{own}", &standard.sid));
    let iam = format!("/iam/v1/Keys/{}", standard.sid);
    let create = [("AccountSid", ACCOUNT), ("KeyType", "main")];
    for (method, path, form) in [
        (Method::GET, account(".json"), &[][..]),
        (Method::GET, own("/Keys.json"), &[]),
        (Method::POST, own("/Keys.json"), &[]),
        (Method::GET, own("/Keys/{own}.json"), &[]),
        (Method::POST, own("/Keys/{own}.json"), &[("FriendlyName", "raised")]),
        (Method::GET, own("/SigningKeys.json"), &[]),
        (Method::POST, own("/SigningKeys/{own}.json"), &[("FriendlyName", "raised")]),
        (Method::GET, format!("/iam/v1/Keys?AccountSid={ACCOUNT}"), &[]),
        (Method::POST, "/iam/v1/Keys".to_owned(), &create[..]),
        (Method::POST, iam.clone(), &[("FriendlyName", "raised")]),
        (Method::DELETE, own("/Keys/{own}.json"), &[]),
        (Method::DELETE, iam, &[]),
    ] {
        let refused = standard.api.send(method.clone(), &path, form, &[]).await;
        assert_eq!(refused.refusal(), (401, 20003), "{method} {path}");
        let last = method == Method::DELETE && path.starts_with("/iam");
        let done = main.api.send(method.clone(), &path, form, &[]).await;
        let expected = if last { 404..405 } else { 200..300 };
        assert!(expected.contains(&done.status), "{method} {path}: {}", done.body);
    }
}

#[tokio::test]
async fn a_restricted_key_does_what_its_policy_allows_and_cannot_raise_itself() {
    let world = world().await;
    let policy = r#"{"allow":["/twilio/messaging/messages/list","/twilio/iam/api-keys/read"]}"#;
    let made = world.make_key("restricted", policy).await;
    made.api.get(&account("/Messages.json")).await.ok();
    let own = format!("/iam/v1/Keys/{}", made.sid);
    let shown = made.api.get(&own).await.ok();
    assert_eq!(shown["policy"], serde_json::from_str::<Value>(policy).unwrap());
    let form = [("To", "+14155550100"), ("From", "+18005550100"), ("Body", "no")];
    let refused = made.api.post(&account("/Messages.json"), &form).await.refused(401, 70051);
    assert!(refused.ends_with("twilio/messaging/messages/create is missing"), "{refused}");
    let more = r#"{"allow":["/twilio/messaging/messages/*"]}"#;
    for path in EVERYWHERE.into_iter().chain(["/carriers/v1/Unheard"]) {
        assert_eq!(made.api.get(path).await.refusal(), (401, 70051), "{path}");
    }
    assert_eq!(made.api.post(&own, &[("Policy", more)]).await.refusal(), (401, 70051));
    assert_eq!(made.api.delete(&own).await.refusal(), (401, 70051));
    let widened = world.post(&own, &[("Policy", more)]).await.expect(200);
    assert_eq!(widened["policy"], serde_json::from_str::<Value>(more).unwrap());
    assert_eq!(made.api.post(&account("/Messages.json"), &form).await.refusal(), (400, 21606));
    assert_eq!(made.api.get(&own).await.refusal(), (401, 70051), "and what it had is gone");
}

#[tokio::test]
async fn keys_are_the_same_under_all_three_paths() {
    let world = world().await;
    let made = world.post(&account("/SigningKeys.json"), &[("FriendlyName", "one")]).await;
    let made = made.expect(201);
    let sid = made["sid"].as_str().unwrap();
    assert_eq!(made["secret"].as_str().map(str::len), Some(32));
    let listed = world.get(&account("/SigningKeys.json")).await.expect(200);
    assert_eq!(listed["signing_keys"][0]["sid"], sid);
    assert_eq!(world.get(&account("/Keys.json")).await.expect(200)["keys"][0]["sid"], sid);
    let one = world.get(&format!("/iam/v1/Keys/{sid}?AccountSid={ACCOUNT}")).await.expect(200);
    assert_eq!((&one["sid"], &one["policy"]), (&json!(sid), &Value::Null));
    let page =
        world.get(&format!("/iam/v1/Keys?AccountSid={ACCOUNT}&PageSize=1")).await.expect(200);
    assert_eq!(page["meta"]["key"], "keys");
    assert_eq!(page["keys"][0]["flags"], json!(["rest_api", "signing"]));
    let policy = r#"{"allow":["/twilio/messaging/messages/list"]}"#;
    world.make_key("restricted", policy).await;
    let next = page["meta"]["next_page_url"].as_str();
    assert!(next.is_none(), "{next:?}");
    let all = world.get(&format!("/iam/v1/Keys?AccountSid={ACCOUNT}")).await.expect(200);
    assert_eq!(all["keys"][1]["flags"], json!(["rest_api"]));
}

#[tokio::test]
async fn what_a_key_cannot_be_is_refused_by_name() {
    let world = world().await;
    let other = "AC00000000000000000000000000000002";
    for (form, code, word) in [
        (&[][..], 20001, "AccountSid"),
        (&[("AccountSid", other)], 20001, "AccountSid"),
        (&[("AccountSid", ACCOUNT), ("KeyType", "root")], 20001, "KeyType"),
        (&[("AccountSid", ACCOUNT), ("KeyType", "restricted")], 20001, "Policy"),
        (
            &[
                ("AccountSid", ACCOUNT),
                ("KeyType", "restricted"),
                ("Policy", r#"{"allow":["/twilio/voice/calls/read"]}"#),
            ],
            70002,
            "/twilio/voice/calls/read",
        ),
    ] {
        let refused = world.post("/iam/v1/Keys", form).await.refused(400, code);
        assert!(refused.contains(word), "{refused}");
    }
    let asked = [("KeyType", "restricted"), ("Policy", "{}")];
    let refused = world.post(&account("/Keys.json"), &asked).await.refused(400, 20001);
    assert!(refused.contains("KeyType"), "not made a standard key in silence: {refused}");
    let standard = world.make_key("standard", "").await;
    let path = format!("/iam/v1/Keys/{}", standard.sid);
    let policy = r#"{"allow":["/twilio/messaging/messages/list"]}"#;
    world.post(&path, &[("Policy", policy)]).await.refused(400, 20001);
    assert_eq!(world.get("/iam/v1/Keys").await.refusal(), (400, 20001));
}

/// A key from before secrets were sealed.
#[tokio::test]
async fn a_key_that_was_kept_in_clear_is_still_a_key() {
    let world = world().await;
    let text = r#"{"sid":"SK8ebe59a952429529a8ac26a55d77b7c0","friendly_name":"old",
        "secret":"8f937219ef840997d3316ebfaca50d83","created":1,"updated":1}"#;
    let old: ApiKey = serde_json::from_str(text).unwrap();
    let (sid, secret) = (old.sid.to_string(), old.secret.clone().unwrap().0);
    assert_eq!(old.rights, Rights::Standard);
    world.given(switchboard_domain::decision::Decision::put(old)).await;
    let messages = account("/Messages.json");
    world.get_as(&sid, &secret, &messages).await.expect(200);
    assert_eq!(world.get_as(&sid, "no", &messages).await.refusal(), (401, 20003));
}
