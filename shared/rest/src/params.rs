//! Named parameters of a form or a query: repeated names, dotted names, and which of them were read.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::reply::ApiError;

/// Parameters in the order they came. Names are compared exactly; an empty value counts as given.
///
/// They note which of them were read: one that no handler reads would be accepted and dropped, so it is
/// refused ([`Params::nothing_else`]).
#[derive(Default)]
pub struct Params(Vec<Pair>);

struct Pair {
    name: String,
    value: String,
    is_read: AtomicBool,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: `+` and `%20` are spaces.
    pub fn parse(text: &[u8]) -> Self {
        Self::of(form_urlencoded::parse(text).into_owned())
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
        Self::of(all)
    }

    /// These names and values.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pair = |(name, value)| Pair { name, value, is_read: AtomicBool::new(false) };
        Self(pairs.into_iter().map(pair).collect())
    }

    /// The last value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.named(name).last()
    }

    /// The last value of that name, unless it is empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All values of that name: a list of one looks like a single value.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.named(name).map(str::to_owned).collect()
    }

    /// Whether the name was given at all.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Every name and value, in order. This reads none of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|pair| (pair.name.as_str(), pair.value.as_str()))
    }

    /// Refuses a parameter with a value that was not read until now.
    pub fn nothing_else(&self) -> Result<(), ApiError> {
        let is_left =
            |pair: &&Pair| !pair.value.is_empty() && !pair.is_read.load(Ordering::Relaxed);
        match self.0.iter().find(is_left) {
            Some(Pair { name, .. }) => {
                Err(ApiError::bad(format!("Invalid parameter: {name} is not supported yet")))
            }
            None => Ok(()),
        }
    }

    /// Refuses a name with brackets (rule R.1): the client's library made it of an object or a list, of which the parameter
    /// itself then has nothing.
    pub fn nothing_spread(&self) -> Result<(), ApiError> {
        let Some((name, whole)) =
            self.iter().find_map(|(name, _)| Some((name, name.split_once('[')?.0)))
        else {
            return Ok(());
        };
        Err(ApiError::bad(format!(
            "Invalid parameter: {name} is not supported. An object or a list that was given for {whole} was spread into \
             names with brackets: give an object as JSON text (JSON.stringify, json.dumps), and a list by repeating {whole}"
        )))
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |pair| pair.name == name);
        named.map(|pair| {
            pair.is_read.store(true, Ordering::Relaxed);
            pair.value.as_str()
        })
    }
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
        fn a_form_is_read_in_its_order_and_the_last_value_of_a_name_counts(pairs in pairs()) {
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
        fn parameters_with_a_value_that_were_not_read_are_refused(pairs in pairs(), read: prop::sample::Index) {
            let params = Params::of(pairs.clone());
            let name = pairs.get(read.index(pairs.len().max(1))).map(|(name, _)| name.as_str());
            if let Some(name) = name {
                let _ = params.get(name);
            }
            let left = pairs.iter().any(|(one, value)| Some(one.as_str()) != name && !value.is_empty());
            prop_assert_eq!(params.nothing_else().is_err(), left);
        }
    }

    #[test]
    fn a_name_that_a_library_made_of_an_object_is_refused_with_its_cause() {
        for (form, name, whole) in [
            ("Attributes[a]=1", "Attributes[a]", "Attributes"),
            ("A=1&Attributes%5Ba%5D%5Bb%5D=", "Attributes[a][b]", "Attributes"),
            ("Filters[]=x&Filters[]=y", "Filters[]", "Filters"),
            ("Filters[0]=x", "Filters[0]", "Filters"),
        ] {
            let refused = Params::parse(form.as_bytes()).nothing_spread().unwrap_err();
            assert_eq!((refused.status, refused.code), (400, 20001));
            let start = format!("Invalid parameter: {name} is not supported. An object or a list");
            assert!(refused.message.starts_with(&start), "{}", refused.message);
            assert!(refused.message.contains(&format!("given for {whole} was spread")));
        }
        for form in ["Attributes={\"a[0]\":1}", "A.B=[1]", ""] {
            assert!(Params::parse(form.as_bytes()).nothing_spread().is_ok(), "{form}");
        }
    }

    #[test]
    fn both_sdks_ways_of_writing_a_space_are_read() {
        let params = Params::parse(b"A=a%20b&B=a+b&C=1&C=2&D=");
        assert_eq!(params.get("A"), params.get("B"));
        assert_eq!(params.all("C"), ["1", "2"]);
        assert_eq!(params.get("D"), Some(""));
        assert_eq!(params.given("D"), None);
        assert!(params.required("D").is_err());
    }

    #[test]
    fn members_of_an_object_are_parameters() {
        let params = Params::from_json(&json!({ "A": [1, "b"], "B": null, "C": { "d": true } }));
        assert_eq!(params.all("A"), ["1", "b"]);
        assert!(!params.has("B"));
        assert_eq!(params.get("C"), Some("{\"d\":true}"));
    }
}
