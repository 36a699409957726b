//! A message, and how far it got on its way to each recipient.
//!
//! A message of a conversation and a programmable message are one record. An inbound one takes its
//! identifier from the carrier's, so a redelivery finds it written; an outbound one has a delivery per
//! recipient, and each delivery is a programmable message and a receipt of its own.
//!
//! ```text
//! waiting ──begin──▶ leased ──accepted──▶ sent out ──receipts──▶ delivered, read, undelivered, failed
//!    ▲                 │ │
//!    └─── retry ───────┘ └── nobody knows ──▶ ask the carrier first
//! ```

mod copies;
mod costs;
mod delivery;
mod failures;
mod files;
mod keyword;
mod merge;
mod metadata;
mod programmable;
mod rates;
mod schedule;
mod spend;
mod terms;
mod text;

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use self::copies::all_copies;
pub use self::costs::{CostLine, CostSum, Costs};
pub use self::delivery::{ATTEMPTS_MAX, Begin, Delivery, GAVE_UP, LEASE, Progress};
pub use self::failures::failure_text;
pub use self::files::{Copied, copied, files_of, without_file};
pub use self::keyword::keyword_answer;
pub use self::merge::{CopyOf, MERGED_MAX, MERGED_WITHIN_MAX, Taken};
pub use self::programmable::{named, outside, unrouted};
pub use self::rates::{NoRateCards, RateCards};
pub use self::schedule::{
    AHEAD_MAX, AHEAD_MIN, Look, Pool, cancel, look, needs_another_sender, send_at,
};
pub use self::spend::{Expense, NoSpendCaps, OVER_CAP, OverCap, Spend, SpendCaps};
pub use self::terms::{EXPIRED, Terms, VALIDITY_MAX, status_callback, validity};
pub use self::text::{TEXT_CHARS_MAX, fit_text};
pub use crate::carriage::BODY_BYTES_MAX;

use crate::address::Address;
use crate::carriage::{CarrierName, Content, DeliveryStatus, InboundMessage, Media};
use crate::consent::Keyword;
use crate::conversation::{Changes, ConversationEvent, Dates, Draft, Given, Pair};
use crate::private::Private;
use crate::refusal::Refusal;
use crate::sender::SenderReceipt;
use crate::sid::{ConversationSid, MediaSid, MessageSid, MessagingServiceSid};
use crate::template::Filled;
use crate::timestamp::Timestamp;
use crate::version::Version;

/// So much is quoted of a message that somebody reacts to, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// Which way a message went, as the programmable messages show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From a customer.
    Inbound,
    /// To customers, by our REST API.
    OutboundApi,
    /// To a customer, in answer to what they wrote, by whoever was told of it.
    OutboundReply,
}

/// A message. All code reads its [`Fields`]; only the rules of this module write them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Message {
    fields: Fields,
    /// How often it was written; 0 if it is new.
    #[serde(skip)]
    pub version: Version,
}

impl Deref for Message {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

/// What a message consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// Its identifier.
    pub sid: MessageSid,
    /// The conversation it is in; none for a message that no conversation wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationSid>,
    /// Its place in the conversation.
    #[serde(default)]
    pub index: u32,
    /// Whether it is found by a row in the index `list`, as all were before conversations named their messages.
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub listed: bool,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it, as the conversation knows them.
    pub author: String,
    /// The number of the participant who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<u32>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Private<String>>,
    /// The files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// The files that it had before: their content is removed, or is going to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_gone: Vec<MediaSid>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// The token under which it was written, where one speaks at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<u64>,
    /// From and to of an inbound message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The messaging service it came in or goes out by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// Why it has its sender, if a messaging service sends it outside of conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<SenderReceipt>,
    /// The keyword of a customer that it answers by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_keyword: Option<Keyword>,
    /// The template that it was made of, with its places filled in, if it is more than its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled: Option<Box<Filled>>,
    /// How it is sent, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<Terms>>,
    /// The copies that go to customers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// When it was written.
    pub created: Timestamp,
    /// When it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
    /// Its content is gone; what is left only stops a redelivery from bringing it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// Where an inbound message came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The customer's address and the business'.
    pub pair: Pair,
    /// The carrier.
    pub carrier: CarrierName,
    /// The carrier's identifier.
    pub carrier_message_id: String,
    /// What it consists of beside text and files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Content>,
    /// The carrier's identifier of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message of this conversation that it answers or reacts to, if it was found when this one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageSid>,
    /// What the customer was called on that channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<Private<String>>,
    /// What else the carrier said, as received.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Private<String>>,
}

