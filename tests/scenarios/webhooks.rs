//! Customers' webhooks: really called, signed, after the commit.

use std::sync::{Arc, Mutex};

use serde_json::json;
use switchboard_carriers::twilio::{SIGNATURE_HEADER, sign};
use switchboard_tests::{Exchange, NUMBER, TOKEN, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What an endpoint was called with.
#[derive(Clone)]
struct Heard {
    signature: String,
    parameters: Vec<(String, String)>,
}

impl Heard {
    fn get(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// An endpoint on loopback that answers with these statuses in turn, the last one for ever.
struct Endpoint {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Endpoint {
    async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let listening = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let Some(call) = read(&mut stream).await else { continue };
                let count = {
                    let mut heard = listening.lock().unwrap();
                    heard.push(call);
                    heard.len()
                };
                let status = statuses[(count - 1).min(statuses.len() - 1)];
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, heard }
    }

    fn calls(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok()?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|it| it.1.to_owned())
                .next()
        };
        let length: usize = header("content-length")?.parse().ok()?;
        if body.len() >= length {
            let parameters = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            return Some(Heard { signature: header(SIGNATURE_HEADER)?, parameters });
        }
        if count == 0 {
            return None;
        }
    }
}

/// Lets an address attach this endpoint to its new conversations.
async fn listen(exchange: &Exchange, endpoint: &Endpoint) {
    let path = format!("/conversations/v1/Configuration/Addresses/{}", exchange.sid("address"));
    let form = [
        ("AutoCreation.Type", "webhook"),
        ("AutoCreation.WebhookUrl", endpoint.url.as_str()),
        ("AutoCreation.WebhookMethod", "POST"),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
        ("AutoCreation.WebhookFilters", "onParticipantAdded"),
    ];
    exchange.api.post(&path, &form).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_of_an_address_hears_of_the_message_signed_and_in_order() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    listen(&exchange, &endpoint).await;
    let customer = exchange.customer("+14155550140");
    customer.writes("for your webhook").await;
    exchange.settles().await;
    let calls = endpoint.calls();
    let events: Vec<&str> = calls.iter().map(|call| call.get("EventType")).collect();
    assert_eq!(events, ["onParticipantAdded", "onMessageAdded"]);
    let call = &calls[1];
    assert_eq!((call.get("Body"), call.get("Author")), ("for your webhook", "+14155550140"));
    assert_eq!(call.get("ConversationSid"), customer.conversation().await);
    let pairs: Vec<(&str, &str)> =
        call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(call.signature, sign(&endpoint.url, &pairs, TOKEN));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_called_again_and_then_left_alone() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[500, 500, 200]).await;
    listen(&exchange, &endpoint).await;
    exchange.customer("+14155550141").writes("try hard").await;
    eventually("the third call", || async {
        exchange.later(std::time::Duration::from_secs(20));
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        (endpoint.calls().len() >= 4).then_some(())
    })
    .await;
    exchange.settles().await;
    let events: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("EventType").to_owned()).collect();
    let expected =
        ["onParticipantAdded", "onParticipantAdded", "onParticipantAdded", "onMessageAdded"];
    assert_eq!(events, expected);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scoped_webhook_hears_of_rest_changes_only_if_they_say_so() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", endpoint.url.as_str()),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    exchange.api.make(&format!("{path}/Webhooks"), &form).await;
    let messages = format!("{path}/Messages");
    exchange.api.make(&messages, &[("Body", "quiet")]).await;
    let loud = [("X-Twilio-Webhook-Enabled", "true")];
    let form = [("Body", "loud")];
    exchange.api.send(reqwest::Method::POST, &messages, &form, &loud).await.ok();
    exchange.settles().await;
    let bodies: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("Body").to_owned()).collect();
    assert_eq!(bodies, ["loud"]);
    let listed = exchange.api.all(&format!("{path}/Webhooks"), "webhooks").await;
    assert_eq!(listed[0]["configuration"]["url"], json!(endpoint.url));
    let _ = NUMBER;
    exchange.rests().await;
}
