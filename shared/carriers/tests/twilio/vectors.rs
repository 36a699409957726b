//! Compares signatures, payloads and sends with the published vectors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use switchboard_carriers::{Carriers, Event, RawRequest, SIGNATURE_HEADER, sign};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::{
    Composed, Content, InboundMessage, Media, OutboundMessage, SendOutcome, StatusReport,
};
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;

use crate::connected::{ACCOUNT, CARRIER, PUBLIC_URL, With};
use crate::reference;
use crate::sending::Server;

const NOW: Timestamp = Timestamp(1_795_344_809_123);

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

fn headers(vector: &Value) -> HeaderMap {
    let named = vector["headers"].as_object().unwrap().iter();
    named
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn signatures_are_judged_as_the_carrier_judges_them() {
    let Some(vectors) = reference::read("vectors/signatures/twilio.json") else {
        return;
    };
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= 50, "{} vectors", vectors.len());
    for vector in vectors {
        let body = STANDARD.decode(text(vector, "body_base64")).unwrap();
        let method = text(vector, "method").parse().unwrap();
        let request = RawRequest {
            method: &method,
            url: text(vector, "url"),
            headers: &headers(vector),
            body: &body,
        };
        let carriers = With::secret(text(vector, "secret")).carriers();
        let verdict = carriers.get(CARRIER).verify(request, NOW);
        let expected = text(vector, "expect") == "accept";
        assert_eq!(verdict.is_ok(), expected, "{}: {verdict:?}", text(vector, "name"));
        assert!(verdict.err().is_none_or(|rejection| rejection.status() == 403));
    }
}

#[test]
fn payloads_are_read_as_the_reference_reads_them() {
    let Some(vectors) = reference::read("vectors/payloads/twilio.json") else {
        return;
    };
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= 19, "{} vectors", vectors.len());
    for vector in vectors {
        let name = text(vector, "name");
        let body = of_our_account(&STANDARD.decode(text(vector, "body_base64")).unwrap());
        let url = format!("https://hooks.example.com/twilio?{}", text(vector, "query"));
        let decoded: Vec<_> = form_urlencoded::parse(&body).collect();
        let pairs: Vec<(&str, &str)> = decoded.iter().map(|(n, v)| (&**n, &**v)).collect();
        let mut headers = headers(vector);
        let signature = sign(&url, &pairs, "secret");
        headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(&signature).unwrap());
        let method = text(vector, "method").parse().unwrap();
        let request = RawRequest { method: &method, url: &url, headers: &headers, body: &body };
        let carriers: Carriers = With::secret("secret").carriers();
        let twilio = carriers.get(CARRIER);
        let events = twilio.parse(&twilio.verify(request, NOW).unwrap(), NOW).unwrap();
        let normalised: Vec<Value> = events.iter().map(normalised).collect();
        let mut expected = vector["expect"].clone();
        for event in expected.as_array_mut().unwrap() {
            comparable(event.as_object_mut().unwrap());
        }
        assert_eq!(Value::from(normalised), expected, "{name}");
        let reply = twilio.acknowledge(&events);
        assert_eq!(reply.status / 100, 2, "{name}");
        assert_eq!(reply.body.contains("<Response/>"), matches!(events[0], Event::Message(_)));
    }
}

/// The same form for the account that is connected: reports of another one are ignored.
fn of_our_account(form: &[u8]) -> Vec<u8> {
    let pairs = form_urlencoded::parse(form).map(|(name, value)| match &*name {
        "AccountSid" => (name, ACCOUNT.into()),
        _ => (name, value),
    });
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
}

/// Drops what we do not keep (the carrier's own words) and writes out what we keep differently.
fn comparable(event: &mut serde_json::Map<String, Value>) {
    for dropped in ["kind", "carrier_status", "error_text", "recipient", "at_ms", "received_at_ms"]
    {
        event.remove(dropped);
    }
    if event["event"] == "message" {
        if event["channel"] == "mms" {
            event["channel"] = "sms".into();
        }
        if event["body"].is_null() {
            event["body"] = "".into();
        }
    }
}

fn normalised(event: &Event) -> Value {
    match event {
        Event::Message(message) => normalised_message(message),
        Event::Status(report) => normalised_report(report),
        Event::Ignored(reason) => json!({ "event": "ignored", "reason": reason }),
        other => panic!("{other:?}"),
    }
}

