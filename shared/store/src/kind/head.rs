//! The head of a workspace.

use switchboard_domain::head::Head;
use switchboard_domain::sid::WorkspaceSid;

use super::Placed;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// The head of a workspace.
pub fn head(workspace: WorkspaceSid) -> Key {
    key(Table::Routing, workspace, "HEAD")
}

impl Placed for Head {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Head", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4", "sk": "HEAD", "v": 9,
            "changes_from": 9, "owner": "RQ4584fee0eb20da7e9d48495c4ed4d6ad", "recent": [
            "WT58215fa27b803fb9e52f292f2ddfb9e4"]}"#;

    fn place(&self) -> Place {
        Place::at(head(self.workspace))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::PartWorkspace, super::workspace(self.workspace))]
    }
}
