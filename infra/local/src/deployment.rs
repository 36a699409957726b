//! One deployment: everything of the template, started, watched and stopped together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use switchboard_carriers::Carrier;
use switchboard_runtime::Dependencies;
use switchboard_runtime::dependencies::{Clock, Entropy, system_entropy, system_time};
use switchboard_sqs::Sqs;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::connector::Services;
use crate::dynamo::Tables;
use crate::faults::Faults;
use crate::functions::{StandIns, dependencies};
use crate::gateway::Gateway;
use crate::invocation::{FunctionError, Functions};
use crate::mappings::{self, Reach, stopped};
use crate::queues::{DeadLetter, Depth, Haste, Queues};
use crate::remote::Remote;
use crate::template::{Place, Source, TEMPLATE, Template};
use crate::trace::{Trace, TraceMode, Trigger};
use crate::usage::{Counters, Meter, Permission};

/// The parameters of the template that a deployment sets by itself.
pub const PARAMETERS: [&str; 4] = ["AccountSid", "AuthToken", "PublicUrl", "CarrierTwilioBaseUrl"];

/// Nobody listens there: without a carrier, nothing leaves this machine.
const NO_CARRIER: &str = "http://127.0.0.1:9";
/// How often expired items are looked for.
const SWEEP: Duration = Duration::from_secs(30);
/// Who waits until the deployment is quiet looks again after this, ….
const GLANCE: Duration = Duration::from_millis(1);
/// … and less and less often while nothing happens, down to this.
const GLANCE_MAX: Duration = Duration::from_millis(25);
/// Invocations that are running get so long to end when the deployment stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How a deployment is started.
#[derive(Clone)]
pub struct Options {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// The folder that keeps tables and queues; without it they are in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB that keeps the tables instead of the embedded one.
    pub dynamodb_endpoint: Option<String>,
    /// An SQS that keeps the queues instead of the embedded one.
    pub sqs_endpoint: Option<String>,
    /// The account's SID.
    pub account_sid: String,
    /// The account's token.
    pub auth_token: String,
    /// Where replies are handed to the carrier; nowhere without it.
    pub carrier_base_url: Option<String>,
    /// Where the world reaches the HTTP API; the port on loopback without it.
    pub public_url: Option<String>,
    /// More parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// The template.
    pub template: String,
    /// The clock of functions, queues and tables; the system's without it.
    pub clock: Option<Clock>,
    /// Where identifiers come from; the system's randomness without it.
    pub entropy: Option<Entropy>,
    /// What is done with traces.
    pub trace: TraceMode,
    /// What goes wrong, if anything.
    pub faults: Option<Arc<dyn Faults>>,
    /// What stands in for the carrier.
    pub carrier: Option<Arc<dyn Carrier>>,
    /// What stands in for the endpoints of customers.
    pub endpoints: Option<Arc<dyn webhook_delivery::Endpoints>>,
    /// Shorter waits than the template's.
    pub haste: Haste,
    /// The longest that a mapping waits for a fuller batch.
    pub window_max: Duration,
    /// Whether queues, streams and schedules wake functions, and what has expired goes; without, nothing happens but
    /// by HTTP, `invoke` and `sweep`.
    pub is_driven: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            data: None,
            dynamodb_endpoint: None,
            sqs_endpoint: None,
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "local-auth-token".to_owned(),
            carrier_base_url: None,
            public_url: None,
            parameters: BTreeMap::new(),
            template: TEMPLATE.to_owned(),
            clock: None,
            entropy: None,
            trace: TraceMode::Off,
            faults: None,
            carrier: None,
            endpoints: None,
            haste: Haste::default(),
            window_max: Duration::from_millis(100),
            is_driven: true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Options");
        shown.field("port", &self.port).field("data", &self.data).finish_non_exhaustive()
    }
}

/// What keeps a deployment from being quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDrained {
    /// Queues that hold messages which are due, without the stack's name.
    pub queues: BTreeMap<String, Depth>,
    /// Tables with changes that nobody has seen, without the stack's name.
    pub streams: Vec<String>,
    /// Invocations that are running.
    pub running: usize,
}

