//! Every rule by which an answer is held against its published description can fail, and names the place.

use serde_json::{Value, json};
use switchboard_tests::Schema;

const PATH: &str = "/v1/Tasks";

/// A description of one answer, with one member for each rule.
fn published() -> Schema {
    let task = json!({"type": "object", "properties": {
        "sid": {"type": "string", "pattern": "^WT[0-9a-fA-F]{32}$"},
        "age": {"type": "integer", "nullable": true},
        "is_open": {"type": "boolean"},
        "status": {"$ref": "#/components/schemas/status"},
        "date_created": {"type": "string", "format": "date-time", "nullable": true},
        "date_sent": {"type": "string", "format": "date-time-rfc-2822"},
        "url": {"type": "string", "format": "uri"},
        "from": {"type": "string", "format": "phone-number"},
        "links": {"type": "object", "format": "uri-map"},
        "errors": {"type": "array", "items": {}},
        "steps": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "lost": {"$ref": "#/components/schemas/lost", "nullable": true},
    }});
    let status = json!({"type": "string", "enum": ["open", "closed"]});
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/task"}}});
    Schema::new(
        "twilio_example_v1.json",
        json!({
            "paths": {PATH: {"get": {"responses": {"200": {"content": content}}}}},
            "components": {"schemas": {"task": task, "status": status, "lost": {}}},
        }),
    )
}

fn task() -> Value {
    json!({
        "sid": format!("WT{}", "0".repeat(32)), "age": 3, "is_open": true, "status": "open",
        "date_created": "2024-02-29T10:00:00Z", "date_sent": "Thu, 29 Feb 2024 10:00:00 +0000",
        "url": "https://example.com/", "from": "not a number at all", "links": {"self": "https://example.com/"},
        "errors": [1, "two", null], "steps": [{"name": "one"}, {"name": "two"}], "lost": "anything",
    })
}

/// The places of what does not fit in the task with another value at a JSON pointer.
#[track_caller]
fn places(pointer: &str, value: Value) -> Vec<String> {
    let mut body = task();
    *body.pointer_mut(pointer).unwrap() = value;
    let problems = published().problems("get", PATH, 200, &body);
    problems.iter().map(|problem| problem.split(' ').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn fits(pointer: &str, value: Value) {
    assert_eq!(places(pointer, value), Vec::<String>::new(), "{pointer}");
}

/// `place` is written below the path: `/steps[1]/name`.
#[track_caller]
fn fails(pointer: &str, value: Value, place: &str) {
    assert_eq!(places(pointer, value), [format!("{PATH}{place}")], "{pointer}");
}

#[test]
fn an_answer_as_it_is_published_fits() {
    assert_eq!(published().problems("get", PATH, 200, &task()), Vec::<String>::new());
}

#[test]
fn null_is_for_what_may_be_null() {
    fits("/age", Value::Null);
    fits("/date_created", Value::Null);
    fails("/sid", Value::Null, "/sid");
    fails("/status", Value::Null, "/status");
    fails("/steps/1/name", Value::Null, "/steps[1]/name");
}

#[test]
fn every_declared_member_is_there_and_no_other() {
    fails("/steps/1", json!({}), "/steps[1]/name");
    fails("/steps/0", json!({"name": "one", "more": 1}), "/steps[0]/more");
    let mut body = task();
    body.as_object_mut().unwrap().remove("age");
    let problems = published().problems("get", PATH, 200, &body);
    assert_eq!(problems, ["/v1/Tasks/age is missing"], "what may be null is there as well");
}

#[test]
fn a_value_is_of_its_type() {
    fails("/age", json!("3"), "/age");
    fails("/age", json!(3.5), "/age");
    fails("/is_open", json!("true"), "/is_open");
    fails("/url", json!(1), "/url");
    fails("/steps", json!({}), "/steps");
    fails("/steps/0", json!([]), "/steps[0]");
}

#[test]
fn a_text_has_its_form() {
    fails("/date_created", json!("2024-02-30T10:00:00Z"), "/date_created");
    fails("/date_sent", json!("2024-02-29T10:00:00Z"), "/date_sent");
    fails("/url", json!("/2010-04-01/Accounts"), "/url");
    fails("/links/self", json!("nowhere"), "/links/self");
    fits("/from", json!("a form nobody knows is not looked at"));
}

#[test]
fn a_text_is_of_its_pattern_and_of_its_list() {
    fails("/sid", json!(format!("WS{}", "0".repeat(32))), "/sid");
    fails("/sid", json!(format!("WT{}", "0".repeat(31))), "/sid");
    fails("/sid", json!(format!("WT{}", "g".repeat(32))), "/sid");
    fails("/status", json!("ajar"), "/status");
}

#[test]
fn a_reference_leads_somewhere() {
    let answer = json!({"application/json": {"schema": {"$ref": "#/components/schemas/nowhere"}}});
    let root = json!({"paths": {PATH: {"get": {"responses": {"200": {"content": answer}}}}}});
    let problems =
        Schema::new("twilio_example_v1.json", root).problems("get", PATH, 200, &json!({}));
    assert_eq!(problems.len(), 1, "{problems:?}");
}
