//! Moves a delivery status forward, never back.
//!
//! Woken by: `receipts`, in any order. Writes: message. Asks for: `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod unnamed;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_domain::carriage::{DeliveryStatus, Report, StatusReport};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::{CopyOf, Message};
use switchboard_domain::sid::MessageSid;
use switchboard_runtime::queue::{body, each_message};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::key;

/// What it is started with. What fails comes again only when the message is visible again.
pub const NEEDS: Needs = Needs {
    patience: Patience::WORKER,
    variables: &["TABLE_CONVERSATIONS", "TABLE_CONFIGURATION", "QUEUE_WEBHOOKS"],
};

/// Handles a batch.
pub async fn handle(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    each_message(event, |message| async move { hear(on, &body(&message)?).await }).await
}

async fn hear(on: &Dependencies, report_or_mark: &Report) -> Result<(), Failure> {
    match report_or_mark {
        Report::Status(status) => report(on, status).await,
        Report::Watermark(mark) => {
            let reached = unnamed::deliveries_before(on, mark).await?;
            for (sid, number, report) in reached.reports {
                raise(on, sid, number, &report).await?;
            }
            if reached.is_partial { Err(unnamed::being_sent()) } else { Ok(()) }
        }
    }
}

async fn report(on: &Dependencies, report: &StatusReport) -> Result<(), Failure> {
    // We ask every carrier to tell us our own names back; not all of them can.
    let about = match report.message.zip(report.delivery) {
        None => unnamed::delivery_of(on, report).await?,
        about => about,
    };
    match about {
        Some((sid, number)) => raise(on, sid, number, report).await,
        None => {
            tracing::info!("a report on a message of somebody else");
            Ok(())
        }
    }
}

/// Writes down how far a delivery got, and those that left with it: each has a receipt of its own. A report on one of those is
/// about the one that was handed over.
async fn raise(
    on: &Dependencies,
    sid: MessageSid,
    number: u32,
    report: &StatusReport,
) -> Result<(), Failure> {
    let message: Option<Message> = on.store.get(key::message(sid)).await?;
    let message = message.ok_or_else(|| Failure::NotFound(sid.to_string()))?;
    let lead = message.stands_for(number);
    let known = (lead.message == sid).then_some(message);
    let others = write(on, known, lead, report).await?;
    let of_each = report.of_merged();
    for copy in others {
        write(on, None, copy, &of_each).await?;
    }
    Ok(())
}

/// Writes down how far one copy got, on its message as it is known; answers the copies that left with it.
async fn write(
    on: &Dependencies,
    known: Option<Message>,
    copy: CopyOf,
    report: &StatusReport,
) -> Result<Vec<CopyOf>, Failure> {
    let mut known = known;
    let (end, others) = on
        .decide(|| {
            let known = known.take();
            async move {
                let message = match known {
                    Some(message) => Some(message),
                    None => on.store.get(key::message(copy.message)).await?,
                };
                let message = message.ok_or_else(|| Failure::NotFound(copy.message.to_string()))?;
                let number = message.copy_to(copy.number, report.customer.as_ref());
                let others =
                    message.delivery(number).map(|one| one.merged.clone()).unwrap_or_default();
                let Some(progress) = message.report(number, report, on.now()) else {
                    return Ok(((None, others), Decision::unchanged()));
                };
                let end = progress.message.delivery(number).and_then(|now| now.came_to(&message));
                let told = on.calls_about(&message, &progress).await?;
                let decision = Decision::put(progress.message).asking(told);
                Ok::<_, Failure>(((end, others), decision))
            }
        })
        .await?;
    count(end);
    Ok(others)
}

/// Counted by the template beside what carriers accepted: what was accepted and comes to no end is a sign of an account
/// that cannot pay.
fn count(end: Option<DeliveryStatus>) {
    match end {
        Some(DeliveryStatus::Delivered) => tracing::info!(copy = "arrived"),
        Some(_) => tracing::info!(copy = "failed"),
        None => {}
    }
}
