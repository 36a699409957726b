//! Reads `infra/template.yaml`, so that what runs on the laptop is what SAM and CDK deploy.

mod filters;
mod resolve;
mod role;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, Value, json};

use crate::aws::roles::{Permission, Permissions};

pub use filters::Filters;
pub use resolve::Place;
use resolve::{Resolver, read, text};

/// The bundle's own template.
pub const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// Everything of a template that runs on the laptop.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// By name.
    pub functions: BTreeMap<String, Function>,
    /// Dead-letter queues before those that point at them.
    pub queues: Vec<Queue>,
    /// All tables.
    pub tables: Vec<Table>,
    /// What the HTTP API routes.
    pub routes: Vec<Route>,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name: the last part of `CodeUri`.
    pub name: String,
    /// Its name in the template.
    pub logical_id: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory, in MB.
    pub memory_mb: u64,
    /// Whether it has a URL of its own, where requests cost nothing beside the invocation.
    pub has_url: bool,
    /// What wakes it, beside HTTP.
    pub sources: Vec<Source>,
    /// What its role allows.
    pub allowed: BTreeSet<Permission>,
}

/// What wakes a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Messages of a queue.
    Queue {
        /// The queue's name.
        queue: String,
        /// How it is polled.
        batching: Batching,
        /// How many batches at a time.
        concurrency_max: usize,
    },
    /// Changes of a table.
    Stream {
        /// The table's name.
        table: String,
        /// How it is polled.
        batching: Batching,
        /// Which changes wake the function.
        filters: Filters,
        /// Whether a failed batch is halved.
        bisect: bool,
        /// How often a failed batch is tried again; for ever if not set.
        retries_max: Option<u64>,
        /// The queue that is told about given-up batches.
        on_failure: Option<String>,
    },
    /// Time.
    Schedule {
        /// How often.
        period: Duration,
    },
}

/// How a queue or a stream is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batching {
    /// At most this many messages or records at a time.
    pub size: usize,
    /// How long to wait for more of them.
    pub window: Duration,
    /// Whether the answer names those that failed.
    pub reports_failures: bool,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// Its attributes, as `CreateQueue` takes them.
    pub attributes: BTreeMap<String, String>,
    /// Whether it holds what others have given up.
    pub holds_dead_letters: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// What `CreateTable` takes.
    pub request: Value,
    /// The attribute that holds the time to live.
    pub ttl: Option<String>,
    /// Whether it has a stream.
    pub has_stream: bool,
}

impl Table {
    /// What `UpdateTimeToLive` takes, if items expire.
    pub(crate) fn expiry(&self) -> Option<Value> {
        let attribute = self.ttl.as_ref()?;
        let specification = json!({ "AttributeName": attribute, "Enabled": true });
        Some(json!({ "TableName": self.name, "TimeToLiveSpecification": specification }))
    }
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// As written: `POST /webhooks/{carrier}`.
    pub key: String,
    /// The method, or `ANY`.
    pub method: String,
    /// The path pattern.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// Resource types that would run something, and that are not understood here.
const NOT_UNDERSTOOD: [&str; 6] = [
    "AWS::Lambda::Function",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Scheduler::Schedule",
    "AWS::Events::Rule",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::Api",
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says which resource has what the laptop cannot run.
    pub fn read(text: &str, parameters: &BTreeMap<String, String>, place: &Place) -> Result<Self> {
        let template = read(text)?;
        let resources = template["Resources"]
            .as_object()
            .ok_or_else(|| anyhow!("the template has no Resources"))?;
        let resolver = Resolver::new(&template, resources, parameters, place)?;
        let globals = resolver.value(&template["Globals"]["Function"])?.unwrap_or_default();
        let (template, urls, stack) = (Self::empty(), BTreeSet::new(), place.stack.as_str());
        let mut reader = Reader { resolver, globals, resources, stack, template, urls };
        for (id, resource) in resources {
            reader.resource(id, resource).with_context(|| format!("resource {id}"))?;
        }
        reader.finish()
    }

    /// The tables whose stream wakes a function.
    pub(crate) fn read_streams(&self) -> BTreeSet<&str> {
        let sources = self.functions.values().flat_map(|function| &function.sources);
        sources
            .filter_map(|source| match source {
                Source::Stream { table, .. } => Some(table.as_str()),
                Source::Queue { .. } | Source::Schedule { .. } => None,
            })
            .collect()
    }

    /// What the roles of all functions allow.
    pub fn allowed(&self) -> Permissions {
        let functions = self.functions.values();
        functions.map(|function| (function.name.clone(), function.allowed.clone())).collect()
    }

    const fn empty() -> Self {
        Self {
            functions: BTreeMap::new(),
            queues: Vec::new(),
            tables: Vec::new(),
            routes: Vec::new(),
        }
    }
}

struct Reader<'a> {
    resolver: Resolver<'a>,
    globals: Value,
    resources: &'a Map<String, Value>,
    stack: &'a str,
    template: Template,
    /// The ARNs of the functions that have a URL of their own.
    urls: BTreeSet<String>,
}

