//! Who comes first: when a worker is asked, no task is passed over that they could have done and that comes before
//! the one they are asked for. Written once more and apart from the router.

use serde_json::Value;
use switchboard_domain::routing::expression::{Expression, WorkerAttributes};
use switchboard_domain::task::{Reservation, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::Worker;

use crate::mirror::Mirror;
use crate::steps::{Found, SLACK, Scene};

/// Where a task stands among those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has waited for too long, since then.
    Aged(Timestamp),
    /// It has this priority, and its age counts from there.
    Young(i64, Timestamp),
    /// It comes of age about now.
    Unclear,
}

impl Standing {
    fn of(task: &Task, scene: &Scene<'_>) -> Self {
        let queue = task.queue.and_then(|queue| scene.mirror.queue(queue));
        let Some(bound) = queue.and_then(|queue| queue.ageing_bound_seconds) else {
            return Self::Young(task.priority, task.start);
        };
        let since = task.queue_entered.unwrap_or(task.created);
        let ages = since + Millis::seconds(bound.into());
        if scene.is_skewed {
            Self::Unclear
        } else if ages + SLACK <= scene.now {
            Self::Aged(since)
        } else if ages > scene.now {
            Self::Young(task.priority, task.start)
        } else {
            Self::Unclear
        }
    }

    /// Whether it surely comes before another.
    fn is_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Aged(since), Self::Aged(other)) => since < other,
            (Self::Aged(_), Self::Young(..)) => true,
            (Self::Young(priority, start), Self::Young(other, other_start)) => {
                priority > other || (priority == other && start < other_start)
            }
            (Self::Unclear, _) | (_, Self::Unclear) | (Self::Young(..), Self::Aged(_)) => false,
        }
    }
}

/// The worker who is asked could not have done anything that comes first.
pub(crate) fn reserved(
    found: &mut Found,
    task: &Task,
    reservation: &Reservation,
    scene: &Scene<'_>,
) {
    let mirror = scene.mirror;
    let Some(worker) = mirror.workers().find(|one| one.sid == reservation.worker) else {
        return;
    };
    let mine = Standing::of(task, scene);
    let waits = |one: &&Task| {
        one.status == TaskStatus::Pending
            && one.channel == task.channel
            && one.position.is_some()
            && mirror.is_routed(one.sid)
    };
    let mut first = mirror
        .tasks()
        .filter(waits)
        .filter(|one| Standing::of(one, scene).is_before(mine) && suits(mirror, one, worker));
    if let Some(first) = first.next() {
        found.when(true, "nobody is passed over", || {
            let other = Standing::of(first, scene);
            format!(
                "{} got {}, {mine:?}, before {}, {other:?}",
                worker.friendly_name, task.sid, first.sid
            )
        });
    }
}

/// Whether a worker is in the queue in which a task waits for anybody.
fn suits(mirror: &Mirror, task: &Task, worker: &Worker) -> bool {
    let queue = task.queue.filter(|_| task.worker.is_none()).and_then(|it| mirror.queue(it));
    let expression = queue.and_then(|queue| Expression::parse(&queue.target_workers).ok());
    let attributes: Option<Value> = serde_json::from_str(&worker.attributes).ok();
    expression
        .zip(attributes)
        .is_some_and(|(expression, attributes)| expression.matches(&WorkerAttributes(&attributes)))
}
