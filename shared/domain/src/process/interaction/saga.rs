//! One saga: invite, task, reservation, seat, channel and conversation end together, and no conversation stays open with nobody
//! responsible and nobody knowing (rules C.15 to C.18).
//!
//! Whatever takes away the last agent or the last invite ends in [`settle`]: it asks the fallback, once, or notes on the
//! interaction that nobody is responsible, and why. [`ring`] is the customer who writes then, [`over`] a conversation that ends
//! under its tasks.

use serde_json::{Value, json};

use super::super::conversation::{Command, decide_all};
use super::{Order, invite, shut, written};
use crate::conversation::{Answers, Conversation, LeftAlone, Lengths, Objection, Source, State};
use crate::decision::Decision;
use crate::interaction::{
    Care, Cause, ChannelStatus, Interaction, LastRouting, Rest, Resume, TimersBefore, Unattended,
};
use crate::refusal::Refusal;
use crate::sid::TaskSid;
use crate::task::Task;
use crate::timestamp::Timestamp;
use crate::workspace::{TaskChannel, Workflow};

/// The attribute in which a resumed task says who had the conversation, as the vendor's professional-services template for Flex has
/// it: `{queueName, queueSid, workerSid}`, of which the name is left out here.
pub const ORIGINAL_ROUTING: &str = "originalRouting";

/// A workflow and a task channel that are there.
pub type Way = (Workflow, TaskChannel);

/// What there is to settle with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Means {
    /// What the interaction or its address asks for.
    pub care: Care,
    /// How the last task was routed.
    pub last: Option<LastRouting>,
    /// Where the fallback leads, if there is one.
    pub fallback: Option<Way>,
    /// Where the last task was routed by.
    pub original: Option<Way>,
}

/// What else is written when nobody is responsible any more.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// For the conversation.
    pub(super) commands: Vec<Command>,
    /// A task that is to find somebody.
    pub(super) decision: Decision,
}

/// Looks whether anybody is still responsible. If nobody is, and that is not meant, the fallback is asked: once, until an agent is in a
/// seat again. Otherwise it is noted.
pub(super) fn settle(
    next: &mut Interaction,
    conversation: &Conversation,
    cause: Cause,
    means: &Means,
    now: Timestamp,
) -> Result<Settled, Refusal> {
    let is_over = next.status == ChannelStatus::Closed || conversation.state == State::Closed;
    if is_over || next.is_attended() {
        return Ok(Settled::default());
    }
    let before = next.unattended.take();
    let last = means.last.clone().or_else(|| before.and_then(|before| before.last));
    if cause.rest() == Rest::Waiting
        && !next.fell_back
        && let Some(way) = &means.fallback
    {
        next.fell_back = true;
        let task = invite(next, conversation, fallback(way, last.as_ref()), now)?;
        let announced = task.announcement();
        let decision = Decision::put(task).asking(announced);
        return Ok(Settled { commands: Vec::new(), decision });
    }
    let number = next.number();
    let rest = cause.rest();
    let rings = match rest {
        Rest::Parked => means.care.resume.is_some(),
        Rest::Waiting => means.fallback.is_some(),
    };
    let lengths = conversation.timers;
    let timers = means.care.closes_after.map(|_| TimersBefore {
        inactive: lengths.and_then(|it| it.inactive),
        closed: lengths.and_then(|it| it.closed),
    });
    next.unattended =
        Some(Box::new(Unattended { number, since: now, rest, cause, rings, last, timers }));
    let left = LeftAlone {
        bell: rings.then_some(number),
        closes_after: means.care.closes_after,
        waits: rest == Rest::Waiting,
    };
    let changes = left != LeftAlone::default() || conversation.bell.is_some();
    let commands = changes.then_some(Command::LeaveAlone(left)).into_iter().collect();
    Ok(Settled { commands, decision: Decision::default() })
}

/// The task that the fallback is asked with: what the last one said, by another workflow.
fn fallback<'a>((workflow, channel): &'a Way, last: Option<&LastRouting>) -> Order<'a> {
    let plain = Order::plain(workflow, channel);
    let Some(last) = last else { return plain };
    Order { attributes: said(last), priority: last.priority, ..plain }
}

fn said(last: &LastRouting) -> Value {
    serde_json::from_str(&last.attributes).unwrap_or_else(|_| json!({}))
}

/// The task that brings a parked conversation back: with the attributes of the last one, and who had it.
fn resumed<'a>((workflow, channel): &'a Way, last: &LastRouting, how: Resume) -> Order<'a> {
    let mut attributes = said(last);
    if let Value::Object(all) = &mut attributes {
        let had = json!({ "queueSid": last.queue, "workerSid": last.worker });
        all.insert(ORIGINAL_ROUTING.to_owned(), had);
    }
    let worker = match how {
        Resume::Workflow => None,
        Resume::Worker => last.worker.zip(last.queue),
    };
    let (priority, timeout_seconds) = (last.priority, last.timeout_seconds);
    Order { attributes, priority, timeout_seconds, worker, ..Order::plain(workflow, channel) }
}

