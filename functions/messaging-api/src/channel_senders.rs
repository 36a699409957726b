//! Senders on channels. Whoever is entered here is known to its carrier already, so it is online at once and is not
//! verified.

use serde_json::{Map, Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::ChannelSender;
use switchboard_domain::sid::ChannelSenderSid;
use switchboard_domain::version::Version;
use switchboard_rest::fields::is_web_url;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

/// What a sender has, and the published members of each. Some are only shown, as none.
const PARTS: [(&str, &[&str]); 3] = [
    ("configuration", &["waba_id", "verification_method", "voice_application_sid", "account_type"]),
    (
        "webhook",
        &[
            "callback_url",
            "callback_method",
            "fallback_url",
            "fallback_method",
            "status_callback_url",
            "status_callback_method",
        ],
    ),
    (
        "profile",
        &[
            "name",
            "about",
            "address",
            "description",
            "logo_url",
            "banner_url",
            "privacy_url",
            "terms_of_service_url",
            "accent_color",
            "vertical",
            "websites",
            "emails",
            "phone_numbers",
        ],
    ),
];
/// As much as a sender may be told to keep, in bytes.
const SETTINGS_BYTES_MAX: usize = 16_384;

/// `POST /v2/Channels/Senders`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let sender = match call.form.given("senderId") {
        Some(text) => sender(text)?,
        None => sender(call.form.required("sender_id")?)?,
    };
    let changes = changes(call)?;
    let new = ChannelSender {
        sid: ChannelSender::sid_of(&sender),
        sender,
        messaging_service: None,
        settings: changed(None, &changes)?,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let kept = call.decide(|| async {
        let kept: Option<ChannelSender> = call.on.store.get(key::channel_sender(new.sid)).await?;
        if kept.is_some() {
            return Err(ApiError::because(Code::AlreadyExists, "the account has that sender"));
        }
        Ok((new.clone(), Decision::put(new.clone())))
    });
    Ok(accepted(render(call, &kept.await?)))
}

/// A sender that its channel's prefix tells apart from others; a number on WhatsApp.
fn sender(text: &str) -> Result<Address, ApiError> {
    let sender: Option<Address> = text.parse().ok();
    let is_one = |it: &Address| match it.channel() {
        ChannelType::Whatsapp => it.is_number(),
        ChannelType::Messenger | ChannelType::Instagram | ChannelType::Rcs => true,
        ChannelType::Sms
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => false,
    };
    sender.filter(is_one).ok_or_else(|| {
        ApiError::bad(
            "Invalid parameter: sender_id is a sender on a channel, such as whatsapp:+14155550100",
        )
    })
}

/// What a request changes: members of each part, those that are null going away.
type Changes = Vec<(&'static str, Map<String, Value>)>;

fn changes(call: &Call<'_>) -> Result<Changes, ApiError> {
    let mut changes = Changes::new();
    for (part, members) in PARTS {
        let Some(text) = call.form.given(part) else { continue };
        let wrong = |why: String| ApiError::bad(format!("Invalid parameter: {part}{why}"));
        let Ok(Value::Object(given)) = serde_json::from_str(text) else {
            return Err(wrong(" is not a JSON object".to_owned()));
        };
        let given: Map<String, Value> =
            given.into_iter().map(|(name, value)| (as_published(&name), value)).collect();
        for (name, value) in &given {
            if !members.contains(&name.as_str()) && !value.is_null() {
                return Err(wrong(format!(".{name} is not supported yet")));
            }
            if !is_right(name, value) {
                return Err(wrong(format!(".{name} is wrong")));
            }
        }
        changes.push((part, given));
    }
    Ok(changes)
}

/// A member's name as it is published. The vendor's SDK for Node sends its own (`logoUrl`), if it is given an object of its types.
pub(crate) fn as_published(name: &str) -> String {
    let mut published = String::with_capacity(name.len() + 2);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            published.push('_');
        }
        published.push(character.to_ascii_lowercase());
    }
    published
}

