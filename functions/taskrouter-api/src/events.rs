//! Events of a workspace (rule D.9), the earliest first. They are kept for thirty days; unless a time is
//! given, those of the last fifteen minutes are listed.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use switchboard_domain::event::{Event, EventPlace, KEPT, Occurrence, snake_case};
use switchboard_domain::sid::{
    EventSid, ReservationSid, Sid as _, TaskQueueSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid,
};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_rest::{Answer, ApiError, Call, Direction, Reply, Source, Stretch, filtered};
use switchboard_store::{Page, Store, Timeline, key};

use crate::contents::{self, PAGE_SIZE_MAX};

/// The list goes this many minutes back if nothing else is asked for.
const MINUTES: i64 = 15;
/// It can go at most this many minutes back.
const MINUTES_MAX: i64 = KEPT.0 / 60_000;
/// At least this many occurrences are read at a time.
const READ_AT_ONCE: usize = 100;
/// The digits of an event's number, which end its edge.
const NUMBER_CHARS: usize = 2;

/// One event of an occurrence.
#[derive(Clone)]
struct Listed {
    occurrence: Arc<Occurrence>,
    number: usize,
}

impl Listed {
    fn event(&self) -> &Event {
        &self.occurrence.events[self.number]
    }

    fn place(&self) -> EventPlace {
        self.occurrence.place(self.number)
    }
}

fn each(occurrence: Occurrence) -> impl DoubleEndedIterator<Item = Listed> {
    let occurrence = Arc::new(occurrence);
    (0..occurrence.events.len())
        .map(move |number| Listed { occurrence: Arc::clone(&occurrence), number })
}

/// What a list of events is narrowed to.
struct Filter {
    event_type: Option<String>,
    reservation: Option<ReservationSid>,
    queue: Option<TaskQueueSid>,
    task: Option<TaskSid>,
    worker: Option<WorkerSid>,
    workflow: Option<WorkflowSid>,
    channel: Option<String>,
    sid: Option<EventSid>,
    from: Timestamp,
    to: Timestamp,
}

impl Filter {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let query = &call.query;
        let given = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let minutes = query.integer("Minutes", 1, MINUTES_MAX)?.unwrap_or(MINUTES);
        let to = query.instant("EndDate")?;
        let end = to.unwrap_or(call.now);
        let from = query.instant("StartDate")?;
        Ok(Self {
            event_type: given("EventType"),
            reservation: query.sid("ReservationSid")?,
            queue: query.sid("TaskQueueSid")?,
            task: query.sid("TaskSid")?,
            worker: query.sid("WorkerSid")?,
            workflow: query.sid("WorkflowSid")?,
            channel: given("TaskChannel"),
            sid: query.sid("Sid")?,
            from: from
                .unwrap_or(end + Millis::seconds(-60 * minutes))
                .max(call.now + Millis(-KEPT.0)),
            // The dates that are given have seconds; the last one is included.
            to: to.map_or(end, |to| to + Millis(999)),
        })
    }

    /// Where to look: the narrowest list there is.
    fn line(&self, workspace: WorkspaceSid) -> Timeline {
        let line = Timeline::of(workspace, self.from, self.to);
        match (self.task.or(self.reservation.map(|sid| sid.kin(0))), self.worker) {
            (Some(task), _) => line.resource(task),
            (None, Some(worker)) => line.worker(worker),
            (None, None) => line,
        }
    }

    fn keeps(&self, listed: &Listed) -> bool {
        let (of, event) = (&listed.occurrence, listed.event());
        fn same<T: PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let channel = of.channel(event).map(|sid| sid.to_string());
        let is_called = |wanted: &String| {
            channel.as_ref() == Some(wanted)
                || channel.as_ref().and_then(|sid| of.names.get(sid)) == Some(wanted)
        };
        self.event_type.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(event.kind.name()))
            && same(self.reservation, of.reservation(event))
            && same(self.queue, of.queue(event))
            && self.task.is_none_or(|task| of.resource() == task.to_string())
            && same(self.worker, of.worker_of(event))
            && same(self.workflow, of.workflow())
            && self.channel.as_ref().is_none_or(is_called)
            && same(self.sid, Some(listed.place().sid()))
    }
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let filter = Filter::read(call)?;
    let page = match filter.sid {
        Some(sid) => {
            let found = find(call, workspace, sid).await?;
            let records = found.into_iter().filter(|one| filter.keeps(one)).collect();
            Page { records, next: None, previous: None }
        }
        None => {
            let events = Events { store: &call.on.store, line: filter.line(workspace) };
            filtered(&events, &request, |one| filter.keeps(one)).await?
        }
    };
    Ok(call.paged("events", &request, &page, |one| render(call, one)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let found = find(call, workspace, call.sid(sid)?).await?;
    found.map(|one| Reply::ok(render(call, &one))).ok_or_else(|| call.not_found())
}

/// An event by its identifier, which says where it is.
async fn find(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    sid: EventSid,
) -> Result<Option<Listed>, ApiError> {
    let place = EventPlace::of(sid);
    let found: Option<Occurrence> = call.on.store.get(key::occurrence(workspace, place)).await?;
    let found = found.filter(|occurrence| occurrence.expires() > call.now);
    Ok(found.and_then(|occurrence| each(occurrence).nth(usize::from(place.number))))
}

/// The events of a timeline. The edge of one is the sort key of its occurrence with its number in it.
struct Events<'a> {
    store: &'a Store,
    line: Timeline,
}

