//! Who sends a message: the sender that the request names, or one out of a messaging service's pool.

use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{MessagingService, PhoneNumber};
use switchboard_domain::sid::{MessageSid, MessagingServiceSid, Sid as _};
use switchboard_rest::{ApiError, Call};
use switchboard_store::key;

use crate::pool::alpha_senders::is_alpha_sender;
use crate::{country, numbers};

/// Who sends: the one that is named, or one of the pool (rule E.2).
pub(crate) async fn sender(
    call: &Call<'_>,
    to: &Address,
) -> Result<(Address, Option<MessagingServiceSid>), ApiError> {
    let given = |name: &str| call.form.get(name).map(str::trim).filter(|value| !value.is_empty());
    let service = match given("MessagingServiceSid") {
        Some(sid) => Some(service(call, sid).await?),
        None => None,
    };
    let named = given("From").map(|text| text.parse().map_err(|_| Code::InvalidFrom));
    let named: Option<Address> = named.transpose()?;
    match (named, service) {
        (None, None) => Err(Code::MessageNeedsFrom.into()),
        (None, Some(service)) => Ok((choose(&service, to)?, Some(service.sid))),
        (Some(from), None) => {
            check_sender(call, &from).await?;
            Ok((from, None))
        }
        (Some(from), Some(service)) => {
            if from.channel() == ChannelType::Sms && !has_sender(&service, &from) {
                return Err(Code::SenderNotInPool.into());
            }
            Ok((from, Some(service.sid)))
        }
    }
}

async fn service(call: &Call<'_>, text: &str) -> Result<MessagingService, ApiError> {
    let sid: MessagingServiceSid = text.parse().map_err(|_| Code::InvalidMessagingService)?;
    let service: Option<MessagingService> = call.on.store.get(key::messaging_service(sid)).await?;
    Ok(service.ok_or(Code::NoSuchMessagingService)?)
}

/// A number must be the account's; an alphanumeric sender or one on a channel is the carrier's to judge.
async fn check_sender(call: &Call<'_>, from: &Address) -> Result<(), ApiError> {
    if from.channel() != ChannelType::Sms || is_alpha_sender(from.as_str()) {
        return Ok(());
    }
    let number: Option<PhoneNumber> = call.on.store.get(key::phone_number_of(from)).await?;
    match number {
        Some(_) => Ok(()),
        None => Err(Code::FromNotOurs.into()),
    }
}

fn has_sender(service: &MessagingService, from: &Address) -> bool {
    service.numbers.iter().any(|one| one.number == *from)
        || service.alpha_senders.iter().any(|one| one.sender == from.as_str())
}

/// Picks a number of the recipient's country, else one with its calling code, else an American one, else any;
/// among equals always the same for the same recipient. An alphanumeric sender only serves where there is no
/// number, and not in North America, where carriers do not take them.
fn choose(service: &MessagingService, to: &Address) -> Result<Address, ApiError> {
    if service.numbers.is_empty() && service.alpha_senders.is_empty() {
        return Err(Code::PoolEmpty.into());
    }
    let none_fits = || ApiError::from(Code::NoSenderForRecipient);
    let same_channel = service.numbers.iter().filter(|one| one.number.channel() == to.channel());
    let rank = |number: &str| {
        let equal = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        if equal(country::of(number), country::of(to.as_str())) {
            0
        } else if equal(country::calling_code(number), country::calling_code(to.as_str())) {
            1
        } else if country::of(number) == Some("US") {
            2
        } else {
            3
        }
    };
    let mut fitting: Vec<(u8, &Address)> =
        same_channel.map(|one| (rank(one.number.as_str()), &one.number)).collect();
    if let Some(best) = fitting.iter().map(|(rank, _)| *rank).min() {
        fitting.retain(|(rank, _)| *rank == best);
        let spread = MessageSid::derived(&[to.as_str()]).bytes();
        let place = usize::from(u16::from_be_bytes([spread[0], spread[1]])) % fitting.len();
        return Ok(fitting[place].1.clone());
    }
    let alpha = service.alpha_senders.first().filter(|_| {
        numbers::is_e164(to.as_str()) && country::calling_code(to.as_str()) != Some("1")
    });
    alpha.and_then(|one| one.sender.parse().ok()).ok_or_else(none_fits)
}

#[cfg(test)]
mod tests {
    use switchboard_domain::configuration::{AlphaSender, PoolNumber};
    use switchboard_domain::timestamp::Timestamp;

    use super::*;

    fn service(numbers: &[&str], alpha: &[&str]) -> MessagingService {
        let number = |text: &&str| {
            let number: Address = text.parse().unwrap();
            PoolNumber { sid: PhoneNumber::sid_of(&number), number, created: Timestamp(0) }
        };
        let sender = |text: &&str| AlphaSender {
            sid: Sid::derived(&[*text]),
            sender: (*text).to_owned(),
            created: Timestamp(0),
        };
        use switchboard_domain::sid::Sid;
        MessagingService {
            sid: Sid::derived(&["service"]),
            friendly_name: String::new(),
            settings: None,
            numbers: numbers.iter().map(number).collect(),
            alpha_senders: alpha.iter().map(sender).collect(),
            created: Timestamp(0),
            updated: Timestamp(0),
            version: 1.into(),
        }
    }

    fn chosen(service: &MessagingService, to: &str) -> Result<String, u32> {
        let sender = choose(service, &to.parse().unwrap());
        sender.map(|sender| sender.to_string()).map_err(|error| error.code)
    }

    #[test]
    fn the_pool_answers_with_a_number_of_the_recipients_country() {
        let pool = service(&["+442071838750", "+14155550100", "+4915123456789"], &["ACME"]);
        assert_eq!(chosen(&pool, "+4917612345678").unwrap(), "+4915123456789");
        assert_eq!(chosen(&pool, "+442071838751").unwrap(), "+442071838750");
        assert_eq!(chosen(&pool, "+14165550199").unwrap(), "+14155550100", "Canada is next door");
        assert_eq!(chosen(&pool, "+81312345678").unwrap(), "+14155550100", "nobody from Japan");
    }

    #[test]
    fn the_same_recipient_always_hears_from_the_same_number() {
        let pool = service(&["+14155550100", "+14155550101", "+14155550102"], &[]);
        let all: std::collections::BTreeSet<String> = (0..50)
            .map(|n| {
                let to = format!("+1650555{n:04}");
                assert_eq!(chosen(&pool, &to), chosen(&pool, &to));
                chosen(&pool, &to).unwrap()
            })
            .collect();
        assert_eq!(all.len(), 3, "the load is spread");
    }

    #[test]
    fn a_pool_without_a_fitting_sender_says_so() {
        assert_eq!(chosen(&service(&[], &[]), "+14155550100"), Err(21704));
        assert_eq!(chosen(&service(&["+14155550100"], &[]), "whatsapp:+14155550199"), Err(21703));
        assert_eq!(chosen(&service(&[], &["ACME"]), "+4917612345678").unwrap(), "ACME");
        assert_eq!(chosen(&service(&[], &["ACME"]), "+14155550100"), Err(21703));
    }
}
