//! One function, one event, in a deployment of its own: what it answers and what it changes, so that each
//! function can be tried on a sample event, and each sample event be held to what its name says.
//!
//! Beside `events/<function>/<name>.json`, which is what AWS delivers and nothing else, there may be
//! `<name>.given.json` with what happened before ([`given`]), and `<name>.expect.json` with what is to come
//! of it ([`expect`]). Time and identifiers are invented, so that every run is the same.

mod alike;
mod emulator;
mod expect;
mod given;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use switchboard_domain::effect::Effect;

use crate::aws::invocation::FunctionError;
use crate::aws::roles::Permissions;

use expect::Expectation;
use given::World;
use switchboard_runtime::dependencies::system_time;

pub use emulator::{Emulator, Start};
pub use snapshot::Change;

/// What a router writes for itself.
const ROUTERS_OWN: &str = "Head";
/// The longest event that is read, in bytes; Lambda takes six megabytes.
const EVENT_BYTES_MAX: u64 = 6 * 1024 * 1024;

/// What came of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The function.
    pub function: String,
    /// What it answered.
    pub answer: Result<Value, FunctionError>,
    /// The items that are not as they were before.
    pub changes: Vec<Change>,
    /// How many messages it sent, by queue: `inbound`.
    pub sends: BTreeMap<String, usize>,
    /// How many messages it handed to the carrier.
    pub carried: usize,
    /// How many calls of customers' webhooks it made.
    pub calls: usize,
    /// What functions made use of, it and those before it.
    pub permissions: Permissions,
}

/// Replays an event of the folder `events/<function>/`.
///
/// # Errors
/// If the event or what was before it cannot be read, or what was before cannot be brought about. A function
/// that fails is an outcome.
pub async fn replay(event: &Path) -> Result<Outcome> {
    let folder = event.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let function = folder.context("the folder of an event is named for its function")?;
    replay_on(function, event).await
}

async fn replay_on(function: &str, path: &Path) -> Result<Outcome> {
    Ok(replay_in(World::new(0).await?, function, path, None).await?.0)
}

/// Replays an event in a world; says also how long it was until then, in milliseconds.
async fn replay_in(
    mut world: World,
    function: &str,
    path: &Path,
    emulator: Option<&Emulator>,
) -> Result<(Outcome, i64)> {
    let event: Value = world.read(path)?;
    let known: Vec<&str> = world.functions().collect();
    if !known.contains(&function) {
        bail!("there is no function {function}; there are {}", known.join(", "));
    }
    let ended = match world.bring_about(path).await {
        Ok(()) => world.observe(function, event, emulator).await,
        Err(error) => Err(error.context(format!("before {}", path.display()))),
    };
    let elapsed = world.elapsed();
    world.end().await;
    Ok((ended?, elapsed))
}

/// Replays an event twice, here and on the packed function under an emulator: both have to answer alike after decoding,
/// and what came of it there is held to the same expectation.
///
/// # Errors
/// Says every difference, or why the event cannot be replayed.
pub async fn check_emulated(event: &Path, emulator: &Emulator) -> Result<(), String> {
    let said = |error: anyhow::Error| format!("{error:#}");
    let folder = event.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let function = folder.ok_or("the folder of an event is named for its function")?;
    let world = World::new(0).await.map_err(said)?;
    let (here, elapsed) = replay_in(world, function, event, None).await.map_err(said)?;
    // A process has the system's clock: the steps before the event have to end now.
    let beginning = system_time().0 - elapsed;
    let world = World::new(beginning - given::BEGINNING).await.map_err(said)?;
    let mut there = replay_in(world, function, event, Some(emulator)).await.map_err(said)?.0;
    alike::compare(&here.answer, &there.answer)?;
    let mut expected: Expectation = read(&beside(event, "expect"), str::to_owned).map_err(said)?;
    // Whether a router takes the workspace over depends on what its process did before, and this one did nothing.
    expected.forget_writes_of(ROUTERS_OWN);
    there.changes.retain(|change| change.kind != ROUTERS_OWN);
    expected.compare(&there)
}

/// Starts a packed program in the place of an event's function, and measures it with that event, the first time and so
/// many times again.
///
/// # Errors
/// If the event cannot be replayed, or the program fails.
pub async fn measure(
    event: &Path,
    program: &str,
    emulator: &Emulator,
    times: usize,
) -> Result<Start> {
    let folder = event.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let function = folder.context("the folder of an event is named for its function")?;
    let mut world = World::new(0).await?;
    world.bring_about(event).await?;
    let beginning = system_time().0 - world.elapsed();
    world.end().await;
    let mut world = World::new(beginning - given::BEGINNING).await?;
    world.bring_about(event).await?;
    let handed: Value = world.read(event)?;
    let measured = world.measure(function, program, &handed, emulator, times).await;
    world.end().await;
    measured
}

