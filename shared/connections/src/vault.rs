//! Secrets, sealed by the key service and opened by it. What it seals is bound to a connection and to the name of the
//! secret: moved to another item it does not open.

use std::fmt;
use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use switchboard_domain::private::Private;
use switchboard_domain::sid::ConnectionSid;
use switchboard_runtime::dependencies::sdk_config;
use switchboard_runtime::{Config, Failure, Patience};
use tokio::sync::OnceCell;

/// What a secret is bound to beside its name. Roles say by this word who may seal and open secrets of connections: the
/// key seals everything else of the bundle as well.
const CONNECTION: &str = "connection";
const SECRET: &str = "secret";

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
    pub async fn seal(
        &self,
        connection: ConnectionSid,
        name: &str,
        secret: &Private<String>,
    ) -> Result<String, Failure> {
        let request = self.client().await.encrypt().key_id(&self.key);
        let request = request.plaintext(Blob::new(secret.as_bytes()));
        let request = request
            .encryption_context(CONNECTION, connection.to_string())
            .encryption_context(SECRET, name);
        let sealed = request.send().await;
        let sealed = sealed.map_err(|error| Failure::unavailable("Encrypt", &error))?;
        let blob = sealed.ciphertext_blob().map(AsRef::as_ref).unwrap_or_default();
        Ok(STANDARD.encode::<&[u8]>(blob))
    }

    /// Opens what [`Vault::seal`] sealed.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the key service does not answer; [`Failure::Defect`] if it was not sealed so.
    pub async fn open(
        &self,
        connection: ConnectionSid,
        name: &str,
        sealed: &str,
    ) -> Result<Private<String>, Failure> {
        let damaged = || Failure::Defect(format!("the secret {name} of {connection} is damaged"));
        let sealed = STANDARD.decode(sealed).map_err(|_| damaged())?;
        let request = self.client().await.decrypt().key_id(&self.key);
        let request = request.ciphertext_blob(Blob::new(sealed));
        let request = request
            .encryption_context(CONNECTION, connection.to_string())
            .encryption_context(SECRET, name);
        let opened = request.send().await.map_err(|error| match &error {
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
