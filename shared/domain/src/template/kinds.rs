//! The types that a template can have, and what each of them consists of (rule E.10): the vendor's published schema of
//! content, with the bounds of its page on each type.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A type of content. Their order is the published one, from the least complex to the most: of those that a channel takes, the
/// most complex is sent.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum ContentType {
    /// A text.
    #[serde(rename = "twilio/text")]
    #[strum(serialize = "twilio/text")]
    Text,
    /// Files, with a text.
    #[serde(rename = "twilio/media")]
    #[strum(serialize = "twilio/media")]
    Media,
    /// A place.
    #[serde(rename = "twilio/location")]
    #[strum(serialize = "twilio/location")]
    Location,
    /// A question with buttons to answer it.
    #[serde(rename = "twilio/quick-reply")]
    #[strum(serialize = "twilio/quick-reply")]
    QuickReply,
    /// Buttons that open a page, call somebody or copy a code.
    #[serde(rename = "twilio/call-to-action")]
    #[strum(serialize = "twilio/call-to-action")]
    CallToAction,
    /// A question with a list to answer it.
    #[serde(rename = "twilio/list-picker")]
    #[strum(serialize = "twilio/list-picker")]
    ListPicker,
    /// A title with a picture and buttons.
    #[serde(rename = "twilio/card")]
    #[strum(serialize = "twilio/card")]
    Card,
    /// The same as WhatsApp has it.
    #[serde(rename = "whatsapp/card")]
    #[strum(serialize = "whatsapp/card")]
    WhatsappCard,
    /// A passcode, in words of WhatsApp's.
    #[serde(rename = "whatsapp/authentication")]
    #[strum(serialize = "whatsapp/authentication")]
    WhatsappAuthentication,
}

/// What a member is.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A text of so many characters.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts, so many at most.
    Texts(usize),
    /// A whole number between two, both included.
    Whole(i64, i64),
    /// Degrees, up to so many on either side of 0.
    Degrees(f64),
    /// Yes or no.
    Flag,
    /// A list of objects, so many at most, one at least.
    Objects(usize, &'static [Member]),
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
struct Member {
    name: &'static str,
    shape: Shape,
    is_required: bool,
}

const fn needs(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, is_required: true }
}

const fn may(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, is_required: false }
}

/// **Inferred:** the pages give no bound for addresses of the web.
const URL_CHARS_MAX: usize = 2048;
const ID_CHARS_MAX: usize = 200;
const MEDIA: Shape = Shape::Texts(10);

const QUICK_REPLIES: Shape = Shape::Objects(
    10,
    &[
        needs("type", Shape::Word(&["QUICK_REPLY"])),
        needs("title", Shape::Text(25)),
        may("id", Shape::Text(ID_CHARS_MAX)),
    ],
);

const ACTIONS: Shape = Shape::Objects(
    10,
    &[
        needs(
            "type",
            Shape::Word(&["URL", "PHONE_NUMBER", "QUICK_REPLY", "COPY_CODE", "VOICE_CALL"]),
        ),
        needs("title", Shape::Text(25)),
        may("url", Shape::Text(URL_CHARS_MAX)),
        may("phone", Shape::Text(20)),
        may("code", Shape::Text(64)),
        may("id", Shape::Text(ID_CHARS_MAX)),
        may("webview_size", Shape::Word(&["TALL", "FULL", "HALF", "NONE"])),
    ],
);

const CALLS_TO_ACTION: Shape = Shape::Objects(
    10,
    &[
        needs(
            "type",
            Shape::Word(&["URL", "PHONE_NUMBER", "COPY_CODE", "VOICE_CALL", "VOICE_CALL_REQUEST"]),
        ),
        needs("title", Shape::Text(25)),
        may("url", Shape::Text(URL_CHARS_MAX)),
        may("phone", Shape::Text(20)),
        may("code", Shape::Text(64)),
        may("id", Shape::Text(ID_CHARS_MAX)),
    ],
);

const ITEMS: Shape = Shape::Objects(
    10,
    &[
        needs("item", Shape::Text(24)),
        needs("id", Shape::Text(ID_CHARS_MAX)),
        may("description", Shape::Text(72)),
    ],
);

