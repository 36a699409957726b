//! Conversations and what finds them: bindings, memberships, unique names; and their messages by index.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use switchboard_domain::address::Address;
use switchboard_domain::conversation::{
    Conversation, GroupKey, MessagePage, Pair, Participant, State, User, Who,
};
use switchboard_domain::sid::{ConversationSid, MessageSid};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const ONE_OPEN: &str = "an address pair has one open conversation at most";
const BOUND: &str = "a binding and an open conversation's participant on a channel belong together";
const MEMBERS: &str = "a membership and a participant belong together";
const NAMES: &str = "a unique name and its conversation belong together";
const USERS: &str = "a user is who their identifier says";
const NUMBERS: &str = "participants and webhooks of a conversation have numbers of their own";
pub(crate) const INDEXES: &str = "a conversation's messages are numbered without gaps or doubles";
const HOME: &str = "a message's conversation exists";

/// The search by address surely finds every participant of a closed conversation that never had more.
const REMEMBERED_MAX: u32 = 30;

/// A membership of a conversation, by what finds them.
type Places<'a, K> = BTreeMap<(K, ConversationSid), u32>;

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Conversations) {
        return;
    }
    let bindings: BTreeMap<&Pair, (ConversationSid, u32)> =
        view.bindings.iter().map(|it| (&it.pair, (it.conversation, it.number))).collect();
    let memberships: Places<'_, &Who> =
        view.memberships.iter().map(|it| ((&it.who, it.conversation), it.number)).collect();
    let mut pairs: BTreeMap<Pair, ConversationSid> = BTreeMap::new();
    for conversation in view.conversations.values() {
        numbers(conversation, found);
        let sid = conversation.sid;
        for one in &conversation.participants {
            if conversation.state == State::Closed {
                continue;
            }
            for pair in one.bound_as() {
                match bindings.get(&pair) {
                    Some(bound) if *bound == (sid, one.number) => {}
                    Some((other, _)) => {
                        let what = format!("participant {} is bound elsewhere", one.number);
                        found.add(BOUND, what, [sid, *other]);
                    }
                    None => {
                        let what = format!("participant {} is unbound", one.number);
                        found.add(BOUND, what, [sid]);
                    }
                }
                if let Some(other) = pairs.insert(pair, sid) {
                    let both = BTreeMap::from([(sid, ()), (other, ())]);
                    found.add(ONE_OPEN, "a pair has several", both.keys());
                }
            }
            names_of(one, sid, found);
        }
        group(view, conversation, &bindings, found);
        members(conversation, &memberships, found);
    }
    reversed(view, found);
    unique_names(view, found);
    users(view, found);
    messages(view, found);
}

/// What finds a group is bound to it, and nothing else is.
fn group(
    view: &View<'_>,
    conversation: &Conversation,
    bindings: &BTreeMap<&Pair, (ConversationSid, u32)>,
    found: &mut Found,
) {
    let sid = conversation.sid;
    let holder = match conversation.group_key() {
        None => return,
        Some(GroupKey::Pair(pair)) => bindings.get(&pair).map(|(holder, _)| *holder),
        Some(GroupKey::Set(all)) => {
            let mut groups = view.groups.iter().filter(|it| it.addresses == all);
            groups.next().map(|it| it.conversation)
        }
    };
    match holder {
        Some(holder) if holder == sid => {}
        Some(other) => found.add(BOUND, "the group is bound elsewhere", [sid, other]),
        None => found.add(BOUND, "the group is unbound", [sid]),
    }
}

/// The address that somebody is written to is one of the names by which they are bound, and each of these is folded but
/// for an address of before there were folded ones, which is alone.
fn names_of(one: &Participant, of: ConversationSid, found: &mut Found) {
    let Some(pair) = &one.pair else { return };
    if one.aliases.is_empty() {
        return;
    }
    let is_folded = |name: &Address| *name == name.folded() || one.aliases.first() == Some(name);
    if !one.aliases.contains(&pair.address.folded()) || !one.aliases.iter().all(is_folded) {
        found.add(BOUND, format!("participant {} is not bound by their address", one.number), [of]);
    }
}

