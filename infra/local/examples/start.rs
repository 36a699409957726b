//! How the packed functions start under AWS's Runtime Interface Emulator, beside a bare function and the same webhook in Node:
//! `start RIE PACKAGES LOG EVENTS` prints a table. Every figure is the median of rounds in which everybody has a turn.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use switchboard::invoke::{Emulator, Start, measure};

/// Who is measured with which event; the first two are what the others are held against.
const SUBJECTS: [(&str, &str); 19] = [
    ("hello", "inbound-webhook/typical-sms"),
    ("node", "inbound-webhook/typical-sms"),
    ("inbound-webhook", "inbound-webhook/typical-sms"),
    ("autocreation", "autocreation/typical"),
    ("interaction-invite", "interaction-invite/open"),
    ("task-assignment", "task-assignment/task-created"),
    ("outbound-message", "outbound-message/typical"),
    ("delivery-receipt", "delivery-receipt/delivered"),
    ("webhook-delivery", "webhook-delivery/typical"),
    ("effect-relay", "effect-relay/several"),
    ("event-log", "event-log/typical"),
    ("timer", "timer/due"),
    ("conversations-api", "conversations-api/typical"),
    ("messaging-api", "messaging-api/create-service"),
    ("carriers-api", "carriers-api/typical"),
    ("media-api", "media-api/typical"),
    ("media-copy", "media-copy/typical"),
    ("taskrouter-api", "taskrouter-api/accept-reservation"),
    ("flex-api", "flex-api/typical"),
];
const ROUNDS: usize = 5;
const WARM: usize = 100;

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One subject over all rounds.
struct Row {
    init: f64,
    first: f64,
    start: f64,
    p50: f64,
    p99: f64,
    peak: f64,
}

impl Row {
    fn of(starts: &[Start]) -> Self {
        let each = |of: fn(&Start) -> f64| median(starts.iter().map(of).collect());
        let mut warm: Vec<f64> = starts.iter().flat_map(|it| it.warm_ms.iter().copied()).collect();
        warm.sort_by(f64::total_cmp);
        Self {
            init: each(|it| it.init_ms),
            first: each(|it| it.first_ms),
            start: each(|it| it.init_ms + it.first_ms),
            p50: warm[warm.len() / 2],
            p99: warm[warm.len() * 99 / 100],
            peak: each(|it| it.peak_mib),
        }
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program that is run by hand")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().context("usage: start RIE PACKAGES LOG EVENTS");
    let emulator = Emulator { program: next()?, packages: next()?, log: next()? };
    let events = next()?;
    let mut starts: BTreeMap<&str, Vec<Start>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (subject, event) in SUBJECTS {
            let event = events.join(format!("{event}.json"));
            let start = measure(&event, subject, &emulator, WARM).await;
            starts.entry(subject).or_default().push(start.context(subject)?);
        }
    }
    let rows: Vec<(&str, Row)> =
        SUBJECTS.iter().map(|(subject, _)| (*subject, Row::of(&starts[subject]))).collect();
    let (hello, node) = (&rows[0].1, &rows[1].1);
    println!(
        "| program | package, MB | init, ms | first event, ms | both ÷ hello's init | ÷ Node's | warm p50, ms | p99, ms | p50 ÷ Node's | peak, MiB | ÷ Node's |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (subject, row) in &rows {
        let zip = emulator.packages.with_extension("zips").join(format!("{subject}.zip"));
        #[expect(clippy::cast_precision_loss, reason = "a package has a few million bytes")]
        let megabytes = std::fs::metadata(zip)
            .map_or(String::new(), |it| format!("{:.2}", it.len() as f64 / 1_048_576.0));
        println!(
            "| {subject} | {megabytes} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} |",
            row.init,
            row.first,
            row.start / hello.init,
            row.start / node.start,
            row.p50,
            row.p99,
            row.p50 / node.p50,
            row.peak,
            row.peak / node.peak,
        );
    }
    Ok(())
}
