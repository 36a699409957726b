//! Arithmetic as it is documented: whole numbers stay whole, division and remainder go down, halves are rounded away from zero.

use std::cmp::Ordering;

use serde_json::{Number, Value, json};

/// A number, whole or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Num {
    /// Whole.
    Whole(i64),
    /// With a fraction.
    Broken(f64),
}

impl Num {
    /// A value as a number; a text that is none is zero.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::from(number),
            Value::String(text) => Self::read(text.trim()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Self::Whole(0),
        }
    }

    /// The number at the beginning of a text.
    fn read(text: &str) -> Self {
        let is_part = |(at, one): &(usize, char)| {
            one.is_ascii_digit() || *one == '.' || (*at == 0 && *one == '-')
        };
        let end = text.char_indices().take_while(is_part).count();
        let text = &text[..end];
        match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => Self::Whole(whole),
            (Err(_), Ok(broken)) => Self::Broken(broken),
            (Err(_), Err(_)) => Self::Whole(0),
        }
    }

    pub(super) fn float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a mixed sum is a fraction")]
            Self::Whole(whole) => whole as f64,
            Self::Broken(broken) => broken,
        }
    }

    pub(super) fn value(self) -> Value {
        match self {
            Self::Whole(whole) => json!(whole),
            Self::Broken(broken) => json!(tidy(broken)),
        }
    }

    /// Both of them by whole arithmetic if they are whole and it fits, else by that of fractions.
    fn with(
        self,
        other: Self,
        whole: impl Fn(i64, i64) -> Option<i64>,
        broken: impl Fn(f64, f64) -> f64,
    ) -> Value {
        let exact = match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => whole(left, right),
            (_, _) => None,
        };
        match exact {
            Some(exact) => json!(exact),
            None => Self::Broken(broken(self.float(), other.float())).value(),
        }
    }

    pub(super) fn plus(self, other: Self) -> Value {
        self.with(other, i64::checked_add, |left, right| left + right)
    }

    pub(super) fn minus(self, other: Self) -> Value {
        self.with(other, i64::checked_sub, |left, right| left - right)
    }

    pub(super) fn times(self, other: Self) -> Value {
        self.with(other, i64::checked_mul, |left, right| left * right)
    }

    /// Down to a whole number if both are whole; nothing if by zero.
    pub(super) fn divided_by(self, other: Self) -> Value {
        match (self, other) {
            (_, Self::Whole(0)) => Value::Null,
            (Self::Whole(left), Self::Whole(right)) => {
                left.checked_div_euclid(right).map_or(Value::Null, |quotient| {
                    let rest = left.rem_euclid(right);
                    json!(quotient - i64::from(right < 0 && rest != 0))
                })
            }
            (_, _) => Self::Broken(self.float() / other.float()).value(),
        }
    }

    /// What is left; it has the sign of the divisor.
    pub(super) fn modulo(self, other: Self) -> Value {
        match (self, other) {
            (_, Self::Whole(0)) => Value::Null,
            (Self::Whole(left), Self::Whole(right)) => {
                let rest = left.checked_rem(right).unwrap_or_default();
                let is_off = rest != 0 && (rest < 0) != (right < 0);
                json!(if is_off { rest + right } else { rest })
            }
            (_, _) => {
                let (left, right) = (self.float(), other.float());
                Self::Broken(left - right * (left / right).floor()).value()
            }
        }
    }

    /// Halves away from zero; to so many places.
    pub(super) fn round(self, places: i64) -> Value {
        match (self, places) {
            (Self::Whole(whole), _) => json!(whole),
            (Self::Broken(broken), 1..=15) => {
                let scale = 10_f64.powi(i32::try_from(places).unwrap_or_default());
                // What is written as 1.005 is a little less in binary.
                Self::Broken(tidy(broken * scale).round() / scale).value()
            }
            (Self::Broken(broken), _) => whole(broken.round()),
        }
    }

    pub(super) fn floor(self) -> Value {
        match self {
            Self::Whole(one) => json!(one),
            Self::Broken(broken) => whole(broken.floor()),
        }
    }

    pub(super) fn ceil(self) -> Value {
        match self {
            Self::Whole(one) => json!(one),
            Self::Broken(broken) => whole(broken.ceil()),
        }
    }

    pub(super) fn abs(self) -> Value {
        match self {
            Self::Whole(whole) => json!(whole.saturating_abs()),
            Self::Broken(broken) => Self::Broken(broken.abs()).value(),
        }
    }
}

impl From<&Number> for Num {
    fn from(number: &Number) -> Self {
        match number.as_i64() {
            Some(whole) => Self::Whole(whole),
            None => Self::Broken(number.as_f64().unwrap_or_default()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole(broken: f64) -> Value {
    json!(broken as i64)
}

/// The shortest number that is this one to fifteen digits: a sum of 0.1 and 0.2 is 0.3, as decimal arithmetic has it.
fn tidy(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// As it is printed: a fraction keeps its point.
pub(super) fn printed(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(broken)) => format!("{broken:?}"),
        (None, None) => number.to_string(),
    }
}

/// Which is larger.
pub(super) fn compared(left: &Number, right: &Number) -> Ordering {
    match (Num::from(left), Num::from(right)) {
        (Num::Whole(left), Num::Whole(right)) => left.cmp(&right),
        (left, right) => left.float().partial_cmp(&right.float()).unwrap_or(Ordering::Equal),
    }
}
