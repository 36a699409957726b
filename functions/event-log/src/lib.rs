//! Writes down what happens in workspaces, and has their event callbacks told.
//!
//! Woken by: the stream of the table `routing`. Writes: occurrence. Asks for: `webhook-delivery`.
//!
//! The change is the event: what happened follows from the images of a record before and after. An occurrence is
//! written under a key that follows from the changed item and its version, so a stream that is replayed writes
//! nothing new. The calls are sent after that; if they cannot be, the stream comes again from there.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use switchboard_domain::decision::Decision;
use switchboard_domain::derive::{Written, of_change};
use switchboard_domain::effect::{Call, Effect, EventCall};
use switchboard_domain::event::{Occurrence, is_wanted};
use switchboard_domain::record::Record;
use switchboard_domain::record::Routed;
use switchboard_domain::sid::{TaskChannelSid, WorkerSid};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::item::image;
use switchboard_store::{Key, Listing, StoreError, key};

/// Who the store says it is when it removes what has expired.
const SWEEPER: &str = "dynamodb.amazonaws.com";

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &["TABLE_ROUTING", "TABLE_EVENTS", "QUEUE_WEBHOOKS"],
};

/// Handles a batch of stream records. At the first that fails it stops: the stream keeps its order, and what
/// is behind comes again.
pub async fn handle(on: &Dependencies, event: StreamEvent) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    let mut read = Vec::new();
    for record in &event.records {
        match occurrences(record) {
            Ok(found) => read.push((record, found)),
            Err(failure) => {
                fail(&mut response, record, &failure);
                break;
            }
        }
    }
    let Some((first, _)) = read.first() else {
        return response;
    };
    let mentioned = known(on, read.iter().flat_map(|(_, found)| found));
    let known = match done_in_time(mentioned).await {
        Ok(known) => known,
        Err(failure) => {
            let mut response = DynamoDbEventResponse::default();
            fail(&mut response, first, &failure);
            return response;
        }
    };
    for (record, found) in read {
        if let Err(failure) = done_in_time(log(on, found, &known)).await {
            let mut response = DynamoDbEventResponse::default();
            fail(&mut response, record, &failure);
            return response;
        }
    }
    response
}

fn fail(response: &mut DynamoDbEventResponse, record: &EventRecord, failure: &Failure) {
    tracing::error!(kind = failure.name(), "stream record: {failure}");
    let mut item = DynamoDbBatchItemFailure::default();
    item.item_identifier.clone_from(&record.change.sequence_number);
    response.batch_item_failures.push(item);
}

/// What a stream record amounts to. What the store removes because its time is over is nothing.
fn occurrences(record: &EventRecord) -> Result<Vec<Occurrence>, Failure> {
    let sweeper = record.user_identity.as_ref().map(|who| who.principal_id.as_str());
    if sweeper == Some(SWEEPER) {
        return Ok(Vec::new());
    }
    let change = &record.change;
    let text = |name: &str| match change.keys.inner().get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Ok(text.as_str()),
        _ => Err(Failure::Defect(format!("a stream record without the key {name}"))),
    };
    if ![&change.old_image, &change.new_image].into_iter().any(is_watched) {
        return Ok(Vec::new());
    }
    let (before, after) = (image(change.old_image.clone())?, image(change.new_image.clone())?);
    let version = match (&before, &after) {
        (_, Some(after)) => after.version().number(),
        (before, None) => before.as_ref().map_or(0, |before| before.version().number()) + 1,
    };
    let seen = Timestamp(change.approximate_creation_date_time.timestamp_millis());
    let written = Written { pk: text("pk")?, sk: text("sk")?, version, seen };
    Ok(of_change(before.as_ref(), after.as_ref(), written))
}

/// Whether a change of it can be an event: the table holds heads as well.
fn is_watched(image: &serde_dynamo::Item) -> bool {
    match image.inner().get("kind") {
        Some(serde_dynamo::AttributeValue::S(kind)) => Routed::KINDS.contains(&kind.as_str()),
        _ => false,
    }
}

/// The records that occurrences mention, in one read.
async fn known(
    on: &Dependencies,
    all: impl Iterator<Item = &Occurrence>,
) -> Result<BTreeMap<Key, Record>, Failure> {
    let keys: Vec<Key> = all.flat_map(Occurrence::mentions).map(key::mention).collect();
    Ok(on.store.get_all(&keys).await?)
}

/// Writes down what one change amounts to, and asks for the calls.
async fn log(
    on: &Dependencies,
    found: Vec<Occurrence>,
    known: &BTreeMap<Key, Record>,
) -> Result<(), Failure> {
    for mut occurrence in found {
        let mentioned = occurrence.mentions().into_iter().map(key::mention);
        mentioned.filter_map(|key| known.get(&key)).for_each(|record| occurrence.learn(record));
        count(on, &mut occurrence).await?;
        let calls = match known.get(&key::workspace(occurrence.workspace)) {
            Some(Record::Workspace(workspace)) => calls(workspace, &occurrence),
            _ if occurrence.last_callback().is_some() => {
                (0..occurrence.events.len()).map(|number| call(&occurrence, number)).collect()
            }
            _ => Vec::new(),
        };
        match on.commit(&Decision::put(occurrence)).await {
            // There already: the stream came again, and so does what was asked for.
            Ok(_) | Err(StoreError::Conflict { passing: false, .. }) => {}
            Err(error) => return Err(error.into()),
        }
        on.queues.try_send_effects(&calls, on.now()).await?;
    }
    Ok(())
}

/// Counts the tasks that a worker has on a channel whose capacity was changed.
async fn count(on: &Dependencies, occurrence: &mut Occurrence) -> Result<(), Failure> {
    let Some(worker) = occurrence.worker else {
        return Ok(());
    };
    let changed = occurrence.events.iter_mut().filter_map(|event| event.channel.as_mut());
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let tasks: Vec<Task> = on.store.all(&Listing::tasks_of_worker(worker)).await?;
    for change in changed {
        change.open = Some(open(&tasks, worker, change.sid));
    }
    Ok(())
}

fn open(tasks: &[Task], worker: WorkerSid, channel: TaskChannelSid) -> u32 {
    let tasks = tasks.iter().filter(|task| task.channel == channel);
    let held = tasks.flat_map(|task| task.open_reservations()).filter(|one| one.worker == worker);
    u32::try_from(held.count()).unwrap_or(u32::MAX)
}

/// The calls of a workspace's callback for the events that it wants to hear of, each under the event's
/// identifier.
fn calls(workspace: &Workspace, occurrence: &Occurrence) -> Vec<(String, Effect)> {
    if workspace.event_callback_url.is_none() {
        return Vec::new();
    }
    let filter = workspace.events_filter.as_deref();
    let wanted = occurrence.events.iter().enumerate();
    let wanted = wanted.filter(|(_, event)| is_wanted(filter, event.kind));
    wanted.map(|(number, _)| call(occurrence, number)).collect()
}

/// The call of a workspace's callback for one event.
fn call(occurrence: &Occurrence, number: usize) -> (String, Effect) {
    let event_sid = occurrence.place(number).sid();
    let (workspace, resource) = (occurrence.workspace, occurrence.resource());
    let call = Call::Event(EventCall { workspace, event_sid, resource });
    (event_sid.to_string(), Effect::Notify(call))
}
