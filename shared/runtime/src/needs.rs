//! What a function cannot do without.

use std::collections::BTreeMap;

use crate::patience::Patience;

/// What a function needs from whoever starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// How long tables and queues are waited for.
    pub patience: Patience,
    /// What the environment has to say, beside the account and what the function's carriers ask for. A contract test
    /// holds it against the template.
    pub variables: &'static [&'static str],
}

/// What every function has to be told.
const ACCOUNT: &str = "ACCOUNT_SID";

/// Variables are missing.
#[derive(Debug, thiserror::Error)]
#[error("environment variables are not set: {0}")]
pub struct Missing(String);

impl Needs {
    /// Looks for every variable; an empty one counts as not set.
    ///
    /// # Errors
    /// Names all that are missing.
    pub fn met_by(&self, environment: &BTreeMap<String, String>) -> Result<(), Missing> {
        let is_set = |name: &&str| environment.get(*name).is_some_and(|value| !value.is_empty());
        let missing: Vec<&str> = [ACCOUNT]
            .into_iter()
            .chain(self.variables.iter().copied())
            .filter(|name| !is_set(name))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Missing(missing.join(", "))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_is_missing_is_named() {
        let needs = Needs {
            patience: Patience::WORKER,
            variables: &["TABLE_ROUTING", "QUEUE_TIMERS", "AUTH_TOKEN"],
        };
        let mut environment = BTreeMap::from([
            ("TABLE_ROUTING".to_owned(), "routing".to_owned()),
            ("QUEUE_TIMERS".to_owned(), String::new()),
        ]);
        let missing = needs.met_by(&environment).unwrap_err().to_string();
        assert_eq!(
            missing,
            "environment variables are not set: ACCOUNT_SID, QUEUE_TIMERS, AUTH_TOKEN"
        );
        environment.insert("ACCOUNT_SID".to_owned(), "AC1".to_owned());
        environment.insert("QUEUE_TIMERS".to_owned(), "https://queue".to_owned());
        environment.insert("AUTH_TOKEN".to_owned(), "secret".to_owned());
        assert!(needs.met_by(&environment).is_ok());
    }
}
