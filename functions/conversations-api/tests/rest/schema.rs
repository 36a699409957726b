//! Whether an answer has the shape that the published schema declares. Structural: every declared member is
//! there, none other is, and each is of its type, form and pattern.

use std::path::PathBuf;

use serde_json::Value;

/// The published schemas; none on a machine that does not have them.
pub(crate) struct Published(Value);

impl Published {
    pub(crate) fn load() -> Option<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let given = std::env::var_os("SWITCHBOARD_REFERENCE").map(PathBuf::from);
        let reference = given.unwrap_or_else(|| PathBuf::from("../shared"));
        let file = "reference/openapi/twilio_conversations_v1.json";
        match std::fs::read_to_string(root.join(reference).join(file)) {
            Ok(text) => Some(Self(serde_json::from_str(&text).unwrap())),
            Err(_) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{file} is missing");
                println!("the reference is not here, so schemas are not checked");
                None
            }
        }
    }

    /// Checks the answer of an operation; `path` is written as the specification has it.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let operation = &self.0["paths"][path][method];
        let answer = &operation["responses"][status.to_string()]["content"]["application/json"];
        assert!(answer.is_object(), "{method} {path} answers no {status}");
        let mut problems = Vec::new();
        self.compare(&answer["schema"], body, path, &mut problems);
        assert!(problems.is_empty(), "{method} {path}: {problems:#?}\n{body:#}");
    }

    fn compare(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.0.pointer(reference.trim_start_matches('#')).unwrap();
            return self.compare(schema, value, at, problems);
        }
        if value.is_null() {
            // A receipt has no status while its message is still with us; the schema can not say so.
            if schema["nullable"] != true
                && !at.ends_with("/status")
                && schema.get("type").is_some()
            {
                problems.push(format!("{at} is null"));
            }
            return;
        }
        let right = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => true,
        };
        if !right {
            problems.push(format!("{at} is {value}"));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            problems.push(format!("{at} is none of {allowed:?}: {value}"));
        }
        if let Some(text) = value.as_str() {
            text_fits(schema, text, at, problems);
        }
        for (place, item) in value.as_array().into_iter().flatten().enumerate() {
            self.compare(&schema["items"], item, &format!("{at}[{place}]"), problems);
        }
        if let (Some(declared), Some(members)) =
            (schema["properties"].as_object(), value.as_object())
        {
            for name in declared.keys().filter(|name| !members.contains_key(*name)) {
                problems.push(format!("{at}/{name} is missing"));
            }
            for (name, member) in members {
                match declared.get(name) {
                    Some(schema) => self.compare(schema, member, &format!("{at}/{name}"), problems),
                    None => problems.push(format!("{at}/{name} is not declared")),
                }
            }
        }
    }
}

fn text_fits(schema: &Value, text: &str, at: &str, problems: &mut Vec<String>) {
    if let Some(pattern) = schema["pattern"].as_str() {
        // All patterns are two letters and 32 hexadecimal digits.
        let (prefix, digits) = text.split_at(text.len().min(2));
        let any = pattern.starts_with("^[a-zA-Z]{2}");
        let fits = (any || pattern.starts_with(&format!("^{prefix}[")))
            && digits.len() == 32
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !fits {
            problems.push(format!("{at} does not match {pattern}: {text}"));
        }
    }
    let fits = match schema["format"].as_str() {
        Some("date-time") => {
            let shape: String =
                text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
        Some("uri") => text.starts_with("https://"),
        _ => true,
    };
    if !fits {
        problems.push(format!("{at} is not in the form {}: {text}", schema["format"]));
    }
}
