//! What messages cost: a resource of our own below a conversation and below a service, so that the published ones stay as
//! they are. It is summed when it is asked for, from what carriers reported on each copy.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard_domain::carriage::Price;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::message::{CostLine, CostSum, Costs};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Listing;

use crate::conversations::day;
use crate::scope::Scope;

/// So many messages are read for one answer; more are refused.
const MESSAGES_MAX: u32 = 20_000;
/// So many are read first of a conversation, …
const STRETCH_MIN: u32 = 8;
/// … and so many at a time where more are in the period.
const STRETCH_MAX: u32 = 512;

/// A span of time, from its first moment on and before its last.
type Period = (Timestamp, Timestamp);

/// `GET …/Conversations/{Sid}/Costs`.
pub(crate) async fn of_conversation(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let period = period(call)?;
    let conversation = scope.conversation(call, name).await?;
    let costs = summed(call, std::slice::from_ref(&conversation), period).await?;
    let path = format!("Conversations/{}/Costs", conversation.sid);
    let mut shown = render(call, scope, &path, &costs);
    shown["conversation_sid"] = json!(conversation.sid);
    Ok(Reply::ok(shown))
}

/// `GET …/Costs`: all conversations of the service but those that are younger than the end of the period.
pub(crate) async fn of_service(call: &Call<'_>, scope: &Scope) -> Answer {
    let period = period(call)?;
    let service = scope.service(call).await?;
    let listing = Listing::conversations_of(service);
    let all: Vec<Conversation> = call.on.store.all(&listing).await?;
    let all: Vec<Conversation> = all.into_iter().filter(|one| one.created < period.1).collect();
    let costs = summed(call, &all, period).await?;
    let mut shown = render(call, scope, "Costs", &costs);
    shown["chat_service_sid"] = json!(service);
    Ok(Reply::ok(shown))
}

/// `StartDate` and `EndDate`, days or instants; the whole of the last day or second.
fn period(call: &Call<'_>) -> Result<Period, ApiError> {
    let from = day(&call.query, "StartDate", "T00:00:00Z")?;
    let to = day(&call.query, "EndDate", "T23:59:59Z")?;
    let end = to.map_or(i64::MAX, |to| to.0.saturating_add(1000));
    Ok((from.unwrap_or(Timestamp(0)), Timestamp(end)))
}

/// Each conversation is read from its latest message back, until one was handed over before the period: what is older was
/// so, too. When a conversation was changed last says nothing, since a message does not change it.
async fn summed(call: &Call<'_>, of: &[Conversation], period: Period) -> Result<Costs, ApiError> {
    let (mut costs, mut read) = (Costs::default(), 0);
    for one in of {
        let (mut end, mut stretch) = (one.next_index, STRETCH_MIN);
        while end > 0 {
            let start = end.saturating_sub(stretch);
            read += end - start;
            if read > MESSAGES_MAX {
                let why = format!("There are more than {MESSAGES_MAX} messages in it");
                let what = "ask for a later beginning, or by conversation";
                return Err(ApiError::bad(format!("{why}: {what}")));
            }
            let messages = call.on.store.messages(one, start..end).await?;
            for message in &messages {
                costs.add(message, period, &call.on.config.rate_cards);
            }
            if messages.iter().any(|message| message.was_handed_over_before(period.0)) {
                break;
            }
            (end, stretch) = (start, (stretch * 4).min(STRETCH_MAX));
        }
    }
    Ok(costs)
}

fn render(call: &Call<'_>, scope: &Scope, path: &str, costs: &Costs) -> Value {
    let line = |(line, sum): (&CostLine, &CostSum)| {
        let mut shown = render_sum(sum);
        shown["date"] = line.day.as_str().into();
        shown["channel"] = line.channel.name().into();
        shown["category"] = json!(line.category);
        shown
    };
    let mut shown = render_sum(&costs.total());
    shown["account_sid"] = call.on.config.account_sid.to_string().into();
    shown["days"] = costs.lines.iter().map(line).collect();
    shown["url"] = call.url(&scope.path(path)).into();
    shown
}

fn render_sum(sum: &CostSum) -> Value {
    json!({
        "messages": sum.copies,
        "billable": sum.billable,
        "free": sum.free,
        "unknown": sum.unknown,
        "unpriced": sum.unpriced,
        "told": amounts(&sum.told),
        "listed": amounts(&sum.listed),
    })
}

/// Amounts by currency, exact, as text.
fn amounts(of: &BTreeMap<String, i64>) -> Value {
    of.iter().map(|(unit, nanos)| (unit.clone(), Value::from(Price::decimal(*nanos)))).collect()
}
