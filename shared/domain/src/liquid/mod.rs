//! Liquid, as flows use it: texts with places that are filled in (rule S.1).
//!
//! What is documented by Shopify holds, since that is what flows are written by: <https://shopify.github.io/liquid/>, and the
//! vendor's *Liquid Template Language*, which names the tags and filters of flows. A look-up never fails: what is not there is
//! nothing. Hashes are in the order of their keys, and dates are in UTC, so a text is the same wherever it is filled in.
//!
//! ```text
//!  text ── pieces ──▶ text, {{output}}, {%tag%} ── parse ──▶ nodes ── render, with a context ──▶ text
//! ```
//!
//! Inferred, as nothing documents it: a hash is printed as JSON; an unknown filter leaves its input as it is and an unknown tag prints
//! nothing, and [`Template::doubts`] names both; dividing by zero gives nothing.

mod date;
mod filter;
mod filter_lists;
mod filter_texts;
mod given;
mod lexer;
mod node;
mod number;
mod parser;
mod pieces;
mod render;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use self::node::Node;
use crate::timestamp::Timestamp;

/// The longest text that comes of a template, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// So often the bodies of all loops of a template are passed at most.
pub const PASSES_MAX: usize = 10_000;
/// Tags are in one another so deep at most.
pub const DEPTH_MAX: usize = 32;
/// What filters and captures of one template may make, in bytes.
const WORK_MAX: usize = 1024 * 1024;

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SyntaxError {
    /// The line, from one on.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A template makes more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// Too much text.
    #[error("a template makes more than {OUTPUT_BYTES_MAX} bytes")]
    Output,
    /// Too many passes of its loops.
    #[error("a template passes its loops more than {PASSES_MAX} times")]
    Passes,
    /// Its filters make too much on the way.
    #[error("the filters of a template make more than {WORK_MAX} bytes")]
    Work,
}

/// A text with places, ready to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
    doubts: Doubts,
}

/// What a template names that may not be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Filters that nobody knows.
    pub filters: BTreeSet<String>,
    /// Tags that nobody knows.
    pub tags: BTreeSet<String>,
    /// What it looks up: the first two names of each path, which is not set by the template itself.
    pub variables: BTreeSet<(String, Option<String>)>,
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// [`SyntaxError`] for a tag that is not closed, or that says nothing that can be read.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (nodes, doubts) = parser::parse(text)?;
        Ok(Self { nodes, doubts })
    }

    /// What it names that may not be there.
    pub const fn doubts(&self) -> &Doubts {
        &self.doubts
    }

    /// Fills it in. `now` is what `"now" | date` is.
    ///
    /// # Errors
    /// [`TooMuch`], never for what is not there.
    pub fn render(&self, context: &Value, now: Timestamp) -> Result<String, TooMuch> {
        if self.nodes.is_empty() {
            return Ok(String::new());
        }
        if let [Node::Text(text)] = self.nodes.as_slice() {
            return Ok(text.clone());
        }
        render::render(&self.nodes, context, now)
    }
}

/// What a text says of time, as the filter `date` reads it.
pub fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let read = date::read(&Value::String(text.to_owned()), now)?;
    Some(Timestamp(read.as_millisecond()))
}
