//! What goes wrong in a run: nothing, one thing, or whatever the seed says.

use std::collections::BTreeSet;

use switchboard::{Fault, Passage};

use crate::endpoints::ENDPOINT;
use crate::random::Random;
use crate::world::{Pending, World, faults_of};

/// The functions whose clocks may be wrong.
const SKEWED: [&str; 6] = [
    "autocreation",
    "task-assignment",
    "timer",
    "taskrouter-api",
    "outbound-message",
    "interaction-invite",
];
/// The most that a clock is wrong by.
const SKEW_MS: i64 = 300_000;

/// What goes wrong.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Nothing.
    Quiet,
    /// One fault, at the so-and-so-many-th request of a kind.
    Single(Single),
    /// The same fault at the first attempt of every write of the APIs.
    Each(Each),
    /// Whatever the seed says, as often as it says, and perhaps one fault more.
    Random(Profile, Option<Single>),
}

/// One fault.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    pub(crate) label: String,
    pub(crate) occurrence: usize,
    pub(crate) fault: &'static str,
    pub(crate) passage: Passage,
    pub(crate) is_hit: bool,
}

/// A fault that each write meets once: the client's next attempt passes.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) passage: Passage,
    /// The invocations that met it, and at which request.
    pub(crate) met: BTreeSet<(u64, String)>,
}

impl Each {
    fn passage(&mut self, pending: &Pending) -> Passage {
        let is_of_api = pending.label.split(' ').next().is_some_and(|it| it.ends_with("-api"));
        let is_write = pending.is_write && pending.service == "tables" && is_of_api;
        match is_write && self.met.insert((pending.invocation, pending.label.clone())) {
            true => self.passage,
            false => Passage::default(),
        }
    }
}

/// How often what goes wrong, in a thousand.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) is_active: bool,
    pub(crate) faults: usize,
    pub(crate) copies: usize,
    pub(crate) forgets: usize,
    pub(crate) stalls: usize,
    pub(crate) replays: usize,
    pub(crate) is_skewed: bool,
    /// The invocation whose service is down for good, and which service.
    pub(crate) outage: Option<(u64, &'static str)>,
}

/// The carrier is asked seldom, and so is made to fail the more often.
const CARRIER_FACTOR: usize = 6;
/// The same for customers' endpoints.
const ENDPOINT_FACTOR: usize = 3;
/// How often in a thousand a fault is none that passes: the SDK's next attempts fail as well.
const OUTAGES: usize = 300;

impl Profile {
    pub(crate) fn of(random: &mut Random) -> Self {
        let mut level = |levels: &[usize]| *random.pick(levels).unwrap_or(&0);
        Self {
            is_active: true,
            faults: level(&[0, 10, 40, 100]),
            copies: level(&[0, 60, 250]),
            forgets: level(&[0, 40, 100]),
            stalls: level(&[0, 5, 20]),
            replays: level(&[0, 2, 10]),
            is_skewed: level(&[0, 0, 0, 1]) == 1,
            outage: None,
        }
    }
}

impl Single {
    /// What happens to this request, if it is the one.
    fn passage(&mut self, pending: &Pending, visits: usize) -> Option<Passage> {
        let is_it = pending.label == self.label && visits == self.occurrence;
        self.is_hit |= is_it;
        is_it.then_some(self.passage)
    }
}

impl Profile {
    fn passage(&mut self, pending: &Pending, random: &mut Random) -> Passage {
        if !self.is_active {
            return Passage::default();
        }
        if self.outage == Some((pending.invocation, pending.service)) {
            return Passage { before: Some(Fault::Failed), after: None };
        }
        let is_carrier = pending.service == "carrier";
        let often = match pending.service {
            "carrier" => self.faults * CARRIER_FACTOR,
            ENDPOINT => self.faults * ENDPOINT_FACTOR,
            _ => self.faults,
        };
        if !random.chance(often) {
            return Passage::default();
        }
        if is_carrier && random.chance(100) {
            return Passage { before: Some(Fault::Conflict), after: None };
        }
        if random.chance(OUTAGES) {
            self.outage = Some((pending.invocation, pending.service));
            return Passage { before: Some(Fault::Failed), after: None };
        }
        let faults = faults_of(pending.service, pending.is_write);
        random.pick(&faults).map(|(_, passage)| *passage).unwrap_or_default()
    }
}

impl Plan {
    /// Sets what is wrong from the beginning.
    pub(crate) fn begin(&self, world: &World, random: &mut Random) {
        let Self::Random(profile, _) = self else { return };
        if profile.is_skewed {
            for function in SKEWED {
                let by = random.below(601) as i64 * 1000 - SKEW_MS;
                world.state().skew.insert(function.to_owned(), by);
            }
        }
    }

    /// Whether the one fault has struck.
    pub(crate) fn has_struck(&self) -> bool {
        matches!(self, Self::Single(single) | Self::Random(_, Some(single)) if single.is_hit)
    }

    /// From now on nothing goes wrong by chance.
    pub(crate) fn calm(&mut self) {
        if let Self::Random(profile, _) = self {
            profile.is_active = false;
        }
    }

    /// The profile, while things go wrong.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Random(profile, _) if profile.is_active => Some(profile),
            _ => None,
        }
    }

    /// What happens to the request at that place.
    pub(crate) fn passage(&mut self, world: &World, place: usize, random: &mut Random) -> Passage {
        let mut state = world.state();
        let Some(pending) = state.pending.get(place) else {
            return Passage::default();
        };
        let visits = state.sites.get(&pending.label).map_or(0, |site| site.visits);
        match self {
            Self::Quiet => Passage::default(),
            Self::Single(single) => single.passage(pending, visits).unwrap_or_default(),
            Self::Each(each) => each.passage(pending),
            Self::Random(profile, single) => {
                match single.as_mut().and_then(|single| single.passage(pending, visits)) {
                    Some(passage) => {
                        // Whatever was promised for calm times is not any more.
                        state.book.calm_since = None;
                        passage
                    }
                    None => profile.passage(pending, random),
                }
            }
        }
    }

    /// Whether a queue does not learn that a batch is done.
    pub(crate) fn forgets(&self, random: &mut Random) -> bool {
        self.profile().is_some_and(|profile| random.chance(profile.forgets))
    }
}
