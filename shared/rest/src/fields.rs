//! Readings of parameters: what a value stands for, and the words in which a wrong one is refused.
//!
//! All products read through these. A product adds its limits and, where it publishes a code of its own for a
//! mistake, the code.

use std::str::FromStr;

use serde_json::Value;
use switchboard_domain::timestamp::Timestamp;
use url::Url;

use crate::page::Order;
use crate::params::Params;
use crate::reply::ApiError;

/// The longest URL, in characters.
pub const URL_CHARS_MAX: usize = 2048;

/// What is to be done where something else than JSON was given. Client libraries send the names of an object's members,
/// or `[object Object]`, in its place.
pub const AS_TEXT: &str = "give an object as JSON text (JSON.stringify, json.dumps)";

/// A field of an update: not given, emptied, or set.
pub type Patch<T> = Option<Option<T>>;

/// 400 for a parameter that has to be given.
pub fn missing(name: &str) -> ApiError {
    ApiError::bad(format!("Missing required parameter {name} in the post body"))
}

/// 400 for a parameter with a wrong value.
pub fn invalid(name: &str, why: &str) -> ApiError {
    ApiError::bad(format!("Invalid parameter: {name} {why}"))
}

/// `true` or `false`, in any case.
pub fn flag(name: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(invalid(name, "must be true or false")),
    }
}

/// `true`, `1` or `yes`, and their opposites, in any case, where the product reads a flag so.
pub fn affirmed(name: &str, value: &str) -> Result<bool, ApiError> {
    let is_one_of = |words: [&str; 3]| words.iter().any(|it| it.eq_ignore_ascii_case(value.trim()));
    match value {
        _ if is_one_of(["true", "1", "yes"]) => Ok(true),
        _ if is_one_of(["false", "0", "no"]) => Ok(false),
        _ => Err(invalid(name, "must be true or false")),
    }
}

/// A whole number within bounds.
pub fn integer(name: &str, value: &str, low: i64, high: i64) -> Result<i64, ApiError> {
    let number: Option<i64> = value.trim().parse().ok();
    let within = number.filter(|number| (low..=high).contains(number));
    within.ok_or_else(|| invalid(name, &format!("must be a whole number from {low} to {high}")))
}

/// An identifier of the kind that is asked for.
pub fn sid<T: FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| invalid(name, "is not an identifier of the right kind"))
}

/// A point in time, ISO 8601.
pub fn instant(name: &str, value: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse_iso(value).ok_or_else(|| invalid(name, "is not an ISO 8601 date"))
}

/// One of a few words, in any case.
pub fn one_of<T: Copy>(
    name: &str,
    value: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, ApiError> {
    let found = all.iter().find(|one| word(**one).eq_ignore_ascii_case(value));
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
        invalid(name, &format!("must be one of {}", words.join(", ")))
    })
}

/// Whether this is an identifier with these two letters, for kinds that have no type.
pub fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether this is an absolute http or https URL that can be called. What the parser would mend in silence, such as
/// spaces or missing slashes, makes it none: it is kept and signed as it was written.
pub fn is_web_url(text: &str) -> bool {
    let as_written = !text.contains(|one: char| one.is_whitespace() || one.is_control())
        && !text.contains('\\')
        && text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    as_written
        && text.chars().count() <= URL_CHARS_MAX
        && Url::parse(text).is_ok_and(|url| is_web(&url))
}

/// How long text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// In bytes of UTF-8.
    Bytes(usize),
    /// In characters.
    Chars(usize),
}

impl Longest {
    /// Whether a text is longer.
    pub fn is_exceeded(self, text: &str) -> bool {
        match self {
            Self::Bytes(max) => text.len() > max,
            Self::Chars(max) => text.chars().count() > max,
        }
    }
}

/// Why text is not the JSON that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotJson {
    /// It is too long.
    TooLong(Longest),
    /// It breaks off, or is malformed, at this place.
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is something else than an object.
    NoObject,
}

impl NotJson {
    /// 400 for a parameter that is none.
    pub fn of(self, name: &str) -> ApiError {
        match self {
            Self::TooLong(Longest::Bytes(max)) => {
                invalid(name, &format!("is longer than {max} bytes"))
            }
            Self::TooLong(Longest::Chars(max)) => {
                invalid(name, &format!("is longer than {max} characters"))
            }
            Self::Malformed { line, column } => {
                let place = format!("line {line}, column {column}");
                invalid(name, &format!("is not valid JSON: {place}; {AS_TEXT}"))
            }
            Self::NoObject => invalid(name, &format!("must be a JSON object; {AS_TEXT}")),
        }
    }
}

/// Any JSON, of a bounded length.
pub fn json(text: &str, longest: Longest) -> Result<Value, NotJson> {
    if longest.is_exceeded(text) {
        return Err(NotJson::TooLong(longest));
    }
    let place = |error: serde_json::Error| NotJson::Malformed {
        line: error.line(),
        column: error.column(),
    };
    serde_json::from_str(text).map_err(place)
}

