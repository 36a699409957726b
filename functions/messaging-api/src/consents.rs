//! Who wants to hear from whom: brought from elsewhere as the vendor's bulk upsert of consents takes it, and read by lists of ours.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::consent::{Consent, Scope, Stance};
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::{is_e164, pool_of};
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

/// A request has at most so many.
const ITEMS_MAX: usize = 25;
/// The largest page.
const PAGE_MAX: i64 = 1000;

const MEMBERS: [&str; 6] =
    ["contact_id", "correlation_id", "sender_id", "status", "source", "date_of_consent"];

/// `POST /v1/Consents/Bulk`: each item by itself, so what is wrong with one keeps out no other.
pub(crate) async fn bulk(call: &Call<'_>) -> Answer {
    let items = items(call)?;
    call.nothing_else()?;
    let mut seen = BTreeSet::new();
    let mut answers = Vec::new();
    for item in &items {
        let id = text(item, "correlation_id");
        let is_first = id.is_some_and(|id| seen.insert(id.to_ascii_lowercase()));
        let errors = match Item::read(item, is_first, call.now) {
            Ok(item) => keep(call, &item).await?,
            Err(errors) => errors,
        };
        let code = if errors.is_empty() { 0 } else { Code::ConsentNotKept.number() };
        answers.push(json!({ "correlation_id": id, "error_code": code, "error_messages": errors }));
    }
    Ok(Reply::created(json!({ "items": answers })))
}

/// The items of a request, each an object as JSON text.
fn items(call: &Call<'_>) -> Result<Vec<Map<String, Value>>, ApiError> {
    let given = call.form.all("Items");
    if given.is_empty() {
        return Err(missing("Items"));
    }
    if given.len() > ITEMS_MAX {
        return Err(invalid("Items", &format!("has more than {ITEMS_MAX} consents")));
    }
    let object = |text: &String| match serde_json::from_str(text) {
        Ok(Value::Object(item)) => Ok(item),
        Ok(_) | Err(_) => Err(invalid("Items", "has something that is no object as JSON text")),
    };
    given.iter().map(object).collect()
}

fn text<'a>(item: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

/// To whom a consent is.
enum Sender {
    Pool(MessagingServiceSid),
    Address(Address),
}

/// A consent that is right in itself.
struct Item {
    person: Address,
    sender: Sender,
    stance: Stance,
}

impl Item {
    /// Reads an item, or says by the published words all that is wrong with it.
    fn read(
        item: &Map<String, Value>,
        is_first: bool,
        now: Timestamp,
    ) -> Result<Self, Vec<String>> {
        let mut wrong: Vec<String> = Vec::new();
        let is_id = text(item, "correlation_id").is_some_and(is_correlation_id);
        if !is_id || !is_first {
            wrong.push("INVALID_CORRELATION_ID".to_owned());
        }
        let sender = or_wrong(text(item, "sender_id").and_then(sender), "SENDER_ID", &mut wrong);
        let person = or_wrong(text(item, "contact_id").and_then(person), "CONTACT_ID", &mut wrong);
        let status = text(item, "status").and_then(|text| text.parse().ok());
        let status = or_wrong(status, "STATUS", &mut wrong);
        let source = text(item, "source").and_then(|text| text.parse().ok());
        let source = or_wrong(source, "SOURCE", &mut wrong);
        let said = or_wrong(said(item, now), "DATE_OF_CONSENT", &mut wrong);
        // A word of ours: what is not known is not dropped.
        let unknown = item.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
        wrong.extend(unknown.map(|name| format!("UNSUPPORTED_FIELD: {name}")));
        match (person, sender, status, source, said) {
            (Some(person), Some(sender), Some(status), Some(source), Some(said))
                if wrong.is_empty() =>
            {
                let stance = Stance { to: Scope::default(), status, source, since: now, said };
                Ok(Self { person, sender, stance })
            }
            _ => Err(wrong),
        }
    }
}

fn or_wrong<T>(read: Option<T>, what: &str, wrong: &mut Vec<String>) -> Option<T> {
    if read.is_none() {
        wrong.push(format!("INVALID_{what}"));
    }
    read
}

/// 32 hexadecimal digits.
fn is_correlation_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A messaging service, a number of ours, or a sender on another channel that has keywords.
fn sender(text: &str) -> Option<Sender> {
    if let Ok(pool) = text.parse() {
        return Some(Sender::Pool(pool));
    }
    let address: Address = text.parse().ok()?;
    address.has_keywords().then_some(Sender::Address(address))
}

/// A telephone in E.164; on RCS it is the same person, on WhatsApp another one.
fn person(text: &str) -> Option<Address> {
    let address: Address = text.parse().ok()?;
    (address.has_keywords() && is_e164(address.bare())).then(|| address.person())
}

/// When it was said, if the item says so: none of it, or a moment that was.
fn said(item: &Map<String, Value>, now: Timestamp) -> Option<Option<Timestamp>> {
    match item.get("date_of_consent") {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) if text.is_empty() => Some(None),
        Some(Value::String(text)) => {
            Timestamp::parse_iso(text).filter(|said| *said <= now).map(Some)
        }
        Some(_) => None,
    }
}

