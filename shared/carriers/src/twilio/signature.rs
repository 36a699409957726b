//! The `X-Twilio-Signature` scheme: HMAC-SHA1 over the URL and the decoded parameters
//! (rule E.6). It has no time in it, so a replay is stopped by the message's identifier alone.

use http::{HeaderValue, Method};
use subtle::ConstantTimeEq as _;

use super::SharedKey;
use crate::carrier::Rejection;
use crate::form::{self, Pair};
use crate::form_signature::{
    Algorithm, BODY_DIGEST, SETTINGS_HEADER, SIGNATURE_HEADER, ordered, sha256_hex, sign_ordered,
};
use crate::request::{BODY_BYTES_MAX, PARAMETERS_MAX, RawRequest};

/// Checks the signature against every secret that may have made it and every way in which the port may be written.
///
/// A request that names no shared key is signed with a token and SHA-1. One that names a key is checked with that key
/// alone, by the algorithm that the key was registered with: what the header says can choose no weaker one.
///
/// The parameters that the signature covers beside the URL are what comes back.
pub(super) fn verify<'a, 't>(
    request: &RawRequest<'a>,
    auth_tokens: impl Iterator<Item = &'t str>,
    shared_keys: &[SharedKey],
) -> Result<Vec<Pair<'a>>, Rejection> {
    if request.body.len() > BODY_BYTES_MAX || request.url.len() > BODY_BYTES_MAX {
        return Err(Rejection::TooLarge);
    }
    let mut auth_tokens = auth_tokens.peekable();
    if auth_tokens.peek().is_none() && shared_keys.is_empty() {
        return Err(Rejection::NoSecret);
    }
    let given = only(request, SIGNATURE_HEADER)?.ok_or(Rejection::Unsigned)?;
    let named = only(request, SETTINGS_HEADER)?;
    let signed = signed_parameters(request)?;
    let parameters = ordered(&signed);
    // Which of them it was is no secret, so the first that fits is enough; a comparison takes as long wherever two differ.
    let fits = |algorithm, secret: &str| {
        let is_of = |url: &str| {
            let signature = sign_ordered(algorithm, url, &parameters, secret);
            bool::from(signature.as_bytes().ct_eq(given))
        };
        is_of(request.url) || other_spelling(request.url).is_some_and(|url| is_of(&url))
    };
    let is_genuine = match named.map(|settings| named_key(settings, shared_keys)).transpose()? {
        Some(key) => fits(key.algorithm, &key.secret),
        None => auth_tokens.any(|auth_token| fits(Algorithm::Sha1, auth_token)),
    };
    if is_genuine { Ok(signed) } else { Err(Rejection::WrongSignature) }
}

/// The value of a header that may be there once.
fn only<'a>(request: &RawRequest<'a>, name: &str) -> Result<Option<&'a [u8]>, Rejection> {
    let mut all = request.headers.get_all(name).iter();
    let value = all.next().map(HeaderValue::as_bytes);
    if all.next().is_some() { Err(Rejection::SignedTwice) } else { Ok(value) }
}

/// The key that a request says it is signed with, if we have it and the request names its algorithm.
fn named_key<'k>(settings: &[u8], keys: &'k [SharedKey]) -> Result<&'k SharedKey, Rejection> {
    let settings = std::str::from_utf8(settings).map_err(|_| Rejection::UnknownKey)?;
    let said = |wanted: &str| {
        let parts = settings.split(',').filter_map(|part| part.split_once('='));
        let mut named = parts.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        let (_, value) = named.next()?;
        // Two values of one name are no answer.
        named.next().is_none().then(|| value.trim())
    };
    let id = said("key").ok_or(Rejection::UnknownKey)?;
    let key = keys.iter().find(|key| key.id == id).ok_or(Rejection::UnknownKey)?;
    let algorithm = match said("algorithm") {
        Some(name) => Algorithm::parse(name).ok_or(Rejection::UnknownAlgorithm)?,
        // The carrier's own SDKs read a header without one as the older one.
        None => Algorithm::Sha1,
    };
    if algorithm == key.algorithm { Ok(key) } else { Err(Rejection::WrongAlgorithm) }
}

