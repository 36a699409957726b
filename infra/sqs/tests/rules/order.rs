//! The promise of a FIFO queue, held against a model of a few lines under random use.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use switchboard_sqs::ErrorKind;

use crate::world::{World, held};

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8 },
    Receive { limit: usize, seconds: i64 },
    Delete { pick: usize },
    Release { pick: usize },
    Pass { ms: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..4).prop_map(|group| Step::Send { group }),
        3 => (1_usize..=10, 0_i64..5).prop_map(|(limit, seconds)| Step::Receive { limit, seconds }),
        3 => any::<usize>().prop_map(|pick| Step::Delete { pick }),
        1 => any::<usize>().prop_map(|pick| Step::Release { pick }),
        2 => (0_i64..3000).prop_map(|ms| Step::Pass { ms }),
    ]
}

/// A receive that some consumer remembers, maybe longer than it should.
struct Receipt {
    message: Value,
    body: String,
    turn: usize,
}

/// A body, and until when it is held by which receive.
type Expected = (String, Option<(i64, usize)>);

/// What must be in the queue: per group, in order, the body and who holds it until when.
#[derive(Default)]
struct Model {
    groups: BTreeMap<String, Vec<Expected>>,
    turn: usize,
}

impl Model {
    fn is_held(&self, group: &str, now_ms: i64) -> bool {
        let live = |held: &Option<(i64, usize)>| held.is_some_and(|(until, _)| until > now_ms);
        self.groups[group].iter().any(|(_, held)| live(held))
    }

    fn entry(&mut self, body: &str) -> Option<&mut Expected> {
        let group = group_of(body);
        self.groups.get_mut(group)?.iter_mut().find(|(known, _)| known == body)
    }

    fn receive(&mut self, messages: &[Value], limit: usize, now_ms: i64, until_ms: i64) {
        let free: Vec<String> =
            self.groups.keys().filter(|group| !self.is_held(group, now_ms)).cloned().collect();
        let available: usize = free.iter().map(|group| self.groups[group].len()).sum();
        assert_eq!(messages.len(), available.min(limit), "everything that may come does come");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        self.turn += 1;
        for message in messages {
            let body = message["Body"].as_str().unwrap();
            let group = group_of(body).to_owned();
            assert!(free.contains(&group), "group {group} is held by somebody else");
            let place = seen.entry(group.clone()).or_default();
            let entry = &mut self.groups.get_mut(&group).unwrap()[*place];
            assert_eq!(entry.0, body, "order within the group");
            entry.1 = Some((until_ms, self.turn));
            *place += 1;
        }
    }
}

fn group_of(body: &str) -> &str {
    body.split(':').next().unwrap()
}

fn run(steps: &[Step]) {
    let mut world = World::new();
    let url = world.queue("q.fifo", json!({}));
    let mut model = Model::default();
    let mut receipts: Vec<Receipt> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        match step {
            Step::Send { group } => {
                let body = format!("g{group}:{i}");
                world.send_to(&url, &format!("g{group}"), &body);
                model.groups.entry(format!("g{group}")).or_default().push((body, None));
            }
            Step::Receive { limit, seconds } => {
                let wish = json!({ "MaxNumberOfMessages": limit, "VisibilityTimeout": seconds });
                let messages = world.receive_with(&url, wish);
                let now_ms = world.now_ms;
                model.receive(&messages, *limit, now_ms, now_ms + seconds * 1000);
                receipts.extend(messages.into_iter().map(|message| Receipt {
                    body: message["Body"].as_str().unwrap().to_owned(),
                    message,
                    turn: model.turn,
                }));
            }
            Step::Delete { pick } if !receipts.is_empty() => {
                let receipt = receipts.swap_remove(pick % receipts.len());
                delete(&mut world, &mut model, &url, &receipt);
            }
            Step::Release { pick } if !receipts.is_empty() => {
                let receipt = &receipts[pick % receipts.len()];
                let now_ms = world.now_ms;
                if let Some(entry) = model.entry(&receipt.body)
                    && entry.1.is_some_and(|(until, turn)| until > now_ms && turn == receipt.turn)
                {
                    entry.1 = None;
                    world.hold(&url, &receipt.message, 0);
                }
            }
            Step::Pass { ms } => world.pass(*ms),
            Step::Delete { .. } | Step::Release { .. } => {}
        }
    }
    drain(&mut world, &model, &url);
}

/// A receipt that still holds its message deletes it; one that does not is refused.
fn delete(world: &mut World, model: &mut Model, url: &str, receipt: &Receipt) {
    let now_ms = world.now_ms;
    match model.entry(&receipt.body).map(|entry| entry.1) {
        None => world.delete(url, &receipt.message),
        Some(Some((until, turn))) if until > now_ms && turn == receipt.turn => {
            world.delete(url, &receipt.message);
            let group = model.groups.get_mut(group_of(&receipt.body)).unwrap();
            group.retain(|(body, _)| *body != receipt.body);
        }
        Some(_) => {
            let refused = world.refused("DeleteMessage", held(url, &receipt.message));
            assert_eq!(refused, ErrorKind::InvalidParameterValue);
        }
    }
}

/// What the model still has comes exactly once, in order; then the queue is empty.
fn drain(world: &mut World, model: &Model, url: &str) {
    world.pass(60_000);
    let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
    loop {
        let messages = world.receive(url);
        if messages.is_empty() {
            break;
        }
        for message in &messages {
            let body = message["Body"].as_str().unwrap().to_owned();
            left.entry(group_of(&body).to_owned()).or_default().push(body);
            world.delete(url, message);
        }
    }
    for (group, expected) in &model.groups {
        let expected: Vec<String> = expected.iter().map(|(body, _)| body.clone()).collect();
        assert_eq!(left.remove(group).unwrap_or_default(), expected);
    }
    assert!(left.is_empty());
    assert_eq!(world.counts(url), ["0", "0", "0"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_holds_groups_never_overlap_and_what_is_deleted_never_returns(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        run(&steps);
    }
}
