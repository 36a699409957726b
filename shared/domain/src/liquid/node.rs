//! What a template consists of.

use serde_json::Value;

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Printed as it is.
    Text(String),
    /// A value that is printed.
    Output(Expression),
    /// The first branch whose condition holds: `if`, `elsif`, `unless`, `else`.
    If(Vec<(Condition, Vec<Node>)>),
    /// Every branch that has the value, or the last one.
    Case { subject: Operand, branches: Vec<(Vec<Operand>, Vec<Node>)>, otherwise: Vec<Node> },
    /// A loop.
    For(Box<Loop>),
    /// A name that is given to a value.
    Assign(String, Expression),
    /// A name that is given to what is printed within.
    Capture(String, Vec<Node>),
    /// A counter of its own, which is printed and moved.
    Count { name: String, by: i64 },
    /// The next of several values.
    Cycle { group: String, values: Vec<Operand> },
    /// Leaves the innermost loop.
    Break,
    /// Goes on with its next pass.
    Continue,
}

/// A loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    pub(super) name: String,
    pub(super) over: Operand,
    pub(super) limit: Option<Operand>,
    pub(super) offset: Option<Operand>,
    pub(super) is_reversed: bool,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// A value and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    pub(super) operand: Operand,
    pub(super) filters: Vec<Filter>,
}

/// A filter with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) arguments: Vec<Operand>,
    pub(super) named: Vec<(String, Operand)>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// It stands there.
    Literal(Value),
    /// It is looked up.
    Path(Vec<Segment>),
    /// Whole numbers from one to the other.
    Range(Box<Operand>, Box<Operand>),
    /// Whatever is empty.
    Empty,
    /// Whatever is empty, or nothing.
    Blank,
}

/// A step of a look-up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    /// By name.
    Name(String),
    /// By what a value is.
    At(Operand),
}

/// What may hold. It is evaluated from right to left, without precedence, as documented.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// Always.
    Always,
    /// A value is neither nothing nor false.
    Is(Operand),
    /// Two values compare.
    Compares(Operand, Comparison, Operand),
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One holds.
    Or(Box<Condition>, Box<Condition>),
    /// It does not.
    Not(Box<Condition>),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `==`
    Equal,
    /// `!=`, `<>`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `contains`
    Contains,
}
