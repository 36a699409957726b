//! The waiting tasks that freed workers may take, merged from all their lines in order of place.

use std::collections::{BTreeMap, BTreeSet};

use crate::routing::picture::{Lane, Picture, Precedence};
use crate::sid::{TaskChannelSid, WorkerSid};

/// A cursor in every line that some freed worker serves.
///
/// No other worker is eligible for a task that is not to be looked at, so a line is done with when the
/// last freed worker of it has no capacity left, however many tasks wait in it.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    live: BTreeMap<Lane, BTreeSet<WorkerSid>>,
    heads: BTreeMap<Precedence, Lane>,
    channels: BTreeSet<TaskChannelSid>,
}

impl Lines {
    pub(super) fn of_freed(picture: &Picture) -> Self {
        let mut live: BTreeMap<Lane, BTreeSet<WorkerSid>> = BTreeMap::new();
        for member in picture.agenda.freed.iter().filter_map(|worker| picture.member(*worker)) {
            for channel in member.channels() {
                let lanes = member.lines().map(|line| (line, channel));
                for lane in lanes.filter(|lane| picture.is_waited_in(*lane)) {
                    live.entry(lane).or_default().insert(member.record.sid);
                }
            }
        }
        let first = |lane: &Lane| Some((picture.next_in(*lane, None)?, *lane));
        let heads = live.keys().filter_map(first).collect();
        let channels = live.keys().map(|(_, channel)| *channel).collect();
        Self { live, heads, channels }
    }

    /// The place that comes next.
    pub(super) fn first(&self) -> Option<Precedence> {
        self.heads.first_key_value().map(|(place, _)| *place)
    }

    /// Moves on behind a place.
    pub(super) fn pass(&mut self, place: Precedence, picture: &Picture) {
        if let Some(lane) = self.heads.remove(&place)
            && self.live.contains_key(&lane)
            && let Some(next) = picture.next_in(lane, Some(place))
        {
            self.heads.insert(next, lane);
        }
    }

    /// The freed workers who serve a line and have capacity left.
    pub(super) fn live(&self, lane: Lane) -> Option<&BTreeSet<WorkerSid>> {
        self.live.get(&lane)
    }

    /// Lets a worker who got something to do take from the lines in which that can make them eligible, behind a place.
    pub(super) fn join(&mut self, worker: WorkerSid, place: Precedence, picture: &Picture) {
        let Some(member) = picture.member(worker).filter(|_| picture.busier_can_suit()) else {
            return;
        };
        let lines = || member.lines().filter(|line| picture.can_suit_when_busier(*line));
        for channel in member.channels() {
            for lane in lines().map(|line| (line, channel)) {
                if !self.heads.values().any(|head| *head == lane)
                    && let Some(next) = picture.next_in(lane, Some(place))
                {
                    self.heads.insert(next, lane);
                }
                self.live.entry(lane).or_default().insert(worker);
                self.channels.insert(channel);
            }
        }
    }

    /// Takes a worker out of the lines that their capacity no longer reaches.
    pub(super) fn occupied(&mut self, worker: WorkerSid, picture: &Picture) {
        let Some(member) = picture.member(worker) else {
            return;
        };
        let gone = self.channels.iter().filter(|channel| member.idle(**channel).is_none());
        let lanes = gone.flat_map(|channel| member.lines().map(|line| (line, *channel)));
        for lane in lanes {
            if let Some(live) = self.live.get_mut(&lane) {
                live.remove(&worker);
                if live.is_empty() {
                    self.live.remove(&lane);
                }
            }
        }
    }
}
