//! The functions of the bundle, linked in, each behind the JSON that Lambda would hand it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Request, Service, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use switchboard_carriers::{BASE_URL, Carriers, Transport, stand_in_settings};
use switchboard_connections::{Connections, Vault};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::timestamp::Timestamp;
use switchboard_media::Bucket;
use switchboard_runtime::dependencies::{Clock, Entropy};
use switchboard_runtime::queue::Queues;
use switchboard_runtime::{Config, Dependencies, Needs};
use switchboard_store::Store;

use crate::aws::connector::Services;
use crate::aws::faults::Faults;
use crate::aws::template;

/// What a function asks beside its tables and queues.
pub(crate) struct Clients {
    /// The key service.
    pub(crate) vault: Vault,
    /// The bucket of files.
    pub(crate) bucket: Bucket,
}

/// What stands in for the outside world, where something does.
#[derive(Clone, Default)]
pub(crate) struct StandIns {
    /// Where all carriers' APIs are.
    pub(crate) carrier_url: String,
    /// For the network between us and the carriers.
    pub(crate) transport: Option<Arc<dyn Transport>>,
    /// For the endpoints of customers.
    pub(crate) endpoints: Option<Arc<dyn switchboard_caller::Endpoints>>,
}

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One environment of a function, as Lambda keeps it warm: it does one invocation at a time.
pub(crate) type Environment = Box<dyn Fn(Value) -> Running<Result<Value>> + Send + Sync>;

/// Starts environments of one function.
pub(crate) type Start = Arc<dyn Fn() -> Environment + Send + Sync>;

/// What a function works with, out of its own environment variables: what the template does not give it,
/// it does not have.
pub(crate) fn dependencies(
    function: &template::Function,
    services: &Services,
    clock: &Clock,
    entropy: &Entropy,
    carrier_url: &str,
) -> Result<Dependencies> {
    let (environment, needs) = (local(&function.environment, carrier_url), needs(&function.name)?);
    needs.met_by(&environment).with_context(|| function.name.clone())?;
    let (config, patience) = (Config::read(&environment)?, needs.patience);
    let (name, tables, urls) = (&function.name, config.tables.clone(), config.queues.clone());
    let (store, queues) = match services.near(name, patience) {
        Some(near) => {
            let near = Arc::new(near);
            (Store::near(Arc::clone(&near) as _, tables), Queues::near(near, urls))
        }
        None => {
            let store = Store::new(services.dynamodb(name, patience), tables);
            (store, Queues::new(services.sqs(name, patience), urls))
        }
    };
    let clock = match &services.faults {
        Some(faults) => skewed(clock, faults, &function.name),
        None => Arc::clone(clock),
    };
    Ok(Dependencies::new(config, store, queues, clock, Arc::clone(entropy)))
}

/// A clock as wrong as the faults want it for this function.
fn skewed(clock: &Clock, faults: &Arc<dyn Faults>, function: &str) -> Clock {
    let (clock, faults, function) = (Arc::clone(clock), Arc::clone(faults), function.to_owned());
    Arc::new(move || Timestamp(clock().0 + faults.skew(&function)))
}

/// What only the laptop sets: customers' webhooks may be on this machine, and every carrier is where the laptop's
/// carrier is and has its secrets where none are given, for the functions that have one.
pub(crate) fn local(
    environment: &BTreeMap<String, String>,
    carrier_url: &str,
) -> BTreeMap<String, String> {
    let mut variables = environment.clone();
    variables.insert("ALLOW_LOOPBACK_WEBHOOKS".to_owned(), "true".to_owned());
    variables.insert("MEDIA_WHOLE".to_owned(), "true".to_owned());
    if environment.keys().any(|name| name.starts_with("CARRIER_")) {
        for carrier in CarrierName::ALL {
            let name = format!("CARRIER_{}", carrier.setting(BASE_URL));
            variables.insert(name, carrier_url.to_owned());
        }
        for (name, value) in stand_in_settings() {
            variables.entry(format!("CARRIER_{name}")).or_insert(value.0);
        }
    }
    variables
}