impl Reader<'_> {
    fn resource(&mut self, id: &str, resource: &Value) -> Result<()> {
        let kind = resource["Type"].as_str().unwrap_or_default();
        ensure!(!NOT_UNDERSTOOD.contains(&kind), "the local deployment cannot run {kind}");
        if !self.resolver.exists(resource)? {
            return Ok(());
        }
        let properties = &resource["Properties"];
        match kind {
            "AWS::Serverless::Function" => {
                let properties = self.resolver.value(properties)?.unwrap_or_default();
                let function = self.function(id, &properties)?;
                self.template.functions.insert(function.name.clone(), function);
            }
            "AWS::SQS::Queue" => {
                let name = self.resolver.text(&json!({ "Fn::GetAtt": [id, "QueueName"] }))?;
                let properties = self.resolver.value(properties)?.unwrap_or_default();
                self.template.queues.push(queue(id, name, &properties)?);
            }
            "AWS::DynamoDB::Table" => {
                let name = self.resolver.text(&json!({ "Ref": id }))?;
                let properties = self.resolver.value(properties)?.unwrap_or_default();
                self.template.tables.push(table(id, name, &properties));
            }
            "AWS::Lambda::Url" => {
                ensure!(properties["AuthType"] == "NONE", "the local deployment signs no requests");
                self.urls.insert(self.resolver.text(&properties["TargetFunctionArn"])?);
            }
            "AWS::ApiGatewayV2::Route" => {
                let route = self.route(properties)?;
                self.template.routes.push(route);
            }
            _ => {}
        }
        Ok(())
    }

    fn function(&self, id: &str, own: &Value) -> Result<Function> {
        let setting = |name: &str| match &own[name] {
            Value::Null => &self.globals[name],
            own => own,
        };
        let code = own["CodeUri"].as_str().ok_or_else(|| anyhow!("CodeUri is missing"))?;
        let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or(code).to_owned();
        let mut environment = BTreeMap::new();
        for from in [&self.globals, own] {
            for (name, value) in from["Environment"]["Variables"].as_object().into_iter().flatten()
            {
                environment.insert(name.clone(), text(value).with_context(|| name.clone())?);
            }
        }
        let mut sources = Vec::new();
        for (event, declared) in own["Events"].as_object().into_iter().flatten() {
            sources.push(source(declared).with_context(|| format!("event {event}"))?);
        }
        let allowed = role::allowed(&own["Role"], self.resources, &self.resolver, self.stack)?;
        Ok(Function {
            name,
            logical_id: id.to_owned(),
            environment,
            timeout: Duration::from_secs(integer(setting("Timeout"))?.unwrap_or(3)),
            memory_mb: integer(setting("MemorySize"))?.unwrap_or(128),
            has_url: false,
            sources,
            allowed,
        })
    }

    /// A route leads to an integration, and that to a function.
    fn route(&self, properties: &Value) -> Result<Route> {
        let key = self.resolver.text(&properties["RouteKey"])?;
        let (method, path) = key
            .split_once(' ')
            .ok_or_else(|| anyhow!("the local deployment has no route {key}"))?;
        let target = self.resolver.text(&properties["Target"])?;
        let integration = target.strip_prefix("integrations/").unwrap_or(&target);
        let uri = self
            .resources
            .get(integration)
            .map(|it| &it["Properties"]["IntegrationUri"])
            .ok_or_else(|| anyhow!("the route {key} leads to {target}, which does not exist"))?;
        let uri = self.resolver.text(uri)?;
        let function = uri
            .split(":function:")
            .nth(1)
            .ok_or_else(|| anyhow!("the route {key} leads to {uri}, which is no function"))?;
        let function = function.split('/').next().unwrap_or(function).to_owned();
        Ok(Route { method: method.to_owned(), path: path.to_owned(), function, key })
    }

    fn finish(self) -> Result<Template> {
        let mut template = self.template;
        let by_id: BTreeMap<String, String> = template
            .functions
            .values()
            .map(|function| (function.logical_id.clone(), function.name.clone()))
            .collect();
        for route in &mut template.routes {
            let name = by_id.get(&route.function);
            route.function = name
                .ok_or_else(|| anyhow!("the route {} leads to no function", route.key))?
                .clone();
        }
        for function in template.functions.values_mut() {
            let suffix = format!(":function:{}", function.logical_id);
            function.has_url = self.urls.iter().any(|arn| arn.ends_with(&suffix));
        }
        let mut targets: Vec<String> = Vec::new();
        for queue in &template.queues {
            if let Some(policy) = queue.attributes.get("RedrivePolicy") {
                let policy: Value = serde_json::from_str(policy)?;
                targets.push(named(&policy["deadLetterTargetArn"])?);
            }
        }
        for function in template.functions.values() {
            for source in &function.sources {
                if let Source::Stream { on_failure: Some(queue), .. } = source {
                    targets.push(queue.clone());
                }
            }
        }
        for queue in &mut template.queues {
            queue.holds_dead_letters = targets.contains(&queue.name);
        }
        template.queues.sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
        Ok(template)
    }
}

