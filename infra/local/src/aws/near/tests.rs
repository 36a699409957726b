//! The short road against the engine: whatever the store asks, both say the same, charge the same, and leave the same behind.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchboard_store::item::Item;
use switchboard_store::road::{Address, Condition, Found, Held, Range, Refusal, Rows, Write};

use super::document;
use crate::aws::dynamo::Tables;
use crate::aws::dynamo::tests::opened;

const TEMPLATE: &str = "
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: sk, AttributeType: S }
        - { AttributeName: lpk, AttributeType: S }
        - { AttributeName: lsk, AttributeType: S }
        - { AttributeName: wpk, AttributeType: S }
        - { AttributeName: wsk, AttributeType: S }
        - { AttributeName: dpk, AttributeType: S }
        - { AttributeName: dsk, AttributeType: S }
      KeySchema: [{ AttributeName: pk, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
      GlobalSecondaryIndexes:
        - IndexName: list
          KeySchema: [{ AttributeName: lpk, KeyType: HASH }, { AttributeName: lsk, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
        - IndexName: worker
          KeySchema: [{ AttributeName: wpk, KeyType: HASH }, { AttributeName: wsk, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
        - IndexName: due
          KeySchema: [{ AttributeName: dpk, KeyType: HASH }, { AttributeName: dsk, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }
";

const TABLE: &str = "things";
const ME: &str = "me";

fn tables() -> Tables {
    opened(TEMPLATE, None)
}

/// One request.
#[derive(Debug, Clone)]
enum Wish {
    Write(Vec<Write>),
    Get(Address),
    GetAll(Vec<Address>),
    Range(Range),
    Rows(Rows),
}

/// What came of it, in one form.
#[derive(Debug, PartialEq)]
enum Said {
    Items(Vec<Value>, Option<Value>),
    Held(Vec<(&'static str, Value)>),
    Refused,
}

fn value(item: &Item) -> Value {
    serde_json::from_str(&crate::aws::dynamo::text_of(item).unwrap()).unwrap()
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(Value::to_string);
    items
}

/// By the short road.
async fn near(tables: &Tables, wish: &Wish) -> Said {
    let found = |found: Found, is_sorted: bool| {
        let items = found.items.into_iter().map(|row| value(&row.into_item().unwrap()));
        let items: Vec<Value> = items.collect();
        let items = if is_sorted { items } else { sorted(items) };
        Said::Items(items, found.last.as_ref().map(value))
    };
    let said = match wish {
        Wish::Write(writes) => {
            let written = tables.near_write(ME, writes).await;
            written.map(|()| Said::Items(Vec::new(), None))
        }
        Wish::Get(address) => tables.near_get(ME, address).map(|item| {
            let items = item.into_iter().collect();
            found(Found { items, last: None }, true)
        }),
        Wish::GetAll(addresses) => tables.near_get_all(ME, addresses).map(|items| {
            let items = items.into_iter().map(|(_, item)| item).collect();
            found(Found { items, last: None }, false)
        }),
        Wish::Range(range) => tables.near_range(ME, range).map(|it| found(it, true)),
        Wish::Rows(rows) => tables.near_rows(ME, rows).map(|it| found(it, false)),
    };
    match said {
        Ok(said) => said,
        Err(Refusal::Held(held)) => {
            let one = |held: &Held| match held {
                Held::Up => ("None", Value::Null),
                Held::Failed(item) => {
                    ("ConditionalCheckFailed", item.as_ref().map_or(Value::Null, value))
                }
                Held::Conflict => ("TransactionConflict", Value::Null),
            };
            Said::Held(held.iter().map(one).collect())
        }
        Err(_) => Said::Refused,
    }
}

/// Through the engine's own documents.
async fn far(tables: &Tables, wish: &Wish) -> Said {
    let (operation, body) = match wish {
        Wish::Write(writes) => document::write(writes),
        Wish::Get(address) => ("GetItem", document::get(address)),
        Wish::GetAll(addresses) => ("BatchGetItem", document::get_all(addresses)),
        Wish::Range(range) => ("Query", document::range(range)),
        Wish::Rows(rows) => ("Scan", document::rows(rows)),
    };
    let answer = tables.answer(ME, operation, &body).await;
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    if answer.status != 200 {
        let kind = said["__type"].as_str().unwrap_or_default();
        if kind.ends_with("ConditionalCheckFailedException") {
            return Said::Held(vec![("ConditionalCheckFailed", said["Item"].clone())]);
        }
        let Some(reasons) = said["CancellationReasons"].as_array() else { return Said::Refused };
        let one = |reason: &Value| match reason["Code"].as_str() {
            Some("ConditionalCheckFailed") => ("ConditionalCheckFailed", reason["Item"].clone()),
            Some("None") => ("None", Value::Null),
            _ => ("refused", Value::Null),
        };
        let reasons: Vec<_> = reasons.iter().map(one).collect();
        return match reasons.iter().any(|(code, _)| *code == "refused") {
            true => Said::Refused,
            false => Said::Held(reasons),
        };
    }
    let all = |items: &Value| items.as_array().cloned().unwrap_or_default();
    let last = said.get("LastEvaluatedKey").cloned();
    match operation {
        "GetItem" => Said::Items(said.get("Item").cloned().into_iter().collect(), None),
        "BatchGetItem" => Said::Items(sorted(all(&said["Responses"][TABLE])), None),
        "Query" => Said::Items(all(&said["Items"]), last),
        "Scan" => Said::Items(sorted(all(&said["Items"])), last),
        _ => Said::Items(Vec::new(), None),
    }
}

/// Everything that a stream tells but numbers, names and times.
async fn told(tables: &Tables) -> Vec<Value> {
    let records = tables.records(TABLE, None, 1000).await.unwrap();
    let plain = |mut record: Value| {
        for name in ["eventID", "awsRegion"] {
            record[name].take();
        }
        for name in ["SequenceNumber", "ApproximateCreationDateTime", "SizeBytes"] {
            record["dynamodb"][name].take();
        }
        record
    };
    records.into_iter().map(plain).collect()
}

async fn compare(wishes: Vec<Wish>) {
    let (one, other) = (tables(), tables());
    for wish in &wishes {
        assert_eq!(near(&one, wish).await, far(&other, wish).await, "{wish:?}");
        let units = |tables: &Tables| tables.meter().counters().of(ME);
        assert_eq!(units(&one), units(&other), "{wish:?}");
    }
    assert_eq!(told(&one).await, told(&other).await);
    // Each finds what the other's road has left.
    for tables in [&one, &other] {
        for index in [None, Some("list"), Some("worker"), Some("due")] {
            let names = match index {
                None => ("pk", "sk"),
                Some("list") => ("lpk", "lsk"),
                Some("due") => ("dpk", "dsk"),
                Some(_) => ("wpk", "wsk"),
            };
            for partition in KEYS {
                let range = range(index, names, partition, true, None);
                assert_eq!(near(tables, &range).await, far(tables, &range).await, "{range:?}");
            }
        }
    }
}

const KEYS: [&str; 3] = ["a", "b", "ü"];

fn range(
    index: Option<&'static str>,
    names: (&'static str, &'static str),
    partition: &str,
    ascending: bool,
    limit: Option<i32>,
) -> Wish {
    let (table, partition) = (TABLE.to_owned(), partition.to_owned());
    let (low, high) = (" ".to_owned(), "\u{10FFFF}".to_owned());
    Wish::Range(Range { table, index, names, partition, low, high, ascending, limit, start: None })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(&KEYS).prop_map(str::to_owned)
}

fn address() -> impl Strategy<Value = Address> {
    (key(), key()).prop_map(|(pk, sk)| Address { table: TABLE.to_owned(), pk, sk })
}

fn other_value() -> impl Strategy<Value = AttributeValue> {
    let number = prop::sample::select(&["0", "-0", "7", "1.50", "-3e2", "0.001", "00120"]);
    let leaf = prop_oneof![
        "[a-c\"\\\\\n]{0,3}".prop_map(AttributeValue::S),
        number.prop_map(|number| AttributeValue::N(number.to_owned())),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|it| AttributeValue::B(Blob::new(it))),
        (0..4000_usize).prop_map(|length| AttributeValue::S("x".repeat(length))),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(AttributeValue::L),
            prop::collection::hash_map("[a-c]", inner, 0..3).prop_map(AttributeValue::M),
        ]
    })
}

fn item(address: Address) -> impl Strategy<Value = Item> {
    let row = || prop::option::of((key(), key()));
    let commits = prop::option::of(0..2_u8);
    let others = prop::collection::hash_map("[d-f]", other_value(), 0..3);
    let rows = (row(), row(), row());
    (rows, 1..4_u64, commits, others).prop_map(move |((list, worker, due), v, c, others)| {
        let mut item = address.attributes();
        item.extend(others);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        for (row, names) in
            [(&list, ["lpk", "lsk"]), (&worker, ["wpk", "wsk"]), (&due, ["dpk", "dsk"])]
        {
            if let Some((pk, sk)) = row {
                item.insert(names[0].to_owned(), text(pk));
                item.insert(names[1].to_owned(), text(sk));
            }
        }
        item.insert("kind".to_owned(), text(if v > 1 { "Thing" } else { "Other" }));
        item.insert("v".to_owned(), AttributeValue::N(v.to_string()));
        if let Some(commit) = c {
            item.insert("c".to_owned(), AttributeValue::B(Blob::new([commit; 6])));
        }
        item
    })
}

fn write() -> impl Strategy<Value = Write> {
    let condition = prop_oneof![
        Just(Condition::Absent),
        Just(Condition::Anything),
        (1..4_u64, prop::option::of(0..2_u8)).prop_map(|(number, commit)| Condition::Version {
            number,
            commits: commit.map(|commit| vec![commit; 6]),
        }),
    ];
    address().prop_flat_map(move |address| {
        let item = prop::option::weighted(0.8, item(address.clone()));
        (Just(address), item, condition.clone()).prop_map(|(address, item, condition)| Write {
            address,
            item,
            condition,
        })
    })
}

/// Writes of different items: the same one twice is refused by DynamoDB, and the store has no two of one.
fn writes() -> impl Strategy<Value = Wish> {
    prop::collection::vec(write(), 1..4).prop_map(|mut writes| {
        writes.sort_by(|a, b| (&a.address.pk, &a.address.sk).cmp(&(&b.address.pk, &b.address.sk)));
        writes.dedup_by(|a, b| a.address == b.address);
        Wish::Write(writes)
    })
}

fn wish() -> impl Strategy<Value = Wish> {
    let lists = prop::sample::select(&[
        (None, ("pk", "sk")),
        (Some("list"), ("lpk", "lsk")),
        (Some("worker"), ("wpk", "wsk")),
        (Some("due"), ("dpk", "dsk")),
    ]);
    let addresses = prop::collection::btree_set((key(), key()), 1..4).prop_map(|keys| {
        let address = |(pk, sk)| Address { table: TABLE.to_owned(), pk, sk };
        Wish::GetAll(keys.into_iter().map(address).collect())
    });
    let rows = prop::sample::select(&["Thing", "Other"])
        .prop_map(|kind| Wish::Rows(Rows { table: TABLE.to_owned(), kind, start: None }));
    prop_oneof![
        6 => writes(),
        1 => address().prop_map(Wish::Get),
        1 => addresses,
        2 => (lists, key(), any::<bool>(), prop::option::of(1..4_i32)).prop_map(
            |((index, names), partition, ascending, limit)| {
                range(index, names, &partition, ascending, limit)
            }
        ),
        1 => rows,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_short_road_and_the_engine_agree(wishes in prop::collection::vec(wish(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(wishes));
    }
}

#[tokio::test]
async fn what_no_table_takes_is_refused_and_leaves_nothing() {
    let tables = tables();
    let at = |pk: &str| Address { table: TABLE.to_owned(), pk: pk.to_owned(), sk: "s".to_owned() };
    let put = |address: Address, more: &[(&str, &str)]| {
        let mut item = address.attributes();
        let text = |(name, text): &(&str, &str)| {
            ((*name).to_owned(), AttributeValue::S((*text).to_owned()))
        };
        item.extend(more.iter().map(text));
        Write { address, item: Some(item), condition: Condition::Anything }
    };
    let large = "x".repeat(400 * 1024);
    for refused in [
        put(at(""), &[]),
        put(at("b"), &[("lpk", "")]),
        put(at("b"), &[("large", &large)]),
        put(Address { table: "nothing".to_owned(), ..at("b") }, &[]),
    ] {
        let wish = Wish::Write(vec![put(at("a"), &[]), refused]);
        assert_eq!(near(&tables, &wish).await, Said::Refused);
    }
    assert_eq!(near(&tables, &Wish::Get(at("a"))).await, Said::Items(Vec::new(), None));
    assert_eq!(told(&tables).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_has_expired_goes_and_the_stream_tells_by_whom() {
    let tables = tables();
    for (pk, ttl) in [("gone", "1000"), ("kept", "4000000000")] {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": "s" }, "ttl": { "N": ttl } });
        let body = json!({ "TableName": TABLE, "Item": item });
        assert_eq!(tables.answer(ME, "PutItem", &body).await.status, 200);
    }
    assert_eq!(tables.sweep().unwrap(), 1);
    assert_eq!(tables.sweep().unwrap(), 0);
    let items = tables.items(TABLE).unwrap().unwrap();
    assert_eq!(items.len(), 1);
    let records = told(&tables).await;
    let names: Vec<_> = records.iter().map(|it| it["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT", "INSERT", "REMOVE"]);
    assert_eq!(records[2]["userIdentity"]["principalId"], "dynamodb.amazonaws.com");
    assert_eq!(records[2]["dynamodb"]["OldImage"]["pk"]["S"], "gone");
}
