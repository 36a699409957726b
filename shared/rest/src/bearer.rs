//! Bearer tokens: access tokens of people (rule F.2), and those that a key exchanges its secret for (rule F.3).

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use switchboard_domain::access::{ApiKey, Digest, Holder, TokenClaims, TokenHeader};
use switchboard_domain::codes::Code;
use switchboard_domain::sid::{AccountSid, KeySid, RequestSid};
use switchboard_runtime::Dependencies;

use crate::reply::ApiError;
use crate::token::{signed, unverified, verified};

/// How long a token of a key is valid, in seconds.
pub const KEYS_TOKEN_TTL_S: i64 = 3600;
/// The type of such a token (RFC 9068).
const KEYS_TOKEN: &str = "at+jwt";

/// What a token stands for.
#[derive(Debug)]
pub(crate) enum Bearer {
    /// One of the account's keys.
    Key(Arc<ApiKey>),
    /// Whoever holds an access token.
    Holder(Holder),
}

/// The claims of a token of a key.
#[derive(Debug, Serialize, Deserialize)]
struct KeysClaims {
    iss: AccountSid,
    sub: KeySid,
    iat: i64,
    exp: i64,
    jti: String,
}

/// Looks what a token stands for. Where nobody but keys is let in, access tokens of people are not verified.
///
/// # Errors
/// 401, with the published code of what is wrong.
pub(crate) async fn of(
    on: &Dependencies,
    token: &str,
    takes_holders: bool,
) -> Result<Bearer, ApiError> {
    let (header, claims) = unverified::<Value>(token)?;
    if header.typ.as_deref() == Some(KEYS_TOKEN) {
        return key_of(on, token, &header).await.map(Bearer::Key);
    }
    if !takes_holders {
        return Err(ApiError::because(Code::InvalidTokenGrants, "it is for other products"));
    }
    let claims: TokenClaims = serde_json::from_value(claims).map_err(|_| Code::InvalidToken)?;
    header.check(&claims.iss)?;
    let sid = claims.key(on.config.account_sid, on.now())?;
    let key = on.api_key(sid).await?.filter(|key| key.rights.sign_tokens());
    let key = key.ok_or(Code::InvalidTokenIssuer)?;
    let secret = on.secret_of(&key).await?;
    let claims: TokenClaims = verified(token, secret.as_bytes())?;
    Ok(Bearer::Holder(claims.holder(sid)?))
}

/// The key that a token was given to.
async fn key_of(
    on: &Dependencies,
    token: &str,
    header: &TokenHeader,
) -> Result<Arc<ApiKey>, ApiError> {
    let sid = header.kid.as_deref().and_then(|kid| kid.parse().ok());
    let key = on.api_key(sid.ok_or(Code::InvalidTokenHeader)?).await?;
    let key = key.ok_or(Code::InvalidTokenIssuer)?;
    let claims: KeysClaims = verified(token, &secret_for(on, &key).ok_or(Code::InvalidToken)?)?;
    if claims.sub != key.sid || claims.iss != on.config.account_sid {
        return Err(Code::InvalidTokenIssuer.into());
    }
    // Both clocks are ours.
    match on.now().0.div_euclid(1000) < claims.exp {
        true => Ok(key),
        false => Err(Code::TokenExpired.into()),
    }
}

/// What tokens of a key are signed with: it follows from the account's token and the key's digest, so every function of
/// the API has it and no other party, and it ends with either of them.
fn secret_for(on: &Dependencies, key: &ApiKey) -> Option<Vec<u8>> {
    let account = &on.config.auth_token;
    let digest: Digest = key.digest().filter(|_| !account.is_empty())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(account.as_bytes()).ok()?;
    mac.update(b"token of a key\0");
    mac.update(key.sid.to_string().as_bytes());
    mac.update(digest.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// A token for a key, valid for [`KEYS_TOKEN_TTL_S`] and for as long as the key is; none if the account has no token.
pub fn token_for(on: &Dependencies, key: &ApiKey) -> Option<String> {
    let iat = on.now().0.div_euclid(1000);
    let claims = KeysClaims {
        iss: on.config.account_sid,
        sub: key.sid,
        iat,
        exp: iat + KEYS_TOKEN_TTL_S,
        jti: on.mint::<RequestSid>().to_string(),
    };
    Some(signed(KEYS_TOKEN, key.sid.to_string(), &claims, &secret_for(on, key)?))
}
