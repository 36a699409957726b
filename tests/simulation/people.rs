//! The people: what they see is what is in the tables, when their request arrives it may be long gone.

use switchboard_domain::carriage::CarrierName;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::{ChannelStatus, ParticipantKind};
use switchboard_domain::sid::{ChannelParticipantSid, Sid as _};
use switchboard_domain::task::{ReservationStatus, Task, TaskStatus};

use crate::carrier::{Written, customer_writes};
use crate::kernel::{Kernel, further_invite};
use crate::random::{Concern, Random};
use crate::setup::{CUSTOMERS, NUMBER, workflow};

pub(crate) const WORKERS: [&str; 3] = ["alice", "bob", "carol"];
/// No tasks are made while more than this many wait.
const WAITING_MAX: usize = 6;

/// A reservation as its worker sees it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) task: String,
    pub(crate) reservation: String,
    pub(crate) worker: String,
}

impl Kernel {
    /// A person does something.
    pub(crate) async fn act(&mut self) {
        if self.somebody_with_names_acts().await
            || self.several_come_together().await
            || self.somebody_sets_timers().await
            || self.somebody_speaks().await
            || self.somebody_has_a_file().await
            || self.somebody_in_a_browser_acts().await
            || self.somebody_listens().await
            || self.a_group_acts().await
            || self.somebody_writes_to_the_line().await
            || self.somebody_opts().await
            || self.a_program_schedules().await
            || self.somebody_cares().await
        {
            return;
        }
        const WEIGHTS: [usize; 13] = [20, 4, 30, 12, 14, 7, 4, 4, 4, 5, 3, 6, 4];
        let random = &mut self.streams.decision(Concern::People);
        match random.weighed(&WEIGHTS) {
            0 => self.a_customer_writes(random).await,
            1 => self.the_carrier_repeats(random).await,
            2 => self.a_worker_answers(random).await,
            3 => self.a_worker_ends_work(random).await,
            4 => self.an_agent_replies(random).await,
            5 => self.a_worker_moves(random).await,
            6 => self.the_operator_edits(random).await,
            7 => self.an_agent_invites(random).await,
            8 => self.a_channel_closes(random).await,
            9 => self.a_program_meddles(random).await,
            10 => self.an_agent_leaves(random).await,
            11 => self.a_program_makes_a_task().await,
            _ => self.a_program_changes_a_task(random).await,
        }
    }

