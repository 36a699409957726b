//! What a message consists of beside text and files, and the words that stand for it.

use serde::{Deserialize, Serialize};

use crate::private::Private;

/// What a message consists of beside text and files. Texts are the customer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// A place.
    Location {
        /// Degrees north, in decimals as received.
        latitude: Private<String>,
        /// Degrees east, likewise.
        longitude: Private<String>,
        /// What the place is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Private<String>>,
        /// Its postal address, in one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Private<String>>,
    },
    /// A person of the customer's address book.
    Contact {
        /// Their name.
        name: Private<String>,
        /// Their phone numbers, as written.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        phones: Vec<Private<String>>,
        /// Their e-mail addresses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        emails: Vec<Private<String>>,
    },
    /// A button that was pressed.
    Button {
        /// What stands on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Private<String>>,
        /// What the business put behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<Private<String>>,
    },
    /// A row of a list that was chosen.
    ListChoice {
        /// What the business calls the row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Private<String>>,
        /// What stands in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Private<String>>,
        /// What stands below that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Private<String>>,
    },
    /// A form that was filled in.
    Form {
        /// What is shown of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Private<String>>,
        /// Its fields, as JSON.
        response: Private<String>,
    },
    /// An emoji on another message.
    Reaction {
        /// The carrier's identifier of that message, if it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The emoji; none where it was taken away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<Private<String>>,
    },
    /// Goods that were ordered.
    Order {
        /// The carrier's identifier of the catalogue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catalog: Option<String>,
        /// The items, as JSON.
        items: Private<String>,
    },
    /// What the customer came from: an advertisement, a post, a link.
    Referral {
        /// Where it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_url: Option<Private<String>>,
        /// `ad`, `post`, …, as the carrier says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_type: Option<String>,
        /// The carrier's identifier of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<String>,
        /// Its headline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        headline: Option<Private<String>>,
        /// What it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Private<String>>,
        /// Where its picture or film is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_url: Option<Private<String>>,
        /// What the business put behind the link, or the identifier of the click.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Private<String>>,
    },
    /// It was forwarded.
    Forwarded {
        /// Many times.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        many_times: bool,
    },
    /// A story that it answers or mentions.
    Story {
        /// The carrier's identifier of the story.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Where the carrier keeps it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<Private<String>>,
    },
    /// A link that was shared.
    Link {
        /// Where it leads.
        url: Private<String>,
        /// What it is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<Private<String>>,
    },
    /// The customer asks for no more messages, or for messages again.
    OptOut {
        /// `stop`, `start` or `help`, in lower case.
        choice: String,
    },
    /// Something that the carrier does not pass on.
    Unsupported {
        /// What the carrier calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
        /// The carrier's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_code: Option<u32>,
    },
}

impl Content {
    /// The words that stand for it where there is no text. A reaction is told with what it is to (`target`).
    pub fn words(&self, target: Option<&str>) -> Option<String> {
        let text = |text: &Option<Private<String>>| text.as_ref().map(|text| text.0.clone());
        let words = match self {
            Self::Location { latitude, longitude, name, address } => {
                let named = [text(name), text(address)].into_iter().flatten();
                let named = named.collect::<Vec<_>>().join(", ");
                Some(named)
                    .filter(|named| !named.is_empty())
                    .unwrap_or_else(|| format!("{}, {}", latitude.as_str(), longitude.as_str()))
            }
            Self::Contact { name, phones, .. } => {
                let known = std::iter::once(name).chain(phones).map(|it| it.as_str());
                known.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ")
            }
            Self::Button { text: label, payload } => text(label).or_else(|| text(payload))?,
            Self::ListChoice { id, title, .. } => text(title).or_else(|| text(id))?,
            Self::Form { title, .. } => text(title)?,
            Self::Reaction { emoji, .. } => {
                let target = target.unwrap_or("an earlier message");
                match text(emoji) {
                    Some(emoji) => format!("Reacted {emoji} to {target}"),
                    None => format!("Took back the reaction to {target}"),
                }
            }
            Self::Link { url, title } => text(title).unwrap_or_else(|| url.0.clone()),
            Self::Order { .. }
            | Self::Referral { .. }
            | Self::Forwarded { .. }
            | Self::Story { .. }
            | Self::OptOut { .. }
            | Self::Unsupported { .. } => return None,
        };
        Some(words).filter(|words| !words.is_empty())
    }

