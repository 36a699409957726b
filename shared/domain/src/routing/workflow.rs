//! A workflow's configuration: which filter a task falls into, and the targets it walks through.
//!
//! ```text
//!            first matching filter          next matching filter
//! task ───▶ target 0 ─▶ target 1 ─▶ … ───▶ target 0 ─▶ … ───▶ fell out
//!   │             timed out | skipped                            ▲
//!   └─ none matched, or every one was skipped out of ─▶ default ─┘
//! ```
//!
//! A filter counts as skipped out of when its last target was left by skipping. Once any filter was
//! left by a timeout the default filter is closed to the task.

mod reading;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::expression::{
    ByNeed, Expression, ExpressionError, Lookup, OrderBy, Path, QueueCounts, TaskAndWorker,
    TaskAttributes, walk,
};
use crate::sid::{ActivitySid, NotASid, TaskQueueSid, WorkerSid};
use crate::timestamp::Millis;

/// Largest configuration in bytes, as the product documents it.
pub const SIZE_MAX: usize = 1_038_576;
/// Most filters of one workflow.
pub const FILTERS_MAX: usize = 5_000;
/// Most targets of one filter.
pub const TARGETS_MAX: usize = 500;
/// Highest priority of a task.
pub const PRIORITY_MAX: u32 = 0x7fff_ffff;
/// Longest timeout of a target in seconds.
pub const TIMEOUT_S_MAX: u32 = 0x7fff_ffff;

/// The door to configurations.
#[derive(Debug, Clone, Copy)]
pub struct Workflow;

impl Workflow {
    /// Reads a configuration, or names the place in it that is wrong.
    pub fn parse(configuration: &str) -> Result<Configuration, WorkflowError> {
        reading::read(configuration)
    }
}

/// A parsed configuration; a clone shares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration(Arc<Rules>);

#[derive(Debug, PartialEq)]
struct Rules {
    filters: Vec<Filter>,
    by_need: ByNeed<usize>,
    default: Option<Target>,
}

/// A condition on the task's attributes, and the targets for those that meet it.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The name for readers.
    pub friendly_name: Option<String>,
    /// The condition over the task's attributes.
    pub expression: Expression,
    /// At least one target, in the order they are tried.
    pub targets: Vec<Target>,
}

/// One place where a task waits for a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The queue, inherited from the target before if it names none.
    pub queue: TaskQueueSid,
    /// The priority a task gets here; without one it keeps its own.
    pub priority: Option<u32>,
    /// How long a task stays; without one until its own end.
    pub timeout: Option<Millis>,
    /// The condition over task and worker.
    pub expression: Option<Expression>,
    /// Which workers are preferred.
    pub order_by: Option<OrderBy>,
    /// When a task without an immediate reservation moves on at once, over the queue's counts.
    pub skip_if: Option<Expression>,
    /// The one worker the task is meant for.
    pub known_worker: Option<KnownWorker>,
}

impl Target {
    /// Whether a worker of the queue suits the task.
    pub fn accepts(&self, task_and_worker: &dyn Lookup) -> bool {
        self.expression.as_ref().is_none_or(|expression| expression.matches(task_and_worker))
    }

    /// The part of the expression that keeps a worker from the task, if it is that; how the target asks for
    /// another one, if it is that.
    pub fn failing_clause(&self, on: &TaskAndWorker<'_>) -> Option<String> {
        let worker = &on.worker;
        let is_wanted = |known: &KnownWorker| match known.wanted(on.task) {
            Wanted::Sid(sid) => sid == worker.sid,
            Wanted::FriendlyName(name) => {
                name.to_lowercase() == worker.friendly_name.to_lowercase()
            }
            Wanted::Nobody | Wanted::Unreadable => false,
        };
        if let Some(known) = self.known_worker.as_ref().filter(|known| !is_wanted(known)) {
            return Some(known.to_string());
        }
        self.expression.as_ref()?.failing_clause(on).map(str::to_owned)
    }

    /// Whether its expression names a worker's channels.
    pub fn names_channels(&self) -> bool {
        self.expression.as_ref().is_some_and(Expression::names_channels)
    }

    /// What its expression sees of a worker's channels.
    pub fn channels_seen(&self, on: &TaskAndWorker<'_>) -> Vec<(String, Value)> {
        self.expression.as_ref().map_or_else(Vec::new, |expression| expression.channels_seen(on))
    }

    /// Whether a task that got no reservation at once moves on.
    pub fn skips(&self, counts: &dyn Lookup) -> bool {
        self.skip_if.as_ref().is_some_and(|condition| condition.matches(counts))
    }
}

