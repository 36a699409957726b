//! What the tests share: a running deployment, and the people who use it.
//!
//! A scenario opens an [`Exchange`] (the real bundle with a stub carrier), lets people act, and ends with
//! [`Exchange::rests`], which fails if anything is left in a queue or among the dead letters. Tables and queues
//! are the embedded ones, or those behind `DYNAMODB_ENDPOINT` and `SQS_ENDPOINT`.
#![forbid(unsafe_code)]

mod api;
mod centre;
pub mod cost;
mod files;
mod hand;
mod people;
mod schema;
mod token;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard::check;
use switchboard::stub_carrier::{Pace, StubCarrier};
use switchboard::{Deployment, Options};
use switchboard_check::{Facts, Moment};
use switchboard_domain::sid::AccountSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::dependencies::system_time;
use switchboard_runtime::telemetry::levels;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use api::{Answered, Api};
pub use centre::{Centre, Made, Rest};
pub use files::{FileAnswer, FileHost};
pub use hand::{Hand, Polls};
pub use people::{Agent, Customer};
pub use schema::{Schema, reference, reference_text};
pub use token::{access_token, signed_token, token_claims, token_header};

/// The account of every test.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its token.
pub const TOKEN: &str = "local-auth-token";
/// The number that customers write to.
pub const NUMBER: &str = "+18005550100";
/// Whatever is waited for must come by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running bundle with a contact centre in it.
pub struct Exchange {
    /// The bundle.
    pub deployment: Deployment,
    /// The carrier.
    pub carrier: StubCarrier,
    /// Its REST API, as the account.
    pub api: Api,
    /// The workspace's path: `/taskrouter/v1/Workspaces/WS…`.
    pub workspace: String,
    /// What the set-up made, by name.
    pub made: Made,
    /// Drives the bundle if it is not driven by itself.
    pub hand: Option<Hand>,
    skew: Arc<AtomicI64>,
}

impl Exchange {
    /// A bundle without any set-up but the stub carrier.
    pub async fn bare() -> Self {
        Self::with(Options::default()).await
    }

    /// A bundle started with these options.
    pub async fn with(options: Options) -> Self {
        log();
        let skew = Arc::new(AtomicI64::new(0));
        let moved = Arc::clone(&skew);
        let base = options.clock.clone().unwrap_or_else(|| Arc::new(system_time));
        let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> =
            Arc::new(move || Timestamp(base().0 + moved.load(Ordering::SeqCst)));
        let account: AccountSid = ACCOUNT.parse().expect("the account's sid");
        let pace = Pace {
            sent: Duration::from_millis(1),
            delivered: Duration::from_millis(1),
            read: Duration::from_millis(1),
        };
        let carrier = StubCarrier::start_with(account, TOKEN, pace, Arc::clone(&clock))
            .await
            .expect("the stub carrier starts");
        let options = Options {
            carrier_base_url: Some(carrier.base_url()),
            clock: Some(clock),
            dynamodb_endpoint: endpoint("DYNAMODB_ENDPOINT"),
            sqs_endpoint: endpoint("SQS_ENDPOINT"),
            ..options
        };
        let hand = (!options.is_driven).then(Hand::default);
        let deployment = Deployment::start(options).await.expect("the bundle starts");
        carrier.register(deployment.base_url());
        let api = Api::new(deployment.base_url(), ACCOUNT, TOKEN);
        let made = Made::default();
        Self { deployment, carrier, api, workspace: String::new(), made, hand, skew }
    }

    /// A contact centre: alice and bob speak English, carol speaks French; a number whose flow hands
    /// customers who write to it to workers who speak English.
    pub async fn open() -> Self {
        Self::opened(Options::default()).await
    }

    /// The same, started with these options.
    pub async fn opened(options: Options) -> Self {
        let mut exchange = Self::with(options).await;
        people::set_up(&mut exchange).await;
        exchange.settles().await;
        exchange
    }

