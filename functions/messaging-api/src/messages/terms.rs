//! How a message is to be sent: every parameter of a request beside who, to whom and what. None is dropped in silence: it is
//! obeyed, or published as without effect, or refused.

use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::incoming::Listener;
use switchboard_domain::message::{Terms, VALIDITY_MAX, send_at, status_callback, validity};
use switchboard_domain::sender::{OwnSender, SenderKind};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::fields::{invalid, is_web_url};
use switchboard_rest::{ApiError, Call, Params};

/// What a request says itself.
#[derive(Debug)]
pub(super) struct Asked {
    status_callback: Option<Listener>,
    validity: Option<u32>,
    send_at: Option<Timestamp>,
    /// Whether what makes a text twice as long is replaced; none leaves it to the messaging service.
    pub(super) smart_encoded: Option<bool>,
}

impl Asked {
    /// Reads all of them.
    pub(super) fn read(form: &Params, now: Timestamp) -> Result<Self, ApiError> {
        refuse_what_would_not_be_obeyed(form)?;
        if form.given("StatusCallback").is_some_and(|url| !is_web_url(url)) {
            return Err(Code::InvalidStatusCallback.into());
        }
        let status_callback = form
            .given("StatusCallback")
            .map(|url| Listener { url: url.to_owned(), method: "POST".to_owned() });
        // "If both are included application_sid is ignored" (the reference); there are no applications here.
        if form.given("ApplicationSid").is_some() && status_callback.is_none() {
            let why = "there are no applications: give StatusCallback";
            return Err(ApiError::because(Code::InvalidApplicationSid, why));
        }
        let validity = form
            .integer("ValidityPeriod", 1, i64::from(VALIDITY_MAX))
            .map_err(|error| error.coded(Code::InvalidValidityPeriod))?;
        let has_service = form.given("MessagingServiceSid").is_some();
        let (kind, at) = (form.given("ScheduleType"), form.given("SendAt"));
        Ok(Self {
            status_callback,
            validity: validity.and_then(|seconds| u32::try_from(seconds).ok()),
            send_at: send_at(kind, at, has_service, now)?,
            smart_encoded: form.flag_given("SmartEncoded")?,
        })
    }

    /// The terms of a message by this sender. Where neither the message nor its service says who hears of its status, the sender is
    /// asked when the message is handed over, which reads its record anyway; of one that is scheduled at once, since it may be canceled.
    pub(super) async fn terms(
        self,
        call: &Call<'_>,
        from: &Address,
        (service, own): (Option<&MessagingService>, Option<OwnSender>),
    ) -> Result<Terms, ApiError> {
        let mut listener = status_callback(self.status_callback, service, own.as_ref());
        let has_record = SenderKind::of(from) != SenderKind::Alphanumeric;
        let is_open = listener.is_none() && own.is_none() && has_record;
        if is_open && self.send_at.is_some() {
            let own = call.on.own_sender(from).await?;
            listener = status_callback(None, None, own.as_ref());
        }
        Ok(Terms {
            status_callback: listener,
            asks_sender: is_open && self.send_at.is_none(),
            validity: validity(self.validity, service),
            send_at: self.send_at,
            released: None,
        })
    }
}

/// Refuses what would be sent otherwise than asked for. What is published as the default, or as nothing, is taken.
fn refuse_what_would_not_be_obeyed(form: &Params) -> Result<(), ApiError> {
    for (name, code) in [
        ("ContentRetention", Code::InvalidContentRetention),
        ("AddressRetention", Code::InvalidAddressRetention),
    ] {
        if form.given(name).is_some_and(|value| !value.eq_ignore_ascii_case("retain")) {
            return Err(ApiError::because(code, "only retain is supported"));
        }
    }
    // A link shortener, an MMS of text alone, feedback on each message, and what is "reserved": off is what they are here.
    for name in ["ShortenUrls", "SendAsMms", "ProvideFeedback", "ForceDelivery"] {
        if form.flag_given(name)? == Some(true) {
            return Err(invalid(name, "can only be false"));
        }
    }
    if form.given("RiskCheck").is_some_and(|value| !value.eq_ignore_ascii_case("disable")) {
        return Err(invalid("RiskCheck", "can only be disable"));
    }
    for name in ["PersistentAction", "TrafficType", "FallbackFrom"] {
        if form.given(name).is_some() {
            return Err(invalid(name, "is not supported"));
        }
    }
    // How often the caller has tried says nothing about this message, but it is a number.
    form.integer("Attempt", 1, i64::from(i32::MAX))?;
    // "This parameter will no longer have any effect" (the reference).
    let _ = form.get("MaxPrice");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_344_809_000);

    fn refusal(form: &str) -> u32 {
        Asked::read(&Params::parse(form.as_bytes()), NOW).unwrap_err().code
    }

    #[test]
    fn parameters_that_would_not_be_obeyed_are_refused() {
        for (form, code) in [
            ("ContentRetention=discard", 30029),
            ("AddressRetention=obfuscate", 30030),
            ("StatusCallback=nonsense", 21609),
            ("ApplicationSid=AP0123456789abcdef0123456789abcdef", 21218),
            ("ValidityPeriod=0", 21624),
            ("ValidityPeriod=36001", 21624),
            ("ValidityPeriod=soon", 21624),
            ("ScheduleType=fixed", 35111),
            ("ScheduleType=optimal&SendAt=2026-11-22T11:53:29Z", 35126),
            ("SendAt=2026-11-22T11:53:29Z", 35126),
            ("ScheduleType=fixed&SendAt=2026-11-22T11:53:29Z", 35118),
            ("SmartEncoded=perhaps", 20001),
            ("ShortenUrls=true", 20001),
            ("SendAsMms=true", 20001),
            ("ProvideFeedback=true", 20001),
            ("ForceDelivery=true", 20001),
            ("RiskCheck=enable", 20001),
            ("PersistentAction=geo:1,2", 20001),
            ("TrafficType=free", 20001),
            ("FallbackFrom=%2B14155550100", 20001),
            ("Attempt=none", 20001),
        ] {
            assert_eq!(refusal(form), code, "{form}");
        }
    }

    #[test]
    fn what_is_the_default_or_without_effect_is_taken() {
        let form = "ContentRetention=retain&SmartEncoded=true&ShortenUrls=false&SendAsMms=false&RiskCheck=disable\
            &ProvideFeedback=false&ForceDelivery=false&MaxPrice=nonsense&Attempt=2&StatusCallback=https://e.example/\
            &ApplicationSid=AP0123456789abcdef0123456789abcdef";
        let asked = Asked::read(&Params::parse(form.as_bytes()), NOW).unwrap();
        assert_eq!(asked.smart_encoded, Some(true));
        assert_eq!(asked.status_callback.unwrap().url, "https://e.example/");
        assert_eq!((asked.validity, asked.send_at), (None, None));
    }
}
