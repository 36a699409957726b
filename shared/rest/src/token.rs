//! JSON web tokens, signed and verified by HMAC-SHA256 and by nothing else: `jsonwebtoken` takes them apart and puts them
//! together, and is given one algorithm, so that no code for others is linked.

use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as BadSignature, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use switchboard_domain::access::{TOKEN_BYTES_MAX, TokenHeader};
use switchboard_domain::codes::Code;

/// The only algorithm, with a secret.
struct Hmac256(Hmac<Sha256>);

impl Hmac256 {
    fn with(secret: &[u8]) -> Result<Self, Error> {
        let mac = Hmac::new_from_slice(secret).map_err(|_| ErrorKind::InvalidKeyFormat)?;
        Ok(Self(mac))
    }

    fn of(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(message);
        mac
    }
}

impl Signer<Vec<u8>> for Hmac256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, BadSignature> {
        Ok(self.of(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hmac256 {
    /// In constant time.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), BadSignature> {
        self.of(message).verify_slice(signature).map_err(|_| BadSignature::new())
    }
}

impl JwtSigner for Hmac256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hmac256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

static ONE_ALGORITHM: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hmac256::with(key.as_bytes())?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hmac256::with(key.try_get_as_bytes()?)?)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Tells the library of it, once a process.
fn ready() {
    static READY: Once = Once::new();
    // Nobody else in the process uses the library.
    READY.call_once(|| {
        let _ = ONE_ALGORITHM.install_default();
    });
}

/// Header and claims of a token that nobody has verified yet: enough to know whose secret has to.
///
/// # Errors
/// [`Code::InvalidToken`], for what is too long to be looked at or no token.
pub(crate) fn unverified<T: DeserializeOwned>(token: &str) -> Result<(TokenHeader, T), Code> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Code::InvalidToken);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Code::InvalidToken);
    };
    Ok((part(header)?, part(claims)?))
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Code> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Code::InvalidToken)?;
    serde_json::from_slice(&bytes).map_err(|_| Code::InvalidToken)
}

/// The claims of a token that was signed with this secret. Their times are for the rules to judge.
///
/// # Errors
/// [`Code::InvalidTokenSignature`] or [`Code::InvalidToken`].
pub(crate) fn verified<T: DeserializeOwned>(token: &str, secret: &[u8]) -> Result<T, Code> {
    ready();
    let mut how = Validation::new(Algorithm::HS256);
    how.required_spec_claims.clear();
    (how.validate_exp, how.validate_nbf, how.validate_aud) = (false, false, false);
    let opened = jsonwebtoken::decode(token, &DecodingKey::from_secret(secret), &how);
    opened.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Code::InvalidTokenSignature,
        _ => Code::InvalidToken,
    })
}

/// A token of this type with these claims, signed with a secret; `kid` says whose.
///
/// # Panics
/// If the claims cannot be written as JSON, which those of ours can.
pub(crate) fn signed(kind: &str, kid: String, claims: &impl Serialize, secret: &[u8]) -> String {
    ready();
    let mut header = Header::new(Algorithm::HS256);
    (header.typ, header.kid) = (Some(kind.to_owned()), Some(kid));
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret))
        .expect("the claims are an object with names")
}

/// An access token with these claims, of the content type that the vendor's clients look for.
///
/// # Panics
/// If the claims cannot be written as JSON, which those of ours can.
pub(crate) fn signed_as(content_type: &str, claims: &impl Serialize, secret: &[u8]) -> String {
    ready();
    let mut header = Header::new(Algorithm::HS256);
    header.cty = Some(content_type.to_owned());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret))
        .expect("the claims are an object with names")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn token(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let text = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", text(header), text(claims));
        let seal = Hmac256::with(secret).unwrap().try_sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(seal))
    }

    /// RFC 7515, appendix A.1: its key, its token.
    #[test]
    fn the_published_example_is_verified() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly\
            9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
            .replace("            ", "");
        let secret = URL_SAFE_NO_PAD.decode(key).unwrap();
        let claims: Value = verified(&token, &secret).unwrap();
        assert_eq!((&claims["iss"], &claims["exp"]), (&json!("joe"), &json!(1_300_819_380)));
        assert_eq!(verified::<Value>(&token, b"other").unwrap_err(), Code::InvalidTokenSignature);
    }

    #[test]
    fn one_algorithm_is_verified_whatever_a_token_says() {
        let claims = json!({ "iss": "a" });
        let good = token(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, b"secret");
        assert_eq!(verified::<Value>(&good, b"secret").unwrap(), claims);
        for alg in ["none", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256", ""] {
            let forged = token(&json!({ "alg": alg }), &claims, b"secret");
            assert_eq!(
                verified::<Value>(&forged, b"secret").unwrap_err(),
                Code::InvalidToken,
                "{alg}"
            );
        }
        let bare = good.rsplit_once('.').unwrap().0;
        for wrong in
            [format!("{bare}."), format!("{bare}.AAAA"), bare.to_owned(), format!("{good}.x")]
        {
            assert!(verified::<Value>(&wrong, b"secret").is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_signed_here_is_verified_here() {
        let token = signed("at+jwt", "SK1".to_owned(), &json!({ "sub": "x" }), b"secret");
        let (header, claims) = unverified::<Value>(&token).unwrap();
        assert_eq!((header.alg.as_str(), header.typ.as_deref()), ("HS256", Some("at+jwt")));
        assert_eq!(header.kid.as_deref(), Some("SK1"));
        assert_eq!(verified::<Value>(&token, b"secret").unwrap(), claims);
    }

    #[test]
    fn what_is_no_token_is_not_looked_at() {
        let long = format!("{}.e30.x", "e".repeat(TOKEN_BYTES_MAX));
        for wrong in ["", "a", "a.b", "e30.e30", "e30.e30.x.y", "????.e30.x", "W10.e30.x", &long] {
            assert_eq!(unverified::<Value>(wrong).unwrap_err(), Code::InvalidToken, "{wrong}");
        }
    }
}
