//! A carrier gives notice that a customer has other names: the open conversation learns them, and whoever opens one
//! next finds the old ones by the new.
//!
//! A notice may be handled before what the customer wrote under the old name, and after what they wrote under the new
//! one. So it is kept for a while, by each new name ([`Renaming`]): a message that finds no conversation by its names
//! looks for one by those that they had before, and a conversation that it opens is bound by all of them.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::carriage::{Alias, AliasKind, IdentityChange, InboundMessage};
use crate::conversation::{
    Answers, Conversation, Objection, RENAMINGS_KEPT, Renaming, Source, distinct,
};
use crate::decision::Decision;
use crate::process::conversation::{Command, decide};
use crate::record::Record;
use crate::sid::{ConversationSid, MessageSid, Sid as _};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The conversation knows the customer by the names that they have now.
    Known(ConversationSid),
    /// One of those names is another conversation's, where it stays.
    Elsewhere(ConversationSid),
    /// No conversation is open.
    Nobody,
}

/// The names of a notice as they are looked up: the old ones, and the new ones in order of how well they name somebody.
pub fn names(change: &IdentityChange) -> (Vec<Address>, Vec<Address>) {
    let all = |aliases: &BTreeSet<Alias>| {
        let channel = change.to.channel();
        let told = aliases.iter().map(|alias| &alias.address);
        told.filter(|name| name.channel() == channel).cloned().collect::<Vec<_>>()
    };
    (all(&change.old), all(&change.new))
}

/// What a customer's messages to an address of the business stay in order with, however the customer's is written.
pub fn group(customer: &Address, business: &Address) -> String {
    let pair = [customer.folded().to_string(), business.to_string()];
    MessageSid::derived(&[&pair[0], &pair[1]]).to_string()[2..].to_owned()
}

/// The same of a message: those of a group of telephones stay in order whoever of them writes.
pub fn group_of_message(message: &InboundMessage) -> String {
    match message.group() {
        None => group(&message.from, &message.to),
        Some(all) => {
            let all: Vec<&str> = all.iter().map(Address::as_str).collect();
            MessageSid::derived(&all).to_string()[2..].to_owned()
        }
    }
}

/// The groups that a notice is put into, each with a deduplication id: those of all names that a message may come
/// from, so that it is handled before what will be written under them, whenever that is handled which was written before.
pub fn groups(change: &IdentityChange) -> Vec<(String, String)> {
    let is_sender = |alias: &&Alias| match alias.kind {
        AliasKind::Phone | AliasKind::AccountId | AliasKind::UserId => true,
        AliasKind::ParentUserId => false,
    };
    let named = |from: &BTreeSet<Alias>| -> BTreeSet<String> {
        from.iter().filter(is_sender).map(|alias| group(&alias.address, &change.to)).collect()
    };
    let mut all = named(&change.new);
    if all.is_empty() {
        all = named(&change.old);
    }
    if all.is_empty() {
        all.insert(group(&change.to, &change.to));
    }
    let id = |group: &str| {
        let parts = [change.carrier.name(), "identity", &change.carrier_notice_id, group];
        MessageSid::derived(&parts).to_string()
    };
    all.into_iter().map(|group| (group.clone(), id(&group))).collect()
}

/// Follows a notice. `bound` is the open conversation of any of the names, `kept` what earlier notices left under the
/// new ones. A notice that was followed before changes nothing.
pub fn follow(
    change: &IdentityChange,
    bound: Option<&Conversation>,
    kept: &[Renaming],
    answers: &Answers,
    now: Timestamp,
) -> Result<(Followed, Decision), Objection> {
    let (old, new) = names(change);
    let (before, after) = (distinct(&old), distinct(&new));
    let (followed, decision) = match bound {
        None => (Followed::Nobody, Decision::unchanged()),
        Some(bound) => {
            let since = change.happened_at.unwrap_or(change.received_at);
            let command = Command::Readdress { old, new, since };
            let changed =
                decide(bound, command, Source::Channel(change.to.channel()), answers, now)?;
            let mut people = changed.conversation.participants.iter();
            let is_known = people.any(|one| after.iter().all(|name| one.is_called(name)));
            let followed = if is_known { Followed::Known } else { Followed::Elsewhere };
            (followed(bound.sid), Decision::from(changed))
        }
    };
    let renamings = after.iter().filter_map(|name| {
        let known = kept.iter().find(|one| one.name == *name);
        renaming(change, name, &before, known)
    });
    Ok((followed, renamings.fold(decision, |decision, one| decision.and(Record::from(one)))))
}

