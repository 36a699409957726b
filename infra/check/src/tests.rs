//! Each invariant is held against a snapshot that keeps it and one that does not.

mod attended;
mod broken;
mod followed;
mod misrouted;
mod world;
mod written;

use std::collections::BTreeSet;

use super::{Facts, Moment, Snapshot, Violation};

/// The names of the invariants that are violated.
fn violated(found: &[Violation]) -> BTreeSet<&'static str> {
    found.iter().map(|one| one.invariant).collect()
}

#[test]
fn empty_tables_are_in_order() {
    assert_eq!(Snapshot::of(Vec::new()).violations(Some(&Facts::default()), Moment::Rest), []);
}

#[test]
fn a_violation_reads_as_a_sentence_with_its_items() {
    let violation = Violation {
        invariant: "a task is in one state",
        what: "it is in two".to_owned(),
        items: vec!["WT1".to_owned(), "WR2".to_owned()],
    };
    assert_eq!(violation.to_string(), "a task is in one state: it is in two [WT1, WR2]");
}

#[test]
fn every_invariant_is_broken_by_a_test() {
    let sources = [
        include_str!("changes.rs"),
        include_str!("conversations.rs"),
        include_str!("deliveries.rs"),
        include_str!("events.rs"),
        include_str!("interactions.rs"),
        include_str!("merged.rs"),
        include_str!("offers.rs"),
        include_str!("references.rs"),
        include_str!("routing.rs"),
        include_str!("tasks.rs"),
        include_str!("write.rs"),
    ];
    let stated = |line: &'static str| {
        let (_, text) = line.trim_start().strip_prefix("const ")?.split_once(": &str = \"")?;
        text.strip_suffix("\";")
    };
    let invariants: BTreeSet<&str> =
        sources.iter().flat_map(|source| source.lines()).filter_map(stated).collect();
    assert!(invariants.len() > 35, "{invariants:?}");
    let tests = [
        include_str!("tests/attended.rs"),
        include_str!("tests/broken.rs"),
        include_str!("tests/followed.rs"),
        include_str!("tests/misrouted.rs"),
        include_str!("tests/written.rs"),
    ]
    .concat();
    let untested: Vec<_> = invariants.iter().filter(|one| !tests.contains(**one)).collect();
    assert!(untested.is_empty(), "nobody breaks {untested:?}");
}
