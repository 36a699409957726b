//! The customers' endpoints, in this process: what they are asked and told is kept in a book, and what they say
//! depends on what they are asked about alone. What happens to a call is decided at the gate.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::json;
use switchboard::{Answer, Called, Fault, Passage, driver};
use switchboard_domain::sid::{EventSid, ReservationSid};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::beforehand;
use crate::files;
use crate::lines;
use crate::listeners;
use crate::sometimes::{Sometimes, meet};
use crate::world::World;

/// Whom the gate of these calls belongs to.
pub(crate) const ENDPOINT: &str = "endpoint";
/// The assignment callback of the workflow.
pub(crate) const ASSIGNMENT_URL: &str = "https://customer.example/assignment";
/// Who is asked if that one cannot be reached.
pub(crate) const FALLBACK_URL: &str = "https://customer.example/fallback";
/// The event callback of the workspace.
pub(crate) const EVENTS_URL: &str = "https://customer.example/events";

/// The activity of workers who go home.
const HOME: &str = "Offline";
/// What everybody does who waits for work.
const READY: &str = "Available";
/// An instruction is carried out within this time when nothing goes wrong.
const PROMPT: Millis = Millis::seconds(5);
/// A reservation about which nobody was reached is withdrawn within this time when nothing goes wrong: both endpoints may
/// be waited for twice. What it is put off comes on top.
const GIVEN_UP: Millis = Millis::seconds(25);
/// The longest that it is put off, in seconds.
const PUT_OFF_SECONDS_MAX: i64 = 64;

/// What an endpoint says of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is accepted.
    Accept,
    /// It is led elsewhere, and accepted.
    AcceptElsewhere,
    /// It is not accepted.
    Reject,
    /// It is not accepted, and the worker goes home.
    RejectForToday,
    /// It is led elsewhere, which needs a call that there is not.
    Elsewhere,
    /// Nothing yet.
    Later,
    /// Something that nobody can read.
    Gibberish,
    /// That it is out of order.
    Broken,
    /// Nothing, for too long.
    Silence,
}

/// How often each is said.
const SAID: [(Said, usize); 9] = [
    (Said::Accept, 30),
    (Said::AcceptElsewhere, 8),
    (Said::Reject, 14),
    (Said::RejectForToday, 4),
    (Said::Elsewhere, 4),
    (Said::Later, 14),
    (Said::Gibberish, 5),
    (Said::Broken, 18),
    (Said::Silence, 3),
];

impl Said {
    /// Whether it is the answer of an endpoint that was not reached.
    const fn is_nothing(self) -> bool {
        matches!(self, Self::Broken | Self::Silence)
    }

    const fn accepts(self) -> bool {
        matches!(self, Self::Accept | Self::AcceptElsewhere)
    }

    const fn rejects(self) -> bool {
        matches!(self, Self::Reject | Self::RejectForToday)
    }
}

/// What is said of a text, always the same, each as often as its weight says.
pub(crate) fn picked<T: Copy>(text: &str, all: &[(T, usize)]) -> T {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    let weights: usize = all.iter().map(|(_, weight)| weight).sum();
    let mut left = usize::try_from(hash >> 32).unwrap_or(0) % weights;
    for (said, weight) in all {
        if left < *weight {
            return *said;
        }
        left -= weight;
    }
    all[0].0
}

/// One call about a reservation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    at: Timestamp,
    is_fallback: bool,
    /// What was heard; nothing if nobody was reached.
    heard: Option<Said>,
    /// Whether nothing went wrong any more.
    is_calm: bool,
}

/// The calls about an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) attempts: usize,
    /// Whether one was taken, and the answer heard.
    pub(crate) is_heard: bool,
    /// What arrived, if anything did.
    pub(crate) kind: Option<String>,
}

/// What the endpoints were asked and told.
#[derive(Debug, Default)]
pub(crate) struct Book {
    asked: BTreeMap<ReservationSid, Vec<Asked>>,
    pub(crate) told: BTreeMap<EventSid, Told>,
    /// The place of the last event that each resource's events were first told of.
    last: BTreeMap<String, u128>,
    /// What was heard about customers' messages before they were published.
    pub(crate) beforehand: beforehand::Book,
    /// What was told to those who listen to conversations.
    pub(crate) listeners: listeners::Book,
    /// Since when nothing goes wrong any more.
    pub(crate) calm_since: Option<Timestamp>,
}

/// What must become of a reservation that nobody answers otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    Accepted,
    Rejected,
    Canceled,
}

