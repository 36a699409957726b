//! Temporary addresses of files: whoever has one may read the file until it ends, and nobody can make one up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::private::Private;
use crate::sid::{AccountSid, MediaSid};
use crate::timestamp::{Millis, Timestamp};

/// How long a temporary address is good for, as it is shown to clients (rule B.3).
pub const TEMPORARY: Millis = Millis::seconds(300);

/// Makes temporary addresses, and knows those that it made.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Where the world reaches us, without a slash at the end.
    pub public_url: &'a str,
    /// The account.
    pub account: AccountSid,
    /// What it is signed with.
    pub secret: &'a Private<String>,
}

/// Why an address leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It was not made by us.
    #[error("the signature is wrong")]
    Forged,
    /// It was good until then.
    #[error("the address has expired: ask for a new one")]
    Expired,
}

impl Link<'_> {
    /// The address of a file, good until then, to the second.
    pub fn address(&self, media: MediaSid, until: Timestamp) -> String {
        let seconds = until.0.div_euclid(1000);
        let digest = self.signer(media, seconds).finalize().into_bytes();
        let signature = URL_SAFE_NO_PAD.encode(digest);
        let url = self.public_url;
        format!("{url}/media/v1/Content/{media}?Expires={seconds}&Signature={signature}")
    }

    /// Checks what an address of a file says.
    ///
    /// # Errors
    /// That it is not ours, or not good any more.
    pub fn check(
        &self,
        media: MediaSid,
        expires: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<(), LinkError> {
        let seconds: i64 = expires.parse().map_err(|_| LinkError::Forged)?;
        let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| LinkError::Forged)?;
        // In constant time.
        self.signer(media, seconds).verify_slice(&given).map_err(|_| LinkError::Forged)?;
        match now.0.div_euclid(1000) < seconds {
            true => Ok(()),
            false => Err(LinkError::Expired),
        }
    }

    /// The words before the file keep this signature from being one of anything else that the secret signs.
    fn signer(&self, media: MediaSid, seconds: i64) -> Hmac<Sha256> {
        let account = self.account;
        #[expect(clippy::expect_used, reason = "a key of HMAC may have any length")]
        let mut signer = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .expect("a key of HMAC may have any length");
        signer.update(
            format!("temporary address of media\n{account}\n{media}\n{seconds}").as_bytes(),
        );
        signer
    }
}
