//! Segments and smart encoding, with the figures of the vendor's own counter (npm sms-segments-calculator 1.3.0).

use super::*;

#[test]
fn gsm_texts_break_at_160_and_then_every_153() {
    for (length, expected) in [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (1600, 11)] {
        assert_eq!(segments(&"a".repeat(length)), expected, "{length}");
    }
    let lines = format!("{}a", "a\r\n".repeat(53));
    assert_eq!((segments(&lines), segments_by_clusters(&lines)), (1, 1), "a line's end takes two");
}

#[test]
fn one_foreign_character_turns_everything_to_ucs_2() {
    for (length, expected) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)] {
        assert_eq!(segments(&"я".repeat(length)), expected, "{length}");
    }
    assert_eq!(segments(&format!("{}ч", "a".repeat(69))), 1);
    assert_eq!(segments(&format!("{}ч", "a".repeat(70))), 2);
    assert_eq!(segments(&"`".repeat(71)), 2, "the grave accent is not in the alphabet");
    assert_eq!(segments(&"\t".repeat(71)), 2, "nor is the tab");
    assert_eq!(Encoding::of("né à 5 €").name(), "GSM-7");
    assert_eq!(Encoding::of("ça").name(), "UCS-2", "only the capital one is in the alphabet");
}

#[test]
fn extension_characters_cost_two_and_are_not_cut() {
    assert_eq!(segments(&"€".repeat(80)), 1);
    assert_eq!(segments(&"€".repeat(81)), 2);
    // 76 of them fill 152 of 153 septets; the 77th does not fit into what is left.
    assert_eq!(segments(&"€".repeat(152)), 2);
    assert_eq!(segments(&"€".repeat(153)), 3);
    assert_eq!(segments(&"\u{0C}".repeat(81)), 2, "a form feed is one of them");
}

#[test]
fn a_character_outside_the_basic_plane_takes_two_units_and_is_not_cut() {
    for (length, expected) in [(35, 1), (36, 2), (66, 2), (67, 3)] {
        let text = "😀".repeat(length);
        assert_eq!((segments(&text), segments_by_clusters(&text)), (expected, expected));
    }
}

#[test]
fn a_cluster_may_be_cut_and_the_vendors_figure_keeps_it_whole() {
    let hindi = "कि".repeat(67);
    assert_eq!(hindi.encode_utf16().count(), 134);
    for (text, ours, vendors) in [
        (hindi.as_str(), 2, 3),
        (&format!("{}न", "नमस्ते ".repeat(19)), 2, 2),
        (&"👨‍👩‍👧".repeat(9), 2, 2),
        (&"👍🏽".repeat(33), 2, 3),
        (&"🇩🇪".repeat(18), 2, 2),
        (&"🇩🇪".repeat(33), 2, 3),
        (&"👍🏽".repeat(17), 1, 1),
        (&"e\u{301}".repeat(67), 2, 3),
        (&"1️⃣".repeat(24), 2, 2),
        (&"1️⃣".repeat(44), 2, 2),
        (&"\u{1112}\u{1161}\u{11ab}".repeat(44), 2, 2),
        (&"กำ".repeat(67), 2, 3),
        (&"я".repeat(135), 3, 3),
    ] {
        assert_eq!((segments(text), segments_by_clusters(text)), (ours, vendors), "{text}");
    }
}

#[test]
fn smart_encoding_replaces_what_only_looks_different() {
    for (text, expected) in [
        ("“It’s” – here…", "\"It's\" - here..."),
        ("½ a\u{a0}cup", "1/2 a  cup"),
        ("a\u{200b}b\u{feff}c", "abc"),
        ("`a` ＡＢ", "'a' AB"),
        ("a\tb", "a b"),
        ("né à 5 €", "né à 5 €"),
        ("привет…", "привет..."),
        ("E\u{301}", "E\u{301}"),
        ("Α", "Α"),
    ] {
        assert_eq!(smart(text), expected, "{text}");
    }
    assert!(matches!(smart("plain"), Cow::Borrowed("plain")));
    let long = "’".repeat(100);
    assert_eq!((segments(&long), segments(&smart(&long))), (2, 1));
}
