//! The order in which a target prefers its workers.

use std::cmp::Ordering;
use std::fmt;

use super::lexer::{self, Kind, Token};
use super::lookup::Lookup;
use super::path::Path;
use super::term::Term;
use super::{ExpressionError, Problem};

/// Most attributes one order can name.
const CLAUSES_MAX: usize = 32;

/// A comma list of `worker.<path> ASC|DESC`; without a direction a clause is ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy(Vec<Clause>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    path: Path,
    descending: bool,
}

/// Where a worker stands; the smaller goes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(Vec<Slot>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Has(i128),
    Lacks,
}

impl OrderBy {
    /// Reads an order, or says where it stops being one.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        let tokens = lexer::tokens(source)?;
        let mut reader = Reader { source, tokens: &tokens };
        let mut clauses = vec![reader.clause()?];
        while let Some((token, rest)) = reader.tokens.split_first() {
            if token.kind != Kind::Comma {
                return Err(reader.unexpected("`,` or the end"));
            }
            if clauses.len() == CLAUSES_MAX {
                return Err(reader.error(Problem::TooMany { max: CLAUSES_MAX }));
            }
            reader.tokens = rest;
            clauses.push(reader.clause()?);
        }
        Ok(Self(clauses))
    }

    /// The order without the clauses that some candidate answers with anything but an integer.
    #[must_use]
    pub fn over<L: Lookup>(&self, candidates: impl IntoIterator<Item = L>) -> Self {
        let mut clauses = self.0.clone();
        for candidate in candidates {
            clauses.retain(|clause| clause.read(&candidate).is_ok());
        }
        Self(clauses)
    }

    /// Where a worker stands; one that lacks an attribute stands after all that have it.
    pub fn rank(&self, worker: &dyn Lookup) -> Rank {
        let slot = |clause: &Clause| match clause.read(worker) {
            Ok(Some(number)) if clause.descending => Slot::Has(number.saturating_neg()),
            Ok(Some(number)) => Slot::Has(number),
            // Outside `over` a wrong type counts as lacking, so that the order stays total.
            Ok(None) | Err(NotAnInteger) => Slot::Lacks,
        };
        Rank(self.0.iter().map(slot).collect())
    }

    /// Which of two workers goes first; equal where the longest wait has to decide.
    pub fn compare(&self, left: &dyn Lookup, right: &dyn Lookup) -> Ordering {
        self.rank(left).cmp(&self.rank(right))
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Clause { path, descending }) in self.0.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            let direction = if *descending { "DESC" } else { "ASC" };
            write!(out, "{comma}{path} {direction}")?;
        }
        Ok(())
    }
}

struct NotAnInteger;

