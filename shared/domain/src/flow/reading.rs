//! Reads the properties of a widget, and notes what is wrong with them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::FlowError;
use super::text::Text;

/// What context a flow has: the roots of all look-ups.
const ROOTS: [&str; 4] = ["trigger", "flow", "contact", "widgets"];

/// The properties of one widget.
pub(super) struct Reading<'a> {
    /// The name of its state.
    pub(super) name: &'a str,
    pub(super) properties: &'a Value,
    pub(super) errors: Vec<FlowError>,
    pub(super) warnings: Vec<String>,
    /// Whether there is a widget of that name.
    pub(super) names: &'a dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    pub(super) fn fails(&mut self, member: &str, what: &'static str) {
        let path = format!("states.{}.properties.{member}", self.name);
        self.errors.push(FlowError::Member(path, what));
    }

    /// A member as it stands there; a number as text.
    pub(super) fn plain(&self, member: &str) -> Option<String> {
        match &self.properties[member] {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A text that is filled in, if it is there.
    pub(super) fn text(&mut self, member: &str) -> Option<Text> {
        let plain = self.plain(member)?;
        Some(self.text_of(member, &plain))
    }

    pub(super) fn required(&mut self, member: &str) -> Text {
        match self.text(member) {
            Some(text) => text,
            None => {
                self.fails(member, "is missing");
                Text::of("")
            }
        }
    }

    /// A text that stands somewhere in a member. What nobody knows in it is a warning that names it.
    pub(super) fn text_of(&mut self, member: &str, plain: &str) -> Text {
        let text = Text::of(plain);
        let place = format!("states.{}.properties.{member}", self.name);
        match &text.0 {
            Err(error) => self.warnings.push(format!("{place} cannot be filled in: {error}")),
            Ok(template) => {
                let doubts = template.doubts();
                let filters = doubts.filters.iter().map(|it| format!("the filter {it}"));
                let tags = doubts.tags.iter().map(|it| format!("the tag {it}"));
                let variables = doubts.variables.iter().filter_map(|(root, second)| {
                    if !ROOTS.contains(&root.as_str()) {
                        return Some(format!("the variable {root}"));
                    }
                    let widget = second.as_deref().filter(|_| root == "widgets")?;
                    (!(self.names)(widget)).then(|| format!("the variable widgets.{widget}"))
                });
                let unknown = filters.chain(tags).chain(variables);
                self.warnings.extend(unknown.map(|what| format!("{place}: {what} is unknown")));
            }
        }
        text
    }

    /// A whole number, or one in text.
    pub(super) fn number(&self, member: &str) -> Option<i64> {
        let value = &self.properties[member];
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// Key and value pairs: a list of `{"key": …, "value": …}`, each with the member's other members.
    pub(super) fn pairs(&mut self, member: &str) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for one in self.properties[member].as_array().into_iter().flatten() {
            let Some(key) = one["key"].as_str().filter(|key| !key.is_empty()) else { continue };
            let plain = match &one["value"] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other
                @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    other.to_string()
                }
            };
            let value = self.text_of(&format!("{member}.{key}"), &plain);
            let is_json = one["type"].as_str().is_some_and(|kind| kind != "string")
                || one["parse_as_json"].as_bool() == Some(true);
            pairs.push(Pair { key: key.to_owned(), value, is_json });
        }
        pairs
    }

    /// What has to be one of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, member: &str, words: &BTreeMap<&str, T>) -> Option<T> {
        let plain = self.plain(member)?;
        let found = words.get(plain.to_ascii_lowercase().as_str()).copied();
        if found.is_none() {
            self.fails(member, "is no word that is known here");
        }
        found
    }
}

/// A key and a value that is filled in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: Text,
    /// What comes of it is read as JSON.
    pub(super) is_json: bool,
}
