//! Flows: definitions that say what happens with a new conversation.
//!
//! A definition is checked when it is saved: the author of a flow that hands over to a workflow which does
//! not exist hears of it then, not when the first customer writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use switchboard_domain::configuration::{AddressConfiguration, Flow, FlowRevision};
use switchboard_domain::decision::Decision;
use switchboard_domain::flow::{Graph, SendToFlex};
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::process::address::remove_flow;
use switchboard_domain::sid::{FlowSid, WorkspaceSid};
use switchboard_domain::version::Version;
use switchboard_domain::workspace::Route;
use switchboard_domain::workspace::{TaskChannel, Workflow, Workspace};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key, take};

/// The most test users that a flow has.
const TEST_USERS_MAX: usize = 100;

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
        routes: BTreeMap::new(),
        live: None,
        test_users: Vec::new(),
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
            let flow = found.routed(new.clone());
            let revision = FlowRevision::from(&flow);
            Ok::<_, ApiError>((flow.clone(), found.save(flow).and(revision)))
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
            let before = load(call, fw).await?;
            let mut flow = before.clone();
            flow.live = if published { None } else { before.published_revision() };
            flow.published = published;
            flow.revision += 1;
            flow.updated = call.now;
            flow.commit_message = commit_message.map(str::to_owned);
            if let Some(name) = friendly_name {
                name.clone_into(&mut flow.friendly_name);
            }
            if let (Some(definition), Some(found)) = (&definition, &found) {
                flow.definition.clone_from(definition);
                flow = found.routed(flow);
            }
            let revision = FlowRevision::from(&flow);
            let mut saved = match found {
                Some(found) => found.save(flow.clone()),
                None => Decision::put(flow.clone()),
            };
            saved = saved.and(revision);
            // One that was saved before revisions were kept.
            let at = key::flow_revision(before.sid, before.revision);
            if call.on.store.get::<FlowRevision>(at).await?.is_none() {
                saved = saved.and(FlowRevision::from(&before));
            }
            Ok::<_, ApiError>((flow, saved))
        })
        .await?;
    Ok(Reply::ok(render(call, &flow)))
}

/// `GET /v2/Flows/{FW}/Revisions`, the latest first.
pub(crate) async fn revisions(call: &Call<'_>, fw: &str) -> Answer {
    let flow = load(call, fw).await?;
    let request = call.page(1000)?;
    let listing = Listing::revisions_of(flow.sid).descending();
    let page = call.list(&listing, &request, |_: &FlowRevision| true).await?;
    Ok(call.paged("revisions", &request, &page, |one| render_revision(call, one)))
}

/// `GET /v2/Flows/{FW}/Revisions/{Revision}`: by its number, `LatestPublished` or `LatestRevision`.
pub(crate) async fn revision(call: &Call<'_>, fw: &str, number: &str) -> Answer {
    let flow = load(call, fw).await?;
    let number = match number {
        "LatestRevision" => Some(flow.revision),
        "LatestPublished" => flow.published_revision(),
        number => number.parse().ok(),
    };
    let number = number.ok_or_else(|| call.not_found())?;
    let kept: Option<FlowRevision> =
        call.on.store.get(key::flow_revision(flow.sid, number)).await?;
    let latest = || Some(FlowRevision::from(&flow)).filter(|it| it.revision == number);
    let found = kept.or_else(latest).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render_revision(call, &found)))
}

fn render_revision(call: &Call<'_>, one: &FlowRevision) -> Value {
    let definition: Value = serde_json::from_str(&one.definition).unwrap_or_default();
    json!({
        "sid": one.flow,
        "account_sid": call.on.config.account_sid,
        "author_sid": null,
        "friendly_name": one.friendly_name,
        "definition": definition,
        "status": if one.published { "published" } else { "draft" },
        "revision": one.revision,
        "commit_message": one.commit_message,
        "valid": true,
        "errors": [],
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&format!("v2/Flows/{}/Revisions/{}", one.flow, one.revision)),
    })
}

/// `GET /v2/Flows/{FW}/TestUsers`.
pub(crate) async fn test_users(call: &Call<'_>, fw: &str) -> Answer {
    Ok(Reply::ok(render_test_users(call, &load(call, fw).await?)))
}

