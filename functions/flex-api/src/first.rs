//! The first message of an interaction that an agent or a program begins (rule C.2).
//!
//! The vendor sends it by the Conversations API once the conversation is there. **Ours:** `Channel.message`, `{"body": "…"}` or
//! `{"content_sid": "HX…", "content_variables": {…}}`, with `author`, is in the transaction that opens the conversation, so there is none
//! without the other. On WhatsApp a customer who has not written takes templates alone.

use serde_json::Value;
use switchboard_domain::address::ChannelType;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Dates;
use switchboard_domain::interaction::InitiatedBy;
use switchboard_domain::message::Post;
use switchboard_domain::private::Private;
use switchboard_domain::template::Product;
use switchboard_rest::{ApiError, Call, template};

use crate::order::text;

/// The message as it was given.
pub(crate) struct First {
    body: Option<String>,
    content: Option<String>,
    variables: Option<String>,
    author: Option<String>,
}

impl First {
    /// Reads it.
    pub(crate) fn read(
        value: &Value,
        by: InitiatedBy,
        kind: ChannelType,
    ) -> Result<Self, ApiError> {
        let variables = value.get("content_variables").filter(|it| !it.is_null());
        let variables =
            variables.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        let (body, content) = (text(value, "body")?, text(value, "content_sid")?);
        if by == InitiatedBy::Customer {
            return Err(failed("the customer wrote the first message"));
        }
        if body.is_none() && content.is_none() {
            return Err(failed("message needs a body or a content_sid"));
        }
        if kind == ChannelType::Whatsapp && content.is_none() {
            return Err(failed("on WhatsApp the first message has to be a template"));
        }
        Ok(Self { body, content, variables, author: text(value, "author")? })
    }

    /// What is posted.
    pub(crate) async fn post(&self, call: &Call<'_>) -> Result<Post, ApiError> {
        let (content, variables) = (self.content.as_deref(), self.variables.as_deref());
        let filled = template::named(call, Product::Conversations, content, variables).await?;
        let body = match &filled {
            Some(filled) => filled.text(),
            None => self.body.as_deref().map(Private::from),
        };
        Ok(Post {
            sid: call.on.mint(),
            author: self.author.clone(),
            body,
            media: Vec::new(),
            attributes: None,
            speaker: None,
            origin: None,
            aliases: Vec::new(),
            dates: Dates::default(),
            filled: filled.map(Box::new),
        })
    }
}

fn failed(why: &str) -> ApiError {
    ApiError::because(Code::OutboundChannelFailed, why)
}
