//! Invites: each asks for one more agent, by a task of its own (rule C.4).

use serde_json::{Value, json};
use switchboard_domain::interaction::{Interaction, Invite};
use switchboard_domain::process::saga;
use switchboard_domain::sid::{InviteSid, ReservationSid, Sid as _};
use switchboard_domain::task::{self, Command, Source};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Page;

use crate::load;
use crate::order::{Routing, bad};
use crate::snapshot;

/// `POST …/Invites`.
pub(crate) async fn create(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let routing = call
        .form
        .json("Routing")?
        .ok_or_else(|| bad("Missing required parameter Routing in the post body"))?;
    let routing = Routing::read(&routing)?;
    let known = load::channel(call, kd, uo).await?;
    let workspace = routing.workspace(Some(known.workspace))?;
    let resolved = routing.resolve(call, workspace, known.channel_type).await?;
    let (interaction, task) = call
        .decide(|| async {
            let both = load::both(call, kd, uo).await?;
            let (interaction, conversation) = (&both.interaction, &both.conversation);
            let rule = |answers: &_| {
                saga::invited(
                    interaction,
                    conversation,
                    routing.order(&resolved),
                    answers,
                    call.now,
                )
            };
            let (interaction, task, decision) = call.on.answering::<_, ApiError>(rule).await?;
            Ok::<_, ApiError>(((interaction, task), decision))
        })
        .await?;
    let invite = interaction.invite_of(task.sid).ok_or_else(|| call.not_found())?;
    let names = load::names(call, &task).await?;
    let routing = snapshot::routing(call, &task, &names);
    Ok(Reply::ok(render(call, &interaction, invite, routing)))
}

/// `POST …/Invites/{KG}`, as the hosted desk does it: `{"action": "accept", "routing": {"reservation": {"sid": "WR…"}}}`, or `decline`. It
/// is an answer to the reservation, as the task router takes it.
pub(crate) async fn answer(call: &Call<'_>, (kd, uo, kg): (&str, &str, &str)) -> Answer {
    let sid: InviteSid = call.sid(kg)?;
    let routing = call.form.json("routing")?.unwrap_or_default();
    let reservation = routing.get("reservation").and_then(|it| it.get("sid")?.as_str());
    let reservation = reservation.and_then(|text| text.parse::<ReservationSid>().ok());
    let reservation = reservation.ok_or_else(|| bad("routing.reservation.sid is missing"))?;
    let command = match call.form.required("action")?.to_lowercase().as_str() {
        "accept" => Command::Accept(reservation),
        "decline" => Command::Reject(reservation),
        _ => return Err(bad("action must be accept or decline")),
    };
    let (interaction, task) = call
        .decide(|| async {
            let interaction = load::channel(call, kd, uo).await?;
            let invite = interaction
                .invites
                .iter()
                .find(|one| interaction.sid.kin::<InviteSid>(one.number) == sid);
            let task = load::tasks(call, invite.map(|invite| invite.task).into_iter()).await?.pop();
            let task = task.ok_or_else(|| call.not_found())?;
            let change = task::decide(&task, command.clone(), Source::Api, call.now)?;
            let task = change.task.clone();
            Ok::<_, ApiError>(((interaction, task), change.into()))
        })
        .await?;
    let invite = interaction.invite_of(task.sid).ok_or_else(|| call.not_found())?;
    let names = load::names(call, &task).await?;
    let routing = snapshot::routing(call, &task, &names);
    Ok(Reply::ok(render(call, &interaction, invite, routing)))
}

/// `GET …/Invites`.
pub(crate) async fn list(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let request = call.page(1000)?;
    let interaction = load::channel(call, kd, uo).await?;
    let page = request.of_parts(&interaction.invites, |one| one.number);
    let tasks = load::tasks(call, page.records.iter().map(|one| one.task)).await?;
    let mut records = Vec::new();
    for invite in &page.records {
        let routing = match tasks.iter().find(|task| task.sid == invite.task) {
            Some(task) => snapshot::routing(call, task, &load::names(call, task).await?),
            None => Value::Null,
        };
        records.push(render(call, &interaction, invite, routing));
    }
    let page = Page { records, next: page.next, previous: page.previous };
    Ok(call.paged("invites", &request, &page, Clone::clone))
}

fn render(call: &Call<'_>, interaction: &Interaction, invite: &Invite, routing: Value) -> Value {
    let sid: InviteSid = interaction.sid.kin(invite.number);
    let channel = interaction.channel_sid();
    let path = format!("v1/Interactions/{}/Channels/{channel}/Invites/{sid}", interaction.sid);
    json!({
        "sid": sid,
        "interaction_sid": interaction.sid,
        "channel_sid": channel,
        "routing": routing,
        "url": call.url(&path),
    })
}
