//! Webhooks that hear of interactions (rule C.10): one for all of them, and any number of others, each of which hears of the
//! interactions that name it.

use serde::{Deserialize, Serialize};

use super::{ChannelParticipant, Interaction, ParticipantKind};
use crate::sid::{Sid, TaskSid};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// What is told of interactions.
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
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum InteractionEvent {
    /// There is a new interaction.
    OnInteractionCreated,
    /// And its channel.
    OnChannelCreated,
    /// A channel was asked for that there cannot be.
    OnChannelCreateFailed,
    /// The channel is in use, at rest or over.
    OnChannelStatusUpdated,
    /// Somebody was seated.
    OnParticipantJoined,
    /// Somebody left.
    OnParticipantLeft,
    /// Somebody wraps up, or steps out or in again.
    OnParticipantUpdated,
}

impl InteractionEvent {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Whom a webhook hears of.
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
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum InteractionWebhookKind {
    /// Every interaction.
    Global,
    /// Those that name it.
    Interaction,
}

impl InteractionWebhookKind {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A webhook that hears of interactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InteractionWebhook {
    /// Its name.
    pub ttid: String,
    /// Whom it hears of.
    #[serde(rename = "kind_of")]
    pub kind: InteractionWebhookKind,
    /// What is called.
    pub url: String,
    /// How: `GET` or `POST`.
    pub method: String,
    /// Of what it hears.
    pub events: Vec<InteractionEvent>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What its name begins with.
const TTID: &str = "flex_interactionwebhook_";
/// The digits of the rest (Crockford's base 32, in lower case).
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl InteractionWebhook {
    /// The name of a new one, from random bytes: 26 digits, as the published examples have.
    pub fn ttid_of(minted: impl Sid) -> String {
        let number = u128::from_be_bytes(minted.bytes());
        let digit = |place: u32| {
            let value = usize::try_from(number >> (5 * place) & 31).unwrap_or_default();
            char::from(DIGITS[value])
        };
        TTID.chars().chain((0..26).rev().map(digit)).collect()
    }

    /// What its hearing is to a rule that has to know it.
    pub fn mask(&self) -> u8 {
        self.events.iter().fold(0, |all, event| all | bit(*event))
    }
}

/// The place of an event in a mask of them.
pub(crate) const fn bit(event: InteractionEvent) -> u8 {
    1 << event as u8
}

/// Something that happened to an interaction, as far as its webhooks are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What.
    pub event: InteractionEvent,
    /// The state that the channel came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The number of the participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<u32>,
    /// What they are there for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ParticipantKind>,
    /// The task of an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskSid>,
    /// Why there is no channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<(u32, String)>,
}

impl Told {
    fn of(event: InteractionEvent) -> Self {
        Self { event, status: None, participant: None, kind: None, task: None, error: None }
    }

    fn about(event: InteractionEvent, one: &ChannelParticipant) -> Self {
        let task = one.routing.as_ref().map(|routing| routing.task);
        Self { participant: Some(one.number), kind: Some(one.kind), task, ..Self::of(event) }
    }

    /// That there is no channel, and why.
    pub fn failed(code: u32, message: &str) -> Self {
        let error = Some((code, message.to_owned()));
        Self { error, ..Self::of(InteractionEvent::OnChannelCreateFailed) }
    }
}

/// What happened between two states of an interaction, in the order in which it is told. Who was there from the beginning
/// has not joined.
pub(crate) fn told(before: Option<&Interaction>, after: &Interaction) -> Vec<Told> {
    use InteractionEvent as E;
    let Some(before) = before else {
        return vec![Told::of(E::OnInteractionCreated), Told::of(E::OnChannelCreated)];
    };
    let mut all = Vec::new();
    for is in &after.participants {
        let was = before.participants.iter().find(|one| one.number == is.number);
        all.extend(match was {
            None => Some(Told::about(E::OnParticipantJoined, is)),
            Some(was) if !was.left && is.left => Some(Told::about(E::OnParticipantLeft, is)),
            Some(was) if was != is => Some(Told::about(E::OnParticipantUpdated, is)),
            Some(_) => None,
        });
    }
    if before.status != after.status {
        let status = Some(after.status.name().to_owned());
        all.push(Told { status, ..Told::of(E::OnChannelStatusUpdated) });
    }
    all
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::sid::RequestSid;

    #[test]
    fn c10_a_ttid_looks_as_the_published_ones_do() {
        let ttid = InteractionWebhook::ttid_of(RequestSid::derived(&["r"]));
        let digits = ttid.strip_prefix("flex_interactionwebhook_").unwrap();
        assert_eq!(digits.len(), 26);
        assert!(digits.bytes().all(|one| DIGITS.contains(&one)), "{digits}");
        assert_ne!(ttid, InteractionWebhook::ttid_of(RequestSid::derived(&["s"])));
        let none = InteractionWebhook::ttid_of(RequestSid::from_bytes([0; 16]));
        assert!(none.ends_with(&"0".repeat(26)));
        let all = InteractionWebhook::ttid_of(RequestSid::from_bytes([255; 16]));
        assert!(all.ends_with(&format!("7{}", "z".repeat(25))));
    }

    #[test]
    fn c10_every_event_has_its_published_name_and_a_place_of_its_own() {
        let names: Vec<&str> = InteractionEvent::VARIANTS.iter().map(|it| it.name()).collect();
        assert_eq!(
            names,
            [
                "onInteractionCreated",
                "onChannelCreated",
                "onChannelCreateFailed",
                "onChannelStatusUpdated",
                "onParticipantJoined",
                "onParticipantLeft",
                "onParticipantUpdated",
            ]
        );
        let all = InteractionEvent::VARIANTS.iter().fold(0, |all, event| all | bit(*event));
        assert_eq!(all.count_ones(), 7);
    }
}
