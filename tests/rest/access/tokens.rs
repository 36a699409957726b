//! Access tokens that count, and those that do not, each with its code.

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, access_token, signed_token, token_claims, token_header};

use super::{chat, world};
use crate::world::World;

const LIST: &str = "/conversations/v1/Conversations";

/// How the conversations answer a token.
async fn answered(world: &World, token: &str) -> (u16, u64) {
    world.bearing(token).get(LIST).await.refusal()
}

fn with(mut of: Value, name: &str, value: Value) -> Value {
    of[name] = value;
    of
}

#[tokio::test]
async fn a_token_counts_wherever_it_is_put() {
    let world = world().await;
    let (key, service) = (world.key().await, world.service().await);
    let grants = chat(&service, "ann");
    let token = access_token(&key.sid, &key.secret, &grants, world.seconds());
    world.bearing(&token).get(LIST).await.expect(200);
    let url = format!("{}{LIST}", world.base_url());
    let client = reqwest::Client::new();
    let by_header = client.get(&url).header("X-Twilio-Token", &token).send().await.unwrap();
    assert_eq!(by_header.status().as_u16(), 200);
    let both = client.get(&url).basic_auth(ACCOUNT, Some("wrong")).header("X-Twilio-Token", &token);
    assert_eq!(
        both.send().await.unwrap().status().as_u16(),
        401,
        "one that says who it is, is held to it"
    );
}

#[tokio::test]
async fn each_thing_wrong_with_a_token_has_its_code() {
    let world = world().await;
    let (key, service) = (world.key().await, world.service().await);
    let now = world.seconds();
    let grants = chat(&service, "ann");
    let claims = || token_claims(&key.sid, &grants, now);
    let sign = |claims: Value| signed_token(&token_header(), &claims, &key.secret);
    let headed = |header: Value| signed_token(&header, &claims(), &key.secret);
    assert_eq!(world.bearing(&sign(claims())).get(LIST).await.status, 200);
    let good = sign(claims());
    let (message, _) = good.rsplit_once('.').unwrap();
    let unknown = "SK00000000000000000000000000000009";
    let refused = [
        ("no token", "nothing".to_owned(), 20101),
        ("two parts", message.to_owned(), 20101),
        ("huge", format!("{good}{}", "A".repeat(5000)), 20101),
        ("no JSON", "AAAA.AAAA.AAAA".to_owned(), 20101),
        ("alg none", headed(json!({ "alg": "none", "typ": "JWT" })), 20102),
        ("alg RS256", headed(with(token_header(), "alg", json!("RS256"))), 20102),
        ("alg HS512", headed(with(token_header(), "alg", json!("HS512"))), 20102),
        ("another cty", headed(with(token_header(), "cty", json!("other"))), 20102),
        ("another kid", headed(with(token_header(), "kid", json!(unknown))), 20102),
        ("no issuer", sign(with(claims(), "iss", json!(""))), 20103),
        ("unknown key", sign(with(claims(), "iss", json!(unknown))), 20103),
        (
            "other account",
            sign(with(claims(), "sub", json!("AC00000000000000000000000000000002"))),
            20103,
        ),
        ("expired", sign(with(claims(), "exp", json!(now - 60))), 20104),
        ("without an end", sign(with(claims(), "exp", Value::Null)), 20104),
        ("not yet", sign(with(claims(), "nbf", json!(now + 61))), 20105),
        ("for nothing", sign(with(claims(), "grants", json!({}))), 20106),
        (
            "for nobody",
            sign(with(claims(), "grants", json!({ "chat": { "service_sid": service } }))),
            20106,
        ),
        ("blanks", sign(with(claims(), "grants", chat(&service, " "))), 20106),
        (
            "no service",
            sign(with(claims(), "grants", json!({ "identity": "a", "chat": {} }))),
            20106,
        ),
        ("other secret", signed_token(&token_header(), &claims(), "other"), 20107),
        ("no signature", format!("{message}."), 20107),
        ("for two days", sign(with(claims(), "exp", json!(now + 2 * 86_400))), 20157),
    ];
    for (name, token, code) in &refused {
        assert_eq!(answered(&world, token).await, (401, *code), "{name}");
    }
    let changed = claims().to_string().replace("ann", "bob");
    let forged: Value = serde_json::from_str(&changed).unwrap();
    let forged = signed_token(&token_header(), &forged, "x");
    let forged =
        format!("{}.{}", forged.rsplit_once('.').unwrap().0, good.rsplit_once('.').unwrap().1);
    assert_eq!(answered(&world, &forged).await, (401, 20107), "another's claims");
}

