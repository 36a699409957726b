//! Events of what routing is configured with: each kind appears, changes and goes.

use super::Derived;
use crate::event::{
    ActivityEvent, Event, EventType, Subject, TaskChannelEvent, TaskQueueEvent, WorkflowEvent,
    WorkspaceEvent, is_wanted,
};
use crate::record::Record;
use crate::sid::WorkspaceSid;
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Workflow, Workspace};

/// What a kind of record has in common with the others.
trait Part: Clone + PartialEq {
    fn workspace(&self) -> WorkspaceSid;
    fn updated(&self) -> Timestamp;
    /// The record as if nothing but its content were known.
    fn bare(&self) -> Self;
    fn subject(&self) -> Subject;
    /// The subject of its deletion.
    fn last_subject(&self) -> Subject {
        self.subject()
    }
    /// The types of its events: it appears, it changes, it goes.
    const TYPES: [EventType; 3];
    /// Whether a change is an event.
    fn differs(&self, after: &Self) -> bool {
        self.bare() != after.bare()
    }
}

macro_rules! parts {
    ($($kind:ident: $workspace:ident, $of:ident, |$it:ident| $subject:expr;)*) => {$(
        impl Part for $kind {
            fn workspace(&self) -> WorkspaceSid {
                self.$workspace
            }
            fn updated(&self) -> Timestamp {
                self.updated
            }
            fn bare(&self) -> Self {
                Self { version: Version::NEW, updated: self.created, ..self.clone() }
            }
            fn subject(&self) -> Subject {
                let $it = self;
                $subject
            }
            const TYPES: [EventType; 3] = [
                EventType::$kind($of::Created),
                EventType::$kind($of::Updated),
                EventType::$kind($of::Deleted),
            ];
        }
    )*};
}

parts! {
    Activity: workspace, ActivityEvent, |it| Subject::Activity {
        sid: it.sid,
        name: it.friendly_name.clone(),
        available: it.available,
    };
    TaskChannel: workspace, TaskChannelEvent, |it| {
        Subject::TaskChannel {
            sid: it.sid,
            name: it.friendly_name.clone(),
            unique_name: it.unique_name.clone(),
            optimized: it.channel_optimized_routing,
        }
    };
    Workflow: workspace, WorkflowEvent, |it| Subject::Workflow {
        sid: it.sid,
        name: it.friendly_name.clone(),
    };
}

impl Part for Workspace {
    fn workspace(&self) -> WorkspaceSid {
        self.sid
    }
    fn updated(&self) -> Timestamp {
        self.updated
    }
    fn bare(&self) -> Self {
        Self { version: Version::NEW, updated: self.created, ..self.clone() }
    }
    fn subject(&self) -> Subject {
        Subject::Workspace { name: self.friendly_name.clone(), callback: None }
    }
    fn last_subject(&self) -> Subject {
        let wants =
            is_wanted(self.events_filter.as_deref(), EventType::Workspace(WorkspaceEvent::Deleted));
        let callback = self.event_callback_url.clone().filter(|_| wants);
        Subject::Workspace { name: self.friendly_name.clone(), callback }
    }
    const TYPES: [EventType; 3] = [
        EventType::Workspace(WorkspaceEvent::Created),
        EventType::Workspace(WorkspaceEvent::Updated),
        EventType::Workspace(WorkspaceEvent::Deleted),
    ];
}

/// Of a queue only its expression is told when it changes.
impl Part for TaskQueue {
    fn workspace(&self) -> WorkspaceSid {
        self.workspace
    }
    fn updated(&self) -> Timestamp {
        self.updated
    }
    fn bare(&self) -> Self {
        self.clone()
    }
    fn subject(&self) -> Subject {
        Subject::TaskQueue {
            sid: self.sid,
            name: self.friendly_name.clone(),
            expression: self.target_workers.clone(),
        }
    }
    const TYPES: [EventType; 3] = [
        EventType::TaskQueue(TaskQueueEvent::Created),
        EventType::TaskQueue(TaskQueueEvent::ExpressionUpdated),
        EventType::TaskQueue(TaskQueueEvent::Deleted),
    ];
    fn differs(&self, after: &Self) -> bool {
        self.target_workers != after.target_workers
    }
}

/// The event of a change, if it is of such a record and one is due.
pub(super) fn derived(before: Option<&Record>, after: Option<&Record>) -> Option<Derived> {
    macro_rules! of {
        ($kind:ident) => {{
            let one = |record: Option<&Record>| match record {
                Some(Record::$kind(it)) => Some($kind::clone(it)),
                _ => None,
            };
            let (before, after) = (one(before), one(after));
            if before.is_some() || after.is_some() {
                return part(before.as_ref(), after.as_ref());
            }
        }};
    }
    of!(Activity);
    of!(TaskChannel);
    of!(TaskQueue);
    of!(Workflow);
    of!(Workspace);
    None
}

fn part<P: Part>(before: Option<&P>, after: Option<&P>) -> Option<Derived> {
    let [created, changed, deleted] = P::TYPES;
    let (one, time, kind) = match (before, after) {
        (None, Some(after)) => (after, Some(after.updated()), created),
        (Some(before), Some(after)) if before.differs(after) => {
            (after, Some(after.updated()), changed)
        }
        (Some(before), None) => (before, None, deleted),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(Derived {
        workspace: one.workspace(),
        time,
        subject: if after.is_none() { one.last_subject() } else { one.subject() },
        events: vec![Event::of(kind)],
    })
}
