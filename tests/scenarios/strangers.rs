//! Endpoints that do what endpoints must not: each harms nobody but itself, and its log says what it did.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::Exchange;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::endpoint::Endpoint;
use crate::webhooks::{DELIVERIES, hears, says};

/// What a megabyte has, ten times over.
const MUCH: usize = 10 * 1024 * 1024;

/// A host that answers in the way that the path names.
async fn stranger() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answers(stream));
        }
    });
    origin
}

async fn answers(mut stream: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    let count = stream.read(&mut buffer).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&buffer[..count]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let answer = match path {
        "/much" => format!("HTTP/1.1 200 OK\r\ncontent-length: {MUCH}\r\n\r\n"),
        "/away" => "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\n\
                    content-length: 0\r\n\r\n"
            .to_owned(),
        "/breaks" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf a".to_owned(),
        "/gibberish" => "220 mail.example ESMTP\r\n\r\n".to_owned(),
        _ => return tokio::time::sleep(Duration::from_secs(60)).await,
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    if path == "/much" {
        let _ = stream.write_all(&vec![b'x'; MUCH]).await;
    }
}

/// What the log has of a conversation's only call.
async fn logged(exchange: &Exchange, conversation: &str) -> Value {
    let path = format!("{DELIVERIES}?ConversationSid={conversation}");
    let mut all = exchange.api.all(&path, "deliveries").await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_misbehaves_harms_nobody_else() {
    let exchange = Exchange::open().await;
    let (origin, fine) = (stranger().await, Endpoint::start(&[200]).await);
    // Its time is short, so that nobody waits for the test.
    let hangs = format!("{origin}/hangs#tt=300");
    let urls = ["much", "away", "breaks", "gibberish"].map(|path| format!("{origin}/{path}"));
    let mut conversations = Vec::new();
    for url in urls.iter().chain([&hangs, &fine.url]) {
        conversations.push(hears(&exchange, url).await);
    }
    for conversation in &conversations {
        says(&exchange, conversation, "is anybody there?").await;
    }
    assert_eq!(fine.calls().len(), 1);
    let mut found = Vec::new();
    for conversation in &conversations {
        found.push(logged(&exchange, conversation).await);
    }
    let statuses: Vec<&str> = found.iter().map(|one| one["status"].as_str().unwrap()).collect();
    let wanted = ["delivered", "failed", "delivered", "pending", "pending", "delivered"];
    assert_eq!(statuses, wanted, "{found:?}");
    let attempt = |place: usize| &found[place]["attempts"][0];
    assert_eq!(
        attempt(0)["response"].as_str().unwrap().len(),
        64,
        "ten megabytes, and so much is kept"
    );
    assert_eq!(attempt(1)["response_status"], 302, "and nobody went there");
    assert_eq!(attempt(2)["response"], "half a");
    assert_eq!(attempt(3)["error"], "did not answer");
    assert_eq!(attempt(4)["error"], "did not answer in time");
    assert!(attempt(4)["duration_ms"].as_u64().unwrap() < 2_000, "{}", attempt(4));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_says_how_often_a_call_is_repeated_at_once() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[503, 503, 200]).await;
    let conversation = hears(&exchange, &format!("{}#rc=2&rp=5xx&e=ashburn", endpoint.url)).await;
    says(&exchange, &conversation, "again and again").await;
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| endpoint.signed(call)), "without what is for us");
    let one = logged(&exchange, &conversation).await;
    assert_eq!((&one["status"], &one["attempt_count"]), (&json!("delivered"), &json!(1)));
    let unsaid = Endpoint::start(&[503]).await;
    let conversation = hears(&exchange, &unsaid.url).await;
    says(&exchange, &conversation, "once").await;
    assert_eq!(unsaid.calls().len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_after_seven_days() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[503]).await;
    let conversation = hears(&exchange, &endpoint.url).await;
    says(&exchange, &conversation, "somebody, some day").await;
    // Each tick comes when the next attempt is due.
    for minutes in [1, 1, 3, 11, 31, 121, 361, 721, 1_441, 2_881, 4_321] {
        let before = logged(&exchange, &conversation).await;
        assert_eq!(before["status"], "pending");
        exchange.later(Duration::from_secs(60 * minutes));
        exchange.ticks().await;
    }
    let one = logged(&exchange, &conversation).await;
    assert_eq!((&one["status"], &one["attempt_count"]), (&json!("failed"), &json!(12)), "{one}");
    assert_eq!((one["attempts"].as_array().unwrap().len(), endpoint.calls().len()), (12, 12));
    let tokens = endpoint.calls();
    let token = tokens[0].header("i-twilio-idempotency-token");
    assert!(tokens.iter().all(|call| call.header("i-twilio-idempotency-token") == token));
    exchange.rests().await;
}
