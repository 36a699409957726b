//! Texts of a definition that are filled in when a widget comes to them.

use serde_json::Value;

use super::end::Trouble;
use crate::liquid::{SyntaxError, Template};
use crate::timestamp::Timestamp;

/// A text with places. One that cannot be read is kept: the flow ends where it is needed, and not before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text(pub(super) Result<Template, SyntaxError>);

impl Text {
    /// Reads it.
    pub(super) fn of(text: &str) -> Self {
        Self(Template::parse(text))
    }

    /// Fills it in.
    pub(super) fn filled(&self, context: &Value, now: Timestamp) -> Result<String, Trouble> {
        match &self.0 {
            Ok(template) => {
                template.render(context, now).map_err(|error| Trouble::Template(error.to_string()))
            }
            Err(error) => Err(Trouble::Template(error.to_string())),
        }
    }
}

/// What a text says, as JSON where it is that: a number stays a number, and what is no JSON is a text.
pub(super) fn parsed(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}
