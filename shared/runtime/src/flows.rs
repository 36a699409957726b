//! What flows do, in the revision that handles them, and what the flows within them do.

use std::sync::Arc;

use switchboard_domain::configuration::{Flow, FlowRevision};
use switchboard_domain::flow::{Program, Programs};
use switchboard_domain::sid::FlowSid;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

/// So many flows may run within one at most, however deep.
const WITHIN_MAX: usize = 20;

impl Dependencies {
    /// What a flow does in one of its revisions, and what the flows within it do in those that are published. What is not there,
    /// or cannot be carried out, is left out.
    ///
    /// # Errors
    /// If the tables do not answer.
    pub async fn programs(&self, flow: FlowSid, revision: u32) -> Result<Programs, Failure> {
        let mut programs = Programs::new();
        if let Some(program) = self.program(flow, revision).await? {
            programs.insert(flow, program);
        }
        self.with_subflows(programs).await
    }

    /// The same of a flow that was read, in the revision that is published.
    ///
    /// # Errors
    /// If the tables do not answer.
    pub async fn published(&self, flow: &Flow) -> Result<Option<(u32, Programs)>, Failure> {
        let Some(revision) = flow.published_revision() else { return Ok(None) };
        let known = self.known_flows.get(flow.sid, revision);
        let read = || match revision == flow.revision {
            true => self.known_flows.learn(flow.sid, revision, &flow.definition),
            false => None,
        };
        let program = match known.or_else(read) {
            Some(program) => Some(program),
            None => self.program(flow.sid, revision).await?,
        };
        let Some(program) = program else { return Ok(None) };
        let programs = self.with_subflows(Programs::from([(flow.sid, program)])).await?;
        Ok(Some((revision, programs)))
    }

    async fn with_subflows(&self, mut programs: Programs) -> Result<Programs, Failure> {
        let within = |programs: &Programs| -> Vec<FlowSid> {
            let all = programs.values().flat_map(|one| one.graph.subflows());
            all.filter(|flow| !programs.contains_key(flow)).collect()
        };
        let mut gone = Vec::new();
        while programs.len() <= WITHIN_MAX {
            let next = within(&programs).into_iter().find(|flow| !gone.contains(flow));
            let Some(next) = next else { break };
            let flow: Option<Flow> = self.store.get(key::flow(next)).await?;
            let revision = flow.as_ref().and_then(Flow::published_revision);
            let program = match (flow, revision) {
                (Some(flow), Some(revision)) if revision == flow.revision => {
                    let known = self.known_flows.get(next, revision);
                    known.or_else(|| self.known_flows.learn(next, revision, &flow.definition))
                }
                (Some(_), Some(revision)) => self.program(next, revision).await?,
                (_, _) => None,
            };
            match program {
                Some(program) => drop(programs.insert(next, program)),
                None => gone.push(next),
            }
        }
        Ok(programs)
    }

    async fn program(&self, flow: FlowSid, revision: u32) -> Result<Option<Arc<Program>>, Failure> {
        if let Some(known) = self.known_flows.get(flow, revision) {
            return Ok(Some(known));
        }
        let kept: Option<FlowRevision> = self.store.get(key::flow_revision(flow, revision)).await?;
        let definition = match kept {
            Some(kept) => Some(kept.definition),
            // One that was saved before revisions were kept.
            None => {
                let flow: Option<Flow> = self.store.get(key::flow(flow)).await?;
                flow.filter(|flow| flow.revision == revision).map(|flow| flow.definition)
            }
        };
        Ok(definition.and_then(|it| self.known_flows.learn(flow, revision, &it)))
    }
}
