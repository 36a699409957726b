//! README's diagram is the bundle: its arrows are the effects, their queues, who may send and who is woken.

use std::collections::BTreeSet;

use serde_norway::Value;
use switchboard_domain::effect::{
    Call, Effect, EventCall, InviteRequest, MediaRequest, QueueName, RouterAlarm, RouterEvent,
    RouterSubject, SendRequest, Wake,
};
use switchboard_domain::sid::{
    EventSid, InteractionSid, MessageSid, Sid as _, TaskSid, WorkspaceSid,
};
use switchboard_domain::task::TaskStatus;
use switchboard_domain::timestamp::Timestamp;

use crate::template::Template;
use crate::tree::{functions, pascal, read};

/// Functions that call parties outside of the bundle, and which: no other may.
const CALLS_OUT: [(&str, &str, &str); 6] = [
    ("autocreation", "endpoint", "asks beforehand"),
    ("conversations-api", "endpoint", "asks beforehand"),
    ("outbound-message", "carrier", "send"),
    ("carriers-api", "carrier", "test send or sign"),
    ("media-copy", "carrier", "fetches"),
    ("webhook-delivery", "endpoint", "signed call"),
];
/// What stands for the streams of the tables.
const TABLES: &str = "tables";
/// What stands for the schedule.
const CLOCK: &str = "clock";

/// One arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    /// Drawn with dots: sent once more, from a table's stream.
    again: bool,
    label: String,
    to: String,
}

fn arrow(from: &str, label: &str, to: &str) -> Arrow {
    Arrow { from: from.to_owned(), again: false, label: label.to_owned(), to: to.to_owned() }
}

/// One of each effect, by its name on the wire. The match is what a new one does not compile without.
fn effects() -> Vec<(&'static str, Effect)> {
    let workspace = WorkspaceSid::derived(&["w"]);
    let event = RouterEvent { workspace, subject: RouterSubject::Clock };
    let effects = [
        Effect::Invite(InviteRequest::TaskEnded {
            interaction: InteractionSid::derived(&["i"]),
            task: TaskSid::derived(&["t"]),
            status: TaskStatus::Completed,
        }),
        Effect::Route(event.clone()),
        Effect::Send(SendRequest {
            message: MessageSid::derived(&["m"]),
            delivery: 1,
            group: "pair".to_owned(),
        }),
        Effect::Notify(Call::Event(EventCall {
            workspace,
            event_sid: EventSid::derived(&["e"]),
            resource: "task".to_owned(),
        })),
        Effect::Media(MediaRequest::Copy { message: MessageSid::derived(&["m"]) }),
        Effect::Wake(Wake::Router(RouterAlarm { at: Timestamp(0), event })),
    ];
    let named = effects.map(|effect| {
        let name = match &effect {
            Effect::Invite(_) => "invite",
            Effect::Route(_) => "route",
            Effect::Send(_) => "send",
            Effect::Notify(_) => "notify",
            Effect::Media(_) => "media",
            Effect::Wake(_) => "wake",
        };
        (name, effect)
    });
    named.into()
}

/// A queue as the diagram names it.
fn queue_node(queue: QueueName) -> String {
    format!("{queue:?}").to_lowercase()
}

/// `InboundQueue` → `inbound`.
fn queue_of(resource: &str) -> Option<String> {
    resource.strip_suffix("Queue").map(str::to_lowercase)
}

/// The function that a resource of the template belongs to: `EventLogRole` → `event-log`.
fn function_of(resource: &str, kind: &str) -> String {
    let name = resource.strip_suffix(kind).unwrap_or_else(|| panic!("{resource}: no {kind}"));
    functions().into_iter().find(|it| pascal(it) == name).unwrap_or_else(|| panic!("{resource}"))
}

/// What a policy's member lists, whether it is one or several.
fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Sequence(all) => all.clone(),
        one => vec![one.clone()],
    }
}

/// The queues that a function's role lets it send to.
fn may_send_to(template: &Template, function: &str) -> BTreeSet<String> {
    let role = template.resource(&format!("{}Role", pascal(function)));
    let policies = role["Policies"].as_sequence().unwrap();
    let statements =
        policies.iter().flat_map(|it| it["PolicyDocument"]["Statement"].as_sequence().unwrap());
    let sends = |it: &&Value| listed(&it["Action"]).contains(&Value::from("sqs:SendMessage"));
    let resources = statements.filter(sends).flat_map(|it| listed(&it["Resource"]));
    resources.filter_map(|it| queue_of(&Template::named(&it))).collect()
}

/// The queues whose addresses a function is given.
fn is_told_of(template: &Template, function: &str) -> BTreeSet<String> {
    let resource = template.resource(&format!("{}Function", pascal(function)));
    let variables = resource["Environment"]["Variables"].as_mapping().unwrap();
    let names = variables.keys().filter_map(Value::as_str);
    names.filter_map(|it| it.strip_prefix("QUEUE_")).map(str::to_lowercase).collect()
}

/// The queue that wakes each function.
fn wakes(template: &Template) -> Vec<(String, String)> {
    let sources = template.sources("SQS").into_iter();
    let pairs = sources.map(|(function, source)| {
        let queue = queue_of(&Template::named(&source["Queue"])).unwrap();
        (queue, function_of(&function, "Function"))
    });
    pairs.collect()
}