#[tokio::test]
async fn a_token_ends_with_its_hour_and_with_its_key() {
    let world = world().await;
    let (key, service) = (world.key().await, world.service().await);
    let person = world.person(&key, &service, "ann");
    person.get(LIST).await.expect(200);
    let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Keys/{}.json", key.sid);
    assert_eq!(world.delete(&path).await.status, 204);
    world.wait(60);
    assert_eq!(person.get(LIST).await.refusal(), (401, 20103), "the key is gone");
    let other = world.key().await;
    let person = world.person(&other, &service, "ann");
    world.wait(3600);
    person.get(LIST).await.expect(200);
    world.wait(60);
    assert_eq!(person.get(LIST).await.refusal(), (401, 20104));
}

#[tokio::test]
async fn restricted_keys_vouch_for_nobody() {
    let world = world().await;
    let service = world.service().await;
    let policy = r#"{"allow":["/twilio/conversations/conversations/*"]}"#;
    let form = [("AccountSid", ACCOUNT), ("KeyType", "restricted"), ("Policy", policy)];
    let made = world.post("/iam/v1/Keys", &form).await.expect(201);
    let (sid, secret) = (made["sid"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let token = access_token(sid, secret, &chat(&service, "ann"), world.seconds());
    assert_eq!(answered(&world, &token).await, (401, 20103));
}

#[tokio::test]
async fn the_key_service_is_asked_once_for_many_tokens_and_never_for_what_cannot_count() {
    let world = world().await;
    let (key, service) = (world.key().await, world.service().await);
    world.asked_of_keys();
    let late =
        with(token_claims(&key.sid, &chat(&service, "ann"), world.seconds()), "exp", json!(1));
    let late = signed_token(&token_header(), &late, &key.secret);
    for _ in 0..3 {
        assert_eq!(answered(&world, &late).await, (401, 20104));
    }
    assert!(world.asked_of_keys().is_empty());
    for identity in ["ann", "bob", "carol"] {
        world.person(&key, &service, identity).get(LIST).await.expect(200);
    }
    for _ in 0..3 {
        let forged = access_token(&key.sid, "forged", &chat(&service, "ann"), world.seconds());
        assert_eq!(answered(&world, &forged).await, (401, 20107));
    }
    world.wait(120);
    world.person(&key, &service, "ann").get(LIST).await.expect(200);
    assert_eq!(world.asked_of_keys(), ["Decrypt"]);
    world.wait(600);
    world.person(&key, &service, "ann").get(LIST).await.expect(200);
    assert_eq!(
        world.asked_of_keys(),
        ["Decrypt"],
        "what was opened is forgotten after ten minutes"
    );
}

#[tokio::test]
async fn products_without_people_take_no_token_of_theirs() {
    let world = world().await;
    let (key, service) = (world.key().await, world.service().await);
    let person = world.person(&key, &service, "ann");
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    for path in [
        &account,
        "/iam/v1/Keys",
        "/messaging/v1/Services",
        "/studio/v2/Flows",
        "/carriers/v1/Connections",
    ] {
        assert_eq!(person.get(path).await.refusal(), (401, 20106), "{path}");
    }
    let workspaces = person.get("/taskrouter/v1/Workspaces").await;
    assert_eq!(workspaces.refusal(), (401, 20106), "no task_router grant");
}
