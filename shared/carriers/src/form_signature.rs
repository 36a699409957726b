//! The signature of a form that is posted: HMAC-SHA1 over the URL and the decoded parameters. Our own webhooks
//! are signed so, and so are those of the carrier whose API we speak.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// The header by which a request says that it is signed with a shared key: `key=…,algorithm=…`.
pub const SETTINGS_HEADER: &str = "x-twilio-webhooks-signature-settings";

/// The query parameter that carries the digest of a body that is not a form.
pub(crate) const BODY_DIGEST: &str = "bodySHA256";

/// What the signature is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// HMAC-SHA1: tokens, and older shared keys.
    Sha1,
    /// HMAC-SHA256: shared keys.
    Sha256,
}

impl Algorithm {
    /// The name that the carrier gives it, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "HMAC_SHA1" => Some(Self::Sha1),
            "HMAC_SHA256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// Signs a request with decoded parameters; without parameters, the URL alone.
pub fn sign<N, V>(url: &str, parameters: &[(N, V)], auth_token: &str) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    sign_with(Algorithm::Sha1, url, parameters, auth_token)
}

/// The same with SHA-256 and a shared key: only the hash is another one.
pub fn sign_sha256<N, V>(url: &str, parameters: &[(N, V)], secret: &str) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    sign_with(Algorithm::Sha256, url, parameters, secret)
}

/// The same by one of the algorithms.
pub(crate) fn sign_with<N, V>(
    algorithm: Algorithm,
    url: &str,
    parameters: &[(N, V)],
    secret: &str,
) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    sign_ordered(algorithm, url, &ordered(parameters), secret)
}

/// Parameters as a signature covers them: in order, equal ones once.
pub(crate) fn ordered<N, V>(parameters: &[(N, V)]) -> Vec<(&[u8], &[u8])>
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut pairs: Vec<(&[u8], &[u8])> =
        parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Signs a request whose parameters are in order.
pub(crate) fn sign_ordered(
    algorithm: Algorithm,
    url: &str,
    ordered: &[(&[u8], &[u8])],
    secret: &str,
) -> String {
    let parts = ordered.iter().flat_map(|(name, value)| [*name, *value]);
    let parts = std::iter::once(url.as_bytes()).chain(parts);
    let secret = secret.as_bytes();
    match algorithm {
        Algorithm::Sha1 => {
            let mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
            STANDARD
                .encode(parts.fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes())
        }
        Algorithm::Sha256 => {
            let mac =
                Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
            STANDARD
                .encode(parts.fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes())
        }
    }
}

/// The URL to call, and to sign without parameters, when the body is not a form.
pub fn cover_body(url: &str, body: &[u8]) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{BODY_DIGEST}={}", sha256_hex(body))
}

pub(crate) fn sha256_hex(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_on_the_wire_do_not_change_a_signature() {
        let one = sign("https://a.example", &[("b", "2"), ("a", "3"), ("a", "1")], "secret");
        let two =
            sign("https://a.example", &[("a", "1"), ("b", "2"), ("a", "3"), ("a", "1")], "secret");
        assert_eq!(one, two);
        assert_ne!(one, sign("https://a.example", &[("a", "1"), ("b", "2")], "secret"));
    }
}
