//! A caller for functions that seldom call anybody.

use std::sync::{Arc, OnceLock};

use crate::Caller;

/// A caller that is made when somebody is called for the first time: it reads the roots of trust, which would cost every start
/// three milliseconds. Clones share it.
#[derive(Debug, Clone)]
pub struct OnUse {
    caller: Arc<OnceLock<Caller>>,
    allow_loopback: bool,
}

impl OnUse {
    /// One that is not made yet; `allow_loopback` is for the laptop alone.
    pub fn new(allow_loopback: bool) -> Self {
        Self { caller: Arc::default(), allow_loopback }
    }

    /// The caller; none if there is no client to be had, which the log says.
    pub fn get(&self) -> Option<&Caller> {
        if self.caller.get().is_none() {
            match Caller::new(self.allow_loopback) {
                // Somebody else may have been quicker.
                Ok(caller) => drop(self.caller.set(caller)),
                Err(error) => tracing::error!("nobody can be called: {error}"),
            }
        }
        self.caller.get()
    }
}

impl From<Caller> for OnUse {
    fn from(caller: Caller) -> Self {
        let allow_loopback = caller.allow_loopback;
        Self { caller: Arc::new(OnceLock::from(caller)), allow_loopback }
    }
}
