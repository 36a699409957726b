//! SQS in this process: the queues of the template, over the embedded engine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use switchboard_runtime::dependencies::Clock;
use switchboard_sqs::{Settings, Sqs};

use crate::aws::answer::Answer;
use crate::aws::direct::Direct;
use crate::aws::remote::Remote;
use crate::aws::roles::Permission;
use crate::aws::template;
use crate::aws::trace::{note, seen};
use crate::aws::usage::{Meter, Usage, billed};

/// At most this many messages are received, deleted or changed at a time.
const BATCH_MAX: usize = 10;
/// So many queues are made together: few enough to be polled in their order.
const TOGETHER: usize = 24;
/// How long dead letters are held while all of them are read, in seconds.
const PEEK_SECONDS: i64 = 30;

/// What a deployment's queues are changed by, so that a test need not wait.
#[derive(Debug, Clone, Copy, Default)]
pub struct Haste {
    /// Replaces every visibility timeout, in seconds.
    pub visibility_seconds: Option<u32>,
    /// Replaces every count of receives after which a message is given up.
    pub receives_max: Option<u32>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The dead-letter queue, without the stack's name.
    pub queue: String,
    /// The message's body.
    pub body: String,
    /// The message's group, on a FIFO queue.
    pub group: Option<String>,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: i64,
    /// Received, and neither deleted nor visible again.
    pub in_flight: i64,
    /// Not due yet.
    pub delayed: i64,
}

/// The queues, embedded or behind an endpoint; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Queues {
    engine: Engine,
    settings: Settings,
    stack: String,
    meter: Arc<Meter>,
}

#[derive(Debug, Clone)]
enum Engine {
    Embedded(Sqs),
    Remote(Remote),
}

impl Queues {
    /// Opens the queues of a template, in memory or in a file, and makes those that are missing. What was
    /// in flight comes back at once: nobody who held it is alive.
    pub(crate) async fn open(
        file: Option<&Path>,
        clock: &Clock,
        stack: &str,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let settings = Settings::default();
        let clock = Arc::clone(clock);
        let clock: switchboard_sqs::Clock = Arc::new(move || clock().0);
        let sqs = match file {
            Some(file) => Sqs::open_with(file, settings.clone(), clock)?,
            None => Sqs::memory_with(settings.clone(), clock),
        };
        sqs.release_in_flight()?;
        let engine = Engine::Embedded(sqs);
        Ok(Self { engine, settings, stack: format!("{stack}-"), meter })
    }

    /// Takes the queues from an endpoint.
    pub(crate) fn connect(endpoint: &str, stack: &str, meter: Arc<Meter>) -> Result<Self> {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let settings = Settings { endpoint, ..Settings::default() };
        let engine = Engine::Remote(Remote::new(&settings.endpoint, "sqs", &settings.region)?);
        Ok(Self { engine, settings, stack: format!("{stack}-"), meter })
    }

    pub(crate) async fn create(&self, queues: &[template::Queue], haste: Haste) -> Result<()> {
        // Each is made when it is asked for, in this order, and one sync is for all that are asked for together.
        let together = match self.engine {
            Engine::Embedded(_) => TOGETHER,
            Engine::Remote(_) => 1,
        };
        for queues in queues.chunks(together) {
            let made = queues.iter().map(|queue| async move {
                let created = self.create_one(&queue.name, &hastened(queue, haste)?).await;
                created.with_context(|| format!("queue {}", queue.name))
            });
            try_join_all(made).await?;
        }
        Ok(())
    }

    /// Removes the queues, if they are not this process's own.
    pub(crate) async fn remove(&self, queues: &[template::Queue]) {
        if let Engine::Remote(_) = &self.engine {
            for queue in queues {
                let request = json!({ "QueueUrl": self.url(&queue.name) });
                self.call("DeleteQueue", request.to_string().as_bytes()).await;
            }
        }
    }

