//! Deliberate defects, so that the simulator can be seen to notice: a proof that cannot fail proves nothing.
//!
//! Product code has none of them. Each is a small difference in a file of its name: in `planted/` those that the simulator
//! must notice, in `verifiers/` those of what is believed of carriers' webhooks, which the tests of carriers must. The
//! program `plant` lays a copy of the checkout and puts all of them into it at once. A planted line asks [`is_on`], so
//! that one build tries each defect by itself: a test switches one on for its own thread, `DEFECT=name` for all of them.

mod copy;
mod difference;

pub use copy::{Copy, DOMAIN_LIBRARY, DOMAIN_MANIFEST, SIMULATED, VERIFIERS};
pub use difference::{Defect, Misfit, all, plant};

use std::cell::Cell;
use std::sync::OnceLock;

thread_local! {
    static ON: Cell<Option<&'static str>> = Cell::new(everywhere());
}

/// The defect that every thread begins with: that of the environment.
fn everywhere() -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    NAME.get_or_init(|| std::env::var("DEFECT").ok()).as_deref()
}

/// Whether this thread suffers from the defect of that name.
pub fn is_on(name: &str) -> bool {
    ON.get().is_some_and(|on| on == name)
}

/// Switches this thread's defect, and returns which it was.
pub fn switch(name: Option<&'static str>) -> Option<&'static str> {
    ON.replace(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_defect_is_on_and_only_in_its_own_thread() {
        assert!(!is_on("RelaySkips"));
        assert_eq!(switch(Some("RelaySkips")), None);
        assert!(is_on("RelaySkips") && !is_on("NeverLapses"));
        let elsewhere = std::thread::spawn(|| is_on("RelaySkips"));
        assert!(!elsewhere.join().expect("a thread that only looks"));
        assert_eq!(switch(None), Some("RelaySkips"));
        assert!(!is_on("RelaySkips"));
    }
}
