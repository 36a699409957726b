//! The picture of a task that interactions and invites answer with (rule C.2).

use serde_json::{Value, json};
use switchboard_domain::task::Task;
use switchboard_rest::Call;

use crate::load::{TaskNames, first_queue};

/// `routing`: the reservation, if there is one, and the task. Times are seconds since 1970.
pub(crate) fn routing(call: &Call<'_>, task: &Task, names: &TaskNames) -> Value {
    let open = task.open_reservations().next();
    let reservation = open.map(|reservation| {
        json!({
            "sid": task.reservation_sid(reservation),
            "worker_sid": reservation.worker,
            "worker_name": reservation.worker_name,
            "reservation_status": reservation.status.name(),
            "date_created": reservation.created.seconds(),
            "date_updated": reservation.updated.seconds(),
        })
    });
    let queue = task.queue.or_else(|| first_queue(task, names));
    let queue_name = names.queue.as_ref().filter(|named| Some(named.sid) == queue);
    let entered = task.queue_entered.unwrap_or(task.created);
    json!({
        "reservation": reservation,
        "properties": {
            "account_sid": call.on.config.account_sid,
            "workspace_sid": task.workspace,
            "sid": task.sid,
            "date_created": task.created.seconds(),
            "date_updated": task.updated.seconds(),
            "task_queue_entered_date": entered.seconds(),
            "attributes": task.attributes,
            "age": task.age_seconds(call.now),
            "age_in_queue": ((call.now - entered).0 / 1000).max(0),
            "assignment_status": task.status.name(),
            "assignmentCounter": task.assignments,
            "priority": task.priority,
            "reason": task.reason().unwrap_or_default(),
            "timeout": task.timeout_seconds,
            "workflow_sid": task.workflow,
            "workflow_name": names.workflow.as_ref().map(|it| it.friendly_name.clone()),
            "queue_sid": queue,
            "queue_name": queue_name.map(|it| it.friendly_name.clone()),
            "routing_target": task.worker,
            "task_channel_sid": task.channel,
            "task_channel_unique_name": names.channel.as_ref().map(|it| it.unique_name.clone()),
            "addons": "{}",
        },
    })
}
