//! The secrets of API keys, as far as a function has somebody who seals and opens them.

use std::fmt;
use std::pin::Pin;

use switchboard_domain::private::Private;
use switchboard_domain::sid::KeySid;

use crate::failure::Failure;

/// A secret, or what was made of it, to come.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Who seals and opens the secrets of API keys: the key service.
pub trait KeepsSecrets: fmt::Debug + Send + Sync {
    /// Seals the secret of a key, for its record.
    fn seal<'a>(&'a self, of: KeySid, secret: &'a Private<String>) -> Kept<'a, String>;

    /// Opens what was sealed for the key.
    fn open<'a>(&'a self, of: KeySid, sealed: &'a str) -> Kept<'a, Private<String>>;
}
