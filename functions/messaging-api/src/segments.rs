//! How many segments a text takes on the air (rule E.8).

/// The basic characters of GSM 03.38 that are not ASCII.
const BASIC: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
/// ASCII characters that GSM 03.38 has not.
const ASCII_MISSING: &str = "`";
/// Characters of its extension: an escape and a second septet.
const EXTENSION: &str = "^{}\\[]~|€\u{0C}";

/// The segments of a text: GSM-7 if every character allows it, else UCS-2. An empty text takes one.
pub(crate) fn count(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(widths) => segments(&widths, 160, 153),
        None => segments(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// The septets of a character; none if the alphabet has not got it.
fn septets(character: char) -> Option<usize> {
    match character {
        _ if EXTENSION.contains(character) => Some(2),
        '\n' | '\r' => Some(1),
        ' '..='~' if !ASCII_MISSING.contains(character) => Some(1),
        _ if BASIC.contains(character) => Some(1),
        _ => None,
    }
}

/// One segment holds `single` units, each of several only `part`; no character is cut in two.
fn segments(widths: &[usize], single: usize, part: usize) -> usize {
    if widths.iter().sum::<usize>() <= single {
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
mod tests {
    use super::count;

    #[test]
    fn gsm_texts_break_at_160_and_then_every_153() {
        for (length, expected) in
            [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (1600, 11)]
        {
            assert_eq!(count(&"a".repeat(length)), expected, "{length}");
        }
    }

    #[test]
    fn one_foreign_character_turns_everything_to_ucs_2() {
        for (length, expected) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)] {
            assert_eq!(count(&"я".repeat(length)), expected, "{length}");
        }
        assert_eq!(count(&format!("{}ч", "a".repeat(69))), 1);
        assert_eq!(count(&format!("{}ч", "a".repeat(70))), 2);
        assert_eq!(count(&"`".repeat(71)), 2, "the grave accent is not in the alphabet");
    }

    #[test]
    fn extension_characters_cost_two_and_are_not_cut() {
        assert_eq!(count(&"€".repeat(80)), 1);
        assert_eq!(count(&"€".repeat(81)), 2);
        // 76 of them fill 152 of 153 septets; the 77th does not fit into what is left.
        assert_eq!(count(&"€".repeat(152)), 2);
        assert_eq!(count(&"€".repeat(153)), 3);
    }

    #[test]
    fn a_character_outside_the_basic_plane_takes_two_units_and_is_not_cut() {
        assert_eq!(count(&"😀".repeat(35)), 1);
        assert_eq!(count(&"😀".repeat(36)), 2);
        assert_eq!(count(&"😀".repeat(66)), 2);
        assert_eq!(count(&"😀".repeat(67)), 3);
    }

    #[test]
    fn accented_letters_of_the_alphabet_cost_one() {
        assert_eq!(count(&"é".repeat(160)), 1);
        assert_eq!(count(&"ç".repeat(71)), 2, "only the capital one is in the alphabet");
    }
}
