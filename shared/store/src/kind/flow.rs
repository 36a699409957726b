//! A flow.

use switchboard_domain::configuration::Flow;
use switchboard_domain::sid::FlowSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const FLOWS: &str = "FLOWS";

/// A flow.
pub fn flow(sid: FlowSid) -> Key {
    key(Table::Configuration, sid, "FW")
}

impl Placed for Flow {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Flow", "pk": "FWf77c4e35d05cfb4b4a10fb15d38e137f", "sk": "FW", "v": 1,
            "lpk": "FLOWS", "lsk": "1795898976134#FWf77c4e35d05cfb4b4a10fb15d38e137f",
            "created": 1795898976134,
            "definition": "{\"description\":\"Every new conversation goes to an agent\",\"initial_state\":\"Trigger\",\"states\":[{\"name\":\"Trigger\",\"properties\":{},\"transitions\":[{\"event\":\"incomingConversationMessage\",\"next\":\"Agent\"}],\"type\":\"trigger\"},{\"name\":\"Agent\",\"properties\":{\"attributes\":\"{}\",\"channel\":\"sms\",\"workflow\":\"WWfd6967f34139db27d3987807c25ea61b\"},\"transitions\":[],\"type\":\"send-to-flex\"}]}",
            "friendly_name": "Demo", "published": true, "revision": 1, "route": {
            "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4",
            "channel": "TCa4d01b373bf77f1d768ea47db6ca1996",
            "workflow": "WWfd6967f34139db27d3987807c25ea61b"}, "sid": "FWf77c4e35d05cfb4b4a10fb15d38e137f",
            "updated": 1795898976134}"#;

    fn place(&self) -> Place {
        Place::at(flow(self.sid)).listed(FLOWS, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let route = self.route.iter().chain(self.routes.values()).flat_map(|route| {
            [
                (Reference::FlowWorkspace, super::workspace(route.workspace)),
                (Reference::FlowWorkflow, super::workflow(route.workspace, route.workflow)),
                (Reference::FlowChannel, super::task_channel(route.workspace, route.channel)),
            ]
        });
        let addresses = self.addresses.iter().copied().map(super::address_configuration);
        route.chain(addresses.map(|at| (Reference::FlowAddress, at))).collect()
    }
}

impl Listing {
    /// Flows, in order of creation.
    pub fn flows() -> Self {
        Self::list(Table::Configuration, FLOWS)
    }
}
