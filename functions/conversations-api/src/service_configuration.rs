//! The settings of a service: which roles newcomers get, and whether users are shown as present.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{Newcomer, Service};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{RoleSid, Sid as _};
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::scope::Scope;

/// The parameters that name a role, who gets it then, and the code of one that is none.
const APPOINTMENTS: [(&str, Newcomer, Code); 3] = [
    ("DefaultConversationCreatorRoleSid", Newcomer::Creator, Code::NoSuchCreatorRole),
    ("DefaultConversationRoleSid", Newcomer::Participant, Code::NoSuchRole),
    ("DefaultChatServiceRoleSid", Newcomer::User, Code::NoSuchUserRole),
];

/// `GET /v1/Services/{Sid}/Configuration`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope) -> Answer {
    Ok(Reply::ok(render(call, scope, &scope.whole_service(call).await?)))
}

/// `POST /v1/Services/{Sid}/Configuration`.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope) -> Answer {
    let mut appointments: Vec<(Newcomer, RoleSid)> = Vec::new();
    for (name, newcomer, unknown) in APPOINTMENTS {
        match call.form.get(name) {
            None => {}
            Some("") => return Err(ApiError::because(Code::RoleMissing, name)),
            Some(text) => appointments.push((newcomer, text.parse().map_err(|_| unknown)?)),
        }
    }
    let reachability = call.form.flag("ReachabilityEnabled")?;
    let answer = call
        .decide(async || {
            let loaded = scope.whole_service(call).await?;
            let mut service = loaded.clone();
            for (newcomer, role) in &appointments {
                service.appoint(*newcomer, *role)?;
            }
            service.reachability = reachability.unwrap_or(service.reachability);
            let unchanged = service == loaded;
            if !unchanged {
                service.updated = call.now;
            }
            let answer = render(call, scope, &service);
            let decision = if unchanged { Decision::unchanged() } else { Decision::put(service) };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

fn render(call: &Call<'_>, scope: &Scope, service: &Service) -> Value {
    let url = call.url(&scope.path("Configuration"));
    let role = |newcomer| service.sid.kin::<RoleSid>(service.rights.of(newcomer));
    json!({
        "chat_service_sid": service.sid,
        "default_conversation_creator_role_sid": role(Newcomer::Creator),
        "default_conversation_role_sid": role(Newcomer::Participant),
        "default_chat_service_role_sid": role(Newcomer::User),
        "reachability_enabled": service.reachability,
        "url": url,
        "links": {
            "notifications": format!("{url}/Notifications"),
            "webhooks": format!("{url}/Webhooks"),
        },
    })
}
