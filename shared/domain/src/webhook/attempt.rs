//! What is kept of a call: for whom, about what, each attempt and what came of it. It absorbs a second copy of the request,
//! holds the time of the next attempt, and is what REST shows as a delivery.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::schedule;
use crate::effect::Call;
use crate::event::EventPlace;
use crate::private::Private;
use crate::sid::{DeliverySid, MessageSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;
use crate::workspace::POSITION_EVENT;

/// How long a call is kept after its last attempt.
pub const KEPT: Millis = Millis::seconds(30 * 24 * 3600);
/// At most this many attempts are kept with their answers, the latest ones.
const TRIES_MAX: usize = 24;
/// At most this many bytes of an answer are kept of an attempt that succeeded.
const SAID_BYTES: usize = 64;
/// And of one that failed.
const SAID_BYTES_FAILED: usize = 256;

/// Where a call is kept, which follows from its id: so a copy of it finds it, and lists are in order of time without an
/// index of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When what is told happened, as the change bears it.
    pub time: Timestamp,
    /// Tells calls of one millisecond apart.
    pub digest: [u8; 10],
}

impl Place {
    /// The place of a call with this id at that time.
    pub fn new(id: &str, time: Timestamp) -> Self {
        let mut digest = [0; 10];
        digest.copy_from_slice(&Sha256::digest(id.as_bytes())[..10]);
        Self { time, digest }
    }

    /// The place of a call, whose id says when: an event's is its identifier, and others have a time at their end. One
    /// whose id has none is kept at the time 0, where no list looks.
    pub fn of(call: &Call, id: &str) -> Self {
        let time = match call {
            Call::Event(call) => EventPlace::of(call.event_sid).time,
            Call::Conversation(_)
            | Call::User(_)
            | Call::Interaction(_)
            | Call::Position(_)
            | Call::Assignment(_)
            | Call::Inbound(_)
            | Call::Status(_)
            | Call::Replay(_)
            | Call::Again(_)
            | Call::Flow(_)
            | Call::Test(_) => named_time(id).unwrap_or(Timestamp(0)),
        };
        Self::new(id, time)
    }

    /// The identifier: six bytes of time, ten of the digest.
    pub fn sid(self) -> DeliverySid {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&self.time.0.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&self.digest);
        DeliverySid::from_bytes(bytes)
    }

    /// The place that an identifier names.
    pub fn at(sid: DeliverySid) -> Self {
        let bytes = sid.bytes();
        let (mut time, mut digest) = ([0; 8], [0; 10]);
        time[2..].copy_from_slice(&bytes[..6]);
        digest.copy_from_slice(&bytes[6..]);
        Self { time: Timestamp(i64::from_be_bytes(time)), digest }
    }
}

/// The id of a call with the time at which what it tells happened.
pub fn timed(id: &str, time: Timestamp) -> String {
    format!("{id}-t{:x}", time.0.max(0))
}

/// The time in an id.
fn named_time(id: &str) -> Option<Timestamp> {
    let (_, digits) = id.rsplit_once("-t")?;
    i64::from_str_radix(digits, 16).ok().map(Timestamp)
}

/// Why a call ended without an attempt, or in vain for all that it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Ended {
    /// The endpoint is switched off.
    EndpointOff,
    /// What it is about is gone.
    Gone,
    /// What was answered cannot be read.
    Unreadable,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub ms: u32,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first bytes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Private<String>>,
    /// Until when the endpoint asked not to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Taken,
    /// It failed, and may do better.
    Failed,
    /// It failed, and another attempt would be of no use.
    Refused,
}

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// It was taken.
    Delivered,
    /// It waits for its next attempt.
    Pending,
    /// It was not taken, and is not made again unless it is replayed.
    Failed,
}

impl Standing {
    /// The word for it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// That a customer's webhook is called for one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    /// The deduplication id of the request, which the endpoint is told at each attempt.
    pub id: String,
    /// What it was about: a conversation, a user, the resource of an event, a reservation.
    #[serde(alias = "conversation")]
    pub about: String,
    /// The event.
    pub event: String,
    /// The message it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageSid>,
    /// How often it was tried.
    pub attempts: u32,
    /// The HTTP status of the last answer; none if no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether nothing more is to be done.
    pub done: bool,
    /// When it was last tried.
    pub updated: Timestamp,
    /// When what it tells happened; none in those from before it was kept, which no list has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The call, so that it can be made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// Where it went the last time, as it is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its place among the calls of one conversation to one endpoint: a later one has a greater number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Why it ended without an attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// The attempts, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// How many attempts were made before it was replayed the last time: the schedule begins anew there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before_replay: u32,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl WebhookAttempt {
    /// A call that was not made yet.
    pub fn new(id: String, call: Call, now: Timestamp) -> Self {
        let (about, event, message) = subject(&call);
        let created = Some(Place::of(&call, &id).time);
        Self {
            id,
            about,
            event,
            message,
            attempts: 0,
            status: None,
            done: false,
            updated: now,
            created,
            call: Some(call),
            url: None,
            sequence: None,
            due: None,
            ended: None,
            tries: Vec::new(),
            before_replay: 0,
            version: Version::NEW,
        }
    }

