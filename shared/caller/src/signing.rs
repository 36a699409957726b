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

use crate::{Called, Letter};

/// The header that names the place of a call among those of one conversation to one endpoint.
const SEQUENCE_HEADER: &str = "x-switchboard-sequence";

/// What a call is signed by where its endpoint says nothing else, and when.
pub(crate) struct By<'a> {
    /// The account's token.
    pub(crate) auth_token: &'a str,
    /// Now.
    pub(crate) now: Timestamp,
}

/// The request of a letter, to this URL.
pub(crate) fn signed(
    by: &By<'_>,
    client: &Client,
    mut url: Url,
    letter: &Letter<'_>,
) -> Result<reqwest::Request, Called> {
    let request = &letter.request;
    let format = letter.endpoint.map_or(Format::Form, |endpoint| endpoint.format);
    let built = if request.method.eq_ignore_ascii_case("GET") {
        url.query_pairs_mut().extend_pairs(request.parameters);
        let headers = vendor(by, letter, url.as_str(), &[]);
        with(client.get(url), headers)
    } else if let Some((content_type, text)) = request.text {
        let covered = cover_body(url.as_str(), text.as_bytes());
        let headers = vendor(by, letter, &covered, &[]);
        let covered = Url::parse(&covered).map_err(|_| Called::Forbidden("not a URL"))?;
        let built = with(client.post(covered), headers);
        built.header("content-type", content_type).body(text.to_owned())
    } else if format == Format::Json {
        let body = json_body(letter);
        let covered = cover_body(url.as_str(), body.as_bytes());
        let headers = vendor(by, letter, &covered, &[]);
        let covered = Url::parse(&covered).map_err(|_| Called::Forbidden("not a URL"))?;
        let built = with(client.post(covered), headers);
        let built = with(built, standard(letter, &body, by.now));
        built.header("content-type", "application/json").body(body)
    } else {
        let body = form_body(request.parameters);
        let headers = vendor(by, letter, url.as_str(), request.parameters);
        let built = with(client.post(url), headers);
        let built = with(built, standard(letter, &body, by.now));
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
fn vendor(by: &By<'_>, letter: &Letter<'_>, url: &str, parameters: &[(String, String)]) -> Headers {
    match letter.endpoint.and_then(|endpoint| endpoint.shared_key(by.now)) {
        Some(key) => vec![
            (SIGNATURE_HEADER, sign_sha256(url, parameters, &key.secret)),
            (SETTINGS_HEADER, format!("key={},algorithm=HMAC_SHA256", key.id)),
        ],
        None => vec![(SIGNATURE_HEADER, sign(url, parameters, by.auth_token))],
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
    use std::time::Duration;

    use switchboard_domain::private::Private;
    use switchboard_domain::timestamp::Millis;
    use switchboard_domain::webhook::endpoint::Algorithm;
    use switchboard_domain::webhook::{SharedKey, WebhookEndpoint};

    use super::*;
    use crate::Request;

    /// The URL, the token and the parameters of the vendor's own example.
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const TOKEN: &str = "12345";
    const PARAMETERS: [(&str, &str); 5] = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ];
    const NOW: Timestamp = Timestamp(1_614_265_330_000);

    fn parameters() -> Vec<(String, String)> {
        PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// The request of a call to an endpoint that is set up so.
    fn request(method: &str, endpoint: Option<&WebhookEndpoint>) -> reqwest::Request {
        let parameters = parameters();
        let timeout = Duration::from_secs(5);
        let request =
            Request { url: URL, method, parameters: &parameters, text: None, id: "one", timeout };
        let event = "onMessageAdd";
        let letter = Letter { request, endpoint, sequence: None, event, happened: NOW };
        let by = By { auth_token: TOKEN, now: NOW };
        signed(&by, &Client::new(), URL.parse().unwrap(), &letter).unwrap()
    }

    fn header<'a>(request: &'a reqwest::Request, name: &str) -> Option<&'a str> {
        request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    fn body(request: &reqwest::Request) -> &[u8] {
        request.body().and_then(|body| body.as_bytes()).unwrap_or_default()
    }

    #[test]
    fn an_endpoint_that_nobody_set_up_is_signed_for_as_the_vendors_example_is() {
        let made = request("POST", None);
        assert_eq!(header(&made, SIGNATURE_HEADER), Some("RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        assert_eq!(header(&made, SETTINGS_HEADER), None);
        assert_eq!(header(&made, "webhook-signature"), None);
        assert_eq!(header(&made, "i-twilio-idempotency-token"), Some("one"));
        let sent: Vec<(String, String)> =
            form_urlencoded::parse(body(&made)).into_owned().collect();
        assert_eq!(sent, parameters());
    }

    #[test]
    fn what_is_asked_in_the_address_is_signed_with_the_address() {
        let made = request("GET", None);
        assert!(made.body().is_none());
        let url = made.url().as_str();
        assert!(url.starts_with(URL) && url.ends_with("&To=%2B18005551212"), "{url}");
        let alone: &[(&str, &str)] = &[];
        assert_eq!(header(&made, SIGNATURE_HEADER), Some(&*sign(url, alone, TOKEN)));
    }

    #[test]
    fn a_shared_key_signs_by_the_newer_algorithm_and_is_named() {
        let key = SharedKey {
            id: "webhooks_sharedkey_1".to_owned(),
            secret: Private(TOKEN.to_owned()),
            created: NOW,
            from: NOW,
        };
        let shared_keys = vec![key];
        let algorithm = Algorithm::Sha256;
        let endpoint = WebhookEndpoint { algorithm, shared_keys, ..WebhookEndpoint::new(URL, NOW) };
        let made = request("POST", Some(&endpoint));
        // The same text as in the example before, by the other hash.
        let expected = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=";
        assert_eq!(header(&made, SIGNATURE_HEADER), Some(expected));
        let named = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";
        assert_eq!(header(&made, SETTINGS_HEADER), Some(named));
    }

    #[test]
    fn by_standard_webhooks_the_body_goes_out_as_it_is_signed() {
        let mut endpoint = WebhookEndpoint::new(URL, NOW);
        (endpoint.is_standard, endpoint.format) = (true, Format::Json);
        endpoint.add_secret(&[7; 24], Millis(0), NOW);
        let made = request("POST", Some(&endpoint));
        let text = std::str::from_utf8(body(&made)).unwrap();
        let said: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&said["type"], &said["data"]["Digits"]),
            (&"onMessageAdd".into(), &"1234".into())
        );
        assert_eq!(said["timestamp"], "2021-02-25T15:02:10.000Z");
        let expected = signature(&endpoint.secrets[0], "one", NOW.seconds(), text);
        assert_eq!(header(&made, "webhook-signature"), Some(&*expected));
        assert_eq!(header(&made, "webhook-id"), Some("one"));
        assert_eq!(header(&made, "webhook-timestamp"), Some("1614265330"));
        // The vendor's signature covers the body by its digest in the address.
        let url = made.url().as_str();
        assert_eq!(url, cover_body(URL, text.as_bytes()));
        let alone: &[(&str, &str)] = &[];
        assert_eq!(header(&made, SIGNATURE_HEADER), Some(&*sign(url, alone, TOKEN)));
    }

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
