//! Sends the effects of every committed change once more: the certain road beside the quick one.
//!
//! Woken by: the streams of the tables. Writes: nothing. Asks for: whatever the changed item asked for, under
//! the same deduplication ids.
#![forbid(unsafe_code)]

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use serde_dynamo::AttributeValue;
use switchboard_domain::effect::Effect;
use switchboard_runtime::{Dependencies, Failure, Patience};
use switchboard_store::item::effect_id;

/// How long tables and queues are waited for. There is time: its invocations have half a minute or more.
pub const PATIENCE: Patience = Patience::LONG;

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
    if let Err(failure) = on.queues.try_send_effects(&effects, on.now()).await {
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

/// The effects that an item carries, under the ids that its writer gave them.
fn effects_of(record: &EventRecord) -> Result<Vec<(String, Effect)>, Failure> {
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
    let numbered = effects.into_iter().enumerate();
    Ok(numbered.map(|(place, effect)| (effect_id(pk, version, place), effect)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::effect::{RouterEvent, RouterSubject};
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
    fn an_item_without_effects_asks_for_nothing_and_a_broken_one_is_a_defect() {
        let plain = serde_json::json!({"pk": {"S": "WT1"}, "v": {"N": "3"}});
        assert_eq!(effects_of(&record(plain)).unwrap(), []);
        let broken = serde_json::json!({"pk": {"S": "WT1"}, "fx": {"S": "["}});
        assert!(effects_of(&record(broken)).is_err());
    }
}
