//! What is believed of a file that was fetched.

use super::{COPY_BYTES_MAX, MediaFailure};
use crate::carriage::UNKNOWN_CONTENT;

/// What was fetched.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its media type as the carrier's webhook says.
    pub announced: &'a str,
    /// Its media type as the answer says, with or without parameters.
    pub answered: Option<&'a str>,
    /// Its content.
    pub content: &'a [u8],
}

/// A file that may be kept: its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged(pub String);

/// Whether what was fetched is a file, and of which type. A carrier's error page says 200 now and then, a link of a
/// messenger leads to a page to sign in: neither is what the customer sent.
///
/// # Errors
/// Why it is not kept.
pub fn judge(seen: Seen<'_>) -> Result<Judged, MediaFailure> {
    let answered = seen.answered.map(essence).filter(|kind| !kind.is_empty());
    if seen.content.is_empty() {
        return Err(MediaFailure::Empty);
    }
    if seen.content.len() as u64 > COPY_BYTES_MAX {
        return Err(MediaFailure::TooLarge);
    }
    if answered.as_deref().is_some_and(is_page) || begins_as_page(seen.content) {
        return Err(MediaFailure::Page);
    }
    let announced = essence(seen.announced);
    let known = |kind: &String| kind != UNKNOWN_CONTENT && kind != "binary/octet-stream";
    let kind = answered.filter(known).or_else(|| Some(announced).filter(|it| it.contains('/')));
    Ok(Judged(kind.unwrap_or_else(|| UNKNOWN_CONTENT.to_owned())))
}

/// A media type without its parameters, in lower case.
fn essence(kind: &str) -> String {
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_page(kind: &str) -> bool {
    matches!(kind, "text/html" | "application/xhtml+xml")
}

/// Whether content begins as a page does, after blanks and a byte order mark.
fn begins_as_page(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let content = content.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|begin| {
        content.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin.as_bytes()))
    })
}

/// What a scanner makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// It may be kept.
    Clean,
    /// It may not.
    Refused,
    /// Nothing yet: it is busy, out of order or not there. Without its word nothing is kept.
    Unknown,
}

/// What a scanner means by this HTTP status, or by none. A busy one answers as busy servers do, with a status that would
/// otherwise refuse (RFC 9110: 408, RFC 8470: 425, RFC 6585: 429).
pub const fn scanned(status: Option<u16>) -> Scanned {
    match status {
        Some(200..=299) => Scanned::Clean,
        Some(408 | 425 | 429) | None => Scanned::Unknown,
        Some(400..=499) => Scanned::Refused,
        Some(_) => Scanned::Unknown,
    }
}

/// Whether a browser may show it in a page of ours: what can hold a script is only ever downloaded.
pub fn shown_inline(content_type: &str) -> bool {
    let kind = essence(content_type);
    let is_picture = kind.starts_with("image/") && kind != "image/svg+xml";
    is_picture
        || kind.starts_with("audio/")
        || kind.starts_with("video/")
        || kind == "application/pdf"
}
