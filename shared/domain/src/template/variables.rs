//! Places in texts that are filled in when a template is sent: `{{1}}`, `{{name}}` (rule E.10).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::codes::Code;

/// The name of a place has so many characters at most (rule B.3; the vendor's page on variables says so too).
pub const KEY_CHARS_MAX: usize = 16;
/// A template has so many places at most (the vendor's page on variables).
pub const PLACES_MAX: usize = 100;
/// All values of a message together, as JSON text. **Inferred:** the published code for it (50529) has no number; a hundred places with the
/// longest values fit.
pub const VALUES_BYTES_MAX: usize = 32_768;

/// By which product a message is posted: each has its own codes, and its own bound on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Conversations: 256 characters (rule B.3).
    Conversations,
    /// Programmable messages: 1,600 characters (the vendor's page on variables).
    Messages,
}

impl Product {
    const fn value_chars_max(self) -> usize {
        match self {
            Self::Conversations => 256,
            Self::Messages => 1600,
        }
    }

    /// The published code of values that are given without a template.
    pub const fn without_template(self) -> Code {
        match self {
            Self::Conversations => Code::ContentSidMissing,
            Self::Messages => Code::ContentSidRequired,
        }
    }

    /// The published code of a template that is not there, or cannot be sent.
    pub const fn no_such_template(self) -> Code {
        match self {
            Self::Conversations => Code::InvalidContentSid,
            Self::Messages => Code::NoSuchContent,
        }
    }
}

/// What is wrong with the values that are given for the places of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongValues {
    /// They are no JSON object of texts.
    #[error("ContentVariables is not a JSON object of texts")]
    NotTexts,
    /// One is an empty text, which the vendor refuses (its page on 21656).
    #[error("ContentVariables has nothing for {0}")]
    Empty(String),
    /// A name is longer than that of any place.
    #[error("a name in ContentVariables has more than {KEY_CHARS_MAX} characters")]
    KeyTooLong,
    /// A value is too long.
    #[error("the value of {0} has more than {1} characters")]
    ValueTooLong(String, usize),
    /// All of them together are.
    #[error("ContentVariables has more than {VALUES_BYTES_MAX} bytes")]
    TooLong,
    /// A place has neither a value nor a default.
    #[error("there is no value for {{{{{0}}}}}, and the template has no default for it")]
    Missing(String),
    /// With the values filled in, a field is not what the channel takes.
    #[error("with these values {0}")]
    Unfit(String),
}

impl WrongValues {
    /// The published code: Programmable Messaging has one for all.
    pub const fn code(&self, product: Product) -> Code {
        match (product, self) {
            (Product::Messages, _) => Code::InvalidContentVariables,
            (Product::Conversations, Self::KeyTooLong) => Code::ContentKeyTooLong,
            (Product::Conversations, Self::ValueTooLong(..)) => Code::ContentValueTooLong,
            (Product::Conversations, Self::TooLong) => Code::ContentVariablesTooLong,
            (
                Product::Conversations,
                Self::NotTexts | Self::Empty(_) | Self::Missing(_) | Self::Unfit(_),
            ) => Code::ContentVariablesNotJson,
        }
    }
}

/// Values by the names of their places.
pub type Values = BTreeMap<String, String>;

/// Reads `ContentVariables`. A value for a place that the template does not have is no mistake: one set of values may serve several
/// templates. **Inferred:** the vendor's pages name no refusal for it.
pub fn values(text: &str, product: Product) -> Result<Values, WrongValues> {
    if text.len() > VALUES_BYTES_MAX {
        return Err(WrongValues::TooLong);
    }
    let Ok(Value::Object(given)) = serde_json::from_str(text) else {
        return Err(WrongValues::NotTexts);
    };
    let mut values = Values::new();
    for (name, value) in given {
        let Value::String(value) = value else { return Err(WrongValues::NotTexts) };
        if name.chars().count() > KEY_CHARS_MAX {
            return Err(WrongValues::KeyTooLong);
        }
        if value.is_empty() {
            return Err(WrongValues::Empty(name));
        }
        let longest = product.value_chars_max();
        if value.chars().count() > longest {
            return Err(WrongValues::ValueTooLong(name, longest));
        }
        values.insert(name, value);
    }
    Ok(values)
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Place(&'a str),
}

/// The braces of a place are not as they have to be: none that closes, no name, or a name that no place can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPlace;

/// A text in parts. Names have no spaces and no braces.
fn parts(text: &str) -> Result<Vec<Part<'_>>, NoPlace> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, after) = behind.split_once("}}").ok_or(NoPlace)?;
        let is_name = !name.is_empty()
            && name.chars().count() <= KEY_CHARS_MAX
            && !name.chars().any(|it| it.is_whitespace() || it == '{' || it == '}');
        if !is_name {
            return Err(NoPlace);
        }
        parts.extend([Part::Text(before), Part::Place(name)]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// The places of a text, in order, each as often as it is there.
pub(super) fn places(text: &str) -> Result<Vec<&str>, NoPlace> {
    let place = |part| match part {
        Part::Place(name) => Some(name),
        Part::Text(_) => None,
    };
    Ok(parts(text)?.into_iter().filter_map(place).collect())
}

/// A text with its places filled in, once: what looks like a place in a value stays text.
pub(super) fn fill(text: &str, values: &Values, defaults: &Values) -> Result<String, WrongValues> {
    let mut filled = String::with_capacity(text.len());
    // What is kept was checked; a text that has no places by now is left as it is.
    for part in parts(text).unwrap_or_else(|NoPlace| vec![Part::Text(text)]) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Place(name) => {
                let value = values.get(name).or_else(|| defaults.get(name));
                let missing = || WrongValues::Missing(name.to_owned());
                filled.push_str(value.ok_or_else(missing)?);
            }
        }
    }
    Ok(filled)
}

