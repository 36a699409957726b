//! From tokens to the tree, by descent no deeper than `DEPTH_MAX`.

use std::ops::Range;

use serde_json::Value;

use super::lexer::{self, Kind, Token};
use super::path::{Path, Step};
use super::term::Operator;
use super::tree::{Node, Operand};
use super::{DEPTH_MAX, ExpressionError, NODES_MAX, Problem};

type Parsed<T> = Result<T, ExpressionError>;

/// The tree, and for every clause number in it the bytes of the source it came from.
pub(super) fn parse(source: &str) -> Parsed<(Node, Vec<Range<usize>>)> {
    let tokens = lexer::tokens(source)?;
    let mut parser = Parser { source, tokens, next: 0, depth: 0, nodes: 0, clauses: Vec::new() };
    let root = parser.any()?;
    match parser.peek() {
        None => Ok((root, parser.clauses)),
        Some(_) => Err(parser.unexpected("AND, OR or the end")),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    nodes: usize,
    clauses: Vec<Range<usize>>,
}

impl Parser<'_> {
    fn any(&mut self) -> Parsed<Node> {
        let start = self.start();
        let first = self.all()?;
        if self.peek() != Some(&Kind::Or) {
            return Ok(first);
        }
        let mut of = vec![first];
        while self.take(&Kind::Or) {
            of.push(self.all()?);
        }
        let clause = self.clause(start)?;
        Ok(Node::Any { of, clause })
    }

    fn all(&mut self) -> Parsed<Node> {
        let first = self.primary()?;
        if self.peek() != Some(&Kind::And) {
            return Ok(first);
        }
        self.count()?;
        let mut of = vec![first];
        while self.take(&Kind::And) {
            of.push(self.primary()?);
        }
        Ok(Node::All(of))
    }

    fn primary(&mut self) -> Parsed<Node> {
        let start = self.start();
        if self.take(&Kind::Open) {
            let inner = self.deeper(Self::any)?;
            if !self.take(&Kind::Close) {
                return Err(self.unexpected("AND, OR or `)`"));
            }
            return Ok(inner);
        }
        if self.take(&Kind::Not) {
            let of = Box::new(self.deeper(Self::primary)?);
            let clause = self.clause(start)?;
            return Ok(Node::Not { of, clause });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Node> {
        let start = self.start();
        let left = self.operand()?;
        let operator = self.operator()?;
        let right = self.operand()?;
        let left = match (left, &right) {
            (Operand::Constant(Value::String(text)), Operand::Constant(_)) => {
                Operand::Quoted { path: Path::quoted(&text), text }
            }
            (left, _) => left,
        };
        let clause = self.clause(start)?;
        Ok(Node::Compare { left, operator, right, clause })
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let negated = self.take(&Kind::Not);
        let operator = match (negated, self.peek()) {
            (false, Some(Kind::Operator(operator))) => *operator,
            (true, Some(Kind::Operator(Operator::In))) => Operator::NotIn,
            (true, Some(Kind::Operator(Operator::Has))) => Operator::NotHas,
            (true, _) => return Err(self.unexpected("IN or HAS after NOT")),
            (false, _) => return Err(self.unexpected("a comparison operator")),
        };
        self.next += 1;
        Ok(operator)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.count()?;
        let operand = match self.peek() {
            Some(Kind::Constant(constant)) => Operand::Constant(constant.clone()),
            Some(Kind::Path(path)) => Operand::Path(path.clone()),
            Some(Kind::OpenList) => return self.list(),
            _ => return Err(self.unexpected("a name, a constant, a list, NOT or `(`")),
        };
        self.next += 1;
        Ok(operand)
    }

    fn list(&mut self) -> Parsed<Operand> {
        self.next += 1;
        let mut items = Vec::new();
        if self.take(&Kind::CloseList) {
            return Ok(Operand::Constant(Value::Array(items)));
        }
        loop {
            self.count()?;
            let Some(Kind::Constant(item)) = self.peek() else {
                return Err(self.unexpected("a constant"));
            };
            items.push(item.clone());
            self.next += 1;
            if self.take(&Kind::CloseList) {
                return Ok(Operand::Constant(Value::Array(items)));
            }
            if !self.take(&Kind::Comma) {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.next += usize::from(found);
        found
    }

    /// The byte where the next token begins.
    fn start(&self) -> usize {
        self.tokens.get(self.next).map_or(self.source.len(), |token| token.start)
    }

    /// The byte after the token taken last.
    fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.end)
    }

    /// Numbers the clause that began at `start` and has just been read.
    fn clause(&mut self, start: usize) -> Parsed<usize> {
        self.count()?;
        self.clauses.push(start..self.end());
        Ok(self.clauses.len() - 1)
    }

    fn count(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.error(Problem::TooMany { max: NODES_MAX }));
        }
        Ok(())
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(Problem::TooDeep { max: DEPTH_MAX }));
        }
        self.depth += 1;
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let found = self.tokens.get(self.next).map_or_else(
            || lexer::shown(""),
            |token| lexer::shown(&self.source[token.start..token.end]),
        );
        self.error(Problem::Unexpected { expected, found })
    }

    fn error(&self, problem: Problem) -> ExpressionError {
        ExpressionError::at_byte(self.source, self.start(), problem)
    }
}

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

    /// What a quoted text names: the path it spells, or the member of exactly that name.
    pub(super) fn quoted(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self::from_steps(vec![Step::Name(text.to_owned())]))
    }
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