/// Notes a consent; answers why not, by the words of an item.
async fn keep(call: &Call<'_>, item: &Item) -> Result<Vec<String>, ApiError> {
    call.decide(|| async {
        let Some(to) = scope(call, &item.sender).await? else {
            return Ok((vec!["INVALID_SENDER_ID".to_owned()], Decision::unchanged()));
        };
        let known: Option<Consent> = call.on.store.get(key::consent(&item.person)).await?;
        let known = known.unwrap_or_else(|| Consent::new(item.person.clone(), call.now));
        Ok::<_, ApiError>(match known.noting(Stance { to, ..item.stance.clone() }) {
            Ok(Some(after)) => (Vec::new(), Decision::put(after)),
            Ok(None) => (Vec::new(), Decision::unchanged()),
            // A word of ours too.
            Err(outdated) => (vec![format!("OUTDATED_CONSENT: {outdated}")], Decision::unchanged()),
        })
    })
    .await
}

/// The sender with its pool; none if the account has no such sender. Who is on another channel than SMS is the carrier's to know.
async fn scope(call: &Call<'_>, sender: &Sender) -> Result<Option<Scope>, ApiError> {
    match sender {
        Sender::Pool(pool) => {
            let service: Option<MessagingService> =
                call.on.store.get(key::messaging_service(*pool)).await?;
            Ok(service.map(|service| Scope::pool(service.sid)))
        }
        Sender::Address(address) => {
            let own = call.on.own_sender(address).await?;
            let is_known = own.is_some() || !is_e164(address.as_str());
            Ok(is_known.then(|| Scope::of(address, pool_of(own.as_ref(), None))))
        }
    }
}

/// `GET /v1/Consents`: everybody who ever said something.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let page = call.list(&Listing::consents(), &request, |_: &Consent| true).await?;
    Ok(call.paged("consents", &request, &page, |one| render(call, one)))
}

/// `GET /v1/Consents/{ContactId}`: one person, on whichever channel of their telephone.
pub(crate) async fn fetch(call: &Call<'_>, contact: &str) -> Answer {
    let person = contact.parse::<Address>().map_err(|_| call.not_found())?.person();
    let consent: Option<Consent> = call.on.store.get(key::consent(&person)).await?;
    Ok(Reply::ok(render(call, &consent.ok_or_else(|| call.not_found())?)))
}

/// The resource as answers show it: what it says to each sender can be sent to `Bulk` again.
fn render(call: &Call<'_>, consent: &Consent) -> Value {
    let stances = consent.stances.iter().map(|one| {
        let pool = one.to.pool.map(|pool| pool.to_string());
        json!({
            "sender_id": one.to.sender.as_ref().map(Address::to_string).or(pool),
            "messaging_service_sid": one.to.pool,
            "status": one.status.name(),
            "source": one.source.name(),
            "date_of_consent": one.said.unwrap_or(one.since).iso(),
            "date_created": one.since.iso(),
        })
    });
    json!({
        "contact_id": consent.person,
        "account_sid": call.on.config.account_sid,
        "consents": stances.collect::<Vec<_>>(),
        "date_created": consent.created.iso(),
        "date_updated": consent.updated.iso(),
        "url": call.url(&format!("v1/Consents/{}", consent.person)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_341_600_000);

    fn item(changes: &[(&str, Value)]) -> Map<String, Value> {
        let whole = json!({
            "contact_id": "+14155550100",
            "correlation_id": "ad388b5a46b33b874b0d41f7226db2ef",
            "sender_id": "+18005550199",
            "status": "opt-out",
            "source": "website",
        });
        let mut item = whole.as_object().unwrap().clone();
        item.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        item
    }

    #[test]
    fn what_is_wrong_with_a_consent_is_said_in_the_published_words() {
        assert!(Item::read(&item(&[]), true, NOW).is_ok());
        for (name, value, word) in [
            ("correlation_id", json!("1"), "INVALID_CORRELATION_ID"),
            ("sender_id", json!("messenger:1"), "INVALID_SENDER_ID"),
            ("contact_id", json!("12345"), "INVALID_CONTACT_ID"),
            ("contact_id", json!("messenger:+14155550100"), "INVALID_CONTACT_ID"),
            ("status", json!("out"), "INVALID_STATUS"),
            ("source", json!("hearsay"), "INVALID_SOURCE"),
            ("date_of_consent", json!("yesterday"), "INVALID_DATE_OF_CONSENT"),
            ("date_of_consent", json!("2027-01-01T00:00:00Z"), "INVALID_DATE_OF_CONSENT"),
            ("date_of_consent", json!(1), "INVALID_DATE_OF_CONSENT"),
            ("zip", json!("94110"), "UNSUPPORTED_FIELD: zip"),
        ] {
            let wrong = Item::read(&item(&[(name, value)]), true, NOW).err();
            assert_eq!(wrong, Some(vec![word.to_owned()]), "{name}");
        }
        let again = Item::read(&item(&[]), false, NOW).err();
        assert_eq!(again, Some(vec!["INVALID_CORRELATION_ID".to_owned()]));
        assert_eq!(Item::read(&Map::new(), false, NOW).err().map(|all| all.len()), Some(5));
    }

    #[test]
    fn a_date_is_a_moment_that_was_or_none() {
        for nothing in [Value::Null, json!("")] {
            let read = Item::read(&item(&[("date_of_consent", nothing)]), true, NOW);
            assert_eq!(read.ok().map(|it| it.stance.said), Some(None));
        }
        let read =
            Item::read(&item(&[("date_of_consent", json!("2026-01-01T00:00:00Z"))]), true, NOW);
        assert!(read.is_ok_and(|it| it.stance.said.is_some_and(|said| said < NOW)));
    }
}
