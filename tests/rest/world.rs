//! One account of a bundle that only requests wake, and a client who sends them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use switchboard::stub_carrier::StubCarrier;
use switchboard::{Call, Counters, Fault, Faults, Gate, Options, Passage, Service, check};
use switchboard_check::{Moment, Violation};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::decision::Decision;
use switchboard_domain::record::Record;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_runtime::Dependencies;
use switchboard_runtime::dependencies::Entropy;
use switchboard_tests::{Answered, Api, Exchange, Rest};
use tokio::sync::Notify;

use crate::endpoints::Endpoints;
use crate::full::is_of;

/// Where the world believes the bundle to be.
pub(crate) const HOST: &str = "https://example.com";
/// Sunday, 22 November 2026, 10:00 UTC. Time stands still but for [`World::wait`].
pub(crate) const START: i64 = 1_795_341_600_000;

/// One product of a running bundle.
pub(crate) struct World {
    /// What the function works with, and a store on the same tables, to look at and to write what other functions write.
    pub(crate) on: Dependencies,
    exchange: Exchange,
    base: &'static str,
    /// What was asked of it, and with which status it was answered.
    heard: Mutex<Vec<(Method, String, u16)>>,
    wire: Arc<Wire>,
    /// The endpoints that customers have configured.
    pub(crate) endpoints: Arc<Endpoints>,
    /// How much time passes with each request.
    pace: Duration,
}

