//! The template, looked at as a document: what every queue, table and function must have.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use serde_norway::Value;
use switchboard_domain::effect::QueueName;
use switchboard_domain::record::Routed;

use crate::tree::{functions, pascal, read};

/// The template's resources.
pub(crate) struct Template {
    globals: Value,
    resources: BTreeMap<String, Value>,
}

/// Looks behind a tag such as `!Ref`.
fn plain(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        other => other,
    }
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| plain(value).get(*name))
}

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).map(plain).and_then(Value::as_str)
}

fn number(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path).map(plain).and_then(Value::as_u64)
}

impl Template {
    pub(crate) fn read() -> Self {
        let document: Value = serde_norway::from_str(&read("infra/template.yaml")).unwrap();
        let resources = document["Resources"].as_mapping().unwrap().iter();
        let resources = resources
            .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
            .collect();
        Self { globals: document["Globals"]["Function"].clone(), resources }
    }

    pub(crate) fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let found = self.resources.iter().filter(|(_, it)| text(it, &["Type"]) == Some(kind));
        found.map(|(name, it)| (name.as_str(), &it["Properties"])).collect()
    }

    /// The properties of one resource.
    pub(crate) fn resource(&self, name: &str) -> &Value {
        &self.resources.get(name).unwrap_or_else(|| panic!("{name} is no resource"))["Properties"]
    }

    pub(crate) fn functions(&self) -> BTreeMap<&str, &Value> {
        self.of_type("AWS::Serverless::Function")
    }

    pub(crate) fn code_of(&self, function: &str) -> Option<String> {
        text(self.functions().get(function)?, &["CodeUri"]).map(str::to_owned)
    }

    /// The value of a function's tag.
    pub(crate) fn tag(&self, function: &str, name: &str) -> Option<String> {
        text(self.functions().get(function)?, &["Tags", name]).map(str::to_owned)
    }

    fn timeout(&self, function: &Value) -> u64 {
        number(function, &["Timeout"]).or_else(|| number(&self.globals, &["Timeout"])).unwrap()
    }

    /// (function, event) of every event source of that type.
    pub(crate) fn sources(&self, kind: &str) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for (name, function) in self.functions() {
            let events = function.get("Events").and_then(Value::as_mapping);
            for (_, event) in events.into_iter().flatten() {
                if text(event, &["Type"]) == Some(kind) {
                    found.push((name.to_owned(), event["Properties"].clone()));
                }
            }
        }
        found
    }

    /// The logical id that a reference names: `X.Arn` or `X`.
    pub(crate) fn named(value: &Value) -> String {
        let text = plain(value).as_str().unwrap_or_default();
        text.split('.').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn every_queue_is_consumed_by_one_function_and_has_dead_letters() {
    let template = Template::read();
    let queues = template.of_type("AWS::SQS::Queue");
    let sources = template.sources("SQS");
    for (name, queue) in queues.iter().filter(|(name, _)| name.ends_with("Queue")) {
        let dead = at(queue, &["RedrivePolicy", "deadLetterTargetArn"]).map(Template::named);
        let dead = dead.unwrap_or_else(|| panic!("{name} has no dead letters"));
        let fifo = |queue: &Value| at(queue, &["FifoQueue"]).and_then(|it| plain(it).as_bool());
        let target = queues.get(dead.as_str()).unwrap_or_else(|| panic!("{dead} is no queue"));
        assert_eq!(fifo(queue), fifo(target), "{name} and its dead letters are of one type");
        if fifo(queue) == Some(true) {
            assert_eq!(text(queue, &["DeduplicationScope"]), Some("messageGroup"), "{name}");
            assert_eq!(text(queue, &["FifoThroughputLimit"]), Some("perMessageGroupId"), "{name}");
        }
        let consumers: Vec<_> =
            sources.iter().filter(|(_, it)| Template::named(&it["Queue"]) == **name).collect();
        assert_eq!(consumers.len(), 1, "{name} has one consumer");
        let (function, source) = consumers[0];
        let answers = at(source, &["FunctionResponseTypes"]).and_then(Value::as_sequence);
        let partial = answers
            .is_some_and(|all| all.iter().any(|it| it.as_str() == Some("ReportBatchItemFailures")));
        assert!(partial, "{function} reports which messages failed");
        let timeout = template.timeout(template.functions()[function.as_str()]);
        let visible = number(queue, &["VisibilityTimeout"]).unwrap();
        assert!(visible >= 6 * timeout, "{name}: {visible} < 6 × {timeout}");
        let alarms = template.of_type("AWS::CloudWatch::Alarm");
        assert!(alarms.contains_key(format!("{dead}Alarm").as_str()), "{dead} has an alarm");
    }
}

/// A function that asks a silent table and then a silent queue is done with both before Lambda ends it, and has time
/// to say so.
#[test]
fn two_calls_in_vain_fit_into_the_time_of_every_function() {
    const TO_ANSWER: Duration = Duration::from_secs(1);
    let template = Template::read();
    for name in functions() {
        let function = template.functions()[format!("{}Function", pascal(&name)).as_str()];
        let timeout = Duration::from_secs(template.timeout(function));
        let patience = switchboard::needs(&name).unwrap().patience;
        assert!(2 * patience.call + TO_ANSWER <= timeout, "{name}: {patience:?} in {timeout:?}");
        let main = read(&format!("functions/{name}/src/main.rs"));
        let own = format!("({}::NEEDS", name.replace('-', "_"));
        assert!(main.contains(&own), "{name} is started with what it says");
    }
}

/// What it is not told it would miss only when it is first used; what it is told and does not need is one secret or one
/// name too many.
#[test]
fn a_function_is_told_what_it_needs_and_nothing_else() {
    let template = Template::read();
    let everywhere = at(&template.globals, &["Environment", "Variables"]).unwrap();
    assert_eq!(names(everywhere), ["ACCOUNT_SID"]);
    for name in functions() {
        let function = template.functions()[format!("{}Function", pascal(&name)).as_str()];
        let told = at(function, &["Environment", "Variables"]).map(names).unwrap_or_default();
        let told: BTreeSet<&str> =
            told.into_iter().filter(|name| !name.starts_with("CARRIER_")).collect();
        let needs = switchboard::needs(&name).unwrap().variables;
        assert_eq!(told, needs.iter().copied().collect(), "{name}");
    }
}

fn names(mapping: &Value) -> Vec<&str> {
    plain(mapping).as_mapping().unwrap().keys().filter_map(Value::as_str).collect()
}

/// The carrier hangs up after 15 seconds and posts again: an answer in vain must come well before.
#[test]
fn a_webhook_fails_fast_to_the_carriers_retry() {
    let patience = switchboard::needs("inbound-webhook").unwrap().patience;
    assert!(2 * patience.call <= Duration::from_secs(15) / 2, "{patience:?}");
    for name in functions().iter().filter(|name| *name != "inbound-webhook") {
        assert!(switchboard::needs(name).unwrap().patience.call > patience.call, "{name}");
    }
}

/// Since October 2025 a public URL needs both permissions; without the second every carrier hears 403.
#[test]
fn a_url_of_a_function_is_open_to_everybody_and_is_where_carriers_are_told_to_report() {
    let template = Template::read();
    let permissions = template.of_type("AWS::Lambda::Permission");
    for (name, url) in template.of_type("AWS::Lambda::Url") {
        let function = Template::named(&url["TargetFunctionArn"]);
        assert_eq!(text(url, &["AuthType"]), Some("NONE"), "{name}");
        let public = permissions.values().filter(|it| {
            Template::named(&it["FunctionName"]) == function
                && text(it, &["Principal"]) == Some("*")
        });
        let public: Vec<&&Value> = public.collect();
        let may = |action: &str, condition: &str, value: Value| {
            let is = |it: &Value| text(it, &["Action"]) == Some(action) && it[condition] == value;
            assert_eq!(public.iter().filter(|it| is(it)).count(), 1, "{name}: {action}");
        };
        may("lambda:InvokeFunctionUrl", "FunctionUrlAuthType", Value::String("NONE".to_owned()));
        may("lambda:InvokeFunction", "InvokedViaFunctionUrl", Value::Bool(true));
        assert_eq!(public.len(), 2, "{name}");
    }
    let outbound = template.functions()["OutboundMessageFunction"];
    let told = at(outbound, &["Environment", "Variables", "PUBLIC_URL"]).map(plain).unwrap();
    assert_eq!(Template::named(&told[2]), "InboundWebhookUrl");
}

#[test]
fn every_effect_has_a_queue_whose_consumer_is_its_receiver() {
    let template = Template::read();
    let receivers = [
        (QueueName::Inbound, "Inbound", "autocreation"),
        (QueueName::Invites, "Invites", "interaction-invite"),
        (QueueName::Routing, "Routing", "task-assignment"),
        (QueueName::Outbound, "Outbound", "outbound-message"),
        (QueueName::Receipts, "Receipts", "delivery-receipt"),
        (QueueName::Webhooks, "Webhooks", "webhook-delivery"),
        (QueueName::Media, "Media", "media-copy"),
        (QueueName::Timers, "Timers", "timer"),
    ];
    for (_, queue, receiver) in receivers {
        let expected = (format!("{}Function", pascal(receiver)), format!("{queue}Queue"));
        let wired = template.sources("SQS").into_iter();
        let wired = wired.map(|(function, it)| (function, Template::named(&it["Queue"])));
        assert!(wired.collect::<Vec<_>>().contains(&expected), "{expected:?}");
    }
}

#[test]
fn every_table_is_encrypted_recoverable_and_streams_what_it_holds() {
    let template = Template::read();
    let tables = template.of_type("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 6);
    for (name, table) in tables {
        assert_eq!(text(table, &["BillingMode"]), Some("PAY_PER_REQUEST"), "{name}");
        assert_eq!(text(table, &["SSESpecification", "SSEType"]), Some("KMS"), "{name}");
        let recovers =
            at(table, &["PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"]);
        assert_eq!(recovers.and_then(Value::as_bool), Some(true), "{name}");
        let view = text(table, &["StreamSpecification", "StreamViewType"]);
        let expected = match name {
            "ConnectionsTable" | "EventsTable" => None,
            // What happened follows from both images.
            "RoutingTable" => Some("NEW_AND_OLD_IMAGES"),
            _ => Some("NEW_IMAGE"),
        };
        assert_eq!(view, expected, "{name}");
    }
}

#[test]
fn every_table_with_effects_is_read_by_the_relay() {
    let template = Template::read();
    let relayed: Vec<String> = template
        .sources("DynamoDB")
        .into_iter()
        .filter(|(function, _)| function == "EffectRelayFunction")
        .map(|(_, source)| Template::named(&source["Stream"]))
        .collect();
    for table in ["ConversationsTable", "InteractionsTable", "RoutingTable"] {
        assert!(relayed.iter().any(|it| it == table), "{table}");
    }
}

/// The patterns by which a function's mappings of streams are filtered, each mapping's together.
fn patterns(template: &Template, function: &str) -> Vec<Vec<serde_json::Value>> {
    let mappings = template.sources("DynamoDB").into_iter().filter(|(name, _)| name == function);
    let of = |(_, source): (String, Value)| {
        let filters = at(&source, &["FilterCriteria", "Filters"]).and_then(Value::as_sequence);
        let texts = filters.unwrap().iter().map(|filter| text(filter, &["Pattern"]).unwrap());
        texts.map(|text| serde_json::from_str(text).unwrap()).collect()
    };
    mappings.map(of).collect()
}

#[test]
fn streams_wake_the_relay_for_effects_and_the_log_for_kinds_that_have_events() {
    let template = Template::read();
    let effects = json!({ "dynamodb": { "NewImage": { "fx": { "S": [{ "exists": true }] } } } });
    let relay = patterns(&template, "EffectRelayFunction");
    let taken = json!({ "dynamodb": { "NewImage": {
        "kind": { "S": ["Task"] }, "status": { "S": ["assigned"] },
    } } });
    let carried = vec![effects.clone()];
    assert_eq!(relay, [carried.clone(), carried, vec![effects, taken]]);
    let kinds = |image: &str| json!({ "dynamodb": { image: { "kind": { "S": Routed::KINDS } } } });
    let log = patterns(&template, "EventLogFunction");
    assert_eq!(log, [[kinds("NewImage"), kinds("OldImage")]]);
}

#[test]
fn the_routing_table_is_read_by_the_event_log() {
    let template = Template::read();
    let sources = template.sources("DynamoDB").into_iter();
    let logged: Vec<String> = sources
        .filter(|(function, _)| function == "EventLogFunction")
        .map(|(_, source)| Template::named(&source["Stream"]))
        .collect();
    assert_eq!(logged, ["RoutingTable"]);
}

#[test]
fn no_role_has_a_wildcard() {
    let template = Template::read();
    for name in functions() {
        let role = format!("{}Role", pascal(&name));
        let policies = template.resources[&role]["Properties"]["Policies"].as_sequence().unwrap();
        for policy in policies {
            let statements = policy["PolicyDocument"]["Statement"].as_sequence().unwrap();
            for statement in statements {
                for member in ["Action", "Resource"] {
                    let all = match plain(&statement[member]) {
                        Value::Sequence(all) => all.clone(),
                        one => vec![one.clone()],
                    };
                    for one in all {
                        let text = plain(&one).as_str().unwrap_or_default().to_owned();
                        let wild = text == "*" || (member == "Action" && text.contains('*'));
                        assert!(!wild, "{role}: {member} {text}");
                    }
                }
            }
        }
    }
}

/// The key seals everything that is stored. What it seals of connections and of API keys, it seals under a word of their own,
/// by which roles tell it from everything else.
#[test]
fn secrets_are_sealed_and_opened_by_the_functions_that_have_a_part_in_them() {
    const WORDS: [(&str, &str); 2] = [("connection", "CN*"), ("api_key", "SK*")];
    let about = |word: &str| format!("kms:EncryptionContext:{word}");
    let template = Template::read();
    let mut may: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for name in functions() {
        let role = format!("{}Role", pascal(&name));
        let policies = template.resources[&role]["Properties"]["Policies"].as_sequence().unwrap();
        let statements =
            policies.iter().flat_map(|it| it["PolicyDocument"]["Statement"].as_sequence().unwrap());
        for statement in statements {
            let actions = serde_json::to_string(&statement["Action"]).unwrap();
            if !actions.contains("kms:") {
                continue;
            }
            let condition = &statement["Condition"];
            let is_of =
                |(word, whose): &&(&str, &str)| condition["StringLike"][about(word)] == *whose;
            let Some((word, _)) = WORDS.iter().find(is_of) else {
                for (word, _) in WORDS {
                    assert_eq!(condition["Null"][about(word)], "true", "{name} opens all: {word}");
                }
                assert!(!actions.contains("kms:Encrypt"), "{name}: {actions}");
                continue;
            };
            assert_eq!(condition.as_mapping().unwrap().len(), 1, "{name}");
            assert_eq!(condition["StringLike"].as_mapping().unwrap().len(), 1, "{name}");
            for action in ["kms:Encrypt", "kms:Decrypt"] {
                if actions.contains(action) {
                    may.entry((*word, action)).or_default().insert(name.clone());
                }
            }
        }
    }
    let expected = [
        (("api_key", "kms:Decrypt"), &["conversations-api", "media-api", "taskrouter-api"][..]),
        (("api_key", "kms:Encrypt"), &["messaging-api"]),
        (
            ("connection", "kms:Decrypt"),
            &["carriers-api", "inbound-webhook", "media-copy", "outbound-message"],
        ),
        (("connection", "kms:Encrypt"), &["carriers-api"]),
    ];
    let expected =
        expected.map(|(what, who)| (what, who.iter().map(|it| (*it).to_owned()).collect()));
    assert_eq!(may, BTreeMap::from(expected));
}

/// `sam deploy` cuts a value at the first quote that is not escaped, so what is left of JSON must not be taken for it.
#[test]
fn a_parameter_that_holds_json_refuses_what_is_left_of_it() {
    let document: Value = serde_norway::from_str(&read("infra/template.yaml")).unwrap();
    let mut found = BTreeSet::new();
    for (name, parameter) in document["Parameters"].as_mapping().unwrap() {
        let expected = match text(parameter, &["Default"]) {
            Some(json) if json.starts_with('{') => r"^\{[\s\S]*\}$",
            Some(json) if json.starts_with('[') => r"^\[[\s\S]*\]$",
            _ => continue,
        };
        assert_eq!(text(parameter, &["AllowedPattern"]), Some(expected), "{name:?}");
        found.insert(name.as_str().unwrap());
    }
    assert_eq!(
        found,
        BTreeSet::from(["Carriers", "IceServers", "RateCards", "RateLimits", "SpendCaps"])
    );
}
