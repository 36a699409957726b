//! What a message is: its content and limits, its attributes, and the digests SDKs verify.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, SqsError};

/// The most bytes one message, and all messages of one batch together, may have.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
const ATTRIBUTES_MAX: usize = 10;
const NAME_LENGTH_MAX: usize = 256;
const TEXT_TRANSPORT: u8 = 1;
const BINARY_TRANSPORT: u8 = 2;

/// A typed value beside the body; bytes stay in the Base64 they arrived in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttributeValue {
    #[serde(default)]
    pub(crate) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) binary_value: Option<String>,
}

pub(crate) type AttributeMap = BTreeMap<String, AttributeValue>;

/// The part of a message that never changes while it stays in one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) attributes: AttributeMap,
    pub(crate) trace_header: Option<String>,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) deduplication_id: Option<String>,
    pub(crate) sent_ms: i64,
    pub(crate) dead_letter_source: Option<String>,
}

/// Where a message is in its life: `Delayed → Ready ⇄ InFlight → deleted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    Delayed {
        until_ms: i64,
    },
    /// `changed` tells that its visibility was changed since it was handed out.
    InFlight {
        since_ms: i64,
        until_ms: i64,
        changed: bool,
    },
}

/// A message in a queue; `number` is unique in the engine and gives the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) content: Arc<Content>,
    pub(crate) state: State,
    pub(crate) receive_count: u32,
    pub(crate) first_received_ms: Option<i64>,
}

/// Returns the lower-case MD5 of a body.
pub(crate) fn md5_of_body(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// Returns the MD5 over attributes in the order of their names, or nothing without attributes.
pub(crate) fn md5_of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a AttributeValue)>,
) -> Option<String> {
    let mut digest = Md5::new();
    let mut any = false;
    for (name, value) in attributes {
        any = true;
        update_sized(&mut digest, name.as_bytes());
        update_sized(&mut digest, value.data_type.as_bytes());
        match &value.binary_value {
            Some(binary) if value.is_binary() => {
                digest.update([BINARY_TRANSPORT]);
                update_sized(&mut digest, &BASE64.decode(binary).unwrap_or_default());
            }
            _ => {
                digest.update([TEXT_TRANSPORT]);
                let text = value.string_value.as_deref().unwrap_or_default();
                update_sized(&mut digest, text.as_bytes());
            }
        }
    }
    any.then(|| hex(&digest.finalize()))
}

/// Returns the bytes attributes add to a message: names, types and values.
pub(crate) fn size_of_attributes(attributes: &AttributeMap) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.data_type.len() + value.size()).sum()
}

/// Checks that a body is there and has only characters XML 1.0 can carry.
pub(crate) fn check_body(body: &str) -> Result<(), SqsError> {
    if body.is_empty() {
        return Err(SqsError::missing("MessageBody"));
    }
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    };
    if body.chars().all(allowed) {
        return Ok(());
    }
    let reason = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
                  #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
    Err(SqsError::new(ErrorKind::InvalidMessageContents, reason))
}

/// Checks the number, names, types and values of message attributes.
pub(crate) fn check_attributes(attributes: &AttributeMap) -> Result<(), SqsError> {
    if attributes.len() > ATTRIBUTES_MAX {
        let reason = format!("A message may have at most {ATTRIBUTES_MAX} attributes.");
        return Err(SqsError::invalid("MessageAttributes", attributes.len(), &reason));
    }
    for (name, value) in attributes {
        check_attribute_name(name)?;
        value.check(name)?;
    }
    Ok(())
}

fn check_attribute_name(name: &str) -> Result<(), SqsError> {
    let characters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let lower = name.to_ascii_lowercase();
    let good = !name.is_empty()
        && name.len() <= NAME_LENGTH_MAX
        && name.chars().all(characters)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.");
    if good {
        return Ok(());
    }
    Err(SqsError::invalid("MessageAttributes", name, "The attribute name is not allowed."))
}

impl AttributeValue {
    fn is_binary(&self) -> bool {
        self.basic_type() == "Binary"
    }

    fn basic_type(&self) -> &str {
        self.data_type.split('.').next().unwrap_or_default()
    }

    fn size(&self) -> usize {
        match (&self.string_value, &self.binary_value) {
            (_, Some(binary)) => BASE64.decode(binary).map_or(binary.len(), |bytes| bytes.len()),
            (Some(text), None) => text.len(),
            (None, None) => 0,
        }
    }

    fn check(&self, name: &str) -> Result<(), SqsError> {
        let refuse =
            |reason: &str| Err(SqsError::invalid("MessageAttributes", format!("'{name}'"), reason));
        if self.data_type.len() > NAME_LENGTH_MAX {
            return refuse("The attribute type is too long.");
        }
        let text = self.string_value.as_deref().filter(|text| !text.is_empty());
        let binary = self.binary_value.as_deref().filter(|bytes| !bytes.is_empty());
        match (self.basic_type(), text, binary) {
            ("String", Some(text), None) => check_body(text),
            ("Number", Some(text), None) if is_number(text) => Ok(()),
            ("Number", Some(_), None) => refuse("The attribute value is not a number."),
            ("Binary", None, Some(bytes)) if BASE64.decode(bytes).is_ok() => Ok(()),
            ("Binary", None, Some(_)) => refuse("The attribute value is not Base64."),
            ("String" | "Number" | "Binary", _, _) => {
                refuse("The attribute must have exactly one value, of its type and not empty.")
            }
            _ => refuse("The attribute type must begin with String, Number or Binary."),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn update_sized(digest: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

/// Writes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_type: &str, value: &str) -> AttributeValue {
        AttributeValue {
            data_type: data_type.into(),
            string_value: Some(value.into()),
            binary_value: None,
        }
    }

    #[test]
    fn the_digest_of_a_body_is_its_md5() {
        assert_eq!(md5_of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
    }

    #[test]
    fn the_digest_of_attributes_covers_name_type_transport_and_value() {
        let attributes = AttributeMap::from([("k".to_owned(), text("String", "v"))]);
        let mut expected = Vec::new();
        for part in ["k", "String"] {
            expected.extend_from_slice(&(part.len() as u32).to_be_bytes());
            expected.extend_from_slice(part.as_bytes());
        }
        expected.extend_from_slice(&[1, 0, 0, 0, 1, b'v']);
        assert_eq!(md5_of_attributes(&attributes), Some(hex(&Md5::digest(&expected))));
        assert_eq!(md5_of_attributes(&AttributeMap::new()), None);
    }

    #[test]
    fn attributes_need_an_allowed_name_a_known_type_and_one_value() {
        let check = |name: &str, value| {
            check_attributes(&AttributeMap::from([(name.to_owned(), value)])).is_ok()
        };
        assert!(check("trace.id-1", text("String.custom", "x")));
        assert!(check("n", text("Number", "-1.5e3")));
        assert!(!check("n", text("Number", "many")));
        assert!(!check("n", text("Text", "x")));
        assert!(!check("n", text("String", "")));
        assert!(!check("n", text("Binary", "AQI=")));
        assert!(!check("AWS.x", text("String", "x")));
        assert!(!check("a..b", text("String", "x")));
        assert!(!check("ä", text("String", "x")));
    }

    #[test]
    fn a_body_with_a_control_character_is_refused() {
        assert!(check_body("tab\tand newline\n").is_ok());
        assert_eq!(check_body("\u{1}").unwrap_err().kind, ErrorKind::InvalidMessageContents);
        assert_eq!(check_body("").unwrap_err().kind, ErrorKind::MissingParameter);
    }
}
