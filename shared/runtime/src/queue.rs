//! Queues: sending effects, and taking messages one by one.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchboard_domain::effect::{Effect, QueueName};
use switchboard_domain::timestamp::{Millis, Timestamp};
use tokio::time::Instant;

use crate::deadline::{at_last, done_in_time};
use crate::failure::Failure;

/// At most this many messages fit into one request.
const BATCH_MAX: usize = 10;
/// At most this many bytes of bodies are put into one request, which may have 1 MiB.
const BATCH_BYTES_MAX: usize = 1_000_000;
/// A group that makes calls is walked for so long at most; what is left of it comes again at once, while there is time to
/// say so. A call takes a few seconds, and an invocation a minute and a half.
const WALKED_MAX: Duration = Duration::from_secs(45);
/// The longest that a message can be delayed, in seconds.
const DELAY_SECONDS_MAX: i64 = 900;

/// The queues that a function may send to.
#[derive(Debug, Clone)]
pub struct Queues {
    road: Road,
    urls: BTreeMap<QueueName, String>,
    /// Effects that wait for each other, if they do.
    held: Option<Arc<Mutex<Numbered>>>,
}

/// An answer to come.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Queues in this process, which take messages without documents and signatures. They wait, repeat and give up as a
/// client of the SDK does.
pub trait Near: fmt::Debug + Send + Sync {
    /// Sends one message to the queue with this URL.
    fn send<'a>(&'a self, url: &'a str, message: Outgoing) -> Answer<'a>;
    /// Sends up to ten messages in one request; all of them, or says that it could not.
    fn send_batch<'a>(&'a self, url: &'a str, messages: Vec<Outgoing>) -> Answer<'a>;
    /// Hides a received message for so many seconds more.
    fn hide<'a>(&'a self, url: &'a str, receipt_handle: &'a str, seconds: i32) -> Answer<'a>;
}

/// The way to the queues.
#[derive(Debug, Clone)]
enum Road {
    Sdk(aws_sdk_sqs::Client),
    Near(Arc<dyn Near>),
}

/// Effects with their deduplication ids.
type Numbered = Vec<(String, Effect)>;

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The body.
    pub body: String,
    /// The message group, on a FIFO queue.
    pub group: Option<String>,
    /// The deduplication id, on a FIFO queue.
    pub id: Option<String>,
    /// Seconds to wait, on a standard queue.
    pub delay_seconds: i32,
}

impl Outgoing {
    /// A message of no group that is not delayed.
    pub fn of(body: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self { body: to_json(body)?, group: None, id: None, delay_seconds: 0 })
    }
}

/// How many of the first messages fit into one request: at least one.
fn fitting(outgoing: &[Outgoing]) -> usize {
    let mut bytes = 0;
    let fits = |one: &&Outgoing| {
        bytes += one.body.len();
        bytes <= BATCH_BYTES_MAX
    };
    outgoing.iter().take(BATCH_MAX).take_while(fits).count().max(1).min(outgoing.len())
}

impl Queues {
    /// Queues at these URLs, through the SDK.
    pub const fn new(client: aws_sdk_sqs::Client, urls: BTreeMap<QueueName, String>) -> Self {
        Self { road: Road::Sdk(client), urls, held: None }
    }

    /// Queues of this process.
    pub const fn near(queues: Arc<dyn Near>, urls: BTreeMap<QueueName, String>) -> Self {
        Self { road: Road::Near(queues), urls, held: None }
    }

    fn url(&self, queue: QueueName) -> Result<&str, Failure> {
        let missing = || Failure::Defect(format!("no URL for the queue {queue:?}"));
        self.urls.get(&queue).map(String::as_str).ok_or_else(missing)
    }

    /// Sends one message to a FIFO queue and waits until the queue has it.
    pub async fn send(
        &self,
        queue: QueueName,
        body: &impl Serialize,
        group: String,
        id: String,
    ) -> Result<(), Failure> {
        let outgoing = Outgoing { group: Some(group), id: Some(id), ..Outgoing::of(body)? };
        self.send_one(queue, outgoing).await
    }

    /// Sends one message to a standard queue and waits until the queue has it.
    pub async fn send_unordered(
        &self,
        queue: QueueName,
        body: &impl Serialize,
    ) -> Result<(), Failure> {
        self.send_one(queue, Outgoing::of(body)?).await
    }

