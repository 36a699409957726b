//! Values as expressions see them, and what each operator makes of two of them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

/// A value an expression can meet.
#[derive(Debug, Clone)]
pub enum Term<'a> {
    /// Null, or nothing there.
    Null,
    /// True or false.
    Truth(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// An array.
    List(&'a [Value]),
    /// An object, which equals nothing.
    Object,
}

/// A number, exact where JSON's is.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Any integer JSON attributes can carry here.
    Integer(i128),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The integer this is, if it is whole.
    pub fn whole(self) -> Option<i128> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Float(float) => (float.fract() == 0.0).then_some(float as i128),
        }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => Some(left.cmp(&right)),
            (left, right) => left.float().partial_cmp(&right.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

impl<'a> From<&'a Value> for Term<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Truth(*truth),
            Value::Number(number) => match number.as_i128() {
                Some(integer) => Self::Number(Number::Integer(integer)),
                None => Self::Number(Number::Float(number.as_f64().unwrap_or(f64::NAN))),
            },
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(items) => Self::List(items),
            Value::Object(_) => Self::Object,
        }
    }
}

impl<'a> From<Option<&'a Value>> for Term<'a> {
    fn from(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl Term<'_> {
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Truth(left), Self::Truth(right)) => left == right,
            (left, right) => left.order(right) == Some(Ordering::Equal),
        }
    }

    /// Numbers by size and texts by their characters; nothing else has an order.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.order(*right),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (_, _) => None,
        }
    }

    /// Whether `item` is among these, of which null has none; `None` where this is no list or the item is no scalar.
    fn has(&self, item: &Self) -> Option<bool> {
        let items = match self {
            Self::List(items) => *items,
            Self::Null => &[],
            Self::Truth(_) | Self::Number(_) | Self::Text(_) | Self::Object => return None,
        };
        match item {
            Self::List(_) | Self::Object => None,
            item @ (Self::Null | Self::Truth(_) | Self::Number(_) | Self::Text(_)) => {
                Some(items.iter().any(|listed| Term::from(listed).equals(item)))
            }
        }
    }
}

/// What compares two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
    Has,
    NotHas,
    In,
    NotIn,
}

impl Operator {
    pub(super) fn holds(self, left: &Term<'_>, right: &Term<'_>) -> bool {
        match self {
            Self::Equal => left.equals(right),
            Self::NotEqual => match (left, right) {
                (Term::Null, other) | (other, Term::Null) => !matches!(other, Term::Null),
                (Term::List(_), _) | (_, Term::List(_)) => false,
                (left, right) => !left.equals(right),
            },
            Self::Greater => left.order(right).is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => left.order(right).is_some_and(Ordering::is_ge),
            Self::Less => left.order(right).is_some_and(Ordering::is_lt),
            Self::LessOrEqual => left.order(right).is_some_and(Ordering::is_le),
            Self::Contains => match (left, right) {
                (Term::Text(text), Term::Text(part)) => text.contains(&**part),
                (_, _) => false,
            },
            Self::Has => left.has(right) == Some(true),
            Self::NotHas => left.has(right) == Some(false),
            Self::In => right.has(left) == Some(true),
            Self::NotIn => right.has(left) == Some(false),
        }
    }

    pub(super) fn spelling(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Contains => "CONTAINS",
            Self::Has => "HAS",
            Self::NotHas => "NOT HAS",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
        }
    }
}
