//! The store over real tables: the embedded ones, or those behind `DYNAMODB_ENDPOINT`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contention;
mod pages;
mod repeats;
mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard::{Deployment, Faults, Options, Road};
use switchboard_domain::conversation::{Service, UniqueName};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{ConversationSid, ServiceSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::{CommitId, Version};
use switchboard_store::{Committed, Store, StoreError, TableNames};
use switchboard_tests::endpoint;

/// Tables that nobody else writes to.
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) store: Store,
    pub(crate) is_embedded: bool,
    commits: AtomicU64,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(None, Road::Near).await
    }

    /// Tables whose requests meet faults, by one of the roads.
    pub(crate) async fn with(faults: Option<Arc<dyn Faults>>, road: Road) -> Self {
        let dynamodb_endpoint = endpoint("DYNAMODB_ENDPOINT");
        let is_embedded = dynamodb_endpoint.is_none();
        let is_driven = false;
        let options = Options { dynamodb_endpoint, is_driven, faults, road, ..Options::default() };
        let deployment = Deployment::start(options).await.unwrap();
        let store = Self::store(&deployment, "store");
        Self { deployment, store, is_embedded, commits: AtomicU64::new(1) }
    }

    /// The store as a function of that name has it.
    pub(crate) fn store_of(&self, function: &str) -> Store {
        Self::store(&self.deployment, function)
    }

    fn store(deployment: &Deployment, function: &str) -> Store {
        let name = |table: &str| Some(deployment.table_name(table));
        let names = TableNames {
            conversations: name("conversations"),
            interactions: name("interactions"),
            routing: name("routing"),
            configuration: name("configuration"),
            events: name("events"),
        };
        deployment.store(function, names)
    }

    /// An id that no other commit has.
    pub(crate) fn commit_id(&self) -> CommitId {
        let number = self.commits.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        CommitId(number[2..].try_into().unwrap())
    }

    /// Tries to write, under an id of its own.
    pub(crate) async fn tries(&self, decision: &Decision) -> Result<Committed, StoreError> {
        self.store.commit(decision, self.commit_id()).await
    }

    /// Writes what has to succeed, and tells the ids of its effects.
    pub(crate) async fn writes(&self, decision: &Decision) -> Vec<String> {
        let committed = self.tries(decision).await.unwrap();
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
    let sid = ServiceSid::derived(&[&number.to_string()]);
    Service::new(sid, format!("service {number}"), at)
}

/// A record whose key is a fact.
pub(crate) fn unique_name(name: &str) -> UniqueName {
    UniqueName {
        service: ServiceSid::derived(&["names"]),
        name: name.to_owned(),
        conversation: ConversationSid::derived(&[name]),
        version: Version::NEW,
    }
}
