//! Flows: definitions that say what happens with a new conversation.
//!
//! A definition is checked when it is saved: the author of a flow that hands over to a workflow which does
//! not exist hears of it then, not when the first customer writes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::configuration::{AddressConfiguration, Flow};
use switchboard_domain::decision::Decision;
use switchboard_domain::flow::{HandOver, Step, first_step};
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::process::address::remove_flow;
use switchboard_domain::sid::FlowSid;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::Route;
use switchboard_domain::workspace::{TaskChannel, Workflow, Workspace};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key, take};

/// `POST /v2/Flows`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let friendly_name = call.form.required("FriendlyName")?.to_owned();
    let published = published(call.form.required("Status")?)?;
    let definition = call.form.required("Definition")?.to_owned();
    let new = Flow {
        sid: call.on.mint(),
        friendly_name,
        definition,
        route: None,
        published,
        addresses: BTreeSet::new(),
        revision: 1,
        commit_message: call.form.get("CommitMessage").map(str::to_owned),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let flow = call
        .decide(|| async {
            let found = check(call, &new.definition).await?;
            let flow = Flow { route: found.route(), ..new.clone() };
            Ok::<_, ApiError>((flow.clone(), found.save(flow)))
        })
        .await?;
    Ok(Reply::created(render(call, &flow)))
}

/// `GET /v2/Flows`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let listing = Listing::flows().descending();
    let page = call.list(&listing, &request, |_: &Flow| true).await?;
    Ok(call.paged("flows", &request, &page, |flow| {
        let mut rendered = render(call, flow);
        // A list shows flows without their definitions.
        for member in ["definition", "errors", "warnings"] {
            rendered[member] = Value::Null;
        }
        rendered
    }))
}

/// `GET /v2/Flows/{FW}`.
pub(crate) async fn fetch(call: &Call<'_>, fw: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, fw).await?)))
}

/// `POST /v2/Flows/{FW}`.
pub(crate) async fn update(call: &Call<'_>, fw: &str) -> Answer {
    let published = published(call.form.required("Status")?)?;
    let definition = call.form.given("Definition").map(str::to_owned);
    let commit_message = call.form.get("CommitMessage");
    let friendly_name = call.form.get("FriendlyName");
    let flow = call
        .decide(|| async {
            let found = match &definition {
                Some(definition) => Some(check(call, definition).await?),
                None => None,
            };
            let mut flow = load(call, fw).await?;
            flow.published = published;
            flow.revision += 1;
            flow.updated = call.now;
            flow.commit_message = commit_message.map(str::to_owned);
            if let Some(name) = friendly_name {
                name.clone_into(&mut flow.friendly_name);
            }
            if let (Some(definition), Some(found)) = (&definition, &found) {
                flow.definition.clone_from(definition);
                flow.route = found.route();
            }
            let saved = match found {
                Some(found) => found.save(flow.clone()),
                None => Decision::put(flow.clone()),
            };
            Ok::<_, ApiError>((flow, saved))
        })
        .await?;
    Ok(Reply::ok(render(call, &flow)))
}

/// `DELETE /v2/Flows/{FW}`; refused while an address names it.
pub(crate) async fn remove(call: &Call<'_>, fw: &str) -> Answer {
    call.decide(|| async {
        let flow = load(call, fw).await?;
        let addresses = listed(call, &flow).await?;
        Ok::<_, ApiError>(((), remove_flow(flow, &addresses)?))
    })
    .await?;
    Ok(Reply::gone())
}

/// The addresses that name a flow as far as the list of them says so, as they are now: for those that the flow does
/// not know of.
async fn listed(call: &Call<'_>, flow: &Flow) -> Result<Vec<AddressConfiguration>, ApiError> {
    let store = &call.on.store;
    let all: Vec<AddressConfiguration> = store.all(&Listing::address_configurations()).await?;
    let naming = all.iter().filter(|one| one.flow() == Some(flow.sid));
    let keys: Vec<_> = naming.map(|one| key::address_configuration(one.sid)).collect();
    let mut found = store.get_all(&keys).await?;
    Ok(keys.iter().filter_map(|at| take(&mut found, at)).collect())
}