impl fmt::Display for NotDrained {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the deployment is not quiet: {self:?}")
    }
}

impl std::error::Error for NotDrained {}

/// A running deployment.
#[derive(Debug)]
pub struct Deployment {
    base_url: String,
    stack: String,
    template: Template,
    pub(crate) services: Services,
    pub(crate) functions: Arc<Functions>,
    meter: Arc<Meter>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Deployment {
    /// Starts everything.
    ///
    /// # Errors
    /// Says what is in the way: the port, the data folder, the template, or a function's settings.
    pub async fn start(options: Options) -> Result<Self> {
        let port = options.port;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("port {port} can not be used: is something else there?"))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let meter: Arc<Meter> = Arc::default();
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(system_time));
        let folder = options.data.as_deref();
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the data folder {} can not be made", folder.display()))?;
        }
        let stack = stack(&options);
        let queues = open_queues(&options, &clock, &stack, &meter).await?;
        let template = read_template(&options, &base_url, &queues, &stack)?;
        queues.create(&template.queues, options.haste).await?;
        let tables = open_tables(&options, &template, &stack, &meter).await?;
        let faults = options.faults.clone();
        let services = Services { tables, queues, faults, is_steady: options.entropy.is_some() };
        let functions = link(&template, &services, &options, clock, &meter)?;
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        if options.is_driven {
            let window_max = options.window_max;
            let reach = Reach {
                functions: Arc::clone(&functions),
                services: services.clone(),
                meter: Arc::clone(&meter),
                window_max,
                stopping: stopping.clone(),
            };
            tasks = mappings::start(&template, &reach)?;
            tasks.spawn(sweep(services.tables.clone(), unread(&template), stopping.clone()));
        }
        let routes = template.routes.clone();
        let gateway = Arc::new(Gateway { routes, functions: Arc::clone(&functions) });
        tasks.spawn(gateway.serve(listener, stopping));
        Ok(Self { base_url, stack, template, services, functions, meter, stop, tasks })
    }

    /// Where the HTTP API is: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The template that is running.
    pub const fn template(&self) -> &Template {
        &self.template
    }

    /// What a function works with, its store and its queues among it.
    ///
    /// # Errors
    /// If the template has no such function.
    pub fn dependencies(&self, function: &str) -> Result<Dependencies> {
        let on = self.functions.dependencies(function).cloned();
        on.ok_or_else(|| anyhow!("there is no function {function}"))
    }

    /// A real DynamoDB client on the embedded tables; its requests are counted under `name`.
    pub fn dynamodb(&self, name: &str) -> aws_sdk_dynamodb::Client {
        self.services.dynamodb(name)
    }

    /// A real SQS client on the embedded queues; its requests are counted under `name`.
    pub fn sqs_client(&self, name: &str) -> aws_sdk_sqs::Client {
        self.services.sqs(name)
    }

    /// The embedded SQS itself, unless the queues are elsewhere.
    pub const fn sqs(&self) -> Option<&Sqs> {
        self.services.queues.sqs()
    }

    /// The URL of a queue, named without the stack: `inbound.fifo`.
    pub fn queue_url(&self, queue: &str) -> String {
        self.services.queues.url(&format!("{}-{queue}", self.stack))
    }

    /// The name of a table, named without the stack: `routing`.
    pub fn table_name(&self, table: &str) -> String {
        format!("{}-{table}", self.stack)
    }

    /// Hands an event to a function, as `aws lambda invoke` does.
    ///
    /// # Errors
    /// If the function fails, or does not exist.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, FunctionError> {
        self.functions.invoke(function, Trigger::Direct, event).await
    }

    /// Waits until nothing is left to do: no message is due or in flight, no change unseen, no function
    /// running. Messages that are delayed do not count, nor do dead letters.
    pub async fn quiet(&self) {
        let (mut known, mut pause, mut was_quiet) = (u64::MAX, GLANCE, false);
        loop {
            let invocations = self.functions.activity().1;
            let is_quiet = self.unrest().await.is_none();
            // Twice in a row, or something may have slipped from one place to the next between two looks.
            if is_quiet && was_quiet && invocations == known {
                return;
            }
            pause = if invocations == known { (pause * 2).min(GLANCE_MAX) } else { GLANCE };
            (known, was_quiet) = (invocations, is_quiet);
            sleep(pause).await;
        }
    }

    /// Waits until nothing is left to do, but not for ever.
    ///
    /// # Errors
    /// Says what is left when the time is over.
    pub async fn drained(&self, limit: Duration) -> Result<(), NotDrained> {
        match timeout(limit, self.quiet()).await {
            Ok(()) => Ok(()),
            Err(_) => self.unrest().await.map_or(Ok(()), Err),
        }
    }

    /// What is left to do at this moment, if anything.
    async fn unrest(&self) -> Option<NotDrained> {
        let (tables, queues) = (&self.services.tables, &self.services.queues);
        let mut left = NotDrained {
            queues: self.depths().await,
            streams: Vec::new(),
            running: self.functions.activity().0,
        };
        left.queues.retain(|_, depth| depth.visible + depth.in_flight > 0);
        for queue in self.template.queues.iter().filter(|queue| queue.holds_dead_letters) {
            left.queues.remove(queues.short(&queue.name));
        }
        for table in read_streams(&self.template) {
            if let Some(stream) = tables.stream(table)
                && !stream.is_read()
            {
                left.streams.push(tables.short(table).to_owned());
            }
        }
        let is_quiet = left.queues.is_empty() && left.streams.is_empty() && left.running == 0;
        (!is_quiet).then_some(left)
    }

    /// How many messages each queue holds, by name without the stack's.
    pub async fn depths(&self) -> BTreeMap<String, Depth> {
        let queues = &self.services.queues;
        let mut depths = BTreeMap::new();
        for queue in &self.template.queues {
            if let Ok(depth) = queues.depth(&queue.name).await {
                depths.insert(queues.short(&queue.name).to_owned(), depth);
            }
        }
        depths
    }

    /// The messages that were given up; they stay where they are. Of one group, the first ten.
    ///
    /// # Errors
    /// If the queues can not be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let mut letters = Vec::new();
        for queue in self.template.queues.iter().filter(|queue| queue.holds_dead_letters) {
            letters.extend(self.services.queues.peek(&queue.name).await?);
        }
        Ok(letters)
    }

    /// Hears of every invocation from now on.
    pub fn traces(&self) -> broadcast::Receiver<Arc<Trace>> {
        self.functions.traces()
    }

    /// What everything has cost until now.
    pub fn counters(&self) -> Counters {
        self.meter.counters()
    }

    /// The permissions that each function has made use of until now.
    pub fn permissions(&self) -> BTreeMap<String, BTreeSet<Permission>> {
        self.meter.permissions()
    }

    /// Deletes what has expired, without waiting for the next look.
    ///
    /// # Errors
    /// If the tables can not be read.
    pub fn sweep(&self) -> Result<usize> {
        self.services.tables.sweep()
    }

    /// Stops: takes nothing new, lets what runs come to its end, removes what it made behind endpoints.
    pub async fn stop(mut self) {
        // Those who listen have to be told; if nobody does, all have stopped.
        let _ = self.stop.send(true);
        let until = Instant::now() + LAST_WORDS;
        while self.tasks.join_next().await.is_some() {}
        while self.functions.activity().0 > 0 && Instant::now() < until {
            sleep(GLANCE).await;
        }
        self.services.queues.remove(&self.template.queues).await;
        self.services.tables.remove(&self.template.tables).await;
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// The stack's name, which begins every table's and queue's.
pub(crate) const STACK: &str = "switchboard";

/// Behind an endpoint several deployments may meet, so there each has a name of its own.
fn stack(options: &Options) -> String {
    match (&options.dynamodb_endpoint, &options.sqs_endpoint) {
        (None, None) => STACK.to_owned(),
        _ => format!("{STACK}-{:08x}", u128::from_be_bytes(system_entropy()) >> 96),
    }
}

/// The queues come first: their file lets no second process in.
async fn open_queues(
    options: &Options,
    clock: &Clock,
    stack: &str,
    meter: &Arc<Meter>,
) -> Result<Queues> {
    if let Some(endpoint) = &options.sqs_endpoint {
        return Queues::connect(endpoint, stack, Arc::clone(meter));
    }
    let folder = options.data.as_deref();
    let file = folder.map(|folder| folder.join("queues.db"));
    let queues = Queues::open(file.as_deref(), clock, stack, Arc::clone(meter)).await;
    queues.with_context(|| in_use(folder))
}

async fn open_tables(
    options: &Options,
    template: &Template,
    stack: &str,
    meter: &Arc<Meter>,
) -> Result<Tables> {
    let meter = Arc::clone(meter);
    if let Some(endpoint) = &options.dynamodb_endpoint {
        let region = switchboard_sqs::Settings::default().region;
        let remote = Remote::new(endpoint, "dynamodb", &region)?;
        return Tables::connect(remote, template, stack, meter).await;
    }
    let folder = options.data.as_deref();
    let file = folder.map(|folder| folder.join("tables.db"));
    let tables = Tables::open(file.as_deref(), options.clock.as_ref(), template, stack, meter);
    tables.with_context(|| in_use(folder))
}

fn in_use(folder: Option<&Path>) -> String {
    match folder {
        Some(folder) => {
            format!("the data folder {} can not be used: is it in use already?", folder.display())
        }
        None => "tables and queues can not be kept in memory".to_owned(),
    }
}

fn read_template(
    options: &Options,
    base_url: &str,
    queues: &Queues,
    stack: &str,
) -> Result<Template> {
    let settings = queues.settings();
    let place = Place {
        region: settings.region.clone(),
        account: settings.account.clone(),
        stack: stack.to_owned(),
        queues_endpoint: settings.endpoint.clone(),
        api_endpoint: base_url.to_owned(),
    };
    let mut parameters = options.parameters.clone();
    let carrier = options.carrier_base_url.as_deref().unwrap_or(NO_CARRIER);
    let public_url = options.public_url.as_deref().unwrap_or_default();
    let own = [&*options.account_sid, &*options.auth_token, public_url, carrier];
    for (name, value) in PARAMETERS.iter().zip(own) {
        parameters.insert((*name).to_owned(), value.to_owned());
    }
    Template::read(&options.template, &parameters, &place).context("infra/template.yaml")
}

fn link(
    template: &Template,
    services: &Services,
    options: &Options,
    clock: Clock,
    meter: &Arc<Meter>,
) -> Result<Arc<Functions>> {
    let entropy = options.entropy.clone().unwrap_or_else(|| Arc::new(system_entropy));
    let (carrier, endpoints) = (options.carrier.clone(), options.endpoints.clone());
    let stand_ins = StandIns { carrier, endpoints };
    let mut functions = Functions::new(Arc::clone(&clock), Arc::clone(meter), options.trace);
    for function in template.functions.values() {
        let on = dependencies(function, services, &clock, &entropy)
            .with_context(|| format!("function {}", function.name))?;
        functions.add(&function.name, on, function.timeout, &stand_ins)?;
    }
    Ok(Arc::new(functions))
}

/// The tables whose stream wakes a function.
fn read_streams(template: &Template) -> BTreeSet<&str> {
    let sources = template.functions.values().flat_map(|function| &function.sources);
    sources
        .filter_map(|source| match source {
            Source::Stream { table, .. } => Some(table.as_str()),
            Source::Queue { .. } | Source::Schedule { .. } => None,
        })
        .collect()
}

/// The tables whose stream nobody reads.
fn unread(template: &Template) -> Vec<String> {
    let read = read_streams(template);
    let tables = template.tables.iter().filter(|table| table.has_stream);
    tables.map(|table| table.name.clone()).filter(|name| !read.contains(name.as_str())).collect()
}

/// Deletes what has expired, and forgets changes that nobody reads.
async fn sweep(tables: Tables, unread: Vec<String>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(SWEEP) => {}
            () = stopped(&mut stopping) => return,
        }
        let forgotten = unread.iter().try_for_each(|table| tables.forget(table, None));
        if let Err(error) = forgotten.and_then(|()| tables.sweep().map(drop)) {
            tracing::warn!("can not sweep the tables: {error:#}");
        }
    }
}
