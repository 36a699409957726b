//! Flows: what a published definition of widgets does with a new conversation.
//!
//! The first step of a flow is a pure rule, taken inside the decision about the customer's message. What is
//! understood is a trigger that leads to a widget handing the conversation to an agent (rule A.6); any
//! other widget ends the walk, and says so.

use serde_json::{Map, Value, json};

use crate::conversation::{Conversation, Pair};
use crate::sid::WorkflowSid;

/// The longest definition that is kept, in bytes.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;
/// How long a task of a flow waits if the widget does not say, in seconds (rule A.6).
pub const TASK_TIMEOUT_SECONDS: i64 = 3600;
/// The longest it may wait, in seconds.
pub const TASK_TIMEOUT_SECONDS_MAX: i64 = 1_209_600;
/// The longest attributes that the widget may add, in characters.
pub const ATTRIBUTES_CHARS_MAX: usize = 1024;
/// The event that an incoming conversation is to a trigger.
const TRIGGER_EVENT: &str = "incomingConversationMessage";
/// Steps that are walked at most; a definition can be a circle.
const STEPS_MAX: usize = 100;

/// Why a definition is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// Too large.
    #[error("Definition is longer than {DEFINITION_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("Definition is not valid JSON: line {0}, column {1}")]
    NotJson(usize, usize),
    /// A member is missing or wrong.
    #[error("Definition member {0} {1}")]
    Member(String, &'static str),
}

/// A widget that hands the conversation to an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct HandOver {
    /// The workflow that finds the agent.
    pub workflow: WorkflowSid,
    /// The task channel, by identifier or unique name.
    pub channel: String,
    /// Attributes to add, with `{{…}}` still in them; an object.
    pub attributes: Value,
    /// The task's priority.
    pub priority: i64,
    /// How long the task may wait, in seconds.
    pub timeout_seconds: i64,
}

/// The first thing a flow does with a new conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Hand it to an agent.
    HandOver(HandOver),
    /// Nothing: the trigger leads nowhere, or to this widget, which is not understood.
    Ends {
        /// The widget's type.
        widget: Option<String>,
    },
}

/// Reads a definition and finds its first step.
pub fn first_step(definition: &str) -> Result<Step, FlowError> {
    if definition.len() > DEFINITION_BYTES_MAX {
        return Err(FlowError::TooLarge);
    }
    let definition: Value = serde_json::from_str(definition)
        .map_err(|error| FlowError::NotJson(error.line(), error.column()))?;
    let states = definition["states"]
        .as_array()
        .ok_or_else(|| FlowError::Member("states".to_owned(), "must be a list"))?;
    let initial = definition["initial_state"]
        .as_str()
        .ok_or_else(|| FlowError::Member("initial_state".to_owned(), "must be a name"))?;
    let named = |name: &str| states.iter().find(|state| state["name"].as_str() == Some(name));
    let mut state = named(initial)
        .ok_or_else(|| FlowError::Member("initial_state".to_owned(), "names no state"))?;
    for _ in 0..STEPS_MAX {
        match state["type"].as_str() {
            Some("send-to-flex") => return hand_over(state).map(Step::HandOver),
            Some("trigger") => {}
            other => {
                return Ok(Step::Ends { widget: other.map(str::to_owned) });
            }
        }
        let Some(next) = next_state(state) else {
            return Ok(Step::Ends { widget: None });
        };
        state = named(next).ok_or_else(|| {
            FlowError::Member(
                format!("states.{}.transitions", text(state, "name")),
                "leads nowhere",
            )
        })?;
    }
    Ok(Step::Ends { widget: None })
}

