//! The `Routing` parameter: what kind of agent is asked for (rule C.2).

use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::codes::Code;
use switchboard_domain::flow::TASK_TIMEOUT_SECONDS_MAX;
use switchboard_domain::process::interaction::Order;
use switchboard_domain::sid::{TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid, WorkspaceSid};
use switchboard_domain::workspace::{TaskChannel, TaskQueue, Worker, Workflow};
use switchboard_rest::fields::{Longest, json_object};
use switchboard_rest::{ApiError, Call};
use switchboard_store::{Listing, key, take};

/// The longest attributes of a task, in characters (rule D.11).
pub(crate) const ATTRIBUTES_CHARS_MAX: usize = 4096;
/// How long a task waits if no time is given, in seconds.
const TIMEOUT_SECONDS: i64 = 86_400;

/// The parameter as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Routing {
    workspace: Option<WorkspaceSid>,
    workflow: Option<WorkflowSid>,
    channel: Option<String>,
    pub(crate) worker: Option<(WorkerSid, TaskQueueSid)>,
    attributes: Value,
    priority: i64,
    timeout_seconds: i64,
}

/// The records that it names.
pub(crate) struct Resolved {
    pub(crate) workflow: Workflow,
    pub(crate) channel: TaskChannel,
}

impl Routing {
    /// Reads the parameter.
    pub(crate) fn read(value: &Value) -> Result<Self, ApiError> {
        let properties = value.get("properties").unwrap_or(value);
        if !properties.is_object() {
            return Err(bad("Routing must be a JSON object with properties"));
        }
        let worker: Option<WorkerSid> = sid(properties, "worker_sid")?;
        let queue: Option<TaskQueueSid> = sid(properties, "queue_sid")?;
        let worker = match (worker, queue) {
            (Some(worker), Some(queue)) => Some((worker, queue)),
            (None, _) => None,
            (Some(_), None) => {
                return Err(bad("Routing.properties.queue_sid must go with worker_sid"));
            }
        };
        let channel = text(properties, "task_channel_sid")?;
        let channel = channel.or(text(properties, "task_channel_unique_name")?);
        Ok(Self {
            workspace: sid(properties, "workspace_sid")?,
            workflow: sid(properties, "workflow_sid")?,
            channel,
            worker,
            attributes: attributes(properties)?,
            priority: number(properties, "priority", 0, i64::from(i32::MAX))?.unwrap_or(0),
            timeout_seconds: number(properties, "timeout", 1, TASK_TIMEOUT_SECONDS_MAX)?
                .unwrap_or(TIMEOUT_SECONDS),
        })
    }

    /// The workspace: the one named, or the one that the interaction began in.
    pub(crate) fn workspace(&self, before: Option<WorkspaceSid>) -> Result<WorkspaceSid, ApiError> {
        self.workspace
            .or(before)
            .ok_or_else(|| bad("Missing required parameter Routing.properties.workspace_sid"))
    }

    /// Finds what is named.
    pub(crate) async fn resolve(
        &self,
        call: &Call<'_>,
        workspace: WorkspaceSid,
        medium: ChannelType,
    ) -> Result<Resolved, ApiError> {
        let workflow = self.find_workflow(call, workspace).await?;
        let channel = self.find_channel(call, workspace, medium).await?;
        if let Some((worker, queue)) = self.worker {
            let keys = [key::worker(workspace, worker), key::task_queue(workspace, queue)];
            let mut found = call.on.store.get_all(&keys).await?;
            let both =
                (take::<Worker>(&mut found, &keys[0]), take::<TaskQueue>(&mut found, &keys[1]));
            if !matches!(both, (Some(_), Some(_))) {
                return Err(bad("Routing.properties names no worker or queue of the workspace"));
            }
        }
        Ok(Resolved { workflow, channel })
    }

