//! The executions of flows that wait for a reply, which may not come (rule S.3).

use switchboard_domain::effect::{Call, Effect, FlowAlarm, FlowCall, Wake};
use switchboard_domain::flow::FlowExecution;
use switchboard_domain::process::alarm::AHEAD;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::has_come;

/// A tick sets so many alarms at most. The rest is due at the next one.
const ALARMS_MAX: usize = 5_000;

/// Lets whoever carries out flows look at one, or sets the alarm again if its time is still to come.
pub(crate) async fn look(on: &Dependencies, alarm: FlowAlarm) -> Result<(), Failure> {
    let now = on.now();
    if !has_come(alarm.at, now) {
        return on.queues.try_send_effects(&[set(alarm)], now).await;
    }
    let found: Option<FlowExecution> = on.store.get(key::flow_execution(alarm.execution)).await?;
    let Some(found) = found.filter(FlowExecution::is_active) else { return Ok(()) };
    let call = FlowCall { execution: alarm.execution, turn: found.turn };
    let name = format!("look-{}-{}", alarm.execution, alarm.at.0);
    on.queues.try_send_effects(&[(name, Effect::Notify(Call::Flow(call)))], now).await
}

/// Sets an alarm for each execution that is due before the next tick, also for those that an earlier one was lost of.
pub(crate) async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let now = on.now();
    let due = on.store.flows_due(now + AHEAD, ALARMS_MAX).await?;
    let alarms: Vec<_> = due.into_iter().map(set).collect();
    on.queues.try_send_effects(&alarms, now).await
}

fn set(alarm: FlowAlarm) -> (String, Effect) {
    // Nobody looks at the name: the queue of timers takes copies for what they are.
    (alarm.execution.to_string(), Effect::Wake(Wake::Flow(alarm)))
}
