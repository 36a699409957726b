//! By what a participant is found in conversations.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, NotAnAddress};

/// What precedes an identity in the stored form.
const IDENTITY: &str = "I#";
/// What precedes an address in the stored form.
const ADDRESS: &str = "A#";

/// A participant as the search knows them: by their identity, or by the address that they write from. It is stored as
/// one text, which is also the partition that the search reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Who {
    /// The identity of a user who signs in, such as an agent.
    Identity(String),
    /// An address on a channel.
    Address(Address),
}

/// A text that is neither.
#[derive(Debug, thiserror::Error)]
pub enum Nobody {
    /// It has no kind.
    #[error("neither an identity nor an address")]
    Kind,
    /// It has an address that is none.
    #[error(transparent)]
    Address(#[from] NotAnAddress),
}

impl fmt::Display for Who {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(identity) => write!(out, "{IDENTITY}{identity}"),
            Self::Address(address) => write!(out, "{ADDRESS}{address}"),
        }
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.to_string()
    }
}

impl TryFrom<String> for Who {
    type Error = Nobody;

    fn try_from(text: String) -> Result<Self, Nobody> {
        if let Some(identity) = text.strip_prefix(IDENTITY) {
            return Ok(Self::Identity(identity.to_owned()));
        }
        match text.strip_prefix(ADDRESS) {
            Some(address) => Ok(Self::Address(address.parse()?)),
            None => Err(Nobody::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_read_as_it_was_written() {
        for text in ["I#alice", "I#A#odd", "A#+14155550100", "A#whatsapp:+14155550100"] {
            let who = Who::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(who), text);
        }
        assert!(Who::try_from("alice".to_owned()).is_err());
        assert!(Who::try_from("A#".to_owned()).is_err());
    }
}
