//! The account's phone numbers. There is no market to buy one from: a number is entered, and its identifier
//! follows from it.

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{MessagingService, PhoneNumber};
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::is_e164;
use switchboard_domain::sid::PhoneNumberSid;
use switchboard_domain::version::Version;
use switchboard_rest::fields::{invalid, is_sid};
use switchboard_rest::settings::{self, Setting, choice, method, sid, switch, url};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::{friendly_name, uri};

/// Where all numbers are from, in the words of the vendor.
const ORIGIN: &str = "twilio";

const SETTINGS: &[Setting] = &[
    sid("SmsApplicationSid", "sms_application_sid", "AP"),
    url("SmsUrl", "sms_url"),
    method("SmsMethod", "sms_method"),
    url("SmsFallbackUrl", "sms_fallback_url"),
    method("SmsFallbackMethod", "sms_fallback_method"),
    url("StatusCallback", "status_callback"),
    method("StatusCallbackMethod", "status_callback_method"),
    sid("VoiceApplicationSid", "voice_application_sid", "AP"),
    url("VoiceUrl", "voice_url"),
    method("VoiceMethod", "voice_method"),
    url("VoiceFallbackUrl", "voice_fallback_url"),
    method("VoiceFallbackMethod", "voice_fallback_method"),
    switch("VoiceCallerIdLookup", "voice_caller_id_lookup", false),
    choice("VoiceReceiveMode", "voice_receive_mode", &["voice", "fax"], "voice"),
    choice("EmergencyStatus", "emergency_status", &["Active", "Inactive"], "Inactive"),
    sid("EmergencyAddressSid", "emergency_address_sid", "AD"),
    sid("TrunkSid", "trunk_sid", "TK"),
    sid("IdentitySid", "identity_sid", "RI"),
    sid("AddressSid", "address_sid", "AD"),
    sid("BundleSid", "bundle_sid", "BU"),
];

/// `POST …/IncomingPhoneNumbers.json`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    if !call.form.has("PhoneNumber") && call.form.has("AreaCode") {
        let instead = "give the PhoneNumber that the carrier assigned";
        return Err(ApiError::because(Code::AreaCodeNotSupported, instead));
    }
    let number = phone_number(call.form.required("PhoneNumber")?)?;
    let mut new = PhoneNumber {
        sid: PhoneNumber::sid_of(&number),
        friendly_name: friendly_name(call)?
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| number.to_string()),
        number,
        carrier: carrier(call)?.unwrap_or_default(),
        messaging_service: None,
        campaign: campaign(call)?.flatten(),
        settings: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    settings::read(SETTINGS, &call.form)?.apply(&mut new.settings);
    let kept = call.decide(|| async {
        let kept: Option<PhoneNumber> = call.on.store.get(key::phone_number(new.sid)).await?;
        if kept.is_some() {
            return Err(ApiError::because(Code::PhoneNumberTaken, "the account has it already"));
        }
        Ok((new.clone(), Decision::put(new.clone())))
    });
    Ok(Reply::created(render(call, &kept.await?)))
}

/// The carrier that the number is with: a parameter of our own, `Carrier`, which no answer shows.
fn carrier(call: &Call<'_>) -> Result<Option<CarrierName>, ApiError> {
    let Some(text) = call.form.get("Carrier").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let unknown = || {
        let names: Vec<&str> = CarrierName::ALL.iter().map(|carrier| carrier.name()).collect();
        ApiError::bad(format!("Invalid parameter: Carrier must be one of {}", names.join(", ")))
    };
    CarrierName::parse(text).map(Some).ok_or_else(unknown)
}

/// The campaign that the number is registered with: a parameter of our own, `CampaignSid`, since registering one is between
/// the account and its carrier. An empty one takes it away.
fn campaign(call: &Call<'_>) -> Result<Option<Option<String>>, ApiError> {
    match call.form.get("CampaignSid") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) if is_sid(text, "CM") => Ok(Some(Some(text.to_owned()))),
        Some(_) => Err(invalid("CampaignSid", "is not an identifier starting with CM")),
    }
}

/// A number in E.164; short codes and senders on other channels are none.
fn phone_number(text: &str) -> Result<Address, ApiError> {
    let number: Option<Address> = text.parse().ok();
    let e164 = |it: &Address| it.channel() == ChannelType::Sms && is_e164(it.as_str());
    number.filter(e164).ok_or_else(|| {
        let rule = "it is + and 7 to 15 digits, without a channel";
        ApiError::because(Code::InvalidPhoneNumber, rule)
    })
}

/// `GET …/IncomingPhoneNumbers.json`; `PhoneNumber` may have `*` for any characters or be a part of the number.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let (pattern, name) = (call.query.given("PhoneNumber"), call.query.given("FriendlyName"));
    // All numbers are of the one origin, and none is new to the vendor.
    let origin = call.query.given("Origin").is_none_or(|it| it.eq_ignore_ascii_case(ORIGIN));
    let is_shown = origin && !call.query.flag("Beta")?.unwrap_or(false);
    let listing = Listing::phone_numbers();
    let page = call
        .list(&listing, &request, |number: &PhoneNumber| {
            is_shown
                && pattern.is_none_or(|pattern| matches(pattern, number.number.as_str()))
                && name.is_none_or(|name| number.friendly_name == name)
        })
        .await?;
    Ok(call.paged_2010("incoming_phone_numbers", &request, &page, |number| render(call, number)))
}

