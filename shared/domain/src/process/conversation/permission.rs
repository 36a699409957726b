//! What a client needs to be allowed for each command: somebody who signed in with an access token, and who may do what their
//! roles grant (rule F.2).
//!
//! Every command and every field of it is named here, so that a new one does not compile before it is said who may.

use super::Command;
use crate::conversation::{
    Answer, Client, Conversation, Dates, Details, Draft, Grants, Member, Needs, NewParticipant,
    Participant, ParticipantUpdate, Permission, Permission as P, Question, Source, User,
};
use crate::message::{Edit, Message, Post};
use crate::refusal::Refusal;

/// What is needed; none if no client may, whatever their roles grant.
type Needed = Option<Needs>;

fn one_of(any: &'static [Permission]) -> Needed {
    Some(Needs::of(vec![any]))
}

/// Nothing if it is not wanted.
fn if_wanted(is_wanted: bool, any: &'static [Permission]) -> Vec<&'static [Permission]> {
    if is_wanted { vec![any] } else { Vec::new() }
}

const fn are_given(dates: &Dates) -> bool {
    let Dates { created, updated } = dates;
    created.is_some() || updated.is_some()
}

/// What clients need for a command to a conversation.
fn needed(command: &Command, on: &Conversation, client: &Client) -> Needed {
    match command {
        Command::Create(details) => described(details, true),
        Command::Update(details) => described(details, false),
        Command::Remove => one_of(&[P::DeleteConversation]),
        Command::Join(new) => joining(new, on, client),
        Command::UpdateParticipant(number, update) => changed(*number, update, on, client),
        Command::Leave(number) => match is_own(*number, on, client) {
            true => one_of(&[P::LeaveConversation, P::RemoveParticipant]),
            false => one_of(&[P::RemoveParticipant]),
        },
        Command::Post(post) => posted(post, client),
        Command::Edit(before, edit) => edited(before, edit, client),
        Command::Withdraw(before) => match before.author == client.identity {
            true => one_of(&[P::DeleteOwnMessage, P::DeleteAnyMessage]),
            false => one_of(&[P::DeleteAnyMessage]),
        },
        // What we do ourselves, and what only the account sets up.
        Command::Link(_)
        | Command::Close
        | Command::Look
        | Command::Attach(_)
        | Command::AttachFrom(..)
        | Command::Replay { .. }
        | Command::Configure(..)
        | Command::Detach(_)
        | Command::Speak(_)
        | Command::Learn(_)
        | Command::Readdress { .. }
        | Command::LeaveAlone(_)
        | Command::TakeUp(_) => None,
    }
}

fn described(details: &Details, is_new: bool) -> Needed {
    let Details {
        friendly_name,
        unique_name,
        attributes,
        messaging_service,
        state,
        inactive,
        closed,
        dates,
    } = details;
    let is_for_the_account = messaging_service.is_some()
        || state.is_some()
        || inactive.is_some()
        || closed.is_some()
        || are_given(dates);
    if is_for_the_account {
        return None;
    }
    if is_new {
        return one_of(&[P::CreateConversation]);
    }
    let is_named = friendly_name.is_some() || unique_name.is_some();
    let name = if_wanted(is_named, &[P::EditConversationName]);
    let attributes = if_wanted(attributes.is_some(), &[P::EditConversationAttributes]);
    Some(Needs::of([name, attributes].concat()))
}

/// Who made a conversation may join it by themselves; into another one they are brought by somebody who may.
fn joining(new: &NewParticipant, on: &Conversation, client: &Client) -> Needed {
    let NewParticipant { identity, pair, member, aliases: _, attributes: _, role, presence, dates } =
        new;
    let gives_a_number = matches!(member, Some(Member::Projected(_)));
    if role.is_some() || presence.is_some() || are_given(dates) || gives_a_number {
        return None;
    }
    let is_theirs = on.created_by.as_ref() == Some(&client.identity);
    match (identity, pair) {
        (Some(identity), _) if *identity == client.identity && is_theirs => {
            one_of(&[P::JoinConversation, P::AddParticipant])
        }
        (Some(_), _) => one_of(&[P::AddParticipant]),
        (None, _) => one_of(&[P::AddNonChatParticipant]),
    }
}

fn changed(number: u32, update: &ParticipantUpdate, on: &Conversation, client: &Client) -> Needed {
    let ParticipantUpdate {
        identity: _,
        proxy,
        projected,
        attributes,
        role,
        last_read_index,
        last_read,
        muted,
        dates,
    } = update;
    let is_own = is_own(number, on, client);
    let reads = last_read_index.is_some() || last_read.is_some() || muted.is_some();
    let gives_a_number = proxy.is_some() || projected.is_some();
    if role.is_some() || are_given(dates) || gives_a_number || (reads && !is_own) {
        return None;
    }
    let attributes = if_wanted(
        attributes.is_some(),
        if is_own {
            &[P::EditOwnParticipantAttributes, P::EditAnyParticipantAttributes]
        } else {
            &[P::EditAnyParticipantAttributes]
        },
    );
    let level = if_wanted(muted.is_some(), &[P::EditNotificationLevel]);
    Some(Needs::of([attributes, level].concat()))
}

fn posted(post: &Post, client: &Client) -> Needed {
    let Post {
        sid: _,
        author,
        body,
        media,
        attributes: _,
        speaker: _,
        origin,
        aliases,
        dates,
        filled: _,
    } = post;
    let is_anothers = author.as_ref().is_some_and(|author| *author != client.identity);
    if is_anothers || origin.is_some() || !aliases.is_empty() || are_given(dates) {
        return None;
    }
    let has_text = body.as_ref().is_some_and(|body| !body.is_empty());
    let text = if_wanted(has_text || media.is_empty(), &[P::SendMessage]);
    let files = if_wanted(!media.is_empty(), &[P::SendMediaMessage]);
    Some(Needs::of([text, files].concat()))
}

fn edited(before: &Message, edit: &Edit, client: &Client) -> Needed {
    let Edit { body, attributes, author, dates } = edit;
    if author.is_some() || are_given(dates) {
        return None;
    }
    let is_own = before.author == client.identity;
    let text: &[Permission] =
        if is_own { &[P::EditOwnMessage, P::EditAnyMessage] } else { &[P::EditAnyMessage] };
    let beside: &[Permission] = if is_own {
        &[P::EditOwnMessageAttributes, P::EditAnyMessageAttributes]
    } else {
        &[P::EditAnyMessageAttributes]
    };
    let text = if_wanted(body.is_some(), text);
    let beside = if_wanted(attributes.is_some(), beside);
    Some(Needs::of([text, beside].concat()))
}

/// What clients need to change a user. Roles are given by the account.
pub fn needed_for_user(is_own: bool, gives_role: bool) -> Option<Needs> {
    match (gives_role, is_own) {
        (true, _) => None,
        (false, true) => one_of(&[P::EditOwnUserInfo, P::EditAnyUserInfo]),
        (false, false) => one_of(&[P::EditAnyUserInfo]),
    }
}

fn is_own(number: u32, on: &Conversation, client: &Client) -> bool {
    own(on, client).is_some_and(|one| one.number == number)
}

/// The client among those who take part.
fn own<'a>(on: &'a Conversation, client: &Client) -> Option<&'a Participant> {
    on.participants.iter().find(|one| one.identity.as_ref() == Some(&client.identity))
}

