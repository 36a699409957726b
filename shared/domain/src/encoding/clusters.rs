//! What a reader takes for one character, as far as the vendor's counter keeps it whole. Unicode's rules (UAX 29) without their tables:
//! marks that join the character before them, joined emoji, flags, and syllables of Hangul. A mark of a script that is not
//! named here is a cluster of its own, so a text in it is counted as the standard counts it.

/// Marks: combining ones, and the vowel signs of the scripts of India, of Thai and Lao.
const MARKS: &[(char, char)] = &[
    ('\u{300}', '\u{36f}'),
    ('\u{483}', '\u{489}'),
    ('\u{591}', '\u{5bd}'),
    ('\u{610}', '\u{61a}'),
    ('\u{64b}', '\u{65f}'),
    ('\u{670}', '\u{670}'),
    ('\u{900}', '\u{903}'),
    ('\u{93a}', '\u{93c}'),
    ('\u{93e}', '\u{94f}'),
    ('\u{951}', '\u{957}'),
    ('\u{981}', '\u{983}'),
    ('\u{9bc}', '\u{9bc}'),
    ('\u{9be}', '\u{9cd}'),
    ('\u{a01}', '\u{a03}'),
    ('\u{a3c}', '\u{a51}'),
    ('\u{a81}', '\u{a83}'),
    ('\u{abc}', '\u{abc}'),
    ('\u{abe}', '\u{acd}'),
    ('\u{b01}', '\u{b03}'),
    ('\u{b3c}', '\u{b3c}'),
    ('\u{b3e}', '\u{b57}'),
    ('\u{b82}', '\u{b82}'),
    ('\u{bbe}', '\u{bcd}'),
    ('\u{c00}', '\u{c04}'),
    ('\u{c3e}', '\u{c56}'),
    ('\u{c81}', '\u{c83}'),
    ('\u{cbc}', '\u{cbc}'),
    ('\u{cbe}', '\u{cd6}'),
    ('\u{d00}', '\u{d03}'),
    ('\u{d3e}', '\u{d4d}'),
    ('\u{e31}', '\u{e31}'),
    ('\u{e33}', '\u{e3a}'),
    ('\u{e47}', '\u{e4e}'),
    ('\u{eb1}', '\u{eb1}'),
    ('\u{eb3}', '\u{ebc}'),
    ('\u{ec8}', '\u{ecd}'),
    ('\u{1ab0}', '\u{1aff}'),
    ('\u{1dc0}', '\u{1dff}'),
    ('\u{200c}', '\u{200d}'),
    ('\u{20d0}', '\u{20f0}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{fe20}', '\u{fe2f}'),
    ('\u{1f3fb}', '\u{1f3ff}'),
    ('\u{e0020}', '\u{e007f}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// The units of UTF-16 that each cluster takes.
pub(super) fn widths(text: &str) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    let mut before: Option<char> = None;
    let mut flags: usize = 0;
    for character in text.chars() {
        let joins = before.is_some_and(|before| is_joined(before, character, flags));
        match widths.last_mut() {
            Some(width) if joins => *width += character.len_utf16(),
            _ => widths.push(character.len_utf16()),
        }
        flags = if is_flag(character) { flags + 1 } else { 0 };
        before = Some(character);
    }
    widths
}

/// Whether two characters stand in one cluster; before the second, so many halves of flags stand in a row.
fn is_joined(before: char, character: char, flags: usize) -> bool {
    let is_control = |one: char| one.is_control() || ('\u{2028}'..='\u{2029}').contains(&one);
    if is_control(before) || is_control(character) {
        return false;
    }
    is_mark(character)
        || (before == '\u{200d}' && is_picture(character))
        || (is_flag(character) && flags % 2 == 1)
        || is_syllable(before, character)
}

fn is_mark(character: char) -> bool {
    MARKS.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

const fn is_flag(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}

const fn is_picture(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether two parts of Hangul are of one syllable: leading consonants, vowels, trailing consonants.
fn is_syllable(before: char, character: char) -> bool {
    let leads = |one: char| ('\u{1100}'..='\u{115f}').contains(&one);
    let is_vowel = |one: char| ('\u{1160}'..='\u{11a7}').contains(&one);
    let trails = |one: char| ('\u{11a8}'..='\u{11ff}').contains(&one);
    let whole = |one: char| ('\u{ac00}'..='\u{d7a3}').contains(&one);
    let is_open = |one: char| whole(one) && (u32::from(one) - 0xac00).is_multiple_of(28);
    (leads(before) && (leads(character) || is_vowel(character) || whole(character)))
        || ((is_vowel(before) || is_open(before)) && (is_vowel(character) || trails(character)))
        || ((trails(before) || whole(before)) && trails(character))
}
