//! Speakers: bots and agents who take the right to write, hand it over, lose it, and write all the same under what they have.

use switchboard_domain::conversation::{Conversation, Speaker};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::kernel::Kernel;
use crate::random::Concern;
use crate::sometimes::{Met, Sometimes, meet};
use crate::steps::Scene;
use crate::wish::{CLOSED, CREATED, NO_SUCH, OK, Reply, is_closed};

/// How often, in a thousand, a speaker acts.
const OFTEN: usize = 220;
const SPEAKERS: [&str; 3] = ["bot", "second bot", "boss"];
const SECONDS: [&str; 3] = ["15", "60", "600"];

const STALE: Reply = (412, 20412);
const TAKEN: Reply = (409, 20409);

/// What a speaker wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To be the one, by the number that they have, or by force.
    Take { holder: String, token: Option<u64>, is_forced: bool },
    /// To be it no more.
    GiveBack { token: u64 },
    /// To say who has to be.
    Configure,
}

impl Turn {
    /// What a request asks for.
    pub(crate) fn of<'a>(given: impl Fn(&str) -> Option<&'a str>) -> Self {
        let token = given("Token").map(|token| token.parse().expect("a number"));
        match given("Holder") {
            None => Self::Configure,
            Some("") => Self::GiveBack { token: token.unwrap_or_default() },
            Some(holder) => {
                let is_forced = given("Force") == Some("true");
                Self::Take { holder: holder.to_owned(), token, is_forced }
            }
        }
    }

    /// What may be answered as things stand.
    pub(crate) fn predicted(
        &self,
        conversation: Option<&Conversation>,
        now: Timestamp,
        slack: Millis,
    ) -> Vec<Reply> {
        let Some(conversation) = conversation else { return vec![NO_SUCH] };
        if is_closed(conversation) {
            return vec![CLOSED];
        }
        let none = Speaker::default();
        let speaker = conversation.speaker.as_ref().unwrap_or(&none);
        let holder = speaker.lease.as_ref().map(|lease| lease.holder.as_str());
        match self {
            Self::Configure => vec![OK],
            Self::Take { is_forced: true, .. } => vec![OK],
            Self::Take { holder: wanted, token: None, .. } if holder == Some(wanted) => vec![OK],
            Self::Take { token: None, .. } => held(speaker, now, slack, TAKEN, OK),
            Self::Take { token: Some(token), .. } if *token == speaker.token => {
                held(speaker, now, slack, OK, STALE)
            }
            Self::Take { holder: wanted, token: Some(token), .. }
                if token + 1 == speaker.token && holder == Some(wanted) =>
            {
                held(speaker, now, slack, OK, STALE)
            }
            Self::Take { .. } => vec![STALE],
            Self::GiveBack { token } if *token == speaker.token && *token > 0 => vec![OK],
            Self::GiveBack { .. } => vec![STALE],
        }
    }
}

/// What may be answered to a message under that number, or under none.
pub(crate) fn written(
    conversation: Option<&Conversation>,
    token: Option<u64>,
    now: Timestamp,
    slack: Millis,
) -> Vec<Reply> {
    let Some(conversation) = conversation else { return vec![NO_SUCH] };
    if is_closed(conversation) {
        return vec![CLOSED];
    }
    match (token, &conversation.speaker) {
        (None, Some(speaker)) if speaker.required => vec![STALE],
        (None, _) => vec![CREATED],
        (Some(token), Some(speaker)) if token == speaker.token => {
            held(speaker, now, slack, CREATED, STALE)
        }
        (Some(_), _) => vec![STALE],
    }
}

/// The one answer while somebody has the token, the other when their time is over, and both when it depends on the clock.
fn held(speaker: &Speaker, now: Timestamp, slack: Millis, held: Reply, free: Reply) -> Vec<Reply> {
    match &speaker.lease {
        None => vec![free],
        Some(lease) if now - lease.until >= slack => vec![free],
        Some(lease) if lease.until - now > slack => vec![held],
        Some(_) => vec![held, free],
    }
}

impl Kernel {
    /// A speaker acts on a conversation that somebody is in, by the number that they believe to have; not in every contact centre.
    pub(crate) async fn somebody_speaks(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Speakers);
        if !self.setting.has_speakers || !random.chance(OFTEN) {
            return false;
        }
        let open = self.in_use();
        let Some(conversation) = random.pick(&open) else { return true };
        let path = format!("/conversations/v1/Conversations/{}", conversation.sid);
        let (speaker, messages) = (format!("{path}/Speaker"), format!("{path}/Messages"));
        let last = conversation.speaker.as_ref().map_or(0, |speaker| speaker.token);
        // Who was asleep for a while has one of before.
        let token = last.saturating_sub([0, 0, 0, 1, 2][random.below(5)]).max(1).to_string();
        let (who, seconds) = (SPEAKERS[random.below(3)], SECONDS[random.below(3)]);
        let agent = conversation.participants.iter().find_map(|one| one.identity.clone());
        let agent = agent.unwrap_or_else(|| who.to_owned());
        self.messages += 1;
        let text = format!("said {}", self.messages);
        let (place, form): (&str, Vec<(&str, &str)>) =
            match random.weighed(&[20, 8, 24, 6, 36, 12, 2]) {
                0 => (&speaker, vec![("Holder", who), ("Ttl", seconds)]),
                1 => (&speaker, vec![("Holder", who), ("Ttl", seconds), ("Force", "true")]),
                2 => (&speaker, vec![("Holder", &agent), ("Token", &token), ("Ttl", seconds)]),
                3 => (&speaker, vec![("Holder", ""), ("Token", &token)]),
                4 => (&messages, vec![("Author", who), ("Body", &text), ("SpeakerToken", &token)]),
                5 => (&speaker, vec![("AgentTakes", "true")]),
                _ => (&speaker, vec![("Required", "false")]),
            };
        self.ask("speaker", "POST", place, &form).await;
        true
    }
}

/// Notes what became of the right to write.
pub(crate) fn note(before: &Conversation, after: &Conversation, scene: &Scene<'_>, met: &mut Met) {
    let lease = |of: &Conversation| of.speaker.as_ref().and_then(|speaker| speaker.lease.clone());
    let token = |of: &Conversation| of.speaker.as_ref().map_or(0, |speaker| speaker.token);
    let (was, is) = (lease(before), lease(after));
    if token(after) > token(before) {
        match &was {
            Some(_) if scene.function == "interaction-invite" => {
                meet(met, Sometimes::AgentTookTurn)
            }
            Some(was) if was.until > scene.now => meet(met, Sometimes::TurnHandedOver),
            Some(_) => meet(met, Sometimes::TurnRanOut),
            None => {}
        }
    }
    if was.is_some() && is.is_none() && after.participants.len() < before.participants.len() {
        meet(met, Sometimes::SpeakerLeft);
    }
}

/// Whether somebody's number was good when they asked, and is not any more.
pub(crate) fn was_overtaken(allowed: impl IntoIterator<Item = Reply>, answer: Reply) -> bool {
    answer == STALE && allowed.into_iter().any(|reply| reply == CREATED)
}
