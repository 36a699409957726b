//! Messages on their way: what customers wrote is kept once, what is written to them is handed over once.

use std::collections::{BTreeMap, HashSet};

use switchboard_domain::carriage::{DeliveryStatus, message_sid};
use switchboard_domain::message::{CopyOf, Delivery, Message};
use switchboard_domain::sid::MessageSid;
use switchboard_store::Table;

use crate::facts::{Facts, Handed};
use crate::merged::handed_over;
use crate::view::View;
use crate::violation::Found;

const INBOUND: &str = "a customer's message is kept under the identifier of its carrier";
const KEPT: &str = "an acknowledged message is kept";
const SYNCED: &str = "an acknowledged message is on the disk";
const ONCE: &str = "a delivery is handed to its carrier once";
const RECORDED: &str = "what a carrier accepted is recorded";
const CARRIER_ID: &str = "a delivery that is out has its carrier's identifier";
const LEASE: &str = "a delivery is leased while it is being sent, and only then";
const NUMBERS: &str = "the deliveries of a message have numbers of their own";
const UNSENT: &str = "what is scheduled or canceled was never handed over";
const OUT: &str = "at rest every delivery is out or given up";

/// Which delivery of which message.
type DeliveryKey = (MessageSid, u32);

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Conversations) {
        return;
    }
    let mut carried: BTreeMap<&str, DeliveryKey> = BTreeMap::new();
    let mut origins: BTreeMap<(&str, &str), MessageSid> = BTreeMap::new();
    for message in view.messages.values() {
        if let Some(origin) = &message.origin {
            let (carrier, id) = (origin.carrier, origin.carrier_message_id.as_str());
            if let Some(other) = origins.insert((carrier.name(), id), message.sid) {
                found.add(INBOUND, "two messages have the same", [message.sid, other]);
            }
        }
        alone(message, view.at_rest, found);
        for delivery in &message.deliveries {
            // The copies that a group gets are handed over as one, and texts that leave together.
            let CopyOf { message: first, number } = handed_over(message, delivery);
            let place = (first, number);
            let is_one_of_several = delivery.led_by.is_some()
                || delivery.merged_into.is_some()
                || !delivery.merged.is_empty();
            if let Some(id) = &delivery.carrier_message_id
                && let Some(other) = carried.insert(id, place)
                && (other != place || !is_one_of_several)
            {
                let names = [name(place), name(other)];
                found.add(ONCE, "two deliveries share an identifier", names);
            }
        }
    }
    if let Some(facts) = view.facts {
        outside(view, facts, found);
    }
}

/// What a message says about itself.
pub(crate) fn alone(message: &Message, at_rest: bool, found: &mut Found) {
    if let Some(origin) = &message.origin
        && message_sid(origin.carrier, &origin.carrier_message_id) != message.sid
    {
        found.add(INBOUND, "it has another", [message.sid]);
    }
    let mut numbers = HashSet::new();
    for delivery in &message.deliveries {
        let name = name((message.sid, delivery.number));
        if !numbers.insert(delivery.number) {
            found.add(NUMBERS, format!("number {} twice", delivery.number), [&name]);
        }
        one(delivery, &name, at_rest, found);
    }
}

fn name((message, delivery): DeliveryKey) -> String {
    format!("{message}/{delivery}")
}

fn one(delivery: &Delivery, name: &str, at_rest: bool, found: &mut Found) {
    use DeliveryStatus::{Canceled, Delivered, Failed, Queued, Read, Scheduled, Sent, Undelivered};
    let status = delivery.status.name();
    let has_id = delivery.carrier_message_id.is_some();
    match delivery.status {
        Sent | Delivered | Read | Undelivered if !has_id => {
            found.add(CARRIER_ID, format!("it is {status} without"), [name]);
        }
        Scheduled | Canceled if has_id || delivery.attempts > 0 => {
            found.add(UNSENT, format!("it is {status}, and a send was begun"), [name]);
        }
        Scheduled | Canceled | Queued | Sent | Delivered | Read | Undelivered | Failed => {}
    }
    if delivery.begun.is_some() {
        if delivery.status != Queued || has_id {
            found.add(LEASE, format!("it is {status} and leased"), [name]);
        } else if delivery.attempts == 0 {
            found.add(LEASE, "it is leased without an attempt", [name]);
        }
    }
    if at_rest && delivery.status == Queued && !has_id {
        let what = match delivery.begun {
            Some(_) => "a send was begun and never ended",
            None => "it waits to be sent",
        };
        found.add(OUT, what, [name]);
    }
}

/// What carriers and customers know.
fn outside(view: &View<'_>, facts: &Facts, found: &mut Found) {
    for (pair, sid) in &facts.acknowledged {
        let Some(message) = view.messages.get(sid) else {
            let is_waiting = facts.waiting.as_ref().map(|waiting| waiting.contains(sid));
            if view.at_rest {
                found.add(KEPT, "it is not there", [sid]);
            } else if is_waiting == Some(false) {
                found.add(SYNCED, "it is neither in a table nor in a queue", [sid]);
            }
            continue;
        };
        if message.origin.as_ref().is_some_and(|origin| origin.pair != *pair) {
            found.add(KEPT, "it is kept with another address pair", [sid]);
        }
    }
    if let Some(sent) = &facts.sent_by_carrier {
        handed(view, sent, found);
    }
}

fn handed(view: &View<'_>, sent: &[Handed], found: &mut Found) {
    let mut accepted: BTreeMap<DeliveryKey, &Handed> = BTreeMap::new();
    for handed in sent {
        let place = (handed.message, handed.delivery);
        if accepted.insert(place, handed).is_some() {
            found.add(ONCE, "the carrier accepted it twice", [name(place)]);
        }
        let message: Option<&Message> = view.messages.get(&handed.message).copied();
        let delivery = message.and_then(|message| message.delivery(handed.delivery));
        if delivery.is_some_and(|delivery| delivery.attempts == 0) {
            found.add(LEASE, "it was sent without", [name(place)]);
        }
        let recorded = delivery.and_then(|delivery| delivery.carrier_message_id.as_deref());
        match recorded {
            Some(id) if id == handed.carrier_message_id => {}
            Some(_) => found.add(RECORDED, "with another identifier", [name(place)]),
            None if view.at_rest => found.add(RECORDED, "it is not", [name(place)]),
            None => {}
        }
    }
    for message in view.messages.values() {
        let with_id = message.deliveries.iter().filter(|one| one.carrier_message_id.is_some());
        for delivery in with_id {
            let CopyOf { message: first, number } = handed_over(message, delivery);
            let place = (first, number);
            if !accepted.contains_key(&place) {
                found.add(RECORDED, "it is recorded but was never accepted", [name(place)]);
            }
        }
    }
}
