//! What Messenger and Instagram tell: a page's or account's events with one customer each. Our own messages come back
//! as echoes, and what is on standby is another application's.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{
    CarrierName, Content, DeliveryStatus, InboundMessage, Media, StatusReport, Watermark,
};
use switchboard_domain::private::Private;

use super::correlated;
use super::webhook::{Reading, Wrong, each, message_id, private, text, time, written};
use crate::carrier::Event;

/// Reads one entry: its events, and that there were others that are none of ours.
pub(super) fn read(reading: &Reading<'_>, channel: &str, entry: &Value, events: &mut Vec<Event>) {
    for element in each(entry, "messaging") {
        let read = Exchange::of(reading, channel, element).map(|exchange| exchange.events(element));
        match read {
            Ok(read) => events.extend(read.into_iter().map(|one| reading.event(element, one))),
            Err(wrong) => events.push(reading.event(element, Err(wrong))),
        }
    }
    for other in ["standby", "changes"] {
        if each(entry, other).next().is_some() {
            events.push(Event::Ignored(other.to_owned()));
        }
    }
}

/// One event and the two between whom it happened.
struct Exchange<'a> {
    reading: &'a Reading<'a>,
    sender: Address,
    recipient: Address,
    at: Option<switchboard_domain::timestamp::Timestamp>,
}

impl<'a> Exchange<'a> {
    fn of(reading: &'a Reading<'a>, channel: &str, element: &Value) -> Result<Self, Wrong> {
        let who = |name: &'static str| {
            let id = written(&element[name]["id"]).ok_or(name)?;
            format!("{channel}:{id}").parse().map_err(|_| name)
        };
        let at = time(&element["timestamp"]);
        Ok(Self { reading, sender: who("sender")?, recipient: who("recipient")?, at })
    }

    fn events(&self, element: &Value) -> Vec<Result<Event, Wrong>> {
        if let Some(message) = element.get("message") {
            return vec![self.message(message)];
        }
        if let Some(postback) = element.get("postback") {
            return vec![self.postback(postback)];
        }
        if let Some(delivery) = element.get("delivery") {
            return self.delivered(delivery);
        }
        if let Some(read) = element.get("read") {
            return vec![self.read(read)];
        }
        if let Some(reaction) = element.get("reaction") {
            return vec![self.reaction(reaction)];
        }
        let about = ["pass_thread_control", "take_thread_control", "request_thread_control"];
        let about =
            about.into_iter().chain(["referral", "optin", "app_roles", "policy_enforcement"]);
        let known = about.into_iter().find(|name| element.get(name).is_some());
        vec![Ok(Event::Ignored(known.unwrap_or("an unknown event").to_owned()))]
    }

    fn brought(&self, id: &str, body: Option<Private<String>>) -> InboundMessage {
        let (pair, now) = ((self.sender.clone(), self.recipient.clone()), self.reading.now);
        let body = body.unwrap_or_default().0;
        let message = InboundMessage::new(CarrierName::Meta, id, pair, body, now);
        InboundMessage { written_at: self.at, ..message }
    }

    /// The identifier of an event that has none: the same event always has the same one.
    fn derived_id(&self, kind: &str, element: &Value) -> String {
        let at = self.at.map_or(0, |at| at.0);
        let parts = format!("{kind}\n{}\n{}\n{at}\n{element}", self.sender, self.recipient);
        let digest = Sha256::digest(parts.as_bytes());
        let half: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{kind}.{half}")
    }

    fn message(&self, message: &Value) -> Result<Event, Wrong> {
        let is = |name: &str| message[name].as_bool() == Some(true);
        if is("is_echo") {
            return self.echo(message);
        }
        if is("is_deleted") {
            return Ok(Event::Ignored("unsend".to_owned()));
        }
        let mut read = self.brought(message_id(message, "mid")?, private(message, "text"));
        let reply = &message["reply_to"];
        read.reply_to = text(reply, "mid").map(str::to_owned);
        if reply["story"].is_object() {
            read.content.push(story(&reply["story"]));
        }
        if let Some(payload) = private(&message["quick_reply"], "payload") {
            let text = private(message, "text");
            read.content.push(Content::Button { text, payload: Some(payload) });
        }
        if message["referral"].is_object() {
            read.content.push(referral(&message["referral"]));
        }
        for attachment in each(message, "attachments") {
            attach(&mut read, attachment);
        }
        if is("is_unsupported") {
            read.content.push(Content::Unsupported { what: None, error_code: None });
        }
        let mapped = ["mid", "text", "seq", "reply_to"];
        let is_mapped = |name: &String| mapped.contains(&name.as_str());
        if !message.as_object().is_some_and(|it| it.keys().all(is_mapped)) {
            read.extra.insert("message".to_owned(), Private(message.to_string()));
        }
        Ok(Event::Message(read))
    }

    /// A message that the business sent, by us or by somebody else; none of it is a customer's. Ours comes back with what
    /// we asked to be told.
    fn echo(&self, message: &Value) -> Result<Event, Wrong> {
        let Some((sid, delivery)) = text(message, "metadata").and_then(correlated) else {
            return Ok(Event::Ignored("echo".to_owned()));
        };
        let id = message_id(message, "mid")?;
        Ok(Event::Status(StatusReport {
            message: Some(sid),
            delivery: Some(delivery),
            customer: Some(self.recipient.clone()),
            business: Some(self.sender.clone()),
            happened_at: self.at,
            ..StatusReport::new(CarrierName::Meta, id, DeliveryStatus::Sent, self.reading.now)
        }))
    }

    fn postback(&self, postback: &Value) -> Result<Event, Wrong> {
        let id = match postback.get("mid") {
            Some(_) => message_id(postback, "mid")?.to_owned(),
            None => self.derived_id("postback", postback),
        };
        let (title, payload) = (private(postback, "title"), private(postback, "payload"));
        let mut read = self.brought(&id, title.clone());
        read.content.push(Content::Button { text: title, payload });
        if postback["referral"].is_object() {
            read.content.push(referral(&postback["referral"]));
        }
        read.extra.insert("postback".to_owned(), Private(postback.to_string()));
        Ok(Event::Message(read))
    }

    fn reaction(&self, reaction: &Value) -> Result<Event, Wrong> {
        let to = Some(message_id(reaction, "mid")?.to_owned());
        let was_taken = text(reaction, "action") == Some("unreact");
        let emoji = private(reaction, "emoji").filter(|_| !was_taken);
        let mut read = self.brought(&self.derived_id("reaction", reaction), None);
        read.content.push(Content::Reaction { to, emoji });
        Ok(Event::Message(read))
    }

    fn report(&self, id: &str, status: DeliveryStatus) -> StatusReport {
        StatusReport {
            customer: Some(self.sender.clone()),
            business: Some(self.recipient.clone()),
            happened_at: self.at,
            ..StatusReport::new(CarrierName::Meta, id, status, self.reading.now)
        }
    }

    fn watermark(&self, of: &Value, status: DeliveryStatus) -> Result<Event, Wrong> {
        Ok(Event::Watermark(Watermark {
            carrier: CarrierName::Meta,
            customer: self.sender.clone(),
            business: self.recipient.clone(),
            status,
            until: time(&of["watermark"]).ok_or("watermark")?,
            received_at: self.reading.now,
        }))
    }

    /// The messages that arrived, by name; without names, everything before the watermark.
    fn delivered(&self, delivery: &Value) -> Vec<Result<Event, Wrong>> {
        let at = time(&delivery["watermark"]).or(self.at);
        let one = |mid: &Value| {
            let id = mid.as_str().filter(|id| !id.is_empty()).ok_or("mids")?;
            let report = self.report(id, DeliveryStatus::Delivered);
            Ok(Event::Status(StatusReport { happened_at: at, ..report }))
        };
        let named: Vec<_> = each(delivery, "mids").map(one).collect();
        match named.is_empty() {
            true => vec![self.watermark(delivery, DeliveryStatus::Delivered)],
            false => named,
        }
    }

    fn read(&self, read: &Value) -> Result<Event, Wrong> {
        match text(read, "mid") {
            Some(id) => Ok(Event::Status(self.report(id, DeliveryStatus::Read))),
            None => self.watermark(read, DeliveryStatus::Read),
        }
    }
}

