//! Reads pieces into nodes.

use serde_json::Value;

use super::filter::is_filter;
use super::lexer::{Word, words};
use super::node::{Comparison, Condition, Expression, Filter, Loop, Node, Operand, Segment};
use super::pieces::{Kind, Piece, cut};
use super::{DEPTH_MAX, Doubts, SyntaxError};

/// What every template may look up without setting it.
const LOOP: &str = "forloop";

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<(Vec<Node>, Doubts), SyntaxError> {
    let pieces = cut(text)?;
    let mut reader =
        Reader { pieces: &pieces, at: 0, depth: 0, doubts: Doubts::default(), own: Vec::new() };
    let (nodes, end) = reader.body(&[])?;
    match end {
        None => {
            let Reader { mut doubts, own, .. } = reader;
            doubts.variables.retain(|(root, _)| root != LOOP && !own.contains(root));
            Ok((nodes, doubts))
        }
        Some(End { name, line, .. }) => {
            Err(SyntaxError { line, what: format!("{name} ends nothing") })
        }
    }
}

struct Reader<'a> {
    pieces: &'a [Piece<'a>],
    at: usize,
    depth: usize,
    doubts: Doubts,
    own: Vec<String>,
}

/// A tag at which a body ends.
struct End<'a> {
    name: &'a str,
    rest: &'a str,
    line: usize,
}

/// What ends something, or divides it.
const ENDS: [&str; 9] = [
    "elsif",
    "else",
    "when",
    "endif",
    "endunless",
    "endcase",
    "endfor",
    "endcapture",
    "endcomment",
];

