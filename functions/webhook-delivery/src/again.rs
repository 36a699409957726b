//! A call that is made again: because it failed and its time has come, or because somebody asked for it by REST.

use aws_lambda_events::sqs::SqsMessage;
use switchboard_caller::Caller;
use switchboard_domain::effect::{AgainCall, Call};
use switchboard_domain::timestamp::Millis;
use switchboard_domain::webhook::{Ended, WebhookAttempt};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::attempt::{keep, make};
use crate::{Told, incoming, keys, told};

/// One that is so little early is on time: two clocks differ.
const TOLERANCE: Millis = Millis::seconds(5);

/// Makes the call if it is due; a copy finds that it is not any more.
pub(crate) async fn serve(
    on: &Dependencies,
    caller: &Caller,
    again: &AgainCall,
    message: &SqsMessage,
) -> Result<Next, Failure> {
    let attempt: Option<WebhookAttempt> = on.store.get(key::delivery(again.delivery)).await?;
    let Some(attempt) = attempt else {
        return Ok(Next::Done);
    };
    let is_due = attempt.due.is_some_and(|due| due <= on.now() + TOLERANCE);
    let Some(call) = attempt.call.clone().filter(|_| is_due) else {
        return Ok(Next::Done);
    };
    if let Call::Inbound(call) = &call {
        return incoming::serve(on, caller, call, attempt, message).await;
    }
    let loaded = on.store.get_all(&keys(&call)).await?;
    match told(on, &call, loaded).await? {
        Told::Due(due) => make(on, caller, attempt, due, message).await,
        Told::Later(wait) => Ok(Next::Later(wait)),
        // Whom it was for is gone as well as what it was about.
        Told::Unwanted | Told::Gone => {
            let now = on.now();
            keep(on, attempt.ended(Ended::Gone, now)).await.map(|()| Next::Done)
        }
    }
}
