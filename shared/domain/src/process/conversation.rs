//! The one door to a conversation and everything in it.
//!
//! Every command to a conversation comes through [`decide`], with a [`Command`] and the [`Source`] it comes
//! from: a REST request, a customer's message, an interaction that seats an agent. Whatever is to be checked of every
//! action, whether the caller may, whether an endpoint objects, whether a clock starts, is checked here and nowhere
//! else; what has to be asked for that is a [`Question`](crate::conversation::Question), or of an endpoint an
//! [`Inquiry`](crate::conversation::Inquiry).

pub mod inquiries;
pub mod permission;

use crate::address::Address;
use crate::conversation::{
    Answers, Conversation, ConversationEvent, Details, Draft, LeftAlone, Lengths, Listening,
    MessagePage, NewParticipant, Objection, ParticipantUpdate, Pointer, ReplayStep, Source,
    SpeakerCommand, Target,
};
use crate::message::{self, Edit, Message, Post};
use crate::refusal::Refusal;
use crate::sid::{FlowSid, InteractionSid};
use crate::timestamp::Timestamp;

/// What is wanted of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Fill in a conversation that is new.
    Create(Details),
    /// Change what is said of it.
    Update(Details),
    /// Link it with the interaction that it is the medium of.
    Link(InteractionSid),
    /// Close it for good; closing twice changes nothing.
    Close,
    /// Look whether it has been quiet for long enough.
    Look,
    /// Remove it. A large one takes several times: it is over when [`ConversationChange::is_over`] says so.
    Remove,
    /// Add a participant.
    Join(NewParticipant),
    /// Change the participant with that number.
    UpdateParticipant(u32, ParticipantUpdate),
    /// Remove the participant with that number.
    Leave(u32),
    /// Attach a webhook.
    Attach(Target),
    /// Attach a webhook that is told first of the messages with that index and all after it.
    AttachFrom(Target, u32),
    /// Tell the webhook with that number of messages that were there before it.
    Replay {
        /// Its number.
        webhook: u32,
        /// The index of the first of them.
        from: u32,
        /// As many as [`REPLAY_MESSAGES`](crate::conversation::REPLAY_MESSAGES), or all there are.
        messages: Vec<Message>,
    },
    /// Change what the webhook with that number calls.
    Configure(u32, Target),
    /// Detach the webhook with that number.
    Detach(u32),
    /// Do something with the right to write, which is one's at a time.
    Speak(SpeakerCommand),
    /// Learn further names of the participant who is called by one of them, in the form that
    /// [`crate::conversation::distinct`] gives them.
    Learn(Vec<Address>),
    /// Follow a notice that somebody has other names since then, the best first.
    Readdress {
        /// The names until then.
        old: Vec<Address>,
        /// The names from then on.
        new: Vec<Address>,
        /// Since when.
        since: Timestamp,
    },
    /// Know that nobody is responsible for it any more.
    LeaveAlone(LeftAlone),
    /// Know that somebody is again, and have these timers, if others were set.
    TakeUp(Option<Lengths>),
    /// Post a message.
    Post(Post),
    /// Edit a message of this conversation.
    Edit(Box<Message>, Edit),
    /// Remove the content of a message of this conversation.
    Withdraw(Box<Message>),
}

