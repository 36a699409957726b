//! An execution of a flow.

use switchboard_domain::flow::FlowExecution;
use switchboard_domain::sid::{FlowExecutionSid, FlowSid};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// An execution of a flow.
pub fn flow_execution(sid: FlowExecutionSid) -> Key {
    key(Table::Conversations, sid, "FN")
}

impl Placed for FlowExecution {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "FlowExecution", "pk": "FNd369e33584fc961c1392c39b2105a344", "sk": "FN", "v": 1,
            "lpk": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "lsk": "1795898976134#FNd369e33584fc961c1392c39b2105a344",
            "dpk": "FLOWS", "dsk": "1795899036202", "sid": "FNd369e33584fc961c1392c39b2105a344",
            "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "revision": 1,
            "conversation": "CHd369e33584fc961c1392c39b2105a344", "contact": "+15550199999", "channel": "+15550100001",
            "frames": [{ "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "state": "ask", "variables": { "lang": "en"},
            "trigger": { "message": { "message": "IM60cb37866e00985512442cc2f1b380e0",
            "conversation": "CHd369e33584fc961c1392c39b2105a344", "service": "ISf4873ffdb0cf6fc632c2b103c624ca50",
            "body": "hi"}}}],
            "waits": { "reply": { "until": 1795899036202, "attempt": 1}}, "turn": 1, "taken": 1,
            "steps": [{ "n": 1, "f": "Trigger", "t": "ask", "e": "incomingConversationMessage", "a": 1795898976134}],
            "look": 1795899036202, "created": 1795898976134, "updated": 1795898976134}"#;

    fn place(&self) -> Place {
        let place = Place::at(flow_execution(self.sid));
        let place = place.listed(self.flow, dated(self.created, self.sid));
        place.of_flows(self.look)
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// The executions of a flow, in order of creation.
    pub fn executions_of(flow: FlowSid) -> Self {
        Self::list(Table::Conversations, flow)
    }
}
