//! Fills a template in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::filter::filtered;
use super::given::Given;
use super::node::{Comparison, Condition, Expression, Loop, Node, Operand, Segment};
use super::number::Num;
use super::value::{at, compares, is_blank, is_empty, is_true, member, text, weight};
use super::{OUTPUT_BYTES_MAX, PASSES_MAX, TooMuch, WORK_MAX};
use crate::timestamp::Timestamp;

/// Fills nodes in.
pub(super) fn render(nodes: &[Node], context: &Value, now: Timestamp) -> Result<String, TooMuch> {
    let mut page = Page {
        context,
        now,
        own: BTreeMap::new(),
        counters: BTreeMap::new(),
        cycles: BTreeMap::new(),
        out: String::new(),
        passes: 0,
        work: 0,
    };
    page.all(nodes)?;
    Ok(page.out)
}

/// How it goes on behind a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Page<'a> {
    context: &'a Value,
    now: Timestamp,
    own: BTreeMap<String, Value>,
    counters: BTreeMap<String, i64>,
    cycles: BTreeMap<String, usize>,
    out: String,
    passes: usize,
    work: usize,
}

impl Page<'_> {
    fn all(&mut self, nodes: &[Node]) -> Result<Flow, TooMuch> {
        for node in nodes {
            let flow = self.node(node)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn print(&mut self, text: &str) -> Result<(), TooMuch> {
        if self.out.len() + text.len() > OUTPUT_BYTES_MAX {
            return Err(TooMuch::Output);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<Flow, TooMuch> {
        match node {
            Node::Text(text) => self.print(text)?,
            Node::Output(expression) => {
                let value = self.evaluated(expression)?;
                self.print(&text(&value))?;
            }
            Node::If(branches) => {
                let first = branches.iter().find(|(condition, _)| self.holds(condition));
                return first.map_or(Ok(Flow::On), |(_, body)| self.all(body));
            }
            Node::Case { subject, branches, otherwise } => {
                return self.case(subject, branches, otherwise);
            }
            Node::For(one) => return self.passes(one),
            Node::Assign(name, expression) => {
                let value = self.evaluated(expression)?;
                self.own.insert(name.clone(), value);
            }
            Node::Capture(name, body) => {
                let before = std::mem::take(&mut self.out);
                let flow = self.all(body)?;
                let captured = std::mem::replace(&mut self.out, before);
                self.works(captured.len())?;
                self.own.insert(name.clone(), Value::String(captured));
                return Ok(flow);
            }
            Node::Count { name, by } => {
                let counter = self.counters.entry(name.clone()).or_default();
                // A counter that goes down is moved before it is printed.
                let shown = if *by < 0 { *counter + by } else { *counter };
                *counter += by;
                self.print(&shown.to_string())?;
            }
            Node::Cycle { group, values } => {
                let place = self.cycles.entry(group.clone()).or_default();
                let value = values.get(*place % values.len().max(1));
                *place += 1;
                let value = value.map(|value| text(&self.looked_up(value))).unwrap_or_default();
                self.print(&value)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn case(
        &mut self,
        subject: &Operand,
        branches: &[(Vec<Operand>, Vec<Node>)],
        otherwise: &[Node],
    ) -> Result<Flow, TooMuch> {
        let mut is_found = false;
        for (values, body) in branches {
            if values.iter().any(|value| self.compares(subject, Comparison::Equal, value)) {
                is_found = true;
                let flow = self.all(body)?;
                if flow != Flow::On {
                    return Ok(flow);
                }
            }
        }
        if is_found { Ok(Flow::On) } else { self.all(otherwise) }
    }

    fn passes(&mut self, one: &Loop) -> Result<Flow, TooMuch> {
        let number = |page: &Self, operand: &Option<Operand>| {
            let value = operand.as_ref().map(|operand| page.looked_up(operand).into_owned())?;
            match Num::of(&value) {
                Num::Whole(whole) => usize::try_from(whole).ok(),
                Num::Broken(_) => None,
            }
        };
        let offset = number(self, &one.offset).unwrap_or(0);
        let limit = number(self, &one.limit).unwrap_or(usize::MAX);
        let all = listed(self.looked_up(&one.over).into_owned());
        self.works(all.iter().map(weight).sum())?;
        let mut all: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
        if one.is_reversed {
            all.reverse();
        }
        if all.is_empty() {
            return self.all(&one.otherwise);
        }
        let length = all.len();
        let before = (self.own.remove(&one.name), self.own.remove("forloop"));
        for (index, value) in all.into_iter().enumerate() {
            self.passes += 1;
            if self.passes > PASSES_MAX {
                return Err(TooMuch::Passes);
            }
            self.own.insert(one.name.clone(), value);
            self.own.insert("forloop".to_owned(), forloop(index, length));
            if self.all(&one.body)? == Flow::Break {
                break;
            }
        }
        for (name, value) in [(one.name.as_str(), before.0), ("forloop", before.1)] {
            match value {
                Some(value) => self.own.insert(name.to_owned(), value),
                None => self.own.remove(name),
            };
        }
        Ok(Flow::On)
    }

    fn works(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.work += bytes;
        if self.work > WORK_MAX { Err(TooMuch::Work) } else { Ok(()) }
    }

    fn evaluated(&mut self, expression: &Expression) -> Result<Value, TooMuch> {
        let mut value = self.looked_up(&expression.operand).into_owned();
        for filter in &expression.filters {
            let arguments: Vec<Value> =
                filter.arguments.iter().map(|one| self.looked_up(one).into_owned()).collect();
            let named: Vec<(&str, Value)> = filter
                .named
                .iter()
                .map(|(name, one)| (name.as_str(), self.looked_up(one).into_owned()))
                .collect();
            let given = Given { arguments: &arguments, named: &named, now: self.now };
            value = filtered(&filter.name, value, &given);
            self.works(weight(&value))?;
        }
        Ok(value)
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Is(Operand::Empty | Operand::Blank) => true,
            Condition::Is(operand) => is_true(&self.looked_up(operand)),
            Condition::Compares(left, how, right) => self.compares(left, *how, right),
            Condition::And(left, right) => self.holds(left) && self.holds(right),
            Condition::Or(left, right) => self.holds(left) || self.holds(right),
            Condition::Not(inner) => !self.holds(inner),
        }
    }

    fn compares(&self, left: &Operand, how: Comparison, right: &Operand) -> bool {
        let is = match (left, right) {
            (Operand::Empty, other) | (other, Operand::Empty) => {
                Some(is_empty(&self.looked_up(other)))
            }
            (Operand::Blank, other) | (other, Operand::Blank) => {
                Some(is_blank(&self.looked_up(other)))
            }
            (_, _) => None,
        };
        match (is, how) {
            (Some(is), Comparison::Equal) => is,
            (Some(is), Comparison::Unequal) => !is,
            (
                Some(_),
                Comparison::Less
                | Comparison::AtMost
                | Comparison::Greater
                | Comparison::AtLeast
                | Comparison::Contains,
            ) => false,
            (None, how) => compares(&self.looked_up(left), how, &self.looked_up(right)),
        }
    }

    /// What an operand is; nothing if it is not there.
    fn looked_up<'b>(&'b self, operand: &'b Operand) -> Cow<'b, Value> {
        match operand {
            Operand::Literal(value) => Cow::Borrowed(value),
            Operand::Empty | Operand::Blank => Cow::Owned(Value::String(String::new())),
            Operand::Range(from, to) => {
                let end = |operand: &Operand| match Num::of(&self.looked_up(operand)) {
                    Num::Whole(whole) => whole,
                    Num::Broken(_) => 0,
                };
                let (from, to) = (end(from), end(to));
                let most = i64::try_from(PASSES_MAX).unwrap_or(i64::MAX);
                let to = to.min(from.saturating_add(most));
                Cow::Owned((from..=to).map(|number| json!(number)).collect())
            }
            Operand::Path(segments) => self.path(segments),
        }
    }

    fn path<'b>(&'b self, segments: &'b [Segment]) -> Cow<'b, Value> {
        const NOTHING: Value = Value::Null;
        let Some((first, rest)) = segments.split_first() else { return Cow::Owned(NOTHING) };
        let name = match first {
            Segment::Name(name) => Cow::Borrowed(name.as_str()),
            Segment::At(operand) => Cow::Owned(text(&self.looked_up(operand))),
        };
        let mut found = match (self.own.get(name.as_ref()), self.context.get(name.as_ref())) {
            (Some(own), _) => Cow::Borrowed(own),
            (None, Some(given)) => Cow::Borrowed(given),
            (None, None) => match self.counters.get(name.as_ref()) {
                Some(counter) => Cow::Owned(json!(counter)),
                None => Cow::Owned(NOTHING),
            },
        };
        for segment in rest {
            found = match (segment, found) {
                (Segment::Name(name), Cow::Borrowed(Value::Object(all)))
                    if all.contains_key(name) =>
                {
                    Cow::Borrowed(&all[name])
                }
                (Segment::Name(name), found) => Cow::Owned(member(&found, name)),
                (Segment::At(operand), found) => Cow::Owned(at(&found, &self.looked_up(operand))),
            };
        }
        found
    }
}

/// What a loop goes through: a list, the pairs of a hash, a text as a whole, nothing else.
fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(all) => all,
        Value::Object(all) => all.into_iter().map(|(key, value)| json!([key, value])).collect(),
        Value::String(text) if !text.is_empty() => vec![Value::String(text)],
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn forloop(index: usize, length: usize) -> Value {
    let mut all = Map::new();
    all.insert("index".to_owned(), json!(index + 1));
    all.insert("index0".to_owned(), json!(index));
    all.insert("rindex".to_owned(), json!(length - index));
    all.insert("rindex0".to_owned(), json!(length - index - 1));
    all.insert("first".to_owned(), json!(index == 0));
    all.insert("last".to_owned(), json!(index + 1 == length));
    all.insert("length".to_owned(), json!(length));
    Value::Object(all)
}
