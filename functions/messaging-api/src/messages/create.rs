//! Sending a message to one address, outside of any conversation.

use serde_json::Value;
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::Media;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Pair;
use switchboard_domain::encoding::smart;
use switchboard_domain::message::{TEXT_CHARS_MAX, outside};
use switchboard_domain::private::Private;
use switchboard_domain::process::media::copies;
use switchboard_domain::process::notify::sends;
use switchboard_domain::process::reply::MEDIA_MAX;
use switchboard_domain::sender::Switches;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::template::Product;
use switchboard_rest::fields::is_web_url;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, template};

use super::sender::{Sender, sender};
use super::terms::Asked;
use super::{View, render};
use crate::keep_new;

/// `POST …/Messages.json`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let asked = Asked::read(&call.form, call.now)?;
    let to = recipient(&call.form)?;
    let filled = template::given(call, Product::Messages).await?;
    let (body, media) = match &filled {
        Some(filled) => (filled.text(), Vec::new()),
        None => content(&call.form)?,
    };
    let Sender { pair, by, pool, own } = sender(call, &to, !media.is_empty()).await?;
    let service = by.as_ref().map(|(service, _)| *service);
    if call.on.is_refused(&[&to], &pair.proxy, service).await? {
        return Err(Code::OptedOut.into());
    }
    let switches = pool.as_ref().map(|pool| Switches::of(pool.settings.as_deref()));
    let smart_encoding = switches.is_some_and(|switches| switches.smart_encoding);
    let is_text = to_text(&pair, &media) && asked.smart_encoded.unwrap_or(smart_encoding);
    let body = body.map(|body| if is_text { Private(smart(&body).into_owned()) } else { body });
    let sid: MessageSid = call.on.mint();
    let terms = asked.terms(call, &pair.proxy, (pool.as_ref(), own)).await?;
    let message = outside(sid, pair, body, media, by, call.now)?.on_terms(terms);
    let message = match filled {
        Some(filled) if is_text => message.made_of(filled.encoded()),
        Some(filled) => message.made_of(filled),
        None => message,
    };
    let mut effects = sends(&message);
    effects.extend(copies(&message));
    keep_new(call, &message, &effects).await?;
    let shown: Option<Value> = View::all(message).first().map(|view| render(call, view));
    shown.map(Reply::created).ok_or_else(|| call.not_found())
}

/// Whether a message goes as a text message, whose length is counted in segments.
fn to_text(pair: &Pair, media: &[Media]) -> bool {
    media.is_empty() && pair.address.channel() == ChannelType::Sms
}

fn recipient(form: &Params) -> Result<Address, ApiError> {
    let Some(text) = form.get("To").filter(|text| !text.trim().is_empty()) else {
        return Err(Code::MessageNeedsTo.into());
    };
    let to: Option<Address> = text.parse().ok();
    let wrong = || ApiError::because(Code::InvalidTo, "it is no number and on no channel");
    to.filter(Address::can_be_written_to).ok_or_else(wrong)
}

fn content(form: &Params) -> Result<(Option<Private<String>>, Vec<Media>), ApiError> {
    let body = form.given("Body");
    if body.is_some_and(|body| body.chars().count() > TEXT_CHARS_MAX) {
        return Err(ApiError::because(Code::MessageBodyTooLong, TEXT_CHARS_MAX));
    }
    let urls: Vec<String> =
        form.all("MediaUrl").into_iter().filter(|url| !url.is_empty()).collect();
    if urls.len() > MEDIA_MAX {
        return Err(ApiError::because(Code::TooManyMediaFiles, MEDIA_MAX));
    }
    if let Some(place) = urls.iter().position(|url| !is_web_url(url)) {
        let why = format!("MediaUrl number {} is none", place + 1);
        return Err(ApiError::because(Code::InvalidMediaUrl, why));
    }
    if body.is_none() && urls.is_empty() {
        return Err(ApiError::because(Code::MessageNeedsBody, "give Body or MediaUrl"));
    }
    Ok((body.map(|body| Private(body.to_owned())), urls.into_iter().map(Media::by_name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_content_is_refused_with_its_published_code() {
        let long = format!("Body={}", "a".repeat(1601));
        let many = "MediaUrl=https://a.example/1.png&".repeat(11);
        for (form, code) in [
            ("", 21602),
            ("Body=", 21602),
            (long.as_str(), 21617),
            (many.as_str(), 21623),
            ("Body=a&MediaUrl=file:///etc/hosts", 21620),
        ] {
            let refused = content(&Params::parse(form.as_bytes())).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code));
        }
        let (body, media) =
            content(&Params::parse(b"MediaUrl=https://a.example/b.JPG?x=1.png")).unwrap();
        assert!(body.is_none());
        assert_eq!(media[0].content_type, "image/jpeg");
        assert!(content(&Params::parse(format!("Body={}", "a".repeat(1600)).as_bytes())).is_ok());
    }

    #[test]
    fn a_recipient_is_a_number_or_on_a_channel() {
        for right in
            ["To=%2B14155550100", "To=whatsapp:%2B14155550100", "To=messenger:1234", "To=12345"]
        {
            assert!(recipient(&Params::parse(right.as_bytes())).is_ok(), "{right}");
        }
        for (wrong, code) in [
            ("", 21604),
            ("To=", 21604),
            ("To=ACME", 21211),
            ("To=a@example.com", 21211),
            ("To=fax:1", 21211),
            ("To=%2B1", 21211),
        ] {
            assert_eq!(
                recipient(&Params::parse(wrong.as_bytes())).unwrap_err().code,
                code,
                "{wrong}"
            );
        }
    }
}