impl Draft<'_> {
    /// Lets a command through if whoever gives it may.
    pub(super) fn admit(&mut self, command: &Command) -> Result<(), Refusal> {
        let Source::Client(client) = self.source.clone() else { return Ok(()) };
        let needs = needed(command, &self.conversation, &client).ok_or(Refusal::NotAuthorized)?;
        match self.is_granted(&client, &needs) {
            true => Ok(()),
            false => Err(Refusal::NotAuthorized),
        }
    }

    /// Whether the roles of a client grant what is needed: the participant's, or else the user's as well. While an answer is
    /// not known, they do.
    fn is_granted(&mut self, client: &Client, needs: &Needs) -> bool {
        if needs.is_nothing() {
            return true;
        }
        let service = self.conversation.service;
        let role = own(&self.conversation, client).map(Participant::role_number);
        let mut granted = Grants::default();
        if let Some(role) = role.flatten() {
            match self.ask(Question::GrantsOf(service, role)) {
                None => return true,
                Some(answer) => granted = answer.grants(),
            }
        }
        if granted.meet(needs) {
            return true;
        }
        let user = match self.ask(Question::RoleOf(User::sid_of(service, &client.identity))) {
            None => return true,
            Some(Answer::Role(role)) => role,
            Some(_) => {
                let question = Question::RolesOfNewcomers(service);
                let Some(answer) = self.ask(question) else { return true };
                answer.roles().user
            }
        };
        let of_user = self.ask(Question::GrantsOf(service, user));
        of_user.is_none_or(|answer| granted.and(answer.grants()).meet(needs))
    }
}

#[cfg(test)]
mod tests;
