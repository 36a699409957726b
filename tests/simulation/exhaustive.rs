//! One fault at a time, everywhere: each request of each function meets each fault that it can meet, and all
//! must end in order every time.
//!
//! `sites.txt` names the requests that there are. Most are met by the journey, where nothing else goes wrong;
//! the others, with a number behind them, by the run of that seed, where the fault comes on top. A request that
//! a run meets and the file does not name fails the tests: `UPDATE_SITES=1` looks for all of them and writes
//! the file. `SITE="timer SendMessage routing.fifo"` tries one alone. The ordinary tests try a tenth of the faults;
//! `EVERY_FAULT=1` tries all of them, which the gate does with optimised code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::endpoints::ENDPOINT;
use crate::journey::journey;
use crate::plan::{Plan, Single};
use crate::runs::{Run, by_seed, by_seed_with, simulated};
use crate::side_by_side;
use crate::world::faults_of;

/// A request that no seed up to this one meets is not worth a name. The gate tries as many.
const SEEDS_MAX: u64 = 240;

/// Where a request is looked for that its own seed no longer meets, for each of its faults: as many as the tests run.
const SEARCHED_MAX: u64 = 40;

/// One fault in so many is tried where not all are asked for.
const SHARE: usize = 10;

/// The faults that are tried: to a function, all others look like one of these.
const FAULTS: [&str; 6] =
    ["die before", "die after", "lost reply", "throttled", "hung", "conflict"];

/// A request, and the seed that meets it if the journey does not.
type Sites = BTreeMap<String, Option<u64>>;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation/sites.txt")
}

/// The requests that have a name.
pub(crate) fn named() -> Sites {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let line = |line: &str| match line.split_once(" @ ") {
        Some((site, seed)) => (site.to_owned(), seed.parse().ok()),
        None => (line.to_owned(), None),
    };
    text.lines().map(line).collect()
}

/// What the journey meets when nothing goes wrong.
fn quiet() -> BTreeSet<String> {
    let outcome = simulated(async { journey(Plan::Quiet).await.outcome(0) });
    assert!(outcome.violations.is_empty(), "{outcome}");
    outcome.sites
}

/// Looks for all requests, and writes them down.
fn update() {
    let seeds = usize::try_from(SEEDS_MAX).expect("few");
    let outcomes = side_by_side(seeds, |job| simulated(by_seed(job as u64 + 1)));
    let mut sites: Sites = quiet().into_iter().map(|site| (site, None)).collect();
    for outcome in outcomes {
        for site in outcome.sites {
            sites.entry(site).or_insert(Some(outcome.seed));
        }
    }
    let line = |(site, seed): (String, Option<u64>)| match seed {
        Some(seed) => format!("{site} @ {seed}\n"),
        None => format!("{site}\n"),
    };
    let text: String = sites.into_iter().map(line).collect();
    std::fs::write(file(), text).expect("the file can be written");
}

/// A run with one fault, and whether that one struck.
fn with(single: &Single, seed: Option<u64>) -> (bool, Run) {
    let Some(seed) = seed else {
        return simulated(async {
            let kernel = journey(Plan::Single(single.clone())).await;
            (kernel.plan.has_struck(), kernel.outcome(0))
        });
    };
    // The code may have changed since the seed met the request.
    let seeds = [seed].into_iter().chain(1..=SEARCHED_MAX);
    let mut runs = seeds.map(|seed| simulated(by_seed_with(seed, Some(single.clone()))));
    let struck = runs.find(|(has_struck, outcome)| *has_struck || !outcome.violations.is_empty());
    struck.unwrap_or_default()
}

/// Every fault of every request.
fn all(sites: &Sites) -> Vec<(Single, Option<u64>)> {
    let mut all = Vec::new();
    for (label, seed) in sites {
        let service = if label.contains(" carrier ") {
            "carrier"
        } else if label.contains(" endpoint ") {
            ENDPOINT
        } else if label.contains("Object ") {
            "objects"
        } else if label.contains("Message") && !label.contains("Item") {
            "queues"
        } else {
            "tables"
        };
        let is_write = label.contains("PutItem") || label.contains("Write");
        let faults = faults_of(service, is_write).into_iter();
        for (fault, passage) in faults.filter(|(fault, _)| FAULTS.contains(fault)) {
            let label = label.clone();
            let single = Single { label, occurrence: 0, fault, passage, is_hit: false };
            all.push((single, *seed));
        }
    }
    all
}

#[test]
fn no_single_fault_at_any_request_loses_or_doubles_anything() {
    if std::env::var_os("UPDATE_SITES").is_some() {
        update();
    }
    let (sites, met) = (named(), quiet());
    let met_alone = sites.iter().filter(|(_, seed)| seed.is_none()).map(|(site, _)| site.clone());
    assert_eq!(met, met_alone.collect(), "the journey meets other requests than sites.txt names");
    let mut faults = all(&sites);
    if let Ok(site) = std::env::var("SITE") {
        faults.retain(|(single, _)| single.label == site);
    } else if std::env::var_os("EVERY_FAULT").is_none() {
        faults = faults.into_iter().step_by(SHARE).collect();
    }
    let began = Instant::now();
    let outcomes = side_by_side(faults.len(), |job| with(&faults[job].0, faults[job].1));
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{} requests, {} faults tried in {seconds:.1} s", sites.len(), faults.len());
    let mut failed = Vec::new();
    for ((single, _), (has_struck, outcome)) in faults.iter().zip(&outcomes) {
        let name = format!("{}: {}", single.label, single.fault);
        if !outcome.violations.is_empty() {
            if failed.len() < 2 {
                eprintln!("{name}\n{outcome}");
            }
            failed.push(name);
        } else if !has_struck {
            failed.push(format!("{name} never struck: UPDATE_SITES=1 looks for it anew"));
        }
    }
    assert!(failed.is_empty(), "these faults break a rule: {failed:#?}");
}
