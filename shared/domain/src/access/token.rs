//! Access tokens: what a browser is handed, so that it may act as one identity or one worker (rule F.2). What the claims have
//! to be is decided here; the signature is the caller's to verify, with the secret of the key that the claims name.

use serde::Deserialize;

use crate::codes::Code;
use crate::sid::{AccountSid, KeySid, ServiceSid, WorkerSid, WorkspaceSid};
use crate::timestamp::Timestamp;

/// The longest token, in bytes: one is a header of a request.
pub const TOKEN_BYTES_MAX: usize = 4096;
/// The longest that a token may be valid, in seconds.
pub const TTL_S_MAX: i64 = 24 * 60 * 60;
/// So many seconds the clocks of who signs and who verifies may differ.
pub const LEEWAY_S: i64 = 60;
/// The longest identity, in characters (rule H).
const IDENTITY_CHARS_MAX: usize = 256;
/// The content type that the vendor's tokens bear.
const CONTENT_TYPE: &str = "twilio-fpa;v=1";

/// The header of a token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenHeader {
    /// The algorithm: one counts, whatever a token says of itself.
    pub alg: String,
    /// `JWT`.
    #[serde(default)]
    pub typ: Option<String>,
    /// The vendor's content type.
    #[serde(default)]
    pub cty: Option<String>,
    /// The key, if it is named here as well.
    #[serde(default)]
    pub kid: Option<String>,
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TokenClaims {
    /// Whose secret signed it: an API key.
    #[serde(default)]
    pub iss: String,
    /// Whose account it is for.
    #[serde(default)]
    pub sub: String,
    /// Until when it counts, in seconds since 1970.
    #[serde(default)]
    pub exp: Option<i64>,
    /// From when on.
    #[serde(default)]
    pub nbf: Option<i64>,
    /// When it was made.
    #[serde(default)]
    pub iat: Option<i64>,
    /// What it is for.
    #[serde(default)]
    pub grants: serde_json::Value,
}

/// Who holds an access token, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The key that vouches for them.
    pub key: KeySid,
    /// Who they are in a service of conversations.
    pub client: Option<(ServiceSid, String)>,
    /// Which worker they are.
    pub worker: Option<(WorkspaceSid, WorkerSid)>,
}

/// What the product publishes of grants, as far as it is used here.
#[derive(Debug, Default, Deserialize)]
struct Grants {
    identity: Option<String>,
    chat: Option<ChatGrant>,
    task_router: Option<TaskRouterGrant>,
}

#[derive(Debug, Deserialize)]
struct ChatGrant {
    service_sid: Option<ServiceSid>,
    /// A role for as long as the token lasts, which nobody has here.
    deployment_role_sid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TaskRouterGrant {
    workspace_sid: Option<WorkspaceSid>,
    worker_sid: Option<WorkerSid>,
    role: Option<String>,
}

impl TokenHeader {
    /// Whether a token with this header is looked at.
    ///
    /// # Errors
    /// [`Code::InvalidTokenHeader`]: for another algorithm, none among them, another type, or another key than `issuer`.
    pub fn check(&self, issuer: &str) -> Result<(), Code> {
        let is_jwt = self.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        let is_vendors = self.cty.as_deref().is_none_or(|cty| cty == CONTENT_TYPE);
        let is_key = self.kid.as_deref().is_none_or(|kid| kid == issuer);
        match self.alg == "HS256" && is_jwt && is_vendors && is_key {
            true => Ok(()),
            false => Err(Code::InvalidTokenHeader),
        }
    }
}

impl TokenClaims {
    /// The key whose secret has to verify the token, if it can count at all: for this account, now. This costs nothing, so it
    /// comes before anything is read.
    ///
    /// # Errors
    /// [`Code::InvalidTokenIssuer`], [`Code::TokenExpired`], [`Code::TokenTooLong`], [`Code::TokenNotYetValid`].
    pub fn key(&self, account: AccountSid, now: Timestamp) -> Result<KeySid, Code> {
        let key = self.iss.parse().map_err(|_| Code::InvalidTokenIssuer)?;
        if self.sub != account.to_string() {
            return Err(Code::InvalidTokenIssuer);
        }
        self.counts(now)?;
        Ok(key)
    }