pub(crate) fn numbers(conversation: &Conversation, found: &mut Found) {
    let participants = conversation.participants.iter().map(|one| one.number);
    let webhooks = conversation.webhooks.iter().map(|one| one.number);
    let mut seen = HashSet::new();
    for number in participants.chain(webhooks) {
        if !seen.insert(number) {
            found.add(NUMBERS, format!("number {number} twice"), [conversation.sid]);
        } else if number >= conversation.next_number {
            found.add(NUMBERS, format!("number {number} was never given out"), [conversation.sid]);
        }
    }
    let mut called = HashSet::new();
    for one in &conversation.participants {
        let own = one.pair.iter().map(|pair| &pair.address).chain(one.telephone());
        let names = own.map(Address::folded).chain(one.aliases.clone());
        let names: BTreeSet<String> = match &one.identity {
            Some(identity) => BTreeSet::from([identity.clone()]),
            None => names.map(String::from).collect(),
        };
        if names.into_iter().any(|name| !called.insert(name)) {
            let what = format!("participant {} is somebody who is there already", one.number);
            found.add(NUMBERS, what, [conversation.sid]);
        }
    }
}

/// Every participant who is to be found by a membership has one.
fn members(conversation: &Conversation, memberships: &Places<'_, &Who>, found: &mut Found) {
    let is_closed = conversation.state == State::Closed;
    let remembered = is_closed && conversation.next_number <= REMEMBERED_MAX + 1;
    for one in &conversation.participants {
        let who = match (&one.identity, &one.pair) {
            (Some(identity), _) => Who::Identity(identity.clone()),
            (None, None) => match one.telephone() {
                Some(own) => Who::Address(own.folded()),
                None => continue,
            },
            (None, Some(_)) if remembered => match one.found_as().first() {
                Some(who) => who.clone(),
                None => continue,
            },
            (None, _) => continue,
        };
        if memberships.get(&(&who, conversation.sid)) != Some(&one.number) {
            let what = format!("participant {} has no membership", one.number);
            found.add(MEMBERS, what, [conversation.sid]);
        }
    }
}

/// Every binding and every membership is a participant's.
fn reversed(view: &View<'_>, found: &mut Found) {
    for binding in &view.bindings {
        let (sid, number) = (binding.conversation, binding.number);
        let what = match view.conversations.get(&sid) {
            None => "a binding of a conversation that is not there".to_owned(),
            Some(of) if of.state == State::Closed => "a binding of a closed one".to_owned(),
            Some(of) => match of.participant(number) {
                Some(one) if one.bound_as().contains(&binding.pair) => continue,
                None if of.group_key() == Some(GroupKey::Pair(binding.pair.clone())) => continue,
                Some(_) => format!("participant {number} has another pair than their binding"),
                None => format!("a binding of participant {number}, who is not there"),
            },
        };
        found.add(BOUND, what, [sid]);
    }
    for binding in &view.groups {
        let sid = binding.conversation;
        let key = Some(GroupKey::Set(binding.addresses.clone()));
        if view.conversations.get(&sid).is_none_or(|of| of.group_key() != key) {
            found.add(BOUND, "a binding of another group than the conversation's", [sid]);
        }
    }
    for membership in &view.memberships {
        let (sid, number) = (membership.conversation, membership.number);
        let Some(conversation) = view.conversations.get(&sid) else {
            found.add(MEMBERS, "a membership of a conversation that is not there", [sid]);
            continue;
        };
        let Some(one) = conversation.participant(number) else {
            let what = format!("a membership of participant {number}, who is not there");
            found.add(MEMBERS, what, [sid]);
            continue;
        };
        let is_theirs = match &membership.who {
            Who::Identity(identity) => one.identity.as_ref() == Some(identity),
            Who::Address(own) if one.telephone().is_some_and(|it| it.folded() == *own) => true,
            Who::Address(_) => {
                conversation.state == State::Closed && one.found_as().contains(&membership.who)
            }
        };
        if !is_theirs {
            found.add(MEMBERS, format!("a membership that is not participant {number}'s"), [sid]);
        }
    }
}

