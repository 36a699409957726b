//! Answers held against the published schemas: every declared property is there, none besides, each of its type.

use std::path::PathBuf;

use serde_json::Value;

/// One published file.
pub(crate) struct Reference {
    root: Value,
}

impl Reference {
    /// Opens a file of the reference folder; none, with a word about it, where the folder is absent.
    pub(crate) fn open(file: &str) -> Option<Self> {
        let folder = std::env::var_os("SWITCHBOARD_REFERENCE").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        );
        let path = folder.join("reference/openapi").join(file);
        match std::fs::read(&path) {
            Ok(bytes) => Some(Self { root: serde_json::from_slice(&bytes).unwrap() }),
            Err(_) => {
                let in_ci = std::env::var("CI").as_deref() == Ok("true");
                assert!(!in_ci, "the reference folder is absent");
                absent(file);
                None
            }
        }
    }

    /// Checks an answer of an operation.
    pub(crate) fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let answer = &self.root["paths"][path][method]["responses"][status.to_string()];
        let schema = &answer["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} has no schema for {status}");
        self.value(schema, body, &format!("{method} {path}"));
    }

    fn value(&self, schema: &Value, value: &Value, at: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#')).unwrap();
            return self.value(target, value, at);
        }
        if value.is_null() {
            assert_eq!(schema["nullable"], true, "{at} is null");
            return;
        }
        if let Some(values) = schema["enum"].as_array() {
            assert!(values.contains(value), "{at} is {value}");
        }
        match schema["type"].as_str() {
            Some("object") | None => self.object(schema, value, at),
            Some("array") => {
                let values = value.as_array().unwrap_or_else(|| panic!("{at} is {value}"));
                for (place, value) in values.iter().enumerate() {
                    self.value(&schema["items"], value, &format!("{at}[{place}]"));
                }
            }
            Some("string") => text(schema, value, at),
            Some("boolean") => assert!(value.is_boolean(), "{at} is {value}"),
            Some("integer") => assert!(value.is_i64() || value.is_u64(), "{at} is {value}"),
            Some(other) => panic!("{at} is of type {other}, which this check does not know"),
        }
    }

    fn object(&self, schema: &Value, value: &Value, at: &str) {
        let members = value.as_object().unwrap_or_else(|| panic!("{at} is {value}"));
        let Some(declared) = schema["properties"].as_object() else {
            return;
        };
        for name in members.keys() {
            assert!(declared.contains_key(name), "{at}.{name} is not declared");
        }
        for (name, schema) in declared {
            let member = members.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing"));
            self.value(schema, member, &format!("{at}.{name}"));
        }
    }
}

fn text(schema: &Value, value: &Value, at: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("{at} is {value}"));
    if let Some(pattern) = schema["pattern"].as_str() {
        // All patterns are prefixes and 32 digits: `^(SM|MM)[0-9a-fA-F]{32}$`.
        let prefixes = pattern.trim_start_matches('^').split('[').next().unwrap();
        let known =
            prefixes.trim_matches(['(', ')']).split('|').any(|prefix| text.starts_with(prefix));
        let digits = text.get(2..).unwrap_or_default();
        let hexadecimal = digits.len() == 32 && digits.bytes().all(|it| it.is_ascii_hexdigit());
        assert!(known && hexadecimal, "{at} is {text}");
    }
    match schema["format"].as_str() {
        Some("date-time") => {
            let shape = text.len() == 20 && text.ends_with('Z') && &text[10..11] == "T";
            assert!(shape, "{at} is {text}");
        }
        Some("date-time-rfc-2822") => {
            assert!(text.len() == 31 && text.ends_with(" +0000"), "{at} is {text}");
        }
        Some("uri") => assert!(text.contains("://") || text.starts_with('/'), "{at} is {text}"),
        _ => {}
    }
}

#[expect(clippy::print_stderr, reason = "a test that looked at nothing says so")]
fn absent(file: &str) {
    eprintln!("the reference folder is absent: answers are not held against {file}");
}
