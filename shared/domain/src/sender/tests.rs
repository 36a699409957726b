//! The choice of a sender, row by row.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::address::Address;
use crate::codes::Code;
use crate::configuration::{
    AlphaSender, MessagingService, PhoneNumber, PoolChannelSender, PoolNumber, PoolShortCode,
};
use crate::sid::Sid;
use crate::timestamp::Timestamp;

const NOW: Timestamp = Timestamp(1_795_341_600_000);
const ON: Switches =
    Switches { sticky: true, geomatch: true, fallback: true, smart_encoding: true };
/// A recipient in Germany.
const BERLIN: &str = "+4917612345678";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A pool as a line of text: `+…` a number, `+…!` one with a campaign, `US:12345` a short code, `ACME` an alphanumeric sender
/// and `ACME@DE` one for a country, `whatsapp:…` a sender on a channel.
fn pool(senders: &str) -> MessagingService {
    let mut service = MessagingService {
        sid: Sid::derived(&["service"]),
        friendly_name: String::new(),
        opt_out: None,
        merges_within: None,
        settings: None,
        numbers: Vec::new(),
        alpha_senders: Vec::new(),
        short_codes: Vec::new(),
        channel_senders: Vec::new(),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    };
    for text in senders.split_whitespace() {
        add(&mut service, text);
    }
    service
}

fn add(service: &mut MessagingService, text: &str) {
    let created = Timestamp(i64::try_from(service.pool_size()).unwrap());
    let short_code = text.split_once(':').filter(|(country, _)| country.len() == 2);
    match (text.strip_prefix('+'), short_code) {
        (Some(_), _) => {
            let number = address(text.trim_end_matches('!'));
            let sid = PhoneNumber::sid_of(&number);
            service.numbers.push(PoolNumber {
                sid,
                number,
                registered: text.ends_with('!'),
                created,
            });
        }
        (None, Some((country, code))) => service.short_codes.push(PoolShortCode {
            sid: Sid::derived(&[text]),
            code: address(code),
            country: country.to_owned(),
            created,
        }),
        (None, None) if text.contains(':') => service.channel_senders.push(PoolChannelSender {
            sid: Sid::derived(&[text]),
            sender: address(text),
            created,
        }),
        (None, None) => {
            let (sender, country) = text
                .split_once('@')
                .map_or((text, None), |(sender, country)| (sender, Some(country.to_owned())));
            let sid = Sid::derived(&[text]);
            service.alpha_senders.push(AlphaSender {
                sid,
                sender: sender.to_owned(),
                country,
                created,
            });
        }
    }
}

fn wanted(to: &Address) -> Wanted<'_> {
    Wanted { to, has_files: false, now: NOW }
}

fn chosen(senders: &str, to: &str) -> Result<(String, SenderRule), Code> {
    with(ON, senders, to)
}

fn with(switches: Switches, senders: &str, to: &str) -> Result<(String, SenderRule), Code> {
    let choice = choose(&pool(senders), switches, wanted(&address(to)), None)?;
    Ok((choice.sender.to_string(), choice.receipt.rule))
}

