//! Who sends a message: the sender that the request names, or one out of a messaging service's pool.

use switchboard_domain::address::{Address, ChannelType, alphanumeric_sender};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{MessagingService, PhoneNumber};
use switchboard_domain::conversation::Pair;
use switchboard_domain::decision::Decision;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sender::{
    SenderKind, SenderReceipt, ShortCode, StickySender, Switches, Wanted, choose,
};
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_rest::{ApiError, Call};
use switchboard_store::{key, take};

/// Who sends, and by which messaging service.
pub(crate) struct Sender {
    pub(crate) pair: Pair,
    pub(crate) by: Option<(MessagingServiceSid, SenderReceipt)>,
    /// Whether the service replaces what makes a text twice as long.
    pub(crate) smart_encoding: bool,
}

/// Who sends: the one that is named, or one of the pool (rule E.2).
pub(crate) async fn sender(
    call: &Call<'_>,
    to: &Address,
    has_files: bool,
) -> Result<Sender, ApiError> {
    let given = |name: &str| call.form.get(name).map(str::trim).filter(|value| !value.is_empty());
    let service = given("MessagingServiceSid").map(str::parse::<MessagingServiceSid>);
    let service = service.transpose().map_err(|_| Code::InvalidMessagingService)?;
    let named = given("From").map(|text| text.parse().map_err(|_| Code::InvalidFrom));
    let named: Option<Address> = named.transpose()?;
    match (named, service) {
        (None, None) => Err(Code::MessageNeedsFrom.into()),
        (None, Some(service)) => chosen(call, service, to, has_files).await,
        (Some(from), None) => {
            check_sender(call, &from).await?;
            Ok(Sender { pair: pair(to, from)?, by: None, smart_encoding: false })
        }
        (Some(from), Some(service)) => {
            let found: Option<MessagingService> =
                call.on.store.get(key::messaging_service(service)).await?;
            let pool = found.ok_or(Code::NoSuchMessagingService)?;
            if from.channel() == ChannelType::Sms && !pool.has(&from) {
                return Err(Code::SenderNotInPool.into());
            }
            let by = Some((service, SenderReceipt::named(&from)));
            let smart_encoding = Switches::of(pool.settings.as_deref()).smart_encoding;
            Ok(Sender { pair: pair(to, from)?, by, smart_encoding })
        }
    }
}

/// One of the pool. Whom the recipient is used to from now on is written before the message is: if that is never
/// written, they were used to it a message early.
async fn chosen(
    call: &Call<'_>,
    service: MessagingServiceSid,
    to: &Address,
    has_files: bool,
) -> Result<Sender, ApiError> {
    let keys = [key::messaging_service(service), key::sticky_sender_of(service, to)];
    let wanted = Wanted { to, has_files, now: call.now };
    call.decide(async || {
        let mut found = call.on.store.get_all(&keys).await?;
        let pool: Option<MessagingService> = take(&mut found, &keys[0]);
        let pool = pool.ok_or(Code::NoSuchMessagingService)?;
        let used_to: Option<StickySender> = take(&mut found, &keys[1]);
        let switches = Switches::of(pool.settings.as_deref());
        let choice = choose(&pool, switches, wanted, used_to.as_ref())?;
        let pair = pair(to, choice.sender)?;
        let decision = choice.sticky.map_or_else(Decision::unchanged, Decision::put);
        let (by, smart_encoding) = (Some((service, choice.receipt)), switches.smart_encoding);
        Ok::<_, ApiError>((Sender { pair, by, smart_encoding }, decision))
    })
    .await
}

/// A number must be the account's; an alphanumeric sender or one on a channel is the carrier's to judge.
async fn check_sender(call: &Call<'_>, from: &Address) -> Result<(), ApiError> {
    if from.channel() != ChannelType::Sms || alphanumeric_sender(from.as_str()) {
        return Ok(());
    }
    let is_ours = match SenderKind::of(from) {
        SenderKind::ShortCode => {
            call.on.store.get::<ShortCode>(key::short_code_of(from)).await?.is_some()
        }
        SenderKind::LongCode
        | SenderKind::TollFree
        | SenderKind::Alphanumeric
        | SenderKind::Channel => {
            call.on.store.get::<PhoneNumber>(key::phone_number_of(from)).await?.is_some()
        }
    };
    if is_ours { Ok(()) } else { Err(Code::FromNotOurs.into()) }
}

/// Both addresses, with the published codes of those that do not fit together.
fn pair(to: &Address, from: Address) -> Result<Pair, ApiError> {
    Pair::new(to.clone(), from).map_err(|refusal| match refusal {
        Refusal::BindingTypesDiffer => Code::ChannelTypesDiffer.into(),
        Refusal::BindingAddressesEqual => Code::SameFromAndTo.into(),
        other => other.into(),
    })
}
