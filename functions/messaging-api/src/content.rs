//! Templates of content, as the vendor's Content product has them (its published description `twilio_content_v1`, and `v2` for the
//! search). There they come as JSON; a form with the same names and JSON text in them is read as well.

pub(crate) mod approvals;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::ContentSid;
use switchboard_domain::template::{ContentTemplate, ContentType, NAME_CHARS_MAX, Values};
use switchboard_domain::version::Version;
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Listing, key};

use crate::channel_senders::as_published;
use crate::keep_new;

/// The largest page.
const PAGE_MAX: i64 = 1000;
/// A default is as long as the longest field. **Inferred.**
const DEFAULT_CHARS_MAX: usize = 1600;

/// `POST /v1/Content`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let form = &call.form;
    let name = either(form, ["friendly_name", "friendlyName"]);
    if name.is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        return Err(invalid(
            "friendly_name",
            &format!("has more than {NAME_CHARS_MAX} characters"),
        ));
    }
    let new = ContentTemplate {
        sid: call.on.mint(),
        friendly_name: name.map(str::to_owned),
        language: language(form)?,
        variables: variables(form)?,
        types: types(form)?,
        approval: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    new.check().map_err(|wrong| ApiError::bad(format!("Invalid parameter: {wrong}")))?;
    keep_new(call, &new, &[]).await?;
    Ok(Reply::created(render(call, &new)))
}

/// A parameter by its published name, or by the one that the vendor's SDK for Node makes of it if it is given an object of its types.
fn either<'a>(form: &'a Params, names: [&str; 2]) -> Option<&'a str> {
    names.into_iter().find_map(|name| form.given(name))
}

/// Two or three letters, and a region or script if the language has several: `en`, `pt_BR`, `zh_Hant`.
fn language(form: &Params) -> Result<String, ApiError> {
    let text = form.required("language")?;
    let (language, region) = text.split_once('_').unwrap_or((text, "US"));
    let is_right = |text: &str, from: usize, to: usize| {
        (from..=to).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    match is_right(language, 2, 3) && is_right(region, 2, 4) {
        true => Ok(text.to_owned()),
        false => Err(invalid("language", "must be a language such as en or pt_BR")),
    }
}

fn variables(form: &Params) -> Result<Values, ApiError> {
    let Some(given) = form.json("variables")? else { return Ok(Values::new()) };
    let wrong = || invalid("variables", "must be an object of texts");
    let Value::Object(given) = given else { return Err(wrong()) };
    let mut values = Values::new();
    for (name, value) in given {
        let Value::String(value) = value else { return Err(wrong()) };
        if value.chars().count() > DEFAULT_CHARS_MAX {
            let why = format!("has a text of more than {DEFAULT_CHARS_MAX} characters");
            return Err(invalid("variables", &why));
        }
        values.insert(name, value);
    }
    Ok(values)
}

fn types(form: &Params) -> Result<BTreeMap<ContentType, Value>, ApiError> {
    let given = form.json("types")?.ok_or_else(|| missing("types"))?;
    let Value::Object(given) = given else { return Err(invalid("types", "must be an object")) };
    let mut types = BTreeMap::new();
    for (name, content) in given.into_iter().filter(|(_, content)| !content.is_null()) {
        let kind = kind(&name).ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            ApiError::bad(format!("Invalid parameter: types.{name} is not supported yet"))
        })?;
        if types.insert(kind, published(content)).is_some() {
            return Err(invalid("types", &format!("has {} twice", kind.name())));
        }
    }
    Ok(types)
}

/// A type by its name, or by the one that the SDK for Node makes of it: `twilioQuickReply`.
fn kind(name: &str) -> Option<ContentType> {
    let of_sdk = || as_published(name).replacen('_', "/", 1).replace('_', "-");
    name.parse().or_else(|_| of_sdk().parse()).ok()
}