/// A JSON object, of a bounded length.
pub fn json_object(text: &str, longest: Longest) -> Result<Value, NotJson> {
    json(text, longest).and_then(|value| match value.is_object() {
        true => Ok(value),
        false => Err(NotJson::NoObject),
    })
}

impl Params {
    /// The last value of that name, which must be there and not be empty.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.given(name).ok_or_else(|| missing(name))
    }

    /// `true` or `false`, in any case.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.get(name).map(|value| flag(name, value)).transpose()
    }

    /// A flag; empty counts as not given.
    pub fn flag_given(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.given(name).map(|value| flag(name, value)).transpose()
    }

    /// A flag that the product reads as [`affirmed`]; empty counts as not given.
    pub fn affirmed(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.given(name).map(|value| affirmed(name, value)).transpose()
    }

    /// A whole number within bounds.
    pub fn integer(&self, name: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
        self.given(name).map(|value| integer(name, value, low, high)).transpose()
    }

    /// An identifier; empty counts as not given.
    pub fn sid<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.given(name).map(|value| sid(name, value)).transpose()
    }

    /// A point in time, ISO 8601.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.given(name).map(|value| instant(name, value)).transpose()
    }

    /// JSON in text, of at most this many characters; kept as it was written.
    pub fn json_text(&self, name: &str, chars_max: usize) -> Result<Option<String>, ApiError> {
        let read = |text: &str| match json(text, Longest::Chars(chars_max)) {
            Ok(_) => Ok(text.to_owned()),
            Err(why) => Err(why.of(name)),
        };
        self.given(name).map(read).transpose()
    }

    /// A JSON value in text.
    pub fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let read = |text: &str| json(text, Longest::Bytes(usize::MAX)).map_err(|why| why.of(name));
        self.given(name).map(read).transpose()
    }

    /// A JSON object in text, kept as it was written; the empty text is the empty object.
    pub fn object(&self, name: &str, longest: Longest) -> Result<Option<String>, ApiError> {
        let read = |text: &str| match text {
            "" => Ok("{}".to_owned()),
            text => match json_object(text, longest) {
                Ok(_) => Ok(text.to_owned()),
                Err(why) => Err(why.of(name)),
            },
        };
        self.get(name).map(read).transpose()
    }

    /// Text of at most this many characters.
    pub fn text(&self, name: &str, chars_max: usize) -> Result<Option<String>, ApiError> {
        let longest = Longest::Chars(chars_max);
        match self.get(name) {
            Some(text) if longest.is_exceeded(text) => Err(NotJson::TooLong(longest).of(name)),
            given => Ok(given.map(str::to_owned)),
        }
    }

    /// A name of at most so many characters, if one is given; it cannot be emptied.
    pub fn name(&self, name: &str, chars_max: usize) -> Result<Option<String>, ApiError> {
        match self.text(name, chars_max)? {
            Some(text) if text.trim().is_empty() => Err(invalid(name, "must not be empty")),
            given => Ok(given),
        }
    }

    /// An absolute URL; the empty text takes it away.
    pub fn url(&self, name: &str) -> Result<Patch<String>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some("") => Ok(Some(None)),
            Some(text) if is_web_url(text) => Ok(Some(Some(text.to_owned()))),
            Some(_) => Err(invalid(name, "is not an absolute http or https URL")),
        }
    }

    /// `Attribute:asc` or `Attribute:desc`: the attribute, one of those given, and the order.
    pub fn ordering<'a>(
        &self,
        name: &str,
        attributes: &[&'a str],
    ) -> Result<Option<(&'a str, Order)>, ApiError> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        let (attribute, direction) = text.split_once(':').unwrap_or((text, "asc"));
        let known = attributes.iter().find(|known| known.eq_ignore_ascii_case(attribute.trim()));
        match (known, Order::parse(direction.trim())) {
            (Some(known), Some(order)) => Ok(Some((known, order))),
            _ => {
                let names = attributes.join(", ");
                Err(invalid(name, &format!("must be one of {names}, with :asc or :desc behind it")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn form(text: &str) -> Params {
        Params::parse(text.as_bytes())
    }

    proptest! {
        #[test]
        fn any_bytes_are_parameters_whose_typed_readings_answer_or_refuse(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "(A=[0-9+%&=a-zA-Z:.{}\\[\\]\"/-]{0,30}&?){0,4}".prop_map(String::into_bytes),
            ],
        ) {
            let params = Params::parse(&bytes);
            let length: usize = params.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(length <= 3 * bytes.len(), "a replaced byte is three at most");
            let refusals = [
                params.flag("A").err(),
                params.affirmed("A").err(),
                params.integer("A", -5, 5).err(),
                params.sid::<switchboard_domain::sid::TaskSid>("A").err(),
                params.instant("A").err(),
                params.json("A").err(),
                params.json_text("A", 20).err(),
                params.object("A", Longest::Bytes(20)).err(),
                params.text("A", 20).err(),
                params.name("A", 20).err(),
                params.url("A").err(),
                params.ordering("A", &["Date"]).err(),
                params.required("A").err(),
            ];
            for refusal in refusals.into_iter().flatten() {
                prop_assert_eq!(refusal.status, 400);
            }
            if let Ok(Some(number)) = params.integer("A", -5, 5) {
                prop_assert!((-5..=5).contains(&number));
            }
        }
    }

    #[test]
    fn json_that_is_nested_without_end_is_refused() {
        for bomb in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            let params = Params::of([("A".to_owned(), bomb)]);
            assert_eq!(params.json("A").unwrap_err().status, 400);
            assert_eq!(params.json_text("A", usize::MAX).unwrap_err().status, 400);
        }
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        let params = Params::from_json(&json!({ "A": deep }));
        assert_eq!(params.get("A"), Some(deep[0].to_string().as_str()));
    }

    #[test]
    fn json_in_a_parameter_is_kept_as_written_or_refused_with_its_place() {
        let params = form("A=%7B%22b%22%3A%20%201%7D&B=%7B");
        assert_eq!(params.json_text("A", 100).unwrap().unwrap(), r#"{"b":  1}"#);
        let refused = params.json_text("B", 100).unwrap_err();
        let told = format!("line 1, column 1; {AS_TEXT}");
        assert!(refused.message.ends_with(&told), "{}", refused.message);
        assert!(params.json_text("A", 3).is_err());
    }

    #[test]
    fn an_object_is_kept_as_written() {
        let read = |text: &str| form(text).object("A", Longest::Chars(20));
        assert_eq!(read("A=%7B%22b%22%3A%20%201%7D").unwrap().unwrap(), r#"{"b":  1}"#);
        assert_eq!(read("A=").unwrap().unwrap(), "{}");
        assert_eq!(read("").unwrap(), None);
        for wrong in ["A=%5B%5D", "A=1", "A=%7B", "A=%7B%22a%22%3A%22xxxxxxxxxxxxxxxx%22%7D"] {
            assert_eq!(read(wrong).unwrap_err().code, 20001, "{wrong}");
        }
    }

    #[test]
    fn a_url_is_absolute_and_can_be_called_as_it_is_written() {
        let long = |chars: usize| format!("https://example.com/{}", "a".repeat(chars - 20));
        for right in [
            "https://example.com/a#rc=2",
            "HTTP://EXAMPLE.COM",
            "http://127.0.0.1:8080/?a=b",
            "https://[::1]/",
            "https://user:pass@example.com/%20",
            &long(URL_CHARS_MAX),
        ] {
            assert!(is_web_url(right), "{right}");
        }
        for wrong in [
            "",
            "ftp://example.com",
            "/path",
            "example.com",
            "http://",
            "http:example.com",
            "http:///example.com",
            "https://exa mple.com/",
            " https://example.com",
            "https://example.com/a\nb",
            "https:\\\\example.com",
            "https://example.com:99999/",
            "https://[::1/",
            &long(URL_CHARS_MAX + 1),
        ] {
            assert!(!is_web_url(wrong), "{wrong}");
        }
        assert_eq!(form("U=").url("U").unwrap(), Some(None));
        assert_eq!(form("").url("U").unwrap(), None);
        assert_eq!(form("U=%2Fpath").url("U").unwrap_err().code, 20001);
    }

    #[test]
    fn junk_is_no_flag() {
        for junk in ["maybe", "2", "", "on", "truee", "tru", "null", "✓"] {
            assert_eq!(flag("F", junk).unwrap_err().code, 20001, "{junk}");
            assert_eq!(affirmed("F", junk).unwrap_err().code, 20001, "{junk}");
        }
        assert_eq!((flag("F", "TRUE"), flag("F", "False")), (Ok(true), Ok(false)));
        assert_eq!((affirmed("F", "Yes"), affirmed("F", "0")), (Ok(true), Ok(false)));
    }

    #[test]
    fn an_ordering_is_read_in_any_case_and_ascends_unless_it_says_otherwise() {
        let read = |text: &str| form(text).ordering("Ordering", &["DateCreated", "Priority"]);
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("Ordering=priority:DESC").unwrap(), Some(("Priority", Order::Descending)));
        assert_eq!(read("Ordering=DateCreated").unwrap(), Some(("DateCreated", Order::Ascending)));
        assert!(read("Ordering=Age:asc").is_err());
        assert!(read("Ordering=Priority:up").is_err());
    }

    #[test]
    fn a_word_is_one_of_a_few_in_any_case() {
        let read = |text: &str| one_of("Color", text, &["red", "blue"], |word| word);
        assert_eq!(read("RED"), Ok("red"));
        assert!(read("green").unwrap_err().message.ends_with("must be one of red, blue"));
    }
}
