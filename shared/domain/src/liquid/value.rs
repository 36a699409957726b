//! How values are printed, compared and looked up.

use serde_json::{Number, Value, json};

use super::node::Comparison;
use super::number::{compared, printed};

/// As it is printed: nothing as nothing, a list as its members one after the other, a hash as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => printed(number),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect(),
        Value::Object(_) => value.to_string(),
    }
}

/// Whether a condition takes it for true: all but nothing and false.
pub(super) fn is_true(value: &Value) -> bool {
    !value.is_null() && *value != Value::Bool(false)
}

/// Whether it is an empty text, list or hash.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether it is empty, nothing, false or white space.
pub(super) fn is_blank(value: &Value) -> bool {
    !is_true(value) || is_empty(value) || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether two values are the same: of one kind, numbers by their size.
pub(super) fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compared(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| is_same(a, b))
        }
        (left, right) => left == right,
    }
}

/// Whether a comparison holds. What is of different kinds is neither smaller nor larger.
pub(super) fn compares(left: &Value, how: Comparison, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(compared(left, right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (_, _) => None,
    };
    match how {
        Comparison::Equal => is_same(left, right),
        Comparison::Unequal => !is_same(left, right),
        Comparison::Less => order.is_some_and(|it| it.is_lt()),
        Comparison::AtMost => order.is_some_and(|it| it.is_le()),
        Comparison::Greater => order.is_some_and(|it| it.is_gt()),
        Comparison::AtLeast => order.is_some_and(|it| it.is_ge()),
        Comparison::Contains => contains(left, right),
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match whole {
        Value::String(whole) => !part.is_null() && whole.contains(&text(part)),
        Value::Array(all) => all.iter().any(|one| is_same(one, part)),
        Value::Object(all) => part.as_str().is_some_and(|key| all.contains_key(key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a value has under a name; nothing if it has none.
pub(super) fn member(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(all) => match (all.get(name), name) {
            (Some(found), _) => found.clone(),
            (None, "size") => json!(all.len()),
            (None, "first") => all.iter().next().map_or(Value::Null, |(key, it)| json!([key, it])),
            (None, _) => Value::Null,
        },
        Value::Array(all) => match name {
            "size" => json!(all.len()),
            "first" => all.first().cloned().unwrap_or_default(),
            "last" => all.last().cloned().unwrap_or_default(),
            _ => Value::Null,
        },
        Value::String(text) if name == "size" => json!(text.chars().count()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
    }
}

/// What a value has at what another one is: a list by a place, from the end if it is negative.
pub(super) fn at(value: &Value, index: &Value) -> Value {
    match (value, index) {
        (Value::Array(all), Value::Number(number)) => {
            place(number, all.len()).and_then(|at| all.get(at)).cloned().unwrap_or_default()
        }
        (value, Value::String(name)) => member(value, name),
        (_, _) => Value::Null,
    }
}

/// A place in a list of that length, from the end if it is negative.
fn place(number: &Number, length: usize) -> Option<usize> {
    let number = number.as_i64()?;
    match usize::try_from(number) {
        Ok(place) => Some(place),
        Err(_) => length.checked_sub(usize::try_from(number.unsigned_abs()).ok()?),
    }
}

/// How much it is, in bytes, as far as that matters.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(|one| weight(one) + 8).sum(),
        Value::Object(all) => all.iter().map(|(key, one)| key.len() + weight(one) + 8).sum(),
    }
}
