//! What happened before an event: a small world in which the same steps always come to the same records.
//!
//! The clock starts at a fixed time and goes on by a second with each step; identifiers follow from the name
//! of the step that mints them. So an event can name a conversation that an earlier event opens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use switchboard_domain::sid::{RequestSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::dependencies::{Clock, Entropy};

use super::emulator::{Emulator, Start};
use super::snapshot::Snapshot;
use super::{Outcome, beside, read};
use crate::aws::deployment::Deployment;
use crate::aws::options::Options;
use crate::cli::rest::Rest;
use crate::lock::lock;
use crate::stand_ins::endpoint::Endpoint;
use crate::stand_ins::stub_carrier::{Behaviour, Pace, StubCarrier};

/// 2026-03-02T09:00:00Z.
pub(super) const BEGINNING: i64 = 1_772_442_000_000;
/// What events are signed for.
const PUBLIC_URL: &str = "http://127.0.0.1:8080";

/// One step of `<name>.given.json`, which is a list of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// The steps of another file, once.
    Include(String),
    /// Another event and what is given for it, once.
    After(String),
    /// A call of the REST API.
    Post(Post),
    /// Time passes.
    WaitSeconds(i64),
    /// The carrier goes down.
    CarrierIsDown(bool),
    /// The customer's endpoint answers with another status.
    EndpointAnswers(u16),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    /// What the new resource is called from here on; its identifier follows from this name.
    #[serde(rename = "as")]
    name: String,
    /// The path; `{name}` is an earlier resource's identifier.
    path: String,
    /// The form; a value that is no text becomes JSON text.
    #[serde(default)]
    form: BTreeMap<String, Value>,
}

/// What identifiers follow from.
#[derive(Debug, Default)]
struct Mint {
    step: String,
    count: u64,
}

/// A deployment that nothing drives but the steps.
pub(super) struct World {
    deployment: Deployment,
    carrier: StubCarrier,
    endpoint: Endpoint,
    rest: Rest,
    time: Arc<AtomicI64>,
    mint: Arc<Mutex<Mint>>,
    names: BTreeMap<String, String>,
    done: BTreeSet<PathBuf>,
    later: i64,
}

impl World {
    /// One that begins so many milliseconds later than the sample events tell; whatever they tell is later as well.
    pub(super) async fn new(later: i64) -> Result<Self> {
        let time = Arc::new(AtomicI64::new(BEGINNING + later));
        let clock: Clock = {
            let time = Arc::clone(&time);
            Arc::new(move || Timestamp(time.load(Ordering::SeqCst)))
        };
        let mint: Arc<Mutex<Mint>> = Arc::default();
        let entropy: Entropy = {
            let mint = Arc::clone(&mint);
            Arc::new(move || {
                let mut mint = lock(&mint);
                let bytes = RequestSid::derived(&[&mint.step, &mint.count.to_string()]).bytes();
                mint.count += 1;
                bytes
            })
        };
        let defaults = Options::default();
        let (account, token) = (defaults.account_sid.clone(), defaults.auth_token.clone());
        let carrier =
            StubCarrier::start_with(account.parse()?, &token, Pace::default(), Arc::clone(&clock))
                .await?;
        // Receipts are events of their own here.
        carrier.set(Behaviour::NoReceipts);
        let endpoint = Endpoint::open().await?;
        let deployment = Deployment::start(Options {
            carrier_base_url: Some(carrier.base_url()),
            public_url: Some(PUBLIC_URL.to_owned()),
            clock: Some(clock),
            entropy: Some(entropy),
            is_driven: false,
            ..defaults
        })
        .await?;
        let rest = Rest::new(deployment.base_url(), &account, &token)?;
        let names = BTreeMap::from([
            ("account".to_owned(), account),
            ("endpoint".to_owned(), endpoint.url().to_owned()),
        ]);
        let done = BTreeSet::new();
        Ok(Self { deployment, carrier, endpoint, rest, time, mint, names, done, later })
    }

    /// The names of all functions.
    pub(super) fn functions(&self) -> impl Iterator<Item = &str> {
        self.deployment.template().functions.values().map(|function| function.name.as_str())
    }

    /// Takes the steps that are given for an event.
    pub(super) async fn bring_about(&mut self, event: &Path) -> Result<()> {
        let given = beside(event, "given");
        match given.exists() {
            true => Box::pin(self.follow(&given, given.parent().unwrap_or(event))).await,
            false => Ok(()),
        }
    }

    /// Takes the steps of a file, once. Paths in it start at `events/`.
    async fn follow(&mut self, file: &Path, folder: &Path) -> Result<()> {
        if !self.done.insert(file.canonicalize()?) {
            return Ok(());
        }
        let steps: Vec<Step> = self.read(file)?;
        for (place, step) in steps.into_iter().enumerate() {
            let step = self.take(step, folder).await;
            step.with_context(|| format!("step {} of {}", place + 1, file.display()))?;
        }
        Ok(())
    }

    async fn take(&mut self, step: Step, folder: &Path) -> Result<()> {
        self.pass(1);
        let events = folder.join("..");
        match step {
            Step::Include(name) => Box::pin(self.follow(&events.join(name), folder)).await,
            Step::After(name) => {
                let event = events.join(&name);
                Box::pin(self.bring_about(&event)).await?;
                match self.done.insert(event.canonicalize()?) {
                    true => self.happen(&name, &event).await,
                    false => Ok(()),
                }
            }
            Step::Post(post) => self.post(post).await,
            Step::WaitSeconds(seconds) => {
                self.pass(seconds);
                Ok(())
            }
            Step::CarrierIsDown(is_down) => {
                self.carrier.set(if is_down { Behaviour::Down } else { Behaviour::NoReceipts });
                Ok(())
            }
            Step::EndpointAnswers(status) => {
                self.endpoint.answer(status);
                Ok(())
            }
        }
    }

    fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }

    /// Lets identifiers follow from this name from now on.
    fn step(&self, name: &str) {
        *lock(&self.mint) = Mint { step: name.to_owned(), count: 0 };
    }

    async fn post(&mut self, post: Post) -> Result<()> {
        let form: Vec<(String, String)> = post
            .form
            .iter()
            .map(|(name, value)| (name.clone(), self.filled(&as_text(value))))
            .collect();
        self.step(&post.name);
        let answer = self.rest.post(&self.filled(&post.path), &form).await?;
        if let Some(sid) = answer["sid"].as_str() {
            self.names.insert(post.name, sid.to_owned());
        }
        Ok(())
    }

    /// Puts identifiers in the place of their names.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.names {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// An earlier event, which must go well.
    async fn happen(&mut self, name: &str, event: &Path) -> Result<()> {
        let function = name.split('/').next().unwrap_or(name);
        self.step(name);
        let answer = self.deployment.invoke(function, self.read(event)?).await?;
        let failed = answer["batchItemFailures"].as_array().is_some_and(|all| !all.is_empty());
        let refused = answer["statusCode"].as_u64().is_some_and(|status| status >= 400);
        if failed || refused {
            bail!("the earlier event {name} did not go well: {answer}");
        }
        Ok(())
    }

    /// A file of JSON, with its times as much later as this world is.
    pub(super) fn read<T: DeserializeOwned>(&self, file: &Path) -> Result<T> {
        read(file, |text| later(text, self.later))
    }

    /// How much time has passed since the beginning, in milliseconds.
    pub(super) fn elapsed(&self) -> i64 {
        self.time.load(Ordering::SeqCst) - BEGINNING - self.later
    }

    /// Starts a packed program in a function's place, and measures it with an event.
    pub(super) async fn measure(
        &self,
        function: &str,
        program: &str,
        event: &Value,
        emulator: &Emulator,
        times: usize,
    ) -> Result<Start> {
        let lent = self.deployment.lend(function, &self.carrier.base_url()).await?;
        emulator.measure(program, &lent.environment, event, times).await
    }

    /// Lets a function handle an event, here or under an emulator, and looks at what is different afterwards.
    pub(super) async fn observe(
        &mut self,
        function: &str,
        event: Value,
        emulator: Option<&Emulator>,
    ) -> Result<Outcome> {
        self.pass(1);
        self.step("event");
        let tables: BTreeSet<String> = {
            let names = self.deployment.template().tables.iter().map(|table| table.name.as_str());
            let stack = self.deployment.table_name("");
            names.filter_map(|name| name.strip_prefix(&stack)).map(str::to_owned).collect()
        };
        let before = Snapshot::take(&self.deployment, &tables).await?;
        let (carried, calls) = (self.carrier.sent().len(), self.endpoint.calls());
        let mut traces = self.deployment.traces();
        let (answer, sent) = match emulator {
            Some(emulator) => {
                let lent = self.deployment.lend(function, &self.carrier.base_url()).await?;
                let answer = emulator.invoke(function, &lent.environment, &event).await?;
                (answer, lent.sent())
            }
            None => {
                let answer = self.deployment.invoke(function, event).await;
                let trace = traces.try_recv();
                let trace = trace.map_err(|_| anyhow!("the invocation left no trace"))?;
                (answer, trace.sent.clone())
            }
        };
        let after = Snapshot::take(&self.deployment, &tables).await?;
        let refused = self.deployment.refused();
        ensure!(refused.is_empty(), "not allowed: {refused:?}");
        let sends = sent.iter();
        Ok(Outcome {
            function: function.to_owned(),
            answer,
            changes: before.changes(&after)?,
            sends: sends
                .map(|(queue, count)| (queue.trim_end_matches(".fifo").to_owned(), *count))
                .collect(),
            carried: self.carrier.sent().len() - carried,
            calls: self.endpoint.calls() - calls,
            permissions: self.deployment.permissions(),
        })
    }

    /// Stops everything.
    pub(super) async fn end(self) {
        self.carrier.stop();
        self.deployment.stop().await;
    }
}

/// The times of a text so many milliseconds later. They are thirteen digits beside none, and the first twelve of an event's
/// identifier.
fn later(text: &str, later: i64) -> String {
    if later == 0 {
        return text.to_owned();
    }
    let mut moved = String::with_capacity(text.len());
    for part in text.split_inclusive(|it: char| !it.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        let time = word.parse::<i64>().ok().filter(|_| word.len() == 13);
        let hex = word.strip_prefix("EV").filter(|hex| hex.len() == 32).map(|hex| hex.split_at(12));
        let coded = hex.and_then(|(time, rest)| Some((i64::from_str_radix(time, 16).ok()?, rest)));
        match (time, coded) {
            (Some(time), _) => moved.push_str(&(time + later).to_string()),
            (_, Some((time, rest))) => moved.push_str(&format!("EV{:012x}{rest}", time + later)),
            (None, None) => moved.push_str(word),
        }
        moved.push_str(&part[word.len()..]);
    }
    moved
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_are_moved() {
        let text = r#"{"at":1772442000000,"of":"EV019cadc66a80f5f69f097f4d8f600002","n":12}"#;
        let moved = r#"{"at":1772442000005,"of":"EV019cadc66a85f5f69f097f4d8f600002","n":12}"#;
        assert_eq!(later(text, 5), moved);
        assert_eq!(later(text, 0), text);
    }
}
