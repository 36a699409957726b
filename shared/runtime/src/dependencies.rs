//! What a function works with: built once at start, borrowed by every invocation.

use std::fmt;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls::Provider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use switchboard_domain::sid::{Bytes, Sid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::CommitId;
use switchboard_store::Store;

use crate::config::{Config, environment};
use crate::endpoints::AsksEndpoints;
use crate::failure::Failure;
use crate::known::KnownKeys;
use crate::known_flows::KnownFlows;
use crate::needs::Needs;
use crate::patience::Patience;
use crate::queue::Queues;
use crate::secrets::KeepsSecrets;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Gives random bytes.
pub type Entropy = Arc<dyn Fn() -> Bytes + Send + Sync>;

/// Everything that reaches out of a function.
#[derive(Clone)]
pub struct Dependencies {
    /// The configuration.
    pub config: Config,
    /// The tables.
    pub store: Store,
    /// The queues.
    pub queues: Queues,
    clock: Clock,
    entropy: Entropy,
    endpoints: Option<Arc<dyn AsksEndpoints>>,
    secrets: Option<Arc<dyn KeepsSecrets>>,
    pub(crate) known_keys: KnownKeys,
    pub(crate) known_flows: KnownFlows,
}

impl fmt::Debug for Dependencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Dependencies").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Dependencies {
    /// Out of parts; tests and the laptop bring their own.
    pub fn new(
        config: Config,
        store: Store,
        queues: Queues,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let (endpoints, secrets, known_keys, known_flows) = Default::default();
        Self { config, store, queues, clock, entropy, endpoints, secrets, known_keys, known_flows }
    }

    /// The same with somebody who asks the endpoints of customers beforehand.
    #[must_use]
    pub fn asking(self, endpoints: Arc<dyn AsksEndpoints>) -> Self {
        Self { endpoints: Some(endpoints), ..self }
    }

    /// The same with somebody who seals and opens the secrets of API keys.
    #[must_use]
    pub fn keeping(self, secrets: Arc<dyn KeepsSecrets>) -> Self {
        Self { secrets: Some(secrets), ..self }
    }

    /// Who seals and opens secrets.
    pub(crate) fn secrets(&self) -> Result<&dyn KeepsSecrets, Failure> {
        let missing = || Failure::Defect("nobody opens secrets here".to_owned());
        self.secrets.as_deref().ok_or_else(missing)
    }

    /// Whether endpoints can be asked.
    pub(crate) const fn asks_endpoints(&self) -> bool {
        self.endpoints.is_some()
    }

    /// Who asks endpoints.
    pub(crate) fn endpoints(&self) -> Result<&dyn AsksEndpoints, Failure> {
        let missing = || Failure::Defect("nobody asks endpoints here".to_owned());
        self.endpoints.as_deref().ok_or_else(missing)
    }

    /// The environment of a Lambda function, whose clients wait as it can afford: the one place that builds clients.
    ///
    /// # Errors
    /// Names every variable that is missing, or the one that is wrong.
    pub async fn from_env(needs: Needs) -> Result<Self, lambda_runtime::Error> {
        let variables = environment();
        needs.met_by(&variables)?;
        let config = Config::read(&variables)?;
        let sdk = sdk_config(needs.patience).await;
        let store = Store::new(aws_sdk_dynamodb::Client::new(&sdk), config.tables.clone());
        let queues = Queues::new(aws_sdk_sqs::Client::new(&sdk), config.queues.clone());
        Ok(Self::new(config, store, queues, Arc::new(system_time), Arc::new(system_entropy)))
    }

    /// The same, whose effects wait until they are released: those of a whole batch are sent together, which is
    /// a tenth of the requests, and of the time that they take. If they are never released, the relay has them.
    pub fn holding_effects(&self) -> Self {
        Self { queues: self.queues.holding(), ..self.clone() }
    }

    /// Sends the effects that waited.
    pub async fn release_effects(&self) {
        self.queues.release(self.now()).await;
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A random number.
    pub(crate) fn random(&self) -> u32 {
        let bytes = (self.entropy)();
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// A name for an attempt to commit.
    pub(crate) fn commit_id(&self) -> CommitId {
        let mut id = [0; CommitId::BYTES];
        id.copy_from_slice(&(self.entropy)()[4..][..CommitId::BYTES]);
        CommitId(id)
    }

    /// A new identifier.
    pub fn mint<T: Sid>(&self) -> T {
        T::root((self.entropy)())
    }
}

/// The version of the SDK's behaviour, for every client of every service. It is named, since the newest one changes
/// with an update: the next one waits a second before it repeats a throttled call. It is the newest that the
/// registry has; what it leaves open of retries and timeouts, [`Patience`] says.
pub fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Credentials, region and endpoints of the environment, for clients of any service.
pub async fn sdk_config(patience: Patience) -> aws_config::SdkConfig {
    aws_config::defaults(behavior_version())
        .http_client(https())
        .timeout_config(patience.timeouts())
        .retry_config(patience.retries())
        .load()
        .await
}

/// HTTPS with one cryptographic provider, for all clients.
fn https() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// The system's clock.
pub fn system_time() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// The system's randomness.
///
/// # Panics
/// If the system has none: no identifier may be guessed.
pub fn system_entropy() -> Bytes {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
