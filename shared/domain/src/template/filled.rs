//! A template whose places are filled in, as a message keeps it, and what of it each channel of each carrier takes (rule E.10).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ContentType, Values, is_of};
use crate::address::ChannelType;
use crate::carriage::{CarrierName, Choice, Composed, Media};
use crate::encoding::smart;
use crate::private::Private;
use crate::sid::ContentSid;

/// A message of WhatsApp's has so many buttons at most, outside of approved templates; one of Messenger's and Instagram's so many quick
/// replies (Meta's pages on both).
const BUTTONS_MAX: usize = 3;
const QUICK_REPLIES_MAX: usize = 13;
/// One text message has so many files at most.
const MMS_FILES_MAX: usize = 10;

/// A template with its places filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    /// Which template.
    pub template: ContentSid,
    /// What it is in each of its types, the most complex first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) forms: Vec<Form>,
    /// What WhatsApp has approved of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) approved: Option<Approved>,
}

/// What a template is in one of its types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Form {
    /// The type.
    pub(super) kind: ContentType,
    /// The text.
    #[serde(default, skip_serializing_if = "is_empty")]
    body: Private<String>,
    /// What else is to be read, a line each, where there are no buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Private<String>>,
    /// Addresses of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    media: Vec<Private<String>>,
    /// The answers that are offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<Choice>,
    /// What opens the list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    button: Option<String>,
    /// Degrees north and east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<(String, String)>,
}

/// What a carrier is told of a template that WhatsApp has approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Approved {
    /// In which type.
    pub(super) kind: ContentType,
    /// What the carrier calls it.
    pub(super) name: String,
    /// The language.
    pub(super) language: String,
    /// What stands in its places, by name.
    pub(super) values: Vec<(String, Private<String>)>,
    /// The places of its text, in order.
    pub(super) in_body: Vec<String>,
    /// Whether it has no other places.
    pub(super) is_all_in_body: bool,
}

/// What one copy hands to its carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The text.
    pub body: Private<String>,
    /// The files.
    pub media: Vec<Media>,
    /// What it is beside these.
    pub composed: Option<Composed>,
}

fn is_empty(text: &Private<String>) -> bool {
    text.is_empty()
}

impl Filled {
    /// What people read of it where nothing but text is shown: its plain text, if it has that type, else its most complex type in lines.
    pub fn text(&self) -> Option<Private<String>> {
        let plain = self.forms.iter().find(|form| form.kind == ContentType::Text);
        let text = plain.or(self.forms.first())?.in_lines();
        (!text.is_empty()).then_some(text)
    }

    /// The same with characters that the standard alphabet of text messages has, as smart encoding replaces them (rule E.8).
    #[must_use]
    pub fn encoded(mut self) -> Self {
        let encode = |text: &mut Private<String>| *text = Private(smart(text).into_owned());
        for form in &mut self.forms {
            encode(&mut form.body);
            form.lines.iter_mut().for_each(encode);
        }
        self
    }

    /// Forgets all words.
    pub(crate) fn forget(&mut self) {
        self.forms.clear();
        self.approved = None;
    }

    /// Whether all words were forgotten.
    pub(crate) const fn is_forgotten(&self) -> bool {
        self.forms.is_empty()
    }

    /// Whether there is nothing in it that could go without WhatsApp's approval, and no approval.
    pub fn is_unsendable(&self) -> bool {
        let needs_approval = |form: &Form| form.kind == ContentType::WhatsappAuthentication;
        self.approved.is_none() && self.forms.iter().all(needs_approval)
    }

    /// Whether a carrier takes it at any time, as a template that WhatsApp has approved.
    pub fn is_approved_by(&self, carrier: CarrierName) -> bool {
        self.composed_by(carrier).is_some()
    }

