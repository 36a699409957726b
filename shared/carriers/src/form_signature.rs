//! The signature of a form that is posted: HMAC-SHA1 over the URL and the decoded parameters. Our own webhooks
//! are signed so, and so are those of the carrier whose API we speak.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// The query parameter that carries the digest of a body that is not a form.
pub(crate) const BODY_DIGEST: &str = "bodySHA256";

/// Signs a request with decoded parameters; without parameters, the URL alone.
pub fn sign<N, V>(url: &str, parameters: &[(N, V)], auth_token: &str) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut pairs: Vec<(&[u8], &[u8])> =
        parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name);
        mac.update(value);
    }
    STANDARD.encode(mac.finalize().into_bytes())
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
