//! Why something was put off, refused or given up: what functions log is kept with the invocation that logged it, so
//! that the line of the trace can say it.

use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::aws::trace::note;

/// The longest reason that is kept, in characters.
const LENGTH_MAX: usize = 300;

/// Hears everything that is logged.
pub(crate) struct Reasons;

impl<S: Subscriber> Layer<S> for Reasons {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        // A refusal is an answer and no warning, but it is why nothing was done; its code tells it.
        if *event.metadata().level() <= Level::WARN || words.has_code {
            let reason: String = words.message.chars().take(LENGTH_MAX).collect();
            note(|notes| {
                if !reason.is_empty() && !notes.reasons.contains(&reason) {
                    notes.reasons.push(reason);
                }
            });
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Words {
    message: String,
    has_code: bool,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => drop(write!(self.message, "{value:?}")),
            "code" => self.has_code = true,
            _ => {}
        }
    }
}
