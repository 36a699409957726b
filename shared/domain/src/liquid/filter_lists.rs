//! Filters of lists. A value that is no list is a list of itself, and nothing is an empty one.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::given::Given;
use super::node::Comparison;
use super::number::Num;
use super::value::{compares, is_same, is_true, member, text};

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(all) => all,
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}

/// What a list is looked at by: its members, or what they have under a name.
fn by(one: &Value, name: &Value) -> Value {
    match name.as_str() {
        Some(name) => member(one, name),
        None => one.clone(),
    }
}

pub(super) fn compact(value: Value, given: &Given<'_>) -> Value {
    list(value).into_iter().filter(|one| !by(one, given.at(0)).is_null()).collect()
}

pub(super) fn concat(value: Value, given: &Given<'_>) -> Value {
    list(value).into_iter().chain(list(given.at(0).clone())).collect()
}

pub(super) fn first(value: Value, _: &Given<'_>) -> Value {
    member(&value, "first")
}

pub(super) fn last(value: Value, _: &Given<'_>) -> Value {
    match value {
        Value::Array(all) => all.last().cloned().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Value::Null
        }
    }
}

pub(super) fn join(value: Value, given: &Given<'_>) -> Value {
    let between = if given.arguments.is_empty() { " ".to_owned() } else { given.text(0) };
    let all: Vec<String> = list(value).iter().map(text).collect();
    Value::String(all.join(&between))
}

pub(super) fn map(value: Value, given: &Given<'_>) -> Value {
    list(value).iter().map(|one| by(one, given.at(0))).collect()
}

/// Those that have a value under a name, or that have something there.
pub(super) fn filter_where(value: Value, given: &Given<'_>) -> Value {
    list(value).into_iter().filter(|one| is_wanted(one, given)).collect()
}

/// Those that do not.
pub(super) fn reject(value: Value, given: &Given<'_>) -> Value {
    list(value).into_iter().filter(|one| !is_wanted(one, given)).collect()
}

fn is_wanted(one: &Value, given: &Given<'_>) -> bool {
    let found = by(one, given.at(0));
    match given.arguments.get(1) {
        Some(wanted) => is_same(&found, wanted),
        None => is_true(&found),
    }
}

pub(super) fn reverse(value: Value, _: &Given<'_>) -> Value {
    list(value).into_iter().rev().collect()
}

pub(super) fn size(value: Value, _: &Given<'_>) -> Value {
    let found = member(&value, "size");
    if found.is_null() { json!(0) } else { found }
}

/// A part of a text or list: from where, from the end if negative, and how many, else one.
pub(super) fn slice(value: Value, given: &Given<'_>) -> Value {
    let (from, count) = (given.whole(0).unwrap_or(0), given.whole(1).unwrap_or(1));
    let count = usize::try_from(count).unwrap_or(0);
    let start = |length: usize| match usize::try_from(from) {
        Ok(from) => Some(from),
        Err(_) => length.checked_sub(usize::try_from(from.unsigned_abs()).ok()?),
    };
    if let Value::Array(all) = value {
        return match start(all.len()) {
            Some(from) => all.into_iter().skip(from).take(count).collect(),
            None => json!([]),
        };
    }
    let text = text(&value);
    let from = start(text.chars().count());
    let part = |from| text.chars().skip(from).take(count).collect();
    Value::String(from.map_or_else(String::new, part))
}

/// Numbers before texts, nothing last.
fn order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::Bool(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) | Value::Object(_) => 3,
        Value::Null => 4,
    };
    if compares(left, Comparison::Less, right) {
        Ordering::Less
    } else if compares(left, Comparison::Greater, right) {
        Ordering::Greater
    } else {
        rank(left).cmp(&rank(right))
    }
}

pub(super) fn sort(value: Value, given: &Given<'_>) -> Value {
    let mut all = list(value);
    all.sort_by(|left, right| order(&by(left, given.at(0)), &by(right, given.at(0))));
    Value::Array(all)
}

/// Without looking at capitals.
pub(super) fn sort_natural(value: Value, given: &Given<'_>) -> Value {
    let mut all = list(value);
    all.sort_by_cached_key(|one| {
        let found = by(one, given.at(0));
        (found.is_null(), text(&found).to_lowercase())
    });
    Value::Array(all)
}

pub(super) fn sum(value: Value, given: &Given<'_>) -> Value {
    let all = list(value);
    let numbers = all.iter().map(|one| by(one, given.at(0)));
    numbers.fold(json!(0), |sum, one| Num::of(&sum).plus(Num::of(&one)))
}

pub(super) fn uniq(value: Value, given: &Given<'_>) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    let is_new = |one: &Value| {
        let found = by(one, given.at(0));
        let is_new = !seen.iter().any(|known| is_same(known, &found));
        if is_new {
            seen.push(found);
        }
        is_new
    };
    list(value).into_iter().filter(is_new).collect()
}
