//! The time wakes a function.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_domain::timestamp::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Reach, stopped};
use crate::aws::trace::Trigger;

/// What a schedule without an input of its own sends to a function.
pub fn schedule_event(now: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-000000000000", now.seconds()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": now.iso(),
        "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/local"],
        "detail": "{}",
    })
}

/// Wakes a function every `period` until the deployment stops.
pub(super) async fn run(function: String, period: Duration, reach: Reach) {
    let mut stopping = reach.stopping.clone();
    let mut ticks = interval_at(Instant::now() + period, period);
    // A laptop that slept owes one tick, not all of them.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stopping) => return,
        }
        let event = schedule_event(reach.functions.now());
        // What came of it is in the trace; the next tick is the next attempt.
        let _ = reach.functions.invoke(&function, Trigger::Schedule, event).await;
    }
}