    async fn find_workflow(
        &self,
        call: &Call<'_>,
        workspace: WorkspaceSid,
    ) -> Result<Workflow, ApiError> {
        if let Some(sid) = self.workflow {
            let found: Option<Workflow> = call.on.store.get(key::workflow(workspace, sid)).await?;
            let missing = "Routing.properties.workflow_sid names no workflow of the workspace";
            return found.ok_or_else(|| bad(missing));
        }
        let listing = Listing::workflows(workspace);
        let mut all: Vec<Workflow> = call.on.store.all(&listing).await?;
        if all.len() == 1 {
            Ok(all.remove(0))
        } else {
            Err(bad("Missing required parameter Routing.properties.workflow_sid"))
        }
    }

    /// By identifier or unique name; if none is named, the one called like the medium, or `default`.
    async fn find_channel(
        &self,
        call: &Call<'_>,
        workspace: WorkspaceSid,
        medium: ChannelType,
    ) -> Result<TaskChannel, ApiError> {
        if let Some(sid) = self.channel.as_ref().and_then(|it| it.parse::<TaskChannelSid>().ok()) {
            let found: Option<TaskChannel> =
                call.on.store.get(key::task_channel(workspace, sid)).await?;
            return found.ok_or_else(|| bad("Routing.properties names no such task channel"));
        }
        let listing = Listing::task_channels(workspace);
        let all: Vec<TaskChannel> = call.on.store.all(&listing).await?;
        let named = |name: &str| all.iter().find(|channel| channel.unique_name == name).cloned();
        let found = match &self.channel {
            Some(name) => named(name),
            None => named(medium.name()).or_else(|| named("default")),
        };
        found.ok_or_else(|| bad("Routing.properties names no such task channel"))
    }

    /// The order for an invite.
    pub(crate) fn order<'a>(&self, resolved: &'a Resolved) -> Order<'a> {
        Order {
            workflow: &resolved.workflow,
            channel: &resolved.channel,
            attributes: self.attributes.clone(),
            priority: self.priority,
            timeout_seconds: self.timeout_seconds,
            worker: self.worker,
        }
    }
}

pub(crate) fn bad(message: &str) -> ApiError {
    ApiError::saying(Code::InvalidChannel, message)
}

/// A text member; null and nothing are the same.
pub(crate) fn text(value: &Value, name: &str) -> Result<Option<String>, ApiError> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(&format!("{name} must be text"))),
    }
}

fn sid<T: std::str::FromStr>(value: &Value, name: &str) -> Result<Option<T>, ApiError> {
    let wrong = |_| bad(&format!("{name} is not an identifier of the right kind"));
    text(value, name)?.map(|text| text.parse().map_err(|_| ()).map_err(wrong)).transpose()
}

fn number(value: &Value, name: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
    let number = match value.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_i64(),
    };
    match number {
        Some(number) if (low..=high).contains(&number) => Ok(Some(number)),
        _ => Err(bad(&format!("{name} must be a whole number from {low} to {high}"))),
    }
}

/// An object, or an object written as text.
fn attributes(properties: &Value) -> Result<Value, ApiError> {
    let text = match properties.get("attributes") {
        None | Some(Value::Null) => return Ok(json!({})),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    json_object(&text, Longest::Chars(ATTRIBUTES_CHARS_MAX))
        .map_err(|why| bad(&why.of("Routing.properties.attributes").message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::Sid as _;

    #[test]
    fn attributes_come_as_an_object_or_as_text() {
        for given in [json!({"a": 1}), json!("{\"a\": 1}")] {
            let routing = Routing::read(&json!({"properties": {"attributes": given}})).unwrap();
            assert_eq!(routing.attributes, json!({"a": 1}));
        }
        for wrong in [json!("["), json!([1]), json!(7), json!("x".repeat(5000))] {
            assert!(Routing::read(&json!({"properties": {"attributes": wrong}})).is_err());
        }
    }

    #[test]
    fn a_worker_needs_a_queue_and_numbers_may_be_text() {
        let worker = WorkerSid::derived(&["w"]);
        assert!(Routing::read(&json!({"properties": {"worker_sid": worker}})).is_err());
        let routing =
            Routing::read(&json!({"properties": {"priority": "7", "timeout": 60}})).unwrap();
        assert_eq!((routing.priority, routing.timeout_seconds), (7, 60));
        assert!(Routing::read(&json!({"properties": {"timeout": 0}})).is_err());
        assert!(Routing::read(&json!([])).is_err());
    }
}
