//! What a filter is given.

use serde_json::Value;

use super::number::Num;
use super::value::text;
use crate::timestamp::Timestamp;

/// What a filter is given beside its input.
pub(super) struct Given<'a> {
    pub(super) arguments: &'a [Value],
    pub(super) named: &'a [(&'a str, Value)],
    pub(super) now: Timestamp,
}

impl Given<'_> {
    /// An argument; nothing if it is not there.
    pub(super) fn at(&self, place: usize) -> &Value {
        self.arguments.get(place).unwrap_or(&Value::Null)
    }

    /// An argument as a text.
    pub(super) fn text(&self, place: usize) -> String {
        text(self.at(place))
    }

    /// An argument as a whole number, if it is there.
    pub(super) fn whole(&self, place: usize) -> Option<i64> {
        match Num::of(self.arguments.get(place)?) {
            Num::Whole(whole) => Some(whole),
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            Num::Broken(broken) => Some(broken as i64),
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}
