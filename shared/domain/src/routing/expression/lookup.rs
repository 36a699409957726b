//! What the names of an expression mean: attributes, a task beside a worker, or a queue's counts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::channels::{WorkerChannels, is_channel};
use super::path::{Path, Step, walk};
use super::term::{Number, Term};
use crate::sid::{ActivitySid, WorkerSid};

/// Anything that can say what a path leads to.
pub trait Lookup {
    /// The value at the path, null where there is none.
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a>;
}

/// One attributes object, whose names are its members.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(pub &'a Value);

/// A task's attributes, for a workflow filter's expression: `task.x` is `x` there, unless they have a member `task`.
#[derive(Debug, Clone, Copy)]
pub struct TaskAttributes<'a>(pub &'a Value);

/// A worker's attributes, for a queue's expression: `worker.x` is `x` there, unless they have a member `worker`.
#[derive(Debug, Clone, Copy)]
pub struct WorkerAttributes<'a>(pub &'a Value);

impl Lookup for Attributes<'_> {
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a> {
        walk(self.0, path).into()
    }
}

impl Lookup for TaskAttributes<'_> {
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a> {
        with_owner(self.0, TASK, path).into()
    }
}

impl Lookup for WorkerAttributes<'_> {
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a> {
        with_owner(self.0, WORKER, path).into()
    }
}

/// What names a task's attributes where a worker's are beside them.
const TASK: &str = "task";
/// What names a worker's attributes where a task's are beside them.
const WORKER: &str = "worker";

/// The value at a path that may say whose attributes they are.
fn with_owner<'a>(attributes: &'a Value, owner: &str, path: &[Step]) -> Option<&'a Value> {
    match path {
        [Step::Name(root), rest @ ..]
            if root == owner && !rest.is_empty() && attributes.get(owner).is_none() =>
        {
            walk(attributes, rest)
        }
        path => walk(attributes, path),
    }
}

/// Whether a path may say whose attributes it leads into, so that it stands for two paths.
pub(super) fn names_an_owner(path: &Path) -> bool {
    matches!(path.steps(), [Step::Name(root), _, ..] if root == TASK || root == WORKER)
}

/// A task and a worker: for a workflow target's expression, where each name says whose it is.
#[derive(Debug, Clone, Copy)]
pub struct TaskAndWorker<'a> {
    /// The task's attributes.
    pub task: &'a Value,
    /// The worker.
    pub worker: WorkerFields<'a>,
}

/// What an expression can know of a worker; the fields go before attributes of the same name.
#[derive(Debug, Clone, Copy)]
pub struct WorkerFields<'a> {
    /// `worker.sid`.
    pub sid: WorkerSid,
    /// `worker.friendly_name`.
    pub friendly_name: &'a str,
    /// `worker.activity_sid`.
    pub activity_sid: ActivitySid,
    /// `worker.activity_name`.
    pub activity_name: &'a str,
    /// `worker.channel`; none where only attributes are known.
    pub channels: Option<WorkerChannels<'a>>,
    /// Everything else after `worker.`.
    pub attributes: &'a Value,
}

impl Lookup for TaskAndWorker<'_> {
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a> {
        match path.split_first() {
            Some((Step::Name(root), rest)) if root == TASK => walk(self.task, rest).into(),
            Some((Step::Name(root), rest)) if root == WORKER => self.worker.field(rest),
            _ => Term::Null,
        }
    }
}

impl WorkerFields<'_> {
    fn field(&self, path: &[Step]) -> Term<'_> {
        if let Some(channels) = self.channels.filter(|_| is_channel(path)) {
            return channels.get(path);
        }
        let name = match path {
            [Step::Name(name)] => name.as_str(),
            _ => "",
        };
        match name {
            "sid" => Term::Text(self.sid.to_string().into()),
            "friendly_name" => Term::Text(self.friendly_name.into()),
            "activity_sid" => Term::Text(self.activity_sid.to_string().into()),
            "activity_name" => Term::Text(self.activity_name.into()),
            _ => walk(self.attributes, path).into(),
        }
    }
}

/// How many of a queue's workers are in which activity: for `skip_if`.
#[derive(Debug, Clone, Copy)]
pub struct QueueCounts<'a> {
    /// Workers in an available activity.
    pub available: u32,
    /// Workers in an unavailable activity.
    pub unavailable: u32,
    /// Workers by activity; none where an activity is not listed.
    pub activities: &'a BTreeMap<ActivitySid, u32>,
}

impl QueueCounts<'_> {
    /// Whether a path is one that counts can answer.
    pub fn knows(path: &[Step]) -> bool {
        count_named(path).is_some()
    }

    /// The activity whose workers a path counts.
    pub fn activity(path: &Path) -> Option<ActivitySid> {
        match count_named(path.steps()) {
            Some(Count::Activity(activity)) => Some(activity),
            Some(Count::Available | Count::Unavailable) | None => None,
        }
    }
}

impl Lookup for QueueCounts<'_> {
    fn get<'a>(&'a self, path: &[Step]) -> Term<'a> {
        let count = match count_named(path) {
            Some(Count::Available) => self.available,
            Some(Count::Unavailable) => self.unavailable,
            Some(Count::Activity(sid)) => self.activities.get(&sid).copied().unwrap_or(0),
            None => return Term::Null,
        };
        Term::Number(Number::Integer(count.into()))
    }
}

enum Count {
    Available,
    Unavailable,
    Activity(ActivitySid),
}

fn count_named(path: &[Step]) -> Option<Count> {
    match path {
        [Step::Name(root), Step::Name(count)] if root == "workers" => match count.as_str() {
            "available" => Some(Count::Available),
            "unavailable" => Some(Count::Unavailable),
            activity => activity.parse().ok().map(Count::Activity),
        },
        _ => None,
    }
}
