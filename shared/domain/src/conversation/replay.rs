//! A webhook that is told first of what was written before it was attached (rule B.5, `Configuration.ReplayAfter`).
//!
//! ```text
//!  attached: next = the index ──▶ a page of messages is told, next moves on ──▶ … ──▶ caught up: next is none
//! ```
//!
//! Each step is one commit: what is told and how far the replay got cannot come apart, and a copy of a step finds that it was
//! done. As long as it has not caught up, the replay tells what is posted meanwhile as well, and the post does not: so an
//! endpoint hears of messages in their order. Whether a message's author wanted webhooks to be called then is not kept, and
//! does not matter to a replay, which was asked for by itself.

use serde::{Deserialize, Serialize};

use super::webhook::Target;
use super::{Draft, EventName, Source};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::sid::MessageSid;

/// So many messages are told at once. With the step that follows they are one batch of a queue.
pub const REPLAY_MESSAGES: u32 = 9;

/// How far a webhook has been told of what there was before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The index of the first message that it is told, as it was asked for.
    pub from: u32,
    /// The index of the message that it is told next; none if it has caught up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// A step of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReplayStep {
    /// The number of the webhook.
    pub(crate) webhook: u32,
    /// What it is told now.
    pub(crate) told: Vec<Retold>,
    /// The index at which the next step goes on, if there is one.
    pub(crate) next: Option<u32>,
}

/// A message that a webhook is told of later than others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retold {
    /// The message.
    pub(crate) message: MessageSid,
    /// The number of the participant who wrote it.
    pub(crate) author: Option<u32>,
    /// Where it came from: its channel. Which others clients wrote is not kept: they came from the API.
    pub(crate) source: &'static str,
}

impl Target {
    /// Whether it hears of messages, so that there is something to replay.
    pub fn hears_of_messages(&self) -> bool {
        match self {
            Self::Webhook { filters, .. } => filters.contains(&EventName::OnMessageAdded),
            Self::Trigger { .. } => true,
            Self::Studio { .. } => false,
        }
    }
}

impl Draft<'_> {
    /// Attaches a webhook that is told first of the messages from an index on.
    pub(crate) fn attach_from(&mut self, target: Target, from: u32) -> Result<u32, Refusal> {
        if !target.hears_of_messages() {
            return Err(Refusal::NothingToReplay);
        }
        let number = self.attach(target)?;
        let next = Some(from).filter(|from| *from < self.conversation.next_index);
        if let Some(webhook) = self.fields().webhooks.last_mut() {
            webhook.replay = Some(Replay { from, next });
        }
        self.replay = next.map(|_| ReplayStep { webhook: number, told: Vec::new(), next });
        Ok(number)
    }

    /// Tells a webhook of the messages with the indexes from `from` on, of which `page` is what there is: as many as
    /// [`REPLAY_MESSAGES`], or all. Nothing happens if that was done, or the webhook is gone.
    pub(crate) fn replay(&mut self, number: u32, from: u32, page: &[Message]) {
        let place = self.conversation.webhooks.iter().position(|one| one.number == number);
        let replay = place.and_then(|place| self.conversation.webhooks[place].replay);
        let (Some(place), Some(replay)) = (place, replay) else { return };
        if replay.next != Some(from) {
            return;
        }
        let next = Some(from.saturating_add(REPLAY_MESSAGES));
        let next = next.filter(|next| *next < self.conversation.next_index);
        self.fields().webhooks[place].replay = Some(Replay { next, ..replay });
        let hears = self.conversation.webhooks[place].target.hears_of_messages();
        let told = page.iter().filter(|message| hears && !message.removed).map(retold).collect();
        self.replay = Some(ReplayStep { webhook: number, told, next });
    }
}