fn source(declared: &Value) -> Result<Source> {
    let properties = &declared["Properties"];
    let reports = properties["FunctionResponseTypes"].as_array();
    let batching = |size: u64| -> Result<Batching> {
        let window = integer(&properties["MaximumBatchingWindowInSeconds"])?.unwrap_or(0);
        Ok(Batching {
            size: usize::try_from(integer(&properties["BatchSize"])?.unwrap_or(size))?.max(1),
            window: Duration::from_secs(window),
            reports_failures: reports
                .is_some_and(|types| types.iter().any(|it| it == "ReportBatchItemFailures")),
        })
    };
    match declared["Type"].as_str().unwrap_or_default() {
        "SQS" if !properties["FilterCriteria"].is_null() => {
            bail!("the local deployment does not filter the messages of a queue")
        }
        "SQS" => Ok(Source::Queue {
            queue: named(&properties["Queue"])?,
            batching: batching(10)?,
            concurrency_max: usize::try_from(
                integer(&properties["ScalingConfig"]["MaximumConcurrency"])?.unwrap_or(5),
            )?,
        }),
        "DynamoDB" => {
            let arn = properties["Stream"].as_str().unwrap_or_default();
            let table =
                arn.split('/').nth(1).ok_or_else(|| anyhow!("{arn} is no stream of a table"))?;
            let destination = &properties["DestinationConfig"]["OnFailure"]["Destination"];
            Ok(Source::Stream {
                table: table.to_owned(),
                batching: batching(100)?,
                filters: Filters::read(&properties["FilterCriteria"])?,
                bisect: properties["BisectBatchOnFunctionError"] == true,
                retries_max: integer(&properties["MaximumRetryAttempts"])?,
                on_failure: (!destination.is_null()).then(|| named(destination)).transpose()?,
            })
        }
        "Schedule" | "ScheduleV2" => {
            let expression = properties["ScheduleExpression"].as_str();
            let expression = expression
                .or_else(|| properties["Schedule"].as_str())
                .ok_or_else(|| anyhow!("a schedule without an expression"))?;
            Ok(Source::Schedule { period: rate(expression)? })
        }
        other => bail!("the local deployment cannot be woken by {other}"),
    }
}

/// Reads `rate(5 minutes)`.
fn rate(expression: &str) -> Result<Duration> {
    let inner = expression.strip_prefix("rate(").and_then(|it| it.strip_suffix(')'));
    let parts = inner.and_then(|it| it.split_once(' '));
    let unknown = || anyhow!("the local deployment does not understand {expression}");
    let (count, unit) = parts.ok_or_else(unknown)?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return Err(unknown()),
    };
    let count: u64 = count.parse().map_err(|_| unknown())?;
    ensure!(count > 0, "{expression} never comes");
    Ok(Duration::from_secs(count * seconds))
}

fn queue(id: &str, name: String, properties: &Value) -> Result<Queue> {
    let mut attributes = BTreeMap::new();
    for (property, value) in properties.as_object().into_iter().flatten() {
        let value = match (property.as_str(), value) {
            ("QueueName" | "Tags", _) => continue,
            // A standard queue is one that does not say so.
            ("FifoQueue", Value::Bool(false)) => continue,
            (_, Value::Object(_)) => value.to_string(),
            _ => text(value).with_context(|| property.clone())?,
        };
        attributes.insert(property.clone(), value);
    }
    Ok(Queue { logical_id: id.to_owned(), name, attributes, holds_dead_letters: false })
}

fn table(id: &str, name: String, properties: &Value) -> Table {
    let mut request = Map::new();
    let taken = [
        "BillingMode",
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
    ];
    for property in taken {
        if let Some(value) = properties.get(property) {
            request.insert(property.to_owned(), value.clone());
        }
    }
    request.insert("TableName".to_owned(), json!(name));
    let view = &properties["StreamSpecification"]["StreamViewType"];
    if !view.is_null() {
        let stream = json!({ "StreamEnabled": true, "StreamViewType": view });
        request.insert("StreamSpecification".to_owned(), stream);
    }
    let ttl = &properties["TimeToLiveSpecification"];
    let ttl = ttl["AttributeName"].as_str().filter(|_| ttl["Enabled"] == true);
    Table {
        logical_id: id.to_owned(),
        name,
        request: Value::Object(request),
        ttl: ttl.map(str::to_owned),
        has_stream: !view.is_null(),
    }
}

/// The name at the end of a queue's ARN.
fn named(arn: &Value) -> Result<String> {
    let name = arn.as_str().and_then(|arn| arn.rsplit(':').next());
    Ok(name.ok_or_else(|| anyhow!("{arn} is no ARN"))?.to_owned())
}

fn integer(value: &Value) -> Result<Option<u64>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.parse().with_context(|| format!("{text:?}"))?)),
        number => Ok(Some(number.as_u64().ok_or_else(|| anyhow!("not a count: {number}"))?)),
    }
}
