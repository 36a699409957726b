use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::sid::{ActivitySid, Sid, WorkerSid};

fn holds(text: &str, attributes: &Value) -> bool {
    Expression::parse(text).unwrap().matches(&Attributes(attributes))
}

#[track_caller]
fn assert_true(attributes: &Value, texts: &[&str]) {
    for text in texts {
        assert!(holds(text, attributes), "{text} of {attributes}");
    }
}

#[track_caller]
fn assert_false(attributes: &Value, texts: &[&str]) {
    for text in texts {
        assert!(!holds(text, attributes), "{text} of {attributes}");
    }
}

#[test]
fn the_expression_that_takes_everyone_is_true_of_nothing() {
    assert_true(&Value::Null, &["1==1", " 1 = 1 ", "(1==1)"]);
    assert_false(&Value::Null, &["1==2"]);
}

#[test]
fn scalars_compare_within_their_type() {
    let person = json!({"name": "ann", "age": 30, "score": 2.5, "vip": true});
    assert_true(
        &person,
        &[
            "name == 'ann'",
            "name = \"ann\"",
            "name != 'bob'",
            "name < 'bob'",
            "name >= 'ann'",
            "age > 29",
            "age <= 30",
            "age == 30.0",
            "score > 2",
            "score<-1 OR score>1",
            "age != -30",
            "vip == true",
            "vip != FALSE",
            "'bob' > name",
        ],
    );
    assert_false(&person, &["name == 'Ann'", "age < 30", "score >= 3e0", "vip == false"]);
}

#[test]
fn values_of_different_types_are_unequal_and_in_no_order() {
    let odd =
        json!({"text": "1", "number": 1, "truth": true, "object": {"a": 1}, "same": {"a": 1}});
    assert_true(&odd, &["text != number", "truth != number", "object != text", "object != same"]);
    assert_false(
        &odd,
        &["text == number", "number == truth", "text < 2", "truth > false", "object == same"],
    );
}

#[test]
fn a_missing_name_is_null() {
    let sparse = json!({"gone": null, "list": ["a"], "deep": {"er": [10, {"x": 1}]}});
    assert_true(
        &sparse,
        &[
            "gone == null",
            "nowhere == NULL",
            "nowhere != 'a'",
            "list != null",
            "deep != null",
            "nowhere == gone",
            "deep.er[1].x == 1",
            "deep.er[0] == 10",
            "deep.er[2] == null",
            "deep.er.x == null",
            "list.er[0] == null",
            "nowhere NOT IN ['a']",
        ],
    );
    assert_false(
        &sparse,
        &["nowhere != null", "list == null", "nowhere < 1", "nowhere >= null", "gone == 0"],
    );
}

#[test]
fn a_name_may_say_whose_it_is() {
    let attributes = json!({"vip": true, "skills": ["a"], "deep": {"er": 1}});
    for (text, of_task, of_worker) in [
        ("task.vip == true", true, false),
        ("worker.vip == true", false, true),
        ("vip == true", true, true),
        ("task.deep.er == 1", true, false),
        ("worker.skills[0] == 'a'", false, true),
        ("'x' NOT IN worker.skills AND worker.skills HAS 'a'", false, true),
        ("task.task.vip == true", false, false),
        ("task == null", true, true),
    ] {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.matches(&TaskAttributes(&attributes)), of_task, "{text} of a task");
        let matches = expression.matches(&WorkerAttributes(&attributes));
        assert_eq!(matches, of_worker, "{text} of a worker");
    }
    // A member of that name goes first, and hides the others.
    let own = json!({"task": {"x": 1}, "y": 2});
    for (text, expected) in
        [("task.x == 1", true), ("task.y == 2", false), ("task.y == null", true)]
    {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.matches(&TaskAttributes(&own)), expected, "{text}");
    }
}

#[test]
fn a_scalar_operator_on_a_list_is_false() {
    let lists = json!({"list": ["a"], "text": "a"});
    assert_false(
        &lists,
        &[
            "list == 'a'",
            "list != 'b'",
            "list == list",
            "list CONTAINS 'a'",
            "list > 'A'",
            "text CONTAINS ['a']",
            "text != ['b']",
        ],
    );
}