    async fn send_one(&self, queue: QueueName, outgoing: Outgoing) -> Result<(), Failure> {
        let url = self.url(queue)?;
        let client = match &self.road {
            Road::Sdk(client) => client,
            Road::Near(queues) => return queues.send(url, outgoing).await,
        };
        let sent = client
            .send_message()
            .queue_url(url)
            .message_body(outgoing.body)
            .set_message_group_id(outgoing.group)
            .set_message_deduplication_id(outgoing.id)
            .send()
            .await;
        sent.map(|_| ()).map_err(|error| Failure::unavailable("SendMessage", &error))
    }

    /// Sends messages to one queue, in as few requests as they fit into, and waits until the queue has all of them.
    pub async fn send_several(
        &self,
        queue: QueueName,
        mut outgoing: Vec<Outgoing>,
    ) -> Result<(), Failure> {
        match outgoing.len() {
            1 => self.send_one(queue, outgoing.remove(0)).await,
            _ => self.send_all(queue, outgoing).await,
        }
    }

    /// Sends messages to one queue, ten at a time and no more than one request may hold.
    pub async fn send_all(
        &self,
        queue: QueueName,
        mut outgoing: Vec<Outgoing>,
    ) -> Result<(), Failure> {
        let url = self.url(queue)?;
        while !outgoing.is_empty() {
            let batch = outgoing.drain(..fitting(&outgoing)).collect();
            match &self.road {
                Road::Sdk(client) => send_batch(client, url, batch).await?,
                Road::Near(queues) => queues.send_batch(url, batch).await?,
            }
        }
        Ok(())
    }

    /// The same queues, which hold effects back until they are released.
    pub(crate) fn holding(&self) -> Self {
        Self { held: Some(Arc::default()), ..self.clone() }
    }

    /// Sends the effects that were held back.
    pub(crate) async fn release(&self, now: Timestamp) {
        let held = self.held.as_ref().map(|held| {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *held)
        });
        if at_last(self.send_now(&held.unwrap_or_default(), now)).await.is_none() {
            tracing::warn!("effects are left to the relay: the time of the invocation is over");
        }
    }

    /// Sends effects, each to its queue, or holds them back. This is the quick road: a failure is noted and left
    /// to the relay.
    pub async fn send_effects(&self, effects: &[(String, Effect)], now: Timestamp) {
        match &self.held {
            Some(held) => {
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                held.extend_from_slice(effects);
            }
            None => self.send_now(effects, now).await,
        }
    }

    /// Sends effects on the quick road at once.
    pub(crate) async fn send_now(&self, effects: &[(String, Effect)], now: Timestamp) {
        if let Err(failure) = self.try_send_effects(effects, now).await {
            tracing::warn!(failure = %failure, "effects are left to the relay");
        }
    }

    /// Sends effects, each to its queue, and says if it could not.
    pub async fn try_send_effects(
        &self,
        effects: &[(String, Effect)],
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut by_queue: BTreeMap<QueueName, Vec<Outgoing>> = BTreeMap::new();
        for (id, effect) in effects {
            by_queue.entry(effect.queue()).or_default().push(outgoing(id, effect, now)?);
        }
        for (queue, outgoing) in by_queue {
            self.send_all(queue, outgoing).await?;
        }
        Ok(())
    }

    /// Hides a received message for a while longer.
    async fn hide(
        &self,
        queue: QueueName,
        receipt_handle: &str,
        seconds: i64,
    ) -> Result<(), Failure> {
        let seconds = i32::try_from(seconds.clamp(0, 43_200)).unwrap_or(0);
        let url = self.url(queue)?;
        let client = match &self.road {
            Road::Sdk(client) => client,
            Road::Near(queues) => return queues.hide(url, receipt_handle, seconds).await,
        };
        let hidden = client
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds)
            .send()
            .await;
        hidden.map(|_| ()).map_err(|error| Failure::unavailable("ChangeMessageVisibility", &error))
    }
}

