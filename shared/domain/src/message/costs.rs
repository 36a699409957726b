//! What copies of messages cost, by day, channel and category: told by their carriers, or else by a rate card.

use std::collections::BTreeMap;

use super::{Delivery, Message, RateCards};
use crate::address::ChannelType;
use crate::carriage::DeliveryStatus;
use crate::timestamp::Timestamp;

/// What is summed apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CostLine {
    /// The day on which the copies were handed over, UTC, `2026-11-29`.
    pub day: String,
    /// The customers' channel.
    pub channel: ChannelType,
    /// The carrier's category, where it told one.
    pub category: Option<String>,
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CostSum {
    /// Copies that the carrier took.
    pub copies: u64,
    /// Of these, those that it charges.
    pub billable: u64,
    /// Those that it does not charge, and those that did not arrive and of which it said nothing.
    pub free: u64,
    /// Those of which it did not say whether it charges them.
    pub unknown: u64,
    /// Those not free that have no price, neither told nor listed: the amounts are too low by theirs.
    pub unpriced: u64,
    /// What carriers told, in billionths of each currency.
    pub told: BTreeMap<String, i64>,
    /// What is only known from a rate card, likewise.
    pub listed: BTreeMap<String, i64>,
}

/// What copies of messages cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Costs {
    /// Each sum.
    pub lines: BTreeMap<CostLine, CostSum>,
}

impl Costs {
    /// Adds the copies of a message that were handed over from `from` on and before `to`.
    pub fn add(
        &mut self,
        message: &Message,
        (from, to): (Timestamp, Timestamp),
        cards: &RateCards,
    ) {
        for one in &message.deliveries {
            let at = message.queued_at(one);
            // What left with another copy was not handed over by itself.
            let was_handed_over = one.carrier_message_id.is_some() && one.merged_into.is_none();
            if was_handed_over && (from..to).contains(&at) {
                let line = CostLine {
                    day: at.day(),
                    channel: one.pair.address.channel(),
                    category: one.pricing.as_ref().and_then(|told| told.category.clone()),
                };
                self.lines.entry(line).or_default().count(one, cards);
            }
        }
    }

    /// All lines together.
    pub fn total(&self) -> CostSum {
        let mut total = CostSum::default();
        self.lines.values().for_each(|sum| total.merge(sum));
        total
    }
}

impl CostSum {
    /// Counts one copy that the carrier took.
    fn count(&mut self, one: &Delivery, cards: &RateCards) {
        self.copies += 1;
        let told = one.pricing.as_ref();
        let price = told.and_then(|told| told.price.as_ref());
        let arrives = !matches!(
            one.status,
            DeliveryStatus::Undelivered | DeliveryStatus::Failed | DeliveryStatus::Canceled
        );
        match told.and_then(|told| told.billable).or(price.map(|price| price.nanos > 0)) {
            Some(true) => self.billable += 1,
            None if arrives => self.unknown += 1,
            Some(false) | None => {
                self.free += 1;
                return;
            }
        }
        let category = told.and_then(|told| told.category.as_deref());
        match (price, cards.price(one.created, &one.pair.address, category)) {
            (Some(price), _) => add(&mut self.told, &price.unit, price.nanos),
            (None, Some(price)) => add(&mut self.listed, &price.unit, price.nanos),
            (None, None) => self.unpriced += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.copies += other.copies;
        self.billable += other.billable;
        self.free += other.free;
        self.unknown += other.unknown;
        self.unpriced += other.unpriced;
        for (unit, nanos) in &other.told {
            add(&mut self.told, unit, *nanos);
        }
        for (unit, nanos) in &other.listed {
            add(&mut self.listed, unit, *nanos);
        }
    }
}

fn add(amounts: &mut BTreeMap<String, i64>, unit: &str, nanos: i64) {
    let sum = amounts.entry(unit.to_owned()).or_default();
    *sum = sum.saturating_add(nanos);
}
