//! Who is asking: the account with its token, an API key with its secret (rule F.1), or whoever bears a token (rules F.2, F.3).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;
use switchboard_domain::access::{Action, ApiKey, Denied, Digest, Holder, Wanted};
use switchboard_domain::codes::Code;
use switchboard_domain::sid::KeySid;
use switchboard_runtime::Dependencies;

use crate::bearer::{self, Bearer};
use crate::reply::ApiError;

/// Where browsers put their tokens.
const TOKEN_HEADER: &str = "x-twilio-token";

/// Who is asking.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The account.
    Account,
    /// One of its keys.
    Key(Arc<ApiKey>),
    /// Whoever holds an access token.
    Holder(Box<Holder>),
    /// Nobody yet: they ask for a token.
    Nobody,
}

impl Caller {
    /// Looks who sent these headers.
    pub(crate) async fn of(
        on: &Dependencies,
        headers: &HeaderMap,
        takes_holders: bool,
    ) -> Result<Self, ApiError> {
        if let Some(token) = token(headers) {
            return Ok(match bearer::of(on, token, takes_holders).await? {
                Bearer::Key(key) => Self::Key(key),
                Bearer::Holder(holder) => Self::Holder(Box::new(holder)),
            });
        }
        let (name, password) = credentials(headers).ok_or(Code::Unauthenticated)?;
        if name == on.config.account_sid.to_string() {
            let expected = on.config.auth_token.as_bytes();
            // An account without a token lets no caller in.
            let is_right = !expected.is_empty() && same(expected, password.as_bytes());
            return if is_right { Ok(Self::Account) } else { Err(Code::Unauthenticated.into()) };
        }
        let sid: KeySid = name.parse().map_err(|_| Code::Unauthenticated)?;
        known(on, sid, &password).await.map(Self::Key)
    }

    /// Whether they may ask for this at all.
    ///
    /// # Errors
    /// 401, with the permission that a restricted key lacks.
    pub(crate) fn may(&self, action: Action, product: &str, path: &[&str]) -> Result<(), ApiError> {
        let Self::Key(key) = self else { return Ok(()) };
        let wanted = Wanted::of(product, action, path);
        key.rights.allow(wanted.as_ref()).map_err(|denied| match denied {
            Denied::ForMainKeys => Code::Unauthenticated.into(),
            Denied::Missing(_) | Denied::Unknown => {
                ApiError::because(Code::PermissionMissing, denied)
            }
        })
    }
}

/// The token that a request bears.
fn token(headers: &HeaderMap) -> Option<&str> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return headers.get(TOKEN_HEADER)?.to_str().ok();
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The key of that name, whose secret this is.
///
/// # Errors
/// 401 if it is not.
pub async fn known(on: &Dependencies, sid: KeySid, secret: &str) -> Result<Arc<ApiKey>, ApiError> {
    let key = on.api_key(sid).await?.ok_or(Code::Unauthenticated)?;
    let expected = key.digest().ok_or(Code::Unauthenticated)?;
    match same(expected.as_bytes(), Digest::of(secret).as_bytes()) {
        true => Ok(key),
        false => Err(Code::Unauthenticated.into()),
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    bool::from(one.ct_eq(other))
}

/// Name and password of a request, by Basic.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_and_a_password_are_read_as_they_were_written(
            name in "[^:]{0,40}", password in any::<String>(), scheme in "[Bb][Aa][Ss][Ii][Cc]",
        ) {
            let value = format!("{scheme} {}", STANDARD.encode(format!("{name}:{password}")));
            prop_assert_eq!(credentials(&headers(&value)), Some((name, password)));
        }

        #[test]
        fn any_header_is_somebody_or_nobody(bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "(Basic|basic |Bearer) ?[A-Za-z0-9+/=]{0,60} ?".prop_map(String::into_bytes),
        ]) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert(AUTHORIZATION, value);
            }
            if let Some((name, password)) = credentials(&headers) {
                prop_assert!(!name.contains(':'));
                prop_assert!(name.len() + password.len() < bytes.len());
            }
        }
    }

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_password_may_hold_colons() {
        let encoded = format!("basic {}", STANDARD.encode("AC1:a:b"));
        assert_eq!(credentials(&headers(&encoded)), Some(("AC1".to_owned(), "a:b".to_owned())));
    }

    #[test]
    fn other_schemes_and_broken_values_are_nobody() {
        for wrong in ["Bearer abc", "Basic", "Basic ????", "Basic QUMx"] {
            assert_eq!(credentials(&headers(wrong)), None, "{wrong}");
        }
    }
}
