//! The `X-Hub-Signature-256` scheme: HMAC-SHA256 over the bytes as they came, and the question by which Meta finds out
//! whether an address is ours.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use switchboard_domain::private::Private;

use crate::carrier::{Rejection, Reply};
use crate::form::Parameters;
use crate::request::{BODY_BYTES_MAX, RawRequest};

/// The header with the signature. Meta still sends `X-Hub-Signature`, with SHA-1, beside it: it proves nothing.
pub(super) const HEADER: &str = "x-hub-signature-256";

/// Checks the signature against every secret in use.
pub(super) fn verify(
    request: &RawRequest<'_>,
    secrets: &[Private<String>],
) -> Result<(), Rejection> {
    if *request.method != Method::POST {
        return Err(Rejection::WrongMethod);
    }
    if request.body.len() > BODY_BYTES_MAX {
        return Err(Rejection::TooLarge);
    }
    if secrets.is_empty() {
        return Err(Rejection::NoSecret);
    }
    let mut all = request.headers.get_all(HEADER).iter();
    let given = all.next().ok_or(Rejection::Unsigned)?.as_bytes();
    if all.next().is_some() {
        return Err(Rejection::SignedTwice);
    }
    let mut genuine = Choice::from(0);
    for secret in secrets {
        genuine |= sign(request.body, secret).as_bytes().ct_eq(given);
    }
    if genuine.into() { Ok(()) } else { Err(Rejection::WrongSignature) }
}

/// The value of the header for a body.
pub(super) fn sign(body: &[u8], secret: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    let mut text = String::with_capacity(71);
    text.push_str("sha256=");
    for byte in mac.finalize().into_bytes() {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    text
}

/// Answers `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…` with the challenge, as it is; none for another
/// method. The challenge is no number: it may have zeros in front, and more digits than any integer.
pub(super) fn handshake(
    request: &RawRequest<'_>,
    verify_token: Option<&Private<String>>,
) -> Option<Result<Reply, Rejection>> {
    (*request.method == Method::GET).then(|| {
        let expected = verify_token.ok_or(Rejection::NoSecret)?;
        let query = Parameters::decode(request.query().as_bytes());
        let said = |name| query.get(name).ok().flatten().unwrap_or_default();
        let is_right = bool::from(expected.as_bytes().ct_eq(said("hub.verify_token").as_bytes()));
        if said("hub.mode") != "subscribe" || !is_right {
            return Err(Rejection::WrongToken);
        }
        let body = said("hub.challenge").to_owned().into();
        Ok(Reply { status: 200, content_type: Some("text/plain"), body })
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://hooks.example.com/webhooks/meta";

    fn check(body: &[u8], signatures: &[&[u8]], secrets: &[&str]) -> Result<(), Rejection> {
        let mut headers = HeaderMap::new();
        for signature in signatures {
            headers.append(HEADER, HeaderValue::from_bytes(signature).unwrap());
        }
        let secrets: Vec<Private<String>> = secrets.iter().map(|it| Private::from(*it)).collect();
        verify(&RawRequest { method: &Method::POST, url: URL, headers: &headers, body }, &secrets)
    }

    proptest! {
        #[test]
        fn a_body_or_signature_with_any_byte_changed_is_rejected(
            body in vec(any::<u8>(), 1..200),
            place in any::<usize>(),
            flipped in 0..7_u8,
        ) {
            let right = sign(&body, "secret");
            prop_assert_eq!(check(&body, &[right.as_bytes()], &["other", "secret"]), Ok(()));
            prop_assert_eq!(check(&body, &[right.as_bytes()], &["secret", "other"]), Ok(()));
            let mut forged = body.clone();
            forged[place % body.len()] ^= 1 << flipped;
            let wrong = Err(Rejection::WrongSignature);
            prop_assert_eq!(check(&forged, &[right.as_bytes()], &["secret"]), wrong);
            let mut signature = right.into_bytes();
            let place = place % signature.len();
            signature[place] = if signature[place] == b'~' { b'a' } else { b'~' };
            prop_assert_eq!(check(&body, &[&signature], &["secret"]), wrong);
        }
    }

    #[test]
    fn requests_that_the_carrier_could_not_have_signed_are_told_apart() {
        let (body, right) = (b"{}", sign(b"{}", "secret"));
        let right = right.as_bytes();
        let upper = right.to_ascii_uppercase();
        assert_eq!(check(body, &[right], &[]), Err(Rejection::NoSecret));
        assert_eq!(check(body, &[], &["secret"]), Err(Rejection::Unsigned));
        assert_eq!(check(body, &[right, right], &["secret"]), Err(Rejection::SignedTwice));
        for other in [&right[7..], &upper, b"", b"sha256=", &right[..right.len() - 1]] {
            assert_eq!(check(body, &[other], &["secret"]), Err(Rejection::WrongSignature));
        }
        let large = vec![b' '; BODY_BYTES_MAX + 1];
        assert_eq!(check(&large, &[right], &["secret"]), Err(Rejection::TooLarge));
    }

    #[test]
    fn an_empty_token_or_none_opens_nothing() {
        let ask = |query: &str, token: Option<&str>| {
            let (url, headers) = (format!("{URL}?{query}"), HeaderMap::new());
            let request =
                RawRequest { method: &Method::GET, url: &url, headers: &headers, body: b"" };
            handshake(&request, token.map(Private::from).as_ref()).unwrap()
        };
        let query = "hub.mode=subscribe&hub.challenge=007&hub.verify_token=";
        assert_eq!(ask(query, None), Err(Rejection::NoSecret));
        assert_eq!(ask(query, Some("t")), Err(Rejection::WrongToken));
        let right = format!("{query}t");
        assert_eq!(ask(&right, Some("t")).unwrap().body, "007");
        let twice = format!("{right}&hub.verify_token=x");
        assert_eq!(ask(&twice, Some("t")), Err(Rejection::WrongToken));
    }
}
