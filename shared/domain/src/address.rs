//! Where a message comes from or goes to, in one normal form of what was received.
//!
//! The channel's prefix is split off before anything else looks at an address: a library for telephone numbers reads
//! `whatsapp:+1…` as a plain number. A number is taken if its length is possible, whatever its range; 3 to 8 digits
//! without `+` are the short code of a sender. By which form a person is found again says [`Address::folded`].

mod folded;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

/// Longest address we keep (rule H: 256 characters).
pub const ADDRESS_CHARS_MAX: usize = 256;

/// Where nobody can be called back whose number begins so, in North America.
const TOLL_FREE: [u16; 7] = [800, 833, 844, 855, 866, 877, 888];

/// Whether an area code is one of those.
pub(crate) fn is_toll_free_area(area: u16) -> bool {
    TOLL_FREE.contains(&area)
}

/// The kind of channel that an address belongs to.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum ChannelType {
    /// Text messages; an address without a prefix.
    Sms,
    /// `whatsapp:`.
    Whatsapp,
    /// `messenger:`.
    Messenger,
    /// `instagram:`.
    Instagram,
    /// `rcs:`.
    Rcs,
    /// Google Business Messages, `gbm:`.
    Gbm,
    /// An address with an `@`, or `email:`.
    Email,
    /// Apple Messages, `apple:`.
    Apple,
    /// In-application chat, `chat:`.
    Chat,
    /// The web chat widget; a media type of interaction channels only.
    Web,
    /// A telephone call; a media type of interaction channels only.
    Voice,
}

impl ChannelType {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// All that an address can be configured for.
    pub fn all_with_addresses() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied().filter(|kind| kind.has_addresses())
    }

    /// Whether an address can be configured for it (rule A.5).
    pub const fn has_addresses(self) -> bool {
        match self {
            Self::Sms
            | Self::Whatsapp
            | Self::Messenger
            | Self::Instagram
            | Self::Rcs
            | Self::Gbm
            | Self::Email
            | Self::Apple
            | Self::Chat => true,
            Self::Web | Self::Voice => false,
        }
    }

    /// Whether somebody's names change on the channel (rule A.2): only there it is worth a read to ask for those before.
    pub const fn renames(self) -> bool {
        match self {
            Self::Whatsapp => true,
            Self::Sms
            | Self::Messenger
            | Self::Instagram
            | Self::Rcs
            | Self::Gbm
            | Self::Email
            | Self::Apple
            | Self::Chat
            | Self::Web
            | Self::Voice => false,
        }
    }

    /// Reads the published spelling in any case (rule R.1).
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The text is no address on any channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid address")]
pub struct NotAnAddress;

/// An address in normal form: `+14155550100`, `whatsapp:+14155550100`, `messenger:1234`, `12345`, `ACME`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

