//! WhatsApp's approval of a template. The vendor asks WhatsApp; nobody here does: whoever runs this has the template approved in the
//! carrier's own tool, and says here what the carrier calls it and how far that is.
//!
//! `name` and `category` are the vendor's. `status` and `rejection_reason` are ours: without a status the request was `received`, and
//! only what is `approved` is ever sent as a template. Asking again tells more of it.

use serde_json::{Map, Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::template::{Approval, ApprovalStatus, Category, ContentTemplate};
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Reply};

use super::{load, render};

/// The longest reason of WhatsApp's that is kept.
const REASON_CHARS_MAX: usize = 1000;

/// `POST /v1/Content/{Sid}/ApprovalRequests/whatsapp`.
pub(crate) async fn create(call: &Call<'_>, sid: &str) -> Answer {
    let approval = approval(call)?;
    let changed = call.decide(|| async {
        let mut template = load(call, sid).await?;
        if template.approvable().is_none() {
            let why = "WhatsApp approves no list and no place, and the template has nothing else";
            return Err(ApiError::bad(format!("Invalid parameter: {why}")));
        }
        if template.approval.as_ref() == Some(&approval) {
            return Ok((template, Decision::unchanged()));
        }
        template.approval = Some(approval.clone());
        template.updated = call.now;
        Ok((template.clone(), Decision::put(template)))
    });
    Ok(Reply::created(Value::Object(whatsapp(&changed.await?))))
}

fn approval(call: &Call<'_>) -> Result<Approval, ApiError> {
    let form = &call.form;
    let name = form.required("name")?;
    if !Approval::is_name(name) {
        let why = "must be lowercase letters, digits and _, or the carrier's identifier (HX…)";
        return Err(invalid("name", why));
    }
    let category: Category =
        form.given("category").ok_or_else(|| missing("category"))?.parse().map_err(|_| {
            invalid("category", "must be one of UTILITY, MARKETING, AUTHENTICATION")
        })?;
    let words = "must be one of received, pending, approved, rejected, paused, disabled";
    let status = form.given("status").map(str::parse).transpose();
    let status = status.map_err(|_| invalid("status", words))?.unwrap_or(ApprovalStatus::Received);
    let rejection_reason = form.text("rejection_reason", REASON_CHARS_MAX)?;
    let rejection_reason = rejection_reason.filter(|reason| !reason.is_empty());
    Ok(Approval { name: name.to_owned(), category, status, rejection_reason })
}

/// `GET /v1/Content/{Sid}/ApprovalRequests`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    let template = load(call, sid).await?;
    Ok(Reply::ok(json!({
        "sid": template.sid,
        "account_sid": call.on.config.account_sid,
        "whatsapp": whatsapp(&template),
        "url": call.url(&format!("v1/Content/{}/ApprovalRequests", template.sid)),
    })))
}

/// What is known of the approval. **Inferred:** of a template that was never submitted, the published status `unsubmitted` alone.
fn whatsapp(template: &ContentTemplate) -> Map<String, Value> {
    let approval = template.approval.as_ref();
    let shown = json!({
        "type": "whatsapp",
        "name": approval.map(|it| it.name.as_str()).unwrap_or_default(),
        "category": approval.map(|it| it.category.name()).unwrap_or_default(),
        "content_type": template.approvable().map(|kind| kind.name()).unwrap_or_default(),
        "status": approval.map_or("unsubmitted", |it| it.status.name()),
        "rejection_reason": approval.and_then(|it| it.rejection_reason.as_deref()).unwrap_or_default(),
        "allow_category_change": false,
    });
    shown.as_object().cloned().unwrap_or_default()
}

/// A template with its approval, as the list of both shows it.
pub(crate) fn render_with(call: &Call<'_>, template: &ContentTemplate) -> Value {
    let mut shown = render(call, template);
    shown["approval_requests"] = Value::Object(whatsapp(template));
    if let Some(members) = shown.as_object_mut() {
        members.remove("url");
        members.remove("links");
    }
    shown
}