impl Book {
    pub(crate) fn has_asked(&self, reservation: ReservationSid) -> bool {
        self.asked.contains_key(&reservation)
    }

    /// Whether anybody said so, as far as it was heard.
    pub(crate) fn justifies(&self, reservation: ReservationSid, promise: Promise) -> bool {
        let asked = self.asked.get(&reservation).into_iter().flatten();
        let mut heard = asked.map(|one| one.heard);
        heard.any(|heard| match promise {
            Promise::Accepted => heard.is_some_and(Said::accepts),
            Promise::Rejected => heard.is_some_and(Said::rejects),
            Promise::Canceled => heard.is_none(),
        })
    }

    /// What must become of a reservation before it lapses, by what was said when nothing went wrong. Each reservation
    /// of the task that was canceled before doubles the time it is put off.
    pub(crate) fn promised(
        &self,
        reservation: ReservationSid,
        expires: Timestamp,
        canceled: usize,
    ) -> Option<Promise> {
        let asked = self.asked.get(&reservation)?;
        let first = |is_fallback| {
            asked.iter().find(|one| one.is_calm && one.is_fallback == is_fallback).copied()
        };
        let main = first(false)?;
        let (last, is_lost) = match main.heard {
            None => first(true).map(|one| (one, one.heard.is_none()))?,
            Some(Said::Gibberish) => (first(true)?, false),
            Some(_) => (main, false),
        };
        let in_time = |slack: Millis| last.at + slack <= expires;
        let put_off = (1_i64 << canceled.min(16)).min(PUT_OFF_SECONDS_MAX);
        match last.heard {
            Some(said) if said.accepts() && in_time(PROMPT) => Some(Promise::Accepted),
            Some(said) if said.rejects() && in_time(PROMPT) => Some(Promise::Rejected),
            None if is_lost && in_time(Millis(GIVEN_UP.0 + put_off * 1_000)) => {
                Some(Promise::Canceled)
            }
            Some(_) | None => None,
        }
    }
}

/// All endpoints.
pub(crate) struct Endpoints {
    world: Arc<World>,
    /// What they say depends on the seed as well.
    salt: u64,
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

/// A request, as an endpoint sees it.
struct Heard {
    path: String,
    form: BTreeMap<String, String>,
    /// The place among the calls about one resource.
    sequence: Option<u128>,
    /// What names the call.
    token: String,
    /// Whether it asks for a file of a customer.
    is_file: bool,
}

impl Heard {
    fn of(request: &reqwest::Request) -> Self {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let form = form_urlencoded::parse(body).into_owned().collect();
        let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
        let sequence = header("x-switchboard-sequence").and_then(|it| it.parse().ok());
        let token = header("I-Twilio-Idempotency-Token").unwrap_or_default().to_owned();
        let path = request.url().path().trim_start_matches('/').to_owned();
        let is_file = request.url().host_str() == Some(files::HOST);
        Self { path, form, sequence, token, is_file }
    }

    /// Whose events it is one of: those of reservations are their task's.
    fn resource(&self) -> Option<&String> {
        let of_task = self.form.get("ResourceType").is_some_and(|kind| kind == "reservation");
        self.form.get(if of_task { "TaskSid" } else { "ResourceSid" })
    }

    fn sid<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.form.get(name)?.parse().ok()
    }
}

const NOTHING: Answer = Answer { content_type: None, body: None, retry_after: None };

impl Endpoints {
    pub(crate) const fn new(world: Arc<World>, salt: u64) -> Self {
        Self { world, salt }
    }

    /// A file of a customer is asked for.
    async fn fetched(&self, path: &str) -> (Called, Answer) {
        let what = path.split('/').next().unwrap_or_default();
        let label = format!("media-copy endpoint file/{what}");
        let passage = self.world.wait(driver::invocation(), ENDPOINT, label, false).await;
        let lost = match passage.before.or(passage.after) {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(Fault::Lost | Fault::Conflict) => Called::Unanswered,
            Some(Fault::Throttled) => Called::Answered(429),
            Some(Fault::Failed) => Called::Answered(500),
            None => return files::at(path),
        };
        (lost, NOTHING)
    }

