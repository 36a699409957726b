//! What in expressions is allowed, and hardly meant: names that mean nothing where they stand.
//!
//! The product documents that a filter is asked of a task's attributes and a queue of a worker's, without a prefix, and
//! takes any other name for null. Published set-up guides write `task.` and `worker.` there all the same. Ours reads
//! `task.x` in a filter and `worker.x` in a queue as `x` (see `routing/expression.rs`), and warns, since no other
//! exchange does; the other two can never match.

use std::collections::BTreeSet;

use super::expression::{Expression, Path, Step, channel_name};
use super::workflow::{Configuration, Target};

/// At most this many are told.
pub const WARNINGS_MAX: usize = 100;

/// Something that is allowed and hardly meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where it stands, such as `task_routing.filters[2].expression`.
    pub place: String,
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub message: String,
}

/// What of a workflow is hardly meant; `channels` are the unique names of the workspace's task channels.
pub fn of_workflow(configuration: &Configuration, channels: &BTreeSet<String>) -> Vec<Warning> {
    let mut all = Vec::new();
    for (number, filter) in configuration.filters().iter().enumerate() {
        let place = format!("task_routing.filters[{number}]");
        of_filter(&filter.expression, &format!("{place}.expression"), &mut all);
        for (number, target) in filter.targets.iter().enumerate() {
            of_target(target, &format!("{place}.targets[{number}]"), channels, &mut all);
        }
    }
    if let Some(target) = configuration.default_filter() {
        of_target(target, "task_routing.default_filter", channels, &mut all);
    }
    all.truncate(WARNINGS_MAX);
    all
}

/// What of a queue's expression is hardly meant.
pub fn of_queue(expression: &Expression) -> Vec<Warning> {
    let mut all = Vec::new();
    for path in expression.names() {
        let message = match owner(path) {
            Some("worker") => {
                "a queue is asked of a worker's attributes: elsewhere this is null, here the name without `worker.` is read"
            }
            Some("task") => {
                "a queue knows no task: this is null unless a worker has an attribute `task`, so it can never match"
            }
            Some(_) | None => continue,
        };
        all.push(warning("target_workers", path, message.to_owned()));
    }
    all.truncate(WARNINGS_MAX);
    all
}

fn of_filter(expression: &Expression, place: &str, all: &mut Vec<Warning>) {
    for path in expression.names() {
        let message = match owner(path) {
            Some("task") => {
                "a filter is asked of a task's attributes: elsewhere this is null, here the name without `task.` is read"
            }
            Some("worker") => {
                "a filter knows no worker: this is null unless the task has an attribute `worker`, so it can never match"
            }
            Some(_) | None => continue,
        };
        all.push(warning(place, path, message.to_owned()));
    }
}

fn of_target(target: &Target, place: &str, channels: &BTreeSet<String>, all: &mut Vec<Warning>) {
    let Some(expression) = &target.expression else { return };
    for path in expression.names() {
        let Some(named) = channel_name(path) else { continue };
        let message = match named {
            Some((channel, _)) if !channels.contains(channel) => {
                format!("the workspace has no task channel `{channel}`: this is null")
            }
            Some((_, true)) => continue,
            Some((_, false)) | None => "this is no field of a worker's channel, which has assigned_tasks, \
                available_capacity_percentage, configured_capacity and available; an attribute `channel` is not read"
                .to_owned(),
        };
        all.push(warning(&format!("{place}.expression"), path, message));
    }
}

fn warning(place: &str, path: &Path, message: String) -> Warning {
    Warning { place: place.to_owned(), name: path.to_string(), message }
}

/// Whose a name claims to be.
fn owner(path: &Path) -> Option<&str> {
    match path.steps() {
        [Step::Name(root), _, ..] => Some(root),
        [Step::Name(_) | Step::Index(_)] | [Step::Index(_), _, ..] | [] => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::workflow::Workflow;
    use super::*;
    use crate::sid::{Sid as _, TaskQueueSid};

    fn told(filter: &str, target: &str) -> Vec<(String, String)> {
        let queue = TaskQueueSid::derived(&["q"]);
        let targets = json!([{ "queue": queue }, { "expression": target }]);
        let routing = json!({
            "filters": [{ "expression": filter, "targets": targets }],
            "default_filter": { "queue": queue },
        });
        let text = json!({ "task_routing": routing }).to_string();
        let channels = BTreeSet::from(["voice".to_owned()]);
        let all = of_workflow(&Workflow::parse(&text).unwrap(), &channels);
        all.into_iter().map(|one| (one.place, one.name)).collect()
    }

    #[test]
    fn a_filter_that_names_an_owner_is_warned_of() {
        let place = "task_routing.filters[0].expression".to_owned();
        for name in ["task.x", "worker.skills[0]"] {
            let told = told(&format!("{name} == 1 AND y == 'task.z'"), "1==1");
            assert_eq!(told, [(place.clone(), name.to_owned())]);
        }
        assert_eq!(
            told("task == 1 AND worker IN ['a'] AND tasks.x == 2", "task.x == worker.y"),
            []
        );
    }

    #[test]
    fn a_target_that_names_no_channel_or_no_field_is_warned_of() {
        let place = "task_routing.filters[0].targets[1].expression".to_owned();
        for name in [
            "worker.channel.fax.assigned_tasks",
            "worker.channel.voice.assigned",
            "worker.channel.voice",
            "worker.channel.voice.available.x",
            "worker.channel[0]",
        ] {
            assert_eq!(told("1==1", &format!("{name} == 1")), [(place.clone(), name.to_owned())]);
        }
        assert_eq!(
            told("1==1", "worker.channel.voice.assigned_tasks == 0 AND worker.channels == 1"),
            []
        );
    }

    #[test]
    fn a_queue_that_names_an_owner_is_warned_of() {
        let told = |text: &str| -> Vec<String> {
            of_queue(&Expression::parse(text).unwrap()).into_iter().map(|one| one.name).collect()
        };
        assert_eq!(told("worker.skills HAS 'x' OR task.y == 1"), ["task.y", "worker.skills"]);
        assert_eq!(told("skills HAS 'worker.x' AND worker == 1"), Vec::<String>::new());
    }

    #[test]
    fn no_more_are_told_than_anybody_reads() {
        let all: Vec<String> = (0..WARNINGS_MAX + 9).map(|n| format!("task.a{n} == 1")).collect();
        assert_eq!(told(&all.join(" AND "), "1==1").len(), WARNINGS_MAX);
    }
}
