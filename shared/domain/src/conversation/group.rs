//! Group MMS (rule A.8): telephones and numbers of ours in one thread, in which everybody sees who wrote.
//!
//! Whoever takes part with a telephone of their own has an address and no proxy; whoever speaks for the account has a number
//! of ours that stands for them, a *projected* address, or is that number alone. The carrier tells a group by the set of its
//! addresses, so the set is the key by which a group's messages find their conversation: an item of its own, written in
//! the transaction that changes the participants. Two addresses are no group but a pair, and are bound as one: a carrier brings
//! their messages as it brings everybody's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Answer, Conversation, Draft, NewParticipant, Pair, Participant, Pointer, Question, Source,
    State,
};
use crate::address::{Address, ChannelType};
use crate::refusal::{OfGroup, Refusal};
use crate::sid::ConversationSid;
use crate::version::Version;

/// At most this many take part in a group (rule H).
pub const GROUP_MAX: usize = 10;
/// From so many addresses on it is a group.
const GROUP_MIN: usize = 3;
/// A binding of a group of two is no participant's, and so is no place where one of them is found: the membership is.
const NOBODY: u32 = 0;

/// How somebody takes part in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// With a telephone of their own.
    Telephone(Address),
    /// By a number of ours that stands for them.
    Projected(Address),
}

/// That a set of addresses belongs to one open conversation; its key is the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupBinding {
    /// The addresses, in [folded](Address::folded) form.
    pub addresses: BTreeSet<Address>,
    /// Whose they are.
    pub conversation: ConversationSid,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// By what the messages of a group find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// Two addresses: whoever writes to the other.
    Pair(Pair),
    /// More of them.
    Set(BTreeSet<Address>),
}

/// The addresses of a group as it is looked up; none where a carrier could not have made a group of them (rule A.8).
pub fn group_of<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Option<BTreeSet<Address>> {
    let all: BTreeSet<Address> = addresses.into_iter().map(Address::folded).collect();
    let fits =
        (GROUP_MIN..=GROUP_MAX).contains(&all.len()) && all.iter().all(Address::is_long_code);
    fits.then_some(all)
}

impl Participant {
    /// The telephone with which they take part in a group.
    pub const fn telephone(&self) -> Option<&Address> {
        match &self.member {
            Some(Member::Telephone(address)) => Some(address),
            Some(Member::Projected(_)) | None => None,
        }
    }

    /// The number of ours that stands for them in a group.
    pub const fn projected(&self) -> Option<&Address> {
        match &self.member {
            Some(Member::Projected(address)) => Some(address),
            Some(Member::Telephone(_)) | None => None,
        }
    }

    /// Whether they are on a channel, with an address that is a customer's.
    pub const fn is_customer(&self) -> bool {
        self.pair.is_some() || self.telephone().is_some()
    }

    /// Whether it is a number of ours with nobody behind it: whoever writes by REST speaks by it.
    const fn stands_alone(&self) -> bool {
        self.identity.is_none() && self.projected().is_some()
    }
}

impl Conversation {
    /// Whether somebody takes part as in a group.
    pub fn is_group(&self) -> bool {
        self.participants.iter().any(|one| one.member.is_some())
    }

    /// The customer with whom the conversation is, or the first of them, and the address of ours that they write to.
    pub fn contact(&self) -> Option<Pair> {
        let pair = self.participants.iter().find_map(|one| one.pair.clone());
        pair.or_else(|| {
            let address = self.participants.iter().find_map(Participant::telephone)?.clone();
            let proxy = self.participants.iter().find_map(Participant::projected)?.clone();
            Some(Pair { address, proxy })
        })
    }

    /// The addresses of everybody in the group.
    pub fn group_addresses(&self) -> BTreeSet<Address> {
        let each = |one: &Participant| one.telephone().or(one.projected()).map(Address::folded);
        self.participants.iter().filter_map(each).collect()
    }

