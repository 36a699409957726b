//! One deployment: everything of the template, started, watched and stopped together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use switchboard_runtime::dependencies::system_time;
use switchboard_runtime::{Dependencies, Patience};
use switchboard_sqs::Sqs;
use switchboard_store::{Store, TableNames};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::aws::connector::Services;
use crate::aws::functions::needs;
use crate::aws::gateway::Gateway;
use crate::aws::invocation::{FunctionError, Functions};
use crate::aws::kept::Kept;
use crate::aws::keys::Keys;
use crate::aws::mappings::{self, Reach};
use crate::aws::objects::Objects;
use crate::aws::opening::{link, open_queues, open_tables, read_template, stack, sweep, unread};
use crate::aws::options::Options;
use crate::aws::roles::Permissions;
use crate::aws::template::Template;
use crate::aws::trace::{Trace, Trigger};
use crate::aws::usage::{Counters, Meter};

/// How long invocations that are running get to end when the deployment stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// A running deployment.
#[derive(Debug)]
pub struct Deployment {
    base_url: String,
    stack: String,
    pub(super) template: Template,
    pub(super) services: Services,
    pub(super) functions: Arc<Functions>,
    meter: Arc<Meter>,
    warnings: Vec<String>,
    _kept: Kept,
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
            .with_context(|| format!("port {port} cannot be used: is something else there?"))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let meter: Arc<Meter> = Arc::default();
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(system_time));
        let kept = Kept::look(&options)?;
        let stack = stack(&options);
        let queues = open_queues(&options, &clock, &stack, &meter).await?;
        let template = read_template(&options, &base_url, &queues, &stack)?;
        queues.create(&template.queues, options.haste).await?;
        let warnings = kept.warnings(queues.held(&template.queues).await)?;
        let tables = open_tables(&options, &template, &stack, &meter).await?;
        Kept::mark(&options)?;
        meter.roles.enforce(template.allowed());
        let faults = options.faults.clone();
        let is_steady = options.entropy.is_some();
        let keys = Keys::open(options.data.as_deref(), is_steady, Arc::clone(&meter))?;
        let objects =
            Objects::open(options.data.as_deref(), is_steady, &stack, Arc::clone(&meter))?;
        let (road, signs) = (options.road, options.signs);
        let services = Services { tables, queues, keys, objects, faults, is_steady, road, signs };
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
        let patience = options.patience;
        let gateway = Arc::new(Gateway { routes, functions: Arc::clone(&functions), patience });
        tasks.spawn(gateway.serve(listener, stopping));
        Ok(Self {
            base_url,
            stack,
            template,
            services,
            functions,
            meter,
            warnings,
            _kept: kept,
            stop,
            tasks,
        })
    }

    /// Where the HTTP API is: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What somebody should know about the data folder.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
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

    /// A store over tables, by the road that functions take; its requests are counted under `name`.
    pub fn store(&self, name: &str, tables: TableNames) -> Store {
        let patience = patience_of(name);
        match self.services.near(name, patience) {
            Some(near) => Store::near(Arc::new(near), tables),
            None => Store::new(self.services.dynamodb(name, patience), tables),
        }
    }

    /// A real DynamoDB client on the embedded tables; its requests are counted under `name`.
    pub fn dynamodb(&self, name: &str) -> aws_sdk_dynamodb::Client {
        self.services.dynamodb(name, patience_of(name))
    }

    /// A real SQS client on the embedded queues; its requests are counted under `name`.
    pub fn sqs_client(&self, name: &str) -> aws_sdk_sqs::Client {
        self.services.sqs(name, patience_of(name))
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

    /// All items of an embedded table, named without the stack, past every fault and without being counted;
    /// none if the tables are not in this process.
    pub(crate) fn items(&self, table: &str) -> Result<Option<Vec<dynoxide::Item>>> {
        self.services.tables.items(&self.table_name(table))
    }

    /// A real S3 client on the local bucket; its requests are counted under `name`.
    pub fn s3(&self, name: &str) -> aws_sdk_s3::Client {
        self.services.s3(name, patience_of(name))
    }

    /// The keys of all objects of the bucket, past every fault; none if they are not in memory.
    pub fn objects(&self) -> Option<Vec<String>> {
        self.services.objects.keys()
    }

    /// Hands an event to a function, as `aws lambda invoke` does.
    ///
    /// # Errors
    /// If the function fails, or does not exist.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, FunctionError> {
        self.functions.invoke(function, Trigger::Direct, event).await
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
    pub fn permissions(&self) -> Permissions {
        self.meter.roles.used()
    }

    /// What each function asked for until now and its role does not allow.
    pub fn refused(&self) -> Permissions {
        self.meter.roles.refused()
    }

    /// Deletes what has expired, without waiting for the next look.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub fn sweep(&self) -> Result<usize> {
        self.services.tables.sweep()
    }

    /// Stops: takes nothing new, lets what runs come to its end, removes what it made behind endpoints.
    pub async fn stop(mut self) {
        // Those who listen have to be told; if nobody does, all have stopped.
        let _ = self.stop.send(true);
        let until = Instant::now() + LAST_WORDS;
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Who takes longer is cut off, and its messages come again.
        let _ = timeout_at(until, ended).await;
        while self.functions.activity().0 > 0 && Instant::now() < until {
            sleep(Duration::from_millis(1)).await;
        }
        self.services.queues.remove(&self.template.queues).await;
        self.services.tables.remove(&self.template.tables).await;
    }
}

/// How long clients that are counted under `name` wait: as the function of that name, or else long.
fn patience_of(name: &str) -> Patience {
    needs(name).map_or(Patience::LONG, |needs| needs.patience)
}

impl Drop for Deployment {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
