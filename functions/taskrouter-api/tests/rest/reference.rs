//! The published schemas, where they are present, and whether an answer is as they say.

use std::path::PathBuf;

use serde_json::Value;
use switchboard_domain::timestamp::Timestamp;

/// The published description of this product; nothing when the reference is absent, which a build server
/// must not be.
pub(crate) fn published() -> Option<Value> {
    let root = std::env::var_os("SWITCHBOARD_REFERENCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if !root.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the reference is absent");
        println!("the reference is absent: answers are not compared with the published schemas");
        return None;
    }
    let path = root.join("reference/openapi/twilio_taskrouter_v1.json");
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// Whether an answer has exactly the members of a schema, and each is of its type.
#[track_caller]
pub(crate) fn conforms(published: &Value, schema: &str, answer: &Value) {
    let schemas = &published["components"]["schemas"];
    let properties = schemas[schema]["properties"].as_object().unwrap();
    let members = answer.as_object().unwrap();
    let names = |map: &serde_json::Map<String, Value>| {
        map.keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(members), names(properties), "{schema}");
    for (name, property) in properties {
        let value = &members[name];
        if let Some(reference) = property["$ref"].as_str() {
            let closed = &schemas[reference.rsplit('/').next().unwrap()]["enum"];
            assert!(closed.as_array().unwrap().contains(value), "{schema}.{name} is {value}");
            continue;
        }
        if value.is_null() {
            assert_eq!(property["nullable"], true, "{schema}.{name} is null");
            continue;
        }
        let right = match property["type"].as_str().unwrap() {
            "string" => value.as_str().is_some_and(|text| is_written(property, text)),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "object" => value.as_object().unwrap().values().all(|link| {
                link.is_null() || link.as_str().is_some_and(|link| link.starts_with("https://"))
            }),
            other => panic!("{other}"),
        };
        assert!(right, "{schema}.{name} is {value}");
    }
}

fn is_written(property: &Value, text: &str) -> bool {
    if let Some(pattern) = property["pattern"].as_str() {
        // All published patterns are a prefix and 32 digits.
        let prefix = &pattern[1..3];
        let digits = text.strip_prefix(prefix).unwrap_or_default();
        return digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    }
    match property["format"].as_str() {
        Some("date-time") => Timestamp::parse_iso(text).is_some_and(|time| time.iso() == text),
        Some("uri") => text.starts_with("https://"),
        _ => true,
    }
}

/// The names of the links in the published example of an answer.
pub(crate) fn links(published: &Value, path: &str, method: &str, status: &str) -> Vec<String> {
    let examples = &published["paths"][path][method]["responses"][status]["content"]["application/json"]
        ["examples"];
    let first = examples.as_object().unwrap().values().next().unwrap();
    let links = first["value"]["links"].as_object();
    links.map(|links| links.keys().cloned().collect()).unwrap_or_default()
}
