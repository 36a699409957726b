//! Logs: JSON lines, one per thing worth knowing, never with a customer's content.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging to standard output; `RUST_LOG` sets how much.
pub fn start() {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let lines = lines.with_current_span(false);
    let started = tracing_subscriber::registry().with(levels(LevelFilter::INFO)).with(lines);
    // A second start in one process changes nothing.
    drop(started.try_init());
}

/// How much is logged: as `RUST_LOG` says, by levels for everything and for modules (`warn,switchboard_store=debug`). Filters by
/// the content of a span would need regular expressions, which are a thirtieth of a package.
pub fn levels(otherwise: LevelFilter) -> Targets {
    chosen(std::env::var("RUST_LOG").ok().as_deref(), otherwise)
}

/// What a variable says, if it says something that can be read.
fn chosen(said: Option<&str>, otherwise: LevelFilter) -> Targets {
    let said = said.map(str::trim).filter(|text| !text.is_empty());
    let read = said.and_then(|text| text.parse().ok());
    read.unwrap_or_else(|| Targets::new().with_default(otherwise))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn shows(said: Option<&str>, target: &str, level: Level) -> bool {
        chosen(said, LevelFilter::INFO).would_enable(target, &level)
    }

    #[test]
    fn a_level_is_for_everything_and_a_modules_own_comes_before_it() {
        let said = Some("warn,switchboard_store=debug,hyper=off");
        assert!(shows(said, "autocreation", Level::WARN));
        assert!(!shows(said, "autocreation", Level::INFO));
        assert!(shows(said, "switchboard_store::write", Level::DEBUG));
        assert!(!shows(said, "switchboard_store", Level::TRACE));
        assert!(!shows(said, "hyper::client", Level::ERROR));
    }

    #[test]
    fn what_says_nothing_or_cannot_be_read_leaves_it_as_it_is() {
        for said in [None, Some(""), Some(" "), Some("a=b=c"), Some("autocreation=loud")] {
            assert!(shows(said, "autocreation", Level::INFO), "{said:?}");
            assert!(!shows(said, "autocreation", Level::DEBUG), "{said:?}");
        }
    }
}
