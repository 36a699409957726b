//! What is another: assignments, waits, tasks that fell out.

use std::collections::BTreeMap;

use super::rank::rank;
use super::recording::{Recorded, Recording};
use super::replay::Played;
use super::{Both, Fate, Moved, NAMED_MAX, Named, Rehearsal, Taken, Waits};
use crate::sid::{TaskQueueSid, WorkerSid};
use crate::timestamp::Millis;

/// Compares what was recorded with what was played. Tasks that a worker had from the beginning are no arrivals.
pub(super) fn of(recording: &Recording, played: &Played) -> Rehearsal {
    let arrivals: Vec<(&Recorded, Both<Fate>)> = recording
        .tasks
        .iter()
        .filter(|one| !one.is_held())
        .map(|one| {
            let now = played.fates.get(&one.task.sid).copied().unwrap_or_default();
            (one, Both { then: one.fate, now })
        })
        .collect();
    let accepted = |fate: fn(&Both<Fate>) -> Fate| {
        arrivals.iter().filter(|(_, both)| fate(both).taken.is_some()).count()
    };
    let fell_out = |fate: fn(&Both<Fate>) -> Fate| {
        let them = arrivals.iter().filter(|(_, both)| fate(both).fell_out);
        named(them.map(|(one, _)| one.task.sid))
    };
    let moved = arrivals.iter().filter_map(|(one, fates)| {
        let taken = Both { then: fates.then.taken, now: fates.now.taken };
        (whose(taken.then) != whose(taken.now)).then_some(Moved { task: one.task.sid, taken })
    });
    Rehearsal {
        tasks: arrivals.len(),
        accepted: Both { then: accepted(|it| it.then), now: accepted(|it| it.now) },
        moved: named(moved),
        waits: waits(&arrivals),
        fell_out: Both { then: fell_out(|it| it.then), now: fell_out(|it| it.now) },
        assumed_answers: played.assumed_answers,
        answer: recording.answer,
        service: recording.service,
        steps: played.steps,
    }
}

/// An assignment, whenever it was made.
fn whose(taken: Option<Taken>) -> Option<(WorkerSid, Option<TaskQueueSid>)> {
    taken.map(|taken| (taken.worker, taken.queue))
}

fn named<T>(all: impl Iterator<Item = T>) -> Named<T> {
    let mut named = Named { first: Vec::new(), count: 0 };
    for one in all {
        named.count += 1;
        if named.first.len() < NAMED_MAX {
            named.first.push(one);
        }
    }
    named
}

fn waits(arrivals: &[(&Recorded, Both<Fate>)]) -> BTreeMap<TaskQueueSid, Both<Waits>> {
    let mut spans: BTreeMap<TaskQueueSid, Both<Vec<Millis>>> = BTreeMap::new();
    for (one, fates) in arrivals {
        let waited = |taken: Taken| Some((taken.queue?, taken.at - one.task.created));
        if let Some((queue, span)) = fates.then.taken.and_then(waited) {
            spans.entry(queue).or_default().then.push(span);
        }
        if let Some((queue, span)) = fates.now.taken.and_then(waited) {
            spans.entry(queue).or_default().now.push(span);
        }
    }
    let of = |both: Both<Vec<Millis>>| Both { then: summary(both.then), now: summary(both.now) };
    spans.into_iter().map(|(queue, both)| (queue, of(both))).collect()
}

fn summary(mut spans: Vec<Millis>) -> Waits {
    spans.sort_unstable();
    Waits {
        count: spans.len(),
        median: rank(&spans, 50).unwrap_or_default(),
        percentile_95: rank(&spans, 95).unwrap_or_default(),
        worst: spans.last().copied().unwrap_or_default(),
    }
}