    /// What is handed to a carrier on a channel. What WhatsApp has approved goes as that; else the most complex type that goes there as
    /// it is; else, as the vendor does not, the most complex one in lines of text.
    pub fn handed_over(&self, channel: ChannelType, carrier: CarrierName) -> HandedOver {
        let approved = self.composed_by(carrier).filter(|_| channel == ChannelType::Whatsapp);
        if let (Some(composed), Some(approved)) = (approved, &self.approved) {
            let form = self.forms.iter().find(|form| form.kind == approved.kind);
            let body = form.map(|form| form.body.clone()).unwrap_or_default();
            return HandedOver { body, media: Vec::new(), composed: Some(composed) };
        }
        let fits = self.forms.iter().find(|form| form.fits(channel, carrier));
        if let Some(form) = fits {
            let files = form.media.iter().map(|url| Media::by_name(url.0.clone()));
            return HandedOver {
                body: form.body.clone(),
                media: files.collect(),
                composed: form.composed(),
            };
        }
        let body = self.forms.first().map(Form::in_lines).unwrap_or_default();
        HandedOver { body, media: Vec::new(), composed: None }
    }

    /// The approved template in a carrier's words. Who is told of the text alone has none with places elsewhere.
    fn composed_by(&self, carrier: CarrierName) -> Option<Composed> {
        let approved = self.approved.as_ref().filter(|it| is_of(carrier, &it.name))?;
        let value = |name: &String| approved.values.iter().find(|(one, _)| one == name).cloned();
        let values = match carrier.identifies_templates() {
            true => approved.values.clone(),
            false if !approved.is_all_in_body => return None,
            false => approved.in_body.iter().filter_map(value).collect(),
        };
        let is_passcode = approved.kind == ContentType::WhatsappAuthentication;
        let copies = values.first().filter(|_| is_passcode).map(|(_, code)| code.clone());
        Some(Composed::Template {
            name: approved.name.clone(),
            language: approved.language.clone(),
            values,
            copies,
        })
    }
}

impl Form {
    /// A type out of content that was checked.
    pub(super) fn of(kind: ContentType, content: &Value, given: &Values, own: &Values) -> Self {
        let text = |name: &str| text(content, name);
        let mut form = Self {
            kind,
            body: text("body").unwrap_or_default(),
            lines: Vec::new(),
            media: texts(content, "media"),
            choices: Vec::new(),
            button: None,
            place: None,
        };
        match kind {
            ContentType::Text | ContentType::Media => {}
            ContentType::Location => {
                let degrees = |name: &str| {
                    let text = content[name].as_str().map(str::to_owned);
                    text.unwrap_or_else(|| content[name].to_string())
                };
                let place = (degrees("latitude"), degrees("longitude"));
                form.lines.extend([text("label"), text("address")].into_iter().flatten());
                form.lines.push(format!("{}, {}", place.0, place.1).into());
                form.place = Some(place);
            }
            ContentType::QuickReply => {
                form.choices = each(content, "actions").map(button).collect();
                form.list_choices();
            }
            ContentType::ListPicker => {
                form.button = text("button").map(|text| text.0);
                form.choices = each(content, "items").map(item).collect();
                form.list_choices();
            }
            ContentType::CallToAction => form.lines.extend(each(content, "actions").map(action)),
            ContentType::Card => {
                let parts = [text("title"), text("body"), text("subtitle")];
                form.body = joined(parts.into_iter().flatten());
                form.lines.extend(each(content, "actions").map(action));
            }
            ContentType::WhatsappCard => {
                let parts = [text("header_text"), text("body"), text("footer")];
                form.body = joined(parts.into_iter().flatten());
                form.lines.extend(each(content, "actions").map(action));
            }
            ContentType::WhatsappAuthentication => {
                let code = given.get("1").or_else(|| own.get("1"));
                form.body = code.cloned().unwrap_or_default().into();
            }
        }
        form
    }

    fn list_choices(&mut self) {
        let line = |choice: &Choice| match &choice.description {
            Some(description) => format!("- {}: {description}", choice.title).into(),
            None => format!("- {}", choice.title).into(),
        };
        self.lines = self.choices.iter().map(line).collect();
    }

    /// All of it as text.
    fn in_lines(&self) -> Private<String> {
        let body = Some(self.body.clone()).filter(|body| !body.is_empty());
        let lines = self.lines.iter().chain(&self.media).cloned();
        joined(body.into_iter().chain(lines))
    }

