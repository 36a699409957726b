//! The caller as who asks endpoints beforehand (rule B.5): signed, written and waited for as a call that tells them something.

use std::sync::Arc;

use switchboard_domain::webhook::overrides::Overrides;
use switchboard_runtime::endpoints::{AsksEndpoints, Question, Reply, Replying, TIMEOUT};
use switchboard_runtime::{Dependencies, Error, Needs};

use crate::{Called, Caller, Letter, OnUse, Reading, Request};

/// A caller, with what it signs by.
#[derive(Debug)]
struct Asker {
    caller: OnUse,
    on: Dependencies,
}

impl AsksEndpoints for Asker {
    fn ask<'a>(&'a self, question: Question<'a>) -> Replying<'a> {
        let Question { url, method, parameters, token, endpoint, event, asked } = question;
        Box::pin(async move {
            let Some(caller) = self.caller.get() else { return Reply::Nobody };
            let timeout = Overrides::of(url).map_or(TIMEOUT, |it| it.total.min(TIMEOUT));
            let request = Request { url, method, parameters, text: None, id: token, timeout };
            let letter = Letter { request, endpoint, sequence: None, event, happened: asked };
            let delivered = caller.deliver(&self.on, &letter, Reading::Whole).await;
            match delivered.called {
                Called::Answered(status) => Reply::Answered(status, delivered.answer.body),
                Called::TimedOut => Reply::TooLate,
                Called::Unanswered | Called::Forbidden(_) => Reply::Nobody,
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
