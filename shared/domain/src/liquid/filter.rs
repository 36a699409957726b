//! The filters, each in one line that leads to what it does.

use serde_json::Value;

use super::given::Given;
use super::number::Num;
use super::value::{is_empty, is_true, text};
use super::{date, filter_lists as lists, filter_texts as texts};

type Does = fn(Value, &Given<'_>) -> Value;

/// All of them. Whoever wants another one adds a line.
const FILTERS: &[(&str, Does)] = &[
    ("abs", |it, _| Num::of(&it).abs()),
    ("append", |it, given| Value::String(text(&it) + &given.text(0))),
    ("at_least", |it, given| of_two(&it, given, f64::max)),
    ("at_most", |it, given| of_two(&it, given, f64::min)),
    ("base64_decode", texts::base64_decode),
    ("base64_encode", texts::base64_encode),
    ("capitalize", texts::capitalize),
    ("ceil", |it, _| Num::of(&it).ceil()),
    ("compact", lists::compact),
    ("concat", lists::concat),
    ("date", dated),
    ("default", default),
    ("divided_by", |it, given| Num::of(&it).divided_by(Num::of(given.at(0)))),
    ("downcase", |it, _| Value::String(text(&it).to_lowercase())),
    ("escape", texts::escape),
    ("escape_once", texts::escape_once),
    ("first", lists::first),
    ("floor", |it, _| Num::of(&it).floor()),
    ("join", lists::join),
    ("json", |it, _| Value::String(it.to_string())),
    ("last", lists::last),
    ("lstrip", |it, _| Value::String(text(&it).trim_start().to_owned())),
    ("map", lists::map),
    ("minus", |it, given| Num::of(&it).minus(Num::of(given.at(0)))),
    ("modulo", |it, given| Num::of(&it).modulo(Num::of(given.at(0)))),
    ("newline_to_br", texts::newline_to_br),
    ("plus", |it, given| Num::of(&it).plus(Num::of(given.at(0)))),
    ("prepend", |it, given| Value::String(given.text(0) + &text(&it))),
    ("reject", lists::reject),
    ("remove", texts::remove),
    ("remove_first", texts::remove_first),
    ("remove_last", texts::remove_last),
    ("replace", texts::replace),
    ("replace_first", texts::replace_first),
    ("replace_last", texts::replace_last),
    ("reverse", lists::reverse),
    ("round", |it, given| Num::of(&it).round(given.whole(0).unwrap_or(0))),
    ("rstrip", |it, _| Value::String(text(&it).trim_end().to_owned())),
    ("size", lists::size),
    ("slice", lists::slice),
    ("sort", lists::sort),
    ("sort_natural", lists::sort_natural),
    ("split", texts::split),
    ("strip", |it, _| Value::String(text(&it).trim().to_owned())),
    ("strip_html", texts::strip_html),
    ("strip_newlines", |it, _| Value::String(text(&it).replace(['\r', '\n'], ""))),
    ("sum", lists::sum),
    ("times", |it, given| Num::of(&it).times(Num::of(given.at(0)))),
    ("to_json", |it, _| Value::String(it.to_string())),
    ("truncate", texts::truncate),
    ("truncatewords", texts::truncate_words),
    ("uniq", lists::uniq),
    ("upcase", |it, _| Value::String(text(&it).to_uppercase())),
    ("url_decode", texts::url_decode),
    ("url_encode", texts::url_encode),
    ("where", lists::filter_where),
];

fn found(name: &str) -> Option<Does> {
    let place = FILTERS.binary_search_by_key(&name, |(known, _)| known).ok()?;
    FILTERS.get(place).map(|(_, does)| *does)
}

/// Whether there is a filter of that name.
pub(super) fn is_filter(name: &str) -> bool {
    found(name).is_some()
}

/// What a filter makes of a value; one that nobody knows leaves it as it is.
pub(super) fn filtered(name: &str, value: Value, given: &Given<'_>) -> Value {
    match found(name) {
        Some(does) => does(value, given),
        None => value,
    }
}

/// What stands in for nothing, false and whatever is empty; with `allow_false: true` false stays.
fn default(value: Value, given: &Given<'_>) -> Value {
    let stays = value == Value::Bool(false) && given.named("allow_false").is_some_and(is_true);
    if stays || (is_true(&value) && !is_empty(&value)) { value } else { given.at(0).clone() }
}

fn dated(value: Value, given: &Given<'_>) -> Value {
    let pattern = given.text(0);
    match date::read(&value, given.now) {
        Some(time) if !pattern.is_empty() => Value::String(date::printed(time, &pattern)),
        Some(_) | None => value,
    }
}

fn of_two(value: &Value, given: &Given<'_>, which: fn(f64, f64) -> f64) -> Value {
    let (left, right) = (Num::of(value), Num::of(given.at(0)));
    let wanted = which(left.float(), right.float());
    if (left.float() - wanted).abs() < f64::EPSILON { left.value() } else { right.value() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_stand_in_order_so_each_is_found() {
        assert!(FILTERS.iter().all(|(name, _)| is_filter(name)));
        assert!(FILTERS.is_sorted_by_key(|(name, _)| name));
    }
}
