//! Where tasks are done one by one, reservations move their workers through activities (rules D.2, D.7).
//!
//! ```text
//!  before ── reserved ──▶ the queue's reservation activity ── accepted ──▶ its assignment activity, for good
//!     ▲                          │          │
//!     └── rejected, canceled, ───┘          └── timed out ──▶ the workspace's timeout activity
//!         rescinded
//! ```
//!
//! The worker's record says which reservation holds them, so that a router that is built anew goes on where
//! another one stopped, and any other change of their activity lets them go.

use super::{Draft, Router};
use crate::sid::{TaskQueueSid, TaskSid, WorkerSid};
use crate::task::{ReservationStatus, Task};
use crate::timestamp::Timestamp;
use crate::workspace::{Occupation, TaskQueue, Worker};

impl Router {
    /// Moves workers on whose reservations were answered; false if there is more.
    pub(super) fn follow_reservations(&mut self, draft: &mut Draft, now: Timestamp) -> bool {
        let occupied: Vec<WorkerSid> = self.picture.occupied().iter().copied().collect();
        for sid in occupied {
            if let Some(next) = self.followed(sid, now) {
                if !draft.has_room_for(1) {
                    return false;
                }
                self.put_worker(draft, next);
            }
        }
        self.picture.forget_ended();
        true
    }

    fn followed(&self, worker: WorkerSid, now: Timestamp) -> Option<Worker> {
        use ReservationStatus as S;
        let mut next = self.worker(worker)?.clone();
        let held = next.occupation?;
        let (status, queue) = self.picture.standing(held.reservation)?;
        let activity = match status {
            S::Pending => return None,
            S::Accepted | S::Wrapping | S::Completed => {
                self.queue_record(queue).and_then(|queue| queue.assignment_activity)
            }
            S::Rejected | S::Canceled | S::Rescinded => Some(held.before),
            S::Timeout => None,
        };
        if let Some(activity) = activity {
            next.change_activity(activity, now);
        }
        next.occupation = None;
        next.updated = now;
        Some(next)
    }

    /// How many workers a reservation of this task would move.
    pub(super) fn moved_by_reserving(&self, task: TaskSid, workers: usize) -> usize {
        let queue = self.task(task).and_then(|task| self.moving_queue(task));
        if queue.is_some() { workers } else { 0 }
    }

    /// Moves the workers of the last reservations of a task.
    pub(super) fn occupy(&mut self, draft: &mut Draft, task: &Task, now: Timestamp) {
        let Some(activity) = self.moving_queue(task).map(|queue| queue.reservation_activity) else {
            return;
        };
        let first = self.task(task.sid).map_or(0, |before| before.next_number);
        for one in task.reservations.iter().filter(|one| one.number >= first) {
            let Some(mut worker) = self.worker(one.worker).cloned() else { continue };
            if worker.occupation.is_some() {
                continue;
            }
            let before = worker.activity;
            if let Some(activity) = activity {
                worker.change_activity(activity, now);
            }
            let reservation = task.reservation_sid(one);
            worker.occupation = Some(Occupation { reservation, before });
            worker.updated = now;
            self.put_worker(draft, worker);
        }
    }

    /// The queue of a task, if its reservations move workers.
    pub(super) fn moving_queue(&self, task: &Task) -> Option<&TaskQueue> {
        let single = !self.picture.workspace().multi_task_enabled;
        self.queue_record(task.queue).filter(|queue| single && queue.moves_workers())
    }

    fn queue_record(&self, queue: Option<TaskQueueSid>) -> Option<&TaskQueue> {
        self.picture.queue(queue?).map(|queue| &queue.record)
    }
}