const COPIES: Shape = Shape::Objects(
    1,
    &[needs("type", Shape::Word(&["COPY_CODE"])), needs("copy_code_text", Shape::Text(25))],
);

const TEXT: &[Member] = &[needs("body", Shape::Text(1600))];

const FILES: &[Member] = &[may("body", Shape::Text(1600)), needs("media", MEDIA)];

const PLACE: &[Member] = &[
    needs("latitude", Shape::Degrees(90.0)),
    needs("longitude", Shape::Degrees(180.0)),
    may("label", Shape::Text(1000)),
    may("id", Shape::Text(ID_CHARS_MAX)),
    may("address", Shape::Text(1000)),
];

const QUESTION: &[Member] = &[needs("body", Shape::Text(1024)), needs("actions", QUICK_REPLIES)];

const CALL_TO_ACTION: &[Member] =
    &[needs("body", Shape::Text(1024)), needs("actions", CALLS_TO_ACTION)];

const LIST: &[Member] =
    &[needs("body", Shape::Text(1024)), needs("button", Shape::Text(20)), needs("items", ITEMS)];

const CARD: &[Member] = &[
    may("title", Shape::Text(1024)),
    may("body", Shape::Text(1600)),
    may("subtitle", Shape::Text(60)),
    may("media", MEDIA),
    may("actions", ACTIONS),
];

const WHATSAPP_CARD: &[Member] = &[
    needs("body", Shape::Text(1600)),
    may("footer", Shape::Text(60)),
    may("header_text", Shape::Text(60)),
    may("media", Shape::Texts(1)),
    may("actions", ACTIONS),
];

const PASSCODE: &[Member] = &[
    may("add_security_recommendation", Shape::Flag),
    may("code_expiration_minutes", Shape::Whole(1, 90)),
    needs("actions", COPIES),
];

impl ContentType {
    /// As it is published.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether Conversations sends it (the vendor's page on 50542).
    pub const fn is_for_conversations(self) -> bool {
        match self {
            Self::Text
            | Self::Media
            | Self::Location
            | Self::QuickReply
            | Self::CallToAction
            | Self::ListPicker
            | Self::Card => true,
            Self::WhatsappCard | Self::WhatsappAuthentication => false,
        }
    }

    /// Whether WhatsApp approves it: lists and places are for open windows alone (the vendor's pages on both).
    pub const fn can_be_approved(self) -> bool {
        match self {
            Self::Location | Self::ListPicker => false,
            Self::Text
            | Self::Media
            | Self::QuickReply
            | Self::CallToAction
            | Self::Card
            | Self::WhatsappCard
            | Self::WhatsappAuthentication => true,
        }
    }

    const fn members(self) -> &'static [Member] {
        match self {
            Self::Text => TEXT,
            Self::Media => FILES,
            Self::Location => PLACE,
            Self::QuickReply => QUESTION,
            Self::CallToAction => CALL_TO_ACTION,
            Self::ListPicker => LIST,
            Self::Card => CARD,
            Self::WhatsappCard => WHATSAPP_CARD,
            Self::WhatsappAuthentication => PASSCODE,
        }
    }

    /// What is wrong with the content of this type.
    pub(super) fn check(self, content: &Value) -> Result<(), String> {
        let of = self.name();
        let Value::Object(content) = content else { return Err(format!("{of} is not an object")) };
        members(of, self.members(), content)?;
        let has = |name: &str| content.get(name).is_some_and(|it| !it.is_null());
        let is_card = matches!(self, Self::Card | Self::WhatsappCard);
        let count = self.members().iter().filter(|member| has(member.name)).count();
        if is_card && count < 2 {
            return Err(format!("{of} needs one field more"));
        }
        match self {
            Self::Card if !has("title") && !has("body") => {
                Err(format!("{of} needs a title or a body"))
            }
            Self::WhatsappCard if has("header_text") && has("media") => {
                Err(format!("{of} has both header_text and media"))
            }
            Self::Text
            | Self::Media
            | Self::Location
            | Self::QuickReply
            | Self::CallToAction
            | Self::ListPicker
            | Self::Card
            | Self::WhatsappCard
            | Self::WhatsappAuthentication => Ok(()),
        }
    }
}

