//! A conversation while it is being changed, with everything that goes with the change.

use super::{
    AddressBinding, Answer, Answers, Conversation, ConversationEvent, Fields, GroupBinding,
    Listening, Membership, MessagePage, Objection, Question, ReplayStep, Source, Target,
    UniqueName, User,
};
use crate::refusal::Refusal;
use crate::sid::{FlowSid, Sid as _};
use crate::timestamp::Timestamp;

/// A conversation with all of its participants is one item; this leaves room below the store's 400 KB for those who have to get
/// in nevertheless: the customer who writes, the agent who is seated.
const ITEM_BYTES_MAX: usize = 350 * 1024;
/// What a participant takes besides texts: numbers, dates and names of attributes, in bytes.
const PARTICIPANT_BYTES: usize = 160;
/// What a webhook takes besides its URL and its words.
const WEBHOOK_BYTES: usize = 160;
/// What it takes that one may write at a time.
const SPEAKER_BYTES: usize = 120;

/// An item by which a conversation is found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pointer {
    /// By an address pair.
    Binding(AddressBinding),
    /// By the addresses of a group.
    Group(GroupBinding),
    /// By a participant.
    Membership(Membership),
    /// By its name.
    Name(UniqueName),
    /// By a participant, who is a user of the service from now on.
    User(User),
}

/// A conversation while it is being changed. The rules are methods of it, each in the file of what it is about.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) conversation: Conversation,
    /// Whether the conversation is to be written.
    pub(crate) is_written: bool,
    /// Whether it is to be removed.
    pub(crate) is_removed: bool,
    /// Items to write.
    pub(crate) appear: Vec<Pointer>,
    /// Items to remove.
    pub(crate) vanish: Vec<Pointer>,
    /// Pages of messages that are full.
    pub(crate) filled: Vec<MessagePage>,
    /// What happened, in order.
    pub(crate) events: Vec<ConversationEvent>,
    /// The flow that begins with what is done.
    pub(crate) begins: Option<FlowSid>,
    /// What a webhook is told that others were told before.
    pub(crate) replay: Option<ReplayStep>,
    /// The bell that a message rang.
    pub(crate) rung: Option<u32>,
    /// What the account and the service want to hear of.
    pub(crate) listening: Listening,
    pub(crate) source: Source,
    pub(crate) now: Timestamp,
    answers: &'a Answers,
    open: Vec<Question>,
}

impl<'a> Draft<'a> {
    pub(crate) fn of(
        conversation: Conversation,
        source: Source,
        answers: &'a Answers,
        now: Timestamp,
    ) -> Self {
        Self {
            conversation,
            is_written: false,
            is_removed: false,
            appear: Vec::new(),
            vanish: Vec::new(),
            filled: Vec::new(),
            events: Vec::new(),
            begins: None,
            replay: None,
            rung: None,
            listening: Listening::default(),
            source,
            now,
            answers,
            open: Vec::new(),
        }
    }

    /// In how many open conversations an identity may be.
    pub(super) const fn open_max(&self) -> Option<u32> {
        self.answers.open_max()
    }

    /// The answer to a question. While it is not known the rule goes on as if nothing stood in its way, so that all
    /// of its questions can be asked at once; what it comes to is thrown away then.
    pub(crate) fn ask(&mut self, question: Question) -> Option<Answer> {
        let known = self.answers.get(&question);
        if known.is_none() && !self.open.contains(&question) {
            self.open.push(question);
        }
        known
    }

    /// Lets the flow of a webchat begin, if this is the first message of its guest (rule G.2).
    pub(crate) fn begin_flow(&mut self, author: &str) {
        let chat = self.conversation.webchat.as_ref().filter(|chat| chat.guest == author);
        let Some(flow) = chat.and_then(|chat| chat.flow) else { return };
        let sid = self.conversation.sid;
        let fields = self.fields();
        if let Some(chat) = &mut fields.webchat {
            chat.flow = None;
        }
        // Somebody may have made an interaction of it before.
        if fields.interaction.is_none() {
            fields.interaction = Some(sid.twin());
            self.begins = Some(flow);
        }
    }

