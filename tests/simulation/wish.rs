//! What people ask the API for, and what it has to answer: a small model of its own, apart from the product's rules.
//!
//! Between the question and the answer others write, so an answer has to fit one of the states that there were
//! meanwhile. What is no success and no refusal by a rule needs an excuse: something went wrong on the way.

use std::str::FromStr;

use serde_json::Value;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::ChannelStatus;
use switchboard_domain::sid::{ConversationSid, InteractionSid, ReservationSid, Sid as _, TaskSid};
use switchboard_domain::task::{ReservationStatus, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::mirror::Mirror;
use crate::speakers::{self, Turn};

/// Status and code of an answer; a success has no code.
pub(crate) type Reply = (u64, u64);

pub(crate) const OK: Reply = (200, 0);
pub(crate) const CREATED: Reply = (201, 0);
const GONE: Reply = (204, 0);
pub(crate) const NO_SUCH: Reply = (404, 20404);
const STATE: Reply = (400, 20001);
const RESCINDED: Reply = (410, 20410);
pub(crate) const CLOSED: Reply = (400, 50377);
const BOUND: Reply = (409, 50416);
const CHANNEL_CLOSED: Reply = (400, 45354);

/// A function may lose this much time between its start and its write.
const SLACK: Millis = Millis::seconds(16);
/// The same where clocks are wrong.
const SKEW: Millis = Millis::seconds(620);

/// What a client asks for, as far as the answer depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A reservation becomes that.
    Reservation { reservation: ReservationSid, wanted: ReservationStatus },
    /// A task becomes that.
    Task { task: TaskSid, wanted: TaskStatus },
    /// A task is amended.
    Amend { task: TaskSid },
    /// A task is deleted.
    Delete { task: TaskSid },
    /// Something is written into a conversation.
    Write { conversation: ConversationSid, token: Option<u64> },
    /// Somebody is to write alone, or no more.
    Speak { conversation: ConversationSid, turn: Turn },
    /// A conversation gets timers, or another state.
    Time { conversation: ConversationSid },
    /// A conversation is closed.
    Close { conversation: ConversationSid },
    /// A conversation is made for a customer.
    Bind { address: String },
    /// One more agent is invited.
    Invite { interaction: InteractionSid },
    /// A channel is closed, or parked.
    Channel { interaction: InteractionSid, is_parked: bool },
    /// An agent leaves.
    Leave,
    /// Whatever else, which nothing can keep from success.
    Plain(Reply),
}

