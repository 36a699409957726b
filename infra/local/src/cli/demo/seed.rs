//! What the demo needs, made where it is not there yet.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{BUSINESS, plus};
use crate::cli::rest::Rest;

/// The demo's records are found again by this name.
const NAME: &str = "Demo";
/// Name, attributes.
const WORKERS: [(&str, &str); 2] = [
    ("alice", r#"{"languages":["en","de"],"skills":["returns"]}"#),
    ("bob", r#"{"languages":["en"],"skills":[]}"#),
];
/// Task channel, and how many tasks of it a worker has at a time.
const CAPACITIES: [(&str, &str); 2] = [("chat", "2"), ("sms", "1")];

/// The workspace of the demo.
pub(super) struct Workspace {
    sid: String,
}

impl Workspace {
    /// Its path.
    pub(super) fn path(&self) -> String {
        format!("/taskrouter/v1/Workspaces/{}", self.sid)
    }
}

/// A list, and where in its answer the records are.
struct List<'a> {
    path: &'a str,
    query: &'a str,
    key: &'a str,
}

/// Sets everything up; the business can be reached under its number behind each of these prefixes.
pub(super) async fn workspace(rest: &Rest, prefixes: &[&str]) -> Result<Workspace> {
    let list =
        List { path: "/taskrouter/v1/Workspaces", query: "FriendlyName=Demo", key: "workspaces" };
    let found = named(rest, &list, &[("FriendlyName", NAME)]).await?;
    let workspace = Workspace { sid: sid(&found)? };
    staff(rest, &workspace).await?;
    let workflow = workflow(rest, &workspace).await?;
    number(rest).await?;
    let flow = flow(rest, &workflow).await?;
    for prefix in prefixes {
        address(rest, &flow, prefix).await?;
    }
    Ok(workspace)
}

/// The workers, at work.
async fn staff(rest: &Rest, workspace: &Workspace) -> Result<()> {
    let path = workspace.path();
    let activities = rest.get(&format!("{path}/Activities?FriendlyName=Available")).await?;
    let available = sid(&activities["activities"][0]).context("no activity Available")?;
    for (name, attributes) in WORKERS {
        let (path, query) = (format!("{path}/Workers"), format!("FriendlyName={name}"));
        let list = List { path: &path, query: &query, key: "workers" };
        let form =
            [("FriendlyName", name), ("Attributes", attributes), ("ActivitySid", &available)];
        let worker = named(rest, &list, &form).await?;
        let worker_path = format!("{path}/{}", sid(&worker)?);
        if worker["activity_sid"] != *available {
            rest.post(&worker_path, &[("ActivitySid", &available)]).await?;
        }
        for (channel, capacity) in CAPACITIES {
            let channel_path = format!("{worker_path}/Channels/{channel}");
            rest.post(&channel_path, &[("Capacity", capacity)]).await?;
        }
    }
    Ok(())
}

/// The queue of those who speak English, and the workflow that leads there.
async fn workflow(rest: &Rest, workspace: &Workspace) -> Result<String> {
    let path = format!("{}/TaskQueues", workspace.path());
    let list = List { path: &path, query: "FriendlyName=English", key: "task_queues" };
    let target = [("FriendlyName", "English"), ("TargetWorkers", r#"languages HAS "en""#)];
    let queue = sid(&named(rest, &list, &target).await?)?;
    let path = format!("{}/Workflows", workspace.path());
    let list = List { path: &path, query: "FriendlyName=Support", key: "workflows" };
    let configuration = json!({ "task_routing": { "default_filter": { "queue": queue } } });
    let configuration = configuration.to_string();
    let form = [("FriendlyName", "Support"), ("Configuration", &configuration)];
    sid(&named(rest, &list, &form).await?)
}

/// The number, in the pool of a messaging service.
async fn number(rest: &Rest) -> Result<()> {
    let list = List { path: "/messaging/v1/Services", query: "PageSize=1000", key: "services" };
    let service = sid(&named(rest, &list, &[("FriendlyName", NAME)]).await?)?;
    let path = format!("/api/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", rest.account());
    let query = format!("PhoneNumber={}", plus(BUSINESS));
    let list = List { path: &path, query: &query, key: "incoming_phone_numbers" };
    let number = find(rest, &list, "phone_number", BUSINESS, &[("PhoneNumber", BUSINESS)]).await?;
    let number = sid(&number)?;
    let path = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    let list = List { path: &path, query: "PageSize=1000", key: "phone_numbers" };
    find(rest, &list, "sid", &number, &[("PhoneNumberSid", &number)]).await?;
    Ok(())
}

/// The flow that hands every new conversation to an agent.
async fn flow(rest: &Rest, workflow: &str) -> Result<String> {
    let definition = json!({
        "description": "Every new conversation goes to an agent",
        "initial_state": "Trigger",
        "states": [
            {
                "name": "Trigger",
                "type": "trigger",
                "properties": {},
                "transitions": [{ "event": "incomingConversationMessage", "next": "Agent" }],
            },
            {
                "name": "Agent",
                "type": "send-to-flex",
                "properties": { "workflow": workflow, "channel": "sms", "attributes": "{}" },
                "transitions": [],
            },
        ],
    });
    let definition = definition.to_string();
    let list = List { path: "/studio/v2/Flows", query: "PageSize=1000", key: "flows" };
    let form =
        [("FriendlyName", NAME), ("Status", "published"), ("Definition", definition.as_str())];
    sid(&named(rest, &list, &form).await?)
}

/// What happens when somebody writes to the number for the first time.
async fn address(rest: &Rest, flow: &str, prefix: &str) -> Result<()> {
    let address = format!("{prefix}{BUSINESS}");
    let kind = prefix.strip_suffix(':').unwrap_or("sms");
    let list = List {
        path: "/conversations/v1/Configuration/Addresses",
        query: "PageSize=50",
        key: "address_configurations",
    };
    let form = [
        ("Type", kind),
        ("Address", &address),
        ("FriendlyName", NAME),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", flow),
    ];
    find(rest, &list, "address", &address, &form).await?;
    Ok(())
}

/// The record of the name that the form gives, made if there is none.
async fn named(rest: &Rest, list: &List<'_>, form: &[(&str, &str)]) -> Result<Value> {
    let name = form.first().map_or(NAME, |(_, name)| *name);
    find(rest, list, "friendly_name", name, form).await
}

/// The record of the list that has this value, made if there is none.
async fn find(
    rest: &Rest,
    list: &List<'_>,
    field: &str,
    value: &str,
    form: &[(&str, &str)],
) -> Result<Value> {
    let answer = rest.get(&format!("{}?{}", list.path, list.query)).await?;
    let all = answer[list.key].as_array();
    let all = all.with_context(|| format!("{} has no list {}", list.path, list.key))?;
    match all.iter().find(|one| one[field] == value) {
        Some(found) => Ok(found.clone()),
        None => rest.post(list.path, form).await,
    }
}

fn sid(record: &Value) -> Result<String> {
    let sid = record["sid"].as_str().map(str::to_owned);
    sid.with_context(|| format!("a record without a sid: {record}"))
}
