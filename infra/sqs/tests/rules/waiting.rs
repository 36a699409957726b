//! Long polling, under tokio's paused time and a clock that follows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_sqs::{Clock, Sqs, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

fn following_clock() -> Clock {
    let begin = Instant::now();
    Arc::new(move || i64::try_from(begin.elapsed().as_millis()).unwrap() + 1_700_000_000_000)
}

async fn ask(sqs: &Sqs, operation: &str, request: Value) -> Value {
    let target = format!("AmazonSQS.{operation}");
    let response = sqs.call(&target, request.to_string().as_bytes()).await;
    serde_json::from_slice(&response.body).unwrap()
}

async fn queue(sqs: &Sqs, name: &str) -> String {
    let mut request = json!({ "QueueName": name });
    if name.ends_with(".fifo") {
        request["Attributes"] = json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true" });
    }
    ask(sqs, "CreateQueue", request).await["QueueUrl"].as_str().unwrap().to_owned()
}

async fn send(sqs: &Sqs, url: &str, body: &str, delay: i64) {
    let mut request = json!({ "QueueUrl": url, "MessageBody": body });
    if url.ends_with(".fifo") {
        request["MessageGroupId"] = json!("g");
    } else {
        request["DelaySeconds"] = json!(delay);
    }
    ask(sqs, "SendMessage", request).await;
}

async fn wait(sqs: &Sqs, url: &str, seconds: i64, visibility: i64) -> Vec<Value> {
    let request = json!({
        "QueueUrl": url, "WaitTimeSeconds": seconds, "VisibilityTimeout": visibility,
    });
    let answer = ask(sqs, "ReceiveMessage", request).await;
    answer["Messages"].as_array().cloned().unwrap_or_default()
}

fn later(sqs: &Sqs, ms: u64, act: impl AsyncFnOnce(Sqs) + 'static) {
    let sqs = sqs.clone();
    tokio::task::spawn_local(async move {
        sleep(Duration::from_millis(ms)).await;
        act(sqs).await;
    });
}