/// What is to be written into a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// The message's identifier.
    pub sid: MessageSid,
    /// Who writes; `system` if none is named.
    pub author: Option<String>,
    /// The text.
    pub body: Option<Private<String>>,
    /// The files.
    pub media: Vec<Media>,
    /// JSON text.
    pub attributes: Option<String>,
    /// The token of the conversation's one speaker, if the writer names one.
    pub speaker: Option<u64>,
    /// Where it came from, if from a channel.
    pub origin: Option<Origin>,
    /// What else the customer who wrote it is called.
    pub aliases: Vec<Address>,
    /// When it was written and edited, if not now and never.
    pub dates: Dates,
    /// The template that it is made of; its text is then that of the template.
    pub filled: Option<Box<Filled>>,
}

impl Post {
    /// What an inbound message puts into a conversation. `target` is the message there that it answers or reacts to, if
    /// that is known.
    pub fn of(inbound: &InboundMessage, target: Option<&Message>) -> Self {
        let words = target.and_then(Message::in_words);
        Self {
            sid: inbound.sid(),
            author: Some(inbound.from.to_string()),
            body: inbound.text_to(words.as_deref()),
            media: inbound.media.clone(),
            attributes: inbound.attributes(),
            speaker: None,
            origin: Some(Origin::of(inbound, target.map(|target| target.sid))),
            aliases: inbound.names().cloned().collect(),
            dates: Dates::default(),
            filled: None,
        }
    }
}

impl Post {
    /// As an endpoint wants it, which can take the text away only where there is something else.
    pub(crate) fn change(&mut self, changes: Changes) -> Result<(), Refusal> {
        if let Some(body) = changes.body {
            must_say_something(Some(&body), &self.media)?;
            self.body = Some(body);
            // Who puts other words in place of a template's has the words sent.
            self.filled = None;
        }
        self.author = changes.author.or(self.author.take());
        self.attributes = changes.attributes.or(self.attributes.take());
        Ok(())
    }
}

impl Edit {
    /// As an endpoint wants it.
    pub(crate) fn change(&mut self, changes: Changes) {
        self.body = changes.body.map(Some).or(self.body.take());
        self.author = changes.author.or(self.author.take());
        self.attributes = changes.attributes.map(Some).or(self.attributes.take());
    }
}

impl Origin {
    /// As the carrier says, whose two addresses need not fit together.
    fn of(inbound: &InboundMessage, answers: Option<MessageSid>) -> Self {
        Self {
            pair: Pair { address: inbound.from.clone(), proxy: inbound.to.clone() },
            carrier: inbound.carrier,
            carrier_message_id: inbound.carrier_message_id.clone(),
            content: inbound.content.clone(),
            reply_to: inbound.reply_to.clone(),
            answers,
            profile_name: inbound.profile_name.clone(),
            extra: inbound.extra.clone(),
        }
    }
}

/// What is to change about a message of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    /// The text.
    pub body: Given<Private<String>>,
    /// JSON text.
    pub attributes: Given<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was written and edited, if not now.
    pub dates: Dates,
}

/// What Programmable Messaging does to a message, wherever that is shown besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Take the text away, from the conversation too: it is one record.
    Redact,
    /// Take one view of it away: a copy, or with none what came in. A conversation keeps its message.
    Remove {
        /// The number of the copy.
        delivery: Option<u32>,
    },
}

