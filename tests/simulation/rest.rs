//! What must hold once nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use switchboard::check;
use switchboard_check::{Facts, Handed, Moment, Snapshot};
use switchboard_defects::switch;
use switchboard_domain::carriage::{DeliveryStatus, message_sid};
use switchboard_domain::conversation::Pair;
use switchboard_domain::message::{CopyOf, Delivery, Message, Spend};
use switchboard_domain::record::Record;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::webhook::WebhookAttempt;
use switchboard_domain::webhook::attempt::Standing;

use crate::carrier::{Posted, Written};
use crate::kernel::Kernel;
use crate::lines;
use crate::opting;
use crate::schedules;
use crate::setup::{CAP, PRICE};

/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);
/// How often an endpoint is called.
const ATTEMPTS_MAX: usize = 12;

impl Kernel {
    /// Looks at everything, free of any defect that the run suffers from.
    pub(crate) async fn check_at_rest(&mut self) {
        let suffered = switch(None);
        self.look().await;
        switch(suffered);
    }

    async fn look(&self) {
        let violated = |rule, detail| self.world.violated(rule, detail);
        let snapshot = check::embedded(&self.deployment).expect("the tables can be read");
        for found in snapshot.violations(Some(&self.outside()), Moment::Rest) {
            violated("the checker", found.to_string());
        }
        for letter in self.deployment.dead_letters().await.expect("the dead letters") {
            violated("nothing is given up", format!("{letter:?}"));
        }
        let state = self.world.state();
        let mut differing = Vec::new();
        for record in &snapshot.records {
            if !state.mirror.records().any(|one| one == record) {
                differing.push(format!("{record:?}"));
            }
        }
        drop(state);
        if let Some(first) = differing.into_iter().next() {
            violated("the simulator knows what was written", first);
        }
        let messages = snapshot.records.iter().filter_map(|record| match record {
            Record::Message(message) => Some(message.as_ref()),
            _ => None,
        });
        let messages: Vec<&Message> = messages.collect();
        self.look_at_calls(&snapshot);
        self.look_at_listeners();
        self.look_at_the_line();
        self.look_at_workers(&snapshot);
        self.look_at_words(&messages);
        self.look_at_receipts(&messages);
        opting::look_at_rest(&messages, &snapshot, &self.world);
        schedules::look_at_rest(&messages, &self.world, self.world.now());
        self.look_at_spending(&snapshot, &messages);
    }

    /// Each copy that was ever about to be handed over is counted once, and no day costs more than it may.
    fn look_at_spending(&self, snapshot: &Snapshot, messages: &[&Message]) {
        let spent: Vec<&Spend> = snapshot.records.iter().filter_map(Record::get::<Spend>).collect();
        // A copy that goes with another one is handed over when that is.
        let is_begun = |of: &Message, copy: &Delivery| {
            let leader = copy.led_by.and_then(|number| of.delivery(number));
            leader.unwrap_or(copy).attempts > 0
        };
        let copies = messages.iter().flat_map(|one| one.deliveries.iter().map(move |it| (one, it)));
        let begun = copies.filter(|(of, copy)| is_begun(of, copy)).count() as u64;
        let counted: u64 = spent.iter().map(|day| day.copies).sum();
        let expected = if self.setting.is_capped { begun } else { 0 };
        if counted != expected {
            let what = format!("{counted} of {expected} copies");
            self.world.violated("what is spent is counted once", what);
        }
        let is_wrong =
            |day: &&&Spend| day.nanos > CAP || u64::try_from(day.nanos / PRICE) != Ok(day.copies);
        if let Some(wrong) = spent.iter().find(is_wrong) {
            self.world.violated("no day costs more than it may", format!("{wrong:?}"));
        }
    }

    /// What the checker cannot see in the tables.
    fn outside(&self) -> Facts {
        let acknowledged = self.facts.acknowledged.iter().map(|(id, written)| {
            let address = written.from.parse().expect("a customer's address");
            let proxy = written.to.parse().expect("the business' address");
            (Pair { address, proxy }, message_sid(written.carrier, id))
        });
        let state = self.world.state();
        let handed = state.sent.iter().filter_map(|one| {
            let (message, delivery) = one.about?;
            Some(Handed { message, delivery, carrier_message_id: one.id.clone() })
        });
        Facts {
            acknowledged: acknowledged.collect(),
            waiting: None,
            sent_by_carrier: Some(handed.collect()),
            interfered: Some(BTreeSet::new()),
            objects: self.deployment.objects().map(|keys| {
                keys.iter().map(|key| key.parse().expect("a key is a file's identifier")).collect()
            }),
            skew: if state.skew.is_empty() { Millis::seconds(15) } else { SKEW },
            now: self.world.now(),
        }
    }