    /// By what the messages of the group find it, while it is open and has both a telephone and a number of ours.
    pub fn group_key(&self) -> Option<GroupKey> {
        let contact = self.contact().filter(|_| self.is_group() && self.state != State::Closed)?;
        let all = self.group_addresses();
        Some(match all.len() {
            0..GROUP_MIN => GroupKey::Pair(contact.with(contact.address.folded())),
            _ => GroupKey::Set(all),
        })
    }

    /// Whether a message that the carrier brings is here already: one that we wrote comes back to every other number of ours
    /// in the group, and one that a member wrote comes to each. **Inferred:** it counts as it comes to the first of them.
    pub fn has_heard(&self, from: &Address, to: &Address) -> bool {
        let ours: BTreeSet<Address> = self
            .participants
            .iter()
            .filter_map(Participant::projected)
            .map(Address::folded)
            .collect();
        ours.contains(&from.folded()) || ours.first().is_some_and(|first| *first != to.folded())
    }

    /// The number of ours by which somebody speaks to the group; none if it is no group, or has no number of ours yet.
    ///
    /// # Errors
    /// Who is not of the group cannot be its author (rule A.8). An agent whom an interaction has seated beside a number that
    /// stands alone speaks by that.
    pub(crate) fn voice(
        &self,
        author: &str,
        writer: Option<u32>,
    ) -> Result<Option<Address>, Refusal> {
        if !self.is_group() {
            return Ok(None);
        }
        let mut ours = self.participants.iter().filter_map(Participant::projected);
        if let Some(own) = ours.clone().find(|own| own.as_str() == author) {
            return Ok(Some(own.clone()));
        }
        let writer = writer.and_then(|number| self.participant(number));
        let writer = writer.ok_or(OfGroup::AuthorNotInGroup)?;
        match &writer.member {
            Some(Member::Projected(own)) => Ok(Some(own.clone())),
            Some(Member::Telephone(_)) => Ok(ours.next().cloned()),
            None => {
                let alone = self.participants.iter().find(|one| one.stands_alone());
                let own = alone.and_then(Participant::projected).cloned();
                own.map(Some).ok_or(OfGroup::AuthorNotInGroup.into())
            }
        }
    }
}