/// Decides a command of Programmable Messaging. What a carrier does not have yet stays as it is, also what is scheduled: it
/// is canceled first. Redacting twice
/// changes nothing.
pub fn decide(message: &Message, command: Command, now: Timestamp) -> Result<Message, Refusal> {
    let waits =
        |copy: &Delivery| matches!(copy.status, DeliveryStatus::Scheduled | DeliveryStatus::Queued);
    let mut after = message.clone();
    let fields = &mut after.fields;
    match command {
        Command::Redact if !message.has_words() => {}
        Command::Redact if message.origin.is_none() && message.deliveries.iter().any(waits) => {
            return Err(Refusal::NotSentYet);
        }
        Command::Redact => {
            fields.body = None;
            fields.forget_template();
            fields.origin.iter_mut().for_each(Origin::forget);
            fields.edited = Some(now);
        }
        Command::Remove { delivery } => {
            if delivery.and_then(|number| message.delivery(number)).is_some_and(waits) {
                return Err(Refusal::NotSentYet);
            }
            match (message.conversation, delivery) {
                (Some(_), Some(number)) => fields.deliveries.retain(|one| one.number != number),
                (Some(_), None) => fields.origin = None,
                (None, _) => {
                    fields.removed = true;
                    fields.body = None;
                    fields.forget_template();
                    fields.lose_files();
                }
            }
        }
    }
    Ok(after)
}

/// Appends a message to a conversation: gives it the next index, wakes a quiet conversation, and makes a copy
/// for every channel participant but the author (rules B.3, A.3).
pub(crate) fn append(draft: &mut Draft<'_>, mut post: Post) -> Result<Message, Refusal> {
    draft.conversation.must_be_open()?;
    // A carrier may deliver a message without text or file, or one that is too long; it is kept. By REST it cannot be
    // posted.
    let mut speaker = None;
    if post.origin.is_none() {
        if post.filled.is_none() {
            must_say_something(post.body.as_ref(), &post.media)?;
        }
        speaker = draft.may_speak(post.speaker, post.author.as_deref())?;
    }
    let index = draft.next_index(post.sid)?;
    let author = post.author.take().unwrap_or_else(|| "system".to_owned());
    let called = |name: &str| draft.conversation.participant_called(name).map(|one| one.number);
    // Whoever wrote must not get a copy, by whichever of their names they are known, and whoever else is said to be the author.
    let writer = post.aliases.iter().find_map(|name| called(name.as_str()));
    let participant = called(&author).or(writer);
    let writer = writer.or(participant);
    if let Some(origin) = &post.origin {
        draft.answers_by(writer, origin.carrier);
        draft.opens_window(writer);
    }
    let (conversation, now) = (&draft.conversation, draft.now);
    let deliveries = all_copies(conversation, writer, &author, &post, now)?;
    let message = Message::new(Fields {
        sid: post.sid,
        conversation: Some(conversation.sid),
        index,
        listed: false,
        direction: if post.origin.is_some() { Direction::Inbound } else { Direction::OutboundApi },
        participant,
        body: post.body,
        media: post.media,
        media_gone: Vec::new(),
        attributes: post.attributes,
        speaker,
        messaging_service: conversation.messaging_service,
        sender: None,
        answers_keyword: None,
        filled: post.filled,
        terms: None,
        deliveries,
        origin: post.origin,
        author,
        created: post.dates.created.unwrap_or(now),
        edited: post.dates.updated,
        removed: false,
    });
    let added = ConversationEvent::MessageAdded { message: message.sid, author: participant };
    draft.events.push(added);
    let failed = message.deliveries.iter().filter(|copy| copy.status == DeliveryStatus::Failed);
    draft.events.extend(failed.map(|copy| message.delivery_updated(copy.number)));
    draft.activate(writer);
    draft.ring(participant.or(writer));
    draft.begin_flow(&message.author);
    Ok(message)
}

fn must_say_something(body: Option<&Private<String>>, media: &[Media]) -> Result<(), Refusal> {
    match body {
        Some(body) if body.len() > BODY_BYTES_MAX => Err(Refusal::BodyTooLong),
        Some(body) if !body.is_empty() => Ok(()),
        Some(_) | None if media.is_empty() => Err(Refusal::EmptyMessage),
        Some(_) | None => Ok(()),
    }
}

