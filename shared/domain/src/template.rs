//! Templates of content (rule E.10): what is written once, with places that are filled in when it is sent, and in several types, of which
//! each channel takes the best it has.
//!
//! ```text
//!  template ──values──▶ filled, kept in the message ──channel, carrier──▶ what is handed over
//! ```
//!
//! A message keeps what it was made of, so a template can be deleted while messages wait.
//!
//! WhatsApp takes a template that it has approved at any time, and everything else within a day of the customer's last message. Whoever
//! runs this has templates approved at the carrier, and says so here: nobody else is asked.

mod filled;
mod kinds;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::filled::{Filled, HandedOver};
pub use self::kinds::ContentType;
pub use self::variables::{
    KEY_CHARS_MAX, PLACES_MAX, Product, VALUES_BYTES_MAX, Values, WrongValues, values,
};

use self::filled::{Approved, Form};
use self::variables::NoPlace;
use crate::carriage::CarrierName;
use crate::sid::ContentSid;
use crate::timestamp::Timestamp;
use crate::version::Version;

/// All types of a template as JSON text. **Inferred:** a template is one item, and so is the message that is made of it.
pub const TYPES_BYTES_MAX: usize = 32_768;
/// The name of a template is for people. **Inferred.**
pub const NAME_CHARS_MAX: usize = 512;

/// A template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentTemplate {
    /// Its identifier.
    pub sid: ContentSid,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// The language of its texts, as WhatsApp spells it: `en`, `pt_BR`.
    pub language: String,
    /// What its places say unless they are given something else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: Values,
    /// What it consists of, in each of its types.
    #[serde(with = "as_text")]
    pub types: BTreeMap<ContentType, Value>,
    /// What is known of its approval by WhatsApp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// Content is kept as JSON text, as callers' other JSON is: it is theirs, and has numbers of any kind.
mod as_text {
    use std::collections::BTreeMap;

    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use serde_json::Value;

    use super::ContentType;

    pub(super) fn serialize<S: Serializer>(
        types: &BTreeMap<ContentType, Value>,
        into: S,
    ) -> Result<S::Ok, S::Error> {
        into.serialize_str(&serde_json::to_string(types).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<ContentType, Value>, D::Error> {
        serde_json::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// What is known of WhatsApp's approval of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What the carrier calls it.
    pub name: String,
    /// For what it is.
    pub category: Category,
    /// How far the approval is, as whoever runs this says: nobody here asks WhatsApp.
    pub status: ApprovalStatus,
    /// Why WhatsApp does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<String>,
}

/// For what a template is, as WhatsApp tells messages apart.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum Category {
    /// About something that the customer did or ordered.
    Utility,
    /// Everything else.
    Marketing,
    /// A passcode.
    Authentication,
}

/// How far an approval is, in the published words.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ApprovalStatus {
    /// It was asked for.
    Received,
    /// WhatsApp looks at it.
    Pending,
    /// It may be sent at any time.
    Approved,
    /// It may not.
    Rejected,
    /// Customers complained: it may not for some time.
    Paused,
    /// It may not any more.
    Disabled,
}

impl Category {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl ApprovalStatus {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Approval {
    /// Whether it can be the name of a template: as WhatsApp names them, or the identifier that a carrier gave to it.
    pub fn is_name(text: &str) -> bool {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        text.parse::<ContentSid>().is_ok()
            || (1..=512).contains(&text.len()) && text.bytes().all(is_plain)
    }
}

/// Whether a carrier knows a template by such a name.
fn is_of(carrier: CarrierName, name: &str) -> bool {
    name.parse::<ContentSid>().is_ok() == carrier.identifies_templates()
}

/// What is wrong with a template, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongTemplate(String);

impl ContentTemplate {
    /// Whether it is a template that can be kept.
    pub fn check(&self) -> Result<(), WrongTemplate> {
        if self.types.is_empty() {
            return Err(WrongTemplate("types has none".to_owned()));
        }
        let length: usize = self.types.values().map(|content| content.to_string().len()).sum();
        if length > TYPES_BYTES_MAX {
            return Err(WrongTemplate(format!("types has more than {TYPES_BYTES_MAX} bytes")));
        }
        let mut places = BTreeSet::new();
        for (kind, content) in &self.types {
            kind.check(content).map_err(WrongTemplate)?;
            variables::all_places(content, &mut places).map_err(|NoPlace| {
                let places = format!("as {{{{1}}}} or {{{{name}}}}, of {KEY_CHARS_MAX} characters");
                WrongTemplate(format!("{} has a variable that is not {places}", kind.name()))
            })?;
        }
        if places.len() > PLACES_MAX {
            return Err(WrongTemplate(format!("types has more than {PLACES_MAX} variables")));
        }
        let is_long = |name: &String| name.chars().count() > KEY_CHARS_MAX || name.is_empty();
        match self.variables.keys().find(|name| is_long(name)) {
            Some(_) => Err(WrongTemplate(format!(
                "variables has a name that is empty or longer than {KEY_CHARS_MAX} characters"
            ))),
            None => Ok(()),
        }
    }

