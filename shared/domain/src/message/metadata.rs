//! What a carrier said of a customer's message beside its text and files (rule B.8): one vocabulary for all carriers, as
//! the message's own link and the webhooks about it show it. Every member is always there; what was not said is null.

use serde_json::{Map, Value, json};

use super::Origin;
use crate::carriage::{Content, Media};
use crate::sid::MessageSid;

/// The members that are one part of the message each, or null.
const PARTS: [&str; 13] = [
    "location",
    "contact",
    "button",
    "list",
    "form",
    "reaction",
    "order",
    "referral",
    "forwarded",
    "story",
    "link",
    "opt_out",
    "unsupported",
];

impl Origin {
    /// Whether the carrier said anything beside the text and the files.
    pub fn says_more(&self) -> bool {
        !self.content.is_empty()
            || self.reply_to.is_some()
            || self.profile_name.is_some()
            || !self.extra.is_empty()
    }

    /// What it said: `type` is the channel; `data` has the kind of the message (`message_type`), the customer's name, what
    /// is quoted, each kind of part by its name, and in `content` all parts in their order, each with its `kind`.
    pub fn metadata(&self, media: &[Media]) -> Value {
        let mut data = Map::new();
        data.insert("message_type".to_owned(), self.message_type(media).into());
        data.insert("profile_name".to_owned(), json!(self.profile_name));
        let quoted = self.reply_to.as_ref();
        data.insert(
            "quoted".to_owned(),
            json!(
                quoted.map(|id| json!({ "channel_message_id": id, "message_sid": self.answers }))
            ),
        );
        data.extend(PARTS.map(|name| (name.to_owned(), Value::Null)));
        let mut content = Vec::new();
        for part in &self.content {
            let (name, mut shown) = (name_of(part), shown(part, self.answers));
            if let Some(first) = data.get_mut(name).filter(|first| first.is_null()) {
                first.clone_from(&shown);
            }
            shown["kind"] = name.into();
            content.push(shown);
        }
        data.insert("content".to_owned(), content.into());
        json!({ "type": self.pair.address.channel().name(), "data": data })
    }

    /// What is said with it: the first part that is a message of its own, else files, else text.
    fn message_type(&self, media: &[Media]) -> &'static str {
        let own = self.content.iter().find(|part| !is_beside(part));
        own.map_or(if media.is_empty() { "text" } else { "media" }, name_of)
    }

    /// Drops what was said, and keeps who said it to whom.
    pub(super) fn forget(&mut self) {
        self.content = Vec::new();
        self.profile_name = None;
        self.extra = Default::default();
    }
}

/// Whether a part only comes with a message.
const fn is_beside(part: &Content) -> bool {
    match part {
        Content::Referral { .. }
        | Content::Forwarded { .. }
        | Content::Story { .. }
        | Content::OptOut { .. } => true,
        Content::Location { .. }
        | Content::Contact { .. }
        | Content::Button { .. }
        | Content::ListChoice { .. }
        | Content::Form { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Link { .. }
        | Content::Unsupported { .. } => false,
    }
}

const fn name_of(part: &Content) -> &'static str {
    match part {
        Content::Location { .. } => "location",
        Content::Contact { .. } => "contact",
        Content::Button { .. } => "button",
        Content::ListChoice { .. } => "list",
        Content::Form { .. } => "form",
        Content::Reaction { .. } => "reaction",
        Content::Order { .. } => "order",
        Content::Referral { .. } => "referral",
        Content::Forwarded { .. } => "forwarded",
        Content::Story { .. } => "story",
        Content::Link { .. } => "link",
        Content::OptOut { .. } => "opt_out",
        Content::Unsupported { .. } => "unsupported",
    }
}

