//! Compares signatures, challenges and payloads with the published vectors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderValue, Method};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use switchboard_carriers::{Event, Rejection};
use switchboard_domain::carriage::{Content, InboundMessage, StatusReport};
use switchboard_domain::timestamp::Timestamp;

use crate::connected::{NOW, Request, carrier, headers, text};
use crate::reference;

const SIGNATURE: &str = "x-hub-signature-256";

fn request(vector: &Value) -> Request {
    let encoded = vector["body_base64"].as_str().unwrap_or_default();
    Request {
        method: text(vector, "method").parse().unwrap(),
        url: text(vector, "url").to_owned(),
        headers: headers(vector),
        body: STANDARD.decode(encoded).unwrap(),
    }
}

/// The signature by an implementation of its own.
fn signed(body: &[u8], secret: &str) -> HeaderValue {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let digits: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}").parse().unwrap()
}

#[test]
fn signatures_are_judged_as_the_carrier_judges_them() {
    let Some(vectors) = reference::read("vectors/signatures/meta.json") else {
        return;
    };
    let (mut signatures, mut challenges) = (0, 0);
    for vector in vectors.as_array().unwrap() {
        let (name, request) = (text(vector, "name"), request(vector));
        let expected = text(vector, "expect") == "accept";
        match text(vector, "scheme") {
            "meta-challenge" => {
                let carrier = carrier(&[("VERIFY_TOKEN", text(vector, "verify_token"))]);
                let answer = carrier.handshake(&request.raw()).expect("a handshake");
                assert_eq!(answer.is_ok(), expected, "{name}: {answer:?}");
                let wanted = &vector["expect_response"];
                match answer {
                    Ok(reply) => assert_eq!(
                        (u64::from(reply.status), reply.body.as_ref()),
                        (wanted["status"].as_u64().unwrap(), text(wanted, "body")),
                        "{name}"
                    ),
                    Err(rejection) => assert_eq!(rejection.status(), 403, "{name}"),
                }
                challenges += 1;
            }
            _ => {
                let secret = text(vector, "secret");
                let carrier = carrier(&[("APP_SECRET", secret)]);
                assert!(carrier.handshake(&request.raw()).is_none(), "{name}");
                let verdict = carrier.verify(request.raw(), NOW);
                assert_eq!(verdict.is_ok(), expected, "{name}: {verdict:?}");
                assert!(verdict.err().is_none_or(|rejection| rejection.status() == 403));
                if expected {
                    neighbours(name, &request, secret);
                }
                signatures += 1;
            }
        }
    }
    assert!(signatures >= 29 && challenges >= 7, "{signatures} and {challenges} vectors");
}

/// What lies next to a genuine request is not genuine: another body, key, method, a missing or doubled header. Its time
/// is in nothing that is signed, so an old one is as good as a new one.
fn neighbours(name: &str, genuine: &Request, secret: &str) {
    let judge = |request: &Request, secret: &str| {
        let carrier = carrier(&[("APP_SECRET", secret)]);
        carrier.verify(request.raw(), NOW).map(|_| ())
    };
    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = Request {
            method: genuine.method.clone(),
            url: genuine.url.clone(),
            headers: genuine.headers.clone(),
            body: genuine.body.clone(),
        };
        change(&mut request);
        judge(&request, secret)
    };
    let wrong = Err(Rejection::WrongSignature);
    assert_eq!(changed(&|it| it.body.push(b' ')), wrong, "{name}");
    assert_eq!(changed(&|it| it.body.truncate(it.body.len() - 1)), wrong, "{name}");
    assert_eq!(changed(&|it| it.body[0] ^= 1), wrong, "{name}");
    assert_eq!(judge(genuine, &format!("{secret} ")), wrong, "{name}");
    assert_eq!(judge(genuine, &secret.to_uppercase()), wrong, "{name}");
    assert_eq!(judge(genuine, ""), Err(Rejection::NoSecret), "{name}");
    let unsigned = changed(&|it| drop(it.headers.remove(SIGNATURE)));
    assert_eq!(unsigned, Err(Rejection::Unsigned), "{name}");
    let doubled = changed(&|it| {
        let signature = it.headers[SIGNATURE].clone();
        it.headers.append(SIGNATURE, signature);
    });
    assert_eq!(doubled, Err(Rejection::SignedTwice), "{name}");
    let put = changed(&|it| it.method = Method::PUT);
    assert_eq!(put, Err(Rejection::WrongMethod), "{name}");
    let second = carrier(&[("APP_SECRET", "new"), ("SECONDARY_APP_SECRET", secret)]);
    for now in [Timestamp(0), NOW, Timestamp(i64::MAX)] {
        assert!(second.verify(genuine.raw(), now).is_ok(), "{name}");
    }
}

