//! Form-encoded parameters as bytes: what is signed must not be repaired before it is checked.

use std::borrow::Cow;
use std::fmt;
use std::mem::replace;

use memchr::{memchr, memchr_iter, memchr2};
use percent_encoding::percent_decode;
use serde_json::Value;

use crate::parse_error::{ParseError, Problem};

/// Name and value, decoded; what has nothing to decode is where it came from.
pub(crate) type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// Decodes a form or a query.
pub(crate) fn decode(encoded: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let ends = memchr_iter(b'&', encoded).chain([encoded.len()]);
    let parts = ends.scan(0, |start, end| Some(&encoded[replace(start, end + 1)..end]));
    parts.filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = match memchr(b'=', part) {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &[][..]),
        };
        (decode_half(name), decode_half(value))
    })
}

/// How many pairs there are at most.
pub(crate) fn count(encoded: &[u8]) -> usize {
    memchr_iter(b'&', encoded).count() + 1
}

fn decode_half(encoded: &[u8]) -> Cow<'_, [u8]> {
    if memchr2(b'+', b'%', encoded).is_none() {
        return Cow::Borrowed(encoded);
    }
    let mut spaced = encoded.to_vec();
    spaced.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    match Cow::from(percent_decode(&spaced)) {
        Cow::Owned(decoded) => Cow::Owned(decoded),
        Cow::Borrowed(_) => Cow::Owned(spaced),
    }
}

/// Decoded parameters, to be asked by name: shorter names first, those of one name in the order in which they came. A form is
/// asked for more names than it has parameters, and most of them differ in their length already.
pub(crate) struct Parameters<'a>(Vec<Pair<'a>>);

const fn by_length(name: &[u8]) -> (usize, &[u8]) {
    (name.len(), name)
}

impl fmt::Debug for Parameters<'_> {
    /// They are the customer's.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} parameters", self.0.len())
    }
}

impl<'e> Parameters<'e> {
    pub(crate) fn decode(encoded: &'e [u8]) -> Self {
        Self::by_name(decode(encoded).collect())
    }

    pub(crate) fn by_name(mut pairs: Vec<Pair<'e>>) -> Self {
        pairs.sort_by(|(one, _), (other, _)| by_length(one).cmp(&by_length(other)));
        Self(pairs)
    }

    /// All of one name.
    fn named(&self, name: &str) -> impl Iterator<Item = &Cow<'e, [u8]>> {
        let name = name.as_bytes();
        let start = self.0.partition_point(|(key, _)| by_length(key) < by_length(name));
        self.0[start..].iter().take_while(move |(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// The members of a JSON object as parameters: texts as they are, everything else as JSON writes it, nothing as empty.
    /// None for what is no object.
    pub(crate) fn of_json(text: &[u8]) -> Option<Self> {
        let members: serde_json::Map<String, Value> = serde_json::from_slice(text).ok()?;
        let pair = |(name, value): (String, Value)| {
            let value = match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            (Cow::Owned(name.into_bytes()), Cow::Owned(value.into_bytes()))
        };
        Some(Self::by_name(members.into_iter().map(pair).collect()))
    }

    /// The value, unless it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, ParseError> {
        let wrong = |problem| ParseError::Parameter { name: Cow::Owned(name.to_owned()), problem };
        let mut values = self.named(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.any(|other| other != value) {
            return Err(wrong(Problem::Repeated));
        }
        let text = std::str::from_utf8(value).map_err(|_| wrong(Problem::NotText))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The value if there is one by that name, which then must not be empty.
    pub(crate) fn if_given(&self, name: &str) -> Result<Option<&str>, ParseError> {
        match self.named(name).next() {
            Some(_) => self.need(name).map(Some),
            None => Ok(None),
        }
    }

    /// The value that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, ParseError> {
        let missing = || ParseError::Parameter {
            name: Cow::Owned(name.to_owned()),
            problem: Problem::Missing,
        };
        self.get(name)?.ok_or_else(missing)
    }

    /// The names, shorter ones first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// All values of a repeatable parameter that are text.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.named(name).filter_map(|value| std::str::from_utf8(value).ok())
    }
}

/// Encodes pairs as a form.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn encoded_forms_are_decoded_again_in_their_order(
            pairs in prop::collection::vec((any::<String>(), any::<String>()), 0..8),
        ) {
            let encoded = encode(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let read: Vec<Pair<'_>> = decode(encoded.as_bytes()).collect();
            let half = |text: String| Cow::Owned(text.into_bytes());
            let written: Vec<Pair<'_>> =
                pairs.into_iter().map(|(name, value)| (half(name), half(value))).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn any_bytes_are_pairs_no_larger_than_they_were(
            encoded in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "[a-c%=&+0-9A-F]{0,300}".prop_map(String::into_bytes),
            ],
        ) {
            let pairs: Vec<Pair<'_>> = decode(&encoded).collect();
            let size: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(size <= encoded.len() && pairs.len() <= encoded.len());
        }

        #[test]
        fn a_repeated_name_has_a_value_only_if_all_agree(values in prop::collection::vec("[ab]?", 0..5)) {
            let encoded = encode(values.iter().map(|value| ("N", value.as_str())));
            let parameters = Parameters::decode(encoded.as_bytes());
            let agreed = values.iter().all(|value| *value == values[0]);
            let first = values.first().map(String::as_str).filter(|value| !value.is_empty());
            match parameters.get("N") {
                Ok(found) => prop_assert!(agreed && found == first),
                Err(_) => prop_assert!(!agreed),
            }
            prop_assert_eq!(parameters.all("N").collect::<Vec<_>>(), values);
        }
    }

    #[test]
    fn names_and_values_are_decoded_as_bytes() {
        let pairs: Vec<Pair<'_>> = decode(b"a=1+2%2B&&b&c=%FF=%zz").collect();
        let expected: Vec<Pair<'_>> = vec![
            (b"a".into(), b"1 2+".into()),
            (b"b".into(), b"".into()),
            (b"c".into(), b"\xff=%zz".into()),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_value_is_read_only_if_there_is_one_answer() {
        let parameters = Parameters::decode(b"a=1&a=1&b=1&b=2&c=&d=%FF");
        let problem = |name| match parameters.need(name) {
            Err(ParseError::Parameter { problem, .. }) => Some(problem),
            _ => None,
        };
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(problem("b"), Some(Problem::Repeated));
        assert_eq!(problem("c"), Some(Problem::Missing));
        assert_eq!(problem("d"), Some(Problem::NotText));
        assert_eq!(problem("e"), Some(Problem::Missing));
    }
}
