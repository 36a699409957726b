//! What the simulated world knows: whose request waits at the gate, what was written, what happened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use serde_json::Value;
use switchboard::{Call, Fault, Faults, Gate, Passage, Service};
use switchboard_carriers::stub::Taken;
use switchboard_check::Unwanted;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::conversation::State::Closed;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::dependencies::Clock;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::carrier::{Post, Posted};
use crate::endpoints::Book;
use crate::mirror::{ItemChange, Mirror};
use crate::quiet::Quiet;
use crate::sometimes::{self, Around, Met, OUTAGE, Sometimes, meet};
use crate::steps::{self, Scene};
use crate::wish::{Reply, Wish};

/// The kernel's own requests pass every gate.
pub(crate) const KERNEL: &str = "kernel";
/// At most this many of the last events are told with a violation.
const EVENTS_KEPT: usize = 90;
/// All of them, if one run was asked for.
const EVENTS_ASKED: usize = 100_000;
/// The simulated time begins here: a minute into a day, years ahead.
const BEGINNING: Timestamp = Timestamp(1_893_456_060_000);

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.rule, self.detail)
    }
}

/// Where a request comes from: function, operation and kinds of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) service: &'static str,
    pub(crate) is_write: bool,
    pub(crate) visits: usize,
}

/// A request that waits for its turn.
pub(crate) struct Pending {
    pub(crate) label: String,
    pub(crate) invocation: u64,
    pub(crate) service: &'static str,
    pub(crate) is_write: bool,
    /// What it contains, as a number.
    content: u64,
    pass: oneshot::Sender<Passage>,
}

/// A request of a person that is under way.
#[derive(Debug)]
pub(crate) struct Asked {
    wish: Wish,
    /// What may be answered, by each state that there has been meanwhile.
    pub(crate) allowed: BTreeSet<Reply>,
    /// Whether a request of it met a fault, or waited for longer than anybody does.
    has_met_fault: bool,
    /// How often it wrote too late.
    conflicts: usize,
}

/// Who writes too late so often gives up soon.
const CONFLICTS: usize = 8;

impl Asked {
    /// Whether it may be told to try again.
    pub(crate) const fn is_troubled(&self) -> bool {
        self.has_met_fault || self.conflicts >= CONFLICTS
    }
}

/// What is known.
#[derive(Default)]
pub(crate) struct State {
    /// Until the world is set up, everything passes.
    pub(crate) is_closed: bool,
    pub(crate) pending: Vec<Pending>,
    pub(crate) mirror: Mirror,
    /// Since when each conversation is quiet.
    quiet: Quiet,
    /// Which sends were begun for somebody who wants nothing.
    unwanted: Unwanted,
    pub(crate) violations: Vec<Violation>,
    pub(crate) skew: BTreeMap<String, i64>,
    /// Queues that were sent to since they were found empty, and tables that were written.
    pub(crate) news: BTreeSet<String>,
    /// What the carrier has accepted, in order.
    pub(crate) sent: Vec<Taken>,
    /// What the customers' endpoints were asked and told.
    pub(crate) book: Book,
    /// What the carrier is going to post to us.
    pub(crate) posts: Vec<Post>,
    /// Where requests come from, and how often each was let through.
    pub(crate) sites: BTreeMap<String, Site>,
    pub(crate) events: VecDeque<String>,
    events_kept: usize,
    pub(crate) hash: u64,
    pub(crate) calls: usize,
    /// Requests of people that are under way, by their invocations.
    pub(crate) asking: BTreeMap<u64, Asked>,
    pub(crate) met: Met,
    /// When a service last failed for more than a moment.
    outage: Option<Timestamp>,
    /// Whether every request of a function is polled for ever.
    pub(crate) spins: bool,
}

/// The world, shared by gate, carrier and kernel.
pub(crate) struct World {
    state: Mutex<State>,
    began: Instant,
}

