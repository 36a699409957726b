//! How a text goes on the air (rule E.8): in which alphabet, and in how many segments.
//!
//! Units are counted as 3GPP TS 23.040 (9.2.3.24.1) has it: a segment of several has a header of six bytes, and no septet pair and
//! no surrogate pair is cut. A cluster, such as a letter with its vowel sign or a family of emoji, may be. The vendor's counter
//! keeps clusters whole, so some texts are a segment longer there; [`segments_by_clusters`] says how many those are.

mod clusters;
mod smart;

use std::borrow::Cow;

/// The basic characters of GSM 03.38 that are not ASCII.
const BASIC: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
/// ASCII characters that GSM 03.38 has not.
const ASCII_MISSING: char = '`';
/// Characters of its extension: an escape and a second septet.
const EXTENSION: &str = "^{}\\[]~|€\u{0C}";

/// In which alphabet a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits for a character, fourteen for one of the extension.
    Gsm7,
    /// Sixteen bits for a unit; two units for a character outside of the basic plane.
    Ucs2,
}

impl Encoding {
    /// GSM-7 if every character allows it.
    pub fn of(text: &str) -> Self {
        match text.chars().all(|one| septets(one).is_some()) {
            true => Self::Gsm7,
            false => Self::Ucs2,
        }
    }

    /// As the vendor's counter calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// How many units one segment holds, and each of several.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// How many units a character takes.
    fn width(self, character: char) -> usize {
        match self {
            Self::Gsm7 => septets(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }
}

/// The segments of a text. An empty one takes one.
pub fn segments(text: &str) -> usize {
    let encoding = Encoding::of(text);
    packed(text.chars().map(|one| encoding.width(one)), encoding)
}

/// The segments of a text whose clusters are kept whole, as the vendor's counter does.
pub fn segments_by_clusters(text: &str) -> usize {
    match Encoding::of(text) {
        Encoding::Gsm7 => segments(text),
        Encoding::Ucs2 => packed(clusters::widths(text).into_iter(), Encoding::Ucs2),
    }
}

/// A text with whatever smart encoding replaces.
pub fn smart(text: &str) -> Cow<'_, str> {
    let stays = |one| septets(one).is_some() || smart::replacement(one).is_none();
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut after = String::with_capacity(text.len());
    for character in text.chars() {
        match smart::replacement(character).filter(|_| septets(character).is_none()) {
            Some(replacement) => after.push_str(replacement),
            None => after.push(character),
        }
    }
    Cow::Owned(after)
}

/// The septets of a character; none if the alphabet has not got it.
fn septets(character: char) -> Option<usize> {
    match character {
        '\n' | '\r' => Some(1),
        ASCII_MISSING => None,
        _ if EXTENSION.contains(character) => Some(2),
        ' '..='~' => Some(1),
        _ if BASIC.contains(character) => Some(1),
        _ => None,
    }
}

/// One segment holds so much, each of several a bit less; nothing that has a width is cut in two.
fn packed(widths: impl Iterator<Item = usize> + Clone, encoding: Encoding) -> usize {
    let (single, part) = encoding.room();
    if widths.clone().sum::<usize>() <= single {
        return 1;
    }
    let (mut count, mut used) = (1, 0);
    for width in widths {
        if used + width > part {
            count += 1;
            used = 0;
        }
        used += width;
    }
    count
}

#[cfg(test)]
mod tests;
