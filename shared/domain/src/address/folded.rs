//! Numbers of one telephone that are written in several ways, and the one way in which it is looked up.
//!
//! Carriers, WhatsApp's ids and customers disagree about digits that a country has added to its mobile numbers or
//! taken away from them. An [`Address`] stays as it was received, since that is what its carrier takes back; who is
//! looked up is its [folded](Address::folded) form:
//!
//! | country | is written | folded | source |
//! |---|---|---|---|
//! | Brazil (55) | area and 8 digits from 6 on, or 9 and these | with the ninth digit | Anatel, resolutions 553/2010 and 749/2022: the ninth digit of mobile numbers, in all areas since November 2016. Ids of WhatsApp from before often lack it |
//! | Mexico (52) | 1 and 10 digits, or these | without the 1 | IFT, numbering plan of August 2019: 10 digits, no 1 before mobile numbers. Ids of WhatsApp keep it |
//! | Argentina (54) | 9 and 10 digits, or these; area, 15, the rest | with the 9, without 15 | Plan Fundamental de Numeración Nacional (resolution SC 46/97): from abroad mobile numbers take a 9 before the area, at home a 15 behind it; without either the ten digits belong to one subscriber |
//!
//! Meta says of Brazil and Mexico that its API may change the added prefix (WhatsApp Cloud API, phone numbers). Nothing
//! is refused here, and no range is looked at beyond these: a number is one if its length is possible.

use super::{Address, ChannelType};

/// Digits of a number behind its country code, in Brazil without the ninth, in Mexico and Argentina without prefix.
const NATIONAL: usize = 10;

impl Address {
    /// The form by which the same person is found again on this channel; of most addresses it is the address.
    ///
    /// It is the same for all ways of writing one telephone's number, and its own folded form. It is a key: what is
    /// shown and what a carrier is given stays as it was received.
    #[must_use]
    pub fn folded(&self) -> Self {
        let channel = self.channel();
        let digits = match channel {
            ChannelType::Sms | ChannelType::Rcs => self.bare().strip_prefix('+'),
            ChannelType::Whatsapp => Some(self.bare()).map(|id| id.strip_prefix('+').unwrap_or(id)),
            ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Gbm
            | ChannelType::Email
            | ChannelType::Apple
            | ChannelType::Chat
            | ChannelType::Web
            | ChannelType::Voice => None,
        };
        match digits.filter(|digits| is_number(digits)) {
            None => self.clone(),
            Some(digits) if channel == ChannelType::Sms => Self(format!("+{}", number(digits))),
            Some(digits) => Self(format!("{}:+{}", channel.name(), number(digits))),
        }
    }
}

/// Whether it is as long as international numbers are (ITU-T E.164: 15 digits at most).
fn is_number(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An international number without `+`, in the form of the table above.
fn number(digits: &str) -> String {
    let folded = match digits.split_at_checked(2) {
        Some(("55", national)) => brazil(national),
        Some(("52", national)) => mexico(national),
        Some(("54", national)) => argentina(national),
        _ => None,
    };
    folded.unwrap_or_else(|| digits.to_owned())
}

fn brazil(national: &str) -> Option<String> {
    let (area, local) = national.split_at_checked(2)?;
    // Landlines begin with 2 to 5, and keep eight digits.
    let is_mobile = local.starts_with(['6', '7', '8', '9']);
    (national.len() == NATIONAL && is_mobile).then(|| format!("55{area}9{local}"))
}

fn mexico(national: &str) -> Option<String> {
    let rest = national.strip_prefix('1')?;
    (rest.len() == NATIONAL).then(|| format!("52{rest}"))
}

fn argentina(national: &str) -> Option<String> {
    // Areas begin with 1, 2 or 3; what else has ten digits are services.
    let has_area = national.starts_with(['1', '2', '3']);
    if has_area && national.len() == NATIONAL {
        return Some(format!("549{national}"));
    }
    let dialled = national.strip_prefix('9').unwrap_or(national);
    let areas = if dialled.starts_with("11") { 2..=2 } else { 3..=4 };
    let mobile = (dialled.len() == NATIONAL + 2).then(|| {
        areas.filter_map(|digits| dialled.split_at_checked(digits)).find_map(|(area, rest)| {
            rest.strip_prefix("15").map(|local| format!("549{area}{local}"))
        })
    });
    mobile.flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(written: &str) -> String {
        written.parse::<Address>().unwrap().folded().to_string()
    }

    #[test]
    fn a_telephone_has_one_folded_form_however_it_is_written() {
        for (forms, one) in [
            (&["+553188887777", "+5531988887777"][..], "+5531988887777"),
            (&["whatsapp:+553188887777", "whatsapp:553188887777"], "whatsapp:+5531988887777"),
            (&["+5215512345678", "+525512345678", "sms:+52 1 55 1234 5678"], "+525512345678"),
            (&["whatsapp:+5215512345678", "whatsapp:5215512345678"], "whatsapp:+525512345678"),
            (
                &[
                    "+5491123456789",
                    "+541123456789",
                    "+54 11 15 2345-6789",
                    "+54 9 11 15 2345 6789",
                ],
                "+5491123456789",
            ),
            (&["+542214567890", "+54 221 15 456-7890"], "+5492214567890"),
            (&["+542966456789", "+54 2966 15 456789"], "+5492966456789"),
            (&["whatsapp:14155550100", "whatsapp:+14155550100"], "whatsapp:+14155550100"),
        ] {
            for form in forms {
                assert_eq!(folded(form), one, "{form}");
            }
        }
    }

    #[test]
    fn what_is_no_such_mobile_number_is_left_as_it_is() {
        for kept in [
            "+553133334444",
            "+55318888777",
            "+52155123456",
            "+5411234567890123",
            "+548001234567",
            "+14155550100",
            "+22951234567",
            "+8001234567",
            "+8816123456789",
            "55311",
            "5531888",
            "ACME 55",
            "whatsapp:US.553188887777",
            "whatsapp:BR.13491208655302741918",
            "messenger:553188887777",
            "chat:5215512345678",
            "553188887777@example.com",
        ] {
            if let Ok(address) = kept.parse::<Address>() {
                assert_eq!(address.folded(), address, "{kept}");
            }
        }
    }

    #[test]
    fn two_telephones_stay_two() {
        // A landline and a mobile of one area; numbers that differ by the prefix of another country.
        let pairs = [
            ("+553133334444", "+5531933334444"),
            ("+5511933334444", "+551133334444"),
            ("+15512345678", "+5215512345678"),
            ("+14155550100", "whatsapp:+14155550100"),
        ];
        for (one, other) in pairs {
            assert_ne!(folded(one), folded(other));
        }
    }

    proptest! {
        #[test]
        fn folding_is_done_once_and_keeps_channel_and_form(
            prefix in prop::sample::select(vec!["", "whatsapp:", "rcs:", "messenger:"]),
            country in prop::sample::select(vec!["52", "54", "55", "521", "549", "1", "44"]),
            rest in "[0-9]{1,12}",
            plus in any::<bool>(),
        ) {
            let plus = if plus { "+" } else { "" };
            if let Ok(address) = format!("{prefix}{plus}{country}{rest}").parse::<Address>() {
                let once = address.folded();
                prop_assert_eq!(once.folded(), once.clone());
                prop_assert_eq!(once.channel(), address.channel());
                prop_assert_eq!(once.as_str().parse::<Address>().map(String::from), Ok(once.into()));
            }
        }
    }
}