    /// Whether it goes as it is on a channel of a carrier.
    fn fits(&self, channel: ChannelType, carrier: CarrierName) -> bool {
        use ChannelType::{Instagram, Messenger, Rcs, Sms, Whatsapp};
        let (files, choices) = (self.media.len(), self.choices.len());
        match (self.kind, channel) {
            (ContentType::Text, _) | (ContentType::Location, Whatsapp) => true,
            (ContentType::Media, Sms) => files <= MMS_FILES_MAX,
            (ContentType::Media, Whatsapp) => files == 1 && self.can_be_captioned(),
            (ContentType::Media, Messenger | Instagram) => files == 1 && self.body.is_empty(),
            (ContentType::Media, Rcs) => files == 1,
            (ContentType::ListPicker, Whatsapp) => carrier.takes_questions(),
            (ContentType::QuickReply, Whatsapp) => {
                carrier.takes_questions() && choices <= BUTTONS_MAX
            }
            (ContentType::QuickReply, Messenger | Instagram) => {
                carrier.takes_questions() && choices <= QUICK_REPLIES_MAX
            }
            (
                ContentType::Media
                | ContentType::Location
                | ContentType::QuickReply
                | ContentType::CallToAction
                | ContentType::ListPicker
                | ContentType::Card
                | ContentType::WhatsappCard
                | ContentType::WhatsappAuthentication,
                _,
            ) => false,
        }
    }

    /// Whether its one file may have a text, or there is none: sounds and stickers of WhatsApp may not.
    fn can_be_captioned(&self) -> bool {
        let kind = |url: &Private<String>| Media::by_name(url.0.clone()).content_type;
        let is_bare = |kind: String| kind.starts_with("audio/") || kind == "image/webp";
        self.body.is_empty() || !self.media.first().map(kind).is_some_and(is_bare)
    }

    fn composed(&self) -> Option<Composed> {
        match (self.kind, &self.place, &self.button) {
            (ContentType::QuickReply, _, _) => Some(Composed::Buttons(self.choices.clone())),
            (ContentType::ListPicker, _, Some(button)) => {
                Some(Composed::List { button: button.clone(), rows: self.choices.clone() })
            }
            (ContentType::Location, Some((latitude, longitude)), _) => {
                // The last line is the degrees; those before it are what the place is called, and where it is.
                let words = self.lines.len().saturating_sub(1);
                let mut words = self.lines.iter().take(words).map(|line| line.0.clone());
                Some(Composed::Location {
                    latitude: latitude.clone(),
                    longitude: longitude.clone(),
                    name: words.next(),
                    address: words.next(),
                })
            }
            (
                ContentType::Text
                | ContentType::Media
                | ContentType::Location
                | ContentType::CallToAction
                | ContentType::ListPicker
                | ContentType::Card
                | ContentType::WhatsappCard
                | ContentType::WhatsappAuthentication,
                _,
                _,
            ) => None,
        }
    }
}

fn text(content: &Value, name: &str) -> Option<Private<String>> {
    content[name].as_str().map(Private::from)
}

fn texts(content: &Value, name: &str) -> Vec<Private<String>> {
    each(content, name).filter_map(Value::as_str).map(Private::from).collect()
}

fn each<'a>(content: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    content[name].as_array().into_iter().flatten()
}

fn joined(lines: impl Iterator<Item = Private<String>>) -> Private<String> {
    let lines: Vec<String> = lines.map(|line| line.0).collect();
    Private(lines.join("\n"))
}

/// A button that answers; without an identifier its words come back.
fn button(action: &Value) -> Choice {
    let title = action["title"].as_str().unwrap_or_default().to_owned();
    let id = action["id"].as_str().map_or_else(|| title.clone(), str::to_owned);
    Choice { id, title, description: None }
}

fn item(item: &Value) -> Choice {
    let of = |name: &str| item[name].as_str().map(str::to_owned);
    Choice {
        id: of("id").unwrap_or_default(),
        title: of("item").unwrap_or_default(),
        description: of("description"),
    }
}

/// A button as a line: its words and what it leads to.
fn action(action: &Value) -> Private<String> {
    let title = action["title"].as_str().unwrap_or_default();
    let leads = ["url", "phone", "code"].into_iter().find_map(|name| action[name].as_str());
    match leads {
        Some(leads) => format!("{title}: {leads}").into(),
        None => format!("- {title}").into(),
    }
}
