use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::routing::expression::{QueueCounts, TaskAndWorker, WorkerFields};
use crate::sid::{ActivitySid, Sid};

fn queue(name: &str) -> TaskQueueSid {
    TaskQueueSid::derived(&[name])
}

fn read(routing: Value) -> Configuration {
    Workflow::parse(&json!({ "task_routing": routing }).to_string()).unwrap()
}

#[track_caller]
fn assert_refused(routing: Value, said: &str) {
    let error = Workflow::parse(&json!({ "task_routing": routing }).to_string()).unwrap_err();
    assert_eq!(error.to_string(), format!("task_routing.{said}"));
}

/// One filter with one target, to which `with` is added.
fn with_target(with: Value) -> Value {
    let mut target = json!({"queue": queue("a")});
    target.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    json!({"filters": [{"expression": "1==1", "targets": [target]}]})
}

fn at(filter: usize, target: usize) -> Position {
    Position { filter: FilterIndex::Numbered(filter), target, timed_out: false }
}

/// Spanish has two targets; numbers 0 and 2 match Spanish, number 1 matches gold.
fn languages() -> Configuration {
    read(json!({
        "filters": [
            {"filter_friendly_name": "Spanish", "expression": "language == 'es'", "targets": [
                {"queue": queue("es"), "priority": "5", "timeout": 10},
                {"timeout": "20"},
            ]},
            {"friendly_name": "Gold", "expression": "level == 'gold'", "targets": [{"queue": queue("gold")}]},
            {"expression": "language == 'es' OR level == 'gold'", "targets": [
                {"queue": queue("any"), "timeout": 5, "priority": 0},
            ]},
        ],
        "default_filter": {"queue": queue("default")},
    }))
}

#[test]
fn the_first_matching_filter_is_used_and_the_default_one_if_none_matches() {
    let configuration = languages();
    let first = |attributes: Value| configuration.first_match(&attributes);
    assert_eq!(first(json!({"language": "es", "level": "gold"})), Some(at(0, 0)));
    assert_eq!(first(json!({"level": "gold"})), Some(at(1, 0)));
    let default = Position { filter: FilterIndex::Default, target: 0, timed_out: false };
    assert_eq!(first(json!({})), Some(default));
    assert_eq!(read(json!({"filters": []})).first_match(&json!({})), None);
}

#[test]
fn later_targets_inherit_the_queue_but_neither_priority_nor_timeout() {
    let configuration = languages();
    let entered = configuration.enter(at(0, 0), 1).unwrap();
    assert_eq!((entered.queue, entered.priority), (queue("es"), 5));
    assert_eq!(
        (entered.timeout, entered.filter_name),
        (Some(Millis::seconds(10)), Some("Spanish"))
    );
    let entered = configuration.enter(at(0, 1), 7).unwrap();
    assert_eq!((entered.queue, entered.priority), (queue("es"), 7));
    assert_eq!(entered.timeout, Some(Millis::seconds(20)));
    let entered = configuration.enter(at(1, 0), 7).unwrap();
    assert_eq!((entered.timeout, entered.filter_name), (None, Some("Gold")));
    assert_eq!(configuration.enter(at(2, 0), 7).unwrap().priority, 0);
    assert_eq!(configuration.enter(at(0, 2), 7), None);
}

#[test]
fn a_task_walks_the_targets_and_then_the_next_matching_filter() {
    let configuration = languages();
    let spanish = json!({"language": "es"});
    let step = |from, leaving| configuration.advance(from, leaving, &spanish);
    assert_eq!(step(at(0, 0), TargetExit::TimedOut), Onward::Enter(at(0, 1)));
    assert_eq!(step(at(0, 1), TargetExit::Skipped), Onward::Enter(at(2, 0)));
    let after_timeout = Position { timed_out: true, ..at(2, 0) };
    assert_eq!(step(at(0, 1), TargetExit::TimedOut), Onward::Enter(after_timeout));
    assert_eq!(configuration.next_match(0, &spanish), Some(at(2, 0)));
    assert_eq!(configuration.next_match(2, &spanish), None);
    assert_eq!(configuration.next_match(usize::MAX, &spanish), None);
}

