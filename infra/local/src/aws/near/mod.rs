//! The short road: a function's requests to tables and queues of this process, typed, without signatures and documents.
//!
//! Whatever happens to a request by the SDK's road happens here as well, at the same place: it waits at the gate, it meets its
//! faults, it is counted, and the permission that it needs is looked for. A client of the SDK would repeat a request that was
//! throttled, failed or lost; nobody else here would, so this repeats it, by the function's own [`Patience`], and gives
//! up when the client would. The pauses are those of a client without chance. What it does not have is the client's
//! allowance of repetitions for all its requests together.

mod document;
mod queues;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use switchboard_runtime::Patience;
use tokio::time::{sleep, timeout};

use crate::aws::connector::Services;
use crate::aws::faults::{Call, Death, Fault, Service};
use crate::aws::options::Road;
use crate::aws::roles::{Denied, Permission};
use crate::aws::trace::invocation;
use crate::lock::lock;

/// One function's short road.
#[derive(Clone)]
pub(crate) struct Near {
    function: Arc<str>,
    services: Services,
    patience: Patience,
    /// What it has been seen to need and may do, so that it is looked for once.
    needed: Arc<Mutex<Vec<Need>>>,
}

/// A permission that a request needs: the action, and the table or queue by its physical name, with its index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    action: &'static str,
    name: String,
    index: Option<&'static str>,
}

impl fmt::Debug for Near {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Near").field("function", &self.function).finish_non_exhaustive()
    }
}

/// Why an attempt brought nothing.
enum Trouble<E> {
    /// The service said so, and would again.
    Refused(E),
    /// Another attempt may help.
    Passing(&'static str),
    /// Another transaction holds an item.
    Conflict,
}

impl Services {
    /// A function's short road to the services, if both are in this process.
    pub(crate) fn near(&self, function: &str, patience: Patience) -> Option<Near> {
        let is_near =
            self.road == Road::Near && self.tables.are_near() && self.queues.sqs().is_some();
        is_near.then(|| Near {
            function: Arc::from(function),
            services: self.clone(),
            patience,
            needed: Arc::default(),
        })
    }
}

/// What a request does, as often as it is tried.
type Act<'a, T, E> =
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>> + Sync + 'a;

/// What was asked of a service, for those who watch.
struct Asked<'a> {
    service: Service,
    operation: &'a str,
    body: &'a Value,
}

impl Near {
    /// Looks whether the function may do this.
    fn needs(
        &self,
        service: Service,
        action: &'static str,
        name: &str,
        index: Option<&'static str>,
    ) -> Result<(), Denied> {
        let mut needed = lock(&self.needed);
        let is_known =
            |need: &Need| (need.action, need.index) == (action, index) && need.name == name;
        if needed.iter().any(is_known) {
            return Ok(());
        }
        let need = Need { action, name: name.to_owned(), index };
        let Services { tables, queues, .. } = &self.services;
        let (service, name) = match service {
            Service::Tables => ("dynamodb", tables.short(name)),
            Service::Queues => ("sqs", queues.short(name)),
            // Nobody asks for it by this road.
            Service::Keys => ("kms", name),
            Service::Objects => ("s3", name),
        };
        let resource = match index {
            Some(index) => format!("{name}/index/{index}"),
            None => name.to_owned(),
        };
        let wanted = Permission { action: format!("{service}:{action}"), resource };
        tables.meter().roles.check(&self.function, wanted)?;
        needed.push(need);
        Ok(())
    }

    /// Does a request among faults: as often as a client of the SDK would.
    async fn among_faults<T, E>(
        &self,
        asked: &Asked<'_>,
        act: &Act<'_, T, E>,
    ) -> Result<T, Trouble<E>> {
        let Patience { attempt: patience, attempts, call, .. } = self.patience;
        let all = async {
            let mut number = 1;
            loop {
                let attempt = timeout(patience, self.attempt(asked, act)).await;
                let trouble = match attempt.unwrap_or(Err(Trouble::Passing("no answer arrived"))) {
                    Err(Trouble::Passing(reason)) => Trouble::Passing(reason),
                    answer => return answer,
                };
                if number >= attempts {
                    return Err(trouble);
                }
                sleep(self.patience.pause_before(number)).await;
                number += 1;
            }
        };
        timeout(call, all).await.unwrap_or(Err(Trouble::Passing("the call took too long")))
    }

    async fn attempt<T, E>(&self, asked: &Asked<'_>, act: &Act<'_, T, E>) -> Result<T, Trouble<E>> {
        let Asked { service, operation, body } = *asked;
        let function: &str = &self.function;
        let call = Call { function, service, operation, body, invocation: invocation() };
        let Some(faults) = self.services.faults.as_deref() else {
            return act().await.map_err(Trouble::Refused);
        };
        let passage = match faults.gate(&call) {
            Some(gate) => gate.await,
            None => Default::default(),
        };
        if let Some(fault) = passage.before.or_else(|| faults.before(&call)) {
            return Err(met(fault).await);
        }
        let answer = act().await;
        faults.answered(&call, if answer.is_ok() { 200 } else { 400 });
        match passage.after.or_else(|| faults.after(&call)) {
            Some(fault) => Err(met(fault).await),
            None => answer.map_err(Trouble::Refused),
        }
    }
}

/// What a request meets.
async fn met<E>(fault: Fault) -> Trouble<E> {
    match fault {
        Fault::Throttled => Trouble::Passing("the request is throttled"),
        Fault::Failed => Trouble::Passing("the service failed"),
        Fault::Lost => Trouble::Passing("no answer arrived"),
        Fault::Conflict => Trouble::Conflict,
        Fault::Hung => std::future::pending().await,
        // Without the panic hook: it is the fault that was asked for.
        Fault::Killed => std::panic::resume_unwind(Box::new(Death)),
    }
}