    /// Where it is kept; none for those from before there were places.
    pub fn place(&self) -> Option<Place> {
        self.created.map(|time| Place::new(&self.id, time))
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let was_taken = self.ended.is_none() && matches!(self.status, Some(200..=299));
        match (self.done, was_taken) {
            (true, true) => Standing::Delivered,
            (true, false) => Standing::Failed,
            (false, _) => Standing::Pending,
        }
    }

    /// The same after one more attempt, which may lead to another one.
    #[must_use]
    pub fn after(mut self, mut one: Try, outcome: Outcome, now: Timestamp) -> Self {
        let bytes = if outcome == Outcome::Taken { SAID_BYTES } else { SAID_BYTES_FAILED };
        one.said = one.said.map(|said| Private(cut(said.0, bytes)));
        self.attempts = self.attempts.saturating_add(1);
        self.status = one.status;
        self.updated = now;
        self.ended = None;
        self.push(one);
        self.due = match outcome {
            Outcome::Failed if self.is_repeated() => self.next(now),
            Outcome::Failed | Outcome::Taken | Outcome::Refused => None,
        };
        self.done = self.due.is_none();
        self
    }

    /// When it is made again: by the schedule, unless the endpoint asked for more time.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let count = self.attempts - self.before_replay;
        let scheduled = schedule::next(count, now)?;
        let earlier = self.tries.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        let tries = self.tries.get(earlier..).unwrap_or_default();
        match (tries.first(), tries.last()) {
            (Some(first), Some(last)) if tries.iter().any(|one| one.until.is_some()) => {
                schedule::put_off(scheduled, first.at, last.until)
            }
            _ => Some(scheduled),
        }
    }

    /// The same with an attempt that was made before it was replayed, and kept after that: it changes nothing else.
    #[must_use]
    pub fn and_tried(mut self, one: Try) -> Self {
        self.attempts = self.attempts.saturating_add(1);
        self.before_replay = self.before_replay.saturating_add(1);
        self.push(one);
        self
    }

    fn push(&mut self, one: Try) {
        self.tries.push(one);
        let surplus = self.tries.len().saturating_sub(TRIES_MAX);
        self.tries.drain(..surplus);
    }

    /// Whether it is on the schedule: who asks what is to become of a reservation, or tries an endpoint, cannot wait for days, and
    /// where a task waited before, nobody wants to know.
    const fn is_repeated(&self) -> bool {
        !matches!(self.call, Some(Call::Assignment(_) | Call::Position(_) | Call::Test(_)))
    }

    /// The same, which ended without an attempt.
    #[must_use]
    pub fn ended(mut self, why: Ended, now: Timestamp) -> Self {
        self.due = None;
        self.done = true;
        self.ended = Some(why);
        self.updated = now;
        self
    }

    /// The same, which is to be made again now, whatever came of it; none if nobody knows any more what was told, or if
    /// somebody waits for the answer and cannot be asked again.
    pub fn replayed(&self, now: Timestamp) -> Option<Self> {
        let can = matches!(
            self.call,
            Some(
                Call::Conversation(_)
                    | Call::User(_)
                    | Call::Interaction(_)
                    | Call::Event(_)
                    | Call::Inbound(_)
                    | Call::Status(_)
                    | Call::Test(_)
            )
        );
        can.then(|| Self {
            done: false,
            due: Some(now),
            before_replay: self.attempts,
            updated: now,
            ..self.clone()
        })
    }
}

/// What a call is about: the resource, the event, the message.
fn subject(call: &Call) -> (String, String, Option<MessageSid>) {
    match call {
        Call::Conversation(call) => {
            (call.conversation.to_string(), call.event.name().to_owned(), call.message)
        }
        Call::User(call) => (call.user.to_string(), call.event.name().to_owned(), None),
        Call::Interaction(call) => {
            (call.interaction.to_string(), call.told.event.name().to_owned(), None)
        }
        Call::Event(call) => (call.resource.clone(), call.event_sid.to_string(), None),
        Call::Position(call) => (call.task.to_string(), POSITION_EVENT.to_owned(), None),
        Call::Assignment(call) => (call.reservation.to_string(), "assignment".to_owned(), None),
        Call::Test(call) => (call.endpoint.to_string(), TEST_EVENT.to_owned(), None),
        Call::Inbound(call) => {
            (call.inbound.to_string(), INBOUND_EVENT.to_owned(), Some(call.inbound))
        }
        Call::Status(call) => {
            (call.message.to_string(), STATUS_EVENT.to_owned(), Some(call.message))
        }
        Call::Replay(call) => (call.conversation.to_string(), "replay".to_owned(), None),
        Call::Again(call) => (call.delivery.to_string(), "again".to_owned(), None),
        Call::Flow(call) => (call.execution.to_string(), "flow".to_owned(), None),
    }
}

