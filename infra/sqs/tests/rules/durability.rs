//! What was acknowledged is there after a kill, whenever the kill comes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use serde_json::{Value, json};
use switchboard_sqs::{Clock, JournalError, Settings, Sqs};

const START_MS: i64 = 1_700_000_000_000;

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("switchboard-sqs-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind is no reason to fail.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn held_clock() -> (Arc<AtomicI64>, Clock) {
    let time = Arc::new(AtomicI64::new(START_MS));
    let clock = time.clone();
    (time, Arc::new(move || clock.load(Ordering::Relaxed)))
}

async fn ask(sqs: &Sqs, operation: &str, request: Value) -> Value {
    let target = format!("AmazonSQS.{operation}");
    let response = sqs.call(&target, request.to_string().as_bytes()).await;
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(response.status, 200, "{operation}: {body}");
    body
}

async fn create(sqs: &Sqs, name: &str, attributes: Value) -> String {
    let request = json!({ "QueueName": name, "Attributes": attributes, "tags": { "a": "b" } });
    ask(sqs, "CreateQueue", request).await["QueueUrl"].as_str().unwrap().to_owned()
}

async fn send(sqs: &Sqs, url: &str, body: &str) -> Value {
    let request = json!({
        "QueueUrl": url, "MessageBody": body,
        "MessageGroupId": "g", "MessageDeduplicationId": body,
    });
    ask(sqs, "SendMessage", request).await
}

async fn receive(sqs: &Sqs, url: &str, limit: usize) -> Vec<Value> {
    let request = json!({
        "QueueUrl": url, "MaxNumberOfMessages": limit, "MessageSystemAttributeNames": ["All"],
    });
    ask(sqs, "ReceiveMessage", request).await["Messages"].as_array().cloned().unwrap_or_default()
}

async fn delete(sqs: &Sqs, url: &str, message: &Value) {
    let request = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
    ask(sqs, "DeleteMessage", request).await;
}

/// The files as a killed process leaves them, with the log cut off at `wal_bytes`.
fn crash(from: &Path, to: &Path, wal_bytes: Option<usize>) {
    fs::copy(from, to).unwrap();
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    let mut log = fs::read(wal(from)).unwrap_or_default();
    log.truncate(wal_bytes.unwrap_or(log.len()));
    fs::write(wal(to), log).unwrap();
}

#[tokio::test]
async fn a_reopened_engine_has_queues_messages_counts_deadlines_and_repeats() {
    let folder = Folder::new();
    let (time, clock) = held_clock();
    let sqs = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone()).unwrap();
    let url = create(&sqs, "q.fifo", json!({ "FifoQueue": "true" })).await;
    let plain = create(&sqs, "plain", json!({ "DelaySeconds": "10" })).await;
    let first = send(&sqs, &url, "1").await;
    send(&sqs, &url, "2").await;
    let request = json!({
        "QueueUrl": plain, "MessageBody": "é", "MessageSystemAttributes":
            { "AWSTraceHeader": { "DataType": "String", "StringValue": "t" } },
        "MessageAttributes": { "b": { "DataType": "Binary", "BinaryValue": "AQI=" } },
    });
    ask(&sqs, "SendMessage", request).await;
    let held = receive(&sqs, &url, 1).await.remove(0);

    let copy = folder.file("copy.db");
    crash(&folder.file("q.db"), &copy, None);
    let again = Sqs::open_with(&copy, Settings::default(), clock).unwrap();
    for queue in [&url, &plain] {
        let all = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
        let before = ask(&sqs, "GetQueueAttributes", all.clone()).await;
        assert_eq!(ask(&again, "GetQueueAttributes", all).await, before);
    }
    let tags = ask(&again, "ListQueueTags", json!({ "QueueUrl": url })).await;
    assert_eq!(tags["Tags"]["a"], "b");
    assert_eq!(send(&again, &url, "1").await["MessageId"], first["MessageId"]);
    assert!(receive(&again, &url, 10).await.is_empty(), "still in flight");

    time.fetch_add(30_000, Ordering::Relaxed);
    let back = receive(&again, &url, 10).await;
    assert_eq!(back[0]["MessageId"], held["MessageId"]);
    assert_eq!(back[0]["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(back[1]["Body"], "2");
    let mut original = receive(&sqs, &plain, 1).await;
    let mut restored = receive(&again, &plain, 1).await;
    assert_eq!(original.remove(0), restored.remove(0));

    let new = send(&again, &url, "3").await;
    assert!(new["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
}

#[tokio::test]
async fn after_a_restart_everything_in_flight_can_be_released() {
    let folder = Folder::new();
    let (_, clock) = held_clock();
    let url = {
        let sqs = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone()).unwrap();
        let url = create(&sqs, "q.fifo", json!({ "FifoQueue": "true" })).await;
        send(&sqs, &url, "1").await;
        receive(&sqs, &url, 1).await;
        url
    };
    for count in ["2", "3"] {
        let sqs = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone()).unwrap();
        assert_eq!(sqs.release_in_flight().unwrap(), 1);
        let message = receive(&sqs, &url, 1).await.remove(0);
        assert_eq!(message["Attributes"]["ApproximateReceiveCount"], count);
    }
}

#[tokio::test]
async fn a_log_cut_off_anywhere_gives_a_state_there_was_between_two_requests() {
    let folder = Folder::new();
    let (_, clock) = held_clock();
    let original = folder.file("q.db");
    let sqs = Sqs::open_with(&original, Settings::default(), clock.clone()).unwrap();
    let dead = create(&sqs, "dead.fifo", json!({ "FifoQueue": "true" })).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:dead.fifo";
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1 }).to_string();
    let live = json!({ "FifoQueue": "true", "RedrivePolicy": policy, "VisibilityTimeout": "0" });
    let url = create(&sqs, "live.fifo", live).await;
    let wal = format!("{}-wal", original.display());
    let begin = fs::metadata(&wal).unwrap().len() as usize;

    let mut states = vec![contents(&sqs, &url, &dead).await];
    let entries: Vec<Value> = ["1", "2", "3"]
        .map(|body| json!({
            "Id": body, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": body,
        }))
        .to_vec();
    ask(&sqs, "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    states.push(contents(&sqs, &url, &dead).await);
    // Received once, all three are dead at the next receive, in one transaction.
    receive(&sqs, &url, 10).await;
    assert!(receive(&sqs, &url, 10).await.is_empty());
    states.push(contents(&sqs, &url, &dead).await);
    ask(&sqs, "StartMessageMoveTask", json!({ "SourceArn": arn })).await;
    states.push(contents(&sqs, &url, &dead).await);
    ask(&sqs, "PurgeQueue", json!({ "QueueUrl": url })).await;
    states.push(contents(&sqs, &url, &dead).await);

    let end = fs::metadata(&wal).unwrap().len() as usize;
    let mut seen = Vec::new();
    for cut in (begin..=end).step_by(997).chain([end]) {
        let copy = folder.file(&format!("cut{cut}.db"));
        crash(&original, &copy, Some(cut));
        let after = Sqs::open_with(&copy, Settings::default(), clock.clone()).unwrap();
        let state = contents(&after, &url, &dead).await;
        if seen.last() != Some(&state) {
            seen.push(state);
        }
    }
    states.dedup();
    assert_eq!(seen, states, "each state in turn and none between");
}

