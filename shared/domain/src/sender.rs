//! Who sends a message that names a messaging service and no sender (rule E.2): one pure rule.
//!
//! 1. The sender that this recipient is used to, while it is in the pool, reaches them, and is not from abroad where the
//!    pool has one from there (the vendor's 15361592743835).
//! 2. An alphanumeric sender for the recipient's country, else one for all, where carriers take such and nothing
//!    is attached ("always attempt to prioritize", AlphaSender resource).
//! 3. A short code of the recipient's country ("always prioritizes", ShortCode resource). Between it and an alphanumeric sender
//!    nothing is published; that this comes second is inferred.
//! 4. A number: of the same area code, of another one for the same region, of the country, of the calling code, an American
//!    one, any (223181268). The area only counts in the United States and Canada. A pool that has short codes does not
//!    fall back to numbers with `FallbackToLongCode=false`; the vendor calls that setting obsolete and the reading is inferred.
//!
//! To the United States a number with a campaign (or a toll-free one) goes before all without, since those are blocked there
//! (30034), and an American one before a foreign one. Among equals the recipient decides, by a hash of service and recipient, so
//! that the load is spread and nobody is written to by two senders (that it is spread at random there is inferred).
//!
//! On a channel its senders are compared by country in the same way.

mod choose;
mod country;
mod overlays;
mod own;
mod owned;
mod receipt;
mod sticky;
mod takes;

pub use self::choose::{Choice, Switches, Wanted, choose};
pub use self::country::{calling_code, country_of, is_e164};
pub use self::own::{OwnSender, pool_of};
pub use self::owned::{ChannelSender, ShortCode};
pub use self::receipt::{SenderKind, SenderReceipt, SenderRule};
pub use self::sticky::StickySender;
pub use self::takes::country_takes_alpha;

#[cfg(test)]
mod tests;
