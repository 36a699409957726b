//! Programs that begin to listen to conversations in which something was said already, and want to hear of that too. Whatever
//! goes wrong, each of those messages reaches them, each under one name, and first attempts are made in the order of their line.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_domain::conversation::{Conversation, Target, Webhook};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ConversationSid, MessageSid, Sid as _, WebhookSid};

use crate::kernel::Kernel;
use crate::mirror::{ItemChange, Mirror};
use crate::random::{Concern, Random};
use crate::setup;
use crate::sometimes::{Met, Sometimes, meet};

/// Where they listen, each at a path of its own below it.
pub(crate) const URL: &str = "https://customer.example/thread/";
/// The path of that.
pub(crate) const PATH: &str = "thread/";
/// How often, in a thousand, one of them begins or stops.
const OFTEN: usize = 45;

/// A webhook of a conversation.
type Place = (ConversationSid, u32);

/// What they have to hear, and what they heard.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The indexes of what was there before each webhook, or came while it was told of that.
    owed: BTreeMap<Place, BTreeSet<u32>>,
    /// The name under which each was told of a message, by where it listens.
    heard: BTreeMap<(String, MessageSid), String>,
    /// The place in its line of what each was first told last.
    last: BTreeMap<String, u128>,
}

impl Book {
    /// Notes an attempt to tell, which need not have arrived.
    pub(crate) fn told(
        &mut self,
        path: &str,
        message: MessageSid,
        token: &str,
        sequence: u128,
    ) -> Option<(&'static str, String)> {
        let place = (path.to_owned(), message);
        if let Some(known) = self.heard.get(&place) {
            let detail = || format!("{message} at {path}: {token} after {known}");
            return (known != token).then(|| ("a webhook is told of a message once", detail()));
        }
        self.heard.insert(place, token.to_owned());
        let before = self.last.insert(path.to_owned(), sequence);
        let is_out_of_line = before.is_some_and(|before| before >= sequence);
        is_out_of_line.then(|| {
            let detail = format!("{message} at {path}: {sequence} after {before:?}");
            ("first attempts of a webhook are made in order", detail)
        })
    }

    /// Notes what each webhook that was attached has to hear.
    pub(crate) fn follow(&mut self, changes: &[ItemChange], met: &mut Met) {
        for change in changes {
            let Some(Record::Conversation(after)) = &change.after else { continue };
            let before = match &change.before {
                Some(Record::Conversation(before)) => Some(before.as_ref()),
                _ => None,
            };
            let known = before.map_or(0, |before| before.next_index);
            for webhook in &after.webhooks {
                let Some(replay) = webhook.replay else { continue };
                let was = before.and_then(|it| of_number(it, webhook.number));
                let owed = match was.map(|was| was.replay.and_then(|it| it.next)) {
                    None => replay.from..after.next_index,
                    Some(Some(_)) => known..after.next_index,
                    Some(None) => continue,
                };
                if was.is_some() && !owed.is_empty() {
                    meet(met, Sometimes::WrittenWhileReplayed);
                }
                self.owed.entry((after.sid, webhook.number)).or_default().extend(owed);
            }
        }
    }

    /// What somebody still listens for in vain.
    pub(crate) fn missing(&self, mirror: &Mirror) -> Vec<String> {
        let mut missing = Vec::new();
        for ((sid, number), owed) in &self.owed {
            let conversation = mirror.conversations().find(|one| one.sid == *sid);
            let webhook = conversation.and_then(|one| of_number(one, *number));
            let Some(path) = webhook.and_then(path_of) else { continue };
            let messages = mirror.messages().filter(|one| one.conversation == Some(*sid));
            for message in messages.filter(|one| !one.removed && owed.contains(&one.index)) {
                if !self.heard.contains_key(&(path.clone(), message.sid)) {
                    missing.push(format!("{} of {sid} at {path}", message.sid));
                }
            }
        }
        missing
    }
}

fn of_number(conversation: &Conversation, number: u32) -> Option<&Webhook> {
    conversation.webhooks.iter().find(|one| one.number == number)
}

/// Where one of them listens, if it is one.
fn path_of(webhook: &Webhook) -> Option<String> {
    let Target::Webhook { url, .. } = &webhook.target else { return None };
    Some(format!("{PATH}{}", url.strip_prefix(URL)?))
}

impl Kernel {
    /// Perhaps a program begins to listen, or stops.
    pub(crate) async fn somebody_listens(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Listeners);
        if !random.chance(OFTEN) {
            return false;
        }
        match random.weighed(&[8, 1]) {
            0 => self.a_program_listens(random).await,
            _ => self.a_program_stops_listening(random).await,
        }
        true
    }

    async fn a_program_listens(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open) else { return };
        let from = random.below(conversation.next_index as usize + 2).to_string();
        self.listens_from(conversation, &from).await;
    }

    /// A program attaches a webhook that is told of what was said from an index on.
    pub(crate) async fn listens_from(&mut self, conversation: &Conversation, from: &str) {
        self.messages += 1;
        let path = format!("/conversations/v1/Conversations/{}/Webhooks", conversation.sid);
        let url = format!("{URL}{}", self.messages);
        let form = [
            ("Target", "webhook"),
            ("Configuration.Url", url.as_str()),
            ("Configuration.Method", "POST"),
            ("Configuration.Filters", "onMessageAdded"),
            ("Configuration.ReplayAfter", from),
        ];
        let (function, event) = setup::request("POST", &path, &form);
        self.ask_with(function, format!("program: POST {path} {form:?}"), event).await;
    }

    async fn a_program_stops_listening(&mut self, random: &mut Random) {
        let webhooks: Vec<String> = {
            let state = self.world.state();
            let all = state.mirror.conversations().flat_map(|one| {
                let own = one.webhooks.iter().filter(|it| path_of(it).is_some());
                let path = format!("/conversations/v1/Conversations/{}/Webhooks", one.sid);
                own.map(move |it| format!("{path}/{}", one.sid.kin::<WebhookSid>(it.number)))
            });
            all.collect()
        };
        let Some(path) = random.pick(&webhooks).cloned() else { return };
        let (function, event) = setup::request("DELETE", &path, &[]);
        self.ask_with(function, format!("program: DELETE {path}"), event).await;
    }

    /// At rest everybody has heard what was there before they listened.
    pub(crate) fn look_at_listeners(&self) {
        let state = self.world.state();
        let missing = state.book.listeners.missing(&state.mirror);
        drop(state);
        if let Some(first) = missing.into_iter().next() {
            self.world.violated("a webhook hears what was said before it", first);
        }
    }
}
