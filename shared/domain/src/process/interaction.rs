//! What happens to an interaction together with its conversation and its tasks: agents are asked for, seated and let
//! go, and its channel is closed.

pub mod saga;
mod told;
mod transfer;

use serde_json::Value;

use self::saga::{Means, settle, taken_up};
pub use self::told::{calls_about, written};
pub use self::transfer::{TransferOrder, TransferTarget, cancel_transfer, carried_over, transfer};
use super::conversation::{Command, ConversationChange, decide, decide_all};
use crate::conversation::{
    AGENT, Answers, Conversation, LEASE_MAX, NewParticipant, Objection, Presence, Right, Source,
    SpeakerCommand, State, Taking,
};
use crate::decision::Decision;
use crate::interaction::{
    Cause, ChannelParticipant, ChannelStatus, Interaction, Invite, LastRouting, Marks,
    ParticipantKind, SeatRouting, TransferEvent,
};
use crate::refusal::Refusal;
use crate::sid::{InviteSid, Sid as _, TaskQueueSid, TaskSid, WorkerSid};
use crate::task::{self, Task, TaskStatus};
use crate::timestamp::Timestamp;
use crate::workspace::{TaskChannel, Worker, Workflow};

/// The reason that tasks of a closed channel end with.
const CHANNEL_CLOSED: &str = "Interaction channel closed";

/// What kind of task an invite asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Order<'a> {
    /// The workflow that routes it.
    pub workflow: &'a Workflow,
    /// The capacity it takes.
    pub channel: &'a TaskChannel,
    /// The caller's attributes, an object.
    pub attributes: Value,
    /// The priority.
    pub priority: i64,
    /// How long it may wait, in seconds.
    pub timeout_seconds: i64,
    /// The agent who is asked for by name, and the queue it is counted in.
    pub worker: Option<(WorkerSid, TaskQueueSid)>,
}

/// How long a task waits of which nothing is known, in seconds (rule A.6).
const TIMEOUT_SECONDS: i64 = 3_600;

impl<'a> Order<'a> {
    /// A task that says nothing.
    pub(super) fn plain(workflow: &'a Workflow, channel: &'a TaskChannel) -> Self {
        let attributes = Value::Object(serde_json::Map::new());
        let (priority, timeout_seconds, worker) = (0, TIMEOUT_SECONDS, None);
        Self { workflow, channel, attributes, priority, timeout_seconds, worker }
    }
}