impl<'a> Reader<'a> {
    /// Nodes up to a tag that ends them, which has to be one of those that are named.
    fn body(&mut self, ends: &[&str]) -> Result<(Vec<Node>, Option<End<'a>>), SyntaxError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get(self.at) {
            self.at += 1;
            let line = piece.line;
            let fail = |what: String| SyntaxError { line, what };
            match piece.kind {
                Kind::Text(text) => nodes.push(Node::Text(text.to_owned())),
                Kind::Output("") => {}
                Kind::Output(inner) => {
                    nodes.push(Node::Output(self.expression(inner).map_err(fail)?));
                }
                Kind::Tag(name, rest) if ENDS.contains(&name) => {
                    let end = End { name, rest, line };
                    if !ends.is_empty() && !ends.contains(&name) {
                        return Err(fail(format!("{name} stands where {} is due", ends[0])));
                    }
                    return Ok((nodes, Some(end)));
                }
                Kind::Tag(name, rest) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(fail(format!("tags are more than {DEPTH_MAX} deep")));
                    }
                    nodes.extend(self.tag(name, rest, line)?);
                    self.depth -= 1;
                }
            }
        }
        match ends.first() {
            None => Ok((nodes, None)),
            Some(due) => {
                let line = self.pieces.last().map_or(1, |last| last.line);
                Err(SyntaxError { line, what: format!("{due} is missing") })
            }
        }
    }

    fn tag(&mut self, name: &str, rest: &str, line: usize) -> Result<Option<Node>, SyntaxError> {
        let fail = |what: String| SyntaxError { line, what };
        Ok(Some(match name {
            "#" => return Ok(None),
            "echo" => Node::Output(self.expression(rest).map_err(fail)?),
            "assign" => {
                let (name, value) =
                    rest.split_once('=').ok_or_else(|| fail("assign without =".to_owned()))?;
                self.own.push(name.trim().to_owned());
                Node::Assign(name.trim().to_owned(), self.expression(value).map_err(fail)?)
            }
            "capture" => {
                let name = rest.trim_matches(['"', '\'']).to_owned();
                self.own.push(name.clone());
                let (body, _) = self.body(&["endcapture"])?;
                Node::Capture(name, body)
            }
            "increment" | "decrement" => {
                self.own.push(rest.to_owned());
                let by = if name == "increment" { 1 } else { -1 };
                Node::Count { name: rest.to_owned(), by }
            }
            "break" => Node::Break,
            "continue" => Node::Continue,
            "cycle" => self.cycle(rest).map_err(fail)?,
            "if" | "unless" => self.branches(name, rest, line)?,
            "case" => self.case(rest, line)?,
            "for" => self.a_loop(rest, line)?,
            unknown => {
                self.doubts.tags.insert(unknown.to_owned());
                return Ok(None);
            }
        }))
    }

    fn branches(&mut self, name: &str, rest: &str, line: usize) -> Result<Node, SyntaxError> {
        let fail = |line: usize| move |what: String| SyntaxError { line, what };
        let closing = if name == "if" { "endif" } else { "endunless" };
        let first = self.condition(rest).map_err(fail(line))?;
        let mut due = match name {
            "if" => first,
            _ => Condition::Not(Box::new(first)),
        };
        let mut branches = Vec::new();
        loop {
            let (body, end) = self.body(&[closing, "elsif", "else"])?;
            branches.push((due, body));
            due = match end {
                Some(End { name: "elsif", rest, line }) => {
                    self.condition(rest).map_err(fail(line))?
                }
                Some(End { name: "else", .. }) => Condition::Always,
                Some(_) | None => return Ok(Node::If(branches)),
            };
        }
    }

    fn case(&mut self, rest: &str, line: usize) -> Result<Node, SyntaxError> {
        let fail = |line: usize| move |what: String| SyntaxError { line, what };
        let subject = self.operand_of(rest).map_err(fail(line))?;
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        let (_, mut end) = self.body(&["endcase", "when", "else"])?;
        while let Some(End { name, rest, line }) = end {
            let body;
            match name {
                "when" => {
                    let values = self.values(rest).map_err(fail(line))?;
                    (body, end) = self.body(&["endcase", "when", "else"])?;
                    branches.push((values, body));
                }
                "else" => {
                    (body, end) = self.body(&["endcase", "when", "else"])?;
                    otherwise = body;
                }
                _ => break,
            }
        }
        Ok(Node::Case { subject, branches, otherwise })
    }

    fn a_loop(&mut self, rest: &str, line: usize) -> Result<Node, SyntaxError> {
        let fail = |what: &str| SyntaxError { line, what: what.to_owned() };
        let mut words = Words::of(rest).map_err(|what| fail(&what))?;
        let (Some(Word::Name(name)), Some(Word::Name(within))) = (words.next(), words.next())
        else {
            return Err(fail("for … in … is due"));
        };
        if within != "in" {
            return Err(fail("for … in … is due"));
        }
        let over = words.operand().map_err(|what| fail(&what))?;
        let (mut limit, mut offset, mut is_reversed) = (None, None, false);
        while let Some(word) = words.next() {
            match word {
                Word::Name(word) if word == "reversed" => is_reversed = true,
                Word::Name(word) if word == "limit" || word == "offset" => {
                    words.take(":");
                    let value = words.operand().map_err(|what| fail(&what))?;
                    let place = if word == "limit" { &mut limit } else { &mut offset };
                    *place = Some(value);
                }
                Word::Sign(",") => {}
                Word::Name(_) | Word::Literal(_) | Word::Sign(_) => {
                    return Err(fail("for knows limit, offset and reversed"));
                }
            }
        }
        [Some(&over), limit.as_ref(), offset.as_ref()]
            .into_iter()
            .flatten()
            .for_each(|operand| self.note(operand));
        self.own.push(name.clone());
        let (body, end) = self.body(&["endfor", "else"])?;
        let otherwise = match end {
            Some(End { name: "else", .. }) => self.body(&["endfor"])?.0,
            Some(_) | None => Vec::new(),
        };
        let one = Loop { name, over, limit, offset, is_reversed, body, otherwise };
        Ok(Node::For(Box::new(one)))
    }

    fn cycle(&mut self, rest: &str) -> Result<Node, String> {
        let (group, values) = match rest.split_once(':') {
            Some((group, values)) => (group.trim().to_owned(), values),
            None => (rest.to_owned(), rest),
        };
        Ok(Node::Cycle { group, values: self.values(values)? })
    }

    /// Values with commas or `or` between them.
    fn values(&mut self, text: &str) -> Result<Vec<Operand>, String> {
        let mut words = Words::of(text)?;
        let mut values = vec![words.operand()?];
        while let Some(word) = words.next() {
            match word {
                Word::Sign(",") => {}
                Word::Name(word) if word == "or" => {}
                Word::Name(_) | Word::Literal(_) | Word::Sign(_) => {
                    return Err("a comma is due between values".to_owned());
                }
            }
            values.push(words.operand()?);
        }
        values.iter().for_each(|value| self.note(value));
        Ok(values)
    }

    fn operand_of(&mut self, text: &str) -> Result<Operand, String> {
        let mut words = Words::of(text)?;
        let operand = words.operand()?;
        self.note(&operand);
        words.must_end()?;
        Ok(operand)
    }

    fn condition(&mut self, text: &str) -> Result<Condition, String> {
        let mut words = Words::of(text)?;
        let condition = self.conditions(&mut words, 0)?;
        words.must_end()?;
        Ok(condition)
    }

    fn conditions(&mut self, words: &mut Words, depth: usize) -> Result<Condition, String> {
        if depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} conditions"));
        }
        let left = words.operand()?;
        self.note(&left);
        let one = match words.comparison() {
            Some(how) => {
                let right = words.operand()?;
                self.note(&right);
                Condition::Compares(left, how, right)
            }
            None => Condition::Is(left),
        };
        if words.takes_name("and") {
            return Ok(Condition::And(one.into(), self.conditions(words, depth + 1)?.into()));
        }
        if words.takes_name("or") {
            return Ok(Condition::Or(one.into(), self.conditions(words, depth + 1)?.into()));
        }
        Ok(one)
    }

    fn expression(&mut self, text: &str) -> Result<Expression, String> {
        let mut words = Words::of(text)?;
        let operand = words.operand()?;
        self.note(&operand);
        let mut filters = Vec::new();
        while words.take("|") {
            let Some(Word::Name(name)) = words.next() else {
                return Err("a filter is due behind |".to_owned());
            };
            if !is_filter(&name) {
                self.doubts.filters.insert(name.clone());
            }
            let (arguments, named) = match words.take(":") {
                true => self.arguments(&mut words)?,
                false => (Vec::new(), Vec::new()),
            };
            filters.push(Filter { name, arguments, named });
        }
        words.must_end()?;
        Ok(Expression { operand, filters })
    }

    #[expect(clippy::type_complexity, reason = "both kinds of arguments, once")]
    fn arguments(
        &mut self,
        words: &mut Words,
    ) -> Result<(Vec<Operand>, Vec<(String, Operand)>), String> {
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        loop {
            match words.name_of_argument() {
                Some(name) => {
                    let value = words.operand()?;
                    self.note(&value);
                    named.push((name, value));
                }
                None => {
                    let value = words.operand()?;
                    self.note(&value);
                    arguments.push(value);
                }
            }
            if !words.take(",") {
                return Ok((arguments, named));
            }
        }
    }

    /// Notes what is looked up.
    fn note(&mut self, operand: &Operand) {
        match operand {
            Operand::Path(segments) => {
                let mut names = segments.iter().map(|segment| match segment {
                    Segment::Name(name) => Some(name.clone()),
                    Segment::At(Operand::Literal(Value::String(name))) => Some(name.clone()),
                    Segment::At(inner) => {
                        self.note(inner);
                        None
                    }
                });
                let (first, second) = (names.next().flatten(), names.next().flatten());
                names.for_each(drop);
                if let Some(first) = first {
                    self.doubts.variables.insert((first, second));
                }
            }
            Operand::Range(from, to) => {
                self.note(from);
                self.note(to);
            }
            Operand::Literal(_) | Operand::Empty | Operand::Blank => {}
        }
    }
}

