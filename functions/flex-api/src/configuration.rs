//! The configuration of the contact centre's desktop, and the people who work with it. They are kept and shown; nothing here
//! goes by them but which workspace those people are workers of.

use serde_json::{Map, Value, json};
use switchboard_domain::configuration::{ConversationConfiguration, FlexConfiguration, FlexUser};
use switchboard_domain::conversation::default_service_sid;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{
    FlexUserSid, InstanceSid, Sid as _, UserSid, WorkerSid, WorkspaceSid,
};
use switchboard_domain::workspace::Worker;
use switchboard_rest::fields::{invalid, is_sid};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::transfers::instance;

/// The longest configuration, in bytes: an item has 400 KB.
const BYTES_MAX: usize = 256 * 1024;
/// The longest e-mail address and locale.
const TEXT_CHARS_MAX: usize = 256;

/// What a value may be, as the published description has it.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Flag,
    List,
    Sid(&'static str),
    Status,
    Text,
    Url,
}

/// What can be set. The rest is the account's own: `account_sid`, `flex_instance_sid`, the dates and `url`.
const FIELDS: [(&str, Kind); 46] = [
    ("attributes", Kind::Any),
    ("status", Kind::Status),
    ("taskrouter_workspace_sid", Kind::Sid("WS")),
    ("taskrouter_target_workflow_sid", Kind::Sid("WW")),
    ("taskrouter_target_taskqueue_sid", Kind::Sid("WQ")),
    ("taskrouter_taskqueues", Kind::List),
    ("taskrouter_skills", Kind::List),
    ("taskrouter_worker_channels", Kind::Any),
    ("taskrouter_worker_attributes", Kind::Any),
    ("taskrouter_offline_activity_sid", Kind::Sid("WA")),
    ("runtime_domain", Kind::Url),
    ("messaging_service_instance_sid", Kind::Sid("MG")),
    ("chat_service_instance_sid", Kind::Sid("IS")),
    ("flex_service_instance_sid", Kind::Sid("IS")),
    ("ui_language", Kind::Text),
    ("ui_attributes", Kind::Any),
    ("ui_dependencies", Kind::Any),
    ("ui_version", Kind::Text),
    ("service_version", Kind::Text),
    ("call_recording_enabled", Kind::Flag),
    ("call_recording_webhook_url", Kind::Url),
    ("crm_enabled", Kind::Flag),
    ("crm_type", Kind::Text),
    ("crm_callback_url", Kind::Url),
    ("crm_fallback_url", Kind::Url),
    ("crm_attributes", Kind::Any),
    ("public_attributes", Kind::Any),
    ("plugin_service_enabled", Kind::Flag),
    ("plugin_service_attributes", Kind::Any),
    ("integrations", Kind::List),
    ("outbound_call_flows", Kind::Any),
    ("serverless_service_sids", Kind::List),
    ("queue_stats_configuration", Kind::Any),
    ("notifications", Kind::Any),
    ("markdown", Kind::Any),
    ("flex_insights_hr", Kind::Any),
    ("flex_insights_drilldown", Kind::Flag),
    ("flex_url", Kind::Url),
    ("channel_configs", Kind::List),
    ("debugger_integration", Kind::Any),
    ("flex_ui_status_report", Kind::Any),
    ("agent_conv_end_methods", Kind::Any),
    ("citrix_voice_vdi", Kind::Any),
    ("offline_config", Kind::Any),
    ("account_sid", Kind::Sid("AC")),
    ("flex_instance_sid", Kind::Sid("GO")),
];

impl Kind {
    /// What it has to be, if it is not; nothing takes a value away.
    fn wants(self, value: &Value) -> Option<String> {
        let text = value.as_str();
        let is_url = |text: &str| text.starts_with("https://") || text.starts_with("http://");
        let is_right = match self {
            _ if value.is_null() => true,
            Self::Any => value.is_object() || value.is_array(),
            Self::Flag => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Sid(prefix) => text.is_some_and(|text| is_sid(text, prefix)),
            Self::Status => matches!(text, Some("ok" | "inprogress" | "notstarted")),
            Self::Text => text.is_some(),
            Self::Url => text.is_some_and(is_url),
        };
        let wanted = match self {
            Self::Any => "must be an object".to_owned(),
            Self::Flag => "must be true or false".to_owned(),
            Self::List => "must be a list".to_owned(),
            Self::Sid(prefix) => format!("is not an identifier starting with {prefix}"),
            Self::Status => "must be ok, inprogress or notstarted".to_owned(),
            Self::Text => "must be text".to_owned(),
            Self::Url => "is not an http or https URL".to_owned(),
        };
        (!is_right).then_some(wanted)
    }
}

