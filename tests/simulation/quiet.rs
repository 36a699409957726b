//! Conversations with timers: a program sets them, or the account has them for all, and whoever is quiet for long enough becomes
//! inactive and is closed.

use std::collections::BTreeMap;

use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::record::Record;
use switchboard_domain::sid::ConversationSid;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::kernel::Kernel;
use crate::random::Concern;
use crate::sometimes::{Met, Sometimes, meet};
use crate::steps::{SLACK, Scene};
use crate::world::Violation;

/// How often, in a thousand, somebody sets timers.
const OFTEN: usize = 100;
const INACTIVE: [&str; 4] = ["PT1M", "PT90S", "PT3M", "PT0S"];
const CLOSED: [&str; 3] = ["PT10M", "PT12M30S", "PT0S"];
/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);

impl Kernel {
    /// A program gives timers to a conversation, or to all that come, or puts one to sleep; not in every contact centre.
    pub(crate) async fn somebody_sets_timers(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Timers);
        if !self.setting.has_timers || !random.chance(OFTEN) {
            return false;
        }
        let (inactive, closed) = (INACTIVE[random.below(4)], CLOSED[random.below(3)]);
        let all = [("DefaultInactiveTimer", inactive), ("DefaultClosedTimer", closed)];
        if random.chance(300) {
            self.ask("program", "POST", "/conversations/v1/Configuration", &all).await;
            return true;
        }
        let open: Vec<ConversationSid> = {
            let state = self.world.state();
            let open = state.mirror.conversations().filter(|one| one.state != State::Closed);
            open.map(|one| one.sid).collect()
        };
        let Some(sid) = random.pick(&open) else { return true };
        let path = format!("/conversations/v1/Conversations/{sid}");
        let one = [("Timers.Inactive", inactive), ("Timers.Closed", closed)];
        let form: &[(&str, &str)] = match random.below(5) {
            0 => &[("State", "inactive")],
            1 => &one[1..],
            _ => &one,
        };
        self.ask("program", "POST", &path, form).await;
        true
    }
}

/// Since when nothing has happened in each conversation, by the true time of the writes: what a rule that forgets a message
/// cannot hide.
#[derive(Debug, Default)]
pub(crate) struct Quiet(BTreeMap<ConversationSid, Timestamp>);

impl Quiet {
    /// Looks at what one request changed: a timer changes a state when its time is over, and not before.
    pub(crate) fn follow(&mut self, scene: &Scene<'_>, met: &mut Met) -> Vec<Violation> {
        let mut violations = Vec::new();
        for change in scene.changes {
            let Some(Record::Conversation(after)) = &change.after else { continue };
            let before = match &change.before {
                Some(Record::Conversation(before)) => Some(before.as_ref()),
                _ => None,
            };
            if let Some(before) = before {
                note(before, after, scene, met);
                violations.extend(self.too_early(before, after, scene));
            }
            if before.is_none_or(|before| has_happened(before, after)) {
                self.0.insert(after.sid, scene.now);
            }
        }
        violations
    }

    fn too_early(
        &self,
        before: &Conversation,
        after: &Conversation,
        scene: &Scene<'_>,
    ) -> Option<Violation> {
        if scene.function != "timer" || before.state == after.state {
            return None;
        }
        let lengths = before.timers.map(|timers| match before.state {
            State::Active => timers.inactive.or(timers.closed),
            State::Initializing | State::Inactive | State::Closed => timers.closed,
        });
        let length = lengths.flatten()?;
        let since = self.0.get(&after.sid)?;
        let skew = if scene.is_skewed { SKEW } else { Millis(0) };
        let is_early = scene.now + SLACK + skew < *since + length;
        is_early.then(|| Violation {
            rule: "a timer counts from what happened last",
            detail: format!(
                "{} is {} {:?} after",
                after.sid,
                after.state.name(),
                scene.now - *since
            ),
        })
    }
}

/// Whether there was a message, another state or another length.
fn has_happened(before: &Conversation, after: &Conversation) -> bool {
    let lengths = |of: &Conversation| of.timers.map(|timers| (timers.inactive, timers.closed));
    (before.next_index, before.state, lengths(before))
        != (after.next_index, after.state, lengths(after))
}

fn note(before: &Conversation, after: &Conversation, scene: &Scene<'_>, met: &mut Met) {
    let by_timer = scene.function == "timer";
    match (before.state, after.state) {
        (State::Active, State::Inactive) if by_timer => meet(met, Sometimes::InactiveByTimer),
        (State::Active | State::Inactive, State::Closed) if by_timer => {
            meet(met, Sometimes::ClosedByTimer);
        }
        (State::Inactive, State::Active) if scene.function == "autocreation" => {
            meet(met, Sometimes::WokenByMessage);
        }
        _ => {}
    }
}
