//! Hostile and mistaken input.

use serde_json::Value;

use super::*;

#[track_caller]
fn assert_refused(cases: &[(&str, usize, &str)]) {
    for (text, at, problem) in cases {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!((error.at, error.problem.to_string().as_str()), (*at, *problem), "{text}");
    }
}

#[test]
fn a_missing_operand_is_refused_at_its_place() {
    for (text, at, found) in [
        ("", 0, "the end"),
        ("  ", 2, "the end"),
        ("AND", 0, "`AND`"),
        ("a ==", 4, "the end"),
        ("a == 1 AND", 10, "the end"),
        ("é == OR", 5, "`OR`"),
        ("()", 1, "`)`"),
        ("== 1", 0, "`==`"),
    ] {
        let problem = format!("expected a name, a constant, a list, NOT or `(`, found {found}");
        assert_refused(&[(text, at, &problem)]);
    }
}

#[test]
fn a_missing_operator_or_end_is_refused_at_its_place() {
    assert_refused(&[
        ("a", 1, "expected a comparison operator, found the end"),
        ("a IS NULL", 2, "expected a comparison operator, found `IS`"),
        ("a NOT == 1", 6, "expected IN or HAS after NOT, found `==`"),
        ("a == 1 b", 7, "expected AND, OR or the end, found `b`"),
        ("a == 1)", 6, "expected AND, OR or the end, found `)`"),
        ("a == b == c", 7, "expected AND, OR or the end, found `==`"),
        ("(a == 1", 7, "expected AND, OR or `)`, found the end"),
    ]);
}

#[test]
fn a_broken_list_is_refused_at_its_place() {
    assert_refused(&[
        ("a IN [b]", 6, "expected a constant, found `b`"),
        ("a IN ['b' 'c']", 10, "expected `,` or `]`, found `'c'`"),
        ("a IN ['b',]", 10, "expected a constant, found `]`"),
        ("a IN [['b']]", 6, "expected a constant, found `[`"),
        ("a IN ['b'", 9, "expected `,` or `]`, found the end"),
    ]);
}

#[test]
fn a_broken_token_is_refused_at_its_place() {
    assert_refused(&[
        ("é == 'unclosed", 5, "the string that begins here has no closing quote"),
        ("a == 'x\\", 5, "the string that begins here has no closing quote"),
        ("my-name == 1", 3, "expected a digit, found `n`"),
        ("a & b", 2, "expected a name, a constant or an operator, found `&`"),
        ("a ! b", 2, "expected an operator, found `!`"),
        ("a. == 1", 2, "expected a name after the dot, found ` `"),
        ("a[x] == 1", 2, "expected a digit, found `x`"),
        ("a[1 == 1", 3, "expected `]` after the index, found ` `"),
        ("a[99999999999] == 1", 2, "the number is out of range"),
        ("a == 1e999", 5, "the number is out of range"),
        ("a == 12px", 7, "expected the number to end, found `p`"),
        ("a == 1.", 7, "expected a digit, found the end"),
        ("a == 1.2.3", 8, "expected the number to end, found `.`"),
    ]);
}

#[test]
fn long_pieces_are_shortened_in_errors() {
    let text = format!("a == 1 '{}'", "x".repeat(1000));
    assert!(Expression::parse(&text).unwrap_err().to_string().len() < 120);
}

#[test]
fn the_length_is_bounded() {
    let filled = |length: usize| format!("a == '{}'", "é".repeat(length - 7));
    assert!(Expression::parse(&filled(LENGTH_MAX)).is_ok());
    let error = Expression::parse(&filled(LENGTH_MAX + 1)).unwrap_err();
    assert_eq!(error.problem, Problem::TooLong { max: LENGTH_MAX });
}

#[test]
fn the_depth_is_bounded() {
    let nested = |depth| format!("{}1==1{}", "(".repeat(depth), ")".repeat(depth));
    let deepest = Expression::parse(&nested(DEPTH_MAX)).unwrap();
    assert!(deepest.matches(&Attributes(&Value::Null)));
    for bomb in [
        nested(DEPTH_MAX + 1),
        "(".repeat(LENGTH_MAX),
        "NOT ".repeat(LENGTH_MAX / 4),
        "(NOT ".repeat(1000),
    ] {
        let error = Expression::parse(&bomb).unwrap_err();
        assert_eq!(error.problem, Problem::TooDeep { max: DEPTH_MAX });
    }
    assert!(Expression::parse(&"[".repeat(LENGTH_MAX)).is_err());
}

#[test]
fn the_number_of_nodes_is_bounded() {
    let list = |items| format!("a IN [{}]", vec!["1"; items].join(","));
    assert!(Expression::parse(&list(NODES_MAX - 3)).is_ok());
    let chain = vec!["1=1"; 2000].join(" OR ");
    for many in [list(NODES_MAX - 2), chain] {
        let error = Expression::parse(&many).unwrap_err();
        assert_eq!(error.problem, Problem::TooMany { max: NODES_MAX });
    }
}