/// An identity is one user in a service, as the key of each follows from both.
fn users(view: &View<'_>, found: &mut Found) {
    for user in &view.users {
        if user.sid != User::sid_of(user.service, &user.identity) {
            found.add(USERS, "another identity or service", [user.sid]);
        }
    }
}

fn unique_names(view: &View<'_>, found: &mut Found) {
    let mut named = HashSet::new();
    for name in &view.unique_names {
        let sid = name.conversation;
        let conversation = view.conversations.get(&sid);
        let is_theirs = conversation.is_some_and(|it| {
            it.service == name.service && it.unique_name.as_deref() == Some(name.name.as_str())
        });
        if is_theirs {
            named.insert(sid);
        } else {
            found.add(NAMES, "a name that its conversation does not bear", [sid]);
        }
    }
    let bearing = view.conversations.values().filter(|it| it.unique_name.is_some());
    for conversation in bearing.filter(|it| !named.contains(&it.sid)) {
        found.add(NAMES, "a conversation bears a name that is not kept", [conversation.sid]);
    }
}

fn messages(view: &View<'_>, found: &mut Found) {
    let mut written: BTreeMap<ConversationSid, Vec<(u32, MessageSid)>> = BTreeMap::new();
    for message in view.messages.values() {
        if let Some(of) = message.conversation {
            written.entry(of).or_default().push((message.index, message.sid));
        }
    }
    for conversation in view.conversations.values() {
        let mut all = written.remove(&conversation.sid).unwrap_or_default();
        all.sort_unstable();
        indexes(conversation, &all, found);
        let none = BTreeMap::new();
        line(conversation, view.pages.get(&conversation.sid).unwrap_or(&none), &all, found);
    }
    for (sid, all) in written {
        // A deleted conversation leaves its messages behind.
        if view.is_untouched(sid) {
            for (_, message) in all {
                found.add(
                    HOME,
                    "the conversation is not there",
                    [message.to_string(), sid.to_string()],
                );
            }
        }
    }
}

/// Each message is the one that the conversation, or a page of it, names at its index.
fn line(
    conversation: &Conversation,
    pages: &BTreeMap<u32, MessagePage>,
    all: &[(u32, MessageSid)],
    found: &mut Found,
) {
    let named = all
        .iter()
        .filter(|(index, _)| (conversation.listed()..conversation.next_index).contains(index));
    for (index, message) in named {
        if conversation.named(*index, pages) != Some(*message) {
            let names = [conversation.sid.to_string(), message.to_string()];
            found.add(INDEXES, format!("index {index} is not named as this one"), names);
        }
    }
}

/// The messages, in order of their indexes, have those that were given out.
fn indexes(conversation: &Conversation, all: &[(u32, MessageSid)], found: &mut Found) {
    let names = |message: &MessageSid| [conversation.sid.to_string(), message.to_string()];
    let mut expected = 0;
    for (index, message) in all {
        if *index >= conversation.next_index {
            found.add(INDEXES, format!("index {index} was never given out"), names(message));
        } else if *index < expected {
            found.add(INDEXES, format!("index {index} twice"), names(message));
        } else if *index > expected {
            found.add(INDEXES, format!("nothing from index {expected} to {index}"), names(message));
        }
        expected = index.saturating_add(1).max(expected);
    }
    if expected < conversation.next_index {
        let what = format!("nothing from index {expected} to {}", conversation.next_index);
        found.add(INDEXES, what, [conversation.sid]);
    }
}
