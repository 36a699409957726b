//! Properties over generated expressions and generated nonsense.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        (-1e6..1e6).prop_map(|number: f64| format!("{number:?}")),
        "[a-c'é\n\t ]{0,6}".prop_map(|text| format!("\"{text}\"")),
        r#"([a-z" ]|\\\\|\\'|\\n|\\d){0,5}"#.prop_map(|text| format!("'{text}'")),
        prop::sample::select(vec!["true", "FALSE", "null", "0", "-0.0", "1e-3"])
            .prop_map(Into::into),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "list", "deep.a", "deep.list[1]", "_x9[0][1].in", "ü"])
        .prop_map(Into::into)
}

fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        scalar(),
        path(),
        prop::collection::vec(scalar(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let operators = vec![
        "==", "=", "!=", ">", ">=", "<", "<=", "CONTAINS", "contains", "HAS", ">-", "NOT HAS",
        "IN", "in", "<-", "not in",
    ];
    (operand(), prop::sample::select(operators), operand())
        .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"))
}

fn expression() -> impl Strategy<Value = String> {
    comparison().prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| all.join(" AND ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|any| any.join(" or ")),
            inner.clone().prop_map(|of| format!("({of})")),
            inner.prop_map(|of| format!("NOT ({of})")),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    let any_value = leaf.prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            (inner.clone(), inner).prop_map(|(a, list)| json!({"a": a, "list": list})),
        ]
    });
    prop::collection::vec(any_value, 5).prop_map(|v| {
        json!({"a": v[0], "b": v[1], "list": [v[2], v[0]], "deep": {"a": v[3], "list": [1, v[4]]}, "ü": v[4]})
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_inside_its_bounds(text in any::<String>()) {
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(error.at <= text.chars().count());
        }
        if let Err(error) = OrderBy::parse(&text) {
            prop_assert!(error.at <= text.chars().count());
        }
    }

    #[test]
    fn any_row_of_tokens_is_read_or_refused(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "[", "]", ",", "a", "'b'", "\"", "'", "1", "-", ".", "AND", "OR", "NOT",
                "IN", "HAS", "==", "=", "!", "<", ">", "null", "\\", " ", "worker.a", "DESC",
            ]),
            0..30,
        )
    ) {
        let text = tokens.concat();
        let _either = (Expression::parse(&text).is_ok(), OrderBy::parse(&text).is_ok());
    }

    #[test]
    fn a_damaged_expression_is_read_or_refused(
        text in expression(), place in any::<prop::sample::Index>(), by in any::<Option<char>>()
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len());
        characters.splice(place..=place, by);
        let damaged: String = characters.into_iter().collect();
        if let Err(error) = Expression::parse(&damaged) {
            prop_assert!(error.at <= damaged.chars().count());
        }
    }

    #[test]
    fn the_canonical_spelling_means_the_same_tree(text in expression()) {
        let read = Expression::parse(&text).unwrap();
        let again = Expression::parse(&read.to_string()).unwrap();
        prop_assert_eq!(&again, &read);
        prop_assert_eq!(again.to_string(), read.to_string());
    }

    #[test]
    fn a_failing_clause_exists_exactly_when_the_result_is_false(
        text in expression(), attributes in attributes()
    ) {
        let expression = Expression::parse(&text).unwrap();
        let on = Attributes(&attributes);
        let failing = expression.failing_clause(&on);
        prop_assert_eq!(expression.matches(&on), failing.is_none());
        if let Some(clause) = failing {
            prop_assert!(!Expression::parse(clause).unwrap().matches(&on));
        }
    }

    #[test]
    fn matching_attributes_have_a_needed_value(
        text in expression(),
        attributes in attributes(),
    ) {
        let expression = Expression::parse(&text).unwrap();
        if let Some(needs) = expression.needs()
            && expression.matches(&Attributes(&attributes))
        {
            let value = walk(&attributes, needs.path.steps()).unwrap();
            prop_assert!(Mark::all_of(value).iter().any(|mark| needs.any_of.contains(mark)));
        }
    }

    #[test]
    fn not_turns_the_result_around(text in expression(), attributes in attributes()) {
        let on = Attributes(&attributes);
        let plain = Expression::parse(&text).unwrap().matches(&on);
        let turned = Expression::parse(&format!("NOT ({text})")).unwrap().matches(&on);
        prop_assert_eq!(plain, !turned);
    }

    #[test]
    fn an_order_is_read_as_it_is_written(
        clauses in prop::collection::vec((path(), prop::sample::select(vec!["", " ASC", " desc"])), 1..6)
    ) {
        let clauses = clauses.into_iter().map(|(path, direction)| format!("worker.{path}{direction}"));
        let read = OrderBy::parse(&clauses.collect::<Vec<_>>().join(" ,")).unwrap();
        prop_assert_eq!(OrderBy::parse(&read.to_string()), Ok(read));
    }

    #[test]
    fn an_expression_has_no_more_parts_than_its_text_has_characters(text in expression()) {
        let read = Expression::parse(&text).unwrap();
        prop_assert!(read.clauses.len() <= text.len());
        prop_assert!(read.clauses.iter().all(|span| text.get(span.clone()).is_some()));
        // Quotes, escapes and needed parentheses at most double a text; words are longer than symbols.
        prop_assert!(read.to_string().len() <= 4 * text.len());
    }

    #[test]
    fn ranks_are_a_total_order(of in prop::collection::vec(attributes(), 3)) {
        let order = OrderBy::parse("worker.a DESC, worker.b").unwrap();
        let of: Vec<Value> = of.into_iter().map(|worker| json!({"worker": worker})).collect();
        let compare = |i: usize, j: usize| order.compare(&Attributes(&of[i]), &Attributes(&of[j]));
        prop_assert_eq!(compare(0, 1), compare(1, 0).reverse());
        if compare(0, 1).is_le() && compare(1, 2).is_le() {
            prop_assert!(compare(0, 2).is_le());
        }
    }
}
