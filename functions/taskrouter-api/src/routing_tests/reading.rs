//! Test cases as they are given and shown: a name, and a list of tasks in JSON.
//!
//! ```json
//! [{ "attributes": { "topic": "sales" }, "channel": "chat", "priority": 0, "queue": "WQ…", "worker": "WK…" }]
//! ```
//!
//! A queue or a worker that is null is expected to be none; one that is left out is not looked at.

use std::str::FromStr;

use serde_json::{Map, Value, json};
use switchboard_domain::workspace::{Expected, RoutingTest, TASKS_MAX, TestedTask};
use switchboard_rest::{ApiError, Params};

use crate::fields::{self, invalid};
use crate::task_list::PRIORITY_MAX;

/// The task channel of a task that does not say which (rule D.6).
const CHANNEL: &str = "default";
/// The parameter with the tasks.
const TASKS: &str = "Tasks";
/// What a task can have.
const MEMBERS: [&str; 5] = ["attributes", "channel", "priority", "queue", "worker"];
/// The longest attributes of a task, in characters (rule D.11).
const ATTRIBUTES_CHARS_MAX: usize = 4096;

pub(super) fn test(form: &Params) -> Result<RoutingTest, ApiError> {
    const NAME: &str = "UniqueName";
    let name = fields::required_name(form, NAME)?;
    // It stands in a path, where `Run` is an operation.
    if name == "Run" || !name.chars().all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one))
    {
        return Err(invalid(NAME, "must be of letters, digits, `-`, `_` and `.`, and not be Run"));
    }
    form.required(TASKS)?;
    let Some(Value::Array(tasks)) = form.json(TASKS)? else {
        return Err(invalid(TASKS, "must be a JSON list"));
    };
    if tasks.is_empty() || tasks.len() > TASKS_MAX {
        return Err(invalid(TASKS, &format!("must have 1 to {TASKS_MAX} tasks")));
    }
    let read = |(place, task): (usize, &Value)| {
        self::task(task).map_err(|why| invalid(TASKS, &format!("[{place}] {why}")))
    };
    let tasks = tasks.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(RoutingTest { name, tasks })
}

fn task(value: &Value) -> Result<TestedTask, String> {
    let members = value.as_object().ok_or("must be a JSON object")?;
    if let Some(other) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("has a member `{other}`, which no task has"));
    }
    let empty = json!({});
    let attributes = members.get("attributes").unwrap_or(&empty);
    let attributes =
        Some(attributes).filter(|it| it.is_object()).ok_or("attributes must be an object")?;
    let attributes = attributes.to_string();
    if attributes.chars().count() > ATTRIBUTES_CHARS_MAX {
        return Err(format!("attributes are longer than {ATTRIBUTES_CHARS_MAX} characters"));
    }
    let priority = match members.get("priority") {
        None => Some(0),
        Some(given) => given.as_i64().filter(|number| (0..=PRIORITY_MAX).contains(number)),
    };
    let channel = match members.get("channel") {
        None => Some(CHANNEL),
        Some(given) => given.as_str().filter(|name| !name.is_empty()),
    };
    let (queue, worker) = (expected(members, "queue")?, expected(members, "worker")?);
    if queue.is_none() && worker.is_none() {
        return Err("expects neither a queue nor a worker".to_owned());
    }
    Ok(TestedTask {
        attributes,
        channel: channel.ok_or("channel must be the unique name of a task channel")?.to_owned(),
        priority: priority.ok_or("priority must be a whole number from 0 to 2147483647")?,
        queue,
        worker,
    })
}

fn expected<S: FromStr>(
    members: &Map<String, Value>,
    name: &str,
) -> Result<Option<Expected<S>>, String> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Expected::Nothing)),
        Some(given) => {
            let sid = given.as_str().and_then(|text| text.parse().ok());
            let sid = sid.ok_or_else(|| {
                format!("{name} must be an identifier of the right kind, or null")
            })?;
            Ok(Some(Expected::This(sid)))
        }
    }
}

/// A task as it was given.
pub(super) fn written(task: &TestedTask) -> Value {
    let attributes: Value = serde_json::from_str(&task.attributes).unwrap_or_default();
    let mut all =
        json!({ "attributes": attributes, "channel": task.channel, "priority": task.priority });
    if let Some(queue) = task.queue {
        all["queue"] = shown(queue);
    }
    if let Some(worker) = task.worker {
        all["worker"] = shown(worker);
    }
    all
}

/// What is expected: an identifier, or null.
pub(super) fn shown<S: ToString>(expected: Expected<S>) -> Value {
    match expected {
        Expected::This(sid) => json!(sid.to_string()),
        Expected::Nothing => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, tasks: &str) -> Result<RoutingTest, ApiError> {
        let pairs = [("UniqueName", name), ("Tasks", tasks)];
        test(&Params::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))))
    }

    #[test]
    fn a_test_case_is_shown_as_it_was_given() {
        let tasks = json!([
            { "attributes": { "a": 1 }, "channel": "chat", "priority": 3, "queue": null },
            { "attributes": {}, "channel": "default", "priority": 0, "worker": "WK00000000000000000000000000000001" },
        ]);
        let read = read("a-b_c.1", &tasks.to_string()).unwrap();
        assert_eq!(read.tasks.iter().map(written).collect::<Value>(), tasks);
    }

    #[test]
    fn what_is_no_test_case_is_refused() {
        let queue = r#""queue": null"#;
        for (name, tasks) in [
            ("Run", "[{\"queue\": null}]".to_owned()),
            ("a b", "[{\"queue\": null}]".to_owned()),
            ("", "[{\"queue\": null}]".to_owned()),
            ("a", String::new()),
            ("a", "{}".to_owned()),
            ("a", "[]".to_owned()),
            ("a", "[1]".to_owned()),
            ("a", "[{}]".to_owned()),
            ("a", format!("[{{{queue}, \"colour\": 1}}]")),
            ("a", format!("[{{{queue}, \"attributes\": \"x\"}}]")),
            ("a", format!("[{{{queue}, \"priority\": -1}}]")),
            ("a", format!("[{{{queue}, \"channel\": \"\"}}]")),
            ("a", "[{\"queue\": \"WK00000000000000000000000000000001\"}]".to_owned()),
            ("a", format!("[{}]", vec!["{\"queue\": null}"; TASKS_MAX + 1].join(","))),
        ] {
            let refused = read(name, &tasks).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, 20001), "{name} {tasks}");
        }
    }
}
