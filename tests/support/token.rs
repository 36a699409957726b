//! Access tokens, as the vendor's server libraries make them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::ACCOUNT;

/// A token with this header and these claims, signed with a secret.
///
/// # Panics
/// Never: a secret of any length will do.
pub fn signed_token(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The header of every access token.
pub fn token_header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" })
}

/// The claims of an access token of an hour from `now`, in seconds.
pub fn token_claims(key: &str, grants: &Value, now: i64) -> Value {
    json!({
        "jti": format!("{key}-{now}"), "iss": key, "sub": ACCOUNT, "iat": now, "exp": now + 3600,
        "grants": grants,
    })
}

/// An access token of an hour.
pub fn access_token(key: &str, secret: &str, grants: &Value, now: i64) -> String {
    signed_token(&token_header(), &token_claims(key, grants, now), secret)
}
