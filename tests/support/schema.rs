//! Whether an answer has the shape that is published for it: every declared member is there, none other is,
//! and each is of its type, in its form and of its pattern.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use serde_json::{Map, Value};
use switchboard_domain::timestamp::Timestamp;

/// Flags that are described as text.
const FLAGS_AS_TEXT: [&str; 3] = ["Available", "IgnoreCapacity", "ReEvaluateTasks"];

/// A JSON file of the reference folder; none, with a word about it, where the folder is absent.
///
/// # Panics
/// If the file cannot be read, or if it is absent on a build server.
pub fn reference(file: &str) -> Option<Value> {
    let text = reference_text(file)?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}")))
}

/// The same of any file.
///
/// # Panics
/// As [`reference`].
pub fn reference_text(file: &str) -> Option<String> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let given = std::env::var_os("SWITCHBOARD_REFERENCE").map(PathBuf::from);
    let folder = workspace.join(given.unwrap_or_else(|| PathBuf::from("../shared")));
    if !folder.is_dir() {
        absent();
        return None;
    }
    let path = folder.join("reference").join(file);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}")))
}

/// One published description of a product.
#[derive(Debug)]
pub struct Schema {
    file: String,
    root: Value,
}

impl Schema {
    /// Opens a file of the reference folder; none, with a word about it, where the folder is absent.
    ///
    /// # Panics
    /// If the file cannot be read, or if it is absent on a build server.
    pub fn open(file: &str) -> Option<Self> {
        let root = reference(&format!("openapi/{file}"))?;
        Some(Self::new(file, root))
    }

    /// A description as the reference folder would hold it: the name of its file, and its `OpenAPI` document.
    pub fn new(file: &str, root: Value) -> Self {
        Self { file: file.to_owned(), root }
    }

