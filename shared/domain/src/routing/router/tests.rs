//! One test per rule.

mod ageing;
mod answers;
mod asking;
mod channels;
mod direct;
mod eligible;
mod ends;
mod explaining;
mod occupation;
mod order;
mod place;
mod told;
mod workflows;

use serde_json::json;

use super::world::{World, sid, target};
use super::*;
use crate::effect::{AssignmentCall, Call, InviteRequest};
use crate::routing::receipt::PassedOver;
use crate::routing::workflow::FilterIndex;
use crate::task::{Ending, Fields, ReservationStatus};
use crate::timestamp::Millis;
use crate::workspace::QueueOrder;

const fn canceled(how: Ending) -> (TaskStatus, Option<Ending>) {
    (TaskStatus::Canceled, Some(how))
}

fn wakes(turn: &Turn) -> Vec<Timestamp> {
    let time = |effect: &Effect| {
        let Effect::Wake(wake) = effect else { return None };
        Some(wake.at())
    };
    turn.decision.effects.iter().filter_map(time).collect()
}
