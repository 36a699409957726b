//! Connections to carriers: made, changed, their secrets exchanged, their numbers, a test send.

mod numbers;
mod secrets;
mod trial;

use serde_json::{Value, json};
use switchboard_domain::connection::{CarrierConnection, RejectedWebhook};
use switchboard_domain::decision::Decision;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_store::key;
use switchboard_tests::ACCOUNT;

use crate::world::World;

const CONNECTIONS: &str = "/v1/Connections";
/// An account of its own.
const FIRST: [(&str, &str); 4] = [
    ("Carrier", "twilio"),
    ("FriendlyName", "Shop"),
    ("AccountSid", "AC50000000000000000000000000000000"),
    ("AuthToken", "0123456789-first-token"),
];
/// An app of its own.
const SECOND: [(&str, &str); 4] = [
    ("Carrier", "meta"),
    ("AppSecret", "0123456789-app-secret"),
    ("VerifyToken", "a-word"),
    ("AccessToken", "0123456789-access-token"),
];

async fn world() -> World {
    World::ticking("carriers-api", "/carriers").await
}

impl World {
    /// Makes a connection, and says where it is.
    async fn connect(&self, form: &[(&str, &str)]) -> String {
        let made = self.post(CONNECTIONS, form).await.expect(201);
        format!("{CONNECTIONS}/{}", made["sid"].as_str().unwrap())
    }

    /// The record of a connection.
    async fn connection(&self, path: &str) -> CarrierConnection {
        let sid = path.rsplit('/').next().unwrap().parse().unwrap();
        self.on.store.get(key::carrier_connection(sid)).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_connection_is_made_shown_changed_and_removed() {
    let world = world().await;
    let made = world.post(CONNECTIONS, &FIRST).await.expect(201);
    let sid = made["sid"].as_str().unwrap();
    let path = format!("{CONNECTIONS}/{sid}");
    let url = format!("https://example.com/carriers{path}");
    assert_eq!(
        (made["carrier"].as_str(), made["account_sid"].as_str()),
        (Some("twilio"), Some(ACCOUNT))
    );
    assert_eq!(made["settings"], json!({ "account_sid": "AC50000000000000000000000000000000" }));
    assert_eq!(made["webhook_url"], format!("https://example.com/webhooks/{}/{sid}", FIRST[0].1));
    assert_eq!((&made["last_reject"], &made["numbers"]), (&Value::Null, &json!(0)));
    assert_eq!((made["url"].as_str(), made["friendly_name"].as_str()), (Some(&*url), Some("Shop")));
    assert_eq!(made["links"]["secrets"], format!("{url}/Secrets"));
    let secrets = made["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 1);
    assert_eq!(
        (&secrets[0]["name"], &secrets[0]["last_four"]),
        (&json!("AuthToken"), &json!("oken"))
    );
    assert_eq!(world.get(&path).await.expect(200), made);
    let form = [("FriendlyName", "Store"), ("AccountSid", "AC60000000000000000000000000000000")];
    let changed = world.post(&path, &form).await.expect(200);
    assert_eq!(changed["settings"]["account_sid"], "AC60000000000000000000000000000000");
    assert_eq!(world.get(&path).await.expect(200), changed);
    assert_eq!(world.delete(&path).await.status, 204);
    assert_eq!(world.get(&path).await.refusal(), (404, 20404));
    assert_eq!(world.delete(&path).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn connections_are_listed_page_by_page() {
    let world = world().await;
    let mut made = Vec::new();
    for form in [FIRST, SECOND, FIRST] {
        made.push(world.post(CONNECTIONS, &form).await.expect(201));
    }
    let first = world.get(&format!("{CONNECTIONS}?PageSize=2")).await.expect(200);
    assert_eq!(first["connections"], json!(made[..2]));
    let next = first["meta"]["next_page_url"].as_str().unwrap();
    let second = world.get(next).await.expect(200);
    assert_eq!(second["connections"], json!(made[2..]));
    assert_eq!(second["meta"]["next_page_url"], Value::Null);
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_named() {
    let world = world().await;
    let refused = async |form: &[(&str, &str)]| {
        let answer = world.post(CONNECTIONS, form).await;
        assert_eq!(answer.refusal(), (400, 20001), "{form:?}");
        answer.body["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(&[]).await.contains("Carrier"));
    assert!(refused(&[("Carrier", "pigeon")]).await.contains("one of twilio, meta"));
    assert!(refused(&[("Carrier", "twilio")]).await.contains("AccountSid, AuthToken"));
    let lacking = refused(&[SECOND[0], SECOND[2]]).await;
    assert!(lacking.contains("AppSecret, AccessToken") && !lacking.contains("VerifyToken"));
    for (name, value) in [
        ("BaseUrl", "http://169.254.169.254"),
        ("AppSecret", "another-carriers-secret"),
        ("SecondaryAuthToken", "x"),
        ("Colour", "red"),
    ] {
        let form = [&FIRST[..], &[(name, value)]].concat();
        assert!(refused(&form).await.contains(name), "{name}");
    }
    let wrong = |name: &'static str, value: &'static str| {
        let kept = FIRST.into_iter().filter(move |(known, _)| *known != name);
        kept.chain([(name, value)]).collect::<Vec<_>>()
    };
    for (name, value) in [
        ("AccountSid", "AC5"),
        ("AuthToken", "token with blanks"),
        ("SharedKeys", "key-without-algorithm"),
    ] {
        let said = refused(&wrong(name, value)).await;
        assert!(said.contains(name) && !said.contains(value), "{said}");
    }
    let listed = world.get(CONNECTIONS).await.expect(200);
    assert_eq!(listed["connections"], json!([]), "nothing is kept of what was refused");
}

#[tokio::test]
async fn a_rejected_webhook_is_shown_until_the_connection_is_removed() {
    let world = world().await;
    let path = world.connect(&SECOND).await;
    let connection = world.connection(&path).await.sid;
    let rejected = RejectedWebhook {
        connection,
        at: Timestamp(1_795_341_600_000),
        reason: "wrong_signature".to_owned(),
        text: "the signature is wrong".to_owned(),
        version: Version::NEW,
    };
    world.given(Decision::put(rejected)).await;
    let shown = world.get(&path).await.expect(200);
    let expected = json!({
        "time": "2026-11-22T10:00:00Z",
        "reason": "wrong_signature",
        "text": "the signature is wrong",
    });
    assert_eq!(shown["last_reject"], expected);
    let listed = world.get(CONNECTIONS).await.expect(200);
    assert_eq!(listed["connections"], json!([shown]));
    assert_eq!(world.delete(&path).await.status, 204);
    let left: Option<RejectedWebhook> =
        world.on.store.get(key::rejected_webhook(connection)).await.unwrap();
    assert_eq!(left, None);
}