impl Command {
    /// The same as whoever gives it means it: a client's message is theirs.
    fn given_by(mut self, source: &Source) -> Self {
        if let (Self::Post(post), Some(client)) = (&mut self, source.client()) {
            post.author.get_or_insert_with(|| client.identity.clone());
        }
        self
    }
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct ConversationChange {
    /// The conversation as it then stands.
    pub conversation: Conversation,
    /// The number of the participant or webhook that was added or changed last.
    pub number: Option<u32>,
    /// The message that was posted, edited or withdrawn last, as it then stands.
    pub message: Option<Message>,
    /// Those that were posted before it, in order.
    pub(super) earlier: Vec<Message>,
    /// What happened, in order.
    pub events: Vec<ConversationEvent>,
    /// Where the command came from.
    pub source: Source,
    /// When it is changed.
    pub(super) at: Timestamp,
    /// The flow that begins with it.
    pub(super) begins: Option<FlowSid>,
    pub(super) replay: Option<ReplayStep>,
    pub(super) rung: Option<u32>,
    pub(super) listening: Listening,
    pub(crate) is_written: bool,
    pub(super) is_removed: bool,
    pub(super) appear: Vec<Pointer>,
    pub(super) vanish: Vec<Pointer>,
    pub(super) filled: Vec<MessagePage>,
}

impl ConversationChange {
    /// Whether the conversation is gone.
    pub const fn is_over(&self) -> bool {
        self.is_removed
    }
}

/// Decides a command.
///
/// # Errors
///
/// [`Objection::Refused`] if the rules say no, or an endpoint; [`Objection::AskFirst`] and [`Objection::AskEndpoints`] if the
/// answers to some questions are to be found first, and given in `answers` the next time.
pub fn decide(
    conversation: &Conversation,
    command: Command,
    source: Source,
    answers: &Answers,
    now: Timestamp,
) -> Result<ConversationChange, Objection> {
    decide_all(conversation, [command], source, answers, now)
}

/// Decides several commands of one request: all of them or none.
///
/// # Errors
///
/// As [`decide`]; questions of all commands are asked at once.
pub fn decide_all(
    conversation: &Conversation,
    commands: impl IntoIterator<Item = Command>,
    source: Source,
    answers: &Answers,
    now: Timestamp,
) -> Result<ConversationChange, Objection> {
    let commands = commands.into_iter().map(|command| command.given_by(&source));
    if !answers.can_ask() {
        return Ok(
            carried_out(conversation, commands, (source.clone(), true), answers, now)?.change
        );
    }
    let mut commands: Vec<Command> = commands.collect();
    let by = (source.clone(), true);
    let done = carried_out(conversation, commands.clone(), by, answers, now)?;
    let asked = inquiries::of(conversation, &done, &commands);
    match inquiries::changed(&mut commands, asked, answers)? {
        false => Ok(done.change),
        // What an endpoint makes of it, nobody needs to be allowed.
        true => {
            Ok(carried_out(conversation, commands, (source.clone(), false), answers, now)?.change)
        }
    }
}

/// What came of commands, and which of the events came of which of them.
struct Done {
    change: ConversationChange,
    /// For each command, up to which event it and those before it led.
    events: Vec<usize>,
    /// What each command made of a message.
    messages: Vec<Option<Message>>,
}

/// Carries out commands. Whether the roles of a client grant them is asked before, but for what an endpoint made of them.
fn carried_out(
    conversation: &Conversation,
    commands: impl IntoIterator<Item = Command>,
    (source, asks_roles): (Source, bool),
    answers: &Answers,
    now: Timestamp,
) -> Result<Done, Objection> {
    let mut draft = Draft::of(conversation.clone(), source.clone(), answers, now);
    let (mut number, mut goes) = (None, false);
    let (mut events, mut messages) = (Vec::new(), Vec::new());
    let outcome = commands.into_iter().try_for_each(|command| {
        let mut made = None;
        if asks_roles {
            draft.admit(&command)?;
        }
        goes |= matches!(command, Command::Remove);
        apply(&mut draft, command, &mut number, &mut made)?;
        events.push(draft.events.len());
        messages.push(made);
        Ok(())
    });
    let outcome = outcome.and_then(|()| draft.regroup(conversation));
    let outcome = outcome.and_then(|()| if goes { Ok(()) } else { draft.keep_pace() });
    if outcome.is_ok() {
        draft.look_who_listens(goes);
    }
    let done = draft.settled(outcome)?;
    let last = messages.iter_mut().rev().find(|made| made.is_some());
    let message = last.and_then(|made| if answers.can_ask() { made.clone() } else { made.take() });
    let is_earlier = |one: &&Message| Some(one.sid) != message.as_ref().map(|last| last.sid);
    let earlier = messages.iter().flatten().filter(is_earlier).cloned().collect();
    let change = ConversationChange {
        conversation: done.conversation,
        number,
        message,
        earlier,
        events: done.events,
        source,
        at: now,
        begins: done.begins,
        replay: done.replay,
        rung: done.rung,
        listening: done.listening,
        is_written: done.is_written,
        is_removed: done.is_removed,
        appear: done.appear,
        vanish: done.vanish,
        filled: done.filled,
    };
    Ok(Done { change, events, messages })
}

fn apply(
    draft: &mut Draft<'_>,
    command: Command,
    number: &mut Option<u32>,
    message: &mut Option<Message>,
) -> Result<(), Refusal> {
    match command {
        Command::Create(details) => draft.create(details)?,
        Command::Update(details) => draft.update(details)?,
        Command::Link(interaction) => draft.link(interaction)?,
        Command::Close => draft.close(),
        Command::Look => draft.look(),
        Command::Remove => draft.remove()?,
        Command::Join(new) => *number = Some(draft.join(new)?),
        Command::UpdateParticipant(which, update) => {
            draft.update_participant(which, update)?;
            *number = Some(which);
        }
        Command::Leave(number) => draft.leave(number)?,
        Command::Attach(target) => *number = Some(draft.attach(target)?),
        Command::AttachFrom(target, from) => *number = Some(draft.attach_from(target, from)?),
        Command::Replay { webhook, from, messages } => draft.replay(webhook, from, &messages),
        Command::Configure(which, target) => {
            draft.configure(which, target)?;
            *number = Some(which);
        }
        Command::Detach(number) => draft.detach(number)?,
        Command::Speak(command) => draft.speak(command)?,
        Command::Learn(names) => draft.learn(&names),
        Command::Readdress { old, new, since } => draft.readdress(&old, &new, since),
        Command::LeaveAlone(how) => draft.leave_alone(how),
        Command::TakeUp(timers) => draft.take_up(timers),
        Command::Post(post) => *message = Some(message::append(draft, post)?),
        Command::Edit(before, edit) => *message = Some(message::edit(draft, *before, edit)?),
        Command::Withdraw(before) => *message = Some(message::withdraw(draft, &before)),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
