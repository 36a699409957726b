//! API keys, under three paths: the 2010 API calls them keys and signing keys, IAM calls them keys and knows their kinds
//! (rule F.1). Of a key only the secret's digest is read back; the secret itself is sealed, and shown once.

use serde_json::{Value, json};
use switchboard_domain::access::{ALLOWED_MAX, ApiKey, Assertion, Rights};
use switchboard_domain::codes::Code;
use switchboard_domain::decision::Decision;
use switchboard_domain::private::Private;
use switchboard_domain::sid::{AccountSid, KeySid};
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Listing, key};

use crate::{friendly_name, keep_new};

/// The largest page.
const PAGE_MAX: i64 = 1000;

/// Under which path a key is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// `…/Keys` of the 2010 API.
    Keys,
    /// `…/SigningKeys` of the 2010 API: the same keys.
    SigningKeys,
    /// `/iam/v1/Keys`.
    Iam,
}

/// `POST …/Keys.json`, `…/SigningKeys.json`, `/iam/v1/Keys`.
pub(crate) async fn create(call: &Call<'_>, view: View) -> Answer {
    let friendly_name = friendly_name(call)?.unwrap_or_default();
    let rights = match view {
        View::Keys | View::SigningKeys => Rights::Standard,
        View::Iam => {
            of_this_account(call, &call.form)?;
            rights(&call.form)?
        }
    };
    call.nothing_else()?;
    let (sid, secret) = (call.on.mint(), Private(secret(call)));
    let sealed = call.on.seal(sid, &secret).await?;
    let new = ApiKey::new(sid, friendly_name, rights, (&secret, sealed), call.now);
    keep_new(call, &new, &[]).await?;
    let mut answer = render(&new, view);
    answer["secret"] = secret.0.into();
    Ok(Reply::created(answer).secret())
}

/// 128 random bits as 32 digits: half of them from each of two identifiers, out of their random part.
fn secret(call: &Call<'_>) -> String {
    let half = || call.on.mint::<KeySid>().to_string()[2..18].to_owned();
    half() + &half()
}

/// IAM is told whose keys are meant; there is one account.
fn of_this_account(call: &Call<'_>, params: &Params) -> Result<(), ApiError> {
    let given: AccountSid = params.required("AccountSid")?.parse().map_err(|_| not_ours())?;
    if given == call.on.config.account_sid { Ok(()) } else { Err(not_ours()) }
}

fn not_ours() -> ApiError {
    invalid("AccountSid", "is another account's")
}

/// What a new key may do: `KeyType`, and the `Policy` of a restricted one. Main keys are made here by our own word for them, as there
/// is no console.
fn rights(form: &Params) -> Result<Rights, ApiError> {
    let kind = form.given("KeyType").unwrap_or("standard").to_ascii_lowercase();
    let policy = form.given("Policy");
    match (kind.as_str(), policy) {
        ("restricted", Some(policy)) => Ok(Rights::Restricted { allow: allowed(policy)? }),
        ("restricted", None) => Err(invalid("Policy", "is missing: a restricted key has one")),
        ("standard" | "main", Some(_)) => Err(invalid("Policy", "is for restricted keys")),
        ("standard", None) => Ok(Rights::Standard),
        ("main", None) => Ok(Rights::Main),
        _ => Err(invalid("KeyType", "must be standard, restricted or main")),
    }
}