impl Wish {
    /// What a request asks for.
    pub(crate) fn of(method: &str, path: &str, form: &[(&str, &str)]) -> Self {
        let given = |name: &str| form.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["taskrouter", _, _, _, "Workers", _, "Reservations", sid] => {
                let wanted = given("ReservationStatus").unwrap_or_default();
                let wanted = ReservationStatus::parse(wanted).expect("a status");
                Self::Reservation { reservation: named(sid), wanted }
            }
            ["taskrouter", _, _, _, "Tasks"] => Self::Plain(CREATED),
            ["taskrouter", _, _, _, "Tasks", sid] if method == "DELETE" => {
                Self::Delete { task: named(sid) }
            }
            ["taskrouter", _, _, _, "Tasks", sid] => match given("AssignmentStatus") {
                Some(status) => {
                    let wanted = TaskStatus::parse(status).expect("a status");
                    Self::Task { task: named(sid), wanted }
                }
                None => Self::Amend { task: named(sid) },
            },
            ["conversations", _, "Conversations", sid, "Messages"] => {
                let token = given("SpeakerToken").map(|token| token.parse().expect("a number"));
                Self::Write { conversation: named(sid), token }
            }
            ["conversations", _, "Conversations", sid, "Speaker"] => {
                Self::Speak { conversation: named(sid), turn: Turn::of(given) }
            }
            ["conversations", _, "Conversations", _, "Webhooks"] => Self::Plain(CREATED),
            ["conversations", _, "Conversations", sid] if given("State") == Some("closed") => {
                Self::Close { conversation: named(sid) }
            }
            ["conversations", _, "Conversations", sid] => Self::Time { conversation: named(sid) },
            ["conversations", _, "ConversationWithParticipants"] => {
                let participant = given("Participant").unwrap_or_default();
                let participant: Value = serde_json::from_str(participant).unwrap_or_default();
                let address = participant["messaging_binding"]["address"].as_str();
                Self::Bind { address: address.unwrap_or_default().to_owned() }
            }
            ["flex-api", _, _, sid, _, _, "Invites"] => Self::Invite { interaction: named(sid) },
            ["flex-api", _, _, _, _, _, "Participants", _] => Self::Leave,
            ["flex-api", _, _, sid, _, _] => {
                let is_parked = given("Status") == Some("inactive");
                Self::Channel { interaction: named(sid), is_parked }
            }
            _ => Self::Plain(OK),
        }
    }

    /// Whether a task would be gone.
    pub(crate) fn cancels(&self) -> bool {
        matches!(self, Self::Delete { .. } | Self::Task { wanted: TaskStatus::Canceled, .. })
    }

    /// Whether that conversation would be closed.
    pub(crate) fn closes(&self, sid: ConversationSid) -> bool {
        match self {
            Self::Close { conversation } => *conversation == sid,
            Self::Channel { interaction, is_parked: false } => medium(*interaction) == sid,
            _ => false,
        }
    }

    /// Whether two workers want the same task.
    pub(crate) fn is_rival_of(&self, other: &Self) -> bool {
        const ACCEPTED: ReservationStatus = ReservationStatus::Accepted;
        match (self, other) {
            (
                Self::Reservation { reservation: one, wanted: ACCEPTED },
                Self::Reservation { reservation: another, wanted: ACCEPTED },
            ) => one != another && one.kin::<TaskSid>(0) == another.kin::<TaskSid>(0),
            _ => false,
        }
    }

    /// What may be answered as things stand. More than one answer only where it depends on a clock, or on what
    /// the tables do not show.
    pub(crate) fn predicted(&self, mirror: &Mirror, now: Timestamp, is_skewed: bool) -> Vec<Reply> {
        let task = |sid: TaskSid| mirror.tasks().find(|one| one.sid == sid);
        let conversation = |sid: ConversationSid| mirror.conversations().find(|one| one.sid == sid);
        let slack = if is_skewed { SKEW } else { SLACK };
        match self {
            Self::Plain(reply) => vec![*reply],
            Self::Reservation { reservation, wanted } => {
                let task = task(reservation.kin(0));
                seen(task, |task| answered(task, *reservation, *wanted, now, slack))
            }
            Self::Task { task: sid, wanted } => seen(task(*sid), |task| becomes(task, *wanted)),
            Self::Amend { task: sid } => seen(task(*sid), |_| vec![OK]),
            Self::Delete { task: sid } => seen(task(*sid), |task| match task.status {
                TaskStatus::Assigned | TaskStatus::Wrapping => vec![STATE],
                TaskStatus::Pending
                | TaskStatus::Reserved
                | TaskStatus::Completed
                | TaskStatus::Canceled => vec![GONE],
            }),
            Self::Write { conversation: sid, token } => {
                speakers::written(conversation(*sid), *token, now, slack)
            }
            Self::Speak { conversation: sid, turn } => {
                turn.predicted(conversation(*sid), now, slack)
            }
            Self::Close { conversation: sid } | Self::Time { conversation: sid } => {
                vec![open(conversation(*sid), OK)]
            }
            Self::Bind { address } => {
                let mut open = mirror.conversations().filter(|one| one.state != State::Closed);
                let is_bound = open.any(|one| one.participant_called(address).is_some());
                vec![if is_bound { BOUND } else { CREATED }]
            }
            // The interaction comes a moment after its conversation.
            Self::Invite { interaction } | Self::Channel { interaction, .. }
                if !mirror.interactions().any(|one| one.sid == *interaction) =>
            {
                vec![NO_SUCH]
            }
            Self::Invite { interaction } => {
                let is_over = conversation(medium(*interaction)).is_none_or(is_closed);
                vec![if is_over || is_shut(mirror, *interaction) { CHANNEL_CLOSED } else { OK }]
            }
            Self::Channel { interaction, is_parked: true } => {
                let is_over = conversation(medium(*interaction)).is_none_or(is_closed);
                match (is_shut(mirror, *interaction), is_over) {
                    (true, _) => vec![CHANNEL_CLOSED],
                    // The interaction has not learned yet of what a program did to its conversation.
                    (false, true) => vec![OK, CHANNEL_CLOSED, CLOSED],
                    (false, false) => vec![OK],
                }
            }
            Self::Channel { is_parked: false, .. } | Self::Leave => vec![OK],
        }
    }
}