/// Adds an invite and its task (rule C.4). The task tells the router; the interaction is put by the caller.
pub fn invite(
    interaction: &mut Interaction,
    conversation: &Conversation,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Task, Refusal> {
    let destination = task::Destination::named(order.worker);
    invite_to(interaction, conversation, order, destination, now)
}

/// The same with a destination of its own.
fn invite_to(
    interaction: &mut Interaction,
    conversation: &Conversation,
    order: Order<'_>,
    destination: task::Destination,
    now: Timestamp,
) -> Result<Task, Refusal> {
    if interaction.status == ChannelStatus::Closed || conversation.state == State::Closed {
        return Err(Refusal::ChannelClosed);
    }
    interaction.status = ChannelStatus::Active;
    interaction.unattended = None;
    interaction.updated = now;
    let number = interaction.number();
    let sid: InviteSid = interaction.sid.kin(number);
    let task = TaskSid::derived(&[&sid.to_string()]);
    interaction.invites.push(Invite { number, task, over: false });
    let pair = conversation.contact();
    let marks = Marks {
        invite: number,
        channel: interaction.channel_type,
        by: interaction.initiated_by,
        contact: pair.map(|pair| pair.proxy.to_string()),
    };
    let given = order.attributes.as_object().cloned().unwrap_or_default();
    let attributes = marks.around(given, interaction.sid);
    Ok(Task::create(task::NewTask {
        sid: task,
        workflow: order.workflow,
        channel: order.channel,
        attributes: attributes.to_string(),
        priority: order.priority,
        timeout_seconds: order.timeout_seconds,
        start: now,
        interaction: Some(interaction.sid),
        destination,
        now,
    }))
}

/// Seats the agent who accepted (rule C.5). Twice, too late or for nothing: nothing changes. With a transfer the one whose
/// task `first` is leaves (rule C.9).
pub fn seat(
    interaction: &Interaction,
    conversation: &Conversation,
    routing: SeatRouting,
    (worker, first): (&Worker, Option<&Task>),
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let seated = |one: &ChannelParticipant| {
        one.routing.as_ref().is_some_and(|before| before.reservation == routing.reservation)
    };
    if interaction.participants.iter().any(seated)
        || interaction.status == ChannelStatus::Closed
        || conversation.state == State::Closed
        || interaction.invite_of(routing.task).is_none_or(|invite| invite.over)
    {
        return Ok(Decision::unchanged());
    }
    let before = interaction;
    let mut interaction = interaction.clone();
    let mut commands = Vec::new();
    if let Some(number) = transfer::number_by(&interaction, routing.task) {
        let event = TransferEvent::Accepted;
        commands = transfer::happens(&mut interaction, conversation, number, event, now);
    }
    let identity = worker.identity();
    let leaves = |number| commands.contains(&Command::Leave(number));
    let known = conversation.participant_called(&identity).map(|one| one.number);
    let known = known.filter(|number| !leaves(*number));
    if known.is_none() {
        let role = Some(conversation.service.kin(AGENT));
        let new = NewParticipant { role, ..NewParticipant::known_as(identity.clone()) };
        commands.push(Command::Join(new));
    }
    if takes_the_token(&interaction, conversation, now) {
        let (length, by) = (LEASE_MAX, Right::Seat);
        let taking = Taking { holder: identity, length, by };
        commands.push(Command::Speak(SpeakerCommand::Take(taking)));
    }
    let changed = decide_all(conversation, commands, Source::Interaction, answers, now)?;
    let (member, joined) = (known.or(changed.number), Decision::from(changed));
    let number = interaction.number();
    interaction.updated = now;
    // Somebody is there: the next time that nobody is, the fallback may be asked again.
    interaction.fell_back = false;
    interaction.participants.push(ChannelParticipant {
        number,
        kind: ParticipantKind::Agent,
        member,
        routing: Some(routing),
        wraps_up: false,
        left: false,
    });
    let handed_on = transfer::handed_on(&interaction, first, now)?;
    let written = written(Some(before), interaction, conversation, answers)?;
    Ok(written.with(joined).with(handed_on))
}

/// Whether an agent who is seated is to speak from now on: if that is wanted, and no other agent does.
fn takes_the_token(interaction: &Interaction, conversation: &Conversation, now: Timestamp) -> bool {
    let Some(speaker) = conversation.speaker.as_ref().filter(|it| it.required && it.agent_takes)
    else {
        return false;
    };
    let holder = speaker.current(now).map(|lease| lease.holder.as_str());
    let mut agents = interaction
        .participants
        .iter()
        .filter(|one| one.kind == ParticipantKind::Agent && !one.left && one.member.is_some());
    !agents.any(|one| {
        let member = one.member.and_then(|number| conversation.participant(number));
        member.is_some_and(|member| holder.is_some() && member.identity.as_deref() == holder)
    })
}

/// What an interaction wants of its conversation, through the door that every caller uses.
fn of(
    conversation: &Conversation,
    command: Command,
    answers: &Answers,
    now: Timestamp,
) -> Result<ConversationChange, Objection> {
    decide(conversation, command, Source::Interaction, answers, now)
}

/// What is to become of an agent's seat (rule C.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveRequest {
    /// The agent's task goes to wrapping; the seat is kept.
    WrapUp,
    /// The agent leaves, the task is completed, the conversation goes on.
    Closed,
}

/// Who is to leave, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// The number of the participant.
    pub number: u32,
    /// How.
    pub how: LeaveRequest,
}

/// Lets a participant wrap up or leave. The last agent who leaves parks the conversation (rule C.16).
pub fn leave(
    interaction: &Interaction,
    conversation: &Conversation,
    task: Option<&Task>,
    Leaving { number, how }: Leaving,
    means: &Means,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let mut next = interaction.clone();
    let seat = next
        .participants
        .iter_mut()
        .find(|one| one.number == number)
        .ok_or(Refusal::NoSuchChannelParticipant)?;
    if seat.left {
        return Ok(Decision::unchanged());
    }
    let mut decision = Decision::unchanged();
    let command = match how {
        LeaveRequest::WrapUp => task::Command::Wrap { reason: None },
        LeaveRequest::Closed => {
            task::Command::Complete { reason: Some("Agent left the channel".to_owned()) }
        }
    };
    let worked = task.filter(|task| !task.status.is_over());
    let worked = worked.map(|task| task::decide(task, command, task::Source::Interaction, now));
    if how == LeaveRequest::WrapUp && worked.is_some() && !seat.wraps_up {
        seat.wraps_up = true;
        next.updated = now;
        decision = written(Some(interaction), next, conversation, answers)?;
    } else if how == LeaveRequest::Closed {
        seat.left = true;
        let parks = seat.kind == ParticipantKind::Agent;
        let (member, routing) = (seat.member, seat.routing.clone());
        next.updated = now;
        if let Some(routing) = routing {
            next.invites
                .iter_mut()
                .filter(|one| one.task == routing.task)
                .for_each(|one| one.over = true);
        }
        let mut commands: Vec<Command> =
            unseated(&next, conversation, member).into_iter().collect();
        if parks {
            let last = task.map(LastRouting::of).or_else(|| means.last.clone());
            let means = Means { last, ..means.clone() };
            let settled = settle(&mut next, conversation, Cause::AgentLeft, &means, now)?;
            commands.extend(settled.commands);
        }
        let told = decide_all(conversation, commands, Source::Interaction, answers, now)?;
        decision = written(Some(interaction), next, conversation, answers)?.with(told.into());
    }
    if let Some(worked) = worked {
        decision = decision.with(worked?.into());
    }
    Ok(decision)
}

