//! The step function: what an execution does when something comes in.
//!
//! It runs on through the widgets that only decide, until one waits or nothing stands behind it. What it wants of the world is told as
//! [`Act`]s; whoever commits the turn carries them out in the same transaction.

use serde_json::{Map, Value, json};

use super::context::keep;
use super::end::{End, Trouble};
use super::execution::{BYTES_MAX, FlowExecution, FlowSteps, Frame, Step, Wait};
use super::graph::{Graph, Programs, State};
use super::text::parsed;
use super::trigger::{Said, Trigger};
use super::widget::{Answer, Ask, Handing, Request, Say, Subflow, Widget};
use crate::timestamp::Timestamp;

/// So many widgets are passed at most without waiting: more go round.
const PASSES_MAX: usize = 100;
/// So often it speaks at most without waiting.
pub const SAYS_MAX: usize = 10;
/// So many steps an execution takes at most.
const STEPS_MAX: u32 = 1000;
/// Flows run in one another so deep at most.
const FRAMES_MAX: usize = 5;

/// What comes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// It begins.
    Begin,
    /// The customer wrote.
    Reply(Said),
    /// Nobody did anything; it is looked at.
    Look,
    /// What was said could not be delivered.
    Undelivered,
    /// An endpoint answered, or did not.
    Answer(Answer),
}

/// What it wants of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Say something in the conversation.
    Say {
        /// The text.
        body: String,
        /// The address of a picture.
        media: Option<String>,
    },
    /// Add somebody to the conversation.
    Join {
        /// Who.
        identity: String,
    },
    /// Take somebody out of it.
    Leave {
        /// Who.
        identity: String,
    },
    /// Make the call of the widget that it waits in.
    Call,
    /// Hand the conversation to an agent.
    HandOver(Handing),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The execution as it then stands.
    pub execution: FlowExecution,
    /// What it wants, in order.
    pub acts: Vec<Act>,
    /// Steps that have no place in it any more.
    pub older: Option<FlowSteps>,
}

/// What a widget did.
enum Did {
    /// It is through, with that event.
    Event(&'static str),
    /// It goes there, for that event.
    Next(&'static str, Option<String>),
    /// It waits.
    Waits(Wait),
    /// A flow within begins.
    Enters(Frame),
    /// The execution is over.
    Ends(End),
}

/// Lets an execution go on; none if nothing comes of it: it is over, waits for something else, or its time has not come. A flow that
/// cannot go on hands the customer to its own agents, if it has any.
pub fn advance(
    programs: &Programs,
    execution: &FlowExecution,
    input: Input,
    now: Timestamp,
) -> Option<Turn> {
    let mut run = Run {
        programs,
        execution: execution.clone(),
        context: execution.context(),
        now,
        acts: Vec::new(),
    };
    let did = match run.taken_up(input) {
        Ok(did) => did?,
        Err(trouble) => Did::Ends(End::Failed(trouble)),
    };
    run.execution.turn += 1;
    run.execution.updated = now;
    run.execution.waits = None;
    let end = run.goes_on(did).unwrap_or_else(|trouble| Some(End::Failed(trouble)));
    Some(run.done(end))
}

/// The call that an execution waits for.
///
/// # Errors
/// What cannot be filled in. None if it waits for no call.
pub fn request_of(
    programs: &Programs,
    execution: &FlowExecution,
    now: Timestamp,
) -> Option<Result<Request, Trouble>> {
    if execution.waits != Some(Wait::Answer) {
        return None;
    }
    let frame = execution.frames.last()?;
    match &programs.get(&frame.flow)?.graph.states.get(&frame.state)?.widget {
        Widget::Call(widget) => Some(widget.request(&execution.context(), now)),
        Widget::Trigger
        | Widget::Say(_)
        | Widget::Ask(_)
        | Widget::Split(_)
        | Widget::SetVariables(_)
        | Widget::Subflow(_)
        | Widget::HandOver(_)
        | Widget::Membership(_)
        | Widget::Start(_) => None,
    }
}

struct Run<'a> {
    programs: &'a Programs,
    execution: FlowExecution,
    context: Value,
    now: Timestamp,
    acts: Vec<Act>,
}

impl<'a> Run<'a> {
    fn graph(&self) -> Result<&'a Graph, Trouble> {
        let flow = self.frame()?.flow;
        Ok(&self.programs.get(&flow).ok_or(Trouble::NoSuchFlow)?.graph)
    }

