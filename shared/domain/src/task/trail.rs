//! What a change of a task does not tell by itself: the targets that it left within one step of the router,
//! and why; and instructions for a reservation that could not be carried out.
//!
//! A task is written at every turn of its life, so a mark is a short text, most changes have none, and the next
//! change forgets those of the last.

use serde::{Deserialize, Serialize};

use crate::routing::workflow::TargetExit;
use crate::sid::{NotASid, Sid as _, TaskQueueSid};

/// At most this many marks are kept; of more, the ones in the middle are left out.
pub const MARKS_MAX: usize = 16;

/// One thing that happened to a task within one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Mark {
    /// It left a target.
    Left {
        /// The queue of the target.
        queue: TaskQueueSid,
        /// Why.
        why: TargetExit,
    },
    /// An instruction for a reservation of it could not be carried out.
    Failed {
        /// The number of the reservation.
        reservation: u32,
        /// The published code.
        code: u32,
    },
}

/// A stored mark is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAMark {
    /// It begins with no known letter, or its numbers are none.
    #[error("is no mark of a task's trail")]
    Shape,
    /// The queue.
    #[error(transparent)]
    Queue(#[from] NotASid),
}

impl Mark {
    /// Adds a mark to a trail, which stays short.
    pub fn leave(self, trail: &mut Vec<Self>) {
        trail.truncate(MARKS_MAX - 1);
        trail.push(self);
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Left { queue, why } => {
                let letter = match why {
                    TargetExit::TimedOut => 't',
                    TargetExit::Skipped => 's',
                };
                format!("{letter}{}", &queue.to_string()[TaskQueueSid::PREFIX.len()..])
            }
            Mark::Failed { reservation, code } => format!("f{reservation}:{code}"),
        }
    }
}

impl TryFrom<String> for Mark {
    type Error = NotAMark;

    fn try_from(text: String) -> Result<Self, NotAMark> {
        let rest = text.get(1..).ok_or(NotAMark::Shape)?;
        let left = |why| Ok(Self::Left { queue: digits(rest)?, why });
        match text.as_bytes()[0] {
            b't' => left(TargetExit::TimedOut),
            b's' => left(TargetExit::Skipped),
            b'f' => {
                let (reservation, code) = rest.split_once(':').ok_or(NotAMark::Shape)?;
                let number = |text: &str| text.parse().map_err(|_| NotAMark::Shape);
                Ok(Self::Failed { reservation: number(reservation)?, code: number(code)? })
            }
            _ => Err(NotAMark::Shape),
        }
    }
}

fn digits(text: &str) -> Result<TaskQueueSid, NotAMark> {
    Ok(format!("{}{text}", TaskQueueSid::PREFIX).parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_short_text_and_reads_back() {
        let queue = TaskQueueSid::derived(&["q"]);
        for (mark, length) in [
            (Mark::Left { queue, why: TargetExit::TimedOut }, 33),
            (Mark::Left { queue, why: TargetExit::Skipped }, 33),
            (Mark::Failed { reservation: 7, code: 40_151 }, 8),
        ] {
            let text = String::from(mark);
            assert_eq!(text.len(), length);
            assert_eq!(Mark::try_from(text), Ok(mark));
        }
        for wrong in ["", "t", "x1", "f1", "f:2", "fa:b", "é"] {
            assert!(Mark::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_trail_keeps_its_beginning_and_its_end() {
        let mut trail = Vec::new();
        for code in 0..40 {
            Mark::Failed { reservation: 1, code }.leave(&mut trail);
        }
        assert_eq!(trail.len(), MARKS_MAX);
        assert_eq!(trail[0], Mark::Failed { reservation: 1, code: 0 });
        assert_eq!(trail[MARKS_MAX - 1], Mark::Failed { reservation: 1, code: 39 });
    }
}
