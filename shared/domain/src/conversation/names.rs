//! The names of a person on a channel: by which they are found, which are learned, and what happens when one changes.
//!
//! A carrier knows one person by several names: the number, the number as it is written elsewhere, an id of the business'
//! portfolio and the one above it. Each name of a participant is bound by an item of its own, so that whichever of them a message
//! brings, it is appended to the same conversation, and none of them can be bound to two. A name belongs to whoever
//! was bound by it first, until that conversation ends: it is added to a participant, and never taken from another.

use serde::{Deserialize, Serialize};

use super::{
    Answer, Conversation, ConversationEvent, Draft, Pair, Participant, Pointer, Question, Who,
};
use crate::address::Address;
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// As many names may be bound to one conversation. With the memberships that take their place it can then still be
/// closed in one transaction.
pub const BOUND_MAX: usize = 56;

/// For how long a notice of other names is kept: as long as carriers deliver again what was not taken (Meta: seven
/// days), and less than a number that was given up takes to become somebody else's.
pub const RENAMINGS_KEPT: Millis = Millis::seconds(7 * 24 * 3600);

impl Conversation {
    /// Whether one of these names is not known, and none can be learned since as many are bound as may be.
    pub fn cannot_learn(&self, names: &[Address]) -> bool {
        let bound: usize = self.participants.iter().map(|one| one.bound_as().len()).sum();
        let is_known = |name: &Address| self.participants.iter().any(|one| one.is_called(name));
        bound >= BOUND_MAX && !names.iter().all(is_known)
    }
}

/// That a person had other names before; its key is the name they have now, beside an address of the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Renaming {
    /// The name, in folded form.
    pub name: Address,
    /// The business' address.
    pub business: Address,
    /// The names before, in folded form.
    pub before: Vec<Address>,
    /// Until when that counts.
    pub until: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The names of a person as they are looked up, in the order given: folded, each once.