/// What a conversation is told when somebody is responsible for it again: nothing, if it was never told otherwise.
pub fn taken_up(before: &Interaction, conversation: &Conversation) -> Option<Command> {
    let timers = before.unattended.as_ref().and_then(|it| it.timers);
    let lengths = timers.map(|it| Lengths { inactive: it.inactive, closed: it.closed });
    let tells = conversation.bell.is_some() || lengths.is_some();
    tells.then_some(Command::TakeUp(lengths))
}

/// An invite by somebody who asks for one: whatever was noted of nobody being responsible is void.
///
/// # Errors
/// As [`invite`].
pub fn invited(
    interaction: &Interaction,
    conversation: &Conversation,
    order: Order<'_>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(Interaction, Task, Decision), Objection> {
    let mut next = interaction.clone();
    let task = invite(&mut next, conversation, order, now)?;
    let told = taken_up(interaction, conversation);
    let told = decide_all(conversation, told, Source::Interaction, answers, now)?;
    let announced = task.announcement();
    let written = written(Some(interaction), next.clone(), conversation, answers)?;
    let decision = written.and(task.clone()).with(told.into());
    Ok((next, task, decision.asking(announced)))
}

/// The customer wrote. A parked conversation comes back as its care says; one that waits goes to the fallback. If somebody is
/// responsible meanwhile, or was and is not any more, nothing changes.
///
/// # Errors
/// As every command to a conversation.
pub fn ring(
    interaction: &Interaction,
    conversation: &Conversation,
    number: u32,
    means: &Means,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let rest = interaction.unattended.as_deref().filter(|it| it.number == number);
    let is_over =
        interaction.status == ChannelStatus::Closed || conversation.state == State::Closed;
    let Some(rest) = rest.filter(|_| !is_over && !interaction.is_attended()) else {
        return Ok(Decision::unchanged());
    };
    let original =
        means.original.as_ref().zip(rest.last.as_ref()).filter(|_| rest.rest == Rest::Parked);
    let order = match (original, &means.fallback) {
        (Some((way, last)), _) => resumed(way, last, means.care.resume.unwrap_or(Resume::Workflow)),
        (None, Some(way)) => fallback(way, rest.last.as_ref()),
        (None, None) if rest.rest == Rest::Waiting => return Ok(rings_no_more(interaction, now)),
        (None, None) => {
            let mut next = interaction.clone();
            next.updated = now;
            let settled = settle(&mut next, conversation, Cause::CannotResume, means, now)?;
            let told =
                decide_all(conversation, settled.commands, Source::Interaction, answers, now)?;
            let written = written(Some(interaction), next, conversation, answers)?;
            return Ok(written.with(told.into()).with(settled.decision));
        }
    };
    let mut before = interaction.clone();
    // Once the fallback is asked, it is not asked again when that comes to nothing.
    before.fell_back |= original.is_none();
    let (_, _, decision) = invited(&before, conversation, order, answers, now)?;
    Ok(decision)
}

/// The fallback is gone that a waiting conversation had: the customer's messages change nothing any more.
fn rings_no_more(interaction: &Interaction, now: Timestamp) -> Decision {
    let mut next = interaction.clone();
    match next.unattended.as_mut().filter(|it| it.rings) {
        Some(rest) => rest.rings = false,
        None => return Decision::unchanged(),
    }
    next.updated = now;
    Decision::put(next)
}

/// The conversation is closed or gone, and nobody of the interaction did that: the channel ends with it, what waits is canceled,
/// and who works wraps up (rule C.15).
///
/// # Errors
/// A task that cannot be ended.
pub fn over(
    interaction: &Interaction,
    conversation: Option<&Conversation>,
    tasks: &[Task],
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    if interaction.status == ChannelStatus::Closed {
        return Ok(Decision::unchanged());
    }
    let (closed, ended) = shut(interaction, tasks, false, now)?;
    // Of a conversation that is gone nobody can say whose webhooks hear of it.
    let written = match conversation {
        Some(conversation) => written(Some(interaction), closed, conversation, answers)?,
        None => Decision::put(closed),
    };
    Ok(written.with(ended))
}

/// A task ended whose conversation is gone: nothing but the interaction is left to know it.
pub fn ended_without_conversation(
    interaction: &Interaction,
    task: TaskSid,
    now: Timestamp,
) -> Decision {
    if interaction.invite_of(task).is_none_or(|invite| invite.over) {
        return Decision::unchanged();
    }
    let mut next = interaction.clone();
    next.updated = now;
    next.invites.iter_mut().filter(|one| one.task == task).for_each(|one| one.over = true);
    let seats = next.participants.iter_mut();
    seats
        .filter(|one| one.routing.as_ref().is_some_and(|routing| routing.task == task))
        .for_each(|one| one.left = true);
    Decision::put(next)
}

#[cfg(test)]
mod tests;
