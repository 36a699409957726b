//! The parsed tree: how it is asked and how it is written.

use std::fmt;

use serde_json::Value;

use super::lookup::Lookup;
use super::path::Path;
use super::term::{Operator, Term};

/// A node; `clause` numbers those that can be the reason for a false result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    All(Vec<Node>),
    Any { of: Vec<Node>, clause: usize },
    Not { of: Box<Node>, clause: usize },
    Compare { left: Operand, operator: Operator, right: Operand, clause: usize },
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// A scalar or a list as written.
    Constant(Value),
    Path(Path),
    /// A quoted text that is a name where that name exists.
    Quoted {
        text: String,
        path: Path,
    },
}

impl Node {
    pub(super) fn holds(&self, on: &dyn Lookup) -> bool {
        match self {
            Self::All(of) => of.iter().all(|node| node.holds(on)),
            Self::Any { of, .. } => of.iter().any(|node| node.holds(on)),
            Self::Not { of, .. } => !of.holds(on),
            Self::Compare { left, operator, right, .. } => {
                let right = right.term(on, false);
                operator.holds(&left.term(on, matches!(right, Term::Null)), &right)
            }
        }
    }

    /// The clause that makes the node false; `None` when it is true.
    pub(super) fn failing(&self, on: &dyn Lookup) -> Option<usize> {
        match self {
            Self::All(of) => of.iter().find_map(|node| node.failing(on)),
            Self::Any { clause, .. } | Self::Not { clause, .. } | Self::Compare { clause, .. } => {
                (!self.holds(on)).then_some(*clause)
            }
        }
    }

    /// Shows every path to `see`, and whether it was quoted.
    pub(super) fn each_path<'a>(&'a self, see: &mut dyn FnMut(&'a Path, bool)) {
        match self {
            Self::All(of) | Self::Any { of, .. } => of.iter().for_each(|node| node.each_path(see)),
            Self::Not { of, .. } => of.each_path(see),
            Self::Compare { left, right, .. } => {
                for operand in [left, right] {
                    match operand {
                        Operand::Constant(_) => {}
                        Operand::Path(path) => see(path, false),
                        Operand::Quoted { path, .. } => see(path, true),
                    }
                }
            }
        }
    }
}

impl Operand {
    /// The value of this side; beside null a quoted text can only be a name.
    fn term<'a>(&'a self, on: &'a dyn Lookup, beside_null: bool) -> Term<'a> {
        match self {
            Self::Constant(constant) => Term::from(constant),
            Self::Path(path) => on.get(path.steps()),
            Self::Quoted { text, path } => match on.get(path.steps()) {
                Term::Null if !beside_null => Term::Text(text.into()),
                named @ (Term::Null
                | Term::Truth(_)
                | Term::Number(_)
                | Term::Text(_)
                | Term::List(_)
                | Term::Object) => named,
            },
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(of) => write_joined(out, of, " AND ", |node| {
                matches!(node, Self::All(_) | Self::Any { .. })
            }),
            Self::Any { of, .. } => {
                write_joined(out, of, " OR ", |node| matches!(node, Self::Any { .. }))
            }
            Self::Not { of, .. } => {
                out.write_str("NOT ")?;
                write_node(out, of, matches!(**of, Self::All(_) | Self::Any { .. }))
            }
            Self::Compare { left, operator, right, .. } => {
                write!(out, "{left} {} {right}", operator.spelling())
            }
        }
    }
}

fn write_joined(
    out: &mut fmt::Formatter<'_>,
    nodes: &[Node],
    between: &str,
    in_parentheses: fn(&Node) -> bool,
) -> fmt::Result {
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            out.write_str(between)?;
        }
        write_node(out, node, in_parentheses(node))?;
    }
    Ok(())
}

fn write_node(out: &mut fmt::Formatter<'_>, node: &Node, in_parentheses: bool) -> fmt::Result {
    if in_parentheses { write!(out, "({node})") } else { write!(out, "{node}") }
}

impl fmt::Display for Operand {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(Value::Array(items)) => {
                out.write_str("[")?;
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        out.write_str(", ")?;
                    }
                    write_scalar(out, item)?;
                }
                out.write_str("]")
            }
            Self::Constant(constant) => write_scalar(out, constant),
            Self::Path(path) => path.fmt(out),
            Self::Quoted { text, .. } => write_text(out, text),
        }
    }
}

fn write_scalar(out: &mut fmt::Formatter<'_>, scalar: &Value) -> fmt::Result {
    match scalar.as_str() {
        Some(text) => write_text(out, text),
        None => write!(out, "{scalar}"),
    }
}

fn write_text(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(out, "\\{character}")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            _ => write!(out, "{character}")?,
        }
    }
    out.write_str("\"")
}