impl Draft<'_> {
    /// Whether somebody can join as they are to: nobody is of two kinds, and a group has no pairs in it. Whoever an interaction
    /// seats in a group shares the number of ours that is in it.
    pub(super) fn must_have_one_shape(&mut self, new: &mut NewParticipant) -> Result<(), Refusal> {
        let is_fit = match (&new.identity, &new.pair, &new.member) {
            (Some(_), None, None | Some(Member::Projected(_)))
            | (None, Some(_), None)
            | (None, None, Some(_)) => true,
            (Some(_) | None, Some(_) | None, _) => false,
        };
        if !is_fit {
            return Err(Refusal::ParticipantShape);
        }
        match new.member.clone() {
            Some(member) => self.must_suit_a_group(&member)?,
            None if !self.conversation.is_group() => return Ok(()),
            None if new.pair.is_some() => return Err(OfGroup::Unfit.into()),
            None => match self.source {
                Source::Api { .. } | Source::Client(_) => {
                    return Err(OfGroup::ProjectedMissing.into());
                }
                Source::Channel(_) | Source::Interaction | Source::Timer => {
                    let ours =
                        self.conversation.participants.iter().find_map(Participant::projected);
                    new.member = ours.cloned().map(Member::Projected);
                    return Ok(());
                }
            },
        }
        if self.conversation.participants.len() >= GROUP_MAX {
            return Err(OfGroup::Full.into());
        }
        Ok(())
    }

    /// Whether an address can be in a group as what it is said to be.
    pub(super) fn must_suit_a_group(&mut self, member: &Member) -> Result<(), Refusal> {
        if self.conversation.participants.iter().any(|one| one.pair.is_some()) {
            return Err(OfGroup::Unfit.into());
        }
        match member {
            Member::Telephone(address) => self.must_be_a_telephone(address),
            Member::Projected(address) => self.must_be_projectable(address),
        }
    }

    /// A telephone in the numbering plan of group MMS that is not one of our own numbers.
    fn must_be_a_telephone(&mut self, address: &Address) -> Result<(), Refusal> {
        if !address.is_long_code() {
            return Err(OfGroup::NotATelephone.into());
        }
        match self.is_named_by_hand() && self.carrier_of(address).flatten().is_some() {
            true => Err(OfGroup::NotATelephone.into()),
            false => Ok(()),
        }
    }

    /// A number of ours that can be in a group: SMS, no toll-free number, and of a carrier that knows groups.
    fn must_be_projectable(&mut self, address: &Address) -> Result<(), Refusal> {
        if address.channel() != ChannelType::Sms {
            return Err(OfGroup::BindingUnsupported.into());
        }
        if !address.is_long_code() {
            return Err(OfGroup::ProjectedNotOurs.into());
        }
        if !self.is_named_by_hand() {
            return Ok(());
        }
        match self.carrier_of(address) {
            None => Ok(()),
            Some(None) => Err(OfGroup::ProjectedNotOurs.into()),
            Some(Some(carrier)) if carrier.knows_groups() => Ok(()),
            Some(Some(_)) => Err(OfGroup::Disabled.into()),
        }
    }

    /// Refuses somebody who is in the group already.
    pub(super) fn must_be_new_to_the_group(&self, new: &NewParticipant) -> Result<(), Refusal> {
        let Some(member) = &new.member else { return Ok(()) };
        let mut all = self.conversation.participants.iter();
        let is_there = all.any(|one| match member {
            Member::Telephone(address) => {
                one.telephone().is_some_and(|own| own.folded() == address.folded())
            }
            Member::Projected(_) if new.identity.is_some() => one.identity == new.identity,
            Member::Projected(address) => one.stands_alone() && one.projected() == Some(address),
        });
        if is_there { Err(OfGroup::MemberExists.into()) } else { Ok(()) }
    }

    /// Binds the group by what it is found by now, and no more by what it was found by before. Whoever adds to it makes
    /// a group that a carrier can make too.
    pub(crate) fn regroup(&mut self, before: &Conversation) -> Result<(), Refusal> {
        if !before.is_group() && !self.conversation.is_group() {
            return Ok(());
        }
        let (was, is) = (before.group_key(), self.conversation.group_key());
        let all = self.conversation.group_addresses();
        if self.is_named_by_hand() && !all.is_subset(&before.group_addresses()) {
            self.must_be_a_group(&all)?;
        }
        if was == is {
            return Ok(());
        }
        match &is {
            None => {}
            Some(GroupKey::Pair(pair)) => {
                if let Some(Answer::Conversation(holder)) =
                    self.ask(Question::HolderOf(pair.clone()))
                {
                    return Err(Refusal::PairBound(holder));
                }
            }
            Some(GroupKey::Set(all)) => {
                if let Some(Answer::Conversation(_)) =
                    self.ask(Question::HolderOfGroup(all.clone()))
                {
                    return Err(OfGroup::Exists.into());
                }
            }
        }
        let appear = is.map(|key| self.conversation.group_pointer(key, 0));
        let vanish = was.map(|key| self.conversation.group_pointer(key, 1));
        self.appear.extend(appear);
        self.vanish.extend(vanish);
        Ok(())
    }

    /// From three addresses on a telephone and a number of ours are among them, and nobody is there without one (50435).
    fn must_be_a_group(&self, all: &BTreeSet<Address>) -> Result<(), Refusal> {
        let people = &self.conversation.participants;
        let is_one = people.iter().any(|one| one.telephone().is_some())
            && people.iter().any(|one| one.projected().is_some())
            && people.iter().all(|one| one.member.is_some());
        if all.len() < GROUP_MIN || is_one { Ok(()) } else { Err(OfGroup::Unfit.into()) }
    }
}

impl Conversation {
    fn group_pointer(&self, key: GroupKey, version: u64) -> Pointer {
        match key {
            GroupKey::Pair(pair) => Pointer::Binding(self.binding(pair, NOBODY, version)),
            GroupKey::Set(addresses) => Pointer::Group(GroupBinding {
                addresses,
                conversation: self.sid,
                version: version.into(),
            }),
        }
    }
}