/// How a target names the worker it is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownWorker {
    /// By identifier.
    Sid(WorkerSid),
    /// By the identifier that the task's attribute at this path holds; the path is without `task.`.
    SidFrom(Path),
    /// By friendly name.
    FriendlyName(String),
    /// By the friendly name that the task's attribute at this path holds; the path is without `task.`.
    FriendlyNameFrom(Path),
}

/// What a known worker comes to for one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The worker with this identifier.
    Sid(WorkerSid),
    /// The worker with this friendly name.
    FriendlyName(String),
    /// No worker: the attribute is null, which is no error.
    Nobody,
    /// The attribute is missing or cannot name a worker (40154).
    Unreadable,
}

/// As it is written in a configuration.
impl fmt::Display for KnownWorker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => write!(out, "known_worker_sid: {sid}"),
            Self::SidFrom(path) => write!(out, "known_worker_sid: task.{path}"),
            Self::FriendlyName(name) => write!(out, "known_worker_friendly_name: {name}"),
            Self::FriendlyNameFrom(path) => {
                write!(out, "known_worker_friendly_name: task.{path}")
            }
        }
    }
}

impl KnownWorker {
    /// The worker that this task wants.
    pub fn wanted(&self, task_attributes: &Value) -> Wanted {
        let (path, by_sid) = match self {
            Self::Sid(sid) => return Wanted::Sid(*sid),
            Self::FriendlyName(name) => return Wanted::FriendlyName(name.clone()),
            Self::SidFrom(path) => (path, true),
            Self::FriendlyNameFrom(path) => (path, false),
        };
        match walk(task_attributes, path.steps()) {
            Some(Value::Null) => Wanted::Nobody,
            Some(Value::String(sid)) if by_sid => {
                sid.parse().map_or(Wanted::Unreadable, Wanted::Sid)
            }
            Some(Value::String(name)) => Wanted::FriendlyName(name.clone()),
            _ => Wanted::Unreadable,
        }
    }
}

/// Which filter of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterIndex {
    /// One of the filters, counted from zero.
    Numbered(usize),
    /// The default filter.
    Default,
}

/// Where a task is in its workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The filter.
    pub filter: FilterIndex,
    /// The target of that filter, counted from zero.
    pub target: usize,
    /// Whether a filter before this one was left by a timeout, which closes the default filter.
    #[serde(default)]
    pub timed_out: bool,
}

/// Why a task leaves a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetExit {
    /// The target's time was up.
    TimedOut,
    /// The target's skip condition was true.
    Skipped,
}

/// Where a task goes from a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// Into the next target.
    Enter(Position),
    /// Out of the workflow.
    FellOut,
}

/// What entering a target makes of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered<'a> {
    /// Where the task is now.
    pub position: Position,
    /// The name of the filter, if it has one.
    pub filter_name: Option<&'a str>,
    /// The queue the task waits in.
    pub queue: TaskQueueSid,
    /// The priority the task now has.
    pub priority: u32,
    /// How long the task stays.
    pub timeout: Option<Millis>,
    /// The rules of the target.
    pub target: &'a Target,
}

impl Configuration {
    /// The filters in the order they are tested.
    pub fn filters(&self) -> &[Filter] {
        &self.0.filters
    }

    /// The target for tasks that no filter matches.
    pub fn default_filter(&self) -> Option<&Target> {
        self.0.default.as_ref()
    }

    /// The target that a receipt names: by its filter's name or number, or `default`, and its place there.
    pub fn target_called(&self, filter: &str, target: usize) -> Option<&Target> {
        let named = |one: &&Filter| one.friendly_name.as_deref() == Some(filter);
        let numbered = || self.filters().get(filter.parse::<usize>().ok()?);
        match self.filters().iter().find(named).or_else(numbered) {
            Some(filter) => filter.targets.get(target),
            None if filter == "default" && target == 0 => self.default_filter(),
            None => None,
        }
    }

    /// Every activity that a skip condition counts.
    pub fn activities(&self) -> BTreeSet<ActivitySid> {
        let conditions = self.targets().filter_map(|target| target.skip_if.as_ref());
        conditions.flat_map(Expression::names).filter_map(QueueCounts::activity).collect()
    }

    /// Every worker that a target names by identifier.
    pub fn workers(&self) -> BTreeSet<WorkerSid> {
        let known = self.targets().filter_map(|target| target.known_worker.as_ref());
        known
            .filter_map(|known| match known {
                KnownWorker::Sid(worker) => Some(*worker),
                KnownWorker::SidFrom(_)
                | KnownWorker::FriendlyName(_)
                | KnownWorker::FriendlyNameFrom(_) => None,
            })
            .collect()
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.0.filters.iter().flat_map(|filter| &filter.targets).chain(&self.0.default)
    }

