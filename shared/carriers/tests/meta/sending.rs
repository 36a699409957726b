//! Compares requests with the published ones: method, address, what matters of the headers, and the body.

use serde_json::{Value, json};
use switchboard_carriers::Answer;
use switchboard_domain::carriage::{
    Choice, Composed, Media, OutboundMessage, SendOutcome, Signal, SignalKind,
};
use switchboard_domain::sid::{MessageSid, Sid as _};

use crate::connected::{carrier, text};
use crate::reference;

/// A message of ours; the customer's name stands in for what the reference leaves open.
fn message(channel: &str, body: &str) -> OutboundMessage {
    let (from, to) = match channel {
        "whatsapp" => ("whatsapp:+15550783881", "whatsapp:+16505551234"),
        "messenger" => ("messenger:PAGE_ID", "messenger:PSID"),
        _ => ("instagram:IG_ID", "instagram:IGSID"),
    };
    let pair = (from.parse().unwrap(), to.parse().unwrap());
    OutboundMessage::text((MessageSid::derived(&["m"]), 3), pair, body)
}

fn file(kind: &str, url: &str) -> Vec<Media> {
    vec![Media::new(url, kind)]
}

fn known(kind: &str, id: &str) -> Vec<Media> {
    vec![Media { carrier_media_id: Some(id.to_owned()), ..Media::new("https://x.example", kind) }]
}

/// Our message for a case of the reference; none for what we do not send.
fn ours(name: &str) -> Option<OutboundMessage> {
    let whatsapp = |body: &str| message("whatsapp", body);
    let with = |body: &str, media| OutboundMessage { media, ..whatsapp(body) };
    let composed = |body: &str, it| OutboundMessage { composed: Some(it), ..whatsapp(body) };
    let choice = |id: &str, title: &str| Choice {
        id: id.to_owned(),
        title: title.to_owned(),
        description: None,
    };
    Some(match name {
        "whatsapp Send Text Message" => whatsapp("text-message-content"),
        "whatsapp Send Reply to Text Message" => OutboundMessage {
            reply_to: Some("<MSGID_OF_PREV_MSG>".to_owned()),
            ..whatsapp("<TEXT_MSG_CONTENT>")
        },
        "whatsapp Send Reply with Reaction Message" => {
            let (to, emoji) = ("wamid.HBgLM...".to_owned(), Some("😀".to_owned()));
            composed("", Composed::Reaction { to, emoji })
        }
        "whatsapp Send Image Message by URL" => with("", file("image/png", "http(s)://image-url")),
        "whatsapp Send Image Message by ID" => with("", known("image/png", "<IMAGE_OBJECT_ID>")),
        "whatsapp Send Document Message by URL" => {
            with("<DOCUMENT-CAPTION-TEXT>", file("application/pdf", "<http(s)://document-url>"))
        }
        "whatsapp Send Video Message by URL" => {
            with("<VIDEO_CAPTION_TEXT>", file("video/mp4", "<http(s)://video-url>"))
        }
        "whatsapp Send Audio Message by URL" => {
            with("", file("audio/mpeg", "<http(s)://audio-url>"))
        }
        "whatsapp Send Sticker Message by ID" => with("", known("image/webp", "<MEDIA_OBJECT_ID>")),
        "whatsapp Send Location Message" => composed(
            "",
            Composed::Location {
                latitude: "37.758056".to_owned(),
                longitude: "-122.425332".to_owned(),
                name: Some("META HQ".to_owned()),
                address: Some("1 Hacker Way, Menlo Park, CA 94025".to_owned()),
            },
        ),
        "whatsapp Send Reply Button" => composed(
            "<BUTTON_TEXT>",
            Composed::Buttons(vec![
                choice("<UNIQUE_BUTTON_ID_1>", "<BUTTON_TITLE_1>"),
                choice("<UNIQUE_BUTTON_ID_2>", "<BUTTON_TITLE_2>"),
            ]),
        ),
        "messenger text" => message("messenger", "hello, world!"),
        "messenger reply to a message" => {
            OutboundMessage { reply_to: Some("m_x".to_owned()), ..message("messenger", "re") }
        }
        "messenger image by url" => OutboundMessage {
            media: file("image/png", "https://media.example.com/a.png"),
            ..message("messenger", "")
        },
        "instagram text" => message("instagram", "hello"),
        "instagram image by url" => OutboundMessage {
            media: file("image/png", "https://media.example.com/a.png"),
            ..message("instagram", "")
        },
        _ => return None,
    })
}