    async fn called(&self, heard: Heard) -> (Called, Answer) {
        if heard.is_file {
            return self.fetched(&heard.path).await;
        }
        let is_beforehand = heard.path == beforehand::PATH;
        let who = match heard.form.get("Source").map(String::as_str) {
            _ if !is_beforehand => "webhook-delivery",
            // What people and programs do by REST is asked about by who serves them.
            Some("API" | "SDK") => "conversations-api",
            _ => "autocreation",
        };
        // Whoever listens does so at a path of their own.
        let what = heard.path.split('/').next().unwrap_or_default();
        let label = format!("{who} endpoint {what}");
        let passage = self.world.wait(driver::invocation(), ENDPOINT, label, false).await;
        if is_beforehand {
            return self.is_asked_beforehand(&heard, passage).await;
        }
        let lost = match passage.before {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => {
                // It is given up in the end, and made again behind those that came after it.
                if heard.path == "events" {
                    self.is_told(&heard, true, true);
                } else if heard.path.starts_with(listeners::PATH) {
                    self.listens(&heard);
                }
                std::future::pending().await
            }
            Some(Fault::Lost | Fault::Conflict) => Some(Called::Unanswered),
            Some(Fault::Throttled) => Some(Called::Answered(429)),
            Some(Fault::Failed) => Some(Called::Answered(500)),
            None => None,
        };
        let is_lost = lost.is_some() || passage.after.is_some();
        let is_killed = passage.after == Some(Fault::Killed);
        let said = match heard.path.as_str() {
            "events" => {
                self.is_told(&heard, lost.is_some(), is_lost);
                None
            }
            path if path.starts_with(listeners::PATH) => {
                self.listens(&heard);
                None
            }
            lines::PATH => None,
            _ if is_killed => None,
            _ => self.is_asked(&heard, is_lost),
        };
        match (lost, passage.after) {
            (Some(called), _) => return (called, NOTHING),
            (None, Some(Fault::Killed)) => driver::die(),
            (None, Some(Fault::Hung)) => std::future::pending().await,
            (None, Some(_)) => return (Called::Unanswered, NOTHING),
            (None, None) => {}
        }
        if heard.path == lines::PATH {
            return lines::answer(heard.form.get("MessageSid").map_or("", String::as_str));
        }
        match said {
            Some(Said::Silence) => std::future::pending().await,
            Some(said) => self.spoken(said),
            None => (Called::Answered(200), NOTHING),
        }
    }

    /// Answers about a message that is not published yet, and notes what is heard of it.
    async fn is_asked_beforehand(&self, heard: &Heard, passage: Passage) -> (Called, Answer) {
        let asked = driver::invocation();
        let note = |what| self.world.state().book.beforehand.note(asked, &heard.token, what);
        let (called, is_no) = match (passage.before, passage.after) {
            (Some(Fault::Killed), _) | (None, Some(Fault::Killed)) => driver::die(),
            (Some(Fault::Hung), _) | (None, Some(Fault::Hung)) => {
                note(beforehand::Heard::Nothing);
                return std::future::pending().await;
            }
            (Some(Fault::Throttled), _) => (Some(Called::Answered(429)), true),
            (Some(Fault::Failed), _) => (Some(Called::Answered(500)), true),
            (Some(Fault::Lost | Fault::Conflict), _) | (None, Some(_)) => {
                (Some(Called::Unanswered), false)
            }
            (None, None) => (None, false),
        };
        if let Some(called) = called {
            note(if is_no { beforehand::Heard::Veto } else { beforehand::Heard::Nothing });
            return (called, NOTHING);
        }
        let said = picked(&format!("{:x} {}", self.salt, heard.token), &beforehand::SAID);
        self.world.log(&format!("endpoint says {said:?} beforehand"));
        note(match said {
            beforehand::Said::Veto => beforehand::Heard::Veto,
            beforehand::Said::Change => beforehand::Heard::Change,
            beforehand::Said::Nothing | beforehand::Said::Gibberish | beforehand::Said::Silence => {
                beforehand::Heard::Nothing
            }
        });
        let says = |text: String| Answer {
            content_type: None,
            body: Some(text.into_bytes()),
            ..Answer::default()
        };
        let change = json!({ "body": beforehand::TEXT, "friendly_name": beforehand::NAME });
        match said {
            beforehand::Said::Nothing => (Called::Answered(200), says(String::new())),
            beforehand::Said::Change => (Called::Answered(200), says(change.to_string())),
            beforehand::Said::Veto => (Called::Answered(403), says(change.to_string())),
            beforehand::Said::Gibberish => (Called::Answered(200), says("<p>?".to_owned())),
            beforehand::Said::Silence => std::future::pending().await,
        }
    }

