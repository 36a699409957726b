//! Events of workers: what they do, what is known of them, how much they take.

use std::collections::BTreeSet;

use crate::event::{ChannelChange, Event, WorkerEvent};
use crate::timestamp::Millis;
use crate::workspace::Worker;

/// The events of a change of a worker who is there afterwards.
pub(super) fn events(before: Option<&Worker>, after: &Worker) -> Vec<Event> {
    let Some(before) = before else {
        return vec![Event::of(WorkerEvent::Created)];
    };
    let mut events = Vec::new();
    if before.activity != after.activity {
        let span = Millis((after.activity_since - before.activity_since).0.max(0));
        let from = Some((before.activity, span));
        events.push(Event { from, ..Event::of(WorkerEvent::ActivityUpdate) });
    }
    if before.attributes != after.attributes {
        events.push(Event::of(WorkerEvent::AttributesUpdate));
    }
    let channels: BTreeSet<_> = before.channels.keys().chain(after.channels.keys()).collect();
    for sid in channels.into_iter().copied() {
        let (was, is) = (before.capacity(sid), after.capacity(sid));
        let channel = Some(ChannelChange { sid, before: was, after: is, open: None });
        if was.capacity != is.capacity {
            events.push(Event { channel, ..Event::of(WorkerEvent::CapacityUpdate) });
        }
        if was.available != is.available {
            events.push(Event { channel, ..Event::of(WorkerEvent::ChannelAvailabilityUpdate) });
        }
    }
    events
}
