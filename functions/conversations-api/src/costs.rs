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

/// So many messages are read for one answer; a period with more is refused.
const MESSAGES_MAX: u32 = 20_000;
/// So many at a time.
const STRETCH: u32 = 500;

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

/// `GET …/Costs`: all conversations of the service. Those that were not changed since the beginning of the period are not
/// looked at, and neither are those that are younger than its end.
pub(crate) async fn of_service(call: &Call<'_>, scope: &Scope) -> Answer {
    let (from, to) = period(call)?;
    let service = scope.service(call).await?;
    let listing = Listing::conversations_of(service);
    let all: Vec<Conversation> = call.on.store.all(&listing).await?;
    let within = |one: &Conversation| one.updated >= from && one.created < to;
    let all: Vec<Conversation> = all.into_iter().filter(within).collect();
    let costs = summed(call, &all, (from, to)).await?;
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

async fn summed(call: &Call<'_>, of: &[Conversation], period: Period) -> Result<Costs, ApiError> {
    let count = of.iter().fold(0_u32, |sum, one| sum.saturating_add(one.next_index));
    if count > MESSAGES_MAX {
        let why = format!("There are {count} messages in it; {MESSAGES_MAX} are summed at most");
        return Err(ApiError::bad(format!("{why}: ask for a shorter period, or by conversation")));
    }
    let mut costs = Costs::default();
    for one in of {
        for start in (0..one.next_index).step_by(STRETCH as usize) {
            let stretch = start..start.saturating_add(STRETCH);
            for message in call.on.store.messages(one, stretch).await? {
                costs.add(&message, period, &call.on.config.rate_cards);
            }
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
