//! What a deployment opens before it runs: queues, tables, the template, and the functions on top of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use switchboard_connections::Vault;
use switchboard_media::Bucket;
use switchboard_runtime::Dependencies;
use switchboard_runtime::dependencies::{Clock, system_entropy};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::aws::connector::Services;
use crate::aws::dynamo::{Opening, Tables};
use crate::aws::functions::{Clients, StandIns, dependencies, needs};
use crate::aws::invocation::{Bounds, Functions};
use crate::aws::kept::{QUEUES_FILE, TABLES_FILE};
use crate::aws::mappings::stopped;
use crate::aws::options::Options;
use crate::aws::queues::Queues;
use crate::aws::remote::Remote;
use crate::aws::template::{Place, Template};
use crate::aws::usage::Meter;

/// The parameters of the template that a deployment sets by itself.
pub const PARAMETERS: [&str; 6] =
    ["AccountSid", "AuthToken", "PublicUrl", "RateCards", "SpendCaps", "RateLimits"];

/// Nobody listens there: without a carrier, nothing leaves this machine.
const NO_CARRIER: &str = "http://127.0.0.1:9";
/// How often expired items are looked for.
const SWEEP: Duration = Duration::from_secs(30);

/// The stack's name, which begins every table's and queue's.
pub(crate) const STACK: &str = "switchboard";

/// Behind an endpoint several deployments may meet, so there each has a name of its own.
pub(super) fn stack(options: &Options) -> String {
    match (&options.dynamodb_endpoint, &options.sqs_endpoint) {
        (None, None) => STACK.to_owned(),
        _ => format!("{STACK}-{:08x}", u128::from_be_bytes(system_entropy()) >> 96),
    }
}

/// The queues come first: their file lets no second process in.
pub(super) async fn open_queues(
    options: &Options,
    clock: &Clock,
    stack: &str,
    meter: &Arc<Meter>,
) -> Result<Queues> {
    if let Some(endpoint) = &options.sqs_endpoint {
        return Queues::connect(endpoint, stack, Arc::clone(meter));
    }
    let folder = options.data.as_deref();
    let file = folder.map(|folder| folder.join(QUEUES_FILE));
    let queues = Queues::open(file.as_deref(), clock, stack, Arc::clone(meter)).await;
    queues.with_context(|| unusable(folder))
}

pub(super) async fn open_tables(
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
    let file = folder.map(|folder| folder.join(TABLES_FILE));
    let (file, clock, road) = (file.as_deref(), options.clock.as_ref(), options.road);
    let opening = Opening { file, clock, template, stack, road, meter };
    Tables::open(opening).with_context(|| unusable(folder))
}

/// What is said beside the reason; whether a file is damaged or in use was looked at before.
fn unusable(folder: Option<&Path>) -> String {
    match folder {
        Some(folder) => format!("the data folder {} cannot be used", folder.display()),
        None => "tables and queues cannot be kept in memory".to_owned(),
    }
}

pub(super) fn read_template(
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
    let public_url = options.public_url.as_deref().unwrap_or_default();
    let rate_cards = options.rate_cards.as_deref().unwrap_or("[]");
    let caps = options.spend_caps.as_deref().unwrap_or("{}");
    let limits = options.rate_limits.as_deref().unwrap_or("{}");
    let own = [&*options.account_sid, &*options.auth_token, public_url, rate_cards, caps, limits];
    for (name, value) in PARAMETERS.iter().zip(own) {
        parameters.insert((*name).to_owned(), value.to_owned());
    }
    Template::read(&options.template, &parameters, &place).context("infra/template.yaml")
}

pub(super) fn link(
    template: &Template,
    services: &Services,
    options: &Options,
    clock: Clock,
    meter: &Arc<Meter>,
) -> Result<Arc<Functions>> {
    let entropy = options.entropy.clone().unwrap_or_else(|| Arc::new(system_entropy));
    let stand_ins = StandIns {
        carrier_url: options.carrier_base_url.clone().unwrap_or_else(|| NO_CARRIER.to_owned()),
        transport: options.transport.clone(),
        endpoints: options.endpoints.clone(),
    };
    let clients = |on: &Dependencies, function: &str| -> Result<Clients> {
        let patience = needs(function)?.patience;
        // Clients take time to make, and most functions have no part in secrets or files.
        let vault = match on.config.secrets_key {
            Some(_) => Vault::over(&on.config, patience, services.kms(function, patience)),
            None => Vault::of_environment(&on.config, patience),
        };
        let bucket = match on.config.media_bucket {
            Some(_) => Bucket::over(&on.config, patience, services.s3(function, patience)),
            None => Bucket::of_environment(&on.config, patience),
        };
        Ok(Clients { vault, bucket })
    };
    let mut functions = Functions::new(
        Arc::clone(&clock),
        Arc::clone(meter),
        options.watch.clone(),
        Bounds { polls_max: options.polls_max, tells_end: options.tells_end },
        services.tables.durable().clone(),
    );
    for function in template.functions.values() {
        let on = dependencies(function, services, &clock, &entropy, &stand_ins.carrier_url)
            .with_context(|| format!("function {}", function.name))?;
        let clients = clients(&on, &function.name)?;
        functions.add(&function.name, (on, clients), function.timeout, &stand_ins)?;
    }
    Ok(Arc::new(functions))
}

/// The tables whose stream nobody reads.
pub(super) fn unread(template: &Template) -> Vec<String> {
    let read = template.read_streams();
    let tables = template.tables.iter().filter(|table| table.has_stream);
    tables.map(|table| table.name.clone()).filter(|name| !read.contains(name.as_str())).collect()
}

/// Deletes what has expired, and forgets changes that nobody reads.
pub(super) async fn sweep(
    tables: Tables,
    unread: Vec<String>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = sleep(SWEEP) => {}
            () = stopped(&mut stopping) => return,
        }
        let forgotten = unread.iter().try_for_each(|table| tables.forget(table, None));
        if let Err(error) = forgotten.and_then(|()| tables.sweep().map(drop)) {
            tracing::warn!("cannot sweep the tables: {error:#}");
        }
    }
}