/// The parameters that the signature covers beside the URL.
fn signed_parameters<'a>(request: &RawRequest<'a>) -> Result<Vec<Pair<'a>>, Rejection> {
    let is_post = match *request.method {
        Method::POST => true,
        Method::GET => false,
        _ => return Err(Rejection::WrongMethod),
    };
    if form::count(request.query().as_bytes()) > PARAMETERS_MAX {
        return Err(Rejection::TooLarge);
    }
    if is_post && request.is_form() {
        let count = form::count(request.body);
        if count > PARAMETERS_MAX {
            return Err(Rejection::TooLarge);
        }
        let mut parameters = Vec::with_capacity(count);
        parameters.extend(form::decode(request.body));
        return Ok(parameters);
    }
    if !request.body.is_empty() {
        let mut query = form::decode(request.query().as_bytes());
        let (_, digest) = query
            .find(|(name, _)| **name == *BODY_DIGEST.as_bytes())
            .ok_or(Rejection::UncoveredBody)?;
        if !bool::from(sha256_hex(request.body).as_bytes().ct_eq(&digest)) {
            return Err(Rejection::WrongSignature);
        }
    }
    Ok(Vec::new())
}

/// The URL with its port left out, or the scheme's own port added where it has none: the carrier signs now one, now the
/// other.
fn other_spelling(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    let after_brackets = authority[host_at..].rfind(']').map_or(host_at, |at| host_at + at);
    Some(match authority[after_brackets..].rfind(':') {
        Some(colon) => format!("{scheme}://{}{path}", &authority[..after_brackets + colon]),
        None => {
            let port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
            format!("{scheme}://{authority}:{port}{path}")
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::HeaderMap;
    use http::header::CONTENT_TYPE;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::form_signature::{cover_body, sign, sign_with};

    #[test]
    fn a_port_is_left_out_or_added_wherever_it_stands() {
        for (url, other) in [
            ("https://a.example/x?y=1:2", "https://a.example:443/x?y=1:2"),
            ("http://a.example", "http://a.example:80"),
            ("https://u:p@a.example?x", "https://u:p@a.example:443?x"),
            ("https://u:p@a.example:8443/", "https://u:p@a.example/"),
            ("https://[::1]/x", "https://[::1]:443/x"),
            ("https://[::1]:9/x", "https://[::1]/x"),
        ] {
            assert_eq!(other_spelling(url).as_deref(), Some(other));
        }
        assert_eq!(other_spelling("no url"), None);
    }

    /// A request signed with `secret`, some of whose bytes can be exchanged.
    struct Request {
        url: String,
        content_type: &'static str,
        body: Vec<u8>,
        signature: Vec<u8>,
    }

    fn check(request: &Request, auth_tokens: &[&'static str]) -> Result<(), Rejection> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        if let Ok(signature) = HeaderValue::from_bytes(&request.signature) {
            headers.insert(SIGNATURE_HEADER, signature);
        }
        let (method, url, body) = (&Method::POST, request.url.as_str(), &request.body[..]);
        let raw = RawRequest { method, url, headers: &headers, body };
        verify(&raw, auth_tokens.iter().copied(), &[]).map(drop)
    }

    fn form(fields: &BTreeMap<String, String>) -> Request {
        let url = "https://hooks.example.com/twilio?tenant=1".to_owned();
        let pairs: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Request {
            signature: sign(&url, &pairs, "secret").into_bytes(),
            body: form::encode(pairs.iter().copied()).into_bytes(),
            content_type: "application/x-www-form-urlencoded; charset=UTF-8",
            url,
        }
    }

    fn json(body: Vec<u8>) -> Request {
        let url = cover_body("https://hooks.example.com/twilio", &body);
        let signature = sign::<&str, &str>(&url, &[], "secret").into_bytes();
        Request { url, content_type: "application/json", body, signature }
    }

    /// Exchanges the byte at that place of `bytes` for another letter or digit.
    fn exchange(bytes: &mut [u8], place: usize, letter: u8) {
        let place = place % bytes.len();
        bytes[place] = if bytes[place] == letter { b'~' } else { letter };
    }

    proptest! {
        #[test]
        fn a_form_with_any_value_changed_is_rejected(
            fields in btree_map("[A-Z][a-z]{3}[0-9]", "[a-zA-Z0-9]{1,20}", 1..8),
            field in any::<usize>(),
            place in any::<usize>(),
            letter in b'a'..=b'z',
        ) {
            prop_assert_eq!(check(&form(&fields), &["other", "secret"]), Ok(()));
            prop_assert_eq!(check(&form(&fields), &["secret", "other"]), Ok(()));
            let mut changed = fields.clone();
            let count = changed.len();
            let value = changed.values_mut().nth(field % count).unwrap();
            let mut bytes = value.clone().into_bytes();
            exchange(&mut bytes, place, letter);
            *value = String::from_utf8(bytes).unwrap();
            let forged = Request { signature: form(&fields).signature, ..form(&changed) };
            prop_assert_eq!(check(&forged, &["other", "secret"]), Err(Rejection::WrongSignature));
        }

        #[test]
        fn a_changed_address_or_signature_is_rejected(
            place in any::<usize>(),
            letter in b'a'..=b'z',
        ) {
            let genuine = form(&BTreeMap::from([("Body".to_owned(), "hi".to_owned())]));
            let mut forged = Request { signature: genuine.signature.clone(), ..form(&BTreeMap::new()) };
            forged.body = genuine.body.clone();
            exchange(&mut forged.signature, place, letter);
            prop_assert_eq!(check(&forged, &["secret"]), Err(Rejection::WrongSignature));
            let mut url = genuine.url.clone().into_bytes();
            exchange(&mut url, place, letter);
            let forged = Request { url: String::from_utf8(url).unwrap(), ..genuine };
            prop_assert_eq!(check(&forged, &["secret"]), Err(Rejection::WrongSignature));
        }

        #[test]
        fn a_covered_body_with_any_byte_changed_is_rejected(
            body in vec(any::<u8>(), 1..200),
            place in any::<usize>(),
            letter in b'a'..=b'z',
        ) {
            let mut request = json(body);
            prop_assert_eq!(check(&request, &["secret"]), Ok(()));
            exchange(&mut request.body, place, letter);
            prop_assert_eq!(check(&request, &["secret"]), Err(Rejection::WrongSignature));
        }

        #[test]
        fn no_request_whatever_breaks_the_check(
            url in ".*",
            is_form in any::<bool>(),
            body in vec(any::<u8>(), 0..300),
            signature in vec(any::<u8>(), 0..40),
        ) {
            let content_type =
                if is_form { "application/x-www-form-urlencoded" } else { "text/plain" };
            let request = Request { url, content_type, body, signature };
            prop_assert!(check(&request, &["secret"]).is_err());
        }
    }

    #[test]
    fn requests_that_no_sender_could_have_signed_are_told_apart() {
        let genuine = || form(&BTreeMap::from([("Body".to_owned(), "hi".to_owned())]));
        assert_eq!(check(&genuine(), &[]), Err(Rejection::NoSecret));
        let unsigned = Request { signature: b"\n".to_vec(), ..genuine() };
        assert_eq!(check(&unsigned, &["secret"]), Err(Rejection::Unsigned));
        let uncovered = Request { content_type: "text/plain", ..genuine() };
        assert_eq!(check(&uncovered, &["secret"]), Err(Rejection::UncoveredBody));
        for body in [vec![b'a'; BODY_BYTES_MAX + 1], vec![b'&'; PARAMETERS_MAX]] {
            let large = Request { body, ..genuine() };
            assert_eq!(check(&large, &["secret"]), Err(Rejection::TooLarge));
        }
    }

    fn key(id: &str, algorithm: Algorithm) -> SharedKey {
        SharedKey { id: id.to_owned(), algorithm, secret: format!("{id}-secret").as_str().into() }
    }

    /// A form signed by one algorithm with one secret, and what it says about that.
    fn checked(algorithm: Algorithm, secret: &str, settings: &[&str]) -> Result<(), Rejection> {
        let url = "https://hooks.example.com/twilio";
        let signature = sign_with(algorithm, url, &[("Body", "hi")], secret);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        headers.insert(SIGNATURE_HEADER, signature.parse().unwrap());
        for one in settings {
            headers.append(SETTINGS_HEADER, one.parse().unwrap());
        }
        let (method, body) = (&Method::POST, &b"Body=hi"[..]);
        let raw = RawRequest { method, url, headers: &headers, body };
        let keys = [key("new", Algorithm::Sha256), key("old", Algorithm::Sha1)];
        verify(&raw, ["token"].into_iter(), &keys).map(drop)
    }

    #[test]
    fn a_shared_key_is_found_by_its_name_and_counts_by_its_own_algorithm_alone() {
        use Algorithm::{Sha1, Sha256};
        for (algorithm, secret, settings, verdict) in [
            (Sha256, "new-secret", "key=new,algorithm=HMAC_SHA256", Ok(())),
            (Sha256, "new-secret", "algorithm=hmac_sha256, key=new", Ok(())),
            (Sha1, "old-secret", "key=old,algorithm=HMAC_SHA1", Ok(())),
            (Sha1, "old-secret", "key=old", Ok(())),
            // A weaker algorithm than the key was registered with, said or left out.
            (Sha1, "new-secret", "key=new,algorithm=HMAC_SHA1", Err(Rejection::WrongAlgorithm)),
            (Sha1, "new-secret", "key=new", Err(Rejection::WrongAlgorithm)),
            (Sha1, "new-secret", "key=new,algorithm=HMAC_SHA256", Err(Rejection::WrongSignature)),
            (Sha256, "old-secret", "key=old,algorithm=HMAC_SHA256", Err(Rejection::WrongAlgorithm)),
            (Sha256, "new-secret", "key=new,algorithm=NONE", Err(Rejection::UnknownAlgorithm)),
            (Sha256, "new-secret", "key=other,algorithm=HMAC_SHA256", Err(Rejection::UnknownKey)),
            (
                Sha256,
                "new-secret",
                "key=new,key=old,algorithm=HMAC_SHA256",
                Err(Rejection::UnknownKey),
            ),
            (Sha256, "new-secret", "", Err(Rejection::UnknownKey)),
            // Another key's secret, and the token's: a named key is the only one that counts.
            (Sha256, "old-secret", "key=new,algorithm=HMAC_SHA256", Err(Rejection::WrongSignature)),
            (Sha1, "token", "key=old,algorithm=HMAC_SHA1", Err(Rejection::WrongSignature)),
        ] {
            assert_eq!(checked(algorithm, secret, &[settings]), verdict, "{secret} {settings}");
        }
        assert_eq!(checked(Sha1, "token", &[]), Ok(()));
        for secret in ["new-secret", "old-secret"] {
            assert_eq!(checked(Sha1, secret, &[]), Err(Rejection::WrongSignature));
            assert_eq!(checked(Sha256, secret, &[]), Err(Rejection::WrongSignature));
        }
        let twice = ["key=new,algorithm=HMAC_SHA256"; 2];
        assert_eq!(checked(Sha256, "new-secret", &twice), Err(Rejection::SignedTwice));
    }

    #[test]
    fn a_second_signature_is_no_second_try() {
        let genuine = form(&BTreeMap::from([("Body".to_owned(), "hi".to_owned())]));
        let kind = HeaderValue::from_static(genuine.content_type);
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        for signature in [b"other".to_vec(), genuine.signature.clone()] {
            headers.append(SIGNATURE_HEADER, HeaderValue::from_bytes(&signature).unwrap());
        }
        let raw = RawRequest {
            method: &Method::POST,
            url: &genuine.url,
            headers: &headers,
            body: &genuine.body,
        };
        let verdict = verify(&raw, ["secret"].into_iter(), &[]).map(drop);
        assert_eq!(verdict, Err(Rejection::SignedTwice));
    }

    #[test]
    fn bytes_that_decode_alike_only_after_repair_are_told_apart() {
        let mut request = form(&BTreeMap::from([("Body".to_owned(), "\u{fffd}".to_owned())]));
        assert_eq!(check(&request, &["secret"]), Ok(()));
        request.body = b"Body=%FF".to_vec();
        assert_eq!(check(&request, &["secret"]), Err(Rejection::WrongSignature));
    }
}
