//! What many durations amount to, and what this process used of the processors.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

/// The kernel counts the time of a process in these.
const TICKS_PER_SECOND: f64 = 100.0;

/// The share of the durations, in thousandths, that one of them is as long as, in milliseconds.
pub(crate) fn at(sorted: &[Duration], thousandths: usize) -> f64 {
    let place = sorted.len().saturating_sub(1) * thousandths / 1000;
    sorted.get(place).map_or(0.0, |it| it.as_secs_f64() * 1000.0)
}

/// Median, 95th and 99th percentile in milliseconds.
pub(crate) fn percentiles(mut all: Vec<Duration>) -> Value {
    all.sort_unstable();
    json!({ "p50": at(&all, 500), "p95": at(&all, 950), "p99": at(&all, 990) })
}

/// The seconds of processor time that this process has used, in user mode and in the kernel; none where the kernel
/// does not tell.
pub(crate) fn own_seconds() -> Option<f64> {
    let line = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}
