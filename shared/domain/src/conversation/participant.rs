//! Who takes part in a conversation: joining, what can be changed, leaving.

use serde::{Deserialize, Serialize};

use super::details::REMEMBERED_MAX;
use super::names::bound_by;
use super::{
    AGENT, Answer, ConversationEvent, Dates, Draft, Given, Member, NewcomersRoles, Pair, Pointer,
    Question, RoleKind, Source, State, User, Who, role_number,
};
use crate::address::Address;
use crate::carriage::CarrierName;
use crate::refusal::Refusal;
use crate::sid::{RoleSid, ServiceSid, Sid as _};
use crate::timestamp::Timestamp;

/// At most this many participants in all (rule H).
pub const PARTICIPANTS_MAX: usize = 1000;
/// At most this many of them on channels (rule H).
pub const CHANNEL_PARTICIPANTS_MAX: usize = 50;

/// How the role of agents was kept before roles had numbers.
const AGENT_OF_BEFORE: &str = "agent";

/// How a supervisor is there (rule C.12); without it, somebody takes part as everybody does.
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
pub enum Presence {
    /// They read, and write nothing.
    Listen,
    /// They write to who is in the conversation by an identity: nobody on a channel gets it.
    Coach,
}

impl Presence {
    /// The word for it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A participant of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Which kin of the conversation it is.
    pub number: u32,
    /// The identity of a chat participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The addresses of a participant on a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<Pair>,
    /// How they take part in a group; none if it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// The names by which they are bound, in folded form, if these are not their address alone. See
    /// [`Participant::bound_as`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Address>,
    /// Since when the address is theirs, if a carrier gave notice of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<Timestamp>,
    /// The carrier that brought the last message of a participant on a channel: the answer goes the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierName>,
    /// When they last wrote, on a channel that lets customers be written to freely for a time after that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound: Option<Timestamp>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// The role: its number, or as it was given before roles had numbers. See [`Participant::role_sid`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The last message that this participant has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read_index: Option<u32>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
    /// Whether they want to hear nothing of new messages.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted: bool,
    /// How a supervisor is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// When it joined.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// Who is to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewParticipant {
    /// A chat participant's identity.
    pub identity: Option<String>,
    /// Or a channel participant's addresses.
    pub pair: Option<Pair>,
    /// Or how they take part in a group; beside an identity, by which number of ours.
    pub member: Option<Member>,
    /// What else a channel participant is called on that channel.
    pub aliases: Vec<Address>,
    /// JSON text.
    pub attributes: Option<String>,
    /// The role; a chat participant without one gets what the service gives to newcomers.
    pub role: Option<RoleSid>,
    /// How a supervisor is there.
    pub presence: Option<Presence>,
    /// When it joined and was last changed, if not now.
    pub dates: Dates,
}

impl NewParticipant {
    /// A chat participant.
    pub fn known_as(identity: String) -> Self {
        Self { identity: Some(identity), pair: None, ..Self::nobody() }
    }

    /// A participant on a channel.
    pub fn at(pair: Pair) -> Self {
        Self { pair: Some(pair), ..Self::nobody() }
    }

    /// Somebody in a group.
    pub fn of_group(member: Member) -> Self {
        Self { member: Some(member), ..Self::nobody() }
    }

    fn nobody() -> Self {
        Self {
            identity: None,
            pair: None,
            member: None,
            aliases: Vec::new(),
            attributes: None,
            role: None,
            presence: None,
            dates: Dates::default(),
        }
    }
}

/// What is to change about a participant. Who they are stays: the address of a customer, and an identity but for one behind a
/// number of ours in a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParticipantUpdate {
    /// The identity that the caller expects, or that is to be behind a number of ours.
    pub identity: Option<String>,
    /// The address of ours that a customer writes to.
    pub proxy: Given<Address>,
    /// The number of ours that stands for somebody in a group.
    pub projected: Given<Address>,
    /// JSON text.
    pub attributes: Given<String>,
    /// The role.
    pub role: Given<RoleSid>,
    /// The last message that was read; it was read now.
    pub last_read_index: Given<u32>,
    /// When it was read, if not now.
    pub last_read: Option<Timestamp>,
    /// Whether they want to hear nothing of new messages.
    pub muted: Option<bool>,
    /// When it joined and was last changed, if not now.
    pub dates: Dates,
}

impl Participant {
    /// The number of the role, if they have one.
    pub fn role_number(&self) -> Option<u32> {
        let role = self.role.as_deref()?;
        role.parse().ok().or_else(|| (role == AGENT_OF_BEFORE).then_some(AGENT))
    }

    /// The role, if they have one: kin of the service.
    pub fn role_sid(&self, service: ServiceSid) -> Option<String> {
        let sid = |number: u32| service.kin::<RoleSid>(number).to_string();
        self.role.as_deref().map(|role| match role.parse() {
            Ok(number) => sid(number),
            Err(_) if role == AGENT_OF_BEFORE => sid(AGENT),
            Err(_) => role.to_owned(),
        })
    }
}

