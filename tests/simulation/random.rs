//! One seed, many streams of numbers: splitmix64, so that a run depends on nothing but its seed.
//!
//! Every concern draws from a stream of its own, and every decision from a stream of its own within that. A fault that is
//! new, or an actor who asks for more, changes what it decides, and the other streams of an old seed stay as they are.

/// A source of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A stream for one decision, which may draw as much as it likes: it takes one number of this one.
    pub(crate) fn decision(&mut self) -> Self {
        Self(self.next())
    }

    /// Below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Whether it happens, with this chance in a thousand.
    pub(crate) fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        match of.len() {
            0 => None,
            count => of.get(self.below(count)),
        }
    }

    /// A place, by weight.
    pub(crate) fn weighed(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}

/// What a stream decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    /// What the contact centre is like.
    Setting,
    /// How often what goes wrong, and for how long.
    Profile,
    /// The identifiers and pauses that functions draw.
    Ids,
    /// What happens next: a request, a delivery, a person, time.
    Turns,
    /// Whose request is next.
    Requests,
    /// Which request goes wrong, and how.
    Faults,
    /// Which queue or stream is delivered, in which portions.
    Deliveries,
    /// Which queue stands still, which stream begins anew.
    Disturbances,
    /// Who acts, and what they do.
    People,
    /// What the carrier posts next, and what twice.
    Carrier,
    /// What the endpoints of customers say.
    Endpoints,
    /// How much time passes.
    Time,
    /// How wrong clocks are.
    Clocks,
    /// Which road functions take to tables and queues.
    Road,
    /// What customers are called.
    Names,
    /// Which messages of customers come together.
    Batches,
    /// Which conversations get timers.
    Timers,
    /// Who speaks alone.
    Speakers,
    /// What is done with files.
    Files,
    /// Who is in a browser.
    Clients,
    /// Who begins to listen.
    Listeners,
    /// Who is together with whom.
    Groups,
    /// Who writes where no conversation is opened.
    Lines,
    /// Who wants to hear from us, and who does not.
    Opting,
    /// What goes out later, and what is taken back.
    Schedules,
    /// What is done for conversations that nobody is responsible for.
    Cares,
}

impl Concern {
    pub(crate) const ALL: [Self; 26] = [
        Self::Setting,
        Self::Profile,
        Self::Ids,
        Self::Turns,
        Self::Requests,
        Self::Faults,
        Self::Deliveries,
        Self::Disturbances,
        Self::People,
        Self::Carrier,
        Self::Endpoints,
        Self::Time,
        Self::Clocks,
        Self::Road,
        Self::Names,
        Self::Batches,
        Self::Timers,
        Self::Speakers,
        Self::Files,
        Self::Clients,
        Self::Listeners,
        Self::Groups,
        Self::Lines,
        Self::Opting,
        Self::Schedules,
        Self::Cares,
    ];

    /// By its name and not by its place, so that one more changes none of the others.
    fn salt(self) -> u64 {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{self:?}").bytes().fold(0xcbf2_9ce4_8422_2325, fold)
    }
}

/// The streams of one seed, by concern.
#[derive(Debug, Clone)]
pub(crate) struct Streams([Random; Concern::ALL.len()]);

impl Streams {
    pub(crate) fn of(seed: u64) -> Self {
        // Seeds are small numbers; mixed, two of them have nothing in common.
        let mixed = Random::new(seed).next();
        Self(Concern::ALL.map(|concern| Random::new(mixed ^ concern.salt())))
    }

    /// The next decision of a concern.
    pub(crate) fn decision(&mut self, concern: Concern) -> Random {
        self.0[concern as usize].decision()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next numbers of every stream but one.
    fn all_but(mut streams: Streams, concern: Concern) -> Vec<u64> {
        let others = Concern::ALL.into_iter().filter(|other| *other != concern);
        others.flat_map(|other| [(); 50].map(|()| streams.decision(other).next())).collect()
    }

    #[test]
    fn drawing_more_from_one_stream_leaves_the_others_as_they_are() {
        for concern in Concern::ALL {
            let (untouched, mut drawn) = (Streams::of(7), Streams::of(7));
            for _ in 0..1000 {
                drawn.decision(concern);
            }
            assert_eq!(all_but(untouched, concern), all_but(drawn, concern), "{concern:?}");
        }
    }

    #[test]
    fn a_decision_may_draw_as_much_as_it_likes() {
        let (mut little, mut much) = (Streams::of(7), Streams::of(7));
        little.decision(Concern::Faults).next();
        let mut decision = much.decision(Concern::Faults);
        for _ in 0..100 {
            decision.next();
        }
        assert_eq!(little.decision(Concern::Faults), much.decision(Concern::Faults));
    }

    #[test]
    fn no_two_streams_are_alike() {
        let firsts = |seed| {
            let mut streams = Streams::of(seed);
            Concern::ALL.map(|concern| streams.decision(concern).next())
        };
        let mut all: Vec<u64> = (0..20).flat_map(firsts).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_place_of_a_stream_is_its_concerns() {
        for (place, concern) in Concern::ALL.into_iter().enumerate() {
            assert_eq!(place, concern as usize);
        }
    }
}