/// What a function is started with, by its own word.
///
/// # Errors
/// If no crate of that name is linked.
pub fn needs(function: &str) -> Result<Needs> {
    Ok(match function {
        "inbound-webhook" => inbound_webhook::NEEDS,
        "conversations-api" => conversations_api::NEEDS,
        "messaging-api" => messaging_api::NEEDS,
        "carriers-api" => carriers_api::NEEDS,
        "taskrouter-api" => taskrouter_api::NEEDS,
        "flex-api" => flex_api::NEEDS,
        "autocreation" => autocreation::NEEDS,
        "interaction-invite" => interaction_invite::NEEDS,
        "task-assignment" => task_assignment::NEEDS,
        "outbound-message" => outbound_message::NEEDS,
        "delivery-receipt" => delivery_receipt::NEEDS,
        "media-api" => media_api::NEEDS,
        "media-copy" => media_copy::NEEDS,
        "webhook-delivery" => webhook_delivery::NEEDS,
        "effect-relay" => effect_relay::NEEDS,
        "event-log" => event_log::NEEDS,
        "timer" => timer::NEEDS,
        other => bail!("the template's function {other} is not linked into the local deployment"),
    })
}

/// Links a function of the template with its crate.
pub(crate) fn link(
    name: &str,
    (on, Clients { vault, bucket }): (Dependencies, Clients),
    stand_ins: &StandIns,
) -> Result<Start> {
    let transport = stand_ins.transport.as_ref();
    let on = with_secrets(name, on, &vault);
    let on = Arc::new(match name {
        "conversations-api" | "autocreation" => {
            let caller = caller(&on, stand_ins)?;
            switchboard_caller::asking(on, caller)
        }
        _ => on,
    });
    Ok(match name {
        "inbound-webhook" | "carriers-api" | "outbound-message" => {
            let connections = Arc::new(connections(&on, vault, transport)?);
            link_carriers(name, on, connections)?
        }
        "conversations-api" => {
            http(on, async |on, request| conversations_api::handle(&on, request).await)
        }
        "messaging-api" => http(on, async |on, request| messaging_api::handle(&on, request).await),
        "taskrouter-api" => {
            http(on, async |on, request| taskrouter_api::handle(&on, request).await)
        }
        "flex-api" => http(on, async |on, request| flex_api::handle(&on, request).await),
        "autocreation" => event(on, async |on, event| Ok(autocreation::handle(&on, event).await)),
        "interaction-invite" => {
            event(on, async |on, event| Ok(interaction_invite::handle(&on, event).await))
        }
        "task-assignment" => Arc::new(move || {
            // Each environment keeps routers of its own, which is how two of them come to disagree.
            let routers = Arc::new(task_assignment::Routers::default());
            let on = Arc::clone(&on);
            environment(move |event| {
                let (on, routers) = (Arc::clone(&on), Arc::clone(&routers));
                async move { Ok(task_assignment::handle(&on, &routers, event).await) }
            })
        }),
        "delivery-receipt" => {
            event(on, async |on, event| Ok(delivery_receipt::handle(&on, event).await))
        }
        "media-api" | "media-copy" => link_media(name, on, (vault, bucket), stand_ins)?,
        "webhook-delivery" => {
            let caller = Arc::new(caller(&on, stand_ins)?);
            event(on, move |on, event| {
                let caller = Arc::clone(&caller);
                async move { Ok(webhook_delivery::handle(&on, &caller, event).await) }
            })
        }
        "effect-relay" => event(on, async |on, event| Ok(effect_relay::handle(&on, event).await)),
        "event-log" => event(on, async |on, event| Ok(event_log::handle(&on, event).await)),
        "timer" => event(on, async |on, event| Ok(timer::handle(&on, event).await?)),
        other => bail!("the template's function {other} is not linked into the local deployment"),
    })
}

