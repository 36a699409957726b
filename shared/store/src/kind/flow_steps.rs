//! Steps that an execution took before its latest ones.

use switchboard_domain::flow::FlowSteps;
use switchboard_domain::sid::FlowExecutionSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, indexed, key};
use crate::reference::Reference;

/// What its sort keys begin with.
const PREFIX: &str = "S#";

/// Steps of an execution, by the number of the first of them.
pub fn flow_steps(execution: FlowExecutionSid, first: u32) -> Key {
    key(Table::Conversations, execution, format!("{PREFIX}{}", indexed(first)))
}

impl Placed for FlowSteps {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "FlowSteps", "pk": "FNd369e33584fc961c1392c39b2105a344", "sk": "S#0000000001", "v": 1,
            "execution": "FNd369e33584fc961c1392c39b2105a344", "first": 1,
            "steps": [{ "n": 1, "f": "Trigger", "e": "incomingRequest", "a": 1795898976134}]}"#;

    fn place(&self) -> Place {
        Place::at(flow_steps(self.execution, self.first))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// The steps of an execution that are beside it, in order.
    pub fn steps_of(execution: FlowExecutionSid) -> Self {
        Self::partition(Table::Conversations, execution, PREFIX)
    }
}