    /// A task that no customer has asked for, more or less urgent, which may not wait for ever.
    pub(crate) async fn a_program_makes_a_task(&mut self) {
        if self.waiting().len() > WAITING_MAX {
            return;
        }
        let random = &mut self.streams.decision(Concern::People);
        let priority = random.below(4).to_string();
        let timeout = ["50", "400", "86400"][random.below(3)];
        let path = format!("{}/Tasks", self.centre.workspace());
        let workflow = self.centre.sid("workflow").to_owned();
        let form = [
            ("WorkflowSid", workflow.as_str()),
            ("TaskChannel", "sms"),
            ("Attributes", r#"{"topic":"a list"}"#),
            ("Priority", &priority),
            ("Timeout", timeout),
        ];
        self.ask("program", "POST", &path, &form).await;
    }

    /// A task becomes more or less urgent, gets other attributes, or is deleted.
    async fn a_program_changes_a_task(&mut self, random: &mut Random) {
        let tasks: Vec<(String, bool)> = {
            let state = self.world.state();
            let open = state.mirror.tasks().filter(|one| !one.status.is_over());
            open.map(|one| (one.sid.to_string(), one.interaction.is_some())).collect()
        };
        let Some((task, is_invite)) = random.pick(&tasks).cloned() else { return };
        let path = format!("{}/Tasks/{task}", self.centre.workspace());
        match random.below(4) {
            0 if !is_invite => {
                let form = [("Attributes", r#"{"topic":"another list"}"#)];
                self.ask("program", "POST", &path, &form).await;
            }
            1 => self.ask("program", "DELETE", &path, &[]).await,
            _ => {
                let priority = random.below(6).to_string();
                self.ask("program", "POST", &path, &[("Priority", &priority)]).await;
            }
        }
    }

    pub(crate) async fn a_customer_writes(&mut self, random: &mut Random) {
        let from = CUSTOMERS[random.below(CUSTOMERS.len())];
        self.writes(from).await;
    }

    pub(crate) async fn writes(&mut self, from: &str) {
        self.writes_quoting(from, None).await;
    }

    /// The same in answer to a message, by the carrier's identifier of that.
    pub(crate) async fn writes_quoting(&mut self, from: &str, reply_to: Option<String>) {
        self.messages += 1;
        let number = self.messages;
        let id = format!("SM{number:032x}");
        let (from, to) = (from.to_owned(), NUMBER.to_owned());
        let carrier = CarrierName::default();
        let body = format!("message {number}");
        let written = Written {
            from,
            to,
            others: Vec::new(),
            body,
            carrier,
            names: Vec::new(),
            reply_to,
            files: Vec::new(),
        };
        self.post(customer_writes(&id, written)).await;
    }

    async fn the_carrier_repeats(&mut self, random: &mut Random) {
        let known: Vec<_> = self.facts.acknowledged.iter().collect();
        let Some((id, written)) = random.pick(&known).copied() else { return };
        let post = customer_writes(id, written.clone());
        self.post(post).await;
    }

    /// The reservations in that state.
    pub(crate) fn reservations(&self, status: ReservationStatus) -> Vec<Seen> {
        let state = self.world.state();
        let each = |task: &Task| -> Vec<Seen> {
            let those = task.reservations.iter().filter(|one| one.status == status);
            those
                .map(|one| Seen {
                    task: task.sid.to_string(),
                    reservation: task.reservation_sid(one).to_string(),
                    worker: one.worker.to_string(),
                })
                .collect()
        };
        state.mirror.tasks().flat_map(each).collect()
    }

    async fn a_worker_answers(&mut self, random: &mut Random) {
        let pending = self.reservations(ReservationStatus::Pending);
        let Some(seen) = random.pick(&pending).cloned() else { return };
        let answer = if random.chance(750) { "accepted" } else { "rejected" };
        self.answers(&seen, answer).await;
    }

    pub(crate) async fn answers(&mut self, seen: &Seen, answer: &str) {
        let root = self.centre.workspace();
        let path = format!("{root}/Workers/{}/Reservations/{}", seen.worker, seen.reservation);
        let offline = self.centre.sid("offline").to_owned();
        let mut form = vec![("ReservationStatus", answer)];
        let random = &mut self.streams.decision(Concern::People);
        if answer == "rejected" && random.chance(200) {
            form.push(("WorkerActivitySid", &offline));
        }
        self.ask("worker", "POST", &path, &form).await;
    }

    async fn a_worker_ends_work(&mut self, random: &mut Random) {
        let mut working = self.reservations(ReservationStatus::Accepted);
        working.extend(self.reservations(ReservationStatus::Wrapping));
        let Some(seen) = random.pick(&working).cloned() else { return };
        let root = self.centre.workspace();
        let status = if random.chance(700) { "completed" } else { "wrapping" };
        if random.chance(500) {
            let path = format!("{root}/Tasks/{}", seen.task);
            let form = [("AssignmentStatus", status), ("Reason", "done")];
            self.ask("worker", "POST", &path, &form).await;
        } else {
            self.answers(&seen, status).await;
        }
    }

    /// Open conversations with an interaction.
    pub(crate) fn in_use(&self) -> Vec<Conversation> {
        let state = self.world.state();
        let open = |one: &&Conversation| one.state != State::Closed && one.interaction.is_some();
        state.mirror.conversations().filter(open).cloned().collect()
    }

    async fn an_agent_replies(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open).cloned() else { return };
        let seated = conversation.participants.iter().find_map(|one| one.identity.clone());
        let path = format!("/conversations/v1/Conversations/{}/Messages", conversation.sid);
        let author = seated.unwrap_or_else(|| "system".to_owned());
        // Where replies wait for each other, there are often several.
        let in_a_row =
            if self.setting.merges && random.chance(600) { 2 + random.below(2) } else { 1 };
        for _ in 0..in_a_row {
            self.messages += 1;
            let text = format!("reply {}", self.messages);
            self.ask("agent", "POST", &path, &[("Author", &author), ("Body", &text)]).await;
        }
    }

    async fn a_worker_moves(&mut self, random: &mut Random) {
        let name = WORKERS[random.below(WORKERS.len())];
        let activity = if random.chance(650) { "available" } else { "offline" };
        self.moves(name, activity).await;
    }

    pub(crate) async fn moves(&mut self, name: &str, activity: &str) {
        let path = format!("{}/Workers/{}", self.centre.workspace(), self.centre.sid(name));
        let activity = self.centre.sid(activity).to_owned();
        self.ask(name, "POST", &path, &[("ActivitySid", &activity)]).await;
    }

    async fn the_operator_edits(&mut self, random: &mut Random) {
        let root = self.centre.workspace();
        let (english, anybody) = (self.centre.sid("english"), self.centre.sid("anybody"));
        match random.below(3) {
            0 => {
                let worker = self.centre.sid(WORKERS[random.below(WORKERS.len())]).to_owned();
                let path = format!("{root}/Workers/{worker}/Channels/sms");
                let capacity = random.below(4).to_string();
                self.ask("operator", "POST", &path, &[("Capacity", &capacity)]).await;
            }
            1 => {
                let path = format!("{root}/TaskQueues/{english}");
                let target = ["languages HAS \"en\"", "languages HAS \"fr\"", "1==1"];
                let target = target[random.below(target.len())];
                self.ask("operator", "POST", &path, &[("TargetWorkers", target)]).await;
            }
            _ => {
                let path = format!("{root}/Workflows/{}", self.centre.sid("workflow"));
                let seconds = [20, 90, 600][random.below(3)];
                let configuration = workflow(english, anybody, seconds);
                let timeout = ["30", "60", "120"][random.below(3)];
                let form = [
                    ("Configuration", configuration.as_str()),
                    ("TaskReservationTimeout", timeout),
                ];
                self.ask("operator", "POST", &path, &form).await;
            }
        }
    }

    /// The path of a conversation's channel.
    fn channel_of(conversation: &Conversation) -> String {
        let digits = conversation.sid.to_string()[2..].to_owned();
        format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}")
    }

    async fn an_agent_invites(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open).cloned() else { return };
        let worker = self.centre.sid(WORKERS[random.below(WORKERS.len())]).to_owned();
        let worker = random.chance(500).then_some(worker);
        let routing = further_invite(&self.centre, worker.as_deref());
        let path = format!("{}/Invites", Self::channel_of(&conversation));
        self.ask("agent", "POST", &path, &[("Routing", &routing)]).await;
    }