    /// What is shown of it where there are neither words nor files, so that nobody sees a blank message; nothing of what
    /// only comes with a message.
    pub fn stand_in(&self) -> Option<String> {
        let words = match self {
            Self::Location { .. } => "Sent a place",
            Self::Contact { .. } => "Sent a contact",
            Self::Button { .. } => "Pressed a button",
            Self::ListChoice { .. } => "Chose from a list",
            Self::Form { .. } => "Filled in a form",
            Self::Order { .. } => "Sent an order",
            Self::Referral { .. } => "Came from an advertisement or a link",
            Self::Story { .. } => "Answered or mentioned a story",
            Self::OptOut { choice } => return Some(choice.to_uppercase()),
            Self::Unsupported { what: Some(what), .. } => {
                return Some(format!("Sent something that the channel does not pass on: {what}"));
            }
            Self::Unsupported { what: None, .. } => {
                "Sent something that the channel does not pass on"
            }
            Self::Reaction { .. } | Self::Link { .. } | Self::Forwarded { .. } => return None,
        };
        Some(words.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::{CarrierName, InboundMessage};
    use crate::timestamp::Timestamp;

    #[test]
    fn a_message_without_text_is_shown_by_the_words_of_what_was_sent() {
        let some = |text: &str| Some(Private::from(text));
        let location = |name, address| Content::Location {
            latitude: "51.5".into(),
            longitude: "-0.1".into(),
            name,
            address,
        };
        let reaction = |emoji| Content::Reaction { to: Some("m".to_owned()), emoji };
        let unsupported = |what: &str| Content::Unsupported {
            what: Some(what.to_owned()).filter(|what| !what.is_empty()),
            error_code: None,
        };
        for (content, words) in [
            (location(some("Big Ben"), some("London")), Some("Big Ben, London")),
            (location(None, None), Some("51.5, -0.1")),
            (Content::Button { text: some("Yes"), payload: some("y") }, Some("Yes")),
            (Content::Button { text: None, payload: some("y") }, Some("y")),
            (Content::Button { text: None, payload: None }, Some("Pressed a button")),
            (
                Content::ListChoice { id: some("r1"), title: some("Red"), description: None },
                Some("Red"),
            ),
            (reaction(some("👍")), Some("Reacted 👍 to an earlier message")),
            (reaction(None), Some("Took back the reaction to an earlier message")),
            (
                Content::Contact {
                    name: "Zoë".into(),
                    phones: vec!["+1 555".into()],
                    emails: Vec::new(),
                },
                Some("Zoë, +1 555"),
            ),
            (Content::Form { title: None, response: "{}".into() }, Some("Filled in a form")),
            (Content::Order { catalog: None, items: "[]".into() }, Some("Sent an order")),
            (Content::Story { id: None, url: None }, Some("Answered or mentioned a story")),
            (Content::OptOut { choice: "stop".to_owned() }, Some("STOP")),
            (unsupported("poll"), Some("Sent something that the channel does not pass on: poll")),
            (unsupported(""), Some("Sent something that the channel does not pass on")),
            (Content::Forwarded { many_times: true }, None),
        ] {
            let pair = ("+14155550101".parse().unwrap(), "+18005550199".parse().unwrap());
            let mut message =
                InboundMessage::new(CarrierName::default(), "id", pair, "", Timestamp(0));
            message.content = vec![content];
            assert_eq!(message.text().map(|text| text.0).as_deref(), words);
            let is_reaction = matches!(message.content[0], Content::Reaction { .. });
            let told = message.text_to(Some("“hi”")).map(|text| text.0);
            let expected = words.map(|words| words.replace("an earlier message", "“hi”"));
            assert_eq!((told != message.text().map(|text| text.0), told), (is_reaction, expected));
            message.body = "typed".into();
            assert_eq!(message.text(), some("typed"));
        }
    }
}
