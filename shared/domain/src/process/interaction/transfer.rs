//! Transfers, with all that goes with them: the invite and its task, the first agent's task, seat and place in the
//! conversation (rule C.9).

use serde_json::{Value, json};

use super::{Order, invite_to, written};
use crate::conversation::{AGENT, Answers, Conversation, NewParticipant, Objection, Source};
use crate::decision::Decision;
use crate::interaction::{
    ChannelParticipant, ChannelStatus, FirstAgent, Interaction, Marks, ParticipantKind, Transfer,
    TransferEvent, TransferKind, TransferStatus,
};
use crate::process::conversation::{Command, decide_all};
use crate::refusal::Refusal;
use crate::sid::{NoteSid, Sid as _, TaskQueueSid, TaskSid, TransferSid, WorkerSid, WorkflowSid};
use crate::task::{self, Destination, Task, TaskStatus};
use crate::timestamp::Timestamp;

/// The reason that the first agent's task ends with.
const TRANSFERRED: &str = "Transferred to another agent";
/// The reason that the task of a canceled transfer ends with.
const CANCELED: &str = "Transfer canceled";

/// Whom a transfer goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferTarget {
    /// This worker alone.
    Worker(WorkerSid, TaskQueueSid),
    /// Whoever of this queue is free.
    Queue(TaskQueueSid),
    /// Whomever this workflow finds.
    Workflow(WorkflowSid),
}

impl TransferTarget {
    /// The identifier that is shown.
    pub fn sid(self) -> String {
        match self {
            Self::Worker(worker, _) => worker.to_string(),
            Self::Queue(queue) => queue.to_string(),
            Self::Workflow(workflow) => workflow.to_string(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Worker(..) => "worker",
            Self::Queue(_) => "queue",
            Self::Workflow(_) => "workflow",
        }
    }

    const fn destination(self) -> Destination {
        match self {
            Self::Worker(worker, queue) => {
                Destination::Worker { worker, queue, ignores_capacity: false }
            }
            Self::Queue(queue) => Destination::Queue(queue),
            Self::Workflow(_) => Destination::Workflow,
        }
    }
}

/// What is wanted of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferOrder {
    /// What the first agent does meanwhile.
    pub kind: TransferKind,
    /// Whom it goes to.
    pub target: TransferTarget,
    /// Whether the first agent stays when the other one is there.
    pub stays: bool,
    /// A note for the other agent.
    pub note: Option<NoteSid>,
    /// What it was about so far.
    pub summary: Option<NoteSid>,
}

/// The attributes of the task that looks for another agent: those of the first task, then what the caller gives, then what
/// tells it is a transfer. The names of these are those of the vendor's template, whose workflows read them.
pub fn carried_over(first: &Task, target: TransferTarget, given: &Value) -> Value {
    let mut all = Marks::given(&first.attributes);
    all.extend(given.as_object().cloned().unwrap_or_default());
    let holder = first.holder();
    all.insert("transferTargetType".to_owned(), json!(target.name()));
    all.insert("transferTargetSid".to_owned(), json!(target.sid()));
    all.insert("transferredBy".to_owned(), json!(holder));
    Value::Object(all)
}