/// Sends up to ten messages in one request.
async fn send_batch(
    client: &aws_sdk_sqs::Client,
    url: &str,
    batch: Vec<Outgoing>,
) -> Result<(), Failure> {
    let count = batch.len();
    let mut entries = Vec::with_capacity(count);
    for (place, message) in batch.into_iter().enumerate() {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(message.body)
            .set_message_group_id(message.group)
            .set_message_deduplication_id(message.id)
            .set_delay_seconds((message.delay_seconds > 0).then_some(message.delay_seconds))
            .build()
            .map_err(|error| Failure::Defect(error.to_string()))?;
        entries.push(entry);
    }
    let answer = client
        .send_message_batch()
        .queue_url(url)
        .set_entries(Some(entries))
        .send()
        .await
        .map_err(|error| Failure::unavailable("SendMessageBatch", &error))?;
    match answer.failed().first() {
        Some(failed) => Err(Failure::Unavailable(format!(
            "SendMessageBatch: {} of {count} entries, {}",
            answer.failed().len(),
            failed.code()
        ))),
        None => Ok(()),
    }
}

fn outgoing(id: &str, effect: &Effect, now: Timestamp) -> Result<Outgoing, Failure> {
    let body = match effect {
        Effect::Invite(request) => to_json(request)?,
        Effect::Route(event) => to_json(event)?,
        Effect::Send(request) => to_json(request)?,
        Effect::Notify(call) => to_json(call)?,
        Effect::Media(request) => to_json(request)?,
        Effect::Wake(wake) => to_json(wake)?,
    };
    let delay_seconds = match effect {
        Effect::Wake(wake) => {
            let milliseconds = (wake.at() - now).0.max(0);
            // Rounded up: a timer that is early has to be set again, unless it is waited for.
            let seconds =
                if wake.is_waited_for() { milliseconds } else { milliseconds + 999 } / 1000;
            i32::try_from(seconds.min(DELAY_SECONDS_MAX)).unwrap_or(0)
        }
        Effect::Invite(_)
        | Effect::Route(_)
        | Effect::Send(_)
        | Effect::Notify(_)
        | Effect::Media(_) => 0,
    };
    let group = effect.group();
    let id = group.is_some().then(|| id.to_owned());
    Ok(Outgoing { body, group, id, delay_seconds })
}

fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Defect(error.to_string()))
}

/// Reads a message's body.
pub fn body<T: DeserializeOwned>(message: &SqsMessage) -> Result<T, Failure> {
    let text = message.body.as_deref().unwrap_or_default();
    serde_json::from_str(text).map_err(|error| Failure::Invalid(error.to_string()))
}

/// What comes after one look at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is done.
    Done,
    /// It is looked at again after this long.
    Later(Millis),
}

/// Handles every message of a batch and answers which ones failed. After a failure the rest of its group is
/// left alone: they stay in order and come back behind it. A refusal is an answer, not a failure. When the time of the
/// invocation is over, whatever is not done fails.
pub async fn each_message<F>(
    event: SqsEvent,
    mut handle: impl FnMut(SqsMessage) -> F,
) -> SqsBatchResponse
where
    F: Future<Output = Result<(), Failure>>,
{
    let mut response = SqsBatchResponse::default();
    for messages in groups(event) {
        let handle = |message| {
            let handled = handle(message);
            async move { handled.await.map(|()| Next::Done) }
        };
        response.batch_item_failures.extend(walk(messages, None, handle).await);
    }
    response
}

/// The same for messages that make calls of other parties and may be put off. Groups are walked at the same time, so that none
/// waits for an answer to another. One that is put off is hidden for that long, and so is the rest of its
/// group: as long as any of them was in flight, the group would be locked.
pub async fn each_group_or_later<F>(
    queues: &Queues,
    queue: QueueName,
    event: SqsEvent,
    handle: impl Fn(SqsMessage) -> F,
) -> SqsBatchResponse
where
    F: Future<Output = Result<Next, Failure>>,
{
    let walks = groups(event).map(|messages| walk(messages, Some((queues, queue)), &handle));
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = join_all(walks).await.into_iter().flatten().collect();
    response
}

/// The messages of a batch, those of one group together, in order; one that is in no group is alone.
fn groups(event: SqsEvent) -> impl Iterator<Item = Vec<SqsMessage>> {
    let mut groups: Vec<(Option<String>, Vec<SqsMessage>)> = Vec::new();
    for message in event.records {
        let group = message.attributes.get("MessageGroupId").cloned();
        let known = groups.iter_mut().find(|(known, _)| group.is_some() && *known == group);
        match known {
            Some((_, messages)) => messages.push(message),
            None => groups.push((group, vec![message])),
        }
    }
    groups.into_iter().map(|(_, messages)| messages)
}