/// The event of a call about what a customer wrote.
pub const INBOUND_EVENT: &str = "incomingMessage";
/// The event of a call about the status that a message came to.
pub const STATUS_EVENT: &str = "messageStatus";
/// The event of a call that tries an endpoint.
pub const TEST_EVENT: &str = "onEndpointTested";

/// The first bytes of a text, in whole characters.
fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{EventName, Level};
    use crate::effect::UserCall;
    use crate::sid::UserSid;

    const NOW: Timestamp = Timestamp(1_795_898_982_119);

    fn call() -> Call {
        Call::User(UserCall {
            user: UserSid::derived(&["u"]),
            level: Level::Account,
            event: EventName::OnUserAdded,
            source: "API".to_owned(),
            client: None,
        })
    }

    fn new() -> WebhookAttempt {
        WebhookAttempt::new(timed("US1-3-0", NOW), call(), NOW)
    }

    fn answered(status: u16) -> Try {
        Try {
            at: NOW,
            ms: 5,
            status: Some(status),
            error: None,
            said: Some("é".repeat(400).into()),
            until: None,
        }
    }

    #[test]
    fn an_id_names_its_place_and_the_identifier_as_well() {
        let place = Place::of(&call(), &timed("US1-3-0", NOW));
        assert_eq!(place.time, NOW);
        assert_eq!(Place::at(place.sid()), place);
        assert_ne!(Place::of(&call(), &timed("US1-3-1", NOW)), place);
        assert_eq!(Place::of(&call(), "US1-3-0").time, Timestamp(0), "an id from before");
    }

    #[test]
    fn a_call_that_is_taken_is_done_and_keeps_little_of_the_answer() {
        let taken = new().after(answered(200), Outcome::Taken, NOW);
        assert_eq!((taken.standing(), taken.attempts, taken.due), (Standing::Delivered, 1, None));
        assert_eq!(taken.tries[0].said.as_ref().unwrap().0, "é".repeat(32));
    }

    #[test]
    fn a_call_that_fails_is_made_twelve_times_and_is_then_a_failure() {
        let (mut one, mut now) = (new(), NOW);
        while one.standing() != Standing::Failed {
            one = one.after(answered(503), Outcome::Failed, now);
            now = one.due.unwrap_or(now);
        }
        assert_eq!((one.attempts, one.tries.len()), (12, 12));
        assert!(now - NOW < Millis::seconds(7 * 24 * 3600));
        let again = one.replayed(now).unwrap();
        assert_eq!((again.standing(), again.due), (Standing::Pending, Some(now)));
        let again = again.after(answered(503), Outcome::Failed, now);
        assert_eq!(again.due, schedule::next(1, now), "the schedule begins anew");
    }

    #[test]
    fn an_endpoint_that_asks_for_time_gets_it_and_seven_days_are_the_most() {
        let until = |until| Try { until: Some(until), ..answered(503) };
        let hour = NOW + Millis::seconds(3600);
        let one = new().after(until(hour), Outcome::Failed, NOW);
        assert_eq!((one.due, one.standing()), (Some(hour), Standing::Pending));
        // Afterwards the schedule goes on where it was.
        let two = one.clone().after(answered(503), Outcome::Failed, hour);
        assert_eq!(two.due, schedule::next(2, hour));
        let sooner = two.after(until(hour), Outcome::Failed, hour);
        assert_eq!(sooner.due, schedule::next(3, hour), "the schedule is the least");

        let mut busy = one;
        let mut now = hour;
        while let Some(due) = busy.due {
            now = due;
            let weeks = Try { at: now, ..until(now + Millis::seconds(30 * 24 * 3600)) };
            busy = busy.after(weeks, Outcome::Failed, now);
        }
        assert_eq!((busy.attempts, busy.standing()), (3, Standing::Failed));
        assert_eq!(now, NOW + schedule::PUT_OFF_MAX);
        // A replay begins anew.
        let again = busy.replayed(now).unwrap();
        let again = again.after(Try { at: now, ..answered(503) }, Outcome::Failed, now);
        assert_eq!(again.due, schedule::next(1, now));
    }

    #[test]
    fn an_attempt_that_is_kept_after_a_replay_takes_none_of_its_own_from_it() {
        let failed = new().after(answered(503), Outcome::Failed, NOW);
        let replayed = failed.replayed(NOW).unwrap().and_tried(answered(500));
        assert_eq!((replayed.attempts, replayed.tries.len(), replayed.due), (2, 2, Some(NOW)));
        let after = replayed.after(answered(503), Outcome::Failed, NOW);
        assert_eq!(after.due, schedule::next(1, NOW), "the schedule of the replay");
    }

    #[test]
    fn a_call_that_is_of_no_use_or_has_no_endpoint_is_a_failure_at_once() {
        let refused = new().after(answered(404), Outcome::Refused, NOW);
        assert_eq!((refused.standing(), refused.due), (Standing::Failed, None));
        let off = new().ended(Ended::EndpointOff, NOW);
        assert_eq!((off.standing(), off.attempts), (Standing::Failed, 0));
    }
}
