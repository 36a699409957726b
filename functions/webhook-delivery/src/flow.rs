//! Executions of flows that wait for something else than the customer: that they begin, for an endpoint, for a time (rule S.3).
//!
//! ```text
//!  begun by REST ──▶ its first turn
//!  an endpoint ── is called, ten seconds at most ──▶ success, failed
//!  a reply that did not come ──▶ timeout
//! ```
//!
//! The call is made before its turn is committed, so after a crash it is made again, under the same name.

use std::time::Duration;

use switchboard_caller::{Called, Caller, Letter, Reading, Request};
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{
    AddressBinding, Conversation, Pair, State, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::FlowCall;
use switchboard_domain::flow::{
    Answer, FlowExecution, Input, Programs, RequestBody, Wait, request_of,
};
use switchboard_domain::process::flow::{Place, go_on};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::patience::Known;

/// How long an endpoint has to answer a flow; the vendor's function widgets wait for ten seconds.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The event under which an endpoint is called.
const EVENT: &str = "flow";

/// Lets an execution go on.
pub(crate) async fn serve(
    on: &Dependencies,
    caller: &Caller,
    call: &FlowCall,
) -> Result<Next, Failure> {
    let Some(execution) = waiting(on, call).await? else { return Ok(Next::Done) };
    let programs = on.programs(execution.flow, execution.revision).await?;
    let input = match execution.waits {
        Some(Wait::Begin) => Input::Begin,
        Some(Wait::Reply { .. }) | None => Input::Look,
        Some(Wait::Answer) => Input::Answer(ask(on, caller, &programs, &execution).await?),
    };
    on.decide(|| async {
        let Some(execution) = waiting(on, call).await? else {
            return Ok(((), Decision::unchanged()));
        };
        let known = conversation(on, &execution).await?;
        let settings: Option<ConversationConfiguration> = match &known {
            Some(_) => None,
            None => on.store.get(key::conversation_configuration()).await?,
        };
        let settings = settings.unwrap_or_default();
        let place = Place {
            conversation: known.as_ref(),
            service: settings
                .default_service
                .unwrap_or_else(|| default_service_sid(on.config.account_sid)),
            defaults: settings.defaults(),
        };
        let decision = on
            .answering::<_, Failure>(|answers| {
                go_on(&programs, &execution, place, input.clone(), answers, on.now())
            })
            .await?;
        Ok::<_, Failure>(((), decision))
    })
    .await?;
    Ok(Next::Done)
}

/// The execution, if it still waits as it did when it was asked for.
async fn waiting(on: &Dependencies, call: &FlowCall) -> Result<Option<FlowExecution>, Failure> {
    let found: Option<FlowExecution> = on.store.get(key::flow_execution(call.execution)).await?;
    Ok(found.filter(|it| it.is_active() && it.turn == call.turn))
}

/// Its conversation, or the open one of its addresses.
async fn conversation(
    on: &Dependencies,
    execution: &FlowExecution,
) -> Result<Option<Conversation>, Failure> {
    if let Some(sid) = execution.conversation {
        return Ok(on.store.get(key::conversation(sid)).await?);
    }
    let pair = execution.contact.parse().ok().zip(execution.channel.parse().ok());
    let Some(pair) = pair.and_then(|(contact, ours)| Pair::new(contact, ours).ok()) else {
        return Ok(None);
    };
    let binding: Option<AddressBinding> = on.store.get(key::binding(&pair)).await?;
    let Some(binding) = binding else { return Ok(None) };
    let found: Option<Conversation> = on.store.get(key::conversation(binding.conversation)).await?;
    Ok(found.filter(|found| found.state != State::Closed))
}

/// Asks the endpoint. A customer waits, so one that hung before has a second and is not left alone.
async fn ask(
    on: &Dependencies,
    caller: &Caller,
    programs: &Programs,
    execution: &FlowExecution,
) -> Result<Answer, Failure> {
    let nobody = Answer { status: None, content_type: None, body: None };
    let Some(Ok(request)) = request_of(programs, execution, on.now()) else {
        return Ok(nobody);
    };
    let known = Known::of(on, &request.url).await?;
    if known.is_off() {
        return Ok(nobody);
    }
    let (parameters, text) = match &request.body {
        RequestBody::Parameters(all) => (all.as_slice(), None),
        RequestBody::Text { content_type, text } => {
            (&[][..], Some((content_type.as_str(), text.as_str())))
        }
    };
    let id = format!("{}-{}", execution.sid, execution.turn);
    let letter = Letter {
        request: Request {
            url: &request.url,
            method: request.method,
            parameters,
            text,
            id: &id,
            timeout: known.timeout(TIMEOUT),
        },
        endpoint: known.settings(),
        sequence: None,
        event: EVENT,
        happened: execution.updated,
    };
    let delivered = caller.deliver(on, &letter, Reading::Whole).await;
    known.note(on, &request.url, &delivered.called).await;
    let status = match delivered.called {
        Called::Answered(status) => Some(status),
        Called::Unanswered | Called::TimedOut | Called::Forbidden(_) => None,
    };
    let body = delivered.answer.body.and_then(|body| String::from_utf8(body).ok());
    Ok(Answer { status, content_type: delivered.answer.content_type, body })
}
