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
use super::term::{Number, Operator, Term};
use super::tree::{Node, Operand};
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
enum Field {
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
fn field_of(path: &Path) -> Option<Field> {
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

/// What one more task of a worker can make of a condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Effect {
    /// It can become true.
    turns_true: bool,
    /// It can become false.
    turns_false: bool,
}

impl Effect {
    const BOTH: Self = Self { turns_true: true, turns_false: true };
    const TRUE: Self = Self { turns_true: true, turns_false: false };
    const FALSE: Self = Self { turns_true: false, turns_false: true };

    const fn reversed(self) -> Self {
        Self { turns_true: self.turns_false, turns_false: self.turns_true }
    }

    const fn or(self, other: Self) -> Self {
        Self {
            turns_true: self.turns_true || other.turns_true,
            turns_false: self.turns_false || other.turns_false,
        }
    }
}

/// Whether one more task can make a worker suit who did not before. Then the waiting tasks are to be looked at
/// again for whoever gets something to do, and not only for those who have less.
pub(super) fn busier_can_suit(node: &Node) -> bool {
    effect_of_work(node).turns_true
}

fn effect_of_work(node: &Node) -> Effect {
    match node {
        Node::All(of) | Node::Any { of, .. } => {
            of.iter().map(effect_of_work).fold(Effect::default(), Effect::or)
        }
        Node::Not { of, .. } => effect_of_work(of).reversed(),
        Node::Compare { left, operator, right, .. } => match (change(left), change(right)) {
            (None, None) => Effect::default(),
            (Some(change), None) => of_comparison(change, *operator, right),
            (None, Some(change)) => turned(*operator)
                .map_or(Effect::BOTH, |operator| of_comparison(change, operator, left)),
            (Some(_), Some(_)) => Effect::BOTH,
        },
    }
}

/// What one more task does to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// It grows from zero.
    Grows,
    /// It shrinks from a hundred.
    Shrinks,
}

fn change(operand: &Operand) -> Option<Change> {
    let path = match operand {
        Operand::Constant(_) => return None,
        Operand::Path(path) | Operand::Quoted { path, .. } => path,
    };
    match field_of(path)? {
        Field::AssignedTasks => Some(Change::Grows),
        Field::AvailableCapacityPercentage => Some(Change::Shrinks),
        Field::ConfiguredCapacity | Field::Available => None,
    }
}

fn of_comparison(change: Change, operator: Operator, with: &Operand) -> Effect {
    let is_start = match (change, with) {
        (Change::Grows, Operand::Constant(with)) => with.as_u64() == Some(0),
        (Change::Shrinks, Operand::Constant(with)) => with.as_u64() == Some(100),
        (_, Operand::Path(_) | Operand::Quoted { .. }) => false,
    };
    match (operator, change) {
        (Operator::Equal, _) if is_start => Effect::FALSE,
        (Operator::NotEqual, _) if is_start => Effect::TRUE,
        (Operator::Less | Operator::LessOrEqual, Change::Grows)
        | (Operator::Greater | Operator::GreaterOrEqual, Change::Shrinks) => Effect::FALSE,
        (Operator::Greater | Operator::GreaterOrEqual, Change::Grows)
        | (Operator::Less | Operator::LessOrEqual, Change::Shrinks) => Effect::TRUE,
        (
            Operator::Equal
            | Operator::NotEqual
            | Operator::Contains
            | Operator::Has
            | Operator::NotHas
            | Operator::In
            | Operator::NotIn,
            _,
        ) => Effect::BOTH,
    }
}

/// The operator that says the same with its sides changed; none where there is no such.
const fn turned(operator: Operator) -> Option<Operator> {
    match operator {
        Operator::Equal => Some(Operator::Equal),
        Operator::NotEqual => Some(Operator::NotEqual),
        Operator::Greater => Some(Operator::Less),
        Operator::GreaterOrEqual => Some(Operator::LessOrEqual),
        Operator::Less => Some(Operator::Greater),
        Operator::LessOrEqual => Some(Operator::GreaterOrEqual),
        Operator::Contains | Operator::Has | Operator::NotHas | Operator::In | Operator::NotIn => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expression;
    use super::free_percentage;

    #[test]
    fn free_capacity_is_a_share_of_the_configured_one() {
        let cases = [(0, 0, 0), (1, 0, 100), (1, 1, 0), (3, 1, 66), (2, 5, 0), (u32::MAX, 0, 100)];
        for (capacity, open, expected) in cases {
            assert_eq!(free_percentage(capacity, open), expected, "{open} of {capacity}");
        }
    }

    #[test]
    fn conditions_that_more_work_can_meet_are_told_from_the_others() {
        let busier = |text: &str| Expression::parse(text).unwrap().busier_can_suit();
        for text in [
            "worker.channel.voice.assigned_tasks == 0",
            "0 == worker.channel.voice.assigned_tasks AND task.a == worker.b",
            "worker.channel.voice.assigned_tasks < task.max",
            "3 >= worker.channel.voice.assigned_tasks",
            "worker.channel.voice.available_capacity_percentage == 100",
            "worker.channel.voice.available_capacity_percentage > 20",
            "NOT worker.channel.voice.assigned_tasks > 0",
            "worker.channel.voice.configured_capacity > 1",
            "worker.channel.voice.available == true",
            "worker.channel_voice.assigned_tasks > 0",
        ] {
            assert!(!busier(text), "{text}");
        }
        for text in [
            "worker.channel.voice.assigned_tasks > 0",
            "worker.channel.voice.assigned_tasks == 1",
            "worker.channel.voice.assigned_tasks != 0",
            "worker.channel.voice.assigned_tasks IN [1, 2]",
            "0 < worker.channel.voice.assigned_tasks",
            "worker.channel.voice.assigned_tasks == task.wanted",
            "worker.channel.voice.assigned_tasks == worker.channel.chat.assigned_tasks",
            "worker.channel.voice.available_capacity_percentage < 100",
            "worker.channel.voice.available_capacity_percentage != 100",
            "NOT worker.channel.voice.assigned_tasks == 0",
            "worker.x == 1 OR worker.channel.voice.assigned_tasks >= 2",
            "'worker.channel.voice.assigned_tasks' > 0",
        ] {
            assert!(busier(text), "{text}");
        }
    }
}