#[test]
fn the_default_filter_takes_only_tasks_that_skipped_out_of_every_filter() {
    let configuration = languages();
    let spanish = json!({"language": "es"});
    let default = Position { filter: FilterIndex::Default, target: 0, timed_out: false };
    let step = |from, leaving| configuration.advance(from, leaving, &spanish);
    assert_eq!(step(at(2, 0), TargetExit::Skipped), Onward::Enter(default));
    assert_eq!(step(at(2, 0), TargetExit::TimedOut), Onward::FellOut);
    let after_timeout = Position { timed_out: true, ..at(2, 0) };
    assert_eq!(step(after_timeout, TargetExit::Skipped), Onward::FellOut);
    assert_eq!(step(default, TargetExit::Skipped), Onward::FellOut);
    assert_eq!(configuration.enter(default, 3).unwrap().queue, queue("default"));
}

#[test]
fn a_position_the_configuration_no_longer_has_leads_on() {
    let spanish = json!({"language": "es"});
    let step = |from| languages().advance(from, TargetExit::TimedOut, &spanish);
    let after_timeout = Position { timed_out: true, ..at(2, 0) };
    assert_eq!(step(at(0, 9)), Onward::Enter(after_timeout));
    assert_eq!(step(at(9, 0)), Onward::FellOut);
    assert_eq!(step(at(usize::MAX, usize::MAX)), Onward::FellOut);
}

#[test]
fn every_queue_is_listed_once() {
    let expected = ["es", "gold", "any", "default"].map(queue);
    assert_eq!(languages().queues(), expected.into_iter().collect());
}

#[test]
fn a_clone_shares_the_rules() {
    let configuration = languages();
    let clone = configuration.clone();
    assert!(std::ptr::eq(configuration.filters(), clone.filters()));
}

#[test]
fn numbers_are_integers_or_strings_in_their_range() {
    let target = |with: Value| read(with_target(with)).filters()[0].targets[0].clone();
    assert_eq!(target(json!({"priority": "2147483647"})).priority, Some(PRIORITY_MAX));
    assert_eq!(target(json!({"priority": 0})).priority, Some(0));
    assert_eq!(target(json!({"priority": null, "timeout": ""})).timeout, None);
    for wrong in
        [json!(-1), json!("x"), json!(2_147_483_648_u32), json!(1.5), json!([]), json!("-1")]
    {
        assert_refused(
            with_target(json!({ "priority": wrong })),
            "filters[0].targets[0].priority: has to be an integer from 0 to 2147483647",
        );
    }
    for wrong in [json!(0), json!("0"), json!(true)] {
        assert_refused(
            with_target(json!({ "timeout": wrong })),
            "filters[0].targets[0].timeout: has to be an integer from 1 to 2147483647",
        );
    }
}

#[test]
fn a_target_accepts_workers_by_its_expression() {
    let with = json!({"expression": "worker.languages HAS task.language", "order_by": "worker.level DESC"});
    let configuration = read(with_target(with));
    let target = &configuration.filters()[0].targets[0];
    let (task, attributes) = (json!({"language": "es"}), json!({"languages": ["es"]}));
    let worker = WorkerFields {
        sid: WorkerSid::derived(&["w"]),
        friendly_name: "w",
        activity_sid: ActivitySid::derived(&["a"]),
        activity_name: "a",
        channels: None,
        attributes: &attributes,
    };
    assert!(target.accepts(&TaskAndWorker { task: &task, worker }));
    assert!(!target.accepts(&TaskAndWorker { task: &json!({"language": "de"}), worker }));
    assert_eq!(target.order_by.as_ref().unwrap().to_string(), "worker.level DESC");
}

#[test]
fn a_target_skips_only_when_it_says_so() {
    let activities = std::collections::BTreeMap::new();
    let counts = QueueCounts { available: 0, unavailable: 1, activities: &activities };
    let skips = |with: Value| read(with_target(with)).filters()[0].targets[0].skips(&counts);
    assert!(!skips(json!({})));
    assert!(skips(json!({"skip_if": "1==1"})));
    assert!(skips(json!({"skip_if": "workers.available == 0 AND workers.unavailable > 0"})));
    assert!(!skips(json!({"skip_if": "workers.available > 0"})));
}