impl Address {
    /// The channel, told by the prefix.
    pub fn channel(&self) -> ChannelType {
        match self.0.split_once(':') {
            Some((prefix, _)) => ChannelType::parse(prefix).unwrap_or(ChannelType::Sms),
            None if self.0.contains('@') => ChannelType::Email,
            None => ChannelType::Sms,
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the number of a telephone, or a short code.
    pub fn is_number(&self) -> bool {
        let has_numbers =
            matches!(self.channel(), ChannelType::Sms | ChannelType::Whatsapp | ChannelType::Rcs);
        let digits = self.bare().strip_prefix('+').unwrap_or_else(|| self.bare());
        has_numbers && digits.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether it is a telephone's number that takes part in group MMS: `+1` and ten digits, and no toll-free number (rule A.8).
    pub fn is_long_code(&self) -> bool {
        let national = self.0.strip_prefix("+1").filter(|it| it.len() == 10);
        let national = national.filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        national.is_some() && !self.is_toll_free()
    }

    /// Whether it is a telephone's number for which the one who is called pays, in North America.
    pub fn is_toll_free(&self) -> bool {
        let national = self.0.strip_prefix("+1").filter(|it| it.len() == 10);
        let area = national.and_then(|it| it.get(..3)).and_then(|area| area.parse().ok());
        area.is_some_and(is_toll_free_area)
    }

    /// The normal form without its channel prefix.
    pub fn bare(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, rest)| rest)
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > ADDRESS_CHARS_MAX {
            return Err(NotAnAddress);
        }
        let Some((prefix, rest)) = text.split_once(':') else {
            return plain(text).map(Self);
        };
        let channel = ChannelType::parse(prefix).ok_or(NotAnAddress)?;
        let rest = match channel {
            ChannelType::Sms => return plain(rest).map(Self),
            ChannelType::Whatsapp => whatsapp(rest)?,
            ChannelType::Rcs => phone(rest).or_else(|_| opaque(rest))?,
            ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Gbm
            | ChannelType::Apple
            | ChannelType::Chat
            | ChannelType::Email => opaque(rest)?,
            ChannelType::Web | ChannelType::Voice => return Err(NotAnAddress),
        };
        Ok(Self(format!("{}:{rest}", channel.name())))
    }
}

/// A phone number, a short code, an e-mail address or an alphanumeric sender.
///
/// A colon would make the part before it a prefix when the normal form is read again.
fn plain(text: &str) -> Result<String, NotAnAddress> {
    let text = text.trim();
    phone(text).or_else(|_| match text {
        _ if text.contains(':') => Err(NotAnAddress),
        _ if text.contains('@') => opaque(text),
        _ if alphanumeric_sender(text) => Ok(text.to_owned()),
        _ => Err(NotAnAddress),
    })
}

/// A number, or an identifier of the channel's own. WhatsApp's ids of accounts are numbers without their `+`, and so are
/// numbers whose `+` a form has made a space of: whoever is written so is the same as with it. A short code is shorter.
fn whatsapp(text: &str) -> Result<String, NotAnAddress> {
    let id = text.trim();
    let is_id = (9..=15).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    match is_id {
        true => Ok(format!("+{id}")),
        false => phone(text).or_else(|_| opaque(text)),
    }
}

/// `+` and 7 to 15 digits, or a short code of 3 to 8 digits; usual separators are dropped.
fn phone(text: &str) -> Result<String, NotAnAddress> {
    let compact = text.replace([' ', '-', '.', '(', ')'], "");
    let (digits, range) = match compact.strip_prefix('+') {
        Some(digits) => (digits, 7..=15),
        None => (compact.as_str(), 3..=8),
    };
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && range.contains(&digits.len()) { Ok(compact) } else { Err(NotAnAddress) }
}

impl Address {
    /// Whether a programmable message can go there: to a number or on a channel, and to no letters.
    pub fn can_be_written_to(&self) -> bool {
        match self.channel() {
            ChannelType::Sms => !alphanumeric_sender(self.as_str()),
            ChannelType::Whatsapp
            | ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Rcs
            | ChannelType::Gbm
            | ChannelType::Apple => true,
            ChannelType::Email | ChannelType::Chat | ChannelType::Web | ChannelType::Voice => false,
        }
    }
}

/// Up to 11 letters, digits, spaces and a few signs, with at least one letter (rule E.2).
pub fn alphanumeric_sender(text: &str) -> bool {
    text.len() <= 11
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
}

fn opaque(text: &str) -> Result<String, NotAnAddress> {
    let printable = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if text.is_empty() || !printable { Err(NotAnAddress) } else { Ok(text.to_owned()) }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    /// Addresses are personal: only the channel is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Address({})", self.channel().name())
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text that is nearly an address: prefixes, repeated and in any case, around all kinds of ends.
    fn nearly() -> impl Strategy<Value = String> {
        let prefix = prop::sample::select(vec![
            "",
            " ",
            "sms:",
            "SMS:",
            "whatsapp:",
            "rcs:",
            "messenger:",
            "email:",
            "chat:",
            "x:",
            ":",
        ]);
        let end = prop_oneof![
            "[+]?[0-9 ().-]{0,18}",
            "[a-zA-Z0-9 +_&:@.-]{0,14}",
            "\\PC{0,20}",
            any::<String>(),
            "[é1a]{200,300}",
        ];
        (prop::collection::vec(prefix, 0..4), end, "[ \t]{0,2}")
            .prop_map(|(prefixes, end, after)| format!("{}{end}{after}", prefixes.concat()))
    }

    proptest! {
        #[test]
        fn the_normal_form_of_anything_is_an_address_and_its_own_normal_form(text in nearly()) {
            if let Ok(address) = text.parse::<Address>() {
                let again = address.as_str().parse::<Address>();
                prop_assert_eq!(again.as_ref().map(Address::as_str), Ok(address.as_str()));
                prop_assert_eq!(again.unwrap().channel(), address.channel());
                prop_assert!(address.as_str().chars().count() <= ADDRESS_CHARS_MAX);
                let kept = serde_json::to_string(&address).unwrap();
                prop_assert_eq!(serde_json::from_str::<Address>(&kept).unwrap(), address);
            }
        }
    }

    #[test]
    fn an_address_behind_a_prefix_has_no_prefix_of_its_own() {
        for (written, normal) in [("sms: ACME", "ACME"), ("sms: a@example.com ", "a@example.com")] {
            assert_eq!(written.parse::<Address>().unwrap().as_str(), normal);
        }
        for wrong in ["sms:x:a@example.com", "sms:whatsapp:a@example.com", "sms:sms:12345"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_customer_has_one_normal_form() {
        for (written, normal) in [
            (" +1 (415) 555-0100 ", "+14155550100"),
            ("whatsapp:+1 415 555 0100", "whatsapp:+14155550100"),
            ("whatsapp:14155550100", "whatsapp:+14155550100"),
            ("whatsapp: 14155550100", "whatsapp:+14155550100"),
            ("WhatsApp:US.AbC123", "whatsapp:US.AbC123"),
            ("messenger:1234567890", "messenger:1234567890"),
            ("sms:+14155550100", "+14155550100"),
            ("12345", "12345"),
            ("ACME Corp", "ACME Corp"),
            ("a@example.com", "a@example.com"),
        ] {
            assert_eq!(written.parse::<Address>().unwrap().as_str(), normal);
        }
    }

    #[test]
    fn texts_that_are_no_addresses_do_not_parse() {
        let long = format!("messenger:{}", "1".repeat(300));
        for wrong in [
            "",
            "+",
            "+12",
            "whatsapp:",
            "fax:+14155550100",
            "messenger:a b",
            "123456789012",
            &long,
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_channel_is_told_by_the_form() {
        for (written, channel, bare) in [
            ("+14155550100", ChannelType::Sms, "+14155550100"),
            ("ACME", ChannelType::Sms, "ACME"),
            ("whatsapp:+14155550100", ChannelType::Whatsapp, "+14155550100"),
            ("a@example.com", ChannelType::Email, "a@example.com"),
            ("messenger:12", ChannelType::Messenger, "12"),
            ("instagram:12", ChannelType::Instagram, "12"),
        ] {
            let address: Address = written.parse().unwrap();
            assert_eq!((address.channel(), address.bare()), (channel, bare));
            assert_eq!(String::from(address), written);
        }
        let longest = format!("messenger:{}", "1".repeat(ADDRESS_CHARS_MAX - 10));
        assert!(longest.parse::<Address>().is_ok());
        assert!(format!("{longest}1").parse::<Address>().is_err());
    }

    #[test]
    fn an_alphanumeric_sender_has_a_letter_and_eleven_characters_at_most() {
        for right in ["ACME", "A1 +-_&", "abcdefghijk"] {
            assert!(alphanumeric_sender(right), "{right}");
        }
        for wrong in ["", "12345", "abcdefghijkl", "Ä", "a.b"] {
            assert!(!alphanumeric_sender(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_address_does_not_show_itself_in_a_log() {
        let address: Address = "whatsapp:+14155550100".parse().unwrap();
        assert_eq!(format!("{address:?}"), "Address(whatsapp)");
    }
}