pub fn distinct<'a>(of: impl IntoIterator<Item = &'a Address>) -> Vec<Address> {
    let mut names: Vec<Address> = Vec::new();
    for name in of {
        let name = name.folded();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a pair with further names of the customer is bound by.
pub(super) fn bound_by(pair: &Pair, aliases: &[Address]) -> Vec<Pair> {
    let all = std::iter::once(&pair.address).chain(aliases);
    distinct(all).into_iter().map(|name| pair.with(name)).collect()
}

impl Pair {
    /// The same business' address with another name of the customer.
    pub fn with(&self, address: Address) -> Self {
        Self { address, proxy: self.proxy.clone() }
    }
}

impl Participant {
    /// The pairs whose bindings lead to this participant of an open conversation.
    pub fn bound_as(&self) -> Vec<Pair> {
        let Some(pair) = &self.pair else { return Vec::new() };
        match self.aliases.as_slice() {
            [] => vec![pair.clone()],
            aliases => aliases.iter().map(|alias| pair.with(alias.clone())).collect(),
        }
    }

    /// By what a participant on a channel is found in a closed conversation: the address first.
    pub fn found_as(&self) -> Vec<Who> {
        let Some(pair) = &self.pair else { return Vec::new() };
        let main = match self.aliases.is_empty() {
            true => pair.address.clone(),
            false => pair.address.folded(),
        };
        let others = self.aliases.iter().filter(|alias| **alias != main).cloned();
        std::iter::once(main.clone()).chain(others).map(Who::Address).collect()
    }

    /// Whether a name, in folded form, is one of theirs.
    pub fn is_called(&self, name: &Address) -> bool {
        let own = self.pair.as_ref().map(|pair| &pair.address).or(self.telephone());
        own.is_some_and(|own| own.folded() == *name) || self.aliases.contains(name)
    }
}

impl Draft<'_> {
    /// Learns further names of the participant who is called by one of them: each is bound beside the others, unless it
    /// is bound to another conversation already. Nothing new changes nothing.
    pub(crate) fn learn(&mut self, names: &[Address]) {
        let known = names
            .iter()
            .find_map(|name| self.conversation.participants.iter().find(|one| one.is_called(name)));
        let Some((number, pair)) = known.and_then(|one| Some((one.number, one.pair.clone()?)))
        else {
            return;
        };
        for name in names {
            self.bind(number, &pair, name);
        }
    }

    fn bind(&mut self, number: u32, pair: &Pair, name: &Address) {
        let participants = &self.conversation.participants;
        let is_known = participants.iter().any(|one| one.is_called(name));
        let bound: usize = participants.iter().map(|one| one.bound_as().len()).sum();
        if is_known || bound >= BOUND_MAX {
            return;
        }
        let further = pair.with(name.clone());
        if let Some(Answer::Conversation(_)) = self.ask(Question::HolderOf(further.clone())) {
            return;
        }
        self.appear.push(Pointer::Binding(self.conversation.binding(further, number, 0)));
        let mut all = self.fields().participants.iter_mut();
        if let Some(one) = all.find(|one| one.number == number) {
            if one.aliases.is_empty() {
                one.aliases = vec![pair.address.clone()];
            }
            one.aliases.push(name.clone());
        }
    }

    /// Follows a carrier's notice that somebody has other names from a moment on: they are learned, and whoever was
    /// written to under a name that is no longer theirs is written to under the first of the new ones, unless that is
    /// somebody else's or a later notice was followed already. The old names are kept.
    pub(crate) fn readdress(&mut self, old: &[Address], new: &[Address], since: Timestamp) {
        let (before, after) = (distinct(old), distinct(new));
        let all: Vec<Address> = before.iter().chain(&after).cloned().collect();
        self.learn(&all);
        let called = |one: &&mut Participant| all.iter().any(|name| one.is_called(name));
        let (now, mut draft) = (self.now, self.conversation.clone());
        let known = draft.fields.participants.iter_mut().find(called);
        let (Some(one), Some(address)) = (known, new.first()) else { return };
        let Some(pair) = one.pair.clone() else { return };
        let current = pair.address.folded();
        let is_over = before.contains(&current) && !after.contains(&current);
        let is_late = one.renamed.is_some_and(|renamed| since <= renamed);
        if !is_over || is_late || !one.is_called(&address.folded()) {
            return;
        }
        one.pair = Some(pair.with(address.clone()));
        one.renamed = Some(since);
        one.updated = now;
        let number = one.number;
        self.fields().participants = draft.fields.participants;
        self.touch();
        self.events.push(ConversationEvent::ParticipantUpdated { number });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ChannelType;
    use crate::conversation::{
        AddressBinding, Answers, Conversation, Defaults, Membership, NewParticipant, Objection,
        Source,
    };
    use crate::decision::Decision;
    use crate::process::conversation::{Command, ConversationChange, decide, decide_all};
    use crate::record::Record;
    use crate::sid::{ConversationSid, ServiceSid, Sid as _};

    const NOW: Timestamp = Timestamp(1_000);
    const PHONE: &str = "whatsapp:+5531988887777";
    const USER: &str = "whatsapp:BR.123";
    const PARENT: &str = "whatsapp:BR.ENT.9";

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn all(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| address(text)).collect()
    }

    fn pair(text: &str) -> Pair {
        Pair::new(address(text), address("whatsapp:+18005550199")).unwrap()
    }

    /// Decides while these names are bound to another conversation, and all others are free.
    fn with_taken(
        conversation: &Conversation,
        command: &Command,
        taken: &[&str],
    ) -> ConversationChange {
        let elsewhere = Answer::Conversation(ConversationSid::derived(&["elsewhere"]));
        let mut answers = Answers::default();
        loop {
            let command = command.clone();
            match decide(conversation, command, Source::Channel(ChannelType::Sms), &answers, NOW) {
                Ok(change) => return change,
                Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
                Err(Objection::AskFirst(questions)) => {
                    answers.extend(questions.into_iter().map(|question| {
                        let is_taken = matches!(&question, Question::HolderOf(pair)
                            if taken.contains(&pair.address.as_str()));
                        (question, if is_taken { elsewhere } else { Answer::None })
                    }));
                }
                Err(Objection::Refused(refusal)) => panic!("{refusal}"),
            }
        }
    }

    fn decided(conversation: &Conversation, command: &Command) -> ConversationChange {
        with_taken(conversation, command, &[])
    }

    fn known_as(texts: &[&str]) -> Conversation {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let new = Conversation::new(sid, service, Defaults::default(), NOW);
        let aliases = all(&texts[1..]);
        let join = NewParticipant { aliases, ..NewParticipant::at(pair(texts[0])) };
        decided(&new, &Command::Join(join)).conversation
    }

    fn bound(change: ConversationChange) -> (Vec<String>, Vec<String>) {
        let name = |record: &Record| {
            let binding = record.get::<AddressBinding>().map(|it| it.pair.address.to_string());
            binding.or_else(|| record.get::<Membership>().map(|it| it.who.to_string()))
        };
        let decision = Decision::from(change);
        let (puts, deletes) = (decision.puts.iter(), decision.deletes.iter());
        (puts.filter_map(name).collect(), deletes.filter_map(name).collect())
    }

    fn notice(old: &[&str], new: &[&str], since: i64) -> Command {
        Command::Readdress { old: all(old), new: all(new), since: Timestamp(since) }
    }

    #[test]
    fn each_name_is_bound_once_and_a_plain_address_by_itself() {
        let conversation = known_as(&["whatsapp:+553188887777", PHONE, USER]);
        let one = &conversation.participants[0];
        assert_eq!(one.pair, Some(pair("whatsapp:+553188887777")));
        assert_eq!(one.aliases, all(&[PHONE, USER]));
        assert!(known_as(&[PHONE]).participants[0].aliases.is_empty());
        for name in ["whatsapp:+553188887777", PHONE, "whatsapp:553188887777", USER] {
            assert_eq!(conversation.participant_called(name), Some(one), "{name}");
        }
        assert_eq!(conversation.participant_called("+5531988887777"), None);
    }

    #[test]
    fn a_further_name_is_bound_beside_the_others_once() {
        let conversation = known_as(&[PHONE]);
        let names = Command::Learn(all(&[PHONE, USER, PARENT]));
        let learned = decided(&conversation, &names);
        let after = learned.conversation.clone();
        assert_eq!(after.participants[0].aliases, all(&[PHONE, USER, PARENT]));
        assert_eq!(bound(learned), (vec![USER.to_owned(), PARENT.to_owned()], Vec::new()));
        let again = decided(&after, &names);
        assert_eq!(Decision::from(again), Decision::unchanged());
        let nobody = decided(&after, &Command::Learn(all(&["whatsapp:+14155550100"])));
        assert_eq!(Decision::from(nobody), Decision::unchanged());
    }

    #[test]
    fn a_name_that_is_bound_elsewhere_stays_there() {
        let conversation = known_as(&[PHONE]);
        let names = Command::Learn(all(&[PHONE, USER, PARENT]));
        let learned = with_taken(&conversation, &names, &[USER]);
        assert_eq!(learned.conversation.participants[0].aliases, all(&[PHONE, PARENT]));
        assert_eq!(bound(learned), (vec![PARENT.to_owned()], Vec::new()));
        let moved = notice(&[PHONE], &[USER], 5);
        let kept = with_taken(&conversation, &moved, &[USER]);
        assert_eq!(Decision::from(kept), Decision::unchanged());
    }

    #[test]
    fn a_notice_adds_the_new_names_and_keeps_the_old_ones() {
        let conversation = known_as(&[PHONE, USER]);
        let new = ["whatsapp:+14155550100", "whatsapp:US.7"];
        let changed = decided(&conversation, &notice(&[PHONE, USER], &new, 5));
        let one = changed.conversation.participants[0].clone();
        assert_eq!(one.pair, Some(pair(new[0])));
        assert_eq!(one.aliases, all(&[PHONE, USER, new[0], new[1]]));
        assert_eq!(changed.events, [ConversationEvent::ParticipantUpdated { number: 1 }]);
        let after = changed.conversation.clone();
        assert_eq!(bound(changed).1, Vec::<String>::new());
        let again = decided(&after, &notice(&[PHONE, USER], &new, 5));
        assert_eq!(Decision::from(again), Decision::unchanged());
    }

    #[test]
    fn an_id_that_changes_leaves_a_number_that_does_not() {
        let conversation = known_as(&[PHONE, USER]);
        let changed = decided(&conversation, &notice(&[USER], &["whatsapp:BR.456"], 5));
        let one = &changed.conversation.participants[0];
        assert_eq!(one.pair, Some(pair(PHONE)));
        assert_eq!(one.aliases, all(&[PHONE, USER, "whatsapp:BR.456"]));
        assert_eq!(changed.events, []);
    }

    #[test]
    fn an_earlier_notice_that_comes_again_does_not_undo_a_later_one() {
        let (first, second) = ("whatsapp:+14155550101", "whatsapp:+14155550102");
        let mut conversation = known_as(&[first]);
        for (old, new, since) in [(first, second, 5), (second, first, 6), (first, second, 5)] {
            let changed = decided(&conversation, &notice(&[old], &[new], since));
            conversation = changed.conversation;
        }
        assert_eq!(conversation.participants[0].pair, Some(pair(first)));
    }

    #[test]
    fn a_conversation_that_ends_frees_every_name_and_is_found_by_each() {
        let conversation = known_as(&["whatsapp:+553188887777", USER]);
        let names = vec![PHONE.to_owned(), USER.to_owned()];
        let members: Vec<String> =
            [PHONE, USER].map(|name| Who::Address(address(name)).to_string()).into();
        let left = decided(&conversation, &Command::Leave(1));
        assert_eq!(bound(left), (Vec::new(), names.clone()));
        let closed = decided(&conversation, &Command::Close);
        let after = closed.conversation.clone();
        assert_eq!(bound(closed), (members.clone(), names));
        let gone = decided(&after, &Command::Leave(1));
        let found = bound(gone).1;
        assert_eq!(found, members[..1]);
    }

    #[test]
    fn a_conversation_with_as_many_names_as_may_be_is_closed_at_once_and_learns_no_more() {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let new = Conversation::new(sid, service, Defaults::default(), NOW);
        let name = |number: u32, kind: &str| format!("whatsapp:{kind}.{number}");
        let joining = (0..crate::conversation::CHANNEL_PARTICIPANTS_MAX as u32)
            .map(|number| Command::Join(NewParticipant::at(pair(&name(number, "US")))));
        let free =
            (0..50).map(|number| (Question::HolderOf(pair(&name(number, "US"))), Answer::None));
        let change =
            decide_all(&new, joining, Source::Channel(ChannelType::Sms), &free.collect(), NOW)
                .unwrap();
        let mut conversation = change.conversation;
        for number in 0..50 {
            let names = all(&[&name(number, "US"), &name(number, "GB")]);
            conversation = decided(&conversation, &Command::Learn(names)).conversation;
        }
        let all: usize = conversation.participants.iter().map(|one| one.bound_as().len()).sum();
        assert_eq!(all, BOUND_MAX);
        let (known, unknown) = (name(0, "US").parse().unwrap(), name(0, "FR").parse().unwrap());
        assert!(!conversation.cannot_learn(std::slice::from_ref(&known)));
        assert!(conversation.cannot_learn(&[known, unknown]));
        let closed = Decision::from(decided(&conversation, &Command::Close));
        assert!(closed.puts.len() + closed.deletes.len() <= 100);
    }
}
