//! A bundle that is driven by hand: one batch after the other, in one order, so that two runs are alike.
//!
//! It does what the event source mappings of Lambda do, and counts the requests that they are billed for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use switchboard::Deployment;
use switchboard::driver::Waking;
use switchboard::template::Source;

/// At most this many rounds end any walk; more is a circle.
const ROUNDS_MAX: usize = 1000;

/// What polling has cost a queue: requests that brought messages, and requests that deleted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polls {
    /// Receives.
    pub receives: i64,
    /// Deletes.
    pub deletes: i64,
    /// Messages that were handled one after the other: of each batch those of its largest group.
    pub rounds: i64,
}

/// Drives a deployment that is not driven by itself.
#[derive(Debug, Default)]
pub struct Hand {
    polls: Mutex<BTreeMap<String, Polls>>,
    /// The last record that each function has read of each table.
    positions: Mutex<BTreeMap<(String, String), Option<String>>>,
}

impl Hand {
    /// The requests of polling until now, by queue.
    pub fn polls(&self) -> BTreeMap<String, Polls> {
        lock(&self.polls).clone()
    }

    /// Works until every queue is empty and every stream is read. Streams are looked at when no queue has
    /// anything: the relay is the slow road, and one invocation of it reads what a whole walk has written.
    pub(crate) async fn work_off(&self, deployment: &Deployment) {
        let wakings = deployment.wakings();
        for _ in 0..ROUNDS_MAX {
            let mut worked = false;
            for waking in &wakings {
                worked |= self.poll(deployment, waking).await;
            }
            if worked {
                continue;
            }
            self.enrol(&wakings);
            for waking in &wakings {
                worked |= self.follow(deployment, waking).await;
            }
            if !worked {
                return;
            }
        }
        panic!("not quiet after {ROUNDS_MAX} rounds: {:?}", deployment.depths().await);
    }

    /// A reader that has read nothing yet holds up what is forgotten.
    fn enrol(&self, wakings: &[Waking]) {
        let mut positions = lock(&self.positions);
        for Waking { function, source } in wakings {
            if let Source::Stream { table, .. } = source {
                positions.entry((table.clone(), function.clone())).or_default();
            }
        }
    }

    /// One batch of a queue; false if there was none.
    async fn poll(&self, deployment: &Deployment, waking: &Waking) -> bool {
        let Source::Queue { queue, batching, .. } = &waking.source else { return false };
        let messages = deployment.receive(queue, batching.size).await.expect("the queue answers");
        if messages.is_empty() {
            return false;
        }
        self.count(queue, |polls| {
            polls.receives += 1;
            polls.rounds += rounds(&messages);
        });
        let event = deployment.queue_event(queue, &messages);
        let answer = deployment.invoke(&waking.function, event).await.expect("the function ends");
        let done = Deployment::succeeded(&messages, &answer);
        assert_eq!(done.len(), messages.len(), "{}: {answer}", waking.function);
        self.count(queue, |polls| polls.deletes += 1);
        deployment.delete(queue, &done).await.expect("the queue deletes");
        true
    }

    /// One batch of a stream; false if there was none.
    async fn follow(&self, deployment: &Deployment, waking: &Waking) -> bool {
        let Source::Stream { table, batching, filters, .. } = &waking.source else { return false };
        let reader = (table.clone(), waking.function.clone());
        let after = lock(&self.positions).get(&reader).cloned().flatten();
        let records = deployment.changes(table, after.as_deref(), batching.size).await;
        let records: Vec<Value> = records.expect("the stream answers");
        let Some(last) = records.last() else { return false };
        let wanted = filters.wanted(&records);
        if !wanted.is_empty() {
            let event = deployment.stream_event(table, &wanted);
            let answer = deployment.invoke(&waking.function, event).await;
            let answer = answer.expect("the function ends");
            assert_eq!(Deployment::consumed(&wanted, &answer), wanted.len(), "{answer}");
        }
        let last = Deployment::sequence_number(last).to_owned();
        if let Some(done) = self.done(reader, last) {
            deployment.checkpoint(table, &done).expect("the stream forgets");
        }
        true
    }

    /// Notes how far a function has read a table; the last record that all have read.
    fn done(&self, reader: (String, String), last: String) -> Option<String> {
        let mut positions = lock(&self.positions);
        let table = reader.0.clone();
        positions.insert(reader, Some(last));
        let mine = positions.iter().filter(|((of, _), _)| *of == table);
        // They are digits of one length.
        mine.map(|(_, position)| position.clone()).min().flatten()
    }

    fn count(&self, queue: &str, add: impl FnOnce(&mut Polls)) {
        add(lock(&self.polls).entry(queue.to_owned()).or_default());
    }
}

/// How many messages of a batch are in its largest group; one that is in no group is alone.
fn rounds(messages: &[Value]) -> i64 {
    let mut groups: BTreeMap<&str, i64> = BTreeMap::new();
    for message in messages {
        let group = message["Attributes"]["MessageGroupId"].as_str();
        *groups.entry(group.unwrap_or_default()).or_default() += 1;
    }
    groups.into_values().max().unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