/// Every arrow that the code and the template have.
fn expected() -> BTreeSet<Arrow> {
    let template = Template::read();
    let mut arrows = BTreeSet::new();
    for function in functions() {
        for queue in may_send_to(&template, &function) {
            let again = function == "effect-relay";
            arrows.insert(Arrow { again, ..arrow(&function, "", &queue) });
        }
    }
    let effects = effects();
    for (queue, function) in wakes(&template) {
        let effect = effects.iter().find(|(_, effect)| queue_node(effect.queue()) == queue);
        if let Some((_, effect)) = effect {
            assert_eq!(effect.receiver(), function, "{queue}");
        }
        arrows.insert(arrow(&queue, effect.map_or("", |(name, _)| *name), &function));
    }
    for (function, _) in template.sources("DynamoDB") {
        arrows.insert(arrow(TABLES, "streams", &function_of(&function, "Function")));
    }
    for (function, _) in template.sources("ScheduleV2") {
        arrows.insert(arrow(CLOCK, "every minute", &function_of(&function, "Function")));
    }
    for integration in template.of_type("AWS::ApiGatewayV2::Integration").keys() {
        let function = function_of(integration, "Integration");
        let (caller, label) =
            if function.ends_with("-api") { ("agent", "REST") } else { ("carrier", "webhook") };
        arrows.insert(arrow(caller, label, &function));
    }
    arrows.extend(CALLS_OUT.map(|(function, whom, label)| arrow(function, label, whom)));
    arrows
}

/// The names of the nodes on one side of an arrow, without their shapes.
fn nodes(text: &str) -> Vec<String> {
    let names = text.split('&').map(|it| it.trim().split(['(', '[']).next().unwrap_or_default());
    names.map(str::to_owned).collect()
}

/// The arrows of one line of the diagram: `a & b -->|label| c[[text]] -.-> d`.
fn arrows_of(line: &str) -> Vec<Arrow> {
    let mut found = Vec::new();
    let mut from: Option<(Vec<String>, bool, String)> = None;
    let mut rest = line;
    loop {
        let next = [("-->", false), ("-.->", true)];
        let next = next.iter().filter_map(|(sign, dots)| Some((rest.find(sign)?, *sign, *dots)));
        let next = next.min_by_key(|(at, ..)| *at);
        let here = nodes(next.map_or(rest, |(at, ..)| &rest[..at]));
        if let Some((sources, again, label)) = from.take() {
            for (source, target) in
                sources.iter().flat_map(|it| here.iter().map(move |to| (it, to)))
            {
                found.push(Arrow { again, ..arrow(source, &label, target) });
            }
        }
        let Some((at, sign, dots)) = next else { return found };
        rest = rest[at + sign.len()..].trim_start();
        let (label, behind) =
            rest.strip_prefix('|').and_then(|it| it.split_once('|')).unwrap_or(("", rest));
        from = Some((here, dots, label.to_owned()));
        rest = behind;
    }
}

/// The lines of README's diagram.
fn diagram() -> Vec<String> {
    let readme = read("README.md");
    let (_, behind) = readme.split_once("```mermaid\n").unwrap();
    let (diagram, _) = behind.split_once("```").unwrap();
    diagram.lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_diagram_has_exactly_the_arrows_of_code_and_template() {
    let drawn: Vec<Arrow> = diagram().iter().flat_map(|line| arrows_of(line)).collect();
    let distinct: BTreeSet<Arrow> = drawn.iter().cloned().collect();
    assert_eq!(drawn.len(), distinct.len(), "an arrow is drawn twice");
    let expected = expected();
    let missing: Vec<_> = expected.difference(&distinct).collect();
    let extra: Vec<_> = distinct.difference(&expected).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
}

#[test]
fn the_diagram_names_each_queue_in_full() {
    let template = Template::read();
    let diagram = diagram().join("\n");
    for (name, queue) in template.of_type("AWS::SQS::Queue") {
        let Some(node) = queue_of(name) else { continue };
        let fifo = if queue.get("FifoQueue").is_some() { ".fifo" } else { "" };
        let shape = format!("{node}[[{node}{fifo}]]");
        assert_eq!(diagram.matches(&shape).count(), 1, "{shape}");
    }
}

#[test]
fn a_function_is_told_of_the_queues_it_may_send_to_and_of_its_own() {
    let template = Template::read();
    let wakes = wakes(&template);
    for function in functions() {
        let sends = may_send_to(&template, &function);
        let told = is_told_of(&template, &function);
        assert!(sends.is_subset(&told), "{function}: may send to {sends:?}, is told of {told:?}");
        let own: BTreeSet<_> = wakes
            .iter()
            .filter(|(_, it)| *it == function)
            .map(|(queue, _)| queue.clone())
            .collect();
        let idle: Vec<_> = told.difference(&sends).filter(|it| !own.contains(*it)).collect();
        assert!(idle.is_empty(), "{function} is told of {idle:?}, to which it may not send");
    }
}

#[test]
fn effects_go_by_the_name_that_is_stored() {
    for (name, effect) in effects() {
        let stored = serde_json::to_value(&effect).unwrap();
        assert!(stored.get(name).is_some(), "{name}: {stored}");
    }
}

#[test]
fn arrows_are_read_as_mermaid_draws_them() {
    let read = arrows_of("a & b-c -->|two words| d[[d.fifo]] -.-> e([e, f])");
    let again = Arrow { again: true, ..arrow("d", "", "e") };
    assert_eq!(read, [arrow("a", "two words", "d"), arrow("b-c", "two words", "d"), again]);
}
