//! Identifiers: two letters and 32 lower-case hexadecimal digits, one parsed type per kind.
//!
//! Every identifier we mint is a *root* or a *kin* of one. The last four bytes of a root follow from
//! its first twelve; kin number `n` has them exclusive-or `n`. So a reservation names its task and a
//! delivery names its message, without an index: `reservation.root::<TaskSid>()`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The 16 bytes of an identifier, without its prefix.
pub type Bytes = [u8; 16];

/// The text was not an identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an identifier starting with {expected}")]
pub struct NotASid {
    /// The prefix that was expected.
    pub expected: &'static str,
}

/// What all identifiers share.
pub trait Sid: Copy + Ord + fmt::Display + FromStr<Err = NotASid> {
    /// The two letters in front.
    const PREFIX: &'static str;

    /// Wraps bytes that are already known to be right.
    fn from_bytes(bytes: Bytes) -> Self;

    /// The 16 bytes.
    fn bytes(self) -> Bytes;

    /// A root from random bytes; the last four are replaced.
    fn root(mut seed: Bytes) -> Self {
        let mask = mask(&seed);
        seed[12..].copy_from_slice(&mask.to_be_bytes());
        Self::from_bytes(seed)
    }

    /// The root that always comes out for these parts; parts are told apart by their lengths.
    fn derived(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut seed = [0; 16];
        seed.copy_from_slice(&hash.finalize()[..16]);
        Self::root(seed)
    }

    /// The same bytes under another prefix.
    fn twin<T: Sid>(self) -> T {
        T::from_bytes(self.bytes())
    }

    /// Kin number `number` of this identifier's root; number 0 is the root itself.
    fn kin<T: Sid>(self, number: u32) -> T {
        let mut bytes = self.bytes();
        let tail = mask(&bytes) ^ number;
        bytes[12..].copy_from_slice(&tail.to_be_bytes());
        T::from_bytes(bytes)
    }

    /// Which kin of its root this is.
    fn number(self) -> u32 {
        let bytes = self.bytes();
        u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) ^ mask(&bytes)
    }
}

/// The last four bytes of the root that starts with these twelve: FNV-1a over them.
fn mask(bytes: &Bytes) -> u32 {
    bytes[..12]
        .iter()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn parse(text: &str, expected: &'static str) -> Result<Bytes, NotASid> {
    let wrong = NotASid { expected };
    let digits = text.strip_prefix(expected).ok_or(wrong)?.as_bytes();
    if digits.len() != 32 {
        return Err(wrong);
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0]).ok_or(wrong)? << 4) | nibble(pair[1]).ok_or(wrong)?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

macro_rules! sids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Bytes);

        impl Sid for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bytes(bytes: Bytes) -> Self {
                Self(bytes)
            }
            fn bytes(self) -> Bytes {
                self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str($prefix)?;
                self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }
        impl FromStr for $name {
            type Err = NotASid;
            fn from_str(text: &str) -> Result<Self, NotASid> {
                parse(text, $prefix).map(Self)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotASid;
            fn try_from(text: String) -> Result<Self, NotASid> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(sid: $name) -> Self {
                sid.to_string()
            }
        }
    )*};
}