    /// A queue that is kept from an earlier run gets the attributes that the template has now.
    async fn create_one(&self, name: &str, attributes: &BTreeMap<String, String>) -> Result<()> {
        let request = json!({ "QueueName": name, "Attributes": attributes });
        match self.ask("CreateQueue", &request).await {
            Ok(created) => return self.is_ours(name, &created),
            Err(error) if matches!(self.engine, Engine::Remote(_)) => return Err(error),
            Err(_) => {}
        }
        let fixed = ["FifoQueue"];
        let attributes: BTreeMap<_, _> =
            attributes.iter().filter(|(name, _)| !fixed.contains(&name.as_str())).collect();
        let request = json!({ "QueueUrl": self.url(name), "Attributes": attributes });
        self.ask("SetQueueAttributes", &request).await.map(drop)
    }

    /// Functions learn a queue's URL from the template, so it has to be what the service calls the queue;
    /// only the host may have another name.
    fn is_ours(&self, name: &str, created: &Value) -> Result<()> {
        let theirs = created["QueueUrl"].as_str().unwrap_or_default();
        let ending = format!("/{}/{name}", self.settings.account);
        ensure!(theirs.ends_with(&ending), "is called {theirs}, not …{ending}");
        Ok(())
    }

    /// The embedded engine, if the queues are in this process.
    pub(crate) const fn sqs(&self) -> Option<&Sqs> {
        match &self.engine {
            Engine::Embedded(sqs) => Some(sqs),
            Engine::Remote(_) => None,
        }
    }

    /// How many messages the embedded queues hold that are neither done nor given up; none are counted elsewhere.
    pub(crate) async fn held(&self, queues: &[template::Queue]) -> i64 {
        let mut held = 0;
        for queue in queues.iter().filter(|queue| !queue.holds_dead_letters) {
            if matches!(self.engine, Engine::Embedded(_))
                && let Ok(depth) = self.depth(&queue.name).await
            {
                held += depth.visible + depth.in_flight + depth.delayed;
            }
        }
        held
    }

    async fn call(&self, operation: &str, bytes: &[u8]) -> Answer {
        let target = format!("AmazonSQS.{operation}");
        match &self.engine {
            Engine::Embedded(sqs) => {
                let answer = sqs.call(&target, bytes).await;
                Answer { status: answer.status, headers: answer.headers, body: answer.body }
            }
            Engine::Remote(remote) => remote.call(&target, bytes.to_vec()).await,
        }
    }

