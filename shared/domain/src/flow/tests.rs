//! The rules of flows: what is read, what is refused, and what each widget does.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::private::Private;
use crate::sid::{
    ConversationSid, FlowExecutionSid, FlowSid, MessageSid, ServiceSid, Sid as _, WorkflowSid,
};
use crate::timestamp::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_795_344_809_123);

fn state(name: &str, kind: &str, properties: Value, transitions: Value) -> Value {
    json!({"name": name, "type": kind, "properties": properties, "transitions": transitions})
}

fn definition(first: &str, states: Vec<Value>) -> String {
    let leads = json!([{"event": "incomingMessage"},
        {"event": "incomingConversationMessage", "next": first},
        {"event": "incomingRequest", "next": first}, {"event": "incomingParent", "next": first}]);
    let mut all = vec![state("Trigger", "trigger", json!({"offset": {"x": 0}}), leads)];
    all.extend(states);
    json!({"description": "d", "flags": {"allow_concurrent_calls": true},
        "initial_state": "Trigger", "states": all})
    .to_string()
}

fn workflow() -> String {
    WorkflowSid::derived(&["w"]).to_string()
}

fn agent(attributes: &str) -> Value {
    let properties = json!({"workflow": workflow(), "channel": "chat", "attributes": attributes,
        "priority": "5", "timeout": "60"});
    state("agent", "send-to-flex", properties, json!([{"event": "callComplete"}]))
}

fn says(name: &str, body: &str, next: &str) -> Value {
    let leads = json!([{"event": "sent", "next": next}, {"event": "failed"}]);
    state(name, "send-message", json!({"body": body, "from": "{{flow.channel.address}}"}), leads)
}

fn asks(name: &str, next: &str, late: &str) -> Value {
    let leads = json!([{"event": "incomingMessage", "next": next}, {"event": "timeout", "next": late},
        {"event": "deliveryFailure", "next": late}]);
    state(name, "send-and-wait-for-reply", json!({"body": "Well?", "timeout": "60"}), leads)
}

fn flow() -> FlowSid {
    FlowSid::derived(&["f"])
}

fn programs(all: &[(FlowSid, String)]) -> Programs {
    let read = |(flow, definition): &(FlowSid, String)| {
        let graph = Graph::read(definition).unwrap();
        (*flow, Arc::new(Program { flow: *flow, revision: 1, graph }))
    };
    all.iter().map(read).collect()
}

