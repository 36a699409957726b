//! The one channel of an interaction.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::process::interaction;
use switchboard_domain::process::saga::Means;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Page;

use crate::load;

/// `GET …/Channels`.
pub(crate) async fn list(call: &Call<'_>, kd: &str) -> Answer {
    let request = call.page(1000)?;
    let interaction = load::interaction(call, kd).await?;
    let page = Page { records: vec![interaction], next: None, previous: None };
    Ok(call.paged("channels", &request, &page, |one| render(call, one)))
}

/// `GET …/Channels/{UO}`.
pub(crate) async fn fetch(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let interaction = load::channel(call, kd, uo).await?;
    Ok(Reply::ok(render(call, &interaction)))
}

/// What is to become of the channel.
#[derive(Clone, Copy)]
enum Wish {
    Close { complete: bool },
    Deactivate,
}

/// `POST …/Channels/{UO}`: `closed`, or `inactive` (rule C.7).
pub(crate) async fn update(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let wish = wish(call)?;
    call.decide(|| async {
        let both = load::both(call, kd, uo).await?;
        let (interaction, conversation) = (&both.interaction, &both.conversation);
        let tasks = load::tasks(call, interaction.open_tasks()).await?;
        let (tasks, now) = (&tasks, call.now);
        let means = match wish {
            Wish::Close { .. } => Means::default(),
            Wish::Deactivate => load::means(call, &both).await?,
        };
        let rule = |answers: &_| match wish {
            Wish::Close { complete } => {
                interaction::close(interaction, conversation, tasks, complete, answers, now)
            }
            Wish::Deactivate => {
                interaction::deactivate(interaction, conversation, tasks, &means, answers, now)
            }
        };
        Ok::<_, ApiError>(((), call.on.answering::<_, ApiError>(rule).await?))
    })
    .await?;
    fetch(call, kd, uo).await
}

fn wish(call: &Call<'_>) -> Result<Wish, ApiError> {
    // The hosted desk says `status` and `close`.
    let form = &call.form;
    let status = form.given("Status").or_else(|| form.given("status"));
    let status = status.ok_or(Code::ChannelStatusMissing)?;
    let routing = form.json("Routing")?.or(form.json("routing")?).unwrap_or_default();
    let routing = routing.get("status").and_then(Value::as_str).map(str::to_lowercase);
    let complete = match routing.as_deref() {
        None => false,
        Some("closed" | "close") => true,
        Some("wrapping" | "wrapup") => false,
        Some(_) => return Err(invalid("Routing.status must be closed or wrapping")),
    };
    match status.to_lowercase().as_str() {
        "closed" | "close" => Ok(Wish::Close { complete }),
        "inactive" if complete => Ok(Wish::Deactivate),
        "inactive" => Err(invalid("Status inactive needs Routing {\"status\":\"closed\"}")),
        _ => Err(invalid("Status must be closed or inactive")),
    }
}

fn invalid(why: &str) -> ApiError {
    ApiError::because(Code::InvalidChannelStatus, why)
}

fn render(call: &Call<'_>, interaction: &Interaction) -> Value {
    let sid = interaction.channel_sid();
    let url = call.url(&format!("v1/Interactions/{}/Channels/{sid}", interaction.sid));
    json!({
        "sid": sid,
        "interaction_sid": interaction.sid,
        "type": interaction.channel_type.name(),
        "status": interaction.status.name(),
        "error_code": null,
        "error_message": null,
        "links": {
            "participants": format!("{url}/Participants"),
            "invites": format!("{url}/Invites"),
            "transfers": format!("{url}/Transfers"),
        },
        "url": url,
    })
}
