//! Items as text: DynamoDB's own JSON, in which every value stands behind its type, read without an item in between.
//!
//! A table in this process keeps its items so. What is read is what an item of the SDK with the same text would give: a test
//! holds both against each other, for each kind of record.

mod item;
mod typed;

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use switchboard_domain::version::Version;

pub use item::item;
use typed::Members;

/// What every item has beside its record's own attributes, as far as a reader has to know it.
#[derive(Debug, Default)]
pub struct Heads<'a> {
    kind: Option<Cow<'a, str>>,
    keys: Vec<(&'static str, Cow<'a, str>)>,
    number: Option<u64>,
    commits: Option<Vec<u8>>,
}

impl<'a> Heads<'a> {
    /// Reads them, and of the rest only how long it is.
    ///
    /// # Errors
    ///
    /// The text is no item, or one of them is of a type that it cannot have.
    pub fn of(text: &'a str) -> serde_json::Result<Self> {
        serde_json::Deserializer::from_str(text).deserialize_map(HeadsIn)
    }

    /// The name of the record's kind.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// A key of the table or of an index.
    pub fn key(&self, name: &str) -> Option<&str> {
        self.keys.iter().find(|(of, _)| *of == name).map(|(_, key)| &**key)
    }

    /// How often it was written.
    pub const fn number(&self) -> Option<u64> {
        self.number
    }

    /// The ids of the last commits, one behind the other.
    pub fn commits(&self) -> Option<&[u8]> {
        self.commits.as_deref()
    }

    /// How often it was written, and by which commits last.
    pub fn version(&self) -> Option<Version> {
        self.number.map(|number| Version::read(number, self.commits.as_deref().unwrap_or_default()))
    }
}

/// The keys of tables and indexes.
const KEYS: [&str; 8] = ["pk", "sk", "lpk", "lsk", "wpk", "wsk", "dpk", "dsk"];

/// A name, which is not copied unless something in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text behind its type, whatever that is.
#[derive(Deserialize)]
enum Said<'a> {
    S(#[serde(borrow)] Cow<'a, str>),
    N(#[serde(borrow)] Cow<'a, str>),
    B(#[serde(borrow)] Cow<'a, str>),
}

struct HeadsIn;

impl<'de> Visitor<'de> for HeadsIn {
    type Value = Heads<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Heads<'de>, A::Error> {
        let mut heads = Heads::default();
        while let Some(Name(name)) = members.next_key()? {
            let key = KEYS.iter().find(|key| **key == name);
            match (&*name, key) {
                (_, Some(key)) => match members.next_value()? {
                    Said::S(text) => heads.keys.push((key, text)),
                    Said::N(_) | Said::B(_) => {
                        return Err(A::Error::custom("a key that is no text"));
                    }
                },
                ("kind", None) => match members.next_value()? {
                    Said::S(text) => heads.kind = Some(text),
                    Said::N(_) | Said::B(_) => {
                        return Err(A::Error::custom("a kind that is no text"));
                    }
                },
                ("v", None) => match members.next_value()? {
                    Said::N(number) => heads.number = number.parse().ok(),
                    Said::S(_) | Said::B(_) => {
                        return Err(A::Error::custom("a version that is no number"));
                    }
                },
                ("c", None) => match members.next_value()? {
                    Said::B(text) => {
                        heads.commits = Some(BASE64.decode(&*text).map_err(A::Error::custom)?)
                    }
                    Said::S(_) | Said::N(_) => {
                        return Err(A::Error::custom("commits that are no bytes"));
                    }
                },
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(heads)
    }
}

/// Reads a value out of an item, with attributes that it has besides unless they are in the text: name and text of each.
pub(crate) fn record<T: DeserializeOwned>(
    text: &str,
    besides: Vec<(&'static str, String)>,
) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    T::deserialize(Members { of: &mut reader, besides })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_past_everything_else() {
        let text = r#"{"a":{"M":{"pk":{"S":"no key"}}},"pk":{"S":"CH\u00e4"},"v":{"N":"7"},"c":{"B":"AQIDBAUG"},
            "lsk":{"S":""},"kind":{"S":"Message"}}"#;
        let heads = Heads::of(text).unwrap();
        assert_eq!((heads.kind(), heads.key("pk")), (Some("Message"), Some("CHä")));
        assert_eq!((heads.key("lsk"), heads.key("sk")), (Some(""), None));
        assert_eq!(heads.version(), Some(Version::read(7, &[1, 2, 3, 4, 5, 6])));
        assert!(Heads::of("{}").unwrap().version().is_none());
    }

    #[test]
    fn heads_of_another_type_are_an_error() {
        for text in [
            r#"{"pk":{"N":"1"}}"#,
            r#"{"v":{"S":"1"}}"#,
            r#"{"c":{"S":"1"}}"#,
            r#"{"c":{"B":"?"}}"#,
            "[]",
        ] {
            assert!(Heads::of(text).is_err(), "{text}");
        }
    }
}
