//! Who sends a message: the sender that the request names, or one out of a messaging service's pool.

use switchboard_domain::address::{Address, ChannelType, alphanumeric_sender};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::conversation::Pair;
use switchboard_domain::decision::Decision;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sender::{
    OwnSender, SenderReceipt, StickySender, Switches, Wanted, choose,
};
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_rest::{ApiError, Call};
use switchboard_store::{key, take};

/// Who sends, and by which messaging service.
pub(crate) struct Sender {
    pub(crate) pair: Pair,
    pub(crate) by: Option<(MessagingServiceSid, SenderReceipt)>,
    /// That service.
    pub(crate) pool: Option<MessagingService>,
    /// The sender's record, if it was read.
    pub(crate) own: Option<OwnSender>,
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
            let own = check_sender(call, &from).await?;
            Ok(Sender { pair: pair(to, from)?, by: None, pool: None, own })
        }
        (Some(from), Some(service)) => {
            let found: Option<MessagingService> =
                call.on.store.get(key::messaging_service(service)).await?;
            let pool = found.ok_or(Code::NoSuchMessagingService)?;
            if from.channel() == ChannelType::Sms && !pool.has(&from) {
                return Err(Code::SenderNotInPool.into());
            }
            let by = Some((service, SenderReceipt::named(&from)));
            Ok(Sender { pair: pair(to, from)?, by, pool: Some(pool), own: None })
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
        let by = Some((service, choice.receipt));
        Ok::<_, ApiError>((Sender { pair, by, pool: Some(pool), own: None }, decision))
    })
    .await
}

/// A number must be the account's; an alphanumeric sender or one on a channel is the carrier's to judge.
async fn check_sender(call: &Call<'_>, from: &Address) -> Result<Option<OwnSender>, ApiError> {
    if from.channel() != ChannelType::Sms || alphanumeric_sender(from.as_str()) {
        return Ok(None);
    }
    let own = call.on.own_sender(from).await?;
    own.map(Some).ok_or_else(|| Code::FromNotOurs.into())
}

/// Both addresses, with the published codes of those that do not fit together.
fn pair(to: &Address, from: Address) -> Result<Pair, ApiError> {
    Pair::new(to.clone(), from).map_err(|refusal| match refusal {
        Refusal::BindingTypesDiffer => Code::ChannelTypesDiffer.into(),
        Refusal::BindingAddressesEqual => Code::SameFromAndTo.into(),
        other => other.into(),
    })
}
