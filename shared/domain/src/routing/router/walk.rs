//! How tasks walk through their workflow: into targets, and out of them again.

use std::collections::BTreeMap;

use super::offer::has_refused;
use super::{Draft, Router, after};
use crate::routing::expression::QueueCounts;
use crate::routing::workflow::{Configuration, Onward, Position, Target, TargetExit};
use crate::sid::TaskSid;
use crate::task::{ASSIGNMENTS_MAX, Command, GivenUp, Mark, REJECTIONS_MAX, Task, TaskStatus};
use crate::timestamp::Timestamp;

impl Router {
    /// Lets tasks enter their workflow and leave targets whose time is over; false if there is more.
    pub(super) fn move_on(&mut self, draft: &mut Draft, now: Timestamp) -> bool {
        while let Some(sid) = self.picture.agenda.look.first().copied() {
            if !draft.has_room_for(1) {
                return false;
            }
            self.picture.agenda.look.remove(&sid);
            if self.move_on_one(draft, sid, now) {
                self.picture.make_ready(sid);
            }
        }
        true
    }

    /// Whether the task is to be offered now.
    fn move_on_one(&mut self, draft: &mut Draft, sid: TaskSid, now: Timestamp) -> bool {
        let Some(task) = self.task(sid).filter(|task| task.status == TaskStatus::Pending) else {
            return false;
        };
        if self.is_unroutable(task) {
            self.cancel(draft, sid, GivenUp::Unroutable, now);
            return false;
        }
        if task.assignments >= ASSIGNMENTS_MAX {
            self.cancel(draft, sid, GivenUp::OfferedTooOften, now);
            return false;
        }
        if task.rejections >= REJECTIONS_MAX {
            self.cancel(draft, sid, GivenUp::RejectedTooOften, now);
            return false;
        }
        if let Some(worker) = task.worker {
            let refused = has_refused(task, worker);
            if refused {
                self.cancel(draft, sid, GivenUp::NotTaken, now);
            }
            return !refused;
        }
        if task.bound_to_queue {
            return true;
        }
        let is_asked_again = task.position.is_some() && task.evaluation < self.evaluation(task);
        if self.picture.agenda.fresh.contains_key(&sid) && !is_asked_again {
            return true;
        }
        let Some(configuration) = self.configuration(sid) else {
            return false;
        };
        let Some(attributes) = self.picture.held(sid).and_then(|held| held.attributes.as_ref())
        else {
            return false;
        };
        let timed_out = TargetExit::TimedOut;
        let stays = |at: &Position| !is_asked_again && configuration.target(*at).is_some();
        let (left, onward) = match task.position.filter(stays) {
            None => {
                let first = configuration.first_match(attributes);
                (None, first.map_or(Onward::FellOut, Onward::Enter))
            }
            Some(position) if task.target_until.is_some_and(|until| until <= now) => {
                (Some(timed_out), configuration.advance(position, timed_out, attributes))
            }
            Some(_) => return true,
        };
        let (leaver, clock) = match is_asked_again {
            true => (after(task.clone(), Command::Restart, now), task.created),
            false => (leaving(task, left), task.target_until.unwrap_or(task.created)),
        };
        self.go(draft, leaver, onward, clock, now)
    }

    /// Whether something is gone that a task cannot be routed without.
    fn is_unroutable(&self, task: &Task) -> bool {
        let has_queue = || task.queue.is_some_and(|queue| self.picture.queue(queue).is_some());
        self.picture.flow(task.workflow).is_none()
            || !self.picture.has_channel(task.channel)
            || task.worker.is_some_and(|worker| self.picture.member(worker).is_none())
            || (task.bound_to_queue && !has_queue())
    }

    /// Whether the task is still there after it went.
    fn go(
        &mut self,
        draft: &mut Draft,
        task: Task,
        onward: Onward,
        clock: Timestamp,
        now: Timestamp,
    ) -> bool {
        let sid = task.sid;
        let entered = match onward {
            Onward::Enter(position) => self.entered(&task, position, clock, now),
            Onward::FellOut => None,
        };
        let Some(next) = entered else {
            self.give_up(draft, task, GivenUp::FellOut, now);
            return false;
        };
        self.picture.agenda.fresh.insert(sid, next.target_until.unwrap_or(clock));
        self.change(draft, next);
        true
    }

    fn entered(
        &self,
        task: &Task,
        position: Position,
        clock: Timestamp,
        now: Timestamp,
    ) -> Option<Task> {
        let configuration = self.configuration(task.sid)?;
        let target = configuration.target(position)?;
        let mut entered = task.clone();
        let evaluation = self.evaluation(task);
        let next = &mut entered.fields;
        next.position = Some(position);
        next.evaluation = evaluation;
        if next.queue != Some(target.queue) {
            next.queue = Some(target.queue);
            next.queue_entered = Some(now);
        }
        next.priority = target.priority.map_or(next.priority, i64::from);
        next.target_until = target.timeout.map(|timeout| clock + timeout);
        next.updated = now;
        Some(entered)
    }

    /// Lets a task that just entered a target and found no worker leave it again; whether it is elsewhere now.
    pub(super) fn leave(&mut self, draft: &mut Draft, sid: TaskSid, now: Timestamp) -> bool {
        let Some(clock) = self.picture.agenda.fresh.get(&sid).copied() else {
            return false;
        };
        let Some((task, configuration)) = self.task(sid).zip(self.configuration(sid)) else {
            return false;
        };
        let Some(position) = task.position else {
            return false;
        };
        let Some(target) = configuration.target(position) else {
            return false;
        };
        let why = if task.target_until.is_some_and(|until| until <= now) {
            TargetExit::TimedOut
        } else if self.skips(task, target) {
            TargetExit::Skipped
        } else {
            return false;
        };
        let Some(attributes) = self.picture.held(sid).and_then(|held| held.attributes.as_ref())
        else {
            return false;
        };
        let onward = configuration.advance(position, why, attributes);
        let leaver = leaving(task, Some(why));
        self.go(draft, leaver, onward, clock, now)
    }

    fn skips(&self, task: &Task, target: &Target) -> bool {
        let none = BTreeMap::new();
        let queue = task.queue.and_then(|queue| self.picture.queue(queue));
        let activities = queue.map_or(&none, |queue| queue.activities());
        let (mut available, mut unavailable) = (0, 0);
        for (activity, count) in activities {
            let here = self.picture.is_available(*activity);
            *(if here { &mut available } else { &mut unavailable }) += *count;
        }
        target.skips(&QueueCounts { available, unavailable, activities })
    }

    /// How often the workflow of a task was asked for its waiting tasks to enter it anew.
    fn evaluation(&self, task: &Task) -> u32 {
        self.picture.flow(task.workflow).map_or(0, |flow| flow.record.evaluation)
    }

    fn configuration(&self, task: TaskSid) -> Option<Configuration> {
        let flow = self.picture.flow(self.task(task)?.workflow)?;
        flow.configuration.clone()
    }
}

/// The task with a note of the target that it leaves.
fn leaving(task: &Task, why: Option<TargetExit>) -> Task {
    let mut leaver = task.clone();
    if let Some((queue, why)) = task.queue.zip(why) {
        Mark::Left { queue, why }.leave(&mut leaver.fields.trail);
    }
    leaver
}
