//! Who is next: the order in which a queue hands out messages, kept so that neither many groups
//! nor a long group make a receive slower.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Where a message stands as far as the order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may be handed out.
    Ready,
    /// Its delay has not passed.
    Delayed,
    /// Somebody holds it.
    Held,
}

/// The order of a standard queue (oldest first) or of a FIFO queue (oldest free group first).
#[derive(Debug)]
pub(crate) enum Line {
    Standard(BTreeSet<u64>),
    Fifo(Groups),
}

/// The groups of a FIFO queue; `free` lists the head of every group that may be handed out.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    free: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    members: BTreeMap<u64, Place>,
    held: usize,
    free_head: Option<u64>,
}

impl Line {
    pub(crate) fn new(fifo: bool) -> Self {
        if fifo { Self::Fifo(Groups::default()) } else { Self::Standard(BTreeSet::new()) }
    }

    /// Puts a message at its place, whether it is new or was somewhere else.
    pub(crate) fn place(&mut self, group: Option<&Arc<str>>, number: u64, place: Place) {
        match (self, group) {
            (Self::Fifo(groups), Some(group)) => groups.place(group, number, place),
            (Self::Standard(ready), _) if place == Place::Ready => {
                ready.insert(number);
            }
            (Self::Standard(ready), _) => {
                ready.remove(&number);
            }
            (Self::Fifo(_), None) => unreachable!("a FIFO queue takes no message without a group"),
        }
    }

    /// Takes a message out of the order.
    pub(crate) fn remove(&mut self, group: Option<&Arc<str>>, number: u64) {
        match (self, group) {
            (Self::Standard(ready), _) => {
                ready.remove(&number);
            }
            (Self::Fifo(groups), Some(group)) => groups.remove(group, number),
            (Self::Fifo(_), None) => unreachable!("a FIFO queue takes no message without a group"),
        }
    }

    /// Returns at most `limit` messages that may be handed out now, in order.
    pub(crate) fn front(&self, limit: usize) -> Vec<u64> {
        match self {
            Self::Standard(ready) => ready.iter().copied().take(limit).collect(),
            Self::Fifo(groups) => groups.front(limit),
        }
    }
}

impl Groups {
    fn place(&mut self, name: &Arc<str>, number: u64, place: Place) {
        let group = self.groups.entry(name.clone()).or_default();
        let before = group.members.insert(number, place);
        group.held -= usize::from(before == Some(Place::Held));
        group.held += usize::from(place == Place::Held);
        self.list(name);
    }

    fn remove(&mut self, name: &Arc<str>, number: u64) {
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        group.held -= usize::from(group.members.remove(&number) == Some(Place::Held));
        self.list(name);
    }

    /// Lists a group as free exactly if nothing of it is held and its head is ready.
    fn list(&mut self, name: &Arc<str>) {
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        let head = match group.members.first_key_value() {
            Some((number, Place::Ready)) if group.held == 0 => Some(*number),
            _ => None,
        };
        if head != group.free_head {
            if let Some(old) = group.free_head {
                self.free.remove(&old);
            }
            if let Some(new) = head {
                self.free.insert(new, name.clone());
            }
            group.free_head = head;
        }
        if group.members.is_empty() {
            self.groups.remove(name);
        }
    }

    fn front(&self, limit: usize) -> Vec<u64> {
        let members = |name| self.groups.get(name).into_iter().flat_map(|g| &g.members);
        self.free
            .values()
            .take(limit)
            .flat_map(|name| {
                members(name).take_while(|(_, place)| **place == Place::Ready).take(limit)
            })
            .map(|(number, _)| *number)
            .take(limit)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_free_only_when_nothing_is_held_and_its_head_is_ready() {
        let mut line = Line::new(true);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        line.place(Some(&a), 1, Place::Ready);
        line.place(Some(&b), 2, Place::Ready);
        line.place(Some(&a), 3, Place::Ready);
        assert_eq!(line.front(10), [1, 3, 2]);
        assert_eq!(line.front(1), [1]);

        line.place(Some(&a), 1, Place::Held);
        assert_eq!(line.front(10), [2]);
        line.remove(Some(&a), 1);
        assert_eq!(line.front(10), [2, 3]);
        line.place(Some(&b), 2, Place::Delayed);
        assert_eq!(line.front(10), [3]);
    }

    #[test]
    fn a_group_without_messages_takes_no_room() {
        let mut groups = Groups::default();
        let name: Arc<str> = "a".into();
        groups.place(&name, 1, Place::Ready);
        groups.remove(&name, 1);
        assert!(groups.groups.is_empty() && groups.free.is_empty());
    }
}
