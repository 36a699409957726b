//! `ContentSid` and `ContentVariables`: a message that is made of a template (rules B.3, E.10).

use switchboard_domain::codes::Code;
use switchboard_domain::sid::ContentSid;
use switchboard_domain::template::{ContentTemplate, Filled, Product, Values, WrongValues, values};
use switchboard_rest::{ApiError, Call};
use switchboard_store::key;

/// The template that a request names, filled in; none if it names none. `Body` and `MediaSid` are ignored beside one (rule B.3).
pub(crate) async fn given(call: &Call<'_>) -> Result<Option<Filled>, ApiError> {
    let form = &call.form;
    let variables = form.given("ContentVariables");
    let Some(sid) = form.given("ContentSid") else {
        return match variables {
            Some(_) => Err(Code::ContentSidMissing.into()),
            None => Ok(None),
        };
    };
    let _ = (form.get("Body"), form.get("MediaSid"));
    let refused = |why: &str| ApiError::because(Code::InvalidContentSid, why);
    let sid: ContentSid = sid.parse().map_err(|_| refused("it is no identifier"))?;
    let given = match variables {
        Some(text) => values(text, Product::Conversations).map_err(wrong)?,
        None => Values::new(),
    };
    let found: Option<ContentTemplate> = call.on.store.get(key::content_template(sid)).await?;
    let template = found.ok_or_else(|| refused("the account has no such template"))?;
    if !template.is_for_conversations() {
        return Err(Code::ContentTypeUnsupported.into());
    }
    template.filled(&given, Product::Conversations).map_err(wrong).map(Some)
}

fn wrong(values: WrongValues) -> ApiError {
    ApiError::because(values.code(Product::Conversations), values)
}