impl Draft<'_> {
    /// Adds a participant, and what makes them findable.
    pub(crate) fn join(&mut self, mut new: NewParticipant) -> Result<u32, Refusal> {
        self.conversation.must_be_open()?;
        self.must_have_one_shape(&mut new)?;
        if let Some(pair) = &new.pair {
            self.must_be_ours(&pair.proxy)?;
        }
        let bound = new.pair.as_ref().map(|pair| bound_by(pair, &new.aliases)).unwrap_or_default();
        for pair in &bound {
            if let Some(Answer::Conversation(holder)) = self.ask(Question::HolderOf(pair.clone())) {
                return Err(Refusal::PairBound(holder));
            }
        }
        self.must_have_room(&new)?;
        self.must_not_be_everywhere(&new)?;
        let role = self.role_of(&new)?;
        if let Some(identity) = &new.identity {
            self.welcome(identity);
        }
        let number = self.next_number();
        let at = &self.conversation;
        let by_names = bound.iter().map(|it| Pointer::Binding(at.binding(it.clone(), number, 0)));
        let by_names: Vec<Pointer> = by_names.collect();
        let aliases = names_beside(new.pair.as_ref(), bound);
        let created = new.dates.created.unwrap_or(self.now);
        let one = Participant {
            number,
            identity: new.identity,
            pair: new.pair,
            member: new.member,
            aliases,
            renamed: None,
            carrier: None,
            last_inbound: None,
            attributes: new.attributes,
            role,
            last_read_index: None,
            last_read: None,
            muted: false,
            presence: new.presence,
            created,
            updated: new.dates.updated.unwrap_or(created),
        };
        let listed = one.listed_as();
        let listed = listed.map(|who| Pointer::Membership(at.membership(who, number, 0)));
        self.appear.extend(listed.into_iter().chain(by_names));
        self.fields().participants.push(one);
        self.touch();
        self.must_fit()?;
        self.events.push(ConversationEvent::ParticipantAdded { number });
        Ok(number)
    }

    /// The role of somebody who joins: the one that is given, or for chat participants what newcomers get.
    fn role_of(&mut self, new: &NewParticipant) -> Result<Option<String>, Refusal> {
        match new.role {
            Some(role) => self.known_role(role).map(Some),
            None => {
                let Some(identity) = &new.identity else { return Ok(None) };
                Ok(Some(self.newcomers_role(identity)))
            }
        }
    }

    /// What the service gives to who joins, and to who joins the conversation that they made.
    pub(super) fn newcomers_role(&mut self, identity: &str) -> String {
        let roles = self.roles_of_newcomers();
        let is_creator = self.conversation.created_by.as_deref() == Some(identity);
        let number = if is_creator { roles.creator } else { roles.participant };
        number.to_string()
    }

    /// What is kept of a role, which is one for participants of the service.
    fn known_role(&mut self, role: RoleSid) -> Result<String, Refusal> {
        let service = self.conversation.service;
        let number = role_number(service, role).ok_or(Refusal::NoSuchConversationRole)?;
        let kind = match number {
            // A role that every service has, and that cannot change its kind.
            AGENT => Some(Answer::Kind(RoleKind::Conversation)),
            _ => self.ask(Question::KindOfRole(service, number)),
        };
        match kind {
            None | Some(Answer::Kind(RoleKind::Conversation)) => Ok(number.to_string()),
            Some(_) => Err(Refusal::NoSuchConversationRole),
        }
    }

    /// The roles of who is new to the service, and to a conversation.
    fn roles_of_newcomers(&mut self) -> NewcomersRoles {
        let question = Question::RolesOfNewcomers(self.conversation.service);
        self.ask(question).unwrap_or(Answer::None).roles()
    }

    /// Makes somebody who joins for the first time a user of the service (rule B.6).
    pub(super) fn welcome(&mut self, identity: &str) {
        let service = self.conversation.service;
        let sid = User::sid_of(service, identity);
        if self.appear.iter().any(|it| matches!(it, Pointer::User(user) if user.sid == sid)) {
            return;
        }
        if self.ask(Question::HasUser(sid)) == Some(Answer::None) {
            let role = self.roles_of_newcomers().user;
            let user = User::new(service, identity.to_owned(), role, self.now);
            self.appear.push(Pointer::User(user));
        }
    }

    /// Refuses somebody who is in as many open conversations as an identity may be, if the caller can be told (rule H).
    fn must_not_be_everywhere(&mut self, new: &NewParticipant) -> Result<(), Refusal> {
        let (Some(most), Some(identity), Source::Api { .. } | Source::Client(_)) =
            (self.open_max(), &new.identity, &self.source)
        else {
            return Ok(());
        };
        match self.ask(Question::IsInOpen(identity.clone(), most)) == Some(Answer::Some) {
            true => Err(Refusal::TooManyConversations),
            false => Ok(()),
        }
    }

    fn must_have_room(&self, new: &NewParticipant) -> Result<(), Refusal> {
        if self.conversation.participants.len() >= PARTICIPANTS_MAX {
            return Err(Refusal::TooManyParticipants);
        }
        self.must_be_new_to_the_group(new)?;
        let name = new.identity.as_deref().or(new.pair.as_ref().map(|pair| pair.address.as_str()));
        if name.is_some_and(|name| self.conversation.participant_called(name).is_some()) {
            return Err(Refusal::ParticipantExists);
        }
        let on_channels = self.conversation.participants.iter().filter(|one| one.pair.is_some());
        if new.pair.is_some() && on_channels.count() >= CHANNEL_PARTICIPANTS_MAX {
            return Err(Refusal::TooManyChannelParticipants);
        }
        Ok(())
    }

    /// Changes what can be changed about a participant; an update without a difference changes nothing.
    pub(crate) fn update_participant(
        &mut self,
        number: u32,
        update: ParticipantUpdate,
    ) -> Result<(), Refusal> {
        let before =
            self.conversation.participant(number).ok_or(Refusal::NoSuchParticipant)?.clone();
        let mut after = self.readdressed(&before, &update)?;
        if let Some(attributes) = update.attributes {
            after.attributes = attributes;
        }
        if let Some(role) = update.role {
            let current = before.role_sid(self.conversation.service);
            let is_same = role.map(|role| role.to_string()) == current;
            if !is_same {
                after.role = role.map(|role| self.known_role(role)).transpose()?;
            }
        }
        if let Some(index) = update.last_read_index {
            after.last_read_index = index;
            after.last_read = index.map(|_| self.now);
        }
        after.last_read = update.last_read.or(after.last_read);
        after.muted = update.muted.unwrap_or(before.muted);
        after.created = update.dates.created.unwrap_or(before.created);
        after.updated = update.dates.updated.unwrap_or(before.updated);
        if after == before {
            return Ok(());
        }
        self.conversation.must_be_open()?;
        self.rebind(&before, &after)?;
        after.updated = update.dates.updated.unwrap_or(self.now);
        let place = self.fields().participants.iter_mut().find(|one| one.number == number);
        if let Some(place) = place {
            *place = after;
        }
        self.must_fit()?;
        self.events.push(ConversationEvent::ParticipantUpdated { number });
        Ok(())
    }

    /// Notes which carrier brought a participant's message.
    pub(crate) fn answers_by(&mut self, number: Option<u32>, carrier: CarrierName) {
        let mut participants = self.fields().participants.iter_mut();
        if let Some(author) = participants.find(|one| Some(one.number) == number) {
            author.carrier = Some(carrier);
        }
    }

    /// Removes a participant, and what made them findable.
    pub(crate) fn leave(&mut self, number: u32) -> Result<(), Refusal> {
        let place = self.conversation.participants.iter().position(|one| one.number == number);
        let place = place.ok_or(Refusal::NoSuchParticipant)?;
        let gone = self.fields().participants.remove(place);
        let at = &self.conversation;
        if let Some(who) = gone.listed_as() {
            let found_by = Pointer::Membership(at.membership(who, number, 1));
            self.vanish.push(found_by);
        } else if at.state == State::Closed {
            for (place, who) in gone.found_as().into_iter().enumerate() {
                let found_by = self.conversation.membership(who.clone(), number, 1);
                if self.remembers(number, place, who) {
                    self.vanish.push(Pointer::Membership(found_by));
                }
            }
        } else {
            let bound = gone.bound_as();
            let found_by = bound.into_iter().map(|it| Pointer::Binding(at.binding(it, number, 1)));
            self.vanish.extend(found_by);
        }
        self.touch();
        self.silence_who_left(&gone);
        self.events.push(ConversationEvent::ParticipantRemoved { number, who: Box::new(gone) });
        Ok(())
    }

    /// Whether the closed conversation is found by a name of a participant on a channel: surely by the address of the
    /// first ones, since only those who were many are not all remembered.
    fn remembers(&mut self, number: u32, place: usize, who: Who) -> bool {
        if place == 0 && usize::try_from(number).is_ok_and(|number| number <= REMEMBERED_MAX) {
            return true;
        }
        let question = Question::Remembers(self.conversation.sid, who);
        self.ask(question) != Some(Answer::None)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The names to keep beside an address: none if it is bound by itself alone.
fn names_beside(pair: Option<&Pair>, bound: Vec<Pair>) -> Vec<Address> {
    let is_alone = |pair: &Pair| bound.len() == 1 && bound.first() == Some(pair);
    match pair.is_none_or(is_alone) {
        true => Vec::new(),
        false => bound.into_iter().map(|pair| pair.address).collect(),
    }
}
