//! The one journey that meets every function, for the faults that are tried one by one.

use switchboard_domain::task::ReservationStatus;

use crate::kernel::{Kernel, further_invite};
use crate::plan::Plan;
use crate::setup::CUSTOMERS;

/// Nobody waits longer for anything.
const PATIENCE_MS: i64 = 5_000;

impl Kernel {
    async fn a_little(&mut self) {
        self.drain(PATIENCE_MS).await;
    }

    /// Everybody in that state says so; who is not heard says it again.
    async fn all(&mut self, status: ReservationStatus, answer: &str) {
        for _ in 0..2 {
            for seen in self.reservations(status) {
                self.answers(&seen, answer).await;
            }
            self.a_little().await;
        }
    }

    /// The path of the interaction of the newest open conversation of a customer.
    fn channel(&self, customer: &str) -> Option<(String, String)> {
        let state = self.world.state();
        let of = |one: &&switchboard_domain::conversation::Conversation| {
            one.state != switchboard_domain::conversation::State::Closed
                && one.participant_called(customer).is_some()
        };
        let sid = state.mirror.conversations().find(of)?.sid.to_string();
        let digits = &sid[2..];
        let channel = format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}");
        Some((sid.clone(), channel))
    }

    /// Asks, and once more if nothing came of it.
    async fn insists(&mut self, path: &str, form: &[(&str, &str)]) {
        let before = self.facts.answers.get(&200).copied().unwrap_or(0)
            + self.facts.answers.get(&201).copied().unwrap_or(0);
        for _ in 0..2 {
            let now = self.facts.answers.get(&200).copied().unwrap_or(0)
                + self.facts.answers.get(&201).copied().unwrap_or(0);
            if now == before {
                self.ask("program", "POST", path, form).await;
                self.a_little().await;
            }
        }
    }
}

/// Customers write, agents reject, accept, reply, invite, leave and are late; channels close and are parked.
pub(crate) async fn journey(plan: Plan) -> Kernel {
    let mut on = Kernel::start(7, plan).await;
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await;
    on.all(ReservationStatus::Pending, "rejected").await;
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await;
    on.all(ReservationStatus::Pending, "accepted").await;
    if let Some((conversation, channel)) = on.channel(CUSTOMERS[0]) {
        let root = format!("/conversations/v1/Conversations/{conversation}");
        // Nobody may call there, so nobody does: all of the way but the last step.
        let webhook = [
            ("Target", "webhook"),
            ("Configuration.Url", "https://10.0.0.1/hook"),
            ("Configuration.Method", "POST"),
            ("Configuration.Filters", "onMessageAdded"),
            ("Configuration.Filters", "onDeliveryUpdated"),
        ];
        on.insists(&format!("{root}/Webhooks"), &webhook).await;
        let reply = [("Author", "alice"), ("Body", "how can I help?")];
        on.insists(&format!("{root}/Messages"), &reply).await;
        let routing = further_invite(&on.centre, Some(on.centre.sid("carol")));
        on.insists(&format!("{channel}/Invites"), &[("Routing", &routing)]).await;
        on.all(ReservationStatus::Pending, "accepted").await;
        let seat = {
            let state = on.world.state();
            let mut seats = state.mirror.interactions().flat_map(|it| {
                it.participants.iter().filter(|one| one.kind == "agent").map(|one| {
                    use switchboard_domain::sid::{ChannelParticipantSid, Sid as _};
                    it.sid.kin::<ChannelParticipantSid>(one.number).to_string()
                })
            });
            seats.next()
        };
        if let Some(seat) = seat {
            on.insists(&format!("{channel}/Participants/{seat}"), &[("Status", "closed")]).await;
        }
    }
    on.all(ReservationStatus::Accepted, "wrapping").await;
    on.all(ReservationStatus::Wrapping, "completed").await;
    second_day(&mut on).await;
    on.rest().await;
    on.tick().await;
    on.rest().await;
    on
}

/// An offer that nobody answers, a channel that is parked and one that is closed.
async fn second_day(on: &mut Kernel) {
    on.writes(CUSTOMERS[0]).await;
    on.a_little().await;
    on.all(ReservationStatus::Pending, "accepted").await;
    if let Some((_, channel)) = on.channel(CUSTOMERS[0]) {
        let parked = [("Status", "inactive"), ("Routing", r#"{"status":"closed"}"#)];
        on.insists(&channel, &parked).await;
    }
    on.writes(CUSTOMERS[1]).await;
    // Long enough for the offer to lapse.
    on.drain(70_000).await;
    for name in ["alice", "bob", "carol"] {
        on.moves(name, "available").await;
        on.a_little().await;
    }
    on.all(ReservationStatus::Pending, "accepted").await;
    if let Some((_, channel)) = on.channel(CUSTOMERS[1]) {
        let closed = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
        on.insists(&channel, &closed).await;
    }
}