/// Begins a transfer: asks for another agent, and lets the first one step out if it is a cold one.
///
/// # Errors
/// The channel is closed, the seat is no agent's with work in hand, or a transfer of theirs is under way.
pub fn transfer(
    interaction: &Interaction,
    conversation: &Conversation,
    (first, seat): (&Task, u32),
    wanted: &TransferOrder,
    order: Order<'_>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(u32, Decision), Objection> {
    let member = transferable(interaction, conversation, (first, seat), wanted)?;
    let mut next = interaction.clone();
    let mut task = invite_to(&mut next, conversation, order, wanted.target.destination(), now)?;
    task.fields.handed_on_by = first.holder();
    let invite = next.invites.last().map_or(0, |invite| invite.number);
    let member = member.and_then(|number| conversation.participant(number));
    let (mut stepped_out, mut commands) = (None, Vec::new());
    if let Some(member) = member.filter(|_| wanted.kind == TransferKind::Cold) {
        stepped_out.clone_from(&member.identity);
        commands.push(Command::Leave(member.number));
        for one in next.participants.iter_mut().filter(|one| one.number == seat) {
            one.member = None;
        }
    }
    let left = decide_all(conversation, commands, Source::Interaction, answers, now)?;
    let number = next.number();
    next.transfers.push(Transfer {
        number,
        kind: wanted.kind,
        status: TransferStatus::Active,
        from: seat,
        to: wanted.target.sid(),
        invite,
        stays: wanted.stays,
        stepped_out,
        note: wanted.note,
        summary: wanted.summary,
        created: now,
        updated: now,
    });
    let announced = task.announcement();
    let written = written(Some(interaction), next, conversation, answers)?;
    Ok((number, written.with(left.into()).and(task).asking(announced)))
}

/// The place in the conversation of who may hand on: an agent with work in hand.
fn transferable(
    interaction: &Interaction,
    conversation: &Conversation,
    (first, seat): (&Task, u32),
    wanted: &TransferOrder,
) -> Result<Option<u32>, Refusal> {
    let seat = interaction.participants.iter().find(|one| one.number == seat && !one.left);
    let seat = seat.ok_or(Refusal::NoSuchChannelParticipant)?;
    let refused = |why| Err(Refusal::NotTransferable(why));
    if interaction.status != ChannelStatus::Active {
        return Err(Refusal::ChannelClosed);
    }
    let has_work = matches!(first.status, TaskStatus::Assigned | TaskStatus::Wrapping)
        && seat.routing.as_ref().is_some_and(|routing| routing.task == first.sid);
    if seat.kind != ParticipantKind::Agent || !has_work {
        return refused("only an agent with a task in hand can hand it on");
    }
    if interaction.transfers.iter().any(|one| one.from == seat.number && one.is_active()) {
        return refused("another transfer of this participant is active");
    }
    if matches!(wanted.target, TransferTarget::Worker(worker, _) if Some(worker) == first.holder())
    {
        return refused("an agent cannot hand on to themselves");
    }
    // Who was invited twice has two seats, and steps out with the last of them.
    let others = |one: &ChannelParticipant| {
        one.number != seat.number && !one.left && one.member == seat.member
    };
    let is_alone = !interaction.participants.iter().any(others);
    let member = seat.member.filter(|member| conversation.participant(*member).is_some());
    Ok(member.filter(|_| is_alone))
}

/// Takes a transfer back (`failed`): its task is canceled, and the first agent has it back.
///
/// # Errors
/// Another agent has accepted.
pub fn cancel_transfer(
    interaction: &Interaction,
    conversation: &Conversation,
    sid: TransferSid,
    task: Option<&Task>,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let transfer = interaction.transfer(sid).ok_or(Refusal::NoSuchChannelParticipant)?;
    let number = transfer.number;
    match transfer.status {
        TransferStatus::Failed => return Ok(Decision::unchanged()),
        TransferStatus::Completed => {
            return Err(Refusal::NotTransferable("the other agent has accepted").into());
        }
        TransferStatus::Active => {}
    }
    let mut ended = Decision::unchanged();
    if let Some(task) = task.filter(|task| !task.status.is_over()) {
        let command = task::Command::Cancel { reason: Some(CANCELED.to_owned()) };
        let canceled = task::decide(task, command, task::Source::Interaction, now)
            .map_err(|_| Refusal::NotTransferable("the other agent has accepted"))?;
        ended = canceled.into();
    }
    let mut next = interaction.clone();
    next.updated = now;
    let commands = happens(&mut next, conversation, number, TransferEvent::GivenUp, now);
    next.invites
        .iter_mut()
        .filter(|one| task.is_some_and(|task| task.sid == one.task))
        .for_each(|one| one.over = true);
    let states = (interaction, next);
    let settled = settle(states, conversation, number, commands, answers, now)?;
    Ok(settled.with(ended))
}