/// The published body with our customer and what we ask to be told back, and without what is the default anyway.
fn expected(published: &Value, ours: &OutboundMessage) -> Value {
    let mut body = published.clone();
    let correlation = format!("{}.3", ours.message);
    if body["messaging_product"] == "whatsapp" {
        body["to"] = "16505551234".into();
        body["biz_opaque_callback_data"] = correlation.into();
    } else if body.get("messaging_type").is_some() {
        body["message"]["metadata"] = correlation.into();
    }
    if let Some(payload) = body.pointer_mut("/message/attachment/payload") {
        payload.as_object_mut().unwrap().remove("is_reusable");
    }
    body
}

#[test]
fn sends_are_the_requests_that_the_carrier_publishes() {
    let Some(vectors) = reference::read("vectors/outbound/meta.json") else {
        return;
    };
    let settings = [("PHONE_NUMBERS", "+15550783881=106540352242922"), ("ACCESS_TOKEN", "<token>")];
    let carrier = carrier(&settings);
    let mut compared = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let (name, published) = (text(case, "name"), &case["request"]);
        let Some(ours) = ours(name) else { continue };
        let request = carrier.build(&ours).unwrap();
        let url = format!("{}{}", text(published, "origin"), text(published, "path"));
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", url.as_str()),
            "{name}"
        );
        let content_type = text(&published["headers"], "Content-Type");
        assert_eq!(request.headers["content-type"], content_type, "{name}");
        let credentials: Vec<&str> = request.credentials.iter().map(|it| it.as_str()).collect();
        assert_eq!(credentials, [text(&published["headers"], "Authorization")], "{name}");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body, expected(&published["body"], &ours), "{name}");
        compared += 1;
    }
    assert!(compared >= 16, "{compared} sends compared");
}

