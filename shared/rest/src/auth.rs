//! Who is asking: the account with its token, or an API key with its secret (rule F.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ApiKey;
use switchboard_domain::sid::KeySid;
use switchboard_runtime::Dependencies;
use switchboard_store::key;

use crate::reply::ApiError;

/// Lets the account and its keys pass.
pub(crate) async fn check(on: &Dependencies, headers: &HeaderMap) -> Result<(), ApiError> {
    let denied = || ApiError::from(Code::Unauthenticated);
    let (name, password) = credentials(headers).ok_or_else(denied)?;
    let expected = if name == on.config.account_sid.to_string() {
        on.config.auth_token.0.clone()
    } else {
        let sid: KeySid = name.parse().map_err(|_| denied())?;
        let kept: Option<ApiKey> = on.store.get(key::api_key(sid)).await?;
        kept.ok_or_else(denied)?.secret.0
    };
    // An account without a token lets no caller in.
    let right = !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(password.as_bytes()));
    if right { Ok(()) } else { Err(denied()) }
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
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