#[test]
fn payloads_are_read_as_the_reference_reads_them() {
    let Some(vectors) = reference::read("vectors/payloads/meta.json") else {
        return;
    };
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= 72, "{} vectors", vectors.len());
    let carrier = carrier(&[("APP_SECRET", "secret")]);
    for vector in vectors {
        let name = text(vector, "name");
        let body = STANDARD.decode(text(vector, "body_base64")).unwrap();
        let mut headers = headers(vector);
        headers.insert(SIGNATURE, signed(&body, "secret"));
        let url = "https://hooks.example.com/webhooks/meta".to_owned();
        let request = Request { method: Method::POST, url, headers, body };
        let events = carrier.parse(&carrier.verify(request.raw(), NOW).unwrap(), NOW).unwrap();
        let read: Vec<Value> = events.iter().map(normalised).collect();
        let mut expected = vector["expect"].clone();
        for (place, event) in expected.as_array_mut().unwrap().iter_mut().enumerate() {
            comparable(event.as_object_mut().unwrap(), read.get(place));
        }
        assert_eq!(Value::from(read), expected, "{name}");
        let reply = carrier.acknowledge(&events);
        assert_eq!((reply.status, reply.body.as_ref()), (200, "EVENT_RECEIVED"), "{name}");
    }
}

/// Drops what we keep in another form and what is the carrier's own word, of an expectation.
fn comparable(event: &mut Map<String, Value>, read: Option<&Value>) {
    for dropped in ["kind", "carrier_status", "error_text"] {
        event.remove(dropped);
    }
    match event["event"].as_str().unwrap() {
        "message" => comparable_message(event, read),
        // A group has no address of ours.
        "status" => {
            let id = event["recipient"].as_str().unwrap();
            let bare = id.trim_start_matches('+').to_owned();
            event.insert("recipient".to_owned(), bare.into());
        }
        // That somebody has another number is more to us than to the reference.
        "ignored" if event["type"] == "system:user_changed_number" => {
            event.clear();
            event.insert("event".to_owned(), "identity".into());
        }
        _ => {}
    }
}

fn comparable_message(event: &mut Map<String, Value>, read: Option<&Value>) {
    if event["carrier_message_id"].is_null() {
        // It has none: ours is derived, and the same each time.
        let ours = &read.expect("an event")["carrier_message_id"];
        assert!(ours.as_str().unwrap().starts_with("postback."), "{ours}");
        event.insert("carrier_message_id".to_owned(), ours.clone());
    }
    if event["body"].is_null() {
        event.insert("body".to_owned(), "".into());
    }
    for file in event["media"].as_array_mut().unwrap() {
        let file = file.as_object_mut().unwrap();
        file.remove("type");
        if let Some(id) = file.get("id").and_then(Value::as_str).map(str::to_owned) {
            let url = format!("https://graph.facebook.com/v23.0/{id}");
            file.entry("url").or_insert(url.into());
        }
    }
    let extra = event["extra"].as_object_mut().unwrap();
    // The identifier of our number: the number itself is the address.
    extra.remove("to_id");
    if let Some(location) = extra.get_mut("location") {
        for field in ["lat", "long"] {
            let number = location[field].as_f64().unwrap();
            location[field] = number.into();
        }
    }
}

