//! Secrets, sealed by the key service and opened by it. What it seals is bound to whose secret it is, and to the name that
//! it has there: moved to another item it does not open.
#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use switchboard_domain::private::Private;
use switchboard_domain::sid::{ConnectionSid, KeySid};
use switchboard_runtime::dependencies::sdk_config;
use switchboard_runtime::secrets::{KeepsSecrets, Kept};
use switchboard_runtime::{Config, Dependencies, Error, Failure, Needs, Patience, start_with};
use tokio::sync::OnceCell;

/// The word for a secret of a connection. Roles say by such a word who may seal and open what: the key seals everything
/// else of the bundle as well.
const CONNECTION: &str = "connection";
/// The word for the secret of an API key.
const API_KEY: &str = "api_key";
const SECRET: &str = "secret";

/// What a secret is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding<'a> {
    /// A connection to a carrier, and the name of the secret there.
    Connection(ConnectionSid, &'a str),
    /// An API key, which has one secret.
    ApiKey(KeySid),
}

impl Binding<'_> {
    /// The encryption context.
    fn context(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Connection(sid, name) => {
                vec![(CONNECTION, sid.to_string()), (SECRET, name.to_owned())]
            }
            Self::ApiKey(sid) => vec![(API_KEY, sid.to_string())],
        }
    }
}

impl fmt::Display for Binding<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(sid, name) => write!(out, "the secret {name} of {sid}"),
            Self::ApiKey(sid) => write!(out, "the secret of {sid}"),
        }
    }
}

/// The key service, and the key.
#[derive(Clone)]
pub struct Vault {
    key: String,
    patience: Patience,
    // Made on first use: most invocations never need a secret.
    client: Arc<OnceCell<Client>>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Vault").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Vault {
    /// The key of the configuration, to be asked for as the environment says.
    pub fn of_environment(config: &Config, patience: Patience) -> Self {
        let key = config.secrets_key.clone().unwrap_or_default();
        Self { key, patience, client: Arc::default() }
    }

    /// The same, to be asked for by this client.
    pub fn over(config: &Config, patience: Patience, client: Client) -> Self {
        Self { client: Arc::new(OnceCell::from(client)), ..Self::of_environment(config, patience) }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(&sdk_config(self.patience).await) }).await
    }

    /// Seals a secret: base64, for a record.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the key service does not.
    pub async fn seal(&self, to: Binding<'_>, secret: &Private<String>) -> Result<String, Failure> {
        let mut request = self.client().await.encrypt().key_id(&self.key);
        for (word, value) in to.context() {
            request = request.encryption_context(word, value);
        }
        let sealed = request.plaintext(Blob::new(secret.as_bytes())).send().await;
        let sealed = sealed.map_err(|error| Failure::unavailable("Encrypt", &error))?;
        let blob = sealed.ciphertext_blob().map(AsRef::as_ref).unwrap_or_default();
        Ok(STANDARD.encode::<&[u8]>(blob))
    }

    /// Opens what [`Vault::seal`] sealed.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the key service does not answer; [`Failure::Defect`] if it was not sealed so.
    pub async fn open(&self, of: Binding<'_>, sealed: &str) -> Result<Private<String>, Failure> {
        let damaged = || Failure::Defect(format!("{of} is damaged"));
        let sealed = STANDARD.decode(sealed).map_err(|_| damaged())?;
        let mut request = self.client().await.decrypt().key_id(&self.key);
        for (word, value) in of.context() {
            request = request.encryption_context(word, value);
        }
        let opened = request.ciphertext_blob(Blob::new(sealed)).send().await;
        let opened = opened.map_err(|error| match &error {
            SdkError::ServiceError(refused) if is_damage(refused.err()) => damaged(),
            _ => Failure::unavailable("Decrypt", &error),
        })?;
        let bytes = opened.plaintext().map(|blob| blob.as_ref().to_vec()).unwrap_or_default();
        String::from_utf8(bytes).map(Private).map_err(|_| damaged())
    }
}

/// Whether asking again would bring the same.
fn is_damage(error: &DecryptError) -> bool {
    error.is_invalid_ciphertext_exception() || error.is_incorrect_key_exception()
}

impl KeepsSecrets for Vault {
    fn seal<'a>(&'a self, of: KeySid, secret: &'a Private<String>) -> Kept<'a, String> {
        Box::pin(async move { self.seal(Binding::ApiKey(of), secret).await })
    }

    fn open<'a>(&'a self, of: KeySid, sealed: &'a str) -> Kept<'a, Private<String>> {
        Box::pin(async move { self.open(Binding::ApiKey(of), sealed).await })
    }
}

/// Lets a function seal and open the secrets of API keys by the key of its environment.
pub fn keeping(on: Dependencies, patience: Patience) -> Dependencies {
    let vault = Vault::of_environment(&on.config, patience);
    on.keeping(Arc::new(vault))
}

/// Starts such a function ([`switchboard_runtime::start`]).
///
/// # Errors
/// If the environment does not say what it has to.
pub async fn start(needs: Needs) -> Result<&'static Dependencies, Error> {
    start_with(needs, |on| Ok(keeping(on, needs.patience))).await
}
