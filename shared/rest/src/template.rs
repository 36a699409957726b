//! `ContentSid` and `ContentVariables`: a message that is made of a template (rules B.3, E.10).

use switchboard_domain::codes::Code;
use switchboard_domain::sid::ContentSid;
use switchboard_domain::template::{ContentTemplate, Filled, Product, Values, WrongValues, values};
use switchboard_store::key;

use crate::{ApiError, Call};

/// The template that a request names, filled in; none if it names none. Text and files are ignored beside one (rule B.3;
/// **inferred** for programmable messages).
///
/// # Errors
/// The product's own codes for values without a template, for one that is not there or cannot be sent, and for wrong values.
pub async fn given(call: &Call<'_>, product: Product) -> Result<Option<Filled>, ApiError> {
    let form = &call.form;
    let (sid, variables) = (form.given("ContentSid"), form.given("ContentVariables"));
    if sid.is_some() {
        let files = match product {
            Product::Conversations => "MediaSid",
            Product::Messages => "MediaUrl",
        };
        let _ = (form.get("Body"), form.get(files));
    }
    named(call, product, sid, variables).await
}

/// The same of a template that is named elsewhere than in a form.
///
/// # Errors
/// As [`given`].
pub async fn named(
    call: &Call<'_>,
    product: Product,
    sid: Option<&str>,
    variables: Option<&str>,
) -> Result<Option<Filled>, ApiError> {
    let Some(sid) = sid else {
        return match variables {
            Some(_) => Err(product.without_template().into()),
            None => Ok(None),
        };
    };
    let refused = |why: &str| ApiError::because(product.no_such_template(), why);
    let wrong = |values: WrongValues| ApiError::because(values.code(product), values);
    let sid: ContentSid = sid.parse().map_err(|_| refused("it is no identifier"))?;
    let given = match variables {
        Some(text) => values(text, product).map_err(wrong)?,
        None => Values::new(),
    };
    let found: Option<ContentTemplate> = call.on.store.get(key::content_template(sid)).await?;
    let template = found.ok_or_else(|| refused("the account has no such template"))?;
    if product == Product::Conversations && !template.is_for_conversations() {
        return Err(Code::ContentTypeUnsupported.into());
    }
    let filled = template.filled(&given, product).map_err(wrong)?;
    if product == Product::Messages && filled.is_unsendable() {
        return Err(refused("WhatsApp has to approve it before it can be sent"));
    }
    Ok(Some(filled))
}