/// Everything in a value of JSON that is text, with its places filled in.
pub(super) fn filled(
    value: &Value,
    values: &Values,
    defaults: &Values,
) -> Result<Value, WrongValues> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, values, defaults)?),
        Value::Array(all) => {
            let all = all.iter().map(|one| filled(one, values, defaults));
            Value::Array(all.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, one)| Ok((name.clone(), filled(one, values, defaults)?)));
            Value::Object(members.collect::<Result<_, WrongValues>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// The places in everything that is text, and whether all of them are as they have to be.
pub(super) fn all_places(value: &Value, found: &mut BTreeSet<String>) -> Result<(), NoPlace> {
    match value {
        Value::String(text) => {
            found.extend(places(text)?.into_iter().map(str::to_owned));
            Ok(())
        }
        Value::Array(all) => all.iter().try_for_each(|one| all_places(one, found)),
        Value::Object(members) => members.values().try_for_each(|one| all_places(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_value_goes_before_the_default_and_a_place_with_neither_is_named() {
        let (given, defaults) = (of(&[("1", "Ann")]), of(&[("1", "you"), ("day", "Monday")]));
        let text = "{{1}}, until {{day}}: {{1}}";
        assert_eq!(fill(text, &given, &defaults).unwrap(), "Ann, until Monday: Ann");
        assert_eq!(fill("plain }} {", &given, &defaults).unwrap(), "plain }} {");
        let missing = fill("{{2}}", &given, &defaults).unwrap_err();
        assert_eq!(missing, WrongValues::Missing("2".to_owned()));
        assert!(missing.to_string().contains("{{2}}"), "{missing}");
    }

    #[test]
    fn a_value_that_looks_like_a_place_stays_text() {
        let given = of(&[("1", "{{2}}"), ("2", "secret")]);
        assert_eq!(fill("{{1}} {{2}}", &given, &Values::new()).unwrap(), "{{2}} secret");
    }

    #[test]
    fn a_place_has_a_name_without_spaces_of_16_characters_at_most() {
        let long = format!("{{{{{}}}}}", "a".repeat(17));
        for wrong in ["{{}}", "{{1}", "{{id name}}", "{{a{b}}", long.as_str(), "{{{1}}}"] {
            assert_eq!(places(wrong), Err(NoPlace), "{wrong}");
        }
        let longest = format!("{{{{{}}}}}", "a".repeat(16));
        assert!(places(&longest).is_ok());
        assert_eq!(places("{{1}} and {{IdName}}{{1}}"), Ok(vec!["1", "IdName", "1"]));
    }

    #[test]
    fn all_texts_are_filled_in_and_nothing_else_is() {
        let value = serde_json::json!({ "body": "{{1}}", "{{1}}": [{ "url": "https://a/{{1}}" }, 1, true, null] });
        let filled = filled(&value, &of(&[("1", "x")]), &Values::new()).unwrap();
        let expected =
            serde_json::json!({ "body": "x", "{{1}}": [{ "url": "https://a/x" }, 1, true, null] });
        assert_eq!(filled, expected);
    }

    #[test]
    fn wrong_values_have_their_published_codes() {
        let text = |name: &str, value: &str| serde_json::json!({ name: value }).to_string();
        let long = "v".repeat(257);
        let all: serde_json::Map<String, Value> =
            (0..130).map(|number| (number.to_string(), "v".repeat(256).into())).collect();
        for (given, code) in [
            ("hello".to_owned(), 50527),
            ("[]".to_owned(), 50527),
            ("{\"1\":1}".to_owned(), 50527),
            ("{\"1\":null}".to_owned(), 50527),
            (text("1", ""), 50527),
            (text(&"k".repeat(17), "v"), 50540),
            (text("1", &long), 50541),
            (Value::Object(all).to_string(), 50529),
        ] {
            let refused = values(&given, Product::Conversations).unwrap_err();
            assert_eq!(refused.code(Product::Conversations).number(), code, "{refused}");
            assert_eq!(refused.code(Product::Messages).number(), 21656);
        }
        assert!(values(&text(&"k".repeat(16), &"é".repeat(256)), Product::Conversations).is_ok());
        assert!(values(&text("1", &long), Product::Messages).is_ok());
        assert!(values(&text("1", &"v".repeat(1601)), Product::Messages).is_err());
    }
}