/// Links one of the functions that speak with carriers.
fn link_carriers(
    name: &str,
    on: Arc<Dependencies>,
    connections: Arc<Connections>,
) -> Result<Start> {
    Ok(match name {
        "inbound-webhook" => http(on, move |on, request| {
            let connections = Arc::clone(&connections);
            async move { inbound_webhook::handle(&on, &connections, request).await }
        }),
        "carriers-api" => http(on, move |on, request| {
            let connections = Arc::clone(&connections);
            async move { carriers_api::handle(&on, &connections, request).await }
        }),
        "outbound-message" => event(on, move |on, event| {
            let connections = Arc::clone(&connections);
            async move { Ok(outbound_message::handle(&on, &connections, event).await) }
        }),
        other => bail!("{other} speaks with no carrier"),
    })
}

/// Links one of the functions of files.
fn link_media(
    name: &str,
    on: Arc<Dependencies>,
    (vault, bucket): (Vault, Bucket),
    stand_ins: &StandIns,
) -> Result<Start> {
    let caller = caller(&on, stand_ins)?;
    if name == "media-api" {
        let tools = Arc::new(media_api::Tools { caller: caller.into(), bucket });
        return Ok(http(on, move |on, request| {
            let tools = Arc::clone(&tools);
            async move { media_api::handle(&on, &tools, request).await }
        }));
    }
    let connections = connections(&on, vault, stand_ins.transport.as_ref())?;
    let tools = Arc::new(media_copy::Tools { connections, caller, bucket });
    Ok(event(on, move |on, event| {
        let tools = Arc::clone(&tools);
        async move { Ok(media_copy::handle(&on, &tools, event).await) }
    }))
}

/// Lets the functions that have a part in API keys seal and open their secrets.
fn with_secrets(name: &str, on: Dependencies, vault: &Vault) -> Dependencies {
    match name {
        "conversations-api" | "media-api" | "messaging-api" | "taskrouter-api" => {
            on.keeping(Arc::new(vault.clone()))
        }
        _ => on,
    }
}

fn connections(
    on: &Dependencies,
    vault: Vault,
    transport: Option<&Arc<dyn Transport>>,
) -> Result<Connections> {
    let carriers = Carriers::connect(&on.config.carrier_settings())?;
    let carriers = match transport {
        Some(transport) => carriers.over(Arc::clone(transport)),
        None => carriers,
    };
    Ok(Connections::new(carriers, vault))
}

/// Who calls customers' endpoints, or whoever stands in for these.
fn caller(on: &Dependencies, stand_ins: &StandIns) -> Result<switchboard_caller::Caller> {
    let caller = switchboard_caller::Caller::new(on.config.allow_loopback_webhooks)?;
    Ok(match &stand_ins.endpoints {
        Some(endpoints) => caller.answered_by(Arc::clone(endpoints)),
        None => caller,
    })
}

/// A function that takes an event.
fn event<E, A, F>(
    on: Arc<Dependencies>,
    handle: impl Fn(Arc<Dependencies>, E) -> F + Clone + Send + Sync + 'static,
) -> Start
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
{
    Arc::new(move || {
        let (on, handle) = (Arc::clone(&on), handle.clone());
        environment(move |event| handle(Arc::clone(&on), event))
    })
}

fn environment<E, A, F>(handle: impl Fn(E) -> F + Send + Sync + 'static) -> Environment
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
{
    Box::new(move |event| {
        let running = serde_json::from_value(event)
            .context("the event is not what this function takes")
            .map(&handle);
        Box::pin(async move { Ok(serde_json::to_value(running?.await?)?) })
    })
}

/// A function that takes HTTP requests, through the same adapter as on Lambda.
fn http<F>(
    on: Arc<Dependencies>,
    handle: impl Fn(Arc<Dependencies>, Request) -> F + Clone + Send + Sync + 'static,
) -> Start
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    event(on, move |on, request: LambdaRequest| {
        let handle = handle.clone();
        async move {
            let service = service_fn(move |request| handle(Arc::clone(&on), request));
            let mut adapter = Adapter::from(service);
            let event = LambdaEvent::new(request, lambda_runtime::Context::default());
            adapter.call(event).await.map_err(|never| anyhow!("{never}"))
        }
    })
}
