//! The caller as who asks endpoints beforehand (rule B.5).

use std::sync::Arc;

use switchboard_runtime::endpoints::{AsksEndpoints, Question, Reply, Replying, TIMEOUT};
use switchboard_runtime::{Dependencies, Error, Needs};

use crate::{Called, Caller, OnUse, Request};

/// A caller, with what it signs by.
#[derive(Debug)]
struct Asker {
    caller: OnUse,
    on: Dependencies,
}

impl AsksEndpoints for Asker {
    fn ask<'a>(&'a self, question: Question<'a>) -> Replying<'a> {
        let Question { url, method, parameters, token } = question;
        Box::pin(async move {
            let request = Request { url, method, parameters, id: token, timeout: TIMEOUT };
            let Some(caller) = self.caller.get() else { return Reply::Nobody };
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
    asked_by(on, caller.into())
}

fn asked_by(on: Dependencies, caller: OnUse) -> Dependencies {
    let asker = Asker { caller, on: on.clone() };
    on.asking(Arc::new(asker))
}

/// Starts a function that asks endpoints ([`switchboard_runtime::start`]).
///
/// # Errors
/// If the environment does not say what it has to.
pub async fn start(needs: Needs) -> Result<&'static Dependencies, Error> {
    start_with(needs, |on| on).await
}

/// The same with something else that it works with.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    needs: Needs,
    with: impl FnOnce(Dependencies) -> Dependencies,
) -> Result<&'static Dependencies, Error> {
    let with = |on| {
        let on: Dependencies = with(on);
        let caller = OnUse::new(on.config.allow_loopback_webhooks);
        Ok(asked_by(on, caller))
    };
    switchboard_runtime::start_with(needs, with).await
}
