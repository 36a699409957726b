//! An endpoint that is asked before a customer's message is published: it refuses some, changes some, is silent about others. What was
//! heard of it last, by whoever wrote the message, is what has to become of it; who was ended before it wrote asks again.

use std::collections::BTreeMap;

use switchboard_domain::conversation::{Conversation, HookName, Inquiry};
use switchboard_domain::message::{Direction, Message};
use switchboard_domain::record::Record;
use switchboard_domain::sid::MessageSid;

use crate::mirror::ItemChange;
use crate::sometimes::{Met, Sometimes, meet};
use crate::steps::{Found, Scene};

/// Who is asked.
pub(crate) const PRE_URL: &str = "https://customer.example/beforehand";
/// The path of that.
pub(crate) const PATH: &str = "beforehand";
/// What is asked about.
pub(crate) const ASKED: [HookName; 2] = [HookName::OnConversationAdd, HookName::OnMessageAdd];
/// The text that is put in the place of another.
pub(crate) const TEXT: &str = "(changed)";
/// The name that is given to a conversation.
pub(crate) const NAME: &str = "named by the endpoint";

/// What the endpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing against it.
    Nothing,
    /// That it is to be something else.
    Change,
    /// That it is not to be.
    Veto,
    /// Something that nobody can read.
    Gibberish,
    /// Nothing, for too long.
    Silence,
}

/// How often each is said.
pub(crate) const SAID: [(Said, usize); 5] = [
    (Said::Nothing, 52),
    (Said::Change, 20),
    (Said::Veto, 18),
    (Said::Gibberish, 7),
    (Said::Silence, 3),
];

/// What was heard of it, by whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing that counts.
    Nothing,
    /// That it is to be something else.
    Change,
    /// That it is not to be.
    Veto,
}

/// What was heard about each message.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Whether the endpoint is to be asked.
    pub(crate) is_asked: bool,
    /// In order, by who asked and what names the question.
    heard: Vec<(u64, String, Heard)>,
    /// What whoever wrote a message had heard of it.
    settled: BTreeMap<MessageSid, (HookName, Heard)>,
}

impl Book {
    /// Notes what an invocation that asked has heard.
    pub(crate) fn note(&mut self, invocation: u64, token: &str, heard: Heard) {
        self.heard.push((invocation, token.to_owned(), heard));
    }

    /// Whether an invocation heard of a veto.
    pub(crate) fn has_vetoed(&self, invocation: u64) -> bool {
        let mut mine = self.heard.iter().filter(|(asked, ..)| *asked == invocation);
        mine.any(|(.., heard)| *heard == Heard::Veto)
    }

    /// Notes which messages an invocation wrote: two can ask about the same one, and the first who writes it settles it.
    pub(crate) fn settle(&mut self, invocation: u64, changes: &[ItemChange]) {
        let opens = changes.iter().any(|change| {
            change.before.is_none() && matches!(change.after, Some(Record::Conversation(_)))
        });
        for change in changes {
            if let (None, Some(Record::Message(message))) = (&change.before, &change.after)
                && let Some(heard) = self.decisive(invocation, message, opens)
            {
                self.settled.insert(message.sid, heard);
            }
        }
    }

    /// What whoever wrote a message had heard of it, and as what it was asked about.
    fn settled(&self, message: MessageSid) -> Option<(HookName, Heard)> {
        self.settled.get(&message).copied()
    }

    /// What counted for a message as it was written. Whoever asked about it as the opening of a conversation finds one open if another
    /// was quicker, and has to ask about it as a message, or has done so: what was heard of the one says nothing of the other.
    fn decisive(
        &self,
        invocation: u64,
        message: &Message,
        opens: bool,
    ) -> Option<(HookName, Heard)> {
        let (by, [opening, adding]) = (message.sid.to_string(), ASKED);
        // A message opens a conversation with the first command of its decision, and is the second of its own; in a group it
        // is the only one.
        let places = [(opening, 0), (adding, 1), (adding, 0)];
        let tokens = places.map(|asked| (asked.0, Inquiry::token(asked, &by)));
        let mine = self.heard.iter().rev().filter(|(asked, ..)| *asked == invocation);
        let mut about = mine.filter_map(|(_, token, heard)| {
            let (hook, _) = tokens.iter().find(|(_, known)| known == token)?;
            Some((*hook, *heard))
        });
        match message.conversation {
            Some(_) => about.find(|(hook, _)| (*hook == opening) == opens),
            None => about.next(),
        }
    }

    /// The text of a message that says this, and whether it is published.
    pub(crate) fn expected<'a>(&self, message: MessageSid, written: &'a str) -> (&'a str, bool) {
        match self.settled(message) {
            Some((_, Heard::Veto)) => (written, false),
            Some((HookName::OnMessageAdd, Heard::Change)) => (TEXT, true),
            Some(_) | None => (written, true),
        }
    }
}

/// A message of a customer is written for the first time.
pub(crate) fn look(found: &mut Found, message: &Message, scene: &Scene<'_>) {
    let book = &scene.book.beforehand;
    if !book.is_asked || message.direction != Direction::Inbound {
        return;
    }
    let is_published = message.conversation.is_some();
    let Some((hook, heard)) = book.settled(message.sid) else {
        let rule = "an endpoint is asked before a message is published";
        found.when(is_published, rule, || format!("{} was not asked about", message.sid));
        return;
    };
    let what = || format!("{} of {}: {}", hook.name(), message.sid, message.author);
    match heard {
        Heard::Veto => {
            found.when(is_published, "nothing is published against a veto that was heard", what);
        }
        Heard::Nothing | Heard::Change => {
            let rule = "what nobody objects to is published";
            found.when(!is_published, rule, what);
        }
    }
    let opened = scene.changes.iter().find_map(|change| match (&change.before, &change.after) {
        (None, Some(Record::Conversation(one))) => Some(one.as_ref()),
        _ => None,
    });
    let is_named = |one: &Conversation| one.friendly_name.as_deref() == Some(NAME);
    let is_changed = match hook {
        HookName::OnMessageAdd => message.body.as_ref().is_some_and(|it| it.0 == TEXT),
        _ => opened.is_some_and(is_named),
    };
    let rule = "a message is as the endpoint wants it";
    found.when(is_published && is_changed != (heard == Heard::Change), rule, what);
}

/// Notes what became of a message that somebody was asked about.
pub(crate) fn meets(met: &mut Met, message: &Message, book: &Book) {
    match book.settled(message.sid) {
        Some((_, Heard::Veto)) => meet(met, Sometimes::MessageRefused),
        Some((_, Heard::Change)) => meet(met, Sometimes::MessageChanged),
        Some((_, Heard::Nothing)) | None => {}
    }
}