/// Whether the parts of the pattern between its stars occur in the number one after the other.
fn matches(pattern: &str, number: &str) -> bool {
    let mut rest = number;
    for part in pattern.split('*') {
        let Some(at) = rest.find(part.trim()) else {
            return false;
        };
        rest = &rest[at + part.trim().len()..];
    }
    true
}

/// `GET …/IncomingPhoneNumbers/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST …/IncomingPhoneNumbers/{Sid}.json`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let account = call.on.config.account_sid.to_string();
    if call.form.get("AccountSid").is_some_and(|given| !given.is_empty() && given != account) {
        return Err(Code::OtherAccount.into());
    }
    let name = friendly_name(call)?.filter(|name| !name.is_empty());
    let (carrier, campaign) = (carrier(call)?, campaign(call)?);
    let given = settings::read(SETTINGS, &call.form)?;
    let number = call.decide(|| async {
        let mut number = load(call, sid).await?;
        let changed = given.apply(&mut number.settings);
        if name.is_none() && carrier.is_none() && campaign.is_none() && !changed {
            return Ok((number, Decision::unchanged()));
        }
        if let Some(name) = &name {
            number.friendly_name.clone_from(name);
        }
        number.carrier = carrier.unwrap_or(number.carrier);
        number.updated = call.now;
        let mut decision = Decision::put(number.clone());
        if let Some(campaign) = &campaign {
            number.campaign.clone_from(campaign);
            decision = Decision::put(number.clone());
            if let Some(pool) = pool_with(call, &number).await? {
                decision = decision.and(pool);
            }
        }
        Ok::<_, ApiError>((number, decision))
    });
    Ok(Reply::ok(render(call, &number.await?)))
}

/// `DELETE …/IncomingPhoneNumbers/{Sid}.json`: it leaves the pool that it was in.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let number = load(call, sid).await?;
        let mut decision = Decision::unchanged();
        if let Some(of) = number.messaging_service {
            let service: Option<MessagingService> =
                call.on.store.get(key::messaging_service(of)).await?;
            if let Some(mut service) = service {
                service.numbers.retain(|one| one.sid != number.sid);
                service.updated = call.now;
                decision = decision.and(service);
            }
        }
        Ok::<_, ApiError>(((), decision.without(number)))
    });
    gone.await?;
    Ok(Reply::gone())
}

/// The service whose pool a number is in, which tells whether the number is registered.
async fn pool_with(
    call: &Call<'_>,
    number: &PhoneNumber,
) -> Result<Option<MessagingService>, ApiError> {
    let Some(of) = number.messaging_service else {
        return Ok(None);
    };
    let service: Option<MessagingService> = call.on.store.get(key::messaging_service(of)).await?;
    Ok(service.map(|mut service| {
        for place in service.numbers.iter_mut().filter(|place| place.sid == number.sid) {
            place.registered = number.campaign.is_some();
        }
        service
    }))
}

async fn load(call: &Call<'_>, sid: &str) -> Result<PhoneNumber, ApiError> {
    let sid: PhoneNumberSid = call.sid(sid)?;
    call.on.store.get(key::phone_number(sid)).await?.ok_or_else(|| call.not_found())
}

/// The resource as answers show it.
fn render(call: &Call<'_>, number: &PhoneNumber) -> Value {
    let mut answer = json!({
        "sid": number.sid,
        "account_sid": call.on.config.account_sid,
        "phone_number": number.number,
        "friendly_name": number.friendly_name,
        "date_created": number.created.rfc2822(),
        "date_updated": number.updated.rfc2822(),
        "address_requirements": "none",
        "api_version": "2010-04-01",
        "beta": false,
        "capabilities": { "sms": true, "mms": true, "voice": false, "fax": false },
        "emergency_address_status": "unregistered",
        "origin": ORIGIN,
        "status": "in-use",
        "type": "local",
        "uri": uri(call, &format!("/IncomingPhoneNumbers/{}", number.sid)),
    });
    settings::show(SETTINGS, number.settings.as_deref(), &mut answer);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_in_e164_can_be_entered() {
        assert_eq!(phone_number("+1 (415) 555-0100").unwrap().as_str(), "+14155550100");
        for wrong in
            ["12345", "ACME", "whatsapp:+14155550100", "messenger:1", "a@example.com", "+1"]
        {
            assert_eq!(phone_number(wrong).unwrap_err().code, 21421, "{wrong}");
        }
    }

    #[test]
    fn a_pattern_matches_parts_in_their_order() {
        for (pattern, expected) in [
            ("+14155550100", true),
            ("415", true),
            ("+1415*", true),
            ("415*0100", true),
            ("*", true),
            ("0100*415", false),
            ("+1650", false),
        ] {
            assert_eq!(matches(pattern, "+14155550100"), expected, "{pattern}");
        }
    }
}
