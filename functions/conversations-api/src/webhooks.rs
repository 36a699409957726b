//! Webhooks of one conversation: who listens to it.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{Conversation, Target, Webhook};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::sid::{Sid as _, WebhookSid};
use switchboard_rest::fields::integer;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};

use crate::apply::{apply, decide_with_answers};
use crate::input;
use crate::scope::Scope;

/// The largest page: as many as there can be.
const PAGE_MAX: i64 = 5;
/// A webhook waits for at most this many words.
const TRIGGERS_MAX: usize = 100;
/// A word has at most this many characters.
const TRIGGER_CHARS_MAX: usize = 256;

/// `POST …/Webhooks`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let kind = Kind::parse(call.form.given("Target").ok_or(Code::WebhookTypeMissing)?)?;
    let target = target(call, kind, None).await?;
    let from = call.form.given("Configuration.ReplayAfter").map(index).transpose()?;
    let command = match from {
        None => Command::Attach(target),
        Some(from) => Command::AttachFrom(target, from),
    };
    let command = |_: &Conversation| Ok(command.clone());
    let show = |change: &ConversationChange| rendered(call, scope, change);
    Ok(Reply::created(apply(call, scope, of, command, show).await?))
}

/// `GET …/Webhooks`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let conversation = scope.conversation(call, of).await?;
    let page = request.of_parts(&conversation.webhooks, |one| one.number);
    let render = |one: &Webhook| render(call, scope, &conversation, one);
    Ok(call.paged("webhooks", &request, &page, render))
}

/// `GET …/Webhooks/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let sid: WebhookSid = call.sid(sid)?;
    let conversation = scope.conversation(call, of).await?;
    let one = conversation.webhook_by_sid(sid).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, scope, &conversation, one)))
}

