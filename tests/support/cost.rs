//! What a path costs in units and requests, and the lock file that holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Units or requests by what they were for.
pub type Bill = BTreeMap<String, f64>;

/// What one walk along a path used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// DynamoDB write units, by function and kind of item; rows of an index apart.
    pub writes: Bill,
    /// DynamoDB read units, by function and kind of item.
    pub reads: Bill,
    /// SQS requests, by queue.
    pub queues: Bill,
    /// Invocations, by function.
    pub invocations: Bill,
    /// Calls of the carrier.
    pub carrier_calls: f64,
    /// How often a carrier was waited for: what one batch calls for several customers it calls at the same time.
    #[serde(default)]
    pub carrier_waits: f64,
}

/// One path as the lock file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What happens.
    pub path: String,
    /// How many times it happened at once.
    pub times: u32,
    /// All the write units.
    pub write_units: f64,
    /// All the read units.
    pub read_units: f64,
    /// All the SQS requests.
    pub queue_requests: f64,
    /// Every single one.
    #[serde(flatten)]
    pub cost: Cost,
}

impl Entry {
    /// An entry, summed up.
    pub fn new(path: &str, times: u32, cost: Cost) -> Self {
        // The sum of nothing would be the negative zero.
        let sum = |bill: &Bill| bill.values().fold(0.0, |sum, units| sum + units);
        Self {
            path: path.to_owned(),
            times,
            write_units: sum(&cost.writes),
            read_units: sum(&cost.reads),
            queue_requests: sum(&cost.queues),
            cost,
        }
    }

    /// Every line that can differ.
    fn lines(&self) -> Bill {
        let mut lines = Bill::new();
        let bills = [
            ("writes", &self.cost.writes),
            ("reads", &self.cost.reads),
            ("queues", &self.cost.queues),
            ("invocations", &self.cost.invocations),
        ];
        for (what, bill) in bills {
            lines.extend(bill.iter().map(|(line, count)| (format!("{what}: {line}"), *count)));
        }
        lines.insert("carrier calls".to_owned(), self.cost.carrier_calls);
        lines.insert("carrier waits".to_owned(), self.cost.carrier_waits);
        lines.insert("all write units".to_owned(), self.write_units);
        lines.insert("all read units".to_owned(), self.read_units);
        lines.insert("all SQS requests".to_owned(), self.queue_requests);
        lines
    }
}

/// What a call costs that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Requests of it, the ones in vain included.
    pub requests: usize,
    /// For how many milliseconds the function waits, at most, beside the time that a service takes to answer.
    pub waited_ms: u64,
}

/// The lock file: every path, in the order in which it was walked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// What a call of a table or a queue costs that goes wrong: by what goes wrong, then by function.
    #[serde(default)]
    pub troubles: BTreeMap<String, BTreeMap<String, Trouble>>,
    /// The paths.
    pub paths: Vec<Entry>,
}

/// Where the lock file is.
pub fn lock_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/cost/budget.lock.json")
}

impl Lock {
    /// Reads the lock file; an empty one if there is none.
    ///
    /// # Panics
    /// If it is there and makes no sense.
    pub fn read() -> Self {
        let Ok(text) = std::fs::read_to_string(lock_file()) else { return Self::default() };
        serde_json::from_str(&text).expect("the lock file is one of this test's")
    }

    /// Writes the lock file.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn write(&self) {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and texts");
        text.push('\n');
        std::fs::write(lock_file(), text).expect("the lock file can be written");
    }

    /// The entry of a path, walked this many times at once.
    ///
    /// # Panics
    /// If there is none.
    pub fn entry(&self, path: &str, times: u32) -> &Entry {
        let found = self.paths.iter().find(|one| one.path == path && one.times == times);
        found.unwrap_or_else(|| panic!("the lock file has no path {path:?} × {times}"))
    }

    /// A table of all that is not as it was before; empty if everything is.
    pub fn difference(&self, before: &Self) -> String {
        let keyed = |lock: &Self| -> BTreeMap<(String, u32), Bill> {
            lock.paths.iter().map(|it| ((it.path.clone(), it.times), it.lines())).collect()
        };
        let (was, is) = (keyed(before), keyed(self));
        let paths: BTreeSet<_> = was.keys().chain(is.keys()).cloned().collect();
        let (none, mut table) = (Bill::new(), String::new());
        for path in paths {
            let (was, is) = (was.get(&path).unwrap_or(&none), is.get(&path).unwrap_or(&none));
            let lines: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            let changed: Vec<_> =
                lines.into_iter().filter(|line| was.get(*line) != is.get(*line)).collect();
            if !changed.is_empty() {
                let _ =
                    writeln!(table, "\n{} × {}\n{:>10} {:>10}", path.0, path.1, "before", "now");
            }
            for line in changed {
                let shown = |bill: &Bill| bill.get(line).map_or("–".to_owned(), f64::to_string);
                let _ = writeln!(table, "{:>10} {:>10}  {line}", shown(was), shown(is));
            }
        }
        table
    }
}