    /// Notes what is told of a conversation, whether or not it arrives.
    fn listens(&self, heard: &Heard) {
        let Some(message) = heard.sid("MessageSid") else {
            self.world.violated("a message has an identifier", format!("{:?}", heard.form));
            return;
        };
        let sequence = heard.sequence.unwrap_or_default();
        let mut state = self.world.state();
        let wrong = state.book.listeners.told(&heard.path, message, &heard.token, sequence);
        drop(state);
        if let Some((rule, detail)) = wrong {
            self.world.violated(rule, detail);
        }
    }

    /// Notes an event, which may not have arrived, or been answered in vain.
    fn is_told(&self, heard: &Heard, is_before: bool, is_lost: bool) {
        let Some(sid) = heard.sid("Sid") else {
            self.world.violated("an event has an identifier", format!("{:?}", heard.form));
            return;
        };
        let mut state = self.world.state();
        let is_first = !state.book.told.contains_key(&sid);
        if let (true, Some(resource)) = (is_first, heard.resource()) {
            let sequence = heard.sequence.unwrap_or_default();
            let before = state.book.last.insert(resource.clone(), sequence);
            if before.is_some_and(|before| before >= sequence) {
                let detail = format!("{sid} of {resource}: {sequence} after {before:?}");
                drop(state);
                self.world.violated("first attempts of a resource are made in order", detail);
                return;
            }
        }
        let told = state.book.told.entry(sid).or_default();
        told.attempts += 1;
        told.is_heard |= !is_lost;
        if !is_before {
            told.kind = heard.form.get("EventType").cloned();
        }
    }

    /// Notes a call about a reservation, and what is said to it.
    fn is_asked(&self, heard: &Heard, is_lost: bool) -> Option<Said> {
        let sid: Option<ReservationSid> = heard.sid("ReservationSid");
        let Some(sid) = sid else {
            self.world.violated("a callback says about what", format!("{:?}", heard.form));
            return None;
        };
        let said = picked(&format!("{:x} {} {sid}", self.salt, heard.path), &SAID);
        let at = self.world.now();
        let mut state = self.world.state();
        let is_calm = state.book.calm_since.is_some();
        let is_fallback = heard.path == "fallback";
        let heard = (!is_lost && !said.is_nothing()).then_some(said);
        if heard.is_some() && !state.mirror.is_pending(sid) {
            meet(&mut state.met, Sometimes::LateInstruction);
        }
        state.book.asked.entry(sid).or_default().push(Asked { at, is_fallback, heard, is_calm });
        drop(state);
        self.world.log(&format!("endpoint says {said:?} of {sid}"));
        Some(said)
    }

    /// The identifier of an activity, if there is one of this name.
    fn activity(&self, name: &str) -> Option<String> {
        let state = self.world.state();
        let found = state.mirror.activities().find(|one| one.friendly_name == name);
        found.map(|one| one.sid.to_string())
    }

    fn spoken(&self, said: Said) -> (Called, Answer) {
        let json = |body: serde_json::Value| {
            let content_type = Some("application/json".to_owned());
            (
                Called::Answered(200),
                Answer { content_type, body: Some(body.to_string().into()), ..Answer::default() },
            )
        };
        match said {
            Said::Accept => json(json!({ "instruction": "accept" })),
            Said::AcceptElsewhere => json(json!({ "instruction": "redirect", "accept": true })),
            Said::Reject => {
                json(json!({ "instruction": "reject", "activity_sid": self.activity(READY) }))
            }
            Said::RejectForToday => {
                json(json!({ "instruction": "reject", "activity_sid": self.activity(HOME) }))
            }
            Said::Elsewhere => json(json!({ "instruction": "redirect" })),
            Said::Later => (Called::Answered(204), NOTHING),
            Said::Gibberish => {
                let content_type = Some("text/html".to_owned());
                (
                    Called::Answered(200),
                    Answer { content_type, body: Some(b"<p>?".to_vec()), ..Answer::default() },
                )
            }
            Said::Broken | Said::Silence => (Called::Answered(503), NOTHING),
        }
    }
}

impl switchboard::Endpoints for Endpoints {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        let (heard, timeout) = (Heard::of(&request), request.timeout().copied());
        Box::pin(async move {
            let called = self.called(heard);
            match timeout {
                Some(timeout) => tokio::time::timeout(timeout, called)
                    .await
                    .unwrap_or((Called::TimedOut, NOTHING)),
                None => called.await,
            }
        })
    }
}