// In alphabetical order of the prefix.
sids! {
    /// An account.
    AccountSid = "AC";
    /// An alphanumeric sender of a messaging service.
    AlphaSenderSid = "AI";
    /// A conversation.
    ConversationSid = "CH";
    /// A secret of a connection to a carrier.
    SecretSid = "CK";
    /// A connection to a carrier.
    ConnectionSid = "CN";
    /// A sender that goes by a connection.
    SenderSid = "CS";
    /// A deployment key of webchats.
    DeploymentKeySid = "CV";
    /// The calls of a webhook about one event; a `webhook::Place` says what is in it.
    DeliverySid = "DL";
    /// A delivery receipt of one message to one participant.
    ReceiptSid = "DY";
    /// An event of a workspace; an `EventPlace` says what is in it.
    EventSid = "EV";
    /// An execution of a flow.
    FlowExecutionSid = "FN";
    /// A step of an execution; its kin.
    FlowStepSid = "FT";
    /// A flow.
    FlowSid = "FW";
    /// Someone who works at the contact centre.
    FlexUserSid = "FU";
    /// The contact centre's instance.
    InstanceSid = "GO";
    /// What an interaction is looked up by elsewhere.
    InteractionContextSid = "HQ";
    /// A template of content.
    ContentSid = "HX";
    /// An address configuration.
    AddressConfigurationSid = "IG";
    /// A message of a conversation.
    MessageSid = "IM";
    /// A conversation service.
    ServiceSid = "IS";
    /// An interaction.
    InteractionSid = "KD";
    /// An invite of an interaction channel.
    InviteSid = "KG";
    /// A note or a summary that goes with a transfer.
    NoteSid = "KQ";
    /// A participant of a conversation.
    ParticipantSid = "MB";
    /// A file of a message.
    MediaSid = "ME";
    /// A messaging service.
    MessagingServiceSid = "MG";
    /// A programmable message with media.
    MmsSid = "MM";
    /// A phone number of the account.
    PhoneNumberSid = "PN";
    /// A role of a conversation service.
    RoleSid = "RL";
    /// One HTTP request.
    RequestSid = "RQ";
    /// A short code of the account.
    ShortCodeSid = "SC";
    /// An API key.
    KeySid = "SK";
    /// A programmable message.
    SmsSid = "SM";
    /// The sender that a recipient is used to.
    StickySenderSid = "SR";
    /// A task channel.
    TaskChannelSid = "TC";
    /// An interaction channel.
    ChannelSid = "UO";
    /// A user of a conversation service.
    UserSid = "US";
    /// A participant of an interaction channel.
    ChannelParticipantSid = "UT";
    /// A transfer of an interaction channel.
    TransferSid = "UX";
    /// An activity.
    ActivitySid = "WA";
    /// A worker's capacity on one task channel.
    WorkerChannelSid = "WC";
    /// An endpoint of webhooks, by its URL.
    EndpointSid = "WE";
    /// A conversation-scoped webhook.
    WebhookSid = "WH";
    /// A worker.
    WorkerSid = "WK";
    /// A task queue.
    TaskQueueSid = "WQ";
    /// A reservation.
    ReservationSid = "WR";
    /// A workspace.
    WorkspaceSid = "WS";
    /// A task.
    TaskSid = "WT";
    /// A workflow.
    WorkflowSid = "WW";
    /// A sender on a channel.
    ChannelSenderSid = "XE";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_identifier_is_read_exactly_as_it_is_written(bytes in any::<Bytes>(), number in any::<u32>()) {
            let task = TaskSid::root(bytes);
            prop_assert_eq!(task.to_string().parse(), Ok(task));
            let reservation: ReservationSid = task.kin(number);
            prop_assert_eq!(reservation.to_string().parse(), Ok(reservation));
            prop_assert_eq!((reservation.number(), reservation.kin::<TaskSid>(0)), (number, task));
        }

        #[test]
        fn parsed_identifiers_print_as_they_were_written(text in prop_oneof![
            any::<String>(), "WT[0-9a-fA-F]{30,34}", "WT[0-9a-fé]{31,32}", "[A-Za-z]{2}[0-9a-f]{32}",
        ]) {
            if let Ok(task) = text.parse::<TaskSid>() {
                prop_assert_eq!(task.to_string(), text);
            }
        }
    }

    #[test]
    fn only_the_exact_form_parses() {
        let text = "WT0123456789abcdef0123456789abcdef";
        assert_eq!(text.parse::<TaskSid>().unwrap().to_string(), text);
        for wrong in [
            "",
            "WT",
            "WK0123456789abcdef0123456789abcdef",
            "WT0123456789ABCDEF0123456789abcdef",
            "WT0123456789abcdef0123456789abcde",
            "WT0123456789abcdef0123456789abcdef0",
            "WTé123456789abcdef0123456789abcdef",
        ] {
            assert!(wrong.parse::<TaskSid>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn kin_name_their_root_and_their_number() {
        let task = TaskSid::derived(&["a", "b"]);
        assert_eq!(task.number(), 0);
        let reservation: ReservationSid = task.kin(7);
        assert_eq!(reservation.number(), 7);
        assert_eq!(reservation.kin::<TaskSid>(0), task);
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(TaskSid::derived(&["ab", "c"]), TaskSid::derived(&["a", "bc"]));
    }
}
