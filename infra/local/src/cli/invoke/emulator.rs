//! A packed function under AWS's Runtime Interface Emulator: its own process, and events by HTTP as Lambda hands them over.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::aws::invocation::FunctionError;

/// How long the emulator may take to listen, ….
const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// … how often that is looked at, ….
const GLANCE: Duration = Duration::from_millis(5);
/// … and how long an answer may take: longer than any function's time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The emulator, and the functions that it runs.
#[derive(Debug, Clone)]
pub struct Emulator {
    /// `aws-lambda-rie`.
    pub program: PathBuf,
    /// The folder of `<function>/bootstrap`.
    pub packages: PathBuf,
    /// Where the log of the function that ran last is written.
    pub log: PathBuf,
}

/// The emulator with a function in it, which ends with what started it.
struct Process {
    child: Child,
    client: reqwest::Client,
    url: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; the function goes with it, since nobody hands it events any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a function started, and how long it took afterwards, as the emulator tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// From the start of the process until it asks for its first event, in milliseconds.
    pub init_ms: f64,
    /// What the first event took, in milliseconds.
    pub first_ms: f64,
    /// What each further event took, in milliseconds.
    pub warm_ms: Vec<f64>,
    /// The most memory that the process had, in MiB.
    pub peak_mib: f64,
}

impl Emulator {
    /// Starts a function with this environment and nothing else, and hands it one event.
    ///
    /// # Errors
    /// If the emulator does not start or does not answer. A function that fails is an answer.
    pub(super) async fn invoke(
        &self,
        function: &str,
        environment: &BTreeMap<String, String>,
        event: &Value,
    ) -> Result<Result<Value, FunctionError>> {
        self.start(function, environment).await?.hands(event).await
    }

    /// Starts a function, and hands it one event, and so many times again.
    ///
    /// # Errors
    /// As `invoke`, and if the function fails.
    pub(super) async fn measure(
        &self,
        function: &str,
        environment: &BTreeMap<String, String>,
        event: &Value,
        times: usize,
    ) -> Result<Start> {
        let process = self.start(function, environment).await?;
        for _ in 0..=times {
            process.hands(event).await??;
        }
        let peak_mib = process.peak_mib()?;
        drop(process);
        let log = std::fs::read_to_string(&self.log)?;
        let told = |before: &str| -> Vec<f64> {
            let behind = log.split(before).skip(1);
            let numbers =
                behind.filter_map(|it| it.split(|c| !matches!(c, '0'..='9' | '.')).next());
            numbers.filter_map(|it| it.parse().ok()).collect()
        };
        let (init, events) = (told("INIT REPORT(durationMs: "), told(", duration: "));
        let (Some(init_ms), Some((first_ms, warm_ms))) = (init.first(), events.split_first())
        else {
            bail!("the emulator did not say how long it took: see {}", self.log.display());
        };
        let (init_ms, first_ms, warm_ms) = (*init_ms, *first_ms, warm_ms.to_vec());
        Ok(Start { init_ms, first_ms, warm_ms, peak_mib })
    }

    async fn start(
        &self,
        function: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Process> {
        let [outer, inner] = free_addresses()?;
        let log = File::create(&self.log).context("the log cannot be written")?;
        let child = Command::new(&self.program)
            .args(["--runtime-interface-emulator-address", &outer.to_string()])
            .args(["--runtime-api-address", &inner.to_string()])
            .arg(self.packages.join(function).join("bootstrap"))
            .env_clear()
            .envs(environment)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        let child = child.context("the emulator cannot be started")?;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let url = format!("http://{outer}/2015-03-31/functions/function/invocations");
        let mut process = Process { child, client, url };
        let deadline = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(outer).await.is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("the emulator ended, {status}: see {}", self.log.display());
            }
            if Instant::now() > deadline {
                bail!("the emulator does not listen: see {}", self.log.display());
            }
            sleep(GLANCE).await;
        }
        Ok(process)
    }
}

impl Process {
    async fn hands(&self, event: &Value) -> Result<Result<Value, FunctionError>> {
        let answer = self.client.post(&self.url).body(event.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("the emulator answers {status} {text}");
        }
        let answer: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        // An error of a function has status 200 and no header here; it is known by its members.
        Ok(match answer["errorType"].as_str() {
            Some(kind) => Err(FunctionError::Failed(format!("{kind}: {}", answer["errorMessage"]))),
            None => Ok(answer),
        })
    }

    /// The most memory that the function's process had, which is the emulator's child.
    fn peak_mib(&self) -> Result<f64> {
        let parent = format!("PPid:\t{}\n", self.child.id());
        let processes = std::fs::read_dir("/proc")?.filter_map(Result::ok);
        let mut told =
            processes.filter_map(|it| std::fs::read_to_string(it.path().join("status")).ok());
        let status = told.find(|status| status.contains(&parent)).context("no process")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: f64 =
            line.and_then(|it| it.split_whitespace().next()).context("no peak")?.parse()?;
        Ok(kib / 1024.0)
    }
}

/// Two addresses on which nobody listens.
fn free_addresses() -> Result<[SocketAddr; 2]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, other) = (bind()?, bind()?);
    Ok([one.local_addr()?, other.local_addr()?])
}
