//! Routing test cases of a workflow: made, read, removed and run. They are kept in the workflow itself, so that whoever changes
//! it with `RunTests=true` is held against exactly those that are there.

mod reading;
mod told;

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_domain::routing::router::test_cases::{Material, Outcome, run};
use switchboard_domain::sid::{WorkflowSid, WorkspaceSid};
use switchboard_domain::workspace::{BYTES_MAX, RoutingTest, TESTS_MAX, Workflow};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Listing;

use self::told::Names;
use crate::fields::invalid;
use crate::{configurations, contents};

/// The operation that the path asks for, if it is one about test cases.
pub(crate) async fn answer(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    workflow: &str,
    rest: &[&str],
) -> Answer {
    use switchboard_rest::Method;
    let workflow: WorkflowSid = call.sid(workflow)?;
    match (call.method, rest) {
        (Method::Get, []) => list(call, workspace, workflow).await,
        (Method::Post, []) => put(call, workspace, workflow).await,
        (Method::Post, ["Run"]) => try_out(call, workspace, workflow).await,
        (Method::Get, [name]) => fetch(call, workspace, workflow, name).await,
        (Method::Delete, [name]) => remove(call, workspace, workflow, name).await,
        _ => call.no_such_operation(),
    }
}

async fn list(call: &Call<'_>, workspace: WorkspaceSid, sid: WorkflowSid) -> Answer {
    let workflow: Workflow = contents::find(call, workspace, sid).await?;
    let tests: Vec<Value> =
        workflow.tests.iter().map(|test| render(call, &workflow, test)).collect();
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workspace,
        "workflow_sid": sid,
        "routing_tests": tests,
        "url": url(call, &workflow),
    })))
}

async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: WorkflowSid, name: &str) -> Answer {
    let workflow: Workflow = contents::find(call, workspace, sid).await?;
    let test = workflow.tests.iter().find(|test| test.name == name);
    Ok(Reply::ok(render(call, &workflow, test.ok_or_else(|| call.not_found())?)))
}

/// Makes one, or another one of its name.
async fn put(call: &Call<'_>, workspace: WorkspaceSid, sid: WorkflowSid) -> Answer {
    let test = reading::test(&call.form)?;
    let before: Workflow = contents::find(call, workspace, sid).await?;
    let is_new = before.tests.iter().all(|one| one.name != test.name);
    check_room(&before, &test)?;
    let apply = |workflow: &mut Workflow| {
        workflow.tests.retain(|one| one.name != test.name);
        workflow.tests.push(test.clone());
        workflow.tests.sort_by(|one, other| one.name.cmp(&other.name));
    };
    let check = async || {
        let now: Workflow = contents::find(call, workspace, sid).await?;
        check_room(&now, &test)
    };
    let workflow = contents::change(call, workspace, sid, check, apply).await?;
    let body = render(call, &workflow, &test);
    Ok(if is_new { Reply::created(body) } else { Reply::ok(body) })
}

/// Refuses one for which the workflow has no room.
fn check_room(workflow: &Workflow, test: &RoutingTest) -> Result<(), ApiError> {
    let others = || workflow.tests.iter().filter(|one| one.name != test.name);
    if others().count() >= TESTS_MAX {
        return Err(ApiError::bad(format!("The workflow has {TESTS_MAX} test cases already")));
    }
    let all: Vec<&RoutingTest> = others().chain([test]).collect();
    let bytes = serde_json::to_string(&all).map_or(usize::MAX, |text| text.len());
    match bytes > BYTES_MAX {
        true => {
            Err(invalid("Tasks", &format!("makes the test cases longer than {BYTES_MAX} bytes")))
        }
        false => Ok(()),
    }
}

async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: WorkflowSid, name: &str) -> Answer {
    let check = async || {
        let now: Workflow = contents::find(call, workspace, sid).await?;
        let is_there = now.tests.iter().any(|test| test.name == name);
        is_there.then_some(()).ok_or_else(|| call.not_found())
    };
    let apply = |workflow: &mut Workflow| workflow.tests.retain(|test| test.name != name);
    contents::change(call, workspace, sid, check, apply).await?;
    Ok(Reply::gone())
}

/// Runs them, under another configuration if one is given; nothing is stored.
async fn try_out(call: &Call<'_>, workspace: WorkspaceSid, sid: WorkflowSid) -> Answer {
    let configuration = configurations::configuration(&call.form)?;
    call.nothing_else()?;
    let mut workflow: Workflow = contents::find(call, workspace, sid).await?;
    if let Some(text) = configuration {
        configurations::check_named(call, workspace, &text).await?;
        workflow.configuration = text;
    }
    let tests = workflow.tests.clone();
    let (outcomes, names) = outcomes(call, &workflow, &tests).await?;
    let failed = outcomes.iter().filter(|one| !one.is_right()).count();
    let told: Vec<Value> = outcomes.iter().map(|one| told::render(one, &names)).collect();
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workspace,
        "workflow_sid": sid,
        "tasks": outcomes.len(),
        "failed": failed,
        "outcomes": told,
        "url": format!("{}/Run", url(call, &workflow)),
    })))
}

/// Refuses a workflow that does not pass its test cases, and says what differs.
pub(crate) async fn check(call: &Call<'_>, workflow: &Workflow) -> Result<(), ApiError> {
    if workflow.tests.is_empty() {
        return Ok(());
    }
    let (outcomes, names) = outcomes(call, workflow, &workflow.tests).await?;
    let differing: Vec<&Outcome<'_>> = outcomes.iter().filter(|one| !one.is_right()).collect();
    match differing.is_empty() {
        true => Ok(()),
        false => Err(ApiError::bad(told::refusal(&differing, &names))),
    }
}

async fn outcomes<'t>(
    call: &Call<'_>,
    workflow: &Workflow,
    tests: &'t [RoutingTest],
) -> Result<(Vec<Outcome<'t>>, Names), ApiError> {
    let workspace = contents::workspace(call, workflow.workspace).await?;
    let all = Listing::contents_of(workflow.workspace);
    let records: Vec<Record> = call.on.store.everything(&all).await?;
    let material = Material { workspace: &workspace, records: &records, workflow, now: call.now };
    Ok((run(&material, tests), Names::read(&records)))
}

fn url(call: &Call<'_>, workflow: &Workflow) -> String {
    let url = contents::url::<Workflow>(call, workflow.workspace, workflow.sid);
    format!("{url}/RoutingTests")
}

fn render(call: &Call<'_>, workflow: &Workflow, test: &RoutingTest) -> Value {
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workflow.workspace,
        "workflow_sid": workflow.sid,
        "unique_name": test.name,
        "tasks": test.tasks.iter().map(reading::written).collect::<Vec<Value>>(),
        "url": format!("{}/{}", url(call, workflow), test.name),
    })
}
