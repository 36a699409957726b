//! Activities: what a worker can be doing (rule D.2).

use serde_json::{Value, json};
use switchboard_domain::routing::workflow::Workflow as Rules;
use switchboard_domain::sid::{ActivitySid, WorkspaceSid};
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{Activity, TaskQueue, Worker, Workflow};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Listing;

use crate::contents::{self, PAGE_SIZE_MAX};
use crate::fields;

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let activity = Activity {
        workspace,
        sid: call.on.mint(),
        friendly_name: fields::required_name(&call.form, "FriendlyName")?,
        available: call.form.affirmed("Available")?.unwrap_or(false),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let activity = contents::create(call, activity, contents::unchecked).await?;
    Ok(Reply::created(render(call, &activity)))
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let name = call.query.get("FriendlyName");
    let available = call.query.affirmed("Available")?;
    let listing = Listing::activities(workspace);
    let page = call
        .list(&listing, &request, |activity: &Activity| {
            name.is_none_or(|name| name == activity.friendly_name)
                && available.is_none_or(|available| available == activity.available)
        })
        .await?;
    Ok(call.paged("activities", &request, &page, |activity| render(call, activity)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let activity = contents::find(call, workspace, call.sid(sid)?).await?;
    Ok(Reply::ok(render(call, &activity)))
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: ActivitySid = call.sid(sid)?;
    let name = fields::name(&call.form, "FriendlyName")?;
    let apply = |activity: &mut Activity| {
        if let Some(name) = &name {
            activity.friendly_name.clone_from(name);
        }
    };
    let activity = contents::change(call, workspace, sid, contents::unchecked, apply).await?;
    Ok(Reply::ok(render(call, &activity)))
}

/// An activity that something refers to stays.
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: ActivitySid = call.sid(sid)?;
    let check = |_| async move {
        let of = contents::workspace(call, workspace).await?;
        if of.default_activity == sid || of.timeout_activity == sid {
            return Err(ApiError::bad(
                "The activity is the workspace's default or timeout activity and can not be deleted",
            ));
        }
        let queues: Vec<TaskQueue> = contents::all(call, workspace).await?;
        let names = |queue: &TaskQueue| {
            [queue.reservation_activity, queue.assignment_activity].contains(&Some(sid))
        };
        if let Some(queue) = queues.iter().find(|queue| names(queue)) {
            let message = format!("The activity is used by task queue {}", queue.sid);
            return Err(ApiError::bad(message));
        }
        let workflows: Vec<Workflow> = contents::all(call, workspace).await?;
        let counts = |workflow: &Workflow| {
            Rules::parse(&workflow.configuration).is_ok_and(|it| it.activities().contains(&sid))
        };
        if let Some(workflow) = workflows.iter().find(|workflow| counts(workflow)) {
            let message = format!("The activity is used by workflow {}", workflow.sid);
            return Err(ApiError::bad(message));
        }
        let workers: Vec<Worker> = contents::all(call, workspace).await?;
        let does = |worker: &&Worker| {
            worker.activity == sid || worker.occupation.is_some_and(|held| held.before == sid)
        };
        match workers.iter().find(does) {
            Some(worker) => {
                Err(ApiError::bad(format!("The activity is in use by worker {}", worker.sid)))
            }
            None => Ok(()),
        }
    };
    contents::remove::<Activity, _>(call, workspace, sid, check).await
}

pub(crate) fn render(call: &Call<'_>, activity: &Activity) -> Value {
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": activity.workspace,
        "sid": activity.sid,
        "friendly_name": activity.friendly_name,
        "available": activity.available,
        "date_created": activity.created.iso(),
        "date_updated": activity.updated.iso(),
        "url": contents::url::<Activity>(call, activity.workspace, activity.sid),
        "links": { "workspace": contents::workspace_url(call, activity.workspace) },
    })
}