#[test]
fn each_rule_of_the_choice_comes_before_the_next() {
    use SenderRule::*;
    let all = "+4420555 +12125550100 +13325550100 +16505550100 +14165550100 +4915123456789 \
               ACME ACMEDE@DE US:12345 DE:54321";
    let all = all.replace("+4420555", "+442071838750");
    for (to, sender, rule) in [
        (BERLIN, "ACMEDE", DestinationAlpha),
        ("+33612345678", "ACME", Alpha),
        ("+12125550199", "12345", ShortCode),
        ("+14165550199", "+14165550100", AreaCode),
        ("+16475550199", "+14165550100", Overlay),
        ("+16045550199", "+14165550100", Country),
    ] {
        assert_eq!(chosen(&all, to), Ok((sender.to_owned(), rule)), "{to}");
    }
    for (senders, to, sender, rule) in [
        ("+442071838750 DE:54321 +4915123456789", BERLIN, "54321", ShortCode),
        ("+442071838750 +4915123456789", BERLIN, "+4915123456789", Country),
        ("+16505550100 +12125550100", "+12125550199", "+12125550100", AreaCode),
        ("+16505550100 +13325550100", "+12125550199", "+13325550100", Overlay),
        ("+442071838750 +16505550100", "+12125550199", "+16505550100", Country),
        ("+442071838750 +16505550100", "+14165550199", "+16505550100", CallingCode),
        ("+442071838750 +18005550100 +16505550100", "+14165550199", "+18005550100", Country),
        ("+442071838750 +79161234567", "+79261234567", "+79161234567", CallingCode),
        ("+442071838750 +16505550100", BERLIN, "+16505550100", UnitedStates),
        ("+442071838750 +18005550100", BERLIN, "+18005550100", UnitedStates),
        ("+442071838750 +14165550100", "+13105550199", "+14165550100", CallingCode),
        ("+442071838750", "+13105550199", "+442071838750", Any),
        ("+442071838750 +18765550100", "+18765550199", "+18765550100", Country),
        ("+442071838750", "54321", "+442071838750", Any),
    ] {
        assert_eq!(chosen(senders, to), Ok((sender.to_owned(), rule)), "{senders} to {to}");
    }
}

#[test]
fn the_area_code_counts_only_where_it_is_wanted() {
    let off = Switches { geomatch: false, ..ON };
    let senders = "+16505550100 +12125550100";
    let all: BTreeSet<_> =
        (0..40).map(|n| with(off, senders, &format!("+1212555{n:04}")).unwrap()).collect();
    let expected = ["+12125550100", "+16505550100"].map(|it| (it.to_owned(), SenderRule::Country));
    assert_eq!(all, expected.into_iter().collect());
}

#[test]
fn alphanumeric_senders_go_where_carriers_take_them_and_without_files() {
    for (senders, to, expected) in [
        ("ACME", BERLIN, Ok("ACME")),
        ("ACME", "+14155550100", Err(Code::NoSenderForRecipient)),
        ("ACME", "+18765550100", Err(Code::NoSenderForRecipient)),
        ("ACME", "+5511912345678", Err(Code::NoSenderForRecipient)),
        ("ACME +14155550100", "+5511912345678", Ok("+14155550100")),
        ("ACME@FR", BERLIN, Err(Code::NoSenderForRecipient)),
        ("ACME", "54321", Err(Code::NoSenderForRecipient)),
        ("ACME +14155550100", "+375291234567", Ok("ACME")),
        ("+14155550100", "+375291234567", Err(Code::NoSenderForRecipient)),
        ("BY:12345", "+375291234567", Err(Code::NoSenderForRecipient)),
    ] {
        let sender = chosen(senders, to).map(|(sender, _)| sender);
        assert_eq!(sender, expected.map(str::to_owned), "{senders} to {to}");
    }
    let to = address(BERLIN);
    let wanted = Wanted { has_files: true, ..wanted(&to) };
    let choice = choose(&pool("ACME +14155550100"), ON, wanted, None).unwrap();
    assert_eq!(choice.sender.as_str(), "+14155550100");
}

#[test]
fn a_short_code_reaches_its_own_country_and_numbers_stand_in_if_they_may() {
    let off = Switches { fallback: false, ..ON };
    let senders = "US:12345 +442071838750";
    assert_eq!(chosen(senders, "+442071838751").unwrap().0, "+442071838750");
    assert_eq!(with(off, senders, "+442071838751"), Err(Code::NoSenderForRecipient));
    assert_eq!(with(off, senders, "+13105550199").unwrap().0, "12345");
    let without = with(off, "+442071838750", "+442071838751").unwrap();
    assert_eq!(without.0, "+442071838750", "nothing to fall back from");
    assert_eq!(chosen("US:12345", BERLIN), Err(Code::NoSenderForRecipient));
}

