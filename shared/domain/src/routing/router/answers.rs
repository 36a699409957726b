//! What assignment callbacks say of reservations, and who is to call them (rule D.8).
//!
//! An answer is carried out like the worker's own: late or twice, it changes nothing.

use super::{Draft, Router, after, asked};
use crate::effect::{AssignmentCall, AssignmentOutcome, Call, Effect};
use crate::sid::{ReservationSid, Sid as _, TaskSid};
use crate::task::{Command, Mark, ReservationStatus, Task};
use crate::timestamp::Timestamp;

/// The published code of an instruction to reject without an activity to go to (rule D.8).
const NO_SUCH_ACTIVITY: u32 = 40_100;

impl Router {
    /// Takes in what an assignment callback said; the next step carries it out.
    pub fn answer(&mut self, reservation: ReservationSid, outcome: AssignmentOutcome) {
        self.answers.insert(reservation, outcome);
    }

    /// Carries out what was said; false if there is more.
    pub(super) fn take_answers(&mut self, draft: &mut Draft, now: Timestamp) -> bool {
        while let Some((reservation, outcome)) = self.answers.first_key_value() {
            let (reservation, outcome) = (*reservation, *outcome);
            // A task, and the worker who goes to another activity.
            if !draft.has_room_for(2) {
                return false;
            }
            self.answers.remove(&reservation);
            self.take_answer(draft, reservation, outcome, now);
        }
        true
    }

    fn take_answer(
        &mut self,
        draft: &mut Draft,
        sid: ReservationSid,
        outcome: AssignmentOutcome,
        now: Timestamp,
    ) {
        let task = self.task(sid.kin::<TaskSid>(0));
        let Some((task, worker)) =
            task.and_then(|task| Some((task, task.reservation(sid)?.worker)))
        else {
            return;
        };
        let before = task.clone();
        let next = match outcome {
            AssignmentOutcome::Accept => after(before.clone(), Command::Accept(sid), now),
            AssignmentOutcome::Reject(Some(activity)) if !self.picture.has_activity(activity) => {
                failed(&before, sid, NO_SUCH_ACTIVITY, now)
            }
            AssignmentOutcome::Reject(_) => after(before.clone(), Command::Reject(sid), now),
            AssignmentOutcome::Withdraw => after(before.clone(), Command::Withdraw(sid), now),
            AssignmentOutcome::Fail(code) => failed(&before, sid, code, now),
        };
        if next == before {
            return;
        }
        let task = next.sid;
        self.change(draft, next);
        self.settle(draft, task);
        self.picture.agenda.look.insert(task);
        if let AssignmentOutcome::Reject(Some(activity)) = outcome
            && self.picture.has_activity(activity)
        {
            self.move_worker(draft, worker, activity, now);
        }
    }

    /// The calls of the assignment callback for the reservations that a change made.
    pub(super) fn callbacks(&self, before: &Task, after: &Task) -> Vec<Effect> {
        let flow = self.picture.flow(after.workflow);
        if flow.is_none_or(|flow| flow.record.assignment_callback_url.is_none()) {
            return Vec::new();
        }
        let made = asked(after).filter(|one| one.number >= before.next_number);
        let calls = made.map(|one| {
            Effect::Notify(Call::Assignment(AssignmentCall {
                workspace: after.workspace,
                workflow: after.workflow,
                worker: one.worker,
                reservation: after.reservation_sid(one),
            }))
        });
        calls.collect()
    }
}

/// The task with a note that an instruction for a pending reservation could not be carried out.
fn failed(task: &Task, sid: ReservationSid, code: u32, now: Timestamp) -> Task {
    let mut next = task.clone();
    let pending = task.reservation(sid).is_some_and(|one| one.status == ReservationStatus::Pending);
    if pending {
        Mark::Failed { reservation: sid.number(), code }.leave(&mut next.fields.trail);
        next.fields.updated = now;
    }
    next
}
