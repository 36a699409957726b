//! What WhatsApp tells: customers' messages, what became of ours, and customers who are called otherwise now.
//!
//! Since 2026 a customer with a user name may have no phone number for us: then they are known by an identifier that
//! is ours alone (`US.1349…`), which can change as well.

use std::collections::BTreeSet;

use serde_json::Value;
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{
    Alias, AliasKind, CarrierName, Content, DeliveryStatus, IdentityChange, InboundMessage, Media,
    Notice, Pricing, StatusReport, UNKNOWN_CONTENT,
};
use switchboard_domain::private::Private;

use super::webhook::{Reading, Wrong, each, message_id, private, text, time, written};
use super::{API_VERSION, correlated, is_digits};
use crate::carrier::Event;

/// What is not kept as received of a text: all of it is mapped.
const MAPPED: [&str; 8] =
    ["from", "from_user_id", "from_parent_user_id", "id", "timestamp", "type", "text", "context"];

/// Reads one entry: its changes, and what stands in each.
pub(super) fn read(reading: &Reading<'_>, entry: &Value, events: &mut Vec<Event>) {
    for change in each(entry, "changes") {
        let value = &change["value"];
        match text(change, "field") {
            Some("messages") => {
                let of = Change { reading, value };
                events
                    .extend(each(value, "messages").map(|one| reading.event(one, of.message(one))));
                events
                    .extend(each(value, "statuses").map(|one| reading.event(one, of.status(one))));
                events.extend(each(value, "errors").map(|one| Event::Notice(of.error(one))));
            }
            field => {
                events.push(Event::Ignored(field.unwrap_or("no field").chars().take(40).collect()))
            }
        }
    }
}

/// One change of an entry.
struct Change<'a> {
    reading: &'a Reading<'a>,
    value: &'a Value,
}

