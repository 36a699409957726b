//! A task as it is stored. A write costs a unit for each kilobyte, and a task is written at every turn of its
//! life, so nothing is stored that follows from the rest.

use serde::{Deserialize, Serialize};

use super::{Ending, Fields, Mark, RETENTION, Reservation, ReservationStatus, Task, TaskStatus};
use crate::interaction::Marks;
use crate::routing::receipt::Receipt;
use crate::routing::workflow::{FilterIndex, Position};
use crate::sid::{
    InteractionSid, TaskChannelSid, TaskQueueSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid,
};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// What does not read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// The facts of an invite, but no interaction.
    #[error("a task of an invite without its interaction")]
    NoInteraction,
    /// What the caller gave is no object.
    #[error("a task whose given attributes are no object")]
    Attributes,
}

/// A task with what can be left out left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    sid: TaskSid,
    workspace: WorkspaceSid,
    workflow: WorkflowSid,
    channel: TaskChannelSid,
    /// All of them, or only what the caller gave if there is an invite.
    attributes: String,
    /// What the rest of the attributes follow from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invite: Option<Marks>,
    #[serde(default, skip_serializing_if = "is_default")]
    priority: i64,
    status: TaskStatus,
    /// Every task that is over has it. One that was stored before there were endings does not, and is read by what
    /// its reason says; see [`ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Ending>,
    /// What a caller gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    timeout: i64,
    /// None means that its age counts from its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<StoredPosition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<TaskQueueSid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entered: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    evaluation: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker: Option<WorkerSid>,
    #[serde(default, skip_serializing_if = "is_default")]
    anyhow: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    bound: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<WorkerSid>,
    #[serde(default, skip_serializing_if = "is_default")]
    assignments: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    rejections: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reservations: Vec<StoredReservation>,
    next: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trail: Vec<Mark>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionSid>,
    created: Timestamp,
    /// None means at its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Timestamp>,
}

