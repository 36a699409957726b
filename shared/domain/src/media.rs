//! Files: uploads, which wait for a message that shows them, and the copies of what carriers bring.
//!
//! A file has one identifier wherever it is shown. One that came with a message is kin of the message
//! ([`Message::media_sid`](crate::message::Message::media_sid)); one that was uploaded before its message has an identifier
//! of its own, and an [`Upload`]. Its content is one object of the bucket, named by that identifier.
//!
//! ```text
//! upload:   begun ──content stored──▶ kept ──attached──▶ of a message ──message removed──▶ gone
//!             └── five minutes without a message (rule B.3) ─────────────────────────────▶ gone
//! copy:     waiting ──fetched, stored──▶ kept, or ──cannot be had──▶ failed, with the reason
//! ```
//!
//! A record is written before the object that it names and is removed after it, so no object is ever without a record.

mod access;
mod address;
mod look;

use serde::{Deserialize, Serialize};

pub use access::{may_see, may_take_back, may_upload};
pub use address::{Link, LinkError, TEMPORARY};
pub use look::{Judged, Scanned, Seen, judge, scanned, shown_inline};

use crate::address::ChannelType;
use crate::carriage::Media;
use crate::private::Private;
use crate::refusal::Refusal;
use crate::sid::{MediaSid, MessageSid, ServiceSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// How long an upload waits for a message (rule B.3).
pub const UNATTACHED: Millis = Millis::seconds(300);
/// How long an address is good that a carrier is told: it may take its time before it fetches the file.
pub const HANDED_OUT: Millis = Millis::seconds(24 * 3600);
/// The most files of a message of a conversation (rule B.3).
pub const FILES_MAX: usize = 10;
/// The largest file that is copied from a carrier, in bytes: the largest that WhatsApp and MMS let through (rule H), with
/// room for what a carrier rounds.
pub const COPY_BYTES_MAX: u64 = 17 * 1024 * 1024;
/// The largest file that is uploaded or answered through a function, in bytes: Lambda takes and gives six million, and
/// what is no text is a third longer there.
pub const PASSED_BYTES_MAX: usize = 4_500_000;
/// The longest name of a file, in characters.
pub const FILE_NAME_CHARS_MAX: usize = 255;
/// How often a carrier is asked for a file, and a scanner about one, before it counts as lost.
pub const ATTEMPTS_MAX: u32 = 12;
/// How often a carrier may say that it has no such file: the webhook may be ahead of its store.
pub const DENIALS_MAX: u32 = 3;
/// The number of kin from which on they are files of a message; those below are its copies to recipients.
pub(crate) const FILE: u32 = 1 << 31;

/// What became of the content of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// It is where the carrier or the sender keeps it, and is going to be fetched.
    #[default]
    Waiting,
    /// It is in the bucket.
    Kept,
    /// It cannot be had.
    Failed(MediaFailure),
}

impl MediaState {
    /// Whether it is to be fetched.
    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting)
    }

    /// In one word, as answers show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Kept => "kept",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it cannot be had, if so.
    pub const fn failure(self) -> Option<MediaFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Waiting | Self::Kept => None,
        }
    }
}

/// Why a file cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum MediaFailure {
    /// The carrier says that it has no such file, or not any more.
    Gone,
    /// Nobody answered, often enough.
    Unreachable,
    /// The link leads to an address that is not called.
    Forbidden,
    /// A page came in place of the file.
    Page,
    /// It is larger than is kept.
    TooLarge,
    /// There is nothing in it.
    Empty,
    /// The scanner found something in it.
    Infected,
    /// The scanner said nothing of it, often enough.
    Unscanned,
}

impl MediaFailure {
    /// For people.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Gone => "the carrier has no such file any more",
            Self::Unreachable => "nobody answered where the carrier said that the file is",
            Self::Forbidden => "the link leads to an address that is not called",
            Self::Page => "the link leads to a page and not to a file",
            Self::TooLarge => "the file is too large",
            Self::Empty => "there is nothing in the file",
            Self::Infected => "the scanner refuses the file",
            Self::Unscanned => "the scanner did not answer, and nothing is kept without it",
        }
    }
}

/// A file that was uploaded for a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Its identifier, which its object is named by.
    pub sid: MediaSid,
    /// The conversation service whose conversations may show it.
    pub service: ServiceSid,
    /// Its media type, as the sender says.
    pub content_type: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What the sender calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<Private<String>>,
    /// What it is for: `media`, `body`, `history`; as clients say it.
    pub category: String,
    /// Who sent it, if they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether its content is stored.
    pub is_kept: bool,
    /// The message that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageSid>,
    /// It is going to be removed, and nothing can be done with it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_going: bool,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was changed.
    pub updated: Timestamp,
    /// How often it was written; 0 if it is new.
    #[serde(skip)]
    pub version: Version,
}

