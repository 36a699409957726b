//! A key exchanges its secret for a token of an hour, with its rights (rule F.3).

use serde_json::Value;
use switchboard_tests::{ACCOUNT, Answered, TOKEN};

use super::{Key, world};
use crate::world::World;

const HERE: [&str; 3] = ["/oauth/v2/token", "/oauth/v1/token", "/iam/v1/token"];
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

impl World {
    /// Asks for a token as nobody.
    async fn exchange(&self, path: &str, form: &[(&str, &str)]) -> (u16, Option<String>, Value) {
        let url = format!("{}{path}", self.base_url());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = reqwest::Client::new().post(url).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let cached =
            answer.headers().get("cache-control").map(|it| it.to_str().unwrap().to_owned());
        (status, cached, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    async fn token_of(&self, key: &Key) -> String {
        let form = [GRANT, ("client_id", &*key.sid), ("client_secret", &*key.secret)];
        let (status, _, answer) = self.exchange(HERE[0], &form).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_token_is_answered_as_the_clients_types_have_it_and_opens_every_function() {
    let world = world().await;
    let key = world.key().await;
    let form = [GRANT, ("client_id", &*key.sid), ("client_secret", &*key.secret)];
    for path in HERE {
        let (status, cached, answer) = world.exchange(path, &form).await;
        assert_eq!((status, cached.as_deref()), (200, Some("no-store")), "{answer}");
        assert_eq!(
            (&answer["token_type"], &answer["expires_in"]),
            (&"Bearer".into(), &3600.into())
        );
        assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null());
        let bearer = world.bearing(answer["access_token"].as_str().unwrap());
        for path in [
            "/messaging/v1/Services",
            "/conversations/v1/Configuration",
            "/taskrouter/v1/Workspaces",
            "/studio/v2/Flows",
            "/carriers/v1/Connections",
        ] {
            bearer.get(path).await.expect(200);
        }
    }
    assert_eq!(world.asked_of_keys(), ["Encrypt"], "nothing had to be opened");
}

#[tokio::test]
async fn a_token_has_the_rights_of_its_key_and_ends_with_it() {
    let world = world().await;
    let key = world.key().await;
    let bearer = world.bearing(&world.token_of(&key).await);
    let keys = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Keys.json");
    assert_eq!(bearer.get(&keys).await.refusal(), (401, 20003), "a standard key's");
    let policy = r#"{"allow":["/twilio/taskrouter/workspaces/list"]}"#;
    let form = [("AccountSid", ACCOUNT), ("KeyType", "restricted"), ("Policy", policy)];
    let made = world.post("/iam/v1/Keys", &form).await.expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let restricted = world.token_of(&Key { sid: text("sid"), secret: text("secret") }).await;
    let restricted = world.bearing(&restricted);
    restricted.get("/taskrouter/v1/Workspaces").await.expect(200);
    assert_eq!(restricted.get("/messaging/v1/Services").await.refusal(), (401, 70051));
    assert_eq!(
        world.delete(&keys.replace(".json", &format!("/{}.json", key.sid))).await.status,
        204
    );
    assert_eq!(bearer.get("/messaging/v1/Services").await.refusal(), (401, 20103));
    let other = world.bearing(&world.token_of(&world.key().await).await);
    world.wait(3599);
    other.get("/messaging/v1/Services").await.expect(200);
    world.wait(1);
    assert_eq!(other.get("/messaging/v1/Services").await.refusal(), (401, 20104));
}

#[tokio::test]
async fn what_is_not_granted_says_so_as_the_standard_has_it() {
    let world = world().await;
    let key = world.key().await;
    let (id, secret) = (("client_id", &*key.sid), ("client_secret", &*key.secret));
    for (form, status, error) in [
        (&[][..], 400, "invalid_request"),
        (&[id, secret], 400, "invalid_request"),
        (&[("grant_type", "password"), id, secret], 400, "unsupported_grant_type"),
        (&[("grant_type", "refresh_token"), id, secret], 400, "unsupported_grant_type"),
        (&[GRANT], 401, "invalid_client"),
        (&[GRANT, id], 401, "invalid_client"),
        (&[GRANT, id, ("client_secret", "wrong")], 401, "invalid_client"),
        (&[GRANT, ("client_id", ACCOUNT), ("client_secret", TOKEN)], 401, "invalid_client"),
        (
            &[GRANT, ("client_id", "SK00000000000000000000000000000009"), secret],
            401,
            "invalid_client",
        ),
        (&[GRANT, id, secret, ("scope", "everything")], 400, "invalid_scope"),
        (&[GRANT, id, secret, ("audience", "x")], 400, "invalid_request"),
        (
            &[GRANT, id, secret, ("account_sid", "AC00000000000000000000000000000002")],
            400,
            "invalid_request",
        ),
    ] {
        let (answered, cached, body) = world.exchange(HERE[0], form).await;
        assert_eq!((answered, &body["error"]), (status, &error.into()), "{form:?}: {body}");
        assert!(body["error_description"].as_str().is_some_and(|why| !why.is_empty()));
        assert!(body["message"].as_str().is_some_and(|why| why.contains(error)), "for the SDKs");
        assert_eq!(cached.as_deref(), Some("no-store"));
    }
    let by_basic: Answered = world.client(&key.sid, &key.secret).post(HERE[0], &[GRANT]).await;
    assert!(by_basic.expect(200)["access_token"].as_str().is_some());
    let twice = world.client(ACCOUNT, TOKEN).post(HERE[0], &[GRANT, id, secret]).await;
    assert!(twice.expect(200)["access_token"].as_str().is_some(), "as the Python client asks");
    let wrong = ("client_secret", "wrong");
    let twice = world.client(&key.sid, &key.secret).post(HERE[0], &[GRANT, id, wrong]).await;
    assert_eq!(twice.expect(401)["error"], "invalid_client", "the form counts");
    assert_eq!(world.get(HERE[0]).await.refusal(), (405, 20004));
}

#[tokio::test]
async fn a_token_that_was_changed_or_made_up_is_refused() {
    let world = world().await;
    let key = world.key().await;
    let token = world.token_of(&key).await;
    let (message, seal) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let by_secret = {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
        let read = |part: &str| -> Value {
            serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
        };
        switchboard_tests::signed_token(&read(header), &read(claims), &key.secret)
    };
    for forged in [
        by_secret,
        format!("{message}.{}", seal.chars().rev().collect::<String>()),
        format!("{header}.{}.{seal}", claims.replace('A', "B")),
    ] {
        let refused = world.bearing(&forged).get("/messaging/v1/Services").await;
        assert!(matches!(refused.refusal(), (401, 20101 | 20107)), "{}", refused.body);
    }
}
