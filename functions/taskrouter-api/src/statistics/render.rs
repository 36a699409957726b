//! The members in which figures are told.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard_domain::sid::ActivitySid;
use switchboard_domain::statistics::cumulative::{Cumulative, Reservations, Side, Spread};
use switchboard_domain::statistics::real_time::{StaffNow, TasksNow};
use switchboard_domain::workspace::Activity;

use super::parameters::Window;

/// Puts the members of one object into another.
pub(super) fn join(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

pub(super) fn tasks_now(now: &TasksNow) -> Value {
    let by_status: Map<String, Value> = now
        .by_status
        .iter()
        .map(|(status, count)| (status.name().to_owned(), json!(count)))
        .collect();
    let by_priority: Map<String, Value> = now
        .by_priority
        .iter()
        .map(|(priority, count)| (priority.to_string(), json!(count)))
        .collect();
    json!({
        "longest_task_waiting_age": now.longest_waiting.map_or(0, |one| one.seconds),
        "longest_task_waiting_sid": now.longest_waiting.map(|one| one.task),
        "tasks_by_status": by_status,
        "tasks_by_priority": by_priority,
        "total_tasks": now.total,
    })
}

pub(super) fn activities_now(now: &StaffNow, activities: &[Activity]) -> Value {
    let each = activities.iter().map(|activity| {
        json!({
            "sid": activity.sid,
            "friendly_name": activity.friendly_name,
            "workers": now.by_activity.get(&activity.sid).copied().unwrap_or(0),
        })
    });
    json!({ "activity_statistics": each.collect::<Vec<Value>>() })
}

/// What the figures of workspaces, workflows and queues have in common.
pub(super) fn cumulative(all: &Cumulative, window: Window) -> Value {
    let mut members = json!({
        "avg_task_acceptance_time": all.until_accepted.avg(),
        "start_time": window.from.iso(),
        "end_time": window.to.iso(),
        "split_by_wait_time": splits(all),
        "wait_duration_until_accepted": spread(&all.until_accepted),
        "wait_duration_until_canceled": spread(&all.until_canceled),
        "tasks_canceled": all.canceled,
        "tasks_completed": all.completed,
        "tasks_deleted": all.deleted,
        "tasks_moved": all.moved,
    });
    join(&mut members, reservations(all.reservations));
    members
}

pub(super) fn reservations(all: Reservations) -> Value {
    json!({
        "reservations_created": all.created,
        "reservations_accepted": all.accepted,
        "reservations_rejected": all.rejected,
        "reservations_timed_out": all.timed_out,
        "reservations_canceled": all.canceled,
        "reservations_rescinded": all.rescinded,
    })
}

/// By threshold; null if none was asked for.
fn splits(all: &Cumulative) -> Value {
    let side = |side: Side| {
        json!({
            "tasks_canceled": side.tasks_canceled,
            "reservations_accepted": side.reservations_accepted,
        })
    };
    let each: Map<String, Value> = all
        .splits
        .iter()
        .map(|(seconds, split)| {
            (seconds.to_string(), json!({ "above": side(split.above), "below": side(split.below) }))
        })
        .collect();
    if each.is_empty() { Value::Null } else { Value::Object(each) }
}

pub(super) fn spread(all: &Spread) -> Value {
    json!({ "avg": all.avg(), "min": all.min(), "max": all.max(), "total": all.total() })
}

/// How long workers were in each activity of the workspace.
pub(super) fn activity_durations(
    spent: &BTreeMap<ActivitySid, Spread>,
    activities: &[Activity],
) -> Value {
    let each = activities.iter().map(|activity| {
        let mut one = spread(&spent.get(&activity.sid).copied().unwrap_or_default());
        let name = json!({ "sid": activity.sid, "friendly_name": activity.friendly_name });
        join(&mut one, name);
        one
    });
    json!({ "activity_durations": each.collect::<Vec<Value>>() })
}