    /// Every queue the configuration refers to.
    pub fn queues(&self) -> BTreeSet<TaskQueueSid> {
        self.targets().map(|target| target.queue).collect()
    }

    /// The queues of targets that a worker can come to suit by getting one more task.
    pub(in crate::routing) fn queues_for_the_busier(&self) -> BTreeSet<TaskQueueSid> {
        let can =
            |target: &&Target| target.expression.as_ref().is_some_and(Expression::busier_can_suit);
        self.targets().filter(can).map(|target| target.queue).collect()
    }

    /// Where a task begins: the first matching filter, or the default one; `None` if it falls out at once.
    pub fn first_match(&self, task_attributes: &Value) -> Option<Position> {
        self.matching_from(0, task_attributes, false).or_else(|| self.default_position(false))
    }

    /// The first target of the next filter that matches, after the one with this number.
    pub fn next_match(&self, after: usize, task_attributes: &Value) -> Option<Position> {
        self.matching_from(after.saturating_add(1), task_attributes, false)
    }

    /// The target at a position; `None` if the configuration has changed and has it no more.
    pub fn target(&self, position: Position) -> Option<&Target> {
        match position.filter {
            FilterIndex::Numbered(number) => {
                self.0.filters.get(number)?.targets.get(position.target)
            }
            FilterIndex::Default if position.target == 0 => self.0.default.as_ref(),
            FilterIndex::Default => None,
        }
    }

    /// What a task gets at a position; `None` as for `target`.
    pub fn enter(&self, position: Position, current_priority: u32) -> Option<Entered<'_>> {
        let target = self.target(position)?;
        let filter_name = match position.filter {
            FilterIndex::Numbered(number) => self.0.filters.get(number)?.friendly_name.as_deref(),
            FilterIndex::Default => None,
        };
        Some(Entered {
            position,
            filter_name,
            queue: target.queue,
            priority: target.priority.unwrap_or(current_priority),
            timeout: target.timeout,
            target,
        })
    }

    /// Where a task goes that leaves a target: the next one of its filter, then the next matching filter.
    pub fn advance(&self, from: Position, leaving: TargetExit, task_attributes: &Value) -> Onward {
        let FilterIndex::Numbered(number) = from.filter else {
            return Onward::FellOut;
        };
        let next = Position { target: from.target.saturating_add(1), ..from };
        if self.target(next).is_some() {
            return Onward::Enter(next);
        }
        let timed_out = from.timed_out || leaving == TargetExit::TimedOut;
        self.matching_from(number.saturating_add(1), task_attributes, timed_out)
            .or_else(|| self.default_position(timed_out))
            .map_or(Onward::FellOut, Onward::Enter)
    }

    fn matching_from(&self, first: usize, task: &Value, timed_out: bool) -> Option<Position> {
        let on = TaskAttributes(task);
        let can = self.0.by_need.candidates(task);
        let number = can.range(first..).copied().find(|number| {
            self.0.filters.get(*number).is_some_and(|filter| filter.expression.matches(&on))
        })?;
        Some(Position { filter: FilterIndex::Numbered(number), target: 0, timed_out })
    }

    fn default_position(&self, timed_out: bool) -> Option<Position> {
        let open = self.0.default.is_some() && !timed_out;
        open.then_some(Position { filter: FilterIndex::Default, target: 0, timed_out })
    }
}

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowError {
    /// The text is too large to be read.
    #[error("the configuration has {bytes} bytes, {SIZE_MAX} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The text is not JSON.
    #[error("not JSON at line {line}, column {column}")]
    NotJson {
        /// Counted from one.
        line: usize,
        /// Counted from one; zero at the end of a line.
        column: usize,
    },
    /// A part of it is wrong.
    #[error("{path}: {fault}")]
    At {
        /// The part, such as `task_routing.filters[2].targets[0].expression`.
        path: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What can be wrong with a part of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has to be there.
    #[error("is missing")]
    Missing,
    /// It has to be absent.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It has another type.
    #[error("has to be {0}")]
    WrongType(&'static str),
    /// It is no integer in the allowed range.
    #[error("has to be an integer from {min} to {max}")]
    NotInRange {
        /// The smallest allowed.
        min: u32,
        /// The largest allowed.
        max: u32,
    },
    /// It has too many entries.
    #[error("has more than {max} entries")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// It is no identifier.
    #[error(transparent)]
    Sid(#[from] NotASid),
    /// It is no expression.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// A name in it that nothing answers to.
    #[error("`{name}` has to be {expected}")]
    UnknownName {
        /// The name as written.
        name: String,
        /// What would have been right.
        expected: &'static str,
    },
}

#[cfg(test)]
mod tests;
