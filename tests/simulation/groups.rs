//! Groups of telephones: several of their members write at once, somebody joins or leaves while they do, what we answer goes to
//! all of them as one message, and a conversation is closed under everybody. What must hold of a group's binding, `infra/check`
//! says; what is written arrives once, as everywhere.

use switchboard_domain::carriage::CarrierName;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::sid::{ParticipantSid, Sid as _};

use crate::carrier::{Written, customer_writes};
use crate::kernel::Kernel;
use crate::random::{Concern, Random};
use crate::sometimes::{Met, Sometimes, meet};

/// The number of ours in every group.
pub(crate) const OURS: &str = "+14155550001";
/// Who is in one or another of them.
const MEMBERS: [&str; 4] = ["+14155550171", "+14155550172", "+14155550173", "+14155550174"];
/// Who is together before anybody joins or leaves: each group becomes another of them so.
const GROUPS: [&[usize]; 3] = [&[0, 1], &[0, 1, 2], &[1, 2, 3]];
/// How often, in a thousand, it is somebody of a group who acts.
const OFTEN: usize = 90;

impl Kernel {
    /// Perhaps somebody of a group acts, or does something to one.
    pub(crate) async fn a_group_acts(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Groups);
        if !random.chance(OFTEN) {
            return false;
        }
        match random.weighed(&[10, 4, 2, 2, 1]) {
            0 => self.a_member_writes(random).await,
            1 => self.a_program_answers_a_group(random).await,
            2 => self.somebody_joins_a_group(random).await,
            3 => self.somebody_leaves_a_group(random).await,
            _ => self.a_group_is_closed(random).await,
        }
        true
    }

    async fn a_member_writes(&mut self, random: &mut Random) {
        let group = GROUPS[random.below(GROUPS.len())];
        let from = random.below(group.len());
        self.writes_to_group(group, from).await;
    }

    /// A member of a group writes to all the others of it and to us.
    pub(crate) async fn writes_to_group(&mut self, group: &[usize], from: usize) {
        self.messages += 1;
        let number = self.messages;
        let member = |place: &usize| MEMBERS[*place].to_owned();
        let others = group.iter().enumerate().filter(|(place, _)| *place != from);
        let written = Written {
            from: member(&group[from]),
            to: OURS.to_owned(),
            others: others.map(|(_, one)| member(one)).collect(),
            body: format!("message {number}"),
            carrier: CarrierName::default(),
            names: Vec::new(),
            reply_to: None,
            files: Vec::new(),
        };
        self.post(customer_writes(&format!("MM{number:032x}"), written)).await;
    }

    /// The groups that are open, as somebody sees them.
    pub(crate) fn groups(&self) -> Vec<Conversation> {
        let state = self.world.state();
        let open = |one: &&Conversation| one.state != State::Closed && one.is_group();
        state.mirror.conversations().filter(open).cloned().collect()
    }

    async fn a_program_answers_a_group(&mut self, random: &mut Random) {
        let groups = self.groups();
        let Some(group) = random.pick(&groups) else { return };
        self.answers_group(group).await;
    }

    /// We write to everybody in a group.
    pub(crate) async fn answers_group(&mut self, group: &Conversation) {
        self.messages += 1;
        let path = format!("/conversations/v1/Conversations/{}/Messages", group.sid);
        let text = format!("reply {}", self.messages);
        self.ask("program", "POST", &path, &[("Author", OURS), ("Body", &text)]).await;
    }

    async fn somebody_joins_a_group(&mut self, random: &mut Random) {
        let groups = self.groups();
        let Some(group) = random.pick(&groups) else { return };
        let member = MEMBERS[random.below(MEMBERS.len())];
        let path = format!("/conversations/v1/Conversations/{}/Participants", group.sid);
        self.ask_knowing("POST", &path, &[("MessagingBinding.Address", member)]).await;
    }

    async fn somebody_leaves_a_group(&mut self, random: &mut Random) {
        let groups = self.groups();
        let Some(group) = random.pick(&groups) else { return };
        let members: Vec<u32> = {
            let all = group.participants.iter().filter(|one| one.telephone().is_some());
            all.map(|one| one.number).collect()
        };
        let Some(member) = random.pick(&members) else { return };
        let member: ParticipantSid = group.sid.kin(*member);
        let path = format!("/conversations/v1/Conversations/{}/Participants/{member}", group.sid);
        self.ask_knowing("DELETE", &path, &[]).await;
    }

    async fn a_group_is_closed(&mut self, random: &mut Random) {
        let groups = self.groups();
        let Some(group) = random.pick(&groups) else { return };
        let path = format!("/conversations/v1/Conversations/{}", group.sid);
        self.ask("program", "POST", &path, &[("State", "closed")]).await;
    }
}

/// Notes what became of a group.
pub(crate) fn note(before: &Conversation, after: &Conversation, met: &mut Met) {
    if let (Some(was), Some(is)) = (before.group_key(), after.group_key())
        && was != is
    {
        meet(met, Sometimes::GroupChanged);
    }
}
