//! Conversations that nobody is responsible for: an operator says what is to be done about them, programs delete tasks and
//! conversations under everybody. That none is left alone without saying so is an invariant of all records.

use serde_json::json;
use switchboard_domain::conversation::State;
use switchboard_domain::interaction::{Interaction, Responsible};
use switchboard_domain::sid::ConversationSid;

use crate::kernel::Kernel;
use crate::random::Concern;
use crate::setup::{NUMBER, WHATSAPP};
use crate::sometimes::{Met, Sometimes, meet};

/// How often, in a thousand, somebody does one of these.
const OFTEN: usize = 60;
const RESUME: [&str; 3] = ["", "workflow", "worker"];
const CLOSE_AFTER: [&str; 3] = ["", "", "PT10M"];

impl Kernel {
    /// An operator sets the care of an address, or a program removes a task or a conversation; not in every contact centre.
    pub(crate) async fn somebody_cares(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Cares);
        if !self.setting.has_cares || !random.chance(OFTEN) {
            return false;
        }
        match random.below(4) {
            0 => {
                let open: Vec<ConversationSid> = {
                    let state = self.world.state();
                    let open = state.mirror.conversations().filter(|it| it.state != State::Closed);
                    open.filter(|one| one.interaction.is_some()).map(|one| one.sid).collect()
                };
                let Some(sid) = random.pick(&open) else { return true };
                let path = format!("/conversations/v1/Conversations/{sid}");
                self.ask("program", "POST", &path, &[("State", "closed")]).await;
            }
            1 => {
                let waiting = self.waiting();
                let Some(task) = random.pick(&waiting) else { return true };
                let path = format!("{}/Tasks/{task}", self.centre.workspace());
                self.ask("program", "DELETE", &path, &[]).await;
            }
            _ => {
                let address = [NUMBER, WHATSAPP][random.below(2)];
                let fallback = match random.chance(600) {
                    true => self.fallback(),
                    false => String::new(),
                };
                let form = [
                    ("Fallback", fallback.as_str()),
                    ("Resume", RESUME[random.below(RESUME.len())]),
                    ("CloseAfter", CLOSE_AFTER[random.below(CLOSE_AFTER.len())]),
                ];
                let path = format!("/flex-api/v1/Addresses/{address}/Care");
                self.ask("operator", "POST", &path, &form).await;
            }
        }
        true
    }

    fn fallback(&self) -> String {
        let (workspace, workflow) = (self.centre.sid("workspace"), self.centre.sid("workflow"));
        json!({ "workspace_sid": workspace, "workflow_sid": workflow }).to_string()
    }
}

/// What becomes of who is responsible.
pub(crate) fn note(before: &Interaction, after: &Interaction, met: &mut Met) {
    let (was, is) = (before.responsible(), after.responsible());
    if was == is {
        return;
    }
    match (was, is) {
        (_, Some(Responsible::Waiting)) => meet(met, Sometimes::LeftWaiting),
        (_, Some(Responsible::Parked)) => meet(met, Sometimes::Parked),
        (Some(Responsible::Parked), Some(Responsible::Invited)) => meet(met, Sometimes::CameBack),
        _ => {}
    }
    if after.fell_back && !before.fell_back {
        meet(met, Sometimes::FellBack);
    }
}