/// What is kept under a new name; none if it says nothing new.
fn renaming(
    change: &IdentityChange,
    name: &Address,
    before: &[Address],
    known: Option<&Renaming>,
) -> Option<Renaming> {
    let earlier = known.map(|known| known.before.as_slice()).unwrap_or_default();
    let all = distinct(earlier.iter().chain(before).filter(|other| *other != name));
    if all.is_empty() || known.is_some_and(|known| known.before == all) {
        return None;
    }
    Some(Renaming {
        name: name.clone(),
        business: change.to.clone(),
        before: all,
        until: change.received_at + RENAMINGS_KEPT,
        version: known.map_or(Version::NEW, |known| known.version),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ChannelType;
    use crate::carriage::CarrierName;
    use crate::conversation::{Answer, Defaults, NewParticipant, Pair, Question};
    use crate::sid::ServiceSid;

    const NOW: Timestamp = Timestamp(1_000);
    const OLD: &str = "whatsapp:+14155550101";
    const NEW: &str = "whatsapp:+14155550102";

    fn change(old: &[&str], new: &[&str]) -> IdentityChange {
        let all = |names: &[&str]| -> BTreeSet<Alias> {
            let alias = |name: &&str| {
                let is_number = name.contains('+');
                let kind = if is_number { AliasKind::Phone } else { AliasKind::UserId };
                Alias { kind, address: name.parse().unwrap() }
            };
            names.iter().map(alias).collect()
        };
        IdentityChange {
            carrier: CarrierName::default(),
            carrier_notice_id: "n".to_owned(),
            to: "whatsapp:+18005550199".parse().unwrap(),
            old: all(old),
            new: all(new),
            happened_at: None,
            received_at: NOW,
        }
    }

    fn decided(
        conversation: &Conversation,
        command: &Command,
        answer: Answer,
    ) -> Result<Conversation, Objection> {
        let mut answers = Answers::default();
        loop {
            match decide(
                conversation,
                command.clone(),
                Source::Channel(ChannelType::Sms),
                &answers,
                NOW,
            ) {
                Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
                Err(Objection::AskFirst(questions)) => {
                    answers.extend(questions.into_iter().map(|question| (question, answer)));
                }
                decided => return decided.map(|change| change.conversation),
            }
        }
    }

    fn open() -> Conversation {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let new = Conversation::new(sid, service, Defaults::default(), NOW);
        let pair = Pair::new(OLD.parse().unwrap(), "whatsapp:+18005550199".parse().unwrap());
        let join = Command::Join(NewParticipant::at(pair.unwrap()));
        decided(&new, &join, Answer::None).unwrap()
    }

    fn followed(
        change: &IdentityChange,
        bound: Option<&Conversation>,
        kept: &[Renaming],
        holder: Answer,
    ) -> (Followed, Decision) {
        let pair = |name: &str| Pair::new(name.parse().unwrap(), change.to.clone()).unwrap();
        let answers = Answers::from_iter([(Question::HolderOf(pair(NEW)), holder)]);
        follow(change, bound, kept, &answers, NOW).unwrap()
    }

    fn renamings(decision: &Decision) -> Vec<Renaming> {
        decision.puts.iter().filter_map(Record::get::<Renaming>).cloned().collect()
    }

    #[test]
    fn a_notice_is_followed_by_the_open_conversation_and_kept_for_the_next_one() {
        let (open, change) = (open(), change(&[OLD], &[NEW]));
        let (outcome, decision) = followed(&change, Some(&open), &[], Answer::None);
        assert_eq!(outcome, Followed::Known(open.sid));
        let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["Conversation", "AddressBinding", "Renaming"]);
        let after = decision.puts.iter().find_map(Record::get::<Conversation>).unwrap();
        let kept = renamings(&decision);
        let again = followed(&change, Some(after), &kept, Answer::None);
        assert_eq!(again, (Followed::Known(open.sid), Decision::unchanged()));
    }

    #[test]
    fn a_notice_about_nobody_is_kept_and_adds_to_what_is_known() {
        let (outcome, first) = followed(&change(&[OLD], &[NEW]), None, &[], Answer::None);
        assert_eq!(outcome, Followed::Nobody);
        let other = change(&["whatsapp:US.1", NEW], &[NEW]);
        let (_, second) = followed(&other, None, &renamings(&first), Answer::None);
        let [kept] = &renamings(&second)[..] else { panic!("{second:?}") };
        let names: Vec<&str> = kept.before.iter().map(Address::as_str).collect();
        assert_eq!(names, [OLD, "whatsapp:US.1"]);
        assert_eq!(kept.until, NOW + RENAMINGS_KEPT);
    }

    #[test]
    fn a_name_of_another_conversation_stays_there() {
        let open = open();
        let elsewhere = Answer::Conversation(ConversationSid::derived(&["other"]));
        let change = change(&[OLD], &[NEW]);
        let (outcome, decision) = followed(&change, Some(&open), &[], elsewhere);
        assert_eq!(outcome, Followed::Elsewhere(open.sid));
        assert!(decision.puts.iter().all(|record| record.kind() == "Renaming"));
    }

    #[test]
    fn a_notice_is_handled_before_what_comes_from_any_of_the_new_names() {
        let change = change(&[OLD, "whatsapp:US.1"], &["whatsapp:+5215512345678", "whatsapp:US.2"]);
        let all: BTreeSet<String> = groups(&change).into_iter().map(|(group, _)| group).collect();
        let of = |name: &str| group(&name.parse().unwrap(), &change.to);
        assert_eq!(all, BTreeSet::from([of("whatsapp:+525512345678"), of("whatsapp:US.2")]));
        let ids: BTreeSet<String> = groups(&change).into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn names_of_other_channels_are_not_followed() {
        let change = change(&["+14155550101"], &["+14155550102"]);
        let (outcome, decision) = followed(&change, None, &[], Answer::None);
        assert_eq!((outcome, decision), (Followed::Nobody, Decision::unchanged()));
    }
}