async fn kept(call: &Call<'_>) -> Result<Option<FlexConfiguration>, ApiError> {
    Ok(call.on.store.get(key::flex_configuration()).await?)
}

/// `GET /v1/Configuration`. Whatever version of the desktop asks is shown the same.
pub(crate) async fn fetch(call: &Call<'_>) -> Answer {
    let _ = call.query.given("UiVersion");
    let kept = kept(call).await?;
    Ok(Reply::ok(render(call, kept.as_ref()).await?))
}

/// `POST /v1/Configuration`: what is given is set, `null` takes away, the rest stays.
pub(crate) async fn update(call: &Call<'_>) -> Answer {
    let given = changes(call)?;
    for (name, _) in FIELDS {
        let _ = call.form.get(name);
    }
    let after = call
        .decide(async || {
            let before = kept(call).await?;
            let mut after = before.clone().unwrap_or_else(|| FlexConfiguration::new(call.now));
            let mut values = values(&after);
            for (name, value) in &given {
                match value.is_null() {
                    true => values.remove(name),
                    false => values.insert(name.clone(), value.clone()),
                };
            }
            after.values = Value::Object(values).to_string();
            if after.values.len() > BYTES_MAX {
                return Err(ApiError::bad("The configuration is longer than 256 KB"));
            }
            if before.as_ref() == Some(&after) {
                return Ok::<_, ApiError>((after, Decision::unchanged()));
            }
            after.updated = call.now;
            Ok((after.clone(), Decision::put(after)))
        })
        .await?;
    Ok(Reply::ok(render(call, Some(&after)).await?))
}

fn changes(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let mut given = match call.json.as_ref().and_then(Value::as_object) {
        Some(given) => given.clone(),
        None => call.form.iter().map(|(name, value)| (name.to_owned(), of_form(value))).collect(),
    };
    for (name, value) in &given {
        let field = FIELDS.iter().find(|(known, _)| known == name);
        let Some((_, kind)) = field else {
            return Err(ApiError::bad(format!("Invalid parameter: {name} is not supported yet")));
        };
        if let Some(wanted) = kind.wants(value) {
            return Err(invalid(name, &wanted));
        }
    }
    for (name, own) in [
        ("account_sid", call.on.config.account_sid.to_string()),
        ("flex_instance_sid", instance(call).to_string()),
    ] {
        if given.remove(name).is_some_and(|it| !it.is_null() && it != json!(own)) {
            return Err(invalid(name, "is not the account's"));
        }
    }
    Ok(given)
}

/// A value of a form, as which the body comes from who does not say that it is JSON.
fn of_form(value: &str) -> Value {
    let read: Option<Value> = serde_json::from_str(value).ok();
    let read = read.filter(|it| it.is_object() || it.is_array() || it.is_boolean());
    read.unwrap_or_else(|| json!(value))
}

fn values(one: &FlexConfiguration) -> Map<String, Value> {
    serde_json::from_str(&one.values).unwrap_or_default()
}

async fn render(call: &Call<'_>, kept: Option<&FlexConfiguration>) -> Result<Value, ApiError> {
    let mut all = Map::new();
    for (name, _) in FIELDS {
        all.insert(name.to_owned(), Value::Null);
    }
    let settings = call.on.store.get(key::conversation_configuration()).await?;
    let settings: ConversationConfiguration = settings.unwrap_or_default();
    let account = call.on.config.account_sid;
    let service = settings.default_service.unwrap_or_else(|| default_service_sid(account));
    all.insert("status".to_owned(), json!("ok"));
    all.insert("chat_service_instance_sid".to_owned(), json!(service));
    all.extend(kept.map(values).unwrap_or_default());
    all.insert("account_sid".to_owned(), json!(account));
    all.insert("flex_instance_sid".to_owned(), json!(instance(call)));
    all.insert("date_created".to_owned(), json!(kept.map(|it| it.created.iso())));
    all.insert("date_updated".to_owned(), json!(kept.map(|it| it.updated.iso())));
    all.insert("url".to_owned(), json!(call.url("v1/Configuration")));
    Ok(Value::Object(all))
}