/// A place in a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct StoredPosition {
    /// None is the default filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<usize>,
    #[serde(default, skip_serializing_if = "is_default")]
    target: usize,
    #[serde(default, skip_serializing_if = "is_default")]
    timed_out: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredReservation {
    number: u32,
    worker: WorkerSid,
    name: String,
    status: ReservationStatus,
    /// Of one that is completed nobody asks when it would have lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    #[serde(default, rename = "q", skip_serializing_if = "is_default")]
    quiet: bool,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Timestamp>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn unless(value: Timestamp, usual: Timestamp) -> Option<Timestamp> {
    (value != usual).then_some(value)
}

impl From<Task> for Stored {
    fn from(task: Task) -> Self {
        let task = task.fields;
        let marked = task.interaction.and_then(|it| Marks::read_off(&task.attributes, it));
        let (invite, attributes) = match marked {
            Some((marks, given)) => (Some(marks), given),
            None => (None, task.attributes),
        };
        Self {
            sid: task.sid,
            workspace: task.workspace,
            workflow: task.workflow,
            channel: task.channel,
            attributes,
            invite,
            priority: task.priority,
            status: task.status,
            ended: task.ended,
            reason: task.given_reason,
            timeout: task.timeout_seconds,
            start: unless(task.start, task.created),
            place: task.position.map(StoredPosition::from),
            queue: task.queue,
            entered: task.queue_entered,
            evaluation: task.evaluation,
            until: task.target_until,
            worker: task.worker,
            anyhow: task.ignores_capacity,
            bound: task.bound_to_queue,
            from: task.handed_on_by,
            assignments: task.assignments,
            rejections: task.rejections,
            reservations: task.reservations.into_iter().map(StoredReservation::from).collect(),
            next: task.next_number,
            trail: task.trail,
            interaction: task.interaction,
            created: task.created,
            updated: unless(task.updated, task.created),
        }
    }
}

impl TryFrom<Stored> for Task {
    type Error = Broken;

    fn try_from(stored: Stored) -> Result<Self, Broken> {
        let attributes = match &stored.invite {
            None => stored.attributes,
            Some(marks) => {
                let interaction = stored.interaction.ok_or(Broken::NoInteraction)?;
                let given =
                    serde_json::from_str(&stored.attributes).map_err(|_| Broken::Attributes)?;
                marks.around(given, interaction).to_string()
            }
        };
        let updated = stored.updated.unwrap_or(stored.created);
        let (ended, given_reason, updated) =
            ended(stored.status, stored.ended, stored.reason, updated);
        let fields = Fields {
            sid: stored.sid,
            workspace: stored.workspace,
            workflow: stored.workflow,
            channel: stored.channel,
            attributes,
            priority: stored.priority,
            status: stored.status,
            ended,
            given_reason,
            timeout_seconds: stored.timeout,
            start: stored.start.unwrap_or(stored.created),
            position: stored.place.map(Position::from),
            queue: stored.queue,
            queue_entered: stored.entered,
            evaluation: stored.evaluation,
            target_until: stored.until,
            worker: stored.worker,
            ignores_capacity: stored.anyhow,
            bound_to_queue: stored.bound,
            handed_on_by: stored.from,
            assignments: stored.assignments,
            rejections: stored.rejections,
            reservations: stored.reservations.into_iter().map(Reservation::from).collect(),
            next_number: stored.next,
            trail: stored.trail,
            interaction: stored.interaction,
            created: stored.created,
            updated,
        };
        Ok(Self { fields, version: Version::NEW })
    }
}

/// How a task ended, the caller's reason, and when it was last changed.
///
/// A task that ended before endings were stored has its reason alone, and one that was removed was dated back by
/// [`RETENTION`]. One that was deleted when it was over already cannot be told from others: it reads as what it
/// was before, and as old.
fn ended(
    status: TaskStatus,
    ended: Option<Ending>,
    reason: Option<String>,
    updated: Timestamp,
) -> (Option<Ending>, Option<String>, Timestamp) {
    let Some(old) = Ending::of_old(status, reason.as_deref()).filter(|_| ended.is_none()) else {
        return (ended, reason, updated);
    };
    let updated = if old.removes() { updated + RETENTION } else { updated };
    (Some(old), reason.filter(|_| old.reason().is_none()), updated)
}

impl From<Position> for StoredPosition {
    fn from(position: Position) -> Self {
        let filter = match position.filter {
            FilterIndex::Numbered(number) => Some(number),
            FilterIndex::Default => None,
        };
        Self { filter, target: position.target, timed_out: position.timed_out }
    }
}

impl From<StoredPosition> for Position {
    fn from(place: StoredPosition) -> Self {
        let filter = place.filter.map_or(FilterIndex::Default, FilterIndex::Numbered);
        Self { filter, target: place.target, timed_out: place.timed_out }
    }
}

impl From<Reservation> for StoredReservation {
    fn from(one: Reservation) -> Self {
        Self {
            number: one.number,
            worker: one.worker,
            name: one.worker_name,
            status: one.status,
            expires: (one.status != ReservationStatus::Completed).then_some(one.expires),
            receipt: one.receipt,
            quiet: one.quiet,
            created: one.created,
            updated: unless(one.updated, one.created),
        }
    }
}

impl From<StoredReservation> for Reservation {
    fn from(one: StoredReservation) -> Self {
        Self {
            number: one.number,
            worker: one.worker,
            worker_name: one.name,
            status: one.status,
            expires: one.expires.unwrap_or(one.updated.unwrap_or(one.created)),
            receipt: one.receipt,
            quiet: one.quiet,
            created: one.created,
            updated: one.updated.unwrap_or(one.created),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::receipt::PassedOver;
    use crate::sid::Sid as _;

    /// A task with something else than the usual in every place.
    fn unusual() -> Task {
        let interaction = InteractionSid::derived(&["k"]);
        let mut receipt = Receipt { filter: "French".to_owned(), target: 1, ..Receipt::default() };
        receipt.pass_over(WorkerSid::derived(&["b"]), PassedOver::Capacity);
        let reservation = Reservation {
            number: 1,
            worker: WorkerSid::derived(&["a"]),
            worker_name: "alice".to_owned(),
            status: ReservationStatus::Accepted,
            expires: Timestamp(90),
            receipt: Some(receipt),
            quiet: true,
            created: Timestamp(20),
            updated: Timestamp(21),
        };
        let fields = Fields {
            sid: TaskSid::derived(&["t"]),
            workspace: WorkspaceSid::derived(&["w"]),
            workflow: WorkflowSid::derived(&["f"]),
            channel: TaskChannelSid::derived(&["c"]),
            attributes: attributes(interaction),
            priority: 3,
            status: TaskStatus::Assigned,
            ended: None,
            given_reason: Some("r".to_owned()),
            timeout_seconds: 60,
            start: Timestamp(9),
            position: Some(Position {
                filter: FilterIndex::Numbered(2),
                target: 1,
                timed_out: true,
            }),
            queue: Some(TaskQueueSid::derived(&["q"])),
            queue_entered: Some(Timestamp(11)),
            evaluation: 2,
            target_until: Some(Timestamp(12)),
            worker: Some(WorkerSid::derived(&["a"])),
            ignores_capacity: true,
            bound_to_queue: true,
            handed_on_by: None,
            assignments: 2,
            rejections: 1,
            reservations: vec![reservation],
            next_number: 2,
            trail: vec![Mark::Failed { reservation: 1, code: 40_151 }],
            interaction: Some(interaction),
            created: Timestamp(10),
            updated: Timestamp(21),
        };
        Task { fields, version: Version::NEW }
    }

    fn attributes(interaction: InteractionSid) -> String {
        let given = serde_json::json!({ "customerName": "Ann", "customerAddress": "+14155550100" });
        let marks = serde_json::json!({ "invite": 1, "channel": "sms", "by": "customer" });
        let marks: Marks = serde_json::from_value(marks).unwrap();
        marks.around(given.as_object().unwrap().clone(), interaction).to_string()
    }

    fn stored(task: &Task) -> serde_json::Value {
        let stored = serde_json::to_value(task).unwrap();
        let read: Task = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(&read, task);
        stored
    }

    #[test]
    fn a_task_comes_back_as_it_was() {
        let task = unusual();
        assert_eq!(stored(&task)["invite"]["by"], "customer");
        let fields = Fields {
            position: Some(Position { filter: FilterIndex::Default, target: 0, timed_out: false }),
            start: task.created,
            updated: task.created,
            interaction: None,
            reservations: Vec::new(),
            ..task.fields
        };
        let plain = Task { fields, version: Version::NEW };
        assert_eq!(stored(&plain)["attributes"], plain.attributes.as_str());
    }

    #[test]
    fn attributes_that_somebody_changed_are_kept_to_the_letter() {
        let mut task = unusual();
        for text in ["{ }", r#"{"b":1,"a":2}"#, "not json", ""] {
            text.clone_into(&mut task.fields.attributes);
            assert_eq!(stored(&task)["attributes"], text);
        }
    }

    #[test]
    fn a_task_of_an_invite_without_its_interaction_is_not_read() {
        let mut stored = serde_json::to_value(unusual()).unwrap();
        stored.as_object_mut().unwrap().remove("interaction");
        let error = serde_json::from_value::<Task>(stored).unwrap_err();
        assert!(error.to_string().contains("without its interaction"), "{error}");
    }

    /// Tasks end in a minute's work and are dropped after five, so old ones are few; events keep them for a month.
    #[test]
    fn a_task_that_ended_before_endings_were_stored_is_read_by_its_reason() {
        let mut old = serde_json::to_value(unusual()).unwrap();
        for (status, reason, ended, given, updated) in [
            ("canceled", "Task fell out of its workflow", Ending::FellOut, None, 21),
            ("canceled", "Task deleted", Ending::Deleted, None, 21 + RETENTION.0),
            ("canceled", "no more", Ending::Canceled, Some("no more"), 21),
            ("completed", "Task deleted", Ending::Completed, Some("Task deleted"), 21),
        ] {
            old["status"] = status.into();
            old["reason"] = reason.into();
            let read: Task = serde_json::from_value(old.clone()).unwrap();
            let found = (read.ended, read.given_reason.as_deref(), read.updated.0);
            assert_eq!(found, (Some(ended), given, updated), "{status}, {reason}");
            let again: Task = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
            assert_eq!(again, read, "written anew");
        }
    }

    #[test]
    fn attributes_of_the_service_are_not_stored() {
        let task = unusual();
        let text = stored(&task)["attributes"].as_str().unwrap().to_owned();
        assert_eq!(text, r#"{"customerAddress":"+14155550100","customerName":"Ann"}"#);
        assert!(task.attributes.contains("flexInteractionSid"));
    }
}
