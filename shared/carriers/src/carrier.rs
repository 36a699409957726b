//! What every carrier can do, and the answers it can give.

use std::borrow::Cow;
use std::fmt::Debug;

use switchboard_domain::carriage::{
    CarrierName, IdentityChange, InboundMessage, Media, Notice, OutboundMessage, SendOutcome,
    Signal, StatusReport, Unreadable, Unsupported, Watermark,
};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::parse_error::ParseError;
use crate::request::{Answer, ApiRequest, RawRequest, Verified};

/// One connected carrier, as pure functions: no clock, no network. [`send`](crate::send) and
/// [`find`](crate::find) put them in order.
pub trait Carrier: Debug + Send + Sync {
    /// Which one.
    fn name(&self) -> CarrierName;

    /// Answers a request by which the carrier finds out whether we are there; none if it is another one, which has
    /// to be verified.
    fn handshake(&self, _request: &RawRequest<'_>) -> Option<Result<Reply, Rejection>> {
        None
    }

    /// Proves that the carrier made this request; nothing of it may be used before.
    fn verify<'a>(
        &self,
        request: RawRequest<'a>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Rejection>;

    /// Reads everything that a verified request brings, in its order. What makes no sense among several is one
    /// [`Event::Unreadable`] and costs the others nothing.
    ///
    /// # Errors
    /// Why the request as a whole makes no sense.
    fn parse(&self, verified: &Verified<'_>, now: Timestamp) -> Result<Vec<Event>, ParseError>;

    /// The answer that makes the carrier consider these events delivered: what cannot be understood would only come
    /// again.
    fn acknowledge(&self, events: &[Event]) -> Reply;

    /// The request that hands over one message.
    ///
    /// # Errors
    /// That the carrier has no such message, or the connection no such sender.
    fn build(&self, message: &OutboundMessage) -> Result<ApiRequest, Unsupported>;

    /// What the answer to such a request means.
    fn outcome(&self, answer: &Answer) -> SendOutcome;

    /// The request that shows the customer that somebody reads or types; none where the channel has no such thing.
    fn signal(&self, _signal: &Signal) -> Option<ApiRequest> {
        None
    }

    /// The request for a fresh address of a file that the carrier names by an identifier; none where the address that
    /// came with it is the only one.
    fn media(&self, _media: &Media) -> Option<ApiRequest> {
        None
    }

    /// Where a file is, as the answer to such a request says.
    fn media_url(&self, _answer: &Answer) -> Option<Private<String>> {
        None
    }

    /// The values of `Authorization` that open a file at this address; none where it is not the carrier's own place, which
    /// must not learn them.
    fn opens(&self, _url: &str) -> Vec<Private<String>> {
        Vec::new()
    }

    /// The request for the list of messages in which one that was sent without an answer would be; none if the carrier
    /// keeps no list: then its reports alone can tell.
    fn look_up(&self, message: &OutboundMessage) -> Option<ApiRequest>;

    /// What a page of that list says of the message that was sent at `attempted_at`.
    ///
    /// # Errors
    /// Why the page says nothing, for people.
    fn listed(
        &self,
        answer: &Answer,
        message: &OutboundMessage,
        attempted_at: Timestamp,
    ) -> Result<Listed, String>;

    /// Before this much time has passed since an attempt, its absence from the list, or the absence of reports where there
    /// is no list, proves nothing.
    fn settling(&self) -> Millis;
}

/// What a page of a carrier's list of messages says of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The carrier's identifiers of those that can be the message.
    pub found: Vec<String>,
    /// The request for the next page, if the list goes on.
    pub next: Option<ApiRequest>,
}

/// One thing that a carrier's request told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A customer wrote.
    Message(InboundMessage),
    /// A message that we sent got further, or failed.
    Status(StatusReport),
    /// Everything that we sent to a customer until a moment got further.
    Watermark(Watermark),
    /// A customer has another name from now on.
    Identity(IdentityChange),
    /// The carrier itself tells something.
    Notice(Notice),
    /// Genuine, and not understood.
    Unreadable(Unreadable),
    /// Genuine, but nothing that we act upon.
    Ignored(String),
}

/// The carrier's own answer to "do you have it?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It has the message.
    Found {
        /// Under this identifier.
        carrier_message_id: String,
    },
    /// It surely does not have the message.
    NotFound,
    /// It keeps no list, and told nothing of the message for as long as it ever takes.
    NeverTold,
    /// It gave no answer to rely on; asking again later may.
    CannotTell {
        /// Why, for people.
        reason: String,
    },
}

/// What to answer to a carrier's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body, if there is one.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Cow<'static, str>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Rejection {
    /// We have no secret to check with.
    #[error("no secret is configured for this carrier")]
    NoSecret,
    /// The carrier uses no such method.
    #[error("the carrier does not use this method")]
    WrongMethod,
    /// Larger than anything the carrier sends.
    #[error("the request is too large")]
    TooLarge,
    /// There is no signature.
    #[error("the request is not signed")]
    Unsigned,
    /// The signature does not cover the body.
    #[error("the signature does not cover the body")]
    UncoveredBody,
    /// The signature is of another request or made with another secret.
    #[error("the signature is wrong")]
    WrongSignature,
    /// There are several signatures, of which only one could be right.
    #[error("the request has more than one signature")]
    SignedTwice,
    /// It is signed with a key that we do not have: ours to mend, so the carrier is to try again.
    #[error("the request is signed with an unknown key")]
    UnknownKey,
    /// It is signed by an algorithm that we do not know.
    #[error("the request is signed by an unknown algorithm")]
    UnknownAlgorithm,
    /// It is signed by another algorithm than its key is for.
    #[error("the key is for another algorithm")]
    WrongAlgorithm,
    /// It asks whether we are there and does not know the word that was agreed upon.
    #[error("the verify token is wrong")]
    WrongToken,
}

impl Rejection {
    /// In one word, for programs.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The HTTP status to answer; a missing secret is our own fault.
    pub const fn status(self) -> u16 {
        match self {
            Self::NoSecret | Self::UnknownKey => 500,
            Self::WrongMethod => 405,
            Self::TooLarge => 413,
            Self::Unsigned
            | Self::UncoveredBody
            | Self::WrongSignature
            | Self::SignedTwice
            | Self::UnknownAlgorithm
            | Self::WrongAlgorithm
            | Self::WrongToken => 403,
        }
    }
}
