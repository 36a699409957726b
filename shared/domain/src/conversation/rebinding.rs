//! What can be changed about how a participant is reached: the proxy address of somebody on a channel, and the number of ours
//! that stands for somebody in a group (rule A.8).

use super::{Answer, Draft, Member, Pair, Participant, ParticipantUpdate, Pointer, Question, Who};
use crate::address::Address;
use crate::refusal::{OfGroup, Refusal};

impl Draft<'_> {
    /// A participant with the addresses and the identity of an update.
    pub(super) fn readdressed(
        &mut self,
        before: &Participant,
        update: &ParticipantUpdate,
    ) -> Result<Participant, Refusal> {
        let mut after = before.clone();
        match &update.proxy {
            None => {}
            Some(Some(proxy)) => self.give_proxy(&mut after, proxy)?,
            Some(None) => self.take_proxy(&mut after)?,
        }
        match &update.projected {
            None => {}
            Some(Some(address)) => self.give_projected(&mut after, address)?,
            Some(None) => match (&after.member, &after.identity) {
                (Some(Member::Projected(_)), Some(_)) => after.member = None,
                (Some(Member::Projected(_) | Member::Telephone(_)) | None, _) => {
                    return Err(OfGroup::ProjectedRemoval.into());
                }
            },
        }
        if let Some(identity) = &update.identity {
            self.give_identity(&mut after, identity)?;
        }
        Ok(after)
    }

    /// Whether nobody but this one is there with addresses of the other kind: pairs and groups are not mixed.
    fn is_alone_among(&self, one: &Participant, other: impl Fn(&Participant) -> bool) -> bool {
        let mut others = self.conversation.participants.iter().filter(|it| it.number != one.number);
        !others.any(other)
    }

    fn give_proxy(&mut self, one: &mut Participant, proxy: &Address) -> Result<(), Refusal> {
        if one.pair.as_ref().is_some_and(|pair| pair.proxy == *proxy) {
            return Ok(());
        }
        let own = one.pair.as_ref().map(|pair| &pair.address).or(one.telephone()).cloned();
        let address = own.ok_or(OfGroup::ProxyAddition)?;
        if !self.is_alone_among(one, |it| it.member.is_some()) {
            return Err(OfGroup::ProxyAddition.into());
        }
        let pair = Pair::new(address, proxy.clone())?;
        self.must_be_ours(proxy)?;
        (one.pair, one.member, one.carrier) = (Some(pair), None, None);
        Ok(())
    }

    fn take_proxy(&self, one: &mut Participant) -> Result<(), Refusal> {
        let pair = one.pair.clone().ok_or(OfGroup::ProxyRemoval)?;
        let is_alone = self.is_alone_among(one, |it| it.pair.is_some());
        if !is_alone || !pair.address.is_long_code() {
            return Err(OfGroup::ProxyRemoval.into());
        }
        (one.pair, one.member, one.aliases) =
            (None, Some(Member::Telephone(pair.address)), Vec::new());
        Ok(())
    }

    fn give_projected(&mut self, one: &mut Participant, address: &Address) -> Result<(), Refusal> {
        if one.projected() == Some(address) {
            return Ok(());
        }
        if one.is_customer() {
            return Err(OfGroup::ProjectedAddition.into());
        }
        let member = Member::Projected(address.clone());
        self.must_suit_a_group(&member)?;
        one.member = Some(member);
        Ok(())
    }

    /// Somebody behind a number of ours, or somebody else: agents take turns there.
    fn give_identity(&mut self, one: &mut Participant, identity: &str) -> Result<(), Refusal> {
        if one.identity.as_deref() == Some(identity) {
            return Ok(());
        }
        if one.projected().is_none() {
            let is_in_chat = one.identity.is_some();
            return Err(if is_in_chat {
                Refusal::IdentityStays
            } else {
                OfGroup::IdentityAddition.into()
            });
        }
        if self.conversation.participant_called(identity).is_some() {
            return Err(OfGroup::MemberExists.into());
        }
        self.welcome(identity);
        let newcomers = self.newcomers_role(identity);
        one.role = one.role.take().or(Some(newcomers));
        one.identity = Some(identity.to_owned());
        Ok(())
    }

    /// Lets whoever looks find a participant by what they have now, and not by what they had.
    pub(super) fn rebind(&mut self, was: &Participant, is: &Participant) -> Result<(), Refusal> {
        let (before, after) = (was.bound_as(), is.bound_as());
        for pair in after.iter().filter(|pair| !before.contains(pair)) {
            if let Some(Answer::Conversation(holder)) = self.ask(Question::HolderOf(pair.clone())) {
                return Err(Refusal::PairBound(holder));
            }
        }
        let at = &self.conversation;
        let number = was.number;
        let gone = before.iter().filter(|pair| !after.contains(pair));
        let gone = gone.map(|pair| Pointer::Binding(at.binding(pair.clone(), number, 1)));
        let new = after.iter().filter(|pair| !before.contains(pair));
        let new = new.map(|pair| Pointer::Binding(at.binding(pair.clone(), number, 0)));
        let (lost, found) = (was.listed_as(), is.listed_as());
        let lost = lost.filter(|who| found.as_ref() != Some(who));
        let found = found.filter(|who| was.listed_as().as_ref() != Some(who));
        let lost = lost.map(|who| Pointer::Membership(at.membership(who, number, 1)));
        let found = found.map(|who| Pointer::Membership(at.membership(who, number, 0)));
        let (gone, new): (Vec<Pointer>, Vec<Pointer>) =
            (gone.chain(lost).collect(), new.chain(found).collect());
        self.vanish.extend(gone);
        self.appear.extend(new);
        Ok(())
    }
}

impl Participant {
    /// By what they are found from joining to leaving, whatever the conversation's state: an identity, or a telephone in a group.
    pub fn listed_as(&self) -> Option<Who> {
        let identity = self.identity.clone().map(Who::Identity);
        identity.or_else(|| self.telephone().map(|own| Who::Address(own.folded())))
    }
}
