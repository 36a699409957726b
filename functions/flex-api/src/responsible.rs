//! Who is responsible for an interaction, and which ones wait for somebody: resources of ours (rule C.15), so that the published ones
//! stay as they are.

use serde_json::{Value, json};
use switchboard_domain::interaction::{Interaction, ParticipantKind, Responsible};
use switchboard_domain::sid::{ChannelParticipantSid, InviteSid, Sid as _};
use switchboard_rest::{Answer, Call, Reply};
use switchboard_store::{Listing, Page};

use crate::load;

/// The largest page.
const PAGE_MAX: i64 = 50;

/// `GET /v1/Interactions/{KD}/Responsible`.
pub(crate) async fn fetch(call: &Call<'_>, kd: &str) -> Answer {
    Ok(Reply::ok(render(call, &load::interaction(call, kd).await?)))
}

/// `GET /v1/Waiting`: those that nobody is responsible for without anybody having meant that, who has waited longest
/// first.
pub(crate) async fn waiting(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let listing = Listing::waiting_interactions();
    let page: Page<Interaction> =
        call.list(&listing, &request, |one: &Interaction| one.waits_since().is_some()).await?;
    Ok(call.paged("interactions", &request, &page, |one| render(call, one)))
}

fn render(call: &Call<'_>, one: &Interaction) -> Value {
    let unattended = one.unattended.as_deref();
    let last = unattended.and_then(|it| it.last.as_ref());
    let seated = one.participants.iter().filter(|it| it.kind == ParticipantKind::Agent && !it.left);
    let seated: Vec<ChannelParticipantSid> = seated.map(|it| one.sid.kin(it.number)).collect();
    let invited = one.invites.iter().filter(|it| !it.over);
    let invited: Vec<InviteSid> = invited.map(|it| one.sid.kin(it.number)).collect();
    json!({
        "account_sid": call.on.config.account_sid,
        "interaction_sid": one.sid,
        "channel_sid": one.channel_sid(),
        "conversation_sid": one.conversation_sid(),
        "responsible": one.responsible().map(Responsible::name),
        "agents": seated,
        "invites": invited,
        "since": unattended.map(|it| it.since.iso()),
        "cause": unattended.map(|it| it.cause.name()),
        "rings": unattended.map(|it| it.rings),
        "last_workflow_sid": last.map(|it| it.workflow),
        "last_queue_sid": last.and_then(|it| it.queue),
        "last_worker_sid": last.and_then(|it| it.worker),
        "url": call.url(&format!("v1/Interactions/{}/Responsible", one.sid)),
    })
}