impl Change<'_> {
    /// The business number.
    fn business(&self) -> Result<Address, Wrong> {
        let shown = text(&self.value["metadata"], "display_phone_number").unwrap_or_default();
        let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
        let number = Some(digits).filter(|digits| !digits.is_empty());
        let address = number.and_then(|digits| format!("whatsapp:+{digits}").parse().ok());
        address.ok_or("display_phone_number")
    }

    /// The contact that a message is from: the one with its names, or the only one.
    fn contact(&self, message: &Value) -> &Value {
        let same = |contact: &&Value, one: &str, other: &str| {
            text(message, one).is_some_and(|name| text(contact, other) == Some(name))
        };
        let mut all = each(self.value, "contacts");
        let named = all.clone().find(|contact| {
            same(contact, "from", "wa_id") || same(contact, "from_user_id", "user_id")
        });
        let only = all.next().filter(|_| all.next().is_none());
        named.or(only).unwrap_or(&Value::Null)
    }

    /// The names of the customer: the one to answer to first, then the others.
    fn names(&self, message: &Value) -> Result<(Address, BTreeSet<Alias>), Wrong> {
        let contact = self.contact(message);
        let user = text(message, "from_user_id").or_else(|| text(contact, "user_id"));
        let parent =
            text(message, "from_parent_user_id").or_else(|| text(contact, "parent_user_id"));
        let known = [
            alias(AliasKind::Phone, text(message, "from")),
            alias(AliasKind::AccountId, text(contact, "wa_id")),
            alias(AliasKind::UserId, user),
            alias(AliasKind::ParentUserId, parent),
        ];
        let known: Vec<Alias> = known.into_iter().flatten().collect();
        let of_parent = |alias: &&Alias| alias.kind == AliasKind::ParentUserId;
        let from = known.iter().find(|alias| !of_parent(alias)).ok_or("from")?.address.clone();
        let others = known.into_iter().filter(|alias| alias.address != from).collect();
        Ok((from, others))
    }

    fn message(&self, message: &Value) -> Result<Event, Wrong> {
        let kind = text(message, "type").unwrap_or("unknown");
        match kind {
            "system" => return self.system(message),
            "edit" | "revoke" | "request_welcome" => {
                return Ok(Event::Notice(self.notice(kind, message)));
            }
            _ => {}
        }
        let id = message_id(message, "id")?;
        let (from, aliases) = self.names(message)?;
        let pair = (from, self.business()?);
        let now = self.reading.now;
        let contact = self.contact(message);
        let mut read = InboundMessage {
            aliases,
            content: around(message),
            reply_to: reply_to(message, kind),
            profile_name: private(&contact["profile"], "name"),
            written_at: time(&message["timestamp"]),
            ..InboundMessage::new(CarrierName::Meta, id, pair, "", now)
        };
        self.fill(&mut read, message, kind);
        let is_mapped = |name: &String| MAPPED.contains(&name.as_str());
        let is_plain =
            kind == "text" && message.as_object().is_some_and(|it| it.keys().all(is_mapped));
        if !is_plain {
            read.extra.insert("message".to_owned(), Private(message.to_string()));
        }
        if let Some(name) = private(&contact["profile"], "username") {
            read.extra.insert("username".to_owned(), name);
        }
        Ok(Event::Message(read))
    }

    /// Fills in what a message of that kind has in it.
    fn fill(&self, read: &mut InboundMessage, message: &Value, kind: &str) {
        let of_kind = &message[kind];
        match kind {
            "text" => read.body = private(of_kind, "body").unwrap_or_default(),
            "image" | "video" | "audio" | "document" | "sticker" => {
                read.body = private(of_kind, "caption").unwrap_or_default();
                read.media.extend(self.file(of_kind));
            }
            "location" => read.content.extend(location(of_kind)),
            "contacts" => read.content.extend(each(message, "contacts").map(person)),
            "reaction" => read.content.extend(reaction(of_kind)),
            "button" => {
                read.body = private(of_kind, "text").unwrap_or_default();
                let (text, payload) = (private(of_kind, "text"), private(of_kind, "payload"));
                read.content.push(Content::Button { text, payload });
            }
            "interactive" => interactive(read, of_kind),
            "order" => {
                read.body = private(of_kind, "text").unwrap_or_default();
                let catalog = text(of_kind, "catalog_id").map(str::to_owned);
                let items = Private(of_kind["product_items"].to_string());
                read.content.push(Content::Order { catalog, items });
            }
            other => {
                let what = text(&message["unsupported"], "type").unwrap_or(other);
                let error_code = error_code(message);
                let what = Some(what.chars().take(40).collect());
                read.content.push(Content::Unsupported { what, error_code });
            }
        }
    }

    /// A file: by its identifier, for which a fresh address can be asked, and by the address that may come with it.
    fn file(&self, file: &Value) -> Option<Media> {
        let id = text(file, "id");
        let by_id = |id| format!("{}/{API_VERSION}/{id}", self.reading.origin);
        let url = text(file, "url").map(str::to_owned).or_else(|| id.map(by_id))?;
        Some(Media {
            size_bytes: file["file_size"].as_u64(),
            carrier_media_id: id.map(str::to_owned),
            file_name: private(file, "filename"),
            sha256: text(file, "sha256").map(str::to_owned),
            ..Media::new(url, text(file, "mime_type").unwrap_or(UNKNOWN_CONTENT))
        })
    }

    /// A notice of the channel's: that somebody is called otherwise from now on, or something that we only note.
    fn system(&self, message: &Value) -> Result<Event, Wrong> {
        let system = &message["system"];
        let what = text(system, "type").unwrap_or("unknown");
        let new = BTreeSet::from_iter(match what {
            "user_changed_number" | "user_changed_user_id" => self.new_names(message),
            _ => Vec::new(),
        });
        if new.is_empty() {
            return Ok(Event::Notice(self.notice(&format!("system:{what}"), message)));
        }
        let previous =
            text(system, "previous_user_id").or_else(|| text(message, "previous_user_id"));
        let old = [
            alias(AliasKind::Phone, text(message, "from").or_else(|| text(system, "customer"))),
            alias(AliasKind::UserId, previous),
        ];
        let mut old: BTreeSet<Alias> = old.into_iter().flatten().collect();
        if let (true, Ok((from, _))) = (old.is_empty(), self.names(message)) {
            old.insert(Alias { kind: AliasKind::UserId, address: from });
        }
        old.retain(|alias| !new.contains(alias));
        if old.is_empty() {
            return Err("previous_user_id");
        }
        Ok(Event::Identity(IdentityChange {
            carrier: CarrierName::Meta,
            carrier_notice_id: message_id(message, "id")?.to_owned(),
            to: self.business()?,
            old,
            new,
            happened_at: time(&message["timestamp"]),
            received_at: self.reading.now,
        }))
    }

    /// The names that a system message says somebody has now.
    fn new_names(&self, message: &Value) -> Vec<Alias> {
        let (system, contact) = (&message["system"], self.contact(message));
        let previous = text(system, "previous_user_id");
        let number = text(system, "wa_id").or_else(|| text(system, "new_wa_id"));
        let user =
            [text(system, "user_id"), text(message, "from_user_id"), text(contact, "user_id")];
        let user = user.into_iter().flatten().find(|user| previous != Some(*user));
        let parent = text(system, "parent_user_id").or_else(|| text(contact, "parent_user_id"));
        let named = [
            alias(AliasKind::AccountId, number),
            alias(AliasKind::UserId, user),
            alias(AliasKind::ParentUserId, parent.filter(|_| number.is_some() || user.is_some())),
        ];
        named.into_iter().flatten().collect()
    }

    fn notice(&self, about: &str, message: &Value) -> Notice {
        let customer = self.names(message).ok().map(|(from, _)| from);
        Notice { carrier: CarrierName::Meta, about: about.chars().take(60).collect(), customer }
    }

    fn error(&self, error: &Value) -> Notice {
        let code = written(&error["code"]).unwrap_or_default();
        self.notice(&format!("error:{code}"), &Value::Null)
    }

    fn status(&self, status: &Value) -> Result<Event, Wrong> {
        let id = message_id(status, "id")?;
        let word = text(status, "status").ok_or("status")?;
        let Some(reached) = delivery_status(word) else {
            return Ok(Event::Ignored(format!("message status {word:.40}")));
        };
        let back = text(status, "biz_opaque_callback_data").and_then(correlated);
        let (message, delivery) = back.unzip();
        let customer = alias(AliasKind::Phone, text(status, "recipient_id"))
            .or_else(|| alias(AliasKind::UserId, text(status, "recipient_user_id")));
        Ok(Event::Status(StatusReport {
            message,
            delivery,
            error_code: error_code(status),
            customer: customer.map(|alias| alias.address),
            business: self.business().ok(),
            pricing: pricing(status),
            happened_at: time(&status["timestamp"]),
            ..StatusReport::new(CarrierName::Meta, id, reached, self.reading.now)
        }))
    }
}