    /// Checks the answer of an operation; `path` is written as the description has it.
    ///
    /// # Panics
    /// If the operation does not answer so, or the body has another shape.
    #[track_caller]
    pub fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let problems = self.problems(method, path, status, body);
        assert!(problems.is_empty(), "{method} {path}: {problems:#?}\n{body:#}");
    }

    /// What of an answer does not fit, each with its place below `path`.
    ///
    /// # Panics
    /// If the operation does not answer so.
    #[track_caller]
    pub fn problems(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let schema = &self.answer(method, path, status)["schema"];
        assert!(schema.is_object(), "{method} {path} has no schema for {status}");
        let mut problems = Problems::default();
        self.compare(schema, body, path, &mut problems);
        problems.0
    }

    /// The names of the links in the published example of an answer, in order.
    ///
    /// # Panics
    /// If there is no example.
    pub fn links(&self, method: &str, path: &str, status: u16) -> Vec<String> {
        let examples = self.answer(method, path, status)["examples"].as_object();
        let first = examples.and_then(|examples| examples.values().next());
        let first = first.unwrap_or_else(|| panic!("{method} {path} has no example"));
        let links = first["value"]["links"].as_object();
        let mut names: Vec<String> =
            links.map(|links| links.keys().cloned().collect()).unwrap_or_default();
        names.sort();
        names
    }

    /// All operations, each with the status of its success.
    pub fn operations(&self) -> Vec<(String, String, u16)> {
        let mut all = Vec::new();
        for (path, methods) in self.root["paths"].as_object().into_iter().flatten() {
            for method in ["get", "post", "delete"] {
                let answers = methods[method]["responses"].as_object();
                let status = answers.and_then(|answers| answers.keys().next()?.parse().ok());
                all.extend(status.map(|status| (method.to_owned(), path.clone(), status)));
            }
        }
        all
    }

    /// With which statuses an operation succeeds.
    pub fn statuses(&self, method: &str, path: &str) -> Vec<u16> {
        let answers = self.root["paths"][path][method]["responses"].as_object();
        answers.into_iter().flatten().filter_map(|(status, _)| status.parse().ok()).collect()
    }

    /// The paths that list page by page.
    pub fn lists(&self) -> Vec<String> {
        let paths = self.root["paths"].as_object().into_iter().flatten();
        let is_paged = |operation: &Value| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.into_iter().any(|parameter| parameter["name"] == "PageToken")
        };
        paths.filter(|(_, at)| is_paged(&at["get"])).map(|(path, _)| path.clone()).collect()
    }

    /// The names of the parameters that the form of an operation is described with.
    pub fn form(&self, method: &str, path: &str) -> BTreeSet<String> {
        let body = &self.root["paths"][path][method]["requestBody"]["content"];
        let form = &body["application/x-www-form-urlencoded"]["schema"]["properties"];
        form.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// The flags of all operations: method, path and name, out of query and form.
    pub fn flags(&self) -> Vec<(String, String, String)> {
        let mut all = Vec::new();
        for (method, path, _) in self.operations() {
            let operation = &self.root["paths"][&path][&method];
            let in_query = operation["parameters"].as_array().into_iter().flatten();
            let is_flag = |name: &str, schema: &Value| {
                schema["type"] == "boolean" || FLAGS_AS_TEXT.contains(&name)
            };
            let in_query = in_query.filter_map(|one| {
                one["name"].as_str().filter(|name| is_flag(name, &one["schema"]))
            });
            let form = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"];
            let in_form = form["schema"]["properties"].as_object().into_iter().flatten();
            let in_form = in_form.filter(|(name, schema)| is_flag(name, schema));
            let names = in_query.chain(in_form.map(|(name, _)| name.as_str()));
            all.extend(names.map(|name| (method.clone(), path.clone(), name.to_owned())));
        }
        all
    }

    /// The forms that are published as examples of a request.
    pub fn requests(&self, method: &str, path: &str) -> Vec<Map<String, Value>> {
        let body = &self.root["paths"][path][method]["requestBody"];
        let examples = body["content"]["application/x-www-form-urlencoded"]["examples"].as_object();
        let forms = examples.into_iter().flat_map(|examples| examples.values());
        forms.filter_map(|example| example["value"].as_object().cloned()).collect()
    }

    /// Checks that an answer has every member that a published example has, each of the same type.
    ///
    /// # Panics
    /// If it has not.
    #[track_caller]
    pub fn check_examples(&self, method: &str, path: &str, status: u16, body: &Value) {
        let examples = self.answer(method, path, status)["examples"].as_object();
        for example in examples.into_iter().flat_map(|examples| examples.values()) {
            let mut problems = Problems::default();
            alike(&example["value"], body, path, &mut problems);
            assert!(problems.0.is_empty(), "{method} {path}: {:#?}\n{body:#}", problems.0);
        }
    }

    fn answer(&self, method: &str, path: &str, status: u16) -> &Value {
        let answer = &self.root["paths"][path][method]["responses"][status.to_string()];
        &answer["content"]["application/json"]
    }

    fn compare(&self, schema: &Value, value: &Value, at: &str, problems: &mut Problems) {
        if let Some(reference) = schema["$ref"].as_str() {
            let Some(target) = self.root.pointer(reference.trim_start_matches('#')) else {
                return problems.add(at, &format!("is of {reference}, which is nowhere"));
            };
            return self.compare(target, value, at, problems);
        }
        if value.is_null() {
            if schema["nullable"] != true && !may_be_null(at) {
                problems.add(at, "is null");
            }
            return;
        }
        if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
            problems.add(at, &format!("is {value}, which is none of {}", schema["enum"]));
        }
        let is_right = match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(members)) => {
                self.members(schema, members, at, problems);
                true
            }
            (Some("array"), Value::Array(items)) => {
                for (place, item) in items.iter().enumerate() {
                    self.item(&schema["items"], item, &format!("{at}[{place}]"), problems);
                }
                true
            }
            (Some("string"), Value::String(text)) => self.is_written(schema, text),
            (Some("integer"), Value::Number(number)) => number.is_i64() || number.is_u64(),
            (Some("boolean"), Value::Bool(_)) | (None, _) => true,
            _ => false,
        };
        if !is_right {
            problems.add(at, &format!("is {value}, which does not fit {schema}"));
        }
    }

    /// Items without a schema are anything.
    fn item(&self, schema: &Value, item: &Value, at: &str, problems: &mut Problems) {
        if schema.as_object().is_some_and(|schema| !schema.is_empty()) {
            self.compare(schema, item, at, problems);
        }
    }

    fn members(
        &self,
        schema: &Value,
        members: &Map<String, Value>,
        at: &str,
        problems: &mut Problems,
    ) {
        if schema["format"] == "uri-map" {
            for (name, link) in members {
                if !link.is_null() && !link.as_str().is_some_and(|link| self.is_uri(link)) {
                    problems.add(&format!("{at}/{name}"), &format!("is {link}, which is no link"));
                }
            }
        }
        let Some(declared) = schema["properties"].as_object() else { return };
        for name in members.keys().filter(|name| !declared.contains_key(*name)) {
            problems.add(&format!("{at}/{name}"), "is not declared");
        }
        for (name, schema) in declared {
            let at = format!("{at}/{name}");
            match members.get(name) {
                Some(member) => self.compare(schema, member, &at, problems),
                None => problems.add(&at, "is missing"),
            }
        }
    }

    fn is_written(&self, schema: &Value, text: &str) -> bool {
        let has_pattern = schema["pattern"].as_str().is_none_or(|pattern| matches(pattern, text));
        let has_form = match schema["format"].as_str() {
            Some("date-time") => Timestamp::parse_iso(text).is_some_and(|time| time.iso() == text),
            Some("date-time-rfc-2822") => has_shape(text, "Aaa, 00 Aaa 0000 00:00:00 +0000"),
            Some("uri") => self.is_uri(text),
            _ => true,
        };
        has_pattern && has_form
    }

    /// The oldest product answers with paths.
    fn is_uri(&self, text: &str) -> bool {
        let is_path = self.file.starts_with("twilio_api_v2010") && text.starts_with("/2010-04-01/");
        is_path || text.starts_with("https://")
    }
}

