//! Executions of flows, with their steps and what they know (Studio v2).

use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Call as WebhookCall, Effect, FlowCall};
use switchboard_domain::flow::{End, FlowExecution, FlowSteps, Step, Trigger};
use switchboard_domain::sid::{FlowExecutionSid, FlowSid, FlowStepSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::flows;

/// The longest parameters of an execution, in bytes.
const PARAMETERS_BYTES_MAX: usize = 16 * 1024;

/// `POST /v2/Flows/{FW}/Executions`. Whoever carries out flows begins it.
pub(crate) async fn create(call: &Call<'_>, fw: &str) -> Answer {
    let (to, from) = (call.form.required("To")?.to_owned(), call.form.required("From")?.to_owned());
    let parameters = match call.form.given("Parameters").filter(|text| !text.is_empty()) {
        None => json!({}),
        Some(text) if text.len() > PARAMETERS_BYTES_MAX => {
            return Err(ApiError::bad("Invalid parameter: Parameters are longer than 16 KB"));
        }
        Some(text) => serde_json::from_str(text)
            .map_err(|_| ApiError::bad("Invalid parameter: Parameters are not JSON"))?,
    };
    let sid: FlowExecutionSid = call.on.mint();
    let execution = call
        .decide(|| async {
            let flow = flows::load(call, fw).await?;
            let revision = flow.published_revision();
            let revision = revision.ok_or_else(|| {
                ApiError::bad("Invalid flow: it is a draft and was never published")
            })?;
            let addresses = (to.clone(), from.clone());
            let trigger = Trigger::Request(parameters.clone());
            let one = FlowExecution::new(sid, (flow.sid, revision), addresses, trigger, call.now);
            let begins = WebhookCall::Flow(FlowCall { execution: sid, turn: one.turn });
            let decision = Decision::put(one.clone()).asking([Effect::Notify(begins)]);
            Ok::<_, ApiError>((one, decision))
        })
        .await?;
    Ok(Reply::created(render(call, &execution)))
}

/// `GET /v2/Flows/{FW}/Executions`.
pub(crate) async fn list(call: &Call<'_>, fw: &str) -> Answer {
    let flow = flows::load(call, fw).await?;
    let status = match call.query.given("Status").or(call.query.given("status")) {
        None => None,
        Some(status @ ("active" | "ended")) => Some(status == "active"),
        Some(_) => return Err(ApiError::bad("Invalid parameter: Status is active or ended")),
    };
    let (from, to) = (moment(call, "DateCreatedFrom")?, moment(call, "DateCreatedTo")?);
    let request = call.page(1000)?;
    let listing = Listing::executions_of(flow.sid).descending();
    let page = call
        .list(&listing, &request, |one: &FlowExecution| {
            status.is_none_or(|active| one.is_active() == active)
                && from.is_none_or(|from| one.created >= from)
                && to.is_none_or(|to| one.created <= to)
        })
        .await?;
    Ok(call.paged("executions", &request, &page, |one| render(call, one)))
}

fn moment(call: &Call<'_>, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = call.query.given(name) else { return Ok(None) };
    let time = Timestamp::parse_iso(text);
    time.map(Some).ok_or_else(|| ApiError::bad(format!("Invalid parameter: {name} is no time")))
}

/// `GET /v2/Flows/{FW}/Executions/{FN}`.
pub(crate) async fn fetch(call: &Call<'_>, fw: &str, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, fw, sid).await?)))
}

/// `POST /v2/Flows/{FW}/Executions/{FN}`: it can be ended, and twice is once.
pub(crate) async fn update(call: &Call<'_>, fw: &str, sid: &str) -> Answer {
    if call.form.required("Status")? != "ended" {
        return Err(ApiError::bad("Invalid parameter: Status can be set to ended alone"));
    }
    let execution = call
        .decide(|| async {
            let one = load(call, fw, sid).await?;
            if !one.is_active() {
                return Ok((one, Decision::unchanged()));
            }
            let ended = one.ended(End::Stopped, call.now);
            Ok::<_, ApiError>((ended.clone(), Decision::put(ended)))
        })
        .await?;
    Ok(Reply::ok(render(call, &execution)))
}

/// `DELETE /v2/Flows/{FW}/Executions/{FN}`, with its steps. One that runs is over.
pub(crate) async fn remove(call: &Call<'_>, fw: &str, sid: &str) -> Answer {
    call.decide(|| async {
        let one = load(call, fw, sid).await?;
        let beside: Vec<FlowSteps> = call.on.store.all(&Listing::steps_of(one.sid)).await?;
        let gone = beside.into_iter().fold(Decision::unchanged().without(one), Decision::without);
        Ok::<_, ApiError>(((), gone))
    })
    .await?;
    Ok(Reply::gone())
}

/// `GET /v2/Flows/{FW}/Executions/{FN}/Context`.
pub(crate) async fn context(call: &Call<'_>, fw: &str, sid: &str) -> Answer {
    let one = load(call, fw, sid).await?;
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "context": one.context(),
        "flow_sid": one.flow,
        "execution_sid": one.sid,
        "url": format!("{}/Context", url(call, &one)),
    })))
}