fn normalised(event: &Event) -> Value {
    match event {
        Event::Message(message) => normalised_message(message),
        Event::Status(report) => normalised_report(report),
        Event::Watermark(mark) => json!({
            "event": "watermark",
            "carrier": mark.carrier.name(),
            "status": mark.status.name(),
            "watermark_ms": mark.until.0,
            "recipient": mark.customer.bare(),
        }),
        Event::Identity(change) => {
            assert!(change.old != change.new && !change.old.is_empty(), "{change:?}");
            json!({ "event": "identity" })
        }
        Event::Notice(notice) => json!({ "event": "ignored", "type": notice.about }),
        Event::Ignored(reason) => json!({ "event": "ignored", "type": reason }),
        Event::Unreadable(unreadable) => panic!("{unreadable:?}"),
    }
}

fn normalised_message(message: &InboundMessage) -> Value {
    let media: Vec<Value> = message
        .media
        .iter()
        .map(|media| {
            let mut file = Map::new();
            file.insert("url".to_owned(), media.url.as_str().into());
            let told = [
                ("id", media.carrier_media_id.clone()),
                ("filename", media.file_name.as_ref().map(|name| name.0.clone())),
                ("sha256", media.sha256.clone()),
                (
                    "content_type",
                    media.carrier_media_id.as_ref().map(|_| media.content_type.clone()),
                ),
            ];
            let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
            file.extend(told.map(|(name, value)| (name.to_owned(), value.into())));
            file.into()
        })
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
        "received_at_ms": message.written_at.unwrap().0,
        "extra": normalised_extra(message),
    })
}

/// What a message consists of, in the words of the reference.
fn normalised_extra(message: &InboundMessage) -> Map<String, Value> {
    let mut extra = Map::new();
    // What is not mapped word for word is compared with what was received.
    let received = message.extra.get("message").map_or("{}", |text| text.as_str());
    let received: Value = serde_json::from_str(received).unwrap();
    for content in &message.content {
        let (name, value) = match content {
            Content::Location { latitude, longitude, name, address } => {
                let mut place = Map::new();
                for (field, degrees) in [("lat", latitude), ("long", longitude)] {
                    place.insert(field.to_owned(), degrees.parse::<f64>().unwrap().into());
                }
                for (field, text) in [("name", name), ("address", address)] {
                    place.extend(text.iter().map(|text| (field.to_owned(), text.as_str().into())));
                }
                ("location", place.into())
            }
            Content::Contact { .. } => ("contacts", received["contacts"].clone()),
            Content::Button { payload, .. } => ("payload", json!(payload)),
            Content::ListChoice { id, .. } => ("payload", json!(id)),
            Content::Form { response, .. } => ("payload", json!(response)),
            Content::Reaction { to, emoji } => {
                ("reaction", json!({ "message_id": to, "emoji": emoji }))
            }
            Content::Order { .. } => ("order", received["order"].clone()),
            Content::Referral { source_url, .. } => {
                assert_eq!(json!(source_url), received["referral"]["source_url"]);
                ("referral", received["referral"].clone())
            }
            Content::Forwarded { .. } => ("forwarded", true.into()),
            Content::Story { .. } if !message.media.is_empty() => continue,
            Content::Story { id, url } => ("story", json!({ "id": id, "url": url })),
            Content::Link { url, .. } => ("link", json!(url)),
            Content::Unsupported { error_code: None, .. } => continue,
            Content::Unsupported { error_code, .. } => {
                ("error_code", error_code.map(|code| code.to_string()).into())
            }
            other => panic!("{other:?}"),
        };
        extra.insert(name.to_owned(), value);
    }
    extra
}

fn normalised_report(report: &StatusReport) -> Value {
    let recipient = report.customer.as_ref().unwrap().bare().trim_start_matches('+');
    json!({
        "event": "status",
        "carrier": report.carrier.name(),
        "carrier_message_id": report.carrier_message_id,
        "status": report.status.name(),
        "error_code": report.error_code.map(|code| code.to_string()),
        "at_ms": report.happened_at.unwrap().0,
        "recipient": recipient,
    })
}