/// Takes a member out of the conversation, if it is still open and they are still in it. Who was invited twice has
/// two seats, and stays until both are left.
fn unseated(
    interaction: &Interaction,
    conversation: &Conversation,
    member: Option<u32>,
) -> Option<Command> {
    let member = member.filter(|member| conversation.participant(*member).is_some())?;
    let sits = |one: &ChannelParticipant| !one.left && one.member == Some(member);
    let stays = conversation.state == State::Closed || interaction.participants.iter().any(sits);
    (!stays).then_some(Command::Leave(member))
}

/// Closes the channel: every task ends, all agents leave, the conversation is closed (rule C.7). With
/// `complete` the tasks are completed, else those in work go to wrapping.
pub fn close(
    interaction: &Interaction,
    conversation: &Conversation,
    tasks: &[Task],
    complete: bool,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    if interaction.status == ChannelStatus::Closed {
        return Ok(Decision::unchanged());
    }
    let (shut, ended) = shut(interaction, tasks, complete, now)?;
    let closed = of(conversation, Command::Close, answers, now)?;
    let written = written(Some(interaction), shut, conversation, answers)?;
    Ok(written.with(closed.into()).with(ended))
}

/// The interaction with its channel closed, and what becomes of its tasks.
pub(super) fn shut(
    interaction: &Interaction,
    tasks: &[Task],
    complete: bool,
    now: Timestamp,
) -> Result<(Interaction, Decision), Refusal> {
    let mut interaction = interaction.clone();
    interaction.status = ChannelStatus::Closed;
    interaction.unattended = None;
    interaction.updated = now;
    interaction.participants.iter_mut().for_each(|one| one.left = true);
    transfer::end_all(&mut interaction, now);
    let mut ended = Decision::unchanged();
    for task in tasks {
        let change = end_task(task, complete, now)?;
        let over = change.task.status.is_over();
        interaction
            .invites
            .iter_mut()
            .filter(|one| one.task == task.sid)
            .for_each(|one| one.over = over);
        ended = ended.with(change.into());
    }
    Ok((interaction, ended))
}

/// Makes the channel dormant: its tasks are completed and its agents leave; the conversation stays, and the
/// next invite wakes the channel (rule C.7).
pub fn deactivate(
    interaction: &Interaction,
    conversation: &Conversation,
    tasks: &[Task],
    means: &Means,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    match interaction.status {
        ChannelStatus::Active => {}
        ChannelStatus::Inactive => return Ok(Decision::unchanged()),
        ChannelStatus::Closed => return Err(Refusal::ChannelClosed.into()),
    }
    let mut next = interaction.clone();
    next.status = ChannelStatus::Inactive;
    next.updated = now;
    next.invites.iter_mut().for_each(|one| one.over = true);
    transfer::end_all(&mut next, now);
    let mut ended = Decision::unchanged();
    for task in tasks {
        ended = ended.with(end_task(task, true, now)?.into());
    }
    let mut leaving = Vec::new();
    for seat in
        next.participants.iter_mut().filter(|one| one.kind == ParticipantKind::Agent && !one.left)
    {
        seat.left = true;
        let member = seat.member.filter(|it| conversation.participant(*it).is_some());
        leaving.extend(member.filter(|member| !leaving.contains(member)));
    }
    let last = tasks.last().map(LastRouting::of).or_else(|| means.last.clone());
    let means = Means { last, ..means.clone() };
    let settled = settle(&mut next, conversation, Cause::ChannelInactive, &means, now)?;
    let leaving = leaving.into_iter().map(Command::Leave).chain(settled.commands);
    let left = decide_all(conversation, leaving, Source::Interaction, answers, now)?;
    let written = written(Some(interaction), next, conversation, answers)?;
    Ok(written.with(left.into()).with(ended))
}

