//! The road through a client of the SDK, which signs, waits and repeats.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, KeysAndAttributes, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{Address, Found, Held, Range, Refusal, Rows, Write};
use crate::item::Item;
use crate::row::Row;

/// A batch read that is not finished after this many rounds is given up.
const BATCH_ROUNDS_MAX: usize = 8;

/// A condition that fails shows the item that is there.
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

pub(super) async fn get(client: &Client, address: Address) -> Result<Option<Row>, Refusal> {
    let keys = address.attributes();
    let get = client.get_item().table_name(address.table).set_key(Some(keys));
    Ok(get.consistent_read(true).send().await.map_err(classify)?.item.map(Row::Item))
}

pub(super) async fn get_all(
    client: &Client,
    addresses: Vec<Address>,
) -> Result<Vec<(String, Row)>, Refusal> {
    let mut wanted: HashMap<String, Vec<Item>> = HashMap::new();
    for address in addresses {
        let keys = address.attributes();
        wanted.entry(address.table).or_default().push(keys);
    }
    let mut pending = HashMap::new();
    for (table, keys) in wanted {
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        pending.insert(table, keys.build().map_err(incomplete)?);
    }
    let mut found = Vec::new();
    for _ in 0..BATCH_ROUNDS_MAX {
        let batch = client.batch_get_item().set_request_items(Some(pending));
        let answer = batch.send().await.map_err(classify)?;
        for (table, items) in answer.responses.unwrap_or_default() {
            found.extend(items.into_iter().map(|item| (table.clone(), Row::Item(item))));
        }
        pending = answer.unprocessed_keys.unwrap_or_default();
        if pending.is_empty() {
            return Ok(found);
        }
    }
    Err(Refusal::Unavailable("some keys stayed unprocessed".into()))
}

fn found(items: Option<Vec<Item>>, last: Option<Item>) -> Found {
    Found { items: items.unwrap_or_default().into_iter().map(Row::Item).collect(), last }
}

pub(super) async fn range(client: &Client, range: Range) -> Result<Found, Refusal> {
    let (partition, sort) = range.names;
    let query = client
        .query()
        .table_name(range.table)
        .set_index_name(range.index.map(str::to_owned))
        .key_condition_expression("#p = :p AND #s BETWEEN :low AND :high")
        .expression_attribute_names("#p", partition)
        .expression_attribute_names("#s", sort)
        .expression_attribute_values(":p", AttributeValue::S(range.partition))
        .expression_attribute_values(":low", AttributeValue::S(range.low))
        .expression_attribute_values(":high", AttributeValue::S(range.high))
        .scan_index_forward(range.ascending)
        .consistent_read(range.index.is_none())
        .set_limit(range.limit)
        .set_exclusive_start_key(range.start);
    let answer = query.send().await.map_err(classify)?;
    Ok(found(answer.items, answer.last_evaluated_key))
}

pub(super) async fn rows(client: &Client, rows: Rows) -> Result<Found, Refusal> {
    let scan = client
        .scan()
        .table_name(rows.table)
        .filter_expression("#k = :k")
        .expression_attribute_names("#k", "kind")
        .expression_attribute_values(":k", AttributeValue::S(rows.kind.to_owned()))
        .set_exclusive_start_key(rows.start);
    let answer = scan.send().await.map_err(classify)?;
    Ok(found(answer.items, answer.last_evaluated_key))
}