    /// The endpoint was told of every event that it wants to hear of, and of nothing else, or what failed twelve times is
    /// kept as that.
    fn look_at_calls(&self, snapshot: &Snapshot) {
        let Some(filter) = self.setting.tells else { return };
        let wanted: Vec<&str> = filter.split(',').collect();
        let mut unheard = self.world.state().book.told.clone();
        let mut wrong = Vec::new();
        let kept = snapshot.records.iter().filter_map(Record::get::<WebhookAttempt>);
        let kept: BTreeMap<&str, &WebhookAttempt> =
            kept.map(|one| (one.id.as_str(), one)).collect();
        for record in &snapshot.records {
            let Record::Occurrence(one) = record else { continue };
            for (number, event) in one.events.iter().enumerate() {
                let (sid, name) = (one.place(number).sid(), event.kind.name());
                let told = unheard.remove(&sid);
                let fits = match (&told, filter.is_empty() || wanted.contains(&name)) {
                    (None, is_wanted) => !is_wanted,
                    (Some(_), false) => false,
                    (Some(told), true) => {
                        let kept = kept.get(sid.to_string().as_str());
                        let is_failed = told.attempts >= ATTEMPTS_MAX;
                        kept.is_some_and(|kept| match kept.standing() {
                            Standing::Delivered => told.is_heard,
                            Standing::Failed => is_failed && kept.attempts == ATTEMPTS_MAX as u32,
                            Standing::Pending => false,
                        }) && told.kind.as_ref().is_none_or(|kind| kind == name)
                    }
                };
                if !fits {
                    wrong.push(format!("{sid}, {name}: {told:?}"));
                }
            }
        }
        wrong.extend(unheard.keys().map(|sid| format!("{sid} is in no log")));
        let rule = "an endpoint is told of what it wants to hear of, and of nothing else";
        wrong.into_iter().for_each(|one| self.world.violated(rule, one));
    }

    /// Nobody does what the queue has its workers do while they are asked, unless a reservation holds them.
    fn look_at_workers(&self, snapshot: &Snapshot) {
        let asked = snapshot.records.iter().find_map(|record| match record {
            Record::TaskQueue(queue) => queue.reservation_activity,
            _ => None,
        });
        for record in &snapshot.records {
            let Record::Worker(worker) = record else { continue };
            if Some(worker.activity) == asked && worker.occupation.is_none() {
                let rule = "nobody is occupied by what is over";
                self.world.violated(rule, format!("{worker:?}"));
            }
        }
    }

    /// Every message is the one that was written, and in a conversation, unless an endpoint wanted it otherwise.
    fn look_at_words(&self, messages: &[&Message]) {
        let state = self.world.state();
        let mut lost = Vec::new();
        for (id, Written { from, to, body, carrier, .. }) in &self.facts.acknowledged {
            let written: Vec<&&Message> = messages
                .iter()
                .filter(|one| one.origin.as_ref().is_some_and(|it| it.carrier_message_id == *id))
                .collect();
            let sid = message_sid(*carrier, id);
            let (text, is_published) = state.book.beforehand.expected(sid, body);
            let is_published = is_published && to != lines::LINE;
            let fits = |one: &&&Message| {
                one.body.as_ref().is_some_and(|it| it.0 == text)
                    && one.author == *from
                    && one.conversation.is_some() == is_published
            };
            if written.len() != 1 || !written.iter().all(fits) {
                let found = written.len();
                lost.push(format!("{id} ({body}) from {from}: {found} of it"));
            }
        }
        drop(state);
        for one in lost {
            self.world.violated("what was acknowledged is there once", one);
        }
    }

    /// Every copy came to its end, and stands where the best receipt says.
    fn look_at_receipts(&self, messages: &[&Message]) {
        for message in messages {
            for copy in &message.deliveries {
                // What left with another copy is reported with that one.
                let own = CopyOf { message: message.sid, number: copy.number };
                let handed = copy.merged_into.unwrap_or(own);
                let is_reported = self.facts.reported.iter().any(|one| {
                    matches!(one, Posted::Receipt { message: m, delivery, status: DeliveryStatus::Delivered }
                        if *m == handed.message && *delivery == handed.number)
                });
                let fits = match copy.status {
                    DeliveryStatus::Failed => true,
                    DeliveryStatus::Delivered => is_reported,
                    _ => schedules::may_wait(copy),
                };
                if !fits {
                    let what = format!("{copy:?} of {}: reported {is_reported}", message.sid);
                    self.world.violated("every reply arrives once", what);
                }
            }
        }
    }
}
