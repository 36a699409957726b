//! Queues by the short road.

use serde_json::Value;
use switchboard_disk::Unkept;
use switchboard_runtime::Failure;
use switchboard_runtime::queue::{self, Answer, Outgoing};
use switchboard_sqs::SqsError;
use switchboard_sqs::request::Draft;

use super::{Asked, Near, Trouble, document};
use crate::aws::direct::{self, Direct};
use crate::aws::faults::Service;
use crate::aws::trace::{note, seen};
use crate::aws::usage::{Usage, billed};

/// What a queue said.
enum Said {
    /// No.
    Refused(SqsError),
    /// No to these of so many.
    Partly(Vec<String>, usize),
    /// It is not here.
    Nothing,
    /// Nothing was asked: what the sender has seen is not on the disk.
    Unkept(Unkept),
}

/// What is asked of a queue.
enum Wish<'a> {
    Send(Outgoing),
    SendBatch(Vec<Outgoing>),
    Hide { receipt_handle: &'a str, seconds: i32 },
}

impl Wish<'_> {
    const fn operation(&self) -> &'static str {
        match self {
            Self::Send(_) => "SendMessage",
            Self::SendBatch(_) => "SendMessageBatch",
            Self::Hide { .. } => "ChangeMessageVisibility",
        }
    }

    fn document(&self, url: &str) -> Value {
        match self {
            Self::Send(message) => document::send(url, message),
            Self::SendBatch(messages) => document::send_batch(url, messages),
            Self::Hide { receipt_handle, seconds } => document::hide(url, receipt_handle, *seconds),
        }
    }
}

impl Near {
    /// Does what is asked, or what the faults make of it.
    async fn asks(&self, url: &str, wish: Wish<'_>) -> Result<(), Failure> {
        let operation = wish.operation();
        let permission = operation.strip_suffix("Batch").unwrap_or(operation);
        self.needs(Service::Queues, permission, named(url), None)
            .map_err(|denied| Failure::Unavailable(format!("{operation}: {denied}")))?;
        let answer = match self.services.faults {
            None => self.carry_out(url, &wish).await.map_err(Trouble::Refused),
            Some(_) => {
                let body = wish.document(url);
                let asked = Asked { service: Service::Queues, operation, body: &body };
                self.among_faults(&asked, &|| Box::pin(self.carry_out(url, &wish))).await
            }
        };
        answer.map_err(|trouble| {
            let reason = match trouble {
                Trouble::Refused(Said::Refused(error)) => error.to_string(),
                Trouble::Refused(Said::Partly(codes, of)) => {
                    format!("{} of {of} entries, {}", codes.len(), codes.join(", "))
                }
                Trouble::Refused(Said::Unkept(unkept)) => unkept.to_string(),
                Trouble::Refused(Said::Nothing) => "the queues are not in this process".to_owned(),
                Trouble::Passing(reason) => reason.to_owned(),
                Trouble::Conflict => "a queue has no transactions".to_owned(),
            };
            Failure::Unavailable(format!("{operation}: {reason}"))
        })
    }

    async fn carry_out(&self, url: &str, wish: &Wish<'_>) -> Result<(), Said> {
        let sqs = Direct(self.services.queues.sqs().ok_or(Said::Nothing)?);
        if !matches!(wish, Wish::Hide { .. }) {
            // What is sent may speak of what was read.
            seen().kept().await.map_err(Said::Unkept)?;
        }
        match wish {
            Wish::Send(message) => {
                let sent = sqs.send(url, drafted(message)).await;
                self.sent(named(url), usize::from(sent.is_ok()), message.body.len());
                sent.map_err(Said::Refused)
            }
            Wish::SendBatch(messages) => {
                let sent = sqs.send_batch(url, messages.iter().map(drafted).collect()).await;
                let refused = sent.as_ref().map_or(messages.len(), Vec::len);
                self.sent(named(url), messages.len() - refused, bytes(messages));
                match sent {
                    Ok(refused) if refused.is_empty() => Ok(()),
                    Ok(refused) => Err(Said::Partly(refused, messages.len())),
                    Err(error) => Err(Said::Refused(error)),
                }
            }
            Wish::Hide { receipt_handle, seconds } => {
                let used = Usage { other_requests: 1, ..Usage::default() };
                self.services.tables.meter().add(&self.function, used);
                sqs.hide(url, receipt_handle, (*seconds).into()).await.map_err(Said::Refused)
            }
        }
    }

    /// Counts what was sent to a queue.
    fn sent(&self, queue: &str, messages: usize, bytes: usize) {
        let used = Usage {
            send_requests: billed(bytes),
            messages_sent: i64::try_from(messages).unwrap_or(i64::MAX),
            ..Usage::default()
        };
        self.services.tables.meter().add(&self.function, used);
        if messages > 0 {
            let queue = self.services.queues.short(queue);
            note(|notes| match notes.sent.get_mut(queue) {
                Some(sent) => *sent += messages,
                None => drop(notes.sent.insert(queue.to_owned(), messages)),
            });
        }
    }
}

/// The name at the end of a URL.
fn named(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn drafted(message: &Outgoing) -> Draft {
    let delay = (message.delay_seconds > 0).then_some(message.delay_seconds.into());
    direct::draft(message.body.clone(), message.group.clone(), message.id.clone(), delay)
}

/// About what a request weighs: SQS bills bodies, and 64 KB at a time.
fn bytes(messages: &[Outgoing]) -> usize {
    messages.iter().map(|message| message.body.len()).sum()
}

impl queue::Near for Near {
    fn send<'a>(&'a self, url: &'a str, message: Outgoing) -> Answer<'a> {
        Box::pin(self.asks(url, Wish::Send(message)))
    }

    fn send_batch<'a>(&'a self, url: &'a str, messages: Vec<Outgoing>) -> Answer<'a> {
        Box::pin(self.asks(url, Wish::SendBatch(messages)))
    }

    fn hide<'a>(&'a self, url: &'a str, receipt_handle: &'a str, seconds: i32) -> Answer<'a> {
        Box::pin(self.asks(url, Wish::Hide { receipt_handle, seconds }))
    }
}
