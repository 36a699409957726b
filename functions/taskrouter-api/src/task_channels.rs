//! Task channels: kinds of work with separate capacity (rule D.2). The path names one by its identifier
//! or by its unique name.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::sid::{TaskChannelSid, TaskSid, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::TaskChannel;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Listing;

use crate::contents::{self, PAGE_SIZE_MAX, used_by_no_flow};
use crate::{fields, task_list};

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let channel = TaskChannel {
        workspace,
        sid: call.on.mint(),
        unique_name: fields::required_name(&call.form, "UniqueName")?,
        friendly_name: fields::required_name(&call.form, "FriendlyName")?,
        channel_optimized_routing: call.form.flag("ChannelOptimizedRouting")?.unwrap_or(false),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    fields::without_hyphens("UniqueName", &channel.unique_name)?;
    fields::without_hyphens("FriendlyName", &channel.friendly_name)?;
    let check = || async {
        match named(call, workspace, &channel.unique_name).await? {
            Some(other) => {
                let message = format!("Task channel {} has this UniqueName already", other.sid);
                Err(ApiError::saying(Code::AlreadyExists, message))
            }
            None => Ok(()),
        }
    };
    let channel = contents::create(call, channel.clone(), check).await?;
    Ok(Reply::created(render(call, &channel)))
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let listing = Listing::task_channels(workspace);
    let page = call.list(&listing, &request, |_: &TaskChannel| true).await?;
    Ok(call.paged("channels", &request, &page, |channel| render(call, channel)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, which: &str) -> Answer {
    let channel = find(call, workspace, which).await?;
    Ok(Reply::ok(render(call, &channel)))
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, which: &str) -> Answer {
    let sid = find(call, workspace, which).await?.sid;
    let name = fields::name(&call.form, "FriendlyName")?;
    if let Some(name) = &name {
        fields::without_hyphens("FriendlyName", name)?;
    }
    let optimized = call.form.flag("ChannelOptimizedRouting")?;
    let apply = |channel: &mut TaskChannel| {
        if let Some(name) = &name {
            channel.friendly_name.clone_from(name);
        }
        channel.channel_optimized_routing = optimized.unwrap_or(channel.channel_optimized_routing);
    };
    let channel = contents::change(call, workspace, sid, contents::unchecked, apply).await?;
    Ok(Reply::ok(render(call, &channel)))
}

/// A channel that a task is on stays until the task is over, and one that a flow hands over on stays. What capacity
/// workers had there stays with them and counts for nothing.
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, which: &str) -> Answer {
    let sid: TaskChannelSid = find(call, workspace, which).await?.sid;
    let check = |recent: Vec<TaskSid>| async move {
        let on_it = |task: &Task| task.channel == sid;
        match task_list::first_open(call, workspace, &recent, on_it).await? {
            Some(task) => {
                let message = format!("The task channel is in use by task {}", task.sid);
                Err(ApiError::bad(message))
            }
            None => used_by_no_flow(call, "task channel", |route| route.channel == sid).await,
        }
    };
    contents::remove::<TaskChannel, _>(call, workspace, sid, check).await
}

/// One that the path names.
async fn find(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    which: &str,
) -> Result<TaskChannel, ApiError> {
    resolve(call, workspace, which).await?.ok_or_else(|| call.not_found())
}

/// By its identifier or by its unique name.
pub(crate) async fn resolve(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    which: &str,
) -> Result<Option<TaskChannel>, ApiError> {
    match which.parse::<TaskChannelSid>() {
        Ok(sid) => {
            let key = switchboard_store::key::task_channel(workspace, sid);
            Ok(call.on.store.get(key).await?)
        }
        Err(_) => named(call, workspace, which).await,
    }
}

async fn named(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    name: &str,
) -> Result<Option<TaskChannel>, ApiError> {
    let all: Vec<TaskChannel> = contents::all(call, workspace).await?;
    Ok(all.into_iter().find(|channel| channel.unique_name == name))
}

pub(crate) fn render(call: &Call<'_>, channel: &TaskChannel) -> Value {
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": channel.workspace,
        "sid": channel.sid,
        "friendly_name": channel.friendly_name,
        "unique_name": channel.unique_name,
        "channel_optimized_routing": channel.channel_optimized_routing,
        "date_created": channel.created.iso(),
        "date_updated": channel.updated.iso(),
        "url": contents::url::<TaskChannel>(call, channel.workspace, channel.sid),
        "links": { "workspace": contents::workspace_url(call, channel.workspace) },
    })
}
