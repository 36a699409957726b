//! The simulator notices: with each deliberate defect switched on, some seed breaks a rule. It is only compiled in the
//! copy of the checkout that has the defects (`.ci/defects`).
//!
//! `mutants.txt` remembers the first seed that shows each defect, and that one is tried first. If it shows
//! nothing any more, since the code has changed, the seeds are searched from the first one on;
//! `UPDATE_MUTANTS=1` searches for all of them and writes the file; `MUTATION=NeverLapses,RelaySkips` tries these.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use switchboard_defects::{all, switch};

use crate::runs::{by_seed, simulated};
use crate::world::Violation;
use crate::{number, side_by_side};

/// Within this many seeds every defect must show; `SEEDS` says otherwise.
const SEEDS_MAX: u64 = 600;
/// The seed that showed each defect, by its name.
const SEEDS_FILE: &str = "simulation/mutants.txt";
/// The defects.
const PLANTED: &str = "defects/planted";

fn remembered(file: &Path) -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = |line: &str| {
        let (defect, seed) = line.split_once(' ')?;
        Some((defect.to_owned(), seed.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// The names of all defects. They live as long as the program, as what a thread has switched on does.
fn names(folder: &Path) -> Vec<&'static str> {
    let defects = all(folder).unwrap_or_else(|misfit| panic!("{misfit}"));
    defects.into_iter().map(|defect| &*defect.name.leak()).collect()
}

/// What a seed breaks with a defect on.
fn shown(defect: &'static str, seed: u64) -> Option<Violation> {
    let suffered = switch(Some(defect));
    let outcome = simulated(by_seed(seed));
    switch(suffered);
    outcome.violations.into_iter().next()
}

/// A seed that shows a defect, and what it breaks.
fn caught(defect: &'static str, first: Option<u64>, seeds_max: u64) -> Option<(u64, Violation)> {
    // Whoever knows that the first ones show nothing begins behind them.
    let begin = number("FIRST_SEED").unwrap_or(1);
    let seeds = first.into_iter().chain(begin..begin.saturating_add(seeds_max));
    seeds.map(|seed| (seed, shown(defect, seed))).find_map(|(seed, broken)| Some((seed, broken?)))
}

#[test]
fn every_deliberate_defect_is_noticed() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let updates = std::env::var_os("UPDATE_MUTANTS").is_some();
    let seeds_max = number("SEEDS").unwrap_or(SEEDS_MAX);
    let mut known = remembered(&tests.join(SEEDS_FILE));
    let mut defects = names(&tests.join(PLANTED));
    if let Ok(wanted) = std::env::var("MUTATION") {
        let wanted: Vec<&str> = wanted.split(',').collect();
        let unknown: Vec<_> = wanted.iter().filter(|name| !defects.contains(name)).collect();
        assert!(unknown.is_empty(), "there are no such defects: {unknown:?}");
        defects.retain(|name| wanted.contains(name));
    }
    let began = Instant::now();
    let found = side_by_side(defects.len(), |job| {
        let defect = defects[job];
        let first = known.get(defect).copied().filter(|_| !updates);
        let found = caught(defect, first, seeds_max);
        if let Some((seed, violation)) = &found {
            let detail: String = violation.to_string().chars().take(120).collect();
            eprintln!("{defect}: seed {seed}: {detail}");
        }
        found
    });
    eprintln!("{} defects in {:.1} s", defects.len(), began.elapsed().as_secs_f64());
    let missed: Vec<_> =
        defects.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|it| it.0).collect();
    assert!(missed.is_empty(), "not noticed within {seeds_max} seeds: {missed:?}");
    if updates {
        let found = defects.iter().zip(found).filter_map(|(name, found)| Some((name, found?.0)));
        known.extend(found.map(|(name, seed)| ((*name).to_owned(), seed)));
        let lines: String = known.iter().map(|(name, seed)| format!("{name} {seed}\n")).collect();
        std::fs::write(tests.join(SEEDS_FILE), lines).expect("the file can be written");
    }
}
