//! `cargo run -- cost`: what a million of everything costs, by the budget's lock file and the public prices.
//!
//! Units and requests are counted, to the one; what an invocation takes in time is assumed, and said so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::aws::template::{Place, TEMPLATE, Template};

/// What every path uses, as `tests/budget` counts it.
pub const LOCK: &str = include_str!("../../../cost/budget.lock.json");

/// The public prices.
const PRICES: &str = include_str!("../../../cost/prices.json");

/// Dollars for a million of each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    /// Where and how they are asked.
    of: String,
    write_unit: f64,
    read_unit: f64,
    fifo_request: f64,
    standard_request: f64,
    invocation: f64,
    http_request: f64,
    arm64_gigabyte_second: f64,
}

impl Prices {
    fn read() -> Result<Self> {
        serde_json::from_str(PRICES).context("the prices")
    }
}

/// How long a function is assumed to work on one request, message or stream record, warm.
const WORK_SECONDS: f64 = 0.025;
/// How long a carrier is assumed to take for an answer.
const CARRIER_SECONDS: f64 = 0.2;
/// Who calls carriers.
const CALLS_CARRIERS: &str = "outbound-message";
/// Begins the names of operations that only read.
const READ: &str = "GET ";

/// A conversation as most are: ten messages, five each way, one task, one agent. Carriers report twice on each
/// reply.
const MIX: [(&str, f64); 7] = [
    ("inbound, to a reservation", 1.0),
    ("accepted, agent seated", 1.0),
    ("alarm of an answered reservation", 1.0),
    ("inbound, appended", 4.0),
    ("reply out", 5.0),
    ("receipt", 10.0),
    ("close", 1.0),
];
/// Messages in it.
const MIX_MESSAGES: f64 = 10.0;

#[derive(Debug, Deserialize)]
struct Lock {
    paths: Vec<Walk>,
}

/// A path of the lock file, walked this many times at once.
#[derive(Debug, Deserialize)]
struct Walk {
    path: String,
    times: u32,
    write_units: f64,
    read_units: f64,
    queues: BTreeMap<String, f64>,
    invocations: BTreeMap<String, f64>,
    carrier_waits: f64,
}

/// What one walk uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Use {
    write_units: f64,
    read_units: f64,
    fifo_requests: f64,
    standard_requests: f64,
    invocations: f64,
    http_requests: f64,
    gigabyte_seconds: f64,
}

impl Use {
    /// Dollars for a million of it.
    fn dollars(self, prices: &Prices) -> f64 {
        let each = [
            (self.write_units, prices.write_unit),
            (self.read_units, prices.read_unit),
            (self.fifo_requests, prices.fifo_request),
            (self.standard_requests, prices.standard_request),
            (self.invocations, prices.invocation),
            (self.http_requests, prices.http_request),
            (self.gigabyte_seconds, prices.arm64_gigabyte_second),
        ];
        each.iter().map(|(count, price)| count * price).sum()
    }

    fn plus(self, other: Self, times: f64) -> Self {
        Self {
            write_units: self.write_units + other.write_units * times,
            read_units: self.read_units + other.read_units * times,
            fifo_requests: self.fifo_requests + other.fifo_requests * times,
            standard_requests: self.standard_requests + other.standard_requests * times,
            invocations: self.invocations + other.invocations * times,
            http_requests: self.http_requests + other.http_requests * times,
            gigabyte_seconds: self.gigabyte_seconds + other.gigabyte_seconds * times,
        }
    }

    fn row(self, name: &str, prices: &Prices) -> String {
        format!(
            "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} |\n",
            self.write_units,
            self.read_units,
            self.fifo_requests + self.standard_requests,
            self.invocations,
            self.dollars(prices)
        )
    }
}

/// What the template says of the functions.
struct Functions {
    gigabytes: BTreeMap<String, f64>,
    /// Whoever is called through the HTTP API: all with a route, but for those with a URL of their own.
    behind_http: BTreeSet<String>,
}

impl Functions {
    fn read() -> Result<Self> {
        let place = Place {
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            stack: "switchboard".to_owned(),
            queues_endpoint: "https://queues.example".to_owned(),
            api_endpoint: "https://api.example".to_owned(),
        };
        // What has no default; no cost depends on it.
        let parameters = ["AccountSid", "AuthToken"].map(|name| (name.to_owned(), "-".to_owned()));
        let template = Template::read(TEMPLATE, &parameters.into(), &place)?;
        let gigabytes =
            |memory_mb| f64::from(u32::try_from(memory_mb).unwrap_or(u32::MAX)) / 1024.0;
        let routed = template.routes.into_iter().map(|route| route.function);
        let behind_http = routed.filter(|name| !template.functions[name].has_url).collect();
        let functions = template.functions.into_iter();
        let gigabytes = functions.map(|(name, it)| (name, gigabytes(it.memory_mb))).collect();
        Ok(Self { gigabytes, behind_http })
    }

    fn gigabytes(&self, function: &str) -> Result<f64> {
        let found = self.gigabytes.get(function).copied();
        found.with_context(|| format!("the template has no function {function}"))
    }

    /// What one of those that were walked at once uses.
    fn used(&self, walk: &Walk) -> Result<Use> {
        let times = f64::from(walk.times);
        let mut used = Use {
            write_units: walk.write_units,
            read_units: walk.read_units,
            // What a batch hands over for several customers it hands over at the same time.
            gigabyte_seconds: match walk.carrier_waits > 0.0 {
                true => walk.carrier_waits * CARRIER_SECONDS * self.gigabytes(CALLS_CARRIERS)?,
                false => 0.0,
            },
            ..Use::default()
        };
        for (request, count) in &walk.queues {
            match request.contains(".fifo ") {
                true => used.fifo_requests += count,
                false => used.standard_requests += count,
            }
        }
        for (function, count) in &walk.invocations {
            used.invocations += count;
            // A batch takes as long as what is in it.
            used.gigabyte_seconds += count.max(times) * WORK_SECONDS * self.gigabytes(function)?;
            if self.behind_http.contains(function) {
                used.http_requests += count;
            }
        }
        Ok(Use::default().plus(used, 1.0 / times))
    }
}

