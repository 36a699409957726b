//! The embedded engine, asked in DynamoDB's own documents: every operation is one arm of a match.

use anyhow::Result;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use dynoxide::storage_backend::Clock as EngineClock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use switchboard_runtime::dependencies::Clock;

use crate::aws::template;

/// The engine's time, if it is not the system's.
pub(super) struct Borrowed(pub(super) Clock);

impl EngineClock for Borrowed {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from((self.0)().seconds()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
        let milliseconds = (self.0)().0 as f64;
        milliseconds / 1000.0
    }
}

/// Makes a table, if it is not there. One that an earlier version has made gets the indexes that it lacks, with what
/// belongs into them.
pub(super) fn create(database: &Database, table: &template::Table) -> Result<()> {
    match database.create_table(serde_json::from_value(table.request.clone())?) {
        Err(DynoxideError::ResourceInUseException(_)) => return add_indexes(database, table),
        created => created?,
    };
    if let Some(request) = table.expiry() {
        database.update_time_to_live(serde_json::from_value(request)?)?;
    }
    Ok(())
}

fn add_indexes(database: &Database, table: &template::Table) -> Result<()> {
    let there = perform(database, "DescribeTable", &json!({ "TableName": table.name }))?;
    let there = there["Table"]["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
    let wanted = table.request["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    let is_there = |index: &&Value| there.iter().any(|it| it["IndexName"] == index["IndexName"]);
    for index in wanted.filter(|index| !is_there(index)) {
        let request = json!({
            "TableName": table.name,
            "AttributeDefinitions": table.request["AttributeDefinitions"],
            "GlobalSecondaryIndexUpdates": [{ "Create": index }],
        });
        perform(database, "UpdateTable", &request)?;
    }
    Ok(())
}

/// Reads the records of a table's stream after a sequence number.
pub(super) fn records(
    db: &Database,
    table: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Value>> {
    let mut request = json!({
        "StreamArn": dynoxide::streams::stream_arn(table, "local"),
        "ShardId": dynoxide::streams::shard_id(table),
        "ShardIteratorType": "TRIM_HORIZON",
    });
    if let Some(after) = after {
        request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
        request["SequenceNumber"] = json!(after);
    }
    let found = perform(db, "GetShardIterator", &request)?;
    let request = json!({ "ShardIterator": found["ShardIterator"], "Limit": limit });
    match perform(db, "GetRecords", &request)?["Records"].take() {
        Value::Array(records) => Ok(records),
        _ => Ok(Vec::new()),
    }
}

/// Does one operation.
pub(super) fn perform(
    db: &Database,
    operation: &str,
    body: &Value,
) -> Result<Value, DynoxideError> {
    match operation {
        "GetItem" => run(body, |it| db.get_item(it)),
        "PutItem" => run(body, |it| db.put_item(it)),
        "UpdateItem" => run(body, |it| db.update_item(it)),
        "DeleteItem" => run(body, |it| db.delete_item(it)),
        "Query" => run(body, |it| db.query(it)),
        "Scan" => run(body, |it| db.scan(it)),
        "BatchGetItem" => run(body, |it| db.batch_get_item(it)),
        "BatchWriteItem" => run(body, |it| db.batch_write_item(it)),
        "TransactGetItems" => run(body, |it| db.transact_get_items(it)),
        "TransactWriteItems" => run(body, |it| db.transact_write_items(it)),
        "DescribeTable" => run(body, |it| db.describe_table(it)),
        "ListTables" => run(body, |it| db.list_tables(it)),
        "CreateTable" => run(body, |it| db.create_table(it)),
        "DeleteTable" => run(body, |it| db.delete_table(it)),
        "UpdateTable" => run(body, |it| db.update_table(it)),
        "TagResource" => run(body, |it| db.tag_resource(it)),
        "UntagResource" => run(body, |it| db.untag_resource(it)),
        "ListTagsOfResource" => run(body, |it| db.list_tags_of_resource(it)),
        "UpdateTimeToLive" => run(body, |it| db.update_time_to_live(it)),
        "DescribeTimeToLive" => run(body, |it| db.describe_time_to_live(it)),
        "ListStreams" => run(body, |it| db.list_streams(it)),
        "DescribeStream" => run(body, |it| db.describe_stream(it)),
        "GetShardIterator" => run(body, |it| db.get_shard_iterator(it)),
        "GetRecords" => run(body, |it| db.get_records(it)),
        unknown => Err(DynoxideError::ValidationException(format!(
            "the local deployment has no operation {unknown}"
        ))),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Value, DynoxideError> {
    let request = Q::deserialize(body).map_err(|error| unreadable(&error.to_string()))?;
    serde_json::to_value(operation(request)?)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

/// A request that cannot be read: the engine's readers say with a mark in front of their message when DynamoDB
/// calls that invalid, and the engine's own server, which is not asked here, takes the mark off again.
fn unreadable(message: &str) -> DynoxideError {
    const INVALID: [&str; 3] = ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"];
    const MALFORMED: [&str; 2] = ["SERIALIZATION:", "SERIALIZATION_AS_READ:"];
    let without = |marks: &[&str]| marks.iter().find_map(|mark| message.strip_prefix(*mark));
    match without(&INVALID) {
        Some(reason) => DynoxideError::ValidationException(reason.to_owned()),
        None => {
            let reason = without(&MALFORMED).unwrap_or(message);
            DynoxideError::SerializationException(reason.to_owned())
        }
    }
}
