//! How long a text may be on each channel (rules B.3, H).
//!
//! Sources: the vendor's article on the longest programmable message (1,600 characters on every channel of a carrier's; error 21617),
//! rule H for conversations (50504), and for Messenger and Instagram the Send API of Meta, which takes 2,000 characters and 1,000
//! bytes.

use crate::address::ChannelType;
use crate::carriage::BODY_BYTES_MAX;
use crate::refusal::Refusal;

/// The longest text of a programmable message, in characters.
pub const TEXT_CHARS_MAX: usize = 1600;

/// Refuses a text that would not arrive on a channel.
///
/// # Errors
/// [`Refusal::BodyTooLong`].
pub fn fit_text(channel: ChannelType, text: &str) -> Result<(), Refusal> {
    let (length, longest) = match channel {
        ChannelType::Sms | ChannelType::Whatsapp | ChannelType::Rcs => {
            (text.chars().count(), TEXT_CHARS_MAX)
        }
        ChannelType::Messenger => (text.chars().count(), 2_000),
        ChannelType::Instagram => (text.len(), 1_000),
        ChannelType::Gbm
        | ChannelType::Apple
        | ChannelType::Email
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => (text.len(), BODY_BYTES_MAX),
    };
    if length > longest { Err(Refusal::BodyTooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_its_own_longest_text() {
        for (channel, longest) in [
            (ChannelType::Sms, 1_600),
            (ChannelType::Whatsapp, 1_600),
            (ChannelType::Rcs, 1_600),
            (ChannelType::Messenger, 2_000),
            (ChannelType::Chat, BODY_BYTES_MAX),
        ] {
            assert_eq!(fit_text(channel, &"m".repeat(longest)), Ok(()), "{channel:?}");
            let long = "m".repeat(longest + 1);
            assert_eq!(fit_text(channel, &long), Err(Refusal::BodyTooLong), "{channel:?}");
        }
        // Characters and not bytes, but for Instagram.
        assert_eq!(fit_text(ChannelType::Whatsapp, &"ü".repeat(1_600)), Ok(()));
        assert_eq!(fit_text(ChannelType::Instagram, &"ü".repeat(500)), Ok(()));
        let long = fit_text(ChannelType::Instagram, &"ü".repeat(501));
        assert_eq!(long, Err(Refusal::BodyTooLong));
    }
}