    pub(crate) fn region(&self) -> &str {
        &self.settings.region
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.settings.endpoint, self.settings.account)
    }

    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.settings.region, self.settings.account)
    }

    /// A queue's name without the stack's.
    pub(crate) fn short<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.stack.as_str()).unwrap_or(name)
    }

    /// Does one request of a function.
    pub(crate) async fn answer(
        &self,
        function: &str,
        operation: &str,
        bytes: &[u8],
        body: &Value,
    ) -> Answer {
        let queue = body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next());
        let queue = self.short(queue.unwrap_or_default()).to_owned();
        let wanted = Permission { action: permission(operation), resource: queue.clone() };
        if let Err(denied) = self.meter.roles.check(function, wanted) {
            return denied.answer();
        }
        // What is sent may speak of what was read.
        let answer = match seen().kept().await {
            Ok(()) => self.call(operation, bytes).await,
            Err(unkept) => Answer::unkept(unkept),
        };
        let accepted = match answer.status {
            200 => accepted(operation, &answer.body),
            _ => 0,
        };
        self.meter.add(function, usage(operation, bytes.len(), accepted));
        if accepted > 0 {
            note(|notes| *notes.sent.entry(queue).or_default() += accepted);
        }
        answer
    }

    /// Does one request of the deployment itself.
    pub(crate) async fn ask(&self, operation: &str, request: &Value) -> Result<Value> {
        let answer = self.call(operation, request.to_string().as_bytes()).await;
        answer.read().with_context(|| operation.to_owned())
    }

    /// Receives up to ten messages, with everything that is known of them.
    pub(crate) async fn receive(
        &self,
        name: &str,
        most: usize,
        wait_seconds: i64,
    ) -> Result<Vec<Value>> {
        let (url, most) = (self.url(name), most.clamp(1, BATCH_MAX));
        if let Engine::Embedded(sqs) = &self.engine {
            return Ok(Direct(sqs).receive_all(&url, most, wait_seconds).await?);
        }
        let request = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": most,
            "WaitTimeSeconds": wait_seconds,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        match self.ask("ReceiveMessage", &request).await?["Messages"].take() {
            Value::Array(messages) => Ok(messages),
            _ => Ok(Vec::new()),
        }
    }

    /// Deletes up to ten received messages.
    pub(crate) async fn delete(&self, name: &str, handles: Vec<String>) -> Result<()> {
        let url = self.url(name);
        if let Engine::Embedded(sqs) = &self.engine {
            return Ok(Direct(sqs).delete_all(&url, handles).await?);
        }
        let entry = |(place, handle): (usize, &String)| json!({ "Id": place.to_string(), "ReceiptHandle": handle });
        let entries: Vec<Value> = handles.iter().enumerate().map(entry).collect();
        let request = json!({ "QueueUrl": url, "Entries": entries });
        self.ask("DeleteMessageBatch", &request).await.map(drop)
    }

    /// How many messages a queue holds.
    pub(crate) async fn depth(&self, name: &str) -> Result<Depth> {
        let request = json!({ "QueueUrl": self.url(name), "AttributeNames": ["All"] });
        let answer = self.ask("GetQueueAttributes", &request).await?;
        let count = |suffix: &str| {
            let name = format!("ApproximateNumberOfMessages{suffix}");
            answer["Attributes"][name].as_str().and_then(|count| count.parse().ok()).unwrap_or(0)
        };
        let (visible, in_flight) = (count(""), count("NotVisible"));
        Ok(Depth { visible, in_flight, delayed: count("Delayed") })
    }

    /// Reads the messages of a queue and leaves them there; of one group, the first ten.
    pub(crate) async fn peek(&self, name: &str) -> Result<Vec<DeadLetter>> {
        let url = self.url(name);
        let receive = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": BATCH_MAX,
            "VisibilityTimeout": PEEK_SECONDS,
            "WaitTimeSeconds": 0,
            "MessageSystemAttributeNames": ["MessageGroupId"],
        });
        let (mut letters, mut held) = (Vec::new(), Vec::new());
        loop {
            let answer = self.ask("ReceiveMessage", &receive).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                letters.push(DeadLetter {
                    queue: self.short(name).to_owned(),
                    body: text(&message["Body"]).unwrap_or_default(),
                    group: text(&message["Attributes"]["MessageGroupId"]),
                });
                held.extend(text(&message["ReceiptHandle"]));
            }
        }
        for handle in held {
            let release =
                json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0 });
            self.ask("ChangeMessageVisibility", &release).await?;
        }
        Ok(letters)
    }
}

/// A queue's attributes, with shorter waits where they are wanted.
fn hastened(queue: &template::Queue, haste: Haste) -> Result<BTreeMap<String, String>> {
    let mut attributes = queue.attributes.clone();
    if let Some(policy) = attributes.get_mut("RedrivePolicy") {
        if let Some(most) = haste.receives_max {
            let mut changed: Value = serde_json::from_str(policy)?;
            changed["maxReceiveCount"] = json!(most);
            *policy = changed.to_string();
        }
        if let Some(seconds) = haste.visibility_seconds {
            attributes.insert("VisibilityTimeout".to_owned(), seconds.to_string());
        }
    }
    Ok(attributes)
}

/// How many messages a send was accepted for.
fn accepted(operation: &str, answer: &[u8]) -> usize {
    match operation {
        "SendMessage" => 1,
        "SendMessageBatch" => {
            let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
            answer["Successful"].as_array().map_or(0, Vec::len)
        }
        _ => 0,
    }
}

fn usage(operation: &str, bytes: usize, accepted: usize) -> Usage {
    let requests = billed(bytes);
    match operation {
        "SendMessage" | "SendMessageBatch" => Usage {
            send_requests: requests,
            messages_sent: i64::try_from(accepted).unwrap_or(i64::MAX),
            ..Usage::default()
        },
        _ => Usage { other_requests: requests, ..Usage::default() },
    }
}

/// Policies know batches by the name of the single request.
fn permission(operation: &str) -> String {
    format!("sqs:{}", operation.strip_suffix("Batch").unwrap_or(operation))
}
