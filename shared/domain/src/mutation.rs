//! Deliberate defects, so that the simulator can be seen to notice: a proof that cannot fail proves nothing.
//!
//! They are compiled in by the feature `mutations`, which only the tests of the workspace turn on, and are
//! off until a test switches one on for its own thread.

macro_rules! mutations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutation {
            $($(#[$doc])* $name,)*
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

mutations! {
    /// The binding of an address pair is written whether or not there is one.
    BindingUnconditional,
    /// Changed tasks are written whatever has become of them in between.
    TaskUnconditional,
    /// Effects are sent before their change is committed.
    EffectsBeforeCommit,
    /// The relay does not send the effects of a change once more.
    RelaySkips,
    /// The head of a workspace is written whoever has moved it in between.
    HeadUnfenced,
    /// A worker takes more work than there is room for.
    CapacityForgotten,
    /// Every open reservation counts twice.
    CapacityTwice,
    /// The carrier is told that a message arrived before the queue has it.
    AcknowledgedTooEarly,
    /// A late receipt takes a delivery back.
    ReceiptsMoveDown,
    /// The same message of a carrier is another one at another time.
    MessageNotDerived,
    /// A reservation can be accepted after its time.
    AcceptedTooLate,
    /// A send whose end is unknown is sent again unasked.
    ResentUnasked,
    /// A carrier is called without a lease.
    SentWithoutLease,
    /// Messages of a queue that failed are reported as done.
    FailuresSwallowed,
    /// An interaction does not note that a task of it has ended.
    EndForgotten,
    /// A conversation that is closed keeps its address pair.
    BindingKept,
    /// Two messages get the same index.
    IndexRepeated,
    /// Two changes of one item give their effects the same names.
    EffectsNamedAlike,
    /// Reservations that were not answered stay open.
    NeverLapses,
    /// When one of several workers takes a task, the others stay asked.
    SiblingsKept,
    /// An event that cannot be written down is passed over.
    LogForgets,
    /// What an assignment callback says is passed over.
    AnswerIgnored,
    /// What an assignment callback says of one reservation is taken for the one that is open by then.
    AnswerMistaken,
    /// The assignment callback is told of a task's first reservation alone.
    OnlyFirstCalled,
    /// A reservation stays open although nobody was there to be told of it.
    NobodyReached,
    /// An event that is written down already is not told again.
    EventsToldOnce,
    /// The event callback is told of everything.
    EventsUnfiltered,
    /// An endpoint that does not answer is called no more.
    CalledOnce,
    /// A task that has waited for too long waits on.
    AgeingForgotten,
    /// Urgent tasks wait like all others.
    PriorityForgotten,
    /// Whoever was moved by a reservation is not given back.
    OccupiedForGood,
    /// Where tasks are done one by one, workers get several.
    SingleForgotten,
    /// Nobody looks after a task that is assigned for too long.
    AssignedForGood,
    /// A task that has waited for all of its time waits on.
    NeverDies,
    /// An agent is seated as often as they are announced.
    SeatedTwice,
    /// A router does not read what was changed under the head.
    NewsUnread,
    /// A router believes that it wrote what it could not write.
    LostKept,
}

#[cfg(feature = "mutations")]
mod switch {
    use super::Mutation;
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Mutation>> = const { Cell::new(None) };
    }

    /// Whether this thread suffers from a defect.
    pub fn is_on(mutation: Mutation) -> bool {
        ON.get() == Some(mutation)
    }

    /// Switches this thread's defect, and tells which it was.
    pub fn switch(mutation: Option<Mutation>) -> Option<Mutation> {
        ON.replace(mutation)
    }
}

#[cfg(feature = "mutations")]
pub use switch::{is_on, switch};

/// Whether this thread suffers from a defect: never.
#[cfg(not(feature = "mutations"))]
pub const fn is_on(_: Mutation) -> bool {
    false
}
