//! Cuts a text into what is printed as it is, outputs and tags.

use super::SyntaxError;

/// A piece of a text, with the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) line: usize,
}

/// What a piece is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// It is printed.
    Text(&'a str),
    /// `{{…}}`, without its braces.
    Output(&'a str),
    /// `{%…%}`: its name, and what follows.
    Tag(&'a str, &'a str),
}

/// Cuts it. Braces that are never closed are text, as whoever writes `{{` to a customer means it; a `-` beside the braces takes
/// the white space away.
pub(super) fn cut(text: &str) -> Result<Vec<Piece<'_>>, SyntaxError> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (text, 1);
    let mut trims = false;
    while !rest.is_empty() {
        let Some((at, opening)) = first_opening(rest) else {
            push_text(&mut pieces, rest, (trims, false), line);
            break;
        };
        let closing = if opening == "{{" { "}}" } else { "%}" };
        let inner = &rest[at + 2..];
        let Some(end) = end_of(inner, closing) else {
            if opening == "{%" {
                let line = line + newlines(&rest[..at]);
                return Err(SyntaxError { line, what: "a tag is not closed by %}".to_owned() });
            }
            push_text(&mut pieces, rest, (trims, false), line);
            break;
        };
        let inner = &inner[..end];
        let (trims_before, inside) = cut_dash(inner.strip_prefix('-'), inner);
        let (trims_after, inside) = cut_dash(inside.strip_suffix('-'), inside);
        push_text(&mut pieces, &rest[..at], (trims, trims_before), line);
        line += newlines(&rest[..at]);
        let inside = inside.trim();
        let kind = match opening {
            "{{" => Kind::Output(inside),
            _ => {
                let name = inside.split(|one: char| !is_of_name(one)).next().unwrap_or_default();
                let name = if inside.starts_with('#') { "#" } else { name };
                Kind::Tag(name, inside[name.len()..].trim())
            }
        };
        let verbatim = match kind {
            Kind::Tag("raw", _) => Some("endraw"),
            Kind::Tag("comment", _) => Some("endcomment"),
            Kind::Tag(..) | Kind::Output(_) | Kind::Text(_) => None,
        };
        let began = line;
        line += newlines(inner);
        rest = &rest[at + 2 + end + 2..];
        trims = trims_after;
        match verbatim {
            None => pieces.push(Piece { kind, line: began }),
            Some(name) => {
                let what = || format!("{name} is missing");
                let (within, behind, trims_behind) =
                    until(rest, name).ok_or_else(|| SyntaxError { line: began, what: what() })?;
                if name == "endraw" {
                    push_text(&mut pieces, within, (trims, false), line);
                }
                line += newlines(&rest[..rest.len() - behind.len()]);
                (rest, trims) = (behind, trims_behind);
            }
        }
    }
    Ok(pieces)
}

fn is_of_name(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

fn cut_dash<'a>(without: Option<&'a str>, whole: &'a str) -> (bool, &'a str) {
    without.map_or((false, whole), |without| (true, without))
}

fn first_opening(text: &str) -> Option<(usize, &'static str)> {
    let output = text.find("{{").map(|at| (at, "{{"));
    let tag = text.find("{%").map(|at| (at, "{%"));
    output.into_iter().chain(tag).min()
}

/// Where an output or a tag ends; what stands in quotes does not end it.
fn end_of(inner: &str, closing: &str) -> Option<usize> {
    let mut quote = None;
    for (at, one) in inner.char_indices() {
        match quote {
            Some(open) if one == open => quote = None,
            Some(_) => {}
            None if inner[at..].starts_with(closing) => return Some(at),
            None if one == '"' || one == '\'' => quote = Some(one),
            None => {}
        }
    }
    // A quote that is never closed quotes nothing: `{{ it's }}`.
    inner.find(closing)
}

/// What stands before a closing tag, what behind it, and whether that is trimmed.
fn until<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str, bool)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("{%").map(|at| from + at) {
        let inner = &text[at + 2..];
        let end = inner.find("%}")?;
        let (trims_before, inside) = cut_dash(inner[..end].strip_prefix('-'), &inner[..end]);
        let (trims_after, inside) = cut_dash(inside.strip_suffix('-'), inside);
        if inside.trim() == name {
            let within = if trims_before { text[..at].trim_end() } else { &text[..at] };
            return Some((within, &inner[end + 2..], trims_after));
        }
        from = at + 2;
    }
    None
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|one| *one == b'\n').count()
}

fn push_text<'a>(
    pieces: &mut Vec<Piece<'a>>,
    text: &'a str,
    (start, end): (bool, bool),
    line: usize,
) {
    let text = if start { text.trim_start() } else { text };
    let text = if end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece { kind: Kind::Text(text), line });
    }
}