impl Source for Events<'_> {
    type Record = Listed;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<Listed>, ApiError> {
        // The occurrence of the edge may have more events on this side of it.
        let from = beyond.and_then(|edge| edge.get(..edge.len().saturating_sub(NUMBER_CHARS)));
        let (store, line, limit) = (self.store, &self.line, limit.max(READ_AT_ONCE));
        let found = match from.filter(|_| direction == Direction::Backwards) {
            Some(from) => store.occurrences_up_to(line, from, limit).await?,
            None => store.occurrences_from(line, from, limit).await?,
        };
        let is_beyond = |one: &Listed| match (beyond, direction) {
            (None, _) => true,
            (Some(edge), Direction::Forwards) => self.edge(one).as_str() > edge,
            (Some(edge), Direction::Backwards) => self.edge(one).as_str() < edge,
        };
        let events = found.into_iter().flat_map(|occurrence| {
            let all: Vec<Listed> = match direction {
                Direction::Forwards => each(occurrence).collect(),
                Direction::Backwards => each(occurrence).rev().collect(),
            };
            all
        });
        let records: Vec<Listed> = events.filter(is_beyond).collect();
        let rest = records.last().map(|last| self.edge(last));
        Ok(Stretch { records, rest })
    }

    fn edge(&self, listed: &Listed) -> String {
        listed.place().sorted()
    }
}

fn render(call: &Call<'_>, listed: &Listed) -> Value {
    let (of, event) = (&listed.occurrence, listed.event());
    let workspace = contents::workspace_url(call, of.workspace);
    let sid = listed.place().sid();
    let (resource_type, resource_sid) = of.about(event);
    let data: Map<String, Value> = of
        .fields(event)
        .into_iter()
        .map(|(name, value)| (snake_case(name), json!(value)))
        .collect();
    json!({
        "account_sid": call.on.config.account_sid,
        "actor_sid": of.workspace,
        "actor_type": "workspace",
        "actor_url": workspace,
        "description": of.description(event),
        "event_data": data,
        "event_date": of.time.iso(),
        "event_date_ms": of.time.0,
        "event_type": event.kind.name(),
        "resource_sid": resource_sid,
        "resource_type": resource_type,
        "resource_url": resource_url(&workspace, of, resource_type, &resource_sid),
        "sid": sid,
        "source": "taskrouter",
        "source_ip_address": Value::Null,
        "url": format!("{workspace}/Events/{sid}"),
        "workspace_sid": of.workspace,
    })
}

fn resource_url(workspace: &str, of: &Occurrence, kind: &str, sid: &str) -> String {
    let below = match kind {
        "task" => "Tasks",
        "reservation" => return format!("{workspace}/Tasks/{}/Reservations/{sid}", of.resource()),
        "worker" => "Workers",
        "activity" => "Activities",
        "task-channel" => "TaskChannels",
        "task-queue" => "TaskQueues",
        "workflow" => "Workflows",
        _ => return workspace.to_owned(),
    };
    format!("{workspace}/{below}/{sid}")
}
