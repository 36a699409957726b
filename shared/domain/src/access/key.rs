//! An API key: a name and a password beside the account's, with rights of its own (rule F.1).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::policy::{Assertion, Denied, Wanted};
use crate::private::Private;
use crate::sid::KeySid;
use crate::timestamp::Timestamp;
use crate::version::Version;

/// At most this many assertions stand in the policy of a restricted key.
pub const ALLOWED_MAX: usize = 100;

/// An API key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its identifier, used as the user name.
    pub sid: KeySid,
    /// A name for people.
    pub friendly_name: String,
    /// What it may do. Keys from before there were rights are standard ones.
    #[serde(default, skip_serializing_if = "Rights::are_standard")]
    pub rights: Rights,
    /// The secret in clear, of keys from before secrets were sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Private<String>>,
    /// The secret, sealed by the key service for this key: access tokens are signed with it, so it has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// What a password is compared with, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The SHA-256 of a secret, in hexadecimal. A secret has 128 random bits, so nobody finds it by trying, and a slow digest
/// would only be slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Of a secret.
    pub fn of(secret: &str) -> Self {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(secret.as_bytes()) {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Its text.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What a key may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Rights {
    /// Everything that the account may.
    Main,
    /// Everything but to read or change the account and its keys.
    #[default]
    Standard,
    /// What its policy allows, and nothing else.
    Restricted {
        /// The policy.
        allow: Vec<Assertion>,
    },
}

impl Rights {
    fn are_standard(&self) -> bool {
        *self == Self::Standard
    }

    /// Whether they allow a request; none is wanted where no permission is published.
    ///
    /// # Errors
    /// [`Denied`] says what is missing.
    pub fn allow(&self, wanted: Option<&Wanted>) -> Result<(), Denied> {
        match (self, wanted) {
            (Self::Main, _) => Ok(()),
            (Self::Standard, Some(wanted)) if wanted.is_of_account() => Err(Denied::ForMainKeys),
            (Self::Standard, _) => Ok(()),
            (Self::Restricted { allow }, Some(wanted)) => {
                match allow.iter().any(|one| one.allows(wanted)) {
                    true => Ok(()),
                    false => Err(Denied::Missing(wanted.to_string())),
                }
            }
            (Self::Restricted { .. }, None) => Err(Denied::Unknown),
        }
    }

    /// Whether secrets of such keys sign access tokens: those of restricted keys do not.
    pub const fn sign_tokens(&self) -> bool {
        !matches!(self, Self::Restricted { .. })
    }
}

impl ApiKey {
    /// A new key, whose secret was sealed.
    pub fn new(
        sid: KeySid,
        friendly_name: String,
        rights: Rights,
        (secret, sealed): (&Private<String>, String),
        now: Timestamp,
    ) -> Self {
        Self {
            sid,
            friendly_name,
            rights,
            secret: None,
            sealed: Some(sealed),
            digest: Some(Digest::of(secret).0),
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// What a password is compared with; none lets nobody in.
    pub fn digest(&self) -> Option<Digest> {
        let of_clear = || self.secret.as_ref().map(|secret| Digest::of(secret));
        self.digest.clone().map(Digest).or_else(of_clear)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Action;
    use crate::sid::Sid as _;

    fn wanted(product: &str, action: Action, path: &[&str]) -> Wanted {
        Wanted::of(product, action, path).unwrap()
    }

    fn key(rights: Rights) -> ApiKey {
        let secret = Private::from("a secret");
        ApiKey::new(
            KeySid::derived(&["k"]),
            "k".to_owned(),
            rights,
            (&secret, "s".to_owned()),
            Timestamp(1),
        )
    }

    #[test]
    fn a_secret_is_known_by_its_digest_and_is_not_kept() {
        let key = key(Rights::Main);
        assert_eq!(key.digest(), Some(Digest::of("a secret")));
        assert_ne!(key.digest(), Some(Digest::of("a secre")));
        assert!(!serde_json::to_string(&key).unwrap().contains("a secret"));
    }

    #[test]
    fn a_key_from_before_is_a_standard_one_that_knows_its_secret() {
        let text = r#"{"sid":"SK8ebe59a952429529a8ac26a55d77b7c0","friendly_name":"old","secret":"clear","created":1,
            "updated":1}"#;
        let key: ApiKey = serde_json::from_str(text).unwrap();
        assert_eq!((&key.rights, key.digest()), (&Rights::Standard, Some(Digest::of("clear"))));
    }

    #[test]
    fn each_kind_of_key_reaches_as_far_as_it_may() {
        let account = "AC00000000000000000000000000000001";
        let keys = wanted("api", Action::Create, &["2010-04-01", "Accounts", account, "Keys.json"]);
        let iam = wanted("iam", Action::Update, &["v1", "Keys", "SK1"]);
        let itself = wanted("api", Action::Read, &["2010-04-01", "Accounts", "AC1.json"]);
        let message =
            wanted("api", Action::Read, &["2010-04-01", "Accounts", "AC1", "Messages.json"]);
        for one in [&keys, &iam, &itself, &message] {
            assert_eq!(Rights::Main.allow(Some(one)), Ok(()));
        }
        for one in [&keys, &iam, &itself] {
            assert_eq!(Rights::Standard.allow(Some(one)), Err(Denied::ForMainKeys));
        }
        assert_eq!(Rights::Standard.allow(Some(&message)), Ok(()));
        assert_eq!(Rights::Standard.allow(None), Ok(()));
        let allow = vec!["/twilio/messaging/messages/read".parse().unwrap()];
        let restricted = Rights::Restricted { allow };
        let missing = Denied::Missing("twilio/messaging/messages/list".to_owned());
        assert_eq!(restricted.allow(Some(&message)), Err(missing));
        for one in [&keys, &iam, &itself] {
            assert!(restricted.allow(Some(one)).is_err());
        }
        assert_eq!(restricted.allow(None), Err(Denied::Unknown));
        assert!(!restricted.sign_tokens() && Rights::Standard.sign_tokens());
    }
}
