//! The one journey that meets every function, for the faults that are tried one by one.
//!
//! It is taken step by step until the fault has struck. From there everything comes to rest and is looked at,
//! a customer writes once more and what is left is worked off, and everything is looked at again: so a fault
//! shows whether it is at once or only when life goes on.

use serde_json::json;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::ParticipantKind;
use switchboard_domain::sid::{ChannelParticipantSid, Sid as _};
use switchboard_domain::task::ReservationStatus;

use crate::kernel::{Kernel, further_invite};
use crate::plan::Plan;
use crate::setup::{CUSTOMERS, NUMBER, Setting, workflow};

/// Nobody waits longer for anything.
const PATIENCE_MS: i64 = 5_000;
/// Long enough for an offer to lapse.
const PAST_AN_OFFER_MS: i64 = 70_000;

/// Nothing once the fault has struck: the journey ends there.
pub(crate) type Step<T = ()> = Option<T>;

/// Customers write, agents reject, accept, reply, invite, leave and are late; channels close and are parked.
pub(crate) async fn journey(plan: Plan) -> Kernel {
    let mut on = Kernel::start(7, plan, Setting::default()).await;
    if first_day(&mut on).await.is_some() && second_day(&mut on).await.is_some() {
        on.tick().await;
    }
    on.all_is_well().await;
    if on.violation().is_none() {
        on.writes(CUSTOMERS[0]).await;
        on.work_off().await;
        on.all_is_well().await;
    }
    on
}

/// One customer from the first word to the end, with two agents.
async fn first_day(on: &mut Kernel) -> Step {
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await?;
    on.all(ReservationStatus::Pending, "rejected").await?;
    // What they quote is nobody's, so it is looked for everywhere.
    on.writes_quoting(CUSTOMERS[0], Some(format!("SM{:032x}", u32::MAX))).await;
    on.a_little().await?;
    on.all(ReservationStatus::Pending, "accepted").await?;
    if let Some((conversation, channel)) = on.channel(CUSTOMERS[0]) {
        talk(on, &conversation, &channel).await?;
    }
    on.all(ReservationStatus::Accepted, "wrapping").await?;
    on.all(ReservationStatus::Wrapping, "completed").await
}

async fn talk(on: &mut Kernel, conversation: &str, channel: &str) -> Step {
    let root = format!("/conversations/v1/Conversations/{conversation}");
    // Nobody may call there, so nobody does: all of the way but the last step.
    let webhook = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://10.0.0.1/hook"),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
        ("Configuration.Filters", "onDeliveryUpdated"),
    ];
    on.insists(&format!("{root}/Webhooks"), &webhook).await?;
    let reply = [("Author", "alice"), ("Body", "how can I help?")];
    on.insists(&format!("{root}/Messages"), &reply).await?;
    on.begins_to_listen(conversation).await?;
    let routing = further_invite(&on.centre, Some(on.centre.sid("carol")));
    on.insists(&format!("{channel}/Invites"), &[("Routing", &routing)]).await?;
    on.all(ReservationStatus::Pending, "accepted").await?;
    if let Some(seat) = on.seat() {
        on.insists(&format!("{channel}/Participants/{seat}"), &[("Status", "closed")]).await?;
    }
    Some(())
}

