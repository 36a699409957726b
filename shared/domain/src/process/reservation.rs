//! What a worker's answer to a reservation makes of the task, and of the worker (rule D.7).
//!
//! ```text
//!  rejected by status ──▶ the router gives them back what they did before
//!  rejected by instruction ──▶ they stay where they are, and the reservation holds them no more
//!  rejected with an activity ──▶ they go there
//! ```

use crate::decision::Decision;
use crate::effect::{Effect, RouterEvent, RouterSubject};
use crate::head::{Head, PartSid};
use crate::refusal::Refusal;
use crate::sid::{ActivitySid, ReservationSid};
use crate::task::{self, Command, ReservationStatus, Source, Task, TaskChange};
use crate::timestamp::Timestamp;
use crate::workspace::Worker;

/// What a worker decides about a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationCommand {
    /// They take it.
    Accept,
    /// They do not.
    Reject,
    /// The work is done, the paperwork is not.
    Wrap,
    /// All is done.
    Complete,
}

/// An answer with all that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerAnswer {
    /// What they decide; an update may leave the reservation as it is.
    pub command: Option<ReservationCommand>,
    /// Where the worker goes who rejects.
    pub activity: Option<ActivitySid>,
    /// Whether it is given by instruction, not by status.
    pub is_instruction: bool,
}

impl WorkerAnswer {
    /// Whether the worker's record may change with it: then [`follow`](Self::follow) needs that, and the head of the workspace, which
    /// is to be loaded before the task.
    pub fn concerns_worker(&self) -> bool {
        self.command == Some(ReservationCommand::Reject)
            && (self.is_instruction || self.activity.is_some())
    }

    /// What it makes of the task.
    ///
    /// # Errors
    /// The reservation's state does not allow it, or there is no such reservation.
    pub fn decide(
        &self,
        task: &Task,
        sid: ReservationSid,
        source: Source,
        now: Timestamp,
    ) -> Result<TaskChange, Refusal> {
        let command = self.command.map(|command| command.of_task(task, sid)).transpose()?;
        task::decide_all(task, command, source, now)
    }

    /// What it makes of the worker who gave it, once the task has changed.
    pub fn follow(
        &self,
        mut worker: Worker,
        mut head: Head,
        sid: ReservationSid,
        now: Timestamp,
    ) -> Decision {
        match self.activity {
            Some(activity) => worker.change_activity(activity, now),
            None if worker.occupation.is_none_or(|held| held.reservation != sid) => {
                return Decision::unchanged();
            }
            None => worker.occupation = None,
        }
        head.note(PartSid::Worker(worker.sid));
        let subject = RouterSubject::Worker(worker.sid);
        let event = RouterEvent { workspace: worker.workspace, subject };
        Decision::put(head).and(worker).asking([Effect::Route(event)])
    }
}

impl ReservationCommand {
    /// The command to the task. What ends the work acts on the whole task, so it has to come from the
    /// reservation that took it.
    fn of_task(self, task: &Task, sid: ReservationSid) -> Result<Command, Refusal> {
        use ReservationStatus as S;
        let reservation = task.reservation(sid).ok_or(Refusal::NoSuchReservation)?;
        let wanted = match self {
            Self::Accept => return Ok(Command::Accept(sid)),
            Self::Reject => return Ok(Command::Reject(sid)),
            Self::Wrap => S::Wrapping,
            Self::Complete => S::Completed,
        };
        match reservation.status {
            S::Accepted | S::Wrapping | S::Completed if wanted == S::Completed => {
                Ok(Command::Complete { reason: None })
            }
            S::Accepted | S::Wrapping => Ok(Command::Wrap { reason: None }),
            S::Rescinded => Err(Refusal::ReservationRescinded),
            status @ (S::Pending | S::Rejected | S::Timeout | S::Canceled | S::Completed) => {
                Err(Refusal::ReservationState(status, wanted.name()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::sid::{Sid as _, TaskSid, WorkerSid, WorkspaceSid};
    use crate::workspace::Occupation;

    const NOW: Timestamp = Timestamp(1_000);

    fn worker(held: Option<ReservationSid>) -> Worker {
        let (ready, busy) = (ActivitySid::derived(&["ready"]), ActivitySid::derived(&["busy"]));
        let stored = serde_json::json!({
            "workspace": WorkspaceSid::derived(&["w"]), "sid": WorkerSid::derived(&["ann"]),
            "friendly_name": "ann", "attributes": "{}", "activity": busy, "activity_since": 0,
            "created": 0, "updated": 0,
        });
        let occupation = held.map(|reservation| Occupation { reservation, before: ready });
        Worker { occupation, ..serde_json::from_value(stored).unwrap() }
    }

    fn followed(answer: WorkerAnswer, held: Option<ReservationSid>) -> Option<Worker> {
        let sid = TaskSid::derived(&["t"]).kin(1);
        let worker = worker(held);
        let head = Head::new(worker.workspace);
        let puts = answer.follow(worker, head, sid, NOW).puts;
        puts.iter().find_map(Record::get::<Worker>).cloned()
    }

    #[test]
    fn a_worker_who_rejects_by_instruction_is_held_no_more_and_stays() {
        let answer = WorkerAnswer {
            command: Some(ReservationCommand::Reject),
            activity: None,
            is_instruction: true,
        };
        assert!(answer.concerns_worker());
        let (this, other) = (TaskSid::derived(&["t"]).kin(1), TaskSid::derived(&["t"]).kin(2));
        let freed = followed(answer, Some(this)).unwrap();
        assert_eq!((freed.occupation, freed.activity), (None, ActivitySid::derived(&["busy"])));
        assert_eq!(followed(answer, Some(other)), None, "another reservation holds them");
        assert_eq!(followed(answer, None), None);
    }

    #[test]
    fn a_worker_who_names_an_activity_goes_there() {
        let to = ActivitySid::derived(&["away"]);
        let answer = WorkerAnswer {
            command: Some(ReservationCommand::Reject),
            activity: Some(to),
            is_instruction: false,
        };
        assert!(answer.concerns_worker());
        let gone = followed(answer, Some(TaskSid::derived(&["t"]).kin(1))).unwrap();
        assert_eq!((gone.occupation, gone.activity, gone.activity_since), (None, to, NOW));
    }

    #[test]
    fn only_who_rejects_moves() {
        let to = Some(ActivitySid::derived(&["away"]));
        for command in [
            None,
            Some(ReservationCommand::Accept),
            Some(ReservationCommand::Wrap),
            Some(ReservationCommand::Complete),
        ] {
            let answer = WorkerAnswer { command, activity: to, is_instruction: true };
            assert!(!answer.concerns_worker(), "{command:?}");
        }
        let by_status = WorkerAnswer {
            command: Some(ReservationCommand::Reject),
            activity: None,
            is_instruction: false,
        };
        assert!(!by_status.concerns_worker(), "the router gives them back what they did");
    }
}
