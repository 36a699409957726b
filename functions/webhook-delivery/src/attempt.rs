//! One attempt: whether the endpoint is called, the call, and what is kept of it.

use aws_lambda_events::sqs::SqsMessage;
use switchboard_caller::{Called, Caller, Delivered, Letter, Reading, Request};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Call;
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::webhook::overrides::Overrides;
use switchboard_domain::webhook::retry_after::asked;
use switchboard_domain::webhook::{Ended, Outcome, Try, WebhookAttempt};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{StoreError, key};

use crate::Due;
use crate::patience::{Known, Now};

/// The parameter that says how often a call was made before.
const RETRY_COUNT: &str = "RetryCount";

/// Makes a call, unless its endpoint is left alone or switched off, and keeps what came of it before anything else is done:
/// without that the message comes back.
pub(crate) async fn make(
    on: &Dependencies,
    caller: &Caller,
    mut attempt: WebhookAttempt,
    mut due: Due,
    message: &SqsMessage,
) -> Result<Next, Failure> {
    attempt.url = Some(due.url.clone());
    let is_test = matches!(attempt.call, Some(Call::Test(_)));
    let mut known = Known::of(on, &due.url).await?;
    if known.is_off() && !is_test {
        let now = on.now();
        return keep(on, attempt.ended(Ended::EndpointOff, now)).await.map(|()| Next::Done);
    }
    let timeout = Overrides::of(&due.url).map_or(due.timeout, |it| it.total);
    let timeout = match known.approach(on, message, timeout).await? {
        Now::Call(timeout) => timeout,
        Now::Later(_) if is_test => timeout,
        Now::Later(wait) => return Ok(Next::Later(wait)),
    };
    for (name, value) in &mut due.parameters {
        if name == RETRY_COUNT {
            *value = attempt.attempts.to_string();
        }
    }
    let request = Request {
        url: &due.url,
        method: &due.method,
        parameters: &due.parameters,
        text: None,
        id: &attempt.id,
        timeout,
    };
    let began = on.now();
    let letter = letter(&attempt, request, &known, began);
    let delivered = caller.deliver(on, &letter, Reading::First).await;
    let outcome = outcome(&delivered.called);
    let now = on.now();
    let attempt = attempt.after(tried(began, &delivered, now), outcome, now);
    if outcome != Outcome::Taken {
        let (event, attempts) = (&attempt.event, attempt.attempts);
        let what = if attempt.done { "given up" } else { "put off" };
        tracing::warn!(event, attempts, "webhook {what}: it {}", delivered.called);
    }
    keep(on, attempt).await?;
    known.note(on, &due.url, &delivered.called).await;
    Ok(Next::Done)
}

/// A call with all that its endpoint asks for.
pub(crate) fn letter<'a>(
    attempt: &'a WebhookAttempt,
    request: Request<'a>,
    known: &'a Known,
    now: Timestamp,
) -> Letter<'a> {
    let named = request.parameters.iter().find(|(name, _)| name == "EventType");
    let event = named.map_or(attempt.event.as_str(), |(_, value)| value.as_str());
    let happened = attempt.created.filter(|time| *time > Timestamp(0)).unwrap_or(now);
    let sequence = attempt.sequence.as_deref();
    Letter { request, endpoint: known.settings(), sequence, event, happened }
}

/// What is kept of an attempt that ended now.
pub(crate) fn tried(began: Timestamp, delivered: &Delivered, now: Timestamp) -> Try {
    let status = delivered.called.status();
    let said = delivered.answer.body.as_deref().filter(|body| !body.is_empty());
    Try {
        at: began,
        ms: u32::try_from(delivered.took.as_millis()).unwrap_or(u32::MAX),
        status,
        error: status.is_none().then(|| delivered.called.to_string()),
        said: said.map(|body| Private(String::from_utf8_lossy(body).into_owned())),
        until: status.and_then(|it| asked(it, delivered.answer.retry_after.as_deref(), now)),
    }
}

/// What a call came to.
pub(crate) const fn outcome(called: &Called) -> Outcome {
    if called.succeeded() {
        Outcome::Taken
    } else if called.is_final() {
        Outcome::Refused
    } else {
        Outcome::Failed
    }
}

/// Keeps a call. If a copy of a first attempt was quicker, it kept the same. A call that was replayed while it was made again
/// keeps that it was, and is made once more.
pub(crate) async fn keep(on: &Dependencies, attempt: WebhookAttempt) -> Result<(), Failure> {
    match on.commit(&Decision::put(attempt.clone())).await {
        Ok(_) => return Ok(()),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let place = attempt.place().filter(|_| !attempt.version.is_new());
    let (Some(place), Some(made)) = (place, attempt.tries.last()) else { return Ok(()) };
    on.decide(|| async {
        let found: Option<WebhookAttempt> = on.store.get(key::delivery(place.sid())).await?;
        let Some(found) = found.filter(|found| !found.tries.contains(made)) else {
            return Ok(((), Decision::unchanged()));
        };
        Ok::<_, Failure>(((), Decision::put(found.and_tried(made.clone()))))
    })
    .await
}