fn said(body: &str) -> Said {
    Said {
        message: MessageSid::derived(&["m", body]),
        conversation: ConversationSid::derived(&["c"]),
        service: ServiceSid::derived(&["s"]),
        from: "+14155550100".to_owned(),
        to: "+18005550199".to_owned(),
        body: Some(Private(body.to_owned())),
        files: 0,
        attributes: Some(Private(r#"{"vip":true}"#.to_owned())),
    }
}

fn execution(trigger: Trigger) -> FlowExecution {
    let sid = FlowExecutionSid::derived(&["e"]);
    let addresses = ("+14155550100".to_owned(), "+18005550199".to_owned());
    FlowExecution::new(sid, (flow(), 1), addresses, trigger, NOW)
}

fn begun(programs: &Programs, body: &str) -> Turn {
    let execution = execution(Trigger::Message(said(body)));
    advance(programs, &execution, Input::Begin, NOW).unwrap()
}

fn bodies(turn: &Turn) -> Vec<&str> {
    let body = |act: &Act| match act {
        Act::Say { body, .. } => Some(body.as_str().to_owned()),
        Act::Join { .. } | Act::Leave { .. } | Act::Call | Act::HandOver(_) => None,
    };
    let found: Vec<String> = turn.acts.iter().filter_map(body).collect();
    found.into_iter().map(|it| &*it.leak()).collect()
}

fn handed(turn: &Turn) -> &Handing {
    assert!(matches!(turn.acts.last(), Some(Act::HandOver(_))), "{:?}", turn.acts);
    turn.execution.handing.as_ref().unwrap()
}

fn one(states: Vec<Value>) -> Programs {
    let first = states[0]["name"].as_str().unwrap().to_owned();
    programs(&[(flow(), definition(&first, states))])
}

#[test]
fn a_trigger_leads_to_the_agent_with_attributes_that_are_filled_before_they_are_json() {
    let attributes = r#"{"topic": "{{trigger.message.Body}}", "vip": {{trigger.message.ChannelAttributes.vip | to_json}},
        "lang": "{{nobody | default: 'en'}}", "from": "{{contact.channel.address}}", "to": "{{flow.channel.address}}"}"#;
    let turn = begun(&one(vec![agent(attributes)]), "sales");
    let handing = handed(&turn);
    assert_eq!((handing.priority, handing.timeout_seconds), (5, 60));
    let expected = json!({"topic": "sales", "vip": true, "lang": "en", "from": "+14155550100",
        "to": "+18005550199"});
    assert_eq!(Value::Object(handing.attributes.clone()), expected);
    assert_eq!(turn.execution.end, Some(End::HandedOver));
    assert_eq!(turn.execution.taken, 2);
}

#[test]
fn a_question_is_said_and_waited_for_and_its_reply_goes_on() {
    let programs = one(vec![
        asks("ask", "thanks", "agent"),
        says("thanks", "You said {{widgets.ask.inbound.Body}}", "agent"),
        agent("{}"),
    ]);
    let turn = begun(&programs, "hi");
    assert_eq!(bodies(&turn), ["Well?"]);
    let waiting = turn.execution;
    assert_eq!(waiting.look, Some(NOW + Millis::seconds(60)));
    let early = NOW + Millis::seconds(59);
    assert_eq!(advance(&programs, &waiting, Input::Look, early), None);
    let replied = advance(&programs, &waiting, Input::Reply(said("yes")), early).unwrap();
    assert_eq!(bodies(&replied), ["You said yes"]);
    assert_eq!(replied.execution.end, Some(End::HandedOver));
    assert_eq!(replied.execution.look, None);
    let late = NOW + Millis::seconds(60);
    let timed_out = advance(&programs, &waiting, Input::Look, late).unwrap();
    assert_eq!(timed_out.execution.steps.last().unwrap().from, "agent");
    let lost = advance(&programs, &waiting, Input::Undelivered, early).unwrap();
    assert!(lost.execution.steps.iter().any(|step| step.event == "deliveryFailure"));
    // What is over goes on no more, and nobody waits for an answer of an endpoint.
    assert_eq!(advance(&programs, &lost.execution, Input::Reply(said("yes")), late), None);
    assert_eq!(advance(&programs, &waiting, Input::Begin, early), None);
}

#[test]
fn a_question_is_asked_as_often_as_it_says() {
    let mut question = asks("ask", "agent", "agent");
    question["properties"]["attempts"] = json!("2");
    let programs = one(vec![question, agent("{}")]);
    let first = begun(&programs, "hi").execution;
    let again = advance(&programs, &first, Input::Look, NOW + Millis::seconds(60)).unwrap();
    assert_eq!((bodies(&again), again.execution.is_active()), (vec!["Well?"], true));
    let last = NOW + Millis::seconds(120);
    let over = advance(&programs, &again.execution, Input::Look, last).unwrap();
    assert_eq!(over.execution.end, Some(End::HandedOver));
}

#[test]
fn the_look_at_an_execution_stays_while_it_is_early_enough() {
    let programs = one(vec![asks("ask", "ask", "agent"), agent("{}")]);
    let first = begun(&programs, "hi").execution;
    let later = NOW + Millis::seconds(30);
    let next = advance(&programs, &first, Input::Reply(said("a")), later).unwrap().execution;
    assert_eq!(next.look, first.look);
    assert!(matches!(next.waits, Some(Wait::Reply { until, .. }) if until > next.look.unwrap()));
}

#[test]
fn a_split_takes_the_first_match_and_variables_are_kept() {
    let condition = |value: &str| {
        json!([{"type": "equal_to", "friendly_name": "f",
        "arguments": ["{{trigger.message.Body}}"], "value": value}])
    };
    let leads = json!([{"event": "noMatch", "next": "none"},
        {"event": "match", "next": "one", "conditions": condition("1")},
        {"event": "match", "next": "two", "conditions": condition("2")}]);
    let set = |name: &str, value: &str| {
        let variables = json!([{"key": "way", "value": value}, {"key": "n", "value": "{{ 1 | plus: 1 }}", "type": "object"}]);
        let next = json!([{"event": "next", "next": "agent"}]);
        state(name, "set-variables", json!({"variables": variables}), next)
    };
    let programs = one(vec![
        state("split", "split-based-on", json!({"input": "{{trigger.message.Body}}"}), leads),
        set("one", "first"),
        set("two", "second"),
        set("none", "other"),
        agent(
            r#"{"way": "{{flow.variables.way}}", "n": {{flow.variables.n}}, "w": "{{widgets.two.way}}"}"#,
        ),
    ]);
    for (body, way, widget) in [("1", "first", ""), (" 2 ", "second", "second"), ("3", "other", "")]
    {
        let turn = begun(&programs, body);
        let found = Value::Object(handed(&turn).attributes.clone());
        assert_eq!(found, json!({"way": way, "n": 2, "w": widget}), "{body}");
    }
}

#[test]
fn an_endpoint_is_asked_and_its_answer_is_read() {
    let properties = json!({"method": "POST", "url": "https://example.com/{{trigger.message.Body}}",
        "content_type": "application/json", "add_twilio_auth": false,
        "body": "{\"order\": \"{{trigger.message.Body}}\"}"});
    let leads =
        json!([{"event": "success", "next": "agent"}, {"event": "failed", "next": "sorry"}]);
    let programs = one(vec![
        state("order", "make-http-request", properties, leads),
        says("sorry", "Sorry ({{widgets.order.status_code}})", "agent"),
        agent(r#"{"order": {{widgets.order.parsed | to_json}}}"#),
    ]);
    let turn = begun(&programs, "77");
    assert_eq!(
        (turn.acts.as_slice(), turn.execution.waits.clone()),
        (&[Act::Call][..], Some(Wait::Answer))
    );
    let request = request_of(&programs, &turn.execution, NOW).unwrap().unwrap();
    assert_eq!((request.url.as_str(), request.method), ("https://example.com/77", "POST"));
    let content_type = "application/json".to_owned();
    assert_eq!(
        request.body,
        RequestBody::Text { content_type, text: r#"{"order": "77"}"#.to_owned() }
    );
    let answer = |status, body: &str| {
        Input::Answer(Answer {
            status,
            content_type: Some("application/json".to_owned()),
            body: Some(body.to_owned()),
        })
    };
    let good =
        advance(&programs, &turn.execution, answer(Some(200), r#"{"state":"sent"}"#), NOW).unwrap();
    assert_eq!(
        Value::Object(handed(&good).attributes.clone()),
        json!({"order": {"state": "sent"}})
    );
    assert_eq!(request_of(&programs, &good.execution, NOW), None);
    let bad = advance(&programs, &turn.execution, answer(Some(503), "oh"), NOW).unwrap();
    assert_eq!(bodies(&bad), ["Sorry (503)"]);
    let hung = advance(&programs, &turn.execution, answer(None, ""), NOW).unwrap();
    assert_eq!(bodies(&hung), ["Sorry ()"]);
}

#[test]
fn a_function_is_called_by_a_form() {
    let properties = json!({"service_sid": "ZS1", "environment_sid": "ZE1", "function_sid": "ZH1",
        "url": "https://f.example/lookup", "parameters": [{"key": "a", "value": "{{trigger.message.Body}}"}]});
    let leads = json!([{"event": "success", "next": "agent"}, {"event": "fail", "next": "sorry"}]);
    let programs = one(vec![
        state("f", "run-function", properties, leads),
        says("sorry", "Sorry", "agent"),
        agent("{}"),
    ]);
    let turn = begun(&programs, "x");
    let request = request_of(&programs, &turn.execution, NOW).unwrap().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.body, RequestBody::Parameters(vec![("a".to_owned(), "x".to_owned())]));
    let answer = Answer { status: Some(500), content_type: None, body: Some(String::new()) };
    let failed = advance(&programs, &turn.execution, Input::Answer(answer), NOW).unwrap();
    assert_eq!(bodies(&failed), ["Sorry"]);
}

#[test]
fn a_flow_within_a_flow_gets_parameters_and_gives_its_variables_back() {
    let inner = FlowSid::derived(&["inner"]);
    let run = |next: &str| {
        let properties = json!({"flow_sid": inner.to_string(), "flow_revision": "LatestPublished",
            "parameters": [{"key": "q", "value": "{{trigger.message.Body}}"}]});
        let leads =
            json!([{"event": "completed", "next": next}, {"event": "failed", "next": "sorry"}]);
        state("sub", "run-subflow", properties, leads)
    };
    let variables = json!({"variables": [{"key": "r", "value": "{{trigger.parent.parameters.q}}!{{trigger.message.Body}}"}]});
    let set = state("set", "set-variables", variables, json!([{"event": "next", "next": "ask"}]));
    let outer = definition(
        "sub",
        vec![
            run("done"),
            says("done", "{{widgets.sub.r}}", "agent"),
            says("sorry", "no", "agent"),
            agent("{}"),
        ],
    );
    let ask = asks("ask", "", "");
    let both = programs(&[(flow(), outer.clone()), (inner, definition("set", vec![set, ask]))]);
    let turn = begun(&both, "x");
    assert_eq!((bodies(&turn), turn.execution.frames.len()), (vec!["Well?"], 2));
    let turn = advance(&both, &turn.execution, Input::Reply(said("y")), NOW).unwrap();
    assert_eq!((bodies(&turn), turn.execution.frames.len()), (vec!["x!x"], 1));
    assert_eq!(bodies(&begun(&programs(&[(flow(), outer)]), "x")), ["no"]);
    let endless = definition("sub", vec![run(""), says("sorry", "no", "")]);
    let both = programs(&[(flow(), endless.clone()), (inner, endless)]);
    assert_eq!(begun(&both, "x").execution.end, Some(End::Failed(Trouble::TooDeep)));
}

#[test]
fn members_come_and_go() {
    let member = |name: &str, kind: &str, next: &str| {
        state(
            name,
            kind,
            json!({"identity": "{{trigger.message.Body}}"}),
            json!([{"event": "success", "next": next}]),
        )
    };
    let turn = begun(
        &one(vec![member("a", "add-participant", "r"), member("r", "remove-participant", "")]),
        "ann",
    );
    let identity = "ann".to_owned();
    assert_eq!(turn.acts, [Act::Join { identity: identity.clone() }, Act::Leave { identity }]);
    assert_eq!(turn.execution.end, Some(End::Finished));
}

#[test]
fn a_request_begins_a_flow_with_its_parameters() {
    let start = state(
        "start",
        "start-conversation",
        json!({}),
        json!([{"event": "success", "next": "hello"}]),
    );
    let programs = one(vec![
        start,
        says("hello", "Hi {{flow.data.name}}{{trigger.request.parameters.name}}", ""),
    ]);
    let execution = execution(Trigger::Request(json!({"name": "Ann"})));
    let turn = advance(&programs, &execution, Input::Begin, NOW).unwrap();
    assert_eq!(bodies(&turn), ["Hi AnnAnn"]);
}

#[test]
fn who_cannot_be_served_any_further_is_handed_to_the_flows_own_agents() {
    let round = vec![says("a", "again", "b"), says("b", "and again", "a"), agent("{}")];
    let set = |name: &str, next: &str| {
        state(
            name,
            "set-variables",
            json!({"variables": []}),
            json!([{"event": "next", "next": next}]),
        )
    };
    for (states, trouble) in [
        (round, Trouble::Loop),
        (vec![set("a", "b"), set("b", "a"), agent("{}")], Trouble::Loop),
        (vec![agent("{{ trigger.message.Body }}")], Trouble::Attributes),
    ] {
        let turn = begun(&one(states), "not JSON");
        assert_eq!(turn.execution.end, Some(End::Failed(trouble)));
        assert_eq!((bodies(&turn), handed(&turn).attributes.len()), (Vec::new(), 0));
    }
    let broken = begun(&one(vec![says("a", "{% if %}", "agent"), agent("{}")]), "x");
    assert!(matches!(broken.execution.end, Some(End::Failed(Trouble::Template(_)))));
    let alone = begun(&one(vec![set("a", "a")]), "x");
    assert_eq!((alone.execution.end, alone.acts), (Some(End::Failed(Trouble::Loop)), Vec::new()));
}

#[test]
fn steps_that_are_too_many_for_an_item_are_put_beside_it() {
    let programs = one(vec![asks("ask", "ask", "")]);
    let mut execution = begun(&programs, "hi").execution;
    let mut beside = Vec::new();
    for _ in 0..40 {
        let turn = advance(&programs, &execution, Input::Reply(said("x")), NOW).unwrap();
        beside.extend(turn.older);
        execution = turn.execution;
        assert!(execution.steps.len() <= STEPS_KEPT);
    }
    let numbers = beside.iter().flat_map(|page| &page.steps).chain(&execution.steps);
    let numbers: Vec<u32> = numbers.map(|step| step.number).collect();
    assert_eq!(numbers, (1..=41).collect::<Vec<_>>());
    assert!(beside.iter().all(|page| page.first == page.steps[0].number));
}

#[test]
fn what_cannot_be_carried_out_is_refused_by_name() {
    let wrong = |states: Vec<Value>, first: &str| {
        let errors = Graph::read(&definition(first, states)).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let text = wrong(vec![state("x", "say-play", json!({}), json!([]))], "x");
    assert!(text.contains("states.x is a voice widget, say-play"), "{text}");
    let text = wrong(vec![state("x", "carrier-pigeon", json!({}), json!([]))], "x");
    assert!(text.contains("states.x is a widget of an unknown type, carrier-pigeon"), "{text}");
    for (kind, properties, member) in [
        ("send-message", json!({}), "body"),
        ("send-message", json!({"body": "a", "message_type": "content_template"}), "message_type"),
        ("send-and-wait-for-reply", json!({"body": "a", "timeout": "0"}), "timeout"),
        ("split-based-on", json!({}), "input"),
        ("make-http-request", json!({"method": "PUT", "url": "https://a.example"}), "method"),
        ("make-http-request", json!({"method": "GET"}), "url"),
        (
            "make-http-request",
            json!({"url": "https://a.example", "add_twilio_auth": true}),
            "add_twilio_auth",
        ),
        ("run-subflow", json!({}), "flow_sid"),
        ("add-participant", json!({}), "identity"),
        ("send-to-flex", json!({"workflow": "WW1", "channel": "chat"}), "workflow"),
        ("send-to-flex", json!({"workflow": workflow()}), "channel"),
        (
            "send-to-flex",
            json!({"workflow": workflow(), "channel": "c", "attributes": "[1]"}),
            "attributes",
        ),
        (
            "send-to-flex",
            json!({"workflow": workflow(), "channel": "c", "attributes": "x".repeat(1025)}),
            "attributes",
        ),
        ("send-to-flex", json!({"workflow": workflow(), "channel": "c", "timeout": 0}), "timeout"),
    ] {
        let text = wrong(vec![state("x", kind, properties, json!([]))], "x");
        assert!(text.contains(&format!("states.x.properties.{member}")), "{kind} {member}: {text}");
    }
    assert!(
        wrong(vec![says("a", "b", "nobody")], "a").contains("states.a.transitions leads nowhere")
    );
    assert!(wrong(vec![says("a", "b", ""), says("a", "b", "")], "a").contains("each once"));
    assert!(matches!(Graph::read("{").unwrap_err()[..], [FlowError::NotJson(1, _)]));
    let bomb = "[".repeat(DEFINITION_BYTES_MAX);
    assert!(matches!(Graph::read(&bomb).unwrap_err()[..], [FlowError::NotJson(..)]));
    assert_eq!(Graph::read(&" ".repeat(DEFINITION_BYTES_MAX + 1)), Err(vec![FlowError::TooLarge]));
}

#[test]
fn what_nobody_knows_in_a_text_is_a_warning_that_names_it() {
    let text =
        "{{ name | pirate }}{% tablerow %}{{ widgets.nobody.x }}{{ flow.variables.a }}{% if %}";
    let warnings =
        |body: &str| Graph::read(&definition("a", vec![says("a", body, "")])).unwrap().warnings;
    let found = warnings(&text[..text.len() - 8]).join("\n");
    for what in ["filter pirate", "tag tablerow", "variable name", "variable widgets.nobody"] {
        assert!(
            found.contains(&format!("states.a.properties.body: the {what} is unknown")),
            "{found}"
        );
    }
    assert!(!found.contains("flow"));
    assert!(warnings(text)[0].contains("cannot be filled in: line 1"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-c]".prop_map(Value::from),
        "(\\{\\{|\\}\\}|a| |\\||%){0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}

fn any_state() -> impl Strategy<Value = Value> {
    let kinds = vec![
        "trigger",
        "send-to-flex",
        "send-message",
        "send-and-wait-for-reply",
        "set-variables",
        "split-based-on",
        "make-http-request",
    ];
    let event = prop::sample::select(vec![
        "incomingConversationMessage",
        "sent",
        "next",
        "noMatch",
        "timeout",
    ]);
    let next = prop_oneof![3 => "[a-c]".prop_map(Value::from), 1 => any_json()];
    ("[a-c]", prop::sample::select(kinds), (event, next), (any_json(), any_json())).prop_map(
        |(name, kind, (event, next), (one, other))| {
            json!({"name": name, "type": kind, "transitions": [{"event": event, "next": next}],
                "properties": {"workflow": workflow(), "channel": "chat", "attributes": one, "body": other,
                    "input": other, "url": other, "priority": other, "timeout": one, "variables": one}})
        },
    )
}

proptest! {
    #[test]
    fn any_definition_runs_within_bounds_or_is_refused(
        states in prop::collection::vec(prop_oneof![9 => any_state(), 1 => any_json()], 0..5),
        initial in prop_oneof![4 => Just(json!("a")), 1 => any_json()],
    ) {
        let text = json!({"states": states, "initial_state": initial}).to_string();
        if let Ok(graph) = Graph::read(&text) {
            let program = Program { flow: flow(), revision: 1, graph };
            let programs = Programs::from([(flow(), Arc::new(program))]);
            let turn = begun(&programs, "hi");
            prop_assert!(turn.execution.waits.is_some() != turn.execution.end.is_some());
            prop_assert!(turn.acts.len() <= SAYS_MAX + 2);
            let text = serde_json::to_string(&turn.execution).unwrap();
            prop_assert_eq!(serde_json::from_str::<FlowExecution>(&text).unwrap(), turn.execution);
        }
    }

    #[test]
    fn any_text_is_a_definition_or_refused(text in any::<String>()) {
        prop_assert!(Graph::read(&text).is_err());
    }
}