    /// The type that WhatsApp is asked to approve: the most complex of those that it approves.
    pub fn approvable(&self) -> Option<ContentType> {
        self.types.keys().rev().copied().find(|kind| kind.can_be_approved())
    }

    /// Whether Conversations sends it in one of its types.
    pub fn is_for_conversations(&self) -> bool {
        self.types.keys().any(|kind| kind.is_for_conversations())
    }

    /// With its places filled in, in each of its types: a value that is given goes before the template's own.
    pub fn filled(&self, given: &Values, product: Product) -> Result<Filled, WrongValues> {
        let mut forms = Vec::new();
        for (kind, content) in self.types.iter().rev() {
            if product == Product::Conversations && !kind.is_for_conversations() {
                continue;
            }
            let content = variables::filled(content, given, &self.variables)?;
            kind.check(&content).map_err(WrongValues::Unfit)?;
            forms.push(Form::of(*kind, &content, given, &self.variables));
        }
        let is_there = |kind: ContentType| forms.iter().any(|form| form.kind == kind);
        let approved = self.approved(given).filter(|approved| is_there(approved.kind));
        Ok(Filled { template: self.sid, forms, approved })
    }

    /// What a carrier is to be told of a template that is approved.
    fn approved(&self, given: &Values) -> Option<Approved> {
        let approval = self.approval.as_ref();
        let approval = approval.filter(|it| it.status == ApprovalStatus::Approved)?;
        let kind = self.approvable()?;
        let content = self.types.get(&kind)?;
        let mut places = BTreeSet::new();
        variables::all_places(content, &mut places).ok()?;
        // WhatsApp's preset words have one place, which the type does not show.
        if kind == ContentType::WhatsappAuthentication {
            places.insert("1".to_owned());
        }
        let value = |name: &String| given.get(name).or_else(|| self.variables.get(name));
        let body = content.get("body").and_then(Value::as_str).unwrap_or_default();
        let in_body = match kind {
            ContentType::WhatsappAuthentication => vec!["1".to_owned()],
            ContentType::Text
            | ContentType::Media
            | ContentType::Location
            | ContentType::QuickReply
            | ContentType::CallToAction
            | ContentType::ListPicker
            | ContentType::Card
            | ContentType::WhatsappCard => in_order(body),
        };
        Some(Approved {
            kind,
            name: approval.name.clone(),
            language: self.language.clone(),
            is_all_in_body: places.iter().all(|name| in_body.contains(name)),
            values: places
                .iter()
                .filter_map(|name| Some((name.clone(), value(name)?.as_str().into())))
                .collect(),
            in_body,
        })
    }
}

/// The places of a text, each once: by number if all of them are numbers, as WhatsApp counts them, else as they come.
fn in_order(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in variables::places(text).unwrap_or_default() {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let number = |name: &String| name.parse::<u32>().ok();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by_key(number);
    }
    names
}

#[cfg(test)]
mod tests;
