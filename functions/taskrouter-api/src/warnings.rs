//! What of a workflow or a queue is allowed and hardly meant. It is a resource of its own, as published ones have no member
//! for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::routing::expression::Expression;
use switchboard_domain::routing::warnings::{Warning, of_queue, of_workflow};
use switchboard_domain::routing::workflow;
use switchboard_domain::sid::WorkspaceSid;
use switchboard_domain::workspace::{TaskChannel, TaskQueue, Workflow};
use switchboard_rest::{Answer, Call, Reply};

use crate::contents;

pub(crate) async fn workflow(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let workflow: Workflow = contents::find(call, workspace, call.sid(sid)?).await?;
    let channels: Vec<TaskChannel> = contents::all(call, workspace).await?;
    let channels: BTreeSet<String> = channels.into_iter().map(|one| one.unique_name).collect();
    let found = workflow::Workflow::parse(&workflow.configuration)
        .map(|configuration| of_workflow(&configuration, &channels));
    let url = contents::url::<Workflow>(call, workspace, workflow.sid);
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workspace,
        "workflow_sid": workflow.sid,
        "warnings": render(&found.unwrap_or_default()),
        "url": format!("{url}/Warnings"),
    })))
}

pub(crate) async fn queue(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let queue: TaskQueue = contents::find(call, workspace, call.sid(sid)?).await?;
    let found = Expression::parse(&queue.target_workers).map(|expression| of_queue(&expression));
    let url = contents::url::<TaskQueue>(call, workspace, queue.sid);
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workspace,
        "task_queue_sid": queue.sid,
        "warnings": render(&found.unwrap_or_default()),
        "url": format!("{url}/Warnings"),
    })))
}

fn render(all: &[Warning]) -> Value {
    let one = |it: &Warning| json!({ "place": it.place, "name": it.name, "message": it.message });
    all.iter().map(one).collect()
}