/// `POST /v2/Flows/Validate`.
pub(crate) async fn validate(call: &Call<'_>) -> Answer {
    published(call.form.required("Status")?)?;
    let definition = call.form.required("Definition")?;
    // What the flow would be called is no part of what makes it valid.
    let _ = (call.form.get("FriendlyName"), call.form.get("CommitMessage"));
    call.nothing_else()?;
    check(call, definition).await?;
    Ok(Reply::ok(json!({ "valid": true })))
}

async fn load(call: &Call<'_>, fw: &str) -> Result<Flow, ApiError> {
    let sid: FlowSid = call.sid(fw)?;
    call.on.store.get(key::flow(sid)).await?.ok_or_else(|| call.not_found())
}

fn published(status: &str) -> Result<bool, ApiError> {
    match status.to_lowercase().as_str() {
        "published" => Ok(true),
        "draft" => Ok(false),
        _ => Err(ApiError::bad("Invalid parameter: Status must be draft or published")),
    }
}

/// Where a definition hands over to, if it does.
struct Found(Option<(Route, Head)>);

impl Found {
    fn route(&self) -> Option<Route> {
        self.0.as_ref().map(|(route, _)| route.clone())
    }

    /// Saves the flow under the head of the workspace that it hands over to, so that the workflow is not removed
    /// meanwhile.
    fn save(self, flow: Flow) -> Decision {
        let decision = Decision::put(flow);
        match self.0 {
            Some((route, mut head)) => {
                head.note(PartSid::Workflow(route.workflow));
                decision.and(head)
            }
            None => decision,
        }
    }
}

/// Checks a definition and finds where it hands over to.
async fn check(call: &Call<'_>, definition: &str) -> Result<Found, ApiError> {
    let invalid = |why: String| ApiError::bad(format!("Invalid flow: {why}"));
    match first_step(definition).map_err(|error| invalid(error.to_string()))? {
        Step::Ends { .. } => Ok(Found(None)),
        Step::HandOver(hand_over) => {
            let found = find(call, &hand_over).await?;
            let missing = "the workflow or the task channel of send-to-flex does not exist";
            found.map(|found| Found(Some(found))).ok_or_else(|| invalid(missing.to_owned()))
        }
    }
}

/// The workspace that has the workflow, with its head, which is loaded first; there are few.
async fn find(call: &Call<'_>, hand_over: &HandOver) -> Result<Option<(Route, Head)>, ApiError> {
    let store = &call.on.store;
    let workspaces: Vec<Workspace> = store.all(&Listing::workspaces()).await?;
    for workspace in workspaces {
        let head: Option<Head> = store.get(key::head(workspace.sid)).await?;
        let workflow: Option<Workflow> =
            store.get(key::workflow(workspace.sid, hand_over.workflow)).await?;
        let Some((workflow, head)) = workflow.zip(head) else { continue };
        let listing = Listing::task_channels(workspace.sid);
        let channels: Vec<TaskChannel> = store.all(&listing).await?;
        let named = channels.iter().find(|channel| {
            channel.unique_name == hand_over.channel || channel.sid.to_string() == hand_over.channel
        });
        let route = named.map(|channel| Route {
            workspace: workspace.sid,
            workflow: workflow.sid,
            channel: channel.sid,
        });
        return Ok(route.map(|route| (route, head)));
    }
    Ok(None)
}

fn render(call: &Call<'_>, flow: &Flow) -> Value {
    let url = call.url(&format!("v2/Flows/{}", flow.sid));
    let definition: Value = serde_json::from_str(&flow.definition).unwrap_or_default();
    let ends = matches!(first_step(&flow.definition), Ok(Step::Ends { widget: Some(_) }));
    let warnings: Vec<&str> = if ends {
        vec![
            "Only a trigger that leads to send-to-flex is carried out; the flow stops before its other widgets",
        ]
    } else {
        Vec::new()
    };
    json!({
        "sid": flow.sid,
        "account_sid": call.on.config.account_sid,
        "author_sid": null,
        "friendly_name": flow.friendly_name,
        "definition": definition,
        "status": if flow.published { "published" } else { "draft" },
        "revision": flow.revision,
        "commit_message": flow.commit_message,
        "valid": true,
        "errors": [],
        "warnings": warnings,
        "date_created": flow.created.iso(),
        "date_updated": flow.updated.iso(),
        "webhook_url": null,
        "links": {
            "test_users": format!("{url}/TestUsers"),
            "revisions": format!("{url}/Revisions"),
            "executions": format!("{url}/Executions"),
        },
        "url": url,
    })
}
