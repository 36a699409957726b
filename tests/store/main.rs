//! The store over real tables: the embedded ones, or those behind `DYNAMODB_ENDPOINT`.
#![expect(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod contention;
mod pages;
mod writes;

use switchboard::{Deployment, Options};
use switchboard_domain::conversation::{Service, UniqueName};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{ConversationSid, ServiceSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_store::{Store, TableNames};
use switchboard_tests::endpoint;

/// Tables that nobody else writes to.
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) store: Store,
}

impl World {
    pub(crate) async fn new() -> Self {
        let options = Options {
            dynamodb_endpoint: endpoint("DYNAMODB_ENDPOINT"),
            is_driven: false,
            ..Options::default()
        };
        let deployment = Deployment::start(options).await.unwrap();
        let name = |table: &str| Some(deployment.table_name(table));
        let names = TableNames {
            conversations: name("conversations"),
            interactions: name("interactions"),
            routing: name("routing"),
            configuration: name("configuration"),
            events: name("events"),
        };
        let store = Store::new(deployment.dynamodb("store"), names);
        Self { deployment, store }
    }

    /// Writes what has to succeed, and tells the ids of its effects.
    pub(crate) async fn writes(&self, decision: &Decision) -> Vec<String> {
        let committed = self.store.commit(decision).await.unwrap();
        committed.effects.into_iter().map(|(id, _)| id).collect()
    }

    /// Removes what was made.
    pub(crate) async fn ends(self) {
        self.deployment.stop().await;
    }
}

/// A record with a row in a list, the later the higher its number.
pub(crate) fn service(number: u32) -> Service {
    let at = Timestamp(1_795_000_000_000 + i64::from(number));
    Service {
        sid: ServiceSid::derived(&[&number.to_string()]),
        friendly_name: format!("service {number}"),
        created: at,
        updated: at,
        version: 0,
    }
}

/// A record whose key is a fact.
pub(crate) fn unique_name(name: &str) -> UniqueName {
    UniqueName {
        service: ServiceSid::derived(&["names"]),
        name: name.to_owned(),
        conversation: ConversationSid::derived(&[name]),
        version: 0,
    }
}
