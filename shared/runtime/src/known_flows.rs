//! The revisions of flows that this process has read: a revision never changes, so what was parsed stays true.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use switchboard_domain::flow::{Graph, Program};
use switchboard_domain::sid::FlowSid;

/// So many revisions are kept at most; then all are read anew.
const KEPT_MAX: usize = 256;

/// The revisions that were read.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownFlows(Arc<Mutex<Programs>>);

/// By flow and revision.
type Programs = BTreeMap<(FlowSid, u32), Arc<Program>>;

impl KnownFlows {
    pub(crate) fn get(&self, flow: FlowSid, revision: u32) -> Option<Arc<Program>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(flow, revision)).cloned()
    }

    /// What cannot be carried out is not kept, and is nothing.
    pub(crate) fn learn(
        &self,
        flow: FlowSid,
        revision: u32,
        definition: &str,
    ) -> Option<Arc<Program>> {
        let graph = Graph::read(definition).ok()?;
        let program = Arc::new(Program { flow, revision, graph });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        all.insert((flow, revision), Arc::clone(&program));
        Some(program)
    }
}
