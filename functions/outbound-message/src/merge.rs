//! Replies that leave as one: what a copy waits for, and what it takes along.

use switchboard_connections::Connections;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::SendRequest;
use switchboard_domain::message::{
    CopyOf, Delivery, MERGED_MAX, MERGED_WITHIN_MAX, Message, Taken,
};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{key, take};

use crate::{ASK_AGAIN, load};

/// What is to be done with a copy that may be one of several.
pub(crate) enum Company {
    /// Nothing now: it waits for others, or leaves with another one.
    Next(Next),
    /// It is sent, and the text of these with it.
    Takes(Vec<(Message, CopyOf)>),
}

/// Whether a copy waits, or leaves with another, or takes others along.
pub(crate) async fn company(
    on: &Dependencies,
    connections: &Connections,
    request: &SendRequest,
    message: &Message,
) -> Result<Company, Failure> {
    let copy = message.delivery(request.delivery);
    let copy = copy.ok_or_else(|| Failure::Invalid("no such delivery".to_owned()))?;
    if let Some(lead) = copy.merged_into {
        return follow(on, request, lead).await.map(Company::Next);
    }
    if !copy.merged.is_empty() {
        return others(on, copy).await.map(Company::Takes);
    }
    let now = on.now();
    let Some(service) = message.messaging_service.filter(|_| message.may_merge(request.delivery))
    else {
        return Ok(Company::Takes(Vec::new()));
    };
    let Some(within) = connections.merges_within(on, service).await? else {
        return Ok(Company::Takes(Vec::new()));
    };
    let within = Millis::seconds(i64::from(within.min(MERGED_WITHIN_MAX)));
    match message.waits_for_more(request.delivery, within, now) {
        Some(until) => Ok(Company::Next(Next::Later(until - now))),
        None => Ok(Company::Takes(next(on, request, message, within).await?)),
    }
}

/// What was written behind a message within the time, as far as it leaves with it.
async fn next(
    on: &Dependencies,
    request: &SendRequest,
    message: &Message,
    within: Millis,
) -> Result<Vec<(Message, CopyOf)>, Failure> {
    let Some(conversation) = message.conversation else { return Ok(Vec::new()) };
    let found: Option<Conversation> = on.store.get(key::conversation(conversation)).await?;
    let Some(conversation) = found else { return Ok(Vec::new()) };
    let first = message.index.saturating_add(1);
    if first >= conversation.next_index {
        return Ok(Vec::new());
    }
    let most = first.saturating_add(u32::try_from(MERGED_MAX).unwrap_or(u32::MAX));
    let behind = on.store.messages(&conversation, first..most).await?;
    let taken = message.takes_along(request.delivery, &behind, within);
    Ok(taken.into_iter().map(|(message, copy)| (message.clone(), copy)).collect())
}

/// The messages that a copy took along before.
async fn others(on: &Dependencies, copy: &Delivery) -> Result<Vec<(Message, CopyOf)>, Failure> {
    let keys: Vec<_> = copy.merged.iter().map(|one| key::message(one.message)).collect();
    let mut found = on.store.get_all(&keys).await?;
    let all = keys.iter().zip(&copy.merged);
    Ok(all.filter_map(|(key, one)| Some((take::<Message>(&mut found, key)?, *one))).collect())
}

/// Brings a copy to the end of the one that it left with. That one is before it in the queue.
async fn follow(on: &Dependencies, request: &SendRequest, lead: CopyOf) -> Result<Next, Failure> {
    on.decide(|| async {
        let message = load(on, request).await?;
        let first: Option<Message> = on.store.get(key::message(lead.message)).await?;
        let first = first.as_ref().and_then(|first| first.delivery(lead.number));
        match message.goes_with(request.delivery, first, on.now()) {
            Taken::Waits => Ok((Next::Later(ASK_AGAIN), Decision::unchanged())),
            Taken::Ends(progress) => {
                let told = on.calls_about(&message, &progress).await?;
                Ok((Next::Done, Decision::put(progress.message).asking(told)))
            }
            Taken::Ended => Ok((Next::Done, Decision::unchanged())),
        }
    })
    .await
}

/// A copy that is begun to be sent, and those that it takes along, in one write.
pub(crate) fn begun(
    message: &Message,
    number: u32,
    others: &[(Message, CopyOf)],
    now: Timestamp,
) -> Option<(Message, Decision)> {
    let leased = message.lease(number, now)?;
    let is_new = message.delivery(number)?.merged.is_empty() && !others.is_empty();
    if !is_new {
        return Some((leased.clone(), Decision::put(leased)));
    }
    let copies: Vec<CopyOf> = others.iter().map(|(_, copy)| *copy).collect();
    let leased = leased.taking(number, &copies);
    let lead = CopyOf { message: message.sid, number };
    let mut decision = Decision::put(leased.clone());
    for (other, copy) in others {
        decision = decision.and(other.clone().taken_by(copy.number, lead));
    }
    Some((leased, decision))
}