#[test]
fn the_known_worker_comes_from_the_task_or_the_configuration() {
    let sid = WorkerSid::derived(&["ann"]);
    let task = json!({"agent": sid, "name": "ann", "none": null, "number": 1});
    let wanted = |with: Value| {
        let configuration = read(with_target(with));
        configuration.filters()[0].targets[0].known_worker.as_ref().unwrap().wanted(&task)
    };
    assert_eq!(wanted(json!({"known_worker_sid": "task.agent"})), Wanted::Sid(sid));
    assert_eq!(wanted(json!({"known_worker_sid": sid})), Wanted::Sid(sid));
    for (attribute, expected) in [
        ("task.none", Wanted::Nobody),
        ("task.missing", Wanted::Unreadable),
        ("task.number", Wanted::Unreadable),
        ("task.name", Wanted::Unreadable),
    ] {
        assert_eq!(wanted(json!({"known_worker_sid": attribute})), expected, "{attribute}");
    }
    let ann = Wanted::FriendlyName("ann".to_owned());
    assert_eq!(wanted(json!({"known_worker_friendly_name": "task.name"})), ann);
    assert_eq!(wanted(json!({"known_worker_friendly_name": "ann"})), ann);
    assert_refused(
        with_target(json!({"known_worker_sid": "agent"})),
        "filters[0].targets[0].known_worker_sid: `agent` has to be a worker's identifier or a name after `task.`",
    );
    assert_refused(
        with_target(json!({"known_worker_sid": sid, "known_worker_friendly_name": "ann"})),
        "filters[0].targets[0].known_worker_friendly_name: cannot stand beside known_worker_sid",
    );
}

#[test]
fn names_in_a_target_say_whose_they_are() {
    assert_refused(
        with_target(json!({"expression": "task.a == 1 AND level > 2"})),
        "filters[0].targets[0].expression: `level` has to be a name after `task.` or `worker.`",
    );
    let expected =
        "workers.available, workers.unavailable or workers. and an activity's identifier";
    for name in ["workers.busy", "available", "task.x"] {
        assert_refused(
            with_target(json!({"skip_if": format!("{name} == 1")})),
            &format!("filters[0].targets[0].skip_if: `{name}` has to be {expected}"),
        );
    }
}

#[test]
fn a_wrong_expression_is_named_with_path_and_place() {
    let targets = json!([{"queue": queue("a")}]);
    let good = json!({"expression": "1==1", "targets": targets});
    assert_refused(
        json!({"filters": [good, {"expression": "a ==", "targets": targets}]}),
        "filters[1].expression: at character 4: expected a name, a constant, a list, NOT or `(`, found the end",
    );
    assert_refused(
        with_target(json!({"order_by": "level"})),
        "filters[0].targets[0].order_by: at character 0: expected a name after `worker.`, found `level`",
    );
}

#[test]
fn the_shape_is_checked_part_by_part() {
    for (routing, said) in [
        (json!({"filters": {}}), "filters: has to be an array"),
        (json!({"filters": [1]}), "filters[0]: has to be an object"),
        (json!({"filters": [{"expression": "1==1"}]}), "filters[0].targets: is missing"),
        (
            json!({"filters": [{"expression": "1==1", "targets": []}]}),
            "filters[0].targets: is missing",
        ),
        (
            json!({"filters": [{"targets": [{"queue": queue("a")}]}]}),
            "filters[0].expression: is missing",
        ),
        (with_target(json!({"queue": null})), "filters[0].targets[0].queue: is missing"),
        (with_target(json!({"queue": 1})), "filters[0].targets[0].queue: has to be a string"),
        (
            with_target(json!({"queue": "WK1"})),
            "filters[0].targets[0].queue: is not an identifier starting with WQ",
        ),
        (
            with_target(json!({"expression": 1})),
            "filters[0].targets[0].expression: has to be a string",
        ),
        (json!({"default_filter": {}}), "default_filter.queue: is missing"),
        (
            json!({"default_filter": {"queue": queue("a"), "timeout": 1}}),
            "default_filter.timeout: the default filter has no timeout",
        ),
    ] {
        assert_refused(routing, said);
    }
}

#[test]
fn a_malformed_configuration_is_refused_with_its_place() {
    for (text, said) in [
        ("", "not JSON at line 1, column 0"),
        ("{\n  \"task_routing\": {,}\n}", "not JSON at line 2, column 20"),
        ("[]", "the configuration: has to be an object"),
        ("{}", "task_routing: is missing"),
        ("{\"task_routing\": 1}", "task_routing: has to be an object"),
    ] {
        assert_eq!(Workflow::parse(text).unwrap_err().to_string(), said);
    }
    assert!(matches!(Workflow::parse(&"[".repeat(100_000)), Err(WorkflowError::NotJson { .. })));
}

