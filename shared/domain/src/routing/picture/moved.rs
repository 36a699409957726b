//! The lines in which tasks came or went.

use std::collections::BTreeSet;

use super::{Lane, Picture, Precedence};

impl Picture {
    /// Those since the last look.
    pub(in crate::routing) fn take_moved(&mut self) -> BTreeSet<Lane> {
        std::mem::take(&mut self.indexes.moved)
    }

    /// The tasks of a line, in order.
    pub(in crate::routing) fn line(&self, lane: Lane) -> impl Iterator<Item = Precedence> {
        self.indexes.waiting.get(&lane).into_iter().flatten().copied()
    }
}
