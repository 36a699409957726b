//! Who is told where tasks wait: the callback of a workspace whose filter names `task.position.updated`. Ours, as the product has no
//! such event.
//!
//! It is told of the first [`TOLD_MAX`] of each queue and channel in which a task came or went, once a turn of the router, which
//! takes together what happened at once, and only of those whose position is another one. What was told is known to the router that told it: one
//! that is built anew tells it again.

use super::Router;
use crate::effect::{Call, Effect, PositionCall};
use crate::routing::picture::Line;
use crate::timestamp::Timestamp;

/// Most positions of one line that are told: what is further behind changes often and matters little.
pub const TOLD_MAX: usize = 20;

impl Router {
    /// The calls about positions that changed since the last turn.
    pub(super) fn tell_positions(&mut self, now: Timestamp) -> Vec<Effect> {
        let moved = self.picture.take_moved();
        if !self.picture.workspace().tells_positions() {
            self.told.clear();
            return Vec::new();
        }
        let workspace = self.workspace();
        let mut effects = Vec::new();
        for lane in moved {
            let (Line::Queue(queue), _) = lane else { continue };
            for (place, position) in self.picture.line(lane).take(TOLD_MAX).zip(1..) {
                let task = place.task;
                if self.told.insert(task, position) != Some(position) {
                    let call = PositionCall { workspace, task, queue, position, at: now };
                    effects.push(Effect::Notify(Call::Position(call)));
                }
            }
        }
        self.told.retain(|task, _| self.picture.lane(*task).is_some());
        effects
    }
}
