//! Cuts what stands in an output or a tag into words.

use serde_json::{Value, json};

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// A name, which may have hyphens and begin with a digit.
    Name(String),
    /// A text or a number.
    Literal(Value),
    /// `|`, `:`, `,`, `.`, `[`, `]`, `(`, `)`, `..`, `=`, `==`, `!=`, `<>`, `<`, `<=`, `>`, `>=`
    Sign(&'static str),
}

const SIGNS: [&str; 17] =
    ["..", "==", "!=", "<>", "<=", ">=", "|", ":", ",", ".", "[", "]", "(", ")", "<", ">", "="];

/// Cuts it.
pub(super) fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' || first == '\'' {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or_else(|| format!("{first} is not closed"))?;
            words.push(Word::Literal(json!(inner[..end])));
            end + 2
        } else if let Some((value, length)) = number(rest, words.last()) {
            words.push(Word::Literal(value));
            length
        } else if is_of_name(first) {
            let end = rest.find(|one: char| !is_of_name(one) && one != '-').unwrap_or(rest.len());
            let is_asked = rest[end..].starts_with('?');
            words.push(Word::Name(rest[..end].to_owned()));
            end + usize::from(is_asked)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            words.push(Word::Sign(sign));
            sign.len()
        } else {
            return Err(format!("{first} means nothing"));
        };
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

fn is_of_name(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

/// A number at the beginning; behind a point there is none, but a name that may begin with digits.
fn number(text: &str, before: Option<&Word>) -> Option<(Value, usize)> {
    if before == Some(&Word::Sign(".")) {
        return None;
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(&text[sign..]);
    if whole == 0 {
        return None;
    }
    let mut end = sign + whole;
    let fraction = text[end..].strip_prefix('.').map_or(0, digits);
    if fraction > 0 {
        end += 1 + fraction;
    }
    if text[end..].starts_with(|one: char| is_of_name(one)) {
        return None;
    }
    let value = match fraction {
        0 => text[..end].parse::<i64>().ok().map(|it| json!(it)),
        _ => text[..end].parse::<f64>().ok().map(|it| json!(it)),
    };
    Some((value?, end))
}