    /// A sid that the set-up made.
    pub fn sid(&self, name: &str) -> String {
        self.made.sid(name).to_owned()
    }

    /// A customer who writes from this address to [`NUMBER`].
    pub fn customer(&self, address: &str) -> Customer<'_> {
        Customer::new(self, address, NUMBER)
    }

    /// One of the workers.
    pub fn agent(&self, name: &str) -> Agent<'_> {
        Agent::new(self, name)
    }

    /// Whether [`Exchange::later`] reaches tables and queues: one behind an endpoint has a clock of its own. Says
    /// so if it does not, past the harness that hides what a passing test prints, and the scenario ends there.
    pub fn moves_time(&self) -> bool {
        let moves = endpoint("DYNAMODB_ENDPOINT").is_none() && endpoint("SQS_ENDPOINT").is_none();
        if !moves {
            let name = std::thread::current().name().unwrap_or("a scenario").to_owned();
            let line = format!("skipped, since it moves the clock of tables or queues: {name}\n");
            std::io::stderr().write_all(line.as_bytes()).expect("somewhere to say so");
        }
        moves
    }

    /// Lets time pass without waiting for it.
    pub fn later(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).expect("a short span");
        self.skew.fetch_add(millis, Ordering::SeqCst);
        if let Some(sqs) = self.deployment.sqs() {
            sqs.wake();
        }
    }

    /// The minute's tick.
    pub async fn ticks(&self) {
        let event = json!({ "version": "0", "source": "aws.scheduler", "detail": {} });
        self.deployment.invoke("timer", event).await.expect("the tick");
        self.settles().await;
    }

    /// Waits until nothing is left to do.
    pub async fn settles(&self) {
        if let Some(hand) = &self.hand {
            return hand.work_off(&self.deployment).await;
        }
        if let Err(left) = self.deployment.drained(PATIENCE).await {
            panic!("{left}");
        }
    }

    /// The only conversations there are, newest first.
    pub async fn conversations(&self) -> Vec<Value> {
        self.api.all("/conversations/v1/Conversations?PageSize=100", "conversations").await
    }

    /// The messages of a conversation, by index.
    pub async fn messages(&self, conversation: &str) -> Vec<Value> {
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages?PageSize=100");
        self.api.all(&path, "messages").await
    }

    /// The tasks of the workspace.
    pub async fn tasks(&self) -> Vec<Value> {
        self.api.all(&format!("{}/Tasks?PageSize=1000", self.workspace), "tasks").await
    }

    /// Ends the scenario: everything is done, nothing was given up or asked for in vain, and the tables keep every invariant.
    pub async fn rests(self) {
        self.settles().await;
        let letters = self.deployment.dead_letters().await.expect("the dead letters");
        assert!(letters.is_empty(), "dead letters: {letters:?}");
        let refused = self.deployment.refused();
        assert!(refused.is_empty(), "what roles do not allow: {refused:?}");
        let snapshot = check::of_deployment(&self.deployment).await.expect("the tables");
        let now = self.deployment.dependencies("timer").expect("a clock").now();
        let facts = Facts { now, ..Facts::default() };
        let violations = snapshot.violations(Some(&facts), Moment::Rest);
        let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "what must never be:\n{}", told.join("\n"));
        self.deployment.stop().await;
    }
}

/// What the bundle logs is shown if `RUST_LOG` asks for it.
fn log() {
    let lines = tracing_subscriber::fmt::layer().with_test_writer();
    let shown = tracing_subscriber::registry().with(levels(LevelFilter::OFF)).with(lines);
    // Only the first scenario of a process can set it.
    let _ = shown.try_init();
}

/// Tables or queues outside of this process, if the environment names them.
pub fn endpoint(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|endpoint| !endpoint.is_empty())
}

/// Asks again and again until the answer is there.
///
/// # Panics
/// If it does not come in time.
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
