//! The tables of costs: every path beside the lock file, as `cargo run -- cost` prints it, and a message in the README.

use std::path::Path;

use switchboard::cost;
use switchboard_tests::cost::lock_file;

/// A table between two marks of a file.
pub(crate) struct Place {
    file: &'static str,
    name: &'static str,
    content: fn(&str) -> String,
}

/// Where what costs stand.
pub(crate) const PLACES: [Place; 2] = [
    Place { file: "infra/cost/README.md", name: "cost", content: str::to_owned },
    Place { file: "README.md", name: "message", content: of_a_message },
];

/// The head of the table and the rows of a message.
fn of_a_message(table: &str) -> String {
    let is_head = |place: usize| place < 2;
    let rows = table.lines().enumerate();
    let kept = rows.filter(|(place, row)| is_head(*place) || row.starts_with("| **a message**"));
    kept.map(|(_, row)| format!("{row}\n")).collect()
}

impl Place {
    /// The text before the table, with its mark, the table, and what is behind.
    fn parts(&self) -> [String; 3] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.file);
        let text = std::fs::read_to_string(path).expect(self.file);
        let begin = format!("<!-- {}: ", self.name);
        let table = text.find(&begin).expect("a place for the table");
        let table = table + text[table..].find('\n').expect("an end of the mark") + 1;
        let end = table + text[table..].find("<!-- /").expect("an end of the table");
        [&text[..table], &text[table..end], &text[end..]].map(str::to_owned)
    }

    /// The table that the file has.
    pub(crate) fn table(&self) -> String {
        let [_, table, _] = self.parts();
        table
    }

    /// The table that it should have.
    pub(crate) fn expected(&self) -> String {
        let lock = std::fs::read_to_string(lock_file()).expect("the lock file");
        (self.content)(&cost::table(&lock).expect("a table"))
    }

    /// Writes the table.
    pub(crate) fn write(&self) {
        let [before, _, behind] = self.parts();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.file);
        std::fs::write(path, format!("{before}{}{behind}", self.expected())).expect(self.file);
    }
}