fn next_state(state: &Value) -> Option<&str> {
    let transitions = state["transitions"].as_array()?;
    transitions.iter().find(|one| one["event"] == TRIGGER_EVENT)?["next"].as_str()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn hand_over(state: &Value) -> Result<HandOver, FlowError> {
    let member = |name: &str| format!("states.{}.properties.{name}", text(state, "name"));
    let properties = &state["properties"];
    let workflow = text(properties, "workflow")
        .parse()
        .map_err(|_| FlowError::Member(member("workflow"), "must be a workflow's WW sid"))?;
    let channel = text(properties, "channel");
    if channel.is_empty() {
        return Err(FlowError::Member(member("channel"), "must be a task channel"));
    }
    let given = properties["attributes"].as_str().filter(|text| !text.trim().is_empty());
    let given = given.unwrap_or("{}");
    if given.chars().count() > ATTRIBUTES_CHARS_MAX {
        return Err(FlowError::Member(member("attributes"), "is longer than 1024 characters"));
    }
    let attributes: Map<String, Value> = serde_json::from_str(given)
        .map_err(|_| FlowError::Member(member("attributes"), "must be a JSON object in text"))?;
    let timeout_seconds = number(properties, "timeout").unwrap_or(TASK_TIMEOUT_SECONDS);
    if !(1..=TASK_TIMEOUT_SECONDS_MAX).contains(&timeout_seconds) {
        return Err(FlowError::Member(member("timeout"), "must be from 1 to 1209600 seconds"));
    }
    Ok(HandOver {
        workflow,
        channel: channel.to_owned(),
        attributes: Value::Object(attributes),
        priority: number(properties, "priority").unwrap_or(0).clamp(0, i64::from(i32::MAX)),
        timeout_seconds,
    })
}

/// A number, or a number in text.
fn number(properties: &Value, member: &str) -> Option<i64> {
    let value = &properties[member];
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

impl HandOver {
    /// Whether the attributes have `{{…}}` in them.
    pub fn has_variables(&self) -> bool {
        let mut texts = self.attributes.as_object().into_iter().flatten();
        texts.any(|(_, value)| value.as_str().is_some_and(|text| text.contains("{{")))
    }

    /// The attributes that the task gets: what the widget says of the customer, and what its author added.
    pub fn task_attributes(&self, conversation: &Conversation, body: Option<&str>) -> Value {
        let pair = conversation.contact();
        let pair = pair.as_ref();
        let mut all = Map::new();
        if let Some(pair) = pair {
            let address = pair.address.as_str();
            for key in ["customerAddress", "from", "name", "customerName"] {
                all.insert(key.to_owned(), json!(address));
            }
            all.insert("channelType".to_owned(), json!(pair.address.channel().name()));
        }
        if let Some(given) = self.attributes.as_object() {
            for (key, value) in given {
                all.insert(key.clone(), filled(value, conversation, pair, body));
            }
        }
        Value::Object(all)
    }
}

/// Fills `{{trigger.…}}` in text values; what is not known becomes nothing.
fn filled(
    value: &Value,
    conversation: &Conversation,
    pair: Option<&Pair>,
    body: Option<&str>,
) -> Value {
    let Some(mut rest) = value.as_str() else {
        return value.clone();
    };
    let mut out = String::new();
    while let Some((before, from)) = rest.split_once("{{") {
        let Some((name, after)) = from.split_once("}}") else {
            break;
        };
        out.push_str(before);
        out.push_str(&variable(name.trim(), conversation, pair, body));
        rest = after;
    }
    out.push_str(rest);
    Value::String(out)
}

fn variable(
    name: &str,
    conversation: &Conversation,
    pair: Option<&Pair>,
    body: Option<&str>,
) -> String {
    let attributes = || -> Value {
        let text = conversation.attributes.as_deref().unwrap_or("{}");
        serde_json::from_str(text).unwrap_or_default()
    };
    match name.rsplit('.').next().unwrap_or_default() {
        "From" | "Author" => pair.map(|pair| pair.address.to_string()).unwrap_or_default(),
        "To" => pair.map(|pair| pair.proxy.to_string()).unwrap_or_default(),
        "Body" => body.unwrap_or_default().to_owned(),
        "ConversationSid" | "ChannelSid" => conversation.sid.to_string(),
        _ if name.contains("ChannelAttributes.") => {
            let path = name.split_once("ChannelAttributes.").map_or("", |(_, path)| path);
            let pointer = format!("/{}", path.replace('.', "/"));
            match attributes().pointer(&pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::Defaults;
    use crate::sid::ConversationSid;
    use crate::sid::Sid as _;
    use crate::timestamp::Timestamp;

    fn definition(workflow: &str, attributes: &str) -> String {
        json!({
            "states": [
                {"name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                    {"event": "incomingMessage"},
                    {"event": TRIGGER_EVENT, "next": "agent"}]},
                {"name": "agent", "type": "send-to-flex", "transitions": [], "properties": {
                    "workflow": workflow, "channel": "chat", "attributes": attributes,
                    "priority": "5", "timeout": "60"}},
            ],
            "initial_state": "Trigger",
        })
        .to_string()
    }

    #[test]
    fn a_trigger_leads_to_the_agent() {
        let workflow = WorkflowSid::derived(&["w"]);
        let step = first_step(&definition(&workflow.to_string(), r#"{"topic":"sales"}"#)).unwrap();
        let Step::HandOver(found) = step else { panic!("{step:?}") };
        assert_eq!((found.workflow, found.priority, found.timeout_seconds), (workflow, 5, 60));
        assert_eq!(found.attributes, json!({"topic": "sales"}));
    }

    #[test]
    fn flows_that_cannot_work_name_the_reason() {
        let text = first_step(&definition("WW1", "{}")).unwrap_err().to_string();
        assert!(text.contains("states.agent.properties.workflow"), "{text}");
        let workflow = WorkflowSid::derived(&["w"]).to_string();
        let text = first_step(&definition(&workflow, "[1]")).unwrap_err().to_string();
        assert!(text.contains("attributes"), "{text}");
        assert!(matches!(first_step("{"), Err(FlowError::NotJson(1, _))));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-c]".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::from)
        })
    }

    fn state() -> impl Strategy<Value = Value> {
        let kind = prop::sample::select(vec!["trigger", "trigger", "send-to-flex", "send-message"]);
        let next = prop_oneof!["[a-d]".prop_map(Value::from), any_json()];
        let workflow = prop_oneof![Just(json!(WorkflowSid::derived(&["w"]))), any_json()];
        let attributes = prop_oneof![Just(json!("{\"a\":\"{{x}}\"}")), any_json()];
        let given = (workflow, attributes, any_json(), any_json());
        ("[a-c]", kind, next, given).prop_map(|(name, kind, next, given)| {
            let (workflow, attributes, priority, timeout) = given;
            json!({"name": name, "type": kind, "transitions": [{"event": TRIGGER_EVENT, "next": next}],
                "properties": {"workflow": workflow, "channel": "chat", "attributes": attributes,
                    "priority": priority, "timeout": timeout}})
        })
    }

    proptest! {
        #[test]
        fn any_definition_ends_in_a_step_within_bounds_or_is_refused(
            states in prop::collection::vec(prop_oneof![5 => state(), 1 => any_json()], 0..6),
            initial in prop_oneof![4 => Just(json!("a")), 1 => any_json()],
        ) {
            let text = json!({"states": states, "initial_state": initial}).to_string();
            if let Ok(Step::HandOver(found)) = first_step(&text) {
                prop_assert!((1..=TASK_TIMEOUT_SECONDS_MAX).contains(&found.timeout_seconds));
                prop_assert!((0..=i64::from(i32::MAX)).contains(&found.priority));
                prop_assert!(found.attributes.is_object() && !found.channel.is_empty());
            }
        }

        #[test]
        fn any_text_is_a_definition_or_refused(text in any::<String>()) {
            prop_assert!(first_step(&text).is_err());
        }

        #[test]
        fn braces_in_any_order_are_filled_once_and_what_fills_them_is_not_read_again(
            text in "([{}a .é]|\\{\\{|\\}\\}|Body|ChannelAttributes\\.){0,20}", body in "[{}Body]{0,20}",
        ) {
            let sid = ConversationSid::derived(&["c"]);
            let service = crate::sid::ServiceSid::derived(&["s"]);
            let on = Conversation::new(sid, service, Defaults::default(), Timestamp(0));
            let out = filled(&json!(text), &on, None, Some(&body));
            let places = text.matches("{{").count();
            prop_assert!(out.as_str().unwrap().len() <= text.len() + places * body.len());
        }
    }

    #[test]
    fn nesting_without_end_and_size_without_end_are_refused() {
        let bomb = "[".repeat(DEFINITION_BYTES_MAX);
        assert!(matches!(first_step(&bomb), Err(FlowError::NotJson(..))));
        assert_eq!(first_step(&" ".repeat(DEFINITION_BYTES_MAX + 1)), Err(FlowError::TooLarge));
        let deep = definition(&WorkflowSid::derived(&["w"]).to_string(), &"{\"a\":".repeat(170));
        assert!(matches!(first_step(&deep), Err(FlowError::Member(..))));
    }

    #[test]
    fn a_circle_of_triggers_ends() {
        let circle = json!({"initial_state": "a", "states": [
            {"name": "a", "type": "trigger", "transitions": [{"event": TRIGGER_EVENT, "next": "a"}]}]});
        assert_eq!(first_step(&circle.to_string()), Ok(Step::Ends { widget: None }));
    }
}
