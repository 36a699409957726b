//! What became of tested tasks, in JSON and in a sentence.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_domain::routing::router::test_cases::Outcome;
use switchboard_domain::workspace::Expected;

use super::reading;

/// At most this many differences stand in the refusal of an update.
const TOLD_MAX: usize = 10;

/// How workers and queues are called.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn read(records: &[Record]) -> Self {
        let name = |record: &Record| match record {
            Record::Worker(it) => Some((it.sid.to_string(), it.friendly_name.clone())),
            Record::TaskQueue(it) => Some((it.sid.to_string(), it.friendly_name.clone())),
            _ => None,
        };
        Self(records.iter().filter_map(name).collect())
    }

    /// The name and the identifier of one, or that it is none.
    fn of<S: ToString>(&self, sid: Option<S>) -> String {
        let Some(sid) = sid.map(|sid| sid.to_string()) else { return "none".to_owned() };
        match self.0.get(&sid) {
            Some(name) => format!("{name} ({sid})"),
            None => sid,
        }
    }
}

pub(super) fn render(one: &Outcome<'_>, names: &Names) -> Value {
    let name = |sid: String| names.0.get(&sid).cloned();
    let worker = one.workers.first();
    let mut expected = json!({});
    if let Some(queue) = one.task.queue {
        expected["task_queue_sid"] = reading::shown(queue);
    }
    if let Some(worker) = one.task.worker {
        expected["worker_sid"] = reading::shown(worker);
    }
    json!({
        "unique_name": one.test,
        "task": one.number,
        "passed": one.is_right(),
        "expected": expected,
        "found": {
            "task_queue_sid": one.queue,
            "task_queue_name": one.queue.and_then(|sid| name(sid.to_string())),
            "worker_sid": worker,
            "worker_name": worker.and_then(|sid| name(sid.to_string())),
        },
        "difference": (!one.is_right()).then(|| difference(one, names)),
    })
}

/// What differs, in a sentence.
fn difference(one: &Outcome<'_>, names: &Names) -> String {
    if !one.has_channel {
        return format!("there is no task channel {}", one.task.channel);
    }
    let mut all = Vec::new();
    if let Some(expected) = one.task.queue.filter(|_| !one.queue_is_right()) {
        let (expected, found) = (names.of(sid_of(expected)), names.of(one.queue));
        all.push(format!("expected queue {expected}, found {found}"));
    }
    if let Some(expected) = one.task.worker.filter(|_| !one.worker_is_right()) {
        let (expected, found) = (names.of(sid_of(expected)), names.of(one.workers.first()));
        all.push(format!("expected worker {expected}, found {found}"));
    }
    all.join(", ")
}

fn sid_of<S>(expected: Expected<S>) -> Option<S> {
    match expected {
        Expected::This(sid) => Some(sid),
        Expected::Nothing => None,
    }
}

/// Why an update is refused.
pub(super) fn refusal(differing: &[&Outcome<'_>], names: &Names) -> String {
    let told: Vec<String> = differing
        .iter()
        .take(TOLD_MAX)
        .map(|one| format!("{} task {}: {}", one.test, one.number, difference(one, names)))
        .collect();
    let rest = differing.len() - told.len();
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    format!("The workflow does not pass its routing tests: {}{more}", told.join("; "))
}