#[test]
fn answers_mean_what_the_carrier_publishes() {
    let Some(vectors) = reference::read("vectors/outbound/meta.json") else {
        return;
    };
    let carrier = carrier(&[]);
    for case in vectors["cases"].as_array().unwrap() {
        let (name, given) = (text(case, "name"), &case["response_given"]);
        if given["body"].get("success").is_some() {
            continue;
        }
        let mut answer = Answer::new(given["body"].to_string().into_bytes());
        *answer.status_mut() =
            u16::try_from(given["status"].as_u64().unwrap()).unwrap().try_into().unwrap();
        let outcome = carrier.outcome(&answer);
        let code = given["body"]["error"]["code"].as_u64();
        match (code, outcome) {
            (None, SendOutcome::Accepted { carrier_message_id }) => {
                let id = &given["body"]["messages"][0]["id"];
                let id = id.as_str().unwrap_or_else(|| text(&given["body"], "message_id"));
                assert_eq!(carrier_message_id, id, "{name}");
            }
            (Some(4 | 613 | 80007 | 130_429 | 131_056), SendOutcome::Retry { .. }) => {}
            (Some(code), SendOutcome::Rejected { error_code, .. }) => {
                assert_eq!(u64::from(error_code), code, "{name}");
                assert!([10, 190, 551, 131_047].contains(&code), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn templates_and_lists_name_their_parts() {
    let carrier = carrier(&[]);
    let body = |message: &OutboundMessage| -> Value {
        serde_json::from_slice(&carrier.build(message).unwrap().body).unwrap()
    };
    let template = OutboundMessage {
        composed: Some(Composed::Template {
            name: "parcel_left".to_owned(),
            language: "en_GB".to_owned(),
            values: vec![("name".to_owned(), "Zoë".into()), ("2".to_owned(), "12".into())],
            copies: None,
        }),
        ..message("whatsapp", "")
    };
    let passcode = OutboundMessage {
        composed: Some(Composed::Template {
            name: "passcode".to_owned(),
            language: "en".to_owned(),
            values: vec![("1".to_owned(), "4711".into())],
            copies: Some("4711".into()),
        }),
        ..message("whatsapp", "4711")
    };
    let code = json!([{ "type": "text", "text": "4711" }]);
    assert_eq!(
        body(&passcode)["template"]["components"],
        json!([
            { "type": "body", "parameters": code },
            { "type": "button", "sub_type": "url", "index": "0", "parameters": code },
        ])
    );
    let parameters = json!([{ "type": "text", "text": "Zoë" }, { "type": "text", "text": "12" }]);
    assert_eq!(
        body(&template)["template"],
        json!({
            "name": "parcel_left",
            "language": { "code": "en_GB" },
            "components": [{ "type": "body", "parameters": parameters }],
        })
    );
    let row = Choice {
        id: "r".to_owned(),
        title: "Red".to_owned(),
        description: Some("like wine".to_owned()),
    };
    let list = OutboundMessage {
        composed: Some(Composed::List { button: "Colours".to_owned(), rows: vec![row] }),
        ..message("whatsapp", "Which?")
    };
    let rows = json!([{ "id": "r", "title": "Red", "description": "like wine" }]);
    assert_eq!(
        body(&list)["interactive"],
        json!({
            "type": "list",
            "body": { "text": "Which?" },
            "action": { "button": "Colours", "sections": [{ "rows": rows }] },
        })
    );
}

#[test]
fn a_customer_without_a_number_is_named_as_a_recipient() {
    let mut message = message("whatsapp", "hi");
    message.to = "whatsapp:US.13491208655302741918".parse().unwrap();
    let request = carrier(&[]).build(&message).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["recipient"], "US.13491208655302741918");
    assert_eq!(body.get("to"), None);
}

#[test]
fn what_a_channel_does_not_take_is_refused_with_a_reason_before_anything_is_sent() {
    let carrier = carrier(&[("PHONE_NUMBERS", "+15550783881=106540352242922")]);
    let image = |url: &str| Media::new(url, "image/png");
    let buttons = || Some(Composed::Buttons(Vec::new()));
    for (message, code) in [
        (message("whatsapp", ""), 63005),
        (OutboundMessage { media: vec![image("a"), image("b")], ..message("whatsapp", "") }, 63005),
        (OutboundMessage { media: file("audio/ogg", "a"), ..message("whatsapp", "text") }, 63005),
        (OutboundMessage { media: vec![image("a")], ..message("messenger", "text") }, 63005),
        (OutboundMessage { composed: buttons(), ..message("instagram", "") }, 63005),
        (
            OutboundMessage {
                others: vec!["whatsapp:+15550783890".parse().unwrap()],
                ..message("whatsapp", "to a group")
            },
            63005,
        ),
        (
            OutboundMessage {
                from: "whatsapp:+15550783882".parse().unwrap(),
                ..message("whatsapp", "x")
            },
            63007,
        ),
        (
            OutboundMessage { from: "+15550783881".parse().unwrap(), ..message("whatsapp", "x") },
            63007,
        ),
    ] {
        let refused = carrier.build(&message).unwrap_err();
        assert_eq!(refused.error_code, code, "{refused}");
        assert!(!refused.reason.is_empty());
    }
}

#[test]
fn that_somebody_reads_or_types_is_shown_as_the_carrier_wants_it() {
    let carrier = carrier(&[("PHONE_NUMBERS", "+15550783881=106540352242922")]);
    let shown = |channel: &str, kind| {
        let OutboundMessage { from, to, .. } = message(channel, "");
        let about = "wamid.x".to_owned();
        let request = carrier.signal(&Signal { kind, from, to, about }).unwrap();
        serde_json::from_slice::<Value>(&request.body).unwrap()
    };
    let read = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x",
    });
    assert_eq!(shown("whatsapp", SignalKind::Read), read);
    let typing = shown("whatsapp", SignalKind::Typing);
    assert_eq!(typing["typing_indicator"], json!({ "type": "text" }));
    let seen = json!({ "recipient": { "id": "PSID" }, "sender_action": "mark_seen" });
    assert_eq!(shown("messenger", SignalKind::Read), seen);
    assert_eq!(shown("instagram", SignalKind::Typing)["sender_action"], "typing_on");
}

#[test]
fn a_file_is_asked_for_by_its_identifier_with_the_token() {
    let carrier = carrier(&[("ACCESS_TOKEN", "t")]);
    let media = Media { carrier_media_id: Some("65463453".to_owned()), ..Media::new("x", "y") };
    let request = carrier.media(&media).unwrap();
    assert_eq!(request.url.as_str(), "https://graph.facebook.com/v23.0/65463453");
    assert_eq!(request.credentials[0].as_str(), "Bearer t");
    // What is no number could lead elsewhere.
    for id in ["", "../me", "1?fields=x"] {
        let media = Media { carrier_media_id: Some(id.to_owned()), ..Media::new("x", "y") };
        assert_eq!(carrier.media(&media), None, "{id}");
    }
}