    /// Asks who else is to be told of what happened, if anything did that is told, or asked about what is to go.
    pub(crate) fn look_who_listens(&mut self, goes: bool) {
        let begins = self.conversation.version.is_new() && self.is_written;
        let happens = begins || goes || !self.events.is_empty();
        if !happens || !self.source.tells_webhooks() || !self.answers.may_listen() {
            return;
        }
        let question = Question::Listening(self.conversation.service);
        if let Some(Answer::Listening(listening)) = self.ask(question) {
            self.listening = listening;
        }
    }

    /// The draft if the rules went through and nothing is left to be asked.
    pub(crate) fn settled(self, outcome: Result<(), Refusal>) -> Result<Self, Objection> {
        if !self.open.is_empty() {
            return Err(Objection::AskFirst(self.open));
        }
        outcome?;
        Ok(self)
    }

    /// Counts a request by REST that changes the conversation or what is in it, if that is limited (rule H). The count stands in the
    /// conversation, which nearly every such request writes; one that writes only a message is held against it and not counted.
    /// Making a conversation and removing one are counted elsewhere.
    pub(crate) fn keep_pace(&mut self) -> Result<(), Refusal> {
        let changes = self.is_written || !self.events.is_empty();
        let (Some(limit), Source::Api { .. } | Source::Client(_)) =
            (self.answers.pace(), &self.source)
        else {
            return Ok(());
        };
        if !changes || self.is_removed || self.conversation.version.is_new() {
            return Ok(());
        }
        let pace = self.conversation.pace.unwrap_or_default().with_one_more(limit, self.now)?;
        if self.is_written {
            self.fields().pace = Some(pace);
        }
        Ok(())
    }

    /// The fields, to be written.
    pub(super) fn fields(&mut self) -> &mut Fields {
        self.is_written = true;
        &mut self.conversation.fields
    }

    /// Notes that the conversation itself was changed now.
    pub(super) fn touch(&mut self) {
        let now = self.now;
        self.fields().updated = now;
    }

    /// Hands out the next number.
    pub(super) fn next_number(&mut self) -> u32 {
        let number = self.conversation.next_number;
        self.fields().next_number += 1;
        number
    }

    /// Refuses what would no longer be one item, if the caller can be told.
    pub(super) fn must_fit(&self) -> Result<(), Refusal> {
        match &self.source {
            Source::Api { .. } | Source::Client(_) if size(&self.conversation) > ITEM_BYTES_MAX => {
                Err(Refusal::ConversationTooLarge)
            }
            Source::Api { .. }
            | Source::Client(_)
            | Source::Channel(_)
            | Source::Interaction
            | Source::Timer => Ok(()),
        }
    }
}

/// What callers put into a conversation, in bytes, and what keeping it takes; never less than the store counts.
fn size(conversation: &Fields) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let participants = conversation.participants.iter().map(|one| {
        let pair = one.pair.as_ref();
        let pair = pair.map_or(0, |it| it.address.as_str().len() + it.proxy.as_str().len());
        let member = one.telephone().or(one.projected()).map_or(0, |it| it.as_str().len() + 24);
        let pair =
            pair + member + one.aliases.iter().map(|it| it.as_str().len() + 3).sum::<usize>();
        let texts = length(&one.identity) + length(&one.attributes) + length(&one.role);
        PARTICIPANT_BYTES + pair + texts
    });
    let webhooks = conversation.webhooks.iter().map(|one| match &one.target {
        Target::Webhook { url, filters, .. } => WEBHOOK_BYTES + url.len() + 32 * filters.len(),
        Target::Trigger { url, triggers, .. } => {
            WEBHOOK_BYTES + url.len() + triggers.iter().map(|it| it.len() + 1).sum::<usize>()
        }
        Target::Studio { .. } => WEBHOOK_BYTES,
    });
    let speaker = conversation.speaker.as_ref().map_or(0, |one| {
        let holder = one.lease.as_ref().map_or(0, |lease| lease.holder.len());
        SPEAKER_BYTES + holder + one.exempt.iter().map(|it| it.len() + 3).sum::<usize>()
    });
    participants.sum::<usize>()
        + speaker
        + webhooks.sum::<usize>()
        + length(&conversation.attributes)
        + length(&conversation.friendly_name)
        + length(&conversation.unique_name)
}
