use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use switchboard::{Deployment, Options, Road, Trigger, Usage, http_event};
use switchboard_domain::effect::{Effect, RouterEvent, RouterSubject};

use crate::faults::AUTH;
use crate::{PATIENCE, start, start_with};

type Item = HashMap<String, AttributeValue>;

fn item(pk: &str, more: &[(&str, &str)]) -> Item {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let mut item = Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text("-"))]);
    item.extend(more.iter().map(|(name, value)| ((*name).to_owned(), text(value))));
    item
}

fn put(deployment: &Deployment, table: &str, item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(deployment.table_name(table))
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    TransactWriteItem::builder().put(put.build().unwrap()).build()
}

#[tokio::test]
async fn a_transaction_says_which_of_its_actions_was_in_the_way() {
    let deployment = start().await;
    let client = deployment.dynamodb("test");
    let transact = |items: Vec<TransactWriteItem>| {
        client.transact_write_items().set_transact_items(Some(items)).send()
    };
    transact(vec![put(&deployment, "routing", item("a", &[]))]).await.unwrap();
    let check = ConditionCheck::builder()
        .table_name(deployment.table_name("routing"))
        .set_key(Some(item("a", &[])))
        .condition_expression("attribute_exists(pk)");
    let check = TransactWriteItem::builder().condition_check(check.build().unwrap()).build();
    let items = [item("b", &[]), item("c", &[])].map(|it| put(&deployment, "routing", it));
    let [b, c] = items;
    transact(vec![c]).await.unwrap();
    let again = put(&deployment, "routing", item("c", &[]));
    let error = transact(vec![check, b, again]).await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = canceled.cancellation_reasons().iter().map(|it| it.code()).collect();
    assert_eq!(codes, [Some("None"), Some("None"), Some("ConditionalCheckFailed")]);
    let found = client
        .get_item()
        .table_name(deployment.table_name("routing"))
        .set_key(Some(item("b", &[])))
        .send();
    assert_eq!(found.await.unwrap().item, None, "all or nothing");
    let permissions: Vec<String> = deployment.permissions()["test"]
        .iter()
        .map(|it| format!("{} {}", it.action, it.resource))
        .collect();
    let expected = [
        "dynamodb:ConditionCheckItem routing",
        "dynamodb:GetItem routing",
        "dynamodb:PutItem routing",
    ];
    assert_eq!(permissions, expected);
}

#[tokio::test]
async fn units_are_counted_as_aws_charges_them() {
    let deployment = start().await;
    let client = deployment.dynamodb("test");
    let spent = async |request: TransactWriteItem| {
        let mark = deployment.counters();
        client.transact_write_items().transact_items(request).send().await.unwrap();
        deployment.counters().since(&mark).of("test").write_units
    };
    // A transaction doubles the table's unit, not the index's.
    assert_eq!(spent(put(&deployment, "routing", item("a", &[]))).await, 2.0);
    let listed = item("b", &[("lpk", "l"), ("lsk", "l")]);
    assert_eq!(spent(put(&deployment, "routing", listed)).await, 3.0);
    let large = item("c", &[("text", &"x".repeat(1500))]);
    assert_eq!(spent(put(&deployment, "routing", large)).await, 4.0);
    let mark = deployment.counters();
    let get = client.get_item().table_name(deployment.table_name("routing"));
    let found = get.set_key(Some(item("c", &[]))).consistent_read(true).send().await.unwrap();
    assert_eq!(found.consumed_capacity, None, "nobody asked");
    let used = deployment.counters().since(&mark).of("test");
    assert_eq!(used, Usage { read_units: 1.0, ..Usage::default() });
}

#[tokio::test]
async fn a_change_reaches_the_relay_with_its_effects() {
    let deployment = start().await;
    let mut traces = deployment.traces();
    let workspace = format!("WS{:032}", 1).parse().unwrap();
    let effects = [Effect::Route(RouterEvent { workspace, subject: RouterSubject::Clock })];
    let mut changed = item("T1", &[("fx", &serde_json::to_string(&effects).unwrap())]);
    changed.insert("v".to_owned(), AttributeValue::N("1".to_owned()));
    let put = deployment.dynamodb("test").put_item();
    let put = put.table_name(deployment.table_name("routing")).set_item(Some(changed));
    put.send().await.unwrap();
    deployment.drained(PATIENCE).await.unwrap();
    let mut seen = std::collections::BTreeMap::new();
    while let Ok(trace) = traces.try_recv() {
        seen.insert(trace.function.clone(), trace);
    }
    let trace = &seen["effect-relay"];
    let table = "routing".to_owned();
    assert_eq!(trace.trigger, Trigger::Stream { table, records: 1 });
    assert_eq!(trace.sent["routing.fifo"], 1);
    assert!(seen.contains_key("task-assignment"), "and is acted upon");
    assert!(!seen.contains_key("event-log"), "the other reader is woken by its own kinds alone");
}

#[tokio::test]
async fn expired_items_are_swept() {
    let deployment = start().await;
    let client = deployment.dynamodb("test");
    let mut expired = item("old", &[]);
    expired.insert("ttl".to_owned(), AttributeValue::N("1700000000".to_owned()));
    let table = deployment.table_name("routing");
    client.put_item().table_name(&table).set_item(Some(expired)).send().await.unwrap();
    assert_eq!(deployment.sweep().unwrap(), 1);
    let key = Some(item("old", &[]));
    let found = client.get_item().table_name(&table).set_key(key).send().await.unwrap();
    assert_eq!(found.item, None);
}

#[tokio::test]
async fn clients_sign_where_somebody_looks() {
    let deployment =
        start_with(Options { signs: true, road: Road::Sdk, ..Options::default() }).await;
    let listed = deployment.dynamodb("test").list_tables().send().await.unwrap();
    assert_eq!(listed.table_names().len(), deployment.template().tables.len());
    deployment.sqs_client("test").list_queues().send().await.unwrap();
    // The functions' own clients as well: this one reads and writes both.
    let event = http_event("GET", "/taskrouter/v1/Workspaces", &[("authorization", AUTH)], b"");
    let answer = deployment.invoke("taskrouter-api", event).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
}