/// Replays an event and compares what came of it with the expectation beside it.
///
/// # Errors
/// Says every difference, or why the event cannot be replayed.
pub async fn check(event: &Path) -> Result<(), String> {
    let expected = beside(event, "expect");
    let expected: Expectation =
        read(&expected, str::to_owned).map_err(|error| format!("{error:#}"))?;
    let outcome = replay(event).await.map_err(|error| format!("{error:#}"))?;
    expected.compare(&outcome)
}

/// The command: replays an event on any function.
///
/// # Errors
/// If there is no such function, or the event cannot be read. A function that fails is an outcome.
pub async fn run(function: &str, event: &Path) -> Result<Outcome> {
    replay_on(function, event).await
}

/// The file `<name>.<what>.json` beside `<name>.json`.
fn beside(event: &Path, what: &str) -> PathBuf {
    event.with_extension(format!("{what}.json"))
}

/// Reads a file of JSON; what is wrong with it is named by line and column.
fn read<T: DeserializeOwned>(path: &Path, change: impl Fn(&str) -> String) -> Result<T> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?.len();
    if size > EVENT_BYTES_MAX {
        bail!("{shown} is longer than {EVENT_BYTES_MAX} bytes");
    }
    let text = std::fs::read_to_string(path);
    let text = change(&text.with_context(|| format!("{shown} cannot be read"))?);
    serde_json::from_str(&text).with_context(|| format!("{shown} is not what it should be"))
}

impl Outcome {
    /// The kinds of the items that were written, or deleted, in order.
    pub fn kinds(&self, deleted: bool) -> Vec<&str> {
        let of = self.changes.iter().filter(|change| change.is_deleted == deleted);
        let mut kinds: Vec<&str> = of.map(|change| change.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Ok(answer) => writeln!(out, "{} answers\n{answer:#}", self.function)?,
            Err(error) => writeln!(out, "{}: {error}", self.function)?,
        }
        let mut rest = String::new();
        for change in &self.changes {
            let did = if change.is_deleted { "deleted" } else { "wrote" };
            let (kind, table) = (&change.kind, &change.table);
            writeln!(rest, "{did:8} {kind:20} {} {} in {table}", change.pk, change.sk)?;
            for effect in &change.effects {
                writeln!(rest, "{:8} {}", "asked", described(effect))?;
            }
        }
        for (queue, count) in &self.sends {
            writeln!(rest, "{:8} {queue} ×{count}", "sent")?;
        }
        if self.carried > 0 {
            writeln!(rest, "{:8} ×{} to the carrier", "handed", self.carried)?;
        }
        if self.calls > 0 {
            writeln!(rest, "{:8} ×{} webhooks", "called", self.calls)?;
        }
        if rest.is_empty() {
            rest = "and changes nothing\n".to_owned();
        }
        write!(out, "\n{rest}")
    }
}

/// An effect in a few words: it names things and carries no content.
fn described(effect: &Effect) -> String {
    let content = serde_json::to_string(effect).unwrap_or_default();
    format!("{} for {content}", effect.receiver())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
    }

    #[tokio::test]
    async fn an_event_comes_to_the_same_every_time() {
        let event = events().join("delivery-receipt/delivered.json");
        let (first, second) = (replay(&event).await.unwrap(), replay(&event).await.unwrap());
        assert_eq!(first, second);
        assert_eq!(first.kinds(false), ["Message"]);
    }

    #[tokio::test]
    async fn an_event_without_an_expectation_proves_nothing() {
        let missing = check(&events().join("timer/tomorrow.json")).await.unwrap_err();
        assert!(missing.contains("tomorrow.expect.json cannot be read"), "{missing}");
    }

    #[tokio::test]
    async fn an_event_that_is_no_json_is_told_by_its_place() {
        let folder = std::env::temp_dir().join(format!("switchboard-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("broken.json");
        std::fs::write(&file, "{\n  \"a\": ]").unwrap();
        let error = format!("{:#}", run("timer", &file).await.unwrap_err());
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("line 2 column 8"), "{error}");
    }

    #[tokio::test]
    async fn a_function_that_is_not_there_is_answered_with_those_that_are() {
        let error = run("telephone", &events().join("timer/due.json")).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("autocreation, "), "{error}");
    }
}
