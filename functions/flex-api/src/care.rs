//! What is done for conversations that nobody is responsible for, and for messages in a row: a resource of ours, of an address or of one
//! interaction (rules C.16 to C.19), so that the published ones stay as they are.
//!
//! An interaction that says something says all of it: nothing of its address counts beside.

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::configuration::AddressConfiguration;
use switchboard_domain::conversation::{Timer, Unfit};
use switchboard_domain::decision::Decision;
use switchboard_domain::interaction::{COLLECTED_WITHIN_MAX, Care, Interaction, Resume};
use switchboard_domain::sid::AddressConfigurationSid;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::Route;
use switchboard_rest::{Answer, ApiError, Call, Method, Reply};
use switchboard_store::key;

use crate::load;
use crate::order::Routing;

/// What `Fallback` may name.
const FALLBACK: [&str; 4] =
    ["workspace_sid", "workflow_sid", "task_channel_sid", "task_channel_unique_name"];

/// `…/Interactions/{KD}/Care`: `GET`, `POST`, `DELETE`.
pub(crate) async fn of_interaction(call: &Call<'_>, method: Method, kd: &str) -> Answer {
    let path = |sid: &dyn std::fmt::Display| format!("v1/Interactions/{sid}/Care");
    let interaction = load::interaction(call, kd).await?;
    let url = path(&interaction.sid);
    let wanted = match method {
        Method::Get => {
            let care = interaction.care.map(|care| *care).unwrap_or_default();
            return Ok(Reply::ok(render(call, &care, &url)));
        }
        Method::Post => {
            if call.form.has("CollectSeconds") {
                return Err(ApiError::bad("CollectSeconds belongs to an address"));
            }
            Some(Wanted::read(call, interaction.channel_type).await?)
        }
        Method::Delete => None,
        _ => return call.no_such_operation(),
    };
    let care = call
        .decide(|| async {
            let mut interaction: Interaction = load::interaction(call, kd).await?;
            let care = after(interaction.care.as_deref(), wanted.as_ref());
            let kept = Some(care.clone()).filter(|it| !it.is_nothing()).map(Box::new);
            if interaction.care == kept {
                return Ok::<_, ApiError>((care, Decision::unchanged()));
            }
            (interaction.care, interaction.updated) = (kept, call.now);
            Ok((care, Decision::put(interaction)))
        })
        .await?;
    answer(call, wanted.is_some(), &care, &url)
}

/// `…/Addresses/{IG}/Care`, or by the address itself: `GET`, `POST`, `DELETE`.
pub(crate) async fn of_address(call: &Call<'_>, method: Method, name: &str) -> Answer {
    let address = address(call, name).await?;
    let url = format!("v1/Addresses/{}/Care", address.sid);
    let wanted = match method {
        Method::Get => {
            let care = address.care.map(|care| *care).unwrap_or_default();
            return Ok(Reply::ok(render(call, &care, &url)));
        }
        Method::Post => Some(Wanted::read(call, address.kind).await?),
        Method::Delete => None,
        _ => return call.no_such_operation(),
    };
    let care = call
        .decide(|| async {
            let mut found = self::address(call, name).await?;
            let care = after(found.care.as_deref(), wanted.as_ref());
            let kept = Some(care.clone()).filter(|it| !it.is_nothing()).map(Box::new);
            if found.care == kept {
                return Ok::<_, ApiError>((care, Decision::unchanged()));
            }
            (found.care, found.updated) = (kept, call.now);
            Ok((care, Decision::put(found)))
        })
        .await?;
    answer(call, wanted.is_some(), &care, &url)
}

fn answer(call: &Call<'_>, is_set: bool, care: &Care, url: &str) -> Answer {
    if is_set { Ok(Reply::ok(render(call, care, url))) } else { Ok(Reply::gone()) }
}

/// By its identifier, or by the address.
async fn address(call: &Call<'_>, name: &str) -> Result<AddressConfiguration, ApiError> {
    let sid = match name.parse::<AddressConfigurationSid>() {
        Ok(sid) => sid,
        Err(_) => {
            let address: Address = name.parse().map_err(|_| call.not_found())?;
            AddressConfiguration::sid_of(&address)
        }
    };
    let found = call.on.store.get(key::address_configuration(sid)).await?;
    found.ok_or_else(|| call.not_found())
}

/// What a request says; what it does not name stays, what it names as empty is taken away.
#[derive(Default)]
struct Wanted {
    fallback: Option<Option<Route>>,
    resume: Option<Option<Resume>>,
    closes_after: Option<Option<Millis>>,
    collects: Option<Option<u8>>,
}

impl Wanted {
    async fn read(call: &Call<'_>, medium: ChannelType) -> Result<Self, ApiError> {
        let form = &call.form;
        let resume = match form.get("Resume") {
            None => None,
            Some("") => Some(None),
            Some(text) => {
                let wrong =
                    |_| ApiError::bad("Invalid parameter: Resume must be workflow or worker");
                Some(Some(text.parse().map_err(wrong)?))
            }
        };
        let closes_after = match form.get("CloseAfter") {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Timer::Closed.read(text).map_err(|why: Unfit| {
                ApiError::bad(format!("Invalid parameter: CloseAfter: {why}"))
            })?),
        };
        let seconds = form.integer("CollectSeconds", 0, i64::from(COLLECTED_WITHIN_MAX))?;
        let collects =
            seconds.map(|seconds| u8::try_from(seconds).ok().filter(|seconds| *seconds > 0));
        let fallback = match form.get("Fallback") {
            None => None,
            Some("") => Some(None),
            Some(_) => Some(Some(route(call, medium).await?)),
        };
        Ok(Self { fallback, resume, closes_after, collects })
    }
}

/// The workflow and the task channel that `Fallback` names, which are there.
async fn route(call: &Call<'_>, medium: ChannelType) -> Result<Route, ApiError> {
    let value = call.form.json("Fallback")?.unwrap_or_default();
    let named =
        value.as_object().filter(|it| it.keys().all(|key| FALLBACK.contains(&key.as_str())));
    if named.is_none() {
        let known = FALLBACK.join(", ");
        return Err(ApiError::bad(format!("Invalid parameter: Fallback is an object of {known}")));
    }
    let routing = Routing::read(&value)?;
    let workspace = routing.workspace(None)?;
    let resolved = routing.resolve(call, workspace, medium).await?;
    let (workflow, channel) = (resolved.workflow.sid, resolved.channel.sid);
    Ok(Route { workspace, workflow, channel })
}

fn after(before: Option<&Care>, wanted: Option<&Wanted>) -> Care {
    let Some(wanted) = wanted else { return Care::default() };
    let mut care = before.cloned().unwrap_or_default();
    if let Some(fallback) = &wanted.fallback {
        care.fallback.clone_from(fallback);
    }
    care.resume = wanted.resume.unwrap_or(care.resume);
    care.closes_after = wanted.closes_after.unwrap_or(care.closes_after);
    care.collects = wanted.collects.unwrap_or(care.collects);
    care
}

fn render(call: &Call<'_>, care: &Care, url: &str) -> Value {
    let fallback = care.fallback.as_ref().map(|route| {
        json!({
            "workspace_sid": route.workspace,
            "workflow_sid": route.workflow,
            "task_channel_sid": route.channel,
        })
    });
    json!({
        "account_sid": call.on.config.account_sid,
        "fallback": fallback,
        "resume": care.resume.map(Resume::name),
        "close_after_seconds": care.closes_after.map(|length| length.0 / 1000),
        "collect_seconds": care.collects.unwrap_or_default(),
        "url": call.url(url),
    })
}