/// Content with the names of its members as they are published.
fn published(content: Value) -> Value {
    match content {
        Value::Object(members) => {
            let named =
                members.into_iter().map(|(name, one)| (as_published(&name), published(one)));
            Value::Object(named.collect::<Map<_, _>>())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(published).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => content,
    }
}

/// How a template is shown in a list.
pub(crate) type Show = fn(&Call<'_>, &ContentTemplate) -> Value;

/// `GET /v1/Content`, in order of creation.
pub(crate) async fn list(call: &Call<'_>, show: Show) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let page = call.list(&Listing::templates(), &request, |_: &ContentTemplate| true).await?;
    Ok(call.paged("contents", &request, &page, |one| show(call, one)))
}

/// `GET /v1/LegacyContent`: templates that the vendor made of older ones. There are none here.
pub(crate) fn legacy(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let none = request.of_parts(&[], |_: &ContentTemplate| 0);
    Ok(call.paged("contents", &request, &none, |one| render(call, one)))
}

/// `GET /v2/Content`: those with a name, words, a language or a type, made in a time. Sorting and the search by eligibility are not
/// there yet, and refused.
pub(crate) async fn search(call: &Call<'_>, show: Show) -> Answer {
    let query = &call.query;
    let folded = |name: &str| query.given(name).map(str::to_lowercase);
    let (name, words) = (folded("ContentName"), folded("Content"));
    let (languages, kinds) = (query.all("Language"), query.all("ContentType"));
    let (after, before) = (query.instant("DateCreatedAfter")?, query.instant("DateCreatedBefore")?);
    let request = call.page(PAGE_MAX)?;
    let fits = |one: &ContentTemplate| {
        let has = |part: &String| one.types.values().any(|content| says(content, part));
        let is_called = |part: &String| {
            one.friendly_name.as_ref().is_some_and(|name| name.to_lowercase().contains(part))
        };
        name.as_ref().is_none_or(is_called)
            && words.as_ref().is_none_or(has)
            && (languages.is_empty() || languages.contains(&one.language))
            && (kinds.is_empty()
                || one.types.keys().any(|kind| kinds.iter().any(|it| it == kind.name())))
            && after.is_none_or(|after| one.created >= after)
            && before.is_none_or(|before| one.created <= before)
    };
    let page = call.list(&Listing::templates(), &request, fits).await?;
    Ok(call.paged("contents", &request, &page, |one| show(call, one)))
}

/// Whether one of the texts has that part.
fn says(content: &Value, part: &str) -> bool {
    match content {
        Value::String(text) => text.to_lowercase().contains(part),
        Value::Array(all) => all.iter().any(|one| says(one, part)),
        Value::Object(members) => members.values().any(|one| says(one, part)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `GET /v1/Content/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `DELETE /v1/Content/{Sid}`. Messages that wait keep what they were made of.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let template = load(call, sid).await?;
        Ok::<_, ApiError>(((), Decision::unchanged().without(template)))
    });
    gone.await?;
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: &str) -> Result<ContentTemplate, ApiError> {
    let sid: ContentSid = call.sid(sid)?;
    call.on.store.get(key::content_template(sid)).await?.ok_or_else(|| call.not_found())
}

/// The resource as answers show it. The dates are of the form that the vendor's SDKs read.
pub(crate) fn render(call: &Call<'_>, one: &ContentTemplate) -> Value {
    let url = call.url(&format!("v1/Content/{}", one.sid));
    let types = one.types.iter().map(|(kind, content)| (kind.name().to_owned(), content.clone()));
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "friendly_name": one.friendly_name,
        "language": one.language,
        "variables": one.variables,
        "types": types.collect::<Map<_, _>>(),
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "links": {
            "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
            "approval_fetch": format!("{url}/ApprovalRequests"),
        },
        "url": url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str, value: Value) -> Params {
        Params::from_json(&json!({ name: value }))
    }

    #[test]
    fn types_are_read_by_their_names_and_by_those_of_the_sdk() {
        let button = json!({ "type": "COPY_CODE", "copyCodeText": "Copy" });
        let given = json!({
            "twilioText": { "body": "a_B" },
            "twilio/quick-reply": { "body": "?" },
            "whatsappAuthentication": { "codeExpirationMinutes": 5, "actions": [button] },
            "twilioMedia": null,
        });
        let read = types(&form("types", given)).unwrap();
        let kinds: Vec<&str> = read.keys().map(|kind| kind.name()).collect();
        assert_eq!(kinds, ["twilio/text", "twilio/quick-reply", "whatsapp/authentication"]);
        assert_eq!(read[&ContentType::Text], json!({ "body": "a_B" }));
        let passcode = &read[&ContentType::WhatsappAuthentication];
        assert_eq!(passcode["code_expiration_minutes"], 5);
        assert_eq!(passcode["actions"][0]["copy_code_text"], "Copy");
        for wrong in [json!({ "twilio/flows": {} }), json!([]), json!("twilio/text")] {
            assert_eq!(types(&form("types", wrong)).unwrap_err().code, 20001);
        }
        let twice = json!({ "twilioText": { "body": "a" }, "twilio/text": { "body": "b" } });
        assert!(types(&form("types", twice)).is_err());
    }

    #[test]
    fn a_language_has_letters_alone_and_defaults_are_texts() {
        for right in ["en", "pt_BR", "zh_Hant", "fil"] {
            assert!(language(&form("language", json!(right))).is_ok(), "{right}");
        }
        for wrong in ["", "e", "english", "en_", "en-US", "e1"] {
            assert!(language(&form("language", json!(wrong))).is_err(), "{wrong}");
        }
        for wrong in [json!({ "1": 2 }), json!(["a"]), json!({ "1": "v".repeat(1601) })] {
            assert!(variables(&form("variables", wrong)).is_err());
        }
        assert_eq!(variables(&form("variables", json!({ "1": "a" }))).unwrap().len(), 1);
    }
}