/// `GET /v2/Flows/{FW}/Executions/{FN}/Steps`, the latest first.
pub(crate) async fn steps(call: &Call<'_>, fw: &str, sid: &str) -> Answer {
    let one = load(call, fw, sid).await?;
    let all = all_steps(call, &one).await?;
    let request = call.page(1000)?;
    let page = request.of_parts(&all, |step| u32::MAX - step.number);
    Ok(call.paged("steps", &request, &page, |step| render_step(call, &one, step)))
}

/// `GET /v2/Flows/{FW}/Executions/{FN}/Steps/{FT}`.
pub(crate) async fn step(call: &Call<'_>, fw: &str, sid: &str, ft: &str) -> Answer {
    let one = load(call, fw, sid).await?;
    let step = load_step(call, &one, ft).await?;
    Ok(Reply::ok(render_step(call, &one, &step)))
}

/// `GET /v2/Flows/{FW}/Executions/{FN}/Steps/{FT}/Context`: what came of the widget that the step left.
pub(crate) async fn step_context(call: &Call<'_>, fw: &str, sid: &str, ft: &str) -> Answer {
    let one = load(call, fw, sid).await?;
    let step = load_step(call, &one, ft).await?;
    Ok(Reply::ok(json!({
        "account_sid": call.on.config.account_sid,
        "context": step_output(&one, &step),
        "execution_sid": one.sid,
        "flow_sid": one.flow,
        "step_sid": step_sid(&one, &step),
        "url": format!("{}/Steps/{}/Context", url(call, &one), step_sid(&one, &step)),
    })))
}

async fn load(call: &Call<'_>, fw: &str, sid: &str) -> Result<FlowExecution, ApiError> {
    let (flow, sid): (FlowSid, FlowExecutionSid) = (call.sid(fw)?, call.sid(sid)?);
    let found: Option<FlowExecution> = call.on.store.get(key::flow_execution(sid)).await?;
    found.filter(|one| one.flow == flow).ok_or_else(|| call.not_found())
}

async fn all_steps(call: &Call<'_>, one: &FlowExecution) -> Result<Vec<Step>, ApiError> {
    let beside: Vec<FlowSteps> = call.on.store.all(&Listing::steps_of(one.sid)).await?;
    let steps = beside.into_iter().flat_map(|page| page.steps);
    Ok(steps.chain(one.steps.iter().cloned()).collect())
}

async fn load_step(call: &Call<'_>, one: &FlowExecution, ft: &str) -> Result<Step, ApiError> {
    let sid: FlowStepSid = call.sid(ft)?;
    let all = all_steps(call, one).await?;
    let found = all.into_iter().find(|step| step_sid(one, step) == sid);
    found.ok_or_else(|| call.not_found())
}

fn step_sid(one: &FlowExecution, step: &Step) -> FlowStepSid {
    one.sid.kin(step.number)
}

fn step_output(one: &FlowExecution, step: &Step) -> Value {
    let output = one.frames.iter().rev().find_map(|frame| frame.widgets.get(&step.from));
    json!({ "widgets": { step.from.as_str(): output } })
}

fn url(call: &Call<'_>, one: &FlowExecution) -> String {
    call.url(&format!("v2/Flows/{}/Executions/{}", one.flow, one.sid))
}

/// How it ended, and why it could not go on.
fn ended(one: &FlowExecution) -> Value {
    let Some(end) = &one.end else { return json!({}) };
    let reason = match end {
        End::Failed(trouble) => Some(trouble.to_string()),
        End::Finished | End::HandedOver | End::Stopped => None,
    };
    json!({ "ended": { "how": end.name(), "reason": reason } })
}

fn render(call: &Call<'_>, one: &FlowExecution) -> Value {
    let url = url(call, one);
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "flow_sid": one.flow,
        "flow_version": one.revision,
        "contact_channel_address": one.contact,
        "contact_sid": null,
        "context": ended(one),
        "status": if one.is_active() { "active" } else { "ended" },
        "initiated_by": one.contact,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": url,
        "links": { "steps": format!("{url}/Steps"), "execution_context": format!("{url}/Context") },
    })
}

fn render_step(call: &Call<'_>, one: &FlowExecution, step: &Step) -> Value {
    let sid = step_sid(one, step);
    let url = format!("{}/Steps/{sid}", url(call, one));
    let parent: Option<FlowStepSid> =
        (step.number > 1).then(|| one.sid.kin(step.number.saturating_sub(1)));
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid,
        "flow_sid": one.flow,
        "execution_sid": one.sid,
        "parent_step_sid": parent,
        "name": step.event,
        "context": {},
        "transitioned_from": step.from,
        "transitioned_to": step.to,
        "type": null,
        "date_created": step.at.iso(),
        "date_updated": step.at.iso(),
        "url": url,
        "links": { "step_context": format!("{url}/Context") },
    })
}