/// Adds a participant who is not invited by a task: a customer, a supervisor, an external one (rules C.6, C.12). An agent comes by
/// a reservation, which is to be named.
pub fn add_participant(
    interaction: &Interaction,
    conversation: &Conversation,
    kind: ParticipantKind,
    new: NewParticipant,
    routing: Option<SeatRouting>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(u32, Decision), Objection> {
    if interaction.status == ChannelStatus::Closed || conversation.state == State::Closed {
        return Err(Refusal::JoinsTooLate.into());
    }
    if kind == ParticipantKind::Agent && routing.is_none() {
        return Err(Refusal::NotAPlace("an agent comes by an invite").into());
    }
    let reads = |one: &ChannelParticipant| {
        let member = one.member.and_then(|number| conversation.participant(number));
        let is_here = one.kind == ParticipantKind::Customer && !one.left;
        is_here && member.is_some_and(|member| member.identity.is_some())
    };
    if new.presence == Some(Presence::Coach) && interaction.participants.iter().any(reads) {
        let why =
            "a customer who is in the conversation by an identity would read what a coach writes";
        return Err(Refusal::NotAPlace(why).into());
    }
    let takes = kind == ParticipantKind::Agent;
    let taken = taken_up(interaction, conversation).filter(|_| takes);
    let joining = std::iter::once(Command::Join(new)).chain(taken);
    let joined = decide_all(conversation, joining, Source::Interaction, answers, now)?;
    let before = interaction;
    let mut interaction = interaction.clone();
    let number = interaction.number();
    interaction.updated = now;
    if takes {
        interaction.unattended = None;
        interaction.fell_back = false;
    }
    interaction.participants.push(ChannelParticipant {
        number,
        kind,
        member: joined.number,
        routing,
        wraps_up: false,
        left: false,
    });
    let written = written(Some(before), interaction, conversation, answers)?;
    Ok((number, written.with(joined.into())))
}

/// Ends a task of a channel that ends; one in work is wrapped up if it is not to be completed.
fn end_task(task: &Task, complete: bool, now: Timestamp) -> Result<task::TaskChange, Refusal> {
    let reason = Some(CHANNEL_CLOSED.to_owned());
    let command = match task.status {
        TaskStatus::Pending | TaskStatus::Reserved => Some(task::Command::Cancel { reason }),
        TaskStatus::Assigned | TaskStatus::Wrapping if complete => {
            Some(task::Command::Complete { reason })
        }
        TaskStatus::Assigned => Some(task::Command::Wrap { reason }),
        TaskStatus::Wrapping | TaskStatus::Completed | TaskStatus::Canceled => None,
    };
    task::decide_all(task, command, task::Source::Interaction, now)
}

/// That a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskEnd {
    /// Which.
    pub task: TaskSid,
    /// Completed or canceled.
    pub status: TaskStatus,
    /// Why, if it was canceled.
    pub cause: Cause,
}

/// A task of the interaction ended in the task router. The agent's seat is given up; and when the last agent
/// completed the task and no other agent is asked for, the channel and the conversation are closed
/// (rule A.1, default orchestration). A canceled task leaves the conversation open: it goes to the fallback, or waits (rule C.15).
pub fn task_ended(
    interaction: &Interaction,
    conversation: &Conversation,
    TaskEnd { task, status, cause }: TaskEnd,
    means: &Means,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let transferred = transfer::number_by(interaction, task);
    if interaction.invite_of(task).is_none_or(|invite| invite.over) {
        return Ok(Decision::unchanged());
    }
    let mut next = interaction.clone();
    next.updated = now;
    next.invites.iter_mut().filter(|one| one.task == task).for_each(|one| one.over = true);
    if let Some(number) = transferred {
        let event = TransferEvent::GivenUp;
        let commands = transfer::happens(&mut next, conversation, number, event, now);
        if next.agents() > 0 {
            let states = (interaction, next);
            return transfer::settle(states, conversation, number, commands, answers, now);
        }
    }
    let mut member = None;
    for seat in &mut next.participants {
        if seat.routing.as_ref().is_some_and(|routing| routing.task == task) && !seat.left {
            seat.left = true;
            member = seat.member;
        }
    }
    let last = next.agents() == 0 && next.open_tasks().next().is_none();
    if status == TaskStatus::Completed && last && next.status == ChannelStatus::Active {
        next.status = ChannelStatus::Closed;
        let closed = of(conversation, Command::Close, answers, now)?;
        let written = written(Some(interaction), next, conversation, answers)?;
        return Ok(written.with(closed.into()));
    }
    let mut commands: Vec<Command> = unseated(&next, conversation, member).into_iter().collect();
    let settled = settle(&mut next, conversation, cause, means, now)?;
    commands.extend(settled.commands);
    let told = decide_all(conversation, commands, Source::Interaction, answers, now)?;
    let written = written(Some(interaction), next, conversation, answers)?;
    Ok(written.with(told.into()).with(settled.decision))
}

#[cfg(test)]
pub(super) mod tests;
