//! From JSON to the configuration, keeping the path for errors; keys it does not know are passed over.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Configuration, FILTERS_MAX, Fault, Filter, KnownWorker, PRIORITY_MAX, Rules, SIZE_MAX,
    TARGETS_MAX, TIMEOUT_S_MAX, Target, WorkflowError,
};
use crate::routing::expression::{ByNeed, Expression, OrderBy, Path, QueueCounts, Step};
use crate::sid::TaskQueueSid;
use crate::timestamp::Millis;

type Read<T> = Result<T, WorkflowError>;

pub(super) fn read(text: &str) -> Read<Configuration> {
    if text.len() > SIZE_MAX {
        return Err(WorkflowError::TooLarge { bytes: text.len() });
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| WorkflowError::NotJson { line: error.line(), column: error.column() })?;
    let routing = Node { value: &value, path: String::new() }.required("task_routing")?;
    let filters = routing
        .optional("filters", |filters| filters.each(FILTERS_MAX, |filter, _| read_filter(filter)))?
        .unwrap_or_default();
    let default = routing.optional("default_filter", read_default)?;
    let mut by_need = ByNeed::new();
    for (number, filter) in filters.iter().enumerate() {
        by_need.insert(number, &filter.expression);
    }
    Ok(Configuration(Arc::new(Rules { filters, by_need, default })))
}

fn read_filter(place: &Node<'_>) -> Read<Filter> {
    let name = match place.member("filter_friendly_name")? {
        Some(name) => Some(name),
        None => place.member("friendly_name")?,
    };
    let targets = place.required("targets")?;
    let read = targets.each(TARGETS_MAX, |target, before: Option<&Target>| {
        read_target(target, before.map(|before| before.queue))
    })?;
    if read.is_empty() {
        return Err(targets.fault(Fault::Missing));
    }
    Ok(Filter {
        friendly_name: name.map(|name| name.text().map(ToOwned::to_owned)).transpose()?,
        expression: place.required("expression")?.expression()?,
        targets: read,
    })
}

fn read_default(place: &Node<'_>) -> Read<Target> {
    if let Some(timeout) = place.member("timeout")? {
        return Err(timeout.fault(Fault::Forbidden("the default filter has no timeout")));
    }
    read_target(place, None)
}

fn read_target(place: &Node<'_>, inherited: Option<TaskQueueSid>) -> Read<Target> {
    let queue = match (place.member("queue")?, inherited) {
        (None, Some(inherited)) => inherited,
        (None, None) => return Err(place.inside("queue").fault(Fault::Missing)),
        (Some(queue), _) => {
            queue.text()?.parse().map_err(|error| queue.fault(Fault::Sid(error)))?
        }
    };
    let timeout = place.optional("timeout", |place| place.integer(1, TIMEOUT_S_MAX))?;
    Ok(Target {
        queue,
        priority: place.optional("priority", |place| place.integer(0, PRIORITY_MAX))?,
        timeout: timeout.map(|seconds| Millis::seconds(seconds.into())),
        expression: place.optional("expression", |place| place.target_expression())?,
        order_by: place.optional("order_by", |place| place.order_by())?,
        skip_if: place.optional("skip_if", |place| place.skip_condition())?,
        known_worker: read_known_worker(place)?,
    })
}

fn read_known_worker(place: &Node<'_>) -> Read<Option<KnownWorker>> {
    match (place.member("known_worker_sid")?, place.member("known_worker_friendly_name")?) {
        (None, None) => Ok(None),
        (Some(_), Some(name)) => {
            Err(name.fault(Fault::Forbidden("cannot stand beside known_worker_sid")))
        }
        (Some(by_sid), None) => match task_attribute(by_sid.text()?) {
            Some(path) => Ok(Some(KnownWorker::SidFrom(path))),
            None => match by_sid.text()?.parse() {
                Ok(sid) => Ok(Some(KnownWorker::Sid(sid))),
                Err(_) => Err(by_sid.fault(Fault::UnknownName {
                    name: by_sid.text()?.to_owned(),
                    expected: "a worker's identifier or a name after `task.`",
                })),
            },
        },
        (None, Some(by_name)) => Ok(Some(match task_attribute(by_name.text()?) {
            Some(path) => KnownWorker::FriendlyNameFrom(path),
            None => KnownWorker::FriendlyName(by_name.text()?.to_owned()),
        })),
    }
}

