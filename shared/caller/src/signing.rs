//! How a call is written and signed: as the vendor does (rule E.6), with a shared key where the endpoint has one, and by
//! Standard Webhooks where it asks for that.
//!
//! A form is signed with its parameters. JSON is signed by the URL alone, which then carries the digest of the body. What
//! Standard Webhooks sign is the body as it goes out, so a GET, which has none, has no such signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use switchboard_carriers::{SETTINGS_HEADER, SIGNATURE_HEADER, cover_body, sign, sign_sha256};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::webhook::{Format, SigningSecret};
use switchboard_runtime::Dependencies;

use crate::{Called, Letter};

/// The header that names the place of a call among those of one conversation to one endpoint.
const SEQUENCE_HEADER: &str = "x-switchboard-sequence";

/// The request of a letter, to this URL.
pub(crate) fn signed(
    on: &Dependencies,
    client: &Client,
    mut url: Url,
    letter: &Letter<'_>,
) -> Result<reqwest::Request, Called> {
    let (request, now) = (&letter.request, on.now());
    let format = letter.endpoint.map_or(Format::Form, |endpoint| endpoint.format);
    let built = if request.method.eq_ignore_ascii_case("GET") {
        url.query_pairs_mut().extend_pairs(request.parameters);
        let headers = vendor(on, letter, url.as_str(), &[], now);
        with(client.get(url), headers)
    } else if format == Format::Json {
        let body = json_body(letter);
        let covered = cover_body(url.as_str(), body.as_bytes());
        let headers = vendor(on, letter, &covered, &[], now);
        let covered = Url::parse(&covered).map_err(|_| Called::Forbidden("not a URL"))?;
        let built = with(client.post(covered), headers);
        let built = with(built, standard(letter, &body, now));
        built.header("content-type", "application/json").body(body)
    } else {
        let body = form_body(request.parameters);
        let headers = vendor(on, letter, url.as_str(), request.parameters, now);
        let built = with(client.post(url), headers);
        let built = with(built, standard(letter, &body, now));
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        built.header("content-type", form).body(body)
    };
    let built = built
        .timeout(request.timeout)
        .header("I-Twilio-Idempotency-Token", request.id)
        .header("user-agent", "Switchboard/0.1");
    let built = match letter.sequence {
        Some(sequence) => built.header(SEQUENCE_HEADER, sequence),
        None => built,
    };
    built.build().map_err(|_| Called::Unanswered)
}

type Headers = Vec<(&'static str, String)>;

fn with(request: RequestBuilder, headers: Headers) -> RequestBuilder {
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// The vendor's signature, and which key it was made with.
fn vendor(
    on: &Dependencies,
    letter: &Letter<'_>,
    url: &str,
    parameters: &[(String, String)],
    now: Timestamp,
) -> Headers {
    match letter.endpoint.and_then(|endpoint| endpoint.shared_key(now)) {
        Some(key) => vec![
            (SIGNATURE_HEADER, sign_sha256(url, parameters, &key.secret)),
            (SETTINGS_HEADER, format!("key={},algorithm=HMAC_SHA256", key.id)),
        ],
        None => vec![(SIGNATURE_HEADER, sign(url, parameters, &on.config.auth_token))],
    }
}

/// The headers of Standard Webhooks, if the endpoint asks for them: a signature by each secret that is in use.
fn standard(letter: &Letter<'_>, body: &str, now: Timestamp) -> Headers {
    let secrets = letter.endpoint.into_iter().flat_map(|endpoint| endpoint.signing_secrets(now));
    let (id, timestamp) = (letter.request.id, now.seconds());
    let signatures: Vec<String> =
        secrets.map(|secret| signature(secret, id, timestamp, body)).collect();
    if signatures.is_empty() {
        return Vec::new();
    }
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// HMAC-SHA256 over `id.timestamp.body`, with the bytes of the secret as the key.
fn signature(secret: &SigningSecret, id: &str, timestamp: i64, body: &str) -> String {
    let key = STANDARD.decode(&secret.key.0).unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn form_body(parameters: &[(String, String)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    form.finish()
}

/// The three members that Standard Webhooks advise.
fn json_body(letter: &Letter<'_>) -> String {
    let data = letter.request.parameters.iter();
    let data: Map<String, Value> =
        data.map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let timestamp = letter.happened.iso_millis();
    json!({ "type": letter.event, "timestamp": timestamp, "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::private::Private;

    #[test]
    fn a_signature_is_the_one_that_the_specification_works_out() {
        // The key, the id, the time and the body of the specification's own example.
        let secret = SigningSecret {
            key: Private("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            created: Timestamp(0),
            until: None,
        };
        let body = r#"{"test": 2432232314}"#;
        let made = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
