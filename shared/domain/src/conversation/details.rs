//! The conversation itself: how it is described, its state, its end.

use super::{Answer, ConversationEvent, Draft, Pointer, Question, Reason, SpeakerReason, State};
use crate::refusal::Refusal;
use crate::sid::{InteractionSid, MessageSid, MessagingServiceSid};
use crate::timestamp::{Millis, Timestamp};

/// The search by address finds this many participants of a closed conversation; more do not fit into the transaction
/// that closes it.
pub(super) const REMEMBERED_MAX: usize = 30;
/// And by this many further names of theirs, for the same reason.
const FURTHER_REMEMBERED_MAX: usize = 10;
/// At most this many participants are removed in one transaction, with room for the conversation and its name.
const LEAVE_AT_ONCE: usize = 90;

/// A field of an update: not given, emptied, or set.
pub type Given<T> = Option<Option<T>>;

/// Dates that a caller may set, to bring conversations over from elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
}

/// What can be said of a conversation when it is created or updated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// A name for people.
    pub friendly_name: Given<String>,
    /// A name for programs, unique in the service.
    pub unique_name: Given<String>,
    /// JSON text.
    pub attributes: Given<String>,
    /// The messaging service that the business addresses belong to.
    pub messaging_service: Given<MessagingServiceSid>,
    /// The state.
    pub state: Option<State>,
    /// How long it is active while it is quiet; emptied, for ever.
    pub inactive: Given<Millis>,
    /// How long it is quiet until it is closed; emptied, for ever.
    pub closed: Given<Millis>,
    /// When it was created and last changed, if not now.
    pub dates: Dates,
}