impl World {
    /// The function that serves the paths below `base`.
    pub(crate) async fn of(function: &str, base: &'static str) -> Self {
        let count = AtomicU64::new(1);
        let entropy = move || {
            let mut bytes = [7; 16];
            bytes[4..12].copy_from_slice(&count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            bytes
        };
        Self::start(function, base, Some(Arc::new(entropy)), Options::default()).await
    }

    /// The same where REST is limited.
    pub(crate) async fn limited(function: &str, base: &'static str, limits: &str) -> Self {
        let options = Options { rate_limits: Some(limits.to_owned()), ..Options::default() };
        Self::start(function, base, None, options).await
    }

    /// The same where the deployment has this parameter.
    pub(crate) async fn deployed(
        function: &str,
        base: &'static str,
        (name, value): (&str, &str),
    ) -> Self {
        let parameters = [(name.to_owned(), value.to_owned())].into();
        let options = Options { parameters, ..Options::default() };
        Self::start(function, base, None, options).await
    }

    /// The carriers.
    pub(crate) const fn carrier(&self) -> &StubCarrier {
        &self.exchange.carrier
    }

    /// The same with identifiers by chance, and a second between two requests.
    pub(crate) async fn ticking(function: &str, base: &'static str) -> Self {
        let world = Self::start(function, base, None, Options::default()).await;
        Self { pace: Duration::from_secs(1), ..world }
    }

    async fn start(
        function: &str,
        base: &'static str,
        entropy: Option<Entropy>,
        options: Options,
    ) -> Self {
        let (wire, endpoints): (Arc<Wire>, Arc<Endpoints>) = Default::default();
        let options = Options {
            public_url: Some(HOST.to_owned()),
            clock: Some(Arc::new(|| Timestamp(START))),
            entropy,
            faults: Some(Arc::clone(&wire) as Arc<dyn Faults>),
            endpoints: Some(Arc::clone(&endpoints) as Arc<dyn switchboard::Endpoints>),
            is_driven: false,
            ..options
        };
        let exchange = Exchange::with(options).await;
        let mut on = exchange.deployment.dependencies(function).unwrap();
        // By a name of its own: it writes what the function's role does not allow.
        on.store = exchange.deployment.store("the world", on.config.tables.clone());
        Self { on, exchange, base, heard: Mutex::default(), wire, endpoints, pace: Duration::ZERO }
    }

    /// Lets seconds pass.
    pub(crate) fn wait(&self, seconds: u64) {
        self.exchange.later(Duration::from_secs(seconds));
    }

    /// Lets the other functions do what they were asked for.
    pub(crate) async fn settles(&self) {
        self.exchange.settles().await;
    }

    /// Writes records that other functions write.
    pub(crate) async fn given(&self, decision: Decision) {
        let _ = self.on.commit(&decision).await.unwrap();
    }

    /// Writes records as another function, which has other tables.
    pub(crate) async fn given_as(&self, function: &str, decision: Decision) {
        let mut on = self.exchange.deployment.dependencies(function).unwrap();
        on.store = self.exchange.deployment.store("the world", on.config.tables.clone());
        let _ = on.commit(&decision).await.unwrap();
    }

    /// The account has these numbers and other senders.
    pub(crate) async fn owns(&self, addresses: &[&str]) {
        let owned = addresses.iter().map(|address| {
            let number: Address = address.parse().unwrap();
            Record::from(PhoneNumber {
                sid: PhoneNumber::sid_of(&number),
                number,
                friendly_name: (*address).to_owned(),
                carrier: CarrierName::default(),
                messaging_service: None,
                campaign: None,
                settings: None,
                created: Timestamp(START),
                updated: Timestamp(START),
                version: Version::NEW,
            })
        });
        self.given(Decision { puts: owned.collect(), ..Decision::unchanged() }).await;
    }

    /// What other functions were asked for since the last look.
    pub(crate) fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.wire.sent.lock().unwrap())
    }

    /// What the key service was asked for since the last look.
    pub(crate) fn asked_of_keys(&self) -> Vec<String> {
        std::mem::take(&mut self.wire.sealed.lock().unwrap())
    }

    /// How many read units something takes.
    pub(crate) async fn units_read(&self, something: impl Future<Output = ()>) -> f64 {
        let before = self.used().total().read_units;
        something.await;
        self.used().total().read_units - before
    }

    /// What everything has used until now.
    pub(crate) fn used(&self) -> Counters {
        self.exchange.deployment.counters()
    }

    /// The next write is done, but its answer gets lost, so the client writes again.
    pub(crate) fn lose_the_next_answer(&self) {
        self.wire.loses.store(true, Ordering::SeqCst);
    }

    /// Whether tables refuse every request from now on.
    pub(crate) fn throttles(&self, is_so: bool) {
        self.wire.throttles.store(is_so, Ordering::SeqCst);
    }

    /// The next function that asks a table for something panics.
    pub(crate) fn break_the_next(&self) {
        self.wire.breaks.store(true, Ordering::SeqCst);
    }

    /// Does `between` when `request` is about to write, as `function`, for the first time.
    pub(crate) async fn crossed(
        &self,
        function: &'static str,
        request: impl Future<Output = Answered>,
        between: impl Future<Output = ()>,
    ) -> Answered {
        *self.wire.holds.lock().unwrap() = Some(function);
        let others = async {
            self.wire.held.notified().await;
            between.await;
            self.wire.goes.notify_one();
        };
        let mut request = std::pin::pin!(request);
        tokio::select! {
            () = others => request.await,
            answered = &mut request => {
                panic!("it wrote nothing, or did not wait: {} {}", answered.status, answered.body)
            }
        }
    }

    /// What must never be of all records, and is.
    pub(crate) async fn violations(&self, moment: Moment) -> Vec<Violation> {
        let snapshot = check::of_deployment(&self.exchange.deployment).await.unwrap();
        snapshot.violations(None, moment)
    }

    /// Whether the answer that was to be lost was lost.
    pub(crate) fn has_lost_it(&self) -> bool {
        !self.wire.loses.load(Ordering::SeqCst)
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, &[], &[]).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(Method::POST, path, form, &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], &[]).await
    }

    /// Webhooks are to be called.
    pub(crate) async fn post_with_webhooks(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(Method::POST, path, form, &[WITH_WEBHOOKS]).await
    }

    /// Webhooks are to be called.
    pub(crate) async fn delete_with_webhooks(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], &[WITH_WEBHOOKS]).await
    }

    /// If the resource still has that version.
    pub(crate) async fn post_if(&self, tag: &str, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(Method::POST, path, form, &[("if-match", tag)]).await
    }

    /// If the resource still has that version.
    pub(crate) async fn delete_if(&self, tag: &str, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], &[("if-match", tag)]).await
    }

    /// A client with other credentials, for paths of all products.
    pub(crate) fn client(&self, user: &str, password: &str) -> Api {
        Api::new(self.exchange.deployment.base_url(), user, password)
    }

    /// A client that bears a token.
    pub(crate) fn bearing(&self, token: &str) -> Api {
        Api::bearing(self.exchange.deployment.base_url(), token)
    }

    /// Where the bundle answers.
    pub(crate) fn base_url(&self) -> &str {
        self.exchange.deployment.base_url()
    }

    /// Now, in seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.on.now().0 / 1000
    }

    /// With other credentials.
    pub(crate) async fn get_as(&self, user: &str, password: &str, path: &str) -> Answered {
        let api = Api::new(self.exchange.deployment.base_url(), user, password);
        api.get(&self.path(path)).await
    }

    /// Any request.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answered {
        self.exchange.later(self.pace);
        let answered =
            self.exchange.api.send(method.clone(), &self.path(path), form, headers).await;
        let path = path.strip_prefix(HOST).unwrap_or(path);
        let path = path.strip_prefix(self.base).unwrap_or(path);
        self.heard.lock().unwrap().push((method, path.to_owned(), answered.status));
        answered
    }

    /// Whether a request to a path like this one was answered with that status.
    pub(crate) fn has_answered(&self, method: &str, template: &str, status: u16) -> bool {
        self.heard.lock().unwrap().iter().any(|(how, path, answered)| {
            how.as_str().eq_ignore_ascii_case(method)
                && *answered == status
                && is_of(path, template)
        })
    }

    /// A URL that was answered is taken as it is; a path is one of the product.
    fn path(&self, path: &str) -> String {
        match path.strip_prefix(HOST) {
            Some(path) => path.to_owned(),
            None => format!("{}{path}", self.base),
        }
    }
}