/// What is to be done about an upload that may have found no message.
#[derive(Debug, Clone, PartialEq)]
pub enum Sweep {
    /// Nothing: a message shows it, or it is gone.
    Leave,
    /// To look again then.
    Wait(Timestamp),
    /// To write this, so that no message can come to show it, and then to remove its object and it.
    Begin(Box<Upload>),
    /// To remove its object and then it.
    Remove,
}

impl Upload {
    /// Its content is stored.
    ///
    /// # Errors
    /// [`Refusal::NoSuchMedia`] if it took so long that it goes already.
    pub fn stored(&self, now: Timestamp) -> Result<Self, Refusal> {
        match self.is_going {
            true => Err(Refusal::NoSuchMedia),
            false => Ok(Self { is_kept: true, updated: now, ..self.clone() }),
        }
    }

    /// Whether it can be seen.
    pub fn is_there(&self, now: Timestamp) -> bool {
        self.is_kept && !self.is_going && (self.message.is_some() || now < self.ends())
    }

    /// Until when it waits for a message.
    pub fn ends(&self) -> Timestamp {
        self.created + UNATTACHED
    }

    /// The upload as the file of a message, and the file as the message shows it.
    ///
    /// # Errors
    /// If it is none of the service's or has ended ([`Refusal::NoSuchMedia`]), or another message shows it
    /// ([`Refusal::MediaTaken`]).
    pub fn attached(
        &self,
        service: ServiceSid,
        message: MessageSid,
        now: Timestamp,
    ) -> Result<(Self, Media), Refusal> {
        if self.service != service || !self.is_there(now) {
            return Err(Refusal::NoSuchMedia);
        }
        if self.message.is_some() {
            return Err(Refusal::MediaTaken);
        }
        let file = Media {
            sid: Some(self.sid),
            size_bytes: Some(self.size_bytes),
            file_name: self.file_name.clone(),
            state: MediaState::Kept,
            ..Media::new(String::new(), self.content_type.clone())
        };
        Ok((Self { message: Some(message), updated: now, ..self.clone() }, file))
    }

    /// It as it is taken back before a message shows it.
    ///
    /// # Errors
    /// [`Refusal::MediaTaken`] if a message shows it.
    pub fn taken_back(&self, now: Timestamp) -> Result<Self, Refusal> {
        match self.message {
            Some(_) => Err(Refusal::MediaTaken),
            None => Ok(Self { is_going: true, updated: now, ..self.clone() }),
        }
    }

    /// What is to be done about it now.
    pub fn sweep(&self, now: Timestamp) -> Sweep {
        match (self.is_going, self.message) {
            (true, _) => Sweep::Remove,
            (false, Some(_)) => Sweep::Leave,
            (false, None) if now < self.ends() => Sweep::Wait(self.ends()),
            (false, None) => {
                Sweep::Begin(Box::new(Self { is_going: true, updated: now, ..self.clone() }))
            }
        }
    }
}

impl MediaSid {
    /// The message that the file came with; none if it was uploaded.
    pub fn message(self) -> Option<MessageSid> {
        (self.number() & FILE != 0).then(|| self.kin(0))
    }
}

/// Refuses files that would not arrive on a channel (rules B.3, H): an SMS or WhatsApp recipient gets one file.
///
/// # Errors
/// [`Refusal::MediaTooLarge`] with what is allowed.
pub fn fit_channel(channel: ChannelType, files: &[Media]) -> Result<(), Refusal> {
    let (bytes_max, files_max) = match channel {
        ChannelType::Sms => (5_000_000, FILES_MAX),
        ChannelType::Whatsapp | ChannelType::Rcs => (16_000_000, 1),
        ChannelType::Messenger | ChannelType::Instagram => (25_000_000, FILES_MAX),
        ChannelType::Gbm
        | ChannelType::Apple
        | ChannelType::Email
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => (150_000_000, FILES_MAX),
    };
    let bytes: u64 = files.iter().filter_map(|file| file.size_bytes).sum();
    match (files.len() > files_max, bytes > bytes_max) {
        (true, _) => Err(Refusal::TooManyFiles { channel, files_max }),
        (false, true) => Err(Refusal::MediaTooLarge { channel, bytes_max }),
        (false, false) => Ok(()),
    }
}

/// How long to wait before a carrier, or a scanner, is asked again, after so many attempts.
pub fn pause(attempts: u32) -> Millis {
    Millis::seconds(1_i64.checked_shl(attempts.saturating_sub(1)).unwrap_or(900).clamp(1, 900))
}

#[cfg(test)]
mod tests;
