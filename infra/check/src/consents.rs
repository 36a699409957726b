//! Nothing goes to who wants nothing (rule E.3): at any moment, and with every write.

use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::consent::{Consent, Scope, Status};
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::sender::{OwnSender, pool_of};
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::offers::Around;
use crate::view::View;
use crate::violation::Found;

const UNWANTED: &str = "nothing is sent to who does not want it";
const OBEYED: &str = "a STOP is written together with its block";

/// What cannot be taken away from the words that block.
const STOP: &str = "stop";
/// How far clocks may be apart where nobody says.
const SKEW: Millis = Millis::seconds(60);

/// What the tables say: who was refused before a copy was made did not get it. A sender's pool counts from when the sender was in it.
pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let skew = view.facts.map_or(SKEW, |facts| facts.skew);
    for message in view.messages.values().filter(|message| !message.is_exempt()) {
        for copy in message.deliveries.iter().filter(|copy| copy.carrier_message_id.is_some()) {
            let Some(consent) = view.consents.get(&copy.pair.address.person()) else { continue };
            let pool = pool_before(view, &copy.pair.proxy, copy.created);
            let to = Scope::of(&copy.pair.proxy, pool);
            let mut refused = consent.stances.iter().filter(|one| {
                one.status == Status::OptOut && one.to.meets(&to) && copy.created > one.since + skew
            });
            if refused.next().is_some() {
                found.add(UNWANTED, "it was handed to the carrier", [name(message, copy)]);
            }
        }
    }
}

fn pool_before(
    view: &View<'_>,
    sender: &Address,
    moment: Timestamp,
) -> Option<MessagingServiceSid> {
    let is_in = |number: &Address| number == sender;
    let mut pools = view
        .pools
        .iter()
        .filter(|pool| pool.numbers.iter().any(|one| is_in(&one.number) && one.created <= moment));
    pools.next().map(|pool| pool.sid)
}

pub(crate) fn name(message: &Message, copy: &Delivery) -> String {
    format!("{}/{}", message.sid, copy.number)
}

/// Whether one of those who would get a copy wants nothing from its sender, as things stand.
pub(crate) fn is_refused(around: &impl Around, message: &Message, number: u32) -> bool {
    message.handed_over_with(number).any(|copy| {
        refuses(around, &copy.pair.address, &copy.pair.proxy, message.messaging_service)
    })
}

fn refuses(
    around: &impl Around,
    address: &Address,
    sender: &Address,
    used_by: Option<MessagingServiceSid>,
) -> bool {
    let own = around.number(sender).map(OwnSender::from);
    let pool = pool_of(own.as_ref(), used_by);
    let consent: Option<&Consent> = around.consent(&address.person());
    consent.is_some_and(|consent| consent.refuses(&Scope::of(sender, pool)))
}

/// A message that is a STOP is kept by the write that obeys it, or by a later one.
pub(super) fn obeyed(message: &Message, around: &impl Around, found: &mut Found) {
    let Some(origin) = &message.origin else { return };
    let has_keywords = match origin.pair.proxy.channel() {
        ChannelType::Sms | ChannelType::Rcs => true,
        ChannelType::Whatsapp
        | ChannelType::Messenger
        | ChannelType::Instagram
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => false,
    };
    let is_stop = message.body.as_ref().is_some_and(|body| body.trim().eq_ignore_ascii_case(STOP));
    let pair = &origin.pair;
    if has_keywords
        && is_stop
        && !refuses(around, &pair.address, &pair.proxy, message.messaging_service)
    {
        found.add(OBEYED, "it was not", [message.sid]);
    }
}
