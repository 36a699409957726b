//! The simulator notices: with each deliberate defect switched on, some seed breaks a rule.
//!
//! `mutants.txt` remembers the first seed that shows each defect, and that one is tried first. If it shows
//! nothing any more, since the code has changed, the seeds are searched from the first one on;
//! `UPDATE_MUTANTS=1` searches for all of them and writes the file; `MUTATION=NeverLapses,RelaySkips` tries these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use switchboard_domain::mutation::{self, Mutation};

use crate::runs::{by_seed, simulated};
use crate::world::Violation;
use crate::{number, side_by_side};

/// Within this many seeds every defect must show; `SEEDS` says otherwise.
const SEEDS_MAX: u64 = 200;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation/mutants.txt")
}

/// The seed that showed each defect, by its name.
fn remembered() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let line = |line: &str| {
        let (defect, seed) = line.split_once(' ')?;
        Some((defect.to_owned(), seed.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// What a seed breaks with a defect on.
fn shown(defect: Mutation, seed: u64) -> Option<Violation> {
    let suffered = mutation::switch(Some(defect));
    let outcome = simulated(by_seed(seed));
    mutation::switch(suffered);
    outcome.violations.into_iter().next()
}

/// A seed that shows a defect, and what it breaks.
fn caught(defect: Mutation, first: Option<u64>) -> Option<(u64, Violation)> {
    let seeds = first.into_iter().chain(1..=number("SEEDS").unwrap_or(SEEDS_MAX));
    seeds.map(|seed| (seed, shown(defect, seed))).find_map(|(seed, broken)| Some((seed, broken?)))
}

#[test]
fn every_deliberate_defect_is_noticed() {
    let updates = std::env::var_os("UPDATE_MUTANTS").is_some();
    let known = if updates { BTreeMap::new() } else { remembered() };
    let wanted = std::env::var("MUTATION").ok();
    let is_wanted = |defect: &Mutation| {
        let name = format!("{defect:?}");
        wanted.as_ref().is_none_or(|all| all.split(',').any(|one| one == name))
    };
    let defects: Vec<Mutation> = Mutation::ALL.iter().copied().filter(is_wanted).collect();
    let began = Instant::now();
    let found = side_by_side(defects.len(), |job| {
        let defect = defects[job];
        let found = caught(defect, known.get(&format!("{defect:?}")).copied());
        if let Some((seed, violation)) = &found {
            let detail: String = violation.to_string().chars().take(120).collect();
            eprintln!("{defect:?}: seed {seed}: {detail}");
        }
        found
    });
    let (mut missed, mut lines) = (Vec::new(), String::new());
    for (defect, found) in defects.iter().zip(found) {
        let Some((seed, _)) = found else {
            missed.push(*defect);
            continue;
        };
        lines.push_str(&format!("{defect:?} {seed}\n"));
    }
    eprintln!("{} defects in {:.1} s", defects.len(), began.elapsed().as_secs_f64());
    assert!(missed.is_empty(), "nobody noticed within {SEEDS_MAX} seeds: {missed:?}");
    if updates {
        std::fs::write(file(), lines).expect("the file can be written");
    }
}
