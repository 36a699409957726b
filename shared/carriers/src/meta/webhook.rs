//! Reads what a webhook brings: for WhatsApp entries, changes and their messages and statuses; for pages and Instagram
//! entries and their events. Every element is read, and one that makes no sense costs the others nothing.

use serde_json::Value;
use switchboard_domain::carriage::{CarrierName, Unreadable};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::Timestamp;

use super::{conversation, whatsapp};
use crate::carrier::Event;
use crate::parse_error::ParseError;

/// Longest identifier of a message that is kept.
const MESSAGE_ID_BYTES_MAX: usize = 256;

/// One element that is read, out of what, and when: what every event needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The origin of the API, for addresses of files.
    pub(super) origin: &'a str,
    pub(super) now: Timestamp,
}

/// Why one element is not understood: the name of what is wrong.
pub(super) type Wrong = &'static str;

impl Reading<'_> {
    /// What became of one element.
    pub(super) fn event(&self, element: &Value, read: Result<Event, Wrong>) -> Event {
        read.unwrap_or_else(|wrong| {
            Event::Unreadable(Unreadable {
                carrier: CarrierName::Meta,
                unreadable: format!("{wrong} is missing or not valid"),
                text: Private(element.to_string()),
                received_at: self.now,
            })
        })
    }
}

/// Reads the body of a verified request.
pub(super) fn parse(body: &[u8], origin: &str, now: Timestamp) -> Result<Vec<Event>, ParseError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| ParseError::Shape)?;
    let entries = body["entry"].as_array().ok_or(ParseError::Shape)?;
    let reading = Reading { origin, now };
    let mut events = Vec::new();
    match body["object"].as_str() {
        Some("whatsapp_business_account") => {
            for entry in entries {
                whatsapp::read(&reading, entry, &mut events);
            }
        }
        Some(object @ ("page" | "instagram")) => {
            let channel = if object == "page" { "messenger" } else { "instagram" };
            for entry in entries {
                conversation::read(&reading, channel, entry, &mut events);
            }
        }
        Some(other) => {
            let start: String = other.chars().take(40).collect();
            events.push(Event::Ignored(format!("about {start:?}")));
        }
        None => return Err(ParseError::Shape),
    }
    Ok(events)
}

/// The elements of an array; none for what is no array.
pub(super) fn each<'a>(
    value: &'a Value,
    name: &str,
) -> impl Iterator<Item = &'a Value> + Clone + use<'a> {
    value[name].as_array().into_iter().flatten()
}

/// A text that is there and not empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

/// The same, of a customer.
pub(super) fn private(value: &Value, name: &str) -> Option<Private<String>> {
    text(value, name).map(Private::from)
}

/// A text or a number, as it is written.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An identifier of a message that can be a key.
pub(super) fn message_id<'a>(value: &'a Value, name: &'static str) -> Result<&'a str, Wrong> {
    let is_id = |id: &&str| {
        id.len() <= MESSAGE_ID_BYTES_MAX
            && id.chars().all(|c| !c.is_control() && !c.is_whitespace())
    };
    text(value, name).filter(is_id).ok_or(name)
}

/// Numbers below this are seconds: in milliseconds they would be before April 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// A time as Meta writes it: seconds as text or number, milliseconds, or a date with an offset.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return date(text),
        },
        _ => None,
    };
    let number = number.filter(|number| *number > 0)?;
    Some(Timestamp(if number < SECONDS_BELOW { number.checked_mul(1000)? } else { number }))
}

fn date(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_344_809_123);

    fn read(body: &str) -> Result<Vec<Event>, ParseError> {
        parse(body.as_bytes(), "https://graph.example.com", NOW)
    }

    #[test]
    fn a_time_is_read_in_every_way_in_which_it_is_written() {
        for (value, millis) in [
            (json!("1698266730"), 1_698_266_730_000),
            (json!(1_698_266_730), 1_698_266_730_000),
            (json!(1_491_797_604_411_i64), 1_491_797_604_411),
            (json!("2021-09-08T06:34:04+0000"), 1_631_082_844_000),
            (json!("2021-09-08T08:34:04+02:00"), 1_631_082_844_000),
        ] {
            assert_eq!(time(&value), Some(Timestamp(millis)), "{value}");
        }
        for value in [json!(null), json!("soon"), json!(-1), json!(0), json!([1])] {
            assert_eq!(time(&value), None, "{value}");
        }
    }

    #[test]
    fn a_body_of_another_shape_is_unreadable_as_a_whole() {
        for body in ["", "{", "[]", "{}", r#"{"object":"page"}"#, r#"{"entry":[]}"#] {
            assert_eq!(read(body), Err(ParseError::Shape), "{body}");
        }
        assert_eq!(parse(b"{\"object\":\"\xff\"}", "", NOW), Err(ParseError::Shape));
        let other = read(r#"{"object":"permissions","entry":[{}]}"#).unwrap();
        assert_eq!(other, [Event::Ignored("about \"permissions\"".to_owned())]);
    }

    fn nearly() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            prop::sample::select(vec!["text", "image", "system", "15550783881", "read", "m1"])
                .prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "id",
            "from",
            "messages",
            "statuses",
            "contacts",
            "type",
            "text",
            "body",
            "system",
            "message",
            "mid",
            "sender",
            "recipient",
            "attachments",
            "payload",
            "timestamp",
            "metadata",
            "display_phone_number",
            "status",
            "read",
            "delivery",
            "mids",
            "watermark",
            "value",
            "field",
            "changes",
            "messaging",
            "standby",
            "postback",
            "reaction",
        ]);
        leaf.prop_recursive(6, 60, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..5).prop_map(|pairs| {
                    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_body_whatever_breaks_the_parser(
            object in prop::sample::select(vec!["whatsapp_business_account", "page", "instagram"]),
            entries in prop::collection::vec(nearly(), 0..3),
        ) {
            let body = json!({ "object": object, "entry": entries }).to_string();
            prop_assert!(read(&body).is_ok());
        }
    }
}
