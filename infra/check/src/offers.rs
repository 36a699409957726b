//! Who may be asked to take a task: a worker who is there, is available, and has room.

use switchboard_domain::address::Address;
use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::consent::Consent;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ActivitySid, ReservationSid, WorkerSid, WorkspaceSid};
use switchboard_domain::task::{Reservation, Task};
use switchboard_domain::workspace::{Activity, Worker, Workspace};

use crate::routing::{SINGLE, WORKER};
use crate::snapshot::Snapshot;
use crate::violation::Found;

const CAPACITY: &str = "a reservation is made within the capacity of its worker";
const AVAILABLE: &str = "a reservation is made for a worker who is available";

/// The records around a task, as they are with it.
pub trait Around {
    /// A worker.
    fn worker(&self, sid: WorkerSid) -> Option<&Worker>;
    /// An activity.
    fn activity(&self, sid: ActivitySid) -> Option<&Activity>;
    /// A workspace.
    fn workspace(&self, sid: WorkspaceSid) -> Option<&Workspace>;
    /// Who somebody wants to hear from.
    fn consent(&self, person: &Address) -> Option<&Consent>;
    /// A number of ours.
    fn number(&self, address: &Address) -> Option<&PhoneNumber>;
    /// All tasks.
    fn tasks(&self) -> impl Iterator<Item = &Task>;
}

/// The first record of a kind with an identifier.
macro_rules! found {
    ($self:ident, $kind:ident, $sid:ident) => {
        $self.records.iter().find_map(|record| match record {
            Record::$kind(it) if it.sid == $sid => Some(it.as_ref()),
            _ => None,
        })
    };
}

impl Around for Snapshot {
    fn worker(&self, sid: WorkerSid) -> Option<&Worker> {
        found!(self, Worker, sid)
    }

    fn activity(&self, sid: ActivitySid) -> Option<&Activity> {
        found!(self, Activity, sid)
    }

    fn workspace(&self, sid: WorkspaceSid) -> Option<&Workspace> {
        found!(self, Workspace, sid)
    }

    fn consent(&self, person: &Address) -> Option<&Consent> {
        let mut all = self.records.iter().filter_map(Record::get::<Consent>);
        all.find(|one| one.person == *person)
    }

    fn number(&self, address: &Address) -> Option<&PhoneNumber> {
        let mut all = self.records.iter().filter_map(Record::get::<PhoneNumber>);
        all.find(|one| one.number == *address)
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.records.iter().filter_map(|record| match record {
            Record::Task(it) => Some(it.as_ref()),
            _ => None,
        })
    }
}

/// Holds a reservation that was just made against everything around it, itself included.
pub(crate) fn offered(around: &impl Around, task: &Task, one: &Reservation, found: &mut Found) {
    let sid: ReservationSid = task.reservation_sid(one);
    let names = || [sid.to_string(), one.worker.to_string()];
    let Some(worker) = around.worker(one.worker) else {
        found.add(WORKER, "there is no such worker", names());
        return;
    };
    // What the worker did before this reservation moved them.
    let occupied = worker.occupation.filter(|it| it.reservation == sid);
    let activity = around.activity(occupied.map_or(worker.activity, |it| it.before));
    let capacity = worker.capacity(task.channel);
    if activity.is_none_or(|it| !it.available) || !capacity.available {
        found.add(AVAILABLE, "the worker is not", names());
    }
    if task.ignores_capacity {
        return;
    }
    let mine = |task: &&Task| {
        !task.ignores_capacity && task.open_reservations().any(|it| it.worker == worker.sid)
    };
    let open: Vec<&Task> = around.tasks().filter(mine).collect();
    let on_channel = open.iter().filter(|it| it.channel == task.channel).count();
    if on_channel > usize::try_from(capacity.capacity).unwrap_or(usize::MAX) {
        let what = format!("{on_channel} open reservations, capacity {}", capacity.capacity);
        found.add(CAPACITY, what, names());
    }
    let workspace = around.workspace(task.workspace);
    if open.len() > 1 && workspace.is_some_and(|it| !it.multi_task_enabled) {
        found.add(SINGLE, format!("{} open reservations", open.len()), names());
    }
}
