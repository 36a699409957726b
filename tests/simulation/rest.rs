//! What must hold once nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use switchboard::check::{Facts, Handed, Moment, Snapshot};
use switchboard_domain::carriage::{CarrierName, DeliveryStatus, message_sid};
use switchboard_domain::conversation::Pair;
use switchboard_domain::event::{EventType, Subject};
use switchboard_domain::message::Message;
use switchboard_domain::mutation;
use switchboard_domain::record::Record;
use switchboard_domain::sid::TaskSid;
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Millis;

use crate::carrier::Posted;
use crate::kernel::Kernel;
use crate::setup::NUMBER;

/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);

impl Kernel {
    /// Looks at everything, free of any defect that the run suffers from.
    pub(crate) async fn check_at_rest(&mut self) {
        let suffered = mutation::switch(None);
        self.look().await;
        mutation::switch(suffered);
    }

    async fn look(&self) {
        let violated = |rule, detail| self.world.violated(rule, detail);
        let snapshot = Snapshot::read(&self.deployment).expect("the tables can be read");
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
        self.look_at_events(&snapshot);
        self.look_at_words(&messages);
        self.look_at_receipts(&messages);
    }

    /// What the checker can not see in the tables.
    fn outside(&self) -> Facts {
        let acknowledged = self.facts.acknowledged.iter().map(|(id, (from, _))| {
            let address = from.parse().expect("a customer's address");
            let proxy = NUMBER.parse().expect("the business' address");
            (Pair { address, proxy }, message_sid(CarrierName::Twilio, id))
        });
        let state = self.world.state();
        let handed = state.sent.iter().map(|one| Handed {
            message: one.message,
            delivery: one.delivery,
            carrier_message_id: one.id.clone(),
        });
        Facts {
            acknowledged: acknowledged.collect(),
            sent_by_carrier: Some(handed.collect()),
            opted_out: Vec::new(),
            interfered: Some(BTreeSet::new()),
            skew: if state.skew.is_empty() { Millis::seconds(15) } else { SKEW },
            now: self.world.now(),
        }
    }

    /// Every turn of a task's life was written down, once.
    fn look_at_events(&self, snapshot: &Snapshot) {
        let mut told: BTreeMap<(TaskSid, EventType, Option<u32>), usize> = BTreeMap::new();
        for record in &snapshot.records {
            let Record::Occurrence(one) = record else { continue };
            let Subject::Task(task) = &one.subject else { continue };
            for event in &one.events {
                *told.entry((task.sid, event.kind, event.reservation)).or_default() += 1;
            }
        }
        let count = |task: &Task, kind, number| {
            told.get(&(task.sid, kind, number)).copied().unwrap_or_default()
        };
        let tasks = snapshot.records.iter().filter_map(|record| match record {
            Record::Task(task) => Some(task),
            _ => None,
        });
        for task in tasks {
            let ends = count(task, EventType::TaskCompleted, None)
                + count(task, EventType::TaskCanceled, None);
            let asked = (1..task.next_number)
                .all(|number| count(task, EventType::ReservationCreated, Some(number)) == 1);
            let is_told = asked
                && count(task, EventType::TaskCreated, None) == 1
                && ends == usize::from(task.status.is_over());
            if !is_told {
                self.world.violated("every event is told once", format!("{task:?}: {told:?}"));
            }
        }
    }

    /// Every message is the one that was written, and in a conversation.
    fn look_at_words(&self, messages: &[&Message]) {
        for (id, (from, body)) in &self.facts.acknowledged {
            let written: Vec<&&Message> = messages
                .iter()
                .filter(|one| one.origin.as_ref().is_some_and(|it| it.carrier_message_id == *id))
                .collect();
            let fits = |one: &&&Message| {
                one.body.as_ref().is_some_and(|it| it.0 == *body)
                    && one.author == *from
                    && one.conversation.is_some()
            };
            if written.len() != 1 || !written.iter().all(fits) {
                let found = written.len();
                self.world.violated(
                    "what was acknowledged is there once",
                    format!("{id} ({body}) from {from}: {found} of it"),
                );
            }
        }
    }

    /// Every copy came to its end, and stands where the best receipt says.
    fn look_at_receipts(&self, messages: &[&Message]) {
        let state = self.world.state();
        let mut wrong = Vec::new();
        for message in messages {
            for copy in &message.deliveries {
                let mine = |one: &&crate::carrier::Sent| {
                    one.message == message.sid && one.delivery == copy.number
                };
                let taken = state.sent.iter().filter(mine).count();
                let delivered = self.facts.reported.iter().any(|one| {
                    matches!(one, Posted::Receipt { message: m, delivery, status: "delivered" }
                        if *m == message.sid && *delivery == copy.number)
                });
                let fits = match copy.status {
                    DeliveryStatus::Failed => taken == 0,
                    DeliveryStatus::Delivered => taken == 1 && delivered,
                    _ => false,
                };
                if !fits {
                    wrong.push(format!("{copy:?} of {}: taken {taken} times", message.sid));
                }
            }
        }
        drop(state);
        wrong.into_iter().for_each(|one| self.world.violated("every reply arrives once", one));
    }
}
