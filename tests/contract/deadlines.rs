//! A function that has no time left begins nothing: everything is left to whoever brought it, and that is said.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use switchboard::{Deployment, FunctionError, Options};

use crate::tree::{functions, root};

/// What each function is given, and what stands for all of it being left.
const EVENTS: [(&str, &str); 17] = [
    ("autocreation", "partly-malformed"),
    ("carriers-api", "typical"),
    ("conversations-api", "typical"),
    ("delivery-receipt", "delivered"),
    ("effect-relay", "several"),
    ("event-log", "several"),
    ("flex-api", "typical"),
    ("inbound-webhook", "typical-sms"),
    ("interaction-invite", "open"),
    ("media-api", "typical"),
    ("media-copy", "typical"),
    ("messaging-api", "create-service"),
    ("outbound-message", "typical"),
    ("task-assignment", "task-created"),
    ("taskrouter-api", "accept-reservation"),
    ("timer", "due"),
    ("webhook-delivery", "typical"),
];

/// A template in which every invocation ends with the second that a function keeps for its last words.
fn hurried() -> String {
    let template = Options::default().template;
    let lines = template.lines().map(|line| match line.trim_start().strip_prefix("Timeout: ") {
        Some(_) => format!("{}Timeout: 1\n", &line[..line.len() - line.trim_start().len()]),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The answer that leaves all of an event.
fn all_left(event: &Value) -> Value {
    let Some(records) = event["Records"].as_array() else { return json!(503) };
    let queued = records.iter().filter_map(|record| record["messageId"].as_str());
    let mut left: Vec<&str> = queued.collect();
    // A stream comes again from the first that failed.
    left.extend(records.iter().find_map(|record| record["dynamodb"]["SequenceNumber"].as_str()));
    json!(left.iter().map(|id| json!({"itemIdentifier": id})).collect::<Vec<Value>>())
}

#[tokio::test]
async fn what_there_is_no_time_for_is_left_and_nothing_of_it_is_begun() {
    let options = Options {
        template: hurried(),
        public_url: Some("http://127.0.0.1:8080".to_owned()),
        is_driven: false,
        ..Options::default()
    };
    let deployment = Deployment::start(options).await.unwrap();
    assert_eq!(functions(), EVENTS.iter().map(|(name, _)| (*name).to_owned()).collect());
    let begun = |deployment: &Deployment| {
        let used = deployment.permissions();
        used.into_iter().filter(|(_, used)| !used.is_empty()).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(begun(&deployment), BTreeMap::new());
    for (function, event) in EVENTS {
        let path = root().join("events").join(function).join(format!("{event}.json"));
        let event: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let answer = deployment.invoke(function, event.clone()).await.unwrap();
        let left = match answer.get("statusCode") {
            Some(status) => status,
            None => &answer["batchItemFailures"],
        };
        assert_eq!(*left, all_left(&event), "{function}: {answer}");
    }
    let tick = json!({"source": "aws.scheduler", "detail-type": "Scheduled Event"});
    let tick = deployment.invoke("timer", tick).await;
    let Err(FunctionError::Failed(why)) = tick else { panic!("{tick:?}") };
    assert!(why.contains("the time of the invocation is over"), "{why}");
    assert_eq!(begun(&deployment), BTreeMap::new(), "nothing was asked of tables and queues");
    deployment.stop().await;
}