/// The worker of a path, and what is kept of them. Ours: who works at the contact centre is a worker of the workspace that the
/// configuration names, and their `FU` sid is the `WK` sid under another name; there is no single sign-on that would make others.
async fn user(call: &Call<'_>, (go, fu): (&str, &str)) -> Result<(Worker, FlexUser), ApiError> {
    let (instance_sid, sid): (InstanceSid, FlexUserSid) = (call.sid(go)?, call.sid(fu)?);
    let workspace = kept(call).await?.map(|it| values(&it)).unwrap_or_default();
    let workspace = workspace.get("taskrouter_workspace_sid").and_then(Value::as_str);
    let workspace: Option<WorkspaceSid> = workspace.and_then(|text| text.parse().ok());
    let workspace = workspace.filter(|_| instance_sid == instance(call));
    let workspace = workspace.ok_or_else(|| call.not_found())?;
    let worker = key::worker(workspace, sid.twin::<WorkerSid>());
    let worker: Option<Worker> = call.on.store.get(worker).await?;
    let worker = worker.ok_or_else(|| call.not_found())?;
    let kept: Option<FlexUser> = call.on.store.get(key::flex_user(sid)).await?;
    Ok((worker, kept.unwrap_or_else(|| FlexUser::new(sid, call.now))))
}

/// `GET /v2/Instances/{GO}/Users/{FU}`.
pub(crate) async fn fetch_user(call: &Call<'_>, path: (&str, &str)) -> Answer {
    let (worker, kept) = user(call, path).await?;
    Ok(Reply::ok(render_user(call, &worker, &kept)))
}

/// `POST /v2/Instances/{GO}/Users/{FU}`.
pub(crate) async fn update_user(call: &Call<'_>, path: (&str, &str)) -> Answer {
    let email = call.form.text("Email", TEXT_CHARS_MAX)?;
    let locale = call.form.text("Locale", TEXT_CHARS_MAX)?;
    let user_sid: Option<UserSid> = call.form.sid("UserSid")?;
    let (worker, after) = call
        .decide(async || {
            let (worker, before) = user(call, path).await?;
            let mut after = before.clone();
            after.email = email.clone().or(after.email);
            after.locale = locale.clone().or(after.locale);
            after.user = user_sid.or(after.user);
            if after == before {
                return Ok::<_, ApiError>(((worker, after), Decision::unchanged()));
            }
            after.updated = call.now;
            let written = FlexUser { version: after.version + 1, ..after.clone() };
            Ok(((worker, written), Decision::put(after)))
        })
        .await?;
    Ok(Reply::ok(render_user(call, &worker, &after)))
}

fn render_user(call: &Call<'_>, worker: &Worker, kept: &FlexUser) -> Value {
    let attributes: Value = serde_json::from_str(&worker.attributes).unwrap_or_default();
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = attributes.get("roles").filter(|it| it.is_array()).cloned();
    let path = format!("v2/Instances/{}/Users/{}", instance(call), kept.sid);
    json!({
        "account_sid": call.on.config.account_sid,
        "instance_sid": instance(call),
        "user_sid": kept.user,
        "flex_user_sid": kept.sid,
        "worker_sid": worker.sid,
        "workspace_sid": worker.workspace,
        "flex_team_sid": null,
        "username": worker.friendly_name,
        "email": kept.email.clone().or_else(|| text("email")),
        "locale": kept.locale,
        "roles": roles.unwrap_or_else(|| json!(["agent"])),
        "created_date": worker.created.iso(),
        "updated_date": kept.updated.max(worker.updated).iso(),
        "version": kept.version.number(),
        "url": call.url(&path),
    })
}
