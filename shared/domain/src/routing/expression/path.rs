//! Paths into attributes: a name, then names and array indexes.

use std::fmt;

use serde_json::Value;

use super::lexer::{self, Kind};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The member of an object.
    Name(String),
    /// The element of an array, counted from zero.
    Index(usize),
}

impl Step {
    /// The name, if the step is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Index(_) => None,
        }
    }
}

/// A path: at least one step, the first a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

impl Path {
    /// Reads a path as it is written in expressions; `None` for anything else, keywords included.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() != text {
            return None;
        }
        let mut tokens = lexer::tokens(text).ok()?.into_iter();
        match (tokens.next()?.kind, tokens.next()) {
            (Kind::Path(path), None) => Some(path),
            (_, _) => None,
        }
    }

    /// Wraps steps that the lexer has read.
    pub(super) fn from_steps(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// What a quoted text names: the path it spells, or the member of exactly that name.
    pub(super) fn quoted(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self(vec![Step::Name(text.to_owned())]))
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if number == 0 => out.write_str(name)?,
                Step::Name(name) => write!(out, ".{name}")?,
                Step::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Walks from `root` along `steps`; `None` where a step leads nowhere.
pub(crate) fn walk<'a>(root: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Name(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_it_is_read() {
        for text in ["a", "a.b", "a[0].b[12]", "task.2nd", "größe.ß", "in.x"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        for text in ["", " a", "a b", "IN", "null", "a-b", "a.", "a[", "a[x]", ".a", "1", "a[0"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
