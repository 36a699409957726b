//! What is to come of an event: exactly this. What an expectation does not name must not happen.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde_json::Value;

use super::Outcome;

/// The content of `<name>.expect.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Expectation {
    /// The HTTP status.
    status: Option<u16>,
    /// The published code in the body of an error.
    code: Option<u64>,
    /// How many messages or records are to be tried again.
    #[serde(default)]
    batch_item_failures: usize,
    /// The function ends with an error.
    #[serde(default)]
    fails: bool,
    /// The kinds of the items that are written.
    #[serde(default)]
    writes: Vec<String>,
    /// The kinds of the items that are deleted.
    #[serde(default)]
    deletes: Vec<String>,
    /// How many messages are sent, by queue.
    #[serde(default)]
    sends: BTreeMap<String, usize>,
    /// How many messages the carrier takes.
    #[serde(default)]
    carried: usize,
    /// How many webhooks are called.
    #[serde(default)]
    calls: usize,
}

impl Expectation {
    /// Expects nothing of this kind any more, nor that it is not written.
    pub(super) fn forget_writes_of(&mut self, kind: &str) {
        self.writes.retain(|one| one != kind);
    }

    /// Says every difference.
    pub(super) fn compare(mut self, outcome: &Outcome) -> Result<(), String> {
        self.writes.sort_unstable();
        self.deletes.sort_unstable();
        let none = Value::Null;
        let answer = outcome.answer.as_ref().unwrap_or(&none);
        let failures = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
        let mut differences = Vec::new();
        let mut same = |what: &str, expected: &dyn Debug, found: &dyn Debug| {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            if expected != found {
                differences.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        if outcome.answer.is_err() != self.fails {
            let ended = outcome.answer.as_ref().map(drop).map_err(ToString::to_string);
            same("fails", &self.fails, &ended);
        }
        same("status", &self.status.map(u64::from), &answer["statusCode"].as_u64());
        same("code", &self.code, &code(answer));
        same("batchItemFailures", &self.batch_item_failures, &failures);
        same("writes", &self.writes, &outcome.kinds(false));
        same("deletes", &self.deletes, &outcome.kinds(true));
        same("sends", &self.sends, &outcome.sends);
        same("carried", &self.carried, &outcome.carried);
        same("calls", &self.calls, &outcome.calls);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(differences.join("; ")),
        }
    }
}

/// The code of an error, if the answer has a body with one.
fn code(answer: &Value) -> Option<u64> {
    let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
    body["code"].as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(answer: Value) -> Outcome {
        Outcome {
            function: "timer".to_owned(),
            answer: Ok(answer),
            changes: Vec::new(),
            sends: BTreeMap::from([("routing".to_owned(), 1)]),
            carried: 0,
            calls: 0,
            permissions: BTreeMap::new(),
        }
    }

    fn differences(expected: Value, answer: Value) -> String {
        let expected: Expectation = serde_json::from_value(expected).unwrap();
        expected.compare(&outcome(answer)).err().unwrap_or_default()
    }

    #[test]
    fn unexpected_changes_fail_the_expectation() {
        let done = json!({ "batchItemFailures": [] });
        assert_eq!(differences(json!({ "sends": { "routing": 1 } }), done.clone()), "");
        let unexpected = differences(json!({}), done);
        assert_eq!(unexpected, "sends: expected {}, found {\"routing\": 1}");
    }

    #[test]
    fn an_error_is_told_by_its_status_and_its_code() {
        let answer = json!({ "statusCode": 404, "body": r#"{"code":20404}"# });
        let sends = json!({ "routing": 1 });
        let right = json!({ "status": 404, "code": 20404, "sends": sends });
        assert_eq!(differences(right, answer.clone()), "");
        let wrong = json!({ "status": 400, "code": 20404, "sends": sends });
        assert_eq!(differences(wrong, answer), "status: expected Some(400), found Some(404)");
    }
}
