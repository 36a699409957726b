//! A value that must never reach a log: it has no readable `Debug`.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Text or data of a customer. Serialises as itself, prints as `[private]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T>(pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[private]")
    }
}

impl<T> Deref for Private<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Private<String> {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}