/// An offer that nobody answers, a channel that is parked and one that is closed, an operator who edits.
async fn second_day(on: &mut Kernel) -> Step {
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await?;
    on.all(ReservationStatus::Pending, "accepted").await?;
    if let Some((_, channel)) = on.channel(CUSTOMERS[0]) {
        let parked = [("Status", "inactive"), ("Routing", r#"{"status":"closed"}"#)];
        on.insists(&channel, &parked).await?;
    }
    on.writes(CUSTOMERS[1]).await;
    on.drain(PAST_AN_OFFER_MS).await;
    on.goes_on()?;
    for name in ["alice", "bob", "carol"] {
        on.moves(name, "available").await;
        on.a_little().await?;
    }
    on.goes_home().await?;
    on.edits().await?;
    on.all(ReservationStatus::Pending, "accepted").await?;
    if let Some((_, channel)) = on.channel(CUSTOMERS[1]) {
        let closed = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
        on.insists(&channel, &closed).await?;
    }
    on.meddles().await?;
    falls_quiet(on).await?;
    comes_together(on).await?;
    goes_in_time(on).await?;
    // Some of them are answered.
    for customer in CUSTOMERS {
        on.writes_to_the_line(customer).await;
        on.a_little().await?;
    }
    Some(())
}

/// Two messages for some minutes later: one is taken back, and one goes.
async fn goes_in_time(on: &mut Kernel) -> Step {
    for ahead in [310, 330] {
        on.schedules(CUSTOMERS[0], ahead).await;
        on.a_little().await?;
    }
    if let Some((_, next)) = on.scheduled().first() {
        on.takes_back(next).await;
        on.a_little().await?;
    }
    on.goes_by(360).await
}

/// Two of a group write, somebody joins, they are answered, and somebody leaves.
async fn comes_together(on: &mut Kernel) -> Step {
    on.writes_to_group(&[0, 1], 0).await;
    on.a_little().await?;
    on.writes_to_group(&[0, 1], 1).await;
    on.a_little().await?;
    let Some(group) = on.groups().into_iter().next() else { return Some(()) };
    let path = format!("/conversations/v1/Conversations/{}/Participants", group.sid);
    on.ask_knowing("POST", &path, &[("MessagingBinding.Address", "+14155550173")]).await;
    on.a_little().await?;
    on.answers_group(&group).await;
    on.a_little().await?;
    on.writes_to_group(&[0, 1, 2], 2).await;
    on.a_little().await
}

/// A customer who writes once more within the minute and then no more: an alarm that rings too early, one that does not, and the
/// end of the conversation.
async fn falls_quiet(on: &mut Kernel) -> Step {
    let Some((conversation, _)) = on.channel(CUSTOMERS[2]) else { return Some(()) };
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let timers = [("Timers.Inactive", "PT1M"), ("Timers.Closed", "PT10M")];
    on.insists(&path, &timers).await?;
    on.goes_by(30).await?;
    on.writes(CUSTOMERS[2]).await;
    on.goes_by(13 * 60).await?;
    has_enough(on).await
}

/// A customer who writes, wants nothing more, is written to all the same, and wants to hear from us again.
async fn has_enough(on: &mut Kernel) -> Step {
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await?;
    on.says(CUSTOMERS[0], "STOP").await;
    on.a_little().await?;
    if let Some((conversation, _)) = on.channel(CUSTOMERS[0]) {
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        on.insists(&path, &[("Author", "system"), ("Body", "are you there?")]).await?;
    }
    on.says(CUSTOMERS[0], "start").await;
    on.a_little().await
}

impl Kernel {
    pub(crate) fn goes_on(&self) -> Step {
        (!self.plan.has_struck() && self.violation().is_none()).then_some(())
    }

    async fn a_little(&mut self) -> Step {
        self.drain(PATIENCE_MS).await;
        self.goes_on()
    }

    /// Everybody in that state says so.
    async fn all(&mut self, status: ReservationStatus, answer: &str) -> Step {
        for seen in self.reservations(status) {
            self.answers(&seen, answer).await;
        }
        self.a_little().await
    }

    /// The newest open conversation of a customer, and the path of its channel.
    fn channel(&self, customer: &str) -> Option<(String, String)> {
        let state = self.world.state();
        let of = |one: &&Conversation| {
            one.state != State::Closed && one.participant_called(customer).is_some()
        };
        let sid = state.mirror.conversations().find(of)?.sid.to_string();
        let digits = &sid[2..];
        let channel = format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}");
        Some((sid, channel))
    }

    /// The seat of an agent.
    fn seat(&self) -> Option<String> {
        let state = self.world.state();
        state.mirror.interactions().find_map(|interaction| {
            let agent =
                interaction.participants.iter().find(|one| one.kind == ParticipantKind::Agent)?;
            Some(interaction.sid.kin::<ChannelParticipantSid>(agent.number).to_string())
        })
    }

    async fn insists(&mut self, path: &str, form: &[(&str, &str)]) -> Step {
        self.ask("program", "POST", path, form).await;
        self.a_little().await
    }

    /// Time goes by, with a tick every minute.
    async fn goes_by(&mut self, seconds: i64) -> Step {
        for _ in 0..seconds / 30 {
            self.pass(30_000).await;
            self.a_little().await?;
        }
        Some(())
    }

    /// A program listens from now on, and is told of what was said before.
    async fn begins_to_listen(&mut self, conversation: &str) -> Step {
        let found = {
            let state = self.world.state();
            let mut all = state.mirror.conversations();
            all.find(|one| one.sid.to_string() == conversation).cloned()
        };
        self.listens_from(&found?, "0").await;
        self.a_little().await
    }

    async fn edits(&mut self) -> Step {
        let root = self.centre.workspace();
        let (english, carol) = (self.centre.sid("english"), self.centre.sid("carol"));
        let queue = format!("{root}/TaskQueues/{english}");
        let channel = format!("{root}/Workers/{carol}/Channels/sms");
        self.insists(&queue, &[("TargetWorkers", "languages HAS \"en\" OR languages HAS \"fr\"")])
            .await?;
        self.insists(&channel, &[("Capacity", "2")]).await?;
        let flow = format!("{root}/Workflows/{}", self.centre.sid("workflow"));
        let configuration = workflow(self.centre.sid("english"), self.centre.sid("anybody"), 45);
        self.insists(&flow, &[("Configuration", &configuration)]).await
    }

    /// The workers who are asked go home.
    async fn goes_home(&mut self) -> Step {
        let offline = self.centre.sid("offline").to_owned();
        if let Some(seen) = self.reservations(ReservationStatus::Pending).first() {
            let root = self.centre.workspace();
            let path = format!("{root}/Workers/{}/Reservations/{}", seen.worker, seen.reservation);
            let form = [("ReservationStatus", "rejected"), ("WorkerActivitySid", &offline)];
            self.insists(&path, &form).await?;
        }
        Some(())
    }

    /// A program ends a task that waits, and closes a conversation under everybody.
    async fn meddles(&mut self) -> Step {
        for name in ["alice", "bob", "carol"] {
            self.moves(name, "offline").await;
        }
        self.writes(CUSTOMERS[2]).await;
        self.a_little().await?;
        if let Some(task) = self.waiting().first() {
            let path = format!("{}/Tasks/{task}", self.centre.workspace());
            self.insists(&path, &[("AssignmentStatus", "canceled"), ("Reason", "enough")]).await?;
        }
        if let Some((conversation, _)) = self.channel(CUSTOMERS[2]) {
            let path = format!("/conversations/v1/Conversations/{conversation}");
            self.insists(&path, &[("State", "closed")]).await?;
        }
        let path = "/conversations/v1/ConversationWithParticipants";
        let pair = json!({ "address": CUSTOMERS[2], "proxy_address": NUMBER });
        let participant = json!({ "messaging_binding": pair }).to_string();
        self.insists(path, &[("Participant", &participant)]).await
    }

    pub(crate) async fn all_is_well(&mut self) {
        self.rest().await;
        self.tick().await;
        self.rest().await;
        if self.violation().is_none() {
            self.check_at_rest().await;
        }
    }
}
