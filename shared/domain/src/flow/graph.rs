//! A definition, read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::condition::Condition;
use super::reading::Reading;
use super::widget::{SendToFlex, Unfit, Widget};
use super::{DEFINITION_BYTES_MAX, FlowError, STATES_MAX};
use crate::sid::FlowSid;

/// A definition that can be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub(super) states: BTreeMap<String, State>,
    pub(super) initial: String,
    /// The first state of the definition that hands over to an agent.
    fallback: Option<String>,
    /// What its author should know.
    pub warnings: Vec<String>,
}

/// A state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) widget: Widget,
    pub(super) transitions: Vec<Transition>,
}

/// Where a state leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transition {
    pub(super) event: String,
    pub(super) next: Option<String>,
    pub(super) conditions: Vec<Condition>,
}

/// A flow in one of its revisions.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The flow.
    pub flow: FlowSid,
    /// Its revision.
    pub revision: u32,
    /// What it does.
    pub graph: Graph,
}

/// The flows that an execution may come to: its own, and those that it runs within.
pub type Programs = BTreeMap<FlowSid, Arc<Program>>;

impl Graph {
    /// Reads a definition.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the definition.
    pub fn read(definition: &str) -> Result<Self, Vec<FlowError>> {
        if definition.len() > DEFINITION_BYTES_MAX {
            return Err(vec![FlowError::TooLarge]);
        }
        let definition: Value = serde_json::from_str(definition)
            .map_err(|error| vec![FlowError::NotJson(error.line(), error.column())])?;
        let wrong = |member: &str, what| vec![FlowError::Member(member.to_owned(), what)];
        let states = definition["states"].as_array();
        let states = states.ok_or_else(|| wrong("states", "must be a list"))?;
        if states.len() > STATES_MAX {
            return Err(wrong("states", "has more than 1000 members"));
        }
        let initial = definition["initial_state"].as_str();
        let initial = initial.ok_or_else(|| wrong("initial_state", "must be a name"))?;
        let mut graph = Self {
            states: BTreeMap::new(),
            initial: initial.to_owned(),
            fallback: None,
            warnings: Vec::new(),
        };
        let mut errors = Vec::new();
        let names = |name: &str| states.iter().any(|one| one["name"].as_str() == Some(name));
        if !names(initial) {
            errors.extend(wrong("initial_state", "names no state"));
        }
        for state in states {
            graph.read_state(state, &names, &mut errors);
        }
        if errors.is_empty() { Ok(graph) } else { Err(errors) }
    }

    fn read_state(
        &mut self,
        state: &Value,
        names: &dyn Fn(&str) -> bool,
        errors: &mut Vec<FlowError>,
    ) {
        let name = state["name"].as_str().unwrap_or_default();
        let kind = state["type"].as_str().unwrap_or_default();
        if name.is_empty() || self.states.contains_key(name) {
            let what = "must be names, each once";
            errors.push(FlowError::Member("states.name".to_owned(), what));
            return;
        }
        let (properties, found) = (&state["properties"], Vec::new());
        let mut reading = Reading { name, properties, errors: found, warnings: Vec::new(), names };
        let widget = match Widget::read(kind, &mut reading) {
            Ok(widget) => widget,
            Err(Unfit::Voice) => {
                errors.push(FlowError::VoiceWidget(name.to_owned(), kind.to_owned()));
                return;
            }
            Err(Unfit::Unknown) => {
                errors.push(FlowError::UnknownWidget(name.to_owned(), kind.to_owned()));
                return;
            }
        };
        let mut transitions = Vec::new();
        for given in state["transitions"].as_array().into_iter().flatten() {
            let next = given["next"].as_str().filter(|next| !next.is_empty());
            if next.is_some_and(|next| !names(next)) {
                let path = format!("states.{name}.transitions");
                reading.errors.push(FlowError::Member(path, "leads nowhere"));
            }
            let conditions = given["conditions"].as_array().into_iter().flatten();
            let conditions =
                conditions.filter_map(|one| Condition::read(&mut reading, one)).collect();
            transitions.push(Transition {
                event: given["event"].as_str().unwrap_or_default().to_owned(),
                next: next.map(str::to_owned),
                conditions,
            });
        }
        errors.append(&mut reading.errors);
        self.warnings.append(&mut reading.warnings);
        if matches!(widget, Widget::HandOver(_)) && self.fallback.is_none() {
            self.fallback = Some(name.to_owned());
        }
        self.states.insert(name.to_owned(), State { widget, transitions });
    }

    /// The widgets that hand over to an agent, that of a failure first.
    pub fn hand_overs(&self) -> impl Iterator<Item = &SendToFlex> {
        let first = self.fallback();
        let others = self.states.iter().filter(|(name, _)| Some(*name) != self.fallback.as_ref());
        let others = others.filter_map(|(_, state)| match &state.widget {
            Widget::HandOver(widget) => Some(widget),
            Widget::Trigger
            | Widget::Say(_)
            | Widget::Ask(_)
            | Widget::Split(_)
            | Widget::SetVariables(_)
            | Widget::Call(_)
            | Widget::Subflow(_)
            | Widget::Membership(_)
            | Widget::Start(_) => None,
        });
        first.into_iter().chain(others)
    }

    /// To whom the customer is handed when the flow cannot go on.
    pub fn fallback(&self) -> Option<&SendToFlex> {
        match &self.states.get(self.fallback.as_ref()?)?.widget {
            Widget::HandOver(widget) => Some(widget),
            Widget::Trigger
            | Widget::Say(_)
            | Widget::Ask(_)
            | Widget::Split(_)
            | Widget::SetVariables(_)
            | Widget::Call(_)
            | Widget::Subflow(_)
            | Widget::Membership(_)
            | Widget::Start(_) => None,
        }
    }

    /// The flows that it runs within.
    pub fn subflows(&self) -> impl Iterator<Item = FlowSid> {
        self.states.values().filter_map(|state| match &state.widget {
            Widget::Subflow(widget) => widget.flow,
            Widget::Trigger
            | Widget::Say(_)
            | Widget::Ask(_)
            | Widget::Split(_)
            | Widget::SetVariables(_)
            | Widget::Call(_)
            | Widget::HandOver(_)
            | Widget::Membership(_)
            | Widget::Start(_) => None,
        })
    }
}

impl State {
    /// Where an event leads; an event with no transition leads nowhere.
    pub(super) fn next(&self, event: &str) -> Option<&str> {
        self.transitions.iter().find(|one| one.event == event)?.next.as_deref()
    }
}
