//! What is asked of an endpoint before a change of a conversation, and what its answers make of the change (rule B.5).
//!
//! Whatever is asked is asked at once, of one endpoint, and only when nothing else stands in the way. A channel's message is asked about as
//! a message, or as the conversation that it opens, and not as both (rule A.4). What we do ourselves, on behalf of an
//! interaction or of a clock, nobody is asked about.

use super::{Command, Done};
use crate::conversation::{
    Answers, Changes, Conversation, ConversationEvent, EventName, HookName, Inquiry, Listening,
    Objection, Source, User, Verdict,
};
use crate::message::{Message, files_of};
use crate::private::Private;
use crate::process::parameters::Parameters;
use crate::refusal::Refusal;
use crate::sid::{ParticipantSid, Sid as _};

/// What is to be asked about commands that can be carried out.
pub(super) fn of(before: &Conversation, done: &Done, commands: &[Command]) -> Vec<Inquiry> {
    let is_asked = |hook: HookName| done.change.listening.asks(hook);
    let mut all = Vec::new();
    for (place, command) in commands.iter().enumerate() {
        for (hook, event) in hooks(done, place, command) {
            if is_asked(hook) && is_asked_about(&done.change.source, hook, commands) {
                let parameters = Asking { before, done, place, command, commands };
                let parameters = Private(parameters.about(hook, event).into_pairs());
                all.push(Inquiry { asked: (hook, place), service: before.service, parameters });
            }
        }
    }
    all
}

/// Carries over what endpoints said; whether they changed anything.
///
/// # Errors
/// A veto is [`Refusal::WebhookVetoed`]; whoever was not asked yet is to be.
pub(super) fn changed(
    commands: &mut [Command],
    asked: Vec<Inquiry>,
    answers: &Answers,
) -> Result<bool, Objection> {
    let (mut open, mut changes) = (Vec::new(), Vec::new());
    for inquiry in asked {
        match answers.verdict(inquiry.asked) {
            None => open.push(inquiry),
            Some(Verdict::Allowed) => {}
            Some(Verdict::Changed(to)) => changes.push((inquiry.asked.1, to.clone())),
            Some(Verdict::Vetoed) => return Err(Refusal::WebhookVetoed.into()),
            Some(Verdict::Unfit(code)) => return Err(Refusal::WebhookAnswer(*code).into()),
        }
    }
    if !open.is_empty() {
        return Err(Objection::AskEndpoints(open));
    }
    let is_changed = !changes.is_empty();
    for (place, to) in changes {
        if let Some(command) = commands.get_mut(place) {
            change(command, to)?;
        }
    }
    Ok(is_changed)
}

/// What is asked before a user is changed, as they would then be.
pub fn of_user(user: &User, source: &Source, listening: Listening) -> Option<Inquiry> {
    let hook = HookName::OnUserUpdate;
    if !source.tells_webhooks() || !listening.asks(hook) {
        return None;
    }
    let mut all = begun(hook, source);
    all.user(user, true);
    let parameters = Private(all.into_pairs());
    Some(Inquiry { asked: (hook, 0), service: user.service, parameters })
}

fn change(command: &mut Command, to: Changes) -> Result<(), Refusal> {
    match command {
        Command::Create(details) | Command::Update(details) => {
            if let Some(name) = to.friendly_name {
                details.friendly_name = Some(Some(name).filter(|name| !name.is_empty()));
            }
        }
        Command::Post(post) => post.change(to)?,
        Command::Edit(_, edit) => edit.change(to),
        Command::Link(_)
        | Command::Close
        | Command::Look
        | Command::Remove
        | Command::Join(_)
        | Command::UpdateParticipant(..)
        | Command::Leave(_)
        | Command::Attach(_)
        | Command::AttachFrom(..)
        | Command::Replay { .. }
        | Command::Configure(..)
        | Command::Detach(_)
        | Command::Speak(_)
        | Command::Learn(_)
        | Command::Readdress { .. }
        | Command::LeaveAlone(_)
        | Command::TakeUp(_)
        | Command::Withdraw(_) => {}
    }
    Ok(())
}

/// What has to be asked before a command, and the event that it is about. A large conversation is removed in several steps, and
/// asked about before the first.
fn hooks<'a>(
    done: &'a Done,
    place: usize,
    command: &Command,
) -> Vec<(HookName, Option<&'a ConversationEvent>)> {
    if matches!(command, Command::Create(_)) {
        return vec![(HookName::OnConversationAdd, None)];
    }
    if matches!(command, Command::Remove) {
        return vec![(HookName::OnConversationRemove, None)];
    }
    let end = done.events.get(place).copied().unwrap_or_default();
    let start = place.checked_sub(1).and_then(|it| done.events.get(it)).copied();
    let events = done.change.events.get(start.unwrap_or_default()..end).unwrap_or_default();
    events.iter().filter_map(|event| Some((event.before()?, Some(event)))).collect()
}

