//! What every path costs, to the unit, held by a lock file: a change in cost is a failing test.
//!
//! `UPDATE_BUDGET=1 cargo test -p switchboard-tests --test budget` writes the lock file anew, and the tables of
//! costs in `infra/cost/README.md` and the README. `README.md` beside this file says what each unit is for.

mod desk;
mod flows;
mod ledger;
mod paths;
mod readme;
mod reads;
mod troubles;
mod unattended;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use switchboard_tests::cost::{Entry, Lock, lock_file};
use tokio::runtime::Runtime;

use desk::Desk;

/// Walks every path, in a runtime of one thread: there is one order of things.
fn walked() -> Lock {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime: Runtime = runtime.expect("a runtime");
    let mut lock = runtime.block_on(async {
        let desk = Desk::open().await;
        let mut entries: Vec<Entry> = paths::walk(&desk).await;
        entries.extend(reads::walk(&desk).await);
        entries.push(paths::told(&Desk::told().await).await);
        entries.push(paths::replayed(&Desk::told().await).await);
        entries.push(paths::answered(&Desk::told().await).await);
        entries.push(paths::asked(&Desk::told().await).await);
        entries.extend(paths::capped(&Desk::capped().await).await);
        entries.extend(paths::connected(&Desk::open().await).await);
        entries.extend(paths::opted(&Desk::open().await).await);
        entries.push(paths::reacted(&Desk::open().await).await);
        entries.extend(paths::transferred(&Desk::open().await).await);
        entries.extend(paths::outside(&Desk::open().await).await);
        entries.extend(unattended::walk(&Desk::open().await).await);
        entries.extend(paths::scheduled(&Desk::open().await).await);
        entries.extend(paths::chatted(&Desk::open().await).await);
        entries.extend(flows::walk(&Desk::open().await).await);
        Lock { troubles: BTreeMap::new(), paths: entries }
    });
    lock.troubles = troubles::met();
    lock
}

/// One walk for all tests.
fn measured() -> &'static Lock {
    static MEASURED: OnceLock<Lock> = OnceLock::new();
    MEASURED.get_or_init(walked)
}

#[test]
fn every_path_costs_what_the_lock_file_says() {
    if std::env::var_os("UPDATE_BUDGET").is_some() {
        measured().write();
        readme::PLACES.iter().for_each(readme::Place::write);
        return;
    }
    let table = measured().difference(&Lock::read());
    assert!(
        table.is_empty(),
        "costs changed; if that is meant, run with UPDATE_BUDGET=1 and commit {}\n{table}",
        lock_file().display()
    );
}

#[test]
fn every_trouble_costs_what_the_lock_file_says() {
    if std::env::var_os("UPDATE_BUDGET").is_none() {
        assert_eq!(measured().troubles, Lock::read().troubles, "run with UPDATE_BUDGET=1");
    }
}

#[test]
fn every_read_operation_is_walked_and_writes_nothing() {
    assert_eq!(reads::not_walked(&measured().paths), Vec::<String>::new());
    assert!(!reads::not_walked(&[]).is_empty());
    let reads = measured().paths.iter().filter(|one| one.path.starts_with("GET"));
    for read in reads {
        assert_eq!((read.write_units, read.queue_requests), (0.0, 0.0), "{}", read.path);
    }
}

/// A read to know whom the recipient is used to, and a write to remember the sender the first time. The service is read where the
/// number is otherwise, and the number where it is handed over, which tells the way as well.
#[test]
fn a_message_by_a_service_costs_one_read_more_than_one_by_its_own_number() {
    let costs = |path: &str| {
        let one = measured().paths.iter().find(|one| one.path == path).expect(path);
        (one.read_units, one.write_units)
    };
    let (reads, writes) = costs("message by its own number");
    assert_eq!(costs("message by a service"), (reads + 1.0, writes));
    let first = costs("message by a service, the first to somebody");
    assert_eq!(first, (reads + 1.0, writes + 1.0));
}

#[test]
fn the_readmes_say_what_everything_costs() {
    if std::env::var_os("UPDATE_BUDGET").is_none() {
        for place in &readme::PLACES {
            assert_eq!(place.table(), place.expected(), "run with UPDATE_BUDGET=1");
        }
    }
}

#[test]
fn two_runs_cost_the_same() {
    let table = walked().difference(measured());
    assert!(table.is_empty(), "{table}");
}

#[test]
fn a_difference_is_a_table_of_before_and_after() {
    let mut cheaper = measured().clone();
    assert_eq!(cheaper.difference(measured()), "");
    let entry = &mut cheaper.paths[0];
    let line = entry.cost.writes.keys().next().expect("a write").clone();
    entry.cost.writes.insert(line.clone(), 99.0);
    let table = cheaper.difference(measured());
    assert!(table.contains(&format!("        99  writes: {line}")), "{table}");
    assert_eq!(table.lines().count(), 4, "{table}");
}
