//! The API keys that were used a moment ago, kept in the memory of the process (rule F.1).
//!
//! A key that was read is taken as known for [`KNOWN_FOR`]: it costs one read a minute and process, and a key that is revoked is
//! refused everywhere within that time. Its secret is opened only to verify a token, and forgotten after [`OPENED_FOR`].

use std::sync::Arc;

use switchboard_domain::access::ApiKey;
use switchboard_domain::private::Private;
use switchboard_domain::sid::KeySid;
use switchboard_domain::timestamp::Millis;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;
use crate::known::counts;

/// How long a key is taken as it was read: what is changed or revoked counts within it.
pub const KNOWN_FOR: Millis = Millis::seconds(60);
/// How long a secret that was opened stays in memory.
pub const OPENED_FOR: Millis = Millis::seconds(600);

impl Dependencies {
    /// An API key as it was at most a minute ago; none if there is no such key.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn api_key(&self, sid: KeySid) -> Result<Option<Arc<ApiKey>>, Failure> {
        let now = self.now();
        let known = self.known_keys.all().get(&sid).cloned();
        if let Some(known) = known.filter(|known| counts(known.read_at, KNOWN_FOR, now)) {
            return Ok(known.key);
        }
        let found: Option<ApiKey> = self.store.get(key::api_key(sid)).await?;
        let found = found.map(Arc::new);
        self.known_keys.learn(sid, found.clone(), now);
        Ok(found)
    }

    /// Seals the secret of a key.
    ///
    /// # Errors
    /// If the key service does not answer.
    pub async fn seal(&self, of: KeySid, secret: &Private<String>) -> Result<String, Failure> {
        self.secrets()?.seal(of, secret).await
    }

    /// Forgets a key that was changed or revoked by this process.
    pub fn forget_api_key(&self, sid: KeySid) {
        self.known_keys.all().remove(&sid);
    }

    /// The secret of a key, which the key service is asked for at most once in ten minutes.
    ///
    /// # Errors
    /// If the key service does not answer, or the key has no secret.
    pub async fn secret_of(&self, key: &ApiKey) -> Result<Private<String>, Failure> {
        if let Some(secret) = &key.secret {
            return Ok(secret.clone());
        }
        let now = self.now();
        let opened = self.known_keys.all().get(&key.sid).and_then(|known| known.opened.clone());
        if let Some((secret, _)) = opened.filter(|(_, at)| counts(*at, OPENED_FOR, now)) {
            return Ok(secret);
        }
        let missing = || Failure::Defect(format!("{} has no secret", key.sid));
        let sealed = key.sealed.as_ref().ok_or_else(missing)?;
        let secret = self.secrets()?.open(key.sid, sealed).await?;
        if let Some(known) = self.known_keys.all().get_mut(&key.sid) {
            known.opened = Some((secret.clone(), now));
        }
        Ok(secret)
    }
}
