//! Start Conversation: opens the conversation of an execution that was begun by REST.
//!
//! <https://www.twilio.com/docs/studio/widget-library/start-conversation>: it fails where the execution has a conversation. One participant is
//! the contact; messages behind it go there. No public export has it, so its type follows those of the others, and its properties are
//! not looked at: the conversation is the one of the execution's two addresses.

/// The widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Start;