/// How many messages both queues hold.
async fn contents(sqs: &Sqs, url: &str, dead: &str) -> [String; 2] {
    let mut counts = Vec::new();
    for queue in [url, dead] {
        let name = "ApproximateNumberOfMessages";
        let request = json!({ "QueueUrl": queue, "AttributeNames": [name] });
        let answer = ask(sqs, "GetQueueAttributes", request).await;
        counts.push(answer["Attributes"][name].as_str().unwrap().to_owned());
    }
    counts.try_into().unwrap()
}

#[tokio::test]
async fn deleted_messages_and_ended_repeats_stay_gone() {
    let folder = Folder::new();
    let (time, clock) = held_clock();
    let sqs = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone()).unwrap();
    let url = create(&sqs, "q.fifo", json!({ "FifoQueue": "true" })).await;
    send(&sqs, &url, "1").await;
    let message = receive(&sqs, &url, 1).await.remove(0);
    delete(&sqs, &url, &message).await;
    let gone = create(&sqs, "gone", json!({})).await;
    ask(&sqs, "SendMessage", json!({ "QueueUrl": gone, "MessageBody": "x" })).await;
    ask(&sqs, "DeleteQueue", json!({ "QueueUrl": gone })).await;
    drop(sqs);

    let sqs = Sqs::open_with(folder.file("q.db"), Settings::default(), clock).unwrap();
    let listed = ask(&sqs, "ListQueues", json!({})).await;
    assert_eq!(listed["QueueUrls"], json!([url]));
    send(&sqs, &url, "1").await;
    assert!(receive(&sqs, &url, 1).await.is_empty());
    time.fetch_add(300_000, Ordering::Relaxed);
    send(&sqs, &url, "1").await;
    assert_eq!(receive(&sqs, &url, 1).await.len(), 1);
}

#[test]
fn a_file_that_is_open_elsewhere_or_is_no_journal_is_refused() {
    let folder = Folder::new();
    let (_, clock) = held_clock();
    let open = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone()).unwrap();
    let second = Sqs::open_with(folder.file("q.db"), Settings::default(), clock.clone());
    assert!(matches!(second, Err(JournalError::InUse(_))), "{second:?}");
    drop(open);
    fs::write(folder.file("text"), "this is no database, whatever its name may be").unwrap();
    assert!(Sqs::open_with(folder.file("text"), Settings::default(), clock.clone()).is_err());
    assert!(Sqs::open_with(folder.file("absent/q.db"), Settings::default(), clock).is_err());
}