fn members(of: &str, known: &[Member], given: &Map<String, Value>) -> Result<(), String> {
    let is_known = |name: &String| known.iter().any(|member| member.name == name);
    if let Some(name) = given.keys().find(|name| !is_known(name)) {
        let name: String = name.chars().take(40).collect();
        return Err(format!("{of} has an unknown field: {name}"));
    }
    for member in known {
        let at = format!("{of}.{}", member.name);
        match given.get(member.name) {
            None | Some(Value::Null) if member.is_required => {
                return Err(format!("{at} is missing"));
            }
            None | Some(Value::Null) => {}
            Some(value) => member.shape.check(&at, value)?,
        }
    }
    match given.get("type").and_then(Value::as_str) {
        Some(kind) => does_something(of, kind, given),
        None => Ok(()),
    }
}

/// What a button of a kind has to say.
fn does_something(of: &str, kind: &str, given: &Map<String, Value>) -> Result<(), String> {
    let needed = match kind {
        "URL" => "url",
        "PHONE_NUMBER" => "phone",
        "COPY_CODE" if !given.contains_key("copy_code_text") => "code",
        _ => return Ok(()),
    };
    match given.get(needed).and_then(Value::as_str) {
        Some(_) => Ok(()),
        None => Err(format!("{of} is a {kind} without {needed}")),
    }
}

impl Shape {
    fn check(self, at: &str, value: &Value) -> Result<(), String> {
        match self {
            Self::Text(longest) => match value.as_str().map(|text| text.chars().count()) {
                Some(0) => Err(format!("{at} is empty")),
                Some(length) if length > longest => {
                    Err(format!("{at} has more than {longest} characters"))
                }
                Some(_) => Ok(()),
                None => Err(format!("{at} is not a text")),
            },
            Self::Word(words) => match value.as_str() {
                Some(word) if words.contains(&word) => Ok(()),
                Some(_) | None => Err(format!("{at} is none of {}", words.join(", "))),
            },
            Self::Texts(most) => {
                each(at, value, most, |at, one| Self::Text(URL_CHARS_MAX).check(at, one))
            }
            Self::Whole(low, high) => match value.as_i64() {
                Some(number) if (low..=high).contains(&number) => Ok(()),
                Some(_) | None => Err(format!("{at} is not a whole number from {low} to {high}")),
            },
            Self::Degrees(most) => match degrees(value) {
                Some(degrees) if degrees.abs() <= most => Ok(()),
                Some(_) | None => Err(format!("{at} is not degrees up to {most}")),
            },
            Self::Flag => match value {
                Value::Bool(_) => Ok(()),
                Value::Null
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => Err(format!("{at} is neither true nor false")),
            },
            Self::Objects(most, known) => each(at, value, most, |at, one| match one.as_object() {
                Some(one) => members(at, known, one),
                None => Err(format!("{at} is not an object")),
            }),
        }
    }
}

/// Degrees as a number, or as a text of one; while it has a place that is filled in later, it passes.
fn degrees(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text) if text.contains("{{") => Some(0.0),
        Some(text) => text.parse().ok().filter(|it: &f64| it.is_finite()),
        None => value.as_f64(),
    }
}

