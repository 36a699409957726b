//! `ContentSid` and `ContentVariables`: a message that is made of a template (rule E.10).

use switchboard_domain::codes::Code;
use switchboard_domain::sid::ContentSid;
use switchboard_domain::template::{ContentTemplate, Filled, Product, Values, WrongValues, values};
use switchboard_rest::{ApiError, Call};
use switchboard_store::key;

/// The template that a request names, filled in; none if it names none. `Body` and `MediaUrl` are ignored beside one, as Conversations
/// publishes of its own (**inferred** for this product).
pub(super) async fn given(call: &Call<'_>) -> Result<Option<Filled>, ApiError> {
    let form = &call.form;
    let variables = form.given("ContentVariables");
    let Some(sid) = form.given("ContentSid") else {
        return match variables {
            Some(_) => Err(Code::ContentSidRequired.into()),
            None => Ok(None),
        };
    };
    let _ = (form.get("Body"), form.get("MediaUrl"));
    let refused = |why: &str| ApiError::because(Code::NoSuchContent, why);
    let sid: ContentSid = sid.parse().map_err(|_| refused("it is no identifier"))?;
    let given = match variables {
        Some(text) => values(text, Product::Messages).map_err(wrong)?,
        None => Values::new(),
    };
    let found: Option<ContentTemplate> = call.on.store.get(key::content_template(sid)).await?;
    let template = found.ok_or_else(|| refused("the account has no such template"))?;
    let filled = template.filled(&given, Product::Messages).map_err(wrong)?;
    match filled.is_unsendable() {
        true => Err(refused("WhatsApp has to approve it before it can be sent")),
        false => Ok(Some(filled)),
    }
}

fn wrong(values: WrongValues) -> ApiError {
    ApiError::because(values.code(Product::Messages), values)
}
