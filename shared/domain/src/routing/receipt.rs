//! The routing receipt: why a reservation went to this worker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use crate::sid::{NotASid, Sid as _, WorkerSid};

/// At most this many passed-over workers are named; the others are counted.
pub const NAMED_MAX: usize = 5;
/// The bytes that tell a root identifier; the others follow from them.
const NAME_BYTES: usize = 12;

/// Why a worker was passed over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum PassedOver {
    /// The worker's activity takes no tasks.
    Activity,
    /// No capacity is free on the task's channel, or the channel is switched off.
    Capacity,
    /// The target's expression does not match.
    Expression,
    /// This worker handed on what it is about.
    HandedItOn,
    /// This worker rejected the task before, or let it time out.
    RejectedBefore,
    /// This worker already holds a reservation of the task.
    HoldsIt,
    /// Another eligible worker comes first.
    OrderedBehind,
}

/// One worker who was looked at and not chosen; stored as a letter and the twelve bytes that tell a root identifier in
/// base64, or as a letter and the 32 digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Candidate {
    /// Who.
    pub worker: WorkerSid,
    /// Why not.
    pub why: PassedOver,
}

impl PassedOver {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The letter that stands for it in a stored receipt.
    const fn letter(self) -> char {
        match self {
            Self::Activity => 'a',
            Self::Capacity => 'c',
            Self::Expression => 'x',
            Self::HandedItOn => 't',
            Self::RejectedBefore => 'r',
            Self::HoldsIt => 'h',
            Self::OrderedBehind => 'o',
        }
    }
}

/// A stored receipt names a worker that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACandidate {
    /// No reason has this letter.
    #[error("is no reason to pass over a worker")]
    Reason,
    /// The worker.
    #[error(transparent)]
    Worker(#[from] NotASid),
}

impl From<Candidate> for String {
    fn from(one: Candidate) -> Self {
        let letter = one.why.letter();
        match one.worker.number() {
            0 => format!("{letter}{}", STANDARD_NO_PAD.encode(&one.worker.bytes()[..NAME_BYTES])),
            _ => format!("{letter}{}", &one.worker.to_string()[WorkerSid::PREFIX.len()..]),
        }
    }
}

impl TryFrom<String> for Candidate {
    type Error = NotACandidate;

    fn try_from(text: String) -> Result<Self, NotACandidate> {
        let why = PassedOver::VARIANTS.iter().copied().find(|why| text.starts_with(why.letter()));
        let why = why.ok_or(NotACandidate::Reason)?;
        let worker =
            match STANDARD_NO_PAD.decode(&text[1..]).ok().filter(|it| it.len() == NAME_BYTES) {
                Some(bytes) => {
                    let mut seed = [0; 16];
                    seed[..NAME_BYTES].copy_from_slice(&bytes);
                    WorkerSid::root(seed)
                }
                None => format!("{}{}", WorkerSid::PREFIX, &text[1..]).parse()?,
            };
        Ok(Self { worker, why })
    }
}

/// Why a reservation went to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// The name or the number of the filter that matched.
    pub filter: String,
    /// The place of the target within it, from 0.
    pub target: u32,
    /// Workers of the queue who were passed over.
    #[serde(default, rename = "passed", skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Candidate>,
    /// How many more were.
    #[serde(default, rename = "more", skip_serializing_if = "is_zero")]
    pub and_more: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Receipt {
    /// Notes a worker who was passed over.
    pub fn pass_over(&mut self, worker: WorkerSid, why: PassedOver) {
        if self.passed_over.len() < NAMED_MAX {
            self.passed_over.push(Candidate { worker, why });
        } else {
            self.and_more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_stored_as_a_letter_and_twelve_bytes() {
        let worker = WorkerSid::derived(&["k"]);
        for why in PassedOver::VARIANTS.iter().copied() {
            let one = Candidate { worker, why };
            let text = String::from(one.clone());
            assert_eq!(text.len(), 17);
            assert_eq!(Candidate::try_from(text), Ok(one.clone()));
            let digits = format!("{}{}", why.letter(), &worker.to_string()[2..]);
            assert_eq!(Candidate::try_from(digits), Ok(one), "as it was stored before");
        }
        let kin = Candidate { worker: worker.kin(1), why: PassedOver::Capacity };
        assert_eq!(Candidate::try_from(String::from(kin.clone())), Ok(kin), "no root");
        for wrong in
            ["", "o", "z0123456789abcdef0123456789abcdef", "oé123456789abcdef0123456789abcd"]
        {
            assert!(Candidate::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