    fn counts(&self, now: Timestamp) -> Result<(), Code> {
        let now = now.0.div_euclid(1000);
        let end = self.exp.ok_or(Code::TokenExpired)?;
        if end.saturating_add(LEEWAY_S) <= now {
            return Err(Code::TokenExpired);
        }
        if self.nbf.is_some_and(|start| start.saturating_sub(LEEWAY_S) > now) {
            return Err(Code::TokenNotYetValid);
        }
        let made = self.iat.or(self.nbf).unwrap_or(now).min(now.saturating_add(LEEWAY_S));
        let span = end.saturating_sub(made);
        if span > TTL_S_MAX { Err(Code::TokenTooLong) } else { Ok(()) }
    }

    /// Who holds the token.
    ///
    /// # Errors
    /// [`Code::InvalidTokenGrants`], if it is for nothing that is here, or does not say for whom.
    pub fn holder(&self, key: KeySid) -> Result<Holder, Code> {
        let wrong = |_| Code::InvalidTokenGrants;
        let grants: Grants = serde_json::from_value(self.grants.clone()).map_err(wrong)?;
        let identity = grants.identity.filter(|identity| is_identity(identity));
        let client = match grants.chat {
            None => None,
            Some(ChatGrant { service_sid: Some(service), deployment_role_sid: None }) => {
                Some((service, identity.clone().ok_or(Code::InvalidTokenGrants)?))
            }
            Some(_) => return Err(Code::InvalidTokenGrants),
        };
        let worker = match grants.task_router {
            None => None,
            Some(TaskRouterGrant { workspace_sid, worker_sid, role }) => {
                let is_known = role.as_deref().is_none_or(|role| ROLES.contains(&role));
                let both = workspace_sid.zip(worker_sid).filter(|_| is_known);
                Some(both.ok_or(Code::InvalidTokenGrants)?)
            }
        };
        match client.is_some() || worker.is_some() {
            true => Ok(Holder { key, client, worker }),
            false => Err(Code::InvalidTokenGrants),
        }
    }
}

/// The roles that a worker's token may bear. All of them may do what a worker may, since nothing else is there for them.
const ROLES: [&str; 3] = ["worker", "supervisor", "admin"];

/// Whether somebody can be called so: not nobody, nor with blanks around, nor as what nobody wrote.
fn is_identity(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(char::is_control)
        && !text.eq_ignore_ascii_case("system")
        && text.chars().count() <= IDENTITY_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_341_600_000);
    const NOW_S: i64 = 1_795_341_600;
    const KEY: &str = "SK8ebe59a952429529a8ac26a55d77b7c0";
    const ACCOUNT: &str = "AC00000000000000000000000000000001";
    const SERVICE: &str = "IS00000000000000000000000000000001";
    const WORKER: &str = "WK00000000000000000000000000000001";
    const WORKSPACE: &str = "WS00000000000000000000000000000001";

