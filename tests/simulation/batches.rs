//! A carrier that puts several messages into one webhook: new ones among old ones, which it was answered for before.

use switchboard_domain::carriage::CarrierName;

use crate::carrier::{Written, customers_write};
use crate::kernel::Kernel;
use crate::random::Concern;
use crate::sometimes::{Sometimes, meet};

/// How often, in a thousand, somebody who acts is a carrier with a batch.
const OFTEN: usize = 40;
/// The most messages that come again, and the most that are new.
const OLD_MAX: usize = 4;
const NEW_MAX: usize = 2;

impl Kernel {
    /// Perhaps several messages come together, in any order.
    pub(crate) async fn several_come_together(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Batches);
        if !random.chance(OFTEN) {
            return false;
        }
        let carrier = CarrierName::ALL[random.below(CarrierName::ALL.len())];
        let known = self.facts.acknowledged.iter().filter(|(_, one)| one.carrier == carrier);
        let known: Vec<(String, Written)> =
            known.map(|(id, it)| (id.clone(), it.clone())).collect();
        let mut batch: Vec<(String, Written)> = Vec::new();
        for _ in 0..random.below(OLD_MAX + 1) {
            batch.extend(random.pick(&known).cloned());
        }
        if batch.len() > 1 {
            meet(&mut self.world.state().met, Sometimes::BatchRepeated);
        }
        for _ in 0..random.below(NEW_MAX + 1) {
            self.messages += 1;
            let body = format!("message {}", self.messages);
            let id = format!("SM{:032x}", self.messages);
            let written = self.somebody_of(carrier, random, body);
            batch.insert(random.below(batch.len() + 1), (id, written));
        }
        for post in customers_write(carrier, batch) {
            self.post(post).await;
        }
        true
    }
}