/// Of lists the first items are compared; what is absent on one side, says nothing of its type.
fn alike(example: &Value, value: &Value, at: &str, problems: &mut Problems) {
    match (example, value) {
        (Value::Object(members), Value::Object(mine)) => {
            // What an event tells depends on its type, and an example has one.
            for (name, member) in members.iter().filter(|(name, _)| *name != "event_data") {
                let at = format!("{at}/{name}");
                match mine.get(name) {
                    Some(mine) => alike(member, mine, &at, problems),
                    None => problems.add(&at, "is missing"),
                }
            }
        }
        (Value::Array(items), Value::Array(mine)) => {
            if let Some((item, mine)) = items.first().zip(mine.first()) {
                alike(item, mine, at, problems);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ if std::mem::discriminant(example) == std::mem::discriminant(value) => {}
        _ => problems.add(at, &format!("is {value}, where {example} is published")),
    }
}

/// What does not fit, by its place.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, at: &str, what: &str) {
        self.0.push(format!("{at} {what}"));
    }
}

/// A receipt has no status while its message is still with us; the description cannot say so.
fn may_be_null(at: &str) -> bool {
    at.contains("/Receipts") && at.ends_with("/status")
}

/// All patterns are prefixes of two letters and 32 hexadecimal digits: `^(SM|MM)[0-9a-fA-F]{32}$`.
fn matches(pattern: &str, text: &str) -> bool {
    let prefixes = pattern.trim_start_matches('^').trim_end_matches("[0-9a-fA-F]{32}$");
    let Some((prefix, digits)) = text.split_at_checked(2) else { return false };
    let is_known = match prefixes {
        "[a-zA-Z]{2}" => prefix.bytes().all(|letter| letter.is_ascii_alphabetic()),
        _ => prefixes.trim_matches(['(', ')']).split('|').any(|known| known == prefix),
    };
    is_known && digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Whether a text is written like the example: digits for digits, letters for letters, the rest as it is.
fn has_shape(text: &str, example: &str) -> bool {
    let alike = |(one, other): (u8, u8)| match other {
        b'0' => one.is_ascii_digit(),
        b'A' => one.is_ascii_uppercase(),
        b'a' => one.is_ascii_lowercase(),
        other => one == other,
    };
    text.len() == example.len() && text.bytes().zip(example.bytes()).all(alike)
}

/// Said once, and past the test harness, which would keep it back: what is not tested has to be seen.
fn absent() {
    static SAID: Once = Once::new();
    let is_build_server = std::env::var("CI").as_deref() == Ok("true");
    assert!(!is_build_server, "SWITCHBOARD_REFERENCE (default ../shared) names no folder");
    SAID.call_once(|| {
        let line = b"SWITCHBOARD_REFERENCE (default ../shared) names no folder: \
            answers are not held against what is published\n";
        std::io::stderr().write_all(line).expect("standard error is open");
    });
}
