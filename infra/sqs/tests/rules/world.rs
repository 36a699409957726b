//! An engine with a clock in the hand, spoken to as an SDK would.

use serde_json::{Value, json};
use switchboard_sqs::{Engine, ErrorKind, Settings};

pub(crate) struct World {
    engine: Engine,
    pub(crate) now_ms: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { engine: Engine::new(Settings::default(), 7), now_ms: 1_700_000_000_000 }
    }

    pub(crate) fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
    }

    pub(crate) fn release_in_flight(&mut self) -> usize {
        self.engine.release_in_flight(self.now_ms)
    }

    pub(crate) fn ask(&mut self, operation: &str, request: Value) -> Value {
        let body = request.to_string();
        self.engine.call(&format!("AmazonSQS.{operation}"), body.as_bytes(), self.now_ms).unwrap()
    }

    pub(crate) fn refused(&mut self, operation: &str, request: Value) -> ErrorKind {
        let body = request.to_string();
        let target = format!("AmazonSQS.{operation}");
        self.engine.call(&target, body.as_bytes(), self.now_ms).unwrap_err().kind
    }

    pub(crate) fn queue(&mut self, name: &str, attributes: Value) -> String {
        let mut attributes = attributes;
        if name.ends_with(".fifo") {
            attributes["FifoQueue"] = json!("true");
        }
        let answer =
            self.ask("CreateQueue", json!({ "QueueName": name, "Attributes": attributes }));
        answer["QueueUrl"].as_str().unwrap().to_owned()
    }

    pub(crate) fn attribute(&mut self, url: &str, name: &str) -> String {
        let request = json!({ "QueueUrl": url, "AttributeNames": [name] });
        let answer = self.ask("GetQueueAttributes", request);
        answer["Attributes"][name].as_str().unwrap_or_default().to_owned()
    }

    /// Visible, in flight, delayed.
    pub(crate) fn counts(&mut self, url: &str) -> [String; 3] {
        ["", "NotVisible", "Delayed"]
            .map(|part| self.attribute(url, &format!("ApproximateNumberOfMessages{part}")))
    }

    pub(crate) fn send(&mut self, url: &str, body: &str) -> Value {
        self.ask("SendMessage", json!({ "QueueUrl": url, "MessageBody": body }))
    }

    pub(crate) fn send_to(&mut self, url: &str, group: &str, body: &str) -> Value {
        let request = json!({
            "QueueUrl": url,
            "MessageBody": body,
            "MessageGroupId": group,
            "MessageDeduplicationId": format!("{group}:{body}"),
        });
        self.ask("SendMessage", request)
    }

    pub(crate) fn receive(&mut self, url: &str) -> Vec<Value> {
        self.receive_with(url, json!({}))
    }

    pub(crate) fn receive_with(&mut self, url: &str, more: Value) -> Vec<Value> {
        let mut request = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let answer = self.ask("ReceiveMessage", request);
        answer["Messages"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn delete(&mut self, url: &str, message: &Value) {
        self.ask("DeleteMessage", held(url, message));
    }

    pub(crate) fn hold(&mut self, url: &str, message: &Value, seconds: i64) {
        let mut request = held(url, message);
        request["VisibilityTimeout"] = json!(seconds);
        self.ask("ChangeMessageVisibility", request);
    }
}

/// A request about a received message.
pub(crate) fn held(url: &str, message: &Value) -> Value {
    json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] })
}

pub(crate) fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect()
}

pub(crate) fn count(message: &Value) -> &str {
    message["Attributes"]["ApproximateReceiveCount"].as_str().unwrap()
}