fn is_asked_about(source: &Source, hook: HookName, commands: &[Command]) -> bool {
    match source {
        Source::Api { webhooks } => *webhooks,
        Source::Client(_) => true,
        Source::Channel(_) => {
            let opens = commands.iter().any(|command| matches!(command, Command::Create(_)));
            hook == if opens { HookName::OnConversationAdd } else { HookName::OnMessageAdd }
        }
        Source::Interaction | Source::Timer => false,
    }
}

fn begun(hook: HookName, source: &Source) -> Parameters {
    let mut all = Parameters::default();
    all.add("EventType", hook.name());
    all.add("Source", source.name());
    all.add_given("ClientIdentity", source.client().map(|it| it.identity.clone()));
    all
}

/// What an endpoint is asked about.
struct Asking<'a> {
    before: &'a Conversation,
    done: &'a Done,
    place: usize,
    command: &'a Command,
    commands: &'a [Command],
}

impl Asking<'_> {
    /// The parameters: those of the event afterwards, but for what is not there yet. **Inferred** for participants, of whom the published
    /// table has the event afterwards alone.
    fn about(&self, hook: HookName, event: Option<&ConversationEvent>) -> Parameters {
        let after = &self.done.change.conversation;
        let mut all = begun(hook, &self.done.change.source);
        if hook != HookName::OnConversationAdd {
            all.add("ConversationSid", self.before.sid.to_string());
        }
        all.place(after);
        match event.map(ConversationEvent::name) {
            None if hook == HookName::OnConversationAdd => {
                all.conversation(after);
                self.opening(&mut all);
            }
            None => described(&mut all, self.before),
            Some(EventName::OnConversationUpdated) => described(&mut all, after),
            Some(
                EventName::OnMessageAdded
                | EventName::OnMessageUpdated
                | EventName::OnMessageRemoved,
            ) => self.message(&mut all, hook),
            Some(
                EventName::OnParticipantAdded
                | EventName::OnParticipantUpdated
                | EventName::OnParticipantRemoved,
            ) => self.participant(&mut all, hook, event.and_then(ConversationEvent::number)),
            Some(
                EventName::OnConversationStateUpdated
                | EventName::OnConversationRemoved
                | EventName::OnDeliveryUpdated
                | EventName::OnConversationAdded
                | EventName::OnUserAdded
                | EventName::OnUserUpdated
                | EventName::OnSpeakerChanged
                | EventName::OnConversationUnattended,
            ) => {}
        }
        all
    }

    /// With whom a conversation begins, and with what: a channel's message opens it.
    fn opening(&self, all: &mut Parameters) {
        all.first_pair(&self.done.change.conversation);
        let post = self
            .commands
            .iter()
            .find_map(|command| if let Command::Post(post) = command { Some(post) } else { None });
        let Some(post) = post else { return };
        all.add("MessageBody", post.body.as_ref().map(|body| body.0.clone()).unwrap_or_default());
        all.media(files_of(post.sid, &post.media));
        all.channel_metadata(post.origin.as_ref(), &post.media);
    }

    fn message(&self, all: &mut Parameters, hook: HookName) {
        // One that is to be removed is shown as it is.
        let removed =
            if let Command::Withdraw(before) = self.command { Some(&**before) } else { None };
        let made = self.done.messages.get(self.place).and_then(Option::as_ref);
        let Some(message): Option<&Message> = removed.or(made) else { return };
        if hook != HookName::OnMessageAdd {
            all.add("MessageSid", message.sid.to_string());
            all.add("Index", message.index.to_string());
            all.dates(message.created, message.edited);
        }
        all.message(message, &self.done.change.conversation);
    }

    fn participant(&self, all: &mut Parameters, hook: HookName, number: Option<u32>) {
        let Some(number) = number else { return };
        let after = self.done.change.conversation.participant(number);
        let Some(one) = after.or_else(|| self.before.participant(number)) else { return };
        if hook != HookName::OnParticipantAdd {
            let sid: ParticipantSid = self.before.sid.kin(number);
            all.add("ParticipantSid", sid.to_string());
            all.dates(one.created, Some(one.updated));
        }
        all.participant(one, self.before);
        if hook == HookName::OnParticipantUpdate {
            all.add_given("LastReadMessageIndex", one.last_read_index.map(|it| it.to_string()));
        }
    }
}

fn described(all: &mut Parameters, conversation: &Conversation) {
    all.dates(conversation.created, Some(conversation.updated));
    all.conversation(conversation);
}

#[cfg(test)]
mod tests;