fn normalised_message(message: &InboundMessage) -> Value {
    let number = |text: &str| text.parse::<f64>().unwrap();
    let location = message.content.iter().find_map(|content| match content {
        Content::Location { latitude, longitude, name, address } => Some(json!({
            "lat": number(latitude),
            "long": number(longitude),
            "address": address,
            "name": name,
        })),
        _ => None,
    });
    let media: Vec<Value> = message
        .media
        .iter()
        .map(|media| json!({ "url": media.url.0, "content_type": media.content_type }))
        .collect();
    json!({
        "event": "message",
        "carrier": message.carrier.name(),
        "carrier_message_id": message.carrier_message_id,
        "channel": message.from.channel().name(),
        "from": message.from.bare(),
        "to": message.to.bare(),
        "body": message.body.0,
        "media": media,
        "profile_name": message.profile_name.as_ref().map(|name| name.0.clone()),
        "reply_to": message.reply_to,
        "extra": location.map_or(json!({}), |location| json!({ "location": location })),
    })
}

fn normalised_report(report: &StatusReport) -> Value {
    json!({
        "event": "status",
        "carrier": report.carrier.name(),
        "carrier_message_id": report.carrier_message_id,
        "status": report.status.name(),
        "error_code": report.error_code.map(|code| code.to_string()),
    })
}

/// The message of an intent; none for messaging services, which we do not send by.
fn outbound(intent: &Value) -> Option<OutboundMessage> {
    if intent.get("messaging_service").is_some() {
        return None;
    }
    let address = |name| -> Address {
        let bare = text(intent, name);
        match ChannelType::parse(text(intent, "channel")) {
            None | Some(ChannelType::Sms) => bare.parse().unwrap(),
            Some(channel) => format!("{}:{bare}", channel.name()).parse().unwrap(),
        }
    };
    let urls = intent.get("media").and_then(Value::as_array).into_iter().flatten();
    let media = urls.map(|url| Media::new(url.as_str().unwrap(), "image/png"));
    let template = intent.get("content_sid").map(|name| Composed::Template {
        name: name.as_str().unwrap().to_owned(),
        language: String::new(),
        values: vec![("1".to_owned(), text(&intent["content_variables"], "1").into())],
        copies: None,
    });
    let body = intent.get("body").and_then(Value::as_str).unwrap_or_default();
    let pair = (address("from"), address("to"));
    Some(OutboundMessage {
        media: media.collect(),
        composed: template,
        ..OutboundMessage::text((MessageSid::derived(&["m"]), 3), pair, body)
    })
}

#[tokio::test]
async fn sends_are_the_requests_that_the_official_client_makes() {
    let Some(vectors) = reference::read("vectors/outbound/twilio.json") else {
        return;
    };
    let mut compared = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let Some(message) = outbound(&case["intent"]) else {
            continue;
        };
        let given = &case["response_given"];
        let server = Server::answers(given["status"].as_u64().unwrap(), &given["body"]).await;
        let mut with = With::secret("test_auth_token").setting("BASE_URL", &server.origin());
        if case["intent"].get("status_callback").is_some() {
            with.public_url = PUBLIC_URL;
        }
        let outcome = with.carriers().send(CARRIER, &message).await;
        let sent = server.request().await;
        let request = &case["request"];
        let name = text(case, "name");
        let target = format!("{} {} ", text(request, "method"), text(request, "path"));
        assert!(sent.head.starts_with(&target), "{name}: {}", sent.head);
        for header in ["Accept", "Content-Type", "Authorization"] {
            assert_eq!(sent.header(header), text(&request["headers"], header), "{name}");
        }
        assert_eq!(sent.form(), expected_form(request, &message), "{name}");
        assert_eq!(summary(&outcome), expected_summary(given), "{name}");
        compared += 1;
    }
    assert!(compared >= 8, "{compared} sends compared");
}

/// The official request, sorted, with our correlation in the callback.
fn expected_form(request: &Value, message: &OutboundMessage) -> Vec<(String, String)> {
    let pair = |pair: &Value| {
        let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let value = match name {
            // Where it goes is ours to choose; that there is one is not.
            "StatusCallback" => {
                let ours = format!("{PUBLIC_URL}/webhooks/twilio");
                format!("{ours}?message={}&delivery=3", message.message)
            }
            _ => value.to_owned(),
        };
        (name.to_owned(), value)
    };
    let mut form: Vec<_> = request["body"].as_array().unwrap().iter().map(pair).collect();
    form.sort();
    form
}

fn summary(outcome: &SendOutcome) -> String {
    match outcome {
        SendOutcome::Accepted { carrier_message_id } => format!("accepted {carrier_message_id}"),
        SendOutcome::Retry { .. } => "retry".to_owned(),
        SendOutcome::Unknown { .. } => "unknown".to_owned(),
        SendOutcome::Rejected { error_code, .. } => format!("rejected {error_code}"),
    }
}

fn expected_summary(given: &Value) -> String {
    match given["status"].as_u64().unwrap() {
        201 => format!("accepted {}", text(&given["body"], "sid")),
        429 => "retry".to_owned(),
        _ => format!("rejected {}", given["body"]["code"]),
    }
}
