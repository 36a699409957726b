//! Who is told of what happens to a task: its router, its interaction, and the alarm clock.

use crate::decision::Decision;
use crate::effect::{
    CertainRoad, Effect, InviteRequest, RouterAlarm, RouterEvent, RouterSubject, Wake,
};
use crate::task::{Source, Task, TaskChange, TaskEvent, events};
use crate::timestamp::Timestamp;

/// A task that may wait no longer than this, in seconds, gets an alarm clock of its own.
const SHORT_TIMEOUT_SECONDS: i64 = 900;

impl Task {
    /// Tells the router to look at it.
    pub fn route(&self) -> Effect {
        Effect::Route(self.event())
    }

    /// The router event of this task.
    pub fn event(&self) -> RouterEvent {
        RouterEvent { workspace: self.workspace, subject: RouterSubject::Task(self.sid) }
    }

    /// What a new task asks for: the router's look, and an alarm clock if it may wait for minutes only. A task
    /// that may wait longer is looked after by the minute's tick.
    pub fn announcement(&self) -> Vec<Effect> {
        let mut effects = vec![self.route()];
        if self.timeout_seconds <= SHORT_TIMEOUT_SECONDS {
            effects.push(wake_for(self, self.times_out_at()));
        }
        effects
    }
}

/// The alarm clock of a task: its router looks at it then.
pub fn wake_for(task: &Task, at: Timestamp) -> Effect {
    Effect::Wake(Wake::Router(RouterAlarm { at, event: task.event() }))
}

/// What a task's events ask of others. The router knows its own changes, and an interaction those of its own.
pub fn effects(task: &Task, events: &[TaskEvent], source: Source) -> Vec<Effect> {
    let interaction = task.interaction.filter(|_| source != Source::Interaction);
    let told = events.iter().filter_map(|event| match event {
        TaskEvent::Changed => (source != Source::Router).then(|| task.route()),
        TaskEvent::Taken { reservation, worker } => Some(Effect::Invite(InviteRequest::Seat {
            interaction: interaction?,
            task: task.sid,
            reservation: *reservation,
            worker: *worker,
            workspace: task.workspace,
        })),
        TaskEvent::Ended { status } => Some(Effect::Invite(InviteRequest::TaskEnded {
            interaction: interaction?,
            task: task.sid,
            status: *status,
        })),
    });
    told.collect()
}

/// What the relay works out from a task before and after a change: who took it is to be seated.
pub fn derived(before: Option<&Task>, after: &Task) -> Option<Effect> {
    let all = effects(after, &events(before?, after), Source::Router);
    all.into_iter().find(|effect| effect.certain_road() == CertainRoad::Derived)
}

impl From<TaskChange> for Decision {
    /// The changed task, and who is told; unchanged if nothing happened.
    fn from(change: TaskChange) -> Self {
        if change.is_nothing() {
            return Self::unchanged();
        }
        let effects = effects(&change.task, &change.events, change.source);
        Self::put(change.task).asking(effects)
    }
}