pub(super) async fn write(client: &Client, mut writes: Vec<Write>) -> Result<(), Refusal> {
    if writes.len() > 1 {
        return transact(client, writes).await;
    }
    let Some(Write { address, item, condition }) = writes.pop() else { return Ok(()) };
    match item {
        Some(item) => {
            let put = client.put_item().table_name(address.table).set_item(Some(item));
            let put = put.set_condition_expression(condition.expression().map(str::to_owned));
            let put = put.set_expression_attribute_values(condition.values());
            let put = put.return_values_on_condition_check_failure(ALL_OLD);
            put.send().await.map(drop).map_err(|error| match error {
                SdkError::ServiceError(refused) => match refused.err() {
                    PutItemError::ConditionalCheckFailedException(failed) => {
                        Refusal::Held(vec![Held::Failed(failed.item.clone())])
                    }
                    _ => classify(SdkError::ServiceError(refused)),
                },
                other => classify(other),
            })
        }
        None => {
            let keys = address.attributes();
            let delete = client.delete_item().table_name(address.table).set_key(Some(keys));
            let delete = delete.set_condition_expression(condition.expression().map(str::to_owned));
            let delete = delete.set_expression_attribute_values(condition.values());
            let delete = delete.return_values_on_condition_check_failure(ALL_OLD);
            delete.send().await.map(drop).map_err(|error| match error {
                SdkError::ServiceError(refused) => match refused.err() {
                    DeleteItemError::ConditionalCheckFailedException(failed) => {
                        Refusal::Held(vec![Held::Failed(failed.item.clone())])
                    }
                    _ => classify(SdkError::ServiceError(refused)),
                },
                other => classify(other),
            })
        }
    }
}

async fn transact(client: &Client, writes: Vec<Write>) -> Result<(), Refusal> {
    let items: Result<Vec<_>, _> = writes.into_iter().map(action).collect();
    let request = client.transact_write_items().set_transact_items(Some(items?));
    let Err(error) = request.send().await else { return Ok(()) };
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        return Err(classify(error));
    };
    let held: Vec<Held> = canceled.cancellation_reasons().iter().map(held).collect();
    if held.iter().any(|one| *one != Held::Up) {
        return Err(Refusal::Held(held));
    }
    let mut reasons = canceled.cancellation_reasons().iter();
    match reasons.find(|reason| reason.code() == Some("ValidationError")) {
        Some(invalid) => Err(Refusal::Defect(invalid.message().unwrap_or("no message").to_owned())),
        None => Err(Refusal::Unavailable(Box::new(error))),
    }
}

fn action(write: Write) -> Result<TransactWriteItem, Refusal> {
    let Write { address, item, condition } = write;
    let action = TransactWriteItem::builder();
    Ok(match item {
        Some(item) => {
            let put = Put::builder()
                .table_name(address.table)
                .set_item(Some(item))
                .set_condition_expression(condition.expression().map(str::to_owned))
                .set_expression_attribute_values(condition.values())
                .return_values_on_condition_check_failure(ALL_OLD);
            action.put(put.build().map_err(incomplete)?).build()
        }
        None => {
            let keys = address.attributes();
            let delete = Delete::builder()
                .table_name(address.table)
                .set_key(Some(keys))
                .set_condition_expression(condition.expression().map(str::to_owned))
                .set_expression_attribute_values(condition.values())
                .return_values_on_condition_check_failure(ALL_OLD);
            action.delete(delete.build().map_err(incomplete)?).build()
        }
    })
}

fn held(reason: &CancellationReason) -> Held {
    match reason.code() {
        Some("ConditionalCheckFailed") => Held::Failed(reason.item.clone()),
        Some("TransactionConflict") => Held::Conflict,
        Some(_) | None => Held::Up,
    }
}

fn incomplete(error: aws_sdk_dynamodb::error::BuildError) -> Refusal {
    Refusal::Defect(error.to_string())
}

/// Sorts an SDK error by its code.
fn classify<E>(error: SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.code() {
        Some("ConditionalCheckFailedException") => Refusal::Held(vec![Held::Failed(None)]),
        Some("TransactionConflictException") => Refusal::Held(vec![Held::Conflict]),
        Some("ValidationException" | "ResourceNotFoundException" | "AccessDeniedException") => {
            Refusal::Defect(error.message().unwrap_or("no message").to_owned())
        }
        _ => Refusal::Unavailable(Box::new(error)),
    }
}
