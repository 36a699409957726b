//! What has to happen in some run: a proof over many seeds says nothing of a state that none of them reaches.

use std::collections::BTreeMap;

use switchboard::{Fault, Passage};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::interaction::ChannelStatus;
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::task::{Reservation, ReservationStatus, Task, TaskStatus};
use switchboard_domain::timestamp::Millis;

use crate::beforehand;
use crate::cares;
use crate::groups;
use crate::mirror::Mirror;
use crate::opting;
use crate::schedules;
use crate::speakers;
use crate::steps::Scene;
use crate::wish::Wish;

macro_rules! sometimes {
    ($($name:ident = $words:literal,)*) => {
        /// A state that some run has to reach.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Sometimes {
            $(#[doc = $words] $name,)*
        }

        impl Sometimes {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// It in words.
            pub(crate) const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

sometimes! {
    FullWhileCanceling = "a worker's last room is taken while somebody cancels a task",
    TwoAcceptAtOnce = "two workers accept one task at once",
    LapseDuringOutage = "a reservation lapses during an outage",
    WebhookRetriedPastClose = "a webhook that failed is posted again after its conversation was closed",
    HeadConflict = "a router writes under a head that has moved",
    TaskConflict = "a task was changed between its load and its write",
    RedeliveredInbound = "a customer's message is delivered once more by its queue",
    ReceiptBeforeRecorded = "a receipt arrives before its send was recorded",
    CarrierAsked = "the carrier is asked what became of a send",
    SendRejected = "the carrier rejects a message",
    TwoRouters = "two routers are at work at once",
    DeletedWhileAsked = "a task ends while workers are asked",
    DiedAfterWrite = "a function dies after its write and before its answer",
    OutOfTime = "a function runs out of time",
    SilentConnection = "a silent connection is given up and asked anew",
    SiblingRescinded = "a worker is told that another was faster",
    WroteWhileClosing = "a customer writes while their channel is being closed",
    WroteToParked = "a customer writes on a channel that is parked",
    StreamReplayed = "a stream begins anew",
    LateInstruction = "an endpoint instructs about a reservation that is over",
    WaitedForGood = "a task that waits is ended by the router",
    AssignedForTooLong = "a task is taken from its worker after a day",
    BatchForgotten = "a queue does not learn that a batch is done",
    RenamedWhileOpen = "a customer gets other names while a conversation is open",
    NoticeRepeated = "a notice of other names comes again after later ones",
    BatchRepeated = "several messages of customers come again in one webhook",
    InactiveByTimer = "a conversation becomes inactive because it is quiet",
    ClosedByTimer = "a conversation is closed because it is quiet",
    WokenByMessage = "a customer writes to a conversation that is quiet",
    ChangedWhileLookedAt = "a conversation changes while its alarm rings",
    MessageRefused = "an endpoint refuses a customer's message",
    MessageChanged = "an endpoint changes a customer's message, or names its conversation",
    ChangeRefused = "an endpoint refuses what somebody asks for by REST",
    TurnHandedOver = "a speaker is followed by another one before their time is over",
    TurnRanOut = "a speaker is followed by another one after their time was over",
    AgentTookTurn = "an agent who is seated takes the turn of a bot",
    SpeakerLeft = "a speaker leaves the conversation",
    SpokeTooLate = "a speaker writes under a number that was good when they began",
    WrittenWhileReplayed = "something is said while a webhook is told of what was said before",
    GroupChanged = "somebody joins or leaves a group that stays open",
    OptedOut = "a customer wants nothing more",
    OptedOutWhileSending = "a customer wants nothing more while something to them waits to be sent",
    OptedInAgain = "a customer wants to hear from us again",
    RefusedByConsent = "a message is not sent, since its recipient wants none",
    LeftTogether = "several replies leave as one",
    FailedTogether = "several replies that left as one do not arrive",
    LetGo = "a scheduled message goes when its time has come",
    TakenBack = "a scheduled message is taken back",
    LeftWaiting = "nobody is responsible for a conversation, and it says so",
    Parked = "an agent puts a conversation aside",
    CameBack = "a parked conversation comes back",
    FellBack = "the fallback is asked",
    RefusedByRule = "a person's request is refused by a rule, as predicted",
}

/// How often what was met.
pub(crate) type Met = BTreeMap<Sometimes, usize>;

/// Notes that it was.
pub(crate) fn meet(met: &mut Met, what: Sometimes) {
    *met.entry(what).or_default() += 1;
}

/// Beside what has changed: who is asking for what, and when the last outage struck.
pub(crate) struct Around<'a> {
    pub(crate) wishes: &'a [&'a Wish],
    pub(crate) outage: bool,
}

/// How long an outage counts.
pub(crate) const OUTAGE: Millis = Millis::seconds(15);

/// Looks at what one request changed.
pub(crate) fn look(met: &mut Met, scene: &Scene<'_>, around: &Around<'_>) {
    for change in scene.changes {
        match (&change.before, &change.after) {
            (Some(Record::Task(before)), Some(Record::Task(after))) => {
                task(met, before, after, scene, around);
            }
            (Some(Record::Interaction(before)), Some(Record::Interaction(after))) => {
                cares::note(before, after, met);
            }
            (Some(Record::Conversation(before)), Some(Record::Conversation(after))) => {
                speakers::note(before, after, scene, met);
                groups::note(before, after, met);
            }
            (before, Some(Record::Message(after))) => {
                let before = match before {
                    Some(Record::Message(before)) => Some(before.as_ref()),
                    _ => None,
                };
                message(met, before, after, scene);
                opting::note_refused(before, after, scene, met);
                schedules::note(before, after, met);
            }
            (before, Some(Record::Consent(after))) => {
                let before = before.as_ref().and_then(Record::get);
                opting::note(before, after, scene, met);
            }
            _ => {}
        }
    }
}

fn task(met: &mut Met, before: &Task, after: &Task, scene: &Scene<'_>, around: &Around<'_>) {
    let by_router = scene.function == "task-assignment";
    let is_canceled = after.status == TaskStatus::Canceled && before.status != after.status;
    match before.status {
        TaskStatus::Reserved if is_canceled => meet(met, Sometimes::DeletedWhileAsked),
        TaskStatus::Pending if is_canceled && by_router => meet(met, Sometimes::WaitedForGood),
        TaskStatus::Assigned if is_canceled => meet(met, Sometimes::AssignedForTooLong),
        _ => {}
    }
    for one in &after.reservations {
        let old = before.reservations.iter().find(|old| old.number == one.number);
        match (old.map(|old| old.status), one.status) {
            (None, ReservationStatus::Pending) => {
                let cancels = around.wishes.iter().any(|wish| wish.cancels());
                if cancels && is_full(scene.mirror, after, one) {
                    meet(met, Sometimes::FullWhileCanceling);
                }
            }
            (Some(ReservationStatus::Pending), ReservationStatus::Timeout) if around.outage => {
                meet(met, Sometimes::LapseDuringOutage);
            }
            (Some(ReservationStatus::Pending), ReservationStatus::Rescinded) => {
                meet(met, Sometimes::SiblingRescinded);
            }
            _ => {}
        }
    }
}

/// Whether a worker has no room left on the channel of a task.
fn is_full(mirror: &Mirror, task: &Task, reservation: &Reservation) -> bool {
    let mine = |one: &&Task| {
        one.channel == task.channel
            && one.open_reservations().any(|it| it.worker == reservation.worker)
    };
    let open = mirror.tasks().filter(mine).count();
    let worker = mirror.workers().find(|one| one.sid == reservation.worker);
    worker.is_some_and(|worker| {
        u32::try_from(open).is_ok_and(|open| open >= worker.capacity(task.channel).capacity)
    })
}

fn message(met: &mut Met, before: Option<&Message>, after: &Message, scene: &Scene<'_>) {
    let (mirror, book) = (scene.mirror, &scene.book.beforehand);
    let is_rejected = |one: &Message| {
        one.deliveries.iter().filter(|it| it.status == DeliveryStatus::Failed).count()
    };
    if is_rejected(after) > before.map_or(0, is_rejected) {
        meet(met, Sometimes::SendRejected);
    }
    for copy in after.deliveries.iter().filter(|copy| !copy.merged.is_empty()) {
        let was = before.and_then(|before| before.delivery(copy.number));
        if was.is_some_and(|was| was.merged.is_empty()) {
            meet(met, Sometimes::LeftTogether);
        }
        let failed = copy.status == DeliveryStatus::Failed;
        if failed && was.is_some_and(|was| was.status != copy.status) {
            meet(met, Sometimes::FailedTogether);
        }
    }
    let is_new = before.is_none() && after.origin.is_some();
    if is_new {
        beforehand::meets(met, after, book);
    }
    let conversation = after.conversation.filter(|_| is_new);
    let conversation = mirror.conversations().find(|one| Some(one.sid) == conversation);
    let interaction = conversation.and_then(|one| one.interaction);
    let mut parked = mirror.interactions().filter(|it| it.status == ChannelStatus::Inactive);
    if interaction.is_some_and(|sid| parked.any(|one| one.sid == sid)) {
        meet(met, Sometimes::WroteToParked);
    }
}

/// Looks at what becomes of a request.
pub(crate) fn look_at_passage(met: &mut Met, passage: Passage, service: &str, is_write: bool) {
    if passage.after == Some(Fault::Killed) && is_write {
        meet(met, Sometimes::DiedAfterWrite);
    }
    let is_silent = [passage.before, passage.after].contains(&Some(Fault::Hung));
    if is_silent && matches!(service, "tables" | "queues") {
        meet(met, Sometimes::SilentConnection);
    }
}

/// A table of how often what was met.
pub(crate) fn table(met: &Met) -> String {
    let line = |what: &Sometimes| {
        let times = met.get(what).copied().unwrap_or_default();
        format!("{times:>7} × {}\n", what.words())
    };
    Sometimes::ALL.iter().map(line).collect()
}
