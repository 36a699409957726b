//! Roles of a service: what its users and participants may do (rule B.6).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{Permission, Role, RoleKind, Service};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{RoleSid, Sid as _};
use switchboard_rest::fields::Longest;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};

use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 50;
/// The longest name (rule H).
const NAME_CHARS_MAX: usize = 64;

/// `POST …/Roles`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope) -> Answer {
    let form = &call.form;
    let friendly_name = form.required("FriendlyName")?.to_owned();
    if Longest::Chars(NAME_CHARS_MAX).is_exceeded(&friendly_name) {
        return Err(Code::FriendlyNameTooLong.into());
    }
    let kind: RoleKind = form.required("Type")?.parse().map_err(|_| Code::InvalidRoleType)?;
    let permissions = permissions(form)?;
    let answer = call
        .decide(async || {
            let mut service = scope.whole_service(call).await?;
            let (name, granted) = (friendly_name.clone(), permissions.clone());
            let number = service.add_role(kind, name, granted, call.now)?;
            let answer = rendered(call, scope, &service, service.sid.kin(number))?;
            Ok::<_, ApiError>((answer, Decision::put(service)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET …/Roles`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let service = scope.whole_service(call).await?;
    let page = request.of_parts(&service.roles(), |role| role.number);
    Ok(call.paged("roles", &request, &page, |role| render(call, scope, &service, role)))
}

/// `GET …/Roles/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, sid: &str) -> Answer {
    let service = scope.whole_service(call).await?;
    Ok(Reply::ok(rendered(call, scope, &service, call.sid(sid)?)?))
}

/// `POST …/Roles/{Sid}`: the permissions, in place of those that the role has.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, sid: &str) -> Answer {
    let sid: RoleSid = call.sid(sid)?;
    let permissions = permissions(&call.form)?;
    let answer = call
        .decide(async || {
            let mut service = scope.whole_service(call).await?;
            service.role(sid).ok_or_else(|| call.not_found())?;
            let is_change = service.change_role(sid, permissions.clone(), call.now)?;
            let answer = rendered(call, scope, &service, sid)?;
            let unchanged = Decision::unchanged();
            let decision = if is_change { Decision::put(service) } else { unchanged };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Roles/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, sid: &str) -> Answer {
    let sid: RoleSid = call.sid(sid)?;
    call.decide(async || {
        let mut service = scope.whole_service(call).await?;
        service.role(sid).ok_or_else(|| call.not_found())?;
        service.remove_role(sid, call.now)?;
        Ok::<_, ApiError>(((), Decision::put(service)))
    })
    .await?;
    Ok(Reply::gone())
}

/// At least one permission; a name that none has is said.
fn permissions(form: &Params) -> Result<Vec<Permission>, ApiError> {
    form.required("Permission")?;
    let names = form.all("Permission");
    let unknown = |name: &str| ApiError::because(Code::NoSuchPermission, name);
    let given = names.iter().filter(|name| !name.is_empty());
    given.map(|name| name.parse().map_err(|_| unknown(name))).collect()
}

fn rendered(
    call: &Call<'_>,
    scope: &Scope,
    service: &Service,
    sid: RoleSid,
) -> Result<Value, ApiError> {
    let role = service.role(sid).ok_or_else(|| call.not_found())?;
    Ok(render(call, scope, service, &role))
}

fn render(call: &Call<'_>, scope: &Scope, service: &Service, role: &Role) -> Value {
    let sid: RoleSid = service.sid.kin(role.number);
    let permissions: Vec<&str> = role.permissions.iter().map(|one| one.name()).collect();
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": service.sid,
        "friendly_name": role.friendly_name,
        "type": role.kind.name(),
        "permissions": permissions,
        "date_created": role.created.iso(),
        "date_updated": role.updated.iso(),
        "url": call.url(&scope.path(&format!("Roles/{sid}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_in_any_case_and_unknown_ones_are_named() {
        let read = |names: Value| permissions(&Params::from_json(&json!({ "Permission": names })));
        let both = read(json!(["SENDMESSAGE", "leaveConversation"])).unwrap();
        assert_eq!(both, [Permission::SendMessage, Permission::LeaveConversation]);
        let refused = read(json!(["sendMessage", "flyAway"])).unwrap_err();
        assert_eq!((refused.status, refused.code), (400, 50104));
        assert!(refused.message.contains("flyAway"), "{}", refused.message);
        assert_eq!(read(json!([])).unwrap_err().code, 20001);
        assert_eq!(read(json!("")).unwrap_err().code, 20001);
    }
}