#[test]
fn a_list_operator_without_a_list_is_false() {
    let scalars = json!({"text": "ab", "number": 1, "list": ["ab"], "object": {}});
    assert_false(
        &scalars,
        &[
            "text HAS 'a'",
            "text NOT HAS 'x'",
            "text IN 'abc'",
            "number NOT IN text",
            "list IN ['ab']",
            "list NOT IN ['ab']",
            "list HAS ['ab']",
            "list NOT HAS object",
        ],
    );
    assert_true(&scalars, &["NOT (number IN text)"]);
}

#[test]
fn a_missing_list_is_an_empty_one() {
    let sparse = json!({"gone": null, "empty": [], "text": "ab", "list": ["ab"], "object": {}});
    for list in ["nowhere", "nowhere.deeper", "gone", "empty", "[]", "null"] {
        for item in ["text", "1", "true", "null", "nowhere"] {
            assert_true(&sparse, &[&format!("{item} NOT IN {list}")]);
            assert_false(&sparse, &[&format!("{item} IN {list}"), &format!("{item} <- {list}")]);
            assert_true(&sparse, &[&format!("{list} NOT HAS {item}")]);
            assert_false(&sparse, &[&format!("{list} HAS {item}"), &format!("{list} >- {item}")]);
        }
        // What is no scalar is in no list, and not outside of one either.
        for item in ["list", "object", "['ab']"] {
            assert_false(
                &sparse,
                &[&format!("{item} IN {list}"), &format!("{item} NOT IN {list}")],
            );
        }
    }
}

#[test]
fn lists_are_searched_from_either_side() {
    let agent =
        json!({"languages": ["en", "es"], "language": "es", "levels": [1, 2.5, null, true]});
    assert_true(
        &agent,
        &[
            "languages HAS 'es'",
            "languages >- 'es'",
            "languages>-'es'",
            "languages NOT HAS 'de'",
            "'en' IN languages",
            "'en' <- languages",
            "language in ['de', 'es']",
            "language not in []",
            "['de', \"es\"] HAS language",
            "levels HAS 2.5",
            "levels >-1",
            "levels HAS 1.0",
            "levels HAS null",
            "levels HAS true",
            "'de' NOT IN languages",
        ],
    );
    assert_false(&agent, &["languages HAS 'e'", "levels HAS '1'", "language IN []"]);
}

#[test]
fn contains_looks_inside_a_text() {
    let task = json!({"from": "+14155550100", "number": 1415});
    assert_true(&task, &["from CONTAINS '415'", "from contains ''"]);
    assert_false(&task, &["from CONTAINS '999'", "number CONTAINS '4'", "from CONTAINS 415"]);
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    assert_true(
        &Value::Null,
        &[
            "1==1 OR 1==1 AND 1==2",
            "1==2 and 1==2 or 1==1",
            "NOT 1==2 AND 1==1",
            "not (1==2 or 1==3)",
            "NOT NOT 1==1",
        ],
    );
    assert_false(&Value::Null, &["(1==1 OR 1==1) AND 1==2", "NOT 1==1 OR 1==2"]);
}

#[test]
fn a_quoted_text_on_the_left_is_a_name_where_the_name_exists() {
    let agent = json!({"language": "spanish", "a-b": 1, "in": {"x": 2}, "skills": ["a"]});
    assert_true(
        &agent,
        &[
            "\"language\" == \"spanish\"",
            "'language' != 'french'",
            "'a-b' == 1",
            "'in.x' > 1",
            "'in' != null",
            "'skills' HAS 'a'",
            "'other' == 'other'",
            "'other' == null",
            "'other' IN ['other']",
        ],
    );
    assert_false(&agent, &["'language' == 'language'", "'other' == 'spanish'", "'other' != null"]);
    assert_true(&agent, &["'a' IN skills", "'spanish' == language"]);
}

