//! A function that is busy for ever, without waiting for anything, stops simulated time; it is found by how often it is
//! polled.

use crate::kernel::Kernel;
use crate::plan::Plan;
use crate::random::{Concern, Streams};
use crate::runs::{Run, simulated};
use crate::setup::Setting;

/// The minute's tick of a world in which every request of a function is polled for ever.
fn spun(seed: u64) -> Run {
    simulated(async {
        let mut kernel = Kernel::start(seed, Plan::Quiet, Setting::default()).await;
        kernel.world.state().spins = true;
        kernel.tick().await;
        kernel.settle().await;
        kernel.outcome(seed)
    })
}

#[test]
fn a_function_that_spins_fails_with_its_seed() {
    let outcome = spun(7);
    let broken: Vec<_> = outcome.violations.iter().map(|one| one.rule).collect();
    assert_eq!(broken, ["every function comes to its end"], "{outcome}");
    let shown = outcome.to_string();
    assert!(shown.contains("seed 7 ") && shown.contains("timer ← tick"), "{shown}");
}

/// Decisions that nobody made do not change those that somebody made: a run in which some streams are drawn from more
/// often is the same run, as long as what they decide is not used.
#[test]
fn a_run_does_not_depend_on_streams_that_it_does_not_use() {
    let walked = |wastes: bool| {
        simulated(async {
            let mut kernel = Kernel::start(5, Plan::Quiet, Setting::default()).await;
            for _ in 0..80 {
                if wastes {
                    for concern in [Concern::Faults, Concern::Disturbances, Concern::Clocks] {
                        kernel.streams.decision(concern);
                    }
                }
                kernel.act().await;
                kernel.settle().await;
                kernel.drain(1_000).await;
            }
            kernel.outcome(5)
        })
    };
    let (plain, wasteful) = (walked(false), walked(true));
    assert!(plain.violations.is_empty(), "{plain}");
    assert!(plain.calls > 300, "{plain}");
    assert_eq!((plain.hash, plain.calls), (wasteful.hash, wasteful.calls));
    let next = |seed| Streams::of(seed).decision(Concern::People).next();
    assert_ne!(next(5), next(6));
}
