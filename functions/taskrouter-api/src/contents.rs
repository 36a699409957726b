//! What a workspace contains besides tasks, and the fence around every change of it.
//!
//! Each such change is committed together with the workspace's head, which notes what was changed and moves
//! its version. A router that decided on an older picture then cannot commit; and as no two changes
//! of one workspace can both be committed on the same head, whatever a rule reads *after* it has loaded
//! the head still holds when it is committed.

use std::collections::BTreeMap;

use switchboard_domain::configuration::Flow;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Effect, RouterEvent, RouterSubject};
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::sid::{
    ActivitySid, Sid, TaskChannelSid, TaskQueueSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid,
};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{
    Activity, Route, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Kept, Key, Listing, key};

use crate::fields::invalid;

/// The largest page of every list of this product.
pub(crate) const PAGE_SIZE_MAX: i64 = 1000;

/// A kind of record that lives in a workspace.
pub(crate) trait Part: Kept + Clone + PartialEq {
    /// Its identifier.
    type Id: Sid;
    /// The segment of the path under which its kind is found.
    const SEGMENT: &'static str;
    /// All of a workspace, in order of their identifiers.
    fn listing(workspace: WorkspaceSid) -> Listing;
    /// Where one is kept.
    fn key(workspace: WorkspaceSid, sid: Self::Id) -> Key;
    /// Its identifier.
    fn id(&self) -> Self::Id;
    /// Its workspace.
    fn workspace(&self) -> WorkspaceSid;
    /// What it is called in the head.
    fn part(sid: Self::Id) -> PartSid;
    /// How often it was written.
    fn version(&self) -> Version;
    /// Notes when it was changed.
    fn stamp(&mut self, now: Timestamp);
}

macro_rules! parts {
    ($($kind:ident, $sid:ident, $segment:literal, $key:path, $listing:path;)*) => {$(
        impl Part for $kind {
            type Id = $sid;
            const SEGMENT: &'static str = $segment;
            fn listing(workspace: WorkspaceSid) -> Listing {
                $listing(workspace)
            }
            fn key(workspace: WorkspaceSid, sid: $sid) -> Key {
                $key(workspace, sid)
            }
            fn id(&self) -> $sid {
                self.sid
            }
            fn workspace(&self) -> WorkspaceSid {
                self.workspace
            }
            fn part(sid: $sid) -> PartSid {
                PartSid::$kind(sid)
            }
            fn version(&self) -> Version {
                self.version
            }
            fn stamp(&mut self, now: Timestamp) {
                self.updated = now;
            }
        }
    )*};
}

parts! {
    Activity, ActivitySid, "Activities", key::activity, Listing::activities;
    TaskChannel, TaskChannelSid, "TaskChannels", key::task_channel, Listing::task_channels;
    TaskQueue, TaskQueueSid, "TaskQueues", key::task_queue, Listing::task_queues;
    Worker, WorkerSid, "Workers", key::worker, Listing::workers;
    Workflow, WorkflowSid, "Workflows", key::workflow, Listing::workflows;
}

/// One that the path names.
pub(crate) async fn find<P: Part>(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: P::Id,
) -> Result<P, ApiError> {
    let found = call.on.store.get(P::key(workspace, sid)).await?;
    found.ok_or_else(|| call.not_found())
}

/// Refuses a parameter that names something this workspace does not have.
pub(crate) async fn check<P: Part>(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    parameter: &str,
    sid: P::Id,
) -> Result<P, ApiError> {
    let found = call.on.store.get(P::key(workspace, sid)).await?;
    found.ok_or_else(|| invalid(parameter, &format!("{sid} is not in this workspace")))
}

/// All of a kind.
pub(crate) async fn all<P: Part>(
    call: &Call<'_>,
    workspace: WorkspaceSid,
) -> Result<Vec<P>, ApiError> {
    Ok(call.on.store.all(&P::listing(workspace)).await?)
}

/// 404 unless the workspace is there.
pub(crate) async fn workspace(
    call: &Call<'_>,
    workspace: WorkspaceSid,
) -> Result<Workspace, ApiError> {
    let found = call.on.store.get(key::workspace(workspace)).await?;
    found.ok_or_else(|| call.not_found())
}

/// The head of a workspace; every rule loads it before anything else that it reads.
pub(crate) async fn head(call: &Call<'_>, workspace: WorkspaceSid) -> Result<Head, ApiError> {
    let found = call.on.store.get(key::head(workspace)).await?;
    found.ok_or_else(|| call.not_found())
}

/// Moves the head and tells the router what changed. The head carries the effect, as it is part of every
/// change and a removal can carry none.
pub(crate) fn fenced(mut head: Head, part: PartSid) -> Decision {
    head.note(part);
    let subject = match part {
        PartSid::Worker(sid) => RouterSubject::Worker(sid),
        _ => RouterSubject::Configuration,
    };
    moved(head, subject)
}

/// Moves the head without a note of what was changed: the router reads everything again.
pub(crate) fn moved_unnoted(head: Head) -> Decision {
    moved(head, RouterSubject::Configuration)
}

