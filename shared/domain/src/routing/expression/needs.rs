//! What an expression needs: values of which some attribute has to have one, or it cannot hold. A picture of
//! thousands of queues asks only those whose need a worker meets.

use std::collections::BTreeSet;

use serde_json::Value;

use super::lookup::names_an_owner;
use super::path::Path;
use super::term::Operator;
use super::tree::{Node, Operand};

/// A scalar; equal ones have the same mark, others hardly ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::routing) enum Mark {
    Truth(bool),
    /// The bits of the nearest float.
    Number(u64),
    Text(String),
}

impl Mark {
    /// None for what is no scalar.
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Truth(*truth)),
            // The sum has one zero only.
            Value::Number(number) => Some(Self::Number((number.as_f64()? + 0.0).to_bits())),
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The marks of a value: its own, or those of what it lists.
    pub(in crate::routing) fn all_of(value: &Value) -> BTreeSet<Self> {
        match value.as_array() {
            Some(items) => items.iter().filter_map(Self::of).collect(),
            None => Self::of(value).into_iter().collect(),
        }
    }
}

/// The value at `path` has to have one of these marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::routing) struct Needs {
    pub(in crate::routing) path: Path,
    pub(in crate::routing) any_of: BTreeSet<Mark>,
}

impl Node {
    /// None if nothing can be said.
    pub(super) fn needs(&self) -> Option<Needs> {
        match self {
            Self::All(of) => of.iter().find_map(Self::needs),
            Self::Any { of, .. } => {
                let mut all = of.iter().map(Self::needs);
                let first = all.next()??;
                all.try_fold(first, |mut first, other| {
                    let other = other.filter(|other| other.path == first.path)?;
                    first.any_of.extend(other.any_of);
                    Some(first)
                })
            }
            Self::Not { .. } => None,
            Self::Compare { left, operator, right, .. } => match operator {
                Operator::Equal => meets(left, right).or_else(|| meets(right, left)),
                Operator::Has => meets(left, right),
                Operator::In => meets(left, right).or_else(|| meets(right, left)),
                Operator::NotEqual
                | Operator::Greater
                | Operator::GreaterOrEqual
                | Operator::Less
                | Operator::LessOrEqual
                | Operator::Contains
                | Operator::NotHas
                | Operator::NotIn => None,
            },
        }
    }
}

/// A path on one side, and scalars on the other.
fn meets(side: &Operand, other: &Operand) -> Option<Needs> {
    let Operand::Constant(constant) = other else { return None };
    let any_of = Mark::all_of(constant);
    let is_whole = match constant.as_array() {
        // What is missing is null, and so in a list that has one.
        Some(items) => items.iter().all(|item| Mark::of(item).is_some()),
        None => any_of.len() == 1,
    };
    let path = match side {
        Operand::Constant(_) => return None,
        Operand::Path(path) | Operand::Quoted { path, .. } if names_an_owner(path) => return None,
        Operand::Path(path) => path,
        // Where the name is missing it is the text itself.
        Operand::Quoted { text, .. } if any_of.contains(&Mark::Text(text.clone())) => return None,
        Operand::Quoted { path, .. } => path,
    };
    is_whole.then(|| Needs { path: path.clone(), any_of })
}

#[cfg(test)]
mod tests {
    use super::super::Expression;

    fn needs(text: &str) -> Option<(String, usize)> {
        let needs = Expression::parse(text).unwrap().needs()?;
        Some((needs.path.to_string(), needs.any_of.len()))
    }

    #[test]
    fn needs_of_an_expression_are_read_off_its_tree() {
        for (text, path, marks) in [
            ("a.b == 'x'", "a.b", 1),
            ("'x' == a", "a", 1),
            ("'a' == 'x'", "a", 1),
            ("skills HAS 'x'", "skills", 1),
            ("'x' IN skills", "skills", 1),
            ("region IN ['eu', 'us', 'eu']", "region", 2),
            ("level > 3 AND skills HAS 'x' AND a == 1", "skills", 1),
            ("a == 1 OR a == 2 OR a IN [3]", "a", 3),
            ("a == 0 OR a == -0.0", "a", 1),
        ] {
            assert_eq!(needs(text), Some((path.to_owned(), marks)), "{text}");
        }
        for text in [
            "1==1",
            "a == null",
            "a == b",
            "a != 1",
            "NOT a == 1",
            "a == 1 OR b == 1",
            "a == 1 OR c > 1",
            "a IN ['x', null]",
            "'a' == 'a'",
            "'a' IN ['a', 'b']",
            "task.a == 1",
            "worker.skills HAS 'x'",
        ] {
            assert_eq!(needs(text), None, "{text}");
        }
    }
}
