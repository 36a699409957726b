//! Whether what records refer to is there.

use std::collections::BTreeSet;

use switchboard_domain::record::Record;
use switchboard_store::key::{self, Place};
use switchboard_store::reference::Rule;
use switchboard_store::{Key, Table};

use crate::view::View;
use crate::violation::Found;

const THERE: &str = "what a record refers to is there";
const THERE_AT_REST: &str = "at rest what an open task is routed by is there";

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let places = |record: &Record| Place::of(record).key;
    let there: BTreeSet<Key> = view.snapshot.records.iter().map(places).collect();
    for record in &view.snapshot.records {
        for (pair, at) in key::references(record) {
            let invariant = match pair.rule() {
                Rule::Always => THERE,
                Rule::AtRest if view.at_rest => THERE_AT_REST,
                Rule::AtRest | Rule::Elsewhere | Rule::Dangles(_) => continue,
            };
            if view.knows(at.table) && !there.contains(&at) {
                let what = format!("the {} of a {} is not", pair.kinds().1, pair.kinds().0);
                found.add(invariant, what, [named(&places(record)), named(&at)]);
            }
        }
    }
}

/// What a record is called: its key, which of the kinds in question is no address of a customer.
fn named(key: &Key) -> String {
    match key.table {
        Table::Routing => key.sk.clone(),
        Table::Conversations | Table::Interactions | Table::Configuration | Table::Events => {
            key.pk.clone()
        }
    }
}
