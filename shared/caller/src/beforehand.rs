//! The caller as who asks endpoints beforehand (rule B.5).

use std::sync::Arc;

use switchboard_runtime::endpoints::{AsksEndpoints, Question, Reply, Replying, TIMEOUT};
use switchboard_runtime::{Dependencies, Error, Needs, start_with};

use crate::{Called, Caller, Request};

/// A caller, with what it signs by.
#[derive(Debug)]
struct Asker {
    caller: Caller,
    on: Dependencies,
}

impl AsksEndpoints for Asker {
    fn ask<'a>(&'a self, question: Question<'a>) -> Replying<'a> {
        let Question { url, method, parameters, token } = question;
        Box::pin(async move {
            let request = Request { url, method, parameters, id: token, timeout: TIMEOUT };
            match self.caller.ask(&self.on, request).await {
                (Called::Answered(status), answer) => Reply::Answered(status, answer.body),
                (Called::TimedOut, _) => Reply::TooLate,
                (Called::Unanswered | Called::Forbidden(_), _) => Reply::Nobody,
            }
        })
    }
}

/// Lets a function ask endpoints.
pub fn asking(on: Dependencies, caller: Caller) -> Dependencies {
    let asker = Asker { caller, on: on.clone() };
    on.asking(Arc::new(asker))
}

/// Starts a function that asks endpoints ([`switchboard_runtime::start`]).
///
/// # Errors
/// If the environment does not say what it has to, or there is no client to be had.
pub async fn start(needs: Needs) -> Result<&'static Dependencies, Error> {
    let with = |on: Dependencies| {
        let caller = Caller::new(on.config.allow_loopback_webhooks)?;
        Ok(asking(on, caller))
    };
    start_with(needs, with).await
}