/// The identifier in a path.
fn named<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no identifier of that kind"))
}

/// The conversation of an interaction: its twin.
fn medium(interaction: InteractionSid) -> ConversationSid {
    named(&format!("CH{}", &interaction.to_string()[2..]))
}

/// Whether the channel of an interaction is closed.
fn is_shut(mirror: &Mirror, sid: InteractionSid) -> bool {
    let found = mirror.interactions().find(|one| one.sid == sid);
    found.is_some_and(|one| one.status == ChannelStatus::Closed)
}

pub(crate) fn is_closed(conversation: &Conversation) -> bool {
    conversation.state == State::Closed
}

/// The answer that needs an open conversation.
fn open(conversation: Option<&Conversation>, open: Reply) -> Reply {
    match conversation {
        None => NO_SUCH,
        Some(one) if is_closed(one) => CLOSED,
        Some(_) => open,
    }
}

/// A task that is over is out of sight at some time.
fn seen(task: Option<&Task>, replies: impl FnOnce(&Task) -> Vec<Reply>) -> Vec<Reply> {
    let Some(task) = task else { return vec![NO_SUCH] };
    let mut all = replies(task);
    if task.status.is_over() {
        all.push(NO_SUCH);
    }
    all
}

fn becomes(task: &Task, wanted: TaskStatus) -> Vec<Reply> {
    use TaskStatus::{Assigned, Canceled, Completed, Pending, Reserved, Wrapping};
    let fits = match wanted {
        Completed => matches!(task.status, Assigned | Wrapping | Completed),
        Wrapping => matches!(task.status, Assigned | Wrapping),
        Canceled => matches!(task.status, Pending | Reserved | Canceled),
        Pending | Reserved | Assigned => false,
    };
    vec![if fits { OK } else { STATE }]
}

fn answered(
    task: &Task,
    sid: ReservationSid,
    wanted: ReservationStatus,
    now: Timestamp,
    slack: Millis,
) -> Vec<Reply> {
    use ReservationStatus as S;
    let Some(one) = task.reservation(sid) else { return vec![NO_SUCH] };
    match (one.status, wanted) {
        (S::Rescinded, _) => vec![RESCINDED],
        (S::Pending, S::Accepted) if now - one.expires >= slack => vec![STATE],
        (S::Pending, S::Accepted) if one.expires - now > slack => vec![OK],
        (S::Pending, S::Accepted) => vec![OK, STATE],
        (S::Pending, S::Rejected) => vec![OK],
        (S::Accepted, S::Accepted) | (S::Rejected, S::Rejected) => vec![OK],
        (S::Accepted | S::Wrapping | S::Completed, S::Completed) => {
            becomes(task, TaskStatus::Completed)
        }
        (S::Accepted | S::Wrapping, S::Wrapping) => becomes(task, TaskStatus::Wrapping),
        _ => vec![STATE],
    }
}