/// Words that are read one after the other.
struct Words {
    words: Vec<Word>,
    at: usize,
}

impl Words {
    fn of(text: &str) -> Result<Self, String> {
        Ok(Self { words: words(text)?, at: 0 })
    }

    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    fn take(&mut self, sign: &str) -> bool {
        let is = matches!(self.words.get(self.at), Some(Word::Sign(found)) if *found == sign);
        self.at += usize::from(is);
        is
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let is = matches!(self.words.get(self.at), Some(Word::Name(found)) if found == name);
        self.at += usize::from(is);
        is
    }

    /// The name in front of a named argument.
    fn name_of_argument(&mut self) -> Option<String> {
        let (Some(Word::Name(name)), Some(Word::Sign(":"))) =
            (self.words.get(self.at), self.words.get(self.at + 1))
        else {
            return None;
        };
        let name = name.clone();
        self.at += 2;
        Some(name)
    }

    fn must_end(&self) -> Result<(), String> {
        match self.words.get(self.at) {
            None => Ok(()),
            Some(Word::Name(name)) => Err(format!("{name} is not understood here")),
            Some(Word::Literal(value)) => Err(format!("{value} is not understood here")),
            Some(Word::Sign(sign)) => Err(format!("{sign} is not understood here")),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let how = match self.words.get(self.at)? {
            Word::Sign("==") => Comparison::Equal,
            Word::Sign("!=" | "<>") => Comparison::Unequal,
            Word::Sign("<") => Comparison::Less,
            Word::Sign("<=") => Comparison::AtMost,
            Word::Sign(">") => Comparison::Greater,
            Word::Sign(">=") => Comparison::AtLeast,
            Word::Name(name) if name == "contains" => Comparison::Contains,
            Word::Name(_) | Word::Literal(_) | Word::Sign(_) => return None,
        };
        self.at += 1;
        Some(how)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.next() {
            None => Err("a value is due".to_owned()),
            Some(Word::Literal(value)) => Ok(Operand::Literal(value)),
            Some(Word::Sign("(")) => {
                let from = self.operand()?;
                if !self.take("..") {
                    return Err("a range is (from..to)".to_owned());
                }
                let to = self.operand()?;
                match self.take(")") {
                    true => Ok(Operand::Range(from.into(), to.into())),
                    false => Err("a range is not closed".to_owned()),
                }
            }
            Some(Word::Sign("[")) => {
                let first = Segment::At(self.operand()?);
                match self.take("]") {
                    true => self.path(first),
                    false => Err("[ is not closed".to_owned()),
                }
            }
            Some(Word::Sign(sign)) => Err(format!("{sign} stands where a value is due")),
            Some(Word::Name(name)) => match name.as_str() {
                "true" => Ok(Operand::Literal(Value::Bool(true))),
                "false" => Ok(Operand::Literal(Value::Bool(false))),
                "nil" | "null" => Ok(Operand::Literal(Value::Null)),
                "empty" => Ok(Operand::Empty),
                "blank" => Ok(Operand::Blank),
                _ => self.path(Segment::Name(name)),
            },
        }
    }

    fn path(&mut self, first: Segment) -> Result<Operand, String> {
        let mut segments = vec![first];
        loop {
            if self.take(".") {
                match self.next() {
                    Some(Word::Name(name)) => segments.push(Segment::Name(name)),
                    Some(Word::Literal(_) | Word::Sign(_)) | None => {
                        return Err("a name is due behind a point".to_owned());
                    }
                }
            } else if self.take("[") {
                segments.push(Segment::At(self.operand()?));
                if !self.take("]") {
                    return Err("[ is not closed".to_owned());
                }
            } else {
                return Ok(Operand::Path(segments));
            }
        }
    }
}