#[test]
fn size_and_counts_are_bounded() {
    let small = r#"{"task_routing": {}}"#;
    let exact = format!("{small}{}", " ".repeat(SIZE_MAX - small.len()));
    assert!(Workflow::parse(&exact).is_ok());
    let bytes = SIZE_MAX + 1;
    assert_eq!(Workflow::parse(&format!("{exact} ")), Err(WorkflowError::TooLarge { bytes }));
    assert_refused(
        json!({"filters": vec![0; FILTERS_MAX + 1]}),
        &format!("filters: has more than {FILTERS_MAX} entries"),
    );
    assert_refused(
        json!({"filters": [{"expression": "1==1", "targets": vec![0; TARGETS_MAX + 1]}]}),
        &format!("filters[0].targets: has more than {TARGETS_MAX} entries"),
    );
}

#[test]
fn a_position_survives_its_record() {
    for position in
        [at(3, 1), Position { filter: FilterIndex::Default, target: 0, timed_out: true }]
    {
        let record = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&record).unwrap(), position);
    }
}

/// JSON out of the keys of a configuration, with something right or wrong behind each.
fn nearly() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 12] = [
        "filters",
        "default_filter",
        "targets",
        "expression",
        "queue",
        "timeout",
        "priority",
        "order_by",
        "skip_if",
        "known_worker_sid",
        "known_worker_friendly_name",
        "friendly_name",
    ];
    let texts =
        ["", "1==1", "worker.a == task.b", "worker.a DESC", "task.", "((", "workers.available > 0"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        Just(Value::from(queue("q").to_string())),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let member = (prop::sample::select(KEYS.to_vec()), inner.clone());
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
            3 => prop::collection::vec(member, 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, it)| (key.to_owned(), it)).collect())
            }),
        ]
    })
}

#[test]
fn nesting_without_end_and_size_without_end_are_refused() {
    for bomb in ["[".repeat(SIZE_MAX), "{\"task_routing\":".repeat(SIZE_MAX / 16)] {
        assert!(matches!(Workflow::parse(&bomb), Err(WorkflowError::NotJson { .. })));
    }
    let large = " ".repeat(SIZE_MAX + 1);
    assert_eq!(Workflow::parse(&large), Err(WorkflowError::TooLarge { bytes: SIZE_MAX + 1 }));
    let deep = format!("{}1==1{}", "(".repeat(10_000), ")".repeat(10_000));
    let filter = json!({"expression": deep, "targets": [{"queue": queue("q")}]});
    let text = json!({"task_routing": {"filters": [filter]}}).to_string();
    assert!(matches!(Workflow::parse(&text), Err(WorkflowError::At { .. })));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        prop_assert!(Workflow::parse(&text).is_err());
    }

    #[test]
    fn any_json_with_our_keys_is_read_or_refused_at_a_place(configuration in nearly()) {
        let text = json!({ "task_routing": configuration }).to_string();
        match Workflow::parse(&text) {
            Ok(configuration) => {
                prop_assert_eq!(Workflow::parse(&text), Ok(configuration));
            }
            Err(WorkflowError::At { path, .. }) => {
                prop_assert!(path.starts_with("task_routing"), "{}", path);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn every_walk_ends_and_visits_no_target_twice(
        filters in prop::collection::vec((0..3u8, 1..4usize), 0..6),
        kind in 0..3u8,
        leaving in prop::collection::vec(any::<bool>(), 40),
        default in any::<bool>(),
    ) {
        let filters: Vec<Value> = filters
            .into_iter()
            .map(|(of, targets)| {
                json!({"expression": format!("kind == {of}"), "targets": vec![json!({"queue": queue("q")}); targets]})
            })
            .collect();
        let default = default.then(|| json!({"queue": queue("d")}));
        let configuration = read(json!({"filters": filters, "default_filter": default}));
        let task = json!({"kind": kind});
        let mut visited = BTreeSet::new();
        let mut here = configuration.first_match(&task);
        for skipped in leaving {
            let Some(position) = here else { break };
            prop_assert!(configuration.enter(position, 0).is_some());
            prop_assert!(visited.insert((position.filter, position.target)));
            let leaving = if skipped { TargetExit::Skipped } else { TargetExit::TimedOut };
            here = match configuration.advance(position, leaving, &task) {
                Onward::Enter(next) => Some(next),
                Onward::FellOut => None,
            };
        }
        prop_assert_eq!(here, None);
    }
}