    fn claims(change: Value) -> TokenClaims {
        let mut all = json!({
            "iss": KEY, "sub": ACCOUNT, "iat": NOW_S, "exp": NOW_S + 3600, "jti": "x",
            "grants": { "identity": "ann", "chat": { "service_sid": SERVICE } },
        });
        for (name, value) in change.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn key(change: Value) -> Result<KeySid, Code> {
        claims(change).key(ACCOUNT.parse().unwrap(), NOW)
    }

    #[test]
    fn a_token_counts_for_its_time_give_or_take_a_minute() {
        assert_eq!(key(json!({})), Ok(KEY.parse().unwrap()));
        assert_eq!(key(json!({ "exp": NOW_S - 59 })), Ok(KEY.parse().unwrap()));
        assert_eq!(key(json!({ "exp": NOW_S - 60 })), Err(Code::TokenExpired));
        assert_eq!(key(json!({ "exp": i64::MIN })), Err(Code::TokenExpired));
        assert_eq!(key(json!({ "exp": null })), Err(Code::TokenExpired));
        assert_eq!(key(json!({ "nbf": NOW_S + 60 })), Ok(KEY.parse().unwrap()));
        assert_eq!(key(json!({ "nbf": NOW_S + 61 })), Err(Code::TokenNotYetValid));
        assert_eq!(key(json!({ "nbf": i64::MAX })), Err(Code::TokenNotYetValid));
    }

    #[test]
    fn a_token_lasts_a_day_at_most_whatever_it_says_of_its_age() {
        assert!(key(json!({ "exp": NOW_S + TTL_S_MAX })).is_ok());
        assert_eq!(key(json!({ "exp": NOW_S + TTL_S_MAX + 1 })), Err(Code::TokenTooLong));
        assert_eq!(key(json!({ "exp": i64::MAX })), Err(Code::TokenTooLong));
        let old = json!({ "iat": NOW_S - TTL_S_MAX, "exp": NOW_S + 1 });
        assert_eq!(key(old), Err(Code::TokenTooLong));
        let ahead = json!({ "iat": NOW_S + TTL_S_MAX, "exp": NOW_S + 2 * TTL_S_MAX });
        assert_eq!(key(ahead), Err(Code::TokenTooLong));
        let unsaid = json!({ "iat": null, "exp": NOW_S + TTL_S_MAX + 1 });
        assert_eq!(key(unsaid), Err(Code::TokenTooLong));
    }

    #[test]
    fn a_token_is_of_this_account_and_signed_by_a_key() {
        for change in [
            json!({ "sub": "AC00000000000000000000000000000002" }),
            json!({ "sub": "" }),
            json!({ "iss": ACCOUNT }),
            json!({ "iss": "" }),
        ] {
            assert_eq!(key(change.clone()), Err(Code::InvalidTokenIssuer), "{change}");
        }
    }

    #[test]
    fn one_algorithm_counts_and_no_other_key_is_named() {
        let header =
            |value: Value| serde_json::from_value::<TokenHeader>(value).unwrap().check(KEY);
        assert_eq!(header(json!({ "alg": "HS256", "typ": "JWT", "cty": CONTENT_TYPE })), Ok(()));
        assert_eq!(header(json!({ "alg": "HS256" })), Ok(()));
        assert_eq!(header(json!({ "alg": "HS256", "kid": KEY })), Ok(()));
        for wrong in [
            json!({ "alg": "none" }),
            json!({ "alg": "hs256" }),
            json!({ "alg": "HS384" }),
            json!({ "alg": "HS512" }),
            json!({ "alg": "RS256" }),
            json!({ "alg": "HS256", "typ": "JWE" }),
            json!({ "alg": "HS256", "cty": "twilio-fpa;v=2" }),
            json!({ "alg": "HS256", "kid": "SK00000000000000000000000000000001" }),
        ] {
            assert_eq!(header(wrong.clone()), Err(Code::InvalidTokenHeader), "{wrong}");
        }
    }

    #[test]
    fn grants_say_who_holds_the_token_or_it_is_for_nobody() {
        let holder =
            |grants: Value| claims(json!({ "grants": grants })).holder(KEY.parse().unwrap());
        let ann = holder(json!({ "identity": "ann", "chat": { "service_sid": SERVICE } })).unwrap();
        assert_eq!(ann.client, Some((SERVICE.parse().unwrap(), "ann".to_owned())));
        assert_eq!(ann.worker, None);
        let worker = json!({ "workspace_sid": WORKSPACE, "worker_sid": WORKER, "role": "worker" });
        let both = json!({
            "identity": "ann", "chat": { "service_sid": SERVICE, "endpoint_id": "e" },
            "task_router": worker, "voice": {},
        });
        let both = holder(both).unwrap();
        assert!(both.client.is_some() && both.worker.is_some());
        for wrong in [
            json!(null),
            json!({}),
            json!("ann"),
            json!({ "identity": "ann" }),
            json!({ "identity": "ann", "voice": {} }),
            json!({ "chat": { "service_sid": SERVICE } }),
            json!({ "identity": "", "chat": { "service_sid": SERVICE } }),
            json!({ "identity": " ", "chat": { "service_sid": SERVICE } }),
            json!({ "identity": " ann", "chat": { "service_sid": SERVICE } }),
            json!({ "identity": "ann\u{0}", "chat": { "service_sid": SERVICE } }),
            json!({ "identity": "System", "chat": { "service_sid": SERVICE } }),
            json!({ "identity": "a".repeat(257), "chat": { "service_sid": SERVICE } }),
            json!({ "identity": "ann", "chat": {} }),
            json!({ "identity": "ann", "chat": { "service_sid": "IS1" } }),
            json!({ "identity": "ann", "chat": { "service_sid": SERVICE, "deployment_role_sid": "RL1" } }),
            json!({ "identity": "ann", "task_router": {} }),
            json!({ "identity": "ann", "task_router": { "workspace_sid": WORKSPACE } }),
            json!({ "task_router": { "workspace_sid": WORKSPACE, "worker_sid": WORKER, "role": "king" } }),
        ] {
            assert_eq!(holder(wrong.clone()), Err(Code::InvalidTokenGrants), "{wrong}");
        }
    }
}
