//! The expression language of queues and workflows: parsed once into a bounded tree, then asked often.
//!
//! ```text
//! any        := all ( OR all )*
//! all        := primary ( AND primary )*
//! primary    := '(' any ')' | NOT primary | comparison
//! comparison := operand operator operand
//! operator   := '==' | '=' | '!=' | '>' | '>=' | '<' | '<=' | CONTAINS
//!             | HAS | '>-' | NOT HAS | IN | '<-' | NOT IN
//! operand    := string | number | true | false | null | list | path
//! list       := '[' [ constant ( ',' constant )* ] ']'
//! path       := name ( '.' name | '[' digits ']' )*
//! ```
//!
//! Decisions where the product's documents are silent:
//! - Keywords are read in any case, and AND binds tighter than OR.
//! - A missing name is null. `== null` and `!= null` ask for presence, whatever the type of the other
//!   side; any other scalar operator on a list is false, `!=` included.
//! - Values of different types are unequal and in no order. Lists and objects never equal anything.
//! - Where a list belongs, null is the empty list: `worker.sid NOT IN task.excluded` holds of every worker while a
//!   task excludes nobody, as `worker.sid != task.excluded` does. The documents say that a missing name is null,
//!   and no more; workflows in public use exclude workers in both ways, by attributes that a task gets only when it
//!   is handed on. So this is inferred.
//! - Only targets have to say whose a name is. A filter that says `task.x`, or a queue that says `worker.x`, means the
//!   `x` of what it is about: published set-up guides write both. A member that is called `task` or `worker` goes
//!   first. So this is inferred, too.
//! - `worker.channel.<unique name>` in a target is the worker's channel of that name: [`WorkerChannels`].
//! - `NOT IN` and `NOT HAS` are false, as `IN` and `HAS` are, when a text, a number, a truth or an object is where a
//!   list belongs; `NOT (a IN b)` is true then.
//! - A quoted text on the left of a constant is a name if the attributes have it, and otherwise the
//!   text itself; beside `null` it is always a name. That keeps `"language" == "spanish"` working.
//! - `<-` directly before a digit is `<` and a negative number, as `IN` needs a list; `>-` is always HAS.

mod busier;
mod by_need;
mod channels;
mod lexer;
mod lookup;
mod needs;
mod order_by;
mod parser;
mod path;
mod term;
mod tree;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

pub(in crate::routing) use by_need::ByNeed;
pub(in crate::routing) use channels::channel_name;
pub use channels::{WorkerChannels, free_percentage};
pub use lookup::{
    Attributes, Lookup, QueueCounts, TaskAndWorker, TaskAttributes, WorkerAttributes, WorkerFields,
};
#[cfg(test)]
pub(in crate::routing) use needs::Mark;
pub(in crate::routing) use needs::Needs;
pub use order_by::{OrderBy, Rank};
pub(crate) use path::walk;
pub use path::{Path, Step};
pub use term::{Number, Term};

use tree::Node;

/// Longest expression, in characters: several times what any attribute set can make use of.
pub const LENGTH_MAX: usize = 16_384;
/// Deepest nesting of parentheses and NOT; it bounds every recursion over the tree.
pub const DEPTH_MAX: usize = 64;
/// Most operands, list entries and logical operators in one expression.
pub const NODES_MAX: usize = 4_096;

/// A parsed expression; two are equal when they mean the same tree, however they were written.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    root: Node,
    clauses: Vec<Range<usize>>,
}

impl Expression {
    /// Reads an expression, or says where it stops being one.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let (root, clauses) = parser::parse(source)?;
        Ok(Self { source: source.to_owned(), root, clauses })
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the expression is true of what `on` knows.
    pub fn matches(&self, on: &dyn Lookup) -> bool {
        self.root.holds(on)
    }

    /// The part of the source that makes the result false; the whole group where it is an OR.
    pub fn failing_clause(&self, on: &dyn Lookup) -> Option<&str> {
        let clause = self.root.failing(on)?;
        self.clauses.get(clause).and_then(|span| self.source.get(span.clone()))
    }

    /// Values of which some attribute has to have one for the expression to hold.
    pub(in crate::routing) fn needs(&self) -> Option<Needs> {
        self.root.needs()
    }

    /// Every path whose value can change the result, quoted names included.
    pub fn paths(&self) -> BTreeSet<&Path> {
        let mut paths = BTreeSet::new();
        self.root.each_path(&mut |path, _quoted| {
            paths.insert(path);
        });
        paths
    }

    /// Whether one more task can make a worker match who did not before (see [`WorkerChannels`]).
    pub(in crate::routing) fn busier_can_suit(&self) -> bool {
        busier::busier_can_suit(&self.root)
    }

    /// Whether it names a worker's channels.
    pub fn names_channels(&self) -> bool {
        self.paths().into_iter().any(channels::leads_to_channel)
    }

    /// What the names of a worker's channels come to, each with its value.
    pub fn channels_seen(&self, on: &dyn Lookup) -> Vec<(String, Value)> {
        let paths = self.paths().into_iter().filter(|path| channels::leads_to_channel(path));
        paths.map(|path| (path.to_string(), channels::shown(&on.get(path.steps())))).collect()
    }

    /// The paths that were written as names, so that nothing else can be meant.
    pub fn names(&self) -> BTreeSet<&Path> {
        let mut paths = BTreeSet::new();
        self.root.each_path(&mut |path, quoted| {
            if !quoted {
                paths.insert(path);
            }
        });
        paths
    }
}

/// The one spelling of the tree: symbols for `=`, words for `>-` and `<-`, double quotes, needed parentheses.
impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(out)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl std::str::FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(source: &str) -> Result<Self, ExpressionError> {
        Self::parse(source)
    }
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {problem}")]
pub struct ExpressionError {
    /// How many characters stand before the place.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl ExpressionError {
    /// An error at a byte of the source, counted in characters for the reader.
    fn at_byte(source: &str, byte: usize, problem: Problem) -> Self {
        let at = source.get(..byte).map_or(0, |before| before.chars().count());
        Self { at, problem }
    }
}

/// What can be wrong at one place of an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else belongs here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What would have been right.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// A string was opened and never closed.
    #[error("the string that begins here has no closing quote")]
    UnterminatedString,
    /// A number that no floating-point number can hold, or an index past the largest array.
    #[error("the number is out of range")]
    NumberOutOfRange,
    /// The text is too long.
    #[error("the expression is longer than {max} characters")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// Too many parentheses or NOTs inside each other.
    #[error("nested deeper than {max} levels")]
    TooDeep {
        /// The bound.
        max: usize,
    },
    /// Too many parts.
    #[error("more than {max} operands and operators")]
    TooMany {
        /// The bound.
        max: usize,
    },
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