/// `POST /v2/Flows/{FW}/TestUsers`. They are kept; whoever they are, the published revision handles what they write.
pub(crate) async fn set_test_users(call: &Call<'_>, fw: &str) -> Answer {
    let users = call.form.all("TestUsers");
    if users.is_empty() {
        call.form.required("TestUsers")?;
    }
    if users.len() > TEST_USERS_MAX {
        return Err(ApiError::bad("Invalid parameter: TestUsers are more than 100"));
    }
    let flow = call
        .decide(|| async {
            let mut flow = load(call, fw).await?;
            flow.test_users = users.iter().filter(|it| !it.is_empty()).cloned().collect();
            Ok::<_, ApiError>((flow.clone(), Decision::put(flow)))
        })
        .await?;
    Ok(Reply::ok(render_test_users(call, &flow)))
}

fn render_test_users(call: &Call<'_>, flow: &Flow) -> Value {
    let url = call.url(&format!("v2/Flows/{}/TestUsers", flow.sid));
    json!({ "sid": flow.sid, "test_users": flow.test_users, "url": url })
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

/// A flow in the revision that handles conversations, if there is one; otherwise as it is.
pub(crate) async fn live(call: &Call<'_>, flow: Flow) -> Result<Flow, ApiError> {
    let Some(number) = flow.live_behind_a_draft() else { return Ok(flow) };
    let kept: Option<FlowRevision> =
        call.on.store.get(key::flow_revision(flow.sid, number)).await?;
    Ok(match kept {
        Some(kept) => flow.as_of(kept),
        None => flow,
    })
}

pub(crate) async fn load(call: &Call<'_>, fw: &str) -> Result<Flow, ApiError> {
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

/// Where a definition hands over to, by workflow and task channel as it names them, the first one first.
struct Found {
    routes: Vec<(String, Route)>,
    heads: BTreeMap<WorkspaceSid, Head>,
}

impl Found {
    /// Gives a flow its routes. Those of the revision that handles conversations stay.
    fn routed(&self, mut flow: Flow) -> Flow {
        let mut routes = self.routes.iter().cloned();
        if flow.live.is_none() {
            flow.routes.clear();
            flow.route = routes.next().map(|(_, route)| route);
        }
        flow.routes.extend(routes);
        flow
    }

    /// Saves the flow and its revision under the heads of the workspaces that it hands over to, so that no workflow is removed
    /// meanwhile.
    fn save(self, flow: Flow) -> Decision {
        let mut decision = Decision::put(flow);
        for (workspace, mut head) in self.heads {
            let here = self.routes.iter().filter(|(_, route)| route.workspace == workspace);
            here.for_each(|(_, route)| head.note(PartSid::Workflow(route.workflow)));
            decision = decision.and(head);
        }
        decision
    }
}

/// Checks a definition and finds where it hands over to.
async fn check(call: &Call<'_>, definition: &str) -> Result<Found, ApiError> {
    let invalid = |why: String| ApiError::bad(format!("Invalid flow: {why}"));
    let graph = Graph::read(definition).map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        invalid(all.join("; "))
    })?;
    let mut found = Found { routes: Vec::new(), heads: BTreeMap::new() };
    for widget in graph.hand_overs() {
        let way = Flow::way(widget.workflow, &widget.channel);
        if found.routes.iter().any(|(known, _)| *known == way) {
            continue;
        }
        let missing = "the workflow or the task channel of send-to-flex does not exist";
        let (route, head) = find(call, widget).await?.ok_or_else(|| invalid(missing.to_owned()))?;
        found.heads.insert(route.workspace, head);
        found.routes.push((way, route));
    }
    Ok(found)
}

/// The workspace that has the workflow, with its head, which is loaded first; there are few.
async fn find(call: &Call<'_>, widget: &SendToFlex) -> Result<Option<(Route, Head)>, ApiError> {
    let store = &call.on.store;
    let workspaces: Vec<Workspace> = store.all(&Listing::workspaces()).await?;
    for workspace in workspaces {
        let head: Option<Head> = store.get(key::head(workspace.sid)).await?;
        let workflow: Option<Workflow> =
            store.get(key::workflow(workspace.sid, widget.workflow)).await?;
        let Some((workflow, head)) = workflow.zip(head) else { continue };
        let listing = Listing::task_channels(workspace.sid);
        let channels: Vec<TaskChannel> = store.all(&listing).await?;
        let named = channels.iter().find(|channel| {
            channel.unique_name == widget.channel || channel.sid.to_string() == widget.channel
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
    let warnings = match Graph::read(&flow.definition) {
        Ok(graph) => graph.warnings,
        // One that was saved before there was a rule which it breaks.
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
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
