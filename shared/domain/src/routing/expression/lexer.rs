//! From text to tokens, without recursion and without looking back.

use serde_json::Value;

use super::path::{Path, Step};
use super::term::Operator;
use super::{ExpressionError, LENGTH_MAX, Problem};

/// The smallest meaningful piece, with its bytes in the source.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    And,
    Or,
    Not,
    Operator(Operator),
    Constant(Value),
    Path(Path),
}

/// Longer spellings before their beginnings.
const SYMBOLS: [(&str, Operator); 9] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    (">-", Operator::Has),
    ("<-", Operator::In),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

/// Most characters of the source that an error repeats.
const SHOWN_MAX: usize = 40;

/// Splits the source, or says where it has no token.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, ExpressionError> {
    if source.chars().nth(LENGTH_MAX).is_some() {
        return Err(ExpressionError {
            at: LENGTH_MAX,
            problem: Problem::TooLong { max: LENGTH_MAX },
        });
    }
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(first) = lexer.skip_space() {
        let start = lexer.at;
        let kind = lexer.token(first)?;
        tokens.push(Token { kind, start, end: lexer.at });
    }
    Ok(tokens)
}

/// A piece of the source as an error shows it; the end when nothing is left.
pub(super) fn shown(piece: &str) -> String {
    match piece.char_indices().nth(SHOWN_MAX) {
        _ if piece.is_empty() => "the end".to_owned(),
        Some((cut, _)) => format!("`{}…`", &piece[..cut]),
        None => format!("`{piece}`"),
    }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) -> Option<char> {
        self.take_while(char::is_whitespace);
        self.peek()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !wanted(character)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let found =
            self.peek().map_or_else(|| shown(""), |found| shown(found.encode_utf8(&mut [0; 4])));
        self.error(self.at, Problem::Unexpected { expected, found })
    }

    fn error(&self, byte: usize, problem: Problem) -> ExpressionError {
        ExpressionError::at_byte(self.source, byte, problem)
    }

    fn token(&mut self, first: char) -> Result<Kind, ExpressionError> {
        match first {
            '(' => Ok(self.single(Kind::Open)),
            ')' => Ok(self.single(Kind::Close)),
            '[' => Ok(self.single(Kind::OpenList)),
            ']' => Ok(self.single(Kind::CloseList)),
            ',' => Ok(self.single(Kind::Comma)),
            '"' | '\'' => self.string(first),
            '-' | '0'..='9' => self.number(),
            '=' | '!' | '<' | '>' => self.symbol(),
            _ if begins_name(first) => self.word(),
            _ => Err(self.unexpected("a name, a constant or an operator")),
        }
    }

    /// A token of one ASCII character.
    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn symbol(&mut self) -> Result<Kind, ExpressionError> {
        for (symbol, operator) in SYMBOLS {
            let Some(after) = self.rest().strip_prefix(symbol) else {
                continue;
            };
            // IN needs a list, so before a digit the minus belongs to the number.
            if symbol == "<-" && after.starts_with(|next: char| next.is_ascii_digit()) {
                continue;
            }
            self.at += symbol.len();
            return Ok(Kind::Operator(operator));
        }
        Err(self.unexpected("an operator"))
    }

    /// Backslash escapes a quote, a backslash, and n, r, t; before anything else it is itself.
    fn string(&mut self, quote: char) -> Result<Kind, ExpressionError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            match character {
                _ if character == quote => {
                    self.at += offset + quote.len_utf8();
                    return Ok(Kind::Constant(Value::String(text)));
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\'' | '\\'))) => text.push(escaped),
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ => text.push(character),
            }
        }
        Err(self.error(start, Problem::UnterminatedString))
    }

    fn number(&mut self) -> Result<Kind, ExpressionError> {
        let start = self.at;
        self.take("-");
        self.digits()?;
        let mut whole = true;
        if self.take(".") {
            whole = false;
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            whole = false;
            let _sign = self.take("-") || self.take("+");
            self.digits()?;
        }
        if self.peek().is_some_and(|next| next == '.' || in_name(next)) {
            return Err(self.unexpected("the number to end"));
        }
        let text = &self.source[start..self.at];
        self.value(text, whole)
            .map(Kind::Constant)
            .ok_or_else(|| self.error(start, Problem::NumberOutOfRange))
    }

    fn digits(&mut self) -> Result<(), ExpressionError> {
        match self.take_while(|next| next.is_ascii_digit()) {
            "" => Err(self.unexpected("a digit")),
            _ => Ok(()),
        }
    }

    /// An integer where it fits, otherwise the nearest float; `None` past the largest float.
    fn value(&self, text: &str, whole: bool) -> Option<Value> {
        if whole && let Ok(integer) = text.parse::<i64>() {
            return Some(integer.into());
        }
        if whole && let Ok(integer) = text.parse::<u64>() {
            return Some(integer.into());
        }
        let float = text.parse().ok()?;
        serde_json::Number::from_f64(float).map(Value::Number)
    }

    /// A keyword, or a path; a keyword followed by a dot is a name like any other.
    fn word(&mut self) -> Result<Kind, ExpressionError> {
        let name = self.take_while(in_name);
        if !self.rest().starts_with('.')
            && let Some(keyword) = keyword(name)
        {
            return Ok(keyword);
        }
        let mut steps = vec![Step::Name(name.to_owned())];
        loop {
            if self.take(".") {
                match self.take_while(in_name) {
                    "" => return Err(self.unexpected("a name after the dot")),
                    name => steps.push(Step::Name(name.to_owned())),
                }
            } else if self.take("[") {
                steps.push(self.index()?);
            } else {
                return Ok(Kind::Path(Path::from_steps(steps)));
            }
        }
    }

    fn index(&mut self) -> Result<Step, ExpressionError> {
        let start = self.at;
        self.digits()?;
        let digits = &self.source[start..self.at];
        let index = digits
            .parse::<u32>()
            .map_err(|_overflow| self.error(start, Problem::NumberOutOfRange))?;
        if !self.take("]") {
            return Err(self.unexpected("`]` after the index"));
        }
        Ok(Step::Index(index as usize))
    }
}

fn begins_name(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn keyword(word: &str) -> Option<Kind> {
    Some(match word.to_ascii_uppercase().as_str() {
        "AND" => Kind::And,
        "OR" => Kind::Or,
        "NOT" => Kind::Not,
        "CONTAINS" => Kind::Operator(Operator::Contains),
        "HAS" => Kind::Operator(Operator::Has),
        "IN" => Kind::Operator(Operator::In),
        "TRUE" => Kind::Constant(Value::Bool(true)),
        "FALSE" => Kind::Constant(Value::Bool(false)),
        "NULL" => Kind::Constant(Value::Null),
        _ => return None,
    })
}
