//! The choice itself.

use serde_json::Value;

use super::country::{area, calling_code, country_of, is_e164, of_area};
use super::overlays::Areas;
use super::receipt::{SenderKind, SenderReceipt, SenderRule};
use super::sticky::StickySender;
use super::takes;
use crate::address::{Address, ChannelType, is_toll_free_area};
use crate::codes::Code;
use crate::configuration::MessagingService;
use crate::sid::{Bytes, MessageSid, MessagingServiceSid, Sid as _};
use crate::timestamp::Timestamp;

/// What a sender is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Who is written to.
    pub to: &'a Address,
    /// Whether files are attached.
    pub has_files: bool,
    /// When.
    pub now: Timestamp,
}

/// The settings of a messaging service that say how its messages go out; all are on unless they are switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// A recipient keeps their sender.
    pub sticky: bool,
    /// The area code counts.
    pub geomatch: bool,
    /// A pool with short codes may send by numbers.
    pub fallback: bool,
    /// Characters that make a text twice as long are replaced.
    pub smart_encoding: bool,
}

impl Switches {
    /// As the settings of a service say, which are kept as JSON text.
    pub fn of(settings: Option<&str>) -> Self {
        let kept: Option<Value> = settings.and_then(|text| serde_json::from_str(text).ok());
        let is_on = |name: &str| {
            kept.as_ref().and_then(|kept| kept.get(name)).and_then(Value::as_bool).unwrap_or(true)
        };
        Self {
            sticky: is_on("StickySender"),
            geomatch: is_on("AreaCodeGeomatch"),
            fallback: is_on("FallbackToLongCode"),
            smart_encoding: is_on("SmartEncoding"),
        }
    }
}

/// Who sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The sender.
    pub sender: Address,
    /// Why.
    pub receipt: SenderReceipt,
    /// What the recipient is used to from now on, if that is to be written.
    pub sticky: Option<StickySender>,
}

/// One that reaches the recipient.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    name: &'a str,
    joined: Timestamp,
    rank: Rank,
}

/// How good one is: what the country asks for comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    standing: Standing,
    rule: SenderRule,
}

/// Whether carriers let it pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Good,
    Unregistered,
    Foreign,
}

/// Chooses. Codes: 21704 if the pool is empty, 21703 if none of it reaches the recipient.
pub fn choose(
    service: &MessagingService,
    switches: Switches,
    wanted: Wanted<'_>,
    used_to: Option<&StickySender>,
) -> Result<Choice, Code> {
    let of = service.pool_size();
    if of == 0 {
        return Err(Code::PoolEmpty);
    }
    let used_to = used_to.filter(|_| switches.sticky);
    let field = Field::of(service, switches, wanted, used_to);
    let alike = counted(field.best.len());
    let held = field.held.filter(|held| field.keeps(held));
    let (one, rule, alike) = match held {
        Some(held) => (held, SenderRule::Sticky, 1),
        None => {
            let place = spread(service.sid, wanted.to, field.best.len());
            let one = place.and_then(|place| field.best.get(place).copied());
            let one = one.ok_or(Code::NoSenderForRecipient)?;
            (one, one.rank.rule, alike)
        }
    };
    let sender: Address = one.name.parse().map_err(|_| Code::NoSenderForRecipient)?;
    let kind = SenderKind::of(&sender);
    let receipt = SenderReceipt { rule, kind, alike, capable: field.capable, of: counted(of) };
    let is_new = switches.sticky && held.is_none();
    let sticky = is_new.then(|| StickySender {
        sid: StickySender::sid_of(service.sid, wanted.to),
        service: service.sid,
        sender: sender.clone(),
        joined: one.joined,
        created: wanted.now,
        version: used_to.map_or_else(Default::default, |before| before.version),
    });
    Ok(Choice { sender, receipt, sticky })
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Which of so many a recipient gets.
fn spread(service: MessagingServiceSid, to: &Address, among: usize) -> Option<usize> {
    let seed: Bytes = MessageSid::derived(&[&service.to_string(), to.as_str()]).bytes();
    let number = usize::from(u16::from_be_bytes([seed[0], seed[1]]));
    number.checked_rem(among)
}

/// All that reach the recipient.
#[derive(Debug, Default)]
struct Field<'a> {
    /// The best, which are alike.
    best: Vec<Candidate<'a>>,
    /// The one that they are used to.
    held: Option<Candidate<'a>>,
    /// Whether one is there that takes over from a sender abroad.
    has_local: bool,
    capable: u32,
}