impl fmt::Debug for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("World").finish_non_exhaustive()
    }
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let asked = crate::number("SEED").is_some();
        let events_kept = if asked { EVENTS_ASKED } else { EVENTS_KEPT };
        let state = State { hash: 0xcbf2_9ce4_8422_2325, events_kept, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), began: Instant::now() })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        let passed = Instant::now().duration_since(self.began).as_millis();
        Timestamp(BEGINNING.0 + i64::try_from(passed).unwrap_or(i64::MAX))
    }

    /// The true time, for code that only has a clock.
    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        let world = Arc::clone(self);
        Arc::new(move || world.now())
    }

    /// Notes what happens.
    pub(crate) fn log(&self, what: &str) {
        let line = format!("{:>9} ms  {what}", self.now().0 - BEGINNING.0);
        let mut state = self.state();
        for byte in line.bytes() {
            state.hash = (state.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if state.events.len() == state.events_kept {
            state.events.pop_front();
        }
        state.events.push_back(line);
    }

    pub(crate) fn violated(&self, rule: &'static str, detail: String) {
        self.state().violations.push(Violation { rule, detail });
    }

    /// Waits for a turn.
    pub(crate) fn wait(
        &self,
        invocation: u64,
        service: &'static str,
        label: String,
        is_write: bool,
    ) -> Gate {
        self.wait_with(invocation, service, label, is_write, 0)
    }

    /// Waits for a turn, with a request of that content.
    fn wait_with(
        &self,
        invocation: u64,
        service: &'static str,
        label: String,
        is_write: bool,
        content: u64,
    ) -> Gate {
        let (pass, passes) = oneshot::channel();
        self.state().pending.push(Pending { label, invocation, service, is_write, content, pass });
        Box::pin(async move { passes.await.unwrap_or_default() })
    }

    /// A client asks for something.
    pub(crate) fn asks(&self, number: u64, wish: Wish) {
        let now = self.now();
        let mut state = self.state();
        if state.asking.values().any(|one| one.wish.is_rival_of(&wish)) {
            meet(&mut state.met, Sometimes::TwoAcceptAtOnce);
        }
        let allowed = wish.predicted(&state.mirror, now, !state.skew.is_empty());
        let allowed = allowed.into_iter().collect();
        let asked = Asked { wish, allowed, has_met_fault: false, conflicts: 0 };
        state.asking.insert(number, asked);
    }

    /// Notes what is special about a webhook of the carrier.
    pub(crate) fn meets_post(&self, post: &Post) {
        let mut state = self.state();
        let State { mirror, asking, met, .. } = &mut *state;
        match &post.what {
            Posted::Messages(all) => {
                for (_, written) in all {
                    let from = written.from.as_str();
                    let of = |one: &&Conversation| one.participant_called(from).is_some();
                    let mut theirs = mirror.conversations().filter(of).peekable();
                    let is_known = theirs.peek().is_some();
                    if post.has_failed && is_known && theirs.all(|one| one.state == Closed) {
                        meet(met, Sometimes::WebhookRetriedPastClose);
                    }
                    let open = mirror.conversations().filter(of).filter(|one| one.state != Closed);
                    let mut sids = open.map(|one| one.sid);
                    if sids.any(|sid| asking.values().any(|one| one.wish.closes(sid))) {
                        meet(met, Sometimes::WroteWhileClosing);
                    }
                }
            }
            Posted::Receipt { message, delivery, .. } => {
                let message = mirror.messages().find(|one| one.sid == *message);
                let copy = message.and_then(|one| one.delivery(*delivery));
                if copy.is_some_and(|one| one.carrier_message_id.is_none()) {
                    meet(met, Sometimes::ReceiptBeforeRecorded);
                }
            }
        }
    }

    /// Lets one request through, or not.
    pub(crate) fn let_through(&self, place: usize, passage: Passage) {
        let now = self.now();
        let pending = {
            let mut state = self.state();
            let pending = state.pending.remove(place);
            let (service, is_write) = (pending.service, pending.is_write);
            let site = Site { service, is_write, visits: 0 };
            state.sites.entry(pending.label.clone()).or_insert(site).visits += 1;
            state.calls += 1;
            sometimes::look_at_passage(&mut state.met, passage, service, is_write);
            if passage != Passage::default()
                && let Some(asked) = state.asking.get_mut(&pending.invocation)
            {
                asked.has_met_fault = true;
            }
            if passage.before == Some(Fault::Failed) {
                state.outage = Some(now);
            }
            pending
        };
        let fault = match (passage.before, passage.after) {
            (Some(fault), _) => format!("  !! {fault:?} before"),
            (None, Some(fault)) => format!("  !! {fault:?} after"),
            (None, None) => String::new(),
        };
        let Pending { invocation, label, content, .. } = &pending;
        self.log(&format!("  #{invocation} {label} = {content:016x}{fault}"));
        // A function that waited may have run out of time.
        let _ = pending.pass.send(passage);
    }

    /// Forgets requests of those who are gone.
    pub(crate) fn forget_gone(&self) {
        let mut state = self.state();
        let State { pending, asking, .. } = &mut *state;
        pending.retain(|one| {
            if let Some(asked) = asking.get_mut(&one.invocation).filter(|_| one.pass.is_closed()) {
                asked.has_met_fault = true;
            }
            !one.pass.is_closed()
        });
    }
}

impl World {
    /// A write that came too late, or was wrong.
    fn refused(&self, call: &Call<'_>) {
        let kinds = || {
            let actions = call.body["TransactItems"].as_array().into_iter().flatten();
            let actions = actions.map(|action| &action["Put"]["Item"]);
            actions.chain([&call.body["Item"]]).filter_map(|item| item["kind"]["S"].as_str())
        };
        let mut state = self.state();
        if call.function == "timer" {
            meet(&mut state.met, Sometimes::ChangedWhileLookedAt);
        } else if kinds().any(|kind| kind == "Head") {
            meet(&mut state.met, Sometimes::HeadConflict);
        } else if kinds().any(|kind| kind == "Task") {
            meet(&mut state.met, Sometimes::TaskConflict);
        }
        if let Some(asked) = state.asking.get_mut(&call.invocation) {
            asked.conflicts += 1;
        }
    }
}

impl Faults for World {
    fn gate(&self, call: &Call<'_>) -> Option<Gate> {
        if call.function == KERNEL || !self.state().is_closed {
            return None;
        }
        if self.state().spins {
            return Some(Box::pin(std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Pending
            })));
        }
        let label = label(call);
        let service = match call.service {
            Service::Tables => "tables",
            Service::Queues => "queues",
            Service::Keys => "keys",
            Service::Objects => "objects",
        };
        let is_write = call.operation.contains("Write")
            || call.operation.contains("Item") && !call.operation.contains("Get");
        let content = content(call.body);
        Some(self.wait_with(call.invocation, service, label, is_write, content))
    }

    fn answered(&self, call: &Call<'_>, status: u16) {
        if call.function == KERNEL {
            return;
        }
        if status != 200 {
            self.refused(call);
            return;
        }
        let now = self.now();
        let mut state = self.state();
        if call.service == Service::Queues {
            let queue = call.body["QueueUrl"].as_str().unwrap_or_default();
            let queue = queue.rsplit('/').next().unwrap_or_default().to_owned();
            state.news.insert(queue);
            return;
        }
        if matches!(call.service, Service::Keys | Service::Objects) {
            return;
        }
        let changes = state.mirror.apply(call.function, call.operation, call.body);
        if changes.is_empty() {
            return;
        }
        state.news.insert("streams".to_owned());
        let is_skewed = !state.skew.is_empty();
        let State { mirror, quiet, unwanted, book, met, asking, outage, violations, .. } =
            &mut *state;
        let function = call.function;
        book.beforehand.settle(call.invocation, &changes);
        book.listeners.follow(&changes, met);
        let scene = Scene { mirror, book, changes: &changes, function, now, is_skewed };
        violations.extend(steps::violations(&scene));
        violations.extend(quiet.follow(&scene, met));
        let seen: Vec<_> = changes.iter().map(ItemChange::seen).collect();
        let sent = unwanted.follow(&seen, scene.mirror);
        let sent = sent.into_iter().map(|one| (one.invariant, one.to_string()));
        violations.extend(sent.map(|(rule, detail)| Violation { rule, detail }));
        let wishes: Vec<&Wish> = asking.values().map(|one| &one.wish).collect();
        let outage = outage.is_some_and(|at| now - at <= OUTAGE);
        sometimes::look(met, &scene, &Around { wishes: &wishes, outage });
        for asked in asking.values_mut() {
            let allowed = asked.wish.predicted(mirror, now, is_skewed);
            asked.allowed.extend(allowed);
        }
    }

    fn skew(&self, function: &str) -> i64 {
        self.state().skew.get(function).copied().unwrap_or(0)
    }
}

