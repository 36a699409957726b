//! Named parameters of a form or a query: repeated names, dotted names, and typed readings of them.

use std::str::FromStr;

use serde_json::Value;
use switchboard_domain::timestamp::Timestamp;

use crate::reply::ApiError;

/// Parameters in the order they came. Names are compared exactly; an empty value counts as given.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: `+` and `%20` are spaces.
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Reads the members of a JSON object as if they had been parameters.
    pub fn from_json(value: &Value) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut all = Vec::new();
        for (name, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Null => {}
                Value::Array(values) => {
                    all.extend(values.iter().map(|value| (name.clone(), text(value))));
                }
                other => all.push((name.clone(), text(other))),
            }
        }
        Self(all)
    }

    /// The last value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// All values of that name: a list of one looks like a single value.
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(given, _)| given == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    /// The last value of that name, which must be there and not be empty.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
    }

    /// Whether the name was given at all.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// `true` or `false`, in any case.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.get(name).map(|value| flag(name, value)).transpose()
    }

    /// A whole number within bounds.
    pub fn integer(&self, name: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
        let given = self.get(name).filter(|value| !value.is_empty());
        given.map(|value| integer(name, value, low, high)).transpose()
    }

    /// An identifier; empty counts as not given.
    pub fn sid<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let given = self.get(name).filter(|value| !value.is_empty());
        given.map(|value| sid_param(name, value)).transpose()
    }

    /// A point in time, ISO 8601.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let given = self.get(name).filter(|value| !value.is_empty());
        given.map(|value| instant(name, value)).transpose()
    }

    /// JSON in text, of at most so many characters; kept as it was written.
    pub fn json_text(&self, name: &str, chars_max: usize) -> Result<Option<String>, ApiError> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        if text.chars().count() > chars_max {
            return Err(invalid(name, &format!("is longer than {chars_max} characters")));
        }
        match serde_json::from_str::<Value>(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(error) => Err(invalid(
                name,
                &format!("is not valid JSON: line {}, column {}", error.line(), error.column()),
            )),
        }
    }

    /// A JSON value in text.
    pub fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let given = self.get(name).filter(|text| !text.is_empty());
        given
            .map(|text| {
                serde_json::from_str(text).map_err(|error| {
                    let place = format!("line {}, column {}", error.line(), error.column());
                    invalid(name, &format!("is not valid JSON: {place}"))
                })
            })
            .transpose()
    }

    /// Text of at most so many characters.
    pub fn text(&self, name: &str, chars_max: usize) -> Result<Option<String>, ApiError> {
        match self.get(name) {
            Some(text) if text.chars().count() > chars_max => {
                Err(invalid(name, &format!("is longer than {chars_max} characters")))
            }
            given => Ok(given.map(str::to_owned)),
        }
    }

    /// Every name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::bad(format!("Missing required parameter {name} in the post body"))
}

fn invalid(name: &str, why: &str) -> ApiError {
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

/// A whole number within bounds.
pub fn integer(name: &str, value: &str, low: i64, high: i64) -> Result<i64, ApiError> {
    let number: Option<i64> = value.trim().parse().ok();
    let within = number.filter(|number| (low..=high).contains(number));
    within.ok_or_else(|| invalid(name, &format!("must be a whole number from {low} to {high}")))
}

/// An identifier.
pub fn sid_param<T: FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| invalid(name, "is not an identifier of the right kind"))
}

/// A point in time, ISO 8601.
pub fn instant(name: &str, value: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse_iso(value).ok_or_else(|| invalid(name, "is not an ISO 8601 date"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        let name = prop_oneof!["[AB]", "[A-C]\\.[A-C]", any::<String>()];
        prop::collection::vec((name, any::<String>()), 0..8)
    }

    proptest! {
        #[test]
        fn what_a_form_says_is_read_in_its_order_and_the_last_of_a_name_counts(pairs in pairs()) {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let params = Params::parse(form.extend_pairs(&pairs).finish().as_bytes());
            let read: Vec<(String, String)> =
                params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(&read, &pairs);
            for (name, _) in &pairs {
                let named = pairs.iter().filter(|(given, _)| given == name);
                let values: Vec<String> = named.map(|(_, value)| value.clone()).collect();
                prop_assert_eq!(params.get(name), values.last().map(String::as_str));
                prop_assert_eq!(params.all(name), values);
            }
        }

        #[test]
        fn any_bytes_are_parameters_whose_typed_readings_answer_or_refuse(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "(A=[0-9+%&=a-zA-Z:.{}\\[\\]\"-]{0,30}&?){0,4}".prop_map(String::into_bytes),
            ],
        ) {
            let params = Params::parse(&bytes);
            let length: usize = params.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(length <= 3 * bytes.len(), "a replaced byte is three at most");
            let refusals = [
                params.flag("A").err(),
                params.integer("A", -5, 5).err(),
                params.sid::<switchboard_domain::sid::TaskSid>("A").err(),
                params.instant("A").err(),
                params.json("A").err(),
                params.json_text("A", 20).err(),
                params.text("A", 20).err(),
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
            let params = Params(vec![("A".to_owned(), bomb)]);
            assert_eq!(params.json("A").unwrap_err().status, 400);
            assert_eq!(params.json_text("A", usize::MAX).unwrap_err().status, 400);
        }
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        let params = Params::from_json(&json!({ "A": deep }));
        assert_eq!(params.get("A"), Some(deep[0].to_string().as_str()));
    }

    #[test]
    fn both_sdks_ways_of_writing_a_space_are_read() {
        let params = Params::parse(b"A=a%20b&B=a+b&C=1&C=2&D=");
        assert_eq!(params.get("A"), params.get("B"));
        assert_eq!(params.all("C"), ["1", "2"]);
        assert_eq!(params.get("D"), Some(""));
        assert!(params.required("D").is_err());
    }

    #[test]
    fn json_in_a_parameter_is_kept_as_written_or_refused_with_its_place() {
        let params = Params::parse(b"A=%7B%22b%22%3A%20%201%7D&B=%7B");
        assert_eq!(params.json_text("A", 100).unwrap().unwrap(), r#"{"b":  1}"#);
        assert!(params.json_text("B", 100).is_err());
        assert!(params.json_text("A", 3).is_err());
    }
}