/// A contact centre is set up by paths of all products.
impl Rest for World {
    async fn creates(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.exchange.later(self.pace);
        self.exchange.api.creates(path, form).await
    }

    async fn reads(&self, path: &str) -> Value {
        self.exchange.later(self.pace);
        self.exchange.api.reads(path).await
    }
}

const WITH_WEBHOOKS: (&str, &str) = ("x-twilio-webhook-enabled", "true");

/// What goes between functions and services: it is listened to, an answer may get lost, and a write may wait.
#[derive(Debug, Default)]
struct Wire {
    sent: Mutex<Vec<Value>>,
    /// What the key service was asked for.
    sealed: Mutex<Vec<String>>,
    loses: AtomicBool,
    /// Whether tables have no room.
    throttles: AtomicBool,
    /// Whether the next request to a table breaks the function that makes it.
    breaks: AtomicBool,
    /// Whose next write waits.
    holds: Mutex<Option<&'static str>>,
    held: Arc<Notify>,
    goes: Arc<Notify>,
}

fn is_write(call: &Call<'_>) -> bool {
    call.service == Service::Tables
        && matches!(call.operation, "PutItem" | "DeleteItem" | "TransactWriteItems")
}

impl Faults for Wire {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let is_full = call.service == Service::Tables && self.throttles.load(Ordering::SeqCst);
        is_full.then_some(Fault::Throttled)
    }

    fn gate(&self, call: &Call<'_>) -> Option<Gate> {
        if call.service == Service::Tables && self.breaks.swap(false, Ordering::SeqCst) {
            return Some(Box::pin(async { panic!("a bug that nobody has found yet") }));
        }
        let mut holds = self.holds.lock().unwrap();
        if !is_write(call) || *holds != Some(call.function) {
            return None;
        }
        *holds = None;
        let (held, goes) = (Arc::clone(&self.held), Arc::clone(&self.goes));
        Some(Box::pin(async move {
            held.notify_one();
            goes.notified().await;
            Passage::default()
        }))
    }

    fn answered(&self, call: &Call<'_>, status: u16) {
        if call.service == Service::Keys {
            self.sealed.lock().unwrap().push(call.operation.to_owned());
        }
        if call.operation != "SendMessageBatch" || status != 200 {
            return;
        }
        let entries = call.body["Entries"].as_array().into_iter().flatten();
        let bodies = entries.filter_map(|entry| entry["MessageBody"].as_str());
        let bodies = bodies.map(|body| serde_json::from_str(body).unwrap_or_default());
        self.sent.lock().unwrap().extend(bodies);
    }

    fn after(&self, call: &Call<'_>) -> Option<Fault> {
        let is_lost = is_write(call) && self.loses.swap(false, Ordering::SeqCst);
        is_lost.then_some(Fault::Lost)
    }
}
