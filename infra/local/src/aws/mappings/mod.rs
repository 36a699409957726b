//! Event source mappings and schedules, with Lambda's rules.

pub(crate) mod queue;
mod schedule;
pub(crate) mod stream;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::aws::connector::Services;
use crate::aws::invocation::Functions;
use crate::aws::template::{Source, Template};
use crate::aws::usage::Meter;

pub use schedule::schedule_event;

/// What every mapping works with.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    pub(crate) functions: Arc<Functions>,
    pub(crate) services: Services,
    pub(crate) meter: Arc<Meter>,
    /// The longest that a mapping waits for a fuller batch.
    pub(crate) window_max: Duration,
    /// Becomes true when the deployment stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Starts everything that wakes the functions of a template.
pub(crate) fn start(template: &Template, reach: &Reach) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    for function in template.functions.values() {
        for source in &function.sources {
            let (name, reach) = (function.name.clone(), reach.clone());
            match source.clone() {
                Source::Queue { queue, batching, concurrency_max } => {
                    let mapping = queue::Mapping::new(name, queue, batching, reach);
                    tasks.spawn(mapping.run(concurrency_max));
                }
                Source::Stream { table, batching, filters, bisect, retries_max, on_failure } => {
                    let stream = reach.services.tables.stream(&table).cloned();
                    let stream = stream.ok_or_else(|| anyhow!("table {table} has no stream"))?;
                    let rules =
                        stream::Rules { batching, filters, bisect, retries_max, on_failure };
                    let mapping = stream::Mapping::new(name, table, stream, rules, reach);
                    tasks.spawn(mapping.run());
                }
                Source::Schedule { period } => {
                    tasks.spawn(schedule::run(name, period, reach));
                }
            }
        }
    }
    Ok(tasks)
}

/// Comes back when the deployment stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A deployment that is gone without a word has stopped as well.
    let _ = stopping.wait_for(|stops| *stops).await;
}

/// The identifiers that a function's answer calls failed; `None` if that makes no sense, which fails all.
pub(crate) fn failures(answer: &Value) -> Option<Vec<&str>> {
    let items = match &answer["batchItemFailures"] {
        Value::Null => return Some(Vec::new()),
        items => items.as_array()?,
    };
    let identifier =
        |item: &'_ Value| item["itemIdentifier"].as_str().is_some_and(|it| !it.is_empty());
    if !items.iter().all(identifier) {
        return None;
    }
    Some(items.iter().filter_map(|item| item["itemIdentifier"].as_str()).collect())
}