impl<'a> Field<'a> {
    fn of(
        service: &'a MessagingService,
        switches: Switches,
        wanted: Wanted<'_>,
        used_to: Option<&StickySender>,
    ) -> Self {
        let mut field = Self::default();
        let mut enter = |name: &'a str, joined: Timestamp, rank: Rank| {
            field.enter(Candidate { name, joined, rank }, used_to);
        };
        let to = Recipient::of(wanted.to, switches.geomatch);
        if to.channel != ChannelType::Sms {
            for one in service.channel_senders.iter() {
                if one.sender.channel() == to.channel {
                    let rule = to.nearness(one.sender.bare());
                    enter(one.sender.as_str(), one.created, Rank::good(rule));
                }
            }
            return field;
        }
        let takes_alpha = !wanted.has_files && to.takes_alpha();
        for one in service.alpha_senders.iter().filter(|_| takes_alpha) {
            let rule = match &one.country {
                None => SenderRule::Alpha,
                Some(country) if to.country == Some(country.as_str()) => {
                    SenderRule::DestinationAlpha
                }
                Some(_) => continue,
            };
            enter(&one.sender, one.created, Rank::good(rule));
        }
        let takes_numbers = takes::numbers(to.country);
        for one in service.short_codes.iter().filter(|_| takes_numbers) {
            if to.country == Some(one.country.as_str()) {
                enter(one.code.as_str(), one.created, Rank::good(SenderRule::ShortCode));
            }
        }
        let falls_back = switches.fallback || service.short_codes.is_empty();
        for one in service.numbers.iter().filter(|_| takes_numbers && falls_back) {
            let number = one.number.as_str();
            let rule = to.nearness(number);
            let standing = to.standing(number, one.registered);
            enter(number, one.created, Rank { standing, rule });
        }
        field
    }

    fn enter(&mut self, one: Candidate<'a>, used_to: Option<&StickySender>) {
        self.capable = self.capable.saturating_add(1);
        self.has_local |= one.rank.rule.takes_over();
        let is_held = |it: &StickySender| it.joined == one.joined && it.sender.as_str() == one.name;
        if used_to.is_some_and(is_held) {
            self.held = Some(one);
        }
        let best = self.best.first().map(|best| best.rank);
        match best.map(|best| one.rank.cmp(&best)) {
            None | Some(std::cmp::Ordering::Equal) => self.best.push(one),
            Some(std::cmp::Ordering::Less) => {
                self.best.clear();
                self.best.push(one);
            }
            Some(std::cmp::Ordering::Greater) => {}
        }
    }

    /// Whether the recipient keeps the sender that they are used to.
    fn keeps(&self, held: &Candidate<'_>) -> bool {
        let blocked = self.best.first().is_some_and(|best| best.rank.standing < held.rank.standing);
        !blocked && (held.rank.rule.is_local() || !self.has_local)
    }
}

impl Rank {
    const fn good(rule: SenderRule) -> Self {
        Self { standing: Standing::Good, rule }
    }
}

/// Where a recipient is.
#[derive(Debug)]
struct Recipient<'a> {
    channel: ChannelType,
    /// The telephone's number, if they have one.
    number: Option<&'a str>,
    /// The calling code with its `+`.
    code: &'a str,
    country: Option<&'static str>,
    /// In the United States and Canada, if that counts.
    area: Option<u16>,
    /// Other area codes for the same region.
    beside: Areas,
}

impl<'a> Recipient<'a> {
    fn of(to: &'a Address, geomatch: bool) -> Self {
        let (channel, number) = (to.channel(), Some(to.bare()).filter(|it| is_e164(it)));
        let digits = number.and_then(calling_code).map_or(0, str::len);
        let code = number.and_then(|it| it.get(..=digits)).unwrap_or_default();
        let country = number.and_then(country_of);
        let has_areas = geomatch
            && channel == ChannelType::Sms
            && country.is_some_and(|country| ["US", "CA"].contains(&country));
        let area = number.and_then(area).filter(|_| has_areas);
        let beside = area.map(Areas::beside).unwrap_or_default();
        Self { channel, number, code, country, area, beside }
    }

    fn takes_alpha(&self) -> bool {
        let code = self.code.trim_start_matches('+');
        self.number.is_some() && takes::alpha(code, self.country)
    }

    /// How near a number is.
    fn nearness(&self, number: &str) -> SenderRule {
        let sender_area = area(number);
        let is_near = !self.code.is_empty() && number.starts_with(self.code);
        match sender_area {
            Some(area) if is_near => self.nearness_of_area(area),
            _ if is_near && self.country.is_some() => SenderRule::Country,
            _ if is_near => SenderRule::CallingCode,
            Some(area) if of_area(area) == "US" => SenderRule::UnitedStates,
            Some(_) | None => SenderRule::Any,
        }
    }

    fn nearness_of_area(&self, area: u16) -> SenderRule {
        if self.area == Some(area) {
            return SenderRule::AreaCode;
        }
        if self.beside.contain(area) {
            return SenderRule::Overlay;
        }
        let country = of_area(area);
        match self.country {
            Some(home) if home == country => SenderRule::Country,
            // A toll-free number is at home in Canada as well.
            Some("CA") if is_toll_free_area(area) => SenderRule::Country,
            Some(_) | None => SenderRule::CallingCode,
        }
    }

    /// Whether the carriers of the recipient's country let a number pass.
    fn standing(&self, number: &str, registered: bool) -> Standing {
        if !takes::asks_for_campaign(self.country) {
            return Standing::Good;
        }
        match area(number) {
            Some(area) if registered || is_toll_free_area(area) => Standing::Good,
            Some(_) => Standing::Unregistered,
            None => Standing::Foreign,
        }
    }
}