/// Lets something happen to a transfer, and says what that asks of the conversation: the first agent leaves it, or steps
/// into it again.
pub(super) fn happens(
    interaction: &mut Interaction,
    conversation: &Conversation,
    number: u32,
    event: TransferEvent,
    now: Timestamp,
) -> Vec<Command> {
    let Some(transfer) = interaction.transfers.iter_mut().find(|one| one.number == number) else {
        return Vec::new();
    };
    let first = transfer.happens(event, now);
    let (from, stepped_out) = (transfer.from, transfer.stepped_out.clone());
    let Some(place) =
        interaction.participants.iter().position(|one| one.number == from && !one.left)
    else {
        return Vec::new();
    };
    match first {
        FirstAgent::Stays => Vec::new(),
        FirstAgent::Leaves => {
            let seat = &mut interaction.participants[place];
            seat.left = true;
            let (member, task) = (seat.member, seat.routing.as_ref().map(|it| it.task));
            let over = |one: &&mut crate::interaction::Invite| Some(one.task) == task;
            interaction.invites.iter_mut().filter(over).for_each(|one| one.over = true);
            let sits = |one: &ChannelParticipant| !one.left && one.member == member;
            let member = member.filter(|number| conversation.participant(*number).is_some());
            let leaves = member.filter(|_| !interaction.participants.iter().any(sits));
            leaves.into_iter().map(Command::Leave).collect()
        }
        FirstAgent::Returns => {
            let known = stepped_out.and_then(|identity| {
                let there = conversation.participant_called(&identity).map(|one| one.number);
                interaction.participants[place].member = there;
                there.is_none().then_some(identity)
            });
            let role = Some(conversation.service.kin(AGENT));
            let back = |who| NewParticipant { role, ..NewParticipant::known_as(who) };
            known.map(back).map(Command::Join).into_iter().collect()
        }
    }
}

/// Carries out what a transfer asks of the conversation, if that is still open.
pub(super) fn settle(
    (before, mut interaction): (&Interaction, Interaction),
    conversation: &Conversation,
    number: u32,
    commands: Vec<Command>,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    if conversation.must_be_open().is_err() {
        return written(Some(before), interaction, conversation, answers);
    }
    let returns = commands.iter().any(|command| matches!(command, Command::Join(_)));
    let changed = decide_all(conversation, commands, Source::Interaction, answers, now)?;
    let from = interaction.transfers.iter().find(|one| one.number == number).map(|one| one.from);
    for seat in interaction.participants.iter_mut().filter(|one| Some(one.number) == from) {
        seat.member = if returns { changed.number } else { seat.member };
    }
    let written = written(Some(before), interaction, conversation, answers)?;
    Ok(written.with(changed.into()))
}

/// What becomes of the first agent's task when the other one is there.
pub(super) fn handed_on(
    interaction: &Interaction,
    first: Option<&Task>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let has_left = |task: &&Task| {
        let seats = interaction.participants.iter();
        let mut theirs =
            seats.filter(|one| one.routing.as_ref().is_some_and(|it| it.task == task.sid));
        !task.status.is_over() && theirs.all(|one| one.left)
    };
    let Some(task) = first.filter(has_left) else {
        return Ok(Decision::unchanged());
    };
    let command = task::Command::Complete { reason: Some(TRANSFERRED.to_owned()) };
    Ok(task::decide(task, command, task::Source::Interaction, now)?.into())
}

/// The channel is over, and with it every transfer.
pub(super) fn end_all(interaction: &mut Interaction, now: Timestamp) {
    for transfer in &mut interaction.transfers {
        let _ = transfer.happens(TransferEvent::ChannelOver, now);
    }
}

/// The transfer that a task looks for somebody for.
pub(super) fn number_by(interaction: &Interaction, task: TaskSid) -> Option<u32> {
    interaction.transfer_by(task).map(|one| one.number)
}
