//! The caller as who asks endpoints beforehand (rule B.5).

use std::sync::{Arc, OnceLock};

use switchboard_runtime::endpoints::{AsksEndpoints, Question, Reply, Replying, TIMEOUT};
use switchboard_runtime::{Dependencies, Error, Needs, start_with};

use crate::{Called, Caller, Request};

/// A caller, with what it signs by.
#[derive(Debug)]
struct Asker {
    /// Made when somebody is asked for the first time: it reads the roots of trust, which would cost every start three
    /// milliseconds, and most accounts ask nobody.
    caller: OnceLock<Caller>,
    on: Dependencies,
}

impl Asker {
    /// None if there is no client to be had.
    fn caller(&self) -> Option<&Caller> {
        if self.caller.get().is_none() {
            match Caller::new(self.on.config.allow_loopback_webhooks) {
                // Another question may have been quicker.
                Ok(caller) => drop(self.caller.set(caller)),
                Err(error) => tracing::error!("endpoints cannot be asked: {error}"),
            }
        }
        self.caller.get()
    }
}

impl AsksEndpoints for Asker {
    fn ask<'a>(&'a self, question: Question<'a>) -> Replying<'a> {
        let Question { url, method, parameters, token } = question;
        Box::pin(async move {
            let request = Request { url, method, parameters, id: token, timeout: TIMEOUT };
            let Some(caller) = self.caller() else { return Reply::Nobody };
            match caller.ask(&self.on, request).await {
                (Called::Answered(status), answer) => Reply::Answered(status, answer.body),
                (Called::TimedOut, _) => Reply::TooLate,
                (Called::Unanswered | Called::Forbidden(_), _) => Reply::Nobody,
            }
        })
    }
}

/// Lets a function ask endpoints.
pub fn asking(on: Dependencies, caller: Caller) -> Dependencies {
    asked_by(on, OnceLock::from(caller))
}

fn asked_by(on: Dependencies, caller: OnceLock<Caller>) -> Dependencies {
    let asker = Asker { caller, on: on.clone() };
    on.asking(Arc::new(asker))
}

/// Starts a function that asks endpoints ([`switchboard_runtime::start`]).
///
/// # Errors
/// If the environment does not say what it has to.
pub async fn start(needs: Needs) -> Result<&'static Dependencies, Error> {
    start_with(needs, |on| Ok(asked_by(on, OnceLock::new()))).await
}
