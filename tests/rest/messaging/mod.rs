//! The Messaging product and the oldest API, and the steps that their tests begin with.

mod consents;
mod content;
mod keys;
mod messages;
mod numbers;
mod pools;
mod senders;
mod services;
mod terms;
mod tokens;
mod typing;

use switchboard_tests::ACCOUNT;

use crate::world::World;

/// Lists are in the order of time, so each request has a second of its own.
async fn world() -> World {
    World::ticking("messaging-api", "").await
}

/// The path of a resource of the oldest API.
fn account(path: &str) -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}{path}")
}

impl World {
    async fn enter_number(&self, number: &str) -> String {
        let path = account("/IncomingPhoneNumbers.json");
        let entered = self.post(&path, &[("PhoneNumber", number)]).await.expect(201);
        entered["sid"].as_str().unwrap().to_owned()
    }

    async fn create_service(&self) -> String {
        let created = self.post("/messaging/v1/Services", &[("FriendlyName", "Pool")]).await;
        created.expect(201)["sid"].as_str().unwrap().to_owned()
    }
}