fn each(
    at: &str,
    value: &Value,
    most: usize,
    check: impl Fn(&str, &Value) -> Result<(), String>,
) -> Result<(), String> {
    let all = value.as_array().ok_or_else(|| format!("{at} is not a list"))?;
    if all.is_empty() || all.len() > most {
        return Err(format!("{at} has to have 1 to {most} entries"));
    }
    (0..).zip(all).try_for_each(|(place, one): (usize, _)| check(&format!("{at}[{place}]"), one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strum::VariantArray as _;

    use super::*;

    fn wrong(kind: ContentType, content: Value) -> String {
        kind.check(&content).unwrap_err()
    }

    #[test]
    fn types_are_named_and_ordered_as_published() {
        let names: Vec<&str> = ContentType::VARIANTS.iter().map(|kind| kind.name()).collect();
        let published = [
            "twilio/text",
            "twilio/media",
            "twilio/location",
            "twilio/quick-reply",
            "twilio/call-to-action",
            "twilio/list-picker",
            "twilio/card",
            "whatsapp/card",
            "whatsapp/authentication",
        ];
        assert_eq!(names, published);
        for kind in ContentType::VARIANTS {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.name().parse::<ContentType>(), Ok(*kind));
        }
        assert!(ContentType::VARIANTS.is_sorted());
    }

    #[test]
    fn each_type_needs_what_it_consists_of() {
        use ContentType::{CallToAction, Card, ListPicker, Location, Media, QuickReply, Text};
        let item = json!({ "item": "Red", "id": "r" });
        let button = json!({ "type": "QUICK_REPLY", "title": "Yes" });
        for (kind, right) in [
            (Text, json!({ "body": "hi" })),
            (Media, json!({ "media": ["https://a.example/1.png"] })),
            (Location, json!({ "latitude": 1.5, "longitude": "{{1}}", "label": "Here" })),
            (QuickReply, json!({ "body": "?", "actions": [button] })),
            (
                CallToAction,
                json!({ "body": "?", "actions": [
                { "type": "URL", "title": "Open", "url": "https://a.example/{{1}}" },
                { "type": "PHONE_NUMBER", "title": "Call", "phone": "+14155550100" },
                { "type": "COPY_CODE", "title": "Copy", "code": "X1" },
            ] }),
            ),
            (ListPicker, json!({ "body": "?", "button": "Open", "items": [item] })),
            (Card, json!({ "title": "Red", "subtitle": "like wine" })),
            (ContentType::WhatsappCard, json!({ "body": "Red", "footer": "bye" })),
            (
                ContentType::WhatsappAuthentication,
                json!({ "code_expiration_minutes": 5,
                "actions": [{ "type": "COPY_CODE", "copy_code_text": "Copy" }] }),
            ),
        ] {
            assert_eq!(kind.check(&right), Ok(()), "{kind:?}");
            for member in kind.members().iter().filter(|it| it.is_required) {
                let mut less = right.clone();
                less.as_object_mut().unwrap().remove(member.name);
                let why = wrong(kind, less);
                assert_eq!(why, format!("{}.{} is missing", kind.name(), member.name));
            }
            let mut more = right.clone();
            more["color"] = json!("red");
            assert!(wrong(kind, more).ends_with("unknown field: color"), "{kind:?}");
        }
    }

    #[test]
    fn bounds_are_the_documented_ones() {
        use ContentType::{Card, ListPicker, QuickReply, Text, WhatsappCard};
        let long = |length: usize| "a".repeat(length);
        let items = |count: usize| vec![json!({ "item": "Red", "id": "r" }); count];
        let list = |items: Vec<Value>| json!({ "body": "?", "button": "Open", "items": items });
        let buttons = |count: usize| json!({ "body": "?", "actions": vec![json!({ "type": "QUICK_REPLY", "title": "Y" }); count] });
        assert!(Text.check(&json!({ "body": long(1600) })).is_ok());
        assert!(
            QuickReply.check(&buttons(10)).is_ok() && ListPicker.check(&list(items(10))).is_ok()
        );
        for (kind, content, part) in [
            (Text, json!({ "body": long(1601) }), "more than 1600"),
            (Text, json!({ "body": "" }), "is empty"),
            (Text, json!({ "body": 1 }), "not a text"),
            (Text, json!("hi"), "not an object"),
            (QuickReply, buttons(11), "1 to 10"),
            (QuickReply, buttons(0), "1 to 10"),
            (ListPicker, list(items(11)), "1 to 10"),
            (ListPicker, list(vec![json!({ "item": long(25), "id": "r" })]), "items[0].item has"),
            (Card, json!({ "title": "Red" }), "one field more"),
            (Card, json!({ "subtitle": "a", "media": ["https://a/1.png"] }), "a title or a body"),
            (
                Card,
                json!({ "title": "a", "actions": [{ "type": "URL", "title": "b" }] }),
                "a URL without url",
            ),
            (WhatsappCard, json!({ "body": "a", "header_text": "b", "media": ["c"] }), "both"),
        ] {
            let why = wrong(kind, content);
            assert!(why.contains(part), "{why}");
        }
        let north = json!({ "latitude": 90.5, "longitude": 0 });
        assert!(wrong(ContentType::Location, north).contains("latitude"));
    }
}
