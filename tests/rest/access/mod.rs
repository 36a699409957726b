//! Access by tokens: of people in a browser, of workers, and of keys (rules F.2, F.3).

mod media;
mod oauth;
mod people;
mod tokens;
mod workers;

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, Api, access_token};

use crate::world::World;

async fn world() -> World {
    World::of("conversations-api", "").await
}

/// A key of the account: its name and its secret.
#[derive(Debug, Clone)]
struct Key {
    sid: String,
    secret: String,
}

impl World {
    /// A standard key.
    async fn key(&self) -> Key {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Keys.json");
        let made = self.post(&path, &[]).await.expect(201);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Key { sid: text("sid"), secret: text("secret") }
    }

    /// The account's default service.
    async fn service(&self) -> String {
        let settings = self.get("/conversations/v1/Configuration").await.expect(200);
        settings["default_chat_service_sid"].as_str().unwrap().to_owned()
    }

    /// Whoever holds a token with these grants.
    fn holder(&self, key: &Key, grants: &Value) -> Api {
        self.bearing(&access_token(&key.sid, &key.secret, grants, self.seconds()))
    }

    /// Somebody in a browser.
    fn person(&self, key: &Key, service: &str, identity: &str) -> Api {
        self.holder(key, &chat(service, identity))
    }
}

fn chat(service: &str, identity: &str) -> Value {
    json!({ "identity": identity, "chat": { "service_sid": service } })
}
