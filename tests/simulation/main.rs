//! The simulator: the real functions, the real store and the real SDK over embedded tables and queues, with a
//! seed that decides whose turn it is, what goes wrong, and what time it is.
//!
//! `SEEDS=1000 cargo test -p switchboard-tests --test simulation` runs longer; `SEED=7 cargo test -p
//! switchboard-tests --test simulation -- replay --nocapture` shows one run.

mod batches;
mod beforehand;
mod cares;
mod carrier;
mod clients;
mod endpoints;
mod exhaustive;
mod files;
mod groups;
mod journey;
mod kernel;
mod lines;
mod listeners;
mod mirror;
#[cfg(feature = "defects")]
mod mutants;
mod names;
mod operator;
mod opting;
mod order;
mod people;
mod plan;
mod quiet;
mod random;
mod rest;
mod runs;
mod schedules;
mod setup;
mod sometimes;
mod speakers;
mod spinning;
mod steps;
mod twice;
mod wish;
mod world;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use runs::{Run, by_seed, simulated};
use sometimes::{Met, Sometimes};

/// A seed makes and drops millions of small things: the system's allocator takes a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many seeds run unless more are asked for.
const SEEDS: usize = 40;
/// This many seeds reach every state that has to be reached sometimes.
const SEEDS_FOR_ALL: usize = 150;
/// How many runs go at once.
const THREADS: usize = 2;

/// A number out of the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Does all jobs on as many threads as there are processors for, and gives what came of them in order.
fn side_by_side<T: Send>(jobs: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::SeqCst);
                    if job >= jobs {
                        return;
                    }
                    let result = work(job);
                    done.lock().expect("nobody panics here").push((job, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panics here");
    done.sort_by_key(|(job, _)| *job);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_seed_keeps_every_invariant() {
    let first = number("FIRST_SEED").unwrap_or(1);
    let seeds = number("SEEDS").map_or(SEEDS, |seeds| usize::try_from(seeds).unwrap_or(SEEDS));
    let began = Instant::now();
    let outcomes = side_by_side(seeds, |job| simulated(by_seed(first + job as u64)));
    let seconds = began.elapsed().as_secs_f64();
    let messages: usize = outcomes.iter().map(|one| one.messages).sum();
    let calls: usize = outcomes.iter().map(|one| one.calls).sum();
    eprintln!(
        "{seeds} seeds in {seconds:.1} s: {:.0} seeds a minute, {messages} messages \
         ({:.1} a second), {calls} calls",
        seeds as f64 / seconds * 60.0,
        messages as f64 / seconds,
    );
    let simulated: Duration = outcomes.iter().map(|one| one.simulated).sum();
    eprintln!("{:.1} simulated hours", simulated.as_secs_f64() / 3600.0);
    let mut met = Met::new();
    for (what, times) in outcomes.iter().flat_map(|one| &one.met) {
        *met.entry(*what).or_default() += times;
    }
    eprint!("{}", sometimes::table(&met));
    let failed: Vec<&Run> = outcomes.iter().filter(|one| !one.violations.is_empty()).collect();
    for outcome in failed.iter().take(3) {
        eprintln!("{outcome}");
    }
    let seeds: Vec<u64> = failed.iter().map(|one| one.seed).collect();
    assert!(failed.is_empty(), "these seeds break a rule: {seeds:?}");
    let never: Vec<_> = Sometimes::ALL.iter().filter(|what| !met.contains_key(*what)).collect();
    let all_must_be_met = outcomes.len() >= SEEDS_FOR_ALL;
    assert!(never.is_empty() || !all_must_be_met, "no seed has met these: {never:?}");
    let sites: BTreeSet<&String> = outcomes.iter().flat_map(|one| &one.sites).collect();
    let named = exhaustive::named();
    let unnamed: Vec<_> = sites.into_iter().filter(|site| !named.contains_key(*site)).collect();
    assert!(unnamed.is_empty(), "requests that the exhaustive run does not try: {unnamed:#?}");
}

#[test]
fn replay_of_a_seed_is_the_same_to_the_last_event() {
    let asked = number("SEED");
    let seed = asked.unwrap_or(3);
    let (first, second) = (simulated(by_seed(seed)), simulated(by_seed(seed)));
    if asked.is_some() {
        eprintln!("{first}");
    }
    assert_eq!((first.hash, first.steps), (second.hash, second.steps));
    assert_eq!(first.events, second.events);
    assert!(first.violations.is_empty(), "{first}");
}
