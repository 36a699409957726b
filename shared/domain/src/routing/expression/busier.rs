//! Whether a worker can come to match an expression by getting one more task: what is read off its tree.

use super::channels::{Field, field_of};
use super::term::Operator;
use super::tree::{Node, Operand};

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
