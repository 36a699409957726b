//! Credentials for the operator's own TURN servers.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_tests::Schema;

use super::{World, account, world};

const FILE: &str = "twilio_api_v2010_messages.json";
const PATH: &str = "/2010-04-01/Accounts/{AccountSid}/Tokens.json";
const SERVERS: &str = r#"{"urls":["stun:turn.example.com","turn:turn.example.com:3478?transport=udp","turns:turn.example.com:443?transport=tcp"],"secret":"the-secret"}"#;

fn tokens() -> String {
    account("/Tokens.json")
}

async fn with_servers() -> World {
    World::deployed("messaging-api", "", ("IceServers", SERVERS)).await
}

#[tokio::test]
async fn a_token_has_each_server_and_one_name_and_password_for_those_that_relay() {
    let world = with_servers().await;
    let mut made = world.post(&tokens(), &[("Ttl", "600")]).await.expect(201);
    let username = made["username"].as_str().unwrap().to_owned();
    let until = username.split(':').next().unwrap().parse::<i64>().unwrap();
    assert_eq!(until, world.seconds() + 600);
    assert_eq!((&made["ttl"], &made["date_updated"]), (&json!("600"), &made["date_created"]));
    let (servers, password) = (made["ice_servers"].clone(), made["password"].clone());
    assert_ne!(password, Value::Null);
    let address = "stun:turn.example.com";
    assert_eq!(servers[0], json!({ "url": address, "urls": address }));
    for (number, url) in
        ["turn:turn.example.com:3478?transport=udp", "turns:turn.example.com:443?transport=tcp"]
            .into_iter()
            .enumerate()
    {
        let server =
            json!({ "url": url, "urls": url, "username": username, "credential": password });
        assert_eq!(servers[number + 1], server);
    }
    assert!(!made.to_string().contains("the-secret"));
    if let Some(reference) = Schema::open(FILE) {
        // The published example has servers without credentials, and the description demands them of each.
        made["ice_servers"].as_array_mut().unwrap().remove(0);
        reference.check("post", PATH, 201, &made);
    }
}

#[tokio::test]
async fn a_token_is_good_for_a_day_unless_less_is_said_and_no_two_are_alike() {
    let world = with_servers().await;
    let mut names = BTreeSet::new();
    for _ in 0..3 {
        let made = world.post(&tokens(), &[]).await.expect(201);
        assert_eq!(made["ttl"], "86400");
        let day = (world.seconds() + 86_400).to_string();
        let name = made["username"].as_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("{day}:")), "{name}");
        names.insert(name);
    }
    assert_eq!(names.len(), 3);
    for ttl in ["0", "-1", "86401", "1.5", "soon"] {
        let refused = world.post(&tokens(), &[("Ttl", ttl)]).await;
        assert!(refused.refused(400, 20001).contains("Ttl"), "{ttl}");
    }
    assert_eq!(world.post(&tokens(), &[("Region", "de1")]).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn without_servers_a_token_says_that_there_are_none() {
    let world = world().await;
    let made = world.post(&tokens(), &[]).await.expect(201);
    assert_eq!(made["ice_servers"], json!([]));
    assert_eq!((&made["username"], &made["password"]), (&Value::Null, &Value::Null));
    if let Some(reference) = Schema::open(FILE) {
        reference.check("post", PATH, 201, &made);
    }
}

#[tokio::test]
async fn a_token_is_made_for_the_account_alone_and_is_never_read_again() {
    let world = world().await;
    assert_eq!(world.get(&tokens()).await.refusal(), (404, 20404));
    let others =
        tokens().replace("AC00000000000000000000000000000001", &format!("AC{}", "9".repeat(32)));
    assert_eq!(world.post(&others, &[]).await.refusal(), (404, 20404));
    let stranger = world.client(switchboard_tests::ACCOUNT, "wrong");
    assert_eq!(stranger.post(&tokens(), &[]).await.refusal(), (401, 20003));
}
