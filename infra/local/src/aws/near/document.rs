//! Requests of the short road as the documents that the SDK would have made of them, for those who watch requests: tests
//! with their faults and their simulations. Nobody else has one made.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard_runtime::queue::Outgoing;
use switchboard_store::item::Item;
use switchboard_store::road::{Address, Range, Rows, Write};

use crate::aws::dynamo::text_of;

/// An item.
fn item(item: &Item) -> Value {
    let text = text_of(item).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn texts<const N: usize>(values: [(&str, &str); N]) -> Value {
    let value = |(name, text): (&str, &str)| (name.to_owned(), json!({ "S": text }));
    Value::Object(values.into_iter().map(value).collect())
}

fn keys(address: &Address) -> Value {
    texts([("pk", &address.pk), ("sk", &address.sk)])
}

pub(super) fn get(address: &Address) -> Value {
    json!({ "TableName": address.table, "Key": keys(address), "ConsistentRead": true })
}

pub(super) fn get_all(addresses: &[Address]) -> Value {
    let mut tables: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for address in addresses {
        tables.entry(&address.table).or_default().push(keys(address));
    }
    let table = |(name, keys): (&str, Vec<Value>)| {
        (name.to_owned(), json!({ "Keys": keys, "ConsistentRead": true }))
    };
    json!({ "RequestItems": tables.into_iter().map(table).collect::<Map<_, _>>() })
}

pub(super) fn range(range: &Range) -> Value {
    let (partition, sort) = range.names;
    let mut body = json!({
        "TableName": range.table,
        "KeyConditionExpression": "#p = :p AND #s BETWEEN :low AND :high",
        "ExpressionAttributeNames": { "#p": partition, "#s": sort },
        "ExpressionAttributeValues":
            texts([(":p", &range.partition), (":low", &range.low), (":high", &range.high)]),
        "ScanIndexForward": range.ascending,
        "ConsistentRead": range.index.is_none(),
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("IndexName", range.index.map(Into::into));
    set("Limit", range.limit.map(Into::into));
    set("ExclusiveStartKey", range.start.as_ref().map(item));
    body
}

pub(super) fn rows(rows: &Rows) -> Value {
    let mut body = json!({
        "TableName": rows.table,
        "FilterExpression": "#k = :k",
        "ExpressionAttributeNames": { "#k": "kind" },
        "ExpressionAttributeValues": texts([(":k", rows.kind)]),
    });
    if let Some(start) = &rows.start {
        body["ExclusiveStartKey"] = item(start);
    }
    body
}

/// The operation that these writes are, and its document.
pub(super) fn write(writes: &[Write]) -> (&'static str, Value) {
    match writes {
        [one] if one.item.is_some() => ("PutItem", action(one)),
        [one] => ("DeleteItem", action(one)),
        several => {
            let named = |write: &Write| match write.item {
                Some(_) => json!({ "Put": action(write) }),
                None => json!({ "Delete": action(write) }),
            };
            let items: Vec<Value> = several.iter().map(named).collect();
            ("TransactWriteItems", json!({ "TransactItems": items }))
        }
    }
}

fn action(write: &Write) -> Value {
    let mut body = json!({
        "TableName": write.address.table,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    match &write.item {
        Some(written) => body["Item"] = item(written),
        None => body["Key"] = keys(&write.address),
    }
    if let Some(condition) = write.condition.expression() {
        body["ConditionExpression"] = json!(condition);
    }
    if let Some(values) = write.condition.values() {
        body["ExpressionAttributeValues"] = item(&values);
    }
    body
}

fn entry(message: &Outgoing) -> Value {
    let mut entry = json!({ "MessageBody": message.body });
    if let Some(group) = &message.group {
        entry["MessageGroupId"] = json!(group);
    }
    if let Some(id) = &message.id {
        entry["MessageDeduplicationId"] = json!(id);
    }
    if message.delay_seconds > 0 {
        entry["DelaySeconds"] = json!(message.delay_seconds);
    }
    entry
}

pub(super) fn send(url: &str, message: &Outgoing) -> Value {
    let mut body = entry(message);
    body["QueueUrl"] = json!(url);
    body
}

pub(super) fn send_batch(url: &str, messages: &[Outgoing]) -> Value {
    let numbered = messages.iter().enumerate().map(|(place, message)| {
        let mut entry = entry(message);
        entry["Id"] = json!(place.to_string());
        entry
    });
    json!({ "QueueUrl": url, "Entries": numbered.collect::<Vec<_>>() })
}

pub(super) fn hide(url: &str, receipt_handle: &str, seconds: i32) -> Value {
    json!({ "QueueUrl": url, "ReceiptHandle": receipt_handle, "VisibilityTimeout": seconds })
}