impl Clause {
    fn read(&self, worker: &dyn Lookup) -> Result<Option<i128>, NotAnInteger> {
        match worker.get(self.path.steps()) {
            Term::Null => Ok(None),
            Term::Number(number) => number.whole().map(Some).ok_or(NotAnInteger),
            Term::Truth(_) | Term::Text(_) | Term::List(_) | Term::Object => Err(NotAnInteger),
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    tokens: &'a [Token],
}

impl Reader<'_> {
    fn clause(&mut self) -> Result<Clause, ExpressionError> {
        let path = match self.tokens.split_first() {
            Some((Token { kind: Kind::Path(path), .. }, rest)) if of_worker(path) => {
                self.tokens = rest;
                path.clone()
            }
            _ => return Err(self.unexpected("a name after `worker.`")),
        };
        let descending = match self.tokens.split_first() {
            Some((Token { kind: Kind::Path(word), .. }, rest)) => {
                let descending = match word.to_string().to_ascii_uppercase().as_str() {
                    "ASC" => false,
                    "DESC" => true,
                    _ => return Err(self.unexpected("ASC, DESC, `,` or the end")),
                };
                self.tokens = rest;
                descending
            }
            _ => false,
        };
        Ok(Clause { path, descending })
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let found = self.tokens.first().map_or_else(
            || lexer::shown(""),
            |token| lexer::shown(&self.source[token.start..token.end]),
        );
        self.error(Problem::Unexpected { expected, found })
    }

    fn error(&self, problem: Problem) -> ExpressionError {
        let byte = self.tokens.first().map_or(self.source.len(), |token| token.start);
        ExpressionError::at_byte(self.source, byte, problem)
    }
}

fn of_worker(path: &Path) -> bool {
    path.steps().len() > 1 && path.steps()[0].name() == Some("worker")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::routing::expression::{Attributes, Path};

    fn order(text: &str) -> OrderBy {
        OrderBy::parse(text).unwrap()
    }

    fn sorted(text: &str, levels: &[Value]) -> Vec<i64> {
        let workers: Vec<Value> = levels
            .iter()
            .enumerate()
            .map(|(number, level)| json!({ "worker": { "n": number, "level": level, "age": 9 - number } }))
            .collect();
        let order = order(text).over(workers.iter().map(Attributes));
        let mut ranked: Vec<&Value> = workers.iter().collect();
        ranked.sort_by(|left, right| order.compare(&Attributes(left), &Attributes(right)));
        ranked.iter().map(|worker| worker["worker"]["n"].as_i64().unwrap()).collect()
    }

    #[test]
    fn the_first_clause_decides_and_the_next_breaks_ties() {
        let levels = [json!(1), json!(3), json!(3), json!(2)];
        assert_eq!(sorted("worker.level DESC, worker.age ASC", &levels), [2, 1, 3, 0]);
        assert_eq!(sorted("worker.level", &levels), [0, 3, 1, 2]);
    }

    #[test]
    fn workers_without_the_attribute_come_last_in_both_directions() {
        let levels = [Value::Null, json!(1), json!(2)];
        assert_eq!(sorted("worker.level ASC", &levels), [1, 2, 0]);
        assert_eq!(sorted("worker.level desc", &levels), [2, 1, 0]);
    }

    #[test]
    fn a_clause_over_something_else_than_integers_is_ignored() {
        let levels = [json!(2), json!("1"), json!(1)];
        assert_eq!(sorted("worker.level ASC", &levels), [0, 1, 2]);
        assert_eq!(sorted("worker.level ASC, worker.age ASC", &levels), [2, 1, 0]);
        assert_eq!(sorted("worker.level ASC", &[json!(2), json!(1.5)]), [0, 1]);
    }

    #[test]
    fn the_largest_numbers_keep_their_order() {
        let levels = [json!(u64::MAX), json!(i64::MIN), json!(0)];
        assert_eq!(sorted("worker.level DESC", &levels), [0, 2, 1]);
    }

    #[test]
    fn an_order_is_written_as_it_is_read() {
        let written = order("worker.a.b[0]  desc ,worker.c").to_string();
        assert_eq!(written, "worker.a.b[0] DESC, worker.c ASC");
        assert_eq!(order(&written).to_string(), written);
    }

    #[test]
    fn a_malformed_order_is_refused_at_its_place() {
        for (text, at) in [
            ("", 0),
            ("level DESC", 0),
            ("task.level", 0),
            ("worker", 0),
            ("worker.a DOWN", 9),
            ("worker.a ASC,", 13),
            ("worker.a ASC worker.b", 13),
            ("worker.a, , worker.b", 10),
            ("worker.a == 1", 9),
        ] {
            assert_eq!(OrderBy::parse(text).unwrap_err().at, at, "{text}");
        }
        let many = vec!["worker.a"; CLAUSES_MAX + 1].join(",");
        assert_eq!(
            OrderBy::parse(&many).unwrap_err().problem,
            Problem::TooMany { max: CLAUSES_MAX }
        );
    }

    #[test]
    fn a_path_of_the_worker_needs_a_name_after_the_dot() {
        assert!(of_worker(&Path::parse("worker.level").unwrap()));
        assert!(!of_worker(&Path::parse("worker").unwrap()));
    }
}