/// A name of a customer as an address: digits are a number without its `+`.
fn alias(kind: AliasKind, name: Option<&str>) -> Option<Alias> {
    let name = name?.trim();
    let plus = if is_digits(name) { "+" } else { "" };
    Some(Alias { kind, address: format!("whatsapp:{plus}{name}").parse().ok()? })
}

/// The rung of our ladder that the carrier's word for a status stands on.
fn delivery_status(word: &str) -> Option<DeliveryStatus> {
    Some(match word {
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "read" | "played" => DeliveryStatus::Read,
        "failed" => DeliveryStatus::Failed,
        _ => return None,
    })
}

fn error_code(element: &Value) -> Option<u32> {
    each(element, "errors").find_map(|error| error["code"].as_u64()?.try_into().ok())
}

/// What is said of the price: whether, as what, why and how it is charged; the price itself is on a list.
fn pricing(status: &Value) -> Option<Pricing> {
    let pricing = status.get("pricing").filter(|pricing| pricing.is_object())?;
    let word = |name| text(pricing, name).map(|word| word.chars().take(60).collect::<String>());
    Some(Pricing {
        billable: pricing["billable"].as_bool(),
        category: word("category"),
        reason: word("type"),
        model: word("pricing_model"),
        price: None,
    })
}

/// What stands around a message of any kind: where the customer came from, and that it was forwarded.
fn around(message: &Value) -> Vec<Content> {
    let mut content = Vec::new();
    let referral = &message["referral"];
    if referral.is_object() {
        content.push(Content::Referral {
            source_url: private(referral, "source_url"),
            source_type: text(referral, "source_type").map(str::to_owned),
            source_id: text(referral, "source_id").map(str::to_owned),
            headline: private(referral, "headline"),
            body: private(referral, "body"),
            media_url: private(referral, "image_url").or_else(|| private(referral, "video_url")),
            reference: private(referral, "ctwa_clid"),
        });
    }
    let context = &message["context"];
    let many_times = context["frequently_forwarded"].as_bool() == Some(true);
    if many_times || context["forwarded"].as_bool() == Some(true) {
        content.push(Content::Forwarded { many_times });
    }
    content
}

/// The message that is answered; a reaction says itself what it is to.
fn reply_to(message: &Value, kind: &str) -> Option<String> {
    let id = text(&message["context"], "id").filter(|_| kind != "reaction")?;
    Some(id.to_owned())
}

fn location(location: &Value) -> Option<Content> {
    Some(Content::Location {
        latitude: Private(written(&location["latitude"])?),
        longitude: Private(written(&location["longitude"])?),
        name: private(location, "name"),
        address: private(location, "address"),
    })
}

fn person(contact: &Value) -> Content {
    Content::Contact {
        name: private(&contact["name"], "formatted_name").unwrap_or_default(),
        phones: each(contact, "phones").filter_map(|one| private(one, "phone")).collect(),
        emails: each(contact, "emails").filter_map(|one| private(one, "email")).collect(),
    }
}

fn reaction(reaction: &Value) -> Option<Content> {
    let to = Some(text(reaction, "message_id")?.to_owned());
    Some(Content::Reaction { to, emoji: private(reaction, "emoji") })
}

/// An answer to a question: a button, a row of a list, a form. The answer may be missing altogether.
fn interactive(read: &mut InboundMessage, answer: &Value) {
    let kind = text(answer, "type").unwrap_or("interactive");
    let of_kind = &answer[kind];
    let shown = private(of_kind, "title");
    let content = match kind {
        "button_reply" => Content::Button { text: shown, payload: private(of_kind, "id") },
        "list_reply" => {
            let (id, description) = (private(of_kind, "id"), private(of_kind, "description"));
            Content::ListChoice { id, title: shown, description }
        }
        "nfm_reply" => {
            let response = private(of_kind, "response_json").unwrap_or_default();
            Content::Form { title: private(of_kind, "body"), response }
        }
        other => {
            let what = Some(other.chars().take(40).collect());
            Content::Unsupported { what, error_code: None }
        }
    };
    read.body = content.words(None).map(Private).unwrap_or_default();
    read.content.push(content);
}