    async fn a_channel_closes(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open).cloned() else { return };
        let wishes = [
            ("closed", r#"{"status":"closed"}"#),
            ("closed", r#"{"status":"wrapping"}"#),
            ("inactive", r#"{"status":"closed"}"#),
        ];
        let (status, routing) = wishes[random.below(wishes.len())];
        let form = [("Status", status), ("Routing", routing)];
        self.ask("agent", "POST", &Self::channel_of(&conversation), &form).await;
    }

    /// Closes a conversation under everybody, makes one for a customer who may have one, or deletes a task.
    async fn a_program_meddles(&mut self, random: &mut Random) {
        match random.below(3) {
            0 => {
                let open = self.in_use();
                let Some(conversation) = random.pick(&open).cloned() else { return };
                let path = format!("/conversations/v1/Conversations/{}", conversation.sid);
                self.ask("program", "POST", &path, &[("State", "closed")]).await;
            }
            1 => {
                let address = CUSTOMERS[random.below(CUSTOMERS.len())];
                let path = "/conversations/v1/ConversationWithParticipants";
                let participant = format!(
                    r#"{{"messaging_binding":{{"address":"{address}","proxy_address":"{NUMBER}"}}}}"#
                );
                self.ask("program", "POST", path, &[("Participant", &participant)]).await;
            }
            _ => {
                let waiting = self.waiting();
                let Some(task) = random.pick(&waiting).cloned() else { return };
                let path = format!("{}/Tasks/{task}", self.centre.workspace());
                let form = [("AssignmentStatus", "canceled"), ("Reason", "not needed")];
                self.ask("program", "POST", &path, &form).await;
            }
        }
    }

    /// The tasks that nobody has taken.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let state = self.world.state();
        let waits = |one: &&Task| matches!(one.status, TaskStatus::Pending | TaskStatus::Reserved);
        state.mirror.tasks().filter(waits).map(|one| one.sid.to_string()).collect()
    }

    async fn an_agent_leaves(&mut self, random: &mut Random) {
        let seats: Vec<(String, String)> = {
            let state = self.world.state();
            let open = state.mirror.interactions().filter(|it| it.status != ChannelStatus::Closed);
            open.flat_map(|interaction| {
                let agents = interaction.participants.iter();
                let agents = agents.filter(|one| one.kind == ParticipantKind::Agent && !one.left);
                agents.map(|one| {
                    let sid: ChannelParticipantSid = interaction.sid.kin(one.number);
                    let channel = interaction.channel_sid();
                    (format!("{}/Channels/{channel}", interaction.sid), sid.to_string())
                })
            })
            .collect()
        };
        let Some((channel, seat)) = random.pick(&seats).cloned() else { return };
        let path = format!("/flex-api/v1/Interactions/{channel}/Participants/{seat}");
        let status = if random.chance(600) { "closed" } else { "wrapup" };
        self.ask("agent", "POST", &path, &[("Status", status)]).await;
    }
}