#[test]
fn strings_keep_their_escapes_and_every_letter() {
    let task = json!({"a": "it's", "b": "say \"hi\"\n", "c": "C:\\dir", "größe": "日本"});
    assert_true(
        &task,
        &[
            r"a == 'it\'s'",
            r#"a == "it's""#,
            r#"b == "say \"hi\"\n""#,
            r"c == 'C:\dir'",
            r"c == 'C:\\dir'",
            "größe == '日本'",
        ],
    );
}

#[test]
fn keywords_are_names_inside_a_path() {
    let task = json!({"task": {"in": 1, "and": {"or": 2}}, "not": {"has": 3}, "index": 4});
    assert_true(&task, &["task.in == 1", "task.and.or == 2", "not.has == 3", "index == 4"]);
}

#[test]
fn targets_see_the_task_and_the_worker_with_its_fields() {
    let (task, attributes) =
        (json!({"language": "es"}), json!({"languages": ["es"], "sid": "fake"}));
    let worker = WorkerFields {
        sid: WorkerSid::derived(&["worker"]),
        friendly_name: "ann",
        activity_sid: ActivitySid::derived(&["activity"]),
        activity_name: "Idle",
        channels: None,
        attributes: &attributes,
    };
    let on = TaskAndWorker { task: &task, worker };
    let text = format!(
        "worker.languages HAS task.language AND worker.sid == '{}' AND worker.friendly_name == 'ann' \
         AND worker.activity_sid == '{}' AND worker.activity_name == 'Idle'",
        worker.sid, worker.activity_sid
    );
    assert_eq!(Expression::parse(&text).unwrap().failing_clause(&on), None);
    for absent in ["language", "task[0]", "worker.sid.x", "workers.language"] {
        assert!(Expression::parse(&format!("{absent} == null")).unwrap().matches(&on), "{absent}");
    }
}

#[test]
fn skip_conditions_count_the_workers_of_the_queue() {
    let (idle, lunch) = (ActivitySid::derived(&["idle"]), ActivitySid::derived(&["lunch"]));
    let activities = BTreeMap::from([(idle, 2)]);
    let counts = QueueCounts { available: 2, unavailable: 0, activities: &activities };
    let text = format!(
        "workers.available == 2 AND (workers.unavailable > 0 OR workers.{idle} >= 2) AND workers.{lunch} == 0"
    );
    assert!(Expression::parse(&text).unwrap().matches(&counts));
    assert!(Expression::parse("workers.nobody == null").unwrap().matches(&counts));
}

#[test]
fn the_failing_clause_is_named_in_the_words_of_its_author() {
    let task = json!({"language": "es", "vip": false});
    let failing = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        expression.failing_clause(&Attributes(&task)).map(ToOwned::to_owned)
    };
    assert_eq!(failing("language='es' and  vip ==true"), Some("vip ==true".to_owned()));
    assert_eq!(
        failing("language='es' AND (vip=true OR (language = 'en'))"),
        Some("vip=true OR (language = 'en')".to_owned())
    );
    assert_eq!(failing("NOT (language == 'es')"), Some("NOT (language == 'es')".to_owned()));
    assert_eq!(failing("vip == true OR language == 'es'"), None);
}

#[test]
fn the_paths_are_listed_once_and_tell_names_from_quotes() {
    let expression =
        Expression::parse("b.c == 1 AND 'a' == 'x' AND [1] HAS b.c OR 'k' IN z[0]").unwrap();
    let written =
        |paths: BTreeSet<&Path>| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(written(expression.paths()), ["a", "b.c", "z[0]"]);
    assert_eq!(written(expression.names()), ["b.c", "z[0]"]);
}

#[test]
fn the_canonical_spelling_is_stable() {
    let text =
        "a>-'x' and (b<-['y',-1.5,null] or not c=true) or ((d.e[0]!='\\'')) AND (f = 1 AND g = 2)";
    let expression = Expression::parse(text).unwrap();
    assert_eq!(
        expression.to_string(),
        "a HAS \"x\" AND (b IN [\"y\", -1.5, null] OR NOT c == true) \
         OR d.e[0] != \"'\" AND (f == 1 AND g == 2)"
    );
    assert_eq!(expression.source(), text);
}
