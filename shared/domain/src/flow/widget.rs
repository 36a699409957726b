//! What stands in the states of a flow, a file for each widget.

mod ask;
mod call;
mod hand_over;
mod membership;
mod say;
mod split;
mod start;
mod subflow;
mod variables;

pub use self::ask::Ask;
pub(super) use self::call::CallOut;
pub use self::call::{Answer, Request, RequestBody};
pub use self::hand_over::{Handing, SendToFlex};
pub(super) use self::membership::Membership;
pub(super) use self::say::Say;
pub(super) use self::split::Split;
pub(super) use self::start::Start;
pub(super) use self::subflow::Subflow;
pub(super) use self::variables::SetVariables;

use super::reading::Reading;

/// A widget.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Widget {
    Trigger,
    Say(Say),
    Ask(Ask),
    Split(Split),
    SetVariables(SetVariables),
    Call(CallOut),
    Subflow(Subflow),
    HandOver(SendToFlex),
    Membership(Membership),
    Start(Start),
}

/// Why a type of widget is none of ours.
pub(super) enum Unfit {
    /// It is of a call, and there are none here.
    Voice,
    /// Nobody knows it.
    Unknown,
}

/// The widgets that need a call (the published library of widgets, <https://www.twilio.com/docs/studio/widget-library>, by the types
/// that their schemas and exports have).
const VOICE: [&str; 15] = [
    "add-twiml-redirect",
    "call-recording",
    "capture-payments",
    "connect-call-to",
    "connect-virtual-agent",
    "connect-virtual-agent-v2",
    "enqueue-call",
    "fork-stream",
    "gather-input-on-call",
    "hang-up",
    "make-outgoing-call",
    "make-outgoing-call-v2",
    "record-call",
    "record-voicemail",
    "say-play",
];

impl Widget {
    /// Reads the widget of a type.
    pub(super) fn read(kind: &str, reading: &mut Reading<'_>) -> Result<Self, Unfit> {
        Ok(match kind {
            "trigger" => Self::Trigger,
            "send-message" => Self::Say(Say::read(reading)),
            "send-and-wait-for-reply" => Self::Ask(Ask::read(reading)),
            "split-based-on" => Self::Split(Split::read(reading)),
            "set-variables" => Self::SetVariables(SetVariables::read(reading)),
            "make-http-request" | "run-function" => Self::Call(CallOut::read(kind, reading)),
            "run-subflow" => Self::Subflow(Subflow::read(reading)),
            "send-to-flex" => Self::HandOver(SendToFlex::read(reading)),
            "add-participant" | "add-to-conversation" => {
                Self::Membership(Membership::read(true, reading))
            }
            "remove-participant" | "remove-from-conversation" => {
                Self::Membership(Membership::read(false, reading))
            }
            "start-conversation" => Self::Start(Start),
            voice if VOICE.contains(&voice) => return Err(Unfit::Voice),
            _ => return Err(Unfit::Unknown),
        })
    }
}