fn retold(message: &Message) -> Retold {
    let channel = message.origin.as_ref().map(|origin| origin.pair.address.channel());
    let source = channel.map_or(Source::Interaction, Source::Channel);
    Retold { message: message.sid, author: message.participant, source: source.name() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ChannelType;
    use crate::conversation::{Answers, Conversation, ConversationEvent, Dates, Defaults};
    use crate::conversation::{Listening, Objection, WEBHOOKS_MAX};
    use crate::decision::Decision;
    use crate::effect::{Call, Effect, ReplayCall, WebhookCall};
    use crate::message::Post;
    use crate::process::conversation::{Command, ConversationChange, decide};
    use crate::process::notify::calls;
    use crate::sid::{ConversationSid, FlowSid, ServiceSid, Sid as _};
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const QUIET: Source = Source::Api { webhooks: false };

    fn told(filters: &[EventName]) -> Target {
        Target::Webhook {
            url: "https://example.com".to_owned(),
            method: "POST".to_owned(),
            filters: filters.to_vec(),
        }
    }

    /// A conversation, and what was written in it.
    struct Thread {
        conversation: Conversation,
        messages: Vec<Message>,
    }

    impl Thread {
        fn of(messages: u32) -> Self {
            let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
            let conversation = Conversation::new(sid, service, Defaults::default(), NOW);
            let mut thread = Self { conversation, messages: Vec::new() };
            (0..messages).for_each(|_| drop(thread.posts()));
            thread
        }

        fn does(&mut self, command: Command) -> ConversationChange {
            let change = decided(&self.conversation, command).unwrap();
            self.conversation = change.conversation.clone();
            change
        }

        fn posts(&mut self) -> ConversationChange {
            let change = self.does(Command::Post(Post {
                sid: MessageSid::derived(&["m", &self.messages.len().to_string()]),
                author: None,
                body: Some("hi".into()),
                media: Vec::new(),
                attributes: None,
                speaker: None,
                origin: None,
                aliases: Vec::new(),
                dates: Dates::default(),
                filled: None,
            }));
            self.messages.extend(change.message.clone());
            change
        }

        /// Takes a step, as whoever is asked for one does.
        fn steps(&mut self, step: ReplayCall) -> (Vec<WebhookCall>, Option<ReplayCall>) {
            let end = self.messages.len().min((step.from + REPLAY_MESSAGES) as usize);
            let messages = self.messages[step.from as usize..end].to_vec();
            let command = Command::Replay { webhook: step.webhook, from: step.from, messages };
            let change = self.does(command);
            asked(change)
        }
    }

    fn decided(on: &Conversation, command: Command) -> Result<ConversationChange, Objection> {
        decide(on, command, QUIET, &Answers::NONE, NOW)
    }

    /// The calls that a change asks for, and the step.
    fn asked(change: ConversationChange) -> (Vec<WebhookCall>, Option<ReplayCall>) {
        let (mut made, mut next) = (Vec::new(), None);
        for effect in Decision::from(change).effects {
            if let Effect::Notify(Call::Conversation(call)) = effect {
                made.push(call);
            } else if let Effect::Notify(Call::Replay(step)) = effect {
                next = Some(step);
            } else {
                panic!("{effect:?}");
            }
        }
        (made, next)
    }

    #[test]
    fn a_webhook_is_told_in_order_of_what_was_there_and_then_of_what_comes() {
        let mut thread = Thread::of(20);
        let target = told(&[EventName::OnMessageAdded]);
        let attached = thread.does(Command::AttachFrom(target, 1));
        let webhook = attached.number.unwrap();
        let (made, mut next) = asked(attached);
        assert!(made.is_empty());
        assert_eq!(next.map(|step| (step.webhook, step.from)), Some((webhook, 1)));
        let mut heard = Vec::new();
        while let Some(step) = next {
            // One is written while the replay is under way: the replay comes to it, so the post is silent.
            if step.from == 10 {
                let posted = thread.posts();
                assert!(of_posting(&posted).is_empty(), "{posted:?}");
            }
            let (made, then) = thread.steps(step);
            assert!(made.len() <= REPLAY_MESSAGES as usize);
            assert!(made.iter().all(|call| call.webhook == webhook && call.source == "API"));
            heard.extend(made.into_iter().filter_map(|call| call.message));
            next = then;
        }
        let all: Vec<MessageSid> = thread.messages.iter().skip(1).map(|one| one.sid).collect();
        assert_eq!((heard.len(), heard), (20, all));
        let replay = thread.conversation.webhooks[0].replay;
        assert_eq!(replay, Some(Replay { from: 1, next: None }));
        let posted = thread.posts();
        let made = of_posting(&posted);
        assert_eq!(made.len(), 1, "from then on the post tells: {made:?}");
    }

    /// What a channel's message would have led to there.
    fn of_posting(change: &ConversationChange) -> Vec<Effect> {
        let sms = Source::Channel(ChannelType::Sms);
        calls(&change.conversation, &change.events, &sms, Listening::default())
    }

    #[test]
    fn a_copy_of_a_step_tells_nothing_and_writes_nothing() {
        let mut thread = Thread::of(12);
        let attached = thread.does(Command::AttachFrom(told(&[EventName::OnMessageAdded]), 0));
        let first = asked(attached).1.unwrap();
        let (made, second) = thread.steps(first);
        assert_eq!((made.len(), second.map(|step| step.from)), (9, Some(9)));
        for stale in [first, ReplayCall { from: 3, ..first }, ReplayCall { webhook: 77, ..first }] {
            let before = thread.conversation.clone();
            assert_eq!(thread.steps(stale), (Vec::new(), None));
            assert_eq!(thread.conversation, before);
        }
        let (made, third) = thread.steps(second.unwrap());
        assert_eq!((made.len(), third), (3, None));
    }

    #[test]
    fn what_was_removed_is_not_told_and_who_was_told_by_others_is_told_so() {
        let mut thread = Thread::of(3);
        let attached = thread.does(Command::AttachFrom(told(&[EventName::OnMessageAdded]), 0));
        let step = asked(attached).1.unwrap();
        let withdrawn = thread.does(Command::Withdraw(Box::new(thread.messages[1].clone())));
        thread.messages[1] = withdrawn.message.unwrap();
        let (made, _) = thread.steps(step);
        let heard: Vec<_> = made.iter().filter_map(|call| call.message).collect();
        assert_eq!(heard, [thread.messages[0].sid, thread.messages[2].sid]);
        let others = ConversationEvent::ParticipantAdded { number: 1 };
        assert!(!thread.conversation.webhooks[0].listens_to(&others));
    }

    #[test]
    fn a_webhook_that_stops_to_hear_of_messages_catches_up_in_silence() {
        let mut thread = Thread::of(12);
        let attached = thread.does(Command::AttachFrom(told(&[EventName::OnMessageAdded]), 0));
        let webhook = attached.number.unwrap();
        let step = asked(attached).1.unwrap();
        let _ = thread.does(Command::Configure(webhook, told(&[EventName::OnMessageRemoved])));
        let (made, next) = thread.steps(step);
        assert_eq!((made, next.map(|step| step.from)), (Vec::new(), Some(9)));
        let _ = thread.does(Command::Detach(webhook));
        assert_eq!(thread.steps(next.unwrap()), (Vec::new(), None), "it is gone");
    }

    #[test]
    fn a_replay_needs_a_webhook_that_hears_of_messages_and_begins_where_there_is_one() {
        let mut thread = Thread::of(2);
        let refused = |target| decided(&thread.conversation, Command::AttachFrom(target, 0));
        for deaf in [
            told(&[EventName::OnParticipantAdded]),
            Target::Studio { flow: FlowSid::derived(&["f"]), execution: None },
        ] {
            let objection = refused(deaf).unwrap_err();
            assert_eq!(objection, Objection::Refused(Refusal::NothingToReplay));
        }
        let target = || told(&[EventName::OnMessageAdded]);
        let trigger = Target::Trigger {
            url: "https://example.com".to_owned(),
            method: "GET".to_owned(),
            triggers: vec!["help".to_owned()],
        };
        assert!(asked(thread.does(Command::AttachFrom(trigger, 1))).1.is_some());
        // There is none yet with that index: the webhook is told of what comes, from the first on.
        assert_eq!(asked(thread.does(Command::AttachFrom(target(), 2))).1, None);
        assert_eq!(of_posting(&thread.posts()).len(), 1);
        for _ in 2..WEBHOOKS_MAX {
            let _ = thread.does(Command::AttachFrom(target(), 9));
        }
        let sixth = decided(&thread.conversation, Command::AttachFrom(target(), 9)).unwrap_err();
        assert_eq!(sixth, Objection::Refused(Refusal::TooManyWebhooks));
    }

    #[test]
    fn a_conversation_says_how_far_a_replay_got_and_reads_as_before_without_one() {
        let mut thread = Thread::of(1);
        let _ = thread.does(Command::AttachFrom(told(&[EventName::OnMessageAdded]), 0));
        let text = serde_json::to_string(&thread.conversation.webhooks[0]).unwrap();
        assert!(text.contains(r#""replay":{"from":0,"next":0}"#), "{text}");
        let before = text.replace(r#""replay":{"from":0,"next":0},"#, "");
        let read: crate::conversation::Webhook = serde_json::from_str(&before).unwrap();
        assert_eq!(read.replay, None);
    }
}
