//! Filters of texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::given::Given;
use super::value::text;

/// How the characters that mean something in HTML are written.
const ESCAPES: [(char, &str); 5] =
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];

pub(super) fn base64_encode(value: Value, _: &Given<'_>) -> Value {
    Value::String(STANDARD.encode(text(&value)))
}

pub(super) fn base64_decode(value: Value, _: &Given<'_>) -> Value {
    let decoded = STANDARD.decode(text(&value)).ok();
    decoded.and_then(|it| String::from_utf8(it).ok()).map_or(Value::Null, Value::String)
}

/// The first letter large, the others small.
pub(super) fn capitalize(value: Value, _: &Given<'_>) -> Value {
    let text = text(&value);
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    Value::String(first + &letters.as_str().to_lowercase())
}

fn escaped(text: &str) -> String {
    let escape = |one: char| ESCAPES.iter().find(|(plain, _)| *plain == one).map(|(_, it)| *it);
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match escape(one) {
            Some(written) => out.push_str(written),
            None => out.push(one),
        }
    }
    out
}

pub(super) fn escape(value: Value, _: &Given<'_>) -> Value {
    Value::String(escaped(&text(&value)))
}

/// What is escaped already stays as it is.
pub(super) fn escape_once(value: Value, _: &Given<'_>) -> Value {
    let plain = ESCAPES
        .iter()
        .rev()
        .fold(text(&value), |text, (plain, written)| text.replace(written, &plain.to_string()));
    Value::String(escaped(&plain))
}

pub(super) fn newline_to_br(value: Value, _: &Given<'_>) -> Value {
    Value::String(text(&value).replace("\r\n", "\n").replace('\n', "<br />\n"))
}

pub(super) fn remove(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| text.replace(what, ""))
}

pub(super) fn remove_first(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| text.replacen(what, "", 1))
}

pub(super) fn remove_last(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| last(text, what, ""))
}

pub(super) fn replace(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| text.replace(what, &given.text(1)))
}

pub(super) fn replace_first(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| text.replacen(what, &given.text(1), 1))
}

pub(super) fn replace_last(value: Value, given: &Given<'_>) -> Value {
    changed(&value, given, |text, what| last(text, what, &given.text(1)))
}

fn changed(value: &Value, given: &Given<'_>, how: impl Fn(&str, &str) -> String) -> Value {
    let (text, what) = (text(value), given.text(0));
    Value::String(if what.is_empty() { text } else { how(&text, &what) })
}

fn last(text: &str, what: &str, by: &str) -> String {
    match text.rsplit_once(what) {
        Some((before, after)) => format!("{before}{by}{after}"),
        None => text.to_owned(),
    }
}

/// By a text; by nothing into letters, by a space at any white space. Empty parts at the end are left out.
pub(super) fn split(value: Value, given: &Given<'_>) -> Value {
    let (text, by) = (text(&value), given.text(0));
    let mut parts: Vec<String> = match by.as_str() {
        "" => text.chars().map(String::from).collect(),
        " " => text.split_whitespace().map(str::to_owned).collect(),
        by => text.split(by).map(str::to_owned).collect(),
    };
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts.into_iter().map(Value::String).collect()
}

pub(super) fn strip_html(value: Value, _: &Given<'_>) -> Value {
    let text = text(&value);
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        let blocks = [("script", "</script>"), ("style", "</style>"), ("!--", "-->")];
        let block = blocks.iter().find(|(name, _)| behind.starts_with(name));
        let end = block.and_then(|(_, end)| behind.split_once(end));
        rest = match end.or_else(|| behind.split_once('>')) {
            Some((_, behind)) => behind,
            None => {
                out.push('<');
                out.push_str(behind);
                ""
            }
        };
    }
    out.push_str(rest);
    Value::String(out)
}

/// To so many characters, of which the dots are some.
pub(super) fn truncate(value: Value, given: &Given<'_>) -> Value {
    let text = text(&value);
    let length = usize::try_from(given.whole(0).unwrap_or(50)).unwrap_or(0);
    if text.chars().count() <= length {
        return Value::String(text);
    }
    let dots = if given.arguments.len() > 1 { given.text(1) } else { "...".to_owned() };
    let kept = length.saturating_sub(dots.chars().count());
    Value::String(text.chars().take(kept).collect::<String>() + &dots)
}

/// To so many words, with dots behind them.
pub(super) fn truncate_words(value: Value, given: &Given<'_>) -> Value {
    let text = text(&value);
    let most = usize::try_from(given.whole(0).unwrap_or(15)).unwrap_or(1).max(1);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() <= most {
        return Value::String(text);
    }
    let dots = if given.arguments.len() > 1 { given.text(1) } else { "...".to_owned() };
    Value::String(words[..most].join(" ") + &dots)
}

pub(super) fn url_encode(value: Value, _: &Given<'_>) -> Value {
    let mut out = String::new();
    for byte in text(&value).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    Value::String(out)
}

pub(super) fn url_decode(value: Value, _: &Given<'_>) -> Value {
    let text = text(&value);
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    Value::String(String::from_utf8_lossy(&out).into_owned())
}