    fn state(&self) -> Result<&'a State, Trouble> {
        let name = &self.frame()?.state;
        self.graph()?.states.get(name).ok_or(Trouble::NoSuchFlow)
    }

    fn frame(&self) -> Result<&Frame, Trouble> {
        self.execution.frames.last().ok_or(Trouble::NoSuchFlow)
    }

    fn frame_mut(&mut self) -> Result<&mut Frame, Trouble> {
        self.execution.frames.last_mut().ok_or(Trouble::NoSuchFlow)
    }

    /// What comes of what came in; none if it waits for something else.
    fn taken_up(&mut self, input: Input) -> Result<Option<Did>, Trouble> {
        if self.execution.end.is_some() {
            return Ok(None);
        }
        let waits = self.execution.waits.clone();
        Ok(match (waits, input) {
            (Some(Wait::Begin), Input::Begin) => Some(self.begun()?),
            (Some(Wait::Reply { .. }), Input::Reply(said)) => {
                self.outputs(json!({"inbound": said.kept()}))?;
                Some(Did::Event("incomingMessage"))
            }
            (Some(Wait::Reply { until, attempt }), Input::Look) if until <= self.now => {
                Some(self.asks_again(attempt)?)
            }
            (Some(Wait::Reply { .. }), Input::Undelivered) => Some(Did::Event("deliveryFailure")),
            (Some(Wait::Answer), Input::Answer(answer)) => {
                let event = if answer.succeeded() { "success" } else { "failed" };
                // Of a function the same is called otherwise.
                let is_function = self.state()?.next("fail").is_some();
                let event = if event == "failed" && is_function { "fail" } else { event };
                self.outputs(answer.output())?;
                Some(Did::Event(event))
            }
            (_, _) => None,
        })
    }

    fn begun(&mut self) -> Result<Did, Trouble> {
        let graph = self.graph()?;
        self.frame_mut()?.state.clone_from(&graph.initial);
        let state = self.state()?;
        let events = self.frame()?.trigger.events();
        let event = events.iter().find(|event| state.next(event).is_some());
        Ok(Did::Event(event.or(events.first()).copied().unwrap_or_default()))
    }

    fn asks_again(&mut self, attempt: u32) -> Result<Did, Trouble> {
        match &self.state()?.widget {
            Widget::Ask(ask) if attempt < ask.attempts => self.asks(ask, attempt + 1),
            Widget::Trigger
            | Widget::Say(_)
            | Widget::Ask(_)
            | Widget::Split(_)
            | Widget::SetVariables(_)
            | Widget::Call(_)
            | Widget::Subflow(_)
            | Widget::HandOver(_)
            | Widget::Membership(_)
            | Widget::Start(_) => Ok(Did::Event("timeout")),
        }
    }

    /// Goes on until something waits; tells how it ended, if it did.
    fn goes_on(&mut self, mut did: Did) -> Result<Option<End>, Trouble> {
        for _ in 0..PASSES_MAX {
            let (event, next) = match did {
                Did::Waits(wait) => {
                    self.execution.waits = Some(wait);
                    return Ok(None);
                }
                Did::Ends(end) => {
                    if end == End::HandedOver {
                        self.steps("handed over", None)?;
                    }
                    return Ok(Some(end));
                }
                Did::Enters(frame) => {
                    if self.execution.frames.len() >= FRAMES_MAX {
                        return Err(Trouble::TooDeep);
                    }
                    self.execution.frames.push(frame);
                    self.context = self.execution.context();
                    did = self.begun()?;
                    continue;
                }
                Did::Event(event) => (event, self.state()?.next(event).map(str::to_owned)),
                Did::Next(event, next) => (event, next),
            };
            self.steps(event, next.clone())?;
            did = match next {
                Some(next) => {
                    self.frame_mut()?.state = next;
                    self.does()?
                }
                None if self.execution.frames.len() > 1 => self.leaves()?,
                None => return Ok(Some(End::Finished)),
            };
        }
        Err(Trouble::Loop)
    }

    fn steps(&mut self, event: &str, to: Option<String>) -> Result<(), Trouble> {
        let from = self.frame()?.state.clone();
        self.execution.taken += 1;
        let number = self.execution.taken;
        let step = Step { number, from, to, event: event.to_owned(), at: self.now };
        self.execution.steps.push(step);
        if number > STEPS_MAX { Err(Trouble::TooManySteps) } else { Ok(()) }
    }

    /// A flow within has come to its end.
    fn leaves(&mut self) -> Result<Did, Trouble> {
        let inner = self.execution.frames.pop().ok_or(Trouble::NoSuchFlow)?;
        let mut output = inner.variables.clone();
        output.insert("variables".to_owned(), Value::Object(inner.variables));
        self.outputs(Value::Object(output))?;
        Ok(Did::Event("completed"))
    }

    /// Keeps what came of the widget.
    fn outputs(&mut self, output: Value) -> Result<(), Trouble> {
        let frame = self.frame_mut()?;
        let name = frame.state.clone();
        keep(&mut frame.widgets, &name, output);
        self.context = self.execution.context();
        Ok(())
    }

    /// The widget does what it is for.
    fn does(&mut self) -> Result<Did, Trouble> {
        let state = self.state()?;
        Ok(match &state.widget {
            Widget::Trigger => Did::Event("next"),
            Widget::Say(say) => {
                self.says(say)?;
                Did::Event("sent")
            }
            Widget::Ask(ask) => self.asks(ask, 1)?,
            Widget::Split(split) => {
                let input = split.input.filled(&self.context, self.now)?;
                return self.splits(state, &input);
            }
            Widget::SetVariables(_) => self.sets(state)?,
            Widget::Call(widget) => {
                // What cannot be filled in is known before anybody is called.
                widget.request(&self.context, self.now)?;
                self.acts.push(Act::Call);
                Did::Waits(Wait::Answer)
            }
            Widget::Subflow(subflow) => self.enters(subflow)?,
            Widget::HandOver(widget) => {
                let handing = widget.handing(&self.context, self.now)?;
                self.execution.handing = Some(handing.clone());
                self.acts.push(Act::HandOver(handing));
                Did::Ends(End::HandedOver)
            }
            Widget::Membership(widget) => {
                let identity = widget.identity.filled(&self.context, self.now)?;
                self.acts.push(match widget.joins {
                    true => Act::Join { identity },
                    false => Act::Leave { identity },
                });
                Did::Event("success")
            }
            Widget::Start(_) => match self.execution.conversation {
                Some(_) => Did::Event("failed"),
                None => Did::Event("success"),
            },
        })
    }

    fn says(&mut self, say: &Say) -> Result<(), Trouble> {
        let (body, media) = say.said(&self.context, self.now)?;
        let said = self.acts.iter().filter(|act| matches!(act, Act::Say { .. })).count();
        if said >= SAYS_MAX {
            return Err(Trouble::Loop);
        }
        self.outputs(json!({"outbound": {"Body": body}}))?;
        // A text that is filled with nothing is not said.
        if !body.is_empty() || media.is_some() {
            self.acts.push(Act::Say { body, media });
        }
        Ok(())
    }

    fn asks(&mut self, ask: &Ask, attempt: u32) -> Result<Did, Trouble> {
        self.says(&ask.say)?;
        Ok(Did::Waits(Wait::Reply { until: self.now + ask.timeout, attempt }))
    }

    fn splits(&self, state: &State, input: &str) -> Result<Did, Trouble> {
        for one in state.transitions.iter().filter(|one| one.event == "match") {
            let mut holds = !one.conditions.is_empty();
            for condition in &one.conditions {
                holds = holds && condition.holds(input, &self.context, self.now)?;
            }
            if holds {
                return Ok(Did::Next("match", one.next.clone()));
            }
        }
        Ok(Did::Event("noMatch"))
    }

    fn sets(&mut self, state: &State) -> Result<Did, Trouble> {
        let Widget::SetVariables(widget) = &state.widget else { return Err(Trouble::NoSuchFlow) };
        let mut set = Map::new();
        for one in &widget.variables {
            let text = one.value.filled(&self.context, self.now)?;
            let value = if one.is_json { parsed(text) } else { Value::String(text) };
            set.insert(one.key.clone(), value.clone());
            self.frame_mut()?.variables.insert(one.key.clone(), value);
            self.context = self.execution.context();
        }
        // Flows look them up under the widget as well.
        self.outputs(Value::Object(set))?;
        Ok(Did::Event("next"))
    }

    fn enters(&mut self, subflow: &Subflow) -> Result<Did, Trouble> {
        let flow = subflow.flow.filter(|flow| self.programs.contains_key(flow));
        let Some(flow) = flow else { return Ok(Did::Event("failed")) };
        let mut parameters = Map::new();
        for one in &subflow.parameters {
            let text = one.value.filled(&self.context, self.now)?;
            let value = if one.is_json { parsed(text) } else { Value::String(text) };
            parameters.insert(one.key.clone(), value);
        }
        Ok(Did::Enters(Frame {
            flow,
            state: String::new(),
            trigger: Trigger::Parent(Value::Object(parameters)),
            variables: Map::new(),
            widgets: Map::new(),
        }))
    }

    fn done(mut self, end: Option<End>) -> Turn {
        let size = serde_json::to_string(&self.execution.frames).map_or(0, |text| text.len());
        let end = if size > BYTES_MAX { Some(End::Failed(Trouble::TooLarge)) } else { end };
        if let Some(end) = end {
            if let End::Failed(_) = end {
                self.fails();
            }
            self.execution.end = Some(end);
            self.execution.waits = None;
            self.execution.look = None;
        }
        self.looks();
        let older = self.execution.older_steps();
        Turn { execution: self.execution, acts: self.acts, older }
    }

    /// Who cannot be served any further is not left alone.
    fn fails(&mut self) {
        let first = self.execution.frames.first().map(|frame| frame.flow);
        self.execution.frames.truncate(1);
        if let Some(frame) = self.execution.frames.first_mut()
            && serde_json::to_string(&frame).map_or(0, |text| text.len()) > BYTES_MAX
        {
            frame.widgets.clear();
            frame.variables.clear();
        }
        // Nothing of what it said on the way to its trouble is said: a loop would say it over and over.
        self.acts.retain(|act| !matches!(act, Act::Call | Act::Say { .. }));
        let program = first.and_then(|flow| self.programs.get(&flow));
        if let Some(widget) = program.and_then(|program| program.graph.fallback()) {
            let handing = widget.plain();
            self.execution.handing = Some(handing.clone());
            self.acts.push(Act::HandOver(handing));
        }
    }

    /// When it is looked at next. A look that is still to come and not too late stays: its row in the index is left alone.
    fn looks(&mut self) {
        let due = match self.execution.waits {
            Some(Wait::Reply { until, .. }) => Some(until),
            Some(Wait::Begin | Wait::Answer) | None => None,
        };
        let stays = |look: &Timestamp| *look > self.now && due.is_none_or(|at| *look <= at);
        let is_over = self.execution.end.is_some();
        self.execution.look = match self.execution.look.filter(stays) {
            Some(look) if !is_over => Some(look),
            Some(_) | None => due,
        };
    }
}