impl Draft<'_> {
    /// Fills in a conversation that is new.
    pub(crate) fn create(&mut self, details: Details) -> Result<(), Refusal> {
        let created = details.dates.created.unwrap_or(self.now);
        match details.state {
            Some(State::Closed) => return Err(Refusal::InitiallyClosed),
            state => self.fields().state = state.unwrap_or(State::Active),
        }
        self.describe(&details)?;
        self.set_timers(details.inactive, details.closed);
        if let Some(client) = self.source.client().cloned() {
            self.welcome(&client.identity);
            self.fields().created_by = Some(client.identity);
        }
        let fields = self.fields();
        fields.created = created;
        fields.updated = details.dates.updated.unwrap_or(created);
        Ok(())
    }

    /// Changes what is said of the conversation; nothing to say changes nothing, whatever its state.
    pub(crate) fn update(&mut self, details: Details) -> Result<(), Refusal> {
        if details == Details::default() {
            return Ok(());
        }
        self.conversation.must_be_open()?;
        let before = self.conversation.clone();
        self.describe(&details)?;
        match details.state {
            Some(State::Closed) => self.free(),
            Some(state @ (State::Initializing | State::Active | State::Inactive)) => {
                self.fields().state = state;
            }
            None => {}
        }
        let (from, to) = (before.state, self.conversation.state);
        if to != State::Closed && (details.inactive.is_some() || details.closed.is_some()) {
            self.set_timers(details.inactive, details.closed);
        } else if from != to {
            self.begin_timers_anew();
        }
        let (created, now) = (details.dates.created.unwrap_or(before.created), self.now);
        let fields = self.fields();
        fields.created = created;
        fields.updated = details.dates.updated.unwrap_or(now);
        self.must_fit()?;
        let described = |one: &super::Fields| {
            let names = (one.friendly_name.clone(), one.unique_name.clone());
            (names, one.attributes.clone(), one.messaging_service)
        };
        if described(&before) != described(&self.conversation) {
            self.events.push(ConversationEvent::ConversationUpdated);
        }
        if from != to {
            self.events.push(ConversationEvent::StateUpdated { from, to, reason: Reason::Api });
        }
        Ok(())
    }

    fn describe(&mut self, details: &Details) -> Result<(), Refusal> {
        if let Some(Some(sid)) = details.messaging_service
            && self.ask(Question::HasMessagingService(sid)) == Some(Answer::None)
        {
            return Err(Refusal::NoSuchMessagingService);
        }
        if let Some(name) = &details.unique_name {
            self.rename(name.clone())?;
        }
        let fields = self.fields();
        if let Some(friendly_name) = &details.friendly_name {
            fields.friendly_name.clone_from(friendly_name);
        }
        if let Some(attributes) = &details.attributes {
            fields.attributes.clone_from(attributes);
        }
        if let Some(messaging_service) = details.messaging_service {
            fields.messaging_service = messaging_service;
        }
        Ok(())
    }

    /// Takes the new name and lets go of the old one.
    fn rename(&mut self, wanted: Option<String>) -> Result<(), Refusal> {
        if self.conversation.unique_name == wanted {
            return Ok(());
        }
        if let Some(name) = &wanted {
            let question = Question::BearerOf(self.conversation.service, name.clone());
            if let Some(Answer::Conversation(_)) = self.ask(question) {
                return Err(Refusal::NameTaken);
            }
            self.appear.push(Pointer::Name(self.conversation.name(name.clone(), 0)));
        }
        let old = std::mem::replace(&mut self.fields().unique_name, wanted);
        let old = old.map(|name| Pointer::Name(self.conversation.name(name, 1)));
        self.vanish.extend(old);
        Ok(())
    }

    /// Links the conversation with the interaction that it is the medium of.
    pub(crate) fn link(&mut self, interaction: InteractionSid) -> Result<(), Refusal> {
        self.conversation.must_be_open()?;
        self.fields().interaction = Some(interaction);
        Ok(())
    }

    /// Closes the conversation for good. Closing twice changes nothing.
    pub(crate) fn close(&mut self) {
        let from = self.conversation.state;
        if from == State::Closed {
            return;
        }
        self.free();
        let (to, reason) = (State::Closed, Reason::Api);
        self.events.push(ConversationEvent::StateUpdated { from, to, reason });
    }

    /// Closes the conversation: its address pairs are free, and who was there can be found.
    pub(super) fn free(&mut self) {
        let (at, mut appear, mut vanish) = (&self.conversation, Vec::new(), Vec::new());
        let mut further = 0;
        let on_channels = at.participants.iter().filter(|one| one.pair.is_some());
        for (place, one) in on_channels.enumerate() {
            let bound = one.bound_as().into_iter();
            vanish.extend(bound.map(|it| Pointer::Binding(at.binding(it, one.number, 1))));
            if place >= REMEMBERED_MAX {
                continue;
            }
            for (place, who) in one.found_as().into_iter().enumerate() {
                further += usize::from(place > 0);
                if place == 0 || further <= FURTHER_REMEMBERED_MAX {
                    appear.push(Pointer::Membership(at.membership(who, one.number, 0)));
                }
            }
        }
        self.appear.extend(appear);
        self.vanish.extend(vanish);
        self.silence(SpeakerReason::Closed);
        let fields = self.fields();
        fields.state = State::Closed;
        fields.timers = None;
        self.touch();
    }

    /// Removes the conversation with its memberships and its name; its messages stay behind, out of reach.
    /// A large one takes several times: it is written until no participant is left.
    pub(crate) fn remove(&mut self) -> Result<(), Refusal> {
        let leaving = self.conversation.participants.iter().take(LEAVE_AT_ONCE);
        let leaving: Vec<u32> = leaving.map(|one| one.number).collect();
        for number in leaving {
            self.leave(number)?;
        }
        // Who goes because everything goes is not told of one by one.
        self.events.clear();
        if !self.conversation.participants.is_empty() {
            return Ok(());
        }
        let name = self.conversation.unique_name.clone();
        let name = name.map(|name| Pointer::Name(self.conversation.name(name, 1)));
        self.vanish.extend(name);
        self.is_removed = true;
        self.events.push(ConversationEvent::ConversationRemoved);
        Ok(())
    }

    /// Gives the next message its place, and wakes a quiet conversation.
    pub(crate) fn next_index(&mut self, message: MessageSid) -> Result<u32, Refusal> {
        self.conversation.must_be_open()?;
        let (from, index) = (self.conversation.state, self.conversation.next_index);
        let fields = self.fields();
        if from != State::Initializing {
            fields.state = State::Active;
        }
        fields.next_index += 1;
        self.line_up(index, message);
        self.begin_timers_anew();
        self.touch();
        if from == State::Inactive {
            let (to, reason) = (State::Active, Reason::Event);
            self.events.push(ConversationEvent::StateUpdated { from, to, reason });
        }
        Ok(index)
    }

    /// Ends the opening of a group: its first message is in it, and whose that was is remembered.
    pub(crate) fn activate(&mut self, author: Option<u32>) {
        let from = self.conversation.state;
        if from != State::Initializing {
            return;
        }
        let fields = self.fields();
        (fields.state, fields.opened_by) = (State::Active, author);
        self.begin_timers_anew();
        let (to, reason) = (State::Active, Reason::Event);
        self.events.push(ConversationEvent::StateUpdated { from, to, reason });
    }
}