/// What a document contains, as a number, whatever the order of its members. The SDK draws the token of a transaction
/// for itself.
fn content(value: &Value) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let text = |text: &str| text.bytes().fold(BASIS, fold);
    let mix = |hash: u64, other: u64| other.to_be_bytes().into_iter().fold(hash, fold);
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| *name != "ClientRequestToken");
            let each = members.map(|(name, value)| mix(text(name), content(value)));
            each.fold(1, u64::wrapping_add)
        }
        Value::Array(items) => items.iter().map(content).fold(2, mix),
        Value::String(string) => text(string),
        other => text(&other.to_string()),
    }
}

/// What a request is, without anything that differs from run to run.
fn label(call: &Call<'_>) -> String {
    let what = match call.service {
        Service::Queues => {
            let url = call.body["QueueUrl"].as_str().unwrap_or_default();
            url.rsplit('/').next().unwrap_or_default().replace("switchboard-", "")
        }
        Service::Tables => items(call.body),
        Service::Keys => String::new(),
        Service::Objects => "media".to_owned(),
    };
    format!("{} {} {what}", call.function, call.operation)
}

fn items(body: &Value) -> String {
    if let Some(actions) = body["TransactItems"].as_array() {
        let kind = |action: &Value| match action["Put"]["Item"]["kind"]["S"].as_str() {
            Some(kind) => kind.to_owned(),
            None => format!("-{}", prefix(&action["Delete"]["Key"])),
        };
        let mut kinds: Vec<String> = actions.iter().map(kind).collect();
        kinds.dedup();
        return kinds.join("+");
    }
    if let Some(tables) = body["RequestItems"].as_object() {
        let keys = tables.values().flat_map(|table| table["Keys"].as_array().into_iter().flatten());
        let mut prefixes: Vec<String> = keys.map(prefix).collect();
        prefixes.sort();
        prefixes.dedup();
        return prefixes.join("+");
    }
    if let Some(kind) = body["Item"]["kind"]["S"].as_str() {
        return kind.to_owned();
    }
    match body["Key"].is_object() {
        true => prefix(&body["Key"]),
        false => {
            let index = body["IndexName"].as_str().unwrap_or("table");
            let name = body["TableName"].as_str().unwrap_or_default();
            format!("{name} {index}").replace("switchboard-", "")
        }
    }
}

