//! Sends over a real connection to a server that behaves well, badly or not at all.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_carriers::{Carriers, Http, Lookup, Timeouts, show};
use switchboard_domain::carriage::{OutboundMessage, SendOutcome, Shown, Signal, SignalKind};
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::connected::{ACCOUNT, CARRIER, With};

const ATTEMPT: Timestamp = Timestamp(1_795_344_809_000);

/// A carrier whose API is there.
fn at(origin: &str) -> With {
    With::secret("secret").setting("BASE_URL", origin)
}

/// One request as it came over the wire.
pub(crate) struct Received {
    pub(crate) head: String,
    body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let named = |line: &&str| {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let line = self.head.lines().find(named).unwrap_or_else(|| panic!("no {name}"));
        line.split_once(':').unwrap().1.trim()
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let mut form: Vec<_> = form_urlencoded::parse(&self.body).into_owned().collect();
        form.sort();
        form
    }
}

/// Answers its connections one after the other with the bytes given, then closes each.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    received: tokio::sync::Mutex<mpsc::UnboundedReceiver<Received>>,
}

/// What to do once the request is there.
enum Act {
    Answer(String),
    Silence,
}

impl Server {
    async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for act in acts {
                let (mut stream, _) = listener.accept().await.unwrap();
                sender.send(read(&mut stream).await).unwrap();
                match act {
                    Act::Answer(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap(),
                    Act::Silence => silent.push(stream),
                }
            }
            std::future::pending::<()>().await;
        });
        Self { address, received: received.into() }
    }

    pub(crate) async fn answers(status: u64, body: &Value) -> Self {
        Self::start(vec![Act::Answer(answer(status, "", &body.to_string()))]).await
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn request(&self) -> Received {
        self.received.lock().await.recv().await.unwrap()
    }
}

fn answer(status: u64, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request is cut off");
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut received = Received { head, body: bytes[head_end + 4..].to_vec() };
    let length = if received.head.starts_with("POST") {
        received.header("Content-Length").parse().unwrap()
    } else {
        0
    };
    while received.body.len() < length {
        assert_ne!(stream.read_buf(&mut received.body).await.unwrap(), 0, "the body is cut off");
    }
    received
}

fn message() -> OutboundMessage {
    let pair = ("+18005550100".parse().unwrap(), "+14155550123".parse().unwrap());
    OutboundMessage::text((MessageSid::derived(&["m"]), 0), pair, "hi")
}

#[test]
fn everybody_in_a_group_is_a_recipient_of_one_message() {
    let others = ["+14155550124", "+14155550125"].map(|other| other.parse().unwrap());
    let group = OutboundMessage { others: others.into(), ..message() };
    let carriers = With::secret("secret").carriers();
    let request = carriers.get(CARRIER).build(&group).unwrap();
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let to: Vec<&str> =
        form.iter().filter(|(name, _)| name == "To").map(|(_, to)| to.as_str()).collect();
    assert_eq!(to, ["+14155550123", "+14155550124", "+14155550125"]);
}

#[test]
fn how_long_it_may_wait_there_is_said_if_somebody_said_so() {
    let carriers = With::secret("secret").carriers();
    let said = |valid_seconds| {
        let message = OutboundMessage { valid_seconds, ..message() };
        let request = carriers.get(CARRIER).build(&message).unwrap();
        let mut form = form_urlencoded::parse(&request.body).into_owned();
        form.find(|(name, _)| name == "ValidityPeriod").map(|(_, seconds)| seconds)
    };
    assert_eq!(said(Some(90)).as_deref(), Some("90"));
    assert_eq!(said(None), None);
}

async fn send_to(act: Act) -> SendOutcome {
    send_within(Timeouts::default().total, act).await
}

async fn send_within(total: Duration, act: Act) -> SendOutcome {
    let server = Server::start(vec![act]).await;
    let timeouts = Timeouts { total, ..Timeouts::default() };
    let carriers = at(&server.origin()).carriers().over(Arc::new(Http::new(timeouts)));
    carriers.send(CARRIER, &message()).await
}