/// `POST …/Webhooks/{Sid}`: its configuration; what kind of target it is stays.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let sid: WebhookSid = call.sid(sid)?;
    let answer = call
        .on
        .decide(async || {
            let conversation = scope.conversation(call, of).await?;
            let one = conversation.webhook_by_sid(sid).ok_or_else(|| call.not_found())?;
            let target = target(call, Kind::of(&one.target), Some(&one.target)).await?;
            call.nothing_else()?;
            let command = Command::Configure(one.number, target);
            let change = decide_with_answers(call, &conversation, command).await?;
            Ok::<_, ApiError>((rendered(call, scope, &change), Decision::from(change)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Webhooks/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let sid: WebhookSid = call.sid(sid)?;
    let command = |conversation: &Conversation| {
        let one = conversation.webhook_by_sid(sid).ok_or_else(|| call.not_found())?;
        Ok(Command::Detach(one.number))
    };
    apply(call, scope, of, command, |_| Value::Null).await?;
    Ok(Reply::gone())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
enum Kind {
    Webhook,
    Trigger,
    Studio,
}

impl Kind {
    fn name(self) -> &'static str {
        self.into()
    }

    const fn of(target: &Target) -> Self {
        match target {
            Target::Webhook { .. } => Self::Webhook,
            Target::Trigger { .. } => Self::Trigger,
            Target::Studio { .. } => Self::Studio,
        }
    }

    fn parse(text: &str) -> Result<Self, ApiError> {
        text.parse().map_err(|_| ApiError::from(Code::InvalidWebhookType))
    }
}

/// The target that the parameters make of the one there is, if there is one.
async fn target(call: &Call<'_>, kind: Kind, current: Option<&Target>) -> Result<Target, ApiError> {
    let form = &call.form;
    match kind {
        Kind::Studio => match (form.get("Configuration.FlowSid"), current) {
            (None, Some(current)) => Ok(current.clone()),
            (given, _) => {
                let flow = input::flow(call, given.unwrap_or_default()).await?;
                Ok(Target::Studio { flow, execution: None })
            }
        },
        Kind::Webhook | Kind::Trigger => endpoint(form, kind, current),
    }
}

fn endpoint(form: &Params, kind: Kind, current: Option<&Target>) -> Result<Target, ApiError> {
    let (old_url, old_method) = match current {
        Some(Target::Webhook { url, method, .. } | Target::Trigger { url, method, .. }) => {
            (Some(url.clone()), method.clone())
        }
        Some(Target::Studio { .. }) | None => (None, "POST".to_owned()),
    };
    let url = match form.get("Configuration.Url") {
        Some("") => None,
        Some(text) => Some(input::url(text)?),
        None => old_url,
    };
    let url = url.ok_or(Code::WebhookUrlMissing)?;
    let method = match form.given("Configuration.Method") {
        Some(text) => input::method(text)?,
        None => old_method,
    };
    if kind == Kind::Trigger {
        let triggers = match (form.has("Configuration.Triggers"), current) {
            (false, Some(Target::Trigger { triggers, .. })) => triggers.clone(),
            _ => triggers(form)?,
        };
        if triggers.is_empty() {
            return Err(Code::TriggerMissing.into());
        }
        return Ok(Target::Trigger { url, method, triggers });
    }
    let filters = match (form.has("Configuration.Filters"), current) {
        (false, Some(Target::Webhook { filters, .. })) => filters.clone(),
        _ => input::filters(&form.all("Configuration.Filters"))?,
    };
    if filters.is_empty() {
        return Err(Code::WebhookFilterMissing.into());
    }
    Ok(Target::Webhook { url, method, filters })
}

/// The index of a message; the highest there can be are beyond what is written in any conversation.
fn index(text: &str) -> Result<u32, ApiError> {
    let index = integer("Configuration.ReplayAfter", text, 0, i64::from(u32::MAX))?;
    u32::try_from(index).map_err(|_| ApiError::bad("There is no such index"))
}

fn triggers(form: &Params) -> Result<Vec<String>, ApiError> {
    let mut words = form.all("Configuration.Triggers");
    words.retain(|word| !word.trim().is_empty());
    if words.len() > TRIGGERS_MAX {
        return Err(Code::TooManyTriggers.into());
    }
    if words.iter().any(|word| word.chars().count() > TRIGGER_CHARS_MAX) {
        return Err(Code::InvalidTrigger.into());
    }
    Ok(words)
}

/// The webhook that a change was about.
fn rendered(call: &Call<'_>, scope: &Scope, change: &ConversationChange) -> Value {
    let one = change.conversation.webhooks.iter().find(|one| Some(one.number) == change.number);
    one.map_or(Value::Null, |one| render(call, scope, &change.conversation, one))
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Webhook) -> Value {
    let sid: WebhookSid = of.sid.kin(one.number);
    let mut configuration = match &one.target {
        Target::Webhook { url, method, filters } => {
            json!({ "url": url, "method": method.to_ascii_lowercase(), "filters": filters })
        }
        // The words are published as `filters` and asked for as triggers; both names lead to them.
        Target::Trigger { url, method, triggers } => json!({
            "url": url,
            "method": method.to_ascii_lowercase(),
            "filters": triggers,
            "triggers": triggers,
        }),
        Target::Studio { flow, .. } => json!({ "flow_sid": flow }),
    };
    if let Some(replay) = one.replay {
        configuration["replay_after"] = json!(replay.from);
    }
    let path = scope.path(&format!("Conversations/{}/Webhooks/{sid}", of.sid));
    scope.stamped(json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": of.sid,
        "target": Kind::of(&one.target).name(),
        "url": call.url(&path),
        "configuration": configuration,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::conversation::EventName;

    fn refused(kind: Kind, form: Value) -> u32 {
        endpoint(&Params::from_json(&form), kind, None).unwrap_err().code
    }

    #[test]
    fn missing_parts_of_a_webhook_are_named_by_their_codes() {
        let url = "https://example.com";
        assert_eq!(refused(Kind::Webhook, json!({})), 50369);
        assert_eq!(refused(Kind::Webhook, json!({ "Configuration.Url": url })), 50370);
        assert_eq!(refused(Kind::Trigger, json!({ "Configuration.Url": url })), 50371);
        let odd = json!({ "Configuration.Url": url, "Configuration.Filters": "onSunrise" });
        assert_eq!(refused(Kind::Webhook, odd), 50365);
        let many: Vec<String> = (0..=TRIGGERS_MAX).map(|it| it.to_string()).collect();
        let many = json!({ "Configuration.Url": url, "Configuration.Triggers": many });
        assert_eq!(refused(Kind::Trigger, many), 50362);
        assert_eq!(Kind::parse("fax").unwrap_err().code, 50364);
    }

    #[test]
    fn an_update_changes_what_it_names_and_nothing_else() {
        let current = Target::Webhook {
            url: "https://example.com".to_owned(),
            method: "POST".to_owned(),
            filters: vec![EventName::OnMessageAdded],
        };
        let form = Params::from_json(&json!({ "Configuration.Method": "gEt" }));
        let Target::Webhook { url, method, filters } =
            endpoint(&form, Kind::Webhook, Some(&current)).unwrap()
        else {
            panic!("the kind of a target stays")
        };
        assert_eq!((url.as_str(), method.as_str()), ("https://example.com", "GET"));
        assert_eq!(filters, [EventName::OnMessageAdded]);
    }
}
