//! Messages that a program schedules and perhaps takes back, while everything goes wrong: each goes once, not before its time, and what
//! was taken back never does.

use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::kernel::Kernel;
use crate::random::Concern;
use crate::setup::{ACCOUNT, CUSTOMERS};
use crate::sometimes::{Met, Sometimes, meet};
use crate::steps::{Found, Scene};
use crate::world::World;

/// How often, in a thousand, a program that acts schedules something, or takes it back.
const OFTEN: usize = 90;
/// At most this many wait at once.
const WAITING_MAX: usize = 5;
/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);
/// How long after its time a message is still there for a good reason: a tick that failed, and one more.
const LATE: Millis = Millis::seconds(150);

impl Kernel {
    /// Perhaps a program schedules a message, or takes one back; not in every contact centre.
    pub(crate) async fn a_program_schedules(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Schedules);
        if !self.setting.has_schedules || !random.chance(OFTEN) {
            return false;
        }
        let waiting = self.scheduled();
        if waiting.len() >= WAITING_MAX || random.chance(350) {
            // Often the next that goes: at the same moment, perhaps.
            let next = waiting.first().filter(|_| random.chance(600));
            if let Some((_, sid)) = next.or_else(|| random.pick(&waiting)) {
                self.takes_back(sid).await;
            }
        } else {
            let ahead = 301 + i64::try_from(random.below(240)).unwrap_or_default();
            self.schedules(CUSTOMERS[random.below(CUSTOMERS.len())], ahead).await;
        }
        true
    }

    /// What waits for its time, the next that goes first.
    pub(crate) fn scheduled(&self) -> Vec<(Timestamp, String)> {
        let state = self.world.state();
        let all = state.mirror.messages();
        let mut waiting: Vec<_> =
            all.filter_map(|one| Some((one.looked_at()?, one.programmable_sid(Some(1))))).collect();
        waiting.sort();
        waiting
    }

    /// Writes to a customer, so many seconds from now. What becomes of it is to be told where nobody may call.
    pub(crate) async fn schedules(&mut self, to: &str, ahead: i64) {
        self.messages += 1;
        let body = format!("news {}", self.messages);
        let at = (self.world.now() + Millis::seconds(ahead)).iso();
        let by = self.centre.sid("messaging").to_owned();
        let form = [
            ("To", to),
            ("MessagingServiceSid", by.as_str()),
            ("Body", body.as_str()),
            ("StatusCallback", "https://10.0.0.1/status"),
            ("ScheduleType", "fixed"),
            ("SendAt", at.as_str()),
        ];
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        self.ask_knowing("POST", &path, &form).await;
    }

    /// Takes one back.
    pub(crate) async fn takes_back(&mut self, sid: &str) {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json");
        self.ask_knowing("POST", &path, &[("Status", "canceled")]).await;
    }
}

/// Whether a copy was scheduled and is not any more; what it is now.
fn left(before: Option<&Message>, after: &Message) -> Option<DeliveryStatus> {
    let is = after.deliveries.first().map(|copy| copy.status)?;
    let was = before?.deliveries.first().map(|copy| copy.status)?;
    (was == DeliveryStatus::Scheduled && is != was).then_some(is)
}

/// Nothing is let go before its time.
pub(crate) fn look(found: &mut Found, before: &Message, after: &Message, scene: &Scene<'_>) {
    let Some((status, at)) = left(Some(before), after).zip(after.send_at()) else { return };
    let skew = if scene.is_skewed { SKEW } else { Millis(0) };
    let is_early = status != DeliveryStatus::Canceled && scene.now + skew < at;
    found.when(is_early, "a scheduled message does not go before its time", || {
        format!("{} at {:?} and not {at:?}", after.sid, scene.now)
    });
}

/// At rest nothing is overdue, and what was taken back was never handed over.
pub(crate) fn look_at_rest(messages: &[&Message], world: &World, now: Timestamp) {
    let sent: Vec<_> = world.state().sent.iter().filter_map(|one| one.about).collect();
    for message in messages {
        if message.looked_at().is_some_and(|at| at + LATE < now) {
            let rule = "a scheduled message goes when its time has come";
            world.violated(rule, format!("{message:?}"));
        }
        let was_sent = |copy: &&Delivery| sent.contains(&(message.sid, copy.number));
        let is_over = |copy: &&Delivery| copy.status == DeliveryStatus::Canceled;
        if let Some(copy) = message.deliveries.iter().filter(is_over).find(was_sent) {
            let rule = "a canceled message never goes out";
            world.violated(rule, format!("{copy:?} of {}", message.sid));
        }
    }
}

/// Whether a copy may stand so at rest: its time has not come, or it was taken back.
pub(crate) fn may_wait(copy: &Delivery) -> bool {
    matches!(copy.status, DeliveryStatus::Scheduled | DeliveryStatus::Canceled)
}

/// Notes what became of what was scheduled.
pub(crate) fn note(before: Option<&Message>, after: &Message, met: &mut Met) {
    match left(before, after) {
        Some(DeliveryStatus::Canceled) => meet(met, Sometimes::TakenBack),
        Some(_) => meet(met, Sometimes::LetGo),
        None => {}
    }
}