/// A part with all its members. `target` is our message that a reaction is to.
fn shown(part: &Content, target: Option<MessageSid>) -> Value {
    match part {
        Content::Location { latitude, longitude, name, address } => json!({
            "latitude": latitude, "longitude": longitude, "name": name, "address": address,
        }),
        Content::Contact { name, phones, emails } => {
            json!({ "name": name, "phones": phones, "emails": emails })
        }
        Content::Button { text, payload } => json!({ "text": text, "payload": payload }),
        Content::ListChoice { id, title, description } => {
            json!({ "id": id, "title": title, "description": description })
        }
        Content::Form { title, response } => json!({ "title": title, "response": response }),
        Content::Reaction { to, emoji } => {
            json!({ "emoji": emoji, "channel_message_id": to, "message_sid": target })
        }
        Content::Order { catalog, items } => json!({ "catalog": catalog, "items": items }),
        Content::Referral {
            source_url,
            source_type,
            source_id,
            headline,
            body,
            media_url,
            reference,
        } => json!({
            "source_url": source_url, "source_type": source_type, "source_id": source_id,
            "headline": headline, "body": body, "media_url": media_url, "reference": reference,
        }),
        Content::Forwarded { many_times } => json!({ "many_times": many_times }),
        Content::Story { id, url } => json!({ "id": id, "url": url }),
        Content::Link { url, title } => json!({ "url": url, "title": title }),
        Content::OptOut { choice } => json!({ "choice": choice }),
        Content::Unsupported { what, error_code } => {
            json!({ "what": what, "error_code": error_code })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::{CarrierName, InboundMessage};
    use crate::private::Private;
    use crate::sid::Sid as _;
    use crate::timestamp::Timestamp;

    fn some(text: &str) -> Option<Private<String>> {
        Some(text.into())
    }

    fn inbound(content: Vec<Content>) -> InboundMessage {
        let pair = ("whatsapp:+14155550100", "whatsapp:+18005550199");
        let pair = (pair.0.parse().unwrap(), pair.1.parse().unwrap());
        let message = InboundMessage::new(CarrierName::default(), "id", pair, "", Timestamp(0));
        InboundMessage { content, ..message }
    }

    fn all() -> Vec<Content> {
        vec![
            Content::Forwarded { many_times: true },
            Content::Location {
                latitude: "1".into(),
                longitude: "2".into(),
                name: None,
                address: None,
            },
            Content::Contact { name: "Ann".into(), phones: Vec::new(), emails: Vec::new() },
            Content::Button { text: some("Yes"), payload: None },
            Content::ListChoice { id: some("r"), title: None, description: None },
            Content::Form { title: None, response: "{}".into() },
            Content::Reaction { to: Some("m".to_owned()), emoji: None },
            Content::Order { catalog: None, items: "[]".into() },
            Content::Referral {
                source_url: None,
                source_type: None,
                source_id: None,
                headline: None,
                body: some("b"),
                media_url: None,
                reference: None,
            },
            Content::Story { id: None, url: None },
            Content::Link { url: "https://a.example".into(), title: None },
            Content::OptOut { choice: "stop".to_owned() },
            Content::Unsupported { what: None, error_code: None },
        ]
    }

    #[test]
    fn every_part_is_told_by_its_name_and_in_its_place() {
        let shown = Origin::of(&inbound(all()), None).metadata(&[]);
        let kinds: Vec<&str> = all().iter().map(name_of).collect();
        assert_eq!(kinds.len(), PARTS.len());
        let content = shown["data"]["content"].as_array().unwrap();
        for (part, kind) in content.iter().zip(&kinds) {
            let mut alone = part.clone();
            assert_eq!(alone.as_object_mut().unwrap().remove("kind").unwrap(), *kind);
            assert_eq!(shown["data"][*kind], alone, "{kind}");
        }
        assert_eq!(
            (&shown["type"], &shown["data"]["message_type"]),
            (&"whatsapp".into(), &"location".into())
        );
        assert_eq!(shown["data"]["profile_name"], Value::Null);
    }

    #[test]
    fn what_was_not_said_is_there_and_null() {
        let origin = Origin::of(&inbound(Vec::new()), None);
        assert!(!origin.says_more());
        let names = |shown: &Value| -> Vec<String> {
            shown["data"].as_object().unwrap().keys().cloned().collect()
        };
        let shown = origin.metadata(&[]);
        assert_eq!(names(&shown), names(&Origin::of(&inbound(all()), None).metadata(&[])));
        assert!(PARTS.iter().all(|part| shown["data"][*part].is_null()));
        assert_eq!(shown["data"]["message_type"], "text");
        let files = [Media::new("https://a.example", "image/png")];
        assert_eq!(origin.metadata(&files)["data"]["message_type"], "media");
    }

    #[test]
    fn of_several_parts_of_a_kind_the_first_is_named() {
        let link = |url: &str| Content::Link { url: url.into(), title: None };
        let shown = Origin::of(&inbound(vec![link("a"), link("b")]), None).metadata(&[]);
        assert_eq!(shown["data"]["link"]["url"], "a");
        assert_eq!(shown["data"]["content"][1]["url"], "b");
    }

    #[test]
    fn what_is_quoted_or_reacted_to_is_named_where_it_is_known() {
        let target = MessageSid::derived(&["t"]);
        let mut reply =
            inbound(vec![Content::Reaction { to: Some("m".to_owned()), emoji: some("👍") }]);
        reply.reply_to = Some("q".to_owned());
        for known in [None, Some(target)] {
            let origin = Origin { answers: known, ..Origin::of(&reply, None) };
            assert!(origin.says_more());
            let shown = origin.metadata(&[]);
            let quoted = json!({ "channel_message_id": "q", "message_sid": known });
            assert_eq!(shown["data"]["quoted"], quoted);
            let reaction =
                json!({ "emoji": "👍", "channel_message_id": "m", "message_sid": known });
            assert_eq!(shown["data"]["reaction"], reaction);
        }
    }
}