/// The kind of item that a key names.
fn prefix(key: &Value) -> String {
    let text = |name: &str| key[name]["S"].as_str().unwrap_or_default().to_owned();
    let (pk, sk) = (text("pk"), text("sk"));
    let sk: String = sk.chars().take_while(|one| *one != '#').take(4).collect();
    let pk: String = pk.chars().take(2).collect();
    if sk.starts_with(|one: char| one.is_ascii_digit()) {
        return format!("{pk}/time");
    }
    format!("{pk}/{}", sk.chars().take(2).collect::<String>())
}

/// Every fault that a request of a service can meet, by name.
pub(crate) fn faults_of(service: &str, is_write: bool) -> Vec<(&'static str, Passage)> {
    let before = |fault| Passage { before: Some(fault), after: None };
    let after = |fault| Passage { before: None, after: Some(fault) };
    let mut all = vec![
        ("die before", before(Fault::Killed)),
        ("die after", after(Fault::Killed)),
        ("lost reply", after(Fault::Lost)),
        ("never sent", before(Fault::Lost)),
        ("throttled", before(Fault::Throttled)),
        ("failed", before(Fault::Failed)),
        ("hung", before(Fault::Hung)),
        ("hung after", after(Fault::Hung)),
    ];
    if service == "tables" && is_write {
        all.push(("conflict", before(Fault::Conflict)));
    }
    all
}