#[tokio::test]
async fn an_answer_with_an_identifier_is_acceptance() {
    let outcome = send_to(Act::Answer(answer(201, "", r#"{"sid":"SM1"}"#))).await;
    assert_eq!(outcome, SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() });
}

#[tokio::test]
async fn a_throttled_send_waits_as_long_as_the_carrier_asks() {
    let body = r#"{"code":20429,"message":"Too Many Requests"}"#;
    let outcome = send_to(Act::Answer(answer(429, "Retry-After: 17\r\n", body))).await;
    assert!(matches!(outcome, SendOutcome::Retry { after_seconds: Some(17), .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_message_is_rejected_with_the_carriers_code() {
    let body = r#"{"code":21610,"message":"opted out"}"#;
    let outcome = send_to(Act::Answer(answer(400, "", body))).await;
    assert!(matches!(outcome, SendOutcome::Rejected { error_code: 21610, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_our_credentials() {
    let redirect = answer(307, "Location: http://127.0.0.1:9/\r\n", "");
    let outcome = send_to(Act::Answer(redirect)).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_surely_has_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = at(&origin).carriers().send(CARRIER, &message()).await;
    assert!(matches!(outcome, SendOutcome::Retry { after_seconds: None, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_send_without_any_secret_does_not_leave() {
    let without = With::secret("").setting("BASE_URL", "http://127.0.0.1:9");
    let outcome = without.carriers().send(CARRIER, &message()).await;
    let SendOutcome::Retry { reason, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "no secret is configured for this carrier");
}

#[tokio::test]
async fn silence_a_lost_connection_and_half_an_answer_leave_the_send_unknown() {
    let half = answer(201, "", r#"{"sid":"SM1"}"#).replace("Length: 13", "Length: 99");
    for act in [Act::Silence, Act::Answer(String::new()), Act::Answer(half)] {
        let outcome = send_within(Duration::from_millis(300), act).await;
        let SendOutcome::Unknown { reason } = outcome else { panic!("{outcome:?}") };
        assert!(!reason.contains("127.0.0.1"), "{reason}");
    }
}

#[tokio::test]
async fn the_second_secret_is_tried_when_the_first_is_refused() {
    let acts = vec![
        Act::Answer(answer(401, "", r#"{"code":20003}"#)),
        Act::Answer(answer(201, "", r#"{"sid":"SM1"}"#)),
    ];
    let server = Server::start(acts).await;
    let with = at(&server.origin()).setting("SECONDARY_AUTH_TOKEN", "next");
    let outcome = with.carriers().send(CARRIER, &message()).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let (first, second) = (server.request().await, server.request().await);
    assert_ne!(first.header("Authorization"), second.header("Authorization"));
    assert_eq!(first.form(), second.form());
}

fn page(messages: Value, next_page_uri: Option<&str>) -> Act {
    let body = json!({ "messages": messages, "next_page_uri": next_page_uri });
    Act::Answer(answer(200, "", &body.to_string()))
}

fn listed(sid: &str, body: &str) -> Value {
    json!({
        "sid": sid,
        "to": "+14155550123",
        "from": "+18005550100",
        "body": body,
        "num_media": "0",
        "direction": "outbound-api",
        "status": "queued",
        "date_created": ATTEMPT.rfc2822(),
        "date_sent": null,
    })
}

async fn find_in(server: &Server) -> Lookup {
    let carriers: Carriers = at(&server.origin()).carriers();
    let settled = ATTEMPT + carriers.get(CARRIER).settling();
    carriers.find(CARRIER, &message(), ATTEMPT, settled).await
}

#[tokio::test]
async fn a_lost_message_is_found_on_a_later_page() {
    let list = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?");
    let next = format!("{list}Page=1");
    let server = Server::start(vec![
        page(json!([listed("SM1", "other")]), Some(&next)),
        page(json!([listed("SM2", "hi")]), None),
    ])
    .await;
    assert_eq!(find_in(&server).await, Lookup::Found { carrier_message_id: "SM2".to_owned() });
    let first = server.request().await.head;
    let query = "To=%2B14155550123&From=%2B18005550100&PageSize=1000";
    assert!(first.starts_with(&format!("GET {list}{query} ")), "{first}");
    assert!(server.request().await.head.starts_with(&format!("GET {next} ")));
}

#[tokio::test]
async fn a_complete_list_without_the_message_proves_its_absence() {
    let server = Server::start(vec![page(json!([listed("SM1", "other")]), None)]).await;
    assert_eq!(find_in(&server).await, Lookup::NotFound);
}

#[tokio::test]
async fn a_list_that_is_not_one_proves_nothing() {
    for act in [
        page(json!([]), Some("@elsewhere.example/Messages.json?")),
        page(json!({}), None),
        Act::Answer(answer(500, "", "")),
        Act::Answer(String::new()),
    ] {
        let server = Server::start(vec![act]).await;
        let lookup = find_in(&server).await;
        assert!(matches!(lookup, Lookup::CannotTell { .. }), "{lookup:?}");
    }
}

fn sign(kind: SignalKind, channel: &str) -> Signal {
    let address = |number: &str| format!("{channel}{number}").parse().unwrap();
    let about = format!("SM{}", "7".repeat(32));
    Signal { kind, from: address("+18005550100"), to: address("+14155550123"), about }
}

async fn shown_by(origin: &str) -> Shown {
    let carriers = at(origin).carriers();
    show(carriers.get(CARRIER), carriers.transport(), &sign(SignalKind::Typing, "whatsapp:")).await
}

#[tokio::test]
async fn that_somebody_types_is_one_form_to_the_messaging_product() {
    let server = Server::answers(200, &json!({ "success": true })).await;
    assert_eq!(shown_by(&server.origin()).await, Shown::Shown);
    let request = server.request().await;
    assert!(request.head.starts_with("POST /v2/Indicators/Typing.json "), "{}", request.head);
    let id = format!("SM{}", "7".repeat(32));
    let form = [("channel", "whatsapp"), ("messageId", id.as_str())];
    assert_eq!(request.form(), form.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(request.header("Authorization").starts_with("Basic "));
}

#[test]
fn other_channels_and_that_somebody_reads_have_no_sign() {
    let carriers = With::secret("secret").carriers();
    let request = |kind, channel| carriers.get(CARRIER).signal(&sign(kind, channel));
    let host = request(SignalKind::Typing, "whatsapp:").unwrap().url;
    assert_eq!(host.as_str(), "https://messaging.twilio.com/v2/Indicators/Typing.json");
    assert_eq!(request(SignalKind::Read, "whatsapp:"), None);
    assert_eq!(request(SignalKind::Typing, ""), None);
}

#[tokio::test]
async fn a_sign_that_is_not_shown_says_whether_the_carrier_was_asked_in_vain_or_refuses() {
    let refusal = json!({ "code": 20404, "message": "to +14155550123" });
    for (status, body, refused) in [
        (404, &refusal, Some(20404)),
        (400, &json!({}), Some(21619)),
        (503, &refusal, None),
        (429, &refusal, None),
        (200, &json!({ "success": false }), None),
        (201, &json!({ "success": false, "sid": "SM1" }), None),
    ] {
        let server = Server::answers(status, body).await;
        match (shown_by(&server.origin()).await, refused) {
            (Shown::Refused { error_code, reason }, Some(code)) => {
                assert_eq!(error_code, code);
                assert!(!reason.contains("4155550123"), "{reason}");
            }
            (Shown::Unavailable { reason }, None) => assert!(!reason.is_empty()),
            other => panic!("{status} {body}: {other:?}"),
        }
    }
    let nobody = shown_by("http://127.0.0.1:9").await;
    assert!(matches!(nobody, Shown::Unavailable { .. }), "{nobody:?}");
}