/// Corrects what the conversation shows; what a carrier has delivered stays as it was. Without
/// a difference nothing happens to it.
pub(crate) fn edit(draft: &mut Draft<'_>, before: Message, edit: Edit) -> Result<Message, Refusal> {
    let mut after = before.clone();
    let fields = &mut after.fields;
    if let Some(body) = edit.body {
        fields.body = body.filter(|body| !body.is_empty());
        must_say_something(fields.body.as_ref(), &fields.media)?;
    }
    if let Some(attributes) = edit.attributes {
        fields.attributes = attributes;
    }
    if let Some(author) = edit.author {
        let participant = draft.conversation.participant_called(&author);
        fields.participant = participant.map(|one| one.number);
        fields.author = author;
    }
    fields.created = edit.dates.created.unwrap_or(before.created);
    fields.edited = edit.dates.updated.or(before.edited);
    if after == before {
        return Ok(before);
    }
    after.fields.edited = edit.dates.updated.or(Some(draft.now));
    let (message, author) = (after.sid, after.participant);
    draft.events.push(ConversationEvent::MessageUpdated { message, author });
    Ok(after)
}

/// Removes the content of a message; the identifier stays, so that a carrier who delivers the message again does not
/// bring it back.
pub(crate) fn withdraw(draft: &mut Draft<'_>, before: &Message) -> Message {
    let mut after = before.clone();
    after.give_copies_up(draft.now);
    let fields = &mut after.fields;
    fields.removed = true;
    fields.body = None;
    fields.forget_template();
    fields.lose_files();
    fields.attributes = None;
    fields.origin.iter_mut().for_each(Origin::forget);
    fields.edited = Some(draft.now);
    let (message, author) = (after.sid, after.participant);
    draft.events.push(ConversationEvent::MessageRemoved { message, author });
    after
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_so(flag: &bool) -> bool {
    *flag
}

impl Fields {
    /// Forgets the words of the template that it was made of, and not which one that was.
    fn forget_template(&mut self) {
        if let Some(filled) = &mut self.filled {
            filled.forget();
        }
    }
}

impl Message {
    /// Whether there is a text in it, its own or a template's.
    fn has_words(&self) -> bool {
        self.body.as_ref().is_some_and(|body| !body.is_empty())
            || self.filled.as_ref().is_some_and(|filled| !filled.is_forgotten())
    }

    /// A message that is not written yet.
    const fn new(fields: Fields) -> Self {
        Self { fields, version: Version::NEW }
    }

    /// Whether it is what became of that inbound message, which has its identifier. A carrier that gives one
    /// identifier to messages of two customers sends two messages. What was taken away cannot tell.
    pub fn can_be(&self, inbound: &InboundMessage) -> bool {
        self.origin.as_ref().is_none_or(|origin| {
            origin.pair.address == inbound.from && origin.pair.proxy == inbound.to
        })
    }

    /// Whether a carrier calls it so: what a customer wrote, or a copy of what we did.
    pub fn is_called(&self, carrier: CarrierName, carrier_message_id: &str) -> bool {
        let is_theirs = |origin: &Origin| {
            origin.carrier == carrier && origin.carrier_message_id == carrier_message_id
        };
        self.origin.as_ref().is_some_and(is_theirs)
            || self.delivery_called(carrier, carrier_message_id).is_some()
    }

    /// What somebody calls it who speaks of it: its words, shortened; none if it has none.
    fn in_words(&self) -> Option<String> {
        let body = self.body.as_ref().filter(|body| !body.is_empty());
        let Some(body) = body else {
            return (!self.media.is_empty()).then(|| "a file".to_owned());
        };
        let end = body.char_indices().nth(QUOTED_CHARS_MAX).map(|(end, _)| end);
        Some(match end {
            Some(end) => format!("“{}…”", &body[..end]),
            None => format!("“{}”", body.as_str()),
        })
    }

    /// The delivery with that number.
    pub fn delivery(&self, number: u32) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.number == number)
    }

    /// The sender of the message, as programmable messages show it.
    pub fn from<'a>(&'a self, delivery: Option<&'a Delivery>) -> Option<&'a Address> {
        match (delivery, &self.origin) {
            (Some(delivery), _) => Some(&delivery.pair.proxy),
            (None, Some(origin)) => Some(&origin.pair.address),
            (None, None) => None,
        }
    }

    /// The recipient of the message, as programmable messages show it.
    pub fn to<'a>(&'a self, delivery: Option<&'a Delivery>) -> Option<&'a Address> {
        match (delivery, &self.origin) {
            (Some(delivery), _) => Some(&delivery.pair.address),
            (None, Some(origin)) => Some(&origin.pair.proxy),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests;