/// The path after `task.`, if the text is one.
fn task_attribute(text: &str) -> Option<Path> {
    text.trim().strip_prefix("task.").and_then(Path::parse)
}

/// A value of the configuration and the way to it.
struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    fn fault(&self, fault: Fault) -> WorkflowError {
        WorkflowError::At { path: self.path.clone(), fault }
    }

    /// The place of a member, whether it is there or not.
    fn inside(&self, key: &str) -> Node<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let value = self.value.get(key).unwrap_or(&Value::Null);
        Node { value, path: format!("{}{dot}{key}", self.path) }
    }

    /// A member; null and the empty string are as good as absent.
    fn member(&self, key: &str) -> Read<Option<Node<'a>>> {
        if !self.value.is_object() {
            let fault = Fault::WrongType("an object");
            return Err(match self.path.as_str() {
                "" => WorkflowError::At { path: "the configuration".to_owned(), fault },
                _ => self.fault(fault),
            });
        }
        let place = self.inside(key);
        let absent = match place.value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
        };
        Ok((!absent).then_some(place))
    }

    fn optional<T>(&self, key: &str, read: impl Fn(&Node<'a>) -> Read<T>) -> Read<Option<T>> {
        self.member(key)?.map(|place| read(&place)).transpose()
    }

    fn required(&self, key: &str) -> Read<Node<'a>> {
        self.member(key)?.ok_or_else(|| self.inside(key).fault(Fault::Missing))
    }

    /// Reads each entry of an array, showing the one read before it.
    fn each<T>(&self, max: usize, read: impl Fn(&Node<'a>, Option<&T>) -> Read<T>) -> Read<Vec<T>> {
        let Value::Array(values) = self.value else {
            return Err(self.fault(Fault::WrongType("an array")));
        };
        if values.len() > max {
            return Err(self.fault(Fault::TooMany { max }));
        }
        let mut entries = Vec::with_capacity(values.len());
        for (number, value) in values.iter().enumerate() {
            let place = Node { value, path: format!("{}[{number}]", self.path) };
            entries.push(read(&place, entries.last())?);
        }
        Ok(entries)
    }

    fn text(&self) -> Read<&'a str> {
        self.value.as_str().ok_or_else(|| self.fault(Fault::WrongType("a string")))
    }

    /// An integer, written as a number or as a string.
    fn integer(&self, min: u32, max: u32) -> Read<u32> {
        let number = match self.value {
            Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| self.fault(Fault::NotInRange { min, max }))
    }

    fn expression(&self) -> Read<Expression> {
        Expression::parse(self.text()?).map_err(|error| self.fault(error.into()))
    }

    /// An expression in which each name says whether it is the task's or the worker's.
    fn target_expression(&self) -> Read<Expression> {
        self.expression_over("a name after `task.` or `worker.`", |path| match path {
            [Step::Name(root), _, ..] => root == "task" || root == "worker",
            _ => false,
        })
    }

    /// An expression over the counts of the queue's workers.
    fn skip_condition(&self) -> Read<Expression> {
        let expected =
            "workers.available, workers.unavailable or workers. and an activity's identifier";
        self.expression_over(expected, QueueCounts::knows)
    }

    fn expression_over(
        &self,
        expected: &'static str,
        known: fn(&[Step]) -> bool,
    ) -> Read<Expression> {
        let expression = self.expression()?;
        if let Some(path) = expression.names().into_iter().find(|path| !known(path.steps())) {
            let name = path.to_string();
            return Err(self.fault(Fault::UnknownName { name, expected }));
        }
        Ok(expression)
    }

    fn order_by(&self) -> Read<OrderBy> {
        OrderBy::parse(self.text()?).map_err(|error| self.fault(error.into()))
    }
}
