//! What a request does, to which tables: as policies name it, and as it is counted.

use serde_json::Value;

/// The operations that write.
pub(super) const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// The operations that say what they cost.
pub(super) const COUNTED: [&str; 10] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

/// The tables of a batch.
pub(super) fn tables_of(body: &Value) -> impl Iterator<Item = &str> {
    let tables = body["RequestItems"].as_object();
    tables.into_iter().flat_map(|tables| tables.keys().map(String::as_str))
}

/// The single actions of a request, as a policy names them.
pub(super) fn actions<'a>(operation: &'a str, body: &'a Value) -> Vec<(&'a str, &'a Value)> {
    const NAMES: [(&str, &str); 5] = [
        ("Put", "PutItem"),
        ("Update", "UpdateItem"),
        ("Delete", "DeleteItem"),
        ("ConditionCheck", "ConditionCheckItem"),
        ("Get", "GetItem"),
    ];
    match body["TransactItems"].as_array() {
        Some(items) => {
            let named = |item: &'a Value| {
                NAMES.iter().find_map(|(member, name)| Some((*name, item.get(member)?)))
            };
            items.iter().filter_map(named).collect()
        }
        None if body["RequestItems"].is_object() => Vec::new(),
        None => vec![(operation, body)],
    }
}
