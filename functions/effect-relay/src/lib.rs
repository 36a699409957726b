//! Sends the effects of every committed change once more: the certain road beside the quick one. Most are carried by the
//! changed item; who is to be seated follows from the images of the task.
//!
//! Woken by: the streams of the tables. Writes: nothing. Asks for: whatever the changed item asked for, under
//! the same deduplication ids.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use serde_dynamo::AttributeValue;
use switchboard_domain::effect::Effect;
use switchboard_domain::process::task as process;
use switchboard_domain::record::Record;
use switchboard_domain::task::{Task, TaskStatus};
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::item::{carried_id, derived_id, effect_id, image};

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "QUEUE_INVITES",
        "QUEUE_ROUTING",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "QUEUE_MEDIA",
    ],
};

/// Handles a batch of stream records. At the first that fails it stops: the stream keeps its order, and what
/// is behind comes again.
pub async fn handle(on: &Dependencies, event: Event) -> DynamoDbEventResponse {
    let mut effects = Vec::new();
    let mut response = DynamoDbEventResponse::default();
    let first = event.records.first().and_then(|record| record.change.sequence_number.clone());
    for record in &event.records {
        match effects_of(record) {
            Ok(found) => effects.extend(found),
            Err(failure) => {
                tracing::error!(kind = failure.name(), "stream record: {failure}");
                fail_from(&mut response, record.change.sequence_number.clone());
                break;
            }
        }
    }
    if let Err(failure) = done_in_time(on.queues.try_send_effects(&effects, on.now())).await {
        tracing::warn!(kind = failure.name(), "not relayed: {failure}");
        response = DynamoDbEventResponse::default();
        fail_from(&mut response, first);
    }
    response
}

fn fail_from(response: &mut DynamoDbEventResponse, sequence_number: Option<String>) {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = sequence_number;
    response.batch_item_failures.push(failure);
}

/// The effects of a change, under the ids that its writer gave them.
fn effects_of(record: &EventRecord) -> Result<Vec<(String, Effect)>, Failure> {
    let mut effects = carried(record)?;
    effects.extend(derived(record)?);
    Ok(effects)
}

/// What follows from the images of a task.
fn derived(record: &EventRecord) -> Result<Option<(String, Effect)>, Failure> {
    let change = &record.change;
    let has = |name: &str, value: &str| {
        let found = change.new_image.inner().get(name);
        matches!(found, Some(AttributeValue::S(text)) if text == value)
    };
    // As the mapping's filter says, so that nothing else is read.
    if !has("kind", "Task") || !has("status", TaskStatus::Assigned.name()) {
        return Ok(None);
    }
    let (before, after) = (image(change.old_image.clone())?, image(change.new_image.clone())?);
    let Some(after) = after.as_ref().and_then(Record::get::<Task>) else { return Ok(None) };
    let effect = process::derived(before.as_ref().and_then(Record::get::<Task>), after);
    Ok(effect.map(|effect| (derived_id(after.sid, after.version.number()), effect)))
}

/// What the changed item carries.
fn carried(record: &EventRecord) -> Result<Vec<(String, Effect)>, Failure> {
    let item = record.change.new_image.inner();
    let Some(AttributeValue::S(text)) = item.get("fx") else {
        return Ok(Vec::new());
    };
    let defect = |what: &str| Failure::Defect(format!("an item with effects and {what}"));
    let effects: Vec<Effect> =
        serde_json::from_str(text).map_err(|error| defect(&format!("unreadable ones: {error}")))?;
    let Some(AttributeValue::S(pk)) = item.get("pk") else {
        return Err(defect("no key"));
    };
    let version = match item.get("v") {
        Some(AttributeValue::N(number)) => number.parse().ok(),
        _ => None,
    };
    let version = version.ok_or_else(|| defect("no version"))?;
    // What the id of a call ends in is said by the record itself.
    let has_calls = effects.iter().any(|effect| matches!(effect, Effect::Notify(_)));
    let record = match has_calls {
        true => image(record.change.new_image.clone())?,
        false => None,
    };
    let id = |place, effect: &Effect| match &record {
        Some(record) => carried_id(pk, version, place, effect, record),
        None => effect_id(pk, version, place),
    };
    let numbered = effects.into_iter().enumerate();
    Ok(numbered.map(|(place, effect)| (id(place, &effect), effect)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::effect::{InviteRequest, RouterEvent, RouterSubject};
    use switchboard_domain::sid::{Sid as _, WorkspaceSid};

    fn record(image: serde_json::Value) -> EventRecord {
        serde_json::from_value(serde_json::json!({
            "awsRegion": "us-east-1", "eventID": "1", "eventName": "INSERT",
            "dynamodb": {"NewImage": image, "SequenceNumber": "7", "SizeBytes": 1},
        }))
        .unwrap()
    }

    #[test]
    fn both_roads_name_an_effect_alike() {
        let workspace = WorkspaceSid::derived(&["w"]);
        let effect = Effect::Route(RouterEvent { workspace, subject: RouterSubject::Clock });
        let fx = serde_json::to_string(std::slice::from_ref(&effect)).unwrap();
        let image = serde_json::json!({"pk": {"S": "WT1"}, "v": {"N": "3"}, "fx": {"S": fx}});
        assert_eq!(effects_of(&record(image)).unwrap(), [(effect_id("WT1", 3, 0), effect)]);
    }

    #[test]
    fn who_took_a_task_is_seated_under_the_id_that_its_writer_gave() {
        let event = include_str!("../../../events/effect-relay/taken.json");
        let event: Event = serde_json::from_str(event).unwrap();
        let found = effects_of(&event.records[0]).unwrap();
        let [(id, Effect::Invite(InviteRequest::Seat { task, .. }))] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(*id, derived_id(*task, 3));
        let mut later = event.records[0].clone();
        later.change.old_image = later.change.new_image.clone();
        assert_eq!(effects_of(&later).unwrap(), [], "they were seated when they took it");
    }

    #[test]
    fn an_item_without_effects_asks_for_nothing_and_a_broken_one_is_a_defect() {
        let plain = serde_json::json!({"pk": {"S": "WT1"}, "v": {"N": "3"}});
        assert_eq!(effects_of(&record(plain)).unwrap(), []);
        let broken = serde_json::json!({"pk": {"S": "WT1"}, "fx": {"S": "["}});
        assert!(effects_of(&record(broken)).is_err());
    }
}
