//! Items as the engine keeps them: DynamoDB's own JSON, written and read without a document in between.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Serialize, Serializer};
use switchboard_store::document::Heads;
use switchboard_store::item::Item;

/// An item's text.
pub(crate) fn written(item: &Item) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(1024);
    serde_json::to_writer(&mut text, &Members(item))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// What a write has to know of the item that is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// `v`, as it is written.
    pub(super) version: Option<String>,
    /// `c`.
    pub(super) commits: Option<Vec<u8>>,
    /// The keys of its rows in the indexes, by attribute.
    pub(super) rows: HashMap<String, String>,
}

impl Facts {
    /// Reads only them, and of the rest only how long it is.
    pub(super) fn of(text: &str, rows: &[&str]) -> serde_json::Result<Self> {
        let heads = Heads::of(text)?;
        let row = |name: &&str| Some(((*name).to_owned(), heads.key(name)?.to_owned()));
        Ok(Self {
            version: heads.number().map(|number| number.to_string()),
            commits: heads.commits().map(<[u8]>::to_vec),
            rows: rows.iter().filter_map(row).collect(),
        })
    }
}

struct Members<'a>(&'a HashMap<String, AttributeValue>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            members.serialize_entry(name, &Value(value))?;
        }
        members.end()
    }
}

struct Value<'a>(&'a AttributeValue);

struct Values<'a>(&'a [AttributeValue]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Value))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut member = to.serialize_map(Some(1))?;
        let bytes = |blob: &Blob| BASE64.encode(blob.as_ref());
        match self.0 {
            AttributeValue::S(text) => member.serialize_entry("S", text)?,
            AttributeValue::N(number) => member.serialize_entry("N", &*canonical(number))?,
            AttributeValue::B(blob) => member.serialize_entry("B", &bytes(blob))?,
            AttributeValue::Bool(truth) => member.serialize_entry("BOOL", truth)?,
            AttributeValue::Null(null) => member.serialize_entry("NULL", null)?,
            AttributeValue::Ss(all) => member.serialize_entry("SS", all)?,
            AttributeValue::Ns(all) => {
                let all: Vec<_> = all.iter().map(|number| canonical(number)).collect();
                member.serialize_entry("NS", &all)?;
            }
            AttributeValue::Bs(all) => {
                member.serialize_entry("BS", &all.iter().map(bytes).collect::<Vec<_>>())?;
            }
            AttributeValue::L(all) => member.serialize_entry("L", &Values(all))?,
            AttributeValue::M(all) => member.serialize_entry("M", &Members(all))?,
            other => {
                return Err(S::Error::custom(format!("an attribute of no known type: {other:?}")));
            }
        }
        member.end()
    }
}

/// A number as DynamoDB keeps it: `1.50` is `1.5`.
fn canonical(number: &str) -> Cow<'_, str> {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if number == "0" || (is_plain && (1..=38).contains(&digits.len())) {
        return number.into();
    }
    dynoxide::types::normalize_dynamo_number(number).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    fn item() -> Item {
        let number = |value: &str| AttributeValue::N(value.to_owned());
        let bytes = |bytes: &[u8]| Blob::new(bytes);
        Item::from([
            ("pk".to_owned(), text("a\"\\\u{1}ü\u{10FFFF}")),
            ("v".to_owned(), number("7")),
            ("c".to_owned(), AttributeValue::B(bytes(&[0, 255, 7]))),
            ("is".to_owned(), AttributeValue::Bool(true)),
            ("nothing".to_owned(), AttributeValue::Null(true)),
            ("texts".to_owned(), AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()])),
            ("numbers".to_owned(), AttributeValue::Ns(vec!["1".to_owned(), "-2.5".to_owned()])),
            ("blobs".to_owned(), AttributeValue::Bs(vec![bytes(b"x"), bytes(b"")])),
            ("list".to_owned(), AttributeValue::L(vec![text(""), AttributeValue::L(Vec::new())])),
            ("map".to_owned(), AttributeValue::M(Item::from([("lpk".to_owned(), text("no row"))]))),
            ("lpk".to_owned(), text("L")),
            ("lsk".to_owned(), text("l")),
        ])
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let read = switchboard_store::document::item;
        assert_eq!(read(&written(&item()).unwrap()).unwrap(), item());
        assert_eq!(read("{}").unwrap(), Item::new());
    }

    #[test]
    fn numbers_are_kept_in_one_form() {
        for (given, kept) in
            [("0", "0"), ("-0", "0"), ("007", "7"), ("1.50", "1.5"), ("-12", "-12"), ("1e2", "100")]
        {
            assert_eq!(canonical(given), kept, "{given}");
        }
    }

    #[test]
    fn a_write_knows_only_what_it_needs() {
        let facts = Facts::of(&written(&item()).unwrap(), &["lpk", "lsk", "wpk"]).unwrap();
        let rows =
            [("lpk", "L"), ("lsk", "l")].map(|(name, key)| (name.to_owned(), key.to_owned()));
        let commits = Some(vec![0, 255, 7]);
        assert_eq!(facts, Facts { version: Some("7".to_owned()), commits, rows: rows.into() });
        assert_eq!(Facts::of("{}", &["lpk"]).unwrap(), Facts::default());
    }
}
