//! A worker's task channels by name: `worker.channel.<unique name>.assigned_tasks` and its kin, in target expressions.
//!
//! The names are those of the worker channel resource. The vendor's template of the desk tells users to write
//! `worker.channel.voice.available_capacity_percentage == 100` (flex-project-template, `multi-call.md`), and helplines run
//! on `worker.channel.voice.assigned_tasks == 0`. Inferred, as no page says it:
//! - An offer counts from the moment it is made, since it takes capacity from then on: who is being asked to take a call
//!   gets no chat meanwhile.
//! - The channel goes before an attribute of the worker that is called `channel`, as the other fields of the worker do.
//! - A channel that does not exist is null, and so is any other field of one that does.
//! - Only target expressions know these names. An order names attributes, and a queue is chosen by attributes alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::path::{Path, Step};
use super::term::{Number, Term};
use crate::sid::TaskChannelSid;
use crate::workspace::Worker;

/// What the channels of a worker are found under, after `worker.`.
const CHANNEL: &str = "channel";

/// The channels of one worker.
#[derive(Debug, Clone, Copy)]
pub struct WorkerChannels<'a> {
    /// The task channels of the workspace by their unique names.
    pub named: &'a BTreeMap<String, TaskChannelSid>,
    /// Whose channels these are.
    pub worker: &'a Worker,
    /// Their open reservations by channel; no entry where there is none.
    pub open: Option<&'a BTreeMap<TaskChannelSid, u32>>,
}

/// One field of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    AssignedTasks,
    AvailableCapacityPercentage,
    ConfiguredCapacity,
    Available,
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        match name {
            "assigned_tasks" => Some(Self::AssignedTasks),
            "available_capacity_percentage" => Some(Self::AvailableCapacityPercentage),
            "configured_capacity" => Some(Self::ConfiguredCapacity),
            "available" => Some(Self::Available),
            _ => None,
        }
    }
}

/// Whether a path after `worker.` leads to the worker's channels.
pub(super) fn is_channel(path: &[Step]) -> bool {
    path.first().and_then(Step::name) == Some(CHANNEL)
}

impl WorkerChannels<'_> {
    /// The value at a path that begins with `channel`.
    pub(super) fn get(&self, path: &[Step]) -> Term<'static> {
        let (name, rest) = match path {
            [_] => return Term::Object,
            [_, Step::Name(name), rest @ ..] => (name, rest),
            [] | [_, Step::Index(_), ..] => return Term::Null,
        };
        match (self.named.get(name), rest) {
            (Some(_), []) => Term::Object,
            (Some(channel), [Step::Name(name)]) => {
                Field::named(name).map_or(Term::Null, |field| self.field(*channel, field))
            }
            (Some(_) | None, _) => Term::Null,
        }
    }

    fn field(&self, channel: TaskChannelSid, field: Field) -> Term<'static> {
        let has = self.worker.capacity(channel);
        let open = || self.open.and_then(|open| open.get(&channel)).copied().unwrap_or(0);
        let number = match field {
            Field::Available => return Term::Truth(has.available),
            Field::AssignedTasks => u64::from(open()),
            Field::ConfiguredCapacity => u64::from(has.capacity),
            Field::AvailableCapacityPercentage => free_percentage(has.capacity, open()),
        };
        Term::Number(Number::Integer(number.into()))
    }
}

/// How much of a capacity is free, in whole per cent.
pub fn free_percentage(capacity: u32, open: u32) -> u64 {
    let free = u64::from(capacity.saturating_sub(open));
    (free * 100).checked_div(u64::from(capacity)).unwrap_or(0)
}

/// A value that is no word of anybody's: a number, a truth, or nothing.
pub(super) fn shown(term: &Term<'_>) -> Value {
    match term {
        Term::Number(Number::Integer(integer)) => {
            i64::try_from(*integer).map_or(Value::Null, |integer| json!(integer))
        }
        Term::Truth(truth) => json!(truth),
        Term::Null
        | Term::Number(Number::Float(_))
        | Term::Text(_)
        | Term::List(_)
        | Term::Object => Value::Null,
    }
}

/// The field of a channel that a whole path names, `worker.` included.
pub(super) fn field_of(path: &Path) -> Option<Field> {
    match path.steps() {
        [Step::Name(root), Step::Name(channel), Step::Name(_), Step::Name(field)]
            if root == "worker" && channel == CHANNEL =>
        {
            Field::named(field)
        }
        _ => None,
    }
}

/// The channel that a whole path names, `worker.` included, and whether what follows is a field of it. The inner one is none
/// where no channel is named behind `worker.channel`; the outer one where the path leads elsewhere.
pub(in crate::routing) fn channel_name(path: &Path) -> Option<Option<(&str, bool)>> {
    if !leads_to_channel(path) {
        return None;
    }
    Some(match path.steps() {
        [_, _, Step::Name(channel), ..] => Some((channel.as_str(), field_of(path).is_some())),
        _ => None,
    })
}

/// Whether a whole path leads to a channel, `worker.` included.
pub(super) fn leads_to_channel(path: &Path) -> bool {
    matches!(path.steps(), [Step::Name(root), rest @ ..] if root == "worker" && is_channel(rest))
}

#[cfg(test)]
mod tests {
    use super::free_percentage;

    #[test]
    fn free_capacity_is_a_share_of_the_configured_one() {
        let cases = [(0, 0, 0), (1, 0, 100), (1, 1, 0), (3, 1, 66), (2, 5, 0), (u32::MAX, 0, 100)];
        for (capacity, open, expected) in cases {
            assert_eq!(free_percentage(capacity, open), expected, "{open} of {capacity}");
        }
    }
}