/// What a policy allows: `{"allow": ["/twilio/…"]}`.
fn allowed(policy: &str) -> Result<Vec<Assertion>, ApiError> {
    let shape = || invalid("Policy", r#"must be {"allow": [assertions]}"#);
    let value: Value = serde_json::from_str(policy).map_err(|_| shape())?;
    let members = value.as_object().ok_or_else(shape)?;
    if let Some(other) = members.keys().find(|name| *name != "allow") {
        return Err(invalid("Policy", &format!("has {other}, which is not supported")));
    }
    let given = members.get("allow").and_then(Value::as_array).ok_or_else(shape)?;
    if given.is_empty() || given.len() > ALLOWED_MAX {
        return Err(invalid("Policy", &format!("allows 1 to {ALLOWED_MAX} things")));
    }
    let assertion = |one: &Value| {
        let text = one.as_str().ok_or_else(shape)?;
        text.parse().map_err(|wrong| ApiError::because(Code::InvalidAssertion, wrong))
    };
    given.iter().map(assertion).collect()
}

/// `GET …/Keys.json`, `…/SigningKeys.json`, `/iam/v1/Keys`.
pub(crate) async fn list(call: &Call<'_>, view: View) -> Answer {
    if view == View::Iam {
        of_this_account(call, &call.query)?;
    }
    let request = call.page(PAGE_MAX)?;
    let listing = Listing::api_keys();
    let page = call.list(&listing, &request, |_: &ApiKey| true).await?;
    Ok(match view {
        View::Keys => call.paged_2010("keys", &request, &page, |one| render(one, view)),
        View::SigningKeys => {
            call.paged_2010("signing_keys", &request, &page, |one| render(one, view))
        }
        View::Iam => call.paged("keys", &request, &page, listed),
    })
}

/// A key as a list of IAM shows it.
fn listed(kept: &ApiKey) -> Value {
    let mut answer = named(kept);
    let flags: &[&str] =
        if kept.rights.sign_tokens() { &["rest_api", "signing"] } else { &["rest_api"] };
    answer["flags"] = json!(flags);
    answer
}

/// `GET …/Keys/{Sid}.json` and the others.
pub(crate) async fn fetch(call: &Call<'_>, view: View, sid: &str) -> Answer {
    if view == View::Iam && call.query.has("AccountSid") {
        of_this_account(call, &call.query)?;
    }
    Ok(Reply::ok(render(&load(call, sid).await?, view)))
}

/// `POST …/Keys/{Sid}.json` and the others: the name, and by IAM the policy of a restricted key. No key changes its kind.
pub(crate) async fn update(call: &Call<'_>, view: View, sid: &str) -> Answer {
    let name = friendly_name(call)?;
    let policy = match view {
        View::Iam => call.form.given("Policy").map(allowed).transpose()?,
        View::Keys | View::SigningKeys => None,
    };
    let kept = call.decide(|| async {
        let before = load(call, sid).await?;
        let mut kept = before.clone();
        if let Some(name) = &name {
            kept.friendly_name.clone_from(name);
        }
        match (&mut kept.rights, &policy) {
            (Rights::Restricted { allow }, Some(policy)) => allow.clone_from(policy),
            (Rights::Main | Rights::Standard, Some(_)) => {
                return Err(invalid("Policy", "is for restricted keys"));
            }
            (_, None) => {}
        }
        if kept == before {
            return Ok((kept, Decision::unchanged()));
        }
        kept.updated = call.now;
        Ok::<_, ApiError>((kept.clone(), Decision::put(kept)))
    });
    let kept = kept.await?;
    call.on.forget_api_key(kept.sid);
    Ok(Reply::ok(render(&kept, view)))
}

/// `DELETE …/Keys/{Sid}.json` and the others.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let kept = load(call, sid).await?;
        Ok::<_, ApiError>((kept.sid, Decision::unchanged().without(kept)))
    });
    call.on.forget_api_key(gone.await?);
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: &str) -> Result<ApiKey, ApiError> {
    let sid: KeySid = call.sid(sid)?;
    call.on.store.get(key::api_key(sid)).await?.ok_or_else(|| call.not_found())
}

/// The resource as answers show it, without its secret.
fn render(kept: &ApiKey, view: View) -> Value {
    let mut answer = named(kept);
    if view == View::Iam {
        answer["policy"] = match &kept.rights {
            Rights::Restricted { allow } => json!({ "allow": allow }),
            Rights::Main | Rights::Standard => Value::Null,
        };
    }
    answer
}

fn named(kept: &ApiKey) -> Value {
    json!({
        "sid": kept.sid,
        "friendly_name": kept.friendly_name,
        "date_created": kept.created.rfc2822(),
        "date_updated": kept.updated.rfc2822(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: &str, policy: &str) -> Params {
        Params::from_json(&json!({ "KeyType": kind, "Policy": policy }))
    }

    #[test]
    fn a_kind_of_key_goes_with_its_policy() {
        assert_eq!(rights(&Params::default()).unwrap(), Rights::Standard);
        assert_eq!(rights(&form("Main", "")).unwrap(), Rights::Main);
        let policy = r#"{"allow":["/twilio/messaging/messages/read"]}"#;
        let allow = vec!["/twilio/messaging/messages/read".parse().unwrap()];
        assert_eq!(rights(&form("restricted", policy)).unwrap(), Rights::Restricted { allow });
        for (kind, policy, word) in [
            ("restricted", "", "Policy"),
            ("standard", policy, "Policy"),
            ("main", policy, "Policy"),
            ("admin", "", "KeyType"),
            ("restricted", "[]", "allow"),
            ("restricted", "{", "allow"),
            ("restricted", r#"{"allow":[]}"#, "1 to 100"),
            ("restricted", r#"{"allow":[7]}"#, "allow"),
            ("restricted", r#"{"allow":["/twilio/messaging/messages/read"],"deny":[]}"#, "deny"),
        ] {
            let refused = rights(&form(kind, policy)).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, 20001), "{kind} {policy}");
            assert!(refused.message.contains(word), "{}", refused.message);
        }
        let raised = rights(&form("restricted", r#"{"allow":["/twilio/iam/api-keys/create"]}"#));
        let raised = raised.unwrap_err();
        assert_eq!((raised.status, raised.code), (400, 70002));
        assert!(raised.message.contains("/twilio/iam/api-keys/create"), "{}", raised.message);
    }
}