/// Whether a member may have that value. An empty URL is none.
fn is_right(name: &str, value: &Value) -> bool {
    let is_web = |text: &str| text.is_empty() || is_web_url(text);
    match (name, value) {
        (_, Value::Null) => true,
        ("websites" | "emails" | "phone_numbers", Value::Array(all)) => {
            all.iter().all(Value::is_object)
        }
        ("verification_method", Value::String(text)) => ["sms", "voice"].contains(&text.as_str()),
        (name, Value::String(text)) if name.ends_with("_method") => {
            ["POST", "PUT"].contains(&text.as_str())
        }
        (name, Value::String(text)) if name.ends_with("_url") => is_web(text),
        ("websites" | "emails" | "phone_numbers", _) => false,
        (_, Value::String(_)) => true,
        (_, Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
    }
}

/// The settings as they are after the changes.
fn changed(kept: Option<&str>, changes: &Changes) -> Result<Option<String>, ApiError> {
    let mut settings = parsed(kept);
    for (part, given) in changes {
        let of_part = settings.entry(*part).or_insert_with(|| json!({}));
        for (name, value) in given {
            of_part[name] = value.clone();
        }
    }
    let text = Value::Object(settings).to_string();
    if text.len() > SETTINGS_BYTES_MAX {
        let most = format!("a sender keeps {SETTINGS_BYTES_MAX} bytes at most");
        return Err(ApiError::bad(format!("Invalid parameter: profile is too long: {most}")));
    }
    Ok((text != "{}").then_some(text))
}

fn parsed(kept: Option<&str>) -> Map<String, Value> {
    kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// `GET /v2/Channels/Senders`; `Channel` shows those of one.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let channel = call.query.given("Channel").map(|text| {
        let channel = ChannelType::parse(text);
        channel.ok_or_else(|| ApiError::bad("Invalid parameter: Channel is none that there is"))
    });
    let channel = channel.transpose()?;
    let page = call
        .list(&Listing::channel_senders(), &request, |one: &ChannelSender| {
            channel.is_none_or(|channel| one.sender.channel() == channel)
        })
        .await?;
    Ok(call.paged("senders", &request, &page, |one| render(call, one)))
}

/// `GET /v2/Channels/Senders/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST /v2/Channels/Senders/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let changes = changes(call)?;
    let sender = call.decide(|| async {
        let mut sender = load(call, sid).await?;
        let settings = changed(sender.settings.as_deref(), &changes)?;
        if settings == sender.settings {
            return Ok((sender, Decision::unchanged()));
        }
        sender.settings = settings;
        sender.updated = call.now;
        Ok::<_, ApiError>((sender.clone(), Decision::put(sender)))
    });
    Ok(accepted(render(call, &sender.await?)))
}

/// `DELETE /v2/Channels/Senders/{Sid}`: it leaves the pool that it was in.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let sender = load(call, sid).await?;
        let mut decision = Decision::unchanged();
        if let Some(of) = sender.messaging_service {
            let service: Option<MessagingService> =
                call.on.store.get(key::messaging_service(of)).await?;
            if let Some(mut service) = service {
                service.channel_senders.retain(|one| one.sid != sender.sid);
                service.updated = call.now;
                decision = decision.and(service);
            }
        }
        Ok::<_, ApiError>(((), decision.without(sender)))
    });
    gone.await?;
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: &str) -> Result<ChannelSender, ApiError> {
    let sid: ChannelSenderSid = call.sid(sid)?;
    call.on.store.get(key::channel_sender(sid)).await?.ok_or_else(|| call.not_found())
}

/// The vendor does what is asked for later; here it is done.
const fn accepted(body: Value) -> Reply {
    Reply::with(202, Some(body))
}

/// The resource as answers show it: every published member, those that were not given as none.
fn render(call: &Call<'_>, sender: &ChannelSender) -> Value {
    let kept = parsed(sender.settings.as_deref());
    let mut answer = json!({
        "sid": sender.sid,
        "status": "ONLINE",
        "sender_id": sender.sender,
        "properties": null,
        "offline_reasons": null,
        "compliance": null,
        "url": call.url(&format!("v2/Channels/Senders/{}", sender.sid)),
    });
    for (part, members) in PARTS {
        for member in members {
            let value = kept.get(part).and_then(|it| it.get(member)).cloned();
            answer[part][member] = value.unwrap_or_default();
        }
    }
    answer["configuration"]["verification_code"] = Value::Null;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_on_a_channel_that_has_senders() {
        for right in ["whatsapp:+14155550100", "messenger:1", "instagram:7", "rcs:acme_agent"] {
            assert!(sender(right).is_ok(), "{right}");
        }
        for wrong in ["+14155550100", "ACME", "whatsapp:US.AbC", "chat:ann", "a@example.com", ""] {
            assert_eq!(sender(wrong).unwrap_err().code, 20001, "{wrong}");
        }
    }

    #[test]
    fn changes_are_laid_over_what_is_kept_and_nulls_are_taken_away() {
        let change = |text: &str| -> Changes {
            let Ok(Value::Object(given)) = serde_json::from_str(text) else { panic!("{text}") };
            vec![("profile", given)]
        };
        let first = changed(None, &change(r#"{"name":"ACME","about":"a"}"#)).unwrap();
        let second = changed(first.as_deref(), &change(r#"{"about":null,"vertical":"Other"}"#));
        let text = second.unwrap().unwrap();
        assert_eq!(text, r#"{"profile":{"about":null,"name":"ACME","vertical":"Other"}}"#);
        assert_eq!(changed(None, &Changes::new()).unwrap(), None);
        let long = format!(r#"{{"about":"{}"}}"#, "a".repeat(SETTINGS_BYTES_MAX));
        assert_eq!(changed(None, &change(&long)).unwrap_err().code, 20001);
    }
}