/// The table, in Markdown: every path that a lock file has and that is more than a read, and what a message
/// comes to.
///
/// # Errors
/// If the lock file or the template cannot be read, or do not go together.
pub fn table(lock: &str) -> Result<String> {
    let lock: Lock = serde_json::from_str(lock).context("the budget's lock file")?;
    let (functions, prices) = (Functions::read()?, Prices::read()?);
    let mut table =
        "| path | write units | read units | SQS requests | invocations | $ per million |\n\
                     |---|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for walk in lock.paths.iter().filter(|walk| !walk.path.starts_with(READ)) {
        let name = match walk.times {
            1 => walk.path.clone(),
            times => format!("{}, {times} at once", walk.path),
        };
        table.push_str(&functions.used(walk)?.row(&name, &prices));
    }
    let (alone, batched) = (message(&lock, &functions, 1)?, message(&lock, &functions, 10)?);
    table.push_str(&alone.row("**a message**", &prices));
    table.push_str(&batched.row("**a message**, 10 at once", &prices));
    let _ = write!(table, "\n{}", notes(&prices));
    Ok(table)
}

/// A message of the mix, each path walked this many times at once.
fn message(lock: &Lock, functions: &Functions, times: u32) -> Result<Use> {
    let mut sum = Use::default();
    for (path, count) in MIX {
        let walk = lock.paths.iter().find(|walk| walk.path == path && walk.times == times);
        let walk =
            walk.with_context(|| format!("the lock file has no {path:?}, {times} at once"))?;
        sum = sum.plus(functions.used(walk)?, count / MIX_MESSAGES);
    }
    Ok(sum)
}

/// What the figures rest on.
fn notes(prices: &Prices) -> String {
    let mix: Vec<String> = MIX.iter().map(|(path, count)| format!("{count} × {path}")).collect();
    format!(
        "**A message** is a tenth of a conversation of {MIX_MESSAGES} messages with one task: {}.\n\
         \n\
         Prices ({}): DynamoDB ${} a write unit, ${} a read unit; SQS ${:.2} a FIFO and\n\
         ${:.2} a standard request; Lambda ${:.2} an invocation and ${} a gigabyte-second (arm64); HTTP API ${:.2} a request.\n\
         Carriers post to the function's own URL, which costs nothing beside the invocation; behind a custom domain each of\n\
         their requests is one of the HTTP API's.\n\
         Assumed: every function works {:.0} ms on each request, message or change, with the memory that the template gives\n\
         it, and a carrier answers within {:.0} ms. Not in it: the carrier, storage, logs, keys, alarms, polling of empty\n\
         queues, and the free tier.\n",
        mix.join(", "),
        prices.of,
        prices.write_unit,
        prices.read_unit,
        prices.fifo_request,
        prices.standard_request,
        prices.invocation,
        prices.arm64_gigabyte_second,
        prices.http_request,
        WORK_SECONDS * 1000.0,
        CARRIER_SECONDS * 1000.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(path: &str, times: u32) -> serde_json::Value {
        serde_json::json!({
            "path": path, "times": times, "write_units": 2.0, "read_units": 4.0,
            "queues": { "inbound.fifo send": 2.0, "timers send": 10.0 },
            "invocations": { "inbound-webhook": 1.0, "flex-api": 2.0 }, "carrier_waits": 0.0,
        })
    }

    #[test]
    fn costs_of_a_batch_are_shared_by_its_walks() {
        let functions = Functions::read().unwrap();
        let used = functions.used(&serde_json::from_value(walk("p", 2)).unwrap()).unwrap();
        // A batch of one takes as long as both walks, and a carrier's request is none of the HTTP API's.
        let gigabyte_seconds = 2.0 * WORK_SECONDS * 0.25;
        let expected = Use {
            write_units: 1.0,
            read_units: 2.0,
            fifo_requests: 1.0,
            standard_requests: 5.0,
            invocations: 1.5,
            http_requests: 1.0,
            gigabyte_seconds,
        };
        assert_eq!(used, expected);
        let prices = Prices::read().unwrap();
        let dollars = 0.625 + 0.25 + 0.5 + 2.0 + 0.3 + 1.0 + gigabyte_seconds * 13.3334;
        assert!((used.dollars(&prices) - dollars).abs() < 1e-9, "{used:?}");
    }

    #[test]
    fn a_message_is_a_tenth_of_its_mix() {
        let all = |times| MIX.map(|(path, _)| walk(path, times));
        let paths: Vec<_> = all(1).into_iter().chain(all(10)).collect();
        let table = table(&serde_json::json!({ "paths": paths }).to_string()).unwrap();
        let walks: f64 = MIX.iter().map(|(_, count)| count).sum();
        let expected = format!("| **a message** | {:.1} |", 2.0 * walks / 10.0);
        assert!(table.contains(&expected), "{table}");
        assert!(table.contains("| receipt, 10 at once | 0.2 |"), "{table}");
    }

    #[test]
    fn a_lock_file_without_a_path_of_the_mix_is_refused() {
        let error = table(r#"{"paths":[]}"#).unwrap_err();
        assert!(error.to_string().contains("inbound, to a reservation"), "{error}");
    }

    #[test]
    fn reads_are_no_rows() {
        let table = table(LOCK).unwrap();
        assert!(!table.contains(READ), "{table}");
    }
}