fn story(story: &Value) -> Content {
    Content::Story { id: text(story, "id").map(str::to_owned), url: private(story, "url") }
}

fn referral(referral: &Value) -> Content {
    Content::Referral {
        source_url: private(referral, "referer_uri"),
        source_type: text(referral, "source").map(str::to_owned),
        source_id: text(referral, "ad_id").map(str::to_owned),
        headline: private(&referral["ads_context_data"], "ad_title"),
        body: None,
        media_url: private(&referral["ads_context_data"], "photo_url")
            .or_else(|| private(&referral["ads_context_data"], "video_url")),
        reference: private(referral, "ref"),
    }
}

/// Takes in one attachment. The addresses of files are good for a short time only.
fn attach(read: &mut InboundMessage, attachment: &Value) {
    let kind = text(attachment, "type").unwrap_or("unknown");
    let payload = &attachment["payload"];
    let url = text(payload, "url");
    match (kind, url) {
        ("location", _) => {
            let place = &payload["coordinates"];
            if let (Some(latitude), Some(longitude)) =
                (written(&place["lat"]), written(&place["long"]))
            {
                read.content.push(Content::Location {
                    latitude: Private(latitude),
                    longitude: Private(longitude),
                    name: private(attachment, "title"),
                    address: None,
                });
            }
        }
        ("fallback" | "template", _) => {
            let link = private(attachment, "url").or_else(|| private(payload, "url"));
            let title = private(attachment, "title").or_else(|| private(payload, "title"));
            match link {
                Some(url) => read.content.push(Content::Link { url, title }),
                None => read.content.push(unsupported(kind)),
            }
        }
        (_, Some(url)) => {
            if kind == "story_mention" {
                read.content.push(story(payload));
            }
            read.media.push(Media::by_name(url));
        }
        (_, None) => read.content.push(unsupported(kind)),
    }
}

fn unsupported(kind: &str) -> Content {
    Content::Unsupported { what: Some(kind.chars().take(40).collect()), error_code: None }
}
