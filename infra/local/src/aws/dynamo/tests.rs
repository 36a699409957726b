use super::*;
use crate::aws::template::{Place, Template};

const TEMPLATE: &str = "
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
";

/// Tables of a template that names nothing else, in memory or in a file.
pub(crate) fn opened(template: &str, file: Option<&Path>) -> Tables {
    let empty = String::new;
    let place = Place {
        region: empty(),
        account: empty(),
        stack: empty(),
        queues_endpoint: empty(),
        api_endpoint: empty(),
    };
    let template = Template::read(template, &BTreeMap::new(), &place).unwrap();
    let (template, road, meter) = (&template, Road::Near, Arc::default());
    Tables::open(Opening { file, clock: None, template, stack: "s", road, meter }).unwrap()
}

fn tables(file: Option<&Path>) -> Tables {
    opened(TEMPLATE, file)
}

async fn put(tables: &Tables, pk: &str) {
    let body = json!({ "TableName": "things", "Item": { "pk": { "S": pk } } });
    assert_eq!(tables.answer("test", "PutItem", &body).await.status, 200);
}

#[tokio::test]
async fn a_value_that_no_table_can_hold_is_invalid_and_not_merely_unreadable() {
    let tables = tables(None);
    let number = "1".repeat(39);
    for (value, code) in [
        (json!({ "N": number }), "ValidationException"),
        (json!({ "S": 1 }), "SerializationException"),
    ] {
        let body = json!({ "TableName": "things", "Item": { "pk": { "S": "a" }, "n": value } });
        let answer = tables.answer("test", "PutItem", &body).await;
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 400);
        assert!(said["__type"].as_str().unwrap().ends_with(code), "{said}");
        assert!(!said.to_string().contains("VALIDATION"), "the engine's marks stay inside: {said}");
    }
}

async fn keys(tables: &Tables, after: Option<&str>) -> Vec<String> {
    let records = tables.records("things", after, 100).await.unwrap();
    let key = |it: &Value| it["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned();
    records.iter().map(key).collect()
}

async fn a_stream_forgets_what_is_done_and_keeps_the_rest(tables: &Tables) {
    for pk in ["a", "b", "c"] {
        put(tables, pk).await;
    }
    let records = tables.records("things", None, 2).await.unwrap();
    assert_eq!(records.len(), 2);
    let second = records[1]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    assert_eq!(keys(tables, Some(second)).await, ["c"]);
    assert_eq!(keys(tables, None).await, ["a", "b", "c"]);
    tables.forget("things", Some(second)).unwrap();
    assert_eq!(keys(tables, None).await, ["c"]);
    put(tables, "d").await;
    assert_eq!(keys(tables, None).await, ["c", "d"]);
    tables.forget("things", None).unwrap();
    assert_eq!(keys(tables, None).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_stream_in_memory_forgets_what_is_done() {
    let (one, other) = (tables(None), tables(None));
    put(&other, "elsewhere").await;
    a_stream_forgets_what_is_done_and_keeps_the_rest(&one).await;
    assert_eq!(keys(&other, None).await, ["elsewhere"], "each has a memory of its own");
}

#[tokio::test]
async fn a_stream_in_a_file_forgets_what_is_done() {
    let name = format!("switchboard-tables-{}.db", std::process::id());
    let file = std::env::temp_dir().join(name);
    a_stream_forgets_what_is_done_and_keeps_the_rest(&tables(Some(&file))).await;
    put(&tables(Some(&file)), "e").await;
    assert_eq!(keys(&tables(Some(&file)), None).await, ["e"], "a change outlives the process");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}

#[tokio::test]
async fn impossible_requests_are_errors_as_aws_words_them() {
    let tables = tables(None);
    let missing = json!({ "TableName": "nothing", "Key": { "pk": { "S": "a" } } });
    let answer = tables.answer("test", "GetItem", &missing).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, 400);
    let kind = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
    assert_eq!(body["__type"], kind);
    assert_eq!(tables.answer("test", "Fly", &json!({})).await.status, 400);
}