#[test]
fn the_united_states_are_written_to_by_registered_numbers_if_there_are_any() {
    for (senders, to, expected) in [
        ("+12125550100 +16505550100!", "+12125550199", "+16505550100"),
        ("+12125550100 +18005550100", "+12125550199", "+18005550100"),
        ("+12125550100 +442071838750", "+12125550199", "+12125550100"),
        ("+442071838750 +14165550100", "+12125550199", "+14165550100"),
        ("+14165550100 +16505550100!", "+14165550199", "+14165550100"),
    ] {
        assert_eq!(chosen(senders, to).unwrap().0, expected, "{senders} to {to}");
    }
}

#[test]
fn senders_on_a_channel_are_compared_by_country() {
    let senders =
        "+4915123456789 whatsapp:+14155550100 whatsapp:+4915123456789 messenger:1 messenger:2";
    for (to, expected) in [
        ("whatsapp:+4917612345678", Ok("whatsapp:+4915123456789")),
        ("whatsapp:+12125550100", Ok("whatsapp:+14155550100")),
        ("whatsapp:+33612345678", Ok("whatsapp:+14155550100")),
        ("instagram:7", Err(Code::NoSenderForRecipient)),
    ] {
        let sender = chosen(senders, to).map(|(sender, _)| sender);
        assert_eq!(sender, expected.map(str::to_owned), "{to}");
    }
    assert!(chosen(senders, "messenger:7").unwrap().0.starts_with("messenger:"));
}

#[test]
fn an_empty_pool_and_one_that_fits_nobody_have_codes_of_their_own() {
    assert_eq!(chosen("", BERLIN), Err(Code::PoolEmpty));
    assert_eq!(chosen("+14155550100", "whatsapp:+14155550199"), Err(Code::NoSenderForRecipient));
}

#[test]
fn the_load_is_spread_and_a_recipient_hears_from_one_sender() {
    let senders = "+14155550100 +14155550101 +14155550102 +14155550103";
    let mut load: BTreeMap<String, u32> = BTreeMap::new();
    for n in 0..1_000 {
        let to = format!("+1650555{n:04}");
        let first = chosen(senders, &to).unwrap();
        assert_eq!(chosen(senders, &to), Ok(first.clone()));
        *load.entry(first.0).or_default() += 1;
    }
    assert_eq!(load.len(), 4);
    assert!(load.values().all(|share| (200..300).contains(share)), "{load:?}");
}

/// What the recipient is used to after a first message.
fn used_to(service: &MessagingService, to: &Address) -> StickySender {
    let mut sticky = choose(service, ON, wanted(to), None).unwrap().sticky.unwrap();
    sticky.version = 1.into();
    sticky
}

#[test]
fn a_recipient_keeps_their_sender_while_it_is_in_the_pool() {
    let to = address("+16505550199");
    let mut service = pool("+14155550100");
    let first = used_to(&service, &to);
    for other in 1..20 {
        add(&mut service, &format!("+1415555{other:04}"));
    }
    let choice = choose(&service, ON, wanted(&to), Some(&first)).unwrap();
    assert_eq!((choice.sender.as_str(), choice.receipt.rule), ("+14155550100", SenderRule::Sticky));
    assert_eq!(choice.sticky, None, "nothing to write");
    assert_eq!((choice.receipt.alike, choice.receipt.capable, choice.receipt.of), (1, 20, 20));
    service.numbers.remove(0);
    let moved = choose(&service, ON, wanted(&to), Some(&first)).unwrap();
    assert_ne!(moved.sender.as_str(), "+14155550100");
    let after = moved.sticky.unwrap();
    assert_eq!((after.sid, after.version), (first.sid, first.version), "written over the other");
    add(&mut service, "+14155550100");
    let back = choose(&service, ON, wanted(&to), Some(&first)).unwrap();
    assert_ne!(back.receipt.rule, SenderRule::Sticky, "its mappings went when it left");
}

