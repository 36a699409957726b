//! The table of costs in the README: what `cargo run -- cost` prints for the lock file.

use std::path::{Path, PathBuf};

use switchboard::cost;
use switchboard_tests::cost::lock_file;

/// The table stands between these.
const BEGIN: &str =
    "<!-- cost: written by UPDATE_BUDGET=1 cargo test -p switchboard-tests --test budget -->\n";
const END: &str = "<!-- /cost -->";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

/// The README before the table, the table, and what is behind.
fn parts() -> [String; 3] {
    let text = std::fs::read_to_string(file()).expect("the README");
    let (before, rest) = text.split_once(BEGIN).expect("a place for the table");
    let (table, behind) = rest.split_once(END).expect("an end of the table");
    [before, table, behind].map(str::to_owned)
}

/// The table that the README has.
pub(crate) fn table() -> String {
    let [_, table, _] = parts();
    table
}

/// The table that it should have.
pub(crate) fn expected() -> String {
    let lock = std::fs::read_to_string(lock_file()).expect("the lock file");
    cost::table(&lock).expect("a table")
}

/// Writes the table.
pub(crate) fn write() {
    let [before, _, behind] = parts();
    let text = format!("{before}{BEGIN}{}{END}{behind}", expected());
    std::fs::write(file(), text).expect("the README can be written");
}