async fn locally<F: Future>(act: F) -> F::Output {
    tokio::task::LocalSet::new().run_until(act).await
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_a_message_or_with_its_time() {
    locally(async {
        let sqs = Sqs::memory(following_clock());
        let url = queue(&sqs, "q").await;
        let begin = Instant::now();
        assert!(wait(&sqs, &url, 0, 30).await.is_empty());
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert!(wait(&sqs, &url, 20, 30).await.is_empty());
        assert_eq!(begin.elapsed().as_secs(), 20);

        let begin = Instant::now();
        let to = url.clone();
        later(&sqs, 700, async move |sqs| send(&sqs, &to, "x", 0).await);
        assert_eq!(wait(&sqs, &url, 20, 30).await.len(), 1);
        assert_eq!(begin.elapsed().as_millis(), 700);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_a_delay_or_a_visibility_timeout_ends() {
    locally(async {
        let sqs = Sqs::memory(following_clock());
        let url = queue(&sqs, "q").await;
        send(&sqs, &url, "x", 3).await;
        let begin = Instant::now();
        assert_eq!(wait(&sqs, &url, 20, 2).await.len(), 1);
        assert!((3000..3010).contains(&begin.elapsed().as_millis()));
        assert_eq!(wait(&sqs, &url, 20, 30).await.len(), 1);
        assert!((5000..5020).contains(&begin.elapsed().as_millis()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_learns_when_a_message_another_took_comes_back() {
    locally(async {
        let sqs = Sqs::memory(following_clock());
        let url = queue(&sqs, "q").await;
        let from = url.clone();
        later(&sqs, 1000, async move |sqs| {
            send(&sqs, &from, "x", 0).await;
            // Sent and taken before the other is polled again.
            wait(&sqs, &from, 0, 2).await;
        });
        let begin = Instant::now();
        assert_eq!(wait(&sqs, &url, 20, 30).await.len(), 1);
        assert!(begin.elapsed() < Duration::from_millis(3010), "{:?}", begin.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_frees_a_group_wakes_who_waits_for_it() {
    locally(async {
        let sqs = Sqs::memory(following_clock());
        let url = queue(&sqs, "q.fifo").await;
        send(&sqs, &url, "1", 0).await;
        let first = wait(&sqs, &url, 0, 30).await.remove(0);
        send(&sqs, &url, "2", 0).await;
        let from = url.clone();
        later(&sqs, 500, async move |sqs| {
            let handle = &first["ReceiptHandle"];
            let request = json!({ "QueueUrl": from, "ReceiptHandle": handle });
            ask(&sqs, "DeleteMessage", request).await;
        });
        let begin = Instant::now();
        assert_eq!(wait(&sqs, &url, 20, 30).await[0]["Body"], "2");
        assert_eq!(begin.elapsed().as_millis(), 500);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_queue_ends_the_wait_with_an_error() {
    locally(async {
        let sqs = Sqs::memory(following_clock());
        let url = queue(&sqs, "q").await;
        let gone = url.clone();
        later(&sqs, 500, async move |sqs| {
            ask(&sqs, "DeleteQueue", json!({ "QueueUrl": gone })).await;
        });
        let request = json!({ "QueueUrl": url, "WaitTimeSeconds": 20 });
        let answer = ask(&sqs, "ReceiveMessage", request).await;
        assert_eq!(answer["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_ends_a_wait_by_real_time_and_a_moved_one_on_wake() {
    locally(async {
        let time = Arc::new(AtomicI64::new(1_700_000_000_000));
        let read = time.clone();
        let sqs = Sqs::memory(Arc::new(move || read.load(Ordering::Relaxed)));
        let url = queue(&sqs, "q").await;
        send(&sqs, &url, "x", 900).await;
        let begin = Instant::now();
        assert!(wait(&sqs, &url, 20, 30).await.is_empty());
        assert_eq!(begin.elapsed().as_secs(), 20);

        let begin = Instant::now();
        later(&sqs, 100, async move |sqs| {
            time.fetch_add(900_000, Ordering::Relaxed);
            sqs.wake();
        });
        assert_eq!(wait(&sqs, &url, 20, 30).await.len(), 1);
        assert_eq!(begin.elapsed().as_millis(), 100);
    })
    .await;
}

#[tokio::test]
async fn an_answer_carries_what_sdks_look_for() {
    let sqs = Sqs::memory(following_clock());
    let refused = sqs.call("AmazonSQS.GetQueueUrl", br#"{"QueueName":"absent"}"#).await;
    assert_eq!(refused.status, 400);
    let header = |name: &str| {
        refused.headers.iter().find(|(known, _)| *known == name).map(|(_, v)| v.as_str())
    };
    assert_eq!(header("content-type"), Some("application/x-amz-json-1.0"));
    let code = Some("AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(header("x-amzn-query-error"), code);
    assert!(header("x-amzn-requestid").is_some());
    for (target, body) in [("", ""), ("AmazonSQS.SendMessage", "{{"), ("AmazonSQS.ß", "null")] {
        let response = sqs.call(target, body.as_bytes()).await;
        assert_eq!(response.status, 400);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert!(body["__type"].is_string() && body["message"].is_string());
    }
}

#[tokio::test]
async fn the_listener_speaks_http() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, Sqs::memory(following_clock())));
    let ask = async |request: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let head = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let body = r#"{"QueueName":"q"}"#;
    let post = format!(
        "POST / {head}x-amz-target: AmazonSQS.CreateQueue\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let created = ask(post).await;
    assert!(created.starts_with("HTTP/1.1 200 OK"), "{created}");
    assert!(created.ends_with(r#"{"QueueUrl":"http://sqs.local/000000000000/q"}"#), "{created}");
    assert!(ask(format!("GET / {head}\r\n")).await.starts_with("HTTP/1.1 405"));
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_quiet_until_something_can_be_received() {
    let sqs = Sqs::memory(following_clock());
    let url = queue(&sqs, "q").await;
    assert!(sqs.is_quiet(&url));
    send(&sqs, &url, "later", 5).await;
    assert!(sqs.is_quiet(&url));
    sleep(Duration::from_secs(5)).await;
    assert!(!sqs.is_quiet(&url));
    assert_eq!(wait(&sqs, &url, 0, 30).await.len(), 1);
    assert!(sqs.is_quiet(&url));
    sleep(Duration::from_secs(30)).await;
    assert!(!sqs.is_quiet(&url));
    assert!(!sqs.is_quiet("http://localhost/nobody/nowhere"));
}
