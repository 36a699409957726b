//! The check of tables that are in use: four scans are no single moment, so what is found once is looked at
//! again, and only what stays is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_dynamodb::Client;
use switchboard_check::{Facts, Moment, Snapshot, Violation};
use switchboard_runtime::Patience;
use switchboard_runtime::dependencies::{sdk_config, system_time};
use switchboard_store::TableNames;

use crate::cli::check::read::scan;

/// How often the tables are looked at before something counts as found.
const LOOKS: u32 = 4;
/// The pause in between; longer than any transaction takes.
const PAUSE: Duration = Duration::from_millis(500);

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Findings {
    /// How many records of each kind there are.
    pub(crate) records: BTreeMap<&'static str, usize>,
    /// What must never be, and is.
    pub(crate) violations: Vec<Violation>,
}

impl Findings {
    /// The findings in one snapshot.
    pub(crate) fn of(snapshot: &Snapshot, moment: Moment) -> Self {
        let facts = Facts { now: system_time(), ..Facts::default() };
        let mut records = BTreeMap::new();
        for record in &snapshot.records {
            *records.entry(record.kind()).or_default() += 1;
        }
        Self { records, violations: snapshot.violations(Some(&facts), moment) }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.records.values().sum();
        writeln!(out, "{total} records")?;
        for (kind, count) in &self.records {
            writeln!(out, "{count:8} {kind}")?;
        }
        for violation in &self.violations {
            writeln!(out, "VIOLATED {violation}")?;
        }
        match self.violations.len() {
            0 => write!(out, "every invariant holds"),
            count => write!(out, "{count} violations"),
        }
    }
}

/// Scans the tables that `TABLE_…` name, with the account and the region of the environment.
///
/// # Errors
/// If no table is named, or one cannot be read.
pub(crate) async fn of_live(endpoint_url: Option<&str>, moment: Moment) -> Result<Findings> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let names = TableNames {
        conversations: variable("TABLE_CONVERSATIONS"),
        interactions: variable("TABLE_INTERACTIONS"),
        routing: variable("TABLE_ROUTING"),
        configuration: variable("TABLE_CONFIGURATION"),
        events: variable("TABLE_EVENTS"),
    };
    let all = [
        &names.conversations,
        &names.interactions,
        &names.routing,
        &names.configuration,
        &names.events,
    ];
    if all.iter().all(|name| name.is_none()) {
        bail!(
            "nothing to check: give --data DIR, or name tables by TABLE_CONVERSATIONS, \
             TABLE_INTERACTIONS, TABLE_ROUTING, TABLE_CONFIGURATION and TABLE_EVENTS"
        );
    }
    let sdk = sdk_config(Patience::LONG).await;
    let mut config = aws_sdk_dynamodb::config::Builder::from(&sdk);
    if let Some(url) = endpoint_url {
        config = config.endpoint_url(url);
    }
    looked_at(&Client::from_conf(config.build()), &names, moment).await
}

/// What is found at every one of several looks.
async fn looked_at(client: &Client, names: &TableNames, moment: Moment) -> Result<Findings> {
    let mut findings = Findings::of(&scan(client, names).await?, moment);
    for _ in 1..LOOKS {
        if findings.violations.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        let again = Findings::of(&scan(client, names).await?, moment);
        let still: BTreeSet<&Violation> = again.violations.iter().collect();
        let stays = |one: &Violation| still.contains(one);
        let violations = findings.violations.into_iter().filter(stays).collect();
        findings = Findings { records: again.records, violations };
    }
    Ok(findings)
}
