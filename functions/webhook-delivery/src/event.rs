//! Event callbacks of workspaces (rule D.9).

use std::time::Duration;

use switchboard_domain::effect::EventCall;
use switchboard_domain::event::{Event, EventPlace, Occurrence};
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::Dependencies;
use switchboard_store::{key, take};

use crate::{Due, Loaded, Told};

/// How long an endpoint has to answer (rule D.9).
const TIMEOUT: Duration = Duration::from_secs(15);

/// The call that is due, if the event is kept and the workspace still has a callback, or is told of its own end.
pub(crate) fn told(on: &Dependencies, call: &EventCall, mut loaded: Loaded) -> Told {
    let place = EventPlace::of(call.event_sid);
    let occurrence = take(&mut loaded, &key::occurrence(call.workspace, place));
    let workspace: Option<Workspace> = take(&mut loaded, &key::workspace(call.workspace));
    let Some(occurrence): Option<Occurrence> = occurrence else {
        return Told::Gone;
    };
    let url = match workspace {
        Some(workspace) => workspace.event_callback_url,
        None => occurrence.last_callback().map(str::to_owned),
    };
    let event = occurrence.events.get(usize::from(place.number));
    let (Some(url), Some(event)) = (url, event) else {
        return Told::Unwanted;
    };
    Told::Due(Due {
        url,
        method: "POST".to_owned(),
        parameters: parameters(on, call, &occurrence, event),
        timeout: TIMEOUT,
    })
}

fn parameters(
    on: &Dependencies,
    call: &EventCall,
    occurrence: &Occurrence,
    event: &Event,
) -> Vec<(String, String)> {
    let (resource_type, resource_sid) = occurrence.about(event);
    let common = [
        ("EventType", event.kind.name().to_owned()),
        ("AccountSid", on.config.account_sid.to_string()),
        ("EventDescription", occurrence.description(event)),
        ("ResourceType", resource_type.to_owned()),
        ("ResourceSid", resource_sid),
        ("Timestamp", occurrence.time.seconds().to_string()),
        ("TimestampMs", occurrence.time.0.to_string()),
        ("Sid", call.event_sid.to_string()),
    ];
    let all = common.into_iter().chain(occurrence.fields(event));
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
