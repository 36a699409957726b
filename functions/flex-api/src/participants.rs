//! Participants of an interaction's channel (rule C.6).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{NewParticipant, Presence};
use switchboard_domain::interaction::{
    ChannelParticipant, Interaction, ParticipantKind, SeatRouting,
};
use switchboard_domain::process::interaction::{self, LeaveRequest, Leaving};
use switchboard_domain::process::saga::Means;
use switchboard_domain::sid::{ChannelParticipantSid, Sid as _};
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::interactions::participant;
use crate::load;

/// `GET …/Participants`: who is seated now.
pub(crate) async fn list(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let request = call.page(1000)?;
    let interaction = load::channel(call, kd, uo).await?;
    let seated = interaction.participants.iter().filter(|one| !one.left);
    let seated: Vec<&ChannelParticipant> = seated.collect();
    let page = request.of_parts(&seated, |one| one.number);
    Ok(call.paged("participants", &request, &page, |one| render(call, &interaction, one)))
}

/// `POST …/Participants`: adds a participant who is not invited by a task.
pub(crate) async fn create(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let kind = call.form.required("Type")?;
    let kind: ParticipantKind = kind.parse().map_err(|_| invalid("Type is unknown"))?;
    let media = call.form.json("MediaProperties")?;
    let media = media.ok_or_else(|| invalid("MediaProperties are missing"))?;
    let new = NewParticipant { presence: presence(kind, &media)?, ..participant(&media)? };
    let routing = match call.form.json("RoutingProperties")? {
        Some(value) => Some(routing(&value)?),
        None => None,
    };
    let number = call
        .decide(|| async {
            let both = load::both(call, kd, uo).await?;
            let rule = |answers: &_| {
                interaction::add_participant(
                    &both.interaction,
                    &both.conversation,
                    kind,
                    new.clone(),
                    routing.clone(),
                    answers,
                    call.now,
                )
            };
            call.on.answering::<_, ApiError>(rule).await
        })
        .await?;
    let interaction = load::channel(call, kd, uo).await?;
    let added = interaction.participants.iter().find(|one| one.number == number);
    let added = added.ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &interaction, added)))
}

/// How a supervisor is there (rule C.12): `{"identity": "…", "mode": "listen"}`, which it is if nothing is said, `coach`, or `join`,
/// which is as everybody does. **Ours:** nothing is published of supervisors on channels of messages.
fn presence(kind: ParticipantKind, media: &Value) -> Result<Option<Presence>, ApiError> {
    let mode = media.get("mode").filter(|it| !it.is_null()).map(Value::as_str);
    match (kind, mode) {
        (ParticipantKind::Supervisor, None) => Ok(Some(Presence::Listen)),
        (ParticipantKind::Supervisor, Some(Some("join"))) => Ok(None),
        (ParticipantKind::Supervisor, Some(Some(mode))) => {
            mode.parse().map(Some).map_err(|_| invalid("mode must be listen, coach or join"))
        }
        (_, None) => Ok(None),
        (_, Some(_)) => Err(invalid("mode is a supervisor's")),
    }
}

fn routing(value: &Value) -> Result<SeatRouting, ApiError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let wrong = || invalid("RoutingProperties need task_sid, worker_sid and reservation_sid");
    Ok(SeatRouting {
        task: text("task_sid").parse().map_err(|_| wrong())?,
        reservation: text("reservation_sid").parse().map_err(|_| wrong())?,
        worker: text("worker_sid").parse().map_err(|_| wrong())?,
    })
}

fn invalid(why: &str) -> ApiError {
    ApiError::because(Code::InvalidSeat, why)
}

/// `POST …/Participants/{UT}`: `closed` or `wrapup`.
pub(crate) async fn update(call: &Call<'_>, kd: &str, uo: &str, ut: &str) -> Answer {
    let sid: ChannelParticipantSid = call.sid(ut)?;
    let how = match call.form.required("Status")?.to_lowercase().as_str() {
        "closed" => LeaveRequest::Closed,
        "wrapup" => LeaveRequest::WrapUp,
        _ => {
            return Err(ApiError::bad("Invalid parameter: Status must be closed or wrapup"));
        }
    };
    let interaction = call
        .decide(|| async {
            let both = load::both(call, kd, uo).await?;
            let seat = both.interaction.participant(sid).ok_or_else(|| call.not_found())?;
            let task = seat.routing.as_ref().map(|routing| routing.task);
            let task = load::tasks(call, task.into_iter()).await?.pop();
            let leaving = Leaving { number: seat.number, how };
            let means = match how {
                LeaveRequest::Closed => load::means(call, &both).await?,
                LeaveRequest::WrapUp => Means::default(),
            };
            let rule = |answers: &_| {
                interaction::leave(
                    &both.interaction,
                    &both.conversation,
                    task.as_ref(),
                    leaving,
                    &means,
                    answers,
                    call.now,
                )
            };
            let decision = call.on.answering::<_, ApiError>(rule).await?;
            Ok::<_, ApiError>((both.interaction, decision))
        })
        .await?;
    let seat = interaction.participant(sid).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &interaction, seat)))
}

fn render(call: &Call<'_>, interaction: &Interaction, one: &ChannelParticipant) -> Value {
    let sid: ChannelParticipantSid = interaction.sid.kin(one.number);
    let channel = interaction.channel_sid();
    let path = format!("v1/Interactions/{}/Channels/{channel}/Participants/{sid}", interaction.sid);
    let routing = one.routing.as_ref().map(|routing| {
        json!({
            "task_sid": routing.task,
            "worker_sid": routing.worker,
            "reservation_sid": routing.reservation,
        })
    });
    json!({
        "sid": sid,
        "type": one.kind.name(),
        "interaction_sid": interaction.sid,
        "channel_sid": channel,
        "routing_properties": routing,
        "url": call.url(&path),
    })
}