#[test]
fn a_mapping_is_kept_while_it_is_switched_off() {
    let to = address("+16505550199");
    let mut service = pool("+14155550100");
    let first = used_to(&service, &to);
    add(&mut service, "+16505550100");
    let off = Switches { sticky: false, ..ON };
    let choice = choose(&service, off, wanted(&to), Some(&first)).unwrap();
    assert_eq!((choice.sender.as_str(), choice.sticky), ("+16505550100", None));
    let choice = choose(&service, ON, wanted(&to), Some(&first)).unwrap();
    assert_eq!(choice.sender.as_str(), "+14155550100");
    assert_eq!(choose(&service, off, wanted(&to), None).unwrap().sticky, None, "none is made");
}

#[test]
fn a_sender_from_abroad_gives_way_to_one_from_there_but_not_to_letters() {
    let to = address("+442071838751");
    for (first, added, expected) in [
        ("+14155550100", "+442071838750", "+442071838750"),
        ("+14155550100", "GB:54321", "54321"),
        ("+14155550100", "ACME", "+14155550100"),
        ("+442071838750", "GB:54321", "+442071838750"),
        ("ACME", "+442071838750", "ACME"),
        ("GB:54321", "ACME", "54321"),
    ] {
        let mut service = pool(first);
        let before = used_to(&service, &to);
        add(&mut service, added);
        let choice = choose(&service, ON, wanted(&to), Some(&before)).unwrap();
        assert_eq!(choice.sender.as_str(), expected, "{first}, then {added}");
        assert_eq!(choice.sticky.is_some(), expected != before.sender.as_str());
    }
}

#[test]
fn a_number_that_is_blocked_without_a_campaign_is_left_for_one_with() {
    let to = address("+16505550199");
    let mut service = pool("+16505550100");
    let before = used_to(&service, &to);
    add(&mut service, "+14155550100!");
    let choice = choose(&service, ON, wanted(&to), Some(&before)).unwrap();
    assert_eq!(choice.sender.as_str(), "+14155550100");
}

#[test]
fn a_mapping_that_the_country_does_not_take_any_more_is_over() {
    let to = address("+375291234567");
    let mut service = pool("ACME");
    let mut before = used_to(&service, &to);
    add(&mut service, "+14155550100");
    before.sender = address("+14155550100");
    before.joined = service.numbers[0].created;
    let choice = choose(&service, ON, wanted(&to), Some(&before)).unwrap();
    assert_eq!(choice.sender.as_str(), "ACME");
}

#[test]
fn the_receipt_tells_kind_and_numbers() {
    for (text, kind) in [
        ("ACME", SenderKind::Alphanumeric),
        ("12345", SenderKind::ShortCode),
        ("+18885550100", SenderKind::TollFree),
        ("+14155550100", SenderKind::LongCode),
        ("+4915123456789", SenderKind::LongCode),
        ("whatsapp:+14155550100", SenderKind::Channel),
    ] {
        assert_eq!(SenderKind::of(&address(text)), kind, "{text}");
    }
    let senders = pool("ACME@FR +4915123456789 +4915123456780 +14155550100 whatsapp:+1415555000");
    let choice = choose(&senders, ON, wanted(&address(BERLIN)), None).unwrap();
    let receipt = choice.receipt;
    assert_eq!((receipt.rule, receipt.kind), (SenderRule::Country, SenderKind::LongCode));
    assert_eq!((receipt.alike, receipt.capable, receipt.of), (2, 3, 5));
    let text = r#"{"rule":"country","kind":"long_code","alike":2,"capable":3,"of":5}"#;
    assert_eq!(serde_json::to_string(&receipt).unwrap(), text);
}

#[test]
fn switches_are_on_unless_the_settings_say_otherwise() {
    assert_eq!(Switches::of(None), ON);
    assert_eq!(Switches::of(Some("nonsense")), ON);
    let off = r#"{"StickySender":false,"AreaCodeGeomatch":false,"FallbackToLongCode":false,"SmartEncoding":false}"#;
    let none = Switches { sticky: false, geomatch: false, fallback: false, smart_encoding: false };
    assert_eq!(Switches::of(Some(off)), none);
    let one = Switches::of(Some(r#"{"StickySender":false,"SmartEncoding":true}"#));
    assert_eq!(one, Switches { sticky: false, ..ON });
}
