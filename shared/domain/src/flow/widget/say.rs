//! Send Message: says something in the conversation and goes on.
//!
//! <https://www.twilio.com/docs/studio/widget-library/send-message>; exports have `from`, `to`, `service`, `channel` and `body`, some
//! `media_url`, and for a template `message_type: "content_template"`, `content_sid`, `content_variables`. What is said goes to the
//! conversation of the execution, so `to`, `service` and `channel` are not looked at; `from` names who said it.

use serde_json::Value;

use super::super::end::Trouble;
use super::super::reading::Reading;
use super::super::text::Text;
use crate::timestamp::Timestamp;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Say {
    body: Option<Text>,
    media: Option<Text>,
}

impl Say {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        let (body, media) = (reading.text("body"), reading.text("media_url"));
        if reading.plain("message_type").as_deref() == Some("content_template") {
            reading.fails("message_type", "is content_template, which flows cannot send yet");
        } else if body.is_none() && media.is_none() {
            reading.fails("body", "is missing");
        }
        Self { body, media }
    }

    /// What it says, and the address of a picture that it shows.
    pub(in super::super) fn said(
        &self,
        context: &Value,
        now: Timestamp,
    ) -> Result<(String, Option<String>), Trouble> {
        let filled = |text: &Option<Text>| match text {
            Some(text) => text.filled(context, now),
            None => Ok(String::new()),
        };
        let media = Some(filled(&self.media)?).filter(|url| !url.is_empty());
        Ok((filled(&self.body)?, media))
    }
}
