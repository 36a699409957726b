//! Who listens to one conversation (rule B.5).

use serde::{Deserialize, Serialize};

use super::{ConversationEvent, Draft, EventName, Replay};
use crate::refusal::Refusal;
use crate::sid::{FlowExecutionSid, FlowSid};
use crate::timestamp::Timestamp;

/// At most this many scoped webhooks (rule B.5).
pub const WEBHOOKS_MAX: usize = 5;

/// What a conversation-scoped webhook calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Target {
    /// An endpoint, about the events it asked for.
    Webhook {
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// For which events.
        filters: Vec<EventName>,
    },
    /// An endpoint, about messages with one of the words.
    Trigger {
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// The words.
        triggers: Vec<String>,
    },
    /// A flow.
    Studio {
        /// Which.
        flow: FlowSid,
        /// Its latest execution here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        execution: Option<FlowExecutionSid>,
    },
}

/// A webhook of one conversation (rule B.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Which kin of the conversation it is.
    pub number: u32,
    /// What it calls.
    pub target: Target,
    /// How far it has been told of the messages that were there before it, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Within how many seconds the next message tells this one too (rule C.19); none: each is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collects: Option<u8>,
    /// When it was attached.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Webhook {
    /// Whether it is called about an event. A message that a replay comes to is told by that. Which of the words of a trigger a message has is seen when it is called;
    /// a flow takes its steps elsewhere.
    pub(crate) fn listens_to(&self, event: &ConversationEvent) -> bool {
        let is_replayed = self.replay.is_some_and(|replay| replay.next.is_some());
        if is_replayed && event.name() == EventName::OnMessageAdded {
            return false;
        }
        match &self.target {
            Target::Webhook { filters, .. } => filters.contains(&event.name()),
            Target::Trigger { .. } => event.name() == EventName::OnMessageAdded,
            Target::Studio { .. } => false,
        }
    }
}

impl Draft<'_> {
    /// Attaches a webhook.
    pub(crate) fn attach(&mut self, target: Target) -> Result<u32, Refusal> {
        self.conversation.must_be_open()?;
        if self.conversation.webhooks.len() >= WEBHOOKS_MAX {
            return Err(Refusal::TooManyWebhooks);
        }
        let (number, now) = (self.next_number(), self.now);
        let (created, updated) = (now, now);
        let webhook = Webhook { number, target, replay: None, collects: None, created, updated };
        self.fields().webhooks.push(webhook);
        self.touch();
        self.must_fit()?;
        Ok(number)
    }

    /// Changes what a webhook calls; the same target again changes nothing.
    pub(crate) fn configure(&mut self, number: u32, target: Target) -> Result<(), Refusal> {
        let place = self.conversation.webhooks.iter().position(|one| one.number == number);
        let place = place.ok_or(Refusal::NoSuchWebhook)?;
        if self.conversation.webhooks[place].target == target {
            return Ok(());
        }
        self.conversation.must_be_open()?;
        let now = self.now;
        let webhook = &mut self.fields().webhooks[place];
        webhook.target = target;
        webhook.updated = now;
        self.touch();
        self.must_fit()
    }

    /// Detaches a webhook; from a closed conversation too.
    pub(crate) fn detach(&mut self, number: u32) -> Result<(), Refusal> {
        let place = self.conversation.webhooks.iter().position(|one| one.number == number);
        let place = place.ok_or(Refusal::NoSuchWebhook)?;
        self.fields().webhooks.remove(place);
        self.touch();
        Ok(())
    }
}