/// Handles messages one after the other; answers the first that failed and all behind it.
async fn walk<F>(
    messages: Vec<SqsMessage>,
    queue: Option<(&Queues, QueueName)>,
    mut handle: impl FnMut(SqsMessage) -> F,
) -> Vec<BatchItemFailure>
where
    F: Future<Output = Result<Next, Failure>>,
{
    let (mut failed, began) = (Vec::new(), Instant::now());
    // Whether the group is stuck, and for how long if that is known.
    let mut stuck: Option<Option<Millis>> = None;
    for message in messages {
        if stuck.is_none() && queue.is_some() && began.elapsed() >= WALKED_MAX {
            stuck = Some(Some(Millis(0)));
        }
        let id = message.message_id.clone().unwrap_or_default();
        let receipt_handle = message.receipt_handle.clone().unwrap_or_default();
        let wait = match stuck {
            Some(wait) => wait,
            // In memory of its own: every layer around it would need as much of the stack again.
            None => match done_in_time(Box::pin(handle(message))).await {
                Ok(Next::Done) => continue,
                Ok(Next::Later(wait)) => Some(wait),
                Err(Failure::Refused(refusal)) => {
                    tracing::info!(code = refusal.code().number(), "refused: {refusal}");
                    continue;
                }
                Err(failure) => {
                    log(&id, &failure);
                    None
                }
            },
        };
        if let (Some(wait), Some((queues, name))) = (wait, queue)
            && let Some(Err(failure)) =
                at_last(queues.hide(name, &receipt_handle, (wait.0 + 999) / 1000)).await
        {
            log(&id, &failure);
        }
        stuck = Some(wait);
        failed.push(item_failure(id));
    }
    failed
}

/// Says that one message of a batch failed.
pub fn item_failure(message_id: String) -> BatchItemFailure {
    let mut item = BatchItemFailure::default();
    item.item_identifier = message_id;
    item
}

/// Notes a failure once, where it becomes an answer.
pub fn log(id: &str, failure: &Failure) {
    match failure {
        Failure::Defect(_) => tracing::error!(message.id = id, kind = failure.name(), "{failure}"),
        Failure::Invalid(_)
        | Failure::NotFound(_)
        | Failure::Refused(_)
        | Failure::Unavailable(_) => {
            tracing::warn!(message.id = id, kind = failure.name(), "{failure}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::until;
    use switchboard_domain::effect::{MessagesAlarm, Wake};
    use tokio::time::sleep;

    fn message(id: &str, group: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.attributes.insert("MessageGroupId".to_owned(), group.to_owned());
        message
    }

    fn batch() -> SqsEvent {
        let mut event = SqsEvent::default();
        let places = [("1", "a"), ("2", "a"), ("3", "a"), ("4", "b")];
        event.records = places.map(|(id, group)| message(id, group)).to_vec();
        event
    }

    #[test]
    fn an_alarm_comes_within_its_second_or_in_the_one_before_if_it_is_waited_for() {
        let (now, at) = (Timestamp(1_000), Timestamp(3_400));
        let delay = |is_behind| {
            let alarm = MessagesAlarm { at, is_behind, messages: Vec::new() };
            outgoing("1", &Effect::Wake(Wake::Messages(alarm)), now).unwrap().delay_seconds
        };
        assert_eq!((delay(false), delay(true)), (3, 2));
    }

    fn left(response: &SqsBatchResponse) -> Vec<&str> {
        response.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_there_was_no_time_for_is_left_to_the_queue_in_order() {
        let began = Instant::now();
        let work = |_| async {
            sleep(Duration::from_secs(4)).await;
            Ok(())
        };
        let response = until(began + Duration::from_secs(10), each_message(batch(), work)).await;
        assert_eq!(left(&response), ["3", "4"], "two are done, one is stopped, one is not begun");
        assert_eq!(began.elapsed(), Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn groups_that_are_walked_together_are_stopped_together() {
        let sdk = aws_sdk_sqs::Config::builder().behavior_version_latest().build();
        let queues = Queues::new(aws_sdk_sqs::Client::from_conf(sdk), BTreeMap::new());
        let began = Instant::now();
        let work = |_| async {
            sleep(Duration::from_secs(4)).await;
            Ok(Next::Done)
        };
        let walked = each_group_or_later(&queues, QueueName::Outbound, batch(), work);
        let response = until(began + Duration::from_secs(10), walked).await;
        assert_eq!(left(&response), ["3"]);
        assert_eq!(began.elapsed(), Duration::from_secs(9));
    }
}
