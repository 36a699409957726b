//! Logs: JSON lines, one per thing worth knowing, never with a customer's content.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard output; `RUST_LOG` sets how much.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .try_init();
    // A second start in one process changes nothing.
    drop(started);
}
