//! What a flow knows, as its texts look it up.
//!
//! `trigger.message`, `trigger.conversation`, `trigger.request`, `trigger.parent`, `flow.variables`, `flow.data`, `flow.channel`,
//! `flow.sid`, `flow.flow_sid`, `contact.channel.address`, `widgets.NAME`: <https://www.twilio.com/docs/studio/user-guide/get-started>, and public
//! exports for the members of a message.

use serde_json::{Map, Value, json};

use super::execution::{FlowExecution, Frame};

impl FlowExecution {
    /// What it knows where it is.
    pub fn context(&self) -> Value {
        match self.frames.last() {
            Some(frame) => self.context_of(frame),
            None => json!({}),
        }
    }

    fn context_of(&self, frame: &Frame) -> Value {
        let (from, to) = (self.contact.as_str(), self.channel.as_str());
        let mut shown = frame.trigger.shown(from, to);
        if let (Value::Object(all), Some(first)) = (&mut shown, self.frames.first()) {
            // A flow within another one hears of the message that began that one.
            if let (true, Value::Object(outer)) =
                (self.frames.len() > 1, first.trigger.shown(from, to))
            {
                outer.into_iter().for_each(|(key, value)| {
                    all.entry(key).or_insert(value);
                });
            }
        }
        json!({
            "trigger": shown,
            "flow": {
                "sid": self.sid,
                "flow_sid": frame.flow,
                "variables": frame.variables,
                "data": frame.trigger.parameters(),
                "channel": {"address": self.channel, "sid": self.conversation},
            },
            "contact": {"channel": {"address": self.contact}},
            "widgets": self.widgets(frame),
        })
    }
}

impl FlowExecution {
    /// What came of the widgets, with what is known of whoever replied.
    fn widgets(&self, frame: &Frame) -> Map<String, Value> {
        let mut widgets = frame.widgets.clone();
        for output in widgets.values_mut() {
            let Some(Value::Object(inbound)) = output.get_mut("inbound") else { continue };
            for (name, value) in [
                ("From", json!(self.contact)),
                ("Author", json!(self.contact)),
                ("To", json!(self.channel)),
                ("ConversationSid", json!(self.conversation)),
                ("ChannelSid", json!(self.conversation)),
                ("NumMedia", json!("0")),
            ] {
                inbound.entry(name).or_insert(value);
            }
        }
        widgets
    }
}

/// Keeps a widget's output under its name, one beside the other.
pub(super) fn keep(widgets: &mut Map<String, Value>, name: &str, output: Value) {
    match (widgets.get_mut(name), output) {
        (Some(Value::Object(known)), Value::Object(new)) => known.extend(new),
        (_, output) => {
            widgets.insert(name.to_owned(), output);
        }
    }
}
