//! Where a task waits, for a workspace that asks for it (rule D.9); ours.

use std::time::Duration;

use switchboard_domain::effect::PositionCall;
use switchboard_domain::workspace::{POSITION_EVENT, Workspace};
use switchboard_runtime::Dependencies;
use switchboard_store::{key, take};

use crate::{Due, Loaded, Told};

/// How long an endpoint has to answer (rule D.9).
const TIMEOUT: Duration = Duration::from_secs(15);

/// The call that is due, if the workspace still asks for it.
pub(crate) fn told(on: &Dependencies, call: &PositionCall, mut loaded: Loaded) -> Told {
    let workspace: Option<Workspace> = take(&mut loaded, &key::workspace(call.workspace));
    let Some(workspace) = workspace.filter(Workspace::tells_positions) else {
        return Told::Unwanted;
    };
    let Some(url) = workspace.event_callback_url else { return Told::Unwanted };
    let parameters = [
        ("EventType", POSITION_EVENT.to_owned()),
        ("AccountSid", on.config.account_sid.to_string()),
        ("WorkspaceSid", call.workspace.to_string()),
        ("WorkspaceName", workspace.friendly_name),
        ("EventDescription", format!("Task {} is at position {}", call.task, call.position)),
        ("ResourceType", "task".to_owned()),
        ("ResourceSid", call.task.to_string()),
        ("Timestamp", call.at.seconds().to_string()),
        ("TimestampMs", call.at.0.to_string()),
        ("TaskSid", call.task.to_string()),
        ("TaskQueueSid", call.queue.to_string()),
        ("TaskPosition", call.position.to_string()),
    ];
    Told::Due(Due {
        url,
        method: "POST".to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
        timeout: TIMEOUT,
    })
}