fn moved(head: Head, subject: RouterSubject) -> Decision {
    let event = RouterEvent { workspace: head.workspace, subject };
    Decision::put(head).asking([Effect::Route(event)])
}

/// A record as it stands once it is written.
pub(crate) fn written<P: Part>(part: P) -> P {
    let version = part.version() + 1;
    part.versioned(version)
}

/// Puts something new into a workspace, if `check` lets it.
pub(crate) async fn create<P: Part, F: Future<Output = Result<(), ApiError>>>(
    call: &Call<'_>,
    new: P,
    check: impl Fn() -> F,
) -> Result<P, ApiError> {
    call.decide(|| async {
        let head = head(call, new.workspace()).await?;
        check().await?;
        Ok((written(new.clone()), fenced(head, P::part(new.id())).and(new.clone())))
    })
    .await
}

/// Changes something of a workspace, if `check` lets it.
pub(crate) async fn change<P: Part, F: Future<Output = Result<(), ApiError>>>(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: P::Id,
    check: impl Fn() -> F,
    apply: impl Fn(&mut P),
) -> Result<P, ApiError> {
    call.decide(|| async {
        let head = head(call, workspace).await?;
        let before: P = find(call, workspace, sid).await?;
        check().await?;
        let mut after = before.clone();
        apply(&mut after);
        if after == before {
            return Ok((before, Decision::unchanged()));
        }
        after.stamp(call.now);
        Ok((written(after.clone()), fenced(head, P::part(sid)).and(after)))
    })
    .await
}

/// For what nothing speaks against.
pub(crate) async fn unchecked() -> Result<(), ApiError> {
    Ok(())
}

/// Removes something from a workspace, if `check` lets it. It is told the tasks that routers wrote last, which lists may
/// not show yet.
pub(crate) async fn remove<P: Part, F: Future<Output = Result<(), ApiError>>>(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: P::Id,
    check: impl Fn(Vec<TaskSid>) -> F,
) -> Answer {
    call.decide(|| async {
        let head = head(call, workspace).await?;
        let part: P = find(call, workspace, sid).await?;
        check(head.recent.clone()).await?;
        Ok::<_, ApiError>(((), fenced(head, P::part(sid)).without(part)))
    })
    .await?;
    Ok(Reply::gone())
}

/// Refuses to remove what a flow hands over by. A flow is saved under the head, and a removal loads the head first: so
/// a flow that the list, which is a moment behind, does not show was saved in that very moment.
pub(crate) async fn used_by_no_flow(
    call: &Call<'_>,
    what: &str,
    names: impl Fn(&Route) -> bool,
) -> Result<(), ApiError> {
    let flows: Vec<Flow> = call.on.store.all(&Listing::flows()).await?;
    match flows.iter().find(|flow| flow.route.as_ref().is_some_and(&names)) {
        Some(flow) => Err(ApiError::bad(format!("The {what} is used by flow {}", flow.sid))),
        None => Ok(()),
    }
}

/// The URL of a workspace.
pub(crate) fn workspace_url(call: &Call<'_>, workspace: WorkspaceSid) -> String {
    call.url(&format!("v1/Workspaces/{workspace}"))
}

/// The URL of one that is named by its identifier.
pub(crate) fn url<P: Part>(call: &Call<'_>, workspace: WorkspaceSid, sid: P::Id) -> String {
    format!("{}/{}/{sid}", workspace_url(call, workspace), P::SEGMENT)
}

/// The activities of a workspace: there are few, and many answers tell their names.
#[derive(Debug, Default)]
pub(crate) struct Activities(BTreeMap<ActivitySid, Activity>);

impl Activities {
    /// Reads them.
    pub(crate) async fn load(call: &Call<'_>, workspace: WorkspaceSid) -> Result<Self, ApiError> {
        Ok(all(call, workspace).await?.into_iter().collect())
    }

    /// One of them.
    pub(crate) fn get(&self, sid: ActivitySid) -> Option<&Activity> {
        self.0.get(&sid)
    }

    /// The name of one of them.
    pub(crate) fn name(&self, sid: ActivitySid) -> Option<&str> {
        self.get(sid).map(|activity| activity.friendly_name.as_str())
    }

    /// Whether workers in it get tasks.
    pub(crate) fn is_available(&self, sid: ActivitySid) -> bool {
        self.get(sid).is_some_and(|activity| activity.available)
    }

    /// Refuses a parameter that names none of them.
    pub(crate) fn check(&self, parameter: &str, sid: ActivitySid) -> Result<(), ApiError> {
        let found = self.get(sid).map(|_| ());
        found.ok_or_else(|| invalid(parameter, &format!("{sid} is not in this workspace")))
    }
}

impl FromIterator<Activity> for Activities {
    fn from_iter<T: IntoIterator<Item = Activity>>(all: T) -> Self {
        Self(all.into_iter().map(|activity| (activity.sid, activity)).collect())
    }
}
