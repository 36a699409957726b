//! The whole item of a text.

use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::item::Item;

/// The item of a text.
pub fn item(text: &str) -> serde_json::Result<Item> {
    let members: ReadMembers = serde_json::from_str(text)?;
    Ok(members.0)
}

struct ReadMembers(Item);

impl<'de> Deserialize<'de> for ReadMembers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersIn)
    }
}

struct MembersIn;

impl<'de> Visitor<'de> for MembersIn {
    type Value = ReadMembers;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ReadMembers, A::Error> {
        let mut item = Item::with_capacity(24);
        while let Some((name, value)) = members.next_entry::<String, ReadValue>()? {
            item.insert(name, value.0);
        }
        Ok(ReadMembers(item))
    }
}

struct ReadValue(AttributeValue);

impl<'de> Deserialize<'de> for ReadValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ValueIn)
    }
}

struct ValueIn;

impl<'de> Visitor<'de> for ValueIn {
    type Value = ReadValue;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an attribute with its type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut member: A) -> Result<ReadValue, A::Error> {
        let bytes = |text: &str| match BASE64.decode(text) {
            Ok(bytes) => Ok(Blob::new(bytes)),
            Err(error) => Err(A::Error::custom(error)),
        };
        let kind = member.next_key::<&str>()?.ok_or_else(|| A::Error::custom("no type"))?;
        let value = match kind {
            "S" => AttributeValue::S(member.next_value()?),
            "N" => AttributeValue::N(member.next_value()?),
            "B" => AttributeValue::B(bytes(&member.next_value::<String>()?)?),
            "BOOL" => AttributeValue::Bool(member.next_value()?),
            "NULL" => AttributeValue::Null(member.next_value()?),
            "SS" => AttributeValue::Ss(member.next_value()?),
            "NS" => AttributeValue::Ns(member.next_value()?),
            "BS" => {
                let all: Vec<String> = member.next_value()?;
                let all: Result<_, _> = all.iter().map(|text| bytes(text)).collect();
                AttributeValue::Bs(all?)
            }
            "L" => {
                let all: Vec<ReadValue> = member.next_value()?;
                AttributeValue::L(all.into_iter().map(|value| value.0).collect())
            }
            "M" => AttributeValue::M(member.next_value::<ReadMembers>()?.0),
            other => return Err(A::Error::custom(format!("an attribute of type {other}"))),
        };
        match member.next_key::<IgnoredAny>()? {
            None => Ok(ReadValue(value)),
            Some(_) => Err(A::Error::custom("an attribute of two types")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::item;

    #[test]
    fn what_is_no_item_is_an_error() {
        for text in [
            "",
            "[]",
            r#"{"a":1}"#,
            r#"{"a":{}}"#,
            r#"{"a":{"S":"b","N":"1"}}"#,
            r#"{"a":{"X":"b"}}"#,
            r#"{"a":{"B":"?"}}"#,
        ] {
            assert!(item(text).is_err(), "{text}");
        }
    }
}
